//! What a Chinese reader meets first: help, a wrong command line, errors, a token.

use std::process::{Command, Output};

use crate::harness::HELAN;

fn helan(arguments: &[&str], variables: &[(&str, &str)]) -> (Option<i32>, String, String) {
    let mut command = Command::new(HELAN);
    command.args(arguments).env_remove("HELAN_LANG").envs(variables.iter().copied());
    let Output { status, stdout, stderr } = command.output().expect("helan runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (status.code(), text(stdout), text(stderr))
}

#[test]
fn help_and_errors_speak_chinese_by_flag_variable_and_locale() {
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path().display().to_string();
    for (arguments, variables) in [
        (vec!["sql", "--help", "--lang", "zh"], vec![]),
        (vec!["--lang=zh", "sql", "--help"], vec![]),
        (vec!["sql", "--help"], vec![("HELAN_LANG", "zh")]),
        (vec!["sql", "--help"], vec![("LC_ALL", "zh_CN.UTF-8")]),
    ] {
        let (code, told, _) = helan(&arguments, &variables);
        assert_eq!(code, Some(0), "{arguments:?}");
        assert!(told.contains("用法：") && told.contains("示例：") && !told.contains("Usage"), "{told}");
    }
    let (_, english, _) = helan(&["sql", "--help"], &[("LC_ALL", "C")]);
    assert!(english.contains("Usage:") && !english.contains("用法"), "{english}");

    let zh = [("HELAN_LANG", "zh")];
    let (code, _, told) = helan(&["sql", "--asof", "2019"], &zh);
    assert_eq!(code, Some(2));
    assert!(told.contains("没有选项“--asof”") && told.contains("--as-of"), "{told}");
    let (code, _, told) = helan(&["sql", "--data-dir", &data, "select 1"], &zh);
    assert_eq!(code, Some(1));
    assert!(told.contains("没有数据湖") && !told.contains("there is"), "{told}");
    let (code, token, told) =
        helan(&["credential", "add", "--data-dir", &data, "--role", "analyst", "--id", "ana"], &zh);
    assert_eq!(code, Some(0));
    assert!(token.starts_with("helan_ana_") && told.contains("访问令牌只显示这一次"), "{told}");

    // The settings file says it too, and a flag wins over it.
    std::fs::write(dir.path().join("helan.toml"), "lang = \"zh\"\n").expect("written");
    let (_, told, _) = helan(&["sql", "--data-dir", &data, "--help"], &[("LC_ALL", "C")]);
    assert!(told.contains("用法："), "{told}");
    let (_, told, _) = helan(&["sql", "--data-dir", &data, "--help", "--lang", "en"], &[]);
    assert!(told.contains("Usage:"), "{told}");
}

#[test]
fn a_catalogs_problems_are_told_in_chinese() {
    let dir = tempfile::tempdir().expect("a directory");
    let folder = dir.path().join("mine").display().to_string();
    let zh = [("HELAN_LANG", "zh")];
    let (code, ..) = helan(&["catalog", "export", &folder], &zh);
    assert_eq!(code, Some(0));
    std::fs::write(dir.path().join("mine/notes.csv"), "a,b\n").expect("written");
    let (code, _, told) = helan(&["catalog", "check", &folder], &zh);
    assert_eq!(code, Some(1));
    for expected in ["有 1 处问题", "notes.csv：不是指标目录的文件", "原因：其内容会被忽略", "改法：请移到别处"]
    {
        assert!(told.contains(expected), "{expected}: {told}");
    }
}
