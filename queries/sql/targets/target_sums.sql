-- name: target_sums
-- grain: one row for each target of an area whose partition children have targets of the same indicator and period
-- inputs: targets, indicators, indicator_trees, tree_edges
-- rules: 1, 4, 8
-- materialise: no
-- narrows: targets
-- zh: 文件自身是否对得上：下级目标之和（比率按其隐含分母加权）与本级目标。
-- en: Whether the document agrees with itself: what the parts' targets come to (ratios weighted by the denominators they imply) beside the whole's. They are never added to it.
-- column target_id text: 目标编号 | Target of the whole.
-- column ref_area text: 地区 | Area that owes it.
-- column indicator text: 指标 | Indicator.
-- column time_period text: 时期 | Period.
-- column method text: 方法 | sum, or weighted: Σ parts' numerator targets ÷ Σ the denominators that their two targets imply.
-- column target_value exact: 本级目标 | The whole's target, in the text's unit.
-- column parts_value exact: 下级目标合计 | What the parts' targets come to, in the same unit.
-- column difference exact: 差额 | parts_value − target_value.
-- column parts bigint: 下级目标数 | Children that have a target.
-- column parts_expected bigint: 下级数 | Partition children.
-- column part_targets text: 下级目标编号 | Their targets' ids.
-- column note_zh text: 说明 | In a sentence, in Chinese.
-- column note_en text: 说明（英文） | In a sentence, in English.
with numbers as (
    select
        target_id, ref_area, indicator, time_period, period_end, target_value, target_amount, unit_factor, unit_text, kind,
        row_number() over (partition by ref_area, indicator, time_period order by same_as is not null, target_id) as place
    from targets
    where target_amount is not null and kind in ('ratio', 'amount', 'count')
),

own as (
    select * from numbers where place = 1
),

children as (
    select tree, period_end, parent, child, count(*) over (partition by tree, period_end, parent) as parts_expected
    from tree_edges
    where relation = 'part_of'
),

pairs as (
    select
        wholes.target_id, wholes.ref_area, wholes.indicator, wholes.time_period, wholes.kind, wholes.target_value,
        wholes.target_amount, wholes.unit_factor, wholes.unit_text, children.parts_expected,
        own.target_id as part_target, own.target_amount as part_amount, own.ref_area as part_area
    from numbers as wholes
    inner join indicator_trees on indicator_trees.indicator = wholes.indicator
    inner join children
        on children.parent = wholes.ref_area and children.period_end = wholes.period_end
        and children.tree = indicator_trees.tree
    inner join own
        on own.ref_area = children.child and own.indicator = wholes.indicator and own.time_period = wholes.time_period
),

sums as (
    select
        target_id, ref_area, indicator, time_period, 'sum' as method, target_value, unit_text, parts_expected,
        count(*) as parts, string_agg(part_target, ' ' order by part_area) as part_targets,
        cast(
            cast(sum(part_amount) as decimal(38, 10)) / nullif(cast(max(unit_factor) as decimal(38, 10)), 0)
            as decimal(38, 10)
        ) as parts_value
    from pairs
    where kind <> 'ratio'
    group by target_id, ref_area, indicator, time_period, target_value, unit_text, parts_expected
),

implied as (
    select
        pairs.*, own.target_amount as numerator, indicators.factor,
        cast(
            cast(cast(own.target_amount as decimal(76, 10)) * cast(indicators.factor as decimal(20, 0)) as decimal(76, 20))
            / nullif(cast(pairs.part_amount as decimal(76, 10)), 0)
            as decimal(38, 10)
        ) as denominator
    from pairs
    inner join indicators on indicators.indicator = pairs.indicator
    inner join own
        on own.ref_area = pairs.part_area and own.indicator = indicators.numerator
        and own.time_period = pairs.time_period
    where pairs.kind = 'ratio' and pairs.part_amount > 0
),

weighted as (
    select
        target_id, ref_area, indicator, time_period, 'weighted' as method, target_value, unit_text, parts_expected,
        count(*) as parts, string_agg(part_target, ' ' order by part_area) as part_targets,
        cast(
-- The parts' ratios are weighted by the denominators that their targets imply: the plain mean of Ningxia's five
-- would be 1.056 %, their sum over the region 1.343 %.
            cast(sum(numerator) as decimal(38, 10)) * max(factor) / nullif(cast(sum(denominator) as decimal(38, 10)), 0)
            as decimal(38, 10)
        ) as parts_value
    from implied
    group by target_id, ref_area, indicator, time_period, target_value, unit_text, parts_expected
),

every as (
    select * from sums
    union all
    select * from weighted
),

shown as (
    select
        *, rtrim(rtrim(cast(cast(parts_value as decimal(38, 3)) as varchar), '0'), '.') as parts_shown,
        rtrim(rtrim(cast(target_value as varchar), '0'), '.') as target_shown
    from every
)

select
    target_id, ref_area, indicator, time_period, method, target_value, parts_value,
    parts_value - target_value as difference, parts, parts_expected, part_targets,
    cast(parts as varchar) || ' 个下级的目标（' || part_targets || '）'
        || case method when 'sum' then '合计 ' else '按其隐含分母加权为 ' end || parts_shown || ' ' || unit_text
        || '，本级目标 ' || target_shown || ' ' || unit_text as note_zh,
    'the targets of its ' || cast(parts as varchar) || ' parts (' || part_targets || ') '
        || case method when 'sum' then 'add up to ' else 'come, weighted by the denominators they imply, to ' end
        || parts_shown || '; its own target is ' || target_shown as note_en
from shown
