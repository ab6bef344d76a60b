-- name: areas_within
-- grain: one row for each time period, area, area in which it lies
-- inputs: periods, tree_edges, areas
-- rules: 4, 5
-- materialise: no
-- narrows: time_period
-- zh: 各时期末日，一个地区内有哪些地区和园区，不论隔几级。
-- en: What lies in an area on the last day of each period, at any depth: districts, counties, and the parks in them.
-- column in_area text: 所在地区 | Code of the area in which it lies: ask by this one.
-- column time_period text: 时期 | SDMX time period; areas lie where they lie on its last day.
-- column period_end date: 时期末日 | Last day of the period.
-- column ref_area text: 所含地区 | Code of the area that lies there.
-- column name_zh text: 所含地区中文名称 | Its name in Chinese, as on that day.
-- column name_en text: 所含地区英文名称 | Its name in English, as on that day.
-- column level text: 层级，仅供参考 | A word for its level; information only.
-- column depth bigint: 相隔级数 | 1: directly; 2: in an area that lies directly in it; and so on, the shortest way.
-- column counts bool: 是否逐级计入 | Whether it counts upward at every step; what lies within a county, such as a park, does not.
with recursive lies as (
    -- A parent names only the next area above: who asks for a city's children misses a park in one of its counties.
    -- Sixty steps end a circle, which the catalog's check refuses anyway.
    select period_end, child as ref_area, parent as in_area, relation = 'part_of' as counts, cast(1 as bigint) as depth
    from tree_edges
    where tree = ''
    union all
    select
        lies.period_end, lies.ref_area, above.parent as in_area,
        lies.counts and above.relation = 'part_of' as counts,
        lies.depth + 1 as depth
    from lies
    inner join tree_edges as above
        on above.child = lies.in_area and above.period_end = lies.period_end and above.tree = ''
    where lies.depth < 60
),

shortest as (
    select period_end, ref_area, in_area, min(depth) as depth, max(case when counts then 1 else 0 end) = 1 as counts
    from lies
    group by period_end, ref_area, in_area
)

select
    shortest.in_area, periods.time_period, shortest.period_end, shortest.ref_area,
    areas.name_zh, areas.name_en, areas.level, shortest.depth, shortest.counts
from shortest
inner join periods on periods.period_end = shortest.period_end
left join areas
    on areas.ref_area = shortest.ref_area
    and (areas.valid_from is null or areas.valid_from <= shortest.period_end)
    and (areas.valid_to is null or areas.valid_to > shortest.period_end)
