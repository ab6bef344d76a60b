//! SIGTERM under load: it ends in time, and nothing acknowledged is lost; what hangs does not hold it up for ever.

use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::feeds::{Feeds, arrived};
use crate::harness::Deployment;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_signal_under_load_loses_nothing_and_ends_in_time() {
    let helan = Arc::new(Deployment::up(None).await);
    let feeds = Feeds::start(&helan);
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_secs(2)).await;
        let asked = Instant::now();
        let status = helan.terminate(&helan.base);
        let took = asked.elapsed();
        assert!(status.success(), "{status}: {}", helan.log());
        assert!(took < Duration::from_secs(15), "{took:?}");
        helan.start_up().await;
    }
    let ledger = feeds.end().await;
    assert!(ledger.len() > 500, "too little load to mean anything: {}", ledger.len());
    assert_eq!(arrived(&helan, &ledger).await, ledger);
}

/// Opens a connection that never sends the body it announces.
fn hang(helan: &Deployment, token: &str) -> TcpStream {
    let mut stream = TcpStream::connect(helan.base.trim_start_matches("http://")).expect("a connection");
    let head = format!(
        "POST /v1/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-type: \
         application/cloudevents+json\r\ncontent-length: 1000\r\n\r\n{{"
    );
    stream.write_all(head.as_bytes()).expect("written");
    std::thread::sleep(Duration::from_millis(500));
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_hangs_holds_it_up_no_longer_than_the_bound() {
    let helan = Deployment::new(None);
    let start = ["--partitions", "3", "--shutdown-time", "2s"];
    helan.spawn("up", &helan.base, &start).await;
    let token = helan.token("nx-stats");
    let hanging = hang(&helan, &token);
    let asked = Instant::now();
    let status = helan.terminate(&helan.base);
    let took = asked.elapsed();
    assert!(!status.success(), "it says that not all ended: {status}");
    assert!((Duration::from_secs(2)..Duration::from_secs(8)).contains(&took), "{took:?}");
    assert!(helan.log().contains("--shutdown-time"), "{}", helan.log());
    drop(hanging);

    // A second signal ends it at once.
    helan.spawn("up", &helan.base, &["--partitions", "3"]).await;
    let _hanging = hang(&helan, &token);
    let asked = Instant::now();
    helan.signal(&helan.base, "TERM");
    tokio::time::sleep(Duration::from_millis(500)).await;
    let status = helan.terminate(&helan.base);
    assert!(!status.success() && asked.elapsed() < Duration::from_secs(5), "{status} after {:?}", asked.elapsed());
}
