//! The unit that a title above the rows names, in whatever shape offices write it: `单位：万元`, `研发经费（亿元）`,
//! `Unit: million yuan`, `in 10,000 yuan`. A multiplier that is overlooked there makes every figure wrong by it.

mod plain;
mod words;

use std::collections::BTreeSet;

use self::plain::plain;
use self::words::{
    BEFORE_UNIT, COUNTED, ENDS, FOREIGN, LISTED, NAMES_UNIT, NO_UNIT, OF_A_FIGURE, OF_MEASURE, OFFICES, POWER_SIGNS,
    POWERS, SHORT_POWERS, TIMES, YUAN,
};

/// What the catalog knows of the words in a title, in the form of [`plain()`].
pub(crate) struct Known {
    /// Codes of its units and what they are called.
    units: Vec<(String, String)>,
    /// Names of areas and reporters: what stands behind `单位：` may be an office.
    names: Vec<String>,
}

impl Known {
    /// Takes units, each by code, Chinese and English, and the names of areas and reporters.
    pub(crate) fn new<'c>(units: impl Iterator<Item = [&'c str; 3]>, names: impl Iterator<Item = &'c str>) -> Self {
        let units: BTreeSet<_> = units.collect();
        let units = units.iter().flat_map(|unit| names_of(unit).map(|name| (unit[0].to_owned(), name)));
        let names = names.filter(|name| name.chars().count() > 1).map(plain);
        Self { units: units.collect(), names: names.collect() }
    }
}

/// A unit that a title names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TitledUnit {
    /// As it stands there.
    pub(crate) text: String,
    /// Its power of ten.
    pub(crate) power: i32,
    /// Its name, as [`plain()`] writes it; none where a multiplier stands alone.
    pub(crate) unit: Option<String>,
}

impl TitledUnit {
    /// Whether it says something of an indicator of this unit.
    pub(crate) fn is_about(&self, unit: &[&str; 3]) -> bool {
        self.unit.as_ref().is_none_or(|name| names_of(unit).any(|own| own == *name))
    }
}

/// What a title says of units.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Title {
    /// Units that the catalog has.
    pub(crate) units: Vec<TitledUnit>,
    /// What is said to be a unit and is none that is known.
    pub(crate) unknown: Option<String>,
}

/// Bytes of a title, and of a unit, that are looked at.
const MOST_OF_TITLE: usize = 16 * 1024;
const MOST_OF_UNIT: usize = 64;

/// Reads what stands above a heading.
pub(crate) fn read(title: &str, known: &Known) -> Title {
    let text = plain(beginning(title, MOST_OF_TITLE));
    let mut found = Title::default();
    marked(&text, known, &mut found);
    for piece in in_brackets(&text) {
        for part in piece.split([',', ';']).flat_map(|part| part.split(LISTED)) {
            found.units.extend(unit(part, known).filter(is_meant));
        }
    }
    for (phrase, may_be_bare) in phrases(&text) {
        found.units.extend(first(phrase, known).filter(is_meant).filter(|unit| may_be_bare || unit.unit.is_some()));
    }
    let apart = |c: char| ENDS.contains(&c) || c == ':';
    for piece in text.split(apart).map(str::trim) {
        found.units.extend(at_end(piece, known));
    }
    within_words(&text, known, &mut found);
    multiplied(&text, &mut found);
    // A bare currency leaves open what its multiplier is.
    found.units.retain(|unit| unit.power != 0 || !YUAN.2.contains(&unit.text.as_str()));
    found
}

/// Behind the word unit: what is understood counts; what is not, and cannot be an office, is kept to be asked about.
fn marked(text: &str, known: &Known, found: &mut Title) {
    for word in ["单位", "unit"] {
        for (at, _) in text.match_indices(word) {
            let (before, after) = (&text[..at], &text[at + word.len()..]);
            let after = after.strip_prefix('s').unwrap_or(after).trim_start_matches(' ');
            let is_named = after.starts_with(&BEFORE_UNIT[..NAMES_UNIT]);
            let after = after.trim_start_matches(|c| BEFORE_UNIT.contains(&c) || matches!(c, '为' | '是' | '均'));
            let named = beginning(after.split(ENDS).next().unwrap_or_default(), 2 * MOST_OF_UNIT);
            // 填报单位 and `business unit` are offices.
            let attached = if word == "unit" { before.trim_end_matches(' ') } else { before };
            let is_alone = !attached.ends_with(char::is_alphanumeric)
                || OF_MEASURE.iter().any(|measure| before.trim_end_matches(' ').ends_with(measure));
            let whole = first(named, known);
            let parts: Vec<_> = named.split(LISTED).map(str::trim).collect();
            let understood: Vec<_> = match whole {
                Some(unit) => vec![unit],
                None => parts.iter().filter_map(|part| first(part, known)).collect(),
            };
            if understood.is_empty() && is_named && is_alone && found.unknown.is_none() {
                found.unknown = parts.iter().find(|part| asks(part, known)).map(|part| (*part).to_owned());
            }
            found.units.extend(understood);
        }
    }
}

/// Chinese words run on: 金额为千元, 研发经费万元. A unit among them counts where it is not part of a figure (5 万元), of a longer
/// word (亿元以上, 万元产值) or of a ratio.
fn within_words(text: &str, known: &Known, found: &mut Title) {
    for (at, _) in text.char_indices().filter(|(_, c)| POWER_SIGNS.contains(*c)) {
        let before = text[..at].trim_end_matches(' ');
        let of_figure = before.ends_with(|c: char| c.is_ascii_digit() || OF_A_FIGURE.contains(c));
        let is_ratio = before.strip_suffix('/').is_some_and(|part| {
            let word = part.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
            word.chars().count() < 3 || known.units.iter().any(|(_, name)| part.ends_with(name))
        });
        if of_figure || is_ratio {
            continue;
        }
        let Some((power, rest)) = power(&text[at..], false) else { continue };
        let rest = rest.trim_start_matches(' ');
        if let Some(currency) = FOREIGN.iter().find(|currency| rest.starts_with(*currency)) {
            let end = text.len() - rest.len() + currency.len();
            found.unknown.get_or_insert_with(|| text[at..end].to_owned());
            continue;
        }
        let names = known.units.iter().map(|(_, name)| name).filter(|name| rest.starts_with(name.as_str()));
        let Some(name) = names.max_by_key(|name| name.len()) else { continue };
        let behind = &rest[name.len()..];
        let goes_on = behind.starts_with(|c: char| c.is_alphanumeric() || c == '/')
            || behind.trim_start().starts_with(|c: char| c.is_ascii_alphabetic());
        let goes_on = goes_on && !COUNTED.iter().any(|word| behind.starts_with(word));
        if !goes_on && !name.is_ascii() {
            let text = text[at..text.len() - behind.len()].to_owned();
            found.units.push(TitledUnit { text, power, unit: Some(name.clone()) });
        }
    }
}

/// What is shown is multiplied: 元×10⁴, x1000; or is money of another country: $m.
fn multiplied(text: &str, found: &mut Title) {
    for (at, sign) in text.char_indices() {
        let (before, behind) = (text[..at].trim_end_matches(' '), &text[at + sign.len_utf8()..]);
        let is_number = behind.trim_start_matches(' ').starts_with('1');
        let in_word = sign == 'x' && text[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
        let is_money =
            matches!(sign, '$' | '€' | '£') && !behind.trim_start().starts_with(|c: char| c.is_ascii_digit());
        if is_money && power(behind, true).is_some_and(|(power, _)| power > 2) {
            found.unknown.get_or_insert_with(|| beginning(&text[at..], MOST_OF_UNIT).trim().to_owned());
        }
        if !TIMES.contains(&sign) || !is_number || in_word || before.ends_with(|c: char| c.is_ascii_digit()) {
            continue;
        }
        if let Some((power, rest)) = power(behind, false).filter(|(power, _)| *power > 2) {
            let text = text[at..text.len() - rest.len()].to_owned();
            found.units.push(TitledUnit { text, power, unit: None });
        }
    }
}

/// Whether a text behind `单位：` may be a unit that nobody here knows.
fn asks(text: &str, known: &Known) -> bool {
    if SHORT_POWERS.iter().any(|(word, _)| *word == text) {
        return true;
    }
    let is_office = OFFICES.split(' ').any(|office| text.ends_with(office))
        || known.names.iter().any(|name| text.contains(name.as_str()));
    // One character has no room for a multiplier and a unit: 吨, 亩.
    text.chars().filter(|c| c.is_alphanumeric()).count() > 1
        && !is_office
        && !NO_UNIT.iter().any(|start| text.starts_with(start))
}

/// Whether what follows a name makes it that of an office.
pub(crate) fn is_of_office(behind: &str) -> bool {
    let end = behind.find(|c: char| !c.is_alphanumeric()).unwrap_or(behind.len());
    let word = behind[..end].trim_end_matches(' ');
    OFFICES.split(' ').any(|office| !office.is_ascii() && word.contains(office))
        || OFFICES.split(' ').any(|office| office.is_ascii() && behind.to_lowercase().contains(office))
}

/// What a text begins with, up to so many bytes.
fn beginning(text: &str, bytes: usize) -> &str {
    let end = (0..=text.len().min(bytes)).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    &text[..end]
}

/// The contents of brackets.
fn in_brackets(text: &str) -> impl Iterator<Item = &str> {
    text.split(['(', '[', '【']).skip(1).filter_map(|rest| Some(rest.split_once([')', ']', '】'])?.0))
}

/// What stands behind `in`, and between 以 or 按 and 计 or 填报; and whether a multiplier alone may be meant (数以万计 counts nothing).
fn phrases(text: &str) -> impl Iterator<Item = (&str, bool)> {
    let words = text.match_indices("in ").filter(|(at, _)| !text[..*at].ends_with(char::is_alphanumeric));
    let english = words.map(|(at, word)| text[at + word.len()..].split(ENDS).next().unwrap_or_default());
    let chinese = text.match_indices(['以', '按', '用']).filter_map(|(at, word)| {
        let rest = &text[at + word.len()..];
        let end = COUNTED.iter().filter_map(|word| rest.find(word)).min()?;
        // 数以万计 is many.
        Some((&rest[..end], !text[..at].ends_with('数')))
    });
    english.map(|phrase| (phrase, true)).chain(chinese)
}

/// The unit with which a text begins. A multiplier must stand alone: what follows it may be another currency.
fn first(text: &str, known: &Known) -> Option<TitledUnit> {
    let mut shorter = text.rmatch_indices(char::is_whitespace).map(|(at, _)| &text[..at]);
    unit(text, known).or_else(|| shorter.find_map(|part| unit(part, known).filter(|unit| unit.unit.is_some())))
}

/// A unit that is a whole piece of the title or stands at its end: there a number before it would be a figure.
fn at_end(piece: &str, known: &Known) -> Option<TitledUnit> {
    let whole = unit(piece, known).filter(is_meant);
    whole.or_else(|| {
        piece.match_indices(char::is_whitespace).find_map(|(at, space)| {
            let (before, last) = (&piece[..at], &piece[at + space.len()..]);
            let number = |text: &str| text.rsplit(|c: char| !c.is_ascii_digit() && c != '.').next().map(str::to_owned);
            let is_year = |text: &str| text.len() == 4 && (text.starts_with("19") || text.starts_with("20"));
            let is_figure = |text: &str| number(text.trim_end()).is_some_and(|it| !it.is_empty() && !is_year(&it));
            let begins_with_figure = last.starts_with(|c: char| c.is_ascii_digit()) && !is_thousands(last);
            let says = |unit: &TitledUnit| unit.power != 0 && (unit.unit.is_some() || is_thousands(&unit.text));
            let found = unit(last, known).filter(is_meant).filter(says)?;
            (!is_figure(before) && !begins_with_figure).then_some(found)
        })
    })
}

/// Reads a text that is a unit as a whole: a power of ten, a unit of the catalog, or both, the unit behind or in front.
fn unit(text: &str, known: &Known) -> Option<TitledUnit> {
    let text = text.trim_start_matches(['×', '*', ' ']).trim_end_matches(['.', ' ']).trim();
    let told = |power: i32, name: Option<String>| Some(TitledUnit { text: text.to_owned(), power, unit: name });
    if text.is_empty() || text.len() > MOST_OF_UNIT {
        return None;
    }
    let named = |name: &str, code: Option<&str>| {
        let found = known.units.iter().find(|(of, own)| own == name && code.is_none_or(|code| code == of));
        found.map(|(_, name)| name.clone())
    };
    if let Some(name) = named(text, None) {
        return told(0, Some(name));
    }
    // Written together: RMBm, MRMB.
    let joined = SHORT_POWERS.iter().find_map(|(word, power)| {
        let name = text.strip_suffix(word).or_else(|| text.strip_prefix(word))?;
        Some((*power, named(name, None).filter(|name| name.is_ascii() && name.len() > 2)?))
    });
    if let Some((power, name)) = joined {
        return told(power, Some(name));
    }
    // A name in front of the power: RMB million, 人民币万元.
    let in_front = known.units.iter().filter_map(|front| {
        let rest = text.strip_prefix(front.1.as_str())?;
        let apart = !front.1.is_ascii() || !rest.starts_with(|c: char| c.is_ascii_alphanumeric());
        apart.then(|| (Some(front), rest.trim_start()))
    });
    in_front.chain([(None, text)]).find_map(|(front, rest)| {
        [false, true].into_iter().find_map(|is_short| {
            let (power, rest) = power(rest, is_short)?;
            let rest = rest.strip_prefix("of ").unwrap_or(rest).trim();
            if rest.is_empty() {
                return told(power, front.map(|(_, name)| name.clone())).filter(|_| front.is_some() || !is_short);
            }
            told(power, Some(named(rest, front.map(|(code, _)| code.as_str()))?))
        })
    })
}

/// What a unit of the catalog is called.
fn names_of(unit: &[&str; 3]) -> impl Iterator<Item = String> {
    let more = (unit[0] == YUAN.0).then(|| YUAN.1.into_iter().chain(YUAN.2)).into_iter().flatten();
    unit.iter().map(|name| plain(name)).chain(more.map(str::to_owned)).filter(|name| !name.is_empty())
}

/// The power of ten at the beginning of a text, and what follows it.
fn power(text: &str, may_be_short: bool) -> Option<(i32, &str)> {
    let short = if may_be_short { &SHORT_POWERS[..] } else { &[] };
    let (mut power, mut rest, mut any) = (0, text, false);
    loop {
        rest = rest.trim_start();
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, behind) = rest.split_at(digits);
        if digits > 0 {
            let raised = behind.strip_prefix('^').filter(|_| number == "10");
            let raised = raised.or_else(|| behind.strip_prefix('e').filter(|_| number == "1"));
            let exponent = raised.filter(|text| text.starts_with(|c: char| c.is_ascii_digit())).map(|text| {
                let end = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
                (text[..end].parse::<u8>().ok().map(i32::from), &text[end..])
            });
            (power, rest) = match exponent {
                Some((exponent, behind)) => (power + exponent?, behind),
                None if is_thousands(number) => {
                    let behind = behind.strip_prefix("'s").or_else(|| behind.strip_prefix('s')).unwrap_or(behind);
                    (power + i32::try_from(digits).ok()?, behind)
                }
                None if is_power(number) => (power + i32::try_from(digits).ok()? - 1, behind),
                None => return None,
            };
        } else if let Some((word, exponent)) = POWERS.iter().chain(short).find(|(word, _)| begins_with(rest, word)) {
            let behind = &rest[word.len()..];
            (power, rest) = (power + exponent, behind.strip_prefix('.').filter(|_| word.is_ascii()).unwrap_or(behind));
        } else {
            return any.then_some((power, rest));
        }
        any = true;
    }
}

fn begins_with(text: &str, word: &str) -> bool {
    let rest = text.strip_prefix(word);
    rest.is_some_and(|rest| !word.is_ascii() || !rest.starts_with(|c: char| c.is_ascii_alphabetic()))
}

/// Whether digits are one of 1, 10, 100 and so on.
fn is_power(digits: &str) -> bool {
    digits.starts_with('1') && digits[1..].bytes().all(|byte| byte == b'0')
}

/// Whether a text begins with the zeros of thousands or millions, as in `000s`.
fn is_thousands(text: &str) -> bool {
    let zeros = text.len() - text.trim_start_matches('0').len();
    zeros >= 3 && !text[zeros..].starts_with(|c: char| c.is_ascii_digit())
}

/// Whether what stands elsewhere than behind `单位：` is meant as a unit. Digits without a word, and words that count sections
/// as well (千), are not; tens and hundreds count things (`in ten cities`).
fn is_meant(unit: &TitledUnit) -> bool {
    let is_number = |c: char| c.is_ascii_digit() || c == '千' || c.is_whitespace();
    !matches!(unit.power, 1 | 2) && (is_thousands(&unit.text) || !unit.text.chars().all(is_number))
}

#[cfg(test)]
mod tests;
