-- name: findings
-- grain: one row for each thing that validation has to say of an accepted value
-- inputs: statements, standing, current_values, area_values, indicators, area_names, publications, publication_inputs, rule_findings, validation_rules, reports_after_close, knowledge, part_findings, printed_figures, edition_readings, editions
-- rules: 3, 6, 7, 11, 12, 13
-- materialise: no
-- narrows: ref_area, indicator with rules
-- at once: 60000
-- zh: 核查发现：已接收的数值有哪些需要留意之处。
-- en: What validation has to say of values that were accepted.
-- column finding text: 类别 | two_reporters, vintage_backwards, estimate_after_actual (an estimate in place of a value that was none), withdrawn_fallback, parts_differ (a year, half-year or quarter beside its parts, a part that is more than what it lies in, or the same days told twice), stocks_differ (the same day told twice), parts_not_added (weeks, days and other ranges that do not consist of whole months of one year, and do not fill it day by day either), residual, backdated_after_publication, reported_after_close, printed_differs (a published figure that its parts do not give), coarser_than_before (an edition with fewer digits than the one before it), older_edition_counts (a value of an edition that counts though a later edition has the cell); by rules of the catalog: bounds, jump, unit_scale, sum, stock, ratio_parts.
-- column severity text: 程度 | soft (ask for an explanation) or info.
-- column ref_area text: 地区或组 | Area or group code.
-- column indicator text: 指标 | Indicator.
-- column time_period text: 时期 | SDMX time period.
-- column source text: 来源 | Source of the event that it is about; null where it is about a sum.
-- column id text: 事件编号 | Id of that event.
-- column amount exact: 数值 | The value that counts, in the plain unit.
-- column other_amount exact: 对照数值 | The value it is compared with.
-- column difference exact: 差额 | amount − other_amount.
-- column message_zh text: 说明 | What was found, in Chinese.
-- column message_en text: 说明（英文） | What was found, in English.
-- column rule text: 规则代码 | Rule of the catalog by which it was found; null = a check that always runs.
-- column reporter text: 报送单位 | Whose value it is about; null where it is about a sum.
-- column explained bool: 是否已说明 | Whether it asks for an explanation and the value carries one (its note).
-- column explanation text: 说明内容 | The note of the value that it is about.
with figures as (
    select * from standing where withdrawn_at is null
),

ranks as (
    select 'estimated' as vintage, 1 as rank, '估计数' as name_zh
    union all select 'preliminary', 2, '初步数'
    union all select 'revised', 3, '修订数'
    union all select 'final', 4, '最终数'
    union all select 'census-revised', 5, '普查修订数'
),

newest as (
    select
        *,
        row_number() over (
            partition by ref_area, indicator, time_period, reporter
            order by known_at desc, recorded_at desc, source, "offset" desc, "index" desc
        ) as place
    from figures
),

two_reporters as (
    select
        'two_reporters' as finding, 'soft' as severity, current_values.ref_area, current_values.indicator,
        current_values.time_period, other.source, other.id, current_values.amount, other.amount as other_amount,
        other.reporter || ' 也报送了该值；按优先级采用 ' || current_values.reporter as message_zh,
        other.reporter || ' reported this cell too; by precedence the value of ' || current_values.reporter
            || ' counts' as message_en,
        cast(null as varchar) as rule, other.reporter, other.note
    from current_values
    inner join newest as other
        on other.ref_area = current_values.ref_area and other.indicator = current_values.indicator
        and other.time_period = current_values.time_period and other.reporter <> current_values.reporter
    where other.place = 1
),

in_order as (
-- Of each release the newest: what was sent before and replaced has nothing to say any more.
    select
        figures.*, ranks.rank, ranks.name_zh,
        lag(ranks.rank) over series as rank_before, lag(ranks.name_zh) over series as name_before_zh,
        lag(figures.vintage) over series as vintage_before,
        lag(figures.amount) over series as amount_before
    from figures
    inner join ranks on ranks.vintage = figures.vintage
    window series as (
        partition by figures.reporter, figures.ref_area, figures.indicator, figures.time_period
        order by figures.known_at, figures.recorded_at, figures."offset", figures."index"
    )
),

vintage_backwards as (
    select
        'vintage_backwards' as finding, 'soft' as severity, ref_area, indicator, time_period, source, id, amount,
        amount_before as other_amount,
        '版本倒退：' || name_before_zh || '之后又报' || name_zh as message_zh,
        'the vintage goes backwards: ' || vintage || ' after ' || vintage_before as message_en,
        cast(null as varchar) as rule, reporter, note
    from in_order
    where rank < rank_before
),

-- Of estimates that count, what their reporter had sent before that was none. There are as many groups as estimates.
estimates as (
    select
        current_values.ref_area, current_values.indicator, current_values.time_period, current_values.source,
        current_values.id, current_values.amount, current_values.reporter, current_values.note,
        first_value(
            statements.amount order by
                statements.known_at desc, statements.recorded_at desc, statements.source, statements."offset" desc,
                statements."index" desc
        ) as amount_before
    from current_values
    inner join statements
        on statements.ref_area = current_values.ref_area and statements.indicator = current_values.indicator
        and statements.time_period = current_values.time_period and statements.reporter = current_values.reporter
    where current_values.obs_status in ('E', 'F', 'I') and current_values.amount is not null
        and statements.withdrawn_at is null and statements.amount is not null
        and coalesce(statements.obs_status, 'A') not in ('E', 'F', 'I')
        and not (statements.source = current_values.source and statements.id = current_values.id)
        and statements.known_at <= current_values.known_at
    group by
        current_values.ref_area, current_values.indicator, current_values.time_period, current_values.source,
        current_values.id, current_values.amount, current_values.reporter, current_values.note
),

estimates_after as (
    select
        'estimate_after_actual' as finding, 'soft' as severity, ref_area, indicator, time_period, source, id, amount,
        amount_before as other_amount,
        '已报实际数之后又报估计数' as message_zh, 'an estimate took the place of a value that was none' as message_en,
        cast(null as varchar) as rule, reporter, note
    from estimates
),

withdrawn_fallback as (
    select
        'withdrawn_fallback' as finding, 'info' as severity, current_values.ref_area, current_values.indicator,
        current_values.time_period, withdrawn.source, withdrawn.id, current_values.amount,
        withdrawn.amount as other_amount,
        '较新的值已撤销，改用此前的值' as message_zh,
        'a newer value was withdrawn; the one before counts again' as message_en,
        cast(null as varchar) as rule, withdrawn.reporter, withdrawn.note
    from current_values
    inner join standing as withdrawn
        on withdrawn.ref_area = current_values.ref_area and withdrawn.indicator = current_values.indicator
        and withdrawn.time_period = current_values.time_period and withdrawn.reporter = current_values.reporter
        and withdrawn.withdrawn_at is not null and withdrawn.known_at > current_values.known_at
),

area_rules as (
    select * from validation_rules where kind = 'area_sum'
),

residuals as (
    select
        'residual' as finding,
        coalesce(rules.severity, case when indicators.over_areas = 'own_value' then 'info' else 'soft' end) as severity,
        area_values.ref_area, area_values.indicator, area_values.time_period, cast(null as varchar) as source,
        cast(null as varchar) as id, area_values.reported as amount, area_values.compiled as other_amount,
        coalesce(area_names.name_zh, area_values.ref_area) || case
            when area_values.children_reported = area_values.children_expected then '本级数与下级合计不一致'
            else '本级数小于已报下级的合计'
        end || coalesce('。' || rules.message_zh, '') as message_zh,
        'what was reported for ' || coalesce(area_names.name_en, area_values.ref_area)
            || case
                when area_values.children_reported = area_values.children_expected then ' is not the sum of its parts'
                else ' is less than those of its parts that are known'
            end || coalesce('. ' || rules.message_en, '') as message_en,
        rules.rule, area_values.reporter, own.note
    from area_values
    inner join indicators on indicators.indicator = area_values.indicator
    left join area_names on area_names.ref_area = area_values.ref_area
    left join area_rules as rules
        on rules.indicator = area_values.indicator
        and (rules.ref_area is null or rules.ref_area = area_values.ref_area)
    left join current_values as own
        on own.ref_area = area_values.ref_area and own.indicator = area_values.indicator
        and own.time_period = area_values.origin_period
    where abs(area_values.residual) > coalesce(rules.tolerance, 0) + case
            when rules.half_digit
                then (coalesce(area_values.last_digit, 0) + coalesce(area_values.parts_last_digit, 0)) / 2
            else 0
        end
-- Of parts that cannot be negative, some may not be more than the whole.
        and (
            area_values.children_reported = area_values.children_expected
            or (indicators.min >= 0 and area_values.residual < 0)
        )
),

released as (
    select publication_inputs.ref_area, publication_inputs.indicator, publication_inputs.time_period,
        publications.publication, publications.published_at
    from publications
    inner join publication_inputs on publication_inputs.publication = publications.publication
),

first_releases as (
    select ref_area, indicator, time_period, min(published_at) as released_at
    from released
    group by ref_area, indicator, time_period
),

backdated as (
    select
        'backdated_after_publication' as finding, 'soft' as severity, late.ref_area, late.indicator,
        late.time_period, late.source, late.id, late.amount,
        cast(null as decimal(38, 10)) as other_amount,
        '报送时间晚于已发布的结果，而所称公布时间早于它' as message_zh,
        'it came after a publication that counts this cell, and says it was released before' as message_en,
        cast(null as varchar) as rule, late.reporter, late.note
    from statements as late
    inner join first_releases
        on first_releases.ref_area = late.ref_area and first_releases.indicator = late.indicator
        and first_releases.time_period = late.time_period
    where late.withdrawn_at is null and late.recorded_at > first_releases.released_at
        and late.known_at < first_releases.released_at
),

after_close as (
    select
        'reported_after_close' as finding, 'soft' as severity, late.ref_area, late.indicator, late.time_period,
        late.source, late.id, late.amount, cast(null as decimal(38, 10)) as other_amount,
        '所在时期已于 ' || cast(local_date(late.closed_at, knowledge.time_zone) as varchar) || ' 关闭，此后才收到' as message_zh,
        'it came after its period was closed on ' || cast(local_date(late.closed_at, knowledge.time_zone) as varchar) as message_en,
        cast(null as varchar) as rule, late.reporter, statements.note
    from reports_after_close as late
    inner join statements on statements.source = late.source and statements.id = late.id
    cross join knowledge
),

printed as (
    select
        'printed_differs' as finding, 'soft' as severity, ref_area, indicator, time_period, source, id,
        printed_amount as amount, computed as other_amount,
        '已公布数 ' || printed || ' 与现行数值或按各部分计算的结果不一致，也不能用报送数的修约解释' as message_zh,
        'what was printed, ' || printed || ', is neither the value that counts, as reported or made of its parts, nor explained by the '
            || 'rounding of what was reported' as message_en,
        cast(null as varchar) as rule, reporter, note
    from printed_figures
    where comparison = 'differs'
),

in_editions as (
    select
        edition_readings.*, editions.published,
        lag(edition_readings.last_digit) over cell as last_digit_before,
        lag(edition_readings.amount) over cell as amount_before,
        lag(edition_readings.edition) over cell as edition_before,
        last_value(edition_readings.edition) over whole as newest,
        last_value(edition_readings.amount) over whole as amount_newest,
        last_value(editions.published) over whole as published_newest
    from edition_readings
    left join editions on editions.edition = edition_readings.edition
    window cell as (
        partition by edition_readings.ref_area, edition_readings.indicator, edition_readings.time_period
        order by editions.published nulls first, edition_readings.known_at, edition_readings.edition
    ),
    whole as (
        partition by edition_readings.ref_area, edition_readings.indicator, edition_readings.time_period
        order by editions.published nulls first, edition_readings.known_at, edition_readings.edition
        rows between unbounded preceding and unbounded following
    )
),

older_editions as (
    select
        'older_edition_counts' as finding, 'soft' as severity, in_editions.ref_area, in_editions.indicator,
        in_editions.time_period, in_editions.source, in_editions.id, in_editions.amount,
        in_editions.amount_newest as other_amount,
        '现行数值取自版次 ' || in_editions.edition || '，而版次 ' || in_editions.newest || ' 发布更晚' as message_zh,
        'the value that counts is of edition ' || in_editions.edition || ', though edition ' || in_editions.newest
            || ' came out later' as message_en,
        cast(null as varchar) as rule, statements.reporter, statements.note
    from in_editions
    inner join statements on statements.source = in_editions.source and statements.id = in_editions.id
    where in_editions.is_current and in_editions.published < in_editions.published_newest
),

coarser as (
    select
        'coarser_than_before' as finding, 'soft' as severity, in_editions.ref_area, in_editions.indicator,
        in_editions.time_period, in_editions.source, in_editions.id, in_editions.amount,
        in_editions.amount_before as other_amount,
        '版次 ' || in_editions.edition || ' 的位数少于此前的版次 ' || in_editions.edition_before as message_zh,
        'edition ' || in_editions.edition || ' has fewer digits than edition ' || in_editions.edition_before
            || ' before it' as message_en,
        cast(null as varchar) as rule, statements.reporter, statements.note
    from in_editions
    inner join statements on statements.source = in_editions.source and statements.id = in_editions.id
    where in_editions.last_digit > in_editions.last_digit_before
),

by_rules as (
    select
        found.kind as finding, found.severity, found.ref_area, found.indicator, found.time_period, own.source, own.id,
        found.amount, found.other_amount, found.message_zh, found.message_en, found.rule, own.reporter, own.note
    from rule_findings as found
    left join current_values as own
        on own.ref_area = found.ref_area and own.indicator = found.indicator and own.time_period = found.time_period
),

every as (
    select * from two_reporters
    union all
    select * from vintage_backwards
    union all
    select * from estimates_after
    union all
    select * from withdrawn_fallback
    union all
    select * from part_findings
    union all
    select * from residuals
    union all
    select * from backdated
    union all
    select * from after_close
    union all
    select * from printed
    union all
    select * from coarser
    union all
    select * from older_editions
    union all
    select * from by_rules
)

select
    finding, severity, ref_area, indicator, time_period, source, id, amount, other_amount,
    amount - other_amount as difference, message_zh, message_en, rule, reporter,
    severity = 'soft' and coalesce(trim(note), '') <> '' as explained, nullif(trim(note), '') as explanation
from every
