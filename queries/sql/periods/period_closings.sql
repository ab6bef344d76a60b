-- name: period_closings
-- grain: one row for each time that a period was closed
-- inputs: release_events
-- rules: 9
-- materialise: yes
-- zh: 各时期的关闭与重新开放。
-- en: When each period was closed, and when reopened.
-- column time_period text: 时期 | The period.
-- column closed_at instant: 关闭时间 | When it was closed.
-- column reopened_at instant: 重新开放时间 | When it was reopened; null = it is still closed.
-- column closed_by text: 关闭人 | Credential of who closed it.
-- column why text: 理由 | Why it was closed.
with known as (
    select *
    from release_events
    where recorded_at <= $as_of and recorded_at <= $recorded
        and type in ('helan.period.closed.v1', 'helan.period.reopened.v1')
),

followed as (
    select *, lead(recorded_at) over (partition by time_period order by sequence) as next_at
    from known
)

select time_period, recorded_at as closed_at, next_at as reopened_at, actor as closed_by, why
from followed
where type = 'helan.period.closed.v1'
