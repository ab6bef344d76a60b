-- name: period_states
-- grain: one row for each period that was ever closed
-- inputs: period_closings
-- rules: 9
-- materialise: no
-- zh: 曾经关闭过的时期现在是否关闭。
-- en: Whether a period that was ever closed is closed now.
-- column time_period text: 时期 | The period.
-- column state text: 状态 | closed, or open again.
-- column since instant: 起始时间 | Since when.
-- column actor text: 关闭人 | Credential of who closed it last.
-- column why text: 理由 | Why it was closed.
with ranked as (
    select *, row_number() over (partition by time_period order by closed_at desc) as place
    from period_closings
)

select
    time_period, case when reopened_at is null then 'closed' else 'open' end as state,
    coalesce(reopened_at, closed_at) as since, closed_by as actor, why
from ranked
where place = 1
