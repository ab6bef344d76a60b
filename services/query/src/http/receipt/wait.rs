//! The wait of one request, among so many.

use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderMap;
use axum::response::AppendHeaders;
use helan_runtime::wait::Asked;
use helan_schemas::refusal::Code;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::http::refuse::Refusal;

/// Pause between looks at the tables; a commit takes about a second.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Requests that wait at a time; others are answered at once.
pub(in crate::http) const MOST_WAITING: usize = 256;

/// The wait of one request.
#[derive(Debug)]
pub(super) struct Wait {
    until: Instant,
    asked: Option<Asked>,
    _place: Option<OwnedSemaphorePermit>,
}

impl Wait {
    /// Reads what a request asks for; the query goes before the header.
    pub(super) fn of(query: Option<&str>, headers: &HeaderMap, places: &Arc<Semaphore>) -> Result<Self, Refusal> {
        let prefer = headers.get_all("prefer").iter().filter_map(|field| field.to_str().ok());
        let asked = Asked::of(query, prefer).map_err(|what| Refusal::found(Code::QueryInvalid, what))?;
        let place = asked.and_then(|_| places.clone().try_acquire_owned().ok());
        let asked = asked.filter(|_| place.is_some());
        let time = asked.map(|asked| asked.time).unwrap_or_default();
        Ok(Self { until: Instant::now() + time, asked, _place: place })
    }

    /// Waits so long; none where too many wait already.
    pub(super) fn so_long(time: Duration, places: &Arc<Semaphore>) -> Option<Self> {
        let place = places.clone().try_acquire_owned().ok()?;
        Some(Self { until: Instant::now() + time, asked: None, _place: Some(place) })
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
        let applied = self.asked.as_ref().and_then(Asked::applied);
        AppendHeaders(applied.map(|applied| ("preference-applied", applied)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn so_many_wait_and_no_more() {
        let places = Arc::new(Semaphore::new(1));
        let headers: HeaderMap =
            [(axum::http::HeaderName::from_static("prefer"), "wait=600".parse().expect("a field"))]
                .into_iter()
                .collect();
        let wait = Wait::of(None, &headers, &places).expect("a wait");
        assert!(wait.applied().0.is_some());
        let crowded = Wait::of(None, &headers, &places).expect("a wait");
        assert!(!crowded.goes_on().await, "no place: answered at once");
        assert!(crowded.applied().0.is_none() && Wait::so_long(Duration::from_secs(1), &places).is_none());
        drop(wait);
        let short = Wait::of(Some("20ms"), &headers, &places).expect("a wait");
        assert!(short.applied().0.is_none(), "the query was applied, not the preference");
        assert!(short.goes_on().await && !short.goes_on().await);
        assert!(Wait::of(Some("soon"), &headers, &places).is_err());
    }
}
