-- name: year_covers_to_june
-- grain: one row for each ref_area, indicator and year of a flow of which parts were reported
-- inputs: year_parts
-- rules: 6
-- materialise: yes
-- narrows: ref_area, indicator
-- empty without: year_parts
-- zh: 覆盖一年的分期：到六月底为止的中间结果，供 year_covers 使用。
-- en: The way to the end of June, from which year_covers goes on; how it is counted stands in the text.
-- column ref_area text: 地区或组 | Area or group code.
-- column indicator text: 指标 | Indicator.
-- column year text: 年份 | Year.
-- repeat n = 1 to 12
-- column into_{n} bigint: 至 {n} 月底的分期 | Parts that end with month {n}: bit n stands for one that begins after month n.
-- end
-- repeat n = 0 to 6
-- column few_{n} bigint: 至 {n} 月底、分期最少的走法 | Best way to the end of month {n} with the fewest parts, packed.
-- end
-- repeat n = 0 to 6
-- column many_{n} bigint: 至 {n} 月底、分期最多的走法 | Best way to the end of month {n} with the most parts, packed.
-- end
with
-- into_6 has bit 3 where a part begins after March and ends with June.
spans as (
    select
        ref_area, indicator, year,
-- repeat n = 1 to 12, between ,
        coalesce(sum(case when to_month = {n} then cast(1 as bigint) << after_month end), 0) as into_{n}
-- end
    from year_parts
    where place = 1 and to_month is not null
    group by ref_area, indicator, year
),

-- From January to December, the best way to the end of each month: most months first (2^31 each), then fewest parts for
-- few_n, most for many_n (2^26 each), and the steps taken below that. A month that no part covers is passed over. Each
-- number is kept as it is when a part begins after month n: with the bit of that beginning, less 2^31 a month.
from_0 as (
    select *, cast(8192 as bigint) as few_0, cast(8192 as bigint) as many_0
    from spans
),

from_1 as (
    select
        *,
        greatest(
            few_0 - 8192 - 2147483648,
            2 - 67108864 + case when into_1 & 1 <> 0 then few_0 end
        ) + 16384 as few_1,
        greatest(
            many_0 - 8192 - 2147483648,
            2 + 67108864 + case when into_1 & 1 <> 0 then many_0 end
        ) + 16384 as many_1
    from from_0
),

-- repeat n = 2 to 6, between ,
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
)
-- end


select
    ref_area, indicator, year,
-- repeat n = 1 to 12
    into_{n},
-- end
-- repeat n = 0 to 6
    few_{n},
-- end
-- repeat n = 0 to 6, between ,
    many_{n}
-- end
from from_6
