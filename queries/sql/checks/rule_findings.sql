-- name: rule_findings
-- grain: one row for each rule of the catalog, kind and value that does not keep it
-- inputs: validation_rules, catalog_rule_parts, current_values, statements, basis_readings, place_values, area_values, area_groups, ratios, indicators, edition_values, editions
-- rules: 3, 6, 7, 13
-- materialise: no
-- zh: 不符合指标目录核查规则的数值。
-- en: Values that do not keep the catalog's rules: bounds, jumps, units, sums, stocks, parts of ratios.
-- column rule text: 规则代码 | Id of the rule.
-- column kind text: 类别 | bounds, jump, revision (by a rule for jumps), unit_scale, sum, stock or ratio_parts; area_sum is the finding residual.
-- column severity text: 程度 | soft or info.
-- column ref_area text: 地区或组 | Area or group code.
-- column indicator text: 指标 | Indicator.
-- column time_period text: 时期 | SDMX time period.
-- column amount exact: 数值 | The value, in the plain unit.
-- column other_amount exact: 对照数值 | What it is compared with: a limit, the value before, the sum.
-- column message_zh text: 说明 | What was found, in Chinese.
-- column message_en text: 说明（英文） | What was found, in English.
with rules as (
    select * from validation_rules
),

groups as (
    select distinct group_id
    from area_groups
),

judged as (
    select
        rules.rule, rules.kind, rules.severity, rules.low, rules.high, rules.message_zh, rules.message_en,
        current_values.ref_area, current_values.indicator, current_values.time_period, current_values.period_kind,
        current_values.period_start, current_values.period_end, current_values.amount, current_values.reporter,
        current_values.source, current_values.id
    from rules
    inner join current_values
        on current_values.indicator = rules.indicator
        and (rules.ref_area is null or rules.ref_area = current_values.ref_area)
    left join groups on groups.group_id = current_values.ref_area
    where current_values.amount is not null and rules.kind in ('bounds', 'jump', 'unit_scale')
        and (rules.places is null or groups.group_id is null)
),

bounds as (
    select
        rule, kind, severity, ref_area, indicator, time_period, amount,
        case when amount < low then low else high end as other_amount,
        case when amount < low then '低于合理下限' else '高于合理上限' end as found_zh,
        case when amount < low then 'below what is plausible' else 'above what is plausible' end as found_en,
        message_zh, message_en
    from judged
    where kind = 'bounds' and (amount < low or amount > high)
),

before as (
    select
        ref_area, indicator, time_period, period_kind, period_start,
        cast(period_end + interval '1 day' as date) as next_start, amount,
        cast(extract(year from period_end) as int) as end_year,
        substr(cast(period_start as varchar), 6) as start_day, substr(cast(period_end as varchar), 6) as end_day
    from current_values
    where amount <> 0
),

against as (
    select judged.*, before.amount as amount_before, before.time_period as period_before
    from judged
    inner join before
        on before.ref_area = judged.ref_area and before.indicator = judged.indicator
        and before.period_kind = judged.period_kind
    where (judged.kind = 'jump' or judged.kind = 'unit_scale' and before.amount > 0) and (
        (judged.period_kind <> 'R' and before.next_start = judged.period_start)
        or (
            judged.period_kind = 'R' and before.end_year + 1 = extract(year from judged.period_end)
            and before.start_day = substr(cast(judged.period_start as varchar), 6)
            and before.end_day = substr(cast(judged.period_end as varchar), 6)
        )
    )
    union all
    select judged.*, basis_readings.amount as amount_before, judged.time_period as period_before
    from judged
    inner join basis_readings
        on basis_readings.ref_area = judged.ref_area and basis_readings.indicator = judged.indicator
        and basis_readings.time_period = judged.time_period
    where judged.kind = 'unit_scale' and not basis_readings.is_current and basis_readings.amount > 0
),

scales as (
    select
        rule, kind, severity, ref_area, indicator, time_period, amount, max(amount_before) as other_amount,
        '约为对照值的一万倍或万分之一：单位可能有误' as found_zh,
        'about 10,000 times, or a ten-thousandth of, what it is compared with: the unit may be wrong' as found_en,
        message_zh, message_en
    from against
    where kind = 'unit_scale' and (
        (
            cast(amount as decimal(76, 10)) >= cast(amount_before as decimal(76, 10)) * 2000
            and cast(amount as decimal(76, 10)) <= cast(amount_before as decimal(76, 10)) * 50000
        )
        or (
            cast(amount_before as decimal(76, 10)) >= cast(amount as decimal(76, 10)) * 2000
            and cast(amount_before as decimal(76, 10)) <= cast(amount as decimal(76, 10)) * 50000
        )
    )
    group by rule, kind, severity, ref_area, indicator, time_period, amount, message_zh, message_en
),

jumps as (
    select
        against.rule, against.kind, against.severity, against.ref_area, against.indicator, against.time_period,
        against.amount, against.amount_before as other_amount,
        '与上期（' || against.period_before || '）相比变动过大' as found_zh,
        'moved further from the period before (' || against.period_before || ') than is plausible' as found_en,
        against.message_zh, against.message_en
    from against
    left join scales
        on scales.ref_area = against.ref_area and scales.indicator = against.indicator
        and scales.time_period = against.time_period
    where against.kind = 'jump' and scales.rule is null and (
        cast(case when against.amount_before < 0 then -against.amount else against.amount end as decimal(76, 20)) < cast(
            cast(against.low as decimal(76, 10)) * cast(abs(against.amount_before) as decimal(76, 10)) as decimal(76, 20)
        )
        or cast(case when against.amount_before < 0 then -against.amount else against.amount end as decimal(76, 20)) > cast(
            cast(against.high as decimal(76, 10)) * cast(abs(against.amount_before) as decimal(76, 10)) as decimal(76, 20)
        )
    )
),

jumping as (
    select distinct ref_area, indicator, time_period, reporter, source, id
    from judged
    where kind = 'jump'
),

-- Of each value that is judged, the one before it. There are as many groups as values, however many statements there are.
replaced as (
    select
        jumping.ref_area, jumping.indicator, jumping.time_period,
        first_value(
            statements.amount order by
                statements.known_at desc, statements.recorded_at desc, statements.source, statements."offset" desc,
                statements."index" desc
        ) as amount_before
    from jumping
    inner join statements
        on statements.ref_area = jumping.ref_area and statements.indicator = jumping.indicator
        and statements.time_period = jumping.time_period and statements.reporter = jumping.reporter
    where statements.withdrawn_at is null and statements.amount is not null
        and not (statements.source = jumping.source and statements.id = jumping.id)
    group by jumping.ref_area, jumping.indicator, jumping.time_period
),

revisions as (
    select
        judged.rule, 'revision' as kind, judged.severity, judged.ref_area, judged.indicator, judged.time_period,
        judged.amount, replaced.amount_before as other_amount, '与所替代的数值相差过大' as found_zh,
        'differs further from the value it replaces than is plausible' as found_en, judged.message_zh, judged.message_en
    from judged
    inner join replaced
        on replaced.ref_area = judged.ref_area and replaced.indicator = judged.indicator
        and replaced.time_period = judged.time_period
-- What is plausible from one period to the next is more than plausible for two statements of one period.
    where judged.kind = 'jump' and (
        cast(case when replaced.amount_before < 0 then -judged.amount else judged.amount end as decimal(76, 20)) < cast(
            cast(judged.low as decimal(76, 10)) * cast(abs(replaced.amount_before) as decimal(76, 10)) as decimal(76, 20)
        )
        or cast(case when replaced.amount_before < 0 then -judged.amount else judged.amount end as decimal(76, 20)) > cast(
            cast(judged.high as decimal(76, 10)) * cast(abs(replaced.amount_before) as decimal(76, 10)) as decimal(76, 20)
        )
    )
),

wholes as (
    select
        rules.rule, rules.kind, rules.severity, rules.tolerance, rules.message_zh, rules.message_en, rules.known_at,
        place_values.ref_area, place_values.indicator, place_values.time_period, place_values.period_kind,
        place_values.period_start, place_values.value as amount, place_values.last_digit, rules.half_digit,
        place_values.edition
    from rules
    inner join place_values
        on place_values.indicator = rules.indicator
        and (rules.ref_area is null or rules.ref_area = place_values.ref_area)
    left join groups on groups.group_id = place_values.ref_area
    where rules.kind in ('sum', 'stock') and place_values.complete and place_values.value is not null
        and (rules.places is null or groups.group_id is null)
),

parts as (
    select
        wholes.rule, wholes.kind, wholes.severity, wholes.tolerance, wholes.message_zh, wholes.message_en, wholes.known_at,
        wholes.ref_area, wholes.indicator, wholes.time_period, wholes.period_kind, wholes.period_start, wholes.amount,
        wholes.half_digit, count(*) as parts, count(part_values.value) as known, sum(part_values.value) as part_sum,
        coalesce(bool_or(
            wholes.edition = 'mixed'
            or (part_values.value is not null and part_values.edition is distinct from wholes.edition)
        ), false) as editions_differ,
-- Half a unit of the last digit of the whole and of each part, as they were sent.
        coalesce(wholes.tolerance, 0) + case
            when wholes.half_digit
                then (coalesce(wholes.last_digit, 0) + coalesce(sum(part_values.last_digit), 0)) / 2
            else 0
        end as allowed,
        count(*) filter (where part_values.value is null and said.status in ('missing', 'suppressed')) as unavailable,
        coalesce(bool_and(
            case when part_values.value is null then coalesce(said.obs_status = 'M', false) else true end
        ), false) as none_exists,
        coalesce(bool_and(
            case when part_values.value is null then coalesce(part_indicators.min >= 0, false) else true end
        ), false) as can_only_add,
        string_agg(part_indicators.name_zh, '、' order by named.part) filter (where part_values.value is null)
            as unavailable_zh,
        string_agg(part_indicators.name_en, ', ' order by named.part) filter (where part_values.value is null)
            as unavailable_en
    from wholes
    inner join catalog_rule_parts as named
        on named.rule = wholes.rule and named.known_at is not distinct from wholes.known_at
    left join place_values as part_values
        on part_values.ref_area = wholes.ref_area and part_values.indicator = named.part
        and part_values.time_period = wholes.time_period and part_values.complete
    left join area_values as said
        on said.ref_area = wholes.ref_area and said.indicator = named.part and said.time_period = wholes.time_period
    left join indicators as part_indicators on part_indicators.indicator = named.part
    group by
        wholes.rule, wholes.kind, wholes.severity, wholes.tolerance, wholes.message_zh, wholes.message_en, wholes.known_at,
        wholes.ref_area, wholes.indicator, wholes.time_period, wholes.period_kind, wholes.period_start, wholes.amount,
        wholes.last_digit, wholes.half_digit
),

-- Values of several editions are compared within the newest that has the whole and all its components.
within_editions as (
    select
        parts.rule, parts.kind, parts.severity, parts.tolerance, parts.half_digit, parts.message_zh, parts.message_en,
        parts.ref_area, parts.indicator, parts.time_period, whole.edition, whole.amount,
        cast(sum(component.amount) as decimal(38, 10)) as part_sum,
        coalesce(parts.tolerance, 0) + case
            when parts.half_digit
                then (coalesce(whole.last_digit, 0) + coalesce(sum(component.last_digit), 0)) / 2
            else 0
        end as allowed,
        row_number() over (
            partition by parts.rule, parts.ref_area, parts.indicator, parts.time_period
            order by editions.published desc nulls last, whole.edition desc
        ) as place
    from parts
    inner join edition_values as whole
        on whole.ref_area = parts.ref_area and whole.indicator = parts.indicator
        and whole.time_period = parts.time_period
    inner join catalog_rule_parts as named
        on named.rule = parts.rule and named.known_at is not distinct from parts.known_at
    inner join edition_values as component
        on component.ref_area = parts.ref_area and component.indicator = named.part
        and component.time_period = parts.time_period and component.edition = whole.edition
    left join editions on editions.edition = whole.edition
    where parts.kind = 'sum' and parts.editions_differ
    group by
        parts.rule, parts.kind, parts.severity, parts.tolerance, parts.half_digit, parts.message_zh, parts.message_en,
        parts.ref_area, parts.indicator, parts.time_period, parts.parts, whole.edition, whole.amount, whole.last_digit,
        editions.published
    having count(*) = parts.parts
),

edition_sums as (
    select
        rule, kind, severity, ref_area, indicator, time_period, amount, part_sum as other_amount,
        '在版次 ' || edition || ' 中不等于各组成部分之和' as found_zh,
        'is not the sum of its components in edition ' || edition as found_en, message_zh, message_en
    from within_editions
    where place = 1 and abs(amount - part_sum) > allowed
),

sums as (
    select
        rule, kind, severity, ref_area, indicator, time_period, amount,
        cast(part_sum as decimal(38, 10)) as other_amount,
        case
            when unavailable = 0 then '不等于各组成部分之和'
            when none_exists then '不等于已有各组成部分之和（' || unavailable_zh || ' 无数据，按 ' || cast(known as varchar) || '/'
                || cast(parts as varchar) || ' 项核对）'
            else '小于已有各组成部分之和（' || unavailable_zh || ' 无数据，按 ' || cast(known as varchar) || '/'
                || cast(parts as varchar) || ' 项核对）'
        end as found_zh,
        case
            when unavailable = 0 then 'is not the sum of its components'
            when none_exists
                then 'is not the sum of the components that exist (' || cast(known as varchar) || ' of '
                    || cast(parts as varchar) || '; none: ' || unavailable_en || ')'
            else 'is less than the components that are available (' || cast(known as varchar) || ' of '
                || cast(parts as varchar) || '; not available: ' || unavailable_en || ')'
        end as found_en,
        message_zh, message_en
    from parts
-- A component that was reported as not available is left out. Where it exists all the same, and can only add, the others
-- may come to less than the whole, and never to more.
    where kind = 'sum' and not editions_differ and known > 0 and known + unavailable = parts and (
        ((unavailable = 0 or none_exists) and abs(amount - part_sum) > allowed)
        or (can_only_add and part_sum - amount > allowed)
    )
),

stocks as (
    select
        parts.rule, parts.kind, parts.severity, parts.ref_area, parts.indicator, parts.time_period, parts.amount,
        cast(stock_before.value + parts.part_sum as decimal(38, 10)) as other_amount,
        '超过上期末存量与本期新增之和' as found_zh,
        'is more than the stock of the period before and the additions of this one' as found_en,
        parts.message_zh, parts.message_en
    from parts
    inner join place_values as stock_before
        on stock_before.ref_area = parts.ref_area and stock_before.indicator = parts.indicator
        and stock_before.period_kind = parts.period_kind
        and cast(stock_before.period_end + interval '1 day' as date) = parts.period_start
    where parts.kind = 'stock' and parts.known = parts.parts and stock_before.complete and not parts.editions_differ
        and parts.amount > stock_before.value + parts.part_sum + parts.allowed
),

known_places as (
    select distinct ref_area, indicator
    from place_values
    where value is not null
),

ratio_parts as (
    select
        rules.rule, rules.kind, rules.severity, ratios.ref_area, ratios.indicator, ratios.time_period,
        ratios.numerator as amount, ratios.denominator as other_amount,
        case
            when ratios.numerator is null then '有分母（' || below.name_zh || '）而无同期分子（' || above.name_zh || '）'
            when ratios.denominator is null then '有分子（' || above.name_zh || '）而无同期分母（' || below.name_zh || '）'
            else '分子或分母不全，或取自期内较早时点'
        end as found_zh,
        case
            when ratios.numerator is null
                then below.name_en || ' of the period is known, ' || above.name_en || ' is not'
            when ratios.denominator is null
                then above.name_en || ' of the period is known, ' || below.name_en || ' is not'
            else 'one of its parts is incomplete, or comes from an earlier date of the period'
        end as found_en,
        rules.message_zh, rules.message_en
    from rules
    inner join ratios
        on ratios.indicator = rules.indicator and (rules.ref_area is null or rules.ref_area = ratios.ref_area)
    inner join indicators as above on above.indicator = ratios.numerator_indicator
    inner join indicators as below on below.indicator = ratios.denominator_indicator
    inner join known_places as known_above
        on known_above.ref_area = ratios.ref_area and known_above.indicator = ratios.numerator_indicator
    inner join known_places as known_below
        on known_below.ref_area = ratios.ref_area and known_below.indicator = ratios.denominator_indicator
    where rules.kind = 'ratio_parts' and ratios.period_kind = 'A' and not ratios.complete
        and (ratios.numerator is not null or ratios.denominator is not null)
),

every as (
    select * from bounds
    union all
    select * from scales
    union all
    select * from jumps
    union all
    select * from revisions
    union all
    select * from sums
    union all
    select * from edition_sums
    union all
    select * from stocks
    union all
    select * from ratio_parts
)

select
    rule, kind, severity, ref_area, indicator, time_period, amount, other_amount,
    found_zh || coalesce('。' || message_zh, '') as message_zh, found_en || coalesce('. ' || message_en, '') as message_en
from every
