//! Days, times of day, instants and spans, as the server writes them; what it could not write is refused.

use arrow::datatypes::IntervalMonthDayNanoType;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, civil};

use crate::problem::{Own, Problem};

pub(super) fn day(days: i32) -> Result<civil::Date, Problem> {
    let span = jiff::Span::new().try_days(i64::from(days));
    let day = span.and_then(|span| civil::date(1970, 1, 1).checked_add(span));
    let day = day.map_err(|error| Problem::found(Own::Type, error))?;
    // PostgreSQL writes years before the first in another way.
    if day.year() < 1 { Err(Problem::found(Own::Type, day)) } else { Ok(day) }
}

pub(super) fn time_of_day(microseconds: i64) -> Result<civil::Time, Problem> {
    let time = civil::Time::midnight().checked_add(SignedDuration::from_micros(microseconds));
    time.map_err(|error| Problem::found(Own::Type, error))
}

/// An instant, and what clocks of a zone show then.
pub(super) fn local(instant: i64, zone: &TimeZone) -> Result<(Timestamp, civil::DateTime), Problem> {
    let instant = Timestamp::from_microsecond(instant).map_err(|error| Problem::found(Own::Type, error))?;
    let local = zone.to_datetime(instant);
    if local.year() < 1 { Err(Problem::found(Own::Type, local)) } else { Ok((instant, local)) }
}

pub(super) fn moment(instant: i64, zone: &TimeZone, with_zone: bool) -> Result<String, Problem> {
    let (instant, local) = local(instant, zone)?;
    let text = format!("{} {}", local.date(), local.time());
    if !with_zone {
        return Ok(text);
    }
    let seconds = zone.to_offset(instant).seconds();
    let (hours, minutes, rest) = (seconds.abs() / 3600, seconds.abs() / 60 % 60, seconds.abs() % 60);
    let sign = if seconds < 0 { '-' } else { '+' };
    let mut offset = format!("{sign}{hours:02}");
    if minutes > 0 || rest > 0 {
        offset += &format!(":{minutes:02}");
    }
    if rest > 0 {
        offset += &format!(":{rest:02}");
    }
    Ok(text + &offset)
}

pub(super) fn span(value: arrow::datatypes::IntervalMonthDayNano) -> String {
    let (months, days, nanoseconds) = IntervalMonthDayNanoType::to_parts(value);
    let mut parts = Vec::new();
    let mut part = |count: i32, unit: &str| {
        if count != 0 {
            parts.push(format!("{count} {unit}{}", if count == 1 { "" } else { "s" }));
        }
    };
    part(months / 12, "year");
    part(months % 12, "mon");
    part(days, "day");
    let microseconds = nanoseconds / 1_000;
    if microseconds != 0 || parts.is_empty() {
        let (sign, all) = (if microseconds < 0 { "-" } else { "" }, microseconds.unsigned_abs());
        let (seconds, fraction) = (all / 1_000_000, all % 1_000_000);
        let mut time = format!("{sign}{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
        if fraction > 0 {
            time += format!(".{fraction:06}").trim_end_matches('0');
        }
        parts.push(time);
    }
    parts.join(" ")
}
