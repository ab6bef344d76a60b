-- name: figures
-- grain: one row for each area or group, indicator and time_period with a value or a ratio
-- inputs: place_values, ratios, indicators, areas, area_groups
-- rules: 1, 3
-- materialise: no
-- zh: 供阅读的数值：名称、时期、按发布位数显示的数、状态，仅此数列；其余列见 area_values、rd_intensity 等。
-- en: Figures to read: names, period, the figure with the digits that are published, its status, and little else. The columns behind them are those of area_values, ratios and the like.
-- column ref_area text: 地区或组 | Area or group code.
-- column name_zh text: 中文名称 | Name of the area or group in Chinese, on the period's last day.
-- column name_en text: 英文名称 | Name of the area or group in English.
-- column indicator text: 指标 | Indicator.
-- column time_period text: 时期 | SDMX time period.
-- column shown text: 显示值 | Ratios: rounded once to the catalog's decimals, each digit written. Amounts: every digit that was reported, without zeros at the end. Null without a figure; of a part only where it is a lower limit.
-- column unit_zh text: 计量单位 | The unit in Chinese.
-- column unit_en text: 计量单位（英文） | The unit in English.
-- column status text: 状态 | As in area_values and ratios: reported, compiled, partial, carried, no_own_value, no_denominator, no_numerator, missing, overlap, suppressed.
-- column indicator_zh text: 指标名称 | Name of the indicator in Chinese.
-- column indicator_en text: 指标英文名称 | Name of the indicator in English.
-- column estimated bool: 是否含估计数 | Whether some report behind the figure is an estimate.
with ratio as (
    select
        ratios.ref_area, ratios.indicator, ratios.time_period, ratios.period_end, ratios.status, ratios.estimated,
-- A decimal of the lake has ten digits behind the point; those beyond the indicator's are zeros.
        substr(
            cast(ratios.shown as varchar), 1,
            length(cast(ratios.shown as varchar)) - 10 + indicators.decimals
                - case when indicators.decimals = 0 then 1 else 0 end
        ) as shown
    from ratios
    inner join indicators on indicators.indicator = ratios.indicator
),

amount as (
    select
        ref_area, indicator, time_period, period_end, status, estimated,
        rtrim(rtrim(cast(case when complete or at_least then value end as varchar), '0'), '.') as shown
    from place_values
),

figure as (
    select ref_area, indicator, time_period, period_end, status, estimated, shown from ratio
    union all
    select ref_area, indicator, time_period, period_end, status, estimated, shown from amount
)

select
    figure.ref_area, coalesce(names.name_zh, group_names.name_zh) as name_zh,
    coalesce(names.name_en, group_names.name_en) as name_en, figure.indicator, figure.time_period, figure.shown,
    indicators.unit_zh, indicators.unit_en, figure.status, indicators.name_zh as indicator_zh,
    indicators.name_en as indicator_en, figure.estimated
from figure
inner join indicators on indicators.indicator = figure.indicator
left join areas as names
    on names.ref_area = figure.ref_area
    and (names.valid_from is null or names.valid_from <= figure.period_end)
    and (names.valid_to is null or names.valid_to > figure.period_end)
left join area_groups as group_names
    on group_names.group_id = figure.ref_area
    and (group_names.valid_from is null or group_names.valid_from <= figure.period_end)
    and (group_names.valid_to is null or group_names.valid_to > figure.period_end)
