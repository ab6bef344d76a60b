-- name: obligations
-- grain: one row for each report that is owed: obligation and period
-- inputs: catalog_dues, obligation_versions, areas, area_groups, reporters
-- rules: 5, 8, 9
-- materialise: yes
-- zh: 报送任务：每个时期应报的每一项及期限，截至 T。
-- en: Obligations, period by period: what is due from whom, and when, as the catalog was known at T. Nobody owes for a unit that was not open on the period's last day, or as a reporter that was not there then.
-- column obligation text: 报送任务编号 | Id of the obligation.
-- column reporter text: 报送单位 | Who owes it.
-- column ref_area text: 地区 | For which area.
-- column indicator text: 指标 | Which indicator.
-- column time_period text: 时期 | For which period.
-- column period_start date: 时期首日 | First day of the period.
-- column period_end date: 时期末日 | Last day of the period.
-- column due date: 期限 | Last day on which it is in time.
-- column due_at instant: 期限结束时刻 | End of that day in the catalog's time zone.
-- column known_at instant: 指标目录获知时间 | Since when the catalog knows that it is owed like this; null = always.
with open_places as (
    select ref_area, valid_from, valid_to from areas
    union all
    select group_id as ref_area, valid_from, valid_to from area_groups
)

select distinct
    dues.obligation, dues.reporter, dues.ref_area, dues.indicator, dues.time_period, dues.period_start,
    dues.period_end, dues.due, dues.due_at, dues.known_at
from catalog_dues as dues
inner join obligation_versions as versions
    on versions.obligation = dues.obligation and versions.known_at is not distinct from dues.known_at
inner join open_places
    on open_places.ref_area = dues.ref_area
    and (open_places.valid_from is null or open_places.valid_from <= dues.period_end)
    and (open_places.valid_to is null or open_places.valid_to > dues.period_end)
inner join reporters
    on reporters.reporter = dues.reporter
    and (reporters.valid_from is null or reporters.valid_from <= dues.period_end)
    and (reporters.valid_to is null or reporters.valid_to > dues.period_end)
