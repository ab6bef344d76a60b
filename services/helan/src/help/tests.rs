//! Every text of the command line has a Chinese one, and none is left over.

use std::collections::BTreeSet;

use clap::{Command, CommandFactory};
use helan_schemas::digest::sha256_hex;
use unicode_width::UnicodeWidthStr;

use super::{WORDS, command, translated, wrap, wrong};
use crate::args::Cli;

/// Every command with its words, the program's own first.
fn commands(root: &Command) -> Vec<(String, Command)> {
    let mut found = vec![(String::new(), root.clone())];
    for inner in root.get_subcommands() {
        for (path, command) in commands(inner) {
            found.push((format!("{} {path}", inner.get_name()).trim_end().to_owned(), command));
        }
    }
    found
}

/// Every English text that a reader meets in `--help`.
fn texts() -> BTreeSet<String> {
    let mut texts = BTreeSet::new();
    for (_, command) in commands(&Cli::command()) {
        texts.extend(command.get_about().map(ToString::to_string));
        texts.extend(command.get_long_about().map(ToString::to_string));
        for argument in command.get_arguments() {
            let name = argument.get_id();
            let help = argument.get_help().unwrap_or_else(|| panic!("{} {name} has no help", command.get_name()));
            texts.insert(help.to_string());
            texts.extend(argument.get_long_help().map(ToString::to_string));
            texts.extend(argument.get_help_heading().map(str::to_owned));
            let values = argument.get_possible_values();
            texts.extend(values.iter().filter_map(|value| value.get_help()).map(ToString::to_string));
        }
    }
    texts
}

#[test]
fn every_text_has_a_chinese_one_and_none_is_left_over() {
    let texts = texts();
    let missing: Vec<_> = texts.iter().filter(|text| !WORDS.texts.contains_key(*text)).collect();
    assert!(missing.is_empty(), "without a line in zh.toml: {missing:#?}");
    let orphans: Vec<_> = WORDS.texts.keys().filter(|text| !texts.contains(*text)).collect();
    assert!(orphans.is_empty(), "in zh.toml, but not on the command line any more: {orphans:#?}");
}

#[test]
fn what_stands_below_the_options_has_a_chinese_text_with_the_same_commands() {
    let (mut known, mut changed) = (BTreeSet::new(), String::new());
    for (path, command) in commands(&Cli::command()) {
        let Some(after) = command.get_after_help().map(ToString::to_string) else { continue };
        let zh = WORDS.after.get(&path).unwrap_or_else(|| panic!("zh.toml has no [after] for {path:?}"));
        for line in after.lines().filter(|line| line.starts_with("  ") && line.contains("helan ")) {
            // What stands behind the command explains it, and a reason is a text of its own.
            let line = line.trim().split("  ").next().unwrap_or_default();
            let line = line.split(" --why ").next().unwrap_or_default();
            assert!(zh.contains(line), "{path:?} lacks {line:?}");
        }
        let of = sha256_hex(&[after.as_bytes()])[..8].to_owned();
        if WORDS.after_of.get(&path) != Some(&of) {
            changed.push_str(&format!("{path:?} = {of:?}\n"));
        }
        known.insert(path);
    }
    assert!(
        changed.is_empty(),
        "the English has changed; look at the Chinese, then write under [after_of]:\n{changed}"
    );
    let orphans: Vec<_> = WORDS.after.keys().filter(|path| !known.contains(*path)).collect();
    assert!(orphans.is_empty(), "{orphans:?}");
}

#[test]
fn the_page_speaks_chinese_alone() {
    for (path, _) in commands(&Cli::command()) {
        for flag in ["-h", "--help"] {
            let words = ["helan"].into_iter().chain(path.split(' ').filter(|word| !word.is_empty())).chain([flag]);
            let root = command(Cli::command(), "");
            let Err(help) = root.try_get_matches_from(words) else { panic!("{path}: help is an answer") };
            let page = translated(&help.to_string());
            for line in page.lines().filter(|line| !line.contains("helan ")) {
                let english = line.split(|c: char| !c.is_ascii_alphabetic() && c != ' ').any(|run| {
                    run.split(' ').filter(|word| word.len() > 1 && word.chars().all(|c| c.is_ascii_lowercase())).count()
                        > 2
                });
                assert!(!english, "{path} {flag}: {line}");
            }
            assert!(page.contains("用法："), "{page}");
        }
    }
}

#[test]
fn errors_of_the_command_line_are_told_in_chinese() {
    let told = |words: &[&str]| {
        let root = command(Cli::command(), "");
        let error = root.try_get_matches_from(words).expect_err("it is wrong");
        wrong::told(&error)
    };
    for (words, expected) in [
        (&["helan", "sql", "--asof", "2019"][..], "没有选项“--asof”"),
        (&["helan", "sgl"][..], "没有子命令“sgl”"),
        (&["helan", "sql", "-f", "xml"][..], "无效；可选：table、csv、json、parquet"),
        (&["helan", "up", "--flush-age", "soon"][..], "时长写法如 30s、10m、24h、30d"),
        (&["helan", "export", "latest"][..], "缺少必填参数：--format <FORMAT>"),
        (&["helan", "sql", "--tables", "select 1"][..], "合用"),
        (&["helan", "rollup", "--compare", "a"][..], "须写 2 个值，写了 1 个"),
    ] {
        let text = told(words);
        assert!(text.contains(expected), "{words:?}: {text}");
        assert!(text.starts_with("错误：") && !text.contains("error"), "{text}");
    }
}

#[test]
fn lines_break_behind_wide_characters_and_never_before_a_mark() {
    let text = "数据湖的 URL；默认为数据目录中的 `lake`。下一句很长，很长（也许）很长。";
    for columns in [12, 20, 31] {
        let wrapped = wrap(text, columns);
        assert!(wrapped.lines().all(|line| line.width() <= columns), "{wrapped}");
        assert!(wrapped.lines().all(|line| !line.starts_with(['，', '。', '；', '）'])), "{wrapped}");
        assert!(wrapped.contains("`lake`"), "{wrapped}");
        let joined: String = wrapped.lines().collect();
        assert_eq!(joined.replace(' ', ""), text.replace(' ', ""));
    }
}
