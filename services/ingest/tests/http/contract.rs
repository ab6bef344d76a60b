//! What is written down is what the service does: error codes, OpenAPI, the schemas of events and their examples.

use std::path::Path;

use axum::body::Body;
use axum::http::{Method, Request};
use helan_runtime::wait::LONGEST;
use helan_schemas::fields::{FIELDS, Kept};
use helan_schemas::refusal::Code;
use serde_json::Value;

use crate::world::*;

fn folder(relative: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(relative)
}

/// Compares a written file with what it should say; `UPDATE=1` writes it.
fn matches_file(relative: &str, expected: &str) {
    let path = folder(relative);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, expected).expect("written");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == expected, "{relative} is out of date; run: UPDATE=1 cargo test -p helan-ingest");
}

#[test]
fn the_page_of_errors_lists_every_code() {
    let mut page = String::from(
        "# 错误代码 / Error codes\n\n\
         Written from `schemas/src/refusal/codes`; do not edit. `UPDATE=1 cargo test -p helan-ingest` writes it again.\n\n\
         被拒绝的请求不会发布任何内容；答复逐行列出全部错误（最多 100 条，`more` 为其余条数）。\
         HTTP 状态取第一条错误的状态。改正后整份重新提交即可，重复提交无害。\n\n\
         A refused request publishes nothing; the answer lists every error of every row (up to 100; `more` counts the \
         others). The HTTP status is that of the first error. Correct it and send all of it again: repeats do no harm.\n\n\
         `row` counts events or rows from 1, without the header row; `line` is the line of the file.\n\n\
         | HTTP | code | 含义 / meaning | 怎么办 / what to do |\n|---|---|---|---|\n",
    );
    for code in Code::ALL {
        let status = if code.status() == 0 { "receipt".to_owned() } else { code.status().to_string() };
        page.push_str(&format!(
            "| {status} | `{code}` | {}<br>{} | {}<br>{} |\n",
            code.meaning_zh(),
            code.meaning_en().replace('<', "&lt;"),
            code.hint_zh(),
            code.hint_en(),
        ));
    }
    matches_file("ERRORS.md", &page);
}

/// A text of the document cannot be made of a constant, so it is compared with it.
#[test]
fn the_document_says_how_long_an_answer_may_wait() {
    let longest = format!("{}s at most", LONGEST.as_secs());
    let document = helan_ingest::document();
    let paths = document["paths"].as_object().expect("paths").values();
    let operations = paths.flat_map(|path| path.as_object().expect("operations").values());
    let parameters = operations.flat_map(|operation| operation["parameters"].as_array().into_iter().flatten());
    let told: Vec<_> = parameters.filter(|parameter| parameter["name"] == "wait").collect();
    assert!(!told.is_empty());
    for parameter in told {
        assert!(parameter["description"].as_str().is_some_and(|text| text.contains(&longest)), "{parameter:#}");
    }
}

/// Every documented operation answers, and every route is documented.
#[tokio::test]
async fn openapi_describes_the_router() {
    let world = World::new().await;
    let served: Value = world.get("/openapi.json").await.json;
    assert_eq!(served, helan_ingest::document());
    let paths = served["paths"].as_object().expect("paths");
    for (path, operations) in paths {
        for (method, operation) in operations.as_object().expect("operations") {
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).expect("method");
            let request = Request::builder().method(&method).uri(path).body(Body::empty()).expect("request");
            let answer = world.request(request).await;
            let status = answer.status.to_string();
            assert!(operation["responses"].get(&status).is_some(), "{method} {path}: {status} is not documented");
            assert!(!matches!(answer.status, 404 | 405), "{method} {path} is not served");
        }
    }
    let source = std::fs::read_to_string(folder("src/routes.rs")).expect("source");
    let routes = source.split(".route(\"").skip(1).filter_map(|rest| rest.split('"').next());
    let mut routes: Vec<_> = routes.collect();
    let mut documented: Vec<_> = paths.keys().map(String::as_str).collect();
    routes.sort_unstable();
    documented.sort_unstable();
    assert_eq!(routes, documented);
    let text = served.to_string();
    for part in text.split("\"$ref\":\"#/components/schemas/").skip(1) {
        let name = part.split('"').next().expect("a name");
        assert!(served["components"]["schemas"].get(name).is_some(), "{name} is referred to, but missing");
    }
}

/// The statuses with which either path can answer are documented for both.
#[test]
fn openapi_names_every_status() {
    let document = helan_ingest::document();
    for path in ["/v1/events", "/v1/submissions"] {
        let responses = document["paths"][path]["post"]["responses"].as_object().expect("responses");
        for status in Code::ALL.iter().map(|code| code.status()).filter(|status| !matches!(status, 0 | 404 | 405 | 406))
        {
            assert!(responses.contains_key(&status.to_string()), "{path}: {status}");
        }
    }
}

fn examples(kind: &str) -> Vec<(String, String)> {
    let folder = folder("../../schemas/events").join(kind);
    let files = std::fs::read_dir(folder).expect("examples");
    let mut examples: Vec<_> = files
        .map(|file| {
            let path = file.expect("file").path();
            let name = path.file_stem().expect("name").to_string_lossy().into_owned();
            (name, std::fs::read_to_string(&path).expect("text"))
        })
        .collect();
    examples.sort();
    assert!(examples.len() >= 5, "{kind}");
    examples
}

fn validators() -> Vec<(String, jsonschema::Validator)> {
    let compile = |(_, text): (&str, &str)| {
        let schema: Value = serde_json::from_str(text).expect("json");
        let title = schema["title"].as_str().expect("title").to_owned();
        (title, jsonschema::validator_for(&schema).expect("a schema"))
    };
    helan_schemas::events::SCHEMAS.map(compile).into()
}

#[tokio::test]
async fn every_valid_example_passes_schema_and_service() {
    let world = World::new().await;
    for (name, text) in examples("valid") {
        let event: Value = serde_json::from_str(&text).expect("json");
        let validators = validators();
        let of_type = validators.iter().filter(|(title, _)| *title == event["type"]);
        let (_, validator) = of_type.into_iter().next().expect("a schema of that type");
        let errors: Vec<_> = validator.iter_errors(&event).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
        let reporter = event["source"].as_str().and_then(|source| source.split('/').nth(2)).expect("reporter");
        let answer = world.send(reporter, Call::events(&text)).await;
        assert_eq!(answer.status, 202, "{name}: {}", answer.text);
    }
}

/// An invalid example is named after the code with which the service refuses it: `code.what.json`.
#[tokio::test]
async fn every_invalid_example_fails_schema_and_service() {
    let world = World::new().await;
    for (name, text) in examples("invalid") {
        let event: Value = serde_json::from_str(&text).expect("json");
        let passes = validators().iter().any(|(_, validator)| validator.is_valid(&event));
        assert!(!passes, "{name} passes a schema");
        let answer = world.send("nx-stats", Call::events(&text)).await;
        let codes: Vec<_> = answer.errors().into_iter().map(|(code, _)| code).collect();
        assert_eq!(codes, [name.split('.').next().expect("code")], "{name}: {}", answer.text);
    }
    assert_eq!(world.submissions().await, 0);
}

/// What the service writes to the log is itself valid.
#[tokio::test]
async fn canonical_form_passes_the_schemas() {
    let world = World::new().await;
    for (offset, (name, text)) in examples("valid").into_iter().enumerate() {
        let mut event: Value = serde_json::from_str(&text).expect("json");
        let reporter =
            event["source"].as_str().and_then(|source| source.split('/').nth(2)).expect("reporter").to_owned();
        event["id"] = Value::from(format!("{offset}-{name}"));
        let answer = world.send(&reporter, Call::events(event)).await;
        let topic = answer.json["topic"].as_str().expect("topic");
        for written in world.events(topic, answer.json["offset"].as_i64().expect("offset")) {
            assert!(validators().iter().any(|(_, validator)| validator.is_valid(&written)), "{name}: {written}");
        }
    }
}

/// The schemas have every text of the payload, no longer than it may be, and let none of them stand outside `data`.
#[test]
fn the_schemas_have_every_field() {
    for (name, text) in helan_schemas::events::SCHEMAS {
        let schema: Value = serde_json::from_str(text).expect("json");
        let is_withdrawal = schema["title"].as_str().expect("title").contains("withdrawn");
        let outside = schema["propertyNames"]["not"]["enum"].as_array().expect("names");
        for field in FIELDS {
            // The pattern of extension attributes has no underscore.
            let is_one_word = field.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
            let is_kept_inside = !is_one_word || outside.contains(&Value::from(field.name));
            assert!(is_kept_inside, "{name}: {} may stand outside data", field.name);
            let belongs = if is_withdrawal { field.in_withdrawal } else { field.name != "withdraws" };
            let property = schema["properties"]["data"]["properties"].get(field.name);
            assert_eq!(property.is_some(), belongs, "{name}: {}", field.name);
            // A list of codes, or the pattern of a date or period, bounds it as well.
            let Some(property) = property.filter(|property| property.get("enum").is_none()) else { continue };
            if field.kept != Kept::Resolved {
                assert_eq!(property["maxLength"], field.max_bytes, "{name}: {}", field.name);
            }
        }
    }
}

/// The description of the topics names all of them, and the envelope's headers.
#[test]
fn asyncapi_describes_the_topics() {
    let text = std::fs::read_to_string(folder("../../schemas/asyncapi.yaml")).expect("asyncapi");
    let headers = {
        use helan_schemas::topics::*;
        [HEADER_CONTENT_TYPE, HEADER_REPORTER, HEADER_SUBMISSION, HEADER_RECEIVED, HEADER_CATALOG]
    };
    for name in helan_schemas::topics::ALL {
        assert!(text.contains(&format!("address: {name}")), "{name}");
    }
    for name in headers {
        assert!(text.contains(&format!("{name}:")), "{name}");
    }
    for line in text.lines().filter_map(|line| line.trim().strip_prefix("$ref: events/")) {
        assert!(folder("../../schemas/events").join(line).exists(), "{line}");
    }
}
