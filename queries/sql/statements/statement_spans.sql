-- name: statement_spans
-- grain: one row for each statement
-- inputs: statements
-- rules: 7
-- materialise: yes
-- narrows: ref_area, indicator, time_period alone
-- zh: 各条报送在何时可为其报送单位的现行数值。
-- en: From when to when a statement may be the value of its reporter: a newer one that was never withdrawn ends it, as its own withdrawal does.
-- column ref_area text: 地区或组 | Area or group code.
-- column indicator text: 指标 | Indicator.
-- column time_period text: 时期 | SDMX time period.
-- column reporter text: 报送单位 | Reporter who sent it.
-- column source text: 来源 | CloudEvents source.
-- column id text: 事件编号 | CloudEvents id.
-- column known_at instant: 获知时间 | When it became known.
-- column recorded_at instant: 记录时间 | When Helan recorded it.
-- column offset bigint: 地址：偏移 | Address: offset.
-- column index int: 地址：提交内序号 | Address: position in the submission.
-- column withdrawn_at instant: 撤销时间；空为未撤销 | When it was withdrawn; null = it stands.
-- column stands_to instant: 截止时间 | From when on it can never be its reporter's value; null = no end.
select
    ref_area, indicator, time_period, reporter, source, id, known_at, recorded_at, "offset", "index", withdrawn_at,
    least(
        withdrawn_at,
        min(case when withdrawn_at is null then known_at end) over (
            partition by ref_area, indicator, time_period, reporter
            order by known_at desc, recorded_at desc, source, "offset" desc, "index" desc
            rows between unbounded preceding and 1 preceding
        )
    ) as stands_to
from statements
