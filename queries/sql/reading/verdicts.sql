-- name: verdicts
-- grain: one row for each target and area: the area or group that owes it, and each listed member of such a group
-- inputs: quota_fulfilment
-- rules: 8, 10
-- materialise: no
-- zh: 供阅读的目标完成情况：目标、地区、实际、结论和理由；其余列见 quota_fulfilment。
-- en: How each target stands, to read: target, area, actual value, verdict and why. The other columns are those of quota_fulfilment.
-- column target_id text: 目标编号 | Id of the target.
-- column name_zh text: 目标名称 | Name of the target in Chinese.
-- column name_en text: 目标英文名称 | Name of the target in English.
-- column ref_area text: 地区或组 | Area or group of this row.
-- column area_zh text: 地区名称 | Name of the area or group in Chinese.
-- column area_en text: 地区英文名称 | Name of the area or group in English.
-- column time_period text: 时期 | Period by whose end it is owed.
-- column target text: 目标 | Comparison, value and unit, as the document has them.
-- column actual text: 实际 | The actual value in the target's unit, to four digits as in the reasons, without zeros at the end.
-- column verdict text: 结论 | met, missed, on_track, behind, partial, not_reported, not_due, not_assessable, report_only, context.
-- column reason_zh text: 理由 | Why, in Chinese.
-- column reason_en text: 理由（英文） | Why, in English.
select
    target_id, name_zh, name_en, ref_area, area_zh, area_en, time_period,
    case
        when comparator in ('>=', '>', '<=', '=', '≈') and target_value is not null
            then case comparator when '>=' then '≥' when '<=' then '≤' else comparator end || ' '
                || rtrim(rtrim(cast(target_value as varchar), '0'), '.') || ' ' || unit_text
        when comparator = 'done' then '完成'
        when comparator = 'started' then '启动'
        when comparator = 'all' then '全部' || coalesce(' ' || rtrim(rtrim(cast(target_value as varchar), '0'), '.') || ' ' || unit_text, '')
        when target_value is not null then comparator || ' ' || rtrim(rtrim(cast(target_value as varchar), '0'), '.')
        else '未给出数值'
    end as target,
    rtrim(rtrim(cast(cast(actual_value as decimal(38, 4)) as varchar), '0'), '.') as actual,
    verdict, reason_zh, reason_en
from quota_fulfilment
