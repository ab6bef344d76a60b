-- name: vintages
-- grain: one row for each ref_area, indicator, time_period, vintage and edition of the reporter whose value is current
-- inputs: standing, current_values
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

current as (
    select ref_area, indicator, time_period, reporter, source, id
    from current_values
),

of_reporter as (
    select figures.*, figures.source = current.source and figures.id = current.id as current
    from figures
    inner join current
        on current.ref_area = figures.ref_area and current.indicator = figures.indicator
        and current.time_period = figures.time_period and current.reporter = figures.reporter
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
