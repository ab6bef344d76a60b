//! A backup made under load, restored elsewhere: every event acknowledged before the backup is there exactly once, and
//! new ones are accepted.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::feeds::{Feeds, arrived, events};
use crate::harness::{Deployment, on_kafka};
use crate::stranger::{EVENT, event};

/// The one backup of a directory.
fn only_backup(under: &std::path::Path) -> PathBuf {
    let found: Vec<_> = std::fs::read_dir(under).expect("readable").map(|entry| entry.expect("entry").path()).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_acknowledged_before_the_backup_is_in_it_once() {
    let helan = Arc::new(Deployment::up(None).await);
    let feeds = Feeds::start(&helan);
    tokio::time::sleep(Duration::from_secs(2)).await;
    // Log and lake move on while the backup is made, and maintenance rewrites files under its hands.
    let before = feeds.acknowledged();
    assert!(before.len() > 200, "too little load to mean anything: {}", before.len());
    let backups = tempfile::tempdir().expect("a directory");
    let to = backups.path().to_str().expect("UTF-8").to_owned();
    let maintaining = helan.clone();
    let maintenance = tokio::task::spawn_blocking(move || maintaining.run(&["maintain"]));
    let log = helan.log_arguments();
    let mut arguments = vec!["backup", "--partitions", "3", "--to", &to];
    arguments.extend(log.iter().map(String::as_str));
    helan.run(&arguments);
    maintenance.await.expect("maintenance ends well");
    let after = feeds.end().await;
    assert!(after.len() > before.len(), "load went on during the backup");
    let backup = only_backup(backups.path());

    if on_kafka() {
        // Kafka keeps the log: the lake comes back as it was and reads on from there, to the very end.
        helan.kill9(&helan.base);
        let restored = backups.path().join("restored");
        helan_restore(&backup, &restored);
        let lake = helan.dir.path().join("lake");
        std::fs::rename(&lake, backups.path().join("lost")).expect("the lake is lost");
        std::fs::rename(restored.join("lake"), &lake).expect("the lake is back");
        helan.start_up().await;
        assert_eq!(arrived(&helan, &after).await, after);
        return;
    }
    let other = Deployment::new(None);
    helan_restore(&backup, other.dir.path());
    other.start_up().await;
    arrived(&other, &before).await;
    let token = other.token("nx-stats");
    let receipt = other.deliver("/v1/events", &token, EVENT, event("after-the-restore", "455792.5")).await;
    assert_eq!(receipt["state"], "accepted", "{receipt:#}");
    // What was acknowledged while the backup was made may be in it, but nothing else.
    let (sent, restored): (Vec<_>, Vec<_>) =
        events(&other).into_iter().partition(|event| event.ends_with(" after-the-restore"));
    assert_eq!(sent.len(), 1);
    assert!(
        restored.iter().all(|event| after.contains(event)),
        "{:?}",
        restored.iter().find(|it| !after.contains(*it))
    );
    let findings = String::from_utf8(
        other.command(&["doctor", "-f", "json", "--partitions", "3"]).output().expect("doctor runs").stdout,
    );
    assert!(findings.expect("UTF-8").lines().all(|line| !line.contains("\"outcome\":\"fail\"")));
}

fn helan_restore(backup: &std::path::Path, to: &std::path::Path) {
    let command = |to: &std::path::Path| {
        let mut command = std::process::Command::new(crate::harness::HELAN);
        command.arg("restore").arg(backup).arg("--data-dir").arg(to).output().expect("helan runs")
    };
    let restored = command(to);
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
    let again = command(to);
    assert!(!again.status.success(), "nothing is overwritten");
}
