-- name: area_ancestors
-- grain: one row for each period end, area, ancestor
-- inputs: tree_ancestors
-- rules: 4, 5
-- materialise: yes
-- zh: 各时期末日每个地区所在的全部上级（至多五级）。
-- en: In which areas each area lies on the last day of each period, by either relation, up to five levels.
-- column period_end date: 时期末日 | Last day of a period.
-- column ref_area text: 地区 | Area code.
-- column ancestor text: 上级地区 | Area in which it lies.
select period_end, ref_area, ancestor
from tree_ancestors
where tree = ''
