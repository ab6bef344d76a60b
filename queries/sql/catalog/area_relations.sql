-- name: area_relations
-- grain: one row for each child, parent, indicator and time span
-- inputs: catalog_relations
-- rules: 4, 5
-- materialise: yes
-- zh: 地区关系：part_of 计入上级，within 不计入。
-- en: How areas lie in others: part_of counts upward, within never does.
-- column child text: 所含地区 | Area that lies in the parent.
-- column parent text: 上级地区 | Area that holds it.
-- column relation text: part_of 或 within | part_of counts upward; within never does.
-- column valid_from date: 生效日 | First day on which it holds.
-- column valid_to date: 失效日 | First day on which it no longer holds.
-- column known_at instant: 指标目录获知时间 | Since when the catalog knows the row.
-- column note text: 备注 | Remark.
-- column indicator text: 指标 | The one indicator for which it holds; null = every one.
with known as (
    select *
    from catalog_relations
    where known_at is null or known_at <= $as_of
),

latest as (
    select *, row_number() over (partition by child, parent, relation, indicator, valid_from order by known_at desc nulls last) as place
    from known
)

select
    child, parent, relation, valid_from, valid_to, known_at, note, indicator
from latest
where place = 1
