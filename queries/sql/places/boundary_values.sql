-- name: boundary_values
-- grain: one row for each area, additive indicator and time_period with a value
-- inputs: area_values, indicators, area_moves
-- rules: 5
-- materialise: no
-- zh: 各地区的数值：按当时区划，以及按现行区划（其后划转的部分已调整）。
-- en: Values of areas as reported then, beside the same on today's boundaries: what went over after the period is taken off and added.
-- column ref_area text: 地区 | Area code.
-- column indicator text: 指标 | Additive indicator.
-- column time_period text: 时期 | SDMX time period.
-- column period_end date: 末日 | Last day.
-- column value_then exact: 当时数值 | The value on the boundaries of the period: that of area_values.
-- column moved_out exact: 其后划出 | What went over to other areas after the period.
-- column moved_in exact: 其后划入 | What came from other areas after the period.
-- column value_now exact: 按现行区划 | value_then − moved_out + moved_in; null where reason_code says why.
-- column moves bigint: 划转次数 | How many moves after the period concern the area.
-- column parts text: 划转部分 | Ids of the parts, separated by spaces.
-- column reason_code text: 无法换算的原因代码 | incomplete (the area's value, or that of which a share moved, is missing or partial), amount_unknown (the catalog says neither share nor value for the indicator), moved_again (a part moved twice and the catalog has only a share); null with a value.
with figures as (
    select area_values.*
    from area_values
    inner join indicators on indicators.indicator = area_values.indicator and indicators.over_areas = 'additive'
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

judged as (
    select
        figures.*, coalesce(sums.moves, 0) as moves, sums.moved_out, sums.moved_in, sums.parts,
        case
            when sums.moves is null then null
            when figures.value is null or not figures.complete then 'incomplete'
            else sums.obstacle
        end as obstacle
    from figures
    left join sums
        on sums.ref_area = figures.ref_area and sums.indicator = figures.indicator
        and sums.time_period = figures.time_period
    where figures.value is not null
)

select
    ref_area, indicator, time_period, period_end, value as value_then,
    case when obstacle is null then coalesce(moved_out, 0) end as moved_out,
    case when obstacle is null then coalesce(moved_in, 0) end as moved_in,
    case when obstacle is null then value - coalesce(moved_out, 0) + coalesce(moved_in, 0) end as value_now,
    moves, parts, obstacle as reason_code
from judged
