-- name: indicators
-- grain: one row for each indicator
-- inputs: catalog_indicators
-- rules: 1, 2, 6, 13
-- materialise: yes
-- zh: 指标：统计什么，如何在地区和时间上合并。
-- en: Indicators: what is counted, and how it combines over areas and over time.
-- column indicator text: 指标代码 | Id of the indicator.
-- column name_zh text: 中文名称 | Name in Chinese.
-- column name_en text: 英文名称 | Name in English.
-- column kind text: 类别 | flow, stock, count, milestone, coverage or ratio.
-- column unit text: 报送单位（计量） | Unit in which events come.
-- column unit_zh text: 计量单位（中文） | The unit in Chinese.
-- column unit_en text: 计量单位（英文） | The unit in English.
-- column over_areas text: 地区间合并方式 | additive, own_value or none.
-- column over_time text: 时期间合并方式 | sum, last or none.
-- column numerator text: 比率的分子 | Ratios: the indicator above the line.
-- column denominator text: 比率的分母 | Ratios: the indicator below the line.
-- column factor int: 比率的倍数 | Ratios: quotient × factor.
-- column denominator_date text: 分母的时点 | Ratios: same_end, previous_end or mean.
-- column decimals int: 显示的小数位 | Digits after the point when shown.
-- column attribution text: 归属地原则 | registration, operation, residence or none.
-- column min exact: 合理下限 | Smallest plausible amount.
-- column max exact: 合理上限 | Largest plausible amount.
-- column coverage_by text: 覆盖如何计数 | Coverage: items, areas or value.
-- column member_of text: 所属覆盖指标 | Coverage indicator of which it is an item.
-- column note text: 备注 | Remark.
-- column known_at instant: 指标目录获知时间 | Since when the catalog knows the formula; null = always.
-- column rounding text: 显示时的修约方法 | How it is rounded when shown: half_up or half_even.
with known as (
    select *
    from catalog_indicators
    where known_at is null or known_at <= $as_of
),

latest as (
    select *, row_number() over (partition by indicator order by known_at desc nulls last) as place
    from known
)

select
    indicator, name_zh, name_en, kind, unit, unit_zh, unit_en, over_areas, over_time, numerator, denominator,
    factor, denominator_date, decimals, attribution, min, max, coverage_by, member_of, note, known_at, rounding
from latest
where place = 1
