//! Sessions for a server: one is kept as long as no table has changed, with everything it has computed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use datafusion::common::DataFusionError;
use helan_lake::{Lake, TableSnapshot};
use helan_runtime::clock::Clock;
use helan_schemas::catalog::Catalog;
use helan_schemas::tables::Table;
use jiff::tz::TimeZone;

use crate::session::answered::OfPiece;
use crate::session::moment::day_of;
use crate::session::news::{News, OfMoments, OfPart};
use crate::session::pin::pin;
use crate::session::pinned::Budget;
use crate::session::{Ended, QueryError, Session};

/// How long what a session has computed is kept at most, in microseconds: its T stands still.
const OLD: i64 = 5 * 60 * 1_000_000;
/// How often the store is asked whether a kept session still serves.
const LOOKED_AFTER: Duration = Duration::from_secs(2);

/// The newest session over a lake. Within a day and a version of every table nothing that T decides changes: reports
/// are known when they are received, and what the catalog dates, it dates by days.
pub struct Sessions {
    lake: Lake,
    catalog: Option<Arc<Catalog>>,
    clock: Clock,
    budget: Budget,
    kept: Arc<Place>,
    /// Held by whoever reads tables anew, so that many who wait do so once.
    renewing: tokio::sync::Mutex<()>,
}

/// Where a session is kept.
#[derive(Default)]
struct Place(Mutex<Held>);

#[derive(Clone, Default)]
enum Held {
    #[default]
    Nothing,
    Current(Arc<Current>),
    /// What is left of one whose versions are not the newest any more.
    Left(Arc<Left>),
}

/// What a session has computed of parts of the statements, and as of past moments: it still holds where no statement of them
/// has come since, or nothing that was known then.
struct Left {
    /// Of the catalog.
    digest: String,
    zone: TimeZone,
    snapshots: BTreeMap<Table, TableSnapshot>,
    since: i64,
    still: Still,
}

/// What may still hold.
#[derive(Clone)]
struct Still {
    parts: Vec<OfPart>,
    pieces: Vec<Arc<OfPiece>>,
    past: Vec<OfMoments>,
}

impl Still {
    fn is_empty(&self) -> bool {
        self.parts.is_empty() && self.pieces.is_empty() && self.past.is_empty()
    }

    /// What of it holds after news.
    async fn after(self, news: &News) -> Result<Self, DataFusionError> {
        Ok(Self {
            parts: news.untouched(self.parts, |of| &of.part).await?,
            pieces: news.untouched(self.pieces, |of| &of.wanted.piece.part).await?,
            past: news.unknown_at(self.past).await?,
        })
    }
}

/// A session with the versions that it has pinned.
pub struct Current {
    /// The session.
    pub session: Session,
    /// One version of every table.
    pub snapshots: BTreeMap<Table, TableSnapshot>,
    /// T of the oldest that it has computed or taken over, microseconds since the epoch.
    pub(crate) since: i64,
    /// When the versions were last found to be the newest, at the latest, by the steady clock.
    pub(crate) looked_at: i64,
}

impl Place {
    fn get(&self) -> Held {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What was there before.
    fn put(&self, held: Held) -> Held {
        std::mem::replace(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner), held)
    }

    /// Puts something in the place of what is there, unless somebody has put another there meanwhile.
    fn replace(&self, is_it: impl Fn(&Held) -> bool, next: Held) -> bool {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = is_it(&held);
        if found {
            *held = next;
        }
        found
    }
}

impl Held {
    /// The one of this session, if that is kept.
    fn of(self, session: &Ended) -> Option<Arc<Current>> {
        match self {
            Self::Current(current) if current.session.is(session) => Some(current),
            _ => None,
        }
    }
}

impl Sessions {
    /// Sessions over a lake, by a catalog or else the newest that the lake keeps; what their views may use is `budget`.
    pub fn new(lake: Lake, catalog: Option<Arc<Catalog>>, clock: Clock, budget: Budget) -> Self {
        Self { lake, catalog, clock, budget, kept: Arc::default(), renewing: tokio::sync::Mutex::default() }
    }

    /// A session over the tables as they are now, or have been after this was called. While no table has a newer
    /// version, that is only asked of the store, by each for itself.
    ///
    /// # Errors
    /// As [`Session::open`].
    pub async fn current(&self) -> Result<Arc<Current>, QueryError> {
        let asked_at = self.clock.steady();
        if let Held::Current(current) = self.kept.get()
            && current.is_young(self.clock.now())
            && current.is_newest().await
        {
            return Ok(current);
        }
        let _renewing = self.renewing.lock().await;
        let (kept, left) = match self.kept.get() {
            Held::Nothing => (None, None),
            Held::Current(current) => (Some(current), None),
            Held::Left(left) => (None, Some(left)),
        };
        // Who waited may take what another has found meanwhile.
        if let Some(current) = kept.as_ref().filter(|current| current.looked_at > asked_at) {
            return Ok(current.clone());
        }
        let (now, looked_at) = (self.clock.now(), self.clock.steady());
        let known = kept.as_ref().map(|kept| kept.snapshots.clone()).unwrap_or_default();
        let snapshots = pin(&self.lake).await?;
        let changed = changed(&known, &snapshots);
        let young = kept.filter(|kept| kept.is_young(now));
        let current = match young {
            Some(kept) if changed.is_empty() => {
                Current { session: kept.session.clone(), snapshots: known, since: kept.since, looked_at }
            }
            young => {
                let same_catalog = young.as_ref().filter(|_| !changed.contains(&Table::CatalogVersions));
                let catalog = same_catalog.map(|kept| kept.session.catalog().clone());
                let catalog = self.catalog.clone().or(catalog);
                let session = Session::over_snapshots_within(&snapshots, catalog, now, self.budget.clone()).await?;
                let left = young.as_ref().map(|kept| Arc::new(Left::of(kept))).or(left);
                let mut since = match left.filter(|left| left.is_young(now)) {
                    Some(left) => left.go_on_in(&session, &snapshots).await?,
                    None => None,
                };
                if let Some(kept) = young.filter(|kept| session.take_over(&kept.session, &changed)) {
                    since = Some(kept.since);
                }
                Current { session, snapshots, since: since.unwrap_or(now), looked_at }
            }
        };
        let current = Arc::new(current);
        let session = current.session.downgrade();
        let before = self.kept.put(Held::Current(current.clone()));
        if before.of(&session).is_none() {
            tokio::spawn(given_back(Arc::downgrade(&self.kept), session, self.clock.clone()));
        }
        Ok(current)
    }
}

/// The tables of which one has another version than the other.
fn changed(before: &BTreeMap<Table, TableSnapshot>, after: &BTreeMap<Table, TableSnapshot>) -> BTreeSet<Table> {
    let version = |all: &BTreeMap<Table, TableSnapshot>, table: &Table| all.get(table).map(TableSnapshot::version);
    Table::ALL.into_iter().filter(|table| version(before, table) != version(after, table)).collect()
}

/// Gives a session back once `events` has a newer version, or it is old: most of what its views have computed serves nobody
/// then, and the next question may be far off. What may still serve is left, until it is old.
async fn given_back(kept: Weak<Place>, session: Ended, clock: Clock) {
    let left = loop {
        tokio::time::sleep(LOOKED_AFTER).await;
        let Some(place) = kept.upgrade() else { return };
        let Some(current) = place.get().of(&session) else { return };
        let superseded = match current.snapshots.get(&Table::Events) {
            Some(events) => events.is_superseded().await,
            None => false,
        };
        let is_young = current.is_young(clock.now());
        if is_young && !superseded {
            continue;
        }
        let left = Arc::new(Left::of(&current));
        let serves = is_young && !left.still.is_empty();
        let next = if serves { Held::Left(left.clone()) } else { Held::Nothing };
        if !place.replace(|held| held.clone().of(&session).is_some(), next) || !serves {
            return;
        }
        break left;
    };
    let is_it = |held: &Held| matches!(held, Held::Left(found) if Arc::ptr_eq(found, &left));
    while kept.upgrade().is_some_and(|place| is_it(&place.get())) {
        tokio::time::sleep(LOOKED_AFTER).await;
        if let Some(place) = kept.upgrade().filter(|_| !left.is_young(clock.now())) {
            place.replace(is_it, Held::Nothing);
        }
    }
}

impl Left {
    fn of(current: &Current) -> Self {
        let session = &current.session;
        Self {
            digest: session.catalog().digest.clone(),
            zone: session.zone().clone(),
            snapshots: current.snapshots.clone(),
            since: current.since,
            still: Still { parts: session.of_parts(), pieces: session.of_pieces(), past: session.of_past() },
        }
    }

    fn is_young(&self, now: i64) -> bool {
        is_young(self.since, now, &self.zone)
    }

    /// What of it still holds after a later version of `events`. Where that cannot be told, nothing.
    async fn holding(&self, before: &TableSnapshot, after: &TableSnapshot) -> Option<Still> {
        let holding = async { self.still.clone().after(&News::between(before, after).await?).await };
        let holding = holding.await.inspect_err(|error| {
            tracing::debug!(%error, "what has come since cannot be read: views are computed again");
        });
        holding.ok().filter(|still| !still.is_empty())
    }

    /// Hands over to a session over later versions what still holds in it; the T of what was handed over.
    async fn go_on_in(
        &self,
        session: &Session,
        snapshots: &BTreeMap<Table, TableSnapshot>,
    ) -> Result<Option<i64>, QueryError> {
        let events = self.snapshots.get(&Table::Events).zip(snapshots.get(&Table::Events));
        let (Some((before, after)), true) = (events, self.digest == session.catalog().digest) else { return Ok(None) };
        let Some(Still { parts, pieces, past }) = self.holding(before, after).await else { return Ok(None) };
        let mut changed = changed(&self.snapshots, snapshots);
        // What came into it has been looked through.
        changed.remove(&Table::Events);
        session.take_over_parts(parts, pieces, &changed);
        session.take_over_past(past, &changed)?;
        Ok(Some(self.since))
    }
}

/// Whether what was computed as of a T still holds, if no table has changed.
fn is_young(since: i64, now: i64, zone: &TimeZone) -> bool {
    (0..OLD).contains(&(now - since)) && day_of(now, zone) == day_of(since, zone)
}

impl Current {
    /// Whether what it has computed still holds, if no table has changed.
    fn is_young(&self, now: i64) -> bool {
        is_young(self.since, now, self.session.zone())
    }

    /// Whether no table has a newer version.
    async fn is_newest(&self) -> bool {
        // A table that an earlier build's lake lacks may be made at any time.
        let all = self.snapshots.len() == Table::ALL.len();
        all && !futures::future::join_all(self.snapshots.values().map(TableSnapshot::is_newest)).await.contains(&false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_new_version_of_a_table_drops_what_rests_on_it_and_nothing_else() {
        let dir = tempfile::tempdir().expect("a directory");
        let url = url::Url::from_directory_path(dir.path().join("lake")).expect("an absolute path");
        let lake = Lake::create_or_open(&url, "memory:1;").await.expect("a lake");
        let sessions = Sessions::new(lake.clone(), None, Clock::system(), Budget::default());
        let commit = async |table| {
            let snapshot = lake.snapshot(table).await.expect("a table");
            lake.append(&snapshot, Vec::new(), vec![(format!("of {table:?}"), 1)]).await.expect("a commit");
        };
        let first = sessions.current().await.expect("a session").session.clone();
        for view in helan_queries::all().iter().filter(|view| view.materialise) {
            let frame = first.sql(&format!("select count(*) from {}", view.name)).await.expect("planned");
            frame.collect().await.expect("answered");
        }
        let all = first.computed();
        assert!(all.contains("standing") && all.len() > 5, "{all:?}");
        assert!(sessions.current().await.expect("a session").session.is(&first.downgrade()), "nothing has changed");
        for table in [Table::Refusals, Table::Publications, Table::CatalogVersions, Table::Events] {
            let before = sessions.current().await.expect("a session").session.clone();
            commit(table).await;
            let after = sessions.current().await.expect("a session");
            assert!(!after.session.is(&before.downgrade()), "{table:?}: a newer version is pinned");
            let version = lake.snapshot(table).await.expect("a table").version();
            assert_eq!(after.snapshots[&table].version(), version);
            let gone = helan_queries::resting_on(&[table.name()]);
            let kept = before.computed().into_iter().filter(|view| !gone.contains(view)).collect();
            assert_eq!(after.session.computed(), kept, "{table:?}");
        }
        assert!(!sessions.current().await.expect("a session").session.computed().contains("standing"));
    }
}
