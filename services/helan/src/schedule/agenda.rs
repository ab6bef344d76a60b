//! When a scheduled run is due, and when a failed one is tried again: no clock, no I/O.

use anyhow::{Context, anyhow};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use croner::Cron;
use croner::parser::{CronParser, Seconds};

const MINUTE: i64 = 60 * 1_000_000;
/// Longest pause between two tries of a run.
const LONGEST: i64 = 30 * MINUTE;

/// Moments by a cron pattern in a time zone. Where clocks go forward, a fixed time that does not exist is due right
/// after the gap; where they go back, it is due once.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    cron: Cron,
    zone: Tz,
}

impl Schedule {
    /// Reads a pattern of five fields, or six with seconds first, and an IANA time zone.
    ///
    /// # Errors
    /// What is wrong, and what to write.
    pub(crate) fn parse(pattern: &str, zone: &str) -> anyhow::Result<Self> {
        let cron = CronParser::builder().seconds(Seconds::Optional).build().parse(pattern);
        let cron = cron.with_context(|| {
            format!("--schedule {pattern:?}: write minute, hour, day, month, weekday, such as '0 6 * * *'")
        })?;
        let zone = zone
            .parse()
            .map_err(|_| anyhow!("--time-zone {zone:?} is not a time zone; write one such as Asia/Shanghai"))?;
        Ok(Self { cron, zone })
    }

    /// The pattern.
    pub(crate) fn pattern(&self) -> String {
        self.cron.pattern.to_string()
    }

    /// The time zone's name.
    pub(crate) fn zone(&self) -> &'static str {
        self.zone.name()
    }

    /// The first moment after `time`, in microseconds since the epoch; none if there is none for years.
    pub(crate) fn after(&self, time: i64) -> Option<i64> {
        let next = self.cron.find_next_occurrence(&self.at(time)?, false).ok()?;
        Some(next.timestamp_micros())
    }

    /// The last moment up to `time`.
    pub(crate) fn up_to(&self, time: i64) -> Option<i64> {
        let last = self.cron.find_previous_occurrence(&self.at(time)?, true).ok()?;
        Some(last.timestamp_micros())
    }

    fn at(&self, time: i64) -> Option<DateTime<Tz>> {
        Some(DateTime::<Utc>::from_timestamp_micros(time)?.with_timezone(&self.zone))
    }
}

/// What is to be done next.
#[derive(Clone, Debug)]
pub(crate) struct Agenda {
    schedule: Schedule,
    /// The moment for which a run is owed; all that were missed before it are owed no run of their own.
    due: i64,
    /// When to run.
    wake: i64,
    /// Runs for `due` that failed.
    failed: u32,
}

impl Agenda {
    /// At the start of a process. A run is owed at once if one was due since the last that succeeded; never more than
    /// one. A lake without any run waits for the next moment.
    pub(crate) fn new(schedule: Schedule, now: i64, succeeded: Option<i64>) -> Option<Self> {
        let missed = schedule.up_to(now).filter(|due| succeeded.is_some_and(|started| started < *due));
        let due = match missed {
            Some(due) => due,
            None => schedule.after(now)?,
        };
        Some(Self { schedule, due, wake: due.max(now), failed: 0 })
    }

    /// The moment for which the next run is.
    pub(crate) fn due(&self) -> i64 {
        self.due
    }

    /// When to run.
    pub(crate) fn wake(&self) -> i64 {
        self.wake
    }

    /// Runs for this moment so far.
    pub(crate) fn attempts(&self) -> u32 {
        self.failed + 1
    }

    /// After a run that succeeded, or that another process has done. None if the schedule has no further moment.
    pub(crate) fn succeeded(self, now: i64) -> Option<Self> {
        // Moments that passed while it ran need no run of their own: it has read what is there now.
        let due = self.schedule.after(now.max(self.due))?;
        Some(Self { due, wake: due, failed: 0, ..self })
    }

    /// After a run that failed: the same moment again after 1, 2, 4 … 30 minutes, or the next one if that comes first.
    pub(crate) fn failed(self, now: i64) -> Self {
        let pause = (MINUTE << self.failed.min(10)).min(LONGEST);
        let again = now + pause;
        match self.schedule.after(now) {
            Some(next) if next <= again => Self { due: next, wake: next, failed: 0, ..self },
            _ => Self { wake: again, failed: self.failed + 1, ..self },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn micros(text: &str) -> i64 {
        text.parse::<jiff::Timestamp>().expect("a timestamp").as_microsecond()
    }

    fn text(time: i64) -> String {
        jiff::Timestamp::from_microsecond(time).expect("a moment").to_string()
    }

    fn schedule(pattern: &str, zone: &str) -> Schedule {
        Schedule::parse(pattern, zone).expect("a schedule")
    }

    #[test]
    fn moments_are_those_of_the_zone() {
        let daily = schedule("0 6 * * *", "Asia/Shanghai");
        assert_eq!(daily.after(micros("2026-11-24T00:00:00Z")).map(text).as_deref(), Some("2026-11-24T22:00:00Z"));
        assert_eq!(daily.up_to(micros("2026-11-24T22:00:00Z")).map(text).as_deref(), Some("2026-11-24T22:00:00Z"));
        assert!(Schedule::parse("6 o'clock", "Asia/Shanghai").is_err());
        assert!(Schedule::parse("0 6 * * *", "Asia/Yinchuan").is_err());
    }

    /// Each day has one run, also those on which clocks change.
    #[test]
    fn a_day_has_one_run_when_clocks_change() {
        for (from, days) in [("2026-03-26T12:00:00Z", 6), ("2026-10-22T12:00:00Z", 6)] {
            let nightly = schedule("30 2 * * *", "Europe/Berlin");
            let mut dates = Vec::new();
            let mut time = micros(from);
            for _ in 0..days {
                time = nightly.after(time).expect("a next run");
                let zoned = jiff::Timestamp::from_microsecond(time).expect("a moment").in_tz("Europe/Berlin");
                dates.push(zoned.expect("a zone").date());
            }
            let mut unique = dates.clone();
            unique.dedup();
            assert_eq!(unique, dates, "twice on a day");
            assert_eq!(
                dates[0].saturating_add(jiff::Span::new().days(days - 1)),
                dates[days as usize - 1],
                "a day lacks"
            );
        }
    }

    #[test]
    fn what_was_missed_is_caught_up_once() {
        let daily = || schedule("0 6 * * *", "UTC");
        let now = micros("2026-11-24T09:00:00Z");
        // Down for four days: one run at once, then tomorrow's.
        let agenda = Agenda::new(daily(), now, Some(micros("2026-11-20T06:00:00Z"))).expect("an agenda");
        assert_eq!((text(agenda.due()), agenda.wake()), ("2026-11-24T06:00:00Z".to_owned(), now));
        let agenda = agenda.succeeded(now).expect("a next run");
        assert_eq!(text(agenda.wake()), "2026-11-25T06:00:00Z");
        // Today's has run, or none ever has: tomorrow's.
        for succeeded in [Some(micros("2026-11-24T06:00:01Z")), None] {
            let agenda = Agenda::new(daily(), now, succeeded).expect("an agenda");
            assert_eq!(text(agenda.wake()), "2026-11-25T06:00:00Z");
        }
    }

    #[test]
    fn a_failed_run_is_tried_again_ever_more_rarely_until_the_next_is_due() {
        let mut now = micros("2026-11-24T06:00:00Z");
        let mut agenda = Agenda::new(schedule("0 */2 * * *", "UTC"), now - 1, None).expect("an agenda");
        let mut pauses = Vec::new();
        for _ in 0..7 {
            agenda = agenda.failed(now);
            pauses.push((agenda.wake() - now) / MINUTE);
            now = agenda.wake();
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 30, 30]);
        assert_eq!((text(agenda.due()), agenda.attempts()), ("2026-11-24T06:00:00Z".to_owned(), 8));
        let agenda = agenda.failed(now);
        assert_eq!((text(agenda.due()), agenda.attempts()), ("2026-11-24T08:00:00Z".to_owned(), 1));
        assert_eq!(agenda.wake(), agenda.due());
    }

    #[test]
    fn moments_that_pass_during_a_run_need_none_of_their_own() {
        let start = micros("2026-11-24T06:00:00Z");
        let agenda = Agenda::new(schedule("* * * * * *", "UTC"), start, None).expect("an agenda");
        let agenda = agenda.succeeded(start + 5_500_000).expect("a next run");
        assert_eq!(text(agenda.wake()), "2026-11-24T06:00:06Z");
    }
}
