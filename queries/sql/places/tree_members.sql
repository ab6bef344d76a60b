-- name: tree_members
-- grain: one row for each tree, group, time_period and member
-- inputs: indicator_trees, area_groups, area_group_members, tree_ancestors, periods
-- rules: 4, 5
-- materialise: yes
-- narrows: time_period
-- zh: 各套地区关系下各组在各时期的成员，以及是否最外层。
-- en: The members of each group in each period, by the tree by which indicators add up, and whether they are outermost.
-- column tree text: 关系集 | As in indicator_trees.
-- column group_id text: 组代码 | Id of the group.
-- column time_period text: 时期 | SDMX time period.
-- column member text: 成员地区代码 | Area code of the member.
-- column overlap text: 成员是否重叠 | known, or unknown: then nothing is added up.
-- column outermost bool: 是否最外层 | Whether no other member holds it; others are listed, never added.
with trees as (
    select tree from indicator_trees
    union
    select '' as tree
),

members as (
    select distinct
        trees.tree, area_groups.group_id, area_groups.overlap, periods.time_period, periods.period_end, area_group_members.member
    from area_groups
    inner join periods
        on (area_groups.valid_from is null or area_groups.valid_from <= periods.period_end)
        and (area_groups.valid_to is null or area_groups.valid_to > periods.period_end)
    inner join area_group_members
        on area_group_members.group_id = area_groups.group_id
        and (area_group_members.valid_from is null or area_group_members.valid_from <= periods.period_end)
        and (area_group_members.valid_to is null or area_group_members.valid_to > periods.period_end)
    cross join trees
    where area_group_members.indicator is null or area_group_members.indicator = trees.tree
),

inner_members as (
    select distinct members.tree, members.group_id, members.time_period, members.member
    from members
    inner join tree_ancestors
        on tree_ancestors.ref_area = members.member and tree_ancestors.period_end = members.period_end
        and tree_ancestors.tree = members.tree
    inner join members as others
        on others.tree = members.tree and others.group_id = members.group_id
        and others.time_period = members.time_period and others.member = tree_ancestors.ancestor
)

select
    members.tree, members.group_id, members.time_period, members.member, members.overlap,
    inner_members.member is null as outermost
from members
left join inner_members
    on inner_members.tree = members.tree and inner_members.group_id = members.group_id
    and inner_members.time_period = members.time_period
    and inner_members.member = members.member
