//! Files of deploy/ name only what exists: metrics, settings, alerts that the operator's page explains.

use std::collections::{BTreeMap, BTreeSet};

use crate::{root, tracked};

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The cells of a page's table, without the marks of code.
fn table(page: &str) -> Vec<Vec<String>> {
    let cells = |line: &str| line.split('|').map(|cell| cell.trim().trim_matches('`').to_owned()).collect::<Vec<_>>();
    read(page).lines().filter(|line| line.starts_with("| ")).skip(1).map(cells).collect()
}

/// The samples that a scrape of each metric has: what a question may name.
fn samples() -> BTreeSet<String> {
    let mut samples = BTreeSet::new();
    for row in table("services/helan/METRICS.md") {
        let (name, kind) = (&row[1], row[2].as_str());
        let endings: &[&str] = match kind {
            "counter" => &["_total"],
            "histogram" => &["_bucket", "_sum", "_count"],
            "gauge" => &[""],
            other => panic!("{name} is a {other}"),
        };
        samples.extend(endings.iter().map(|ending| format!("{name}{ending}")));
    }
    assert!(samples.len() > 20, "{samples:?}");
    samples
}

/// Words of a text that begin so.
fn words<'t>(text: &'t str, prefix: &str) -> BTreeSet<&'t str> {
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    text.split(|letter| !is_word(letter)).filter(|word| word.starts_with(prefix)).collect()
}

#[test]
fn every_metric_that_is_asked_for_exists() {
    let samples = samples();
    let unknown = |text: &str| -> Vec<String> {
        words(text, "helan_").into_iter().filter(|word| !samples.contains(*word)).map(str::to_owned).collect()
    };
    for file in ["deploy/prometheus/alerts.yaml", "deploy/prometheus/alerts.test.yaml", "deploy/grafana/helan.json"] {
        let text = read(file);
        assert!(words(&text, "helan_").len() > 3, "{file} asks for nothing");
        assert_eq!(unknown(&text), Vec::<String>::new(), "{file}");
    }
    // The rule finds a slip, and a counter without its ending.
    assert_eq!(unknown("rate(helan_ingest_event_total[5m])"), ["helan_ingest_event_total"]);
    assert_eq!(unknown("rate(helan_ingest_events[5m])"), ["helan_ingest_events"]);
}

#[test]
fn every_alert_is_explained_and_every_explanation_has_its_alert() {
    let alerts = read("deploy/prometheus/alerts.yaml");
    let alerts: BTreeSet<&str> = alerts.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    let page = read("deploy/README.md");
    let explained: BTreeSet<&str> =
        page.lines().filter_map(|line| line.strip_prefix("| `Helan")?.split_once('`').map(|(name, _)| name)).collect();
    let named: BTreeSet<&str> = alerts.iter().map(|alert| alert.strip_prefix("Helan").expect(alert)).collect();
    assert_eq!(named, explained);
    let tested = read("deploy/prometheus/alerts.test.yaml");
    let fires = |alert: &str| {
        // What follows the name up to the next case: an alert that is expected has labels.
        let begins = format!("alertname: {alert}\n");
        let mut cases = tested.split(&begins).skip(1).filter_map(|case| case.split("alertname: ").next());
        cases.any(|case| case.contains("exp_labels: "))
    };
    let untested: Vec<_> = alerts.iter().filter(|alert| !fires(alert)).collect();
    assert!(untested.is_empty(), "no case of alerts.test.yaml in which it fires: {untested:?}");
}

/// What a listener counts of its connections is shown beside that of every other.
#[test]
fn the_connections_of_every_listener_are_in_a_panel() {
    let dashboard = read("deploy/grafana/helan.json");
    let shown = words(&dashboard, "helan_");
    let samples = samples();
    let of_connections: Vec<_> =
        samples.iter().filter(|sample| sample.contains("_connections") || sample.contains("_handshakes")).collect();
    assert!(of_connections.len() > 5, "{of_connections:?}");
    let missing: Vec<_> = of_connections.into_iter().filter(|sample| !shown.contains(sample.as_str())).collect();
    assert!(missing.is_empty(), "no panel of helan.json shows {missing:?}");
}

#[test]
fn every_setting_that_is_set_exists() {
    let mut environment = BTreeSet::new();
    let mut keys = BTreeMap::new();
    for row in table("services/helan/SETTINGS.md") {
        keys.insert(row[1].clone(), row[2].clone());
        environment.insert(row[3].clone());
    }
    assert!(keys.contains_key("data_dir") && environment.contains("HELAN_CONFIG"), "{keys:?}");
    for file in tracked(&[""]).into_iter().filter(|file| file.starts_with("deploy")) {
        let Ok(text) = std::fs::read_to_string(root().join(&file)) else { continue };
        for variable in words(&text, "HELAN_") {
            assert!(environment.contains(variable), "{}: there is no {variable}", file.display());
        }
        if !file.ends_with("helan.toml") && !file.ends_with("settings.yaml") {
            continue;
        }
        let keyed = text.lines().filter_map(|line| line.trim().split_once(" = "));
        for (key, _) in keyed.filter(|(key, _)| !key.starts_with('#')) {
            assert!(keys.contains_key(key), "{}: there is no setting {key}", file.display());
        }
    }
}
