//! Lists for reporters: parameters that mean nothing here are refused, and said in both languages.

use helan_query::http::SqlLimits;
use serde_json::Value;

use crate::world::World;

async fn get(world: &World, token: &str, path: &str) -> (u16, Value) {
    let request = world.client.get(format!("{}{path}", world.base)).bearer_auth(token);
    let answer = request.send().await.expect("an answer");
    (answer.status().as_u16(), answer.json().await.expect("JSON"))
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_that_mean_nothing_are_refused() {
    let world = World::new(SqlLimits::default()).await;
    for (path, status, code) in [
        ("/v1/submissions?stat=refused", 400, "query_invalid"),
        ("/v1/submissions?since=2026-11-30", 400, "query_invalid"),
        ("/v1/submissions?to=yesterday", 400, "query_invalid"),
        ("/v1/submissions?source=/nope", 403, "unknown_source"),
        ("/v1/reports?period=abc", 422, "period_syntax"),
        ("/v1/findings?period=2018-13", 422, "period_not_existing"),
        ("/v1/findings?open=maybe", 400, "query_invalid"),
        ("/v1/findings?reporter=nobody", 400, "query_invalid"),
        ("/v1/reports?reporter=nobody", 400, "query_invalid"),
    ] {
        let (found, answer) = get(&world, &world.analyst, path).await;
        assert_eq!((found, answer["code"].as_str()), (status, Some(code)), "{path}: {answer}");
    }
    let (_, answer) = get(&world, &world.analyst, "/v1/findings?open=maybe").await;
    let message = answer["message_zh"].as_str().expect("a message");
    assert!(message.contains("参数 open 的值无法读取：须为 true 或 false"), "{message}");
    let (status, answer) = get(&world, &world.reporter, "/v1/submissions?source=/nx/yinchuan").await;
    assert_eq!((status, answer["code"].as_str()), (403, Some("foreign_source")), "{answer}");
    let (status, answer) = get(&world, &world.analyst, "/v1/submissions?source=/nx/yinchuan&to=2026-11-30").await;
    assert_eq!((status, &answer["more"]), (200, &Value::Bool(false)), "{answer}");
}
