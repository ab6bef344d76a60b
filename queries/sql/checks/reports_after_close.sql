-- name: reports_after_close
-- grain: one row for each report that was recorded while its period was closed
-- inputs: period_closings, statements, periods
-- rules: 9
-- materialise: no
-- empty without: period_closings
-- zh: 时期关闭期间到达的报送：照常保留和采用，只作标记。
-- en: Reports that came while their period was closed: kept and counted as any other, and marked here.
-- column ref_area text: 地区或组 | Area or group code.
-- column indicator text: 指标 | Indicator.
-- column time_period text: 时期 | Time period of the report.
-- column closed_period text: 关闭的时期 | The closed period in which it lies.
-- column closed_at instant: 关闭时间 | When that period was closed.
-- column recorded_at instant: 记录时间 | When Helan recorded the report.
-- column reporter text: 报送单位 | Reporter who sent it.
-- column source text: 来源 | CloudEvents source.
-- column id text: 事件编号 | CloudEvents id.
-- column amount exact: 数值（基本单位） | The value in the plain unit.
with closed as (
    select
        period_closings.time_period, period_closings.closed_at, period_closings.reopened_at, periods.period_start,
        periods.period_end
    from period_closings
    inner join periods on periods.time_period = period_closings.time_period
)

select
    statements.ref_area, statements.indicator, statements.time_period, closed.time_period as closed_period,
    closed.closed_at, statements.recorded_at, statements.reporter, statements.source, statements.id, statements.amount
from statements
inner join closed
    on statements.period_start >= closed.period_start and statements.period_end <= closed.period_end
    and statements.recorded_at > closed.closed_at
    and (closed.reopened_at is null or statements.recorded_at <= closed.reopened_at)
