-- name: edition_period_values
-- grain: one row for each ref_area, indicator, time_period that is reported completely, and edition in which every report behind it has a value
-- inputs: period_values, period_inputs, edition_readings
-- rules: 6, 7
-- materialise: yes
-- empty without: edition_readings
-- zh: 各时期报送值在各版次中的数值：其全部报送在该版次中均有数值。
-- en: What a reported value of a period is in each edition that has all of its reports.
-- column ref_area text: 地区或组 | Area or group code.
-- column indicator text: 指标 | Indicator.
-- column time_period text: 时期 | SDMX time period.
-- column edition text: 版次 | Edition of a publication series.
-- column amount exact: 数值（基本单位） | The value in the plain unit.
-- column vintage text: 发布版本 | Which release; empty = not said, mixed where the parts differ.
-- column basis text: 基准 | Benchmark; empty = not said, mixed where the parts differ.
-- column negative bool: 是否含负数 | Whether some part below zero is in it.
-- column estimated bool: 是否含估计数 | Whether some report in it is an estimate.
-- column last_digit exact: 末位单位 | What one in the last digits as sent is worth, in the plain unit; of a sum those of its parts together.
with inputs as (
    select
        period_inputs.ref_area, period_inputs.indicator, period_inputs.time_period, period_inputs.input_period,
        count(*) over (
            partition by period_inputs.ref_area, period_inputs.indicator, period_inputs.time_period
        ) as inputs
    from period_inputs
    inner join period_values
        on period_values.ref_area = period_inputs.ref_area and period_values.indicator = period_inputs.indicator
        and period_values.time_period = period_inputs.time_period
-- Only values of the whole period are paired.
    where period_values.amount is not null and period_values.method not in ('partial', 'carried')
)

select
    inputs.ref_area, inputs.indicator, inputs.time_period, edition_readings.edition,
    cast(sum(edition_readings.amount) as decimal(38, 10)) as amount,
    case
        when min(coalesce(edition_readings.vintage, '')) = max(coalesce(edition_readings.vintage, ''))
            then min(coalesce(edition_readings.vintage, ''))
        else 'mixed'
    end as vintage,
    case
        when min(coalesce(edition_readings.basis, '')) = max(coalesce(edition_readings.basis, ''))
            then min(coalesce(edition_readings.basis, ''))
        else 'mixed'
    end as basis,
    bool_or(edition_readings.amount < 0) as negative, bool_or(edition_readings.estimated) as estimated,
    cast(sum(edition_readings.last_digit) as decimal(38, 10)) as last_digit
from inputs
inner join edition_readings
    on edition_readings.ref_area = inputs.ref_area and edition_readings.indicator = inputs.indicator
    and edition_readings.time_period = inputs.input_period
group by inputs.ref_area, inputs.indicator, inputs.time_period, edition_readings.edition
having count(*) = max(inputs.inputs)
