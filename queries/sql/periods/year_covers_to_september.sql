-- name: year_covers_to_september
-- grain: one row for each ref_area, indicator and year of a flow of which parts were reported
-- inputs: year_covers_to_june
-- rules: 6
-- materialise: yes
-- narrows: ref_area, indicator
-- empty without: year_covers_to_june
-- zh: 覆盖一年的分期：到九月底为止的中间结果，供 year_covers 使用。
-- en: The way to the end of September, from which year_covers goes on.
-- column ref_area text: 地区或组 | Area or group code.
-- column indicator text: 指标 | Indicator.
-- column year text: 年份 | Year.
-- repeat n = 1 to 12
-- column into_{n} bigint: 至 {n} 月底的分期 | Parts that end with month {n}: bit n stands for one that begins after month n.
-- end
-- repeat n = 0 to 9
-- column few_{n} bigint: 至 {n} 月底、分期最少的走法 | Best way to the end of month {n} with the fewest parts, packed.
-- end
-- repeat n = 0 to 9
-- column many_{n} bigint: 至 {n} 月底、分期最多的走法 | Best way to the end of month {n} with the most parts, packed.
-- end
with
-- repeat n = 7 to 9, where from_6 is year_covers_to_june, between ,
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
-- repeat n = 0 to 9
    few_{n},
-- end
-- repeat n = 0 to 9, between ,
    many_{n}
-- end
from from_9
