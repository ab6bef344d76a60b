//! A session: read only, described, and with "as of" table functions that take what analysts write.

use arrow::array::AsArray;

use crate::support::Script;
use futures::{StreamExt, stream};
use helan_query::{QueryError, Session};

pub(crate) fn session() -> Session {
    let script = Script {
        catalog: std::sync::Arc::new(helan_schemas::catalog::Catalog::embedded()),
        events: crate::support::events(
            "ref_area,indicator,time_period,value,known\n640000,gdp,2018,370518000000,2019-08-30\n",
        ),
        questions: Vec::new(),
    };
    crate::support::session(&script)
}

#[tokio::test]
async fn nothing_can_be_changed() {
    let session = session();
    for text in [
        "create table t (a int)",
        "create external table t stored as csv location '/etc/passwd'",
        "create view v as select 1",
        "drop table events",
        "insert into events select * from events",
        "delete from events",
        "update events set id = 'x'",
        "copy (select 1) to '/tmp/x.csv'",
        "copy events to '/tmp/x.parquet'",
        "set datafusion.execution.batch_size = 1",
        "explain insert into events select * from events",
        "with a as (select 1) insert into events select * from events",
        "prepare p as select 1",
    ] {
        let answer = session.sql(text).await;
        assert!(matches!(answer, Err(QueryError::ReadOnly(_))), "{text}: {:?}", answer.map(|_| ()));
    }
    assert!(session.sql("select * from '/etc/passwd'").await.is_err());
}

#[tokio::test]
async fn moments_are_dates_or_rfc_3339() {
    let session = session();
    for (text, rows) in [
        ("select * from observations_as_of('2019-08-30')", 1),
        ("select * from observations_as_of('2019-08-29')", 0),
        ("select * from observations_as_of(date '2019-08-30')", 1),
        ("select * from observations_as_of('2019-08-29T16:00:00Z')", 1),
        ("select * from observations_as_of('2019-08-29T23:59:59+08:00')", 0),
        ("select * from observations_as_of('2020-01-01', '2019-08-29')", 0),
        ("select * from observations_as_of('2020-01-01', '2019-08-30')", 1),
    ] {
        let frame = session.sql(text).await.expect(text);
        assert_eq!(frame.count().await.expect(text), rows, "{text}");
    }
    for text in ["select * from observations_as_of('soon')", "select * from observations_as_of()"] {
        assert!(matches!(session.sql(text).await, Err(QueryError::Asked(_))), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_is_described_and_every_view_has_its_columns() {
    let session = session();
    // Two at a time: most of the work is planning.
    let looked_at = stream::iter(session.tables()).map(|doc| {
        let session = session.clone();
        tokio::spawn(async move {
            assert!(!doc.doc_en.is_empty() && !doc.columns.is_empty(), "{}", doc.name);
            assert!(doc.columns.iter().all(|column| !column.doc.is_empty()), "{}", doc.name);
            let name = match doc.kind {
                "function" => format!("{}('2019-08-30')", doc.name),
                _ => doc.name.clone(),
            };
            let frame = session.sql(&format!("select * from {name} limit 1")).await.expect(&name);
            let names: Vec<_> = frame.schema().fields().iter().map(|field| field.name().clone()).collect();
            let described: Vec<_> = doc.columns.iter().map(|column| column.name.clone()).collect();
            assert_eq!(names, described, "{name}");
            frame.collect().await.expect(&name);
        })
    });
    looked_at.buffered(2).for_each(async |looked_at| looked_at.expect("no panic")).await;
    assert!(session.describe("rd_intensity_as_of('2019-08-30')").is_some());
    assert!(session.describe("nothing").is_none());
}

#[tokio::test]
async fn numbers_stay_exact() {
    let session = session();
    let frame = session.sql("select 1.3 as a, arrow_typeof(1.3) as t").await.expect("sql");
    let text = frame.to_string().await.expect("rows");
    assert!(text.contains("Decimal128"), "{text}");
}

/// `order by … desc limit 10` is a question for the largest, not for what is unknown.
#[tokio::test]
async fn what_is_unknown_comes_last() {
    let session = session();
    let rows = "(values (1), (null), (3)) t(x)";
    for (order, expected) in [
        ("x desc", [Some(3), Some(1), None]),
        ("x", [Some(1), Some(3), None]),
        ("x desc nulls first", [None, Some(3), Some(1)]),
    ] {
        let frame = session.sql(&format!("select x from {rows} order by {order}")).await.expect("planned");
        let batches = frame.collect().await.expect("rows");
        let found: Vec<Option<i64>> = batches
            .iter()
            .flat_map(|batch| batch.column(0).as_primitive::<arrow::datatypes::Int64Type>().iter().collect::<Vec<_>>())
            .collect();
        assert_eq!(found, expected, "{order}");
    }
    let ranked = format!("select x from (select x, row_number() over (order by x desc) as n from {rows}) where n = 1");
    assert_eq!(session.sql(&ranked).await.expect("planned").to_string().await.expect("rows").matches('3').count(), 1);
    // A window is known to what stands above it by what it is ordered and divided by, arithmetic included.
    let worked_out = format!(
        "select x from (select x, row_number() over (partition by x - x order by x + 1 desc, -x) as n from {rows}) where n = 1"
    );
    let found = session.sql(&worked_out).await.expect("planned").to_string().await.expect("rows");
    assert_eq!(found.matches('3').count(), 1, "{found}");
}

/// A catalog must not give a ratio's view a name that means something else: what the session has, and words of SQL.
#[tokio::test]
async fn names_that_mean_something_are_taken() {
    use datafusion::sql::sqlparser::ast::{SetExpr, Statement, TableFactor};
    use datafusion::sql::sqlparser::{dialect::GenericDialect, keywords, parser::Parser};

    let of_catalog = ["rd_intensity", "patent_density"];
    let is_own = |name: &str| of_catalog.contains(&name.trim_end_matches("_as_of")) && !name.ends_with("_as_of");
    let tables = session().tables().into_iter().map(|doc| doc.name).filter(|name| !is_own(name));
    let is_plain = |word: &str| {
        let parsed = Parser::parse_sql(&GenericDialect {}, &format!("select {word}.x from {word} where {word}.x = 1"));
        let Ok([Statement::Query(query)]) = parsed.as_deref() else { return false };
        let SetExpr::Select(select) = query.body.as_ref() else { return false };
        matches!(select.from.as_slice(), [from] if matches!(&from.relation, TableFactor::Table { name, .. } if name.to_string() == word))
    };
    let is_name = |word: &String| word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let words = keywords::ALL_KEYWORDS.iter().map(|word| word.to_lowercase()).filter(is_name);
    let words = words.filter(|word| !is_plain(word));
    let free: Vec<_> = tables.chain(words).filter(|name| !helan_schemas::catalog::is_taken(name)).collect();
    assert_eq!(free, [""; 0], "add them to schemas/src/catalog/check/answers.rs");
}
