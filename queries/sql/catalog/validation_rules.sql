-- name: validation_rules
-- grain: one row for each rule
-- inputs: catalog_rules
-- rules: 3, 6, 7
-- materialise: yes
-- zh: 核查规则：对已接收数值的要求；必须拒收者见指标和界限。
-- en: Validation rules: what is asked of accepted values. What must be refused stands in indicators and bounds.
-- column rule text: 规则代码 | Id of the rule.
-- column kind text: 类别 | bounds, jump, unit_scale, sum, area_sum, stock or ratio_parts.
-- column indicator text: 指标 | The indicator whose values are looked at.
-- column severity text: 程度 | soft (ask for an explanation) or info.
-- column ref_area text: 地区或组 | One area or group; null = every one.
-- column parts text: 对照指标 | Indicators that it is compared with.
-- column low exact: 下限 | Least amount, or least value ÷ value of the period before.
-- column high exact: 上限 | Greatest amount, or greatest value ÷ value of the period before.
-- column tolerance exact: 容差 | What may lie between the two sides, in the plain unit.
-- column message_zh text: 提示 | What to tell the reporter, in Chinese.
-- column message_en text: 提示（英文） | What to tell the reporter, in English.
-- column known_at instant: 指标目录获知时间 | Since when the catalog knows the rule; null = always.
-- column note text: 备注 | Remark.
-- column half_digit bool: 容差随位数 | Whether half a unit of the last digit of the whole and of each part may lie between, as they were sent.
-- column places text: 适用范围 | areas: asked of areas and no group; null = of both.
with known as (
    select *
    from catalog_rules
    where known_at is null or known_at <= $as_of
),

latest as (
    select *, row_number() over (partition by rule order by known_at desc nulls last) as place
    from known
)

select
    rule, kind, indicator, severity, ref_area, parts, low, high, tolerance, message_zh, message_en, known_at, note,
    half_digit, places
from latest
where place = 1
