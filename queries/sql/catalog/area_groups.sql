-- name: area_groups
-- grain: one row for each group and time span
-- inputs: catalog_groups
-- rules: 4, 5
-- materialise: yes
-- zh: 组：不属于树的地区集合。
-- en: Groups: named sets of areas that are no node of the tree.
-- column group_id text: 组代码 | Id of the group.
-- column name_zh text: 中文名称 | Name in Chinese.
-- column name_en text: 英文名称 | Name in English.
-- column membership text: listed 已列名，open 未列名 | listed, or open: the text does not list the members.
-- column overlap text: known 已知，unknown 未知（不求和） | known, or unknown: then a sum is null.
-- column valid_from date: 生效日 | First day on which it holds.
-- column valid_to date: 失效日 | First day on which it no longer holds.
-- column known_at instant: 指标目录获知时间 | Since when the catalog knows the row.
-- column note text: 备注 | Remark.
with known as (
    select *
    from catalog_groups
    where known_at is null or known_at <= $as_of
),

latest as (
    select *, row_number() over (partition by group_id, valid_from order by known_at desc nulls last) as place
    from known
)

select
    group_id, name_zh, name_en, membership, overlap, valid_from, valid_to, known_at, note
from latest
where place = 1
