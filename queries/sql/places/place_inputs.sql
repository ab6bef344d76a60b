-- name: place_inputs
-- grain: one row for each area or group, indicator, time_period with a report or parts, and each event behind its row
-- inputs: period_inputs, area_values, group_values, tree_members, tree_edges, indicators, indicator_trees
-- rules: 2, 3, 4, 5, 6
-- materialise: yes
-- narrows: ref_area, indicator, time_period
-- zh: 地区和组的每个数值由哪些报送得出，经过哪些地区（至多五级）。
-- en: Which events stand behind each value of an area or group, and through which areas they came, up to five levels.
-- column ref_area text: 地区或组 | Area or group code of the value.
-- column indicator text: 指标 | Indicator.
-- column time_period text: 时期 | SDMX time period of the value.
-- column role text: 作用 | value (in the number), cross_check (in the compiled sum beside a reported number), coverage (counted, not added), status (says why there is no number).
-- column input_area text: 报送所涉地区 | Area of the event.
-- column input_period text: 报送所涉时期 | Time period of the event.
-- column source text: 来源 | CloudEvents source of the event.
-- column id text: 事件编号 | CloudEvents id of the event.
-- column via text: 途径 | From the figure's area to the event's, joined by >.
with figures as (
    select ref_area, indicator, time_period, period_end, reported is not null as has_report
    from area_values
),

combining as (
    select indicators.indicator, indicators.over_areas = 'additive' as additive, indicator_trees.tree
    from indicators
    inner join indicator_trees on indicator_trees.indicator = indicators.indicator
    where indicators.over_areas in ('additive', 'own_value')
),

children as (
    select tree, period_end, child, parent
    from tree_edges
    where relation = 'part_of'
),

up_0 as (
    select
        figures.ref_area, figures.indicator, figures.time_period, figures.period_end,
        case when figures.has_report then 'value' else 'status' end as role,
        figures.ref_area as input_area, period_inputs.input_period, period_inputs.source, period_inputs.id,
        figures.ref_area as via
    from figures
    inner join period_inputs
        on period_inputs.ref_area = figures.ref_area and period_inputs.indicator = figures.indicator
        and period_inputs.time_period = figures.time_period
),

-- repeat n = 1 to 5
up_{n} as (
    select
        figures.ref_area, figures.indicator, figures.time_period, figures.period_end,
        case when combining.additive and not figures.has_report then 'value' else 'cross_check' end as role,
        below.input_area, below.input_period, below.source, below.id, figures.ref_area || ' > ' || below.via as via
    from up_{n-1} as below
    inner join combining on combining.indicator = below.indicator
    inner join children
        on children.child = below.ref_area and children.period_end = below.period_end
        and children.tree = combining.tree
    inner join figures
        on figures.ref_area = children.parent and figures.indicator = below.indicator
        and figures.time_period = below.time_period
    where below.role = 'value'
),

-- end
of_areas as (
    select * from up_0
    union all
    select * from up_1
    union all
    select * from up_2
    union all
    select * from up_3
    union all
    select * from up_4
    union all
    select * from up_5
),

of_groups as (
    select
        group_values.ref_area, group_values.indicator, group_values.time_period,
        case
            when not group_parts.outermost or group_parts.overlap = 'unknown' then 'coverage'
            when group_values.reported is null and group_values.value is not null then 'value'
            else 'cross_check'
        end as role,
        of_areas.input_area, of_areas.input_period, of_areas.source, of_areas.id,
        group_values.ref_area || ' > ' || of_areas.via as via
    from group_values
    inner join indicator_trees on indicator_trees.indicator = group_values.indicator
    inner join tree_members as group_parts
        on group_parts.group_id = group_values.ref_area and group_parts.time_period = group_values.time_period
        and group_parts.tree = indicator_trees.tree
    inner join of_areas
        on of_areas.ref_area = group_parts.member and of_areas.indicator = group_values.indicator
        and of_areas.time_period = group_values.time_period
    where of_areas.role = 'value'
)

select
    of_areas.ref_area, of_areas.indicator, of_areas.time_period,
-- A group's report of a part of the period is not in the sum of its members.
    case when summed.ref_area is null then of_areas.role else 'status' end as role, of_areas.input_area,
    of_areas.input_period, of_areas.source, of_areas.id, of_areas.via
from of_areas
left join group_values as summed
    on summed.ref_area = of_areas.ref_area and summed.indicator = of_areas.indicator
    and summed.time_period = of_areas.time_period and summed.reported is null and summed.value is not null
union all
select ref_area, indicator, time_period, role, input_area, input_period, source, id, via
from of_groups
