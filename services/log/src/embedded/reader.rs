//! Reading by offset range, in short transactions: a long one would keep the write-ahead log from being emptied.

use std::path::Path;

use rusqlite::Connection;

use super::schema::{self, address, failed, offset};
use crate::{EnvelopeRef, LogError, Records, Result, StopReason, TopicPartition};

/// One batch holds about so many bytes …
const BATCH_BYTES: usize = 1 << 20;
/// … and at most so many records.
const BATCH_RECORDS: i64 = 8192;

/// A connection that only reads.
pub(super) struct Reader(Connection);

/// What lies at a position.
pub(super) enum Found {
    /// Records from there on.
    Records(Records),
    /// Nothing yet.
    Nothing,
    /// It cannot be read on from there.
    Failed(StopReason),
}

impl Reader {
    pub(super) fn open(path: &Path) -> Result<Self> {
        schema::open_reader(path).map(Self)
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.0
    }

    /// Reads the next batch of one partition.
    pub(super) fn read(&mut self, at: &TopicPartition, position: i64) -> Result<Found> {
        const SELECT: &str = "select address, key, content_type, reporter, submission, received_at, catalog, value
            from records where address >= ? and address < ? order by address limit ?";
        let mut read = || -> rusqlite::Result<Found> {
            let transaction = self.0.transaction()?;
            let Some(partition) = schema::partition(&transaction, at)? else {
                return Ok(Found::Failed(StopReason::UnknownTopic(at.to_string())));
            };
            if let Err(error) = partition.ends.check(at, position) {
                return Ok(Found::Failed(error));
            }
            if position == partition.ends.next {
                return Ok(Found::Nothing);
            }
            let mut records = Records::new(at.clone());
            let mut select = transaction.prepare_cached(SELECT)?;
            let range = (address(partition.number, position), address(partition.number, partition.ends.next));
            let mut rows = select.query((range.0, range.1, BATCH_RECORDS))?;
            let mut expected = position;
            while let Some(row) = rows.next()? {
                let found = offset(row.get(0)?);
                if found != expected {
                    // A hole: what lies before it is read, and the next read begins, and fails, at what is missing.
                    break;
                }
                expected += 1;
                let envelope = EnvelopeRef {
                    content_type: row.get_ref(2)?.as_str()?,
                    reporter: row.get_ref(3)?.as_str()?,
                    submission: row.get_ref(4)?.as_str()?,
                    received_at: row.get(5)?,
                    catalog: row.get_ref(6)?.as_str()?,
                };
                records.push(found, row.get_ref(1)?.as_blob()?, envelope, row.get_ref(7)?.as_blob()?);
                if records.bytes() >= BATCH_BYTES {
                    break;
                }
            }
            Ok(Found::Records(records))
        };
        let found = read().map_err(|e| failed(&e))?;
        if let Found::Records(records) = &found
            && records.first_offset() != Some(position)
        {
            return Err(LogError::misconfigured(format!(
                "{at}: record {position} is missing though later ones are there; the log is damaged: stop every role \
                 and restore log and lake from one backup (deploy/README.md)"
            )));
        }
        Ok(found)
    }
}
