-- name: current_publication
-- grain: one row for each time_period that was ever published
-- inputs: publication_runs, publications
-- rules: none
-- materialise: no
-- zh: 各时期现行的发布：截止时间最晚的一次汇总所得（内容相同则沿用原编号）。
-- en: The publication that is current for each period: the one that the run with the latest T made, or found again.
-- column time_period text: 时期 | The period it is about.
-- column publication text: 发布编号 | Id of the current publication.
-- column as_of instant: 数据截止时间 | T of the run that made or confirmed it.
-- column confirmed_at instant: 确认时间 | When that run ended.
-- column run text: 汇总任务 | Id of that run.
-- column fresh bool: 是否新发布 | Whether that run made it; false = it found it again, unchanged.
-- column published_at instant: 首次发布时间 | When it was first published.
-- column supersedes text: 更正的发布 | Id of the publication that it corrected when it was made.
-- column headline_zh text: 要点 | The result in one sentence, in Chinese.
-- column headline_en text: 要点（英文） | The result in one sentence, in English.
with runs as (
    select run, publication, time_period, as_of, finished_at, fresh
    from publication_runs
    where outcome in ('published', 'unchanged') and finished_at <= $as_of and finished_at <= $recorded
),

ranked as (
    select *, row_number() over (partition by time_period order by as_of desc, finished_at desc, run desc) as place
    from runs
)

select
    ranked.time_period, ranked.publication, ranked.as_of, ranked.finished_at as confirmed_at, ranked.run, ranked.fresh,
    publications.published_at, publications.supersedes, publications.headline_zh, publications.headline_en
from ranked
inner join publications on publications.publication = ranked.publication
where ranked.place = 1
