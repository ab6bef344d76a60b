-- name: tree_edges
-- grain: one row for each tree, period end, child, parent and relation
-- inputs: indicator_trees, area_edges
-- rules: 4, 5
-- materialise: yes
-- zh: 各套地区关系在各时期末日的内容。
-- en: The relations that hold on the last day of each period, by the tree by which indicators add up.
-- column tree text: 关系集 | As in indicator_trees.
-- column period_end date: 时期末日 | Last day of a period.
-- column child text: 所含地区 | Area that lies in the parent.
-- column parent text: 上级地区 | Area that holds it.
-- column relation text: part_of 或 within | part_of counts upward; within never does.
with trees as (
    select tree from indicator_trees
    union
    select '' as tree
)

select distinct trees.tree, area_edges.period_end, area_edges.child, area_edges.parent, area_edges.relation
from trees
cross join area_edges
-- What holds for every indicator holds in every tree.
where area_edges.indicator is null or area_edges.indicator = trees.tree
