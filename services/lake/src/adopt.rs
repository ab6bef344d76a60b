//! A lake goes on with another log.
//!
//! The new log's offsets begin anew, and an address in the lake stays one record for ever: so from then on the lake
//! counts the new log's offsets on from its own. By how much stands in the properties of `events`, with what was before.

use std::collections::BTreeMap;

use deltalake_core::kernel::Action;
use deltalake_core::logstore::commit_uri_from_version;
use helan_schemas::tables::Table;
use object_store::{PutMode, PutOptions};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::digests::{commit_info, sealed};
use crate::error::LakeError;
use crate::lake::Lake;
use crate::marks;
use crate::tables::{BEFORE, LOG, SHIFTS};

/// Attempts when other commits come first.
const ATTEMPTS: usize = 20;

/// From where on one partition of the new log is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// Topic.
    pub topic: String,
    /// Partition.
    pub partition: i32,
    /// Offset in the new log.
    pub offset: i64,
    /// The offset that the lake gives to it: the next one of its own.
    pub next: i64,
}

/// A log that a lake was filled from before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarlierLog {
    /// Its identity.
    pub log: String,
    /// When the lake went on with another, microseconds since the Unix epoch.
    pub until: i64,
    /// By partition, `TOPIC/NUMBER`: the first offset in the lake that is not its own.
    pub next: BTreeMap<String, i64>,
    /// By partition: what the lake added to its offsets.
    pub shifts: BTreeMap<String, i64>,
}

impl Lake {
    /// Lets the tables that are fed from the log go on with the log of this identity, each partition from a start on.
    /// No process may be writing to the lake: a writer that does all the same stops. Done again after a failure it ends
    /// in the same state. Open the lake anew afterwards.
    ///
    /// # Errors
    /// [`LakeError`]; then the lake still belongs to its log, or refuses both.
    pub async fn adopt_log(&self, log: &str, starts: &[Start]) -> Result<(), LakeError> {
        let named = |value: fn(&Start) -> i64| -> BTreeMap<String, i64> {
            starts.iter().map(|start| (format!("{}/{}", start.topic, start.partition), value(start))).collect()
        };
        let mut before = self.earlier_logs().to_vec();
        before.push(EarlierLog {
            log: self.log_identity().to_owned(),
            until: self.clock().now(),
            next: named(|start| start.next),
            shifts: self.log_shifts().clone(),
        });
        let properties = [
            (LOG, Value::from(log)),
            (SHIFTS, Value::from(json!(named(|start| start.next - start.offset)).to_string())),
            (BEFORE, Value::from(json!(before).to_string())),
        ];
        // `events`, whose properties count, comes last.
        for table in Table::FED {
            self.adopt_in(table, log, starts, &properties).await?;
        }
        Ok(())
    }

    async fn adopt_in(
        &self,
        table: Table,
        log: &str,
        starts: &[Start],
        properties: &[(&str, Value)],
    ) -> Result<(), LakeError> {
        let fed = |start: &&Start| Table::fed_by(&start.topic).contains(&table);
        let rows = |error: serde_json::Error| LakeError::Rows { table: table.name(), why: error.to_string() };
        let mut failed = "others came first".to_owned();
        for _ in 0..ATTEMPTS {
            let snapshot = self.snapshot(table).await?;
            let mut metadata =
                serde_json::to_value(Action::Metadata(snapshot.state().metadata().clone())).map_err(rows)?;
            for (name, value) in properties {
                metadata["metaData"]["configuration"][name] = value.clone();
            }
            let now_ms = self.clock().now() / 1000;
            let more = json!({"operationParameters": {"properties": json!({LOG: log}).to_string()}});
            let mut entry = format!("{}\n{metadata}\n", commit_info(now_ms, "SET TBLPROPERTIES", more));
            for start in starts.iter().filter(fed) {
                let app_id = app_id(self.id(), log, &start.topic, start.partition);
                for (app_id, version) in [(app_id.clone(), start.next)].into_iter().chain(marks::none(&app_id)) {
                    entry.push_str(&format!("{}\n", json!({"txn": {"appId": app_id, "version": version}})));
                }
            }
            let path = commit_uri_from_version(Some(snapshot.version() + 1));
            let store = snapshot.log_store().object_store(None);
            match store.put_opts(&path, sealed(entry).into(), PutOptions::from(PutMode::Create)).await {
                Ok(_) => return Ok(()),
                // It may have been written all the same: the same again changes nothing.
                Err(error) => failed = error.to_string(),
            }
        }
        let why = format!("it could not be given to another log: {failed}; end every writer and try again");
        Err(LakeError::Unsafe { table: table.name(), why })
    }
}

/// The application id under which a lake's tables keep the next offset of one partition of a log.
pub(crate) fn app_id(lake: &str, log: &str, topic: &str, partition: i32) -> String {
    let log = log.split(';').next().unwrap_or_default();
    format!("helan/{lake}/{log}/{topic}/{partition}")
}
