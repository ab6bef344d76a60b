//! Who may ask, and which statements are no questions.

use helan_query::http::SqlLimits;
use serde_json::Value;

use crate::world::{World, refusal};

#[tokio::test(flavor = "multi_thread")]
async fn analysts_and_operators_ask_and_nobody_else() {
    let world = World::new(SqlLimits::default()).await;
    for (token, expected) in [
        (world.analyst.as_str(), (200, "")),
        (world.operator.as_str(), (200, "")),
        (world.reporter.as_str(), (403, "role_cannot_ask")),
        ("helan_x_y", (401, "token_malformed")),
    ] {
        let (status, code) = refusal(world.ask_as(token, "select 1").await).await;
        assert_eq!((status, code.as_str()), expected, "{token}");
    }
    let nobody = world.client.post(format!("{}/v1/sql", world.base)).header("content-type", "text/plain");
    let (status, code) = refusal(nobody.body("select 1").send().await.expect("an answer")).await;
    assert_eq!((status, code.as_str()), (401, "token_missing"));
    for path in ["/v1/tables", "/v1/sql/01M87H01HNMD2AF61J2WJNBGGK"] {
        let answer = world.client.get(format!("{}{path}", world.base)).bearer_auth(&world.reporter).send().await;
        assert_eq!(answer.expect("an answer").status(), 403, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reporter_is_not_told_how_the_log_stands() {
    let world = World::new(SqlLimits::default()).await;
    for (token, tables) in [(&world.analyst, true), (&world.operator, true), (&world.reporter, false)] {
        let answer = world.client.get(format!("{}/v1/status", world.base)).bearer_auth(token).send().await;
        let status: Value = answer.expect("an answer").json().await.expect("JSON");
        assert_eq!(status["partitions"].as_array().map(Vec::len), Some(usize::from(tables)), "{status}");
        assert_eq!(status["tables"].as_array().is_some_and(|all| !all.is_empty()), tables, "{status}");
        assert!(status["lag"].is_number() && status["lake"].is_string(), "{status}");
    }
}

/// A name that is not there comes with the one that was most likely meant.
#[tokio::test(flavor = "multi_thread")]
async fn a_slip_in_a_name_is_answered_with_the_name() {
    let world = World::new(SqlLimits::default()).await;
    for (text, meant) in [
        ("select * from quota_fulfillment", "quota_fulfilment?"),
        ("select * from rd_intensty", "rd_intensity?"),
        ("select * from Events_", "events?"),
        ("select * from quota_fulfillment_as_of('2019-08-30')", "quota_fulfilment_as_of?"),
        ("select valu from rd_intensity", "rd_intensity.value"),
    ] {
        let answer: Value = world.ask(text).await.json().await.expect("JSON");
        let message = answer["message_en"].as_str().unwrap_or_default().to_lowercase();
        assert!(message.contains("did you mean") && message.contains(meant), "{text}: {answer}");
        let message = answer["message_zh"].as_str().unwrap_or_default();
        assert!(message.contains("是否指") && !message.to_lowercase().contains("did you mean"), "{text}: {answer}");
    }
    let answer: Value = world.ask("select * from weather").await.json().await.expect("JSON");
    assert!(answer["code"] == "sql_invalid" && !answer.to_string().contains("did you mean"), "{answer}");
    for (table, indicator) in [("rd_expenditures", "rd_expenditure"), ("gdp", "gdp")] {
        let answer: Value = world.ask(&format!("select * from {table}")).await.json().await.expect("JSON");
        let message = answer["message_en"].as_str().expect("a message");
        let told =
            format!("table '{table}' not found; {indicator} is an indicator: select * from figures where indicator");
        assert!(message.contains(&told), "{answer}");
    }
}

/// A question that fails by what it asks is its asker's mistake; nothing is wrong with the lake.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_text_causes_is_its_askers() {
    let world = World::new(SqlLimits::default()).await;
    for text in [
        "select regexp_like(n, '(((a{1000}){1000}){1000})') from (select 'a' || value as n from generate_series(1, 9))",
        "select n ~ '(((a{1000}){1000}){1000})' from (select 'a' || value as n from generate_series(1, 9))",
        "select regexp_replace(n, '(', 'b') from (select 'a' || value as n from generate_series(1, 9))",
        "select regexp_like('a', 'a', 'z')",
        "select regexp_match(n, '[') from (select 'a' || value as n from generate_series(1, 9))",
        "select regexp_count(n, '(((a{1000}){1000}){1000})') from (select 'a' || value as n from generate_series(1, 9))",
        "select 1 / 0",
        "select 1 / (value - 1) from generate_series(1, 9)",
        "select 1 % (value - 1) from generate_series(1, 9)",
        "select cast('x' as int)",
        "select cast(n as int) from (select 'a' || value as n from generate_series(1, 9))",
        "select cast('soon' as date)",
        "select cast('soon' as timestamp)",
        "select arrow_cast('x', 'Nonsense')",
        "select cast(n as interval) from (select 'a' || value as n from generate_series(1, 9))",
        "select 9223372036854775807 + value from generate_series(1, 9)",
        "select 99999999999999999999999999999999999999 * (value + 9) from generate_series(1, 9)",
        "select chr(-1)",
        "select chr(value + 2000000000) from generate_series(1, 9)",
        "select to_timestamp('soon')",
        "select to_char(timestamp '2019-01-01', '%Q%!')",
        "select date_trunc('fortnight', timestamp '2019-01-01')",
        "select date_bin(interval '0 day', timestamp '2019-01-01')",
        "select timestamp '2019-01-01' at time zone 'Nowhere/Nothing'",
        "select decode('zz', 'hex')",
        "select decode('a', 'nonsense')",
        "select n like 'a' escape 'bc' from (select 'a' || value as n from generate_series(1, 9))",
        "select (select value from generate_series(1, 9))",
        "select make_date(2019, 13, 45)",
        "select array_element(make_array(1), 'x')",
        "select power(10, 400)::int",
        "select factorial(100)",
    ] {
        let (status, code) = world.refusal(text).await;
        let askers = matches!((status, code.as_str()), (400, "sql_invalid") | (422, "sql_failed" | "sql_memory_limit"));
        assert!(askers || status == 200, "{status} {code}: {text}");
        println!("{status} {code}: {text}");
    }
}

/// A number that does not fit is refused, never shown as another one; a code without quotes is a code.
#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_does_not_fit_is_refused() {
    let world = World::new(SqlLimits::default()).await;
    for (text, expected) in [
        ("select 9223372036854775807 + 1", (422, "sql_failed")),
        ("select cast(sum(value) as bigint) * 9223372036854775807 from generate_series(1, 9)", (422, "sql_failed")),
        ("select sum(x) from (values (9223372036854775807), (1)) t(x)", (422, "sql_failed")),
        ("select -x from (values (-9223372036854775808)) t(x)", (422, "sql_failed")),
        ("select * from generate_series(1, 9223372036854775807 + 3)", (400, "sql_invalid")),
        ("select count(*) from events where time_period > 2017", (400, "sql_invalid")),
    ] {
        let (status, code) = world.refusal(text).await;
        assert_eq!((status, code.as_str()), expected, "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn csv_holds_lists_as_json_and_nothing_that_a_spreadsheet_runs() {
    let world = World::new(SqlLimits::default()).await;
    let query = "select make_array(1, 2) as list, '=cmd|x' as note, -1 as number, '-2.5' as text";
    for (raw, note) in [("", "'=cmd|x"), ("?raw=true", "=cmd|x")] {
        let request = world.client.post(format!("{}/v1/sql{raw}", world.base)).bearer_auth(&world.analyst);
        let request = request.header("content-type", "application/sql").header("accept", "text/csv").body(query);
        let text = request.send().await.expect("an answer").text().await.expect("a body");
        assert_eq!(text, format!("list,note,number,text\n\"[1,2]\",{note},-1,-2.5\n"));
    }
}

/// Among the engine's settings is the folder for scratch files.
#[tokio::test(flavor = "multi_thread")]
async fn settings_that_name_paths_of_the_machine_are_not_told() {
    let world = World::new(SqlLimits::default()).await;
    for text in [
        "select * from information_schema.df_settings",
        "select 1 where exists (select 1 from information_schema.df_settings as s where s.value like '/%')",
        "explain select value from helan.information_schema.df_settings",
        "show all",
        "show datafusion.runtime.temp_directory",
    ] {
        assert_eq!(world.refusal(text).await, (400, "sql_invalid".to_owned()), "{text}");
    }
    assert_eq!(world.ask("select count(*) from information_schema.tables").await.status(), 200);
}

/// Every statement that DataFusion 55 knows and that does more than read, or reads what the lake does not offer.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_question_is_refused() {
    let world = World::new(SqlLimits::default()).await;
    let file = tempfile::NamedTempFile::with_suffix(".csv").expect("a file");
    std::fs::write(file.path(), "secret\n1\n").expect("written");
    let path = file.path().display().to_string();
    let not_read_only = [
        "copy (select 1) to '/tmp/helan-never.parquet'",
        "copy events to '/tmp/helan-never.csv' stored as csv",
        &format!("create external table t stored as csv location '{path}'"),
        &format!("create unbounded external table t (a int) stored as csv location '{path}'"),
        "create table t (a int)",
        "create table t as select 1",
        "create temporary table t (a int)",
        "create or replace table events as select 1",
        "create view v as select 1",
        "create or replace view rd_intensity as select 1",
        "create schema s",
        "create database d",
        "create index i on events (id)",
        "create function f(int) returns int return $1 + 1",
        "alter table events add column x int",
        "drop table events",
        "drop view if exists rd_intensity",
        "drop schema public cascade",
        "drop function f",
        "insert into events select * from events",
        "insert into events values (1)",
        "insert overwrite events select * from events",
        "with a as (select 1) insert into events select * from events",
        "update events set id = 'x'",
        "delete from events",
        "merge into events using events e on true when matched then delete",
        "truncate table events",
        "set datafusion.execution.batch_size = 1",
        "set time zone = 'UTC'",
        "reset datafusion.execution.batch_size",
        "prepare p as select 1",
        "execute p",
        "deallocate p",
        "begin",
        "start transaction",
        "commit",
        "rollback",
        "use helan",
        "analyze table events",
        "grant select on events to public",
        "explain insert into events select * from events",
        "explain analyze insert into events select * from events",
        "explain copy events to '/tmp/helan-never.parquet'",
        "explain create table t as select 1",
        "explain analyze create table t as select 1",
    ];
    for statement in not_read_only {
        let answer = world.refusal(statement).await;
        assert!(
            matches!((answer.0, answer.1.as_str()), (403, "sql_not_read_only")),
            "{statement}: {answer:?} is no refusal of a statement that writes"
        );
    }
    let invalid = [
        format!("select * from '{path}'"),
        format!("select * from \"{path}\""),
        "select * from '/etc/passwd'".to_owned(),
        "select * from 'file:///etc/passwd'".to_owned(),
        "select * from 's3://bucket/x.parquet'".to_owned(),
        format!("select * from read_csv('{path}')"),
        format!("select * from read_parquet('{path}')"),
        "select * from parquet_metadata('x.parquet')".to_owned(),
        "select * from read_json('x.json')".to_owned(),
        "select * from no_such_table".to_owned(),
        "select no_such_column from events".to_owned(),
        "select pg_read_file('/etc/passwd')".to_owned(),
        "selec 1".to_owned(),
        "describe '/etc/passwd'".to_owned(),
    ];
    for statement in &invalid {
        assert_eq!(world.refusal(statement).await, (400, "sql_invalid".to_owned()), "{statement}");
    }
    for statement in ["", " ", ";", "-- nothing", "select 1; select 2", "select 1; drop table events"] {
        let (status, code) = world.refusal(statement).await;
        assert!(
            status == 400 && matches!(code.as_str(), "sql_not_one_statement" | "sql_request_invalid"),
            "{statement:?}"
        );
    }
    assert!(!std::path::Path::new("/tmp/helan-never.parquet").exists());
    assert!(!std::path::Path::new("/tmp/helan-never.csv").exists());
    for statement in [
        "select 1;",
        "select count(*) from events",
        "explain select * from events",
        "explain analyze select count(*) from events",
        "show tables",
        "show columns from events",
        "describe events",
        "with recursive n as (select 1 i union all select i + 1 from n where i < 5) select sum(i) from n",
        "select * from rd_intensity_as_of('2019-08-30')",
        "values (1), (2)",
    ] {
        let answer = world.ask(statement).await;
        assert_eq!(answer.status(), 200, "{statement}: {}", answer.text().await.expect("a body"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_come_in_three_formats_and_name_what_they_read() {
    let world = World::new(SqlLimits::default()).await;
    let query = "select 1.50 as exact, 'a' as letter, cast(null as int) as nothing";
    for (accept, content_type, expected) in [
        ("application/x-ndjson", "application/x-ndjson", "{\"exact\":1.50,\"letter\":\"a\"}\n"),
        ("text/csv", "text/csv; charset=utf-8; header=present", "exact,letter,nothing\n1.50,a,\n"),
        ("application/vnd.apache.arrow.stream", "application/vnd.apache.arrow.stream", ""),
    ] {
        let request = world.client.post(format!("{}/v1/sql", world.base)).bearer_auth(&world.analyst);
        let request = request.header("content-type", "application/json").header("accept", accept);
        let body = serde_json::json!({ "query": query, "as_of": "2019-08-30" }).to_string();
        let answer = request.body(body).send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], content_type);
        assert_eq!(answer.headers()["helan-as-of"], "2019-08-30T15:59:59.999999Z");
        let versions = answer.headers()["helan-table-versions"].to_str().expect("ascii").to_owned();
        assert!(versions.contains("events=0") && versions.contains("publications=0"), "{versions}");
        for header in ["helan-query", "helan-lake", "helan-catalog", "helan-watermark"] {
            assert!(answer.headers().contains_key(header), "{header}");
        }
        let bytes = answer.bytes().await.expect("a body");
        if expected.is_empty() {
            let reader = arrow::ipc::reader::StreamReader::try_new(bytes.as_ref(), None).expect("a stream");
            let rows: usize = reader.map(|batch| batch.expect("a batch").num_rows()).sum();
            assert_eq!(rows, 1);
        } else {
            assert_eq!(String::from_utf8_lossy(&bytes), expected);
        }
    }
    let request = world.client.post(format!("{}/v1/sql", world.base)).bearer_auth(&world.analyst);
    let request = request.header("content-type", "text/plain").header("accept", "image/png").body("select 1");
    let (status, code) = refusal(request.send().await.expect("an answer")).await;
    assert_eq!((status, code.as_str()), (406, "accept_unsupported"));
}
