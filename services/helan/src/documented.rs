//! The pages that list settings are written from the code: this test keeps them equal. `UPDATE=1 cargo test` rewrites.

use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use clap::CommandFactory;
use helan_runtime::shutdown::Shutdown;
use helan_schemas::catalog::Catalog;

use crate::args::Cli;
use crate::settings::Setting;

/// A flag's default; where commands differ, each with its own.
fn defaults(root: &clap::Command, flag: &str) -> String {
    let of = |argument: &clap::Arg| {
        let values = argument.get_default_values().iter().map(|value| value.to_string_lossy().into_owned());
        values.collect::<Vec<_>>().join(" ")
    };
    let mut found: Vec<(String, String)> = Vec::new();
    for command in std::iter::once(root).chain(root.get_subcommands()) {
        let own = command.get_arguments();
        let own = own.filter(|argument| argument.get_long() == Some(flag) && argument.get_env().is_some());
        found.extend(own.map(|argument| (command.get_name().to_owned(), of(argument))));
    }
    match found.first() {
        Some((_, first)) if found.iter().all(|(_, default)| default == first) => first.clone(),
        _ => found.iter().map(|(name, default)| format!("{default} ({name})")).collect::<Vec<_>>().join(", "),
    }
}

/// Compares a page with what it must say, or rewrites it.
fn keep(page: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, expected).expect("the page can be written");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "{page} is out of date: run UPDATE=1 cargo test --workspace --bins documented");
}

#[test]
fn every_setting_is_on_its_page() {
    let mut command = Cli::command();
    command.build();
    let mut page = "# Settings\n\nEach can be given as a flag, as an environment variable, and in the settings file; \
                    the flag wins over the\nenvironment, the environment over the file, the file over the default. \
                    Flags of one command only, without a\nvariable, are in its `--help`.\n\n\
                    The settings file is the one that `--config` names, else `helan.toml` in the data directory, if \
                    there is one. It is\nTOML: keys above the tables are for every command, a table named after a \
                    command is for that command alone. Paths are\nrelative to the working directory, as flags are. \
                    An unknown key, a wrong type or a value that cannot be used is an error\nthat names the line.\n\n\
                    ```toml\ndata_dir = \"/var/lib/helan\"\nlog = \"kafka://kafka-1:9092,kafka-2:9092\"\n\
                    partitions = 12\n\n[ingest]\nlisten = \"0.0.0.0:8080\"\nbehind_proxy = true\n```\n\n\
                    `--check` prints every setting of a command, its value and where it comes from, and ends.\n\n\
                    | key | flag | environment | default | commands | meaning |\n|---|---|---|---|---|---|\n"
        .to_owned();
    for setting in crate::settings::all(&command).values() {
        let Setting { flag, env, commands, argument, .. } = setting;
        let default = defaults(&command, flag);
        let key = setting.key.as_ref().map(|key| format!("`{key}`")).unwrap_or_default();
        let commands = match argument.is_global_set() && commands.len() > 10 || commands.is_empty() {
            true => "every command".to_owned(),
            false => commands.join(", "),
        };
        let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
        let help = help.replace('\n', " ").replace('|', "\\|");
        let _ = writeln!(page, "| {key} | `--{flag}` | `{env}` | {default} | {commands} | {help} |");
    }
    keep("SETTINGS.md", &page);
}

#[test]
fn what_is_a_secret_is_never_shown() {
    let mut command = Cli::command();
    command.build();
    for setting in crate::settings::all(&command).values() {
        let named = ["token", "secret", "password"].iter().any(|word| setting.flag.ends_with(word));
        assert!(!named || setting.is_secret(), "--{} needs hide_env_values", setting.flag);
    }
}

/// What a process with every role writes at `/metrics`, once each of its parts has begun to count.
async fn scrape() -> String {
    let home = tempfile::tempdir().expect("a directory");
    let mut settings = crate::commands::demo::settings(home.path()).expect("settings");
    settings.roles.maintain_every = Some(std::time::Duration::from_secs(3600));
    let shutdown = Shutdown::new();
    let running = crate::serve::start(settings, Arc::new(Catalog::embedded()), shutdown.clone());
    let running = running.await.expect("the roles start");
    let metrics = running.metrics.clone();
    crate::schedule::Counters::register(&metrics);
    for _ in 0..200 {
        if metrics.encode().contains("helan_aggregator_lag_records{") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    shutdown.trigger();
    running.finished().await.expect("the roles end well");
    metrics.encode()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_metric_is_on_its_page() {
    let text = scrape().await;
    let mut page = "# Metrics\n\nWhat `/metrics` writes, as OpenMetrics text; a counter's samples end in `_total`.\n\
                    `/metrics` needs an operator's credential (`helan credential add --role operator`), except at the \
                    address that\n`--metrics-listen` names. Names only grow. Dashboard and alerts are in \
                    [deploy](../../deploy/README.md).\n\n\
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
fn every_field_of_logs_is_on_its_page() {
    let mut page = "# Logs\n\nServices write to standard error: one readable line an event on a terminal, one JSON object \
                    an event elsewhere\n(`--log-format`). `--log-filter` says which: `info` unless told otherwise, \
                    `helan_aggregator=debug,info` adds every commit,\n`helan=debug,info` every request. Events within a \
                    request carry its span, `request`, with method and path.\n\n\
                    Spans of each stage (`judge`, `append`, `flush`, `commit`, `query`, `plan`, `view`, `rollup`, \
                    `answer`, `publish`, `maintenance` …) are at\n`debug`. A build with the feature `otel` sends them to a \
                    collector, see [deploy](../../deploy/README.md#traces).\n\nNames of fields, the same everywhere:\n\n\
                    | field | holds |\n|---|---|\n"
        .to_owned();
    for (field, meaning) in helan_runtime::telemetry::FIELDS {
        let _ = writeln!(page, "| `{field}` | {meaning} |");
    }
    keep("LOGS.md", &page);
}

#[test]
fn the_command_line_is_sound() {
    Cli::command().debug_assert();
}
