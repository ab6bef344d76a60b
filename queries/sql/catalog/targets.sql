-- name: targets
-- grain: one row for each target
-- inputs: catalog_targets
-- rules: 5, 8
-- materialise: yes
-- zh: 目标：文件中每一项可核查的承诺。
-- en: Targets: every checkable promise of the document.
-- column target_id text: 目标编号 | Id of the target.
-- column kind text: 类别 | ratio, amount, count, milestone, coverage, unquantified or context.
-- column name_zh text: 中文名称 | Name in Chinese.
-- column name_en text: 英文名称 | Name in English.
-- column ref_area text: 承担地区或组 | Area or group that owes it.
-- column indicator text: 衡量指标 | Indicator that measures it.
-- column unit_text text: 文件所用单位 | The unit as the text writes it.
-- column target_text text: 文件所写数值 | The target as the text writes it.
-- column target_value exact: 目标值（文件单位） | The target in the text's unit.
-- column target_amount exact: 目标值（基本单位） | The target in the indicator's plain unit.
-- column unit_factor exact: 文件单位合多少基本单位 | Plain units in one unit of the text.
-- column comparator text: 比较方式 | How the actual value is compared.
-- column alt_comparator text: 文字允许的另一种比较方式 | Another comparator that the text allows.
-- column strength text: 约束强度 | hard, soft, report_only or context.
-- column time_period text: 时期（文中未写者取目录默认时期） | Period by whose end it is owed; without one, the catalog's default period.
-- column period_kind text: 时期类型 | Shape of time_period.
-- column period_start date: 时期首日 | First day of time_period.
-- column period_end date: 时期末日 | Last day of time_period.
-- column period_ends_at instant: 时期末日结束时刻 | End of that day in the catalog's time zone.
-- column period_stated bool: 文中是否写明时期 | Whether the text says a period.
-- column parent text: 所属目标 | Target of which this is a part; never added to it.
-- column same_as text: 同一数值的另一处承诺 | Target that promises the same figure elsewhere.
-- column section text: 章节 | Section of the document.
-- column phrase text: 原文 | The phrase.
-- column verb text: 动词 | The verb.
-- column valid_from date: 生效日 | First day on which it holds.
-- column valid_to date: 失效日 | First day on which it no longer holds.
-- column known_at instant: 指标目录获知时间 | Since when the catalog knows the row.
-- column note text: 备注 | Remark.
with known as (
    select *
    from catalog_targets
    where known_at is null or known_at <= $as_of
),

latest as (
    select *, row_number() over (partition by target_id, valid_from order by known_at desc nulls last) as place
    from known
)

select
    target_id, kind, name_zh, name_en, ref_area, indicator, unit_text, target_text, target_value,
    target_amount, unit_factor, comparator, alt_comparator, strength, time_period, period_kind, period_start,
    period_end, period_ends_at, period_stated, parent, same_as, section, phrase, verb, valid_from, valid_to,
    known_at, note
from latest
where place = 1
