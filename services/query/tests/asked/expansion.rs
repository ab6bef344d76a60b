//! What a text comes to: attacks are refused before they are planned, and one that is just allowed is planned in few
//! steps. A step is a rule of the optimiser asked for one node, so the figures are those of any machine.

use std::sync::Arc;

use helan_query::{Bound, BoundedPool, QueryError, Question, Session, Terms, Watch};

/// Steps within which every text is planned that is not refused. 16,000 take a tenth of a CPU second where the optimiser
/// itself is not optimised.
const STEPS: u64 = 100_000;

fn session() -> Session {
    let rows = concat!(env!("CARGO_MANIFEST_DIR"), "/../../queries/tests/observations.txt");
    crate::support::session(&crate::support::read(std::path::Path::new(rows)))
}

/// Steps that planning takes, or the bound that the text exceeds.
async fn planned(session: &Session, text: &str) -> Result<u64, Bound> {
    let watch = Arc::<Watch>::default();
    let memory = BoundedPool::whole(1 << 30).runtime().expect("a runtime");
    let question = Question { text: text.to_owned(), as_of: None, recorded: None };
    match session.ask(&question, Terms { memory, watch: watch.clone(), stranger: true, beside: None }).await {
        Ok(frame) => {
            frame.create_physical_plan().await.unwrap_or_else(|error| panic!("{text}: {error}"));
            Ok(watch.steps())
        }
        Err(QueryError::Beyond(beyond)) => {
            assert!(beyond.found > beyond.bound.most());
            Err(beyond.bound)
        }
        Err(error) => panic!("{text}: {error}"),
    }
}

/// Planning recurses: it gets the stack that it gets in a server.
fn deep(work: impl Future<Output = ()> + Send + 'static) {
    let runtime = tokio::runtime::Builder::new_multi_thread().thread_stack_size(16 << 20).enable_all().build();
    let runtime = runtime.expect("a runtime");
    runtime.block_on(runtime.spawn(work)).expect("planned");
}

fn list(count: usize, between: &str, item: impl Fn(usize) -> String) -> String {
    (0..count).map(item).collect::<Vec<_>>().join(between)
}

/// Queries in a `with`, each written from the name of the one before.
fn levels(count: usize, level: impl Fn(&str) -> String) -> String {
    let with = list(count, ", ", |n| format!("a{} as ({})", n + 1, level(&format!("a{n}"))));
    format!("with a0 as (select id, source, index from events), {with} select * from a{count}")
}

fn nested(count: usize, before: &str, inner: &str, after: &str) -> String {
    format!("{}{inner}{}", before.repeat(count), after.repeat(count))
}

#[test]
fn a_text_that_comes_to_too_much_is_refused_before_it_is_planned() {
    deep(async {
        let session = session();
        let twice = |below: &str| format!("select * from {below} union all select * from {below}");
        let product = |below: &str| format!("select x.id, x.source, x.index from {below} x cross join {below} y");
        let scalar =
            |below: &str| format!("select id, source, index + (select max(index) from {below}) as index from {below}");
        let sum = |below: &str| format!("select id, source, index + index as index from {below}");
        for (text, bound) in [
            (levels(12, twice), Bound::SetOperations),
            (levels(40, twice), Bound::SetOperations),
            (levels(40, product), Bound::Relations),
            (levels(40, scalar), Bound::Relations),
            (format!("{} where index > 7", levels(24, sum)), Bound::Column),
            (levels(200, |below| format!("select * from {below}")), Bound::Levels),
            (format!("select {}index from events", "index + ".repeat(700)), Bound::Depth),
            (format!("select 1 from events where {}", list(400, " or ", |n| format!("index = {n}"))), Bound::Depth),
            (format!("select 1 {}", "union all select 1 ".repeat(450)), Bound::SetOperations),
            (format!("select count(*) from {}", list(600, ", ", |n| format!("events e{n}"))), Bound::Relations),
            (format!("select {}", list(510, ", ", |n| format!("(select {n} from events)"))), Bound::Relations),
            (format!("select 1 {}", "union all select 1 from findings ".repeat(40)), Bound::Nodes),
            (
                format!("select count(*) from events group by cube({})", list(40, ", ", |n| format!("{n}"))),
                Bound::Nodes,
            ),
            (
                format!("select 1 from events group by {}", ["cube(id, source, index, topic, type)"; 4].join(", ")),
                Bound::Nodes,
            ),
            (format!("select 1{}", "+ 1".repeat(2_000)), Bound::Links),
            (
                format!("select 1 from events e {}", list(200, " ", |n| format!("join events e{n} on e{n}.id = e.id"))),
                Bound::Carried,
            ),
            (format!("select 1 from {}", list(490, ", ", |n| format!("events e{n}"))), Bound::Carried),
            // What the optimiser writes twice.
            (format!("select {} from events", nested(30, "coalesce(", "index", ", 1)")), Bound::Column),
            (format!("select {} from events", nested(30, "nvl(", "index", ", 1)")), Bound::Column),
            (format!("select {} from events", nested(30, "nullif(", "index", ", 1)")), Bound::Column),
            (format!("select {} from events", nested(20, "(", "index", " between 1 and 2)::int")), Bound::Column),
            (format!("select {} from events", nested(20, "(", "index", " in (1, 2))::int")), Bound::Column),
            (
                format!(
                    "select {} from events",
                    nested(20, "case when ", "index = 1", " then index = 2 else false end")
                ),
                Bound::Column,
            ),
            // Also within what only reads a plan.
            (format!("explain {}", levels(12, twice)), Bound::SetOperations),
            (format!("explain analyze {}", levels(12, twice)), Bound::SetOperations),
            (format!("select * from ({}) where id in ({})", "select 1 as id", levels(12, twice)), Bound::SetOperations),
            // Names are compared as the planner compares them.
            (
                levels(12, |below| {
                    format!("select * from \"{below}\" union all select * from {}", below.to_uppercase())
                }),
                Bound::SetOperations,
            ),
        ] {
            assert_eq!(planned(&session, &text).await, Err(bound), "{}", &text[..text.len().min(300)]);
        }
    });
}

#[test]
fn a_text_that_is_just_allowed_is_planned_in_few_steps() {
    deep(async {
        let session = session();
        let twice = |below: &str| format!("select * from {below} union all select * from {below}");
        let sum = |below: &str| format!("select id, source, index + index as index from {below}");
        let next = |below: &str| format!("select id, source, index + 1 as index from {below}");
        for text in [
            levels(7, twice),
            format!("{} where index > 7", levels(13, sum)),
            format!("{} where index > 7", levels(115, next)),
            format!("select {}index from events", "index + ".repeat(290)),
            format!("select 1 from events where {}", list(290, " or ", |n| format!("index = {n}"))),
            format!("select 1 from events where index in ({})", list(12_000, ",", |n| n.to_string())),
            format!("select count(*) from (values {})", list(8_000, ",", |n| format!("({n})"))),
            format!("select id from events {}", "union all select id from events ".repeat(199)),
            format!("select id from events {}", "except select id from events ".repeat(199)),
            format!("select count(*) from {}", list(75, ", ", |n| format!("events e{n}"))),
            format!(
                "select count(*) from events e {}",
                list(75, " ", |n| format!("join events e{n} on e{n}.id = e.id"))
            ),
            format!(
                "select {} from events e",
                list(100, ", ", |n| format!("(select max(index) from events where id = e.id) as c{n}"))
            ),
            format!("select {} from events", list(200, ", ", |n| format!("sum(index + {n}) as c{n}"))),
            "select count(*) from events group by cube(id, source, index, topic, type)".to_owned(),
        ] {
            let steps = planned(&session, &text).await;
            assert!(steps.is_ok_and(|steps| steps <= STEPS), "{steps:?}: {}", &text[..text.len().min(300)]);
        }
    });
}

/// Our own views, by a margin, and queries such as people and their tools write.
#[test]
fn ordinary_questions_are_far_from_every_bound() {
    deep(async {
        let session = session();
        for doc in session.tables() {
            let Some(sql) = doc.sql else { continue };
            // Views with parameters are planned by the session only.
            let answer = session.sql(sql).await;
            let beyond = matches!(&answer, Err(QueryError::Beyond(_)));
            assert!(!beyond, "{}: {:?}", doc.name, answer.err());
        }
        let all: Vec<_> = session.tables().into_iter().filter(|doc| doc.kind == "view").collect();
        let joined = list(all.len(), " union all ", |n| format!("select count(*) from {}", all[n].name));
        for text in [
            // Every view in one text.
            joined,
            // A dashboard's query: wrapped, filtered, cast and grouped by a tool.
            "select * from (select * from (select t.ref_area as \"区域\", sum(case when t.value > 0 then t.value else 0 end) as \"值\", count(distinct t.indicator) as n from (select * from observations where time_period between '2010' and '2030') t left join areas a on a.ref_area = t.ref_area where coalesce(a.name_zh, a.name_en, '') <> '' and t.indicator in ('gdp', 'rd_expenditure') group by 1) q where n > 0) r order by 1 limit 1000".to_owned(),
            format!("select 1 from events where {}", list(150, " or ", |n| format!("(ref_area = '{n}' and index > 1)"))),
            format!("select 1 from events where ref_area in ({})", list(3_000, ", ", |n| format!("'{n}'"))),
            format!("select {} from events", list(200, ", ", |n| format!("max(case when index = {n} then id end) as c{n}"))),
        ] {
            assert!(planned(&session, &text).await.is_ok(), "{}", &text[..text.len().min(300)]);
        }
    });
}
