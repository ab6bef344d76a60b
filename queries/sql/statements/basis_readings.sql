-- name: basis_readings
-- grain: one row for each ref_area, indicator, time_period and benchmark of the reporter whose value is current
-- inputs: standing, current_values, bases
-- rules: 7, 12
-- materialise: yes
-- narrows: ref_area, indicator, time_period
-- zh: 每个单元格在各基准下最新的报送值。
-- en: The newest value of a cell on each benchmark on which its reporter gave one.
-- column ref_area text: 地区或组 | Area or group code.
-- column indicator text: 指标 | Indicator.
-- column time_period text: 时期 | SDMX time period.
-- column basis text: 基准 | Benchmark, from the event or derived from the catalog; null = none.
-- column vintage text: 发布版本 | Which release; null = not said.
-- column amount exact: 数值（基本单位） | The value in the plain unit.
-- column is_current bool: 是否现行 | Whether it is the current value of the cell.
-- column known_at instant: 获知时间 | When it became known.
-- column edition text: 版次 | Edition of a publication series; null = not said.
with figures as (
    select *
    from standing
    where withdrawn_at is null and amount is not null
),

of_reporter as (
    select figures.*, figures.source = current.source and figures.id = current.id as is_current
    from figures
    inner join current_values as current
        on current.ref_area = figures.ref_area and current.indicator = figures.indicator
        and current.time_period = figures.time_period and current.reporter = figures.reporter
),

own_bases as (
-- An area with rows of its own for an indicator has only those.
    select distinct indicator, ref_area
    from bases
    where ref_area is not null
),

with_basis as (
    select
        of_reporter.ref_area, of_reporter.indicator, of_reporter.time_period,
        coalesce(of_reporter.stated_basis, bases.basis) as basis, of_reporter.vintage, of_reporter.amount,
        of_reporter.is_current, of_reporter.known_at, of_reporter.recorded_at, of_reporter.source,
        of_reporter."offset", of_reporter."index", of_reporter.edition
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
            partition by ref_area, indicator, time_period, basis
            order by is_current desc, known_at desc, recorded_at desc, source, "offset" desc, "index" desc
        ) as place
    from with_basis
)

select ref_area, indicator, time_period, basis, vintage, amount, is_current, known_at, edition
from ranked
where place = 1
