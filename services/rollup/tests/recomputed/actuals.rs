//! The other path, targets: what stands against each, a ratio, a value, or k of n.

use crate::model::{Model, cell};
use crate::places::Figure;
use crate::world::{ITEMS, Owed};

pub(crate) const ONE: i128 = 10_i128.pow(10);

/// How a row of a target is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Measure {
    Ratio,
    /// How many milestones are done.
    Items,
    /// How many members of the group are done.
    Members,
    /// The place's own value: a milestone or a percentage too.
    Value,
}

/// What stands against a target.
pub(crate) struct Actual {
    pub(crate) numerator: Option<i128>,
    pub(crate) denominator: Option<i128>,
    pub(crate) factor: i128,
    pub(crate) status: &'static str,
    pub(crate) complete: bool,
    pub(crate) months: Option<i64>,
    pub(crate) coverage: (i64, Option<i64>),
    pub(crate) numerator_origin: Option<String>,
    pub(crate) denominator_origin: Option<String>,
    pub(crate) editions: (Option<String>, Option<String>),
    /// Whether it is a part that the rest can only add to.
    pub(crate) at_least: bool,
    pub(crate) estimated: bool,
    /// Of a ratio's denominator: status and coverage.
    pub(crate) under: Option<(&'static str, i64, Option<i64>)>,
    /// Whether it was reported that there is no value.
    pub(crate) is_known_missing: bool,
}

impl Actual {
    const NOTHING: Self = Self {
        numerator: None,
        denominator: None,
        factor: 1,
        status: "not_reported",
        complete: false,
        months: None,
        coverage: (0, None),
        numerator_origin: None,
        denominator_origin: None,
        editions: (None, None),
        at_least: false,
        estimated: false,
        under: None,
        is_known_missing: false,
    };

    /// Of an area or group for the year 2018.
    pub(crate) fn of(model: &Model<'_>, owed: &Owed, area: &str, measure: Measure) -> Self {
        let value = |place: &str, indicator: &str| model.place(&cell(place, indicator, "2018"));
        let is_known_missing = |indicator: &str| {
            let own = model.own(&cell(area, indicator, "2018"));
            own.is_some_and(|own| own.amount.is_none())
        };
        match measure {
            Measure::Ratio => {
                let is_known_missing = is_known_missing(model.formula(owed.indicator).above);
                Self { is_known_missing, ..Self::of_ratio(model, owed, area) }
            }
            Measure::Value => {
                let is_known_missing = is_known_missing(owed.indicator);
                Self { is_known_missing, ..Self::of_value(model, value(area, owed.indicator), owed) }
            }
            Measure::Items => Self::of_parts(ITEMS.map(|item| value(area, item)).into(), value(area, owed.indicator)),
            Measure::Members => {
                let members = model.variant.members(area, crate::model::parse("2018").end, owed.indicator);
                let parts = members.iter().map(|member| value(member, owed.indicator)).collect();
                Self::of_parts(parts, value(area, owed.indicator))
            }
        }
    }

    fn of_ratio(model: &Model<'_>, owed: &Owed, area: &str) -> Self {
        let Some(ratio) = model.ratio(area, owed.indicator, "2018") else { return Self::NOTHING };
        let single = ratio.status == "reported";
        Self {
            numerator: ratio.numerator,
            denominator: ratio.denominator,
            factor: ratio.factor,
            status: ratio.status,
            complete: ratio.complete,
            at_least: ratio.at_least,
            estimated: ratio.estimated,
            under: Some(ratio.under),
            months: None,
            coverage: ratio.coverage,
            numerator_origin: ratio.numerator_origin.filter(|_| single),
            denominator_origin: ratio.denominator_origin.filter(|_| single),
            editions: (ratio.above.edition(), ratio.below.edition()),
            is_known_missing: false,
        }
    }

    fn of_value(model: &Model<'_>, figure: Option<Figure>, owed: &Owed) -> Self {
        let Some(figure) = figure else { return Self { denominator: Some(ONE), ..Self::NOTHING } };
        // What is done stays done: an earlier report of the year stands at its end. What is not done may come to be.
        let stays = figure.status == "carried"
            && matches!(owed.comparator, "done" | "started")
            && figure.value.is_some_and(|it| it >= ONE);
        let status = match figure.status {
            _ if stays => "reported",
            "missing" => "not_reported",
            status => status,
        };
        Self {
            numerator: figure.value,
            denominator: Some(ONE),
            factor: 1,
            status,
            complete: figure.complete || stays,
            at_least: model.at_least(owed.indicator, &figure),
            estimated: figure.estimated,
            under: None,
            months: figure.months,
            coverage: figure.coverage,
            editions: (figure.labels.edition(), None),
            numerator_origin: figure.origin.filter(|_| figure.status == "reported"),
            denominator_origin: None,
            is_known_missing: false,
        }
    }

    /// k of n: how many parts are done. Where no part is known, what was reported for the whole stands in.
    fn of_parts(parts: Vec<Option<Figure>>, whole: Option<Figure>) -> Self {
        // Who was not done earlier in the year may be done at its end.
        let tells = |part: &&Figure| part.status != "carried" || part.value.is_some_and(|value| value >= ONE);
        let told: Vec<&Figure> = parts.iter().flatten().filter(tells).collect();
        let values: Vec<i128> = told.iter().filter_map(|part| part.value).collect();
        let estimated = parts.iter().flatten().any(|part| part.estimated);
        let n = parts.len() as i64;
        let known = values.len() as i64;
        let whole = whole.filter(|_| known == 0);
        let earlier = whole.as_ref().is_some_and(|whole| whole.status == "carried");
        let of_whole = whole.as_ref().is_some_and(|whole| whole.estimated);
        let own = whole.and_then(|whole| whole.value);
        let done = values.iter().filter(|value| **value >= ONE).count() as i128 * ONE;
        Self {
            numerator: if known > 0 { Some(done) } else { own },
            denominator: Some(ONE),
            status: match (known, own) {
                (0, None) => "not_reported",
                (0, Some(_)) if earlier => "carried",
                (0, Some(_)) => "reported",
                (known, _) if known == n => "compiled",
                _ => "partial",
            },
            complete: (known == n && known > 0) || (own.is_some() && !earlier),
            at_least: (known > 0 && known < n) || (own.is_some() && earlier),
            estimated: if known > 0 { estimated } else { of_whole },
            coverage: if own.is_some() { (1, Some(1)) } else { (known, Some(n)) },
            ..Self::NOTHING
        }
    }
}
