-- name: tree_ancestors
-- grain: one row for each tree, period end, area and ancestor
-- inputs: tree_edges
-- rules: 4, 5
-- materialise: yes
-- zh: 各时期末日每个地区所在的全部上级（至多五级）。
-- en: In which areas each area lies on the last day of each period, by either relation, up to five levels.
-- column tree text: 关系集 | As in indicator_trees.
-- column period_end date: 时期末日 | Last day of a period.
-- column ref_area text: 地区 | Area code.
-- column ancestor text: 上级地区 | Area in which it lies.
with edges as (
    select tree, period_end, child, parent
    from tree_edges
),

paths as (
    select
        one.tree, one.period_end, one.child as ref_area, one.parent as parent_1, two.parent as parent_2,
        three.parent as parent_3, four.parent as parent_4, five.parent as parent_5
    from edges as one
    left join edges as two
        on two.child = one.parent and two.period_end = one.period_end and two.tree = one.tree
    left join edges as three
        on three.child = two.parent and three.period_end = one.period_end and three.tree = one.tree
    left join edges as four
        on four.child = three.parent and four.period_end = one.period_end and four.tree = one.tree
    left join edges as five
        on five.child = four.parent and five.period_end = one.period_end and five.tree = one.tree
),

steps as (
    select 1 as step union all select 2 union all select 3 union all select 4 union all select 5
),

ancestors as (
    select
        paths.tree, paths.period_end, paths.ref_area,
        case steps.step
            when 1 then parent_1 when 2 then parent_2 when 3 then parent_3 when 4 then parent_4 else parent_5
        end as ancestor
    from paths
    cross join steps
)

select distinct tree, period_end, ref_area, ancestor
from ancestors
where ancestor is not null
