-- name: group_parts
-- grain: one row for each group, time_period and member
-- inputs: tree_members
-- rules: 4, 5
-- materialise: yes
-- narrows: time_period
-- zh: 各时期组的成员，以及是否为最外层成员。
-- en: The members of each group in each period, and whether they are outermost.
-- column group_id text: 组代码 | Id of the group.
-- column time_period text: 时期 | SDMX time period.
-- column member text: 成员地区代码 | Area code of the member.
-- column overlap text: 成员是否重叠 | known, or unknown: then nothing is added up.
-- column outermost bool: 是否最外层 | Whether no other member holds it; others are listed, never added.
select group_id, time_period, member, overlap, outermost
from tree_members
where tree = ''
