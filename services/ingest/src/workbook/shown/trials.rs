//! Formats × values: a table of what people use, and properties over formats that are put together.

use proptest::prelude::*;

use super::*;

fn shows(code: &str, value: &str) -> Shown {
    NumberFormat::parse(code).number(&Parts::of(value).expect("a number"), true)
}

/// What is told of a number: `=` the number, `~` with fewer digits, `!` something else, `_` nothing, `d` a date; behind it
/// what is shown.
fn told(code: &str, value: &str) -> String {
    match shows(code, value) {
        Shown::Number { text, shorter: false, .. } => format!("={text}"),
        Shown::Number { text, shorter: true, .. } => format!("~{text}"),
        Shown::Date { whole: true } => "D".to_owned(),
        Shown::Date { whole: false } => "d".to_owned(),
        Shown::Other(text) => format!("!{text}"),
        Shown::Nothing => "_".to_owned(),
    }
}

#[test]
fn shows_what_a_spreadsheet_shows() {
    let mut wrong = Vec::new();
    for (code, value, expected) in [
        ("General", "455792.5", "=455792.5"),
        ("General", "-5", "=-5"),
        ("G/通用格式\"元\"", "5", "=5元"),
        ("0", "45.6", "!46"),
        ("0", "123.4", "~123"),
        ("0.0", "1.2984", "!1.3"),
        ("0.00", "1.2984", "~1.30"),
        ("0;0", "145.6", "~146"),
        ("0;0", "-45.6", "!46"),
        ("0.00", "45.6", "=45.60"),
        ("#,##0.00", "1234567.891", "~1,234,567.89"),
        ("#,##0.00_);[Red](#,##0.00)", "-1234.5", "=(1,234.50)"),
        ("#,##0;△ #,##0", "-1234", "=△ 1,234"),
        ("0.00;[Red]0.00", "-12", "!12.00"),
        ("-0", "5", "!-5"),
        ("(0)", "5", "!(5)"),
        ("+0;-0", "5", "=+5"),
        ("0,000", "42", "=0,042"),
        ("# ##0.0", "1234567", "!1234 567.0"),
        ("#\\ ##0.0", "12345", "=12 345.0"),
        ("00", "1", "=01"),
        ("000000", "640100", "=640100"),
        ("#", "0", "_"),
        ("#.##", "0", "!."),
        ("0", "0.4", "!0"),
        ("0.0", "0.04", "!0.0"),
        ("0", "999999.5", "~1000000"),
        (".00", "0.5", "=.50"),
        ("?0.0?", "1.5", "=1.5"),
        // Scales.
        ("0.0%", "0.42", "!42.0%"),
        ("0%", "0", "=0%"),
        ("0.0%%", "0.5", "!5000.0%%"),
        ("#,##0,", "455792", "!456"),
        ("0.0,,", "455792500", "!455.8"),
        ("0,.0", "455792", "!455.8"),
        ("0!.0,\"万\"", "455792.5", "!45.6万"),
        ("0!.0000", "12345", "!1.2345"),
        ("0\".\"0000", "12345", "!1.2345"),
        ("00\\.00", "1234", "!12.34"),
        // Literals.
        (";;;", "45.6", "_"),
        ("\"x\"", "45.6", "!x"),
        ("\"\"", "45.6", "_"),
        ("0\"/10\"", "45", "!45/10"),
        ("\"10 x \"0", "45", "!10 x 45"),
        ("\"0.\"0", "45", "!0.45"),
        ("0\"5\"", "42", "!425"),
        ("0.00\" x 10³\"", "4.5", "!4.50 x 10³"),
        ("000-00", "12345", "!123-45"),
        ("0.0_万", "4.5", "=4.5"),
        ("* 0", "45", "=45"),
        ("*-0", "45", "!-45"),
        ("0*0", "45", "!450"),
        ("[$€-407]#,##0", "1234", "=€1,234"),
        ("[$万-804]0.0", "4.5", "=万4.5"),
        ("0@", "45", "!0@"),
        ("0.0.0", "45", "!0.0.0"),
        ("[DBNum1][$-804]General", "45", "![DBNum1][$-804]General"),
        ("[White]0", "45", "_"),
        ("[Red]0", "45", "=45"),
        ("[Color10]0", "45", "=45"),
        // Sections.
        ("[=0]\"-\";0.0%", "455792.5", "!45579250.0%"),
        ("[=0]\"-\";0.0", "0", "!-"),
        ("[=0]\"-\";0.0", "7", "=7.0"),
        ("[>1000000]0.0;0.0%", "455792.5", "!45579250.0%"),
        ("[>1000000]0.0;0.0%", "2000000", "=2000000.0"),
        ("[<10000]0;[<100000000]0!.0,\"万\";0!.00,,\"亿\"", "345.6", "~346"),
        ("[<10000]0;[<100000000]0!.0,\"万\";0!.00,,\"亿\"", "455792.5", "!45.6万"),
        ("[<10000]0;[<100000000]0!.0,\"万\";0!.00,,\"亿\"", "455792500", "!4.56亿"),
        ("[<10000]0;[<100000000]0.0", "1000000000", "!######## ([<10000]0;[<100000000]0.0)"),
        ("[>100]0;0.0", "-5", "!5.0"),
        ("[>100]0;[<0]-0.0;0", "-5", "=-5.0"),
        ("[>100]0;0.0;\"x\"", "5", "!x"),
        ("0.0;-0.0%", "455792.5", "=455792.5"),
        ("0.0;-0.0%", "-4", "!-400.0%"),
        ("0.0;;", "-4", "_"),
        ("0.0;-0.0;", "0", "_"),
        ("0;-0;0;@", "0", "=0"),
        ("@", "45.5", "=45.5"),
        ("@\"万\"", "45.5", "!@\"万\""),
        // Powers and fractions.
        ("0.00E+00", "455792.5", "~4.56E+05"),
        ("0.0E+0", "9.96", "!1.0E+1"),
        ("0.00E+0", "9.996", "~1.00E+1"),
        ("##0.0E+0", "455792.5", "~455.8E+3"),
        ("0.0E-0", "0.045", "=4.5E-2"),
        ("0E+0", "0", "=0E+0"),
        ("# ?/?", "45.6", "=45.6"),
        ("# ?/?", "45.61", "!# ?/?"),
        ("# ?/8", "0.125", "=0.125"),
        ("# ?/8", "0.3", "!# ?/8"),
        ("# ??/100", "7", "=7"),
        ("# ??/100", "42.25", "=42.25"),
        ("# ??/100", "42.255", "!# ??/100"),
        ("# ?/10", "4.5", "=4.5"),
        ("# ?/10", "4.25", "!# ?/10"),
        // Dates.
        ("yyyy\"年\"m\"月\"d\"日\"", "43707", "D"),
        ("[$-F800]dddd", "43707", "D"),
        ("[$-804]yyyy/m/d", "43707", "D"),
        ("e/m/d", "43707", "D"),
        ("[$-404]yyyy/m/d", "43707", "D"),
        ("d.m.yyyy", "43707", "D"),
        ("m/d/yyyy", "43707", "D"),
        ("yyyy d mmm", "43707", "D"),
        // The day before the month, and years of another era.
        ("yyyy-dd-mm", "43707", "d"),
        ("[$-404]e/m/d", "43707", "d"),
        ("[$-411]ggge\"年\"m\"月\"d\"日\"", "43707", "d"),
        ("[$-D07041E]yyyy-mm-dd", "43707", "d"),
        ("bbbb-mm-dd", "43707", "d"),
        ("yyyy-mm", "43707", "d"),
        ("[h]:mm", "1.5", "d"),
        ("mmm-yy", "43707", "d"),
        ("h:mm AM/PM", "0.5", "d"),
        ("上午/下午h\"时\"", "0.5", "d"),
        ("0.0 Tsd", "5", "!0.0 Tsd"),
        ("0.0 Mio", "5", "!0.0 Mio"),
        ("0.0 m", "5", "d"),
        ("0.0 [xyz]", "5", "!0.0 [xyz]"),
    ] {
        let told = told(code, value);
        if told != expected {
            wrong.push(format!("{code} of {value}: {told}, expected {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn built_in_formats_are_formats() {
    for id in 0..=58 {
        let known = NumberFormat::built_in(id);
        assert_eq!(known.is_none(), matches!(id, 23..=26), "{id}");
        let Some(format) = known else { continue };
        let told = format.number(&Parts::of("1200").expect("a number"), true);
        let expected = match id {
            9 | 10 => matches!(told, Shown::Other(_)),
            14..=22 | 27..=36 | 45..=47 | 50..=58 => matches!(told, Shown::Date { .. }),
            _ => matches!(told, Shown::Number { .. }),
        };
        assert!(expected, "{id} {told:?}");
    }
}

#[test]
fn words_say_the_unit_at_the_rows_multiplier() {
    let yuan: &[&str] = &["CNY", "元", "yuan"];
    let people: &[&str] = &["PERSON", "人", "persons"];
    for (words, scale, units, fits) in [
        (&["亿元"][..], 8, yuan, true),
        (&["亿元"], 0, yuan, false),
        (&["亿"], 8, yuan, true),
        (&["万"], 8, yuan, false),
        (&["元"], 0, yuan, true),
        (&["元"], 8, yuan, false),
        (&["¥"], 8, yuan, true),
        (&["¥", "万"], 4, yuan, true),
        (&["$"], 0, yuan, false),
        (&["€"], 0, &["CUR", "currency"], true),
        (&["万人"], 4, people, true),
        (&["人"], 0, yuan, false),
        (&["Mio"], 6, yuan, true),
        (&["Mio"], 0, yuan, false),
        (&["Tsd."], 3, yuan, true),
        (&["thousand persons"], 3, people, true),
        (&["(万元)"], 4, yuan, true),
        (&["约"], 0, yuan, false),
        (&["x"], 0, yuan, false),
        (&["万万"], 8, yuan, false),
        (&["%"], 0, &["PERCENT", "%", "%"], true),
        (&["%"], 0, yuan, false),
        (&["kg"], 0, yuan, false),
        (&["kg"], 0, &["KG", "千克", "kg"], true),
        (&["千克"], 0, &["KG", "千克", "kg"], true),
    ] {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        assert_eq!(words_fit(&words, scale, units), fits, "{words:?} {scale} {units:?}");
    }
}

#[test]
fn texts_are_shown_by_the_section_for_texts() {
    for (code, expected) in [
        ("General", "ab"),
        ("0;0;0", "ab"),
        ("\"x\"", "ab"),
        ("@", "ab"),
        (";;;", ""),
        ("0;0;0;\"x\"", "x"),
        ("0;0;0;@", "ab"),
        ("@\"万\"", "ab万"),
        ("\"64\"@", "64ab"),
        ("0;[White]@", ""),
    ] {
        assert_eq!(NumberFormat::parse(code).text("ab", true), expected, "{code}");
    }
}

/// A number of thousandths.
fn written(thousandths: i64) -> String {
    let (sign, size) = (if thousandths < 0 { "-" } else { "" }, thousandths.unsigned_abs());
    format!("{sign}{}.{:03}", size / 1000, size % 1000)
}

/// Rounds half up to a number of decimals: what is shown, in units of its last digit, and whether that is the number.
fn shown_units(thousandths: i64, percents: u32, thousands: u32, decimals: u32) -> (u128, bool) {
    let numerator = u128::from(thousandths.unsigned_abs()) * 100_u128.pow(percents) * 10_u128.pow(decimals);
    let denominator = 1000 * 1000_u128.pow(thousands);
    let units = (2 * numerator + denominator) / (2 * denominator);
    // The stored number in the same units, where it is shown as it is.
    let scaled = u128::from(thousandths.unsigned_abs()) * 10_u128.pow(decimals);
    let own = (2 * scaled + 1000) / 2000;
    let enough = scaled == own * 1000 || units >= 100;
    (units, units == own && (units == 0) == (thousandths == 0) && enough)
}

const PLAIN: [&str; 6] = ["0", "#,##0", "#0", "000", "#,##0.0#", "?0"];
const NUMBER: [&str; 3] = ["0.00", "#,##0.000", "-0.000"];
const OTHER: [&str; 6] = ["\"x\"", "", "0%%", "0.000\"7\"", "0,,,,,,", "\"1\"0.000"];

proptest! {
    /// A format that is put together shows the number exactly where arithmetic says so.
    #[test]
    fn scales_are_seen(
        thousandths in -9_999_999_999_i64..9_999_999_999,
        whole in prop::sample::select(&["0", "#,##0", "00"][..]),
        decimals in 0_u32..4,
        thousands in 0_u32..3,
        percents in 0_u32..3,
    ) {
        let point = if decimals == 0 { "" } else { "." };
        let code = format!(
            "{whole}{point}{}{}{}",
            "0".repeat(decimals as usize), ",".repeat(thousands as usize), "%".repeat(percents as usize)
        );
        let (_, same) = shown_units(thousandths, percents, thousands, decimals);
        let told = shows(&code, &written(thousandths));
        prop_assert_eq!(matches!(told, Shown::Number { .. }), same, "{} {}: {:?}", code, thousandths, told);
    }

    /// Every value is judged by its own section.
    #[test]
    fn each_sign_has_its_section(
        sections in prop::collection::vec((any::<bool>(), 0_usize..6), 3),
        thousandths in prop_oneof![Just(0_i64), -99_999_999_i64..-1000, 1000_i64..99_999_999],
    ) {
        let codes = sections.iter().enumerate().map(|(at, (good, which))| match (good, at) {
            (true, 1) => NUMBER[2],
            (true, _) => NUMBER[which % 2],
            (false, _) => OTHER[*which],
        });
        let code = codes.collect::<Vec<_>>().join(";");
        let at = if thousandths > 0 { 0 } else if thousandths < 0 { 1 } else { 2 };
        // Scaled or drawn beside a zero there may be a zero still.
        prop_assume!(thousandths != 0 || sections[2].0 || sections[2].1 < 2);
        let told = shows(&code, &written(thousandths));
        prop_assert_eq!(matches!(told, Shown::Number { .. }), sections[at].0, "{} {}: {:?}", code, thousandths, told);
    }

    /// Conditions choose as arithmetic does.
    #[test]
    fn conditions_choose(limit in 1_i64..1_000_000, value in 1_i64..1_000_000, less in any::<bool>()) {
        let code = format!("[{}{limit}]0;0\"7\"", if less { "<" } else { ">=" });
        let told = shows(&code, &value.to_string());
        prop_assert_eq!(matches!(told, Shown::Number { .. }), (value < limit) == less, "{} {}: {:?}", code, value, told);
    }

    /// Whatever the code: what is taken for the number shows its digits and no others.
    #[test]
    fn no_code_shows_other_digits(
        code in "([0#?.,%;@E+/_*! \\-()\"\\\\x万元亿-]|\\[<9\\]|\\[Red\\]|General|yy){0,12}",
        thousandths in -9_999_999_i64..9_999_999,
    ) {
        let value = written(thousandths);
        let stored = Parts::of(&value).expect("a number");
        if let Shown::Number { digits, text, words, .. } = shows(&code, &value) {
            let shown = Parts::of(&digits).expect("digits");
            let near = Parts { negative: false, ..stored.rounded(shown.exponent) };
            prop_assert!(near.compared(&shown).is_eq(), "{} {}: {}", code, value, text);
            prop_assert!(shown.is_zero() == stored.is_zero(), "{} {}: {}", code, value, text);
            let count = |text: &str| text.chars().filter(|c| c.is_numeric()).count();
            prop_assert!(count(&text) == count(&digits) && words.iter().all(|word| count(word) == 0), "{}", text);
        }
    }

    /// Plain formats show every number but one that they cut down to zero, or to fewer than three of its digits.
    #[test]
    fn plain_formats_show_numbers(thousandths in -9_999_999_999_i64..9_999_999_999, which in 0_usize..6) {
        let decimals = if which == 4 { 2 } else { 0 };
        let (_, same) = shown_units(thousandths, 0, 0, decimals);
        let told = shows(PLAIN[which], &written(thousandths));
        prop_assert_eq!(matches!(told, Shown::Number { .. }), same, "{:?}", told);
    }
}
