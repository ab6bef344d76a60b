//! `helan validate`: refused with every error, accepted with findings, settled by an explanation; nothing is sent. The
//! trial has an embedded log of its own, whichever the deployment uses.

use std::path::{Path, PathBuf};

use crate::harness::Deployment;

const HEADING: &str = "ref_area,indicator,time_period,value,unit,unit_mult,note\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_judged_before_it_is_sent() {
    let helan = Deployment::up(None).await;
    let token = helan.token("yinchuan");
    let known = format!("{HEADING}640100,rd_expenditure,2018,27.4,CNY,8,\n");
    helan.deliver("/v1/submissions?source=/nx/yinchuan", &token, "text/csv", known).await;

    let (said, ended) = validate(&helan, "again.csv", "640100,rd_expenditure,2018,27.4,CNY,8,\n", &["--strict"]);
    assert!(ended && said.contains("repeat: 1 of 1 events were accepted before"), "{said}");

    // Of a file with ids, what was accepted before is told apart from what is new.
    let one = format!("id,{HEADING}r17,640100,rd_expenditure,2017,27.0,CNY,8,\n");
    helan.deliver("/v1/submissions?source=/nx/yinchuan", &token, "text/csv", one.clone()).await;
    let both = write(&helan, "both.csv", &format!("{one}r16,640100,rd_expenditure,2016,26.5,CNY,8,\n"));
    let (said, _) = judged(&helan, &both, &["--source", "/nx/yinchuan"]);
    assert!(said.contains("would be accepted: 2 event") && said.contains("1 of 2 events were accepted"), "{said}");

    // The same number with other digits says another precision: it is a report of its own.
    let (said, ended) = validate(&helan, "digits.csv", "640100,rd_expenditure,2018,27.40,CNY,8,\n", &["--strict"]);
    assert!(ended && said.contains("would be accepted: 1 event") && !said.contains("repeat"), "{said}");

    let wrong = "640200,rd_expenditure,2019,7,CNY,8,\n640100,gdp,2019,19,CNY,4,\n";
    let (said, ended) = validate(&helan, "wrong.csv", wrong, &[]);
    assert!(!ended && said.contains("foreign_area") && said.contains("below_minimum"), "{said}");

    let jump = "640100,rd_expenditure,2019,60,CNY,8,\n";
    let (said, ended) = validate(&helan, "jump.csv", jump, &[]);
    assert!(ended && said.contains("would be accepted: 1 event") && said.contains("jump"), "{said}");
    let (said, ended) = validate(&helan, "jump.csv", jump, &["--strict"]);
    assert!(!ended, "{said}");

    // An id that was accepted with another value.
    let other = write(&helan, "other.csv", &one.replace("27.0", "28.0"));
    let (said, ended) = judged(&helan, &other, &["--source", "/nx/yinchuan"]);
    assert!(!ended && said.contains("id_conflict") && said.contains("r17"), "{said}");

    let explained = "640100,rd_expenditure,2019,60,CNY,8,a large project began\n";
    let (said, ended) = validate(&helan, "explained.csv", explained, &["--strict"]);
    assert!(ended && said.contains("[explained]"), "{said}");

    let event = "{\"specversion\":\"1.0\",\"type\":\"helan.observation.reported.v1\",\"source\":\"/nx/yinchuan\",\"id\":\"a\",\
                 \"data\":{\"ref_area\":\"640100\",\"indicator\":\"rd_expenditure\",\"time_period\":\"2018\",\"value\":\"28\",\
                 \"unit\":\"CNY\",\"unit_mult\":8}}\n";
    let file = write(&helan, "one.ndjson", event);
    let (said, ended) = judged(&helan, &file, &[]);
    assert!(ended && said.contains("no warnings"), "{said}");

    assert_eq!(helan.sql("select count(*) from events"), ["2"], "a trial leaves nothing in the lake");

    // What was found on a cell stands after a report that does not settle it.
    helan.deliver("/v1/submissions?source=/nx/yinchuan", &token, "text/csv", format!("{HEADING}{jump}")).await;
    let (said, ended) = validate(&helan, "still.csv", "640100,rd_expenditure,2019,60.0,CNY,8,\n", &["--strict"]);
    assert!(!ended && said.contains("would be accepted: 1 event") && said.contains("jump"), "{said}");

    // A lake that cannot be read is something else than none: without its figures every file would pass.
    let log = helan.dir.path().join("broken/events/_delta_log");
    std::fs::create_dir_all(&log).expect("the test's own folder");
    std::fs::write(log.join("00000000000000000000.json"), "x").expect("the test's own folder");
    for (lake, well) in [("broken", false), ("broken/../none", true)] {
        let lake = helan.dir.path().join(lake);
        let (said, ended) = validate(&helan, "jump.csv", jump, &["--lake", lake.to_str().expect("UTF-8")]);
        assert!(ended == well && said.contains("no lake") == well, "{said}");
    }
}

fn write(helan: &Deployment, name: &str, text: &str) -> PathBuf {
    let file = helan.dir.path().join(name);
    std::fs::write(&file, text).expect("the test's own folder");
    file
}

/// What `helan validate` printed, and whether it ended well.
fn validate(helan: &Deployment, name: &str, rows: &str, more: &[&str]) -> (String, bool) {
    let file = write(helan, name, &format!("{HEADING}{rows}"));
    judged(helan, &file, &[&["--source", "/nx/yinchuan"][..], more].concat())
}

fn judged(helan: &Deployment, file: &Path, more: &[&str]) -> (String, bool) {
    let arguments = [&["validate", file.to_str().expect("UTF-8"), "--lang", "en"][..], more].concat();
    let output = helan.command(&arguments).output().expect("helan runs");
    let said = [output.stdout, output.stderr].concat();
    (String::from_utf8_lossy(&said).into_owned(), output.status.success())
}
