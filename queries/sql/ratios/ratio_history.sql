-- name: ratio_history
-- grain: one row for each area, ratio, time_period and span of time in which one pair of reports made it
-- inputs: observation_history, statements, editions, indicators
-- rules: 1, 7
-- materialise: no
-- narrows: ref_area, indicator, time_period alone
-- at once: 50000
-- zh: 比率沿革：分子、分母均由本级报送的，在何时以哪一对数值为准。
-- en: Ratios by the time they were known, where a place reports both parts for the period itself: which pair made it from when to when, within one edition where one has both.
-- column ref_area text: 地区或组 | Area or group code.
-- column indicator text: 比率指标 | The ratio; its denominator is of the same date.
-- column time_period text: 时期 | SDMX time period.
-- column known_from instant: 自此为准 | From when the pair made it.
-- column known_to instant: 至此为准；空为至今 | Until when (exclusive); null = it still does.
-- column value exact: 比率 | numerator × factor ÷ denominator, rounded to 10 digits.
-- column numerator exact: 分子 | Amount above the line, in the plain unit.
-- column denominator exact: 分母 | Amount below the line, in the plain unit.
-- column numerator_vintage text: 分子版本 | Which release of the numerator.
-- column denominator_vintage text: 分母版本 | Which release of the denominator.
-- column numerator_edition text: 分子版次 | Edition of the numerator.
-- column denominator_edition text: 分母版次 | Edition of the denominator.
-- column edition text: 版次 | Edition of both; mixed where they are of two, or one of none, because no edition had both.
with formulas as (
    select indicator, numerator as numerator_indicator, denominator as denominator_indicator, factor
    from indicators
    where kind = 'ratio' and denominator_date = 'same_end'
),

spans as (
    select
        formulas.indicator, formulas.factor, formulas.numerator_indicator, formulas.denominator_indicator,
        above.ref_area, above.time_period,
        case when below.known_from > above.known_from then below.known_from else above.known_from end as known_from,
        case
            when above.known_to is null then below.known_to
            when below.known_to is null or above.known_to < below.known_to then above.known_to
            else below.known_to
        end as known_to,
        above.amount as numerator, below.amount as denominator, above.vintage as numerator_vintage,
        below.vintage as denominator_vintage, above.edition as numerator_edition,
        below.edition as denominator_edition, above.reporter as numerator_reporter,
        below.reporter as denominator_reporter, above.source as numerator_source, above.id as numerator_id,
        below.source as denominator_source, below.id as denominator_id
    from formulas
    inner join observation_history as above on above.indicator = formulas.numerator_indicator
    inner join observation_history as below
        on below.indicator = formulas.denominator_indicator and below.ref_area = above.ref_area
        and below.time_period = above.time_period
    where (above.known_to is null or below.known_from < above.known_to)
        and (below.known_to is null or above.known_from < below.known_to)
        and above.amount is not null and below.amount is not null
),

-- What an edition says may be withdrawn while another one counts.
points as (
    select spans.*, spans.known_from as point
    from spans
    union
    select spans.*, statements.withdrawn_at as point
    from spans
    inner join statements
        on statements.ref_area = spans.ref_area and statements.time_period = spans.time_period
        and statements.indicator in (spans.numerator_indicator, spans.denominator_indicator)
        and statements.withdrawn_at > spans.known_from
    where (spans.numerator_edition is distinct from spans.denominator_edition)
        and (spans.known_to is null or statements.withdrawn_at < spans.known_to)
),

pieces as (
    select
        *,
        coalesce(
            lead(point) over (partition by indicator, ref_area, time_period, known_from order by point), known_to
        ) as point_to
    from points
),

within_editions as (
    select
        pieces.indicator, pieces.ref_area, pieces.time_period, pieces.point, above.edition,
        above.amount as numerator, below.amount as denominator, above.vintage as numerator_vintage,
        below.vintage as denominator_vintage, above.source as numerator_source, above.id as numerator_id,
        below.source as denominator_source, below.id as denominator_id,
        row_number() over (
            partition by pieces.indicator, pieces.ref_area, pieces.time_period, pieces.point
            order by
                editions.published desc nulls last, above.edition desc, above.known_at desc, above.recorded_at desc,
                above.source, above."offset" desc, above."index" desc, below.known_at desc, below.recorded_at desc,
                below.source, below."offset" desc, below."index" desc
        ) as place
    from pieces
    inner join statements as above
        on above.ref_area = pieces.ref_area and above.time_period = pieces.time_period
        and above.indicator = pieces.numerator_indicator and above.reporter = pieces.numerator_reporter
        and above.known_at <= pieces.point and (above.withdrawn_at is null or above.withdrawn_at > pieces.point)
    inner join statements as below
        on below.ref_area = pieces.ref_area and below.time_period = pieces.time_period
        and below.indicator = pieces.denominator_indicator and below.reporter = pieces.denominator_reporter
        and below.known_at <= pieces.point and (below.withdrawn_at is null or below.withdrawn_at > pieces.point)
        and below.edition = above.edition
    left join editions on editions.edition = above.edition
    where (pieces.numerator_edition is distinct from pieces.denominator_edition) and above.amount is not null
        and below.amount is not null
),

paired as (
    select
        pieces.ref_area, pieces.indicator, pieces.time_period, pieces.point, pieces.point_to, pieces.factor,
        case when one.place is null then pieces.numerator else one.numerator end as numerator,
        case when one.place is null then pieces.denominator else one.denominator end as denominator,
        case when one.place is null then pieces.numerator_vintage else one.numerator_vintage end as numerator_vintage,
        case when one.place is null then pieces.denominator_vintage else one.denominator_vintage end
            as denominator_vintage,
        case when one.place is null then pieces.numerator_edition else one.edition end as numerator_edition,
        case when one.place is null then pieces.denominator_edition else one.edition end as denominator_edition,
        case when one.place is null then pieces.numerator_source else one.numerator_source end as numerator_source,
        case when one.place is null then pieces.numerator_id else one.numerator_id end as numerator_id,
        case when one.place is null then pieces.denominator_source else one.denominator_source end
            as denominator_source,
        case when one.place is null then pieces.denominator_id else one.denominator_id end as denominator_id
    from pieces
    left join within_editions as one
        on one.indicator = pieces.indicator and one.ref_area = pieces.ref_area
        and one.time_period = pieces.time_period and one.point = pieces.point and one.place = 1
),

-- A report that changes no pair begins no row: the newest of an edition that has only one part.
compared as (
    select
        *,
        coalesce(
            lag(point_to) over cell = point
            and lag(numerator_source) over cell = numerator_source and lag(numerator_id) over cell = numerator_id
            and lag(denominator_source) over cell = denominator_source
            and lag(denominator_id) over cell = denominator_id,
            false
        ) as goes_on
    from paired
    where denominator > 0
    window cell as (partition by indicator, ref_area, time_period order by point)
),

runs as (
    select
        *,
        sum(case when goes_on then 0 else 1 end) over (
            partition by indicator, ref_area, time_period order by point
        ) as run
    from compared
)

select
    ref_area, indicator, time_period, min(point) as known_from,
    case when not bool_or(point_to is null) then max(point_to) end as known_to,
    try_cast(
        cast(cast(numerator as decimal(76, 10)) * cast(factor as decimal(20, 0)) as decimal(76, 30))
        / nullif(cast(denominator as decimal(76, 10)), 0)
        as decimal(38, 10)
    ) as value,
    numerator, denominator, numerator_vintage, denominator_vintage, numerator_edition, denominator_edition,
    case
        when numerator_edition = denominator_edition then numerator_edition
        when numerator_edition is distinct from denominator_edition then 'mixed'
    end as edition
from runs
group by
    ref_area, indicator, time_period, run, factor, numerator, denominator, numerator_vintage, denominator_vintage,
    numerator_edition, denominator_edition
