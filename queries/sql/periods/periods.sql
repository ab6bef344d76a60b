-- name: periods
-- grain: one row for each time period that current_values or targets are about, and each year in which they lie
-- inputs: current_values, targets
-- rules: 5, 6
-- materialise: yes
-- narrows: time_period
-- zh: 出现过的时期，以及目标所涉时期。
-- en: The periods that were seen, the years in which they lie, and the targets' own.
-- column time_period text: 时期 | SDMX time period.
-- column period_kind text: 时期类型 | Shape of time_period.
-- column period_start date: 首日 | First day.
-- column period_end date: 末日 | Last day.
with observed as (
    select distinct time_period, period_kind, period_start, period_end
    from current_values
),

owed as (
    select distinct time_period, period_kind, period_start, period_end
    from targets
    where time_period is not null
),

named as (
    select * from observed
    union
    select * from owed
),

years as (
    select distinct substr(cast(period_end as varchar), 1, 4) as time_period
    from named
)

select time_period, period_kind, period_start, period_end
from named
union
select
    time_period, 'A' as period_kind,
    cast(time_period || '-01-01' as date) as period_start,
    cast(time_period || '-12-31' as date) as period_end
from years
