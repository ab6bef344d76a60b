-- name: edition_readings
-- grain: one row for each ref_area, indicator, time_period and edition of the reporters of the precedence that is current
-- inputs: standing, current_values, reporters, bases, powers_of_ten
-- rules: 7, 12
-- materialise: yes
-- narrows: ref_area, indicator, time_period
-- empty without: standing.edition
-- zh: 每个现行数值在各版次中的最新值。
-- en: The newest value of a cell in each edition in which its reporter, or one of the same precedence, gave one.
-- column ref_area text: 地区或组 | Area or group code.
-- column indicator text: 指标 | Indicator.
-- column time_period text: 时期 | SDMX time period.
-- column edition text: 版次 | Edition of a publication series.
-- column amount exact: 数值（基本单位） | The value in the plain unit.
-- column vintage text: 发布版本 | Which release.
-- column basis text: 基准 | Benchmark: as the event says, else by the catalog.
-- column is_current bool: 是否现行 | Whether it is the value that counts.
-- column known_at instant: 获知时间 | When it became known.
-- column estimated bool: 是否估计数 | Whether it is an estimate: obs_status E, I or F, or vintage estimated.
-- column last_digit exact: 末位单位 | What one in the last digit as sent is worth, in the plain unit.
-- column source text: 来源 | CloudEvents source of the event.
-- column id text: 事件编号 | CloudEvents id of the event.
with figures as (
    select *
    from standing
    where withdrawn_at is null and amount is not null and edition is not null
),

precedences as (
    select reporter, min(precedence) as precedence
    from reporters
    group by reporter
),

of_reporter as (
    select figures.*, figures.source = current.source and figures.id = current.id as is_current
    from figures
    inner join current_values as current
        on current.ref_area = figures.ref_area and current.indicator = figures.indicator
        and current.time_period = figures.time_period
    left join precedences on precedences.reporter = figures.reporter
    left join precedences as counts on counts.reporter = current.reporter
-- Two reporters of one precedence may send the same edition: either one will do.
    where current.reporter = figures.reporter or precedences.precedence is not distinct from counts.precedence
),

own_bases as (
-- An area with rows of its own for an indicator has only those.
    select distinct indicator, ref_area
    from bases
    where ref_area is not null
),

with_basis as (
    select
        of_reporter.ref_area, of_reporter.indicator, of_reporter.time_period, of_reporter.edition,
        coalesce(of_reporter.stated_basis, bases.basis) as basis, of_reporter.vintage, of_reporter.amount,
        of_reporter.obs_status, of_reporter.unit_mult, of_reporter.decimals, of_reporter.is_current,
        of_reporter.known_at, of_reporter.recorded_at, of_reporter.source, of_reporter.id, of_reporter."offset",
        of_reporter."index"
    from of_reporter
    left join own_bases
        on own_bases.indicator = of_reporter.indicator and own_bases.ref_area = of_reporter.ref_area
    left join bases
        on of_reporter.stated_basis is null and bases.indicator = of_reporter.indicator
        and (bases.ref_area is not distinct from own_bases.ref_area)
        and (bases.period_from is null or bases.period_from <= of_reporter.period_end)
        and (bases.period_to is null or bases.period_to > of_reporter.period_end)
        and (bases.known_from is null or bases.known_from <= of_reporter.known_at)
        and (bases.known_to is null or bases.known_to > of_reporter.known_at)
),

ranked as (
    select
        *,
        row_number() over (
            partition by ref_area, indicator, time_period, edition
            order by is_current desc, known_at desc, recorded_at desc, source, "offset" desc, "index" desc, basis
        ) as place
    from with_basis
)

select
    ranked.ref_area, ranked.indicator, ranked.time_period, ranked.edition, ranked.amount, ranked.vintage, ranked.basis,
    ranked.is_current, ranked.known_at,
    coalesce(ranked.obs_status in ('E', 'I', 'F') or ranked.vintage = 'estimated', false) as estimated,
    powers_of_ten.power as last_digit, ranked.source, ranked.id
from ranked
left join powers_of_ten on powers_of_ten.exponent = ranked.unit_mult - ranked.decimals
where ranked.place = 1
