//! Corrections that happen, and those that cannot: what became of each is waited for and told.

use serde_json::{Value, json};

use crate::harness::Deployment;
use crate::send::send as sender;
use crate::stranger::event;

const JSON: &str = "application/cloudevents+json";
const TABLE: &str = "/v1/submissions?source=/nx/nx-stats";
const HEADING: &str = "id,type,ref_area,indicator,time_period,value,unit,unit_mult,withdraws,note\n";

/// A receipt, waited for by the header or the query; with the status and what of the preference was applied.
async fn ask(helan: &Deployment, token: &str, path: &str, prefer: Option<&str>) -> (u16, Value, Option<String>) {
    let request = helan.client.get(format!("{}{path}", helan.base)).bearer_auth(token);
    let request = prefer.into_iter().fold(request, |request, prefer| request.header("prefer", prefer));
    let answer = request.send().await.expect("an answer");
    let applied = answer.headers().get("preference-applied").map(|value| value.to_str().expect("text").to_owned());
    (answer.status().as_u16(), answer.json().await.expect("JSON"), applied)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_became_of_a_correction_is_told() {
    let helan = Deployment::up(None).await;
    let token = helan.token("nx-stats");
    let send = async |path: &str, kind: &str, body: String| {
        let (status, answer) = helan.post(path, &token, kind, body).await;
        assert_eq!(status, 202, "{answer:#}");
        answer["status_url"].as_str().expect("an address").to_owned()
    };
    let first = send("/v1/events", JSON, event("rd-1", "455792.5")).await;
    let (status, receipt, applied) = ask(&helan, &token, &first, Some("respond-async, wait=20")).await;
    assert_eq!((status, &receipt["state"]), (200, &json!("accepted")), "one request is enough: {receipt:#}");
    assert_eq!(applied.as_deref(), Some("wait=20"));

    // Another value under the same id is refused, by name; one of its own is a revision.
    let again = send("/v1/events", JSON, event("rd-1", "45579.2")).await;
    let (_, receipt, applied) = ask(&helan, &token, &format!("{again}?wait=20s"), None).await;
    assert_eq!((&receipt["state"], &receipt["reasons"][0]["code"]), (&json!("refused"), &json!("id_conflict")));
    assert_eq!(applied, None);
    let revised = send("/v1/events", JSON, event("rd-2", "455000")).await;
    assert_eq!(ask(&helan, &token, &revised, Some("wait=20")).await.1["state"], "accepted");
    let current = "select id, value from observations where ref_area = '640000'";
    assert_eq!(helan.sql(current), ["rd-2,455000"]);

    // The files of README.
    let correction = format!("{HEADING}rd-3,,640000,rd_expenditure,2018,455792.4,CNY,4,,corrected\n");
    let withdrawal = |id: &str| format!("{HEADING}w-{id},helan.observation.withdrawn.v1,,,,,,,{id},sent by mistake\n");
    for (file, now) in [(correction, "rd-3,455792.4"), (withdrawal("rd-3"), "rd-2,455000")] {
        let sent = send(TABLE, "text/csv", file).await;
        let (_, receipt, _) = ask(&helan, &token, &sent, Some("wait=20")).await;
        assert_eq!(receipt["state"], "accepted", "{receipt:#}");
        helan.wait_until("the figure follows", async || helan.sql(current) == [now]).await;
    }
    // Withdrawn once more, under another id: nothing changes, and the receipt says so.
    let again = send(TABLE, "text/csv", withdrawal("rd-3").replace("w-rd-3", "w-again")).await;
    let (_, receipt, _) = ask(&helan, &token, &again, Some("wait=20")).await;
    assert_eq!((&receipt["state"], &receipt["withdrawals"]), (&json!("accepted"), &json!(1)), "{receipt:#}");
    assert!(receipt["message_en"].as_str().is_some_and(|text| text.contains("was withdrawn before")), "{receipt:#}");
    let unknown = send(TABLE, "text/csv", withdrawal("rd-9")).await;
    let (_, receipt, _) = ask(&helan, &token, &unknown, Some("wait=20")).await;
    let reason = (&receipt["reasons"][0]["code"], &receipt["reasons"][0]["row"], &receipt["reasons"][0]["field"]);
    assert_eq!(reason, (&json!("withdraws_unknown"), &json!(1), &json!("data.withdraws")), "{receipt:#}");

    // `helan validate` and `helan send` say the same of it.
    let file = helan.dir.path().join("withdraw.csv");
    for (id, refused) in [("rd-9", true), ("rd-2", false)] {
        std::fs::write(&file, withdrawal(id)).expect("written");
        let file = file.to_str().expect("UTF-8");
        let judged =
            helan.command(&["validate", file, "--source", "/nx/nx-stats", "--lang", "en"]).output().expect("runs");
        let said = String::from_utf8_lossy(&judged.stdout).into_owned();
        assert_eq!((judged.status.success(), said.contains("withdraws_unknown")), (!refused, refused), "{said}");
        let arguments = ["--source", "/nx/nx-stats", "--lang", "en"];
        let sent = sender(&helan.base, &token, &arguments, &[file.as_ref()]).output().expect("runs");
        let said = String::from_utf8_lossy(&[sent.stdout, sent.stderr].concat()).into_owned();
        assert_eq!((sent.status.success(), said.contains("withdraws_unknown")), (!refused, refused), "{said}");
    }
    // Whoever does not wait is told where the outcome will be.
    std::fs::write(&file, withdrawal("rd-9")).expect("written");
    let arguments = ["--no-wait", "--source", "/nx/nx-stats", "--lang", "en"];
    let sent = sender(&helan.base, &token, &arguments, &[&file]).output().expect("runs");
    let said = String::from_utf8_lossy(&sent.stdout).into_owned();
    let address = said.split_whitespace().find(|word| word.starts_with("/v1/submissions/"));
    let (_, receipt, _) = ask(&helan, &token, address.expect("an address"), Some("wait=20")).await;
    assert_eq!((sent.status.success(), &receipt["state"]), (true, &json!("refused")), "{said} {receipt:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts_tell_contents_of_one_key_apart_and_what_nobody_sent() {
    let helan = Deployment::up(None).await;
    let (token, other) = (helan.token("nx-stats"), helan.token("yinchuan"));
    let send = async |body: String| {
        let request = helan.client.post(format!("{}/v1/events", helan.base)).bearer_auth(&token);
        let request = request.header("content-type", JSON).header("idempotency-key", "today").body(body);
        let answer: Value = request.send().await.expect("an answer").json().await.expect("JSON");
        answer["status_url"].as_str().expect("an address").to_owned()
    };
    let addresses = [send(event("a", "455792.5")).await, send(event("b", "455000")).await];
    let mut states = Vec::new();
    for address in &addresses {
        states.push(ask(&helan, &token, &format!("{address}&wait=20s"), None).await.1);
    }
    assert_eq!((&states[0]["state"], &states[1]["state"]), (&json!("accepted"), &json!("refused")), "{states:#?}");
    assert_eq!(states[1]["reasons"][0]["code"], "idempotency_key_reused");
    let (_, both, _) = ask(&helan, &token, "/v1/submissions/nx-stats:today", None).await;
    assert_eq!((&both["state"], both["places"].as_array().map(Vec::len)), (&json!("refused"), Some(2)), "{both:#}");
    assert!(both["message_en"].as_str().is_some_and(|text| text.contains("still in the lake")), "{both:#}");

    for (token, path) in [
        (&token, "/v1/submissions/never"),
        (&token, "/v1/submissions/nx-stats:today?content=0"),
        (&other, "/v1/submissions/nx-stats:today"),
    ] {
        let (status, answer, _) = ask(&helan, token, path, Some("wait=20")).await;
        assert_eq!((status, &answer["code"]), (404, &json!("submission_unknown")), "{path}: {answer:#}");
    }
    // What a reporter has sent, its own only, newest first.
    let (status, answer, _) = ask(&helan, &token, "/v1/submissions?source=/nx/yinchuan", None).await;
    assert_eq!((status, &answer["code"]), (403, &json!("foreign_source")), "{answer:#}");
    let listed = |answer: &Value| {
        let rows = answer["submissions"].as_array().expect("a list").iter();
        rows.map(|row| format!("{} {}", row["submission"], row["outcome"]).replace('"', "")).collect::<Vec<_>>()
    };
    let [accepted, refused] = ["accepted", "refused"].map(|outcome| format!("nx-stats:today {outcome}"));
    for (token, query, expected) in [
        (&token, "", vec![&refused, &accepted]),
        (&token, "?source=/nx/nx-stats&state=refused", vec![&refused]),
        (&token, "?limit=1", vec![&refused]),
        (&token, "?from=2099-01-01", vec![]),
        (&token, "?to=2019-01-01", vec![]),
        (&other, "", vec![]),
    ] {
        let (status, answer, _) = ask(&helan, token, &format!("/v1/submissions{query}"), None).await;
        assert_eq!((status, listed(&answer).iter().collect::<Vec<_>>()), (200, expected), "{query}: {answer:#}");
    }
    for wrong in ["?state=lost", "?from=soon", "?limit=x"] {
        let (status, answer, _) = ask(&helan, &token, &format!("/v1/submissions{wrong}"), None).await;
        assert_eq!((status, &answer["code"]), (400, &json!("query_invalid")), "{wrong}: {answer:#}");
    }
    let (status, answer, _) = ask(&helan, &token, "/v1/submissions/never?wait=soon", None).await;
    assert_eq!((status, &answer["code"]), (400, &json!("query_invalid")), "{answer:#}");
}

/// The answer to sending says what became of it, where the sender waits.
#[tokio::test(flavor = "multi_thread")]
async fn the_answer_to_sending_waits_for_the_outcome() {
    let helan = Deployment::up(None).await;
    let token = helan.token("nx-stats");
    let send = async |query: &str, prefer: Option<&str>, body: String| {
        let request = helan.client.post(format!("{}/v1/events{query}", helan.base)).bearer_auth(&token);
        let request = prefer.into_iter().fold(request, |request, prefer| request.header("prefer", prefer));
        let answer = request.header("content-type", JSON).body(body).send().await.expect("an answer");
        let applied = answer.headers().get("preference-applied").map(|value| value.to_str().expect("text").to_owned());
        let status = answer.status().as_u16();
        (status, answer.json::<Value>().await.expect("JSON"), applied)
    };
    let (status, answer, applied) = send("", Some("wait=20"), event("a", "455792.5")).await;
    assert_eq!((status, applied.as_deref()), (200, Some("wait=20")), "{answer:#}");
    assert_eq!((&answer["outcome"]["state"], &answer["outcome"]["accepted"]), (&json!("accepted"), &json!(1)));
    assert_eq!(helan.sql("select count(*) from events"), ["1"], "what is said to be in the lake is there");
    // The same again has an outcome of its own, which is not that of the first.
    let (status, answer, applied) = send("?wait=20s", None, event("a", "455792.5")).await;
    assert_eq!((status, &answer["outcome"]["state"], applied), (200, &json!("repeat"), None), "{answer:#}");
    let (status, answer, applied) = send("", Some("wait=20"), event("a", "45579.2")).await;
    assert_eq!((status, &answer["code"], applied.as_deref()), (409, &json!("id_conflict"), Some("wait=20")));
    assert_eq!((&answer["errors"][0]["row"], &answer["errors"][0]["id"]), (&json!(1), &json!("a")), "{answer:#}");
    let submission = answer["submission"].as_str().expect("its id");
    assert_eq!(helan.receipt(&token, submission).await["reasons"][0]["code"], "id_conflict");
    // Without waiting it is taken all the same, and nothing says that the answer waited.
    let (status, answer, applied) = send("", None, event("b", "455792.4")).await;
    assert_eq!((status, answer.get("outcome"), applied), (202, None, None), "{answer:#}");
    let (status, answer, _) = send("?wait=0", None, event("c", "455792.3")).await;
    assert_eq!((status, answer.get("outcome")), (202, None), "not known in time: {answer:#}");
    let (status, answer, _) = send("?wait=soon", None, event("d", "455792.2")).await;
    assert_eq!((status, &answer["code"]), (400, &json!("query_invalid")), "{answer:#}");
    helan.wait_until("both others are in the lake", async || helan.sql("select count(*) from events") == ["3"]).await;
}
