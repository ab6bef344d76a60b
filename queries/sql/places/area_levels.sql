-- name: area_levels
-- grain: one row for each ref_area, indicator, time_period
-- inputs: period_values, indicators, indicator_trees, tree_edges
-- rules: 2, 3, 4, 5, 13
-- materialise: yes
-- narrows: ref_area, indicator, time_period
-- zh: 自下而上逐级汇总（至多五级）：有报送取报送，否则由下级合计。
-- en: The tree added up from below, level by level, up to five: what is reported, else compiled from partition children.
-- column ref_area text: 地区或组 | Area or group code.
-- column indicator text: 指标 | Indicator.
-- column time_period text: 时期 | SDMX time period.
-- column period_end date: 时期末日 | Last day.
-- column value exact: 数值 | Reported, else compiled; null where there is neither, or a compiled one would not count. What was reported of a part of the period gives way to parts that cover all of it.
-- column compiled exact: 下级合计 | Sum over the partition children that have a value; null without any.
-- column complete bool: 是否完整 | Whether the value covers all of the area and all of the period.
-- column negative bool: 是否含负数 | Whether some part below zero is in it.
-- column children_with_value bigint: 有值下级数 | Partition children that have a value.
-- column min_vintage text: 版本（最小） | Least vintage of its parts; empty = not said.
-- column max_vintage text: 版本（最大） | Greatest vintage of its parts.
-- column min_basis text: 基准（最小） | Least basis of its parts; empty = not said.
-- column max_basis text: 基准（最大） | Greatest basis of its parts.
-- column demo bool: 是否含演示数据 | Whether some part is illustrative.
-- column carried bool: 是否含较早时点的存量 | Whether some part is a stock's value of an earlier day.
-- column estimated bool: 是否含估计数 | Whether some report in it is an estimate.
-- column min_edition text: 版次（最小） | Least edition of its parts; empty = not said.
-- column max_edition text: 版次（最大） | Greatest edition of its parts.
-- column last_digit exact: 末位单位 | What one in the last digits as sent is worth, in the plain unit; of a sum those of its parts together.
-- column parts_min_edition text: 下级版次（最小） | Least edition in the compiled sum; empty = not said.
-- column parts_max_edition text: 下级版次（最大） | Greatest edition in the compiled sum.
-- column parts_min_basis text: 下级基准（最小） | Least basis in the compiled sum; empty = not said.
-- column parts_max_basis text: 下级基准（最大） | Greatest basis in the compiled sum.
-- column parts_last_digit exact: 下级末位单位 | What one in the last digit of every report in the compiled sum is worth together.
-- column parts_estimated bool: 下级是否含估计数 | Whether some report in the compiled sum is an estimate; null without one.
-- column whole bool: 是否覆盖全期 | Whether every report in the value covers the whole period.
-- column parts_whole bool: 下级是否覆盖全期 | Whether every report in the compiled sum does; null without one.
with reported as (
    select
        ref_area as own_area, indicator as own_indicator, time_period as own_period, period_end as own_end,
        amount as own_amount, method not in ('partial', 'carried') as own_complete,
        coalesce(amount < 0, false) as own_negative,
        coalesce(vintage, '') as own_vintage, coalesce(basis, '') as own_basis, demo as own_demo,
        method = 'carried' as own_carried, estimated as own_estimated, coalesce(edition, '') as own_edition,
        last_digit as own_digit
    from period_values
),

combining as (
    select indicators.indicator, indicators.over_areas, indicator_trees.tree
    from indicators
    inner join indicator_trees on indicator_trees.indicator = indicators.indicator
-- What is own_value is added up too, for the comparison with the published value, but never shown instead of it.
    where indicators.over_areas in ('additive', 'own_value')
),

children as (
    select tree, period_end, child, parent, count(*) over (partition by tree, period_end, parent) as siblings
    from tree_edges
    where relation = 'part_of'
),

level_0 as (
    select
        own_area as ref_area, own_indicator as indicator, own_period as time_period, own_end as period_end,
        own_amount as value, own_complete as complete, own_complete as whole, own_negative as negative,
        own_vintage as min_vintage, own_vintage as max_vintage, own_basis as min_basis, own_basis as max_basis,
        own_demo as demo, own_carried as carried, own_estimated as estimated, own_edition as min_edition,
        own_edition as max_edition, own_digit as last_digit
    from reported
),

-- repeat n = 1 to 5, between ,
sums_{n} as (
    select
        children.parent as ref_area, below.indicator, below.time_period, below.period_end,
        combining.over_areas,
        cast(sum(below.value) as decimal(38, 10)) as amount,
        count(below.value) as children_with_value,
        count(below.value) = max(children.siblings) and bool_and(below.complete) as complete,
        bool_and(below.whole) as whole,
        bool_or(below.negative) as negative,
        min(below.min_vintage) as min_vintage, max(below.max_vintage) as max_vintage,
        min(below.min_basis) as min_basis, max(below.max_basis) as max_basis, bool_or(below.demo) as demo,
        bool_or(below.carried) as carried, bool_or(below.estimated) as estimated,
        min(below.min_edition) as min_edition, max(below.max_edition) as max_edition,
        cast(sum(below.last_digit) as decimal(38, 10)) as last_digit
    from level_{n-1} as below
    inner join combining on combining.indicator = below.indicator
    inner join children
        on children.child = below.ref_area and children.period_end = below.period_end
        and children.tree = combining.tree
    where below.value is not null
    group by children.parent, below.indicator, below.time_period, below.period_end, combining.over_areas
),

-- A quarter that was reported for the area itself is no year beside children that make one.
met_{n} as (
    select
        *,
        own_amount is not null and (own_complete or not coalesce(complete and over_areas = 'additive', false)) as own_counts
    from reported
    full join sums_{n} as sums
        on sums.ref_area = own_area and sums.indicator = own_indicator and sums.time_period = own_period
),

level_{n} as (
    select
        coalesce(own_area, ref_area) as ref_area, coalesce(own_indicator, indicator) as indicator,
        coalesce(own_period, time_period) as time_period, coalesce(own_end, period_end) as period_end,
        case when own_counts then own_amount when over_areas = 'additive' then amount end as value,
        amount as compiled,
        case when own_counts then own_complete else complete end as complete,
        case when own_counts then own_complete else whole end as whole,
        case when own_counts then own_negative else negative end as negative,
        coalesce(children_with_value, 0) as children_with_value,
        case when own_counts then own_vintage else min_vintage end as min_vintage,
        case when own_counts then own_vintage else max_vintage end as max_vintage,
        case when own_counts then own_basis else min_basis end as min_basis,
        case when own_counts then own_basis else max_basis end as max_basis,
        case when own_counts then own_demo else demo end as demo,
        case when own_counts then own_carried else carried end as carried,
        case when own_counts then own_estimated else estimated end as estimated,
        case when own_counts then own_edition else min_edition end as min_edition,
        case when own_counts then own_edition else max_edition end as max_edition,
        case when own_counts then own_digit else last_digit end as last_digit,
-- Each step adds up all children: the labels of the last one are those of the whole sum.
        min_edition as parts_min_edition, max_edition as parts_max_edition,
        min_basis as parts_min_basis, max_basis as parts_max_basis, last_digit as parts_last_digit,
        estimated as parts_estimated, whole as parts_whole
    from met_{n}
)
-- end
select
    ref_area, indicator, time_period, period_end, value, compiled, coalesce(complete, false) as complete,
    coalesce(negative, false) as negative, children_with_value, min_vintage, max_vintage, min_basis, max_basis,
    coalesce(demo, false) as demo, coalesce(carried, false) as carried, coalesce(estimated, false) as estimated,
    min_edition, max_edition, last_digit, parts_min_edition, parts_max_edition, parts_min_basis, parts_max_basis,
    parts_last_digit, parts_estimated, coalesce(whole, false) as whole, parts_whole
from level_5
