//! A desk for any front end: what a question would answer, parameters, kinds of refusal, and how an answer ends.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::AsArray;
use arrow::datatypes::{DataType, Int64Type};
use datafusion::scalar::ScalarValue;
use helan_lake::Lake;
use helan_query::desk::{Desk, Moment, Question, SqlLimits, Unanswered};
use helan_runtime::clock::Clock;
use helan_runtime::metrics::Metrics;
use helan_schemas::refusal::Code;

/// Never gives a row, and never ends.
const ENDLESS: &str = "select count(*) from generate_series(1, 10000000) a cross join generate_series(1, 10000000) b \
                       where a.value * b.value = 7";

struct World {
    _dir: tempfile::TempDir,
    lake: Lake,
    desk: Desk,
    metrics: Metrics,
    who: Arc<str>,
}

impl World {
    async fn new(limits: SqlLimits) -> Self {
        let (dir, lake) = crate::support::empty_lake().await;
        let metrics = Metrics::default();
        let desk = Desk::for_strangers(&lake, &Clock::system(), &metrics, limits).expect("threads");
        Self { _dir: dir, lake, desk, metrics, who: "one".into() }
    }

    async fn refused(&self, question: Question) -> Code {
        match self.desk.ask(&self.who, question).await {
            Err(why) => why.code(),
            Ok(answer) => answer.rows.collect().await.expect_err("no answer").code(),
        }
    }

    fn running(&self) -> bool {
        self.metrics.encode().lines().any(|line| line == "helan_sql_running 1")
    }

    async fn until(&self, running: bool) {
        for _ in 0..1200 {
            if self.running() == running {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("waited in vain\n{}", self.metrics.encode());
    }
}

fn question(text: &str) -> Question {
    text.to_owned().into()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_described_as_it_is_answered() {
    let world = World::new(SqlLimits::default()).await;
    for text in [
        "select ref_area, name_zh from areas",
        "select count(*) as n, sum(value) as total, avg(value) as mean from observations",
        "select * from quota_fulfilment",
        "select * from events",
        "select 1 as one, 'a' || 'b' as two, null as three",
        "explain select 1",
    ] {
        let described = world.desk.describe(&world.who, question(text)).await.expect(text);
        let answer = world.desk.ask(&world.who, question(text)).await.expect(text);
        let columns = |schema: &arrow::datatypes::Schema| -> Vec<_> {
            schema.fields().iter().map(|field| (field.name().clone(), field.data_type().clone())).collect()
        };
        assert_eq!(columns(&described.schema), columns(&answer.schema), "{text}");
        assert!(described.parameters.is_empty(), "{text}");
        assert_eq!(answer.provenance.versions().len(), helan_schemas::tables::Table::ALL.len());
        answer.rows.collect().await.expect(text);
    }
    world.until(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_have_types_before_they_have_values() {
    let world = World::new(SqlLimits::default()).await;
    let text = "select count(*) from areas where ref_area = $1 and valid_from > $2";
    let described = world.desk.describe(&world.who, question(text)).await.expect("described");
    assert_eq!(described.schema.field(0).data_type(), &DataType::Int64);
    assert_eq!(described.parameters["$1"], Some(DataType::Utf8));
    let counted = async |text: &str, parameters: Vec<ScalarValue>| {
        let answer = world.desk.ask(&world.who, Question { parameters, ..question(text) }).await?;
        let rows = answer.rows.collect().await?;
        Ok::<_, Unanswered>(rows[0].column(0).as_primitive::<Int64Type>().value(0))
    };
    let text = "select count(*) from areas where ref_area = $1";
    assert_eq!(counted(text, vec!["640000".into()]).await.expect("an answer"), 1);
    assert_eq!(counted(text, vec!["nowhere".into()]).await.expect("an answer"), 0);
    // Drivers bind a code as the integer that the program has: it is compared as a text, as in a text of SQL.
    assert_eq!(counted(text, vec![640_000_i32.into()]).await.expect("an answer"), 1);
    let among = "select count(*) from areas where ref_area in ($1, $2)";
    assert_eq!(counted(among, vec![640_000_i64.into(), 640_100_i32.into()]).await.expect("an answer"), 2);
    let sevens = "select count(*) from (values ('007'), ('7'), ('x')) t(a) where a = $1";
    assert_eq!(counted(sevens, vec![7_i64.into()]).await.expect("an answer"), 1);
    let later = "select count(*) from events where time_period > $1";
    assert_eq!(counted(later, vec![2018_i32.into()]).await.expect_err("no order").code(), Code::SqlInvalid);
    // What a parameter holds is a value, whatever it looks like, and is held to the same bounds as a constant.
    assert_eq!(counted(text, vec!["' or true --".into()]).await.expect("an answer"), 0);
    let text = "select length(repeat('x', $1))";
    assert_eq!(counted(text, vec![1_000_000_000_i64.into()]).await.expect_err("too much").code(), Code::SqlMemoryLimit);
    let text = "select count(*) from areas where ref_area = $1 or ref_area = $2";
    assert_eq!(counted(text, vec!["640000".into()]).await.expect_err("one is missing").code(), Code::SqlInvalid);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_refusal_has_its_code() {
    let limits = SqlLimits { rows: 10, time: Duration::from_secs(2), ..SqlLimits::default() };
    let world = World::new(limits).await;
    for (text, code) in [
        ("select", Code::SqlInvalid),
        ("drop table events", Code::SqlNotReadOnly),
        ("select 1; select 2", Code::SqlStatements),
        ("select 1/0", Code::SqlFailed),
        ("select lpad('x', 1000000000, 'y')", Code::SqlMemoryLimit),
        ("select * from generate_series(1, 100)", Code::SqlResultLimit),
        (ENDLESS, Code::SqlTimeLimit),
        (&format!("select {}1", "1+".repeat(30_000)), Code::SqlTooLarge),
        (&" ".repeat(SqlLimits::TEXT + 1), Code::SqlTooLong),
    ] {
        assert_eq!(world.refused(question(text)).await, code, "{}", &text[..text.len().min(40)]);
    }
    let dated = Question { as_of: Some(Moment::Written("last Friday".to_owned())), ..question("select 1") };
    assert_eq!(world.refused(dated).await, Code::AsOfInvalid);
    world.until(false).await;
    // The person who started the process has no limits.
    let own = Desk::own(&world.lake, None).expect("a desk");
    let text = format!("select value from generate_series(1, 100){}", " ".repeat(SqlLimits::TEXT));
    let rows = own.ask(&world.who, text.into()).await.expect("an answer").rows.collect().await.expect("rows");
    assert_eq!(rows.iter().map(arrow::array::RecordBatch::num_rows).sum::<usize>(), 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_ends_when_it_is_dropped_or_ended_from_elsewhere() {
    let world = World::new(SqlLimits { queries: 1, queries_each: 1, ..SqlLimits::default() }).await;
    let endless = "select value from generate_series(1, 1000000000000)";
    let answer = world.desk.ask(&world.who, question(endless)).await.expect("an answer");
    let refused = world.refused(question("select 1")).await;
    assert_eq!(refused, Code::SqlTooMany, "its place is taken");
    drop(answer);
    world.until(false).await;
    let answer = world.desk.ask(&world.who, question(ENDLESS)).await.expect("an answer");
    let watch = answer.rows.watch();
    let fetching = tokio::spawn(answer.rows.collect());
    watch.end();
    let why = fetching.await.expect("fetched").expect_err("ended");
    assert!(matches!(why, Unanswered::Ended), "{why:?}");
    world.until(false).await;
    let text = world.metrics.encode();
    assert!(text.contains("helan_sql_queries_total{outcome=\"cancelled\"} 2"), "{text}");
    assert!(text.contains("helan_sql_queries_total{outcome=\"sql_too_many_queries\"} 1"), "{text}");
}
