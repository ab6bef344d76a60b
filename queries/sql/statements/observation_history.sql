-- name: observation_history
-- grain: one row for each span of time in which one event was the current value of its ref_area, indicator, time_period
-- inputs: statement_spans, statements, catalog_reporters, knowledge
-- rules: 7, 12
-- narrows: ref_area, indicator, time_period alone
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
with precedences as (
    select
        catalog_reporters.reporter, catalog_reporters.precedence, catalog_reporters.known_at as holds_from,
        lead(catalog_reporters.known_at) over (
            partition by catalog_reporters.reporter order by catalog_reporters.known_at nulls first
        ) as holds_to
    from catalog_reporters
    inner join knowledge on catalog_reporters.known_at is null or catalog_reporters.known_at <= knowledge.as_of
),

-- The moments at which a cell may change hands, numbered; a report that stands holds from one of them to another.
moments as (
    select
        ref_area, indicator, time_period, changed_at,
        cast(
            row_number() over (partition by ref_area, indicator, time_period order by changed_at) as bigint
        ) as at,
        count(*) over (partition by ref_area, indicator, time_period) as last
    from (
        select ref_area, indicator, time_period, known_at as changed_at from statement_spans
        union
        select ref_area, indicator, time_period, withdrawn_at as changed_at
        from statement_spans
        where withdrawn_at is not null
        union
-- A cell can change hands without a report: on the day from which on the catalog knows another precedence.
        select spans.ref_area, spans.indicator, spans.time_period, precedences.holds_from as changed_at
        from statement_spans as spans
        inner join precedences
            on precedences.reporter = spans.reporter and precedences.holds_from > spans.known_at
    ) as changes
),

standing_at as (
    select
        every.ref_area, every.indicator, every.time_period, every.reporter, every.known_at, every.recorded_at,
        every.source, every.id, every."offset", every."index",
        unnest(range(begins.at, coalesce(ends.at, begins.last + 1))) as at
    from statement_spans as every
    inner join moments as begins
        on begins.ref_area = every.ref_area and begins.indicator = every.indicator
        and begins.time_period = every.time_period and begins.changed_at = every.known_at
    left join moments as ends
        on ends.ref_area = every.ref_area and ends.indicator = every.indicator
        and ends.time_period = every.time_period and ends.changed_at = every.stands_to
),

candidates as (
    select
        moments.ref_area, moments.indicator, moments.time_period, moments.changed_at, one.source, one.id,
        row_number() over (
            partition by moments.ref_area, moments.indicator, moments.time_period, moments.changed_at
            order by
                coalesce(precedences.precedence, 2147483647), one.known_at desc, one.recorded_at desc, one.source,
                one."offset" desc, one."index" desc
        ) as place
    from moments
    left join standing_at as one
        on one.ref_area = moments.ref_area and one.indicator = moments.indicator
        and one.time_period = moments.time_period and one.at = moments.at
    left join precedences
        on precedences.reporter = one.reporter
        and (precedences.holds_from is null or precedences.holds_from <= moments.changed_at)
        and (precedences.holds_to is null or precedences.holds_to > moments.changed_at)
),

spans as (
    select
        ref_area, indicator, time_period, changed_at as span_from, lead(changed_at) over cell as span_to, source, id,
        lag(source) over cell as source_before, lag(id) over cell as id_before
    from candidates
    where place = 1
    window cell as (partition by ref_area, indicator, time_period order by changed_at)
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
