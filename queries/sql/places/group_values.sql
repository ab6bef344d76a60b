-- name: group_values
-- grain: one row for each group, indicator, time_period
-- inputs: area_values, area_groups, tree_members, periods, indicators, indicator_trees, areas, basis_links
-- rules: 2, 3, 4, 5
-- materialise: yes
-- narrows: ref_area, indicator, time_period
-- zh: 组的数值：只加最外层成员；成员重叠情况未知的不求和。
-- en: Values of groups: the outermost members added up; null where nobody knows whether members overlap.
-- column ref_area text: 组代码 | Id of the group.
-- column indicator text: 指标 | Indicator.
-- column time_period text: 时期 | SDMX time period.
-- column period_kind text: 时期类型 | Shape of time_period.
-- column period_start date: 首日 | First day.
-- column period_end date: 末日 | Last day.
-- column value exact: 数值（基本单位） | Reported for the group, else the sum over its outermost members.
-- column status text: 状态 | reported, compiled, partial, carried, no_own_value, overlap (unknown: no sum), missing, suppressed.
-- column reported exact: 报送值 | What was reported for the group itself.
-- column compiled exact: 成员合计 | Sum over outermost members with a value; null where nobody knows whether they overlap.
-- column residual exact: 差额 | reported − compiled; null where residual_reason says why there is none.
-- column coverage_reported bigint: 已有成员数 | Members that have a value; 1 where the group itself reported.
-- column coverage_expected bigint: 成员数 | Members; 1 where the group itself reported.
-- column months_reported int: 已含月数 | Months covered, where the value is reported.
-- column complete bool: 是否完整 | Whether every outermost member has a complete value.
-- column negative bool: 是否含负数 | Whether some part below zero is in it.
-- column vintage text: 发布版本 | Which release; mixed where the parts that are added differ.
-- column basis text: 基准 | Benchmark; mixed where the parts that are added differ.
-- column origin_period text: 来源时期 | Period of the one observation it comes from; null for a sum.
-- column missing_zh text: 缺报成员 | Members without a value, by Chinese name.
-- column missing_en text: 缺报成员（英文） | Members without a value, by English name.
-- column demo bool: 是否含演示数据 | Whether some part is illustrative.
-- column carried bool: 是否含较早时点的存量 | Whether some part is a stock's value of an earlier day.
-- column estimated bool: 是否含估计数 | Whether some report in it is an estimate.
-- column edition text: 版次 | Edition of a publication series; mixed where the parts that are added differ.
-- column residual_reason text: 无差额的原因代码 | Why there is no residual although both are there: part_of_period (one of them lacks months, or is a stock of an earlier day), edition_mixed (the parts are of several editions), edition_differs, basis_mixed, basis_differs (no link is declared).
-- column last_digit exact: 末位单位 | What one in the last digits as sent is worth, in the plain unit; of a sum those of its parts together.
-- column parts_estimated bool: 成员是否含估计数 | Whether some report in compiled is an estimate; null without it.
with held as (
    select area_groups.group_id, area_groups.overlap, periods.time_period, periods.period_end
    from area_groups
    inner join periods
        on (area_groups.valid_from is null or area_groups.valid_from <= periods.period_end)
        and (area_groups.valid_to is null or area_groups.valid_to > periods.period_end)
),

listed as (
    select
        tree_members.tree, tree_members.group_id, tree_members.overlap, tree_members.time_period, tree_members.member,
-- A member that lies in another member is in its value already: listed, not added.
        tree_members.outermost, coalesce(names.name_zh, tree_members.member) as name_zh,
        coalesce(names.name_en, tree_members.member) as name_en
    from tree_members
    inner join periods on periods.time_period = tree_members.time_period
    left join areas as names
        on names.ref_area = tree_members.member
        and (names.valid_from is null or names.valid_from <= periods.period_end)
        and (names.valid_to is null or names.valid_to > periods.period_end)
),

asked as (
    select distinct listed.tree, listed.group_id, listed.time_period, area_values.indicator
    from listed
    inner join area_values
        on area_values.ref_area = listed.member and area_values.time_period = listed.time_period
    inner join indicator_trees
        on indicator_trees.indicator = area_values.indicator and indicator_trees.tree = listed.tree
),

sums as (
    select
        asked.group_id, asked.indicator, asked.time_period, min(listed.overlap) as overlap,
        cast(sum(case when listed.outermost then member_values.value end) as decimal(38, 10)) as amount,
        count(member_values.value) as members_with_value, count(*) as members,
        bool_and(case when listed.outermost then coalesce(member_values.complete, false) else true end) as complete,
        bool_or(coalesce(member_values.negative, false)) as negative,
        min(coalesce(member_values.vintage, '')) filter (where listed.outermost and member_values.value is not null)
            as min_vintage,
        max(coalesce(member_values.vintage, '')) filter (where listed.outermost and member_values.value is not null)
            as max_vintage,
        min(coalesce(member_values.basis, '')) filter (where listed.outermost and member_values.value is not null)
            as min_basis,
        max(coalesce(member_values.basis, '')) filter (where listed.outermost and member_values.value is not null)
            as max_basis,
        string_agg(listed.name_zh, '、' order by listed.member) filter (where member_values.value is null)
            as missing_zh,
        string_agg(listed.name_en, ', ' order by listed.member) filter (where member_values.value is null)
            as missing_en,
        bool_or(coalesce(member_values.demo, false)) as demo,
        bool_or(listed.outermost and coalesce(member_values.carried, false)) as carried,
        bool_or(listed.outermost and coalesce(member_values.estimated, false)) as estimated,
        min(coalesce(member_values.edition, '')) filter (where listed.outermost and member_values.value is not null)
            as min_edition,
        max(coalesce(member_values.edition, '')) filter (where listed.outermost and member_values.value is not null)
            as max_edition,
        cast(sum(case when listed.outermost then member_values.last_digit end) as decimal(38, 10)) as last_digit,
        bool_and(member_values.whole_period) filter (where listed.outermost and member_values.value is not null) as whole
    from asked
    inner join listed
        on listed.tree = asked.tree and listed.group_id = asked.group_id and listed.time_period = asked.time_period
    left join area_values as member_values
        on member_values.ref_area = listed.member and member_values.indicator = asked.indicator
        and member_values.time_period = asked.time_period
    group by asked.group_id, asked.indicator, asked.time_period
),

made_up as (
    select sums.group_id, sums.indicator, sums.time_period
    from sums
    inner join indicators on indicators.indicator = sums.indicator and indicators.over_areas = 'additive'
    where sums.complete and sums.amount is not null and sums.overlap <> 'unknown'
),

own as (
    select area_values.*
    from area_values
    inner join held on held.group_id = area_values.ref_area and held.time_period = area_values.time_period
-- A quarter that was reported for the group itself is no year beside members that make one.
    left anti join made_up
        on made_up.group_id = area_values.ref_area and made_up.indicator = area_values.indicator
        and made_up.time_period = area_values.time_period and not area_values.complete
),

joined as (
    select
        coalesce(own.ref_area, sums.group_id) as ref_area,
        coalesce(own.indicator, sums.indicator) as indicator,
        coalesce(own.time_period, sums.time_period) as time_period,
        own.value as reported, own.status as own_status, own.vintage as own_vintage, own.basis as own_basis,
        own.origin_period, own.months_reported, own.complete as own_complete, own.negative as own_negative,
        own.demo as own_demo, own.carried as own_carried, own.estimated as own_estimated,
        own.coverage_reported as own_coverage_reported, own.coverage_expected as own_coverage_expected,
        sums.overlap, sums.amount, sums.members_with_value, sums.members, sums.complete, sums.negative,
        sums.min_vintage, sums.max_vintage, sums.min_basis, sums.max_basis, sums.missing_zh, sums.missing_en, sums.demo,
        sums.carried, sums.estimated, sums.min_edition, sums.max_edition, sums.last_digit, own.edition as own_edition,
        own.last_digit as own_last_digit, own.whole_period as own_whole, sums.whole
    from own
    full join sums
        on sums.group_id = own.ref_area and sums.indicator = own.indicator and sums.time_period = own.time_period
),

judged as (
    select
        joined.ref_area, joined.indicator, joined.time_period, joined.reported, joined.own_status,
        joined.own_vintage, joined.own_basis, joined.origin_period, joined.months_reported, joined.own_complete,
        joined.own_negative, joined.own_demo, joined.own_coverage_reported, joined.own_coverage_expected,
        joined.amount, joined.members_with_value, joined.members, joined.complete, joined.negative,
        joined.min_vintage, joined.max_vintage, joined.min_basis, joined.max_basis, joined.missing_zh,
        joined.missing_en, joined.demo, joined.own_carried, joined.own_estimated, joined.carried, joined.estimated,
        joined.min_edition, joined.max_edition, joined.last_digit, joined.own_edition, joined.own_last_digit,
        coalesce(joined.overlap = 'unknown', false) as overlaps,
        case
            when joined.reported is null or joined.amount is null then null
            when joined.overlap = 'unknown' then 'overlap'
            when not (joined.own_whole and joined.whole) then 'part_of_period'
            when joined.min_edition <> joined.max_edition or 'mixed' in (joined.own_edition, joined.min_edition)
                then 'edition_mixed'
-- What says no edition is of none: beside a part of an edition it is another one.
            when coalesce(joined.own_edition, '') <> joined.min_edition then 'edition_differs'
            when joined.min_basis <> joined.max_basis or 'mixed' in (joined.own_basis, joined.min_basis)
                then 'basis_mixed'
            when joined.min_basis <> '' and joined.own_basis <> joined.min_basis and basis_links.indicator is null
                then 'basis_differs'
        end as residual_reason,
        case
            when joined.reported is not null then joined.own_status
            when indicators.over_areas = 'own_value' then 'no_own_value'
            when indicators.over_areas <> 'additive' then coalesce(joined.own_status, 'missing')
            when joined.overlap = 'unknown' then 'overlap'
            when joined.amount is null then coalesce(joined.own_status, 'missing')
            when joined.complete then 'compiled'
            else 'partial'
        end as status
    from joined
    inner join indicators on indicators.indicator = joined.indicator
    left join basis_links
        on basis_links.indicator = joined.indicator and basis_links.basis = joined.own_basis
        and basis_links.linked_basis = joined.min_basis
)

select
    judged.ref_area, judged.indicator, judged.time_period, periods.period_kind, periods.period_start,
    periods.period_end,
    case
        when judged.reported is not null then judged.reported
        when judged.status in ('compiled', 'partial') then judged.amount
    end as value,
    judged.status, judged.reported,
    case when not judged.overlaps then judged.amount end as compiled,
    case when judged.residual_reason is null then judged.reported - judged.amount end
        as residual,
    case when judged.reported is not null then judged.own_coverage_reported else judged.members_with_value end
        as coverage_reported,
    case when judged.reported is not null then judged.own_coverage_expected else judged.members end
        as coverage_expected,
    judged.months_reported,
    coalesce(case when judged.reported is not null then judged.own_complete else judged.complete end, false)
        as complete,
    coalesce(case when judged.reported is not null then judged.own_negative else judged.negative end, false)
        as negative,
    case
        when judged.reported is not null then judged.own_vintage
        when judged.status not in ('compiled', 'partial') then null
        when judged.min_vintage = judged.max_vintage then nullif(judged.min_vintage, '')
        else 'mixed'
    end as vintage,
    case
        when judged.reported is not null then judged.own_basis
        when judged.status not in ('compiled', 'partial') then null
        when judged.min_basis = judged.max_basis then nullif(judged.min_basis, '')
        else 'mixed'
    end as basis,
    judged.origin_period, judged.missing_zh, judged.missing_en,
    coalesce(case when judged.reported is not null then judged.own_demo else judged.demo end, false) as demo,
    case
        when judged.reported is not null then coalesce(judged.own_carried, false)
        when judged.status in ('compiled', 'partial') then coalesce(judged.carried, false)
        else false
    end as carried,
    case
        when judged.reported is not null then coalesce(judged.own_estimated, false)
        when judged.status in ('compiled', 'partial') then coalesce(judged.estimated, false)
        else false
    end as estimated,
    case
        when judged.reported is not null then judged.own_edition
        when judged.status not in ('compiled', 'partial') then null
        when judged.min_edition = judged.max_edition then nullif(judged.min_edition, '')
        else 'mixed'
    end as edition,
    case when judged.status <> 'overlap' then judged.residual_reason end as residual_reason,
    case
        when judged.reported is not null then judged.own_last_digit
        when judged.status in ('compiled', 'partial') then judged.last_digit
    end as last_digit,
    case when judged.status <> 'overlap' and judged.amount is not null then judged.estimated end as parts_estimated
from judged
inner join periods on periods.time_period = judged.time_period
