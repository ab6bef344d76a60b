-- name: year_day_covers
-- grain: one row for each ref_area, indicator and year of a flow that parts fill day by day, path and part
-- inputs: year_parts
-- rules: 6
-- materialise: yes
-- narrows: ref_area, indicator
-- empty without: year_parts.by_days
-- zh: 一年由哪些不全以整月起止的分期逐日覆盖：不漏一天，不重一天。
-- en: Which parts fill a year day by day, without a gap or an overlap, where some do not begin and end with a month.
-- column ref_area text: 地区或组 | Area or group code.
-- column indicator text: 指标 | Indicator.
-- column year text: 年度 | The year.
-- column path text: 取法 | direct = no part that lies in another; finest = no part that another lies in.
-- column part_period text: 分期 | SDMX time period of the part.
-- column first_day date: 首日 | Its first day.
with parts as (
    select year_parts.*
    from year_parts
    inner join (select distinct ref_area, indicator, year from year_parts where by_days) as years
        on years.ref_area = year_parts.ref_area and years.indicator = year_parts.indicator
        and years.year = year_parts.year
    where year_parts.place = 1
),

nested as (
    select
        *,
-- It lies in another if one that begins no later ends no earlier, and one lies in it if one that ends no later begins no earlier.
        max(last_day) over (
            partition by ref_area, indicator, year order by first_day, last_day desc
            rows between unbounded preceding and 1 preceding
        ) as ended,
        max(first_day) over (
            partition by ref_area, indicator, year order by last_day, first_day desc
            rows between unbounded preceding and 1 preceding
        ) as began
    from parts
),

paths as (
    select ref_area, indicator, year, 'direct' as path, time_period, first_day, last_day
    from nested
    where ended is null or last_day > ended
    union all
    select ref_area, indicator, year, 'finest' as path, time_period, first_day, last_day
    from nested
    where began is null or first_day > began
),

in_order as (
    select
        *,
        lag(cast(last_day + interval '1 day' as date)) over (
            partition by ref_area, indicator, year, path order by first_day
        ) as expected
    from paths
),

filled as (
    select ref_area, indicator, year, path
    from in_order
    group by ref_area, indicator, year, path
    having substr(cast(min(first_day) as varchar), 6, 5) = '01-01' and substr(cast(max(last_day) as varchar), 6, 5) = '12-31'
        and max(case when first_day = expected or expected is null then 0 else 1 end) = 0
)

select in_order.ref_area, in_order.indicator, in_order.year, in_order.path, in_order.time_period as part_period, in_order.first_day
from in_order
inner join filled
    on filled.ref_area = in_order.ref_area and filled.indicator = in_order.indicator
    and filled.year = in_order.year and filled.path = in_order.path
