-- name: edition_values
-- grain: one row for each area or group, indicator, time_period with a complete value, and edition in which every report behind it has a value
-- inputs: edition_period_values, edition_parts
-- rules: 3, 4, 5, 7
-- materialise: yes
-- narrows: ref_area, indicator, time_period
-- empty without: edition_period_values
-- zh: 地区和组的数值在各版次中的数值：其全部报送在该版次中均有数值；合计数在版次内合计（至多五级，再加一级组）。
-- en: What the value of an area or group is in each edition that has every report behind it: a sum is added up within the edition, up to five levels and then in groups.
-- column ref_area text: 地区或组 | Area or group code.
-- column indicator text: 指标 | Indicator.
-- column time_period text: 时期 | SDMX time period.
-- column edition text: 版次 | Edition of a publication series.
-- column amount exact: 数值（基本单位） | The value in the plain unit.
-- column vintage text: 发布版本 | Which release; mixed where the parts differ.
-- column basis text: 基准 | Benchmark; mixed where the parts differ.
-- column negative bool: 是否含负数 | Whether some part below zero is in it.
-- column estimated bool: 是否含估计数 | Whether some report in it is an estimate.
-- column last_digit exact: 末位单位 | What one in the last digits as sent is worth, in the plain unit; of a sum those of its parts together.
with level_0 as (
    select * from edition_period_values
),

-- repeat n = 1 to 6, between ,
sums_{n} as (
    select
        edition_parts.ref_area, edition_parts.indicator, edition_parts.time_period, below.edition,
        cast(sum(below.amount) as decimal(38, 10)) as amount,
        case when min(below.vintage) = max(below.vintage) then min(below.vintage) else 'mixed' end as vintage,
        case when min(below.basis) = max(below.basis) then min(below.basis) else 'mixed' end as basis,
        bool_or(below.negative) as negative, bool_or(below.estimated) as estimated,
        cast(sum(below.last_digit) as decimal(38, 10)) as last_digit
    from edition_parts
    inner join level_{n-1} as below
        on below.ref_area = edition_parts.part and below.indicator = edition_parts.indicator
        and below.time_period = edition_parts.time_period
    group by edition_parts.ref_area, edition_parts.indicator, edition_parts.time_period, below.edition
    having count(*) = max(edition_parts.parts)
),

level_{n} as (
    select * from edition_period_values
    union all
    select * from sums_{n}
)
-- end
select
    ref_area, indicator, time_period, edition, amount, nullif(vintage, '') as vintage, nullif(basis, '') as basis,
    negative, estimated, last_digit
from level_6
