-- name: area_group_members
-- grain: one row for each group, member, indicator and time span
-- inputs: catalog_members
-- rules: 4, 5
-- materialise: yes
-- zh: 组的成员。
-- en: Members of groups.
-- column group_id text: 组代码 | Id of the group.
-- column member text: 成员地区代码 | Area code of the member.
-- column valid_from date: 生效日 | First day on which it holds.
-- column valid_to date: 失效日 | First day on which it no longer holds.
-- column known_at instant: 指标目录获知时间 | Since when the catalog knows the row.
-- column indicator text: 指标 | The one indicator for which it holds; null = every one.
with known as (
    select *
    from catalog_members
    where known_at is null or known_at <= $as_of
),

latest as (
    select *, row_number() over (partition by group_id, member, indicator, valid_from order by known_at desc nulls last) as place
    from known
)

select
    group_id, member, valid_from, valid_to, known_at, indicator
from latest
where place = 1
