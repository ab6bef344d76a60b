//! A figure that can be defended: taken apart, compared, taken out, released by two people.

use serde_json::{Value, json};

use crate::harness::Deployment;
use crate::stranger::{BATCH, SOURCE};

fn observation(id: &str, indicator: &str, value: &str, vintage: &str, published: &str) -> Value {
    json!({"specversion": "1.0", "type": "helan.observation.reported.v1", "source": SOURCE, "id": id, "data": {
        "ref_area": "640000", "indicator": indicator, "time_period": "2018", "value": value, "unit": "CNY",
        "unit_mult": 8, "vintage": vintage, "published_at": published, "prepared_by": "Li", "approved_by": "Wang"}})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_published_figure_is_explained_compared_exported_and_released() {
    let helan = Deployment::up(None).await;
    let token = helan.token("nx-stats");
    let first = [
        observation("1", "rd_expenditure", "45.57925", "final", "2019-08-30"),
        observation("2", "gdp", "3705.18", "preliminary", "2019-08-30"),
    ];
    helan.deliver("/v1/events", &token, BATCH, json!(first).to_string()).await;
    helan.run(&["rollup", "--publish"]);
    let a = helan.sql("select publication from current_publication").remove(0);

    let tree = helan.run(&["explain", &a, "640000", "rd_intensity"]);
    for expected in [
        "1.2301494124",
        "agrees with the published figure",
        &format!("{SOURCE} 2"),
        "Li / – / Wang",
        "economic-census-4",
    ] {
        // The first release became known before the census revision was announced: it is on the third census.
        let there = tree.contains(expected);
        assert_eq!(there, expected != "economic-census-4", "{expected}\n{tree}");
    }

    let revision = [observation("3", "gdp", "3510.2", "census-revised", "2021-01-15")];
    helan.deliver("/v1/events", &token, BATCH, json!(revision).to_string()).await;
    helan.run(&["rollup", "--publish"]);
    let b = helan.sql("select publication from current_publication").remove(0);
    assert_ne!(a, b);
    assert!(helan.run(&["rollup", "--compare", &a, "latest"]).contains("a revised report"));
    let explained: Value =
        serde_json::from_str(&helan.run(&["explain", "latest", "640000", "T044", "-f", "json"])).expect("JSON");
    assert_eq!(explained["figure"]["marks"], json!(["sensitive"]));
    assert_eq!((&explained["agrees"], &explained["publication"]), (&json!(true), &json!(b)));
    // As published first, whatever came since.
    assert!(helan.run(&["explain", &a[..10], "640000", "T044"]).contains("1.2301494124"));
    assert!(
        helan.run(&["explain", "--live", "--as-of", "2019-08-30", "640000", "rd_intensity"]).contains("1.2301494124")
    );

    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name).display().to_string();
    for (format, name) in [("csv", "v.csv"), ("xlsx", "v.xlsx"), ("parquet", "v.parquet"), ("sdmx-csv", "s.csv")] {
        helan.run(&["export", "latest", "-f", format, "-o", &file(name)]);
    }
    let csv = std::fs::read_to_string(file("v.csv")).expect("written");
    let line = csv.lines().find(|line| line.contains(",rd_intensity,,640000,")).expect("the region's ratio");
    assert!(line.starts_with(&b) && line.contains("1.2984801436") && line.contains("census-revised"), "{line}");
    let sdmx = std::fs::read_to_string(file("s.csv")).expect("written");
    assert!(sdmx.starts_with("STRUCTURE,STRUCTURE_ID,ACTION,FREQ,REF_AREA,INDICATOR,TARGET,TIME_PERIOD,OBS_VALUE,"));
    let structure: Value =
        serde_json::from_str(&std::fs::read_to_string(file("s.structure.json")).expect("written")).expect("JSON");
    let components = &structure["data"]["dataStructures"][0]["dataStructureComponents"];
    let ids = |list: &Value| {
        list.as_array()
            .expect("a list")
            .iter()
            .map(|one| one["id"].as_str().expect("an id").to_owned())
            .collect::<Vec<_>>()
    };
    let mut heads = vec!["STRUCTURE".to_owned(), "STRUCTURE_ID".to_owned(), "ACTION".to_owned()];
    heads.extend(ids(&components["dimensionList"]["dimensions"]));
    heads.extend(["TIME_PERIOD".to_owned(), "OBS_VALUE".to_owned()]);
    heads.extend(ids(&components["attributeList"]["attributes"]));
    assert_eq!(sdmx.lines().next().expect("a heading"), heads.join(","), "data and structure name the same components");
    assert_eq!(&std::fs::read(file("v.xlsx")).expect("written")[..2], b"PK");

    for (id, role) in [("ana", "analyst"), ("otto", "operator"), ("opal", "operator")] {
        let token = helan.run(&["credential", "add", "--role", role, "--id", id]);
        std::fs::write(folder.path().join(id), token).expect("written");
    }
    let act = |who: &str, arguments: &[&str]| {
        let mut all = vec!["release"];
        all.extend(arguments);
        let token = file(who);
        all.extend(["--token-file", &token]);
        helan.command(&all).output().expect("helan runs")
    };
    let done = |who: &str, arguments: &[&str]| {
        let output = act(who, arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let refused = |who: &str, arguments: &[&str], why: &str| {
        let output = act(who, arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(why), "{arguments:?}: {said}");
    };
    refused("otto", &["approve", &a, "--why", "in a hurry"], "it must be reviewed before it can be approved");
    done("otto", &["review", &a, "--why", "checked"]);
    assert!(done("otto", &["review", &a, "--why", "checked"]).contains("nothing changed"));
    refused("otto", &["approve", &a, "--why", "alone"], "somebody else must");
    refused("ana", &["approve", &a, "--why", "no operator"], "cannot do this");
    done("opal", &["approve", &a, "--why", "signed"]);
    refused("opal", &["embargo", &a, "--until", "2020-01-01T00:00:00Z", "--why", "late"], "which is over");
    done("opal", &["embargo", &a, "--until", "2199-01-01T00:00:00Z", "--why", "press hour"]);
    refused("opal", &["release", &a, "--why", "leak"], "under embargo");
    held_back_until_the_press_hour(&helan, &a, &file);
    done("ana", &["return", &a, "--why", "a revision has come"]);
    for id in [&a, &b] {
        done("ana", &["review", id, "--why", "checked"]);
        done("opal", &["approve", id, "--why", "signed"]);
        done("opal", &["release", id, "--why", "press hour"]);
    }
    let states = "select publication = '{b}', state, reviewed_by, approved_by, superseded_by is not null from publication_states order by published_at";
    assert_eq!(
        helan.sql(&states.replace("{b}", &b)),
        ["false,superseded,ana,opal,true", "true,released,ana,opal,false"]
    );
    assert!(helan.run(&["release", "status"]).contains("superseded"));

    // A closed period takes what comes late, and says so.
    done("otto", &["close", "2018", "--why", "final"]);
    let late = [observation("4", "gdp", "3510.21", "final", "2021-02-15")];
    helan.deliver("/v1/events", &token, BATCH, json!(late).to_string()).await;
    assert_eq!(helan.sql("select id, closed_period from reports_after_close"), ["4,2018"]);
    assert_eq!(helan.sql("select id from findings where finding = 'reported_after_close'"), ["4"]);
    assert_eq!(
        helan.sql(
            "select value from area_values where ref_area = '640000' and indicator = 'gdp' and time_period = '2018'"
        ),
        ["351021000000"]
    );
    done("otto", &["reopen", "2018", "--why", "a new census"]);
    assert_eq!(helan.sql("select state from period_states"), ["open"]);
    assert_eq!(helan.sql("select max(sequence), count(*) from release_events where publication is null"), ["12,2"]);
}

/// An export of what is under embargo is refused; who says that it is meant gets files that say so themselves.
fn held_back_until_the_press_hour(helan: &Deployment, publication: &str, file: &dyn Fn(&str) -> String) {
    for (lang, words) in [("en", "under embargo until 2199-01-01 08:00 +08:00"), ("zh", "之前禁止公开")] {
        let target = file("early.csv");
        let output = helan.command(&["export", publication, "-f", "csv", "-o", &target, "--lang", lang]).output();
        let output = output.expect("helan runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(4) && said.contains(words), "{:?} {said}", output.status);
        assert!(!std::path::Path::new(&target).exists(), "nothing is written");
    }
    let export = |format: &str, name: &str| {
        helan.run(&["export", publication, "--embargoed", "-f", format, "-o", &file(name)]);
        std::fs::read(file(name)).expect("written")
    };
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    let csv = text(export("csv", "marked.csv"));
    assert!(csv.lines().next().is_some_and(|heading| heading.contains(",release_state,embargo_until,")));
    for exported in [csv, text(export("sdmx-csv", "marked.sdmx.csv"))] {
        let rows: Vec<_> = exported.lines().skip(1).collect();
        assert!(rows.len() > 100, "every value is a row: {exported}");
        assert!(rows.iter().all(|row| row.contains(",embargoed,2199-01-01T00:00:00Z,")), "{exported}");
    }
    export("xlsx", "marked.xlsx");
}
