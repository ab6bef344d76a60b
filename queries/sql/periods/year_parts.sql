-- name: year_parts
-- grain: one row for each reported part of a year of a flow: ref_area, indicator, year, time_period
-- inputs: current_values, indicators
-- rules: 6
-- materialise: yes
-- narrows: ref_area, indicator
-- zh: 流量指标一年之内各期的报送值。
-- en: What was reported of parts of a year, for flows: periods within it.
-- column ref_area text: 地区或组 | Area or group code.
-- column indicator text: 指标 | Indicator.
-- column year text: 年度 | The year.
-- column time_period text: 时期 | SDMX time period of the part.
-- column period_kind text: 时期类型 | Shape of time_period.
-- column first_day date: 首日 | Its first day.
-- column last_day date: 末日 | Its last day.
-- column by_days bool: 是否不以整月起止 | true where it does not begin and end with a month, as a week; else null. The columns of months are null then.
-- column after_month bigint: 起始月之前的月份 | The month after which it begins; 0 = it begins in January.
-- column to_month bigint: 截止月份 | The month with which it ends.
-- column place bigint: 同起止期中的次序 | 1 = counts; the others say something of the same months: a range beside a quarter.
-- column steps bigint: 起止标记 | Its first and last month as bits: 13 + after_month, and to_month.
-- column within bigint: 期内标记 | The bits at which another part would begin or end inside it.
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
with reported as (
    select
        current_values.*, substr(cast(current_values.period_end as varchar), 1, 4) as year,
        extract(day from current_values.period_start) = 1
            and substr(cast(current_values.period_end + interval '1 day' as varchar), 9, 2) = '01' as by_months
    from current_values
    inner join indicators on indicators.indicator = current_values.indicator and indicators.over_time = 'sum'
    where current_values.period_kind <> 'A' and current_values.amount is not null
        and extract(year from current_values.period_start) = extract(year from current_values.period_end)
),

parts as (
    select
        *,
        case when by_months then cast(extract(month from period_start) as bigint) - 1 end as after_month,
        case when by_months then cast(extract(month from period_end) as bigint) end as to_month
    from reported
)

select
    ref_area, indicator, year, time_period, period_kind, period_start as first_day, period_end as last_day,
    case when not by_months then true end as by_days, after_month, to_month,
-- A half-year, a quarter or a month before a range of the same days.
    row_number() over (
        partition by ref_area, indicator, year, period_start, period_end
        order by case when period_kind = 'R' then 2 else 1 end, time_period
    ) as place,
    (cast(1 as bigint) << (13 + after_month)) + (cast(1 as bigint) << to_month) as steps,
    (cast(1 as bigint) << (13 + to_month)) - (cast(1 as bigint) << (14 + after_month))
        + (cast(1 as bigint) << to_month) - (cast(1 as bigint) << (after_month + 1)) as within,
    amount, obs_status, vintage, basis, reporter, source, id, known_at, demo,
    coalesce(obs_status in ('E', 'I', 'F') or vintage = 'estimated', false) as estimated,
    edition, last_digit
from parts
