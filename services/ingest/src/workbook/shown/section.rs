//! The sections of a number format's code, as ECMA-376 part 1, 18.8.31 has them: `[>=100][Red]#,##0.0_);(0);"-";@`.

use std::iter::Peekable;
use std::str::Chars;

use super::super::number::Parts;

/// One piece of a section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A place for a digit: `0`, `#` or `?`.
    Digit(char),
    Point,
    Comma,
    Percent,
    Slash,
    /// `E+` or `E-`; true if a plus is shown.
    Exponent(bool),
    /// `General`: the number as it is.
    General,
    /// `@`: the cell's text.
    At,
    /// What is drawn beside the number.
    Literal(String),
}

/// What a section is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Numbers and texts.
    Plain,
    /// A day or a time; whether year, month and day are all shown.
    Date { whole: bool },
    /// What this reader does not know, or digits of another script.
    Unknown,
}

/// `[>=100]`.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    operator: String,
    limit: Parts,
}

impl Condition {
    fn parse(text: &str) -> Option<Self> {
        let digits = text.trim_start_matches(['<', '>', '=']);
        let operator = &text[..text.len() - digits.len()];
        let known = ["<", "<=", ">", ">=", "=", "<>"].contains(&operator);
        Some(Self { operator: known.then(|| operator.to_owned())?, limit: Parts::of(digits.trim())? })
    }

    pub(super) fn holds(&self, value: &Parts) -> bool {
        let order = value.compared(&self.limit);
        match self.operator.as_str() {
            "<" => order.is_lt(),
            "<=" => order.is_le(),
            ">" => order.is_gt(),
            ">=" => order.is_ge(),
            "=" => order.is_eq(),
            _ => order.is_ne(),
        }
    }
}

/// One section.
#[derive(Clone, Debug)]
pub(super) struct Section {
    pub(super) condition: Option<Condition>,
    /// It is written in white.
    pub(super) white: bool,
    pub(super) kind: Kind,
    pub(super) tokens: Vec<Token>,
}

impl Section {
    pub(super) fn general() -> Self {
        Self { condition: None, white: false, kind: Kind::Plain, tokens: vec![Token::General] }
    }

    pub(super) fn has(&self, token: &Token) -> bool {
        self.tokens.contains(token)
    }
}

/// Names of `General` that programs leave in files.
const GENERAL: [&str; 6] = ["general", "g/通用格式", "g/標準", "g/표준", "standard", "g/standard"];
/// Colours, of which white cannot be seen on paper.
const COLOURS: [&str; 15] = [
    "black", "blue", "cyan", "green", "magenta", "red", "yellow", "黑色", "蓝色", "青色", "绿色", "洋红", "红色",
    "黄色", "color",
];
const WHITE: [&str; 5] = ["white", "白色", "color2", "颜色2", "色2"];
/// Letters that stand for a part of a day or time.
const CLOCK: [char; 10] = ['y', 'm', 'd', 'h', 's', 'e', 'g', 'b', 'a', 'r'];

/// The sections of a code.
pub(super) fn sections(code: &str) -> Vec<Section> {
    let mut sections = Vec::new();
    let mut chars = code.chars().peekable();
    loop {
        let (section, more) = Reader::default().read(&mut chars);
        sections.push(section);
        if !more {
            return sections;
        }
    }
}

#[derive(Default)]
struct Reader {
    tokens: Vec<Token>,
    condition: Option<Condition>,
    white: bool,
    unknown: bool,
    /// Letters of a date or time, in lower case.
    clock: String,
    eras: Eras,
}

/// Which years a locale counts.
#[derive(Clone, Copy, Default)]
enum Eras {
    /// Those of everybody.
    #[default]
    None,
    /// Those of an emperor or a republic, where the format says `e` or `g`.
    WhereAsked,
    /// Others in every format: Buddhist, Hijri, Hebrew.
    Always,
}

impl Eras {
    /// By the number behind `[$-`: digits, calendar and language, a byte, a byte and two.
    fn of(locale: &str) -> Self {
        let number = u32::from_str_radix(locale, 16).unwrap_or_default();
        match ((number >> 16) & 0xff, number & 0xffff) {
            (0, 0x0404 | 0x0411) | (3 | 4, _) => Self::WhereAsked,
            (5..=8 | 23, _) => Self::Always,
            _ => Self::None,
        }
    }

    /// Whether the year that a format shows is another one than everybody's.
    fn counts(self, clock: &str) -> bool {
        match self {
            Self::Always => true,
            Self::WhereAsked => clock.contains(['e', 'g']),
            Self::None => clock.contains(['b', 'g']),
        }
    }
}

/// Whether a format shows a day so that a reader finds it: year, month and day, and behind a year the month before the day.
fn is_whole(clock: &str) -> bool {
    let (year, month, day) = (clock.find(['y', 'e']), clock.find('m'), clock.find('d'));
    let (Some(year), Some(month), Some(day)) = (year, month, day) else { return clock.contains('*') };
    month < day || day < year || clock.contains("mmm")
}

impl Reader {
    /// Reads one section; true if another follows.
    fn read(mut self, chars: &mut Peekable<Chars<'_>>) -> (Section, bool) {
        let mut more = false;
        while let Some(c) = chars.next() {
            match c {
                ';' => {
                    more = true;
                    break;
                }
                '"' => {
                    let text = chars.by_ref().take_while(|c| *c != '"').collect();
                    self.tokens.push(Token::Literal(text));
                }
                '\\' | '!' => self.literal(chars.next().unwrap_or(c)),
                '_' => {
                    chars.next();
                    self.literal(' ');
                }
                // Fills the cell; with blanks or stars nobody takes it for a digit.
                '*' => match chars.next() {
                    Some(c) if !c.is_whitespace() && c != '*' => self.literal(c),
                    _ => {}
                },
                '[' => {
                    let inside: String = chars.by_ref().take_while(|c| *c != ']').collect();
                    self.bracket(&inside);
                }
                '0' | '#' | '?' => self.tokens.push(Token::Digit(c)),
                '.' => self.tokens.push(Token::Point),
                ',' => self.tokens.push(Token::Comma),
                '%' => self.tokens.push(Token::Percent),
                '/' => self.tokens.push(Token::Slash),
                '@' => self.tokens.push(Token::At),
                _ => self.other(c, chars),
            }
        }
        let kind = match self.clock.as_str() {
            _ if self.unknown => Kind::Unknown,
            "" => Kind::Plain,
            clock => Kind::Date { whole: !self.eras.counts(clock) && is_whole(clock) },
        };
        (Section { condition: self.condition, white: self.white, kind, tokens: self.tokens }, more)
    }

    fn literal(&mut self, c: char) {
        self.tokens.push(Token::Literal(c.to_string()));
    }

    fn bracket(&mut self, inside: &str) {
        let lower = inside.to_lowercase().replace(' ', "");
        if let Some(symbol) = inside.strip_prefix('$') {
            let (symbol, locale) = symbol.split_once('-').unwrap_or((symbol, ""));
            match locale.to_ascii_uppercase().as_str() {
                // The system's own long date and its time.
                "F800" => self.clock.push('*'),
                "F400" => self.clock.push('h'),
                locale => {
                    self.eras = Eras::of(locale);
                    self.tokens.push(Token::Literal(symbol.to_owned()));
                }
            }
        } else if inside.starts_with(['<', '>', '=']) {
            self.condition = Condition::parse(inside);
            self.unknown |= self.condition.is_none();
        } else if !lower.is_empty() && ["h", "m", "s"].iter().any(|c| lower.replace(c, "").is_empty()) {
            self.clock.push('h');
        } else if WHITE.contains(&lower.as_str()) {
            self.white = true;
        } else {
            let name = lower.trim_end_matches(|c: char| c.is_ascii_digit());
            self.unknown |= !COLOURS.contains(&name) && name != "颜色";
        }
    }

    fn other(&mut self, c: char, chars: &mut Peekable<Chars<'_>>) {
        let rest: String = std::iter::once(c).chain(chars.clone()).take(12).collect::<String>().to_lowercase();
        let skip = |chars: &mut Peekable<Chars<'_>>, word: &str| {
            chars.by_ref().take(word.chars().count() - 1).for_each(drop);
        };
        let starts = |words: &[&'static str]| words.iter().find(|word| rest.starts_with(**word)).copied();
        if let Some(word) = starts(&GENERAL) {
            skip(chars, word);
            self.tokens.push(Token::General);
        } else if let Some(word) = starts(&["am/pm", "a/p", "上午/下午", "午前/午後"]) {
            skip(chars, word);
            self.clock.push('h');
        } else if c.eq_ignore_ascii_case(&'e')
            && self.tokens.iter().any(|token| matches!(token, Token::Digit(_)))
            && matches!(chars.peek(), Some('+' | '-'))
        {
            let plus = chars.next() == Some('+');
            self.tokens.push(Token::Exponent(plus));
        } else if c.is_ascii_alphabetic() {
            let c = c.to_ascii_lowercase();
            match CLOCK.contains(&c) {
                true => self.clock.push(c),
                false => self.unknown = true,
            }
        } else {
            self.literal(c);
        }
    }
}
