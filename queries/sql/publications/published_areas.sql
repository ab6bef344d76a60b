-- name: published_areas
-- grain: one row for each ref_area, indicator, time_period
-- inputs: area_values, group_values
-- rules: 2, 3, 4, 5, 6, 7, 10, 11
-- materialise: no
-- narrows: ref_area, indicator, time_period
-- zh: 发布的地区数值；组的报送值旁列出成员合计与差额。
-- en: What a publication freezes of area_values; beside what a group reported it has what its members come to.
-- column ref_area text: 地区或组 | Area or group code.
-- column indicator text: 指标 | Indicator.
-- column time_period text: 时期 | SDMX time period.
-- column period_kind text: 时期类型 | Shape of time_period.
-- column period_start date: 首日 | First day.
-- column period_end date: 末日 | Last day.
-- column value exact: 数值（基本单位） | The value in the plain unit.
-- column status text: 状态 | reported, compiled, partial (children or months missing), carried, no_own_value, missing, suppressed, not_applicable.
-- column reported exact: 报送值 | What was reported for the area itself.
-- column compiled exact: 下级合计 | Sum over partition children with a value; for own-value indicators a cross-check only.
-- column residual exact: 差额 | reported − compiled; null where residual_reason says why there is none.
-- column coverage_reported bigint: 已有部分 | Reported: 1. Compiled or partial: children, or months, that have a value.
-- column coverage_expected bigint: 应有部分 | Reported: 1. Compiled or partial: children, or months, expected.
-- column children_reported bigint: 有值下级数 | Partition children that have a value.
-- column children_expected bigint: 下级数 | Partition children.
-- column months_reported int: 已含月数 | Months covered, where the value is reported.
-- column method text: 取值方法 | How the reported value of the period was got: see period_values.
-- column complete bool: 是否完整 | Whether it covers all of the area and all of the period.
-- column negative bool: 是否含负数 | Whether some part below zero is in it.
-- column obs_status text: 数值状态 | SDMX observation status of the reported value.
-- column vintage text: 发布版本 | Which release; mixed where the parts differ.
-- column basis text: 基准 | Benchmark; mixed where the parts differ.
-- column origin_period text: 来源时期 | Period of the one observation it comes from; null for a sum.
-- column reporter text: 报送单位 | Who reported it.
-- column missing_zh text: 缺报下级 | Children without a value, by Chinese name.
-- column missing_en text: 缺报下级（英文） | Children without a value, by English name.
-- column demo bool: 是否含演示数据 | Whether some part is illustrative.
-- column carried bool: 是否含较早时点的存量 | Whether some part is a stock's value of an earlier day.
-- column estimated bool: 是否含估计数 | Whether some report in it is an estimate.
-- column edition text: 版次 | Edition of a publication series; mixed where the parts differ.
-- column residual_reason text: 无差额的原因代码 | Why there is no residual although both are there: part_of_period (one of them lacks months, or is a stock of an earlier day), edition_mixed (the parts are of several editions), edition_differs, basis_mixed, basis_differs (no link is declared).
-- column last_digit exact: 末位单位 | What one in the last digits as sent is worth, in the plain unit; of a sum those of its parts together.
-- column parts_last_digit exact: 下级末位单位 | What one in the last digit of every report in compiled is worth together.
-- column parts_estimated bool: 下级是否含估计数 | Whether some report in compiled is an estimate; null without it.
-- column whole_period bool: 是否覆盖全期 | Whether every report in the value covers the whole period.
-- column members_compiled exact: 成员合计 | Groups: sum over outermost members.
-- column members_residual exact: 与成员合计的差额 | Groups: reported − members_compiled; null where members_residual_reason says why there is none.
-- column members_residual_reason text: 无差额的原因代码 | Groups: as residual_reason.
-- column members_estimated bool: 成员是否含估计数 | Groups: whether some report in members_compiled is an estimate.
select
    area_values.*, group_values.compiled as members_compiled, group_values.residual as members_residual,
    group_values.residual_reason as members_residual_reason, group_values.parts_estimated as members_estimated
from area_values
left join group_values
    on group_values.ref_area = area_values.ref_area and group_values.indicator = area_values.indicator
    and group_values.time_period = area_values.time_period
