//! A server's session is given back once it serves nobody, also when nobody asks.

use std::sync::Arc;
use std::time::Duration;

use helan_lake::Lake;
use helan_query::{BoundedPool, Budget, Question, Sessions, Terms, Watch};
use helan_runtime::clock::Clock;
use helan_schemas::tables::Table;

#[tokio::test(flavor = "multi_thread")]
async fn what_views_have_computed_is_given_back_when_the_lake_has_moved_on() {
    let dir = tempfile::tempdir().expect("a directory");
    let url = url::Url::from_directory_path(dir.path().join("lake")).expect("an absolute path");
    let lake = Lake::create_or_open(&url, "memory:1;").await.expect("a lake");
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
