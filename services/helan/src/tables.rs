//! Whether the lake can be read, for readiness.

use std::sync::Arc;
use std::time::{Duration, Instant};

use helan_lake::Lake;
use helan_schemas::tables::Table;
use tokio::sync::Mutex;

/// How long an answer holds: probes come every few seconds, and each look lists the files of every table.
const HOLDS: Duration = Duration::from_secs(30);

/// When it was looked, and what was found.
type Found = (Instant, Result<(), String>);

/// Looks at every table; clones share what was found last.
#[derive(Clone)]
pub(crate) struct Tables {
    lake: Lake,
    last: Arc<Mutex<Option<Found>>>,
}

impl Tables {
    pub(crate) fn new(lake: Lake) -> Self {
        Self { lake, last: Arc::default() }
    }

    /// Whether every table opens, its files are there, and none of them was found damaged.
    ///
    /// # Errors
    /// The first that cannot be read, for an operator.
    pub(crate) async fn ready(&self) -> Result<(), String> {
        self.lake.sound()?;
        let mut last = self.last.lock().await;
        if let Some((at, found)) = &*last
            && at.elapsed() < HOLDS
        {
            return found.clone();
        }
        let mut found = Ok(());
        for table in Table::ALL {
            if let Err(error) = self.lake.check_files(table).await {
                found = Err(error.to_string());
                break;
            }
        }
        *last = Some((Instant::now(), found.clone()));
        found
    }
}
