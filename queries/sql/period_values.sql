-- name: period_values
-- grain: one row for each ref_area, indicator, time_period
-- inputs: current_values, indicators, periods
-- rules: 6, 7
-- materialise: yes
-- zh: 各时期数值：年度值取年报，否则取累计、四个季度、十二个月，从不混用。
-- en: Values by period. A year is the annual value, else year to date, else four quarters, else twelve months; never mixed.
-- column ref_area text: 地区或组 | Area or group code.
-- column indicator text: 指标 | Indicator.
-- column time_period text: 时期 | SDMX time period.
-- column period_kind text: 时期类型 | Shape of time_period.
-- column period_start date: 首日 | First day.
-- column period_end date: 末日 | Last day.
-- column amount exact: 数值（基本单位） | The value in the plain unit; null with an obs_status that says why.
-- column method text: 取值方法 | reported, year_to_date, quarters, months, period_end, carried, or partial (of the year).
-- column months_reported int: 已含月数 | Months of the period that the value covers.
-- column months_expected int: 应含月数 | Months of the period.
-- column obs_status text: 数值状态 | SDMX observation status.
-- column vintage text: 发布版本 | Which release; mixed where the parts differ.
-- column basis text: 基准 | Benchmark; mixed where the parts differ.
-- column origin_period text: 来源时期 | Period of the one observation it comes from; null for a sum.
-- column reporter text: 报送单位 | Who reported it; null where several did.
-- column known_at instant: 获知时间 | When the last of its parts became known.
-- column demo bool: 是否含演示数据 | Whether some part is illustrative.
-- column part_kind text: 分期类型 | Where it is a sum: Q of quarters, M of months; else null.
-- column estimated bool: 是否含估计数 | Whether some report in it is an estimate: obs_status E, I or F, or vintage estimated.
with current as (
    select
        current_values.*, indicators.over_time,
        coalesce(current_values.obs_status in ('E', 'I', 'F') or current_values.vintage = 'estimated', false)
            as estimated,
        substr(cast(current_values.period_end as varchar), 1, 4) as year,
        extract(month from current_values.period_start) = 1 and extract(day from current_values.period_start) = 1
            as from_january,
        cast(extract(month from current_values.period_end) as int) as end_month
    from current_values
    inner join indicators on indicators.indicator = current_values.indicator
),

same_period as (
    select
        ref_area, indicator, time_period, 'reported' as method,
-- The annual value comes before any sum of parts; one that says it is missing gives way to them.
        case when amount is null then 90 else 10 end as preference,
        12 as months_reported, amount, obs_status, vintage, basis, time_period as origin_period, reporter, known_at, demo,
        cast(null as varchar) as part_kind, estimated
    from current
),

year_to_date as (
    select
        ref_area, indicator, year as time_period,
        case when end_month = 12 then 'year_to_date' else 'partial' end as method,
-- January to December is the year. Up to an earlier month it is a part, never scaled up.
        case when end_month = 12 then 20 else 50 end as preference,
        end_month as months_reported, amount, obs_status, vintage, basis, time_period as origin_period, reporter,
        known_at, demo, cast(null as varchar) as part_kind, estimated
    from current
    where over_time = 'sum' and period_kind = 'R' and from_january and amount is not null
        and extract(year from period_start) = extract(year from period_end)
        and substr(cast(period_end + interval '1 day' as varchar), 9, 2) = '01'
),

parts as (
    select
        ref_area, indicator, year as time_period, period_kind,
        case when period_kind = 'Q' then 3 else 1 end as months,
        amount, obs_status, vintage, basis, reporter, known_at, demo, estimated
    from current
    where over_time = 'sum' and period_kind in ('Q', 'M') and amount is not null
),

sums as (
    select
        ref_area, indicator, time_period,
        case
-- Quarters and months are never mixed in one sum: each kind is added by itself and then compared.
            when sum(months) < 12 then 'partial'
            when period_kind = 'Q' then 'quarters'
            else 'months'
        end as method,
        case when sum(months) < 12 then 60 when period_kind = 'Q' then 30 else 40 end as preference,
        cast(sum(months) as int) as months_reported,
        cast(sum(amount) as decimal(38, 10)) as amount,
        case when min(obs_status) = max(obs_status) then min(obs_status) else 'A' end as obs_status,
        case when min(coalesce(vintage, '')) = max(coalesce(vintage, '')) then min(vintage) else 'mixed' end as vintage,
        case when min(coalesce(basis, '')) = max(coalesce(basis, '')) then min(basis) else 'mixed' end as basis,
        cast(null as varchar) as origin_period,
        case when min(reporter) = max(reporter) then min(reporter) end as reporter,
        max(known_at) as known_at, bool_or(demo) as demo, period_kind as part_kind,
        bool_or(estimated) as estimated
    from parts
    group by ref_area, indicator, time_period, period_kind
),

period_end as (
    select
        ref_area, indicator, year as time_period,
-- A stock's value of the year is that of its last day; an earlier one is shown as carried, and not judged.
        case when end_month = 12 and extract(day from period_end) = 31 then 'period_end' else 'carried' end as method,
        case when end_month = 12 and extract(day from period_end) = 31 then 20 else 50 end as preference,
        12 as months_reported, amount, obs_status, vintage, basis, time_period as origin_period, reporter, known_at,
        demo, cast(null as varchar) as part_kind, estimated, period_end
    from current
    where over_time = 'last' and period_kind <> 'A' and amount is not null
),

candidates as (
    select *, cast(null as date) as at from same_period
    union all
    select *, cast(null as date) as at from year_to_date
    union all
    select *, cast(null as date) as at from sums
    union all
    select
        ref_area, indicator, time_period, method, preference, months_reported, amount, obs_status, vintage, basis,
        origin_period, reporter, known_at, demo, part_kind, estimated, period_end as at
    from period_end
),

ranked as (
    select
        *,
        row_number() over (
            partition by ref_area, indicator, time_period
            order by
-- If only parts of the year are known, the part that covers most months is used.
                case when preference in (50, 60) then 50 else preference end, months_reported desc,
                at desc nulls last, preference, part_kind desc nulls last, origin_period
        ) as place
    from candidates
)

select
    ranked.ref_area, ranked.indicator, ranked.time_period, periods.period_kind, periods.period_start,
    periods.period_end, ranked.amount, ranked.method, ranked.months_reported,
    12 as months_expected, ranked.obs_status, ranked.vintage, ranked.basis, ranked.origin_period, ranked.reporter,
    ranked.known_at, ranked.demo, ranked.part_kind, coalesce(ranked.estimated, false) as estimated
from ranked
inner join periods on periods.time_period = ranked.time_period
where ranked.place = 1
