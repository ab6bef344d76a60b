-- name: target_actuals
-- grain: one row for each row of target_rows
-- inputs: target_rows, place_values, ratios, indicators, area_names, period_values
-- rules: 1, 2, 3, 4, 8
-- materialise: yes
-- narrows: targets
-- zh: 目标的实际情况：分子、分母、已有部分与缺报部分。
-- en: What stands against each target: numerator, denominator, how much of it is known and what is missing.
-- column target_id text: 目标编号 | Id of the target.
-- column ref_area text: 地区或组 | Area or group of this row.
-- column numerator exact: 分子 | Amount above the line, in the plain unit; for counts the value; null = nothing known.
-- column denominator exact: 分母 | Amount below the line; 1 where there is none.
-- column factor int: 倍数 | Quotient × factor.
-- column status text: 状态 | reported, compiled, partial, carried, not_reported, no_own_value, no_denominator, overlap, suppressed.
-- column complete bool: 是否完整 | Whether all parts are known.
-- column negative bool: 是否含负数 | Whether some part is below zero.
-- column coverage_reported bigint: 已有部分 | Parts known: children, members, items or months.
-- column coverage_expected bigint: 应有部分 | Parts expected.
-- column months_reported int: 已含月数 | Months covered, where the year is not over in the reports.
-- column vintage text: 发布版本 | Which release; for ratios numerator / denominator.
-- column numerator_origin text: 分子来源时期 | Period of the one observation; null for a sum.
-- column denominator_origin text: 分母来源时期 | Period of the one observation; null for a sum.
-- column missing_zh text: 缺报部分 | Who or what is missing, in Chinese.
-- column missing_en text: 缺报部分（英文） | Who or what is missing, in English.
-- column undone_zh text: 未完成部分 | Members or items that reported and are not done, in Chinese.
-- column undone_en text: 未完成部分（英文） | The same in English.
-- column demo bool: 是否含演示数据 | Whether some part is illustrative.
-- column at_least bool: 是否为下限 | Whether it is incomplete and can only rise.
-- column estimated bool: 是否含估计数 | Whether some report behind it is an estimate.
-- column denominator_status text: 分母状态 | Ratios: status of the denominator's value.
-- column denominator_coverage_reported bigint: 分母已有部分 | Ratios: parts, or months, of the denominator that have a value.
-- column denominator_coverage_expected bigint: 分母应有部分 | Ratios: parts, or months, of the denominator expected.
-- column numerator_edition text: 分子版次 | Edition of the numerator; mixed where its parts differ.
-- column denominator_edition text: 分母版次 | Edition of the denominator.
-- column edition text: 版次 | Edition; of a ratio that of both parts, mixed where they are of two.
-- column basis text: 基准 | Benchmark; of a ratio numerator / denominator where they differ.
-- column without_value text: 报送的无值状态 | Observation status of a report that says that there is no value; of a ratio of its numerator; null = no such report.
with asked as (
    select * from target_rows
),

-- Who reported that there is no value has reported.
without_value as (
    select ref_area, indicator, time_period, obs_status
    from period_values
    where amount is null
),

of_ratios as (
    select
        asked.target_id, asked.ref_area, ratios.numerator, ratios.denominator, ratios.factor,
        coalesce(ratios.status, 'not_reported') as status, coalesce(ratios.complete, false) as complete,
        coalesce(ratios.negative, false) as negative, ratios.coverage_reported, ratios.coverage_expected,
        cast(null as int) as months_reported,
        case
            when ratios.numerator_vintage is not null or ratios.denominator_vintage is not null
                then coalesce(ratios.numerator_vintage, '-') || ' / ' || coalesce(ratios.denominator_vintage, '-')
        end as vintage,
        case when ratios.status = 'reported' then ratios.numerator_origin end as numerator_origin,
        case when ratios.status = 'reported' then ratios.denominator_origin end as denominator_origin,
        ratios.missing_zh, ratios.missing_en, cast(null as varchar) as undone_zh, cast(null as varchar) as undone_en,
        coalesce(ratios.demo, false) as demo, coalesce(ratios.at_least, false) as at_least,
        coalesce(ratios.estimated, false) as estimated, ratios.denominator_status,
        ratios.denominator_coverage_reported, ratios.denominator_coverage_expected, ratios.numerator_edition,
        ratios.denominator_edition, ratios.edition,
        case
            when ratios.numerator_basis = ratios.denominator_basis then ratios.numerator_basis
            when ratios.numerator_basis is not null or ratios.denominator_basis is not null
                then coalesce(ratios.numerator_basis, '-') || ' / ' || coalesce(ratios.denominator_basis, '-')
        end as basis,
        without_value.obs_status as without_value
    from asked
    left join ratios
        on ratios.ref_area = asked.ref_area and ratios.indicator = asked.indicator
        and ratios.time_period = asked.time_period
    left join without_value
        on without_value.ref_area = asked.ref_area and without_value.indicator = asked.numerator_indicator
        and without_value.time_period = asked.time_period
    where asked.measure = 'ratio'
),

of_values as (
    select
        asked.target_id, asked.ref_area, own.value as numerator, cast(1 as decimal(38, 10)) as denominator,
        1 as factor,
        case
-- What was done by June is done by December: a milestone's earlier report holds for the year. What was not done by June
-- may be done by December.
            when own.status = 'carried' and asked.measure = 'done' and own.value >= 1 then 'reported'
            when own.status is null or own.status = 'missing' then 'not_reported'
            else own.status
        end as status,
        coalesce(own.complete or (own.status = 'carried' and asked.measure = 'done' and own.value >= 1), false)
            as complete,
        coalesce(own.negative, false) as negative, own.coverage_reported, own.coverage_expected,
        own.months_reported, own.vintage,
        case when own.status = 'reported' then own.origin_period end as numerator_origin,
        cast(null as varchar) as denominator_origin, own.missing_zh, own.missing_en,
        cast(null as varchar) as undone_zh, cast(null as varchar) as undone_en, coalesce(own.demo, false) as demo,
        coalesce(own.at_least, false) as at_least, coalesce(own.estimated, false) as estimated,
        cast(null as varchar) as denominator_status, cast(null as bigint) as denominator_coverage_reported,
        cast(null as bigint) as denominator_coverage_expected, own.edition as numerator_edition,
        cast(null as varchar) as denominator_edition, own.edition, own.basis,
        without_value.obs_status as without_value
    from asked
    left join place_values as own
        on own.ref_area = asked.ref_area and own.indicator = asked.indicator
        and own.time_period = asked.time_period
    left join without_value
        on without_value.ref_area = asked.ref_area and without_value.indicator = asked.indicator
        and without_value.time_period = asked.time_period
    where asked.measure in ('value', 'done')
),

parts as (
    select
        asked.target_id, asked.ref_area, asked.time_period, asked.ref_area as part_area,
        indicators.indicator as part_indicator, indicators.name_zh, indicators.name_en
    from asked
    inner join indicators on indicators.member_of = asked.indicator
    where asked.measure = 'items'
    union all
    select
        asked.target_id, asked.owner as ref_area, asked.time_period, asked.ref_area as part_area,
        asked.indicator as part_indicator, coalesce(names.name_zh, asked.ref_area) as name_zh,
        coalesce(names.name_en, asked.ref_area) as name_en
    from asked
    left join area_names as names on names.ref_area = asked.ref_area
    where asked.is_member and asked.measure = 'done'
),

known_parts as (
    select
        parts.*, own.demo, own.estimated,
-- An earlier report that it is not done says nothing of the period's end.
        case when own.status = 'carried' and own.value < 1 then null else own.value end as value
    from parts
    left join place_values as own
        on own.ref_area = parts.part_area and own.indicator = parts.part_indicator
        and own.time_period = parts.time_period
),

counted as (
    select
        target_id, ref_area, count(*) as parts, count(value) as known,
        sum(case when value >= 1 then 1 else 0 end) as done,
        string_agg(name_zh, '、' order by part_area, part_indicator) filter (where value is null) as missing_zh,
        string_agg(name_en, ', ' order by part_area, part_indicator) filter (where value is null) as missing_en,
        string_agg(name_zh, '、' order by part_area, part_indicator) filter (where value < 1) as undone_zh,
        string_agg(name_en, ', ' order by part_area, part_indicator) filter (where value < 1) as undone_en,
        bool_or(coalesce(demo, false)) as demo, bool_or(coalesce(estimated, false)) as estimated
    from known_parts
    group by target_id, ref_area
),

of_parts as (
    select
        asked.target_id, asked.ref_area,
        case
-- Items reported one by one come before a total that somebody reports of them.
            when counted.known > 0 then cast(counted.done as decimal(38, 10))
            when own.value is not null then own.value
        end as numerator,
        cast(1 as decimal(38, 10)) as denominator, 1 as factor,
        case
            when counted.known = counted.parts then 'compiled'
            when counted.known > 0 then 'partial'
            when own.value is not null and own.status = 'carried' then 'carried'
            when own.value is not null then 'reported'
            else 'not_reported'
        end as status,
        coalesce(
            counted.known = counted.parts
            or (coalesce(counted.known, 0) = 0 and own.value is not null and own.status <> 'carried'),
            false
        ) as complete,
        false as negative,
        case
            when counted.known > 0 or own.value is null then coalesce(counted.known, 0)
            else 1
        end as coverage_reported,
        case when counted.known > 0 or own.value is null then counted.parts else 1 end as coverage_expected,
        cast(null as int) as months_reported, cast(null as varchar) as vintage,
        cast(null as varchar) as numerator_origin, cast(null as varchar) as denominator_origin,
        counted.missing_zh, counted.missing_en, counted.undone_zh, counted.undone_en,
        coalesce(counted.demo, own.demo, false) as demo,
-- What is done is not undone by what the others report, nor by what is done later.
        coalesce(
            coalesce(counted.known, 0) < coalesce(counted.parts, 1) and (counted.known > 0 or own.status = 'carried'),
            false
        ) as at_least,
        coalesce(case when counted.known > 0 then counted.estimated else own.estimated end, false) as estimated,
        cast(null as varchar) as denominator_status, cast(null as bigint) as denominator_coverage_reported,
        cast(null as bigint) as denominator_coverage_expected, cast(null as varchar) as numerator_edition,
        cast(null as varchar) as denominator_edition, cast(null as varchar) as edition, cast(null as varchar) as basis,
        cast(null as varchar) as without_value
    from asked
    left join counted on counted.target_id = asked.target_id and counted.ref_area = asked.ref_area
    left join place_values as own
        on own.ref_area = asked.ref_area and own.indicator = asked.indicator
        and own.time_period = asked.time_period
    where asked.measure in ('items', 'members')
)

select * from of_ratios
union all
select * from of_values
union all
select * from of_parts
