-- name: areas
-- grain: one row for each area code and time span
-- inputs: catalog_areas
-- rules: 5
-- materialise: yes
-- zh: 地区：代码、层级、名称和有效期。
-- en: Areas: code, level, names and when they hold.
-- column ref_area text: 地区代码 | Area code.
-- column scheme text: 代码体系 | Where the code comes from.
-- column level text: 层级，仅供参考 | A word for its level; information only.
-- column name_zh text: 中文名称 | Name in Chinese.
-- column name_en text: 英文名称 | Name in English.
-- column valid_from date: 生效日 | First day on which it holds.
-- column valid_to date: 失效日 | First day on which it no longer holds.
-- column known_at instant: 指标目录获知时间 | Since when the catalog knows the row.
-- column note text: 备注 | Remark.
with known as (
    select *
    from catalog_areas
    where known_at is null or known_at <= $as_of
),

latest as (
    select *, row_number() over (partition by ref_area, valid_from order by known_at desc nulls last) as place
    from known
)

select
    ref_area, scheme, level, name_zh, name_en, valid_from, valid_to, known_at, note
from latest
where place = 1
