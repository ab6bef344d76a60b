//! How long the asker of a request wants its answer to wait: `?wait=5s`, or `Prefer: wait=5` (RFC 7240).

use std::time::Duration;

/// Longest wait of one request: below what proxies and clients take for a connection that is dead.
pub const LONGEST: Duration = Duration::from_secs(30);

/// A wait that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// How long, [`LONGEST`] at most.
    pub time: Duration,
    /// Whether the header asks for it, so that an answer says what was applied.
    pub preferred: bool,
}

impl Asked {
    /// Reads what a request asks for, if anything: the value of the query's `wait`, which goes first, and the header fields
    /// `Prefer`.
    ///
    /// # Errors
    /// The query's value, where it is no time.
    pub fn of<'h>(query: Option<&str>, prefer: impl Iterator<Item = &'h str>) -> Result<Option<Self>, String> {
        match query {
            Some(text) => match duration(text) {
                Some(time) => Ok(Some(Self { time: time.min(LONGEST), preferred: false })),
                None => Err(format!("wait={text:?}")),
            },
            None => Ok(preferred(prefer)
                .map(|seconds| Self { time: Duration::from_secs(seconds).min(LONGEST), preferred: true })),
        }
    }

    /// The value of `Preference-Applied`, where one is due.
    pub fn applied(&self) -> Option<String> {
        self.preferred.then(|| format!("wait={}", self.time.as_secs()))
    }
}

/// `5`, `5s` or `500ms`.
fn duration(text: &str) -> Option<Duration> {
    let number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten();
    if let Some(digits) = text.strip_suffix("ms") {
        return number(digits).map(Duration::from_millis);
    }
    number(text.strip_suffix('s').unwrap_or(text)).map(Duration::from_secs)
}

/// The first `wait` of the header fields `Prefer`; what is not understood is left alone, as the standard wants.
fn preferred<'h>(mut fields: impl Iterator<Item = &'h str>) -> Option<u64> {
    fields.find_map(|field| {
        field.split(',').find_map(|preference| {
            let (name, value) = preference.split(';').next()?.split_once('=')?;
            let value = value.trim().trim_matches('"');
            name.trim().eq_ignore_ascii_case("wait").then(|| value.parse().ok()).flatten()
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_read_as_it_is_written() {
        let seconds = Duration::from_secs;
        for (text, expected) in [
            ("5", Some(seconds(5))),
            ("5s", Some(seconds(5))),
            ("500ms", Some(Duration::from_millis(500))),
            ("0", Some(seconds(0))),
            ("", None),
            ("s", None),
            ("-1", None),
            ("+1", None),
            ("5m", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(duration(text), expected, "{text}");
        }
        for (fields, expected) in [
            (vec!["wait=5"], Some(5)),
            (vec!["respond-async, WAIT = \"7\"; x=y"], Some(7)),
            (vec!["return=minimal", "wait=9"], Some(9)),
            (vec!["wait"], None),
            (vec!["wait=soon"], None),
            (vec![], None),
        ] {
            assert_eq!(preferred(fields.iter().copied()), expected, "{fields:?}");
        }
    }

    #[test]
    fn what_is_asked_for_is_bounded_and_said() {
        let of = |query, field: Option<&'static str>| Asked::of(query, field.into_iter());
        let long = of(None, Some("wait=600")).expect("read").expect("a wait");
        assert_eq!((long.time, long.applied()), (LONGEST, Some(format!("wait={}", LONGEST.as_secs()))));
        let query = of(Some("20ms"), Some("wait=9")).expect("read").expect("a wait");
        assert_eq!((query.time, query.applied()), (Duration::from_millis(20), None), "the query was applied");
        assert_eq!(of(None, None), Ok(None));
        assert!(of(Some("soon"), None).is_err());
    }
}
