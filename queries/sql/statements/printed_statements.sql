-- name: printed_statements
-- grain: one row for each ref_area, indicator, time_period, edition and reporter
-- inputs: events
-- rules: 7, 12
-- materialise: no
-- zh: 已公布数：各单位按版次报送的最新一条，只作核对。
-- en: Figures as somebody published them (role printed), the newest of each edition and reporter: compared, never counted.
-- column ref_area text: 地区或组 | Area or group code.
-- column indicator text: 指标 | Indicator; a ratio too.
-- column time_period text: 时期 | SDMX time period.
-- column edition text: 版次 | Edition in which it was printed; null = not said.
-- column reporter text: 报送单位 | Reporter who sent it.
-- column value exact: 原报数值 | The value as sent, in unit × 10^unit_mult.
-- column decimals int: 原报小数位 | Digits after the point as sent.
-- column unit text: 计量单位 | Unit of measure.
-- column unit_mult int: 单位的十次幂 | Power of ten of the unit.
-- column amount exact: 数值（基本单位） | The value in the plain unit.
-- column vintage text: 发布版本 | Which release.
-- column known_at instant: 获知时间 | When it became known.
-- column recorded_at instant: 记录时间 | When Helan recorded it.
-- column source text: 来源 | CloudEvents source.
-- column id text: 事件编号 | CloudEvents id.
-- column submission text: 提交编号 | Submission it came in.
-- column evidence text: 依据 | Where it can be verified.
-- column note text: 备注 | Free text.
with known as (
    select *
    from events
    where known_at <= $as_of and recorded_at <= $recorded
),

withdrawn as (
    select distinct source, withdraws as id
    from known
    where type = 'helan.observation.withdrawn.v1'
),

ranked as (
    select
        known.*,
        row_number() over (
            partition by known.ref_area, known.indicator, known.time_period, known.edition, known.reporter
            order by known.known_at desc, known.recorded_at desc, known.source, known."offset" desc, known."index" desc
        ) as place
    from known
    left join withdrawn on withdrawn.source = known.source and withdrawn.id = known.id
    where known.type = 'helan.observation.reported.v1' and known.role = 'printed' and known.amount is not null
        and withdrawn.id is null
)

select
    ref_area, indicator, time_period, edition, reporter, value, decimals, unit, unit_mult, amount, vintage, known_at,
    recorded_at, source, id, submission, evidence, note
from ranked
where place = 1
