//! README's first command.

use std::process::Command;

use crate::harness::{HELAN, text_of};

#[test]
fn demo_ends_with_the_quota_table_in_chinese() {
    let arguments = ["demo", "--lang", "zh"];
    let output = Command::new(HELAN).args(arguments).output().expect("helan runs");
    has_the_quota_table(&text_of(&output, &arguments), "未达到");
}

fn has_the_quota_table(said: &str, verdict: &str) {
    for expected in ["T044", verdict, "1.2985"] {
        assert!(said.contains(expected), "{expected} is missing in:\n{said}");
    }
    let widest = said.lines().map(width).max().expect("lines");
    assert!(widest <= 100, "{widest} columns:\n{said}");
}

/// Three years on the demo's own clock: what is late, revised and grown is so by the days on which it was sent.
#[test]
fn the_demo_has_growth_revisions_and_lateness_to_show() {
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path().join("data").display().to_string();
    let helan = |arguments: &[&str]| {
        let output = Command::new(HELAN).args(arguments).env("HELAN_DATA_DIR", &data).output().expect("helan runs");
        text_of(&output, arguments)
    };
    let said = helan(&["demo", "--lang", "en", "--keep", &data]);
    has_the_quota_table(&said, "missed");
    let asked =
        |query: &str| helan(&["sql", "-f", "csv", query]).lines().skip(1).map(str::to_owned).collect::<Vec<_>>();

    let late = "select on_time, late from completeness_by_reporter where reporter in ('yinchuan', 'guyuan') order by 1";
    assert_eq!(asked(late), ["2,6", "14,0"]);
    let grown = "select to_period, round(growth, 1) from changes where indicator = 'rd_expenditure' and ref_area = 640000 \
                 and is_current and to_period <> from_period and growth < 30 order by 1";
    assert_eq!(asked(grown), ["2018,17.1", "2019,19.6"]);
    let received = "select count(*) from events where recorded_at > timestamp '2022-01-01'";
    assert_eq!(asked(received), ["0"]);

    // The commands that it ends with.
    let compare = said.lines().find_map(|line| line.trim().strip_prefix("helan rollup ")).expect("a comparison");
    let arguments: Vec<_> = std::iter::once("rollup").chain(compare.split(' ')).collect();
    let compared = helan(&arguments);
    for expected in ["as known at 2019-12-31", "T044 R&D intensity", "Ningxia Hui Autonomous Region", "figures differ"]
    {
        assert!(compared.contains(expected), "{expected}: {compared}");
    }
    assert!(!compared.contains("640000"), "areas have names: {compared}");
    // A day names the publication that was current as of it.
    let by_date = |before: &str, after: &str| helan(&["rollup", "--lang", "en", "--compare", before, after]);
    let by_id: Vec<_> = compare.split(' ').skip(1).collect();
    let expected = by_date(by_id[0], by_id[1]);
    assert_eq!(by_date("2019-12-31", "latest"), expected);
    assert_eq!(by_date("2020-06-30", "2021-12-31"), expected);
    assert!(by_date("2019-12-31", "2020-06-30").contains("0 figures differ"));
    let arguments = ["explain", "--lang", "en", "2018-06-30", "640000", "rd_intensity"];
    let output = Command::new(HELAN).args(arguments).env("HELAN_DATA_DIR", &data).output().expect("helan runs");
    let refused = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(refused.contains("the first publication is as of 2019-12-31"), "{refused}");
    // A figure says how it stands; beneath one that was reported nothing is missing.
    let explained = helan(&["explain", "--lang", "en", "2019-12-31", "640000", "rd_intensity"]);
    let figure = explained.lines().find(|line| line.contains(" = 1.2301494124 %")).expect("the figure");
    assert!(figure.contains(" · reported · "), "{figure}");
    assert!(explained.contains("agrees with the published figure") && !explained.contains(" · missing"), "{explained}");
    let zh = helan(&["explain", "--lang", "zh", "2019-12-31", "640000", "rd_intensity"]);
    assert!(zh.contains(" = 1.2301494124 %") && !zh.contains("缺报"), "{zh}");
    let without = helan(&["rollup", "--period", "2019", "--lang", "en"]);
    assert!(without.contains("sets no targets for") && !without.contains("of quota"), "{without}");
}

/// Columns on a terminal: wide characters take two.
fn width(line: &str) -> usize {
    line.chars().map(|c| if matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}') { 2 } else { 1 }).sum()
}
