-- name: area_values
-- grain: one row for each ref_area, indicator, time_period
-- inputs: area_levels, period_values, periods, tree_edges, areas, indicators, indicator_trees, basis_links
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
-- column residual exact: 差额 | reported − compiled; null where residual_reason says why there is none.
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
-- column edition text: 版次 | Edition of a publication series; mixed where the parts differ.
-- column residual_reason text: 无差额的原因代码 | Why there is no residual although both are there: part_of_period (one of them lacks months, or is a stock of an earlier day), edition_mixed (the parts are of several editions), edition_differs, basis_mixed, basis_differs (no link is declared).
-- column last_digit exact: 末位单位 | What one in the last digits as sent is worth, in the plain unit; of a sum those of its parts together.
-- column parts_last_digit exact: 下级末位单位 | What one in the last digit of every report in compiled is worth together.
-- column parts_estimated bool: 下级是否含估计数 | Whether some report in compiled is an estimate; null without it.
-- column whole_period bool: 是否覆盖全期 | Whether every report in the value covers the whole period.
with levels as (
    select area_levels.*, indicator_trees.tree
    from area_levels
    inner join indicator_trees on indicator_trees.indicator = area_levels.indicator
),

children as (
    select tree, period_end, child, parent
    from tree_edges
-- What lies within an area (a park in a city) is counted there already.
    where relation = 'part_of'
),

expected as (
    select tree, period_end, parent, count(*) as children_expected
    from children
    group by tree, period_end, parent
),

gaps as (
    select
        levels.ref_area, levels.indicator, levels.time_period,
        string_agg(coalesce(names.name_zh, children.child), '、' order by children.child) as missing_zh,
        string_agg(coalesce(names.name_en, children.child), ', ' order by children.child) as missing_en
    from levels
    inner join expected
        on expected.parent = levels.ref_area and expected.period_end = levels.period_end
        and expected.tree = levels.tree
    inner join children
        on children.parent = levels.ref_area and children.period_end = levels.period_end
        and children.tree = levels.tree
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
-- What was reported of a part of the period is not reported for the period where children make all of it.
        and not (own.method in ('partial', 'carried') and levels.complete)
    left join expected
        on expected.parent = levels.ref_area and expected.period_end = levels.period_end
        and expected.tree = levels.tree
    left join gaps
        on gaps.ref_area = levels.ref_area and gaps.indicator = levels.indicator
        and gaps.time_period = levels.time_period
),

labelled as (
    select
        joined.*,
        case
            when joined.reported is null or joined.compiled is null then null
            when not (joined.whole and joined.parts_whole) then 'part_of_period'
            when joined.parts_min_edition <> joined.parts_max_edition or 'mixed' in (
                joined.min_edition, joined.parts_min_edition
            ) then 'edition_mixed'
-- What says no edition is of none: beside a part of an edition it is another one.
            when joined.min_edition <> joined.parts_min_edition then 'edition_differs'
            when joined.parts_min_basis <> joined.parts_max_basis or 'mixed' in (
                joined.min_basis, joined.parts_min_basis
            ) then 'basis_mixed'
            when joined.min_basis <> '' and joined.parts_min_basis <> ''
                and joined.min_basis <> joined.parts_min_basis and basis_links.indicator is null then 'basis_differs'
        end as residual_reason
    from joined
    left join basis_links
        on basis_links.indicator = joined.indicator and basis_links.basis = joined.min_basis
        and basis_links.linked_basis = joined.parts_min_basis
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
    from labelled
)

select
    judged.ref_area, judged.indicator, judged.time_period, periods.period_kind, periods.period_start,
    judged.period_end, judged.value, judged.status, judged.reported, judged.compiled,
-- Between periods, editions, or benchmarks without a link, lies more than what the parts lack.
    case when judged.residual_reason is null then judged.reported - judged.compiled end as residual,
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
    judged.carried and judged.value is not null as carried, judged.estimated and judged.value is not null as estimated,
    case
        when judged.value is null then null
        when judged.min_edition = judged.max_edition then nullif(judged.min_edition, '')
        else 'mixed'
    end as edition,
    judged.residual_reason, case when judged.value is not null then judged.last_digit end as last_digit,
    judged.parts_last_digit, judged.parts_estimated, judged.whole as whole_period
from judged
inner join periods on periods.time_period = judged.time_period
