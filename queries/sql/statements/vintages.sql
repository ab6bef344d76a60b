-- name: vintages
-- grain: one row for each ref_area, indicator, time_period, vintage and edition of the reporter whose value is current; editions also of reporters of the same precedence
-- inputs: standing, current_values, reporters
-- rules: 7, 8
-- materialise: yes
-- narrows: ref_area, indicator, time_period
-- zh: 每个现行数值已知的各发布版本和版次。
-- en: Every release of a current value that is known: the readings that its vintages allow.
-- column ref_area text: 地区或组 | Area or group code.
-- column indicator text: 指标 | Indicator.
-- column time_period text: 时期 | SDMX time period.
-- column vintage text: 发布版本 | Which release; null = not said.
-- column amount exact: 数值（基本单位） | The value in the plain unit.
-- column current bool: 是否现行 | Whether it is the current value.
-- column known_at instant: 获知时间 | When it became known.
-- column source text: 来源 | CloudEvents source.
-- column id text: 事件编号 | CloudEvents id.
-- column edition text: 版次 | Edition of a publication series; null = not said.
-- column newest_of_edition bool: 是否该版次最新 | Whether it is the newest value of its edition.
with figures as (
    select
        ref_area, indicator, time_period, reporter, source, id, vintage, edition, amount, known_at,
        recorded_at, "offset", "index"
    from standing
    where withdrawn_at is null and amount is not null
),

precedences as (
    select reporter, min(precedence) as precedence
    from reporters
    group by reporter
),

current as (
    select
        current_values.ref_area, current_values.indicator, current_values.time_period, current_values.reporter,
        current_values.source, current_values.id, precedences.precedence
    from current_values
    left join precedences on precedences.reporter = current_values.reporter
),

of_reporter as (
    select figures.*, figures.source = current.source and figures.id = current.id as current
    from figures
    inner join current
        on current.ref_area = figures.ref_area and current.indicator = figures.indicator
        and current.time_period = figures.time_period
    left join precedences on precedences.reporter = figures.reporter
-- Two reporters of one precedence may send the same edition: either one will do.
    where current.reporter = figures.reporter
        or (figures.edition is not null and precedences.precedence is not distinct from current.precedence)
),

ranked as (
    select
        *,
        row_number() over (
            partition by ref_area, indicator, time_period, vintage, edition
            order by current desc, known_at desc, recorded_at desc, source, "offset" desc, "index" desc
        ) as place,
        row_number() over (
            partition by ref_area, indicator, time_period, edition
            order by current desc, known_at desc, recorded_at desc, source, "offset" desc, "index" desc
        ) as place_in_edition
    from of_reporter
)

select ref_area, indicator, time_period, vintage, amount, current, known_at, source, id, edition,
    place_in_edition = 1 as newest_of_edition
from ranked
where place = 1
