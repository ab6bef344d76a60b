//! A server's session is given back once it serves nobody, also when nobody asks.

use std::sync::Arc;
use std::time::Duration;

use datafusion::physical_plan::displayable;
use helan_query::{BoundedPool, Budget, Question, Session, Sessions, Terms, Watch};
use helan_runtime::clock::Clock;
use helan_schemas::catalog::Catalog;
use helan_schemas::tables::Table;

use crate::overflow::one;
use crate::support::{empty_lake, events};

#[tokio::test(flavor = "multi_thread")]
async fn what_views_have_computed_is_given_back_when_the_lake_has_moved_on() {
    let (_directory, lake) = empty_lake().await;
    let pool = BoundedPool::whole(1 << 30);
    let budget = Budget { memory: pool.runtime().expect("a runtime"), ..Budget::default() };
    let sessions = Sessions::new(lake.clone(), None, Clock::system(), budget);

    let current = sessions.current().await.expect("a session");
    let question = Question { text: "select count(*) from areas".to_owned(), as_of: None, recorded: None };
    let memory = BoundedPool::of_one_query(1 << 28, &pool).runtime().expect("a runtime");
    let terms = Terms { memory, watch: Arc::<Watch>::default(), stranger: true, beside: None };
    let frame = current.session.ask(&question, terms).await.expect("planned");
    frame.collect().await.expect("answered");
    drop(current);
    assert!(pool.used() > 0, "the rows of a view are kept for the next question");

    let snapshot = lake.snapshot(Table::Events).await.expect("a table");
    lake.append(&snapshot, Vec::new(), vec![("another".to_owned(), 1)]).await.expect("a commit");
    for _ in 0..1200 {
        if pool.used() == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{} bytes are still kept", pool.used());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strangers_question_hands_no_rows_from_thread_to_thread() {
    let text = "select ref_area, count(*) from observations group by ref_area";
    let plan = async |in_one| {
        let batches = std::collections::BTreeMap::from([(Table::Events, Vec::new())]);
        let budget = Budget { few: 0, in_one, ..Budget::default() };
        let session = Session::in_memory_within(Arc::new(Catalog::embedded()), batches, 0, budget).expect("a session");
        let plan = session.sql(text).await.expect("planned").create_physical_plan().await.expect("a plan");
        displayable(plan.as_ref()).indent(false).to_string()
    };
    let (one, spread) = (plan(true).await, plan(false).await);
    assert!(!one.contains("Repartition"), "{one}");
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    assert!(threads == 1 || spread.contains("Repartition"), "this question shows nothing: {spread}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_condition_that_is_never_true_keeps_no_row_of_a_table_of_the_lake() {
    let (_directory, lake) = empty_lake().await;
    let rows = "source,id,ref_area,indicator,time_period,value,unit_mult,vintage,known,recorded,withdraws\n\
                /nx/nx-stats,a,640000,gdp,2018,3705.18,8,,2018-08-30,2018-09-10,\n\
                /nx/nx-stats,b,640000,gdp,2018,3510.2,8,,2019-12-01,2019-12-01,\n";
    let snapshot = lake.snapshot(Table::Events).await.expect("a table");
    lake.append(&snapshot, vec![events(rows)], Vec::new()).await.expect("a commit");
    let session = Session::open(&lake, None).await.expect("a session");
    for (condition, expected) in [
        ("indicator = 'gdp' and basis = null", "0"),
        ("indicator = 'gdp' and amount > null", "0"),
        ("recorded_year = 2018 or null", "1"),
        ("(recorded_year = 2018) <> (recorded_year = 2020)", "1"),
        ("case when recorded_year = 2019 then true else null end", "1"),
        ("not (recorded_year = 2019 or null)", "0"),
        ("recorded_year = 2019", "1"),
        ("recorded_year in (2018, 2019)", "2"),
    ] {
        let text = format!("select count(*) from events where {condition}");
        assert_eq!(one(&session, &text).await.as_deref(), Ok(expected), "{text}");
    }
}
