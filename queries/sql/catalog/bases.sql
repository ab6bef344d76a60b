-- name: bases
-- grain: one row for each indicator, benchmark and time span
-- inputs: catalog_bases
-- rules: 7
-- materialise: yes
-- zh: 基准：指标数值所属的普查或口径。
-- en: Benchmarks to which an indicator's values belong when the event does not say.
-- column basis text: 基准代码 | Id of the benchmark.
-- column indicator text: 指标 | Indicator it is about.
-- column name_zh text: 中文名称 | Name in Chinese.
-- column name_en text: 英文名称 | Name in English.
-- column period_from date: 适用时期首日 | First day of the periods it covers.
-- column period_to date: 适用时期终止日 | First day after them.
-- column known_from instant: 自何时获知的数值 | Values known from then …
-- column known_to instant: 至何时获知的数值 | … and before then belong to it.
-- column note text: 备注 | Remark.
-- column ref_area text: 地区或组 | The one area or group whose values it is about; null = those of every one without rows of its own.
select
    basis, indicator, name_zh, name_en, period_from, period_to, known_from, known_to, note, ref_area
from catalog_bases
