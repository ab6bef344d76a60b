//! Bodies that cannot be read, or are not what their headers say.

use std::io::Write;

use encoding_rs::{EUC_KR, GB18030, WINDOWS_1252};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use crate::world::*;

const HEADING: &str = "ref_area,indicator,time_period,value,unit,unit_mult";

fn table(rows: &str) -> Call {
    Call::csv(format!("{HEADING}\n{rows}")).path("/v1/submissions?source=/nx/yinchuan")
}

#[tokio::test]
async fn json() {
    let world = World::new().await;
    let good = event("a").to_string();
    let deep = format!("{}1{}", "[".repeat(5000), "]".repeat(5000));
    let duplicate = good.replacen("\"unit\":\"CNY\"", "\"unit\":\"CNY\",\"unit\":\"CNY\"", 1);
    let twice = good.replacen("\"id\":\"a\"", "\"id\":\"a\",\"id\":\"b\"", 1);
    let nan = good.replace("\"250000.50\"", "NaN");
    let exponent = good.replace("\"250000.50\"", "1e400");
    let digits = good.replace("\"250000.50\"", &"9".repeat(300));
    let surrogate = good.replace("640100", "\\ud800");
    let deep_entity = good.replace("\"unit_mult\"", &format!("\"entity\":{deep},\"unit_mult\""));
    for (body, code, field) in [
        (good[..good.len() - 9].to_owned(), "json_truncated", ""),
        (format!("[{good},"), "json_truncated", ""),
        (format!("[{good}"), "json_truncated", ""),
        (format!("{good}{good}"), "json_syntax", ""),
        (good.replace(':', "="), "json_syntax", ""),
        (format!("[{good},]"), "json_syntax", ""),
        ("7".to_owned(), "json_shape", ""),
        ("\"text\"".to_owned(), "json_shape", ""),
        (deep, "json_too_deep", ""),
        ("[".repeat(1_000_000), "json_too_deep", ""),
        (duplicate, "duplicate_key", "data.unit"),
        (twice, "duplicate_key", "id"),
        (nan, "json_not_finite", ""),
        (exponent, "number_out_of_range", "data.value"),
        (digits, "number_out_of_range", "data.value"),
        (surrogate, "wrong_type", "data.ref_area"),
        (String::new(), "empty_body", ""),
        (" \n".to_owned(), "empty_body", ""),
    ] {
        world.refused("yinchuan", Call::events(body), &[(code, field)]).await;
    }
    world.refused("yinchuan", Call::events(deep_entity), &[("entity_not_enabled", "data.entity")]).await;
    let call = Call::events(json!([event("a")])).header("content-type", "application/cloudevents+json");
    world.refused("yinchuan", call, &[("json_shape", "")]).await;
    let call = Call::events(event("a")).header("content-type", "application/cloudevents-batch+json");
    world.refused("yinchuan", call, &[("json_shape", "")]).await;
    let mut invalid = good.into_bytes();
    let at = invalid.iter().position(|byte| *byte == b'Y').expect("CNY");
    invalid[at] = 0xff;
    world.refused("yinchuan", Call::bytes("/v1/events", "application/json", invalid), &[("invalid_utf8", "")]).await;
}

#[tokio::test]
async fn lines_of_json_name_row_and_line() {
    let world = World::new().await;
    let body = format!("{}\n\n{}\n{{\n", event("a"), with(event("b"), "value", json!("x")));
    let call = Call::bytes("/v1/events", "application/x-ndjson", body);
    let answer = world.refused("yinchuan", call, &[("number_syntax", "data.value"), ("json_truncated", "")]).await;
    let places: Vec<_> =
        answer.json["errors"].as_array().expect("list").iter().map(|e| (&e["row"], &e["line"])).collect();
    assert_eq!(places, [(&json!(2), &json!(3)), (&json!(3), &json!(4))]);
}

#[tokio::test]
async fn tables() {
    let world = World::new().await;
    let good = "640100,rd_expenditure,2018,250000.5,CNY,4";
    for (body, code, field) in [
        (String::new(), "empty_body", ""),
        (" \r\n \n\n".into(), "empty_body", ""),
        (format!("{HEADING}\n"), "empty_batch", ""),
        (format!("{HEADING}\n,,,,,\n"), "empty_batch", ""),
        ("ref_area,indicator,time_period,unit\n640100,rd_expenditure,2018,CNY".into(), "csv_missing_column", "value"),
        (format!("{HEADING},extra\n{good},1\n"), "csv_unknown_column", "extra"),
        (format!("{HEADING},,\n{good},,\n"), "csv_column_nameless", ""),
        (format!("{HEADING},,\n{good}\n"), "csv_column_nameless", ""),
        (format!("sep=,\n{HEADING}\n{good}\n"), "csv_sep_line", ""),
        (format!("{HEADING}\n{good}\n{good}\n").replace(',', ";"), "csv_separator", ""),
        (format!("{HEADING}\n{good}\n{good}\n").replace(',', "\t"), "csv_separator", ""),
        (format!("{HEADING}\n{good}\n{good}\n").replace('\n', ""), "csv_lines_lost", ""),
        (format!("2018 年报表\n{}\n", format!("{HEADING}\n{good}").replace(',', ";")), "csv_separator", ""),
        (
            format!("\"{}\"\n", format!("{HEADING}\n{good}").replace(',', "\";\"").replace('\n', "\"\n\"")),
            "csv_separator",
            "",
        ),
        (format!("\"{}\"\n\"{}\"\n", HEADING.replace(',', ";"), good.replace(',', ";")), "csv_separator", ""),
        (format!("\"{HEADING}\"\n\"{good}\"\n"), "csv_line_quoted", ""),
        (format!("{HEADING}\n{good}\n\0\0\0"), "csv_control", ""),
        (format!("{HEADING}\n{}\n", good.replace("640100", "640100\u{1a}")), "csv_control", ""),
        (format!("\u{feff}\u{feff}{HEADING}\n{good}\n"), "byte_order_mark_twice", ""),
        (format!("{HEADING},entity\n{good},x\n"), "entity_not_enabled", "entity"),
        (format!("{HEADING},unit\n{good},CNY\n"), "csv_duplicate_column", "unit"),
        (format!("{HEADING}\n{good},7\n"), "csv_ragged_row", ""),
        (
            "ref_area,indicator,time_period,unit,unit_mult,value,note\n640100,rd_expenditure,2018,CNY,4,28,901\n"
                .to_owned(),
            "number_ambiguous",
            "value",
        ),
        (
            format!("{}\n{}\n", HEADING.replace("unit_mult", "Multiplier"), good.replace(",4", ",1")),
            "unit_mult_invalid",
            "unit_mult",
        ),
        (format!("{HEADING}\n640100,rd_expenditure\n"), "csv_ragged_row", ""),
        (format!("{HEADING}\n\"640100,rd_expenditure,2018,1,CNY,4\n{good}\n"), "csv_unclosed_quote", ""),
        (format!("{HEADING}\n6401\"00,rd_expenditure,2018,1,CNY,4\n"), "csv_stray_quote", ""),
        (format!("{HEADING}\n{}\n", good.replace("250000.5", "\"250,00.5\"")), "number_syntax", "value"),
        (format!("{HEADING}\n{}\n", good.replace("250000.5", "\"0,512\"")), "number_syntax", "value"),
        (format!("{HEADING}\n{}\n", good.replace("250000.5", "4.55793E+11")), "number_digits_dropped", "value"),
        (format!("id,{HEADING}\n2.01812E+11,{good}\n"), "number_digits_dropped", "id"),
        (format!("{HEADING}\n{}\n", good.replace(",4", ",十万")), "unit_mult_invalid", "unit_mult"),
        (format!("{HEADING}\n{}\n", good.replace("2018", "2018年")), "period_syntax", "time_period"),
        (format!("source,{HEADING}\n/nx/yinchuan/demo,{good}\n"), "source_mixed", "source"),
    ] {
        let call = Call::csv(body).path("/v1/submissions?source=/nx/yinchuan");
        world.refused("yinchuan", call, &[(code, field)]).await;
    }
    let call = Call::csv(format!("{HEADING}\n{good}\n"));
    world.refused("yinchuan", call, &[("source_missing", "source")]).await;
    for query in ["source=a&source=b", "sourse=/nx/yinchuan"] {
        let call = Call::csv(format!("{HEADING}\n{good}\n")).path(&format!("/v1/submissions?{query}"));
        world.refused("yinchuan", call, &[("query_invalid", "")]).await;
    }
    let call = table(&format!("{good}\n640400,rd_expenditure,2018,1,CNY,8\n\n640100,gdp,2018,x,CNY,8\n"));
    let answer = world.refused("yinchuan", call, &[("foreign_area", "ref_area"), ("number_syntax", "value")]).await;
    let places: Vec<_> =
        answer.json["errors"].as_array().expect("list").iter().map(|e| (&e["row"], &e["line"])).collect();
    assert_eq!(places, [(&json!(2), &json!(3)), (&json!(3), &json!(5))]);
}

/// As clerks save them: a title above, DOS's end of a file below. Rows and lines are those of the file.
#[tokio::test]
async fn a_table_may_have_a_title_and_an_old_ending() {
    let world = World::new().await;
    let good = "640100,rd_expenditure,2018,250000.5,CNY,4";
    let titled = format!("2018 年 R&D 报表,,,,,\r\n填报单位：银川市,,,,,\r\n{HEADING}\r\n{good}\r\n\u{1a}");
    let path = "/v1/submissions?source=/nx/yinchuan";
    let answer = world.send("yinchuan", Call::csv(titled.clone()).path(path)).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    let call = Call::csv(titled.replace("250000.5", "x")).path(path);
    let answer = world.refused("yinchuan", call, &[("number_syntax", "value")]).await;
    assert_eq!((&answer.json["errors"][0]["row"], &answer.json["errors"][0]["line"]), (&json!(1), &json!(4)));
    // A unit that stands there counts for rows that say none beside the value.
    let unit = |unit: &str| titled.replace("填报单位：银川市", &format!("（计量单位：{unit}）"));
    for fits in ["万元", "亿元、万元", "件"] {
        let answer = world.send("yinchuan", Call::csv(unit(fits)).path(path)).await;
        assert!(matches!(answer.status, 200 | 202), "{fits}: {}", answer.text);
    }
    world.refused("yinchuan", Call::csv(unit("亿元")).path(path), &[("unit_name_mismatch", "unit")]).await;
    let call = Call::csv(unit("亿元").replace("CNY,4", "CNY,万")).path(path);
    world.refused("yinchuan", call, &[("unit_name_mismatch", "unit")]).await;
    for shape in
        ["研发经费（亿元）", "单位 亿元", "单位：人民币亿元", "單位：億元", "Unit: 100 million", "研发经费，亿元"]
    {
        let call = Call::csv(titled.replace("填报单位：银川市", shape)).path(path);
        world.refused("yinchuan", call, &[("unit_name_mismatch", "unit")]).await;
    }
    let two_rows = unit("万美元").replace(good, &format!("{good}\r\n{}", good.replace("2018", "2017")));
    let call = Call::csv(two_rows).path(path);
    let answer = world.refused("yinchuan", call, &[("unit_name_mismatch", "unit")]).await;
    assert!(answer.text.contains("万美元"), "{}", answer.text);
    for harmless in ["（2018年，预计）", "单位：银川市科技局", "研发经费（万元）"] {
        let answer = world.send("yinchuan", Call::csv(titled.replace("填报单位：银川市", harmless)).path(path)).await;
        assert!(matches!(answer.status, 200 | 202), "{harmless}: {}", answer.text);
    }
    let call = Call::csv(titled.replace("indicator", "indikator")).path(path);
    let answer = world.send("yinchuan", call).await;
    assert_eq!(answer.json["errors"][0]["line"], json!(3), "{}", answer.text);
}

#[tokio::test]
async fn charsets() {
    let world = World::new().await;
    let text = format!("{HEADING},note\n640100,rd_expenditure,2018,250000.5,CNY,4,银川市\n");
    let gb = GB18030.encode(&text).0.into_owned();
    let path = "/v1/submissions?source=/nx/yinchuan";
    for (bytes, content_type, code) in [
        (gb.clone(), "text/csv; charset=utf-8", "invalid_utf8"),
        (gb.clone(), "text/csv; charset=big6", "charset_unsupported"),
        (text.clone().into_bytes(), "text/csv; charset=windows-1252", "charset_mismatch"),
        ([gb.as_slice(), b"\xff"].concat(), "text/csv", "charset_undetected"),
        ([gb.as_slice(), b"\xff"].concat(), "text/csv; charset=GB18030", "charset_mismatch"),
        (EUC_KR.encode(&text.replace("银川市", "추정치")).0.into_owned(), "text/csv", "charset_ambiguous"),
        (
            WINDOWS_1252.encode(&text.replace("银川市", "Schätzung für Süden")).0.into_owned(),
            "text/csv",
            "charset_ambiguous",
        ),
        (
            WINDOWS_1252.encode(&text.replace("银川市", "provisoires révisé")).0.into_owned(),
            "text/csv",
            "charset_undetected",
        ),
    ] {
        world.refused("yinchuan", Call::bytes(path, content_type, bytes), &[(code, "")]).await;
    }
    let call = Call::bytes("/v1/events", "application/json; charset=gb18030", event("a").to_string());
    world.refused("yinchuan", call, &[("charset_unsupported", "")]).await;
}

#[tokio::test]
async fn headers() {
    let world = World::new().await;
    for (path, content_type) in [
        ("/v1/events", "text/plain"),
        ("/v1/events", "text/csv"),
        ("/v1/events", ""),
        ("/v1/submissions", "application/json"),
        ("/v1/submissions", "application/vnd.ms-excel"),
    ] {
        let call = Call::bytes(path, content_type, event("a").to_string());
        world.refused("yinchuan", call, &[("content_type_unsupported", "")]).await;
    }
    let call = Call::events(event("a")).header("content-encoding", "br");
    let answer = world.refused("yinchuan", call, &[("content_encoding_unsupported", "")]).await;
    assert_eq!(answer.headers["accept-encoding"], "gzip, identity");
    for key in ["", "a b", "a/b", "a:b", "键", &"k".repeat(65)] {
        let call = Call::events(event("a")).header("idempotency-key", key);
        let answer = world.send("yinchuan", call).await;
        assert_eq!(answer.errors()[0].0, "idempotency_key_invalid", "{key}");
    }
    let binary = |name: &str, value: &str| {
        let call = Call::events(event("a")["data"].clone()).header("ce-specversion", "1.0").header("ce-id", "b");
        let call = call.header("ce-source", "/nx/yinchuan").header("ce-type", "helan.observation.reported.v1");
        call.header(name, value)
    };
    for name in ["ce-unit", "ce-col_our", "ce-tim"] {
        world.refused("yinchuan", binary(name, "red"), &[("unknown_field", name)]).await;
    }
    world.refused("yinchuan", binary("ce-id", "\"open"), &[("header_invalid", "ce-id")]).await;
    world.refused("yinchuan", binary("ce-specversion", ""), &[("missing_field", "specversion")]).await;
    world.refused("yinchuan", binary("ce-id", "%zz"), &[("header_invalid", "ce-id")]).await;
    world.refused("yinchuan", binary("ce-source", "/nx/guyuan"), &[("foreign_source", "source")]).await;
    assert_eq!(world.submissions().await, 0);
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("in memory");
    encoder.finish().expect("in memory")
}

#[tokio::test]
async fn gzip_bodies() {
    let world = World::new().await;
    let zip = |bytes: Vec<u8>| Call::bytes("/v1/events", "application/json", bytes).header("content-encoding", "gzip");
    let good = gzip(event("a").to_string().as_bytes());
    for (bytes, code) in [
        (good[..good.len() - 10].to_vec(), "gzip_invalid"),
        (b"not gzip".to_vec(), "gzip_invalid"),
        ([good.as_slice(), b"garbage"].concat(), "gzip_invalid"),
        (gzip(&vec![b' '; 20 * 1024 * 1024]), "compression_ratio"),
        (gzip(&vec![b' '; 200 * 1024 * 1024]), "decompressed_too_large"),
    ] {
        world.refused("yinchuan", zip(bytes), &[(code, "")]).await;
    }
    assert_eq!(world.send("yinchuan", zip(good)).await.status, 202);
}
