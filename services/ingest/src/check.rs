//! Judges one event against the catalog: every error it has, or the statement that it makes.

mod meant;
mod place;
mod text;
mod value;

use std::borrow::Cow;
use std::cell::{Cell, RefCell};

use helan_schemas::catalog::{Catalog, DecimalMark, Indicator, Reporter};
use helan_schemas::codes;
use helan_schemas::event::{EventRef, MAX_ID_BYTES, MAX_SOURCE_BYTES, Statement, Text, parse_instant};
use helan_schemas::fields::{FIELDS, Field, Holds};
use helan_schemas::period::Period;
use helan_schemas::refusal::Code;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::decode::title::Known;
use crate::problems::quoted;
pub(crate) use value::{ValueText, plain};

/// Takes errors: the field (`id`, `data.value`), the code, what was found.
pub(crate) type Report<'r> = dyn FnMut(&'static str, Code, String) + 'r;

/// Judges the events of one request.
pub(crate) struct Judge<'c> {
    catalog: &'c Catalog,
    reporter: &'c Reporter,
    received_at: i64,
    today: Date,
    zone: TimeZone,
    /// The last area, indicator and day that were allowed: neighbours in a batch mostly have the same.
    allowed: RefCell<Option<(String, String, Date)>>,
    /// How many names may still be looked for that are near to a wrong one: each costs a look at all of them.
    searches: Cell<u32>,
}

impl<'c> Judge<'c> {
    pub(crate) fn new(catalog: &'c Catalog, reporter: &'c Reporter, received_at: i64) -> Self {
        let zone = catalog.time_zone();
        let instant = jiff::Timestamp::from_microsecond(received_at).unwrap_or_default();
        let today = zone.to_datetime(instant).date();
        Self {
            catalog,
            reporter,
            received_at,
            today,
            zone,
            allowed: RefCell::default(),
            searches: Cell::new(meant::SEARCHES),
        }
    }

    /// What the catalog's offices write between whole and fraction, if it says.
    pub(crate) fn decimal_mark(&self) -> Option<DecimalMark> {
        self.catalog.head.decimal_mark
    }

    /// Whether an indicator's reports say yes or no.
    pub(crate) fn is_yes_or_no(&self, indicator: &str) -> bool {
        self.catalog.indicator(indicator).is_some_and(Indicator::is_yes_or_no)
    }

    /// What the unit of an indicator is called: by code and by name; nothing of an indicator that the catalog lacks.
    pub(crate) fn units_of(&self, indicator: &str) -> Option<[&'c str; 3]> {
        let row = self.catalog.indicator(indicator)?;
        Some([row.unit.as_str(), row.unit_zh.as_str(), row.unit_en.as_str()])
    }

    /// The catalog's words for units and offices.
    pub(crate) fn known_in_titles(&self) -> Known {
        let catalog = self.catalog;
        let units =
            catalog.indicators.iter().map(|row| [row.unit.as_str(), row.unit_zh.as_str(), row.unit_en.as_str()]);
        let areas = catalog.areas.iter().flat_map(|row| [&row.name_zh, &row.name_en]);
        let reporters = catalog.reporters.iter().flat_map(|row| [&row.name_zh, &row.name_en]);
        Known::new(units, areas.chain(reporters).map(String::as_str))
    }

    /// Whether the catalog has a source.
    pub(crate) fn knows_source(&self, source: &str) -> bool {
        self.catalog.source(source).is_some()
    }

    /// Judges a source; once a request, since all its events have the same.
    pub(crate) fn source(&self, source: &str, report: &mut Report<'_>) {
        if source.is_empty() {
            report("source", Code::SourceMissing, String::new());
        } else if source.len() > MAX_SOURCE_BYTES || source.chars().any(|c| c.is_whitespace() || text::is_forbidden(c))
        {
            report("source", Code::SourceInvalid, quoted(source));
        } else {
            match self.catalog.source(source) {
                None => report("source", Code::UnknownSource, quoted(source)),
                Some(row) if row.reporter != self.reporter.reporter => {
                    report("source", Code::ForeignSource, quoted(source));
                }
                Some(_) => {}
            }
        }
    }

    /// Judges everything of an event but its source, reports every error, and returns the statement if there is none.
    /// Brings `published_at` into its canonical form. An empty text counts as absent. An empty id is the caller's matter.
    pub(crate) fn event(
        &self,
        event: &mut EventRef<'_>,
        value: ValueText<'_>,
        report: &mut Report<'_>,
    ) -> Option<Statement> {
        let mut errors = 0_u32;
        let mut report = |field: &'static str, code: Code, found: String| {
            errors += 1;
            report(field, code, found);
        };
        attributes(event, &mut report);
        text::check(&mut event.data, &mut report);
        if event.data.entity.is_some() {
            report("data.entity", Code::EntityNotEnabled, String::new());
        }
        let statement = match &*event.event_type {
            codes::TYPE_REPORTED => self.reported(event, value, &mut report),
            codes::TYPE_WITHDRAWN => {
                self.withdrawn(event, value, &mut report);
                Some(Statement::Withdrawn)
            }
            "" => {
                report("type", Code::MissingField, String::new());
                None
            }
            other => {
                report("type", Code::TypeUnknown, quoted(other));
                None
            }
        };
        statement.filter(|_| errors == 0)
    }

    fn reported(&self, event: &mut EventRef<'_>, value: ValueText<'_>, report: &mut Report<'_>) -> Option<Statement> {
        let data = &mut event.data;
        if data.withdraws.is_some() {
            report("data.withdraws", Code::FieldNotAllowed, String::new());
        }
        let period = self.period(data.time_period.as_deref(), report);
        let published_at = self.published_at(&mut data.published_at, report);
        let is_printed = data.role.as_deref() == Some(codes::PRINTED);
        let indicator = self.indicator(data.indicator.as_deref(), is_printed, report);
        self.area(data.ref_area.as_deref(), indicator, period, report);
        if let (Some(period), Some(indicator)) = (&period, indicator) {
            place::form(period, indicator, report);
        }
        self.statuses(data, indicator, report);
        let yes_or_no = indicator.is_some_and(Indicator::is_yes_or_no);
        let amount = value::judge(data, value, yes_or_no, report);
        if let (Some(indicator), Some(number)) = (indicator, amount.flatten()) {
            let bounds = self.catalog.bounds(&indicator.indicator, data.ref_area.as_deref().unwrap_or_default());
            value::plausible(indicator, number.amount, bounds, report);
        }
        let number = amount?;
        Some(Statement::Reported {
            period: period?,
            value: number.map(|number| number.value),
            unit_mult: data.unit_mult.unwrap_or(0),
            amount: number.map(|number| number.amount),
            published_at: published_at?,
        })
    }

    fn withdrawn(&self, event: &EventRef<'_>, value: ValueText<'_>, report: &mut Report<'_>) {
        let data = &event.data;
        match data.withdraws.as_deref() {
            None => report("data.withdraws", Code::WithdrawsMissing, String::new()),
            Some(id) if id.len() > MAX_ID_BYTES => report("data.withdraws", Code::IdInvalid, quoted(id)),
            Some(id) if *id == *event.id => report("data.withdraws", Code::WithdrawsItself, quoted(id)),
            Some(_) => {}
        }
        let named = |name: &str| FIELDS.iter().find(|field| field.name == name);
        let texts = FIELDS.iter().filter(|field| !field.in_withdrawal && !matches!(field.name, "time_period" | "unit"));
        let text = |field: &Field| (field.path, (field.get)(data).is_some());
        let present = named("time_period").map(text).into_iter();
        let present =
            present.chain([("data.value", !matches!(value, ValueText::Absent))]).chain(named("unit").map(text));
        let present = present.chain([("data.unit_mult", data.unit_mult.is_some())]).chain(texts.map(text));
        for (field, _) in present.filter(|(_, is_present)| *is_present) {
            report(field, Code::FieldNotAllowed, String::new());
        }
        // Which event it voids decides everything; these two only help a reader, so they have to exist.
        if let Some(code) = data.ref_area.as_deref().filter(|code| !self.catalog.is_place(code)) {
            report("data.ref_area", Code::UnknownArea, self.meant_area(code));
        }
        if let Some(id) = data.indicator.as_deref().filter(|id| self.catalog.indicator(id).is_none()) {
            report("data.indicator", Code::UnknownIndicator, self.meant_indicator(id));
        }
    }

    /// What is computed is never reported; what somebody printed of it may be said, to be compared.
    fn indicator(&self, id: Option<&str>, is_printed: bool, report: &mut Report<'_>) -> Option<&'c Indicator> {
        let Some(id) = id else {
            report("data.indicator", Code::MissingField, String::new());
            return None;
        };
        let found = self.catalog.indicator(id);
        match found {
            None => report("data.indicator", Code::UnknownIndicator, self.meant_indicator(id)),
            Some(indicator) if !indicator.is_reported() && !is_printed => {
                report("data.indicator", Code::IndicatorComputed, quoted(id));
            }
            Some(_) => {}
        }
        found
    }

    fn period(&self, text: Option<&str>, report: &mut Report<'_>) -> Option<Period> {
        let Some(text) = text else {
            report("data.time_period", Code::MissingField, String::new());
            return None;
        };
        match Period::parse(text) {
            Ok(period) => {
                if period.start > self.today {
                    report("data.time_period", Code::PeriodInFuture, format!("{} > {}", period.start, self.today));
                }
                Some(period)
            }
            Err(error) => {
                report("data.time_period", error.code(), quoted(text));
                None
            }
        }
    }

    /// The basis that the catalog derives for a value that names none, published at an instant or now.
    pub(crate) fn basis_of(
        &self,
        indicator: &str,
        ref_area: &str,
        period_end: Date,
        published_at: Option<i64>,
    ) -> Option<&'c str> {
        let known = published_at.and_then(|instant| jiff::Timestamp::from_microsecond(instant).ok());
        let day = known.map_or(self.today, |instant| self.zone.to_datetime(instant).date());
        self.catalog.basis_of(indicator, ref_area, period_end, day).map(|basis| basis.basis.as_str())
    }

    /// The outer option is none where the text is wrong. A bare date is the start of that day in the catalog's zone.
    fn published_at(&self, field: &mut Option<Text<'_>>, report: &mut Report<'_>) -> Option<Option<i64>> {
        let Some(text) = field.as_deref() else { return Some(None) };
        if !self.reporter.may_back_date {
            report("data.published_at", Code::PublishedNotAllowed, quoted(text));
        }
        let Some(instant) = self.instant(text) else {
            report("data.published_at", Code::PublishedAtInvalid, quoted(text));
            return None;
        };
        if instant > self.received_at {
            report("data.published_at", Code::PublishedInFuture, quoted(text));
        }
        let canonical = jiff::Timestamp::from_microsecond(instant).ok()?.to_string();
        if canonical != text {
            *field = Some(Text(Cow::Owned(canonical)));
        }
        Some(Some(instant))
    }

    fn instant(&self, text: &str) -> Option<i64> {
        if is_rfc3339(text) {
            return parse_instant(text);
        }
        let day = Period::parse(text).ok().filter(|_| text.len() == 10)?;
        Some(self.zone.to_timestamp(day.start.at(0, 0, 0, 0)).ok()?.as_microsecond())
    }
}

/// CloudEvents' attributes, the source excepted.
fn attributes(event: &EventRef<'_>, report: &mut Report<'_>) {
    match &*event.specversion {
        "1.0" => {}
        "" => report("specversion", Code::MissingField, String::new()),
        other => report("specversion", Code::SpecversionUnsupported, quoted(other)),
    }
    let id = &*event.id;
    if id.len() > MAX_ID_BYTES || text::has_forbidden(id, Holds::Code) || id.trim() != id {
        report("id", Code::IdInvalid, quoted(id));
    }
    if let Some(time) = event.time.as_deref().filter(|time| !is_rfc3339(time) || parse_instant(time).is_none()) {
        report("time", Code::TimeInvalid, quoted(time));
    }
    if let Some(media_type) = event.datacontenttype.as_deref().filter(|name| !is_json(name)) {
        report("datacontenttype", Code::DatacontenttypeUnsupported, quoted(media_type));
    }
    for (field, text) in [("subject", &event.subject), ("dataschema", &event.dataschema)] {
        let Some(text) = text.as_deref() else { continue };
        if text.len() > text::MAX_ATTRIBUTE_BYTES {
            report(field, Code::TextTooLong, format!("{} > {}", text.len(), text::MAX_ATTRIBUTE_BYTES));
        } else if text::has_forbidden(text, Holds::Code) {
            report(field, Code::TextControl, quoted(text));
        }
    }
}

fn is_json(media_type: &str) -> bool {
    media_type.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}

/// Whether a text has RFC 3339's shape: jiff would also take a bracketed zone, a space, or a time without seconds.
fn is_rfc3339(text: &str) -> bool {
    let bytes = text.as_bytes();
    let shaped = |range: std::ops::Range<usize>, pattern: &[u8]| {
        bytes.get(range).is_some_and(|part| {
            part.iter()
                .zip(pattern)
                .all(|(byte, want)| if *want == b'0' { byte.is_ascii_digit() } else { byte == want })
        })
    };
    if !shaped(0..10, b"0000-00-00") || !matches!(bytes.get(10), Some(b'T' | b't')) || !shaped(11..19, b"00:00:00") {
        return false;
    }
    let rest = &bytes[19..];
    let rest = match rest.strip_prefix(b".") {
        None => rest,
        Some(fraction) => {
            let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if !(1..=9).contains(&digits) {
                return false;
            }
            &fraction[digits..]
        }
    };
    match rest {
        [b'Z' | b'z'] => true,
        [b'+' | b'-', h1, h2, b':', m1, m2] => [h1, h2, m1, m2].iter().all(|byte| byte.is_ascii_digit()),
        _ => false,
    }
}
