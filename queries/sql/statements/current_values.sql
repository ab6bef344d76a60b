-- name: current_values
-- grain: one row for each ref_area, indicator, time_period
-- inputs: observations, powers_of_ten
-- rules: 7, 12
-- materialise: yes
-- narrows: ref_area, indicator, time_period
-- zh: 现行数值，只留汇总所需各列。
-- en: The current values, with only the columns that roll-ups need.
-- column ref_area text: 地区或组 | Area or group code.
-- column indicator text: 指标 | Indicator.
-- column time_period text: 时期 | SDMX time period.
-- column period_kind text: 时期类型 | Shape of time_period.
-- column period_start date: 首日 | First day.
-- column period_end date: 末日 | Last day.
-- column amount exact: 数值（基本单位） | The value in the plain unit.
-- column obs_status text: 数值状态 | SDMX observation status.
-- column vintage text: 发布版本 | Which release.
-- column basis text: 基准 | Benchmark.
-- column reporter text: 报送单位 | Reporter who sent it.
-- column source text: 来源 | CloudEvents source.
-- column id text: 事件编号 | CloudEvents id.
-- column known_at instant: 获知时间 | When it became known.
-- column demo bool: 是否演示数据 | Whether the source carries illustrative figures.
-- column note text: 备注 | The reporter's remark: it explains a finding.
-- column edition text: 版次 | Edition of a publication series; null = not said.
-- column last_digit exact: 末位单位 | What one in the last digit as sent is worth, in the plain unit.
select
    observations.ref_area, observations.indicator, observations.time_period, observations.period_kind,
    observations.period_start, observations.period_end, observations.amount, observations.obs_status,
    observations.vintage, observations.basis, observations.reporter, observations.source, observations.id,
    observations.known_at, observations.demo, observations.note, observations.edition, powers_of_ten.power as last_digit
from observations
left join powers_of_ten on powers_of_ten.exponent = observations.unit_mult - observations.decimals
