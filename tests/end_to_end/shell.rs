//! The analyst's ways in: a script through `helan sql`, a running instance through `--at`, and `/v1/sql` itself.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::harness::{Deployment, HELAN, text_of};
use crate::stranger::{BATCH, SOURCE};

/// Runs a command with a text as its standard input.
fn with_input(command: &mut Command, text: &str) -> Output {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
    child.stdin.take().expect("a pipe").write_all(text.as_bytes()).expect("written");
    child.wait_with_output().expect("ends")
}

async fn filled() -> (Deployment, String) {
    let helan = Deployment::up(None).await;
    let token = helan.token("nx-stats");
    let report = |id: &str, indicator: &str, value: &str, unit_mult: i32, known: &str| {
        json!({
            "specversion": "1.0", "type": "helan.observation.reported.v1", "source": SOURCE, "id": id,
            "data": {"ref_area": "640000", "indicator": indicator, "time_period": "2018", "value": value,
                     "unit": "CNY", "unit_mult": unit_mult, "published_at": known}
        })
    };
    let reports = json!([
        report("rd-1", "rd_expenditure", "455792.5", 4, "2019-08-30"),
        report("gdp-1", "gdp", "3705.18", 8, "2019-08-30"),
        report("gdp-2", "gdp", "3510.2", 8, "2020-06-30"),
    ]);
    helan.deliver("/v1/events", &token, BATCH, reports.to_string()).await;
    let analyst = helan.run(&["credential", "add", "--role", "analyst"]).trim().to_owned();
    (helan, analyst)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_and_a_running_instance_answer_alike() {
    let (helan, analyst) = filled().await;
    let script = "\\f csv\n\
                  select value from gdp_of; -- fails\n";
    let failed = with_input(&mut helan.command(&["sql"]), script);
    assert!(!failed.status.success(), "a script ends at the first statement that fails");
    assert!(String::from_utf8_lossy(&failed.stderr).contains("gdp_of"));

    let script = "\\f csv\n\
                  select value as now, ';' as semicolon from rd_intensity\n where ref_area = '640000' and time_period = '2018';\n\
                  \\as-of 2019-08-30\n\
                  select value as then from rd_intensity where ref_area = '640000' and time_period = '2018';\n\
                  \\x\n\\f table\n\
                  select name_zh from areas where ref_area = '640100' limit 1";
    let expected = "now,semicolon\n1.2984801436,;\nthen\n1.2301494124\n─[ 1 ]───────\nname_zh  银川市\n1 row\n";
    let here = text_of(&with_input(&mut helan.command(&["sql"]), script), &["sql"]);
    assert_eq!(here, expected);

    let remote = |arguments: &[&str]| {
        let mut command = Command::new(HELAN);
        command
            .args(["sql", "--at", &helan.base])
            .args(arguments)
            .env("HELAN_TOKEN", &analyst)
            .env("LC_ALL", "C.UTF-8");
        command
    };
    let there = text_of(&with_input(&mut remote(&[]), script), &["sql", "--at"]);
    assert_eq!(there, expected, "the same script through /v1/sql");

    let file = helan.dir.path().join("answer.csv");
    let query = "select ref_area, value from rd_intensity where time_period = '2018' and ref_area = '640000'";
    let path = file.display().to_string();
    let arguments = ["--as-of", "2019-08-30", "-f", "csv", "-o", &path, query];
    text_of(&remote(&arguments).output().expect("runs"), &arguments);
    assert_eq!(std::fs::read_to_string(&file).expect("the file"), "ref_area,value\n640000,1.2301494124\n");

    let refused = remote(&["drop table events"]).output().expect("runs");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("sql_not_read_only"), "{said}");
    let stranger = remote(&["select 1"]).env("HELAN_TOKEN", "helan_x_y").output().expect("runs");
    assert!(String::from_utf8_lossy(&stranger.stderr).contains("token_malformed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_question_is_refused_over_http_and_changes_nothing() {
    let (helan, analyst) = filled().await;
    let before = helan.sql("select count(*) from events");
    let file = helan.dir.path().join("never.parquet").display().to_string();
    for (query, code) in [
        (format!("copy events to '{file}'"), "sql_not_read_only"),
        (format!("create external table t stored as parquet location '{file}'"), "sql_not_read_only"),
        ("insert into events select * from events".to_owned(), "sql_not_read_only"),
        ("delete from events".to_owned(), "sql_not_read_only"),
        ("set datafusion.execution.batch_size = 1".to_owned(), "sql_not_read_only"),
        ("explain analyze insert into events select * from events".to_owned(), "sql_not_read_only"),
        ("select * from '/etc/passwd'".to_owned(), "sql_invalid"),
        ("select 1; select 2".to_owned(), "sql_not_one_statement"),
        ("select repeat('x', 1000000000)".to_owned(), "sql_memory_limit"),
    ] {
        let (status, answer) = helan.post("/v1/sql", &analyst, "application/sql", query.clone()).await;
        assert_eq!(answer["code"], code, "{query}: {status} {answer:#}");
    }
    let reporter = helan.token("nx-stats");
    let (status, answer) = helan.post("/v1/sql", &reporter, "application/sql", "select 1").await;
    assert_eq!((status, &answer["code"]), (403, &json!("role_cannot_ask")));
    assert_eq!(helan.sql("select count(*) from events"), before);
    assert!(!std::path::Path::new(&file).exists());

    let body = json!({ "query": "select count(*) as n from events" }).to_string();
    let request = helan.client.post(format!("{}/v1/sql", helan.base)).bearer_auth(&analyst);
    let answer = request.header("content-type", "application/json").body(body).send().await.expect("an answer");
    let versions = answer.headers()["helan-table-versions"].to_str().expect("ascii").to_owned();
    assert!(versions.contains("events="), "{versions}");
    assert_eq!(answer.json::<Value>().await.expect("one line of JSON"), json!({ "n": 3 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_answer_says_is_the_askers_and_names_no_place() {
    let (helan, analyst) = filled().await;
    for (query, code) in [
        ("select count(*) from events where regexp_like(id, '(((a{1000}){1000}){1000})')", "sql_failed"),
        ("select count(*) from events where id ~ '(((a{1000}){1000}){1000})'", "sql_failed"),
        ("select count(*) from events where 1 / \"index\" = 2", "sql_failed"),
        ("select count(*) from events where cast(id as int) = 2", "sql_failed"),
        ("select max(length(repeat(repeat(repeat(id, 1000), 100), 100))) from events", "sql_memory_limit"),
        (
            "select count(*) from events where length(repeat(repeat(repeat(id, 1000), 100), 100)) = 1",
            "sql_memory_limit",
        ),
    ] {
        let (status, answer) = helan.post("/v1/sql", &analyst, "application/sql", query.to_owned()).await;
        assert_eq!((status, &answer["code"]), (422, &json!(code)), "{query}: {answer:#}");
    }
    let place = helan.dir.path().display().to_string();
    let place = place.trim_start_matches('/');
    for query in ["explain analyze select count(*) from events where id >= 'a'", "explain verbose select * from events"]
    {
        let request = helan.client.post(format!("{}/v1/sql", helan.base)).bearer_auth(&analyst);
        let request = request.header("content-type", "application/sql").body(query);
        let text = request.send().await.expect("an answer").text().await.expect("a body");
        assert!(text.contains(".parquet") && !text.contains(place), "{text}");
    }
}

/// Half a lake, or one with a damaged file, is told by table and file, and what to do; no thread's panic, no backtrace.
#[tokio::test(flavor = "multi_thread")]
async fn half_a_lake_is_told_by_table_and_file() {
    if crate::harness::on_s3() {
        return;
    }
    let (helan, _) = filled().await;
    helan.terminate(&helan.base);
    let lake = helan.dir.path().join("lake");
    let said = |what: &str| {
        let text = helan.fails(&["sql", "select count(*) from events"]);
        assert!(!text.contains("panicked") && !text.contains("stack backtrace") && text.lines().count() <= 2, "{text}");
        assert!(text.contains("helan restore"), "{what}: {text}");
        text
    };
    for table in ["events", "publications", "submissions", "refusals"] {
        std::fs::rename(lake.join(table), lake.join("elsewhere")).expect("moved");
        assert!(said(table).contains(&format!("table {table} of the lake is missing")), "{table}");
        std::fs::rename(lake.join("elsewhere"), lake.join(table)).expect("moved back");
    }
    for table in ["events", "publications"] {
        let commits = std::fs::read_dir(lake.join(table).join("_delta_log")).expect("a log");
        let mut commits: Vec<_> = commits.map(|entry| entry.expect("an entry").path()).collect();
        commits.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
        commits.sort();
        let commit = commits.last().expect("a commit");
        let whole = std::fs::read(commit).expect("read");
        std::fs::write(commit, &whole[..whole.len() - 20]).expect("written");
        let text = said(table);
        let name = commit.file_name().and_then(|name| name.to_str()).expect("a name");
        assert!(text.contains(&format!("table {table} ")) && text.contains(name), "{text}");
        std::fs::write(commit, whole).expect("written");
    }
    assert_eq!(helan.sql("select count(*) from events").last().map(String::as_str), Some("3"));
}
