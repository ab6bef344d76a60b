-- name: area_edges
-- grain: one row for each period end, child, parent, relation and indicator
-- inputs: periods, area_relations
-- rules: 4, 5
-- materialise: yes
-- zh: 各时期末日有效的地区关系。
-- en: The relations that hold on the last day of each period.
-- column period_end date: 时期末日 | Last day of a period.
-- column child text: 所含地区 | Area that lies in the parent.
-- column parent text: 上级地区 | Area that holds it.
-- column relation text: part_of 或 within | part_of counts upward; within never does.
-- column indicator text: 指标 | The one indicator for which it holds; null = every one.
with days as (
    select distinct period_end
    from periods
)

select distinct days.period_end, area_relations.child, area_relations.parent, area_relations.relation,
    area_relations.indicator
from days
inner join area_relations
    on (area_relations.valid_from is null or area_relations.valid_from <= days.period_end)
    and (area_relations.valid_to is null or area_relations.valid_to > days.period_end)
