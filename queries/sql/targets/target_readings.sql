-- name: target_readings
-- grain: one row for each row of target_rows and each way to read it: vintages × rounding × comparators
-- inputs: target_rows, target_actuals, targets, vintages, edition_values, indicators, catalog_target_bounds
-- rules: 8, 10
-- materialise: yes
-- narrows: targets
-- zh: 目标的每一种口径：已知版本 × 是否修约 × 文字允许的比较方式，各自的结论。
-- en: Every reading of a target: vintages known as of T × unrounded or rounded to the target's digits × comparators.
-- column target_id text: 目标编号 | Id of the target.
-- column ref_area text: 地区或组 | Area or group of this row.
-- column is_current bool: 是否现行口径 | Whether it is the reading of the verdict: current values, unrounded, first comparator.
-- column reading text: 口径 | The reading in short: vintages, rounding, comparator and target.
-- column verdict text: 结论 | met or missed.
-- column value exact: 实际值（文件单位） | The actual value in the text's unit, rounded to 10 digits.
-- column numerator exact: 分子 | Amount above the line, in the plain unit.
-- column denominator exact: 分母 | Amount below the line; 1 where there is none.
-- column numerator_vintage text: 分子版本 | Which release of the numerator.
-- column denominator_vintage text: 分母版本 | Which release of the denominator.
-- column rounded bool: 是否修约 | Whether the value is rounded to the target's digits before it is compared.
-- column comparator text: 比较方式 | Comparator of this reading.
-- column numerator_edition text: 分子版次 | Edition of the numerator; mixed where its parts differ.
-- column denominator_edition text: 分母版次 | Edition of the denominator.
-- column mixed bool: 是否跨版次 | Whether its parts are of two editions, or one of none, because no edition has both; or it is a sum of several.
-- column lower_value exact: 下限 | The least that meets it by this reading, in the target's unit; null where there is none.
-- column read_as exact: 比较所用的数值 | The value as this reading compares it: rounded to the target's digits where it rounds.
with actuals as (
    select
        target_actuals.*, target_rows.numerator_indicator, target_rows.denominator_indicator, target_rows.indicator,
        target_rows.measure, target_rows.unit_factor, target_rows.is_member, target_rows.target_value,
        target_rows.unit_text, target_rows.time_period,
        coalesce(indicators.denominator_date, 'same_end') as denominator_date
    from target_actuals
    inner join target_rows
        on target_rows.target_id = target_actuals.target_id and target_rows.ref_area = target_actuals.ref_area
    inner join indicators on indicators.indicator = target_rows.indicator
    where target_actuals.numerator is not null and target_actuals.denominator > 0
        and target_rows.target_value is not null
-- A part that may still fall is compared with nothing.
        and (target_actuals.complete or target_actuals.at_least)
),

-- A part that is no single report has its readings within editions, beside what counts.
sums_above as (
    select
        actuals.target_id, actuals.ref_area, edition_values.amount, edition_values.vintage, edition_values.edition,
        edition_values.edition is not distinct from actuals.numerator_edition as current
    from actuals
    inner join edition_values
        on edition_values.ref_area = actuals.ref_area
        and edition_values.indicator = coalesce(actuals.numerator_indicator, actuals.indicator)
        and edition_values.time_period = actuals.time_period
    where actuals.numerator_origin is null and actuals.measure in ('ratio', 'value')
),

sums_below as (
    select
        actuals.target_id, actuals.ref_area, edition_values.amount, edition_values.vintage, edition_values.edition,
        edition_values.edition is not distinct from actuals.denominator_edition as current
    from actuals
    inner join edition_values
        on edition_values.ref_area = actuals.ref_area and edition_values.indicator = actuals.denominator_indicator
        and edition_values.time_period = actuals.time_period
    where actuals.denominator_origin is null and actuals.measure = 'ratio' and actuals.denominator_date = 'same_end'
),

above as (
    select
        actuals.target_id, actuals.ref_area, coalesce(vintages.amount, actuals.numerator) as numerator,
        vintages.vintage as numerator_vintage,
        case when vintages.id is null then actuals.numerator_edition else vintages.edition end as edition,
-- A ratio may take both parts from an edition before the newest: those are its values then.
        vintages.id is null
            or (vintages.newest_of_edition and vintages.edition is not distinct from actuals.numerator_edition)
            as current
    from actuals
    left join vintages
        on vintages.ref_area = actuals.ref_area
        and vintages.indicator = coalesce(actuals.numerator_indicator, actuals.indicator)
        and vintages.time_period = actuals.numerator_origin
    left join sums_above as one
        on one.target_id = actuals.target_id and one.ref_area = actuals.ref_area and one.current
    where one.target_id is null
    union all
    select target_id, ref_area, amount as numerator, vintage as numerator_vintage, edition, current
    from sums_above
),

below as (
    select
        actuals.target_id, actuals.ref_area, coalesce(vintages.amount, actuals.denominator) as denominator,
        vintages.vintage as denominator_vintage,
        case when vintages.id is null then actuals.denominator_edition else vintages.edition end as edition,
        vintages.id is null
            or (vintages.newest_of_edition and vintages.edition is not distinct from actuals.denominator_edition)
            as current
    from actuals
    left join vintages
        on vintages.ref_area = actuals.ref_area and vintages.indicator = actuals.denominator_indicator
        and vintages.time_period = actuals.denominator_origin
    left join sums_below as one
        on one.target_id = actuals.target_id and one.ref_area = actuals.ref_area and one.current
    where one.target_id is null
    union all
    select target_id, ref_area, amount as denominator, vintage as denominator_vintage, edition, current
    from sums_below
),

shared as (
    select distinct above.target_id, above.ref_area
    from above
    inner join below
        on below.target_id = above.target_id and below.ref_area = above.ref_area and below.edition = above.edition
    where above.edition <> 'mixed'
),

versions as (
    select target_id, known_at
    from targets
),

bounds as (
    select catalog_target_bounds.*, false as of_member
    from catalog_target_bounds
    inner join versions
        on versions.target_id = catalog_target_bounds.target_id
        and versions.known_at is not distinct from catalog_target_bounds.known_at
    union all
    select
        versions.target_id, versions.known_at, 'done' as comparator, true as main, false as rounded, 0 as digits,
        true as ties_up, cast(1 as decimal(38, 10)) as lower, true as lower_inclusive, cast(null as decimal(38, 10)) as upper,
        true as upper_inclusive, true as of_member
    from versions
),

combined as (
    select
        actuals.target_id, actuals.ref_area, above.numerator, below.denominator, above.numerator_vintage,
        below.denominator_vintage, actuals.factor, actuals.measure, actuals.unit_factor, actuals.target_value,
        actuals.unit_text, bounds.comparator, bounds.rounded, bounds.digits, bounds.ties_up, bounds.lower, bounds.lower_inclusive, bounds.upper,
        bounds.upper_inclusive,
-- The verdict rests on the current releases, unrounded; every other combination is a reading that may turn it.
        above.current and below.current and bounds.main and not bounds.rounded as is_current,
        cast(above.numerator as decimal(76, 10)) * cast(actuals.factor as decimal(20, 0)) as scaled,
        cast(bounds.lower as decimal(38, 10)) as lower_bound, above.edition as numerator_edition,
        below.edition as denominator_edition
    from actuals
    inner join above on above.target_id = actuals.target_id and above.ref_area = actuals.ref_area
    inner join below on below.target_id = actuals.target_id and below.ref_area = actuals.ref_area
    inner join bounds on bounds.target_id = actuals.target_id and bounds.of_member = actuals.is_member
    left join shared on shared.target_id = actuals.target_id and shared.ref_area = actuals.ref_area
    where below.denominator > 0
-- Two editions, or one and a report of none, are a reading only where no edition has both parts.
        and (shared.target_id is null or above.edition is not distinct from below.edition)
),

compared as (
    select
        *,
        cast(scaled as decimal(76, 20)) as actual_side,
        cast(cast(lower as decimal(76, 10)) * cast(denominator as decimal(76, 10)) as decimal(76, 20)) as lower_side,
        cast(cast(upper as decimal(76, 10)) * cast(denominator as decimal(76, 10)) as decimal(76, 20)) as upper_side,
        try_cast(
            cast(scaled as decimal(76, 30))
            / nullif(cast(cast(denominator as decimal(76, 10)) * unit_factor as decimal(76, 10)), 0)
            as decimal(38, 10)
        ) as value,
        try_cast(
            cast(lower_bound as decimal(76, 30)) / nullif(cast(unit_factor as decimal(76, 10)), 0) as decimal(38, 10)
        ) as lower_value
    from combined
),

judged as (
    select
        *,
        case
-- Both sides times the denominator: nothing is divided, so nothing is rounded before it is compared.
            when lower is not null and (actual_side < lower_side or (actual_side = lower_side and not lower_inclusive))
                then 'missed'
            when upper is not null and (actual_side > upper_side or (actual_side = upper_side and not upper_inclusive))
                then 'missed'
            else 'met'
        end as verdict,
        coalesce(numerator_edition = 'mixed', false)
            or (measure = 'ratio' and numerator_edition is distinct from denominator_edition) as mixed
    from compared
),

told as (
    select
        *,
        case
-- A tie is sent up or down by less than the value can differ from it.
-- repeat n = 0 to 6
            when rounded and digits = {n}
                then cast(
                    round(
                        try_cast(value as decimal(38, 12))
                            + case when ties_up or try_cast(floor(value * {10^n}) as bigint) % 2 <> 0
                                then 0.000000000001 else -0.000000000001 end, {n}
                    )
                    as decimal(38, 6)
                )
-- end
        end as read_as
    from judged
)

select
    target_id, ref_area, is_current,
    case
        when measure = 'ratio'
            then case when mixed then 'mixed editions: ' else '' end
                || coalesce(numerator_vintage || ' ' || numerator_edition, numerator_edition, numerator_vintage, '-') || ' / '
                || coalesce(denominator_vintage || ' ' || denominator_edition, denominator_edition, denominator_vintage, '-')
                || ', '
        when numerator_vintage is not null or numerator_edition is not null
            then coalesce(numerator_vintage || ' ' || numerator_edition, numerator_edition, numerator_vintage) || ', '
        else ''
    end
    || case when rounded then 'rounded ' else '' end
    || rtrim(rtrim(cast(cast(value as decimal(38, 6)) as varchar), '0'), '.')
    || ' ' || comparator || ' ' || rtrim(rtrim(cast(target_value as varchar), '0'), '.') as reading,
    verdict, value, numerator, denominator, numerator_vintage, denominator_vintage, rounded, comparator,
    numerator_edition, denominator_edition, mixed, lower_value, cast(coalesce(read_as, value) as decimal(38, 10)) as read_as
from told
