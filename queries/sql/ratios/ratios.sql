-- name: ratios
-- grain: one row for each ratio indicator, area or group, time_period with a numerator or a denominator
-- inputs: indicators, place_values, edition_values, editions
-- rules: 1, 2, 7, 10
-- materialise: yes
-- narrows: ref_area, indicator, time_period
-- zh: 比率：由分子、分母计算，从不平均或相加；两者同一时期、同一截止时间。
-- en: Ratios, computed from their components, never averaged or added; both parts of one period as of the same T.
-- column ref_area text: 地区或组 | Area or group code.
-- column indicator text: 比率指标 | The ratio.
-- column time_period text: 时期 | SDMX time period.
-- column period_kind text: 时期类型 | Shape of time_period.
-- column period_start date: 首日 | First day.
-- column period_end date: 末日 | Last day.
-- column value exact: 比率 | numerator × factor ÷ denominator, rounded to 10 digits; null without one of them, and over a denominator that is incomplete.
-- column numerator exact: 分子 | Amount above the line, in the plain unit.
-- column denominator exact: 分母 | Amount below the line, in the plain unit.
-- column factor int: 倍数 | Quotient × factor.
-- column numerator_indicator text: 分子指标 | Indicator above the line.
-- column denominator_indicator text: 分母指标 | Indicator below the line.
-- column denominator_date text: 分母时点 | same_end, previous_end or mean of both.
-- column numerator_vintage text: 分子版本 | Which release of the numerator.
-- column denominator_vintage text: 分母版本 | Which release of the denominator; mixed where a mean's two differ.
-- column numerator_basis text: 分子基准 | Benchmark of the numerator.
-- column denominator_basis text: 分母基准 | Benchmark of the denominator; mixed where a mean's two differ.
-- column numerator_origin text: 分子来源时期 | Period of the numerator's one observation; null for a sum.
-- column denominator_origin text: 分母来源时期 | Period of the denominator's one observation; null for a sum or a mean.
-- column status text: 状态 | reported, compiled, partial, carried (all of the numerator), no_own_value, no_denominator, no_numerator, overlap, suppressed.
-- column coverage_reported bigint: 已有部分 | Parts of the numerator that have a value.
-- column coverage_expected bigint: 应有部分 | Parts of the numerator expected.
-- column complete bool: 是否完整 | Whether both parts are complete.
-- column negative bool: 是否含负数 | Whether some part of the numerator is below zero.
-- column missing_zh text: 缺报部分 | Parts of the numerator without a value, by Chinese name.
-- column missing_en text: 缺报部分（英文） | Parts of the numerator without a value, by English name.
-- column demo bool: 是否含演示数据 | Whether some part is illustrative.
-- column shown exact: 修约后的比率 | The ratio as it is published: rounded once, from numerator and denominator, to the indicator's decimals in the indicator's way; null where it is incomplete and no lower limit.
-- column denominator_status text: 分母状态 | Status of the denominator's value; of a mean's two the one that is incomplete.
-- column denominator_coverage_reported bigint: 分母已有部分 | Parts, or months, of the denominator that have a value.
-- column denominator_coverage_expected bigint: 分母应有部分 | Parts, or months, of the denominator expected.
-- column at_least bool: 是否为下限 | Whether it is incomplete and can only rise: its numerator can only grow and its denominator is complete.
-- column estimated bool: 是否含估计数 | Whether some report behind numerator or denominator is an estimate.
-- column numerator_edition text: 分子版次 | Edition of the numerator; mixed where its parts differ.
-- column denominator_edition text: 分母版次 | Edition of the denominator.
-- column edition text: 版次 | Edition of both parts; mixed where they are of two, or one of none, because no edition has both.
-- column paired_edition text: 配对版次 | Edition from which both parts are taken because the values that count are of two; null where they count themselves.
-- column numerator_last_digit exact: 分子末位单位 | What one in the last digits of the numerator as sent is worth.
-- column denominator_last_digit exact: 分母末位单位 | What one in the last digits of the denominator as sent is worth.
-- column previous_period text: 上一时期 | Period before, at whose end the denominator is taken, or half of it; null where the denominator has the same end.
with formulas as (
    select
        indicator, numerator as numerator_indicator, denominator as denominator_indicator, factor,
        coalesce(denominator_date, 'same_end') as denominator_date, decimals, rounding
    from indicators
    where kind = 'ratio'
),

powers as (
    select 0 as decimals, cast(1 as decimal(20, 0)) as scale, cast(1 as decimal(20, 10)) as step
    union all select 1, 10, 0.1
    union all select 2, 100, 0.01
    union all select 3, 1000, 0.001
    union all select 4, 10000, 0.0001
    union all select 5, 100000, 0.00001
    union all select 6, 1000000, 0.000001
    union all select 7, 10000000, 0.0000001
    union all select 8, 100000000, 0.00000001
    union all select 9, 1000000000, 0.000000001
    union all select 10, 10000000000, 0.0000000001
),

own_values as (
    select indicator as denominator_indicator
    from indicators
    where over_areas = 'own_value'
),

asked as (
    select distinct
        formulas.indicator, place_values.ref_area, place_values.time_period, place_values.period_kind,
        place_values.period_start, place_values.period_end
    from formulas
    inner join place_values
        on place_values.indicator = formulas.numerator_indicator
        or place_values.indicator = formulas.denominator_indicator
),

numerators as (
    select * from place_values
),

same_ends as (
    select * from place_values
),

previous_ends as (
    select
        *, cast(period_end + interval '1 day' as date) as next_start,
-- Several ranges may end on one day: one of them stands for it.
        row_number() over (
            partition by ref_area, indicator, period_kind, period_end
            order by case when value is null then 1 else 0 end, time_period
        ) as place
    from place_values
),

joined as (
    select
        asked.*, formulas.factor, formulas.numerator_indicator, formulas.denominator_indicator,
        formulas.denominator_date, formulas.decimals, formulas.rounding,
        own_values.denominator_indicator is not null as own_value,
        above.value as numerator, above.status as numerator_status, above.vintage as numerator_vintage,
        above.basis as numerator_basis, above.origin_period as numerator_origin, above.coverage_reported,
        above.coverage_expected, above.complete as numerator_complete, above.negative, above.missing_zh,
        above.missing_en,
-- The indicator names the day of its denominator: 2,820 patents are 3.97, 4.00 or 4.14 per 10,000 people.
        case formulas.denominator_date
            when 'same_end' then same.value
            when 'previous_end' then previous.value
            else cast((same.value + previous.value) / 2 as decimal(38, 10))
        end as denominator,
        case
            when formulas.denominator_date = 'previous_end' then previous.status
            when formulas.denominator_date = 'mean' and coalesce(same.complete, false)
                and not coalesce(previous.complete, false)
                then previous.status
            else same.status
        end as denominator_status,
        case
            when formulas.denominator_date = 'previous_end' then previous.coverage_reported
            when formulas.denominator_date = 'mean' and coalesce(same.complete, false)
                and not coalesce(previous.complete, false)
                then previous.coverage_reported
            else same.coverage_reported
        end as denominator_coverage_reported,
        case
            when formulas.denominator_date = 'previous_end' then previous.coverage_expected
            when formulas.denominator_date = 'mean' and coalesce(same.complete, false)
                and not coalesce(previous.complete, false)
                then previous.coverage_expected
            else same.coverage_expected
        end as denominator_coverage_expected,
        coalesce(above.at_least, false) as numerator_at_least,
        coalesce(above.estimated, false)
            or coalesce(case when formulas.denominator_date <> 'previous_end' then same.estimated end, false)
            or coalesce(case when formulas.denominator_date <> 'same_end' then previous.estimated end, false)
            as estimated,
        case
            when formulas.denominator_date = 'same_end' then same.vintage
            when formulas.denominator_date = 'previous_end' or same.value is null then previous.vintage
            when previous.value is null or previous.vintage is not distinct from same.vintage then same.vintage
-- The mean of two releases belongs to neither.
            else 'mixed'
        end as denominator_vintage,
        case
            when formulas.denominator_date = 'same_end' then same.basis
            when formulas.denominator_date = 'previous_end' or same.value is null then previous.basis
            when previous.value is null or previous.basis is not distinct from same.basis then same.basis
            else 'mixed'
        end as denominator_basis,
        case formulas.denominator_date
            when 'same_end' then same.origin_period
            when 'previous_end' then previous.origin_period
        end as denominator_origin,
        case formulas.denominator_date
            when 'same_end' then same.complete
            when 'previous_end' then previous.complete
            else same.complete and previous.complete
        end as denominator_complete,
        coalesce(above.demo, false)
            or coalesce(case when formulas.denominator_date <> 'previous_end' then same.demo end, false)
            or coalesce(case when formulas.denominator_date <> 'same_end' then previous.demo end, false) as demo,
        above.edition as numerator_edition,
        case
            when formulas.denominator_date = 'same_end' then same.edition
            when formulas.denominator_date = 'previous_end' or same.value is null then previous.edition
            when previous.value is null or previous.edition is not distinct from same.edition then same.edition
            else 'mixed'
        end as denominator_edition,
        above.last_digit as numerator_last_digit,
        case formulas.denominator_date
            when 'same_end' then same.last_digit
            when 'previous_end' then previous.last_digit
            else cast((same.last_digit + previous.last_digit) / 2 as decimal(38, 10))
        end as denominator_last_digit,
        previous.time_period as previous_period
    from asked
    inner join formulas on formulas.indicator = asked.indicator
    left join own_values on own_values.denominator_indicator = formulas.denominator_indicator
    left join numerators as above
        on above.ref_area = asked.ref_area and above.indicator = formulas.numerator_indicator
        and above.time_period = asked.time_period
    left join same_ends as same
        on same.ref_area = asked.ref_area and same.indicator = formulas.denominator_indicator
        and same.time_period = asked.time_period
    left join previous_ends as previous
        on previous.ref_area = asked.ref_area and previous.indicator = formulas.denominator_indicator
        and previous.next_start = asked.period_start and previous.period_kind = asked.period_kind
        and previous.place = 1
),

within_editions as (
    select
        joined.ref_area, joined.indicator, joined.time_period, above.edition, above.amount as numerator,
        case joined.denominator_date
            when 'same_end' then same.amount
            when 'previous_end' then previous.amount
            else cast((same.amount + previous.amount) / 2 as decimal(38, 10))
        end as denominator,
        above.vintage as numerator_vintage,
        case
            when previous.edition is null then same.vintage
            when same.edition is null or same.vintage is not distinct from previous.vintage then previous.vintage
            else 'mixed'
        end as denominator_vintage,
        above.basis as numerator_basis,
        case
            when previous.edition is null then same.basis
            when same.edition is null or same.basis is not distinct from previous.basis then previous.basis
            else 'mixed'
        end as denominator_basis,
        above.last_digit as numerator_last_digit,
        case joined.denominator_date
            when 'same_end' then same.last_digit
            when 'previous_end' then previous.last_digit
            else cast((same.last_digit + previous.last_digit) / 2 as decimal(38, 10))
        end as denominator_last_digit,
        above.negative,
        above.estimated or coalesce(same.estimated, false) or coalesce(previous.estimated, false) as estimated,
        row_number() over (
            partition by joined.ref_area, joined.indicator, joined.time_period
            order by editions.published desc nulls last, above.edition desc
        ) as place
    from joined
    inner join edition_values as above
        on above.ref_area = joined.ref_area and above.indicator = joined.numerator_indicator
        and above.time_period = joined.time_period
    left join edition_values as same
        on same.ref_area = joined.ref_area and same.indicator = joined.denominator_indicator
        and same.time_period = joined.time_period and same.edition = above.edition
        and joined.denominator_date <> 'previous_end'
    left join edition_values as previous
        on previous.ref_area = joined.ref_area and previous.indicator = joined.denominator_indicator
        and previous.time_period = joined.previous_period and previous.edition = above.edition
        and joined.denominator_date <> 'same_end'
    left join editions on editions.edition = above.edition
-- Where the values that count say different editions, one says none, or a sum is of several.
    where (
        (joined.numerator_edition is distinct from joined.denominator_edition)
        or joined.numerator_edition = 'mixed'
    )
        and joined.numerator_complete and joined.denominator_complete
        and (same.edition is not null or joined.denominator_date = 'previous_end')
        and (previous.edition is not null or joined.denominator_date = 'same_end')
),

paired as (
    select
        joined.indicator, joined.ref_area, joined.time_period, joined.period_kind, joined.period_start,
        joined.period_end, joined.factor, joined.numerator_indicator, joined.denominator_indicator,
        joined.denominator_date, joined.decimals, joined.rounding, joined.own_value,
-- Both parts are taken from one edition: the newest that has both. Where none has both, the ratio is mixed.
        case when one.place is null then joined.numerator else one.numerator end as numerator,
        case when one.place is null then joined.denominator else one.denominator end as denominator,
        joined.numerator_status, joined.denominator_status,
        case when one.place is null then joined.numerator_vintage else one.numerator_vintage end as numerator_vintage,
        case when one.place is null then joined.denominator_vintage else one.denominator_vintage end
            as denominator_vintage,
        case when one.place is null then joined.numerator_basis else one.numerator_basis end as numerator_basis,
        case when one.place is null then joined.denominator_basis else one.denominator_basis end as denominator_basis,
        joined.numerator_origin, joined.denominator_origin, joined.coverage_reported, joined.coverage_expected,
        joined.numerator_complete, joined.denominator_complete,
        case when one.place is null then joined.negative else one.negative end as negative, joined.missing_zh,
        joined.missing_en, joined.denominator_coverage_reported, joined.denominator_coverage_expected,
        joined.numerator_at_least,
        case when one.place is null then joined.estimated else one.estimated end as estimated, joined.demo,
        case when one.place is null then joined.numerator_edition else one.edition end as numerator_edition,
        case when one.place is null then joined.denominator_edition else one.edition end as denominator_edition,
        case when one.place is null then joined.numerator_last_digit else one.numerator_last_digit end
            as numerator_last_digit,
        case when one.place is null then joined.denominator_last_digit else one.denominator_last_digit end
            as denominator_last_digit,
        one.edition as paired_edition, joined.previous_period
    from joined
    left join within_editions as one
        on one.ref_area = joined.ref_area and one.indicator = joined.indicator
        and one.time_period = joined.time_period and one.place = 1
),

divided as (
    select
        *,
-- A year's expenditure over a quarter's product is no intensity of the year, however many digits it has.
        case when denominator > 0 and denominator_complete then
            try_cast(
                cast(cast(numerator as decimal(76, 10)) * cast(factor as decimal(20, 0)) as decimal(76, 30))
                / nullif(cast(denominator as decimal(76, 10)), 0)
                as decimal(38, 10)
            )
        end as value
    from paired
),

nearest as (
    select
        divided.*, powers.step,
        cast(cast(divided.value as decimal(76, 10)) * powers.scale as decimal(38, 0)) as steps,
        cast(divided.numerator as decimal(76, 10)) * cast(divided.factor as decimal(20, 0)) * powers.scale * 2 as twice
    from divided
    inner join powers on powers.decimals = divided.decimals
),

compared as (
    select
        *, steps % 2 <> 0 as odd,
        twice - (steps * 2 + 1) * cast(denominator as decimal(76, 10)) as above,
        twice - (steps * 2 - 1) * cast(denominator as decimal(76, 10)) as below
    from nearest
),

rounded as (
    select
        *,
        coalesce(numerator_complete and denominator_complete, false) as complete,
-- A ratio whose parts are incomplete has a direction only where the numerator can grow and nothing else can change.
        coalesce(numerator_at_least and denominator_complete and denominator > 0, false) as at_least,
        case
-- Compared as numerator × factor with half steps of the denominator: a quotient of ten digits, rounded
-- again, would turn 1.23499999996 into 1.24.
            when above > 0 or (above = 0 and case when rounding = 'half_even' then odd else numerator > 0 end)
                then steps + 1
            when below < 0 or (below = 0 and case when rounding = 'half_even' then odd else numerator < 0 end)
                then steps - 1
            else steps
        end as shown_steps
    from compared
)

select
    ref_area, indicator, time_period, period_kind, period_start, period_end, value, numerator, denominator, factor,
    numerator_indicator, denominator_indicator, denominator_date, numerator_vintage, denominator_vintage,
    numerator_basis, denominator_basis, numerator_origin, denominator_origin,
    case
        when numerator is null and numerator_status in ('overlap', 'suppressed') then numerator_status
        when numerator is null then 'no_numerator'
-- A sum of the parts' GDP is not the region's: without its own value there is no ratio.
        when denominator is null and own_value then 'no_own_value'
        when denominator is null or denominator <= 0 then 'no_denominator'
        when not coalesce(denominator_complete, false) then 'partial'
        else numerator_status
    end as status,
    coalesce(coverage_reported, 0) as coverage_reported, coverage_expected,
    complete, coalesce(negative, false) as negative, missing_zh, missing_en, demo,
    case when complete or at_least then cast(shown_steps * step as decimal(38, 10)) end as shown, denominator_status,
    denominator_coverage_reported, denominator_coverage_expected, at_least, estimated, numerator_edition,
    denominator_edition,
    case
        when numerator_edition = denominator_edition then numerator_edition
-- What says no edition is of none: beside a part of an edition it is another one.
        when numerator is not null and denominator is not null
            and numerator_edition is distinct from denominator_edition then 'mixed'
    end as edition,
    paired_edition, numerator_last_digit, denominator_last_digit,
    case when denominator_date <> 'same_end' then previous_period end as previous_period
from rounded
