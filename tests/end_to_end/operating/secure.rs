//! TLS ends here or at a proxy, and nothing starts that others could read.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::harness::{Deployment, free_port, repository, text_of};
use crate::send::send;

fn files() -> PathBuf {
    repository().join("services/ingest/tests/http/tls")
}

/// A certificate and its key in the deployment's folder.
fn copied(helan: &Deployment, cert: &str, key: &str) -> [String; 2] {
    let to = [helan.dir.path().join("tls.pem"), helan.dir.path().join("tls.key")];
    std::fs::copy(files().join(cert), &to[0]).expect("copied");
    std::fs::copy(files().join(key), &to[1]).expect("copied");
    std::fs::set_permissions(&to[1], std::fs::Permissions::from_mode(0o600)).expect("a mode");
    to.map(|path| path.display().to_string())
}

/// A deployment whose client speaks TLS, with its certificate and key.
pub(crate) fn with_tls() -> (Deployment, [String; 2]) {
    let mut helan = Deployment::new(None);
    let pem = std::fs::read(files().join("one.pem")).expect("a certificate");
    let certificate = reqwest::Certificate::from_pem(&pem).expect("a certificate");
    helan.client = reqwest::Client::builder().tls_certs_only([certificate]).build().expect("a client");
    helan.base = helan.base.replace("http:", "https:");
    let files = copied(&helan, "one.pem", "one.key");
    (helan, files)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_listener_and_every_client_speaks_tls() {
    let (helan, [cert, key]) = with_tls();
    let metrics = format!("127.0.0.1:{}", free_port());
    // Every address of this machine: with TLS that is allowed.
    let listen = helan.base.replace("https://127.0.0.1", "0.0.0.0");
    let arguments = ["--listen", &listen, "--metrics-listen", &metrics, "--tls-cert", &cert, "--tls-key", &key];
    helan.spawn("up", &helan.base, &arguments[2..]).await;
    let checked = helan.run(&[&["up", "--check"], &arguments[..]].concat());
    assert!(checked.contains("TLS ends here"), "{checked}");

    let text = helan.client.get(format!("https://{metrics}/metrics")).send().await.expect("an answer").text().await;
    let text = text.expect("text");
    assert!(text.contains("helan_http_connections_refused_total{listener=\"main\",reason=\"full\"} 0"), "{text}");
    assert!(reqwest::get(format!("http://{metrics}/metrics")).await.is_err(), "no plain HTTP beside it");

    let token = helan.token("yinchuan");
    let file = helan.dir.path().join("feed.csv");
    let feed = "ref_area,indicator,time_period,value,unit,unit_mult\n640100,rd_expenditure,2018,250000.5,CNY,4\n";
    std::fs::write(&file, feed).expect("written");
    let source = ["--source", "/nx/yinchuan", "--patience", "1s"];
    let stranger = send(&helan.base, &token, &source, &[&file]).output().expect("helan runs");
    assert_eq!(stranger.status.code(), Some(2), "a certificate that nobody signed, at once: {stranger:?}");
    let trusting = ["--source", "/nx/yinchuan", "--ca-cert", &cert];
    text_of(&send(&helan.base, &token, &trusting, &[&file]).output().expect("helan runs"), &trusting);

    let analyst = helan.run(&["credential", "add", "--role", "analyst"]).trim().to_owned();
    let asked = ["sql", "-f", "csv", "--at", &helan.base, "--ca-cert", &cert, "select count(*) n from events"];
    // The instance knows where the lake is.
    let output =
        helan.command(&asked).env_remove("HELAN_LAKE").env("HELAN_TOKEN", analyst).output().expect("helan runs");
    assert_eq!(text_of(&output, &asked), "n\n1\n");

    let address = helan.base.trim_start_matches("https://");
    let health = |more: &[&str]| {
        let mut command = std::process::Command::new(crate::harness::HELAN);
        command.args(["health", "--ready", "--listen", address]).args(more).status().expect("helan runs").success()
    };
    assert!(health(&["--tls-cert", &cert]) && !health(&[]));
    let doctor =
        helan.run(&["doctor", "--partitions", "4", "--listen", address, "--tls-cert", &cert, "--tls-key", &key]);
    assert!(doctor.contains(&format!("{address} is ready")), "{doctor}");
}

#[test]
fn what_others_could_read_does_not_start() {
    let helan = Deployment::new(None);
    for role in [&["up"][..], &["ingest", "--reporters", "city"], &["aggregate"], &["query"]] {
        for listener in [&["--listen", "0.0.0.0:0"][..], &["--metrics-listen", "[::]:0"]] {
            let said = helan.fails(&[role, listener].concat());
            assert!(said.contains("--tls-cert") && said.contains("--behind-proxy"), "{said}");
        }
    }
    let [cert, key] = copied(&helan, "one.pem", "two.key");
    let tls = ["up", "--tls-cert", &cert, "--tls-key", &key];
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).expect("a mode");
    assert!(helan.fails(&tls).contains("chmod 600"));
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).expect("a mode");
    assert!(helan.fails(&tls).contains("cannot be used together"));
    assert!(helan.fails(&tls[..3]).contains("belong together"));
    assert!(!helan.dir.path().join("log").exists(), "nothing was made");
}
