-- name: part_findings
-- grain: one row for each value that its parts, or what else was reported of the same days, do not give
-- inputs: current_values, period_values, indicators, year_covers, year_day_covers, year_parts
-- rules: 6
-- materialise: no
-- narrows: ref_area, indicator
-- zh: 数值与其各分期不符，或同一期间另报而不等。
-- en: What the parts of a period, or other reports of the same days, say against its value.
-- column finding text: 类别 | parts_differ, stocks_differ or parts_not_added, as in findings.
-- column severity text: 程度 | soft or info.
-- column ref_area text: 地区或组 | Area or group code.
-- column indicator text: 指标 | Indicator.
-- column time_period text: 时期 | SDMX time period.
-- column source text: 来源 | Source of the event that it is about; null where it is about a sum.
-- column id text: 事件编号 | Id of that event.
-- column amount exact: 数值 | The value that counts, in the plain unit.
-- column other_amount exact: 对照数值 | The value it is compared with.
-- column message_zh text: 说明 | What was found, in Chinese.
-- column message_en text: 说明（英文） | What was found, in English.
-- column rule text: 规则代码 | Always null: these checks are of no rule of the catalog.
-- column reporter text: 报送单位 | Whose value it is about.
-- column note text: 备注 | The note of the value that it is about.
with covers as (
    select ref_area, indicator, time_period, direct as path from year_covers where months_covered = 12
    union
    select ref_area, indicator, time_period, finest as path from year_covers where months_covered = 12
    union
    select ref_area, indicator, time_period, semesters as path from year_covers where semesters is not null
    union
    select ref_area, indicator, time_period, quarters as path from year_covers where quarters is not null
    union
    select ref_area, indicator, time_period, months as path from year_covers where months is not null
),

covering as (
    select
        covers.ref_area, covers.indicator, covers.time_period, cast(covers.path as varchar) as path, year_parts.amount,
        year_parts.to_month - year_parts.after_month as months, year_parts.time_period as part_period, year_parts.first_day
    from covers
    inner join year_parts
        on year_parts.ref_area = covers.ref_area and year_parts.indicator = covers.indicator
        and year_parts.year = covers.time_period
    where year_parts.place = 1 and covers.path & year_parts.steps = year_parts.steps
        and covers.path & year_parts.within = 0
    union all
    select
        year_day_covers.ref_area, year_day_covers.indicator, year_day_covers.year as time_period, year_day_covers.path,
        year_parts.amount, cast(0 as bigint) as months, year_parts.time_period as part_period, year_parts.first_day
    from year_day_covers
    inner join year_parts
        on year_parts.ref_area = year_day_covers.ref_area and year_parts.indicator = year_day_covers.indicator
        and year_parts.year = year_day_covers.year and year_parts.time_period = year_day_covers.part_period
),

part_sums as (
    select
        ref_area, indicator, time_period, cast(sum(amount) as decimal(38, 10)) as amount, count(*) as parts,
        min(months) as shortest, max(months) as longest,
        case
            when count(*) <= 12 then string_agg(part_period, ' + ' order by first_day)
            else min(part_period) || ' … ' || max(part_period)
        end as named
    from covering
    group by ref_area, indicator, time_period, path
),

parts_differ as (
    select
        'parts_differ' as finding, 'soft' as severity, year.ref_area, year.indicator, year.time_period,
        cast(null as varchar) as source, cast(null as varchar) as id, year.amount, part_sums.amount as other_amount,
        case
            when part_sums.parts = 1 then '全年值与另报的 ' || part_sums.named || ' 不等'
            when part_sums.shortest < part_sums.longest then '全年值与各期之和（' || part_sums.named || '）不等'
            when part_sums.longest = 1 then '全年值与十二个月之和不等'
            when part_sums.longest = 3 then '全年值与四个季度之和不等'
            when part_sums.longest = 6 then '全年值与两个半年之和不等'
            else '全年值与各期之和（' || part_sums.named || '）不等'
        end as message_zh,
        case
            when part_sums.parts = 1 then 'the value of the year is not that of ' || part_sums.named
            when part_sums.shortest < part_sums.longest
                then 'the value of the year is not the sum of ' || part_sums.named
            when part_sums.longest = 1 then 'the value of the year is not the sum of its months'
            when part_sums.longest = 3 then 'the value of the year is not the sum of its quarters'
            when part_sums.longest = 6 then 'the value of the year is not the sum of its half-years'
            else 'the value of the year is not the sum of ' || part_sums.named
        end as message_en,
        cast(null as varchar) as rule, year.reporter, own.note
    from period_values as year
    inner join part_sums
        on part_sums.ref_area = year.ref_area and part_sums.indicator = year.indicator
        and part_sums.time_period = year.time_period
    left join current_values as own
        on own.ref_area = year.ref_area and own.indicator = year.indicator and own.time_period = year.origin_period
    where year.amount <> part_sums.amount
),

-- A half-year beside its quarters, a quarter beside its months, whatever else of the year was reported.
halves as (
    select
        whole.ref_area, whole.indicator, whole.time_period, whole.source, whole.id, whole.amount, whole.reporter,
        cast(sum(part.amount) as decimal(38, 10)) as other_amount,
        string_agg(part.time_period, ' + ' order by part.after_month) as named
    from year_parts as whole
    inner join year_parts as part
        on part.ref_area = whole.ref_area and part.indicator = whole.indicator and part.year = whole.year
        and part.place = 1 and part.after_month >= whole.after_month and part.to_month <= whole.to_month
    where whole.place = 1 and whole.to_month - whole.after_month < 12
        and part.to_month - part.after_month < whole.to_month - whole.after_month
-- Parts of one length, one after another from the first month on.
        and (part.after_month - whole.after_month) % (part.to_month - part.after_month) = 0
    group by
        whole.ref_area, whole.indicator, whole.time_period, whole.source, whole.id, whole.amount, whole.reporter,
        whole.to_month - whole.after_month, part.to_month - part.after_month
    having count(*) * (part.to_month - part.after_month) = whole.to_month - whole.after_month
),

halves_differ as (
    select
        'parts_differ' as finding, 'soft' as severity, halves.ref_area, halves.indicator, halves.time_period,
        halves.source, halves.id, halves.amount, halves.other_amount,
        '与各期之和（' || halves.named || '）不等' as message_zh, 'it is not the sum of ' || halves.named as message_en,
        cast(null as varchar) as rule, halves.reporter, own.note
    from halves
    inner join current_values as own
        on own.ref_area = halves.ref_area and own.indicator = halves.indicator and own.time_period = halves.time_period
    where halves.amount <> halves.other_amount
),

-- What has no values below zero cannot have been more in nine months than in the year, or in a month than in its quarter.
wholes as (
    select
        ref_area, indicator, time_period as year, time_period, origin_period, amount, reporter,
        cast(null as date) as first_day, cast(null as date) as last_day
    from period_values
    where method in ('reported', 'year_to_date', 'semesters', 'quarters', 'months', 'parts')
    union all
    select
        ref_area, indicator, year, time_period, time_period as origin_period, amount, reporter, first_day, last_day
    from year_parts
    where place = 1 and by_days is null
),

more_than_whole as (
    select
        'parts_differ' as finding, 'soft' as severity, whole.ref_area, whole.indicator, whole.time_period,
        cast(null as varchar) as source, cast(null as varchar) as id, whole.amount, part.amount as other_amount,
        case when whole.first_day is null then '全年值' else whole.time_period || ' 的值' end || '小于其中的 ' || part.time_period
            as message_zh,
        'the value of ' || case when whole.first_day is null then 'the year' else whole.time_period end
            || ' is less than that of ' || part.time_period as message_en,
        cast(null as varchar) as rule, whole.reporter, own.note
    from wholes as whole
    inner join indicators
        on indicators.indicator = whole.indicator
        and (indicators.min >= 0 or indicators.kind in ('count', 'coverage', 'milestone'))
    inner join year_parts as part
        on part.ref_area = whole.ref_area and part.indicator = whole.indicator and part.year = whole.year
    left join current_values as own
        on own.ref_area = whole.ref_area and own.indicator = whole.indicator and own.time_period = whole.origin_period
    where part.place = 1 and part.amount > whole.amount
        and case
            when whole.first_day is null then coalesce(part.to_month - part.after_month, 0) < 12
            else part.by_days is null and part.first_day >= whole.first_day and part.last_day <= whole.last_day
                and part.time_period <> whole.time_period
        end
),

-- The same months, or the same day of a stock, told under two names.
same_months as (
    select
        'parts_differ' as finding, 'soft' as severity, counting.ref_area, counting.indicator, counting.time_period,
        other.source, other.id, counting.amount, other.amount as other_amount,
        '同一期间另报为 ' || other.time_period || '，数值不同' as message_zh,
        'the same days were reported as ' || other.time_period || ' too, with another value' as message_en,
        cast(null as varchar) as rule, other.reporter, own.note
    from year_parts as counting
    inner join year_parts as other
        on other.ref_area = counting.ref_area and other.indicator = counting.indicator and other.year = counting.year
        and other.first_day = counting.first_day and other.last_day = counting.last_day and other.place > 1
    inner join current_values as own
        on own.ref_area = other.ref_area and own.indicator = other.indicator and own.time_period = other.time_period
    where counting.place = 1 and other.amount <> counting.amount
),

stocks as (
    select
        current_values.*,
-- Of a year's last day the annual value counts, else the first by name: as in period_values.
        row_number() over (
            partition by current_values.ref_area, current_values.indicator, current_values.period_end
            order by case when current_values.period_kind = 'A' then 0 else 1 end, current_values.time_period
        ) as place
    from current_values
    inner join indicators on indicators.indicator = current_values.indicator and indicators.over_time = 'last'
    where current_values.amount is not null
),

same_day as (
    select
        'stocks_differ' as finding, 'soft' as severity, counting.ref_area, counting.indicator, counting.time_period,
        other.source, other.id, counting.amount, other.amount as other_amount,
        '同一时点另报为 ' || other.time_period || '，数值不同' as message_zh,
        'the same day was reported as ' || other.time_period || ' too, with another value' as message_en,
        cast(null as varchar) as rule, other.reporter, other.note
    from stocks as counting
    inner join stocks as other
        on other.ref_area = counting.ref_area and other.indicator = counting.indicator
        and other.period_end = counting.period_end and other.place > 1
    where counting.place = 1 and other.amount <> counting.amount
),

-- A year is added up from whole months, or from parts that fill it day by day.
odd_parts as (
    select
        current_values.ref_area, current_values.indicator, current_values.reporter,
        substr(cast(current_values.period_end as varchar), 1, 4) as year, count(*) as parts,
        min(current_values.time_period) as first_part
    from current_values
    inner join indicators on indicators.indicator = current_values.indicator and indicators.over_time = 'sum'
    where current_values.amount is not null and current_values.period_kind in ('W', 'D', 'R')
        and (
            extract(day from current_values.period_start) <> 1
            or substr(cast(current_values.period_end + interval '1 day' as varchar), 9, 2) <> '01'
            or extract(year from current_values.period_start) <> extract(year from current_values.period_end)
        )
    group by current_values.ref_area, current_values.indicator, current_values.reporter,
        substr(cast(current_values.period_end as varchar), 1, 4)
),

parts_not_added as (
    select
        'parts_not_added' as finding, 'info' as severity, odd_parts.ref_area, odd_parts.indicator,
        odd_parts.year as time_period, cast(null as varchar) as source, cast(null as varchar) as id, year.amount,
        cast(null as decimal(38, 10)) as other_amount,
        odd_parts.first_part || ' 等 ' || cast(odd_parts.parts as varchar) || ' 期不是一年之内的整月，也未能逐日填满全年，未计入全年' as message_zh,
        cast(odd_parts.parts as varchar) || ' reported period(s), first ' || odd_parts.first_part
            || ', do not consist of whole months of one year and do not fill it day by day: they are not added up to the year' as message_en,
        cast(null as varchar) as rule, odd_parts.reporter, cast(null as varchar) as note
    from odd_parts
    left join period_values as year
        on year.ref_area = odd_parts.ref_area and year.indicator = odd_parts.indicator
        and year.time_period = odd_parts.year
-- Beside a whole year they are figures of their own.
    where year.amount is null or year.method = 'partial'
)

select * from parts_differ
union all
select * from halves_differ
union all
select * from more_than_whole
union all
select * from same_months
union all
select * from same_day
union all
select * from parts_not_added
