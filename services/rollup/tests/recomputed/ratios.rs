//! The other path, rule 1: ratios from their components.

use crate::editions::published;
use crate::labels::Labels;
use crate::model::{Model, cell, divided, parse};
use crate::places::Figure;

/// How a ratio is computed.
pub(crate) struct Formula {
    pub(crate) above: &'static str,
    pub(crate) below: &'static str,
    pub(crate) factor: i128,
    /// Denominator of: 0 the same end, 1 the previous end, 2 the mean of both.
    pub(crate) date: u8,
}

/// A ratio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ratio {
    pub(crate) value: Option<i128>,
    /// As it is published: two digits.
    pub(crate) shown: Option<i128>,
    pub(crate) status: &'static str,
    pub(crate) numerator: Option<i128>,
    pub(crate) denominator: Option<i128>,
    pub(crate) complete: bool,
    pub(crate) coverage: (i64, Option<i64>),
    pub(crate) numerator_origin: Option<String>,
    pub(crate) denominator_origin: Option<String>,
    pub(crate) factor: i128,
    pub(crate) above: Labels,
    pub(crate) below: Labels,
    /// Whether what is missing can only raise it.
    pub(crate) at_least: bool,
    pub(crate) estimated: bool,
    /// The edition from which both parts are taken because the values that count are of two.
    pub(crate) paired: Option<&'static str>,
    /// What one in the last digits of numerator and denominator is worth.
    pub(crate) last_digits: (i128, i128),
    /// Status and coverage of the denominator; of two that of the one that is not complete.
    pub(crate) under: (&'static str, i64, Option<i64>),
}

impl Model<'_> {
    pub(crate) fn formula(&self, indicator: &str) -> Formula {
        match indicator {
            "rd_intensity" => Formula { above: "rd", below: "gdp", factor: 100, date: 0 },
            _ => Formula { above: "pat", below: "pop", factor: 10_000, date: self.variant.date },
        }
    }

    /// A figure of the period that ends on the day before.
    pub(crate) fn previous(&self, area: &str, indicator: &str, text: &str) -> Option<Figure> {
        let period = parse(text);
        // Several ranges may end on the day before; the first that has a value stands for it.
        let earlier = self.periods().into_iter().filter(|other| {
            let other = parse(other);
            other.kind == period.kind && other.end.tomorrow().ok() == Some(period.start)
        });
        let earlier: Vec<Figure> = earlier.filter_map(|earlier| self.place(&cell(area, indicator, &earlier))).collect();
        earlier.iter().find(|figure| figure.value.is_some()).or(earlier.first()).cloned()
    }

    /// Rule 1: from components; rule 2: no compiled denominators.
    pub(crate) fn ratio(&self, area: &str, indicator: &str, text: &str) -> Option<Ratio> {
        let Formula { above, below, factor, date } = self.formula(indicator);
        let formula_above = above;
        let numerator = self.place(&cell(area, above, text));
        let same = self.place(&cell(area, below, text));
        if numerator.is_none() && same.is_none() {
            return None;
        }
        let previous = self.previous(area, below, text);
        let value = |figure: &Option<Figure>| figure.as_ref().and_then(|figure| figure.value);
        let complete = |figure: &Option<Figure>| figure.as_ref().is_some_and(|figure| figure.complete);
        let origin = |figure: &Option<Figure>| figure.as_ref().and_then(|figure| figure.origin.clone());
        let (denominator, denominator_complete, denominator_origin) = match date {
            0 => (value(&same), complete(&same), origin(&same)),
            1 => (value(&previous), complete(&previous), origin(&previous)),
            _ => (
                value(&same).zip(value(&previous)).map(|(a, b)| divided(a + b, 2)),
                complete(&same) && complete(&previous),
                None,
            ),
        };
        let below = match date {
            0 => vec![&same],
            1 => vec![&previous],
            _ => vec![&same, &previous],
        };
        let mut top = value(&numerator);
        let mut denominator = denominator;
        let mut above_labels = numerator.as_ref().map(|figure| figure.labels.clone()).unwrap_or_default();
        let mut below_labels = Labels::of_parts(below.iter().copied().flatten().map(|figure| &figure.labels));
        let mut estimated =
            std::iter::once(&numerator).chain(below.iter().copied()).flatten().any(|part| part.estimated);
        // A part that says no edition is of none; a sum of several is of neither.
        let mixed = Some("mixed".to_owned());
        let is_of_one = above_labels.edition() == below_labels.edition() && above_labels.edition() != mixed;
        let whole_parts = complete(&numerator) && denominator_complete;
        // Both parts are of one edition: the newest that has both. Where none has, the ratio is mixed.
        let paired = (whole_parts && !is_of_one)
            .then(|| {
                let over = self.within_editions(numerator.as_ref());
                let under: Vec<_> = below.iter().map(|part| self.within_editions(part.as_ref())).collect();
                over.into_iter()
                    .filter_map(|(edition, over)| {
                        let under: Option<Vec<_>> = under.iter().map(|part| part.get(edition).cloned()).collect();
                        Some((edition, over, under?))
                    })
                    .max_by_key(|(edition, ..)| published(edition))
            })
            .flatten();
        let digit = |figure: &Option<Figure>| figure.as_ref().map_or(0, |figure| figure.last_digit);
        let mut last_digits = (digit(&numerator), below.iter().copied().map(digit).sum::<i128>() / below.len() as i128);
        if let Some((_, over, under)) = &paired {
            let parts = under.len() as i128;
            last_digits = (over.last_digit, under.iter().map(|part| part.last_digit).sum::<i128>() / parts);
            top = Some(over.amount);
            denominator = Some(divided(under.iter().map(|part| part.amount).sum(), parts));
            (above_labels, below_labels) =
                (over.labels.clone(), Labels::of_parts(under.iter().map(|part| &part.labels)));
            estimated = over.estimated || under.iter().any(|part| part.estimated);
        }
        let quotient = match (top, denominator) {
            // Over a part of the denominator there is no ratio of the whole.
            (Some(top), Some(denominator)) if denominator > 0 && denominator_complete => {
                Some(divided(top * factor * 10_i128.pow(10), denominator))
            }
            _ => None,
        };
        let status = numerator.as_ref().map(|figure| figure.status);
        let status = match (top, denominator) {
            (None, _) if matches!(status, Some("overlap" | "suppressed")) => status.unwrap_or_default(),
            (None, _) => "no_numerator",
            (_, None) => "no_own_value",
            (_, Some(denominator)) if denominator <= 0 => "no_denominator",
            _ if !denominator_complete => "partial",
            _ => status.unwrap_or_default(),
        };
        let whole = complete(&numerator) && denominator_complete;
        let grows = numerator.as_ref().is_some_and(|figure| self.at_least(formula_above, figure));
        let at_least = grows && denominator_complete && denominator.is_some_and(|denominator| denominator > 0);
        let first = below.iter().find(|part| !complete(part)).or(below.first()).copied();
        let under = first
            .and_then(Option::as_ref)
            .map_or(("", 0, None), |part| (part.status, part.coverage.0, part.coverage.1));
        let coverage = numerator.as_ref().map_or((0, None), |figure| figure.coverage);
        Some(Ratio {
            value: quotient,
            at_least,
            estimated,
            under,
            shown: quotient
                .filter(|_| whole || at_least)
                .and(top.zip(denominator))
                .map(|(top, below)| rounded(top * factor * 100, below, self.variant.half_even) * 10_i128.pow(8)),
            status,
            numerator: top,
            denominator,
            complete: whole,
            coverage,
            numerator_origin: origin(&numerator),
            denominator_origin,
            factor,
            above: above_labels,
            below: below_labels,
            paired: paired.as_ref().map(|(edition, ..)| *edition),
            last_digits,
        })
    }
}

/// n ÷ d as a whole number: half away from zero, or to the even one.
fn rounded(n: i128, d: i128, half_even: bool) -> i128 {
    let (size, d) = (n.unsigned_abs(), d.unsigned_abs());
    let (whole, rest) = (size / d, size % d);
    let up = 2 * rest > d || (2 * rest == d && (!half_even || whole % 2 == 1));
    let rounded = (whole + u128::from(up)) as i128;
    if n < 0 { -rounded } else { rounded }
}
