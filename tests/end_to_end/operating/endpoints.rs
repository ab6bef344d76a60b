//! Nothing is told without a credential but one word; metrics are an operator's, or their own address's.

use crate::harness::{Deployment, HELAN, Log, free_port};
use crate::stranger::{EVENT, event};

async fn get(helan: &Deployment, url: &str, token: Option<&str>) -> (u16, String) {
    let mut request = helan.client.get(url);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let answer = request.send().await.expect("an answer");
    (answer.status().as_u16(), answer.text().await.expect("text"))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_open_is_one_word_and_the_rest_asks_who_you_are() {
    let helan = Deployment::new(None);
    let metrics = format!("http://127.0.0.1:{}", free_port());
    let own = metrics.trim_start_matches("http://").to_owned();
    helan.spawn("up", &helan.base, &["--partitions", "3", "--metrics-listen", &own]).await;
    let reporter = helan.token("nx-stats");
    let operator = helan.run(&["credential", "add", "--role", "operator"]).trim().to_owned();
    let at = |path: &str| format!("{}{path}", helan.base);

    assert_eq!(get(&helan, &at("/healthz"), None).await, (200, "ok\n".into()));
    assert_eq!(get(&helan, &at("/readyz"), None).await, (200, "ready\n".into()));
    for (path, token, status) in [
        ("/metrics", None, 401),
        ("/metrics", Some("helan_x_y"), 401),
        ("/metrics", Some(&*reporter), 403),
        ("/openapi.json", None, 401),
        ("/v1/status", None, 401),
        ("/v1/submissions/x", None, 401),
        ("/nothing", None, 404),
    ] {
        let (found, text) = get(&helan, &at(path), token).await;
        assert_eq!(found, status, "{path}: {text}");
        assert!(text.contains("message_zh") && text.contains("hint_en"), "{path}: {text}");
        assert!(!text.contains("helan_ingest"), "{text}");
    }
    for path in ["/v1/events", "/v1/submissions", "/v1/sql", "/v1/catalog", "/healthz"] {
        let answer = helan.client.delete(at(path)).send().await.expect("an answer");
        assert_eq!(answer.status().as_u16(), 405, "{path}");
        assert!(answer.headers().contains_key("allow"), "{path}: {:?}", answer.headers());
        let text = answer.text().await.expect("text");
        assert!(text.contains("method_not_allowed") && text.contains("message_zh"), "{path}: {text}");
    }
    let lag = "helan_aggregator_lag_records{topic=\"helan.city.v1\",partition=\"0\"} 0";
    helan
        .wait_until("lag is measured", async || get(&helan, &at("/metrics"), Some(&operator)).await.1.contains(lag))
        .await;
    let (status, text) = get(&helan, &at("/metrics"), Some(&operator)).await;
    assert!(status == 200 && text.contains("helan_build_info{version="), "{text}");
    assert!(get(&helan, &at("/openapi.json"), Some(&reporter)).await.1.contains("/v1/events"));

    // The operator's own address: open, and without the paths that take requests.
    assert_eq!(get(&helan, &format!("{metrics}/readyz"), None).await, (200, "ready\n".into()));
    assert!(get(&helan, &format!("{metrics}/metrics"), None).await.1.contains("helan_process_resident_memory_bytes"));
    assert_eq!(get(&helan, &format!("{metrics}/v1/status"), Some(&operator)).await.0, 404);

    // Not ready: everyone hears that, an operator hears why.
    let credentials = helan.dir.path().join("credentials.jsonl");
    std::fs::write(&credentials, "broken\n").expect("written");
    helan.wait_until("it is not ready", async || get(&helan, &at("/readyz"), None).await.0 == 503).await;
    assert_eq!(get(&helan, &at("/readyz"), None).await.1, "not ready\n");
    assert!(get(&helan, &format!("{metrics}/readyz"), None).await.1.contains("credentials file"));
    let health = |more: &[&str]| {
        let mut command = std::process::Command::new(HELAN);
        let address = helan.base.trim_start_matches("http://");
        command.args(["health", "--listen", address]).args(more).status().expect("helan runs").success()
    };
    assert!(health(&[]) && !health(&["--ready"]), "it runs and is not ready");
}

/// Ready means that the role can do its work: not while a file that a table names is gone, nor while the log is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_embedded_faults_what_cannot_do_its_work_is_not_ready() {
    let helan = Deployment::on(Log::Embedded, None);
    helan.start_up().await;
    let token = helan.token("nx-stats");
    helan.deliver("/v1/events", &token, EVENT, event("a", "455792.5")).await;
    let operator = helan.run(&["credential", "add", "--role", "operator"]).trim().to_owned();
    let reasons = async || {
        let answer =
            helan.client.get(format!("{}/readyz", helan.base)).bearer_auth(&operator).send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("a text"))
    };
    assert_eq!(reasons().await.0, 200);
    // The log's file is removed under the process.
    let (log, away) = (helan.dir.path().join("log/log.sqlite"), helan.dir.path().join("log/away"));
    std::fs::rename(&log, &away).expect("moved");
    let (status, _) = helan.post("/v1/events", &token, EVENT, event("b", "455792.5")).await;
    assert_eq!(status, 503, "nothing is acknowledged into a file without a name");
    let (status, why) = reasons().await;
    assert!(status == 503 && why.contains("ingest: ") && why.contains("log.sqlite"), "{why}");
    std::fs::rename(&away, &log).expect("put back");
    helan.wait_until("it is ready again", async || helan.is_ready(&helan.base).await).await;
    helan.deliver("/v1/events", &token, EVENT, event("c", "455792.5")).await;
    // A data file of the lake is removed.
    for year in std::fs::read_dir(helan.dir.path().join("lake/events")).expect("readable") {
        let year = year.expect("an entry").path();
        if year.to_string_lossy().contains("recorded_year") {
            std::fs::remove_dir_all(year).expect("removed");
        }
    }
    helan.wait_until("it is told", async || !helan.is_ready(&helan.base).await).await;
    let (_, why) = reasons().await;
    assert!(why.contains("query: ") && why.contains("events/recorded_year"), "{why}");
}
