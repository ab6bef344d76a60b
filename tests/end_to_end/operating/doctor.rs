//! `helan doctor` finds each of these faults, and says so by its exit code.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::Value;

use crate::harness::{Deployment, Log};
use crate::stranger::{EVENT, event};

/// Makes a log as it was before its first record.
const EMPTY: &str = "import sqlite3, sys
log = sqlite3.connect(sys.argv[1])
log.execute('delete from records')
log.execute('update partitions set next_offset = 0')
log.commit()";

/// Runs doctor; returns whether nothing failed, and the outcome of a check (the worst, if it looked at several places).
fn examine(mut command: Command, check: &str) -> (bool, String, String) {
    let output = command.args(["-f", "json"]).output().expect("doctor runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let findings: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert!(findings.len() >= 6, "{text}{}", String::from_utf8_lossy(&output.stderr));
    let worst = |found: &&Value| match found["outcome"].as_str() {
        Some("fail") => 2,
        Some("warn") => 1,
        _ => 0,
    };
    let found = findings.iter().filter(|found| found["check"] == check).max_by_key(worst).expect(check);
    let word = |name: &str| found[name].as_str().unwrap_or_default().to_owned();
    let said = word("found_en") + " / " + &word("advice_en");
    assert!(found["outcome"] == "ok" || !word("advice_en").is_empty() && !word("advice_zh").is_empty(), "{found:#}");
    (output.status.success(), word("outcome"), said)
}

#[tokio::test(flavor = "multi_thread")]
async fn on_embedded_faults_are_found_and_told() {
    let helan = Deployment::on(Log::Embedded, None);
    helan.start_up().await;
    let token = helan.token("nx-stats");
    helan.deliver("/v1/events", &token, EVENT, event("one", "455792.5")).await;
    let doctor = |arguments: &[&str]| {
        let mut command = helan.command(&["doctor", "--partitions", "3"]);
        command.args(["--listen", helan.base.trim_start_matches("http://")]).args(arguments);
        command
    };
    for check in ["catalog", "data_directory", "file_system", "disk_sync", "credentials", "log", "topics", "identity"] {
        let (sound, outcome, said) = examine(doctor(&[]), check);
        assert!(sound && outcome != "fail", "{check}: {said}");
    }
    for check in ["offsets", "lake", "clock", "listener"] {
        let (_, outcome, said) = examine(doctor(&[]), check);
        assert_eq!(outcome, "ok", "{check}: {said}");
    }
    let table = String::from_utf8(doctor(&["--lang", "zh"]).output().expect("doctor runs").stdout).expect("UTF-8");
    assert!(table.contains("数据湖") && table.contains("正常"), "{table}");

    let fails = |command: Command, check: &str, word: &str| {
        let (sound, outcome, said) = examine(command, check);
        assert!(!sound && outcome == "fail" && said.contains(word), "{check}: {outcome} {said}");
    };
    let credentials = helan.dir.path().join("credentials.jsonl");
    let mode = |mode| std::fs::set_permissions(&credentials, std::fs::Permissions::from_mode(mode)).expect("a mode");
    mode(0o644);
    fails(doctor(&[]), "credentials", "chmod 600");
    mode(0o600);

    let broken = tempfile::tempdir().expect("a directory");
    std::fs::write(broken.path().join("catalog.toml"), "id = 1").expect("written");
    fails(doctor(&["--catalog", broken.path().to_str().expect("UTF-8")]), "catalog", "catalog check");

    let mut command = helan.command(&["doctor", "--partitions", "4"]);
    command.args(["--listen", "127.0.0.1:1"]);
    fails(command, "topics", "fixed at creation");

    // Another program's address.
    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = port.local_addr().expect("an address").to_string();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = port.accept() {
            use std::io::{Read, Write};
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n");
        }
    });
    let mut command = helan.command(&["doctor", "--partitions", "3"]);
    command.args(["--listen", &address]);
    fails(command, "listener", "another program");

    // A place where nobody may write, not even root.
    fails(doctor(&["--lake", "/proc/helan"]), "disk_sync", "/proc");

    // The log of another deployment.
    let other = Deployment::up(None).await;
    let log = format!("embedded://{}", other.dir.path().join("log").display());
    fails(doctor(&["--log", &log]), "identity", "belong together");

    // A log from before the lake's newest commits.
    helan.kill9(&helan.base);
    let log = helan.dir.path().join("log");
    std::fs::rename(&log, helan.dir.path().join("newer")).expect("moved");
    let sqlite = |from: &str| helan.dir.path().join(from).join("log.sqlite");
    std::fs::create_dir(&log).expect("a directory");
    for suffix in ["", "-wal", "-shm"] {
        let name = |path: std::path::PathBuf| format!("{}{suffix}", path.display());
        if std::path::Path::new(&name(sqlite("newer"))).exists() {
            std::fs::copy(name(sqlite("newer")), name(sqlite("log"))).expect("copied");
        }
    }
    let emptied = Command::new("python3").args(["-c", EMPTY]).arg(sqlite("log")).status().expect("python3 runs");
    assert!(emptied.success());
    fails(doctor(&[]), "continuity", "truncated or restored");
    fails(doctor(&[]), "offsets", "helan adopt");

    // A table that is none any more.
    std::fs::remove_dir_all(helan.dir.path().join("lake/submissions/_delta_log")).expect("removed");
    let (sound, ..) = examine(doctor(&[]), "lake");
    assert!(!sound);
    std::fs::write(helan.dir.path().join("lake/events/_delta_log/00000000000000000000.json"), "{").expect("written");
    fails(doctor(&[]), "lake", "restore a backup");
}

#[tokio::test(flavor = "multi_thread")]
async fn on_kafka_faults_are_found_and_told() {
    let helan = Deployment::on(Log::Kafka, None);
    helan.start_up().await;
    let bootstrap = helan.broker.as_ref().expect("a broker").lock().expect("broker").bootstrap();
    let doctor = |arguments: &[&str]| {
        let mut command = helan.command(&["doctor", "--log", &format!("kafka://{bootstrap}")]);
        command.args(["--listen", helan.base.trim_start_matches("http://")]).args(arguments);
        command
    };
    let (sound, outcome, said) = examine(doctor(&["--partitions", "3"]), "identity");
    assert!(sound && outcome == "ok", "{said}");
    let (_, outcome, said) = examine(doctor(&["--partitions", "3"]), "kafka_properties");
    assert!(outcome == "warn" && said.contains("not encrypted"), "{said}");
    let (sound, outcome, said) = examine(doctor(&["--partitions", "5"]), "topics");
    assert!(!sound && outcome == "fail" && said.contains("fixed at creation"), "{said}");

    let properties = helan.dir.path().join("kafka.properties");
    std::fs::write(&properties, "acks=0\n").expect("written");
    std::fs::set_permissions(&properties, std::fs::Permissions::from_mode(0o600)).expect("a mode");
    let path = properties.to_str().expect("UTF-8").to_owned();
    let (sound, outcome, said) = examine(doctor(&["--kafka-properties", &path]), "kafka_properties");
    assert!(!sound && outcome == "fail" && said.contains("acks"), "{said}");
    let mut command = helan.command(&["doctor", "--log", "kafka://127.0.0.1:1", "--listen", "127.0.0.1:1"]);
    command.args(["--partitions", "3"]);
    let (sound, outcome, said) = examine(command, "log");
    assert!(!sound && outcome == "fail", "{said}");
}
