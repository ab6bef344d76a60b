//! A bit that the disk has changed in a file of the lake: no answer, no backup and no maintenance rests on it, everybody who
//! has to know is told, and the lake is built again from the log.

use std::path::PathBuf;

use serde_json::json;

use crate::harness::{Deployment, Log};
use crate::stranger::{EVENT, event};

const DOCTOR: [&str; 3] = ["doctor", "--partitions", "3"];
const VALUES: &str = "select id, value from events order by id";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_embedded_faults_a_changed_bit_is_told_by_everything_that_meets_it() {
    let helan = Deployment::on(Log::Embedded, None);
    helan.start_up().await;
    let reporter = helan.token("nx-stats");
    for (id, value) in [("a", "455792.5"), ("b", "455793.5")] {
        helan.deliver("/v1/events", &reporter, EVENT, event(id, value)).await;
    }
    let token = |role: &str| helan.run(&["credential", "add", "--role", role]).trim().to_owned();
    let (operator, analyst) = (token("operator"), token("analyst"));
    helan.terminate(&helan.base);
    let before = helan.sql(VALUES);
    assert_eq!(before.len(), 2);

    let file = data_file(&helan);
    let name = file.file_name().expect("a name").to_string_lossy().into_owned();
    let mut bytes = std::fs::read(&file).expect("readable");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    std::fs::write(&file, bytes).expect("written");

    // Commands that read, put together, copy or examine.
    let backups = helan.dir.path().join("backups").display().to_string();
    for arguments in [&["sql", VALUES][..], &["maintain"], &["backup", "--partitions", "3", "--to", &backups], &DOCTOR]
    {
        let output = helan.command(arguments).output().expect("it runs");
        let said = [output.stdout, output.stderr].concat();
        // A table on a terminal may break a name in two.
        let said: String = String::from_utf8_lossy(&said).split_whitespace().collect();
        assert!(!output.status.success() && !said.contains("panicked"), "{arguments:?}: {said}");
        assert!(
            said.contains(&name) || arguments[0] == "doctor" && said.contains("helanrebuild"),
            "{arguments:?}: {said}"
        );
    }
    assert!(std::fs::read_dir(&backups).map_or(0, |entries| entries.count()) == 0, "nothing was backed up");

    // A process that comes upon it, perhaps before anybody has asked whether it is ready.
    helan.launch("up", &helan.base, &["--flush-age", "200ms", "--partitions", "3"]);
    let readiness = format!("{}/readyz", helan.base);
    helan.wait_until("it listens", async || helan.client.get(&readiness).send().await.is_ok()).await;
    let asked = json!({ "query": VALUES }).to_string();
    let request = helan.client.post(format!("{}/v1/sql", helan.base)).bearer_auth(&analyst);
    let answer = request.header("content-type", "application/json").body(asked).send().await.expect("an answer");
    let (status, text) = (answer.status().as_u16(), answer.text().await.expect("a text"));
    assert!(status == 503 && text.contains("lake_unavailable"), "{status}: {text}");
    let get = async |path: &str| {
        let request = helan.client.get(format!("{}{path}", helan.base)).bearer_auth(&operator);
        let answer = request.send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("a text"))
    };
    helan
        .wait_until("readiness names the file and whom it stops", async || {
            let (status, why) = get("/readyz").await;
            status == 503 && why.contains(&name) && why.contains("query: ") && why.contains("aggregator: ")
        })
        .await;
    assert!(get("/metrics").await.1.contains("helan_lake_damaged_files 1\n"));
    helan.terminate(&helan.base);

    helan.run(&["rebuild", "--partitions", "3"]);
    assert_eq!(helan.sql(VALUES), before);
    helan.run(&["maintain"]);
    helan.run(&["backup", "--partitions", "3", "--to", &backups]);
    assert!(helan.run(&[&DOCTOR[..], &["--all-files"]].concat()).contains("are what was written"));
}

/// One that `events` names: nothing was put together yet.
fn data_file(helan: &Deployment) -> PathBuf {
    let folders = std::fs::read_dir(helan.dir.path().join("lake/events")).expect("readable").flatten();
    let folders = folders.map(|entry| entry.path()).filter(|path| path.to_string_lossy().contains("recorded_year"));
    let mut files = folders.flat_map(|folder| std::fs::read_dir(folder).expect("readable").flatten());
    files.next().expect("a file").path()
}
