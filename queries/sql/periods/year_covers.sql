-- name: year_covers
-- grain: one row for each ref_area, indicator and year of a flow of which parts were reported
-- inputs: year_covers_to_september
-- rules: 6
-- materialise: yes
-- narrows: ref_area, indicator, time_period
-- empty without: year_covers_to_september
-- zh: 一年由哪些互不重叠的分期覆盖：最直接的、最细的，以及全年取值所用的。
-- en: Which disjoint parts cover a year: the fewest, the most, and those that its value is taken from.
-- column ref_area text: 地区或组 | Area or group code.
-- column indicator text: 指标 | Indicator.
-- column time_period text: 年度 | The year.
-- column path bigint: 取值所用分期 | The parts of the value, as the sum of their steps in year_parts.
-- column months_covered bigint: 已含月数 | Months that they cover, of 12.
-- column parts bigint: 分期数 | How many parts they are.
-- column direct bigint: 最直接的覆盖 | The fewest parts that cover as many months.
-- column finest bigint: 最细的覆盖 | The most parts that cover as many months.
-- column semesters bigint: 两个半年 | The two halves, where both are there; else null.
-- column quarters bigint: 四个季度 | The four quarters, where all are there; else null.
-- column months bigint: 十二个月 | The twelve months, where all are there; else null.
with
-- repeat n = 10 to 12, where from_9 is year_covers_to_september
from_{n} as (
    select
        *,
        greatest(
            few_{n-1} - {2^(n+12)} - 2147483648,
            {2^n} - 67108864 + greatest(
-- repeat m = 0 to n-1, between ,
                case when into_{n} & {2^m} <> 0 then few_{m} end
-- end
            )
        ) + {2^(n+13)} as few_{n},
        greatest(
            many_{n-1} - {2^(n+12)} - 2147483648,
            {2^n} + 67108864 + greatest(
-- repeat m = 0 to n-1, between ,
                case when into_{n} & {2^m} <> 0 then many_{m} end
-- end
            )
        ) + {2^(n+13)} as many_{n}
    from from_{n-1}
),

-- end
best as (
    select
        ref_area, indicator, year as time_period, few_12 - 33554432 + 25769803776 as few, many_12 - 33554432 + 25769803776 as many,
        case when into_6 & 1 <> 0 and into_12 & 64 <> 0 then 536640 end as semesters,
        case when into_3 & 1 <> 0 and into_6 & 8 <> 0 and into_9 & 64 <> 0 and into_12 & 512 <> 0 then 4797000 end as quarters,
        case
            when into_1 & 1 <> 0 and into_2 & 2 <> 0 and into_3 & 4 <> 0 and into_4 & 8 <> 0
                and into_5 & 16 <> 0 and into_6 & 32 <> 0 and into_7 & 64 <> 0 and into_8 & 128 <> 0
                and into_9 & 256 <> 0 and into_10 & 512 <> 0 and into_11 & 1024 <> 0 and into_12 & 2048 <> 0
                then 33554430
        end as months
    from from_12
),

told as (
    select
        ref_area, indicator, time_period, semesters, quarters, months, few & 67108863 as direct, many & 67108863 as finest,
        (few + 1073741824) >> 31 as months_covered, few
    from best
),

counted as (
    select *, (months_covered * 2147483648 + direct - few) / 67108864 as direct_parts
    from told
)

select
    ref_area, indicator, time_period,
-- One report of January to December, else parts of one length, the longest first; else whatever parts fit together.
    case when direct_parts = 1 then direct else coalesce(semesters, quarters, months, direct) end as path,
    months_covered,
    case
        when direct_parts = 1 then 1
        when semesters is not null then 2
        when quarters is not null then 4
        when months is not null then 12
        else direct_parts
    end as parts,
    direct, finest, semesters, quarters, months
from counted
