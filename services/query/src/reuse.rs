//! Sessions for a server: one is kept as long as no table has changed, with everything it has computed.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use datafusion::execution::runtime_env::RuntimeEnv;
use helan_lake::{Lake, TableSnapshot};
use helan_runtime::clock::Clock;
use helan_schemas::catalog::Catalog;
use helan_schemas::tables::Table;
use tokio::sync::Mutex;

use crate::moment::day_of;
use crate::open::pin;
use crate::scope::Room;
use crate::session::{Ended, QueryError, Session};

/// How long a session is kept at most, in microseconds: its T stands still.
const OLD: i64 = 5 * 60 * 1_000_000;
/// How often the store is asked whether a kept session still serves.
const LOOKED_AFTER: Duration = Duration::from_secs(2);

/// The newest session over a lake. Within a day and a version of every table nothing that T decides changes: reports
/// are known when they are received, and what the catalog dates, it dates by days.
pub struct Sessions {
    lake: Lake,
    catalog: Option<Arc<Catalog>>,
    clock: Clock,
    memory: Arc<RuntimeEnv>,
    kept: Arc<Mutex<Option<Arc<Current>>>>,
}

/// A session with the versions that it has pinned.
pub struct Current {
    /// The session.
    pub session: Session,
    /// One version of every table.
    pub snapshots: BTreeMap<Table, TableSnapshot>,
    /// When the versions were last found to be the newest, at the latest, by the steady clock.
    looked_at: i64,
}

impl Sessions {
    /// Sessions over a lake, by a catalog or else the newest that the lake keeps; what their views keep is counted in
    /// `memory`.
    pub fn new(lake: Lake, catalog: Option<Arc<Catalog>>, clock: Clock, memory: Arc<RuntimeEnv>) -> Self {
        Self { lake, catalog, clock, memory, kept: Arc::default() }
    }

    /// A session over the tables as they are now, or have been after this was called.
    ///
    /// # Errors
    /// As [`Session::open`].
    pub async fn current(&self) -> Result<Arc<Current>, QueryError> {
        let asked_at = self.clock.steady();
        let mut kept = self.kept.lock().await;
        // Whoever waited for the lock may take what another has found meanwhile.
        if let Some(current) = kept.as_ref().filter(|current| current.looked_at > asked_at) {
            return Ok(current.clone());
        }
        let (now, looked_at) = (self.clock.now(), self.clock.steady());
        let snapshots = pin(&self.lake).await?;
        let same = kept.as_ref().filter(|current| current.serves(&snapshots, now));
        let fresh = same.is_none();
        let current = match same {
            Some(current) => {
                Current { session: current.session.clone(), snapshots: current.snapshots.clone(), looked_at }
            }
            None => {
                let room = Room { memory: self.memory.clone(), ..Room::default() };
                let session = Session::over_snapshots_within(&snapshots, self.catalog.clone(), now, room).await?;
                Current { session, snapshots, looked_at }
            }
        };
        let current = Arc::new(current);
        *kept = Some(current.clone());
        if fresh {
            tokio::spawn(given_back(Arc::downgrade(&self.kept), current.session.downgrade(), self.clock.clone()));
        }
        Ok(current)
    }
}

/// Gives a session back once a table that reports go into has a newer version, or it is old: what its views have
/// computed serves nobody then, and the next question may be far off.
async fn given_back(kept: Weak<Mutex<Option<Arc<Current>>>>, session: Ended, clock: Clock) {
    loop {
        tokio::time::sleep(LOOKED_AFTER).await;
        let Some(place) = kept.upgrade() else { return };
        let current = place.lock().await.clone();
        let Some(current) = current.filter(|current| current.session.is(&session)) else { return };
        let fed = Table::FED.iter().filter_map(|table| current.snapshots.get(table));
        let superseded = futures::future::join_all(fed.map(TableSnapshot::is_superseded)).await;
        if superseded.contains(&true) || !(0..OLD).contains(&(clock.now() - current.session.now())) {
            let mut kept = place.lock().await;
            if kept.as_ref().is_some_and(|current| current.session.is(&session)) {
                *kept = None;
            }
            return;
        }
    }
}

impl Current {
    fn serves(&self, snapshots: &BTreeMap<Table, TableSnapshot>, now: i64) -> bool {
        let then = self.session.now();
        let versions = |all: &BTreeMap<Table, TableSnapshot>| -> Vec<_> {
            all.iter().map(|(table, snapshot)| (*table, snapshot.version())).collect()
        };
        let zone = self.session.zone();
        (0..OLD).contains(&(now - then))
            && day_of(now, zone) == day_of(then, zone)
            && versions(&self.snapshots) == versions(snapshots)
    }
}
