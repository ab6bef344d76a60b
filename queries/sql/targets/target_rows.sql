-- name: target_rows
-- grain: one row for each target and area: the area or group that owes it, and each listed member of such a group
-- inputs: targets, knowledge, area_groups, area_group_members, indicators, obligations
-- rules: 4, 5, 8
-- materialise: yes
-- narrows: targets
-- zh: 目标逐行：承担地区或组一行，组的每个成员一行，各有期限。
-- en: Targets row by row: for the area or group that owes it, and for each listed member of a group; with the due date.
-- column target_id text: 目标编号 | Id of the target.
-- column ref_area text: 地区或组 | Area or group of this row.
-- column is_member bool: 是否成员行 | Whether the row is about a member of the group that owes it.
-- column owner text: 承担地区或组 | Area or group that owes the target.
-- column indicator text: 指标 | Indicator that measures it.
-- column kind text: 类别 | Kind of the target.
-- column measure text: 计量方式 | ratio, value, done, items (k of n milestones), members (k of n areas).
-- column time_period text: 时期 | Period by whose end it is owed.
-- column period_end date: 时期末日 | Last day of time_period.
-- column period_ends_at instant: 时期结束时刻 | End of that day in the catalog's time zone.
-- column period_over bool: 时期是否已结束 | Whether T is past the period's end.
-- column due_at instant: 报送期限 | When the last of the reports that it needs is due; without obligations, the period's end.
-- column is_due bool: 是否到期 | Whether T is past due_at.
-- column comparator text: 比较方式 | How the actual value is compared.
-- column strength text: 约束强度 | hard, soft, report_only or context.
-- column unit_text text: 文件所用单位 | The unit as the text writes it.
-- column unit_factor exact: 文件单位合多少基本单位 | Plain units in one unit of the text.
-- column target_value exact: 目标值（文件单位） | The target in the text's unit; null where the text gives none for this row.
-- column target_amount exact: 目标值（基本单位） | The target in the indicator's plain unit.
-- column numerator_indicator text: 分子指标 | Ratios: the indicator above the line.
-- column denominator_indicator text: 分母指标 | Ratios: the indicator below the line.
-- column over_time text: 时期间合并方式 | How the indicator's values of periods combine.
-- column members bigint: 成员数或分项数 | Listed members of the group, or items of the coverage; null = not known.
with asked as (
    select
        targets.*, indicators.numerator as numerator_indicator, indicators.denominator as denominator_indicator,
        indicators.over_time, indicators.coverage_by, indicators.kind as indicator_kind
    from targets
    inner join indicators on indicators.indicator = targets.indicator
),

now as (
    select as_of from knowledge
),

members as (
    select distinct asked.target_id, area_group_members.member
    from asked
    inner join area_groups
        on area_groups.group_id = asked.ref_area
        and (area_groups.valid_from is null or area_groups.valid_from <= asked.period_end)
        and (area_groups.valid_to is null or area_groups.valid_to > asked.period_end)
    inner join area_group_members
        on area_group_members.group_id = asked.ref_area
        and (area_group_members.valid_from is null or area_group_members.valid_from <= asked.period_end)
        and (area_group_members.valid_to is null or area_group_members.valid_to > asked.period_end)
    where area_groups.membership = 'listed'
        and (area_group_members.indicator is null or area_group_members.indicator = asked.indicator)
),

member_counts as (
    select target_id, count(*) as members
    from members
    group by target_id
),

item_counts as (
    select member_of as indicator, count(*) as items
    from indicators
    where member_of is not null
    group by member_of
),

owners as (
    select
        asked.target_id, asked.ref_area, false as is_member,
        case
            when asked.kind = 'ratio' or asked.indicator_kind = 'ratio' then 'ratio'
            when asked.coverage_by = 'items' then 'items'
            when asked.coverage_by = 'areas' then 'members'
            when asked.kind = 'milestone' and member_counts.members is not null then 'members'
            when asked.kind = 'milestone' then 'done'
            else 'value'
        end as measure,
        asked.target_value, asked.target_amount, asked.comparator,
        case when asked.coverage_by = 'items' then item_counts.items else member_counts.members end as members
    from asked
    left join member_counts on member_counts.target_id = asked.target_id
    left join item_counts on item_counts.indicator = asked.indicator
),

of_members as (
    select
        owners.target_id, members.member as ref_area, true as is_member,
        case when owners.measure = 'members' then 'done' else owners.measure end as measure,
        case when owners.measure = 'members' then cast(1 as decimal(38, 10)) end as target_value,
        case when owners.measure = 'members' then cast(1 as decimal(38, 10)) end as target_amount,
        case when owners.measure = 'members' then 'done' else owners.comparator end as comparator,
        cast(null as bigint) as members
    from owners
    inner join members on members.target_id = owners.target_id
),

every as (
    select * from owners
    union all
    select * from of_members
),

needed as (
    select target_id, indicator from asked where coverage_by is null or coverage_by <> 'items'
    union
    select target_id, numerator_indicator as indicator from asked where numerator_indicator is not null
    union
    select target_id, denominator_indicator as indicator from asked where denominator_indicator is not null
    union
    select asked.target_id, indicators.indicator
    from asked
    inner join indicators on indicators.member_of = asked.indicator
),

places as (
    select target_id, ref_area, ref_area as reporting_area from every
    union
    select owners.target_id, owners.ref_area, members.member as reporting_area
    from owners
    inner join members on members.target_id = owners.target_id
    where owners.measure = 'members'
),

due as (
    select places.target_id, places.ref_area, max(obligations.due_at) as due_at
    from places
    inner join needed on needed.target_id = places.target_id
    inner join asked on asked.target_id = places.target_id
    inner join obligations
        on obligations.ref_area = places.reporting_area and obligations.indicator = needed.indicator
        and obligations.period_start >= asked.period_start and obligations.period_end <= asked.period_end
    group by places.target_id, places.ref_area
)

select
    every.target_id, every.ref_area, every.is_member, asked.ref_area as owner, asked.indicator, asked.kind,
    every.measure, asked.time_period, asked.period_end, asked.period_ends_at,
    now.as_of > asked.period_ends_at as period_over,
    coalesce(due.due_at, asked.period_ends_at) as due_at,
    now.as_of > coalesce(due.due_at, asked.period_ends_at) as is_due,
    every.comparator, asked.strength, asked.unit_text,
    case when every.measure = 'done' then cast(1 as decimal(38, 10)) else asked.unit_factor end as unit_factor,
    every.target_value, every.target_amount, asked.numerator_indicator, asked.denominator_indicator, asked.over_time,
    every.members
from every
inner join asked on asked.target_id = every.target_id
left join due on due.target_id = every.target_id and due.ref_area = every.ref_area
cross join now
