//! Time periods in SDMX's forms: `2018`, `2018-S1`, `2018-Q2`, `2018-06`, `2018-W05`, `2018-06-30`, and ranges with a
//! start and a duration, `2018-01-01/P6M`, for cumulative year-to-date figures.
//!
//! Source: SDMX 3.0, Section 6 (technical notes), "Time and time format".

use jiff::civil::{Date, ISOWeekDate, Weekday, date};
use jiff::{Span, ToSpan};

use crate::refusal::Code;

/// The shape of a period: SDMX's frequency codes, and `R` for a range with its own start and duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PeriodKind {
    /// A calendar year.
    Annual,
    /// Half a calendar year.
    Semester,
    /// A quarter.
    Quarter,
    /// A calendar month.
    Month,
    /// An ISO week.
    Week,
    /// A day.
    Day,
    /// A start and a duration: cumulative figures.
    Range,
}

impl PeriodKind {
    /// The code in the lake's column `period_kind`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Annual => "A",
            Self::Semester => "S",
            Self::Quarter => "Q",
            Self::Month => "M",
            Self::Week => "W",
            Self::Day => "D",
            Self::Range => "R",
        }
    }
}

/// One period: its kind, its first and its last day (both inside).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Period {
    /// Its shape.
    pub kind: PeriodKind,
    /// First day.
    pub start: Date,
    /// Last day, inclusive.
    pub end: Date,
    /// A range's duration as written, in months or days; zero otherwise.
    duration: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Duration {
    None,
    Months(i32),
    Days(i32),
}

/// Why a text is no period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeriodError {
    /// Not one of the forms.
    #[error("is not a time period")]
    Syntax,
    /// The form is right, but the calendar has no such period (`2018-13`, `2018-02-30`), or the year is outside 1900–2199.
    #[error("does not exist in the calendar")]
    NoSuchPeriod,
    /// A range whose end is not after its start.
    #[error("ends before it starts")]
    EndsBeforeItStarts,
}

impl PeriodError {
    /// The code of an answer that tells of it.
    pub fn code(self) -> Code {
        match self {
            Self::Syntax => Code::PeriodSyntax,
            Self::NoSuchPeriod => Code::PeriodNotExisting,
            Self::EndsBeforeItStarts => Code::PeriodEndsBeforeStart,
        }
    }
}

impl Period {
    /// Parses one of SDMX's forms.
    ///
    /// # Errors
    /// [`PeriodError`] says which way it is wrong.
    pub fn parse(text: &str) -> Result<Self, PeriodError> {
        if let Some((start, duration)) = text.split_once('/') {
            return Self::parse_range(start, duration);
        }
        let (year, rest) = match text.split_once('-') {
            None => (parse_year(text)?, ""),
            Some((year, rest)) => (parse_year(year)?, rest),
        };
        let january = date(year, 1, 1);
        match rest.as_bytes() {
            [] if text.len() == 4 => Self::of_months(PeriodKind::Annual, january, 0, 12),
            b"A1" => Self::of_months(PeriodKind::Annual, january, 0, 12),
            [b'S', n @ b'0'..=b'9'] => Self::of_months(PeriodKind::Semester, january, digit(*n), 6),
            [b'Q', n @ b'0'..=b'9'] => Self::of_months(PeriodKind::Quarter, january, digit(*n), 3),
            [a @ b'0'..=b'9', b @ b'0'..=b'9'] | [b'M', a @ b'0'..=b'9', b @ b'0'..=b'9'] => {
                Self::of_months(PeriodKind::Month, january, digit(*a) * 10 + digit(*b), 1)
            }
            [b'W', a @ b'0'..=b'9', b @ b'0'..=b'9'] => {
                let monday = ISOWeekDate::new(year, (digit(*a) * 10 + digit(*b)) as i8, Weekday::Monday)
                    .map_err(|_| PeriodError::NoSuchPeriod)?
                    .date();
                let end = monday.checked_add(6.days()).map_err(|_| PeriodError::NoSuchPeriod)?;
                Ok(Self { kind: PeriodKind::Week, start: monday, end, duration: Duration::None })
            }
            [_, _, b'-', _, _] => {
                let day = parse_day(text)?;
                Ok(Self { kind: PeriodKind::Day, start: day, end: day, duration: Duration::None })
            }
            _ => Err(PeriodError::Syntax),
        }
    }

    /// The period of a frequency (A, S, Q, M) in which a day lies; none for other codes.
    pub fn of_frequency(code: &str, day: Date) -> Option<Self> {
        let (january, month) = (day.first_of_year(), i32::from(day.month()));
        [(PeriodKind::Annual, 12), (PeriodKind::Semester, 6), (PeriodKind::Quarter, 3), (PeriodKind::Month, 1)]
            .into_iter()
            .find(|(kind, _)| kind.code() == code)
            .and_then(|(kind, months)| Self::of_months(kind, january, (month - 1) / months + 1, months).ok())
    }

    /// The periods of a frequency that lie in this one, in order; this one itself if it is of that frequency.
    pub fn parts(self, code: &str) -> Vec<Self> {
        let next = |part: &Self| Self::of_frequency(code, part.end.checked_add(1.day()).ok()?);
        let parts = std::iter::successors(Self::of_frequency(code, self.start), next);
        parts.take_while(|part| part.end <= self.end).filter(|part| part.start >= self.start).collect()
    }

    fn of_months(kind: PeriodKind, january: Date, ordinal: i32, months: i32) -> Result<Self, PeriodError> {
        let index = if kind == PeriodKind::Annual { 0 } else { ordinal - 1 };
        if index < 0 || index >= 12 / months {
            return Err(PeriodError::NoSuchPeriod);
        }
        let start = january.checked_add((index * months).months()).map_err(|_| PeriodError::NoSuchPeriod)?;
        let end = start.checked_add(months.months()).and_then(|next| next.checked_sub(1.day()));
        Ok(Self { kind, start, end: end.map_err(|_| PeriodError::NoSuchPeriod)?, duration: Duration::None })
    }

    fn parse_range(start: &str, duration: &str) -> Result<Self, PeriodError> {
        let start = parse_day(start)?;
        if let Ok(end) = parse_day(duration) {
            // ISO's start/end form does not say whether the last day is inside: only its absurd case has a name.
            return Err(if end < start { PeriodError::EndsBeforeItStarts } else { PeriodError::Syntax });
        }
        if !duration.starts_with('P') && !duration.starts_with("-P") {
            return Err(PeriodError::Syntax);
        }
        let span: Span = duration.parse().map_err(|_| PeriodError::Syntax)?;
        let months = span.get_years() as i32 * 12 + span.get_months();
        let days = span.get_weeks() * 7 + span.get_days();
        if span.get_hours() != 0 || span.get_minutes() != 0 || span.get_seconds() != 0 || (months != 0 && days != 0) {
            return Err(PeriodError::Syntax);
        }
        let (length, duration) =
            if days == 0 { (months.months(), Duration::Months(months)) } else { (days.days(), Duration::Days(days)) };
        if months < 0 || days < 0 || (months == 0 && days == 0) {
            return Err(PeriodError::EndsBeforeItStarts);
        }
        let end = start.checked_add(length).and_then(|next| next.checked_sub(1.day()));
        let end = end.map_err(|_| PeriodError::NoSuchPeriod)?;
        if end.year() > YEARS.1 {
            return Err(PeriodError::NoSuchPeriod);
        }
        Ok(Self { kind: PeriodKind::Range, start, end, duration })
    }
}

impl std::fmt::Display for Period {
    /// Writes the canonical form: one text for one period.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (year, month) = (self.start.year(), self.start.month());
        match self.kind {
            PeriodKind::Annual => write!(f, "{year}"),
            PeriodKind::Semester => write!(f, "{year}-S{}", (month - 1) / 6 + 1),
            PeriodKind::Quarter => write!(f, "{year}-Q{}", (month - 1) / 3 + 1),
            PeriodKind::Month => write!(f, "{year}-{month:02}"),
            PeriodKind::Week => {
                let week = self.start.iso_week_date();
                write!(f, "{}-W{:02}", week.year(), week.week())
            }
            PeriodKind::Day => write!(f, "{}", self.start),
            PeriodKind::Range => match self.duration {
                Duration::Days(days) => write!(f, "{}/P{days}D", self.start),
                Duration::Months(months) => write!(f, "{}/P{months}M", self.start),
                Duration::None => write!(f, "{}/{}", self.start, self.end),
            },
        }
    }
}

/// Days since 1970-01-01, as Arrow's `Date32` counts them.
pub fn days_since_epoch(day: Date) -> i32 {
    let span = date(1970, 1, 1).until(day).expect("both dates lie in jiff's range");
    span.get_days()
}

const YEARS: (i16, i16) = (1900, 2199);

fn digit(byte: u8) -> i32 {
    i32::from(byte - b'0')
}

fn parse_year(text: &str) -> Result<i16, PeriodError> {
    if text.len() != 4 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(PeriodError::Syntax);
    }
    let year: i16 = text.parse().map_err(|_| PeriodError::Syntax)?;
    if (YEARS.0..=YEARS.1).contains(&year) { Ok(year) } else { Err(PeriodError::NoSuchPeriod) }
}

fn parse_day(text: &str) -> Result<Date, PeriodError> {
    let bytes = text.as_bytes();
    let shaped = bytes.len() == 10
        && bytes.iter().enumerate().all(|(i, b)| if i == 4 || i == 7 { *b == b'-' } else { b.is_ascii_digit() });
    if !shaped {
        return Err(PeriodError::Syntax);
    }
    let year = parse_year(&text[..4])?;
    let month = (digit(bytes[5]) * 10 + digit(bytes[6])) as i8;
    let day = (digit(bytes[8]) * 10 + digit(bytes[9])) as i8;
    Date::new(year, month, day).map_err(|_| PeriodError::NoSuchPeriod)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_form_and_writes_one() {
        for (text, canonical, kind, start, end) in [
            ("2018", "2018", "A", "2018-01-01", "2018-12-31"),
            ("2018-A1", "2018", "A", "2018-01-01", "2018-12-31"),
            ("2018-S2", "2018-S2", "S", "2018-07-01", "2018-12-31"),
            ("2018-Q2", "2018-Q2", "Q", "2018-04-01", "2018-06-30"),
            ("2016-02", "2016-02", "M", "2016-02-01", "2016-02-29"),
            ("2018-M06", "2018-06", "M", "2018-06-01", "2018-06-30"),
            ("2018-W01", "2018-W01", "W", "2018-01-01", "2018-01-07"),
            ("2018-12-31", "2018-12-31", "D", "2018-12-31", "2018-12-31"),
            ("2018-01-01/P6M", "2018-01-01/P6M", "R", "2018-01-01", "2018-06-30"),
            ("2018-01-01/P1Y", "2018-01-01/P12M", "R", "2018-01-01", "2018-12-31"),
            ("2018-01-01/P10D", "2018-01-01/P10D", "R", "2018-01-01", "2018-01-10"),
        ] {
            let period = Period::parse(text).expect(text);
            assert_eq!(period.to_string(), canonical);
            assert_eq!(
                (period.kind.code(), period.start.to_string(), period.end.to_string()),
                (kind, start.into(), end.into())
            );
        }
    }

    #[test]
    fn parts_are_those_that_lie_wholly_inside() {
        for (text, code, parts) in [
            ("2018", "Q", "2018-Q1 2018-Q2 2018-Q3 2018-Q4"),
            ("2018", "A", "2018"),
            ("2018-Q2", "M", "2018-04 2018-05 2018-06"),
            ("2018-Q2", "A", ""),
            ("2018-02-01/P6M", "Q", "2018-Q2"),
            ("2018-11-15/P3M", "M", "2018-12 2019-01"),
            ("2018", "W", ""),
        ] {
            let found = Period::parse(text).expect(text).parts(code);
            assert_eq!(found.iter().map(Period::to_string).collect::<Vec<_>>().join(" "), parts, "{text} {code}");
        }
    }

    #[test]
    fn names_what_is_wrong() {
        for text in ["2018-13", "2018-Q5", "2018-Q0", "2018-02-30", "2018-W54", "1492", "2018-00", "2018-S3"] {
            assert_eq!(Period::parse(text), Err(PeriodError::NoSuchPeriod), "{text}");
        }
        for text in [
            "",
            "18",
            "2018-",
            "2018年",
            "2018/2019",
            "2018-01-01/2018-06-30",
            "2018-01-01/6M",
            "2018-1",
            "2018-01-01/P1M2D",
            "2018-A2",
        ] {
            assert_eq!(Period::parse(text), Err(PeriodError::Syntax), "{text}");
        }
        for text in ["2018-06-01/2018-01-01", "2018-01-01/P0M", "2018-01-01/-P6M"] {
            assert_eq!(Period::parse(text), Err(PeriodError::EndsBeforeItStarts), "{text}");
        }
    }

    #[test]
    fn counts_days_as_arrow_does() {
        assert_eq!(days_since_epoch(date(1970, 1, 1)), 0);
        assert_eq!(days_since_epoch(date(2018, 12, 31)), 17896);
    }
}
