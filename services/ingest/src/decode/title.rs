//! The unit that a title above the rows names, in whatever shape offices write it: `单位：万元`, `研发经费（亿元）`,
//! `Unit: million yuan`, `in 10,000 yuan`. A multiplier that is overlooked there makes every figure wrong by it.

use std::collections::BTreeSet;

/// What the catalog knows of the words in a title, in the form of [`plain`].
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
    /// Its name, as [`plain`] writes it; none where a multiplier stands alone.
    pub(crate) unit: Option<String>,
}

impl TitledUnit {
    /// Whether it says something of an indicator of this unit.
    pub(crate) fn is_about(&self, unit: &[&str; 3]) -> bool {
        self.unit.as_ref().is_none_or(|name| names_of(unit).any(|own| own == *name))
    }

    /// Whether it agrees with a multiplier. The plain unit says none: the row's own counts.
    pub(crate) fn fits(&self, scale: i32) -> bool {
        self.power == 0 || self.power == scale
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
/// Words of powers of ten, the longer before what they begin with. Numbers such as 10,000 are read apart from them.
const POWERS: [(&str, i32); 19] = [
    ("billions", 9),
    ("billion", 9),
    ("bn", 9),
    ("millions", 6),
    ("million", 6),
    ("mln", 6),
    ("mn", 6),
    ("thousands", 3),
    ("thousand", 3),
    ("hundreds", 2),
    ("hundred", 2),
    ("ten", 1),
    ("'000", 3),
    ("亿", 8),
    ("万", 4),
    ("千", 3),
    ("仟", 3),
    ("百", 2),
    ("十", 1),
];
/// The yuan's code, what it is called beside its names in the catalog, and words for the currency alone.
const YUAN: (&str, [&str; 6], [&str; 5]) = (
    "CNY",
    ["元", "yuan", "人民币元", "元人民币", "rmb yuan", "chinese yuan"],
    ["人民币", "rmb", "renminbi", "cny", "¥"],
);
/// Ends what is read behind `单位：`.
const ENDS: [char; 13] = ['\n', '\r', '\t', '"', ',', ';', ')', ']', '】', '。', '(', '[', '【'];
/// Stand between the units of one list.
const LISTED: [char; 5] = ['、', '或', '和', '及', '与'];
/// Before 单位: it is one of measure.
const OF_MEASURE: [&str; 6] = ["计量", "金额", "货币", "数量", "价值", "数值"];
/// Ends of an office's name.
const OFFICES: &str =
    "局 厅 委 处 院 所 部 办 会 公司 中心 园区 高新区 政府 大学 bureau office department committee park centre";
/// Begin what is no unit but says where it stands, or are measures without a multiplier.
const NO_UNIT: [&str; 12] = ["见", "如", "同", "按", "各", "see ", "as ", "%", "‰", "百分", "percent", "per cent"];

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
            let is_named = after.starts_with([':', '=']);
            let after = after.trim_start_matches([':', '=', '为', ' ']);
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

/// Whether a text behind `单位：` may be a unit that nobody here knows.
fn asks(text: &str, known: &Known) -> bool {
    let is_office = OFFICES.split(' ').any(|office| text.ends_with(office))
        || known.names.iter().any(|name| text.contains(name.as_str()));
    // One character has no room for a multiplier and a unit: 吨, 亩.
    text.chars().filter(|c| c.is_alphanumeric()).count() > 1
        && !is_office
        && !NO_UNIT.iter().any(|start| text.starts_with(start))
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

/// What stands behind `in`, and between 以 and 计 or 为单位; and whether a multiplier alone may be meant (数以万计 counts nothing).
fn phrases(text: &str) -> impl Iterator<Item = (&str, bool)> {
    let words = text.match_indices("in ").filter(|(at, _)| !text[..*at].ends_with(char::is_alphanumeric));
    let english = words.map(|(at, word)| text[at + word.len()..].split(ENDS).next().unwrap_or_default());
    let chinese = text.split('以').skip(1).filter_map(|rest| {
        let end = rest.find("为单位").or_else(|| rest.find('计'))?;
        Some(&rest[..end])
    });
    english.map(|phrase| (phrase, true)).chain(chinese.map(|phrase| (phrase, false)))
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
            let begins_with_figure = last.starts_with(|c: char| c.is_ascii_digit());
            let found = unit(last, known).filter(is_meant).filter(|unit| unit.unit.is_some() && unit.power != 0)?;
            (!is_figure(before) && !begins_with_figure).then_some(found)
        })
    })
}

/// Reads a text that is a unit as a whole: a power of ten, a unit of the catalog, or both, the unit behind or in front.
fn unit(text: &str, known: &Known) -> Option<TitledUnit> {
    let text = text.trim();
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
    // A name in front of the power: RMB million, 人民币万元.
    let in_front = known.units.iter().filter_map(|front| {
        let rest = text.strip_prefix(front.1.as_str())?;
        let apart = !front.1.is_ascii() || !rest.starts_with(|c: char| c.is_ascii_alphanumeric());
        apart.then(|| (Some(front), rest.trim_start()))
    });
    in_front.chain([(None, text)]).find_map(|(front, rest)| {
        let (power, rest) = power(rest)?;
        let rest = rest.strip_prefix("of ").unwrap_or(rest).trim();
        if rest.is_empty() {
            return told(power, front.map(|(_, name)| name.clone()));
        }
        told(power, Some(named(rest, front.map(|(code, _)| code.as_str()))?))
    })
}

/// What a unit of the catalog is called.
fn names_of(unit: &[&str; 3]) -> impl Iterator<Item = String> {
    let more = (unit[0] == YUAN.0).then(|| YUAN.1.into_iter().chain(YUAN.2)).into_iter().flatten();
    unit.iter().map(|name| plain(name)).chain(more.map(str::to_owned)).filter(|name| !name.is_empty())
}

/// The power of ten at the beginning of a text, and what follows it.
fn power(text: &str) -> Option<(i32, &str)> {
    let (mut power, mut rest, mut any) = (0, text, false);
    loop {
        rest = rest.trim_start();
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, behind) = rest.split_at(digits);
        if digits > 0 {
            let exponent = behind.strip_prefix('^').filter(|_| number == "10").map(|text| {
                let end = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
                (text[..end].parse::<u8>().ok().map(i32::from), &text[end..])
            });
            (power, rest) = match exponent {
                Some((exponent, behind)) => (power + exponent?, behind),
                None if is_power(number) => (power + i32::try_from(digits).ok()? - 1, behind),
                None => return None,
            };
        } else if let Some((word, exponent)) = POWERS.iter().find(|(word, _)| begins_with(rest, word)) {
            (power, rest) = (power + exponent, &rest[word.len()..]);
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

/// Whether what stands elsewhere than behind `单位：` is meant as a unit. Digits without a word, and words that count sections
/// as well (千), are not; tens and hundreds count things (`in ten cities`).
fn is_meant(unit: &TitledUnit) -> bool {
    let is_number = |c: char| c.is_ascii_digit() || matches!(c, '^' | '千') || c.is_whitespace();
    !matches!(unit.power, 1 | 2) && !unit.text.chars().all(is_number)
}

/// A text in small letters and half-width forms, with simplified characters where units are written, and without commas
/// in numbers.
fn plain(text: &str) -> String {
    let folded = text.chars().map(|c| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        '\u{3000}' | '\u{a0}' => ' ',
        '萬' => '万',
        '億' => '亿',
        '圓' | '圆' => '元',
        '幣' => '币',
        '單' => '单',
        '〔' => '[',
        '〕' => ']',
        '’' | '‘' => '\'',
        '￥' => '¥',
        '⁴' => '4',
        '⁶' => '6',
        '⁸' => '8',
        c => c,
    });
    let lower = folded.collect::<String>().to_lowercase();
    let bytes = lower.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let groups = |at: usize| {
        at > 0 && bytes[at] == b',' && digit(at - 1) && (1..=3).all(|next| digit(at + next)) && !digit(at + 4)
    };
    lower.char_indices().filter(|(at, _)| !groups(*at)).map(|(_, c)| c).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Known {
        let units = [
            ["CNY", "元", "yuan"],
            ["PERSON", "人", "persons"],
            ["ITEM", "个", "units"],
            ["PATENT_PER_10000", "件/万人", "patents per 10,000 persons"],
        ];
        Known::new(units.into_iter(), ["银川市", "Yinchuan", "市"].into_iter())
    }

    /// Power and unit of everything that a title names beyond the plain unit, and what it asks about.
    fn named(title: &str) -> (Vec<(i32, bool)>, Option<String>) {
        let found = read(title, &known());
        let mut units: Vec<_> = found.units.iter().filter(|unit| unit.power != 0).collect();
        units.dedup_by_key(|unit| (unit.power, unit.unit.clone()));
        let is_yuan = |unit: &TitledUnit| unit.is_about(&["CNY", "元", "yuan"]);
        (units.into_iter().map(|unit| (unit.power, is_yuan(unit))).collect(), found.unknown)
    }

    #[test]
    fn a_multiplier_is_seen_in_every_shape() {
        for (title, power) in [
            ("表二\n单位：万元,,,\n", 4),
            ("（计量单位: 亿元）", 8),
            ("2018年研发经费（万元）", 4),
            ("2018年研发经费 (万元)", 4),
            ("研发经费【亿元】", 8),
            ("研发经费（2018年，万元）", 4),
            ("研发经费（单位：万元）", 4),
            ("研发经费,单位（万元）", 4),
            ("研发经费 单位：万元", 4),
            ("单位 万元", 4),
            ("单位万元", 4),
            ("单位为万元", 4),
            ("单位：人民币万元", 4),
            ("货币单位：人民币万元", 4),
            ("金额单位：万元人民币", 4),
            ("單位：萬元", 4),
            ("单位：億元", 8),
            ("单位：百万元", 6),
            ("单位：千万元", 7),
            ("单位：10万元", 5),
            ("单位：亿", 8),
            ("单位：万元  制表：张三", 4),
            ("Unit: Million Yuan", 6),
            ("Unit: million", 6),
            ("Unit (million yuan)", 6),
            ("Units: 10,000 yuan", 4),
            ("Unit: RMB million", 6),
            ("Unit: CNY 100 million", 8),
            ("in 10,000 yuan", 4),
            ("R&D expenditure (in thousands of yuan)", 3),
            ("in hundred million yuan, 2018", 8),
            ("RMB'000", 3),
            ("以万元为单位", 4),
            ("金额以亿元计", 8),
            ("表1 研发经费，万元", 4),
            ("表1 研发经费 万元", 4),
            ("表1 研发经费,,,万元", 4),
            ("R&D expenditure million yuan", 6),
            ("R&D expenditure 2018 million yuan", 6),
            ("单位：１０，０００元", 4),
            ("单位：10^4元", 4),
        ] {
            let (units, unknown) = named(title);
            assert!(!units.is_empty() && units.iter().all(|unit| *unit == (power, true)), "{title}: {units:?}");
            assert_eq!(unknown, None, "{title}");
        }
    }

    #[test]
    fn harmless_titles_say_nothing() {
        for title in [
            "2018 年 R&D 报表",
            "研发经费（2018年）",
            "研发经费（预计）",
            "表1",
            "（一）基本情况（千）（百）",
            "Table 1 (1000)",
            "in 2018, in 1000",
            "单位：元",
            "单位：人、个",
            "单位：吨",
            "单位：%",
            "单位：件/万人",
            "单位：",
            "单位：（盖章）",
            "单位（盖章）：银川市统计局",
            "单位：银川市科技局",
            "单位：中卫市统计局",
            "单位：见各列",
            "单位名称：某某",
            "填报单位：甲市,,单位负责人：乙",
            "business unit: A",
            "Unit: Yinchuan",
            "community: opportunity",
            "投资 5 万元",
            "a target of 5 million yuan",
            "亿元以上企业",
            "数以万计的企业",
            "Progress in ten units, 100 units",
            "2018年（1-12月）",
        ] {
            assert_eq!(named(title), (vec![], None), "{title}");
        }
    }

    #[test]
    fn what_is_no_known_unit_is_asked_about() {
        for (title, unknown) in [
            ("单位：万美元", "万美元"),
            ("Unit: million USD", "million usd"),
            ("计量单位：万元/人", "万元/人"),
            ("单位：三千元", "三千元"),
            ("单位：10^2147483647元", "10^2147483647元"),
        ] {
            assert_eq!(named(title), (vec![], Some(unknown.to_owned())), "{title}");
        }
        // Beside one that is known, another may be of other rows.
        assert_eq!(named("单位：万元、人年"), (vec![(4, true)], None));
        assert_eq!(named("单位：万人"), (vec![(4, false)], None));
    }
}
