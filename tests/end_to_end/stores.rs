//! Where the lake may lie: object stores that keep to conditional writes, and no others.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

use helan_tests::s3::environment;

use crate::harness::{Deployment, free_port};
use crate::stranger::{EVENT, event};

/// A server of the S3 kind that takes every write, whatever its conditions. Lives as long as the test program.
fn careless_server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer_all(stream));
        }
    });
    port
}

fn answer_all(stream: TcpStream) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut writer = stream;
    loop {
        let mut length = 0;
        let mut line = String::new();
        while reader.read_line(&mut line).ok()? > 2 {
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
            line.clear();
        }
        if line.is_empty() {
            return None;
        }
        std::io::copy(&mut reader.by_ref().take(length), &mut std::io::sink()).ok()?;
        writer.write_all(b"HTTP/1.1 200 OK\r\netag: \"0\"\r\ncontent-length: 0\r\n\r\n").ok()?;
    }
}

/// Runs `helan up` on a store and returns what it says when it gives up.
fn refused(deployment: &Deployment, port: u16, but: &[(&str, &str)]) -> String {
    let listen = format!("127.0.0.1:{}", free_port());
    let mut command = deployment.command(&["up", "--listen", &listen, "--lake", "s3://bucket/lake"]);
    command.envs(environment(port)).envs(but.iter().copied()).args(deployment.log_arguments());
    let output = command.output().expect("helan runs");
    assert!(!output.status.success(), "it must not start");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_ignores_conditions_is_refused() {
    let helan = Deployment::new(None);
    let said = refused(&helan, careless_server(), &[]);
    assert!(said.contains("s3://bucket/lake") && said.contains("If-None-Match"), "{said}");
    assert!(said.contains("a second writer of the same name succeeded") && said.contains("local disk"), "{said}");

    let port = careless_server();
    let mut doctor = helan.command(&["doctor", "-f", "json", "--lake", "s3://bucket/lake"]);
    let output = doctor.envs(environment(port)).output().expect("doctor runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let found = text.lines().find(|line| line.contains("\"lake_store\"")).expect("a line of the store");
    assert!(!output.status.success() && found.contains("\"fail\"") && found.contains("If-None-Match"), "{text}");

    let said = refused(&helan, careless_server(), &[("AWS_ALLOW_HTTP", "false")]);
    assert!(said.contains("clear text") && said.contains("AWS_ALLOW_HTTP"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_version_names_is_deleted_once_it_is_old_by_the_stores_clock() {
    let helan = Deployment::up(None).await;
    let token = helan.token("nx-stats");
    helan.deliver("/v1/events", &token, EVENT, event("e-1", "455792.5")).await;
    let root = match &helan.objects {
        Some(objects) => objects.objects().join("statistics/lake"),
        None => helan.dir.path().join("lake"),
    };
    let folder = root.join("events");
    let tool = |program: &str, arguments: &[&std::ffi::OsStr]| {
        assert!(std::process::Command::new(program).args(arguments).status().expect("it runs").success(), "{program}");
    };
    let found = std::process::Command::new("find").arg(&folder).args(["-name", "*.parquet"]).output().expect("find");
    let found = String::from_utf8(found.stdout).expect("UTF-8");
    let file = found.lines().next().expect("a data file");
    // As writers leave them that died between the file and its commit. With what the object store notes beside it.
    let (old, young) = (folder.join("old.parquet"), folder.join("young.parquet"));
    for orphan in [&old, &young] {
        tool("cp", &["--preserve=xattr".as_ref(), file.as_ref(), orphan.as_os_str()]);
    }
    tool("touch", &["-d".as_ref(), "2 days ago".as_ref(), old.as_os_str()]);
    for age in ["0s", "59m"] {
        let said = helan.fails(&["maintain", "--orphan-age", age]);
        assert!(said.contains("shorter than 1h"), "{said}");
    }
    assert!(old.exists());
    helan.run(&["maintain", "--orphan-age", "1h"]);
    assert!(!old.exists() && young.exists());
    assert_eq!(helan.sql("select count(*) from events"), ["1"]);
    let left: Vec<_> = std::fs::read_dir(&folder).expect("readable").map(|it| it.expect("entry").file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with("_time-")), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_store_holds_the_whole_lake_and_maintenance_tidies_it() {
    let helan = Deployment::new(None);
    let Some(objects) = &helan.objects else { return }; // The local disk's turn is in every other test.
    helan.start_up().await;
    let token = helan.token("nx-stats");
    for number in 0..10 {
        let receipt = helan.deliver("/v1/events", &token, EVENT, event(&format!("e-{number:02}"), "455792.5")).await;
        assert_eq!(receipt["state"], "accepted", "{receipt:#}");
    }
    let files = || {
        let folder = objects.objects().join("statistics/lake/events");
        let output = std::process::Command::new("find").arg(folder).args(["-name", "*.parquet"]).output();
        let text = String::from_utf8(output.expect("find runs").stdout).expect("paths are UTF-8");
        text.lines().filter(|path| !path.contains("_delta_log")).count()
    };
    assert_eq!(files(), 10);
    let doctor = helan.command(&["doctor", "-f", "json"]).output().expect("doctor runs");
    let doctor = String::from_utf8_lossy(&doctor.stdout).into_owned();
    let found = doctor.lines().find(|line| line.contains("\"lake_store\"")).expect("a line of the store");
    assert!(found.contains("\"ok\"") && found.contains("s3://helan/statistics/lake"), "{doctor}");
    helan.run(&["maintain"]);
    assert_eq!(files(), 11, "the ten wait until no reader holds them");
    assert_eq!(helan.sql("select count(*), count(distinct id) from events"), ["10,10"]);
    assert!(!helan.dir.path().join("lake").exists(), "nothing of the lake lies on the local disk");
    let secret = objects.environment().into_iter().find(|(name, _)| *name == "AWS_SECRET_ACCESS_KEY");
    let secret = secret.expect("a secret").1;
    let settings = helan.run(&["up", "--check"]);
    let log = std::fs::read_to_string(helan.dir.path().join("helan.log")).expect("a log");
    assert!(settings.contains("s3://helan/statistics/lake") && !settings.contains(&secret), "{settings}");
    assert!(!log.contains(&secret), "a secret is logged");
}
