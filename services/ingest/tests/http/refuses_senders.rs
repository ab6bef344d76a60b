//! Who may send what.

use helan_ingest::Limits;
use helan_runtime::credentials::{NewCredential, Role};
use helan_schemas::catalog::ReporterKind;
use helan_schemas::topics;
use serde_json::json;

use crate::world::*;

async fn unauthorised(world: &World, authorization: Option<&str>, code: &str, status: u16) {
    let call = Call::events(event("a"));
    let call = match authorization {
        Some(value) => call.header("authorization", value),
        None => call,
    };
    let answer = world.raw(call).await;
    assert_eq!((answer.status, answer.json["code"].as_str()), (status, Some(code)), "{}", answer.text);
    assert_eq!(answer.headers.contains_key("www-authenticate"), status == 401);
    assert_eq!((world.submissions().await, world.count(topics::REFUSED).await), (0, 0));
}

#[tokio::test]
async fn tokens() {
    let world = World::new().await;
    let token = world.token("yinchuan");
    unauthorised(&world, None, "token_missing", 401).await;
    unauthorised(&world, Some("Basic YTpi"), "token_malformed", 401).await;
    unauthorised(&world, Some("Bearer "), "token_malformed", 401).await;
    unauthorised(&world, Some(&format!("Bearer {}", &token[..token.len() - 1])), "token_malformed", 401).await;
    let last = if token.ends_with('0') { '1' } else { '0' };
    unauthorised(&world, Some(&format!("Bearer {}{last}", &token[..token.len() - 1])), "token_unknown", 401).await;
    unauthorised(&world, Some(&format!("Bearer helan_nobody_{}", "0".repeat(64))), "token_unknown", 401).await;
    let analyst = world.credential("ana", Role::Analyst, None);
    unauthorised(&world, Some(&format!("Bearer {analyst}")), "role_not_allowed", 403).await;
    let operator = world.credential("ops", Role::Operator, None);
    unauthorised(&world, Some(&format!("Bearer {operator}")), "role_not_allowed", 403).await;
    let stranger = world.credential("stranger", Role::Reporter, Some("nobody"));
    unauthorised(&world, Some(&format!("Bearer {stranger}")), "reporter_unknown", 403).await;
    let now = jiff::Timestamp::from_microsecond(NOW).expect("in range");
    let (role, reporter, expires) = (Role::Reporter, Some("yinchuan"), Some(now + jiff::SignedDuration::from_secs(60)));
    let passing = NewCredential { id: Some("passing"), role, reporter, expires };
    let passing = world.file.add(&passing, now).expect("added").reveal().to_owned();
    world.clock.set(world.clock.now() + 60_000_000);
    unauthorised(&world, Some(&format!("Bearer {passing}")), "token_expired", 401).await;
    world.file.revoke("yinchuan", now).expect("revoked");
    world.clock.set(world.clock.now() + 1_000_000);
    unauthorised(&world, Some(&format!("Bearer {token}")), "token_revoked", 401).await;
    std::fs::write(world_path(&world), "nonsense\n").expect("written");
    world.clock.set(world.clock.now() + 1_000_000);
    unauthorised(&world, Some(&format!("Bearer {token}")), "credentials_unavailable", 503).await;
    assert_eq!(world.get("/readyz").await.status, 503);
}

fn world_path(world: &World) -> std::path::PathBuf {
    world.path().join("credentials.jsonl")
}

#[tokio::test]
async fn a_park_at_the_cities_service() {
    let world = World::with(Limits::default(), vec![ReporterKind::City]).await;
    let call = Call::events(event("a"));
    world.refused("ningdong", call, &[("reporter_other_endpoint", "")]).await;
}

#[tokio::test]
async fn a_reporter_reports_of_the_time_in_which_it_holds() {
    let world = World::by_catalog("reporters.csv", |text| {
        let row = "yinchuan,银川市,Yinchuan,city,30,false,false,";
        *text = text.replace(row, &format!("{row}2019-01-01"));
    })
    .await;
    world.refused("yinchuan", Call::events(event("a")), &[("reporter_not_valid", "data.time_period")]).await;
    let later = with(event("a"), "time_period", json!("2019-Q1"));
    assert_eq!(world.send("yinchuan", Call::events(later)).await.status, 202);
}

#[tokio::test]
async fn sources_areas_indicators() {
    let world = World::new().await;
    let mut other = event("a");
    other["source"] = json!("/nx/guyuan");
    world.refused("yinchuan", Call::events(other), &[("foreign_source", "source")]).await;
    let mut nobody = event("a");
    nobody["source"] = json!("/nx/nobody");
    world.refused("yinchuan", Call::events(nobody), &[("unknown_source", "source")]).await;
    for (field, value, code) in [
        ("ref_area", "640400", "foreign_area"),
        ("ref_area", "640000", "foreign_area"),
        ("ref_area", "999999", "unknown_area"),
        ("ref_area", "640102", "area_not_valid"),
        ("ref_area", "4+1", "group_not_reportable"),
        ("ref_area", "localities", "foreign_area"),
        ("indicator", "major_projects", "foreign_indicator"),
        ("indicator", "happiness", "unknown_indicator"),
        ("indicator", "rd_intensity", "indicator_computed"),
        ("basis", "no-such-basis", "basis_unknown"),
        ("edition", "no-such-edition", "edition_unknown"),
    ] {
        let call = Call::events(with(event("a"), field, json!(value)));
        let answer = world.send("yinchuan", call.clone()).await;
        assert_eq!(answer.errors()[0], (code.to_owned(), format!("data.{field}")), "{value}: {}", answer.text);
        assert_eq!(world.submissions().await, 0);
    }
    let withheld = [("published_not_allowed", "data.published_at")];
    let call = Call::events(with(event("a"), "published_at", json!("2019-08-30")));
    world.refused("yinchuan", call, &withheld).await;
    for (field, value) in [("obs_status", "E"), ("obs_status", "I"), ("vintage", "estimated")] {
        let field_name = format!("data.{field}");
        let call = Call::events(with(event("a"), field, json!(value)));
        world.refused("yinchuan", call, &[("estimate_not_allowed", &field_name)]).await;
    }
}
