-- name: period_values
-- grain: one row for each ref_area, indicator, time_period
-- inputs: current_values, indicators, periods, year_cover_parts
-- rules: 6, 7
-- materialise: yes
-- narrows: ref_area, indicator, time_period
-- zh: 各时期数值：年度值取年报，否则取全年累计、两个半年、四个季度、十二个月，否则取恰好合成一年的各分期。
-- en: Values by period. A year is the annual value, else January to December, else two half-years, four quarters or twelve months, else other parts that make the year without gap or overlap.
-- column ref_area text: 地区或组 | Area or group code.
-- column indicator text: 指标 | Indicator.
-- column time_period text: 时期 | SDMX time period.
-- column period_kind text: 时期类型 | Shape of time_period.
-- column period_start date: 首日 | First day.
-- column period_end date: 末日 | Last day.
-- column amount exact: 数值（基本单位） | The value in the plain unit; null with an obs_status that says why.
-- column method text: 取值方法 | reported, year_to_date, semesters, quarters, months, parts (of several lengths), period_end, carried, or partial (of the year).
-- column months_reported int: 已含月数 | Months that were reported: of a flow those that the value covers, 0 without a value; of a stock until its day. Null for periods that do not consist of whole months.
-- column months_expected int: 应含月数 | Months of the period; null where it does not consist of whole months.
-- column obs_status text: 数值状态 | SDMX observation status.
-- column vintage text: 发布版本 | Which release; mixed where the parts differ.
-- column basis text: 基准 | Benchmark; mixed where the parts differ.
-- column origin_period text: 来源时期 | Period of the one observation it comes from; null for a sum.
-- column reporter text: 报送单位 | Who reported it; null where several did.
-- column known_at instant: 获知时间 | When the last of its parts became known.
-- column demo bool: 是否含演示数据 | Whether some part is illustrative.
-- column part_kind text: 分期类型 | Where it is a sum: S of half-years, Q of quarters, M of months, P of parts of several lengths; else null.
-- column estimated bool: 是否含估计数 | Whether some report in it is an estimate: obs_status E, I or F, or vintage estimated.
-- column edition text: 版次 | Edition of a publication series; mixed where the parts differ.
-- column last_digit exact: 末位单位 | What one in the last digits as sent is worth, in the plain unit; of a sum those of its parts together.
with current as (
    select
        current_values.*, indicators.over_time,
        coalesce(current_values.obs_status in ('E', 'I', 'F') or current_values.vintage = 'estimated', false)
            as estimated,
        substr(cast(current_values.period_end as varchar), 1, 4) as year,
        cast(extract(month from current_values.period_end) as int) as end_month,
        case
            when extract(day from current_values.period_start) = 1
                and substr(cast(current_values.period_end + interval '1 day' as varchar), 9, 2) = '01'
            then cast(
                (extract(year from current_values.period_end) - extract(year from current_values.period_start)) * 12
                + extract(month from current_values.period_end) - extract(month from current_values.period_start) + 1
                as int
            )
        end as months
    from current_values
    inner join indicators on indicators.indicator = current_values.indicator
),

same_period as (
    select
        ref_area, indicator, time_period, 'reported' as method,
-- The annual value comes before any sum of parts; one that says it is missing gives way to them.
        case when amount is null then 90 else 10 end as preference,
        case when amount is null then 0 else months end as months_reported, months as months_expected, amount, obs_status,
        vintage, basis, time_period as origin_period, reporter, known_at, demo, cast(null as varchar) as part_kind,
        estimated, edition, last_digit
    from current
),

sums as (
    select
        ref_area, indicator, time_period, method, months_covered, parts,
        cast(sum(amount) as decimal(38, 10)) as amount,
        min(obs_status) as min_status, max(obs_status) as max_status,
        min(coalesce(vintage, '')) as min_vintage, max(coalesce(vintage, '')) as max_vintage,
        min(coalesce(basis, '')) as min_basis, max(coalesce(basis, '')) as max_basis,
        min(part_period) as first_period, min(reporter) as min_reporter,
        max(reporter) as max_reporter, max(known_at) as known_at,
        bool_or(demo) as demo, bool_or(estimated) as estimated,
        min(coalesce(edition, '')) as min_edition, max(coalesce(edition, '')) as max_edition,
        cast(sum(last_digit) as decimal(38, 10)) as last_digit,
-- Of a part that does not begin and end with a month no length in months is said.
        min(coalesce(months, 0)) as shortest, max(coalesce(months, 0)) as longest
    from year_cover_parts
    group by ref_area, indicator, time_period, method, months_covered, parts
),

covered as (
    select
        ref_area, indicator, time_period, method,
        case when method = 'partial' then 50 else 20 end as preference,
        cast(months_covered as int) as months_reported, 12 as months_expected, amount,
        case when min_status = max_status then min_status else 'A' end as obs_status,
        case when min_vintage = max_vintage then nullif(min_vintage, '') else 'mixed' end as vintage,
        case when min_basis = max_basis then nullif(min_basis, '') else 'mixed' end as basis,
        case when parts = 1 then first_period end as origin_period,
        case when min_reporter = max_reporter then min_reporter end as reporter, known_at, demo,
        case
            when parts = 1 then null
            when shortest <> longest then 'P'
            when longest = 1 then 'M'
            when longest = 3 then 'Q'
            when longest = 6 then 'S'
            else 'P'
        end as part_kind,
        estimated, case when min_edition = max_edition then nullif(min_edition, '') else 'mixed' end as edition, last_digit
    from sums
),

period_end as (
    select
        ref_area, indicator, year as time_period,
-- A stock's value of the year is that of its last day; an earlier one is shown as carried, and not judged.
        case when end_month = 12 and extract(day from period_end) = 31 then 'period_end' else 'carried' end as method,
        case when end_month = 12 and extract(day from period_end) = 31 then 20 else 50 end as preference,
        end_month as months_reported, 12 as months_expected, amount, obs_status, vintage, basis,
        time_period as origin_period, reporter, known_at, demo, cast(null as varchar) as part_kind, estimated, edition,
        last_digit, period_end
    from current
    where over_time = 'last' and period_kind <> 'A' and amount is not null
),

candidates as (
    select *, cast(null as date) as at from same_period
    union all
    select *, cast(null as date) as at from covered
    union all
    select
        ref_area, indicator, time_period, method, preference, months_reported, months_expected, amount, obs_status,
        vintage, basis, origin_period, reporter, known_at, demo, part_kind, estimated, edition, last_digit,
        period_end as at
    from period_end
),

ranked as (
    select
        *,
        row_number() over (
            partition by ref_area, indicator, time_period
            order by preference, at desc nulls last, origin_period
        ) as place
    from candidates
)

select
    ranked.ref_area, ranked.indicator, ranked.time_period, periods.period_kind, periods.period_start,
    periods.period_end, ranked.amount, ranked.method, ranked.months_reported,
    ranked.months_expected, ranked.obs_status, ranked.vintage, ranked.basis, ranked.origin_period, ranked.reporter,
    ranked.known_at, ranked.demo, ranked.part_kind, coalesce(ranked.estimated, false) as estimated,
    ranked.edition, ranked.last_digit
from ranked
inner join periods on periods.time_period = ranked.time_period
where ranked.place = 1
