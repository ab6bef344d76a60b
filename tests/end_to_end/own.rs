//! What concerns a reporter of its own: which reports it owes and how they stand, what was found in its figures and what
//! to do, and nothing of how others report.

use serde_json::{Value, json};

use crate::harness::Deployment;

/// Sends a figure of Yinchuan's and waits until it is in the lake.
async fn send(helan: &Deployment, token: &str, source: &str, id: &str, period: &str, (value, note): (&str, &str)) {
    let mut event = json!({
        "specversion": "1.0", "type": "helan.observation.reported.v1", "source": source, "id": id,
        "data": {"ref_area": "640100", "indicator": "rd_expenditure", "time_period": period, "value": value,
                 "unit": "CNY", "unit_mult": 8}
    });
    if !note.is_empty() {
        event["data"]["note"] = note.into();
    }
    let kind = "application/cloudevents+json";
    let (status, answer) = helan.post("/v1/events?wait=20s", token, kind, event.to_string()).await;
    assert_eq!((status, &answer["outcome"]["state"]), (200, &json!("accepted")), "{answer:#}");
}

async fn get(helan: &Deployment, token: &str, path: &str) -> (u16, Value) {
    let answer = helan.client.get(format!("{}{path}", helan.base)).bearer_auth(token).send().await;
    let answer = answer.expect("an answer");
    (answer.status().as_u16(), answer.json().await.expect("JSON"))
}

/// Members of each entry of a list.
fn of(list: &Value, members: &[&str]) -> Vec<Vec<Value>> {
    let entries = list.as_array().expect("a list").iter();
    entries.map(|entry| members.iter().map(|member| entry[member].clone()).collect()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn findings_are_a_reporters_own_and_say_what_to_do() {
    let helan = Deployment::up(None).await;
    let (office, city) = (helan.token("nx-stats"), helan.token("yinchuan"));
    let analyst = helan.run(&["credential", "add", "--role", "analyst"]).trim().to_owned();
    send(&helan, &office, "/nx/nx-stats", "a17", "2017", ("20", "")).await;
    send(&helan, &office, "/nx/nx-stats", "a18", "2018", ("36", "")).await;

    let figures = ["finding", "id", "amount", "other_amount", "difference", "unit"];
    let (status, found) = get(&helan, &office, "/v1/findings").await;
    assert_eq!(status, 200, "{found:#}");
    let jump =
        [json!("jump"), json!("a18"), json!("3600000000"), json!("2000000000"), json!("1600000000"), json!("CNY")];
    assert_eq!(of(&found["findings"], &figures), [jump.to_vec()], "{found:#}");
    assert_eq!((&found["found"], &found["unexplained"], &found["more"]), (&json!(1), &json!(1), &json!(false)));
    let entry = &found["findings"][0];
    assert_eq!((&entry["area_zh"], &entry["severity"]), (&json!("银川市"), &json!("soft")));
    for member in ["message_zh", "message_en", "hint_zh", "hint_en"] {
        assert!(entry[member].as_str().is_some_and(|text| !text.is_empty()), "{member}: {entry:#}");
    }
    assert_eq!(get(&helan, &city, "/v1/findings").await.1["findings"], json!([]));

    // The city sends the cell too. Each hears of its own figure, and of no other's.
    send(&helan, &city, "/nx/yinchuan", "c18", "2018", ("35", "")).await;
    let (status, answer) = get(&helan, &city, "/v1/findings?reporter=nx-stats").await;
    assert_eq!((status, &answer["code"]), (400, &json!("query_invalid")), "{answer:#}");
    for path in ["/v1/findings", "/v1/findings?reporter=yinchuan"] {
        let (_, found) = get(&helan, &city, path).await;
        let own = [json!("two_reporters"), json!("c18"), json!("3500000000"), Value::Null, Value::Null, json!("CNY")];
        assert_eq!(of(&found["findings"], &figures), [own.to_vec()], "{path}: {found:#}");
        let text = found.to_string();
        assert!(!text.contains("nx-stats") && !text.contains("36000"), "{text}");
    }
    let (_, found) = get(&helan, &office, "/v1/findings").await;
    let hidden = [json!("jump"), json!("a18"), Value::Null, Value::Null, Value::Null, json!("CNY")];
    // The office hears of the cell too: its value counts, and it has nothing to explain.
    let counts = [json!("two_reporters"), json!("a18"), json!("3600000000"), Value::Null, Value::Null, json!("CNY")];
    let both = [hidden.to_vec(), counts.to_vec()];
    assert_eq!(of(&found["findings"], &figures), both, "what is compared may be the city's: {found:#}");
    let counts = &found["findings"][1];
    assert_eq!((&counts["reporter"], &counts["severity"]), (&json!("nx-stats"), &json!("info")), "{counts:#}");
    assert!(counts["message_en"].as_str().is_some_and(|text| text.ends_with("your value counts")), "{counts:#}");
    assert!(!found.to_string().contains("yinchuan") && !found.to_string().contains("c18"), "{found:#}");
    assert_eq!(get(&helan, &office, "/v1/findings?open=true").await.1["found"], 1);
    assert_eq!(get(&helan, &office, "/v1/findings?open=false").await.1["found"], 1);
    // Nor of the city's note, which explains its value to analysts.
    send(&helan, &city, "/nx/yinchuan", "d18", "2018", ("35", "from our own survey")).await;
    let (_, found) = get(&helan, &office, "/v1/findings?finding=two_reporters").await;
    let entry = &found["findings"][0];
    assert_eq!((&entry["id"], &entry["explained"]), (&json!("a18"), &json!(false)), "{found:#}");
    assert!(!found.to_string().contains("survey") && !found.to_string().contains("d18"), "{found:#}");
    let (_, found) = get(&helan, &city, "/v1/findings?finding=two_reporters").await;
    let own = [json!("d18"), json!(true), json!("from our own survey")];
    assert_eq!(of(&found["findings"], &["id", "explained", "explanation"]), [own.to_vec()], "{found:#}");
    let (_, found) = get(&helan, &analyst, "/v1/findings?reporter=nx-stats&finding=two_reporters").await;
    let whole = [json!("yinchuan"), json!("d18"), json!("3500000000"), json!("from our own survey")];
    assert_eq!(
        of(&found["findings"], &["reporter", "id", "other_amount", "explanation"]),
        [whole.to_vec()],
        "{found:#}"
    );
    let (_, found) = get(&helan, &analyst, "/v1/findings?reporter=yinchuan").await;
    let both = [json!("two_reporters"), json!("d18"), json!("3600000000"), json!("3500000000"), json!("100000000")];
    assert_eq!(of(&found["findings"], &figures[..5]), [both.to_vec()], "{found:#}");
    assert_eq!(get(&helan, &analyst, "/v1/findings?open=true").await.1["found"], 1);

    // The hint is followed: the value again, with a note.
    send(&helan, &office, "/nx/nx-stats", "b18", "2018", ("36", "a laboratory was opened")).await;
    assert_eq!(get(&helan, &office, "/v1/findings?open=true").await.1["found"], 0);
    let (_, found) = get(&helan, &office, "/v1/findings?period=2018&finding=jump").await;
    let explained =
        [json!("b18"), json!(true), json!("a laboratory was opened"), json!("it is explained: nothing to do")];
    assert_eq!(
        of(&found["findings"], &["id", "explained", "explanation", "hint_en"]),
        [explained.to_vec()],
        "{found:#}"
    );
    for wrong in ["?finding=nonsense", "?limit=x", "?open=perhaps", "?periode=2018"] {
        let (status, answer) = get(&helan, &office, &format!("/v1/findings{wrong}")).await;
        assert_eq!((status, &answer["code"]), (400, &json!("query_invalid")), "{wrong}: {answer:#}");
    }
    let (status, answer) = get(&helan, "helan_x_y", "/v1/findings").await;
    assert_eq!((status, &answer["code"]), (401, &json!("token_malformed")), "{answer:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_are_listed_as_owed_due_sent_and_late() {
    let helan = Deployment::up(None).await;
    let (office, city) = (helan.token("nx-stats"), helan.token("yinchuan"));
    let analyst = helan.run(&["credential", "add", "--role", "analyst"]).trim().to_owned();
    let table = "ref_area,indicator,time_period,value,unit,unit_mult\n640000,gdp,2018,3705.18,CNY,8\n";
    let (status, _) = helan.post("/v1/submissions?source=/nx/nx-stats&wait=20s", &office, "text/csv", table).await;
    assert_eq!(status, 200);

    let (status, owed) = get(&helan, &office, "/v1/reports?period=2018").await;
    assert_eq!(status, 200, "{owed:#}");
    let members = ["ref_area", "indicator", "due", "status", "standing", "template"];
    let form = json!("/v1/templates/nx-stats?period=2018");
    let region = of(&owed["reports"], &members).into_iter().filter(|report| report[0] == "640000").collect::<Vec<_>>();
    let expected = [
        [json!("gdp"), json!("2019-02-28"), json!("late"), json!(1), Value::Null],
        [json!("population"), json!("2019-04-30"), json!("missing"), json!(0), form.clone()],
        [json!("rd_expenditure"), json!("2019-08-31"), json!("missing"), json!(0), form.clone()],
    ];
    assert_eq!(
        region.iter().map(|report| report[1..].to_vec()).collect::<Vec<_>>(),
        expected.map(Vec::from),
        "{owed:#}"
    );
    let counted: u64 = ["missing", "not_due", "late", "on_time"].iter().filter_map(|name| owed[name].as_u64()).sum();
    assert_eq!((owed["owed"].as_u64(), owed["late"].as_u64()), (Some(counted), Some(1)), "{owed:#}");
    let late = of(&get(&helan, &office, "/v1/reports?status=late").await.1["reports"], &["indicator", "time_period"]);
    assert_eq!(late, [[json!("gdp"), json!("2018")]]);
    let entry = owed["reports"].as_array().expect("a list").iter().find(|entry| entry["status"] == "missing");
    let entry = entry.expect("one that is missing");
    assert!(entry["message_zh"].as_str().is_some_and(|text| text.contains("逾期未报")), "{entry:#}");
    assert!(entry["days_late"].as_i64().is_some_and(|days| days > 0), "{entry:#}");
    // The form that it names is there.
    let template = helan.client.get(format!("{}{}", helan.base, form.as_str().expect("a path"))).bearer_auth(&office);
    assert_eq!(template.send().await.expect("an answer").status(), 200);

    for (token, path, whose) in [
        (&office, "/v1/reports", vec!["nx-stats"]),
        (&city, "/v1/reports?reporter=yinchuan", vec!["yinchuan"]),
        (&analyst, "/v1/reports?reporter=nx-stats", vec!["nx-stats"]),
    ] {
        let (_, owed) = get(&helan, token, path).await;
        let mut reporters: Vec<_> =
            owed["reports"].as_array().expect("a list").iter().filter_map(|entry| entry["reporter"].as_str()).collect();
        reporters.dedup();
        assert_eq!(reporters, whose, "{path}");
    }
    let (_, first) = get(&helan, &office, "/v1/reports?limit=1").await;
    assert_eq!((first["reports"].as_array().map(Vec::len), &first["more"]), (Some(1), &json!(true)), "{first:#}");
    for wrong in ["?status=lost", "?limit=x", "?year=2018"] {
        let (status, answer) = get(&helan, &office, &format!("/v1/reports{wrong}")).await;
        assert_eq!((status, &answer["code"]), (400, &json!("query_invalid")), "{wrong}: {answer:#}");
    }
}
