//! The pages that list settings are written from the code: this test keeps them equal. `UPDATE=1 cargo test` rewrites.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use clap::CommandFactory;
use helan_runtime::clock::Clock;
use helan_runtime::credentials::Credentials;
use helan_runtime::metrics::Metrics;
use helan_schemas::catalog::Catalog;

use crate::args::Cli;

/// Compares a page with what it must say, or rewrites it.
fn keep(page: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, expected).expect("the page can be written");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "{page} is out of date: run UPDATE=1 cargo test -p helan documented");
}

#[test]
fn every_setting_is_on_its_page() {
    let mut settings: BTreeMap<String, (String, String, String, Vec<String>)> = BTreeMap::new();
    let mut command = Cli::command();
    command.build();
    for role in command.get_subcommands().flat_map(|role| std::iter::once(role).chain(role.get_subcommands())) {
        for argument in role.get_arguments() {
            let (Some(flag), Some(env)) = (argument.get_long(), argument.get_env()) else { continue };
            let default: Vec<_> = argument.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
            let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
            let entry = settings.entry(flag.to_owned());
            let setting = entry.or_insert_with(|| (env.to_string_lossy().into(), default.join(" "), help, Vec::new()));
            if argument.is_global_set() {
                setting.3 = vec!["every command".to_owned()];
            } else {
                setting.3.push(role.get_name().to_owned());
            }
        }
    }
    let mut page =
        "# Settings\n\nEvery flag that has an environment variable; the flag wins. `--check` of a role prints what \
                    they resolve to.\nFlags of one command only are in its `--help`.\n\n\
                    | flag | environment | default | commands | meaning |\n|---|---|---|---|---|\n"
            .to_owned();
    for (flag, (env, default, help, commands)) in settings {
        let help = help.replace('\n', " ").replace('|', "\\|");
        let _ = writeln!(page, "| `--{flag}` | `{env}` | {default} | {} | {help} |", commands.join(", "));
    }
    keep("SETTINGS.md", &page);
}

#[tokio::test]
async fn every_metric_is_on_its_page() {
    let metrics = Metrics::default();
    helan_aggregator::Counters::register(&metrics);
    let log = helan_log::open("memory:", helan_log::OpenOptions::writing()).await.expect("a log in memory");
    let _router = helan_ingest::reports(helan_ingest::Ingest {
        log,
        catalog: std::sync::Arc::new(Catalog::embedded()),
        credentials: Credentials::open("/nonexistent"),
        kinds: Vec::new(),
        clock: Clock::system(),
        limits: helan_ingest::Limits::default(),
        metrics: metrics.clone(),
        status_base: String::new(),
    });
    let text = metrics.encode();
    let mut page = "# Metrics\n\nWhat `/metrics` writes, as OpenMetrics text; a counter's samples end in `_total`.\n\n\
                    | metric | kind | meaning |\n|---|---|---|\n"
        .to_owned();
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines().filter_map(|line| line.strip_prefix("# HELP ")) {
        let (name, help) = line.split_once(' ').expect("a metric has a meaning");
        let kind =
            text.lines().find_map(|line| line.strip_prefix(&format!("# TYPE {name} "))).expect("a metric has a kind");
        assert!(name.starts_with("helan_"), "{name}");
        lines.push(format!("| `{name}` | {kind} | {help} |\n"));
    }
    assert!(lines.len() > 10, "{text}");
    lines.sort();
    page.extend(lines);
    keep("METRICS.md", &page);
}

#[test]
fn the_command_line_is_sound() {
    Cli::command().debug_assert();
}
