//! Views whose texts are not planned where an input has no rows: they have none then, and all of theirs otherwise.

use std::path::Path;
use std::sync::Arc;

use helan_schemas::catalog::Catalog;

use crate::support::{Script, events, read, session};

/// Whether `year_covers` and `edition_values` have rows.
async fn compared(script: &Script) -> (bool, bool) {
    let session = session(script);
    let count = async |from: String| {
        let frame = session.sql(&format!("select * from {from}")).await.expect("planned");
        frame.count().await.expect("answered")
    };
    let mut found = (false, false);
    for query in helan_queries::all().iter().filter(|query| query.empty_without.is_some()) {
        let rows = count(query.name.to_owned()).await;
        // The text itself is planned whatever its inputs have.
        assert_eq!(rows, count(format!("({})", query.sql)).await, "{}", query.name);
        match query.name {
            "year_covers" => found.0 = rows > 0,
            "edition_values" => found.1 = rows > 0,
            _ => {}
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_that_is_not_planned_has_the_rows_of_its_text() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../queries/tests");
    let annual = Script {
        catalog: Arc::new(Catalog::embedded()),
        events: events("ref_area,indicator,time_period,value,known\n640000,gdp,2018,370518000000,2019-08-30\n"),
        questions: Vec::new(),
    };
    assert_eq!(compared(&annual).await, (false, false));
    assert!(compared(&read(&folder.join("year_covers.txt"))).await.0);
    assert!(compared(&read(&folder.join("editions_of_sums.txt"))).await.1);
}
