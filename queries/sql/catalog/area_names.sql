-- name: area_names
-- grain: one row for each code of an area or a group
-- inputs: areas, area_groups
-- rules: 5
-- materialise: yes
-- zh: 地区和组的名称：同一代码取最近一段时间的名称。
-- en: The names of areas and groups; of a code that was used again, the latest.
-- column ref_area text: 地区或组 | Area or group code.
-- column name_zh text: 中文名称 | Name in Chinese.
-- column name_en text: 英文名称 | Name in English.
with named as (
    select ref_area, name_zh, name_en, valid_from from areas
    union all
    select group_id as ref_area, name_zh, name_en, valid_from from area_groups
),

ranked as (
    select *, row_number() over (partition by ref_area order by valid_from desc nulls last, name_zh) as place
    from named
)

select ref_area, name_zh, name_en
from ranked
where place = 1
