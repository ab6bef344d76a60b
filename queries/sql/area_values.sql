-- name: area_values
-- grain: one row for each ref_area, indicator, time_period
-- inputs: area_levels, period_values, periods, area_edges, areas, indicators
-- rules: 2, 3, 4, 5, 6, 7, 10, 11
-- materialise: yes
-- narrows: ref_area, indicator, time_period
-- zh: 地区数值：报送值，否则由下级合计；两者并存时给出差额。
-- en: Values by area: reported, else compiled from partition children; both are kept, with the residual.
-- column ref_area text: 地区或组 | Area or group code.
-- column indicator text: 指标 | Indicator.
-- column time_period text: 时期 | SDMX time period.
-- column period_kind text: 时期类型 | Shape of time_period.
-- column period_start date: 首日 | First day.
-- column period_end date: 末日 | Last day.
-- column value exact: 数值（基本单位） | The value in the plain unit.
-- column status text: 状态 | reported, compiled, partial (children or months missing), carried, no_own_value, missing, suppressed, not_applicable.
-- column reported exact: 报送值 | What was reported for the area itself.
-- column compiled exact: 下级合计 | Sum over partition children with a value; for own-value indicators a cross-check only.
-- column residual exact: 差额 | reported − compiled.
-- column coverage_reported bigint: 已有部分 | Reported: 1. Compiled or partial: children, or months, that have a value.
-- column coverage_expected bigint: 应有部分 | Reported: 1. Compiled or partial: children, or months, expected.
-- column children_reported bigint: 有值下级数 | Partition children that have a value.
-- column children_expected bigint: 下级数 | Partition children.
-- column months_reported int: 已含月数 | Months covered, where the value is reported.
-- column method text: 取值方法 | How the reported value of the period was got: see period_values.
-- column complete bool: 是否完整 | Whether it covers all of the area and all of the period.
-- column negative bool: 是否含负数 | Whether some part below zero is in it.
-- column obs_status text: 数值状态 | SDMX observation status of the reported value.
-- column vintage text: 发布版本 | Which release; mixed where the parts differ.
-- column basis text: 基准 | Benchmark; mixed where the parts differ.
-- column origin_period text: 来源时期 | Period of the one observation it comes from; null for a sum.
-- column reporter text: 报送单位 | Who reported it.
-- column missing_zh text: 缺报下级 | Children without a value, by Chinese name.
-- column missing_en text: 缺报下级（英文） | Children without a value, by English name.
-- column demo bool: 是否含演示数据 | Whether some part is illustrative.
-- column carried bool: 是否含较早时点的存量 | Whether some part is a stock's value of an earlier day.
-- column estimated bool: 是否含估计数 | Whether some report in it is an estimate.
with levels as (
    select * from area_levels
),

children as (
    select period_end, child, parent
    from area_edges
-- What lies within an area (a park in a city) is counted there already.
    where relation = 'part_of'
),

expected as (
    select period_end, parent, count(*) as children_expected
    from children
    group by period_end, parent
),

gaps as (
    select
        levels.ref_area, levels.indicator, levels.time_period,
        string_agg(coalesce(names.name_zh, children.child), '、' order by children.child) as missing_zh,
        string_agg(coalesce(names.name_en, children.child), ', ' order by children.child) as missing_en
    from levels
    inner join expected on expected.parent = levels.ref_area and expected.period_end = levels.period_end
    inner join children on children.parent = levels.ref_area and children.period_end = levels.period_end
    left join area_levels as below
        on below.ref_area = children.child and below.indicator = levels.indicator
        and below.time_period = levels.time_period
    left join areas as names
        on names.ref_area = children.child
        and (names.valid_from is null or names.valid_from <= levels.period_end)
        and (names.valid_to is null or names.valid_to > levels.period_end)
    where levels.children_with_value > 0
        and levels.children_with_value < expected.children_expected
        and below.value is null
    group by levels.ref_area, levels.indicator, levels.time_period
),

joined as (
    select
        levels.*, own.amount as reported, own.method, own.months_reported, own.obs_status, own.origin_period,
        own.reporter, coalesce(expected.children_expected, 0) as children_expected, indicators.over_areas,
        gaps.missing_zh, gaps.missing_en
    from levels
    inner join indicators on indicators.indicator = levels.indicator
    left join period_values as own
        on own.ref_area = levels.ref_area and own.indicator = levels.indicator
        and own.time_period = levels.time_period
    left join expected on expected.parent = levels.ref_area and expected.period_end = levels.period_end
    left join gaps
        on gaps.ref_area = levels.ref_area and gaps.indicator = levels.indicator
        and gaps.time_period = levels.time_period
),

judged as (
    select
        *,
        case
-- The area's own report wins over the sum of its parts; the difference stays visible as the residual.
            when reported is not null and method in ('partial', 'carried') then method
            when reported is not null then 'reported'
-- A sum with a missing part is no value of the whole: it says how many parts it has.
            when value is not null and complete then 'compiled'
            when value is not null then 'partial'
            when over_areas = 'own_value' and compiled is not null then 'no_own_value'
            when obs_status in ('Q') then 'suppressed'
            when obs_status in ('H', 'J', 'K', 'L', 'M', 'O', 'S') then 'missing'
            else 'no_own_value'
        end as status
    from joined
)

select
    judged.ref_area, judged.indicator, judged.time_period, periods.period_kind, periods.period_start,
    judged.period_end, judged.value, judged.status, judged.reported, judged.compiled,
    judged.reported - judged.compiled as residual,
    case
        when judged.method = 'partial' and judged.reported is not null then cast(judged.months_reported as bigint)
        when judged.reported is not null then 1
        else judged.children_with_value
    end as coverage_reported,
    case
        when judged.method = 'partial' and judged.reported is not null then 12
        when judged.reported is not null then 1
        else judged.children_expected
    end as coverage_expected,
    judged.children_with_value as children_reported, judged.children_expected,
    case when judged.reported is not null then judged.months_reported end as months_reported, judged.method,
    judged.complete, judged.negative, judged.obs_status,
    case
        when judged.value is null then null
        when judged.min_vintage = judged.max_vintage then nullif(judged.min_vintage, '')
        else 'mixed'
    end as vintage,
    case
        when judged.value is null then null
        when judged.min_basis = judged.max_basis then nullif(judged.min_basis, '')
        else 'mixed'
    end as basis,
    judged.origin_period, judged.reporter, judged.missing_zh, judged.missing_en, judged.demo,
    judged.carried and judged.value is not null as carried, judged.estimated and judged.value is not null as estimated
from judged
inner join periods on periods.time_period = judged.time_period
