-- name: standing
-- grain: one row for each ref_area, indicator, time_period, reporter, vintage, edition, stated_basis, basis_epoch and whether it was withdrawn or has no value
-- inputs: statements, catalog_bases
-- rules: 7
-- materialise: no
-- zh: 各类报送中最新的一条：地区、指标、时期、报送单位、发布版本、版次、基准各取其一，撤销者、无数值者另计。
-- en: The newest statement of each kind, out of all that are known: every answer about the present follows from these.
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
-- column basis_epoch int: 基准时段 | How many of the days on which the catalog reads its indicator's benchmark otherwise lay before it became known.
-- column statements bigint: 报送条数 | How many statements of its kind there are.
-- column first_received_at instant: 首次接收时间 | When the first of them was received.
-- column edition text: 版次 | Edition of a publication series; null = not said.
with edges as (
    select indicator, known_from as changes_at
    from catalog_bases
    where known_from is not null
    union
    select indicator, known_to as changes_at
    from catalog_bases
    where known_to is not null
),

epochs as (
    select statements.source, statements.id, count(*) as basis_epoch
    from statements
    inner join edges on edges.indicator = statements.indicator and edges.changes_at <= statements.known_at
    group by statements.source, statements.id
),

dated as (
    select statements.*, cast(coalesce(epochs.basis_epoch, 0) as int) as basis_epoch
    from statements
    left join epochs on epochs.source = statements.source and epochs.id = statements.id
),

ranked as (
    select
        *,
        count(*) over kind as statements,
        min(received_at) over kind as first_received_at,
-- The order is total, so that every computation picks the same one.
        row_number() over (
            partition by
                ref_area, indicator, time_period, reporter, vintage, edition, stated_basis, basis_epoch,
                withdrawn_at is null, amount is null
            order by known_at desc, recorded_at desc, source, "offset" desc, "index" desc
        ) as place
    from dated
    window kind as (
        partition by
            ref_area, indicator, time_period, reporter, vintage, edition, stated_basis, basis_epoch,
            withdrawn_at is null, amount is null
    )
)

select
    topic, "partition", "offset", "index", source, id, reporter, submission, ref_area, indicator, time_period,
    period_kind, period_start, period_end, value, decimals, unit, unit_mult, amount, obs_status, conf_status,
    vintage, stated_basis, recorded_at, known_at, received_at, content_digest, prepared_by, reviewed_by, approved_by,
    evidence, note, withdrawn_at, basis_epoch, statements, first_received_at, edition
from ranked
where place = 1
