//! Binary mode as CloudEvents' SDKs write it, recorded from them: a header that is not ASCII comes as its UTF-8, unencoded.

use crate::world::*;

const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn recorded(headers: &[(&str, &str)], body: &str) -> Call {
    let call = Call::bytes("/v1/events", "application/json", body);
    headers.iter().fold(call, |call, (name, value)| call.header(name, *value))
}

#[tokio::test]
async fn the_sdks_of_go_and_java_are_understood() {
    let world = World::new().await;
    // github.com/cloudevents/sdk-go/v2 2.16.2.
    let go = recorded(
        &[
            ("user-agent", "Go-http-client/1.1"),
            ("ce-id", "go:0"),
            ("ce-partitionkey", "银川"),
            ("ce-source", "/nx/nx-stats"),
            ("ce-specversion", "1.0"),
            ("ce-time", "2019-08-30T11:49:50.856770557Z"),
            ("ce-traceparent", TRACE),
            ("ce-type", "helan.observation.reported.v1"),
            ("accept-encoding", "gzip"),
        ],
        r#"{"indicator":"rd_expenditure","note":"初步","ref_area":"640000","time_period":"2001","unit":"CNY","unit_mult":4,"value":"455792.5"}"#,
    );
    // io.cloudevents:cloudevents-http-basic 4.0.1, over HttpURLConnection of Java 17.
    let java = recorded(
        &[
            ("ce-specversion", "1.0"),
            ("ce-id", "java:贺兰 1"),
            ("ce-source", "/nx/nx-stats"),
            ("ce-type", "helan.observation.reported.v1"),
            ("ce-time", "2019-08-30T11:50:37.78476422Z"),
            ("ce-partitionkey", "银川"),
            ("ce-traceparent", TRACE),
            ("user-agent", "Java/17.0.15"),
            ("accept", "text/html, image/gif, image/jpeg, */*; q=0.2"),
            ("connection", "keep-alive"),
        ],
        r#"{"ref_area":"640000","indicator":"rd_expenditure","time_period":"2003","value":"455792.5","unit":"CNY","unit_mult":4,"note":"初步"}"#,
    );
    for (call, id) in [(go, "go:0"), (java, "java:贺兰 1")] {
        let answer = world.send("nx-stats", call).await;
        assert_eq!(answer.status, 202, "{}", answer.text);
        let topic = answer.json["topic"].as_str().expect("a topic").to_owned();
        let events = world.events(&topic, answer.json["offset"].as_i64().expect("an offset"));
        assert_eq!((&events[0]["id"], &events[0]["data"]["note"]), (&id.into(), &"初步".into()), "{events:?}");
        assert!(events[0].get("traceparent").is_none() && events[0].get("partitionkey").is_none(), "{events:?}");
    }
    // Java's SDK does not encode a per cent sign, which begins a code in the binding: what it was meant to be is not known.
    let percent = recorded(
        &[("ce-specversion", "1.0"), ("ce-id", "java:100%"), ("ce-source", "/nx/nx-stats"), ("ce-type", "t")],
        "{}",
    );
    world.refused("nx-stats", percent, &[("header_invalid", "ce-id")]).await;
}
