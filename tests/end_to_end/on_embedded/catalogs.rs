//! Editions of a catalog: what was known stays as it was, and the one in use is what readers read by.

use std::path::Path;

use crate::harness::{Deployment, Log, copy, repository};

#[tokio::test(flavor = "multi_thread")]
async fn an_edition_is_checked_against_the_one_in_use_and_can_be_left_again() {
    let westmark = repository().join("tests/catalogs/westmark-2024");
    let editions = tempfile::tempdir().expect("a directory");
    let (good, bad) = (editions.path().join("good"), editions.path().join("bad"));
    copy(&westmark, &good);
    copy(&westmark, &bad);
    let targets = std::fs::read_to_string(westmark.join("targets.csv")).expect("targets");
    let names = std::fs::read_to_string(westmark.join("catalog.toml")).expect("the head");
    std::fs::write(good.join("catalog.toml"), names.replacen("name_en = \"", "name_en = \"New ", 1)).expect("written");
    std::fs::write(bad.join("targets.csv"), targets.replacen(",2.5,", ",2.4,", 1)).expect("written");
    assert_ne!(targets, std::fs::read_to_string(bad.join("targets.csv")).expect("read"), "the edit changes a target");

    let mut digests = Vec::new();
    let mut helan = Deployment::on(Log::Embedded, None);
    for catalog in [&westmark, &good, &westmark] {
        helan.catalog = Some(catalog.clone());
        helan.start_up().await;
        helan.kill9(&helan.base);
        helan.catalog = None;
        digests.push(helan.sql("select catalog from catalog_versions order by recorded_at desc limit 1").remove(0));
    }
    assert_eq!((&digests[0], digests[0] == digests[1]), (&digests[2], false), "{digests:?}");

    // Who names no catalog reads by the lake's own, and nobody brings another region's into it.
    assert!(helan.run(&["rollup"]).contains("Westmark: research compact of 2024"));
    let other = repository().join("tests/catalogs/china-2018");
    let other = other.to_str().expect("UTF-8");
    let said = helan.fails(&["rollup", "--publish", "--catalog", other]);
    assert!(said.contains("one lake is one region's"), "{said}");

    let check = |edition: &Path| {
        let edition = edition.to_str().expect("UTF-8");
        helan.command(&["catalog", "check", edition, "--against", "latest"]).output().expect("helan runs")
    };
    assert!(check(&good).status.success());
    let refused = check(&bad);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("targets.csv:") && said.contains("target_value"), "{said}");
}
