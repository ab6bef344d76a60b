-- name: target_notes
-- grain: one row for each remark on a target
-- inputs: targets, target_sums
-- rules: 8
-- materialise: no
-- narrows: targets
-- zh: 目标的备注：同一数值的另一处、总括与分项、文件自身对不上之处、文字存疑之处。
-- en: What to know of a target: the same figure elsewhere, headings and parts, where the document does not agree with itself, what its text leaves open.
-- column target_id text: 目标编号 | The target.
-- column kind text: 类别 | repeated, repeats, heading, part, parts_differ (the document's own numbers do not agree), text (a remark of the catalog).
-- column other_targets text: 相关目标 | Ids of the other targets it is about.
-- column note_zh text: 说明 | The remark in Chinese.
-- column note_en text: 说明（英文） | The remark in English.
with repeats as (
    select
        targets.target_id, 'repeats' as kind, targets.same_as as other_targets,
        '与 ' || targets.same_as || '（' || originals.phrase || '）为同一数值，只计一次' as note_zh,
        'the same figure as ' || targets.same_as || ' (' || originals.phrase || '): counted once, there' as note_en
    from targets
    inner join targets as originals on originals.target_id = targets.same_as
),

repeated as (
    select
        same_as as target_id, 'repeated' as kind, target_id as other_targets,
        target_id || '（' || phrase || '）以另一种说法承诺同一数值，不另计' as note_zh,
        target_id || ' (' || phrase || ') promises the same figure in other words: not counted again' as note_en
    from targets
    where same_as is not null
),

headings as (
    select
        parent as target_id, 'heading' as kind, string_agg(target_id, ' ' order by target_id) as other_targets,
        '总括 ' || string_agg(target_id, '、' order by target_id) || '，不与之相加' as note_zh,
        'heads ' || string_agg(target_id, ', ' order by target_id) || ': never added to them' as note_en
    from targets
    where parent is not null
    group by parent
),

parts as (
    select
        target_id, 'part' as kind, parent as other_targets, parent || ' 的分项' as note_zh,
        'a part of ' || parent as note_en
    from targets
    where parent is not null
),

sums as (
    select target_id, 'parts_differ' as kind, part_targets as other_targets, note_zh, note_en
    from target_sums
    where difference <> 0
),

texts as (
    select
        target_id, 'text' as kind, cast(null as varchar) as other_targets,
        split_part(note, ' / ', 1) as note_zh,
        case when strpos(note, ' / ') > 0 then substr(note, strpos(note, ' / ') + 3) else note end as note_en
    from targets
    where note is not null
)

select * from repeats
union all
select * from repeated
union all
select * from headings
union all
select * from parts
union all
select * from sums
union all
select * from texts
