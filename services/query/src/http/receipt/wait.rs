//! How long an answer may wait: `?wait=5s`, or `Prefer: wait=5` (RFC 7240).

use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderMap;
use axum::response::AppendHeaders;
use helan_schemas::refusal::Code;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::http::refuse::Refusal;

/// Longest wait of one request: below what proxies and clients take for a connection that is dead.
const LONGEST: Duration = Duration::from_secs(30);
/// Pause between looks at the tables; a commit takes about a second.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Requests that wait at a time; others are answered at once.
pub(in crate::http) const MOST_WAITING: usize = 256;

/// The wait of one request.
#[derive(Debug)]
pub(super) struct Wait {
    until: Instant,
    /// What is said to have been applied, in seconds.
    applied: Option<u64>,
    _place: Option<OwnedSemaphorePermit>,
}

impl Wait {
    /// Reads what a request asks for; the query goes before the header.
    pub(super) fn of(query: Option<&str>, headers: &HeaderMap, places: &Arc<Semaphore>) -> Result<Self, Refusal> {
        let preferred = preferred(headers);
        let asked = match query {
            Some(text) => {
                Some(duration(text).ok_or_else(|| Refusal::found(Code::QueryInvalid, format!("wait={text:?}")))?)
            }
            None => preferred.map(Duration::from_secs),
        };
        let place = asked.and_then(|_| places.clone().try_acquire_owned().ok());
        let time = asked.filter(|_| place.is_some()).unwrap_or_default().min(LONGEST);
        let applied = preferred.filter(|_| query.is_none() && place.is_some()).map(|_| time.as_secs());
        Ok(Self { until: Instant::now() + time, applied, _place: place })
    }

    /// Waits a little; false once the time is over.
    pub(super) async fn goes_on(&self) -> bool {
        let now = Instant::now();
        if now >= self.until {
            return false;
        }
        tokio::time::sleep_until(self.until.min(now + LOOK_EVERY)).await;
        true
    }

    /// What of the sender's preference was applied.
    pub(super) fn applied(&self) -> AppendHeaders<Option<(&'static str, String)>> {
        AppendHeaders(self.applied.map(|seconds| ("preference-applied", format!("wait={seconds}"))))
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
fn preferred(headers: &HeaderMap) -> Option<u64> {
    let fields = headers.get_all("prefer").iter().filter_map(|field| field.to_str().ok());
    fields.flat_map(|field| field.split(',')).find_map(|preference| {
        let (name, value) = preference.split(';').next()?.split_once('=')?;
        let value = value.trim().trim_matches('"');
        name.trim().eq_ignore_ascii_case("wait").then(|| value.parse().ok()).flatten()
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
            let headers = fields
                .iter()
                .map(|field| (axum::http::HeaderName::from_static("prefer"), field.parse().expect("a field")));
            assert_eq!(preferred(&headers.collect()), expected, "{fields:?}");
        }
    }

    #[tokio::test]
    async fn what_is_asked_for_is_bounded_and_said() {
        let places = Arc::new(Semaphore::new(1));
        let headers: HeaderMap =
            [(axum::http::HeaderName::from_static("prefer"), "wait=600".parse().expect("a field"))]
                .into_iter()
                .collect();
        let wait = Wait::of(None, &headers, &places).expect("a wait");
        assert_eq!(wait.applied.map(Duration::from_secs), Some(LONGEST));
        let crowded = Wait::of(Some("5s"), &headers, &places).expect("a wait");
        assert!(!crowded.goes_on().await, "no place: answered at once");
        drop(wait);
        let short = Wait::of(Some("20ms"), &headers, &places).expect("a wait");
        assert_eq!(short.applied, None, "the query was applied, not the preference");
        assert!(short.goes_on().await && !short.goes_on().await);
        assert!(Wait::of(Some("soon"), &headers, &places).is_err());
    }
}
