-- name: year_covers_to_september
-- grain: one row for each ref_area, indicator and year of a flow of which parts were reported
-- inputs: year_covers_to_june
-- rules: 6
-- materialise: yes
-- narrows: ref_area, indicator
-- zh: 覆盖一年的分期：到九月底为止的中间结果，供 year_covers 使用。
-- en: The way to the end of September, from which year_covers goes on.
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
-- column few_7 bigint: 至 7 月底、分期最少的走法 | Best way to the end of month 7 with the fewest parts, packed.
-- column few_8 bigint: 至 8 月底、分期最少的走法 | Best way to the end of month 8 with the fewest parts, packed.
-- column few_9 bigint: 至 9 月底、分期最少的走法 | Best way to the end of month 9 with the fewest parts, packed.
-- column many_0 bigint: 至 0 月底、分期最多的走法 | Best way to the end of month 0 with the most parts, packed.
-- column many_1 bigint: 至 1 月底、分期最多的走法 | Best way to the end of month 1 with the most parts, packed.
-- column many_2 bigint: 至 2 月底、分期最多的走法 | Best way to the end of month 2 with the most parts, packed.
-- column many_3 bigint: 至 3 月底、分期最多的走法 | Best way to the end of month 3 with the most parts, packed.
-- column many_4 bigint: 至 4 月底、分期最多的走法 | Best way to the end of month 4 with the most parts, packed.
-- column many_5 bigint: 至 5 月底、分期最多的走法 | Best way to the end of month 5 with the most parts, packed.
-- column many_6 bigint: 至 6 月底、分期最多的走法 | Best way to the end of month 6 with the most parts, packed.
-- column many_7 bigint: 至 7 月底、分期最多的走法 | Best way to the end of month 7 with the most parts, packed.
-- column many_8 bigint: 至 8 月底、分期最多的走法 | Best way to the end of month 8 with the most parts, packed.
-- column many_9 bigint: 至 9 月底、分期最多的走法 | Best way to the end of month 9 with the most parts, packed.
with from_7 as (
    select
        *,
        greatest(
            few_6 - 524288 - 2147483648,
            128 - 67108864 + greatest(
                case when into_7 & 1 <> 0 then few_0 end, case when into_7 & 2 <> 0 then few_1 end,
                case when into_7 & 4 <> 0 then few_2 end, case when into_7 & 8 <> 0 then few_3 end,
                case when into_7 & 16 <> 0 then few_4 end, case when into_7 & 32 <> 0 then few_5 end,
                case when into_7 & 64 <> 0 then few_6 end
            )
        ) + 1048576 as few_7,
        greatest(
            many_6 - 524288 - 2147483648,
            128 + 67108864 + greatest(
                case when into_7 & 1 <> 0 then many_0 end, case when into_7 & 2 <> 0 then many_1 end,
                case when into_7 & 4 <> 0 then many_2 end, case when into_7 & 8 <> 0 then many_3 end,
                case when into_7 & 16 <> 0 then many_4 end, case when into_7 & 32 <> 0 then many_5 end,
                case when into_7 & 64 <> 0 then many_6 end
            )
        ) + 1048576 as many_7
    from year_covers_to_june
),

from_8 as (
    select
        *,
        greatest(
            few_7 - 1048576 - 2147483648,
            256 - 67108864 + greatest(
                case when into_8 & 1 <> 0 then few_0 end, case when into_8 & 2 <> 0 then few_1 end,
                case when into_8 & 4 <> 0 then few_2 end, case when into_8 & 8 <> 0 then few_3 end,
                case when into_8 & 16 <> 0 then few_4 end, case when into_8 & 32 <> 0 then few_5 end,
                case when into_8 & 64 <> 0 then few_6 end, case when into_8 & 128 <> 0 then few_7 end
            )
        ) + 2097152 as few_8,
        greatest(
            many_7 - 1048576 - 2147483648,
            256 + 67108864 + greatest(
                case when into_8 & 1 <> 0 then many_0 end, case when into_8 & 2 <> 0 then many_1 end,
                case when into_8 & 4 <> 0 then many_2 end, case when into_8 & 8 <> 0 then many_3 end,
                case when into_8 & 16 <> 0 then many_4 end, case when into_8 & 32 <> 0 then many_5 end,
                case when into_8 & 64 <> 0 then many_6 end, case when into_8 & 128 <> 0 then many_7 end
            )
        ) + 2097152 as many_8
    from from_7
),

from_9 as (
    select
        *,
        greatest(
            few_8 - 2097152 - 2147483648,
            512 - 67108864 + greatest(
                case when into_9 & 1 <> 0 then few_0 end, case when into_9 & 2 <> 0 then few_1 end,
                case when into_9 & 4 <> 0 then few_2 end, case when into_9 & 8 <> 0 then few_3 end,
                case when into_9 & 16 <> 0 then few_4 end, case when into_9 & 32 <> 0 then few_5 end,
                case when into_9 & 64 <> 0 then few_6 end, case when into_9 & 128 <> 0 then few_7 end,
                case when into_9 & 256 <> 0 then few_8 end
            )
        ) + 4194304 as few_9,
        greatest(
            many_8 - 2097152 - 2147483648,
            512 + 67108864 + greatest(
                case when into_9 & 1 <> 0 then many_0 end, case when into_9 & 2 <> 0 then many_1 end,
                case when into_9 & 4 <> 0 then many_2 end, case when into_9 & 8 <> 0 then many_3 end,
                case when into_9 & 16 <> 0 then many_4 end, case when into_9 & 32 <> 0 then many_5 end,
                case when into_9 & 64 <> 0 then many_6 end, case when into_9 & 128 <> 0 then many_7 end,
                case when into_9 & 256 <> 0 then many_8 end
            )
        ) + 4194304 as many_9
    from from_8
)

select
    ref_area, indicator, year, into_1, into_2, into_3, into_4, into_5, into_6, into_7, into_8, into_9, into_10,
    into_11, into_12, few_0, few_1, few_2, few_3, few_4, few_5, few_6, few_7, few_8, few_9, many_0, many_1, many_2,
    many_3, many_4, many_5, many_6, many_7, many_8, many_9
from from_9
