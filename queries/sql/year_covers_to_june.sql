-- name: year_covers_to_june
-- grain: one row for each ref_area, indicator and year of a flow of which parts were reported
-- inputs: year_parts
-- rules: 6
-- materialise: yes
-- narrows: ref_area, indicator
-- zh: 覆盖一年的分期：到六月底为止的中间结果，供 year_covers 使用。
-- en: The way to the end of June, from which year_covers goes on; how it is counted stands in the text.
-- column ref_area text: 地区或组 | Area or group code.
-- column indicator text: 指标 | Indicator.
-- column year text: 年份 | Year.
-- column into_1 bigint: 至 1 月底的分期 | Parts that end with month 1: bit n stands for one that begins after month n.
-- column into_2 bigint: 至 2 月底的分期 | Parts that end with month 2: bit n stands for one that begins after month n.
-- column into_3 bigint: 至 3 月底的分期 | Parts that end with month 3: bit n stands for one that begins after month n.
-- column into_4 bigint: 至 4 月底的分期 | Parts that end with month 4: bit n stands for one that begins after month n.
-- column into_5 bigint: 至 5 月底的分期 | Parts that end with month 5: bit n stands for one that begins after month n.
-- column into_6 bigint: 至 6 月底的分期 | Parts that end with month 6: bit n stands for one that begins after month n.
-- column into_7 bigint: 至 7 月底的分期 | Parts that end with month 7: bit n stands for one that begins after month n.
-- column into_8 bigint: 至 8 月底的分期 | Parts that end with month 8: bit n stands for one that begins after month n.
-- column into_9 bigint: 至 9 月底的分期 | Parts that end with month 9: bit n stands for one that begins after month n.
-- column into_10 bigint: 至 10 月底的分期 | Parts that end with month 10: bit n stands for one that begins after month n.
-- column into_11 bigint: 至 11 月底的分期 | Parts that end with month 11: bit n stands for one that begins after month n.
-- column into_12 bigint: 至 12 月底的分期 | Parts that end with month 12: bit n stands for one that begins after month n.
-- column few_0 bigint: 至 0 月底、分期最少的走法 | Best way to the end of month 0 with the fewest parts, packed.
-- column few_1 bigint: 至 1 月底、分期最少的走法 | Best way to the end of month 1 with the fewest parts, packed.
-- column few_2 bigint: 至 2 月底、分期最少的走法 | Best way to the end of month 2 with the fewest parts, packed.
-- column few_3 bigint: 至 3 月底、分期最少的走法 | Best way to the end of month 3 with the fewest parts, packed.
-- column few_4 bigint: 至 4 月底、分期最少的走法 | Best way to the end of month 4 with the fewest parts, packed.
-- column few_5 bigint: 至 5 月底、分期最少的走法 | Best way to the end of month 5 with the fewest parts, packed.
-- column few_6 bigint: 至 6 月底、分期最少的走法 | Best way to the end of month 6 with the fewest parts, packed.
-- column many_0 bigint: 至 0 月底、分期最多的走法 | Best way to the end of month 0 with the most parts, packed.
-- column many_1 bigint: 至 1 月底、分期最多的走法 | Best way to the end of month 1 with the most parts, packed.
-- column many_2 bigint: 至 2 月底、分期最多的走法 | Best way to the end of month 2 with the most parts, packed.
-- column many_3 bigint: 至 3 月底、分期最多的走法 | Best way to the end of month 3 with the most parts, packed.
-- column many_4 bigint: 至 4 月底、分期最多的走法 | Best way to the end of month 4 with the most parts, packed.
-- column many_5 bigint: 至 5 月底、分期最多的走法 | Best way to the end of month 5 with the most parts, packed.
-- column many_6 bigint: 至 6 月底、分期最多的走法 | Best way to the end of month 6 with the most parts, packed.
with
-- into_6 has bit 3 where a part begins after March and ends with June.
spans as (
    select
        ref_area, indicator, year,
        coalesce(sum(case when to_month = 1 then cast(1 as bigint) << after_month end), 0) as into_1,
        coalesce(sum(case when to_month = 2 then cast(1 as bigint) << after_month end), 0) as into_2,
        coalesce(sum(case when to_month = 3 then cast(1 as bigint) << after_month end), 0) as into_3,
        coalesce(sum(case when to_month = 4 then cast(1 as bigint) << after_month end), 0) as into_4,
        coalesce(sum(case when to_month = 5 then cast(1 as bigint) << after_month end), 0) as into_5,
        coalesce(sum(case when to_month = 6 then cast(1 as bigint) << after_month end), 0) as into_6,
        coalesce(sum(case when to_month = 7 then cast(1 as bigint) << after_month end), 0) as into_7,
        coalesce(sum(case when to_month = 8 then cast(1 as bigint) << after_month end), 0) as into_8,
        coalesce(sum(case when to_month = 9 then cast(1 as bigint) << after_month end), 0) as into_9,
        coalesce(sum(case when to_month = 10 then cast(1 as bigint) << after_month end), 0) as into_10,
        coalesce(sum(case when to_month = 11 then cast(1 as bigint) << after_month end), 0) as into_11,
        coalesce(sum(case when to_month = 12 then cast(1 as bigint) << after_month end), 0) as into_12
    from year_parts
    where place = 1
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

from_2 as (
    select
        *,
        greatest(
            few_1 - 16384 - 2147483648,
            4 - 67108864 + greatest(
                case when into_2 & 1 <> 0 then few_0 end, case when into_2 & 2 <> 0 then few_1 end
            )
        ) + 32768 as few_2,
        greatest(
            many_1 - 16384 - 2147483648,
            4 + 67108864 + greatest(
                case when into_2 & 1 <> 0 then many_0 end, case when into_2 & 2 <> 0 then many_1 end
            )
        ) + 32768 as many_2
    from from_1
),

from_3 as (
    select
        *,
        greatest(
            few_2 - 32768 - 2147483648,
            8 - 67108864 + greatest(
                case when into_3 & 1 <> 0 then few_0 end, case when into_3 & 2 <> 0 then few_1 end,
                case when into_3 & 4 <> 0 then few_2 end
            )
        ) + 65536 as few_3,
        greatest(
            many_2 - 32768 - 2147483648,
            8 + 67108864 + greatest(
                case when into_3 & 1 <> 0 then many_0 end, case when into_3 & 2 <> 0 then many_1 end,
                case when into_3 & 4 <> 0 then many_2 end
            )
        ) + 65536 as many_3
    from from_2
),

from_4 as (
    select
        *,
        greatest(
            few_3 - 65536 - 2147483648,
            16 - 67108864 + greatest(
                case when into_4 & 1 <> 0 then few_0 end, case when into_4 & 2 <> 0 then few_1 end,
                case when into_4 & 4 <> 0 then few_2 end, case when into_4 & 8 <> 0 then few_3 end
            )
        ) + 131072 as few_4,
        greatest(
            many_3 - 65536 - 2147483648,
            16 + 67108864 + greatest(
                case when into_4 & 1 <> 0 then many_0 end, case when into_4 & 2 <> 0 then many_1 end,
                case when into_4 & 4 <> 0 then many_2 end, case when into_4 & 8 <> 0 then many_3 end
            )
        ) + 131072 as many_4
    from from_3
),

from_5 as (
    select
        *,
        greatest(
            few_4 - 131072 - 2147483648,
            32 - 67108864 + greatest(
                case when into_5 & 1 <> 0 then few_0 end, case when into_5 & 2 <> 0 then few_1 end,
                case when into_5 & 4 <> 0 then few_2 end, case when into_5 & 8 <> 0 then few_3 end,
                case when into_5 & 16 <> 0 then few_4 end
            )
        ) + 262144 as few_5,
        greatest(
            many_4 - 131072 - 2147483648,
            32 + 67108864 + greatest(
                case when into_5 & 1 <> 0 then many_0 end, case when into_5 & 2 <> 0 then many_1 end,
                case when into_5 & 4 <> 0 then many_2 end, case when into_5 & 8 <> 0 then many_3 end,
                case when into_5 & 16 <> 0 then many_4 end
            )
        ) + 262144 as many_5
    from from_4
),

from_6 as (
    select
        *,
        greatest(
            few_5 - 262144 - 2147483648,
            64 - 67108864 + greatest(
                case when into_6 & 1 <> 0 then few_0 end, case when into_6 & 2 <> 0 then few_1 end,
                case when into_6 & 4 <> 0 then few_2 end, case when into_6 & 8 <> 0 then few_3 end,
                case when into_6 & 16 <> 0 then few_4 end, case when into_6 & 32 <> 0 then few_5 end
            )
        ) + 524288 as few_6,
        greatest(
            many_5 - 262144 - 2147483648,
            64 + 67108864 + greatest(
                case when into_6 & 1 <> 0 then many_0 end, case when into_6 & 2 <> 0 then many_1 end,
                case when into_6 & 4 <> 0 then many_2 end, case when into_6 & 8 <> 0 then many_3 end,
                case when into_6 & 16 <> 0 then many_4 end, case when into_6 & 32 <> 0 then many_5 end
            )
        ) + 524288 as many_6
    from from_5
)

select
    ref_area, indicator, year, into_1, into_2, into_3, into_4, into_5, into_6, into_7, into_8, into_9, into_10,
    into_11, into_12, few_0, few_1, few_2, few_3, few_4, few_5, few_6, many_0, many_1, many_2, many_3, many_4,
    many_5, many_6
from from_6
