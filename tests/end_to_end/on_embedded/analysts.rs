//! Analysts' tools over PostgreSQL's protocol: the same digits as over HTTP, the same limits, and nothing but reading.

use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::harness::{Deployment, free_port, python, repository};
use crate::operating::secure::with_tls;
use crate::stranger::{BATCH, SOURCE, batch};

/// A credential as a build from before SCRAM has made it.
fn old_token(helan: &Deployment) -> String {
    let token = helan.run(&["credential", "add", "--role", "analyst", "--id", "old"]).trim().to_owned();
    let path = helan.dir.path().join("credentials.jsonl");
    let lines = std::fs::read_to_string(&path).expect("credentials");
    let entries = lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let old: Vec<_> = entries.filter(|entry| entry["id"] == "old").collect();
    let digest = old[0]["secrets"][0]["sha256"].as_str().expect("a digest").to_owned();
    let proofs = path.with_extension("jsonl.scram");
    let known = std::fs::read_to_string(&proofs).expect("proofs");
    let others: Vec<_> = known.lines().filter(|line| !line.contains(&digest)).map(|line| format!("{line}\n")).collect();
    assert!(others.len() < known.lines().count(), "it has a proof");
    std::fs::write(&proofs, others.concat()).expect("written");
    // Services look at the credentials for what is new.
    std::fs::write(&path, lines).expect("written");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("a mode");
    token
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_reads_within_its_limits_and_does_no_more() {
    let helan = Deployment::new(None);
    let address = format!("127.0.0.1:{}", free_port());
    let limits = ["--sql-time", "30s", "--sql-rows", "2000"];
    let arguments =
        [&["--flush-age", "200ms", "--partitions", "3", "--postgres-listen", &address], &limits[..]].concat();
    helan.spawn("up", &helan.base, &arguments).await;
    let reporter = helan.token("nx-stats");
    helan.deliver("/v1/events", &reporter, BATCH, batch(SOURCE, "640000", 0, 200)).await;
    let credential = |role: &str| helan.run(&["credential", "add", "--role", role]).trim().to_owned();
    let output = python()
        .arg(repository().join("tests/clients/analyst.py"))
        .env("HELAN_POSTGRES", &address)
        .env("HELAN_HTTP", &helan.base)
        .env("HELAN_OLD", old_token(&helan))
        .env("HELAN_TOKEN", credential("analyst"))
        .env("HELAN_OPERATOR", credential("operator"))
        .output()
        .expect("Python runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}{}", String::from_utf8_lossy(&output.stderr), helan.log());
    let answers: Value = serde_json::from_str(&text).expect("JSON");
    let expected = json!({
        "digits": [true, true],
        "attacks": [true, [], false],
        "cursors": [[10, 7], "57014", "25P02"],
        "settings": [
            ["2019-08-30", "2018-12-31"], true, true, ["22007", "as_of or recorded is not a date or time"],
            ["42P01", true, "helan: sql_invalid"],
        ],
        "limits": ["54000", "57014", ["54000", "54000"], 1],
        "catalogs": ["v", true, true, 0, ["text", "bigint[]", "figures"], 1, true],
        "replays": [true, {}],
        "seats": ["53300", 1],
        "strangers": [true, true, true, true],
        "old": [1, "wrong user or password"],
        "logins": [
            "wrong user or password", "wrong user or password", "there is no such database: \"postgres\"",
            "too many wrong tokens came from this address", true,
        ],
    });
    assert_eq!(answers, expected);
    let reporter_is_told = python()
        .args(["-c", "import os, psycopg; psycopg.connect(os.environ['DSN'])"])
        .env(
            "DSN",
            format!(
                "host=127.0.0.1 port={} dbname=helan user={} password={reporter}",
                address.rsplit(':').next().expect("a port"),
                reporter.split('_').nth(1).expect("an id")
            ),
        )
        .output()
        .expect("Python runs");
    let said = String::from_utf8_lossy(&reporter_is_told.stderr).into_owned();
    assert!(said.contains("FATAL") && said.contains("role"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_certificate_nothing_is_said_in_the_clear() {
    let (helan, [cert, key]) = with_tls();
    let address = format!("127.0.0.1:{}", free_port());
    let flight = format!("127.0.0.1:{}", free_port());
    let fronts = ["--postgres-listen", &address, "--flight-listen", &flight];
    let tls = ["--tls-cert", &cert, "--tls-key", &key];
    helan.spawn("up", &helan.base, &[&fronts[..], &tls, &["--partitions", "3"]].concat()).await;
    let token = helan.run(&["credential", "add", "--role", "analyst", "--id", "bi"]).trim().to_owned();
    let asked = |mode: &str| {
        let dsn = format!(
            "host=127.0.0.1 port={} dbname=helan user=bi password={token}",
            address.rsplit(':').next().expect("a port")
        );
        let program = "import os, psycopg; c = psycopg.connect(os.environ['DSN']); \
                       print(c.pgconn.ssl_in_use, c.execute('select 1').fetchone()[0])";
        let command = python().args(["-c", program]).env("DSN", dsn + " " + mode).output();
        let output = command.expect("Python runs");
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
    };
    assert_eq!(asked(&format!("sslmode=verify-ca sslrootcert={cert}")).trim(), "True 1");
    assert_eq!(asked(&format!("sslmode=verify-ca sslnegotiation=direct sslrootcert={cert}")).trim(), "True 1");
    let plain = asked("sslmode=disable");
    assert!(plain.contains("only encrypted connections are taken here"), "{plain}");
    let doctor = |tls: &[&str]| {
        let listen = ["doctor", "--partitions", "3", "--listen", helan.base.trim_start_matches("https://")];
        let doctor = [&listen[..], &fronts, tls].concat();
        let output = helan.command(&doctor).output().expect("helan runs");
        (output.status.success(), String::from_utf8(output.stdout).expect("UTF-8"))
    };
    let (is_well, said) = doctor(&tls);
    assert!(is_well, "{said}");
    for address in [&address, &flight] {
        assert!(said.contains(&format!("{address} answers, with TLS")), "{said}");
    }
    let (is_well, said) = doctor(&[]);
    assert!(!is_well && said.contains(&format!("what answers on {flight} does not speak Flight SQL")), "{said}");
}
