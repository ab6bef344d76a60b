//! What the columns of a table are called: by the field's name for machines, in Chinese or English for people.

pub use helan_runtime::lang::Lang;
use helan_schemas::codes::{self, MULTIPLIERS};
use helan_schemas::fields::FIELDS;
use helan_schemas::nearest::nearest;

/// Begins the heading of a column that is for people only.
pub(crate) const REMARK: char = '#';
/// Rows or lines in which the heading is looked for: a title may stand above it.
pub(crate) const HEADING_WITHIN: usize = 50;
/// Row of a template: column `template_row`.
pub(crate) const TEMPLATE_ROW: &str = "template_row";
/// Names that people read beside the codes. They are compared with the codes and say nothing of their own.
pub(crate) const AREA_NAME: &str = "area_name";
pub(crate) const INDICATOR_NAME: &str = "indicator_name";
pub(crate) const UNIT_NAME: &str = "unit_name";
/// What a form tells its reader and is not read again: until when, the period before, what was sent already.
pub(crate) const DUE: &str = "due";
pub(crate) const LAST_VALUE: &str = "last_value";
pub(crate) const SENT_VALUE: &str = "sent_value";

/// Columns whose values are not texts: field, heading in Chinese, heading in English.
const OTHERS: [(&str, &str, &str); 12] = [
    (AREA_NAME, "地区", "Area name"),
    (INDICATOR_NAME, "指标", "Indicator name"),
    (UNIT_NAME, "计量单位", "Unit name"),
    ("value", "数值", "Value"),
    ("unit_mult", "数量级", "Multiplier"),
    (DUE, "报送期限", "Due"),
    (LAST_VALUE, "上期数", "Last period"),
    (SENT_VALUE, "已报数", "Already sent"),
    ("source", "来源", "Source"),
    (TEMPLATE_ROW, "表内行号", "Form row"),
    ("id", "事件编号", "Event id"),
    ("type", "事件类型", "Event type"),
];

/// Field, heading in Chinese, heading in English.
pub(crate) fn headings() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let texts = FIELDS.iter().filter(|field| !field.zh.is_empty()).map(|field| (field.name, field.zh, field.en));
    OTHERS.into_iter().chain(texts)
}

/// A heading without what layout adds: stars that mark what must be filled in, colons, line breaks, spaces within a word.
fn bare(heading: &str) -> String {
    let half = |c: char| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        c => c,
    };
    let text: String = heading.chars().map(half).filter(|c| !matches!(c, '\u{200b}' | '\u{feff}')).collect();
    let text = text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '*' | ':' | '†'));
    let between = if text.is_ascii() { " " } else { "" };
    text.split_whitespace().collect::<Vec<_>>().join(between)
}

/// The field of a heading, and the language if a person's heading was used.
pub(crate) fn field_of(heading: &str) -> Option<(&'static str, Option<Lang>)> {
    let heading = bare(heading);
    let exact = headings().find(|(field, ..)| heading == *field).map(|(field, ..)| (field, None));
    exact.or_else(|| {
        headings().find_map(|(field, zh, en)| match heading.as_str() {
            heading if heading == zh => Some((field, Some(Lang::Zh))),
            heading if heading.eq_ignore_ascii_case(en) => Some((field, Some(Lang::En))),
            heading if heading.eq_ignore_ascii_case(field) => Some((field, None)),
            _ => None,
        })
    })
}

/// The heading that was most likely meant by one that is not known.
pub(crate) fn meant(heading: &str) -> Option<&'static str> {
    let names = || headings().flat_map(|(field, zh, en)| [field, zh, en]);
    let heading = bare(heading);
    // What stands in brackets may be a unit: it has a column of its own.
    let before = heading.split(['(', '[', '【']).next().unwrap_or_default();
    let known = field_of(before).and_then(|_| names().find(|name| name.eq_ignore_ascii_case(before)));
    known.or_else(|| nearest(&heading, names()))
}

/// What people call a field.
pub(crate) fn heading_of(field: &str, lang: Lang) -> Option<&'static str> {
    headings().find(|(name, ..)| *name == field).map(|(_, zh, en)| lang.pick(zh, en))
}

/// What a drop-down list shows after a code.
const VINTAGE_NAMES: [(&str, &str, &str); 5] = [
    ("estimated", "估计数", "estimate"),
    ("preliminary", "初步数", "first release"),
    ("revised", "修订数", "revised"),
    ("final", "最终数", "final"),
    ("census-revised", "普查修订数", "revised after a census"),
];

/// A power of ten as the drop-down list has it; other powers as numbers.
pub(crate) fn multiplier(power: i32, lang: Lang) -> String {
    let known = MULTIPLIERS.iter().find(|(exponent, ..)| *exponent == power);
    known.map_or_else(|| power.to_string(), |(_, zh, en)| lang.pick(zh, en).to_owned())
}

/// Whether a unit that people read beside a value is the one that counts: the indicator's unit (its code, Chinese, English),
/// by itself or behind the row's multiplier (`亿元` at 8, `million yuan` at 6); of yes and no, the two words.
pub(crate) fn is_unit(name: &str, scale: i32, units: &[&str; 3]) -> bool {
    let name = name.trim();
    let same = |one: &str, other: &str| one.trim().eq_ignore_ascii_case(other);
    let is_of = |name: &str| units.iter().any(|unit| same(name, unit));
    let powers = MULTIPLIERS.iter().filter(|(power, ..)| *power == scale && *power != 0);
    let behind = |(_, zh, en): &(i32, &str, &str)| {
        name.strip_prefix(zh).is_some_and(|unit| same(unit, units[1]))
            || name.split_at_checked(en.len()).is_some_and(|(power, unit)| same(power, en) && is_of(unit))
    };
    is_of(name)
        || powers.into_iter().any(behind)
        || [Lang::Zh, Lang::En].iter().any(|lang| same(name, &yes_and_no(*lang).join("/")))
}

/// Yes and no as a form has them: value, Chinese, English.
const YES_AND_NO: [(&str, &str, &str); 2] = [("1", "是", "yes"), ("0", "否", "no")];

/// The entries of a list for yes or no.
pub(crate) fn yes_and_no(lang: Lang) -> [&'static str; 2] {
    YES_AND_NO.map(|(_, zh, en)| lang.pick(zh, en))
}

/// The value behind yes or no, as people choose it or a cell holds it; any other text is returned as it is.
pub(crate) fn yes_or_no(text: &str) -> &str {
    let known = YES_AND_NO.iter().find(|(_, zh, en)| text == *zh || text.eq_ignore_ascii_case(en));
    match text {
        "√" | "✓" | "✔" => "1",
        "×" | "✗" | "✘" => "0",
        _ if ["true", "y"].iter().any(|yes| text.eq_ignore_ascii_case(yes)) => "1",
        _ if ["false", "n"].iter().any(|no| text.eq_ignore_ascii_case(no)) => "0",
        _ => known.map_or(text, |(value, ..)| value),
    }
}

/// The entries of a field's drop-down list, as cells hold them; none for a field without one.
pub(crate) fn choices(field: &str, lang: Lang, may_estimate: bool) -> Vec<String> {
    let named = |names: &[(&str, &str, &str)]| {
        let allowed = names.iter().filter(|(code, ..)| may_estimate || !codes::is_estimate(code));
        allowed.map(|(code, zh, en)| format!("{code} {}", lang.pick(zh, en))).collect()
    };
    match field {
        "unit_mult" => MULTIPLIERS.iter().map(|(_, zh, en)| lang.pick(zh, en).to_owned()).collect(),
        "vintage" => named(&VINTAGE_NAMES),
        "obs_status" => named(&codes::OBS_STATUS_NAMES),
        "conf_status" => codes::CONF_STATUSES.iter().map(|code| (*code).to_owned()).collect(),
        _ => Vec::new(),
    }
}

/// The code behind an entry of a drop-down list; any other text is returned as it is.
pub(crate) fn choice(field: &str, text: String) -> String {
    if field == "unit_mult" {
        let known = MULTIPLIERS.iter().find(|(_, zh, en)| text == *zh || text.eq_ignore_ascii_case(en));
        return known.map_or(text, |(exponent, ..)| exponent.to_string());
    }
    let names: &[(&str, &str, &str)] = match field {
        "vintage" => &VINTAGE_NAMES,
        "obs_status" => &codes::OBS_STATUS_NAMES,
        _ => return text,
    };
    let of = |(code, zh, en): &(&str, &str, &str)| {
        // The entry as the list has it, or its word without the code.
        let entry = text.strip_prefix(code).and_then(|rest| rest.strip_prefix(' '));
        let name = entry.unwrap_or(&text);
        name == *zh || name.eq_ignore_ascii_case(en) || zh.strip_suffix('数').is_some_and(|short| short == name)
    };
    let mut found = names.iter().filter(|row| of(row));
    match (found.next(), found.next()) {
        (Some((code, ..)), None) => (*code).to_owned(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use helan_schemas::refusal::Code;

    use super::*;

    #[test]
    fn headings_are_unique_in_every_language() {
        let mut all: Vec<_> = headings().flat_map(|(field, zh, en)| [field, zh, en]).collect();
        all.sort_unstable();
        let before = all.len();
        all.dedup();
        assert_eq!(all.len(), before);
        assert_eq!(field_of(" 数值* "), Some(("value", Some(Lang::Zh))));
        assert_eq!(field_of("area CODE"), Some(("ref_area", Some(Lang::En))));
        assert_eq!(field_of("ref_area"), Some(("ref_area", None)));
        for value in ["数 值", "*数值", "数　值：", "数\n值", "VALUE", "value *", "Value:", "＊数值"] {
            assert_eq!(field_of(value).map(|(field, _)| field), Some("value"), "{value}");
        }
        assert_eq!(field_of("UNIT_MULT"), Some(("unit_mult", None)));
        assert_eq!(field_of("#数值"), None);
        assert_eq!(meant("数值（万元）"), Some("数值"));
        assert_eq!(field_of("数"), None);
        assert_eq!(meant("ref_aera"), Some("ref_area"));
        assert_eq!(meant("time period"), Some("time_period"));
        assert_eq!(meant("地区代号"), Some("地区代码"));
        assert_eq!(meant("val"), Some("value"));
        assert_eq!(meant("colour"), None);
    }

    #[test]
    fn the_refusal_says_where_a_heading_is_looked_for() {
        for text in [Code::SheetNoHeading.meaning_zh(), Code::SheetNoHeading.meaning_en()] {
            assert!(text.contains(&format!(" {HEADING_WITHIN} ")), "{text}");
        }
    }

    #[test]
    fn every_choice_is_read_back_as_its_code() {
        for lang in [Lang::Zh, Lang::En] {
            for field in ["vintage", "obs_status", "conf_status", "unit_mult"] {
                for entry in choices(field, lang, true) {
                    let code = choice(field, entry.clone());
                    let known = match field {
                        "vintage" => codes::VINTAGES.contains(&code.as_str()),
                        "obs_status" => codes::OBS_STATUSES.contains(&code.as_str()),
                        "conf_status" => codes::CONF_STATUSES.contains(&code.as_str()),
                        _ => code.parse::<i32>().is_ok(),
                    };
                    assert!(known, "{field} {entry} {code}");
                }
            }
        }
        let codes = |may_estimate| {
            let entries = choices("obs_status", Lang::En, may_estimate).into_iter();
            entries.map(|entry| choice("obs_status", entry)).collect::<std::collections::BTreeSet<_>>()
        };
        assert_eq!(codes(true), codes::OBS_STATUSES.map(str::to_owned).into());
        assert_eq!(codes(true).difference(&codes(false)).collect::<Vec<_>>(), ["E", "F", "I"]);
        assert_eq!(choice("vintage", "final something".into()), "final something");
        for (field, word, code) in [
            ("obs_status", "缺数", "O"),
            ("obs_status", "Missing", "O"),
            ("vintage", "最终数", "final"),
            ("vintage", "最终", "final"),
            ("vintage", "普查修订数", "census-revised"),
            ("vintage", "修订", "revised"),
            ("obs_status", "缺", "O"),
            ("obs_status", "O", "O"),
            ("obs_status", "数", "数"),
        ] {
            assert_eq!(choice(field, word.into()), code, "{field} {word}");
        }
    }
}
