-- name: place_values
-- grain: one row for each area or group, indicator, time_period
-- inputs: area_values, group_values, area_groups, indicators
-- rules: 3, 4
-- materialise: yes
-- narrows: ref_area, indicator, time_period
-- zh: 地区和组的数值，放在一起。
-- en: Values of areas and of groups, together.
-- column ref_area text: 地区或组 | Area or group code.
-- column indicator text: 指标 | Indicator.
-- column time_period text: 时期 | SDMX time period.
-- column period_kind text: 时期类型 | Shape of time_period.
-- column period_start date: 首日 | First day.
-- column period_end date: 末日 | Last day.
-- column value exact: 数值（基本单位） | The value in the plain unit.
-- column status text: 状态 | See area_values and group_values.
-- column coverage_reported bigint: 已有部分 | Parts that have a value.
-- column coverage_expected bigint: 应有部分 | Parts expected.
-- column months_reported int: 已含月数 | Months covered, where the value is reported.
-- column complete bool: 是否完整 | Whether it covers all of the place and all of the period.
-- column negative bool: 是否含负数 | Whether some part below zero is in it.
-- column vintage text: 发布版本 | Which release; mixed where the parts differ.
-- column basis text: 基准 | Benchmark; mixed where the parts differ.
-- column origin_period text: 来源时期 | Period of the one observation it comes from; null for a sum.
-- column missing_zh text: 缺报部分 | Parts without a value, by Chinese name.
-- column missing_en text: 缺报部分（英文） | Parts without a value, by English name.
-- column demo bool: 是否含演示数据 | Whether some part is illustrative.
-- column estimated bool: 是否含估计数 | Whether some report in it is an estimate.
-- column at_least bool: 是否为下限 | Whether it is incomplete and what is missing can only add to it: the indicator has no values below zero, and no part is a stock's value of an earlier day.
-- column edition text: 版次 | Edition of a publication series; mixed where the parts differ.
-- column last_digit exact: 末位单位 | What one in the last digits as sent is worth, in the plain unit; of a sum those of its parts together.
with groups as (
    select distinct group_id
    from area_groups
),

of_areas as (
    select area_values.*
    from area_values
    left join groups on groups.group_id = area_values.ref_area
    where groups.group_id is null
),

places as (
    select
        ref_area, indicator, time_period, period_kind, period_start, period_end, value, status, coverage_reported,
        coverage_expected, months_reported, complete, negative, vintage, basis, origin_period, missing_zh, missing_en,
        demo, estimated, carried, edition, last_digit
    from of_areas
    union all
    select
        ref_area, indicator, time_period, period_kind, period_start, period_end, value, status, coverage_reported,
        coverage_expected, months_reported, complete, negative, vintage, basis, origin_period, missing_zh, missing_en,
        demo, estimated, carried, edition, last_digit
    from group_values
)

select
    places.ref_area, places.indicator, places.time_period, places.period_kind, places.period_start, places.period_end,
    places.value, places.status, places.coverage_reported, places.coverage_expected, places.months_reported,
    places.complete, places.negative, places.vintage, places.basis, places.origin_period,
-- Nothing is missing from what the place reported itself.
    case when places.months_reported is null and not places.complete then places.missing_zh end as missing_zh,
    case when places.months_reported is null and not places.complete then places.missing_en end as missing_en,
    places.demo, places.estimated,
-- A part is a lower limit only where the rest cannot take away from it. What may be negative, and a stock of an earlier
-- day, may end lower.
    coalesce(
        places.value is not null and not places.complete and not places.negative and not places.carried
            and (indicators.min >= 0 or indicators.kind in ('count', 'coverage', 'milestone')),
        false
    ) as at_least,
    places.edition, places.last_digit
from places
inner join indicators on indicators.indicator = places.indicator
