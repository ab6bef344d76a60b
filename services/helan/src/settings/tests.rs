//! Precedence, errors with lines, and what `--check` says.

use std::ffi::OsString;
use std::path::Path;

use clap::{Arg, ArgAction, Command};

use super::file::{Problem, SettingsFile};
use super::{Resolved, find, layer};
use crate::lang::Lang;

/// A small command line: one setting for every command, two roles that share one, a list and a secret.
fn command() -> Command {
    let listen = || Arg::new("listen").long("listen").env("TEST_LISTEN").default_value("127.0.0.1:1");
    let copies =
        Arg::new("copies").long("copies").env("TEST_COPIES").value_parser(clap::value_parser!(i32).range(1..9));
    let kind = Arg::new("kind").long("kind").env("TEST_KIND").value_parser(["city", "park"]).required(true);
    let token = Arg::new("token").long("token").env("TEST_TOKEN").hide_env_values(true);
    let also = Arg::new("also").long("also").env("TEST_ALSO").action(ArgAction::Append);
    Command::new("test")
        .arg(Arg::new("config").long("config").env("TEST_CONFIG").global(true))
        .arg(Arg::new("log_filter").long("log-filter").env("TEST_LOG_FILTER").global(true))
        .subcommand(Command::new("one").args([
            listen(),
            copies,
            kind,
            Arg::new("data_dir").long("data-dir").env("TEST_DIR"),
        ]))
        .subcommand(Command::new("two").args([listen(), token, also, Arg::new("lake").long("lake").env("TEST_LAKE")]))
}

fn parse(text: &str) -> Result<SettingsFile, Vec<Problem>> {
    SettingsFile::parse(Path::new("t.toml"), text, &command(), true, false)
}

fn check(text: &str, arguments: &[&str]) -> Resolved {
    let file = parse(text).expect("a sound file");
    let command = layer::layered(command(), Some(&file));
    let matches = command.clone().try_get_matches_from(arguments).expect("sound arguments");
    Resolved::new(&command, &matches, Some(&file))
}

fn line(resolved: &Resolved, setting: &str) -> (Option<String>, String) {
    let line = resolved.lines.iter().find(|line| line.setting == setting).expect(setting);
    (line.value.clone(), line.from.clone())
}

#[test]
fn the_flag_wins_over_the_file_and_the_file_over_the_default() {
    let text = "copies = 3\nkind = \"park\"\nlog_filter = \"debug\"\n[two]\nlisten = \"0.0.0.0:2\"\n";
    let one = check(text, &["test", "one", "--copies", "4"]);
    assert_eq!(line(&one, "copies"), (Some("4".into()), "flag --copies".into()));
    assert_eq!(line(&one, "kind"), (Some("park".into()), "t.toml:2".into()), "required, and the file has it");
    assert_eq!(line(&one, "listen"), (Some("127.0.0.1:1".into()), "default".into()), "the other command's table");
    assert_eq!(line(&one, "log_filter"), (Some("debug".into()), "t.toml:3".into()));
    assert!(one.lines.iter().all(|line| line.setting != "lake"), "another command's setting");
    let two = check(text, &["test", "two"]);
    assert_eq!(line(&two, "listen"), (Some("0.0.0.0:2".into()), "t.toml:5".into()));
    assert_eq!(line(&two, "lake"), (None, "default".into()));
    assert!(two.table(Lang::En).contains("listen      0.0.0.0:2  t.toml:5"), "{}", two.table(Lang::En));
    let [one, two] = [one, two].map(|resolved| resolved.table(Lang::Zh));
    assert!(one.contains("参数 --copies") && two.contains("t.toml:5") && two.contains("默认值\n"), "{one}{two}");
    assert!(!one.contains("flag") && !two.contains("default\n"), "{one}{two}");
}

#[test]
fn secrets_are_masked_also_within_a_url() {
    let two = check("token = \"s3cr3t\"\nlake = \"s3://key:s3cr3t@bucket/lake\"", &["test", "two"]);
    assert_eq!(line(&two, "token").0.as_deref(), Some("******"));
    assert_eq!(line(&two, "lake").0.as_deref(), Some("s3://******@bucket/lake"));
    assert!(!two.table(Lang::En).contains("s3cr3t"));

    let open = SettingsFile::parse(Path::new("t.toml"), "token = \"s3cr3t\"", &command(), true, true);
    let said = open.expect_err("others may read it")[0].to_string();
    assert!(said.contains("chmod 600") && !said.contains("s3cr3t"), "{said}");
}

#[test]
fn a_list_stands_in_brackets() {
    let two = check("also = [\"a\", \"b\"]", &["test", "two"]);
    assert_eq!(line(&two, "also").0.as_deref(), Some("a b"));
}

#[test]
fn every_problem_names_its_line_and_what_to_do() {
    let text = "copis = 3\nlisten = 8080\ncopies = \"3\"\nconfig = \"x\"\n[one]\nkind = \"town\"\ncopies = 12\n\
                lake = \"x\"\nlog_filter = \"info\"\n[twos]\nlisten = \"x\"\n";
    let said: Vec<_> = parse(text).expect_err("many problems").iter().map(ToString::to_string).collect();
    let expected = [
        "t.toml:1: copis: there is no such setting; did you mean copies?; SETTINGS.md lists them",
        "t.toml:2: listen: text in quotes is wanted, not a whole number",
        "t.toml:3: copies: a whole number without quotes is wanted, not text",
        "t.toml:4: config names this file and cannot stand in it; give --config or HELAN_CONFIG",
        "t.toml:6: kind: \"town\" cannot be used: choose from city, park",
        "t.toml:7: copies: \"12\" cannot be used: 12 is not in 1..9",
        "t.toml:8: lake: `helan one` has no such setting; it belongs to two",
        "t.toml:9: log_filter: `helan one` has no such setting; write it above the tables, it is for every command",
        "t.toml:10: [twos]: there is no command of this name; did you mean two?",
    ];
    assert_eq!(said, expected);
    let broken = parse("copies = \n").expect_err("no TOML")[0].to_string();
    assert!(broken.starts_with("t.toml:1: no TOML: "), "{broken}");
    let twice = parse("copies = 1\ncopies = 2\n").expect_err("twice")[0].to_string();
    assert!(twice.starts_with("t.toml:2: "), "{twice}");
}

#[test]
fn a_file_found_through_the_data_directory_does_not_name_another() {
    let found = SettingsFile::parse(Path::new("t.toml"), "\ndata_dir = \"x\"", &command(), false, false);
    assert_eq!(found.expect_err("circular")[0].line, Some(2));
    assert!(parse("data_dir = \"x\"").is_ok());
}

#[test]
fn the_file_is_the_named_one_else_the_data_directorys() {
    let dir = tempfile::tempdir().expect("a directory");
    let arguments = |list: &[&str]| list.iter().map(OsString::from).collect::<Vec<_>>();
    let data_dir = dir.path().to_str().expect("UTF-8").to_owned();
    let none = |_: &str| None;
    let in_dir = arguments(&["helan", "up", "--data-dir", &data_dir]);
    assert!(find(&in_dir, none).is_none(), "no such file yet");
    std::fs::write(dir.path().join(super::FILE_NAME), "").expect("written");
    assert_eq!(find(&in_dir, none).expect("found").path, dir.path().join("helan.toml"));
    let variable = |name: &str| (name == "HELAN_DATA_DIR").then(|| OsString::from(&data_dir));
    assert!(!find(&arguments(&["helan", "up"]), variable).expect("found").named);
    let named = find(&arguments(&["helan", "up", "--config=/x.toml"]), variable).expect("found");
    assert!(named.named && named.path == Path::new("/x.toml"), "named, so that a missing file is an error");
    assert!(find(&arguments(&["helan", "sql", "--", "--config", "/x"]), none).is_none());
}
