-- name: indicator_trees
-- grain: one row for each indicator
-- inputs: indicators, area_relations, area_group_members
-- rules: 4, 5
-- materialise: yes
-- zh: 各指标按哪一套地区关系和成员汇总：多数共用一套，指标目录另有规定的各有一套。
-- en: By which relations and members each indicator adds up: most share one tree, those for which the catalog has rows of their own have one each.
-- column indicator text: 指标 | Indicator.
-- column tree text: 关系集 | Empty = the relations and members that hold for every indicator; else the indicator.
with own as (
    select indicator from area_relations where indicator is not null
    union
    select indicator from area_group_members where indicator is not null
)

select indicators.indicator, coalesce(own.indicator, '') as tree
from indicators
left join own on own.indicator = indicators.indicator
