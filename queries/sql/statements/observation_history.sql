-- name: observation_history
-- grain: one row for each span of time in which one event was the current value of its ref_area, indicator, time_period
-- inputs: statements, catalog_reporters, knowledge
-- rules: 7, 12
-- narrows: ref_area, indicator, time_period
-- at once: 50000
-- materialise: no
-- zh: 数值沿革：每个单元格在何时以何值为准。
-- en: Which value of a cell was current from when to when, by the time it was known; a withdrawal brings back the newest that stands, and another precedence between reporters counts from when the catalog knows it.
-- column ref_area text: 地区或组 | Area or group code.
-- column indicator text: 指标 | Indicator.
-- column time_period text: 时期 | SDMX time period.
-- column known_from instant: 自此为准 | From when it was the current value.
-- column known_to instant: 至此为准；空为至今 | Until when (exclusive); null = it still is.
-- column value exact: 原报数值 | The value as sent, in unit × 10^unit_mult.
-- column unit text: 计量单位 | Unit of measure.
-- column unit_mult int: 单位的十次幂 | Power of ten of the unit.
-- column amount exact: 数值（基本单位） | The value in the plain unit.
-- column obs_status text: 数值状态 | SDMX observation status.
-- column vintage text: 发布版本 | Which release.
-- column stated_basis text: 事件所述基准 | Benchmark as the event says.
-- column reporter text: 报送单位 | Reporter who sent it.
-- column source text: 来源 | CloudEvents source.
-- column id text: 事件编号 | CloudEvents id.
-- column submission text: 提交编号 | Submission it came in.
-- column recorded_at instant: 记录时间 | When Helan recorded it.
-- column withdrawn_at instant: 撤销时间；空为未撤销 | When it was withdrawn; null = it stands.
-- column edition text: 版次 | Edition of a publication series; null = not said.
with every as (
    select
        source, id, ref_area, indicator, time_period, reporter, known_at, recorded_at, "offset", "index",
        withdrawn_at,
-- From when on it can never be the current value: withdrawn, or its reporter sent a newer one that was never withdrawn.
        least(
            withdrawn_at,
            min(case when withdrawn_at is null then known_at end) over (
                partition by ref_area, indicator, time_period, reporter
                order by known_at desc, recorded_at desc, source, "offset" desc, "index" desc
                rows between unbounded preceding and 1 preceding
            )
        ) as stands_to
    from statements
),

precedences as (
    select
        catalog_reporters.reporter, catalog_reporters.precedence, catalog_reporters.known_at as holds_from,
        lead(catalog_reporters.known_at) over (
            partition by catalog_reporters.reporter order by catalog_reporters.known_at nulls first
        ) as holds_to
    from catalog_reporters
    inner join knowledge on catalog_reporters.known_at is null or catalog_reporters.known_at <= knowledge.as_of
),

changes as (
    select ref_area, indicator, time_period, known_at as changed_at from every
    union
    select ref_area, indicator, time_period, withdrawn_at as changed_at from every where withdrawn_at is not null
    union
-- A cell can change hands without a report: on the day from which on the catalog knows another precedence.
    select every.ref_area, every.indicator, every.time_period, precedences.holds_from as changed_at
    from every
    inner join precedences on precedences.reporter = every.reporter and precedences.holds_from > every.known_at
),

candidates as (
    select
        changes.ref_area, changes.indicator, changes.time_period, changes.changed_at, every.source, every.id,
        row_number() over (
            partition by changes.ref_area, changes.indicator, changes.time_period, changes.changed_at
            order by
                coalesce(precedences.precedence, 2147483647), every.known_at desc, every.recorded_at desc,
                every.source, every."offset" desc, every."index" desc
        ) as place
    from changes
    inner join every
        on every.ref_area = changes.ref_area and every.indicator = changes.indicator
        and every.time_period = changes.time_period and every.known_at <= changes.changed_at
        and (every.stands_to is null or every.stands_to > changes.changed_at)
    left join precedences
        on precedences.reporter = every.reporter
        and (precedences.holds_from is null or precedences.holds_from <= changes.changed_at)
        and (precedences.holds_to is null or precedences.holds_to > changes.changed_at)
),

spans as (
    select
        changes.ref_area, changes.indicator, changes.time_period, changes.changed_at as span_from,
        lead(changes.changed_at) over cell as span_to, candidates.source, candidates.id,
        lag(candidates.source) over cell as source_before, lag(candidates.id) over cell as id_before
    from changes
    left join candidates
        on candidates.ref_area = changes.ref_area and candidates.indicator = changes.indicator
        and candidates.time_period = changes.time_period and candidates.changed_at = changes.changed_at
        and candidates.place = 1
    window cell as (
        partition by changes.ref_area, changes.indicator, changes.time_period order by changes.changed_at
    )
),

runs as (
    select
        ref_area, indicator, time_period, source, id, span_from, span_to,
        sum(
            case when (source_before is not distinct from source) and (id_before is not distinct from id) then 0 else 1 end
        ) over (partition by ref_area, indicator, time_period order by span_from) as run
    from spans
),

held as (
    select
        source, id, min(span_from) as known_from, case when not bool_or(span_to is null) then max(span_to) end as known_to
    from runs
    where id is not null
    group by ref_area, indicator, time_period, run, source, id
)

select
    statements.ref_area, statements.indicator, statements.time_period, held.known_from, held.known_to,
    statements.value, statements.unit, statements.unit_mult, statements.amount, statements.obs_status,
    statements.vintage, statements.stated_basis, statements.reporter, statements.source, statements.id,
    statements.submission, statements.recorded_at, statements.withdrawn_at, statements.edition
from held
inner join statements on statements.source = held.source and statements.id = held.id
