-- name: year_cover_parts
-- grain: one row for each ref_area, indicator and year of a flow of which parts were reported, and each part that its value is taken from
-- inputs: year_covers, year_day_covers, year_parts
-- rules: 6
-- materialise: yes
-- narrows: ref_area, indicator, time_period
-- empty without: year_parts
-- zh: 全年取值所用的各个分期。
-- en: The parts of a year that its value is taken from.
-- column ref_area text: 地区或组 | Area or group code.
-- column indicator text: 指标 | Indicator.
-- column time_period text: 年度 | The year.
-- column part_period text: 分期 | SDMX time period of the part.
-- column method text: 方法 | year_to_date, semesters, quarters, months, parts (as in period_values), or partial: they do not fill the year.
-- column months_covered bigint: 已含月数 | Months that the parts cover together, of 12.
-- column parts bigint: 分期数 | How many parts they are.
-- column months bigint: 月数 | Months of this part; null where it does not begin and end with a month.
-- column amount exact: 数值（基本单位） | The value in the plain unit.
-- column obs_status text: 数值状态 | SDMX observation status.
-- column vintage text: 发布版本 | Which release.
-- column basis text: 基准 | Benchmark.
-- column reporter text: 报送单位 | Who reported it.
-- column source text: 来源 | CloudEvents source of the event.
-- column id text: 事件编号 | CloudEvents id of the event.
-- column known_at instant: 获知时间 | When it became known.
-- column demo bool: 是否含演示数据 | Whether it is illustrative.
-- column estimated bool: 是否估计数 | Whether it is an estimate.
-- column edition text: 版次 | Edition of a publication series; null = not said.
-- column last_digit exact: 末位单位 | What one in the last digit as sent is worth, in the plain unit.
with by_days as (
    select ref_area, indicator, year, part_period, row_number() over whole as place, count(*) over cover as parts
    from (
        select
            *,
-- The direct cover, or where its parts overlap, the finest.
            min(path) over (partition by ref_area, indicator, year) as taken
        from year_day_covers
    ) as covers
    where path = taken
    window cover as (partition by ref_area, indicator, year),
        whole as (partition by ref_area, indicator, year order by first_day)
),

covers as (
    select
        year_covers.ref_area, year_covers.indicator, year_covers.time_period, year_covers.path,
        case
-- Only what covers the year without a gap and without an overlap is the year. A part is never scaled up.
            when year_covers.months_covered < 12 then 'partial'
            when year_covers.parts = 1 then 'year_to_date'
            when year_covers.path = year_covers.semesters then 'semesters'
            when year_covers.path = year_covers.quarters then 'quarters'
            when year_covers.path = year_covers.months then 'months'
            else 'parts'
        end as method,
        year_covers.months_covered, year_covers.parts
    from year_covers
    left join by_days
        on by_days.ref_area = year_covers.ref_area and by_days.indicator = year_covers.indicator
        and by_days.year = year_covers.time_period and by_days.place = 1
-- Whole months that fill the year go before days.
    where year_covers.months_covered = 12 or by_days.place is null
),

taken as (
    select
        covers.ref_area, covers.indicator, covers.time_period, year_parts.time_period as part_period, covers.method,
        covers.months_covered, covers.parts
    from covers
-- A part is in the sum if the path begins and ends with it, and neither begins nor ends another inside it.
    inner join year_parts
        on year_parts.ref_area = covers.ref_area and year_parts.indicator = covers.indicator
        and year_parts.year = covers.time_period
    where year_parts.place = 1 and covers.path & year_parts.steps = year_parts.steps
        and covers.path & year_parts.within = 0
    union all
    select
        by_days.ref_area, by_days.indicator, by_days.year as time_period, by_days.part_period, 'parts' as method,
        12 as months_covered, by_days.parts
    from by_days
    left join year_covers
        on year_covers.ref_area = by_days.ref_area and year_covers.indicator = by_days.indicator
        and year_covers.time_period = by_days.year and year_covers.months_covered = 12
    where year_covers.time_period is null
)

select
    taken.ref_area, taken.indicator, taken.time_period, taken.part_period, taken.method, taken.months_covered,
    taken.parts, year_parts.to_month - year_parts.after_month as months, year_parts.amount, year_parts.obs_status,
    year_parts.vintage, year_parts.basis, year_parts.reporter, year_parts.source, year_parts.id, year_parts.known_at,
    year_parts.demo, year_parts.estimated, year_parts.edition, year_parts.last_digit
from taken
inner join year_parts
    on year_parts.ref_area = taken.ref_area and year_parts.indicator = taken.indicator
    and year_parts.year = taken.time_period and year_parts.time_period = taken.part_period
