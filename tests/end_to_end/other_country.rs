//! Another country, written as data files only, runs the same job. The expected answers stand in its README.

use std::path::Path;

use crate::harness::{Deployment, repository};

#[tokio::test(flavor = "multi_thread")]
async fn another_country_needs_no_code() {
    let catalog = repository().join("tests/catalogs/westmark-2024");
    let helan = Deployment::up(Some(&catalog)).await;
    let manifest = std::fs::read_to_string(catalog.join("feeds/feeds.csv")).expect("feeds.csv");
    for line in manifest.lines().skip(1) {
        let [file, reporter, source] = line.splitn(4, ',').take(3).collect::<Vec<_>>()[..] else { panic!("{line}") };
        post(&helan, &catalog.join("feeds").join(file), reporter, source).await;
    }
    let value = |view: &str, area: &str| {
        helan.sql(&format!("select value from {view} where ref_area = '{area}' and time_period = '2024'"))
    };
    assert_eq!(value("rd_intensity", "WM"), ["2.6"]);
    assert_eq!(value("rd_intensity_as_of('2025-06-30')", "WM"), ["2.496"]);
    assert_eq!(value("rd_intensity", "WM-S"), ["2.2841463415"]);
    assert_eq!(value("patent_density", "WM"), ["12"]);
    let verdicts = helan.sql("select target_id, verdict from quota_fulfilment where not is_member order by 1");
    let expected =
        ["met", "missed", "met", "missed", "met", "met", "not_reported", "missed", "met", "report_only", "missed"];
    let expected: Vec<_> = (1..).zip(expected).map(|(number, verdict)| format!("Q{number:02},{verdict}")).collect();
    assert_eq!(verdicts, expected);
    times_are_those_of_the_zone(&helan).await;
}

/// A report is due by the end of a day in Halifax, which is the next day in UTC: questions count the day there, and forms,
/// explanations and lists say it and the hour.
async fn times_are_those_of_the_zone(helan: &Deployment) {
    let owed = "select substr(cast(due as varchar), 1, 10), substr(cast(due_at as varchar), 1, 10), \
                substr(cast(due_at at time zone 'UTC' as varchar), 1, 10) from obligations \
                where obligation = 'brennick-rd'";
    assert_eq!(helan.sql(owed), ["2025-05-31,2025-05-31,2025-06-01"]);
    let token = helan.token("brennick");
    let path = "/v1/templates/brennick?period=2024&format=csv&lang=en";
    let form = helan.client.get(format!("{}{path}", helan.base)).bearer_auth(&token).send().await.expect("an answer");
    let form = form.text().await.expect("a form");
    assert!(form.contains("2025-05-31") && !form.contains("2025-06-01"), "{form}");
    for (lang, due) in [("en", "due 2025-05-31 23:59 -03:00"), ("zh", "期限 2025-05-31 23:59（America/Halifax）")] {
        let told = helan.run(&["--lang", lang, "explain", "--live", "WM-B", "rd_expenditure", "2024"]);
        assert!(told.contains(due) && !told.contains("2025-06-01"), "{told}");
        let listed = helan.run(&["--lang", lang, "credential", "list"]);
        assert!(listed.contains(if lang == "en" { " -0" } else { "（America/Halifax）" }), "{listed}");
    }
}

async fn post(helan: &Deployment, file: &Path, reporter: &str, source: &str) {
    let token = helan.token(reporter);
    let body = std::fs::read(file).expect("a feed");
    helan.deliver(&format!("/v1/submissions?source={source}"), &token, "text/csv", body).await;
}
