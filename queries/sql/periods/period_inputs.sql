-- name: period_inputs
-- grain: one row for each ref_area, indicator, time_period of period_values and each observation behind it
-- inputs: period_values, current_values, year_cover_parts
-- rules: 6, 7
-- materialise: yes
-- narrows: ref_area, indicator, time_period
-- zh: 各时期数值由哪些现行报送得出。
-- en: Which current observations each period's value comes from.
-- column ref_area text: 地区或组 | Area or group code.
-- column indicator text: 指标 | Indicator.
-- column time_period text: 时期 | SDMX time period of the value.
-- column input_period text: 报送所涉时期 | Time period of the observation.
-- column source text: 来源 | CloudEvents source of the event.
-- column id text: 事件编号 | CloudEvents id of the event.
-- column amount exact: 数值（基本单位） | The observation in the plain unit.
with figures as (
    select ref_area, indicator, time_period, origin_period
    from period_values
),

single as (
    select
        figures.ref_area, figures.indicator, figures.time_period, current_values.time_period as input_period,
        current_values.source, current_values.id, current_values.amount
    from figures
    inner join current_values
        on current_values.ref_area = figures.ref_area and current_values.indicator = figures.indicator
        and current_values.time_period = figures.origin_period
),

parts as (
    select
        figures.ref_area, figures.indicator, figures.time_period, year_cover_parts.part_period as input_period,
        year_cover_parts.source, year_cover_parts.id, year_cover_parts.amount
    from figures
    inner join year_cover_parts
        on year_cover_parts.ref_area = figures.ref_area and year_cover_parts.indicator = figures.indicator
        and year_cover_parts.time_period = figures.time_period
    where figures.origin_period is null
)

select * from single
union all
select * from parts
