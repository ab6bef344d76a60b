//! Moments as analysts write them: RFC 3339, or a date, which means the end of that day in the catalog's time zone.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// A text that is not a time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not a date or time: write RFC 3339 (2019-08-30T12:00:00+08:00) or a date (2019-08-30 = the end of that day in {zone})"
)]
pub struct MomentError {
    text: String,
    zone: String,
}

/// Reads a moment, in microseconds since the epoch.
pub(crate) fn parse(text: &str, zone: &TimeZone) -> Result<i64, MomentError> {
    if let Ok(day) = text.parse::<Date>()
        && text.len() == 10
    {
        let next = day.checked_add(1.day()).ok().and_then(|next| start_of(next, zone));
        return next.map(|next| next - 1).ok_or_else(|| error(text, zone));
    }
    text.parse::<Timestamp>().map(Timestamp::as_microsecond).map_err(|_| error(text, zone))
}

/// When a day begins in a time zone, in microseconds since the epoch.
pub(crate) fn start_of(day: Date, zone: &TimeZone) -> Option<i64> {
    zone.to_timestamp(day.at(0, 0, 0, 0)).ok().map(Timestamp::as_microsecond)
}

/// The moment at which clocks on the wall show a time, both in microseconds since the epoch; where a clock is set back, the
/// first one.
pub(crate) fn of_wall(time: i64, zone: &TimeZone) -> Result<i64, jiff::Error> {
    let wall = TimeZone::UTC.to_datetime(Timestamp::from_microsecond(time)?);
    zone.to_timestamp(wall).map(Timestamp::as_microsecond)
}

/// The day on which a moment falls in a time zone.
pub(crate) fn day_of(moment: i64, zone: &TimeZone) -> Date {
    let timestamp = Timestamp::from_microsecond(moment).unwrap_or(Timestamp::MAX);
    zone.to_datetime(timestamp).date()
}

fn error(text: &str, zone: &TimeZone) -> MomentError {
    MomentError { text: text.to_owned(), zone: zone.iana_name().unwrap_or("the catalog's time zone").to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_the_end_of_that_day_in_the_zone() {
        let zone = TimeZone::get("Asia/Shanghai").expect("zone");
        let end: Timestamp = "2019-08-30T15:59:59.999999Z".parse().expect("timestamp");
        assert_eq!(parse("2019-08-30", &zone), Ok(end.as_microsecond()));
        assert_eq!(parse("2019-08-30T23:59:59.999999+08:00", &zone), Ok(end.as_microsecond()));
        assert!(parse("last Friday", &zone).is_err());
        assert_eq!(day_of(end.as_microsecond(), &zone).to_string(), "2019-08-30");
    }
}
