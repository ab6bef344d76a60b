//! Where a query ends: time, memory, size, places, and a client that goes away. No test here measures speed: each
//! limit is far below what its query would take.

use std::time::Duration;

use helan_query::http::{ScratchSpace, SqlLimits};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::world::{World, refusal};

/// Never gives a row, and never ends.
const ENDLESS: &str = "select count(*) from generate_series(1, 10000000) a cross join generate_series(1, 10000000) b \
                       where a.value * b.value = 7";

#[tokio::test(flavor = "multi_thread")]
async fn a_query_has_its_time() {
    let world = World::new(SqlLimits { time: Duration::from_secs(2), ..SqlLimits::default() }).await;
    assert_eq!(world.refusal(ENDLESS).await, (422, "sql_time_limit".to_owned()));
    assert_eq!(world.refusal("select count(*) from generate_series(1, 1000000000000)").await.1, "sql_time_limit");
    world.until("both have ended", || world.metric("helan_sql_running") == Some(0)).await;
    assert_eq!(world.metric("helan_sql_queries_total{outcome=\"sql_time_limit\"}"), Some(2));
}

/// The time counts to the last byte: whoever does not fetch an answer does not hold a place for ever.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_read_is_cut_off() {
    let world = World::new(SqlLimits { time: Duration::from_secs(2), ..SqlLimits::default() }).await;
    let answer = world.ask("select * from generate_series(1, 1000000000)").await;
    assert_eq!(answer.status(), 200);
    let id = answer.headers()["helan-query"].to_str().expect("ascii").to_owned();
    world.until("its place is free", || world.metric("helan_sql_running") == Some(0)).await;
    assert!(answer.bytes().await.is_err(), "the body must not look complete");
    let url = format!("{}/v1/sql/{id}", world.base);
    let why = world.client.get(&url).bearer_auth(&world.analyst).send().await.expect("an answer");
    assert_eq!(why.json::<Value>().await.expect("JSON")["code"], "sql_time_limit");
    let others = world.client.get(&url).bearer_auth(&world.operator).send().await.expect("an answer");
    assert_eq!(others.status(), 404, "the reason is told to whoever asked, and to nobody else");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_a_thousand_million_rows_breaks_off_recognisably() {
    let world = World::new(SqlLimits { rows: 100_000, ..SqlLimits::default() }).await;
    for (accept, mark) in [("application/x-ndjson", "{\"helan_error\":"), ("text/csv", "# helan_error: ")] {
        let address = world.base.trim_start_matches("http://").to_owned();
        let mut stream = tokio::net::TcpStream::connect(&address).await.expect("connected");
        let query = "select * from generate_series(1, 1000000000)";
        let request = format!(
            "POST /v1/sql HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\naccept: {accept}\r\n\
             content-type: application/sql\r\ncontent-length: {}\r\n\r\n{query}",
            world.analyst,
            query.len()
        );
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut bytes = Vec::new();
        // The connection may be reset or closed: both end the answer before its last chunk.
        let _ = stream.read_to_end(&mut bytes).await;
        let text = String::from_utf8_lossy(&bytes);
        assert!(text.starts_with("HTTP/1.1 200 OK"), "{accept}");
        assert!(text.contains(mark) && text.contains("sql_result_limit"), "{accept}: {}", &text[text.len() - 300..]);
        assert!(!text.ends_with("\r\n0\r\n\r\n"), "{accept}: the body must not look complete");
    }
    let bytes = World::new(SqlLimits { bytes: 100_000, ..SqlLimits::default() }).await;
    assert!(bytes.ask("select * from generate_series(1, 1000000000)").await.bytes().await.is_err());
}

/// What does not fit into memory is sorted on disk, within a bound, and nothing of it stays.
#[tokio::test(flavor = "multi_thread")]
async fn a_sort_that_exceeds_its_memory_goes_to_disk() {
    let mib = 1024 * 1024;
    let home = tempfile::tempdir().expect("a directory");
    let scratch = |bytes| Some(ScratchSpace { directory: home.path().join("scratch"), bytes });
    let limits = SqlLimits { memory: 24 * mib, ..SqlLimits::default() };
    let question = "select max(value) from (select value, row_number() over (order by value % 7919, value) as place \
                    from generate_series(1, 2000000)) where place < 1000000";
    let without = World::new(limits.clone()).await;
    assert_eq!(without.refusal(question).await, (422, "sql_memory_limit".to_owned()));
    let little = World::new(SqlLimits { scratch: scratch(1000), ..limits.clone() }).await;
    assert_eq!(little.refusal(question).await, (422, "sql_memory_limit".to_owned()));
    let with = World::new(SqlLimits { scratch: scratch(1 << 30), ..limits }).await;
    let answer = with.ask(question).await;
    assert_eq!(answer.status(), 200, "{}", answer.text().await.expect("a text"));
    let own: Vec<_> = std::fs::read_dir(home.path().join("scratch")).expect("a directory").flatten().collect();
    let left: Vec<_> =
        own.iter().flat_map(|own| std::fs::read_dir(own.path()).expect("a directory")).flatten().collect();
    let files = left.iter().filter(|entry| entry.path().is_dir()).flat_map(|entry| std::fs::read_dir(entry.path()));
    assert_eq!(files.flatten().count(), 0, "files of a question that was answered");
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_bombs_are_refused_and_the_process_lives() {
    let mib = 1024 * 1024;
    let limits = SqlLimits { memory: 64 * mib, total_memory: 96 * mib, ..SqlLimits::default() };
    let world = World::new(limits).await;
    let doubling: Vec<_> = (1..40).map(|n| format!("s{n} as (select s || s as s from s{})", n - 1)).collect();
    let doubling = format!("with s0 as (select 'x' as s), {} select length(s) from s39", doubling.join(", "));
    let many: Vec<_> = (0..100).map(|n| format!("max(length(repeat(id, value % 2 + 1000 + {n})))")).collect();
    for bomb in [
        "select * from generate_series(1, 100000000) order by value desc",
        "select array_agg(value) from generate_series(1, 1000000000)",
        "select value * 7919 % 1000000007 as n, count(*) from generate_series(1, 1000000000) group by 1",
        "select a.value from generate_series(1, 100000000) a join generate_series(1, 100000000) b on a.value = b.value",
        "select repeat('x', 1000000000)",
        "select length(repeat(id, 1000000)) from (select 'abcdefghij' as id from generate_series(1, 100000))",
        "select lpad('x', 1000000000, 'y')",
        "select array_length(range(1, 10000000000))",
        "select array_length(generate_series(timestamp '2000-01-01', timestamp '2020-01-01', interval '1 millisecond'))",
        "select array_length(array_repeat(1, 1000000000))",
        "select length(replace(repeat('a', 100000), 'a', repeat('b', 100000)))",
        // The same text behind many rows, one call within another, long constants, and many calls side by side.
        "select max(length(repeat(repeat(repeat(id, 1000), 100), 100))) from (select arrow_cast('abcdefghij', 'Utf8View') as id from generate_series(1, 100000))",
        "select max(length(repeat(id, 10000))) from (select arrow_cast('abcdefghij', 'Dictionary(Int32, Utf8)') as id from generate_series(1, 100000))",
        "select array_length(array_repeat(array_repeat(array_repeat(1, 1000), 1000), 1000))",
        "select length(array_to_string(array_repeat('x', 1000), repeat('y', 1000)))",
        "select length(regexp_replace(repeat('a', 5000), '(.*)', '\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1'))",
        "select length(concat(a, a, a, a, a, a, a, a)) from (select repeat('x', 10000) as a)",
        "select length(concat_ws(repeat('y', 30000), 'a', 'b', 'c', 'd', 'e'))",
        "select length(lpad('x', 30000, 'y') || rpad('x', 30000, 'y') || lpad('x', 30000, 'z'))",
        "select count(*) from (select repeat(id, 1000) as t, unnest(range(1, 2000)) from (select 'abcdefghij' as id from generate_series(1, 1000)))",
        &format!("select {} from (select 'abcdefghij' as id, value from generate_series(1, 100000))", many.join(", ")),
        "with recursive t as (select 'x' as s union all select s || s from t) select max(length(s)) from t",
    ] {
        let (status, code) = world.refusal(bomb).await;
        assert_eq!((status, code.as_str()), (422, "sql_memory_limit"), "{bomb}");
    }
    for refused in [
        "select string_agg('a', repeat('x', 100000)) from generate_series(1, 9)",
        "select arrow_cast('a', 'FixedSizeBinary(1000000000)')",
        "select approx_percentile_cont(0.5, 1000000000) within group (order by value) from generate_series(1, 9)",
        "select input_file_name() from events",
    ] {
        assert_eq!(world.refusal(refused).await, (400, "sql_invalid".to_owned()), "{refused}");
    }
    let (status, code) =
        world.refusal("select array_agg(value) over (order by value) from generate_series(1, 9)").await;
    assert_eq!((status, code.as_str()), (400, "sql_invalid"), "a list for each row is the square of the rows");
    assert_eq!(world.refusal(&doubling).await, (422, "sql_too_large".to_owned()));
    let deep = format!("select {}1{}", "(".repeat(20_000), ")".repeat(20_000));
    assert_eq!(world.refusal(&deep).await, (400, "sql_invalid".to_owned()));
    for chain in [
        format!("select {}1", "1+".repeat(30_000)),
        format!("select {}1", "1||".repeat(20_000)),
        format!("select 1 where {} true", "false or ".repeat(7_000)),
        format!("select 1 {}", "union all select 1 ".repeat(3_000)),
        format!("select 1{}", "::int".repeat(12_000)),
        format!("select {}1", "- ".repeat(30_000)),
        format!("select {} true", "not ".repeat(15_000)),
    ] {
        assert_eq!(world.refusal(&chain).await, (422, "sql_too_large".to_owned()), "{}", &chain[..40]);
    }
    // What is just allowed does not overflow a stack either.
    for chain in [
        format!("select {}1", "1+".repeat(290)),
        format!("select {}'1'", "'1'||".repeat(290)),
        format!("select 1 where {} true", "false or ".repeat(290)),
        format!("select count(*) from ({} select 1)", "select 1 union all ".repeat(190)),
    ] {
        let answer = world.refusal(&chain).await;
        assert_eq!(answer, (200, String::new()), "{}", &chain[..40]);
    }
    for fine in [
        "select repeat('x', 10), lpad('7', 3, '0'), range(1, 5), 'a' || 'b', concat('a', 'b'), make_array(1, 2)",
        "select count(*) from generate_series(1, 100000)",
        "select n, unnest(range(1, 13)) from (select value as n, 'a' as b from generate_series(1, 5000))",
        "select unnest(make_array(1, 2)), unnest(make_array('a', 'b')), 3 as other",
        "select string_agg(b, ', '), array_agg(n) from (select value as n, 'a' as b from generate_series(1, 5000))",
        "select arrow_cast('1', 'Int64'), to_char(date '2019-08-30', '%Y-%m'), approx_percentile_cont(0.5) within group (order by value) from generate_series(1, 9)",
        "select array_to_string(make_array(1, 2), ','), rank() over (order by value) from generate_series(1, 9)",
        "select event_id || '/' || source from (select 'a' as event_id, 's' as source from generate_series(1, 100000))",
    ] {
        let answer = world.ask(fine).await;
        assert_eq!(answer.status(), 200, "{fine}: {}", answer.text().await.expect("a body"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_short_text_that_comes_to_very_much_is_refused_at_once() {
    let world = World::new(SqlLimits::default()).await;
    let with = (1..40).map(|n| format!("a{n} as (select * from a{0} union all select * from a{0})", n - 1));
    let doubling =
        format!("with a0 as (select 1 as i), {} select count(*) from a39", with.collect::<Vec<_>>().join(", "));
    let sum = format!("select {}index from events", "index + ".repeat(700));
    for (text, what) in [(doubling, "union"), (sum, "expressions")] {
        let answer = world.ask(&text).await;
        assert_eq!(answer.status(), 422);
        let body: Value = answer.json().await.expect("a body");
        assert_eq!(body["code"], "sql_too_large");
        let (zh, en) = (body["message_zh"].as_str(), body["message_en"].as_str());
        assert!(en.is_some_and(|text| text.contains(what) && text.contains(" > ")), "{body}");
        assert!(zh.is_some_and(|text| text.contains("（")), "{body}");
    }
    world.until("nothing goes on", || world.metric("helan_sql_running") == Some(0)).await;
}

/// Two credentials with as many questions as they may ask leave a place to a third, and have theirs until the work for
/// them has ended.
#[tokio::test(flavor = "multi_thread")]
async fn two_that_ask_without_end_do_not_keep_out_a_third() {
    let world = World::new(SqlLimits::default()).await;
    let second = world.another_analyst();
    let ask = |token: &str| {
        let request = world.client.post(format!("{}/v1/sql", world.base)).bearer_auth(token);
        tokio::spawn(request.header("content-type", "application/sql").body(ENDLESS).send())
    };
    let mut running = Vec::new();
    for (n, token) in [&world.analyst, &second].into_iter().cycle().take(6).enumerate() {
        running.push(ask(token));
        world.until("it runs", || world.metric("helan_sql_running") == Some(n as u64 + 1)).await;
    }
    for token in [&world.analyst, &second] {
        let answer = refusal(world.ask_as(token, "select 1").await).await;
        assert_eq!(answer, (429, "sql_too_many_queries".to_owned()), "what is left is for others");
    }
    assert_eq!(world.ask_as(&world.operator, "select 1").await.status(), 200);
    running.iter().for_each(tokio::task::JoinHandle::abort);
    world.until("all work has ended", || world.metric("helan_sql_running") == Some(0)).await;
    assert_eq!(world.ask("select 1").await.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn there_are_places_for_so_many_queries() {
    let world = World::new(SqlLimits { queries: 2, queries_each: 1, ..SqlLimits::default() }).await;
    let running = |token: &str| {
        let request = world.client.post(format!("{}/v1/sql", world.base)).bearer_auth(token);
        let request = request.header("content-type", "application/sql").body(ENDLESS);
        tokio::spawn(request.send())
    };
    let first = running(&world.analyst);
    world.until("one runs", || world.metric("helan_sql_running") == Some(1)).await;
    let again = world.ask("select 1").await;
    assert_eq!(again.headers()["retry-after"], "5");
    assert_eq!(refusal(again).await, (429, "sql_too_many_queries".to_owned()));
    let second = running(&world.operator);
    world.until("two run", || world.metric("helan_sql_running") == Some(2)).await;
    // A client that goes away gives its place back, although its query has not given a row and never would.
    first.abort();
    world.until("one was cancelled", || world.metric("helan_sql_running") == Some(1)).await;
    assert_eq!(world.metric("helan_sql_queries_total{outcome=\"cancelled\"}"), Some(1));
    assert_eq!(world.ask("select 1").await.status(), 200);
    second.abort();
    world.until("none runs", || world.metric("helan_sql_running") == Some(0)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_in_all_is_busy() {
    let world = World::new(SqlLimits { queries: 1, queries_each: 1, ..SqlLimits::default() }).await;
    let request = world.client.post(format!("{}/v1/sql", world.base)).bearer_auth(&world.operator);
    let running = tokio::spawn(request.header("content-type", "application/sql").body(ENDLESS).send());
    world.until("one runs", || world.metric("helan_sql_running") == Some(1)).await;
    let answer = world.ask("select 1").await;
    assert_eq!(answer.headers()["retry-after"], "5");
    assert_eq!(refusal(answer).await, (503, "sql_busy".to_owned()));
    running.abort();
}
