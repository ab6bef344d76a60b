-- name: lineage
-- grain: one row for each figure, each event behind it, and each way in which it is behind it
-- inputs: place_inputs, place_values, ratios, target_rows, target_actuals, vintages, indicators, statements, area_groups, edition_readings, edition_values
-- rules: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13
-- materialise: no
-- zh: 每个数字背后的全部报送：作用、途径、提交、日志地址与签字人。
-- en: Every report behind every number: in which role, through which areas, from which submission, where in the log, signed by whom.
-- column figure text: 数字种类 | value (of an area or group), ratio, or target.
-- column target_id text: 目标编号 | Target, where the figure is one.
-- column ref_area text: 地区或组 | Area or group of the figure.
-- column indicator text: 指标 | Indicator of the figure.
-- column time_period text: 时期 | Time period of the figure.
-- column role text: 作用 | value, numerator, denominator, cross_check (beside a reported number), coverage (counted, not added), status (says why there is no number), part (an item or member that is counted), reading (another release, which the readings of a target name).
-- column input_area text: 报送所涉地区 | Area of the event.
-- column input_indicator text: 报送所涉指标 | Indicator of the event.
-- column input_period text: 报送所涉时期 | Time period of the event.
-- column via text: 途径 | From the figure's area to the event's, joined by >.
-- column source text: 来源 | CloudEvents source.
-- column id text: 事件编号 | CloudEvents id.
-- column amount exact: 数值（基本单位） | The event's value in the plain unit.
-- column vintage text: 发布版本 | Which release.
-- column obs_status text: 数值状态 | SDMX observation status.
-- column known_at instant: 获知时间 | When it became known.
-- column recorded_at instant: 记录时间 | When Helan recorded it.
-- column reporter text: 报送单位 | Reporter who sent it.
-- column submission text: 提交编号 | Submission it came in.
-- column topic text: 地址：主题 | Address: topic of the log.
-- column partition int: 地址：分区 | Address: partition.
-- column offset bigint: 地址：偏移 | Address: offset.
-- column index int: 地址：提交内序号 | Address: position in the submission.
-- column prepared_by text: 填报人 | Who filled it in.
-- column reviewed_by text: 审核人 | Who checked it.
-- column approved_by text: 负责人 | Who answers for it.
-- column evidence text: 依据 | Where it can be verified.
-- column content_digest bytes: 内容摘要 | Digest of what the event says.
-- column rules text: 所依规则 | Numbers of the roll-up rules by which the event is behind the figure; `helan explain` prints them with their texts.
with placed as (
    select *
    from place_inputs
),

counting as (
    select *
    from place_inputs
    where role <> 'cross_check'
),

of_values as (
    select
        'value' as figure, cast(null as varchar) as target_id, ref_area, indicator, time_period, role, input_area,
        indicator as input_indicator, input_period, via, source, id
    from placed
),

asked as (
    select
        ref_area, indicator, time_period, period_kind, period_start, numerator_indicator, denominator_indicator,
        denominator_date, paired_edition
    from ratios
),

components as (
    select
        ref_area, indicator, time_period, 'numerator' as role, numerator_indicator as part_indicator,
        time_period as part_period, paired_edition
    from asked
    union all
    select
        ref_area, indicator, time_period, 'denominator' as role, denominator_indicator as part_indicator,
        time_period as part_period, paired_edition
    from asked
    where denominator_date <> 'previous_end'
    union all
    select
        asked.ref_area, asked.indicator, asked.time_period, 'denominator' as role,
        asked.denominator_indicator as part_indicator, place_values.time_period as part_period, asked.paired_edition
    from asked
    inner join place_values
        on place_values.ref_area = asked.ref_area and place_values.indicator = asked.denominator_indicator
        and place_values.period_kind = asked.period_kind
        and cast(place_values.period_end + interval '1 day' as date) = asked.period_start
    where asked.denominator_date <> 'same_end'
),

of_ratios as (
    select
        'ratio' as figure, cast(null as varchar) as target_id, components.ref_area, components.indicator,
        components.time_period, components.role, counting.input_area, counting.indicator as input_indicator,
        counting.input_period, counting.via,
-- Where both parts are taken from one edition, what counts by itself is not behind the ratio: that edition's report is.
        case when components.paired_edition is null then counting.source else of_edition.source end as source,
        case when components.paired_edition is null then counting.id else of_edition.id end as id
    from components
    inner join counting
        on counting.ref_area = components.ref_area and counting.indicator = components.part_indicator
        and counting.time_period = components.part_period
    left join edition_readings as of_edition
        on of_edition.ref_area = counting.input_area and of_edition.indicator = counting.indicator
        and of_edition.time_period = counting.input_period and of_edition.edition = components.paired_edition
    where components.paired_edition is null or (counting.role = 'value' and of_edition.id is not null)
),

owed as (
    select target_id, ref_area, owner, is_member, indicator, time_period, measure
    from target_rows
),

of_target_ratios as (
    select
        'target' as figure, owed.target_id, owed.ref_area, owed.indicator, owed.time_period, of_ratios.role,
        of_ratios.input_area, of_ratios.input_indicator, of_ratios.input_period, of_ratios.via, of_ratios.source,
        of_ratios.id
    from owed
    inner join of_ratios
        on of_ratios.ref_area = owed.ref_area and of_ratios.indicator = owed.indicator
        and of_ratios.time_period = owed.time_period
    where owed.measure = 'ratio'
),

target_parts as (
    select
        target_id, ref_area, indicator, time_period, 'value' as role, ref_area as part_area,
        indicator as part_indicator
    from owed
    where measure <> 'ratio'
    union all
    select
        owed.target_id, owed.ref_area, owed.indicator, owed.time_period, 'part' as role, owed.ref_area as part_area,
        indicators.indicator as part_indicator
    from owed
    inner join indicators on indicators.member_of = owed.indicator
    where owed.measure = 'items'
    union all
    select
        target_id, owner as ref_area, indicator, time_period, 'part' as role, ref_area as part_area,
        indicator as part_indicator
    from owed
    where is_member and measure = 'done'
),

of_target_parts as (
    select
        'target' as figure, target_parts.target_id, target_parts.ref_area, target_parts.indicator,
        target_parts.time_period,
        case when target_parts.role = 'value' then counting.role else target_parts.role end as role,
        counting.input_area, counting.indicator as input_indicator, counting.input_period, counting.via,
        counting.source, counting.id
    from target_parts
    inner join counting
        on counting.ref_area = target_parts.part_area and counting.indicator = target_parts.part_indicator
        and counting.time_period = target_parts.time_period
),

origins as (
    select
        target_rows.target_id, target_rows.ref_area, target_rows.indicator, target_rows.time_period,
        coalesce(target_rows.numerator_indicator, target_rows.indicator) as part_indicator,
        target_actuals.numerator_origin as part_period, target_rows.measure in ('ratio', 'value') as has_sums
    from target_rows
    inner join target_actuals
        on target_actuals.target_id = target_rows.target_id and target_actuals.ref_area = target_rows.ref_area
    union all
    select
        target_rows.target_id, target_rows.ref_area, target_rows.indicator, target_rows.time_period,
        target_rows.denominator_indicator as part_indicator, target_actuals.denominator_origin as part_period,
        target_rows.measure = 'ratio' and coalesce(indicators.denominator_date, 'same_end') = 'same_end' as has_sums
    from target_rows
    inner join target_actuals
        on target_actuals.target_id = target_rows.target_id and target_actuals.ref_area = target_rows.ref_area
    inner join indicators on indicators.indicator = target_rows.indicator
),

of_readings as (
    select
        'target' as figure, origins.target_id, origins.ref_area, origins.indicator, origins.time_period,
        'reading' as role, vintages.ref_area as input_area, vintages.indicator as input_indicator,
        vintages.time_period as input_period, vintages.ref_area as via, vintages.source, vintages.id
    from origins
    inner join vintages
        on vintages.ref_area = origins.ref_area and vintages.indicator = origins.part_indicator
        and vintages.time_period = origins.part_period
    where not vintages.current
    union all
    select
        'target' as figure, origins.target_id, origins.ref_area, origins.indicator, origins.time_period,
        'reading' as role, counting.input_area, counting.indicator as input_indicator, counting.input_period,
        counting.via, edition_readings.source, edition_readings.id
    from origins
    inner join edition_values
        on edition_values.ref_area = origins.ref_area and edition_values.indicator = origins.part_indicator
        and edition_values.time_period = origins.time_period
    inner join counting
        on counting.ref_area = origins.ref_area and counting.indicator = origins.part_indicator
        and counting.time_period = origins.time_period and counting.role = 'value'
    inner join edition_readings
        on edition_readings.ref_area = counting.input_area and edition_readings.indicator = counting.indicator
        and edition_readings.time_period = counting.input_period and edition_readings.edition = edition_values.edition
    where origins.part_period is null and origins.has_sums and not edition_readings.is_current
),

every as (
    select * from of_values
    union all
    select * from of_ratios
    union all
    select * from of_target_ratios
    union all
    select * from of_target_parts
    union all
    select * from of_readings
),

groups as (
    select distinct group_id
    from area_groups
),

rivalries as (
    select ref_area, indicator, time_period
    from statements
    where withdrawn_at is null
    group by ref_area, indicator, time_period
    having count(distinct reporter) > 1
),

ruled as (
    select
        every.*, indicators.over_areas = 'own_value' as own_value,
        groups.group_id is not null or every.role in ('coverage', 'part') as of_members,
        every.via <> every.input_area and every.role in ('value', 'numerator', 'denominator')
            and indicators.attribution <> 'none' as is_sum,
        rivalries.indicator is not null as outranks
    from every
    inner join indicators on indicators.indicator = every.input_indicator
    left join groups on groups.group_id = every.ref_area
    left join rivalries
        on rivalries.ref_area = every.input_area and rivalries.indicator = every.input_indicator
        and rivalries.time_period = every.input_period
)

select
    every.figure, every.target_id, every.ref_area, every.indicator, every.time_period, every.role, every.input_area,
    every.input_indicator, every.input_period, every.via, every.source, every.id, statements.amount,
    statements.vintage, statements.obs_status, statements.known_at, statements.recorded_at, statements.reporter,
    statements.submission, statements.topic, statements."partition", statements."offset", statements."index",
    statements.prepared_by, statements.reviewed_by, statements.approved_by, statements.evidence,
    statements.content_digest,
    case when every.role in ('numerator', 'denominator') then '1, ' else '' end
    || case when every.own_value then '2, ' else '' end
    || case when every.role <> 'reading' then '3, ' else '' end
    || case when every.of_members then '4, ' else '' end
    || case when every.role <> 'reading' then '5, 6, ' else '' end
    || '7, '
    || case when every.figure = 'target' then '8, 9, ' else '' end
    || '10'
    || case
        when every.role = 'cross_check' and not every.own_value or statements.obs_status = 'E' then ', 11' else ''
    end
    || case when every.outranks then ', 12' else '' end
    || case when every.is_sum then ', 13' else '' end as rules
from ruled as every
inner join statements on statements.source = every.source and statements.id = every.id
