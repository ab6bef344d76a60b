//! Publications over a real lake: frozen, idempotent, reproducible.

#[path = "../../query/tests/asked/support.rs"]
#[allow(dead_code, reason = "shared with the tests of the views, which use more of it")]
mod support;

use std::sync::Arc;

use helan_lake::Lake;
use helan_query::Session;
use helan_rollup::{Outcome, Request, reproduce, run};
use helan_schemas::catalog::Catalog;
use helan_schemas::tables::Table;

const FIRST: &str = "source,id,ref_area,indicator,time_period,value,unit_mult,vintage,known
/nx/nx-stats,a,640000,gdp,2018,3705.18,8,preliminary,2019-08-30
/nx/nx-stats,b,640000,rd_expenditure,2018,455792.5,4,,2019-08-30
";
const REVISION: &str = "source,id,ref_area,indicator,time_period,value,unit_mult,vintage,known,offset
/nx/nx-stats,c,640000,gdp,2018,3510.2,8,census-revised,2019-12-01,2
";

async fn add(lake: &Lake, rows: &str) {
    let snapshot = lake.snapshot(Table::Events).await.expect("snapshot");
    lake.append(&snapshot, vec![support::events(rows)], Vec::new()).await.expect("append");
}

async fn publish(lake: &Lake, as_of: Option<&str>) -> Outcome {
    let request = Request { period: "2018".to_owned(), as_of: as_of.map(str::to_owned), publish: true };
    run(lake, Arc::new(Catalog::embedded()), request).await.expect("a roll-up")
}

async fn count(lake: &Lake, table: &str) -> usize {
    let session = Session::open(lake, None).await.expect("session");
    session.sql(&format!("select * from {table}")).await.expect("sql").count().await.expect("count")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_publication_is_frozen_found_again_superseded_and_reproduced() {
    let dir = tempfile::tempdir().expect("directory");
    let url = url::Url::from_directory_path(dir.path()).expect("absolute");
    let lake = Lake::create_or_open(&url, "memory:test").await.expect("lake");
    add(&lake, FIRST).await;

    let first = publish(&lake, None).await;
    assert!(first.fresh);
    assert!(first.headline_en.contains("1.2301"), "{}", first.headline_en);
    let values = count(&lake, "published_values").await;

    let (again, other) = tokio::join!(publish(&lake, None), publish(&lake, None));
    for outcome in [again, other] {
        assert_eq!((outcome.publication.as_ref(), outcome.fresh), (first.publication.as_ref(), false));
    }
    assert_eq!(count(&lake, "published_values").await, values);
    assert_eq!(count(&lake, "publications").await, 1);
    assert_eq!(count(&lake, "publication_runs").await, 3);

    add(&lake, REVISION).await;
    let second = publish(&lake, None).await;
    assert!(second.fresh && second.publication != first.publication);
    assert!(
        second.headline_en.contains("1.2985") && second.headline_en.contains("sensitive"),
        "{}",
        second.headline_en
    );

    let session = Session::open(&lake, None).await.expect("session");
    let superseding = "select * from publications p inner join publications q on q.supersedes = p.publication";
    assert_eq!(session.sql(superseding).await.expect("sql").count().await.expect("count"), 1);

    for outcome in [&first, &second] {
        let id = outcome.publication.as_deref().expect("an id");
        let reproduction = reproduce(&lake, id).await.expect("reproduction");
        assert!(
            reproduction.values_agree && reproduction.inputs_agree && reproduction.same_queries,
            "{reproduction:?}"
        );
    }
    // What was known at the first release is the first publication's content again.
    let back = publish(&lake, Some("2019-08-30")).await;
    assert!(back.headline_en.contains("1.2301"), "{}", back.headline_en);
}
