-- name: completeness
-- grain: one row for each report that is owed: obligation and period
-- inputs: obligations, standing, knowledge, areas, area_groups, indicators, year_cover_parts
-- rules: 5, 6, 9
-- materialise: no
-- narrows: ref_area, indicator, time_period
-- zh: 报送完整性与及时性：应报、已报、及时、迟报天数，截至 T。已撤市县、未设园区不计应报。
-- en: Completeness and timeliness as of T: what was owed, what came, what came in time, how many days late. Nobody owes for a unit that was not open on the period's last day. A cumulative report from January pays for its last quarter or month, a stock on the last day for its period, a milestone on any day of it, parts that cover a year for the year.
-- column obligation text: 报送任务编号 | Id of the obligation.
-- column reporter text: 报送单位 | Who owes it.
-- column ref_area text: 地区 | For which area.
-- column name_zh text: 地区名称 | Name of the area in Chinese, on the period's last day.
-- column name_en text: 地区英文名称 | Name of the area in English.
-- column indicator text: 指标 | Which indicator.
-- column time_period text: 时期 | For which period.
-- column due date: 期限 | Last day on which it is in time.
-- column due_at instant: 期限结束时刻 | End of that day in the catalog's time zone.
-- column status text: 状态 | on_time, late, missing (due, and nothing that stands has come), not_due.
-- column expected int: 应报 | 1 if it is due or has come, else 0.
-- column received int: 已报 | 1 if it has come and stands, else 0; never more than expected.
-- column on_time int: 及时 | 1 if it came in time, else 0.
-- column days_late int: 迟报天数；缺报的算到 T | Days after the due date on which it came, or which have begun without it until T; 0 in time.
-- column first_received_at instant: 首次接收时间 | When the first report that stands was received.
-- column values_received bigint: 收到次数 | Reports received, withdrawn ones included.
-- column values_standing bigint: 有效次数 | Reports received and not withdrawn.
-- column without_value bool: 报为缺值 | Whether what came says that there is no value (missing, suppressed): received, but no figure.
with owed as (
    select obligations.*, indicators.kind, indicators.over_time
    from obligations
    inner join indicators on indicators.indicator = obligations.indicator
),

now as (
    select as_of from knowledge
),

came as (
    select
        owed.obligation, owed.time_period,
        min(case when standing.withdrawn_at is null then standing.first_received_at end) as first_received_at,
        sum(standing.statements) as values_received,
        sum(case when standing.withdrawn_at is null then standing.statements else 0 end) as values_standing,
        sum(
            case when standing.withdrawn_at is null and standing.amount is not null then standing.statements else 0 end
        ) as figures
    from owed
    inner join standing
        on standing.reporter = owed.reporter and standing.ref_area = owed.ref_area
        and standing.indicator = owed.indicator
        and standing.period_end >= owed.period_start and standing.period_end <= owed.period_end
    where (standing.period_start = owed.period_start and standing.period_end = owed.period_end)
        or (
            owed.over_time = 'sum' and standing.period_end = owed.period_end
            and substr(cast(standing.period_start as varchar), 5) = '-01-01'
            and extract(year from standing.period_start) = extract(year from owed.period_start)
        )
        or (owed.over_time <> 'sum' and standing.period_end = owed.period_end)
        or owed.kind = 'milestone'
    group by owed.obligation, owed.time_period
),

received as (
    select
        reporter, ref_area, indicator, time_period, min(first_received_at) as first_received_at,
        sum(statements) as statements
    from standing
    where withdrawn_at is null
    group by reporter, ref_area, indicator, time_period
),

-- A year of which its reporter sent all parts has come with the last of them.
covered as (
    select
        owed.obligation, owed.time_period, max(received.first_received_at) as first_received_at,
        sum(received.statements) as statements
    from owed
    inner join year_cover_parts as part
        on part.ref_area = owed.ref_area and part.indicator = owed.indicator
        and part.time_period = owed.time_period and part.reporter = owed.reporter and part.method <> 'partial'
    inner join received
        on received.reporter = owed.reporter and received.ref_area = owed.ref_area
        and received.indicator = owed.indicator and received.time_period = part.part_period
    group by owed.obligation, owed.time_period
    having count(distinct part.part_period) = max(part.parts)
),

first as (
    select
        owed.*,
        case
            when covered.first_received_at < came.first_received_at then covered.first_received_at
            else coalesce(came.first_received_at, covered.first_received_at)
        end as first_received_at,
        coalesce(came.values_received, 0) + coalesce(covered.statements, 0) as values_received,
        coalesce(came.values_standing, 0) + coalesce(covered.statements, 0) as values_standing,
        coalesce(came.figures, 0) + coalesce(covered.statements, 0) as figures
    from owed
    left join came on came.obligation = owed.obligation and came.time_period = owed.time_period
    left join covered on covered.obligation = owed.obligation and covered.time_period = owed.time_period
),

judged as (
    select
        first.*, now.as_of,
        case
            when first.first_received_at <= first.due_at then 'on_time'
            when first.first_received_at is not null then 'late'
            when now.as_of > first.due_at then 'missing'
            else 'not_due'
        end as status
    from first
    cross join now
)

select
    judged.obligation, judged.reporter, judged.ref_area, coalesce(names.name_zh, group_names.name_zh) as name_zh,
    coalesce(names.name_en, group_names.name_en) as name_en, judged.indicator, judged.time_period, judged.due,
    judged.due_at, judged.status,
    case when judged.status = 'not_due' then 0 else 1 end as expected,
    case when judged.first_received_at is null then 0 else 1 end as received,
    case when judged.status = 'on_time' then 1 else 0 end as on_time,
    case
        when judged.status in ('late', 'missing')
            then greatest(
                1 + cast(floor(
                    extract(epoch from (
                        coalesce(judged.first_received_at, judged.as_of) - judged.due_at - interval '1 microsecond'
                    )) / 86400
                ) as int),
                1
            )
        else 0
    end as days_late,
    judged.first_received_at, judged.values_received, judged.values_standing,
    judged.values_standing > 0 and judged.figures = 0 as without_value
from judged
left join areas as names
    on names.ref_area = judged.ref_area
    and (names.valid_from is null or names.valid_from <= judged.period_end)
    and (names.valid_to is null or names.valid_to > judged.period_end)
left join area_groups as group_names
    on group_names.group_id = judged.ref_area
    and (group_names.valid_from is null or group_names.valid_from <= judged.period_end)
    and (group_names.valid_to is null or group_names.valid_to > judged.period_end)
