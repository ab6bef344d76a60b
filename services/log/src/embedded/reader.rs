//! Reading by offset range, in short transactions: a long one would keep the write-ahead log from being emptied.

use std::path::Path;

use rusqlite::{Connection, Row};

use super::schema::{self, address, failed, offset};
use crate::{EnvelopeRef, Records, Result, StopReason, Summary, TopicPartition, digest};

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
            let mut select = transaction.prepare_cached(&select(&transaction)?)?;
            let range = (address(partition.number, position), address(partition.number, partition.ends.next));
            let mut rows = select.query((range.0, range.1, BATCH_RECORDS))?;
            let (mut expected, mut what) = (position, "is missing though later ones are there");
            while let Some(row) = rows.next()? {
                let found = offset(row.get(0)?);
                if found != expected {
                    break;
                }
                let envelope = envelope(row)?;
                let (key, value) = (row.get_ref(1)?.as_blob()?, row.get_ref(7)?.as_blob()?);
                if row.get::<_, Option<i64>>(8)?.is_some_and(|stored| stored != digest(key, envelope, value)) {
                    what = "is not as it was written (its digest differs)";
                    break;
                }
                expected += 1;
                records.push(found, key, envelope, value);
                if records.bytes() >= BATCH_BYTES {
                    break;
                }
            }
            if records.is_empty() {
                // What lies before it was read; this read began at what is wrong.
                return Ok(Found::Failed(StopReason::Damaged { at: at.clone(), offset: position, what }));
            }
            Ok(Found::Records(records))
        };
        read().map_err(|e| failed(&e))
    }
}

/// What the record at an offset is on disk now; the outer none: no such partition.
pub(super) fn summary_at(
    connection: &Connection,
    at: &TopicPartition,
    offset: i64,
) -> rusqlite::Result<Option<Option<Summary>>> {
    let Some(partition) = schema::partition(connection, at)? else { return Ok(None) };
    if !(partition.ends.first..partition.ends.next).contains(&offset) {
        return Ok(Some(None));
    }
    let row = address(partition.number, offset);
    let mut select = connection.prepare_cached(&select(connection)?)?;
    let mut rows = select.query((row, row + 1, 1))?;
    let Some(row) = rows.next()? else { return Ok(Some(None)) };
    let (key, value) = (row.get_ref(1)?.as_blob()?, row.get_ref(7)?.as_blob()?);
    Ok(Some(Some(Summary::of(key, envelope(row)?, value))))
}

/// Reads a range of rows; a database of the first version has no digests.
fn select(connection: &Connection) -> rusqlite::Result<String> {
    let digest = if schema::has_digests(connection)? { "digest" } else { "null" };
    Ok(format!(
        "select address, key, content_type, reporter, submission, received_at, catalog, value, {digest} from records
         where address >= ? and address < ? order by address limit ?"
    ))
}

fn envelope<'r>(row: &'r Row<'_>) -> rusqlite::Result<EnvelopeRef<'r>> {
    Ok(EnvelopeRef {
        content_type: row.get_ref(2)?.as_str()?,
        reporter: row.get_ref(3)?.as_str()?,
        submission: row.get_ref(4)?.as_str()?,
        received_at: row.get(5)?,
        catalog: row.get_ref(6)?.as_str()?,
    })
}
