//! What a spreadsheet shows of a cell: number formats as ECMA-376 defines them, evaluated for one value.
//!
//! A text is made of the number as a spreadsheet would make it, and read again as a person reads it. If that is not the
//! number, rounded to the digits that are shown, the format misleads. Where programs differ, every way must do.

mod decimal;
mod render;
mod section;
mod seen;
mod width;
mod words;

#[cfg(test)]
mod trials;

use self::section::{Kind, Section, Token, sections};
pub(super) use self::seen::FEWEST;
use self::seen::{Seen, seen};
pub(super) use self::width::{POINT, width_of};
use super::number::Parts;

/// What a format shows of a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// This number.
    Number {
        /// As it is written, without separators and words.
        digits: String,
        /// All that is shown.
        text: String,
        /// What stands beside it: to be compared with unit and multiplier.
        words: Vec<String>,
        /// It is shown with fewer digits than it has.
        shorter: bool,
    },
    /// A day or a time; whether the whole day is shown.
    Date { whole: bool },
    /// Another number, or what cannot be read as one.
    Other(String),
    /// Nothing.
    Nothing,
}

/// A format's code, taken apart.
#[derive(Clone, Debug)]
pub(super) struct NumberFormat {
    code: String,
    numbers: Vec<Section>,
    texts: Option<Section>,
}

/// Whether a section shows a minus sign of its own before a negative number.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    Shown,
    /// Only what the section draws: it is for negative numbers, or programs differ.
    Drawn,
}

/// Whether words beside a number say what its row says: its multiplier, its unit, a currency sign, or nothing.
pub(super) fn words_fit(words: &[String], scale: i32, units: &[&str]) -> bool {
    words::fit(words, scale, units)
}

impl NumberFormat {
    /// Whether it leaves the digits to the program, which shows as many as there is room for.
    pub(super) fn is_general(&self) -> bool {
        self.code.trim().is_empty() || self.code.eq_ignore_ascii_case("general") || self.code == "@"
    }

    /// Takes a code apart.
    pub(super) fn parse(code: &str) -> Self {
        let mut numbers = sections(code);
        let too_many = numbers.len() > 4;
        let is_text = |section: &Section| section.has(&Token::At);
        let texts = match numbers.len() {
            4.. => Some(numbers.remove(3)),
            _ => {
                if numbers.last().is_some_and(is_text) {
                    numbers.pop()
                } else {
                    None
                }
            }
        };
        if too_many || numbers.iter().any(is_text) {
            numbers = vec![Section { kind: Kind::Unknown, ..Section::general() }];
        }
        if numbers.is_empty() {
            numbers.push(Section::general());
            // Programs differ in whether a number is drawn as the text would be.
            let plain = |token: &Token| match token {
                Token::At => true,
                Token::Literal(text) => text.trim().is_empty(),
                _ => false,
            };
            if !texts.as_ref().is_some_and(|section| section.tokens.iter().all(plain)) {
                numbers[0].kind = Kind::Unknown;
            }
        }
        Self { code: code.to_owned(), numbers, texts }
    }

    /// A built-in format; none for an id that is not built in. What differs by country is here without its currency.
    pub(super) fn built_in(id: u32) -> Option<Self> {
        Some(Self::parse(match id {
            0 => "General",
            1 => "0",
            2 => "0.00",
            3 => "#,##0",
            4 => "#,##0.00",
            5 | 6 | 37 | 38 => "#,##0_);(#,##0)",
            7 | 8 | 39 | 40 => "#,##0.00_);(#,##0.00)",
            9 => "0%",
            10 => "0.00%",
            11 => "0.00E+00",
            12 => "# ?/?",
            13 => "# ??/??",
            14 | 22 | 30 => "m/d/yy",
            15 => "d-mmm-yy",
            16 | 28 | 29 | 51 | 53 | 54 | 58 => "m/d",
            17 | 27 | 36 | 50 | 52 | 57 => "mmm-yy",
            18..=21 | 32..=35 | 45..=47 | 55 | 56 => "h:mm",
            31 => "yyyy\"年\"m\"月\"d\"日\"",
            41 | 42 => "_(* #,##0_);_(* (#,##0);_(* \"-\"_);_(@_)",
            43 | 44 => "_(* #,##0.00_);_(* (#,##0.00);_(* \"-\"??_);_(@_)",
            48 => "##0.0E+0",
            49 => "@",
            _ => return None,
        }))
    }

    /// A format that the workbook names and does not have.
    pub(super) fn unknown(id: u32) -> Self {
        let section = Section { kind: Kind::Unknown, ..Section::general() };
        Self { code: format!("numFmtId={id}"), numbers: vec![section], texts: None }
    }

    /// What is shown of a number on a ground that is white, or is not.
    pub(super) fn number(&self, value: &Parts, white_ground: bool) -> Shown {
        let candidates = self.candidates(value);
        if candidates.is_empty() {
            return Shown::Other(format!("######## ({})", self.code));
        }
        let mut ways =
            candidates.into_iter().map(|(section, sign)| self.by_section(section, sign, value, white_ground));
        let first = ways.next().unwrap_or(Shown::Nothing);
        match ways.find(|other| *other != first) {
            None => first,
            // Programs show it in different ways.
            Some(Shown::Number { .. }) => Shown::Other(self.code.clone()),
            Some(other) => other,
        }
    }

    fn by_section(&self, section: &Section, sign: Sign, value: &Parts, white_ground: bool) -> Shown {
        match section.kind {
            Kind::Unknown => return Shown::Other(self.code.clone()),
            Kind::Date { whole } => return Shown::Date { whole },
            Kind::Plain if section.white && white_ground => return Shown::Nothing,
            Kind::Plain => {}
        }
        let Some(mut text) = render::render(section, value) else { return Shown::Other(self.code.clone()) };
        if text.trim().is_empty() {
            return Shown::Nothing;
        }
        if value.negative && sign == Sign::Shown {
            text.insert(0, '-');
        }
        match seen(&text, value) {
            Some(Seen { digits, words, shorter }) => {
                Shown::Number { digits, text: text.trim().to_owned(), words, shorter }
            }
            None => Shown::Other(text.trim().to_owned()),
        }
    }

    /// The sections by which programs show a value: one, or several where they differ; none where they show `####`.
    fn candidates(&self, value: &Parts) -> Vec<(&Section, Sign)> {
        let sections: Vec<_> = self.numbers.iter().collect();
        let conditions: Vec<_> = sections.iter().map(|section| section.condition.as_ref()).collect();
        let (positive, negative) = (!value.negative && !value.is_zero(), value.negative && !value.is_zero());
        if conditions.iter().all(Option::is_none) {
            return match (sections.as_slice(), negative) {
                ([one], _) => vec![(*one, Sign::Shown)],
                ([_, second, ..], true) => vec![(*second, Sign::Drawn)],
                ([_, _, third, ..], false) if !positive => vec![(*third, Sign::Drawn)],
                ([first, ..], _) => vec![(*first, Sign::Drawn)],
                ([], _) => Vec::new(),
            };
        }
        let holds = |at: usize| conditions.get(at).copied().flatten().map(|condition| condition.holds(value));
        let chosen: Vec<usize> = match (holds(0), holds(1), sections.len()) {
            (Some(true), ..) => vec![0],
            (_, Some(true), _) if positive && conditions[0].is_none() => vec![0, 1],
            (_, Some(true), _) => vec![1],
            (Some(false), None, 2) => vec![1],
            (Some(false), Some(false), 3..) => vec![2],
            (Some(false), None, 3..) => vec![1, 2],
            (None, _, 3..) if !positive => vec![0, 2],
            (None, _, _) => vec![0],
            _ => Vec::new(),
        };
        let fits = |at: &usize| *at < 2 || holds(*at) != Some(false);
        chosen.into_iter().filter(fits).map(|at| (sections[at], Sign::Drawn)).collect()
    }

    /// What is shown of a text.
    pub(super) fn text(&self, text: &str, white_ground: bool) -> String {
        let Some(section) = &self.texts else { return text.to_owned() };
        if section.white && white_ground {
            return String::new();
        }
        let pieces = section.tokens.iter().map(|token| match token {
            Token::At | Token::General => text,
            Token::Literal(literal) => literal.as_str(),
            Token::Digit(_) | Token::Exponent(_) => "?",
            Token::Percent => "%",
            Token::Slash => "/",
            Token::Comma => ",",
            Token::Point => ".",
        });
        pieces.collect()
    }
}
