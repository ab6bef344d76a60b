//! The answers: 111 targets, two vintages, publications that do not change.

use std::collections::BTreeSet;

use serde_json::json;

use crate::harness::Deployment;
use crate::stranger::{BATCH, SOURCE};

/// Every verdict, as the view's column lists them.
fn verdicts_of_the_view() -> Vec<&'static str> {
    let view = include_str!("../../queries/sql/targets/quota_fulfilment.sql");
    let line = view.lines().find_map(|line| line.strip_prefix("-- column verdict text: 结论 | "));
    line.expect("the column is described").trim_end_matches('.').split(", ").collect()
}

fn vintages() -> String {
    let observation = |id: &str, indicator: &str, value: &str, mult: i32, vintage: &str, published: &str| {
        json!({"specversion": "1.0", "type": "helan.observation.reported.v1", "source": SOURCE, "id": id, "data": {
            "ref_area": "640000", "indicator": indicator, "time_period": "2018", "value": value, "unit": "CNY",
            "unit_mult": mult, "vintage": vintage, "published_at": published}})
    };
    json!([
        observation("1", "rd_expenditure", "455792.5", 4, "final", "2019-08-30"),
        observation("2", "gdp", "3705.18", 8, "preliminary", "2019-08-30"),
        observation("3", "gdp", "3510.2", 8, "census-revised", "2021-01-15"),
    ])
    .to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_verdict_follows_what_was_known() {
    let helan = Deployment::up(None).await;
    let token = helan.token("nx-stats");
    helan.deliver("/v1/events", &token, BATCH, vintages()).await;

    let cell = "where ref_area = '640000' and time_period = '2018'";
    assert_eq!(helan.sql(&format!("select value from rd_intensity_as_of('2019-08-30') {cell}")), ["1.2301494124"]);
    assert_eq!(helan.sql(&format!("select value from rd_intensity {cell}")), ["1.2984801436"]);
    assert_eq!(
        helan.sql(&format!("select value from rd_intensity_as_of('2019-08-29') {cell} and value is not null")),
        [""; 0]
    );

    let verdict = "select verdict, sensitive from quota_fulfilment";
    assert_eq!(helan.sql(&format!("{verdict}_as_of('2019-08-30') where target_id = 'T044'")), ["missed,false"]);
    assert_eq!(helan.sql(&format!("{verdict} where target_id = 'T044'")), ["missed,true"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_target_has_a_verdict_also_before_anything_is_reported() {
    let helan = Deployment::up(None).await;
    assert_eq!(helan.sql("select count(distinct target_id) from quota_fulfilment"), ["111"]);
    let verdicts: BTreeSet<_> = helan.sql("select distinct verdict from quota_fulfilment").into_iter().collect();
    let known = verdicts_of_the_view();
    assert!(verdicts.iter().all(|verdict| known.contains(&verdict.as_str())), "{verdicts:?} of {known:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publication_without_news_is_the_same_one() {
    let helan = Deployment::up(None).await;
    let token = helan.token("nx-stats");
    helan.deliver("/v1/events", &token, BATCH, vintages()).await;
    for _ in 0..2 {
        helan.run(&["rollup", "--period", "2018", "--publish"]);
    }
    assert_eq!(helan.sql("select count(*) from publications"), ["1"]);
    assert_eq!(
        helan.sql("select outcome, count(*) from publication_runs group by 1 order by 1"),
        ["published,1", "unchanged,1"]
    );
    let publication = helan.sql("select publication from publications").remove(0);
    helan.run(&["rollup", "--reproduce", &publication]);
    let inputs = helan.sql(&format!(
        "select count(distinct id) from publication_inputs where publication = '{publication}' and indicator = 'gdp'"
    ));
    assert_ne!(inputs, ["0"]);
}
