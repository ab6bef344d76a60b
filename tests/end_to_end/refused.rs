//! Everything that senders get wrong: each has its documented error, in two languages with what to do, and nothing of
//! it reaches the lake.

use std::io::Write;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::harness::{Deployment, repository};
use crate::stranger::{BATCH, EVENT, SOURCE, event};

const CSV: &str = "text/csv";
const HEADING: &str = "ref_area,indicator,time_period,value,unit,unit_mult";
const ROW: &str = "640000,rd_expenditure,2018,455792.5,CNY,4";

/// Who sends.
#[derive(Clone, Copy, Debug)]
enum Sender {
    Nobody,
    Garbled,
    Unknown,
    Revoked,
    Analyst,
    /// The statistics office, which may say `published_at`.
    Office,
    /// A city, which may not.
    City,
    Ministry,
}
use Sender::{Analyst, City, Garbled, Ministry, Nobody, Office, Revoked, Unknown};

struct Case {
    sender: Sender,
    content_type: &'static str,
    body: Vec<u8>,
    gzip: bool,
    status: u16,
    code: &'static str,
}

fn case(status: u16, code: &'static str, sender: Sender, content_type: &'static str, body: impl Into<Vec<u8>>) -> Case {
    Case { sender, content_type, body: body.into(), gzip: false, status, code }
}

/// The office's event with a member of its data changed.
fn with(member: &str, value: &str) -> String {
    let mut changed: Value = serde_json::from_str(&event("x", "455792.5")).expect("an event");
    changed["data"][member] = serde_json::from_str(value).expect("a value");
    changed.to_string()
}

/// A table of the office with this heading and row.
fn table(heading: &str, row: &str) -> Vec<u8> {
    format!("{heading}\n{row}\n").into()
}

fn bomb() -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    for _ in 0..200 {
        encoder.write_all(&[b' '; 1024 * 1024]).expect("in memory");
    }
    encoder.finish().expect("in memory")
}

fn cases() -> Vec<Case> {
    let good = event("x", "455792.5");
    let of_the_city = |id: &str| good.replace(SOURCE, "/nx/yinchuan").replace("640000", "640100").replace("\"x\"", id);
    let two_sources = format!("[{good},{}]", good.replace(SOURCE, "/nx/nx-stats/demo").replace("\"x\"", "\"y\""));
    let twice = good.replacen("\"unit\":\"CNY\"", "\"unit\":\"CNY\",\"unit\":\"CNY\"", 1);
    let count = good.replace(SOURCE, "/nx/nx-kjt").replace("rd_expenditure", "major_projects");
    let count = count.replace("\"CNY\"", "\"ITEM\"").replace("\"unit_mult\":4", "\"unit_mult\":0");
    let mut invalid: Vec<u8> = good.clone().into();
    let at = invalid.iter().position(|byte| *byte == b'Y').expect("CNY");
    invalid[at] = 0xff;
    let early = of_the_city("\"x\"").replace("\"unit\":", "\"published_at\":\"2019-08-30\",\"unit\":");
    vec![
        case(401, "token_missing", Nobody, EVENT, good.clone()),
        case(401, "token_malformed", Garbled, EVENT, good.clone()),
        case(401, "token_unknown", Unknown, EVENT, good.clone()),
        case(401, "token_revoked", Revoked, EVENT, good.clone()),
        case(403, "role_not_allowed", Analyst, EVENT, good.clone()),
        case(403, "foreign_area", City, EVENT, of_the_city("\"x\"").replace("640100", "640200")),
        case(403, "foreign_source", City, EVENT, good.clone()),
        case(422, "unknown_indicator", Office, EVENT, good.replace("rd_expenditure", "no_such")),
        case(422, "number_out_of_range", Office, EVENT, event("x", &"9".repeat(300))),
        case(422, "number_out_of_range", Office, EVENT, good.replace("\"455792.5\"", &"9".repeat(300))),
        case(422, "number_out_of_range", Office, EVENT, event("x", "1e400")),
        case(422, "number_out_of_range", Office, EVENT, good.replace("\"455792.5\"", "1e400")),
        case(422, "number_too_many_decimals", Office, EVENT, event("x", "0.12345678901")),
        case(422, "number_not_finite", Office, EVENT, event("x", "NaN")),
        case(400, "json_not_finite", Office, EVENT, good.replace("\"455792.5\"", "NaN")),
        case(422, "period_not_existing", Office, EVENT, with("time_period", "\"2018-13\"")),
        case(422, "period_ends_before_start", Office, EVENT, with("time_period", "\"2018-06-01/2018-01-01\"")),
        case(422, "repeated_id", Office, BATCH, format!("[{good},{good}]")),
        case(422, "source_mixed", Office, BATCH, two_sources),
        case(413, "body_too_large", Office, BATCH, vec![b' '; 50_000_000]),
        Case { gzip: true, ..case(413, "decompressed_too_large", Office, BATCH, bomb()) },
        case(400, "json_truncated", Office, EVENT, &good.as_bytes()[..good.len() - 3]),
        case(422, "duplicate_key", Office, EVENT, twice),
        case(400, "invalid_utf8", Office, EVENT, invalid),
        case(
            400,
            "csv_missing_column",
            Office,
            CSV,
            table("ref_area,indicator,time_period,unit", "640000,gdp,2018,CNY"),
        ),
        case(400, "csv_unknown_column", Office, CSV, table(&format!("{HEADING},colour"), &format!("{ROW},red"))),
        case(400, "csv_unclosed_quote", Office, CSV, table(HEADING, &format!("\"{ROW}"))),
        case(400, "json_too_deep", Office, BATCH, "[".repeat(100_000)),
        case(422, "negative_count", Ministry, EVENT, count.replace("455792.5", "-1")),
        case(422, "above_maximum", Office, EVENT, event("x", "4557925000")),
        case(422, "below_minimum", Office, EVENT, event("x", "45.57925")),
        case(422, "period_in_future", Office, EVENT, with("time_period", "\"2099\"")),
        case(415, "content_type_unsupported", Office, "image/png", good.clone()),
        case(422, "published_in_future", Office, EVENT, with("published_at", "\"2099-01-01\"")),
        case(403, "published_not_allowed", City, EVENT, early),
        case(422, "entity_not_enabled", Office, EVENT, with("entity", "\"91640100\"")),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_changes_nothing() {
    let helan = Deployment::up(None).await;
    let revoked = helan.token("nx-stats");
    helan.run(&["credential", "revoke", revoked.split('_').nth(1).expect("the id in the token")]);
    let unknown = revoked.replacen(revoked.split('_').nth(1).expect("the id"), "00000000", 1);
    let analyst = helan.run(&["credential", "add", "--role", "analyst"]).trim().to_owned();
    let [office, city, ministry] = ["nx-stats", "yinchuan", "nx-kjt"].map(|reporter| helan.token(reporter));
    helan.deliver("/v1/events", &office, EVENT, event("kept", "455792.5")).await;
    let documented =
        std::fs::read_to_string(repository().join("services/ingest/ERRORS.md")).expect("the page of codes");

    for Case { sender, content_type, body, gzip, status, code } in cases() {
        let path =
            if content_type == CSV { format!("/v1/submissions?source={SOURCE}") } else { "/v1/events".to_owned() };
        let mut request = helan.client.post(format!("{}{path}", helan.base)).header("content-type", content_type);
        if gzip {
            request = request.header("content-encoding", "gzip");
        }
        request = match sender {
            Nobody => request,
            Garbled => request.bearer_auth("secret"),
            Unknown => request.bearer_auth(&unknown),
            Revoked => request.bearer_auth(&revoked),
            Analyst => request.bearer_auth(&analyst),
            Office => request.bearer_auth(&office),
            City => request.bearer_auth(&city),
            Ministry => request.bearer_auth(&ministry),
        };
        let answer = request.body(body).send().await.unwrap_or_else(|error| panic!("{code}: no answer: {error:?}"));
        let answered = answer.status().as_u16();
        let answer: Value = answer.json().await.unwrap_or_else(|error| panic!("{code}: not JSON: {error}"));
        assert_eq!(answered, status, "{sender:?}: {answer:#}");
        let errors = answer["errors"].as_array().expect("a list of errors");
        let error = errors.iter().find(|error| error["code"] == code);
        let error = error.unwrap_or_else(|| panic!("{sender:?}: no {code}: {answer:#}"));
        for text in ["message_zh", "message_en", "hint_zh", "hint_en"] {
            assert!(error[text].as_str().is_some_and(|text| !text.is_empty()), "{code} has no {text}: {answer:#}");
        }
        assert!(documented.contains(&format!("`{code}`")), "{code} is not in ERRORS.md");
    }

    // What came after all of it is there, so whatever was taken before would be too.
    helan.deliver("/v1/events", &office, EVENT, event("last", "455792.5")).await;
    assert_eq!(helan.sql("select id from events order by id"), ["kept", "last"]);
    assert_ne!(helan.sql("select count(*) from refusals where stage = 'ingest'"), ["0"]);
}

/// A body of which a byte comes a second: the sender is told to mend its line, and the others never wait for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_byte_a_second_is_refused_and_holds_nobody_up() {
    let helan = Deployment::up(None).await;
    let token = helan.token("nx-stats");
    let body = event("slow", "455792.5");
    let address = helan.base.trim_start_matches("http://").to_owned();
    let head = format!(
        "POST /v1/events HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\nContent-Type: {EVENT}\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    let slow = tokio::spawn(async move {
        let (mut reader, mut writer) = tokio::net::TcpStream::connect(address).await.expect("it listens").into_split();
        writer.write_all(head.as_bytes()).await.expect("the head is taken");
        let drip = tokio::spawn(async move {
            for byte in body.into_bytes() {
                if writer.write_all(&[byte]).await.is_err() {
                    return;
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
        let mut answer = Vec::new();
        // A reset after the answer is as good as an end.
        _ = reader.read_to_end(&mut answer).await;
        drip.abort();
        String::from_utf8_lossy(&answer).into_owned()
    });
    helan.deliver("/v1/events", &token, EVENT, event("quick", "455792.5")).await;
    let answer = tokio::time::timeout(crate::harness::PATIENCE, slow).await.expect("it is not waited for for ever");
    let answer = answer.expect("the slow sender ends");
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("request_timeout"), "{answer}");
    assert_eq!(helan.sql("select id from events"), ["quick"]);
}
