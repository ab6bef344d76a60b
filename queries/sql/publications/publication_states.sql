-- name: publication_states
-- grain: one row for each publication
-- inputs: publications, release_events
-- rules: none
-- materialise: no
-- zh: 每个发布在发布流程中的状态，由发布流程事件得出。
-- en: Where each publication stands in the release workflow, from the recorded events.
-- column publication text: 发布编号 | Id of the publication.
-- column time_period text: 时期 | The period it is about.
-- column state text: 状态 | draft, reviewed, approved, embargoed, released, superseded, withdrawn.
-- column since instant: 起始时间 | When it came into that state.
-- column reviewed_by text: 审核人 | Credential of who reviewed it, since it last was a draft.
-- column approved_by text: 批准人 | Credential of who approved it, since it last was a draft.
-- column embargo_until instant: 解禁时间 | End of the embargo, where there is one.
-- column released_at instant: 发布时间 | When it was released.
-- column superseded_by text: 被何者取代 | Publication of the same period that was released later.
-- column why text: 理由 | Reason of the last event about it.
-- column actor text: 操作人 | Credential of who did the last thing to it.
-- column published_at instant: 生成时间 | When the publication was first made.
-- column supersedes text: 更正的发布 | Publication that it corrects.
with known as (
    select *
    from release_events
    where recorded_at <= $as_of and recorded_at <= $recorded and publication is not null
),

drafted as (
    select publication, max(sequence) as sequence
    from known
    where type = 'helan.release.returned.v1'
    group by publication
),

since_draft as (
    select known.*
    from known
    left join drafted on drafted.publication = known.publication
    where drafted.sequence is null or known.sequence > drafted.sequence
),

last_ones as (
    select *, row_number() over (partition by publication order by sequence desc) as place
    from known
),

people as (
    select
        publication,
        max(case when type = 'helan.release.reviewed.v1' then actor end) as reviewed_by,
        max(case when type = 'helan.release.approved.v1' then actor end) as approved_by,
        max(case when type = 'helan.release.released.v1' then recorded_at end) as released_at,
        max(case when type = 'helan.release.embargoed.v1' then sequence end) as embargo_sequence
    from since_draft
    group by publication
),

releases as (
    select publication, time_period, recorded_at, sequence
    from known
    where type = 'helan.release.released.v1'
),

followers as (
    select
        releases.publication, later.publication as superseded_by, later.recorded_at as superseded_at,
        row_number() over (partition by releases.publication order by later.sequence) as place
    from releases
    inner join releases as later
        on later.time_period = releases.time_period and later.sequence > releases.sequence
        and later.publication <> releases.publication
)

select
    publications.publication, publications.time_period,
    case
        when last_ones.type is null or last_ones.type = 'helan.release.returned.v1' then 'draft'
        when last_ones.type = 'helan.release.reviewed.v1' then 'reviewed'
        when last_ones.type = 'helan.release.approved.v1' then 'approved'
        when last_ones.type = 'helan.release.embargoed.v1' then 'embargoed'
        when last_ones.type = 'helan.release.withdrawn.v1' then 'withdrawn'
        when followers.superseded_by is not null then 'superseded'
        else 'released'
    end as state,
    case
        when last_ones.type = 'helan.release.released.v1' and followers.superseded_by is not null
            then followers.superseded_at
        else coalesce(last_ones.recorded_at, publications.published_at)
    end as since,
    people.reviewed_by, people.approved_by, embargoes.embargo_until, people.released_at, followers.superseded_by,
    last_ones.why, last_ones.actor, publications.published_at, publications.supersedes
from publications
left join last_ones on last_ones.publication = publications.publication and last_ones.place = 1
left join people on people.publication = publications.publication
left join known as embargoes
    on embargoes.publication = people.publication and embargoes.sequence = people.embargo_sequence
left join followers on followers.publication = publications.publication and followers.place = 1
