//! `rules.csv`.

use super::indicators::by_id;
use super::places::Places;
use super::{At, dangling, id, least_and_most, unique};
use crate::catalog::codes::*;
use crate::catalog::load::Sheets;
use crate::catalog::problem::Problems;
use crate::catalog::rows::*;
use crate::decimal::Decimal;

pub(super) fn check(sheets: &Sheets, places: &Places<'_>, problems: &mut Problems) {
    let indicators = by_id(sheets);
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    unique(&sheets.rules, |row| (row.rule.clone(), row.known_from), |row| row.rule.clone(), problems);
    for (at, row) in sheets.rules.iter() {
        id(at, "rule", &row.rule, allowed, "lowercase letters, digits, hyphens and underscores", problems);
        if let Some(area) = row.ref_area.as_deref().filter(|area| !places.is_place(area)) {
            dangling(at, "ref_area", area, "areas.csv or groups.csv", problems);
        }
        limits(at, row, problems);
        let Some(indicator) = indicators.get(row.indicator.as_str()) else {
            dangling(at, "indicator", &row.indicator, "indicators.csv", problems);
            continue;
        };
        if (row.check == RuleCheck::RatioParts) != (indicator.kind == IndicatorKind::Ratio) {
            let what = format!("{} is asked of {}, a {}", row.check.code(), row.indicator, indicator.kind.code());
            let fix = "ratio_parts is for ratios, and every other check for what is reported";
            problems.add(at, "rule_check", what, "there is nothing that it could compare", fix);
        }
        if row.check == RuleCheck::Stock && indicator.kind != IndicatorKind::Stock {
            let what = format!("{} is a {}, no stock", row.indicator, indicator.kind.code());
            problems.add(at, "rule_check", what, "only a stock carries over", "name a stock, or take another check");
        }
        let parts: Vec<_> = row.part_indicators().collect();
        let wanted = match row.check {
            RuleCheck::Sum => parts.len() >= 2,
            RuleCheck::Stock => parts.len() == 1,
            _ => parts.is_empty(),
        };
        if !wanted {
            let what = format!("{} with {} indicators in parts", row.check.code(), parts.len());
            let fix = "sum: two or more, separated by spaces; stock: the one that is added; others: empty the cell";
            problems.add(at, "rule_parts", what, "the comparison needs its other side", fix);
        }
        for part in parts {
            match indicators.get(part) {
                None => dangling(at, "parts", part, "indicators.csv", problems),
                Some(part) => addable(at, indicator, part, problems),
            }
        }
    }
}

/// What adds up has one unit and belongs to one kind of place.
fn addable(at: At, whole: &Indicator, part: &Indicator, problems: &mut Problems) {
    if !part.is_reported() || part.unit != whole.unit {
        let what = format!("{} ({}) is no part of {} ({})", part.indicator, part.unit, whole.indicator, whole.unit);
        problems.add(at, "rule_parts", what, "amounts in other units do not add up", "name parts in the same unit");
    } else if part.attribution != whole.attribution {
        let what = format!(
            "{} counts by {}, {} by {}",
            part.indicator,
            part.attribution.code(),
            whole.indicator,
            whole.attribution.code()
        );
        let why = "a unit registered in one area and working in another would count twice, or nowhere";
        let fix = "add only what is attributed in the same way";
        problems.add(at, "mixed_attribution", what, why, fix);
    }
}

/// A cell as a message shows it.
pub(super) fn or_empty(cell: Option<&str>) -> &str {
    cell.unwrap_or("(empty)")
}

fn limits(at: At, row: &Rule, problems: &mut Problems) {
    let (low, _) = least_and_most(at, [("low", row.low.as_deref()), ("high", row.high.as_deref())], problems);
    let ranged = matches!(row.check, RuleCheck::Bounds | RuleCheck::Jump);
    if ranged != (row.low.is_some() || row.high.is_some()) {
        let (low, high) = (or_empty(row.low.as_deref()), or_empty(row.high.as_deref()));
        let what = format!("{} with low {low} and high {high}", row.check.code());
        let fix = "bounds and jump: fill in low, high or both; others: empty the cells";
        problems.add(at, "rule_limits", what, "the rule would never find anything, or ignore a limit", fix);
    }
    if row.check == RuleCheck::Jump && low.is_some_and(|low| low.unscaled < 0) {
        let fix = "0.5 = at least half of the period before";
        problems.add(at, "rule_limits", "low of a jump is negative", "it is a quotient", fix);
    }
    let stated = row.tolerance.as_deref().filter(|_| !row.is_half_digit());
    let is_distance = |text| Decimal::parse(text).is_ok_and(|tolerance| tolerance.unscaled >= 0);
    let tolerates = matches!(row.check, RuleCheck::Sum | RuleCheck::AreaSum | RuleCheck::Stock);
    if !stated.is_none_or(is_distance) || (row.tolerance.is_some() && !tolerates) {
        let what = format!("{} with tolerance {}", row.check.code(), row.tolerance.as_deref().unwrap_or_default());
        let fix = "sum, area_sum and stock: a distance of 0 or more, or half_digit; others: empty the cell";
        problems.add(at, "rule_limits", what, "it is the distance that may lie between two sides", fix);
    }
}
