-- name: group_parts
-- grain: one row for each group, time_period and member
-- inputs: area_groups, area_group_members, area_ancestors, periods
-- rules: 4, 5
-- materialise: yes
-- narrows: time_period
-- zh: 各时期组的成员，以及是否为最外层成员。
-- en: The members of each group in each period, and whether they are outermost.
-- column group_id text: 组代码 | Id of the group.
-- column time_period text: 时期 | SDMX time period.
-- column member text: 成员地区代码 | Area code of the member.
-- column overlap text: 成员是否重叠 | known, or unknown: then nothing is added up.
-- column outermost bool: 是否最外层 | Whether no other member holds it; others are listed, never added.
with members as (
    select
        area_groups.group_id, area_groups.overlap, periods.time_period, periods.period_end, area_group_members.member
    from area_groups
    inner join periods
        on (area_groups.valid_from is null or area_groups.valid_from <= periods.period_end)
        and (area_groups.valid_to is null or area_groups.valid_to > periods.period_end)
    inner join area_group_members
        on area_group_members.group_id = area_groups.group_id
        and (area_group_members.valid_from is null or area_group_members.valid_from <= periods.period_end)
        and (area_group_members.valid_to is null or area_group_members.valid_to > periods.period_end)
),

inner_members as (
    select distinct members.group_id, members.time_period, members.member
    from members
    inner join area_ancestors
        on area_ancestors.ref_area = members.member and area_ancestors.period_end = members.period_end
    inner join members as others
        on others.group_id = members.group_id and others.time_period = members.time_period
        and others.member = area_ancestors.ancestor
)

select
    members.group_id, members.time_period, members.member, members.overlap,
    inner_members.member is null as outermost
from members
left join inner_members
    on inner_members.group_id = members.group_id and inner_members.time_period = members.time_period
    and inner_members.member = members.member
