//! README's first command.

use std::process::Command;

use crate::harness::{HELAN, text_of};

#[test]
fn demo_ends_with_the_quota_table_in_both_languages() {
    for (lang, verdict, headline) in [("en", "missed", "1.2985"), ("zh", "未达到", "1.2985")] {
        let arguments = ["demo", "--lang", lang];
        let output = Command::new(HELAN).args(arguments).output().expect("helan runs");
        let text = text_of(&output, &arguments);
        for expected in ["T044", verdict, headline] {
            assert!(text.contains(expected), "{expected} is missing in:\n{text}");
        }
        let widest = text.lines().map(width).max().expect("lines");
        assert!(widest <= 100, "{widest} columns:\n{text}");
    }
}

/// Columns on a terminal: wide characters take two.
fn width(line: &str) -> usize {
    line.chars().map(|c| if matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}') { 2 } else { 1 }).sum()
}
