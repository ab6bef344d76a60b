//! The value: exact, in range, plausible, and there exactly when its status says so.

use helan_schemas::catalog::{Bounds, Indicator, IndicatorKind};
use helan_schemas::codes::{self, MULTIPLIERS};
use helan_schemas::decimal::{Decimal, DecimalError, MAX_EXPONENT, SCALE};
use helan_schemas::event::{DataRef, number_text};
use helan_schemas::refusal::Code;

use super::Report;
use crate::problems::{or_meant, quoted};

/// Unit of what is done or not: milestones, and coverage of one member.
const BOOLEAN: &str = "BOOL";
/// The unit of what is counted one by one.
const ITEMS: &str = "ITEM";

/// A value as the sender wrote it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ValueText<'a> {
    /// None, `null`, or an empty text.
    Absent,
    /// The digits.
    Number(&'a str),
    /// JSON that is neither number nor string.
    Other(&'a str),
}

impl<'a> ValueText<'a> {
    /// The value of an event in JSON.
    pub(crate) fn of_json(raw: Option<&'a serde_json::value::RawValue>) -> Self {
        let Some(raw) = raw.map(|raw| raw.get()) else { return Self::Absent };
        match raw.as_bytes().first() {
            Some(b'"') => Self::of_text(number_text(raw)),
            Some(b'-' | b'0'..=b'9') => Self::Number(raw),
            Some(b'n') | None => Self::Absent,
            Some(_) => Self::Other(raw),
        }
    }

    /// The value of a cell.
    pub(crate) fn of_text(text: &'a str) -> Self {
        if text.is_empty() { Self::Absent } else { Self::Number(text) }
    }
}

/// A value and what it amounts to in the plain unit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Number {
    pub(super) value: Decimal,
    pub(super) amount: i128,
}

/// Judges value, multiplier and status together. The outer option is none where something is wrong.
pub(super) fn judge(
    data: &DataRef<'_>,
    value: ValueText<'_>,
    yes_or_no: bool,
    report: &mut Report<'_>,
) -> Option<Option<Number>> {
    let unit_mult = data.unit_mult.unwrap_or(0);
    let mult_fits = (-MAX_EXPONENT..=MAX_EXPONENT).contains(&unit_mult);
    if !mult_fits {
        report("data.unit_mult", Code::UnitMultInvalid, unit_mult.to_string());
    }
    let status = data.obs_status.as_deref().unwrap_or("A");
    let none_expected = codes::OBS_STATUSES_WITHOUT_VALUE.contains(&status);
    let text = match value {
        ValueText::Absent if codes::may_lack_value(status) => return mult_fits.then_some(None),
        ValueText::Absent => {
            report("data.value", Code::ValueMissing, String::new());
            return None;
        }
        ValueText::Other(raw) => {
            report("data.value", Code::WrongType, quoted(raw));
            return None;
        }
        ValueText::Number(text) => text,
    };
    if none_expected {
        report("data.value", Code::ValueWithStatus, format!("obs_status {status}"));
    }
    let value = match Decimal::parse(text) {
        Ok(value) => value,
        Err(error) => {
            let code = match number_code(error, text) {
                // A number that is written wrongly is told as one, here too.
                Code::NumberSyntax if yes_or_no && !text.contains(|c: char| c.is_ascii_digit()) => Code::NotYesOrNo,
                code => code,
            };
            report("data.value", code, or_meant(quoted(text), in_brackets(text).as_deref()));
            return None;
        }
    };
    if !mult_fits {
        return None;
    }
    match value.amount(unit_mult) {
        // The value should not be there: whether it is plausible does not matter.
        Ok(_) if none_expected => None,
        Ok(amount) => Some(Some(Number { value, amount })),
        Err(error) => {
            report("data.value", number_code(error, text), format!("{} × 10^{unit_mult}", quoted(text)));
            None
        }
    }
}

/// The negative number that bookkeepers write in brackets.
fn in_brackets(text: &str) -> Option<String> {
    let inside = text.trim().strip_prefix(['(', '（'])?.strip_suffix([')', '）'])?.replace([',', '，'], "");
    let is_number = inside.starts_with(|c: char| c.is_ascii_digit()) && Decimal::parse(&inside).is_ok();
    is_number.then(|| format!("-{inside}"))
}

fn number_code(error: DecimalError, text: &str) -> Code {
    let word = text.trim_start_matches(['+', '-']);
    match error {
        DecimalError::Syntax
            if ["nan", "inf", "infinity"].iter().any(|not_finite| word.eq_ignore_ascii_case(not_finite)) =>
        {
            Code::NumberNotFinite
        }
        DecimalError::Syntax if is_missing(word) => Code::ValueIsMark,
        DecimalError::Syntax if has_multiplier(text) => Code::NumberWithMultiplier,
        DecimalError::Syntax => Code::NumberSyntax,
        DecimalError::TooManyDecimals => Code::NumberTooManyDecimals,
        DecimalError::OutOfRange => Code::NumberOutOfRange,
    }
}

/// Whether a text is what offices and programs write where they have no figure.
fn is_missing(word: &str) -> bool {
    const WORDS: [&str; 15] =
        ["", "/", "／", "*", "na", "n/a", "n.a.", "null", "none", "无", "暂无", "缺", "空", "未统计", "不详"];
    let is_dots = |c: char| matches!(c, '-' | '–' | '—' | '－' | '.' | '…' | '·');
    word.chars().all(is_dots) || WORDS.iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// Whether a number is followed by a power of ten: `12万`, `1.2亿元`, `3 million`.
fn has_multiplier(text: &str) -> bool {
    let behind = text.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | ','));
    let has_digit = text[..text.len() - behind.len()].bytes().any(|byte| byte.is_ascii_digit());
    let word = behind.trim_start().to_lowercase();
    let words = MULTIPLIERS.iter().filter(|(power, ..)| *power != 0).flat_map(|(_, zh, en)| [*zh, *en]);
    has_digit && words.chain(["萬", "億", "billion", "百"]).any(|known| word.starts_with(known))
}

/// Judges an amount by the indicator's kind and the catalog's bounds.
pub(super) fn plausible(indicator: &Indicator, amount: i128, bounds: Bounds, report: &mut Report<'_>) {
    const ONE: i128 = 10_i128.pow(SCALE);
    let mut fail = |code, found| report("data.value", code, found);
    let is_boolean = indicator.kind == IndicatorKind::Milestone || indicator.unit == BOOLEAN;
    if is_boolean && amount != 0 && amount != ONE {
        return fail(Code::MilestoneNotBoolean, plain(amount));
    }
    match indicator.kind {
        IndicatorKind::Count | IndicatorKind::Coverage if amount < 0 => {
            return fail(Code::NegativeCount, plain(amount));
        }
        IndicatorKind::Count if amount % ONE != 0 => return fail(Code::CountNotWhole, plain(amount)),
        IndicatorKind::Coverage if indicator.unit == ITEMS && amount % ONE != 0 => {
            return fail(Code::CountNotWhole, plain(amount));
        }
        _ => {}
    }
    if let Some(min) = bounds.min.filter(|min| amount < *min) {
        fail(Code::BelowMinimum, format!("{} < {} {}", plain(amount), plain(min), indicator.unit));
    }
    if let Some(max) = bounds.max.filter(|max| amount > *max) {
        fail(Code::AboveMaximum, format!("{} > {} {}", plain(amount), plain(max), indicator.unit));
    }
}

/// An amount in plain digits, without zeros at the end.
pub(crate) fn plain(amount: i128) -> String {
    let text = Decimal { unscaled: amount, decimals: SCALE as u8 }.to_string();
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
