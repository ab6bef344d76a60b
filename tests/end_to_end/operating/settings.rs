//! Settings by flag, environment and file, as `--check` of the real binary tells them.

use std::process::Command;

use crate::harness::{HELAN, printed_by};

fn helan(arguments: &[&str]) -> Command {
    let mut command = Command::new(HELAN);
    command.args(arguments).env_clear().env("LC_ALL", "C.UTF-8");
    command
}

/// The value and the origin of a setting.
fn line(text: &str, setting: &str) -> (String, String) {
    let line = text.lines().find(|line| line.split_whitespace().next() == Some(setting)).expect(setting);
    let rest = line[setting.len()..].trim();
    let (value, from) = rest.split_once("  ").expect("a value and where it comes from");
    (value.trim().to_owned(), from.trim().to_owned())
}

#[test]
fn the_file_is_read_and_flag_and_environment_win() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("helan.toml");
    std::fs::write(
        &file,
        "partitions = 12\nflush_age = \"3s\"\nlisten = \"127.0.0.1:7\"\n[ingest]\nreporters = \"park\"\n",
    )
    .expect("written");
    let data_dir = dir.path().to_str().expect("UTF-8");
    let mut command = helan(&["up", "--check", "--data-dir", data_dir, "--flush-age", "4s"]);
    let text = printed_by(command.env("HELAN_LISTEN", "127.0.0.1:8"));
    assert_eq!(line(&text, "partitions"), ("12".into(), format!("{}:1", file.display())));
    assert_eq!(line(&text, "flush_age"), ("4s".into(), "flag --flush-age".into()));
    assert_eq!(line(&text, "listen"), ("127.0.0.1:8".into(), "environment HELAN_LISTEN".into()));
    assert_eq!(line(&text, "replication"), ("1".into(), "default".into()));
    assert!(text.contains(&format!("embedded://{data_dir}/log")), "{text}");
    assert_eq!(std::fs::read_dir(dir.path()).expect("readable").count(), 1, "--check makes nothing");

    // The file has what the command line would have to have.
    let output = helan(&["ingest", "--check", "--config", file.to_str().expect("UTF-8")]).output().expect("helan runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert_eq!(line(&text, "reporters"), ("park".into(), format!("{}:5", file.display())));
}

#[test]
fn a_wrong_file_ends_it_with_every_line_named() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("x.toml");
    std::fs::write(&file, "partitons = 4\nlisten = 8080\n").expect("written");
    let output = helan(&["up", "--config", file.to_str().expect("UTF-8")]).output().expect("helan runs");
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("x.toml:1: partitons: there is no such setting; did you mean partitions?"), "{said}");
    assert!(said.contains("x.toml:2: listen: text in quotes is wanted"), "{said}");
    let output = helan(&["up", "--config", "/nonexistent.toml"]).output().expect("helan runs");
    assert_eq!(output.status.code(), Some(2), "a named file must be there");
}

/// As with `| head` and `2>&1 | head`: a command whose output is no longer read ends without an error.
#[test]
fn a_reader_that_goes_away_ends_a_command_quietly() {
    let dir = tempfile::tempdir().expect("a directory");
    let data_dir = dir.path().to_str().expect("UTF-8");
    let closed = || {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        writer
    };
    for arguments in [
        &["up", "--check"][..],
        &["credential", "add", "--role", "analyst"],
        &["credential", "list"],
        &["catalog", "check", "--help"],
        &["sql", "--tables"],
        &["sql", "--describe", "events"],
        &["doctor", "--help"],
    ] {
        let output = helan(arguments).args(["--data-dir", data_dir]).stdout(closed()).output().expect("helan runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && !said.contains("panicked"), "{arguments:?}: {} {said}", output.status);
        let mut both = helan(arguments);
        let status =
            both.args(["--data-dir", data_dir]).stdout(closed()).stderr(closed()).status().expect("helan runs");
        assert!(status.success(), "{arguments:?}, both closed: {status}");
    }
    // What fails says so by its exit code, also where nobody reads why; 101 is a panic.
    for arguments in
        [&["rollup"][..], &["explain", "latest", "640000", "gdp", "2018"], &["sql", "selec"], &["nonsense"]]
    {
        let status = helan(arguments).stdout(closed()).stderr(closed()).current_dir(&dir).status().expect("helan runs");
        assert!(matches!(status.code(), Some(1 | 2)), "{arguments:?}: {status}");
    }
    let output = helan(&["completion", "bash"]).stdout(closed()).output().expect("helan runs");
    assert!(output.status.success(), "{output:?}");
}

/// What can be asked is told before there is a lake.
#[test]
fn tables_are_listed_before_there_is_a_lake() {
    let dir = tempfile::tempdir().expect("a directory");
    let data_dir = dir.path().to_str().expect("UTF-8");
    for (arguments, expected) in
        [(&["sql", "--tables"][..], "quota_fulfilment"), (&["sql", "--describe", "events"], "ref_area")]
    {
        let text = printed_by(helan(arguments).args(["--data-dir", data_dir]));
        assert!(text.contains(expected), "{text}");
    }
    let output = helan(&["sql", "select 1", "--data-dir", data_dir]).output().expect("helan runs");
    assert!(!output.status.success(), "a question needs a lake");
    assert_eq!(std::fs::read_dir(&dir).expect("readable").count(), 0, "nothing was made");
}
