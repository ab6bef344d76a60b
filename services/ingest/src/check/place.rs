//! Areas, permissions and the lists of codes.

use std::collections::BTreeSet;
use std::ops::Range;

use helan_schemas::catalog::{Indicator, IndicatorKind, Membership};
use helan_schemas::codes;
use helan_schemas::event::DataRef;
use helan_schemas::period::{Period, PeriodKind};
use helan_schemas::refusal::Code;
use jiff::civil::Date;

use super::{Judge, Report};
use crate::decode::headings::INDICATOR_NAME;
use crate::decode::title;
use crate::problems::quoted;

/// Zeros before a code that a spreadsheet may have taken away.
const MOST_ZEROS: usize = 6;

impl Judge<'_> {
    /// Judges the area, and whether the reporter may report the indicator for it.
    pub(super) fn area(
        &self,
        code: Option<&str>,
        indicator: Option<&Indicator>,
        period: Option<Period>,
        report: &mut Report<'_>,
    ) {
        let Some(code) = code else { return report("data.ref_area", Code::MissingField, String::new()) };
        if let (Some(indicator), Some(period)) = (indicator, period) {
            let last = self.allowed.borrow();
            let again = |(area, id, day): &(String, String, Date)| {
                area == code && *id == indicator.indicator && *day == period.end
            };
            if last.as_ref().is_some_and(again) {
                return;
            }
        }
        if !self.catalog.is_place(code) {
            return report("data.ref_area", Code::UnknownArea, self.meant_area(code));
        }
        // Without a period nothing more can be said: codes move and get reused.
        let Some(period) = period else { return };
        let day = period.end;
        if !self.catalog.is_place_on(code, day) {
            return report("data.ref_area", Code::AreaNotValid, format!("{} @ {day}", quoted(code)));
        }
        self.permission(code, indicator, day, report);
    }

    /// The area whose code this one would be with zeros before it, if its reporter may report for that one as well.
    pub(crate) fn padded(&self, code: &str, indicator: Option<&str>, period: Option<&str>) -> Option<String> {
        if code.starts_with('0') || !code.bytes().all(|byte| byte.is_ascii_digit()) || !self.catalog.is_place(code) {
            return None;
        }
        let day = period.and_then(|text| Period::parse(text).ok()).map_or(self.today, |period| period.end);
        let may = |code: &str| {
            let indicator = indicator.unwrap_or_default();
            self.catalog.is_place(code) && self.catalog.allows(&self.reporter.reporter, code, indicator, day)
        };
        let padded = (1..=MOST_ZEROS).map(|zeros| format!("{}{code}", "0".repeat(zeros))).find(|padded| may(padded));
        padded.filter(|_| may(code))
    }

    /// Whether a name that a table shows beside a code is one of the code's, in either language and at any time. What
    /// has no such code has another error.
    pub(crate) fn is_named(&self, field: &str, code: &str, name: &str) -> bool {
        if field == INDICATOR_NAME {
            return self.catalog.indicator(code).is_none_or(|row| row.name_zh == name || row.name_en == name);
        }
        let areas = self.catalog.areas.iter().filter(|row| row.code == code);
        let areas = areas.map(|row| (&row.name_zh, &row.name_en));
        let groups = self.catalog.groups.iter().filter(|row| row.group_id == code);
        let mut names = areas.chain(groups.map(|row| (&row.name_zh, &row.name_en))).peekable();
        names.peek().is_none() || names.any(|(zh, en)| zh == name || en == name)
    }

    /// The area that a title names, if it names one alone, by its name and codes. Names of offices are none, and neither are
    /// short ones, which several areas have.
    pub(crate) fn area_in(&self, title: &str) -> Option<(String, Vec<String>)> {
        let areas = &self.catalog.areas;
        let names = areas.iter().flat_map(|row| [row.name_zh.as_str(), row.name_en.as_str()]);
        let names: BTreeSet<_> = names.filter(|name| name.chars().count() > 2).collect();
        let alone = |at: usize, name: &str| {
            let ascii = |c: char| c.is_ascii_alphanumeric();
            !name.is_ascii() || !title[..at].ends_with(ascii) && !title[at + name.len()..].starts_with(ascii)
        };
        let places = names.iter().flat_map(|name| title.match_indices(name)).filter(|(at, name)| alone(*at, name));
        let places: Vec<_> = places.map(|(at, name)| (at..at + name.len(), name)).collect();
        let within_longer = |own: &Range<usize>| {
            places.iter().any(|(other, _)| other.len() > own.len() && other.start <= own.start && own.end <= other.end)
        };
        let found: Vec<_> = places.iter().filter(|(place, _)| !within_longer(place)).collect();
        let codes = |name: &str| {
            let rows = areas.iter().filter(|row| row.name_zh == name || row.name_en == name);
            rows.map(|row| row.code.clone()).collect::<BTreeSet<_>>()
        };
        let (_, first) = found.first()?;
        let own = codes(first);
        let one = found.iter().all(|(place, name)| !title::is_of_office(&title[place.end..]) && codes(name) == own);
        one.then(|| ((*first).to_owned(), own.into_iter().collect()))
    }

    /// Whether an area is one of several or lies in one of them; nothing of what is no area.
    pub(crate) fn lies_in_any(&self, code: &str, outer: &[String], day: Date) -> Option<bool> {
        self.catalog.area_on(code, day)?;
        Some(outer.iter().any(|outer| self.catalog.lies_in(code, outer, day)))
    }

    fn permission(&self, code: &str, indicator: Option<&Indicator>, day: Date, report: &mut Report<'_>) {
        let reporter = self.reporter.reporter.as_str();
        if let Some(indicator) = indicator
            && self.catalog.allows(reporter, code, &indicator.indicator, day)
        {
            *self.allowed.borrow_mut() = Some((code.to_owned(), indicator.indicator.clone(), day));
            return;
        }
        // A listed group is the sum of its members, unless the catalog lets somebody answer for it as a whole.
        let group = self.catalog.group_on(code, day).filter(|_| self.catalog.area_on(code, day).is_none());
        if group.is_some_and(|group| group.membership == Membership::Listed) {
            return report("data.ref_area", Code::GroupNotReportable, quoted(code));
        }
        let from = self.reporter.valid_from.is_none_or(|from| from <= day);
        if !from || self.reporter.valid_to.is_some_and(|to| to <= day) {
            return report("data.time_period", Code::ReporterNotValid, day.to_string());
        }
        let mut own = self.catalog.scopes.iter().filter(|scope| scope.reporter == reporter);
        if !own.any(|scope| self.catalog.allows(reporter, code, &scope.indicator, day)) {
            report("data.ref_area", Code::ForeignArea, quoted(code));
        } else if let Some(indicator) = indicator {
            report("data.indicator", Code::ForeignIndicator, format!("{} @ {code}", indicator.indicator));
        }
    }

    /// Judges unit, statuses, vintage and basis.
    pub(super) fn statuses(&self, data: &DataRef<'_>, indicator: Option<&Indicator>, report: &mut Report<'_>) {
        match (data.unit.as_deref(), indicator) {
            (None, _) => report("data.unit", Code::MissingField, String::new()),
            (Some(unit), Some(indicator)) if unit != indicator.unit => {
                report("data.unit", Code::UnitMismatch, format!("{} ≠ {}", quoted(unit), indicator.unit));
            }
            _ => {}
        }
        let listed = |text: Option<&str>, list: &[&str]| text.is_none_or(|text| list.contains(&text));
        let status = data.obs_status.as_deref();
        if !listed(status, &codes::OBS_STATUSES) {
            report("data.obs_status", Code::ObsStatusUnknown, quoted(status.unwrap_or_default()));
        }
        let confidential = data.conf_status.as_deref();
        if !listed(confidential, &codes::CONF_STATUSES) {
            report("data.conf_status", Code::ConfStatusUnknown, quoted(confidential.unwrap_or_default()));
        }
        let vintage = data.vintage.as_deref();
        if !listed(vintage, &codes::VINTAGES) {
            report("data.vintage", Code::VintageUnknown, quoted(vintage.unwrap_or_default()));
        }
        if !self.reporter.may_estimate {
            let said = [("data.obs_status", status), ("data.vintage", vintage)].into_iter();
            let mut estimates =
                said.filter_map(|(field, code)| Some((field, code.filter(|code| codes::is_estimate(code))?)));
            if let Some((field, code)) = estimates.next() {
                report(field, Code::EstimateNotAllowed, quoted(code));
            }
        }
        if let Some(edition) = data.edition.as_deref().filter(|edition| !self.catalog.has_edition(edition)) {
            report("data.edition", Code::EditionUnknown, quoted(edition));
        }
        if let Some(role) = data.role.as_deref().filter(|role| !codes::ROLES.contains(role)) {
            report("data.role", Code::RoleUnknown, quoted(role));
        }
        if let (Some(basis), Some(indicator)) = (data.basis.as_deref(), indicator)
            && !self.catalog.has_basis(&indicator.indicator, basis)
        {
            report("data.basis", Code::BasisUnknown, quoted(basis));
        }
    }
}

/// Judges whether the period's form suits the indicator.
pub(super) fn form(period: &Period, indicator: &Indicator, report: &mut Report<'_>) {
    if indicator.kind == IndicatorKind::Stock && period.kind == PeriodKind::Range {
        report("data.time_period", Code::StockWithRange, quoted(&period.to_string()));
    }
}
