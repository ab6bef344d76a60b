-- name: observations
-- grain: one row for each ref_area, indicator, time_period
-- inputs: standing, reporters, bases, catalog_sources
-- rules: 7, 12
-- materialise: no
-- narrows: ref_area, indicator, time_period
-- zh: 现行数值：每个地区、指标、时期取一个。
-- en: The current value of each area, indicator and period.
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
-- column recorded_at instant: 记录时间 | When Helan recorded it.
-- column known_at instant: 获知时间 | When it became known.
-- column received_at instant: 接收时间 | When ingest received it.
-- column content_digest bytes: 内容摘要 | Digest of what the event says.
-- column prepared_by text: 填报人 | Who filled it in.
-- column reviewed_by text: 审核人 | Who checked it.
-- column approved_by text: 负责人 | Who answers for it.
-- column evidence text: 依据 | Where it can be verified.
-- column note text: 备注 | Free text.
-- column basis text: 基准 | Benchmark: as the event says, else by the catalog.
-- column demo bool: 是否演示数据 | Whether the source carries illustrative figures.
-- column edition text: 版次 | Edition of a publication series; null = not said.
with precedences as (
    select reporter, min(precedence) as precedence
    from reporters
    group by reporter
),

own_bases as (
-- An area with rows of its own for an indicator has only those.
    select distinct indicator, ref_area
    from bases
    where ref_area is not null
),

with_basis as (
    select standing.*, coalesce(standing.stated_basis, bases.basis) as basis, bases.known_from as basis_from
    from standing
    left join own_bases
        on own_bases.indicator = standing.indicator and own_bases.ref_area = standing.ref_area
    left join bases
-- A basis that the report states is never overruled by the catalog.
        on standing.stated_basis is null and bases.indicator = standing.indicator
        and (bases.ref_area is not distinct from own_bases.ref_area)
        and (bases.period_from is null or bases.period_from <= standing.period_end)
        and (bases.period_to is null or bases.period_to > standing.period_end)
        and (bases.known_from is null or bases.known_from <= standing.known_at)
        and (bases.known_to is null or bases.known_to > standing.known_at)
-- The value before a withdrawn one counts again: of what still stands, the newest.
    where standing.withdrawn_at is null
),

ranked as (
    select
        with_basis.*,
        row_number() over (
            partition by with_basis.ref_area, with_basis.indicator, with_basis.time_period
            order by
-- Who says it weighs more than when it was said; a reporter without a precedence comes last.
-- The rest makes the order total, so that every computation picks the same report.
                coalesce(precedences.precedence, 2147483647), with_basis.known_at desc, with_basis.recorded_at desc,
                with_basis.source, with_basis."offset" desc, with_basis."index" desc,
                with_basis.basis_from desc nulls last, with_basis.basis
        ) as place
    from with_basis
    left join precedences on precedences.reporter = with_basis.reporter
)

select
    ranked.topic, ranked."partition", ranked."offset", ranked."index", ranked.source, ranked.id,
    ranked.reporter, ranked.submission, ranked.ref_area, ranked.indicator, ranked.time_period,
    ranked.period_kind, ranked.period_start, ranked.period_end, ranked.value, ranked.decimals,
    ranked.unit, ranked.unit_mult, ranked.amount, ranked.obs_status, ranked.conf_status,
    ranked.vintage, ranked.recorded_at, ranked.known_at, ranked.received_at, ranked.content_digest,
    ranked.prepared_by, ranked.reviewed_by, ranked.approved_by, ranked.evidence, ranked.note,
    ranked.basis, coalesce(sources.demo, false) as demo, ranked.edition
from ranked
left join catalog_sources as sources on sources.source = ranked.source
where ranked.place = 1
