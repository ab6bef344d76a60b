-- name: ranking
-- grain: one row for each area, indicator and time_period with a value or a ratio
-- inputs: area_values, ratios, areas, figures
-- rules: 1, 3
-- materialise: no
-- zh: 排名：同一层级的地区之间比较所显示的数，数大者为 1；数相同则名次相同，其后名次顺延（1、2、2、4）。不完整的数不排名。
-- en: Areas of one level ranked by the figure that is shown, the largest first. Equal figures share a rank, and the next rank is left out (1, 2, 2, 4), as SQL's RANK does. What is incomplete has no rank.
-- column rank bigint: 名次 | 1 = the largest; null for a figure that is incomplete or missing.
-- column ref_area text: 地区 | Area code.
-- column name_zh text: 中文名称 | Name of the area in Chinese, on the period's last day.
-- column name_en text: 英文名称 | Name of the area in English.
-- column level text: 层级 | Areas are ranked among those of the same level: cities among cities, parks among parks.
-- column indicator text: 指标 | Indicator.
-- column time_period text: 时期 | SDMX time period.
-- column shown text: 显示值 | The figure as it is published, see figures.
-- column ranked bigint: 参加排名数 | How many areas of the level have a rank.
-- column status text: 状态 | As in figures.
-- column indicator_zh text: 指标名称 | Name of the indicator in Chinese.
-- column indicator_en text: 指标英文名称 | Name of the indicator in English.
-- column estimated bool: 是否含估计数 | As in figures.
with compared as (
-- A ratio is compared as it is published: two cities of 1.30 % share a rank, whatever the digits behind it.
    select ref_area, indicator, time_period, period_end, case when complete then shown end as figure from ratios
    union all
    select ref_area, indicator, time_period, period_end, case when complete then value end as figure from area_values
),

placed as (
    select
        compared.ref_area, compared.indicator, compared.time_period, compared.figure, areas.level,
        rank() over (
            partition by compared.indicator, compared.time_period, areas.level order by compared.figure desc nulls last
        ) as place,
        count(compared.figure) over (partition by compared.indicator, compared.time_period, areas.level) as ranked
    from compared
    inner join areas
        on areas.ref_area = compared.ref_area
        and (areas.valid_from is null or areas.valid_from <= compared.period_end)
        and (areas.valid_to is null or areas.valid_to > compared.period_end)
)

select
    case when placed.figure is not null then cast(placed.place as bigint) end as rank, placed.ref_area,
    figures.name_zh, figures.name_en, placed.level, placed.indicator, placed.time_period, figures.shown,
    placed.ranked, figures.status, figures.indicator_zh, figures.indicator_en,
    figures.estimated
from placed
inner join figures
    on figures.ref_area = placed.ref_area and figures.indicator = placed.indicator
    and figures.time_period = placed.time_period
