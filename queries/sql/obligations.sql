-- name: obligations
-- grain: one row for each report that is owed: obligation and period
-- inputs: catalog_dues
-- rules: 8, 9
-- materialise: yes
-- zh: 报送义务：每个时期应报的每一项及期限。
-- en: Obligations, period by period: what is due from whom, and when.
-- column obligation text: 义务代码 | Id of the obligation.
-- column reporter text: 报送单位 | Who owes it.
-- column ref_area text: 地区 | For which area.
-- column indicator text: 指标 | Which indicator.
-- column time_period text: 时期 | For which period.
-- column period_start date: 时期首日 | First day of the period.
-- column period_end date: 时期末日 | Last day of the period.
-- column due date: 期限 | Last day on which it is in time.
-- column due_at instant: 期限结束时刻 | End of that day in the catalog's time zone.
select
    obligation, reporter, ref_area, indicator, time_period, period_start, period_end, due, due_at
from catalog_dues
