-- name: completeness
-- grain: one row for each report that is owed: obligation and period
-- inputs: obligations, statements, knowledge, area_names
-- rules: 9
-- materialise: no
-- zh: 报送完整性与及时性：应报、已报、及时、迟报天数，截至 T。
-- en: Completeness and timeliness as of T: what was owed, what came, what came in time, how many days late.
-- column obligation text: 义务代码 | Id of the obligation.
-- column reporter text: 报送单位 | Who owes it.
-- column ref_area text: 地区 | For which area.
-- column name_zh text: 地区名称 | Name of the area in Chinese.
-- column name_en text: 地区英文名称 | Name of the area in English.
-- column indicator text: 指标 | Which indicator.
-- column time_period text: 时期 | For which period.
-- column due date: 期限 | Last day on which it is in time.
-- column due_at instant: 期限结束时刻 | End of that day in the catalog's time zone.
-- column status text: 状态 | on_time, late, missing (due and nothing came), not_due.
-- column expected int: 应报 | 1 if it is due or has come, else 0.
-- column received int: 已报 | 1 if it has come, else 0; never more than expected.
-- column on_time int: 及时 | 1 if it came in time, else 0.
-- column days_late int: 迟报天数 | Whole days after the due date on which it came, or which have passed without it; 0 in time.
-- column first_received_at instant: 首次接收时间 | When its first report was received.
-- column values_received bigint: 收到次数 | Reports received, withdrawn ones included.
with owed as (
    select * from obligations
),

now as (
    select as_of from knowledge
),

came as (
    select
        reporter, ref_area, indicator, time_period, min(received_at) as first_received_at, count(*) as values_received
    from statements
    group by reporter, ref_area, indicator, time_period
),

judged as (
    select
        owed.*, came.first_received_at, coalesce(came.values_received, 0) as values_received, now.as_of,
        case
            when came.first_received_at <= owed.due_at then 'on_time'
            when came.first_received_at is not null then 'late'
            when now.as_of > owed.due_at then 'missing'
            else 'not_due'
        end as status
    from owed
    cross join now
    left join came
        on came.reporter = owed.reporter and came.ref_area = owed.ref_area and came.indicator = owed.indicator
        and came.time_period = owed.time_period
)

select
    judged.obligation, judged.reporter, judged.ref_area, area_names.name_zh, area_names.name_en, judged.indicator,
    judged.time_period, judged.due, judged.due_at, judged.status,
    case when judged.status = 'not_due' then 0 else 1 end as expected,
    case when judged.first_received_at is null then 0 else 1 end as received,
    case when judged.status = 'on_time' then 1 else 0 end as on_time,
    case
        when judged.status in ('late', 'missing')
            then greatest(
                1 + cast(floor(
                    extract(epoch from (coalesce(judged.first_received_at, judged.as_of) - judged.due_at)) / 86400
                ) as int),
                1
            )
        else 0
    end as days_late,
    judged.first_received_at, judged.values_received
from judged
left join area_names on area_names.ref_area = judged.ref_area
