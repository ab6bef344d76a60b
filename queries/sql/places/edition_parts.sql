-- name: edition_parts
-- grain: one row for each complete value that is compiled, of a cell that has editions somewhere, and each part that is added up in it
-- inputs: edition_period_values, area_values, group_values, indicator_trees, tree_edges, tree_members
-- rules: 3, 4, 5
-- materialise: yes
-- empty without: edition_period_values
-- zh: 由下级或成员合计的数值加总了哪些部分，供按版次合计。
-- en: What is added up in each compiled value, so that it can be added up within an edition.
-- column ref_area text: 地区或组 | Area or group code of the sum.
-- column indicator text: 指标 | Indicator.
-- column time_period text: 时期 | SDMX time period.
-- column part text: 部分 | Area code of the part.
-- column parts bigint: 部分数 | How many parts there are.
with asked as (
    select distinct indicator, time_period
    from edition_period_values
),

of_areas as (
    select area_values.ref_area, area_values.indicator, area_values.time_period, tree_edges.child as part
    from asked
    inner join area_values
        on area_values.indicator = asked.indicator and area_values.time_period = asked.time_period
    inner join indicator_trees on indicator_trees.indicator = area_values.indicator
    inner join tree_edges
        on tree_edges.tree = indicator_trees.tree and tree_edges.period_end = area_values.period_end
        and tree_edges.parent = area_values.ref_area and tree_edges.relation = 'part_of'
    where area_values.status = 'compiled'
),

of_groups as (
    select group_values.ref_area, group_values.indicator, group_values.time_period, tree_members.member as part
    from asked
    inner join group_values
        on group_values.indicator = asked.indicator and group_values.time_period = asked.time_period
    inner join indicator_trees on indicator_trees.indicator = group_values.indicator
    inner join tree_members
        on tree_members.tree = indicator_trees.tree and tree_members.group_id = group_values.ref_area
        and tree_members.time_period = group_values.time_period and tree_members.outermost
    where group_values.status = 'compiled'
),

every as (
    select * from of_areas
    union all
    select * from of_groups
)

select
    ref_area, indicator, time_period, part,
    count(*) over (partition by ref_area, indicator, time_period) as parts
from every
