-- name: printed_figures
-- grain: one row for each ref_area, indicator, time_period, edition and reporter with a printed figure
-- inputs: printed_statements, place_values, place_inputs, current_values, ratios, edition_values, indicators, powers_of_ten
-- rules: 1, 7, 10
-- materialise: no
-- narrows: ref_area, indicator, time_period
-- zh: 已公布数与计算结果的核对：修约后相等、可由各部分的修约解释，或不一致。已公布数从不替代计算结果。
-- en: What somebody printed beside what is computed: equal after rounding, explained by the rounding of the parts, or different. It never replaces the computed value.
-- column ref_area text: 地区或组 | Area or group code.
-- column indicator text: 指标 | Indicator; a ratio too.
-- column time_period text: 时期 | SDMX time period.
-- column edition text: 版次 | Edition in which it was printed; null = not said.
-- column reporter text: 报送单位 | Reporter who sent it.
-- column printed text: 已公布数 | The digits as printed, in unit × 10^unit_mult.
-- column unit_mult int: 单位的十次幂 | Power of ten of the unit.
-- column printed_amount exact: 已公布数（基本单位） | The printed value in the plain unit.
-- column computed exact: 计算结果 | What it is compared with, to 10 digits: the place's own report, else what its parts give; of the same edition where that has it all, else what counts.
-- column computed_edition text: 计算所用版次 | Edition of the parts; null where what counts was taken.
-- column difference exact: 差额 | printed_amount − computed.
-- column comparison text: 核对结果 | equal (after rounding to the printed digits), parts_rounding (some parts that round to those sent give it), differs, or not_comparable (nothing complete to compare with, only parts of other editions, or no edition said and a part became known later).
-- column known_at instant: 获知时间 | When the printed figure became known.
-- column source text: 来源 | CloudEvents source of the printed figure.
-- column id text: 事件编号 | CloudEvents id of the printed figure.
-- column note text: 备注 | The reporter's remark.
with said as (
    select
        printed_statements.*, powers_of_ten.power as step, indicators.kind, indicators.numerator as numerator_indicator,
        indicators.denominator as denominator_indicator, indicators.factor, indicators.denominator_date,
        ratios.previous_period
    from printed_statements
    inner join indicators on indicators.indicator = printed_statements.indicator
    left join powers_of_ten on powers_of_ten.exponent = printed_statements.unit_mult - printed_statements.decimals
    left join ratios
        on ratios.ref_area = printed_statements.ref_area and ratios.indicator = printed_statements.indicator
        and ratios.time_period = printed_statements.time_period
),

of_editions as (
    select
        said.ref_area, said.indicator, said.time_period, said.edition, above.amount as numerator,
        above.last_digit as numerator_digit,
        case
            when said.kind <> 'ratio' then 1
            when said.denominator_date = 'same_end' then below.amount
            when said.denominator_date = 'previous_end' then before.amount
            else cast((below.amount + before.amount) / 2 as decimal(38, 10))
        end as denominator,
        case
            when said.kind <> 'ratio' then 0
            when said.denominator_date = 'same_end' then below.last_digit
            when said.denominator_date = 'previous_end' then before.last_digit
            else cast((below.last_digit + before.last_digit) / 2 as decimal(38, 10))
        end as denominator_digit
    from (
        select distinct
            ref_area, indicator, time_period, edition, kind, numerator_indicator, denominator_indicator,
            denominator_date, previous_period
        from said
    ) as said
    inner join edition_values as above
        on above.ref_area = said.ref_area and above.time_period = said.time_period and above.edition = said.edition
        and above.indicator = coalesce(said.numerator_indicator, said.indicator)
    left join edition_values as below
        on below.ref_area = said.ref_area and below.time_period = said.time_period and below.edition = said.edition
        and below.indicator = said.denominator_indicator
    left join edition_values as before
        on before.ref_area = said.ref_area and before.time_period = said.previous_period
        and before.edition = said.edition and before.indicator = said.denominator_indicator
),

of_ratios as (
    select
        ref_area, indicator, time_period, edition, numerator, numerator_last_digit as numerator_digit, denominator,
        denominator_last_digit as denominator_digit
    from ratios
    where complete and denominator > 0
),

of_places as (
    select
        ref_area, indicator, time_period, edition, value as numerator, last_digit as numerator_digit,
        cast(1 as decimal(38, 10)) as denominator, cast(0 as decimal(38, 10)) as denominator_digit
    from place_values
    where complete
),

of_what_counts as (
    select * from of_ratios
    union all
    select * from of_places
),

parts as (
    select source, id, known_at, ref_area, time_period, coalesce(numerator_indicator, indicator) as indicator
    from said
    union all
    select source, id, known_at, ref_area, time_period, denominator_indicator as indicator
    from said
    where denominator_indicator is not null
    union all
    select source, id, known_at, ref_area, previous_period as time_period, denominator_indicator as indicator
    from said
    where previous_period is not null
),

-- What was printed before its parts were revised is not what the revised parts give.
revised as (
    select distinct parts.source, parts.id
    from parts
    inner join place_inputs
        on place_inputs.ref_area = parts.ref_area and place_inputs.indicator = parts.indicator
        and place_inputs.time_period = parts.time_period
    inner join current_values
        on current_values.source = place_inputs.source and current_values.id = place_inputs.id
    where place_inputs.role = 'value' and current_values.known_at > parts.known_at
),

beside as (
    select
        said.*, coalesce(said.factor, 1) as times,
        coalesce(of_editions.numerator, of_what_counts.numerator) as above,
        coalesce(of_editions.numerator_digit, of_what_counts.numerator_digit, 0) as above_digit,
        coalesce(of_editions.denominator, of_what_counts.denominator) as below,
        coalesce(of_editions.denominator_digit, of_what_counts.denominator_digit, 0) as below_digit,
        of_editions.edition as computed_edition,
        said.edition is null and of_what_counts.edition is null and revised.id is null
            as belongs
    from said
    left join of_editions
        on of_editions.denominator > 0
        and of_editions.ref_area = said.ref_area and of_editions.indicator = said.indicator
        and of_editions.time_period = said.time_period and of_editions.edition = said.edition
    left join of_what_counts
        on of_what_counts.ref_area = said.ref_area and of_what_counts.indicator = said.indicator
        and of_what_counts.time_period = said.time_period
    left join revised on revised.source = said.source and revised.id = said.id
),

-- Both sides times the denominator: nothing is divided, so nothing is rounded before it is compared.
compared as (
    select
        *,
        cast(2 * above as decimal(76, 10)) * cast(times as decimal(20, 0)) as twice_above,
        cast(above_digit as decimal(76, 10)) * cast(times as decimal(20, 0)) as above_slack,
        cast(2 * amount as decimal(76, 10)) as twice_printed
    from beside
),

sides as (
    select
        *,
        cast((twice_printed - step) * cast(below as decimal(76, 10)) as decimal(76, 20)) as least,
        cast((twice_printed + step) * cast(below as decimal(76, 10)) as decimal(76, 20)) as most,
        cast((twice_printed - step) * cast(2 * below - below_digit as decimal(76, 10)) as decimal(76, 20)) as least_by_parts,
        cast((twice_printed + step) * cast(2 * below + below_digit as decimal(76, 10)) as decimal(76, 20)) as most_by_parts
    from compared
)

select
    ref_area, indicator, time_period, edition, reporter,
    substr(
        cast(value as varchar), 1,
        length(cast(value as varchar)) - 10 + decimals - case when decimals = 0 then 1 else 0 end
    ) as printed,
    unit_mult, amount as printed_amount,
    try_cast(
        cast(cast(above as decimal(76, 10)) * cast(times as decimal(20, 0)) as decimal(76, 30))
        / nullif(cast(below as decimal(76, 10)), 0)
        as decimal(38, 10)
    ) as computed,
    computed_edition,
    amount - try_cast(
        cast(cast(above as decimal(76, 10)) * cast(times as decimal(20, 0)) as decimal(76, 30))
        / nullif(cast(below as decimal(76, 10)), 0)
        as decimal(38, 10)
    ) as difference,
    case
        when above is null or below is null or below <= 0 or step is null then 'not_comparable'
        when twice_above >= least and twice_above <= most then 'equal'
-- Half a digit more would have been rounded up: parts come near the upper end of what they can be, and no part reaches it;
-- and the upper end of what is printed as these digits is not printed as them.
        when (
            2 * (twice_above + above_slack) > least_by_parts
            or above_slack = 0 and 2 * (twice_above + above_slack) = least_by_parts
        )
        and 2 * (twice_above - above_slack) < most_by_parts
            then 'parts_rounding'
-- Parts of another edition, of several, or of another day say nothing of what was printed.
        when computed_edition is null and not belongs then 'not_comparable'
        else 'differs'
    end as comparison,
    known_at, source, id, note
from sides
