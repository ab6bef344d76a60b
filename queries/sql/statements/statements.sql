-- name: statements
-- grain: one row for each reported event known as of T and recorded by R
-- inputs: events
-- rules: 7
-- materialise: no
-- zh: 已获知的全部报送事件，含已撤销者。
-- en: Every reported event that is known, withdrawn ones included.
-- column topic text: 地址：主题 | Address: topic of the log.
-- column partition int: 地址：分区 | Address: partition.
-- column offset bigint: 地址：偏移 | Address: offset.
-- column index int: 地址：提交内序号 | Address: position in the submission.
-- column source text: 来源 | CloudEvents source.
-- column id text: 事件编号 | CloudEvents id.
-- column reporter text: 报送单位 | Reporter who sent it.
-- column submission text: 提交编号 | Submission it came in.
-- column ref_area text: 地区或组 | Area or group code.
-- column indicator text: 指标 | Indicator.
-- column time_period text: 时期 | SDMX time period.
-- column period_kind text: 时期类型 | Shape of time_period: A, S, Q, M, W, D, R.
-- column period_start date: 时期首日 | First day.
-- column period_end date: 时期末日 | Last day.
-- column value exact: 原报数值 | The value as sent, in unit × 10^unit_mult.
-- column decimals int: 原报小数位 | Digits after the point as sent.
-- column unit text: 计量单位 | Unit of measure.
-- column unit_mult int: 单位的十次幂 | Power of ten of the unit.
-- column amount exact: 数值（基本单位） | The value in the plain unit.
-- column obs_status text: 数值状态 | SDMX observation status.
-- column conf_status text: 保密状态 | SDMX confidentiality status.
-- column vintage text: 发布版本 | Which release.
-- column stated_basis text: 事件所述基准 | Benchmark as the event says.
-- column recorded_at instant: 记录时间 | When Helan recorded it.
-- column known_at instant: 获知时间 | When it became known.
-- column received_at instant: 接收时间 | When ingest received it.
-- column content_digest bytes: 内容摘要 | Digest of what the event says.
-- column prepared_by text: 填报人 | Who filled it in.
-- column reviewed_by text: 审核人 | Who checked it.
-- column approved_by text: 负责人 | Who answers for it.
-- column evidence text: 依据 | Where it can be verified.
-- column note text: 备注 | Free text.
-- column withdrawn_at instant: 撤销时间；空为未撤销 | When it was withdrawn; null = it stands.
-- column edition text: 版次 | Edition of a publication series; null = not said.
with known as (
    select *
    from events
-- Two clocks: a release may be dated back to when it was published, what Helan had recorded cannot.
    where known_at <= $as_of and recorded_at <= $recorded
),

withdrawn as (
-- A withdrawal voids from the day it became known: as of an earlier day the value still stood.
    select source, withdraws as id, min(known_at) as withdrawn_at
    from known
    where type = 'helan.observation.withdrawn.v1'
    group by source, withdraws
)

select
    known.topic, known."partition", known."offset", known."index", known.source, known.id, known.reporter,
    known.submission, known.ref_area, known.indicator, known.time_period, known.period_kind,
    known.period_start, known.period_end, known.value, known.decimals, known.unit, known.unit_mult,
    known.amount, known.obs_status, known.conf_status, known.vintage, known.basis as stated_basis,
    known.recorded_at, known.known_at, known.received_at, known.content_digest, known.prepared_by,
    known.reviewed_by, known.approved_by, known.evidence, known.note, withdrawn.withdrawn_at, known.edition
-- Withdrawals are few: they are looked up beside the statements, which flow by.
from withdrawn
right join known on withdrawn.source = known.source and withdrawn.id = known.id
where known.type = 'helan.observation.reported.v1'
-- What somebody printed is compared with the values that count, and is none of them.
    and known.role is null
