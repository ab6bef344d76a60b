//! When each report is due: every obligation's periods, laid out one by one.

use std::sync::Arc;

use helan_schemas::catalog::{Catalog, Obligation};
use helan_schemas::period::Period;
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::session::moment;

/// One report that is owed.
pub(crate) struct Due {
    pub(crate) obligation: String,
    pub(crate) reporter: String,
    pub(crate) ref_area: String,
    pub(crate) indicator: String,
    pub(crate) period: Period,
    /// Last day on which it is in time.
    pub(crate) due: Date,
    /// End of that day, microseconds since the epoch.
    pub(crate) due_at: i64,
    /// Since when the catalog knows that it is owed like this.
    pub(crate) known_from: Option<Date>,
}

/// Every report owed by some row, earlier known ones too, from its first period to its last; where the catalog names no last one, to the year
/// after `today` or after the catalog's default period; where it names no first one, from the default period's year.
pub(crate) fn all(catalog: &Catalog, zone: &TimeZone, today: Date) -> Arc<[Due]> {
    let default = Period::parse(&catalog.head.default_period).ok();
    let from = default.map_or(today, |period| period.start);
    let until = default.map_or(today, |period| period.end.max(today));
    let mut out = Vec::new();
    for obligation in &catalog.obligations {
        add(&mut out, obligation, from, until, zone);
    }
    out.into()
}

fn add(out: &mut Vec<Due>, obligation: &Obligation, from: Date, until: Date, zone: &TimeZone) -> Option<()> {
    let parse = |text: &Option<String>| text.as_deref().and_then(|text| Period::parse(text).ok());
    let first = parse(&obligation.first_period).map_or(from, |period| period.start);
    let last = parse(&obligation.last_period).map(|period| period.end);
    let last = last.or_else(|| until.checked_add(1.year()).ok())?;
    let mut start = first.first_of_year();
    while start <= last {
        let period = Period::of_frequency(&obligation.frequency, start)?;
        if period.start >= first && period.end <= last {
            let due = obligation.due_day(period.end)?;
            out.push(Due {
                obligation: obligation.obligation.clone(),
                reporter: obligation.reporter.clone(),
                ref_area: obligation.ref_area.clone(),
                indicator: obligation.indicator.clone(),
                period,
                due,
                due_at: moment::start_of(due.checked_add(1.day()).ok()?, zone)? - 1,
                known_from: obligation.known_from,
            });
        }
        start = period.end.checked_add(1.day()).ok()?;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Months after the last day of a month end on the last day of a month: P8M after 31 December is 31 August.
    #[test]
    fn eight_months_after_a_year_is_the_end_of_august() {
        let catalog = Catalog::embedded();
        let due = |after: &str, end| {
            let mut row = catalog.obligations[0].clone();
            row.due_after = after.to_owned();
            row.due_day(end)
        };
        assert_eq!(due("P8M", jiff::civil::date(2018, 12, 31)), Some(jiff::civil::date(2019, 8, 31)));
        assert_eq!(due("P15D", jiff::civil::date(2018, 6, 30)), Some(jiff::civil::date(2018, 7, 15)));
    }

    /// The last moment of the due day there, which is another day in UTC west of it.
    #[test]
    fn a_due_time_is_the_end_of_the_due_day_in_the_catalogs_zone() {
        let catalog = Catalog::embedded();
        let days = |name: &str| {
            let zone = TimeZone::get(name).expect("a zone");
            let dues = all(&catalog, &zone, jiff::civil::date(2018, 12, 31));
            assert!(!dues.is_empty());
            for due in dues.iter() {
                let at = |after| jiff::Timestamp::from_microsecond(due.due_at + after).expect("a time");
                assert_eq!(zone.to_datetime(at(0)).date(), due.due, "{name}");
                assert_eq!(zone.to_datetime(at(1)), due.due.tomorrow().expect("a day").at(0, 0, 0, 0), "{name}");
            }
            let first = &dues[0];
            let at = jiff::Timestamp::from_microsecond(first.due_at).expect("a time");
            (TimeZone::UTC.to_datetime(at).date() - first.due).get_days()
        };
        assert_eq!(days("Asia/Shanghai"), 0, "in the afternoon, UTC");
        assert_eq!(days("America/Halifax"), 1, "at night, UTC");
        assert_eq!(days("Pacific/Honolulu"), 1, "in the morning, UTC");
        assert_eq!(days("Pacific/Kiritimati"), 0, "in the morning, UTC");
    }
}
