-- name: boundary_values
-- grain: one row for each area, additive indicator and time_period with a value
-- inputs: area_values, indicators, area_moves, areas, area_relations, area_group_members, indicator_trees, tree_edges, tree_ancestors, tree_members, knowledge
-- rules: 5
-- materialise: no
-- zh: 各地区的数值：按当时区划，以及按现行区划（其后划转的部分已调整）；换算不出的为空并说明原因。
-- en: Values of areas as reported then, beside the same on today's boundaries: what went over after the period is taken off and added.
-- column ref_area text: 地区 | Area code; of a group where somebody reported it.
-- column indicator text: 指标 | Additive indicator.
-- column time_period text: 时期 | SDMX time period.
-- column period_end date: 末日 | Last day.
-- column value_then exact: 当时数值 | The value on the boundaries of the period: that of area_values.
-- column moved_out exact: 其后划出 | What went over to other areas after the period.
-- column moved_in exact: 其后划入 | What came from other areas after the period.
-- column value_now exact: 按现行区划 | value_then − moved_out + moved_in; null where reason_code says why.
-- column moves bigint: 划转次数 | How many moves after the period concern the area.
-- column parts text: 划转部分 | Ids of the parts, separated by spaces.
-- column reason_code text: 无法换算的原因代码 | incomplete (something moved, and the area's value, or that of which a share moved, is missing or partial), amount_unknown (the catalog says neither share nor value for the indicator), moved_again (a part moved twice and the catalog has only a share), level_missing (a part went over between areas inside and outside this one, and the catalog has no row for this level), areas_changed (other areas or members belong to it today, and the catalog has no move of its own for it); null with a value.
-- column complete bool: 是否完整 | Whether the value covers all of its parts; false = what is known so far, on either boundaries.
with recursive figures as (
    select
        area_values.ref_area, area_values.indicator, area_values.time_period, area_values.period_end,
        area_values.value, area_values.complete, indicator_trees.tree
    from area_values
    inner join indicators on indicators.indicator = area_values.indicator and indicators.over_areas = 'additive'
    inner join indicator_trees on indicator_trees.indicator = area_values.indicator
),

transfers as (
    select distinct part, from_area, to_area, day
    from area_moves
),

later as (
    select
        figures.indicator, figures.time_period, figures.period_end, transfers.part, transfers.from_area, transfers.to_area,
        transfers.day,
        count(*) over (partition by figures.indicator, figures.time_period, transfers.part) as times_moved
    from (select distinct indicator, time_period, period_end from figures) as figures
    inner join transfers on transfers.day > figures.period_end
),

measured as (
    select
        later.*, by_value.amount as stated, coalesce(by_indicator.share, by_any.share) as share,
        givers.value as giver_value, coalesce(givers.complete, false) as giver_complete
    from later
    left join area_moves as by_value
        on by_value.part = later.part and by_value.day = later.day and by_value.indicator = later.indicator
        and by_value.time_period = later.time_period
    left join area_moves as by_indicator
        on by_indicator.part = later.part and by_indicator.day = later.day
        and by_indicator.indicator = later.indicator and by_indicator.time_period is null
    left join area_moves as by_any
        on by_any.part = later.part and by_any.day = later.day and by_any.indicator is null
        and by_any.time_period is null
    left join figures as givers
        on givers.ref_area = later.from_area and givers.indicator = later.indicator
        and givers.time_period = later.time_period
),

weighed as (
    select
        *,
        case
            when stated is not null then stated
            when times_moved = 1 and giver_complete then cast(giver_value * share as decimal(38, 10))
        end as amount,
        case
            when stated is not null then null
            when share is null then 'amount_unknown'
            when times_moved > 1 then 'moved_again'
            when not giver_complete or giver_value is null then 'incomplete'
        end as obstacle
    from measured
),

flows as (
    select from_area as ref_area, indicator, time_period, part, obstacle, amount as moved_out, 0 as moved_in
    from weighed
    union all
    select to_area as ref_area, indicator, time_period, part, obstacle, 0 as moved_out, amount as moved_in
    from weighed
),

sums as (
    select
        ref_area, indicator, time_period, cast(sum(moved_out) as decimal(38, 10)) as moved_out,
        cast(sum(moved_in) as decimal(38, 10)) as moved_in, count(*) as moves,
        string_agg(part, ' ' order by part) as parts, min(obstacle) as obstacle
    from flows
    group by ref_area, indicator, time_period
),

-- Whatever holds one of the two areas of a move, and not the other, has changed too: by how much, only a row of its own says.
figure_periods as (
    select distinct tree, time_period, period_end from figures
),

movers as (
    select from_area as mover from transfers
    union
    select to_area as mover from transfers
),

held_by_areas as (
    select figure_periods.tree, figure_periods.time_period, movers.mover, movers.mover as holder
    from figure_periods
    cross join movers
    union
    select figure_periods.tree, figure_periods.time_period, movers.mover, tree_ancestors.ancestor as holder
    from figure_periods
    inner join tree_ancestors
        on tree_ancestors.tree = figure_periods.tree and tree_ancestors.period_end = figure_periods.period_end
    inner join movers on movers.mover = tree_ancestors.ref_area
),

held as (
    select * from held_by_areas
    union
    select held_by_areas.tree, held_by_areas.time_period, held_by_areas.mover, tree_members.group_id as holder
    from held_by_areas
    inner join tree_members
        on tree_members.tree = held_by_areas.tree and tree_members.time_period = held_by_areas.time_period
        and tree_members.member = held_by_areas.holder
),

crossings as (
    select held.holder as ref_area, later.indicator, later.time_period, later.part, later.day
    from later
    inner join indicator_trees on indicator_trees.indicator = later.indicator
    inner join held
        on held.tree = indicator_trees.tree and held.time_period = later.time_period
        and held.mover in (later.from_area, later.to_area)
    group by held.holder, later.indicator, later.time_period, later.part, later.day
    having count(distinct held.mover) = 1
),

own_days as (
    select from_area as ref_area, day from transfers
    union
    select to_area as ref_area, day from transfers
),

crossed as (
    select distinct crossings.ref_area, crossings.indicator, crossings.time_period
    from crossings
    left join own_days on own_days.ref_area = crossings.ref_area and own_days.day = crossings.day
    where own_days.day is null
),

newest_relations as (
    select
        indicator_trees.tree, area_relations.child, area_relations.parent, area_relations.valid_to,
        row_number() over (
            partition by indicator_trees.tree, area_relations.child order by area_relations.valid_from desc nulls last
        ) as place
    from area_relations
    inner join (select distinct tree from indicator_trees) as indicator_trees
        on area_relations.indicator is null or area_relations.indicator = indicator_trees.tree
    where area_relations.relation = 'part_of'
),

newest_members as (
    select
        indicator_trees.tree, area_group_members.member, area_group_members.group_id, area_group_members.valid_to,
        row_number() over (
            partition by indicator_trees.tree, area_group_members.group_id, area_group_members.member
            order by area_group_members.valid_from desc nulls last
        ) as place
    from area_group_members
    inner join (select distinct tree from indicator_trees) as indicator_trees
        on area_group_members.indicator is null or area_group_members.indicator = indicator_trees.tree
),

-- What belongs to what, on the last day of each period and today.
belongings as (
    select tree, cast(period_end as varchar) as on_day, child as ref_area, parent as holder
    from tree_edges
    where relation = 'part_of'
    union
    select figure_periods.tree, cast(figure_periods.period_end as varchar), tree_members.member, tree_members.group_id
    from figure_periods
    inner join tree_members
        on tree_members.tree = figure_periods.tree and tree_members.time_period = figure_periods.time_period
    union
    select newest.tree, 'today', newest.child, newest.parent
    from newest_relations as newest
    cross join knowledge
    where newest.place = 1 and (newest.valid_to is null or newest.valid_to > cast(knowledge.as_of as date))
    union
    select newest.tree, 'today', newest.member, newest.group_id
    from newest_members as newest
    cross join knowledge
    where newest.place = 1 and (newest.valid_to is null or newest.valid_to > cast(knowledge.as_of as date))
),

inside as (
    select tree, on_day, ref_area, holder, cast(1 as bigint) as depth
    from belongings
    union all
    select inside.tree, inside.on_day, inside.ref_area, above.holder, inside.depth + 1 as depth
    from inside
    inner join belongings as above
        on above.tree = inside.tree and above.on_day = inside.on_day and above.ref_area = inside.holder
    where inside.depth < 60
),

contents as (
    select distinct tree, on_day, ref_area, holder from inside
),

-- The outermost area has what it had, however its parts are cut; not if one of them left it or joined it.
outermost as (
    select distinct parents.tree, cast(parents.period_end as varchar) as on_day, parents.parent as holder
    from tree_edges as parents
    left join tree_edges as above
        on above.tree = parents.tree and above.period_end = parents.period_end and above.child = parents.parent
    where above.child is null
),

-- What the catalog still has today, or had already then, has left or joined; what ended or began is only cut otherwise.
standing_today as (
    select distinct areas.ref_area
    from areas
    cross join knowledge
    where areas.valid_to is null or areas.valid_to > cast(knowledge.as_of as date)
),

standing_then as (
    select distinct areas.ref_area, cast(figure_periods.period_end as varchar) as on_day
    from (select distinct period_end from figure_periods) as figure_periods
    inner join areas
        on (areas.valid_from is null or areas.valid_from <= figure_periods.period_end)
        and (areas.valid_to is null or areas.valid_to > figure_periods.period_end)
),

lost as (
    select before.tree, before.on_day, before.holder, standing_today.ref_area is not null as was_other
    from contents as before
    left join contents as today
        on today.tree = before.tree and today.on_day = 'today' and today.ref_area = before.ref_area
        and today.holder = before.holder
    left join standing_today on standing_today.ref_area = before.ref_area
    where before.on_day <> 'today' and today.holder is null
),

gained as (
    select
        figure_periods.tree, cast(figure_periods.period_end as varchar) as on_day, today.holder,
        standing_then.ref_area is not null as was_other
    from figure_periods
    inner join contents as today on today.tree = figure_periods.tree and today.on_day = 'today'
    left join contents as before
        on before.tree = today.tree and before.on_day = cast(figure_periods.period_end as varchar)
        and before.ref_area = today.ref_area and before.holder = today.holder
    left join standing_then
        on standing_then.ref_area = today.ref_area
        and standing_then.on_day = cast(figure_periods.period_end as varchar)
    where before.holder is null
),

changed as (
    select * from lost
    union
    select * from gained
),

reshaped as (
    select distinct changed.tree, changed.on_day, changed.holder
    from changed
    left join outermost
        on outermost.tree = changed.tree and outermost.on_day = changed.on_day and outermost.holder = changed.holder
    where outermost.holder is null or changed.was_other
),

judged as (
    select
        figures.*, coalesce(sums.moves, 0) as moves, sums.moved_out, sums.moved_in, sums.parts,
        case
            when sums.moves is not null and not figures.complete then 'incomplete'
            when crossed.ref_area is not null then 'level_missing'
            when sums.moves is null and reshaped.holder is not null then 'areas_changed'
            else sums.obstacle
        end as obstacle
    from figures
    left join sums
        on sums.ref_area = figures.ref_area and sums.indicator = figures.indicator
        and sums.time_period = figures.time_period
    left join crossed
        on crossed.ref_area = figures.ref_area and crossed.indicator = figures.indicator
        and crossed.time_period = figures.time_period
    left join reshaped
        on reshaped.tree = figures.tree and reshaped.on_day = cast(figures.period_end as varchar)
        and reshaped.holder = figures.ref_area
    where figures.value is not null
)

select
    ref_area, indicator, time_period, period_end, value as value_then,
    case when obstacle is null then coalesce(moved_out, 0) end as moved_out,
    case when obstacle is null then coalesce(moved_in, 0) end as moved_in,
    case when obstacle is null then value - coalesce(moved_out, 0) + coalesce(moved_in, 0) end as value_now,
    moves, parts, obstacle as reason_code, complete
from judged
