-- name: area_moves
-- grain: one row for each part, day, indicator and time_period
-- inputs: catalog_moves
-- rules: 5
-- materialise: yes
-- zh: 不单设地区的部分在地区间的划转。
-- en: Parts of areas that moved to another area without ever having a code.
-- column part text: 划转部分 | Id of what moved.
-- column from_area text: 划出地区 | Area to which it belonged before.
-- column to_area text: 划入地区 | Area to which it belongs from then on.
-- column day date: 划转日 | First day on which it belongs to the other area.
-- column indicator text: 指标 | The one indicator that the row is about; null = every additive one.
-- column time_period text: 时期 | The one period that the row is about; null = every one.
-- column share exact: 所占份额 | What part of the area's value moved.
-- column amount exact: 数额（基本单位） | What moved, in the plain unit.
-- column known_at instant: 指标目录获知时间 | Since when the catalog knows the row; null = always.
-- column name_zh text: 中文名称 | Name in Chinese.
-- column name_en text: 英文名称 | Name in English.
-- column note text: 备注 | Remark.
with known as (
    select *
    from catalog_moves
    where known_at is null or known_at <= $as_of
),

latest as (
    select
        *,
        row_number() over (partition by part, day, indicator, time_period order by known_at desc nulls last) as place
    from known
)

select
    part, from_area, to_area, day, indicator, time_period, share, amount, known_at, name_zh, name_en, note
from latest
where place = 1
