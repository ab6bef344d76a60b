//! The database: its tables, its version, and the connections to it.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension};

use crate::{Ends, LogError, Result, RetryReason, TopicPartition};

/// Version of the tables below. Version 1 has no digests: it is read as it is, and becomes version 2 when a role that
/// writes opens it; its records keep none.
const VERSION: i64 = 2;
const WITHOUT_DIGESTS: i64 = 1;
const ADD_DIGESTS: &str = "alter table records add column digest integer";

/// `records.address` = partition number, then 47 bits of offset: one clustered index, and a range of offsets is a
/// range of rows. Offsets come from `partitions.next_offset`, for SQLite's own row ids restart when a table is emptied.
const TABLES: &str = "
create table log (one integer primary key check (one = 1), id text not null) strict;
create table partitions (
    number integer primary key,
    topic text not null,
    partition integer not null,
    first_offset integer not null default 0,
    next_offset integer not null default 0,
    unique (topic, partition)
) strict;
create table records (
    address integer primary key,
    key blob not null,
    content_type text not null,
    reporter text not null,
    submission text not null,
    received_at integer not null,
    catalog text not null,
    value blob not null,
    digest integer
) strict;
";

const OFFSET_BITS: u32 = 47;

/// Submissions are large: with SQLite's 4 KiB their values would lie in chains of small pages.
const PAGE_BYTES: i64 = 16 << 10;
/// The write-ahead log is moved into the database at 16 MiB.
const CHECKPOINT_PAGES: i64 = 1000;

/// Readers and checkpoints wait so long for each other.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The row of an offset of a partition.
pub(super) fn address(number: i64, offset: i64) -> i64 {
    (number << OFFSET_BITS) | offset
}

/// The offset of a row.
pub(super) fn offset(address: i64) -> i64 {
    address & ((1 << OFFSET_BITS) - 1)
}

/// One partition as the database knows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Partition {
    pub(super) number: i64,
    pub(super) ends: Ends,
}

/// Opens the database for writing, creates or checks it, and moves the write-ahead log into it.
///
/// The last step also makes a reopening after an I/O error safe: frames whose sync failed may look sound in the page
/// cache, and nothing may be appended behind them.
pub(super) fn open_writer(path: &Path, new_id: &str, max_bytes: Option<u64>) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let open = || -> rusqlite::Result<(Connection, i64)> {
        let mut connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.pragma_update(None, "page_size", PAGE_BYTES)?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "full")?;
        connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
        connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
        let page: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
        if let Some(bytes) = max_bytes {
            connection.pragma_update(
                None,
                "max_page_count",
                (i64::try_from(bytes).unwrap_or(i64::MAX) / page).max(1),
            )?;
        }
        let mut version = user_version(&connection)?;
        if version == 0 {
            let create = connection.transaction()?;
            create.execute_batch(TABLES)?;
            create.execute("insert into log (one, id) values (1, ?)", [new_id])?;
            create.pragma_update(None, "user_version", VERSION)?;
            create.commit()?;
            version = VERSION;
        }
        if version == WITHOUT_DIGESTS {
            let add = connection.transaction()?;
            add.execute_batch(ADD_DIGESTS)?;
            add.pragma_update(None, "user_version", VERSION)?;
            add.commit()?;
            version = VERSION;
        }
        let busy: i64 = connection.query_row("pragma wal_checkpoint(truncate)", [], |row| row.get(0))?;
        if busy != 0 {
            tracing::debug!("a reader keeps the write-ahead log from being emptied");
            return Err(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY), None));
        }
        Ok((connection, version))
    };
    let (connection, version) = open().map_err(|e| failed(&e))?;
    check_version(path, version)?;
    Ok(connection)
}

/// Opens the database for reading; a process that only reads takes no lock that a writer would wait for.
pub(super) fn open_reader(path: &Path) -> Result<Connection> {
    if !path.exists() {
        let detail = format!("{} does not exist yet; start a role that writes", path.display());
        return Err(LogError::retry(RetryReason::LogDown, detail));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let open = || -> rusqlite::Result<(Connection, i64)> {
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.pragma_update(None, "query_only", true)?;
        let version = user_version(&connection)?;
        Ok((connection, version))
    };
    let (connection, version) = open().map_err(|e| failed(&e))?;
    if version == 0 {
        return Err(LogError::retry(RetryReason::LogDown, format!("{} is being created", path.display())));
    }
    check_version(path, version)?;
    Ok(connection)
}

/// Whether records have digests; a version that changes meanwhile only gains them.
pub(super) fn has_digests(connection: &Connection) -> rusqlite::Result<bool> {
    Ok(user_version(connection)? >= VERSION)
}

fn user_version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

fn check_version(path: &Path, version: i64) -> Result<()> {
    if matches!(version, VERSION | WITHOUT_DIGESTS) {
        return Ok(());
    }
    let path = path.display();
    Err(LogError::misconfigured(format!("{path} has format {version}, this program reads {VERSION}; use its program")))
}

/// The log's id.
pub(super) fn log_id(connection: &Connection) -> rusqlite::Result<String> {
    connection.query_row("select id from log", [], |row| row.get(0))
}

/// Every partition.
pub(super) fn partitions(connection: &Connection) -> rusqlite::Result<BTreeMap<TopicPartition, Partition>> {
    let sql = "select topic, partition, number, first_offset, next_offset from partitions";
    connection
        .prepare_cached(sql)?
        .query_map([], |row| {
            let at = TopicPartition::new(row.get::<_, String>(0)?, row.get(1)?);
            let ends = Ends { first: row.get(3)?, next: row.get(4)? };
            Ok((at, Partition { number: row.get(2)?, ends }))
        })?
        .collect()
}

/// One partition, if there is such.
pub(super) fn partition(connection: &Connection, at: &TopicPartition) -> rusqlite::Result<Option<Partition>> {
    let sql = "select number, first_offset, next_offset from partitions where topic = ? and partition = ?";
    connection
        .prepare_cached(sql)?
        .query_row((&*at.topic, at.partition), |row| {
            Ok(Partition { number: row.get(0)?, ends: Ends { first: row.get(1)?, next: row.get(2)? } })
        })
        .optional()
}

/// The first kept offset of a partition whose record was received at a time or later. Looks at the older records
/// before it, and of each only at its first page.
pub(super) fn offset_for_time(
    connection: &Connection,
    partition: Partition,
    microseconds: i64,
) -> rusqlite::Result<Option<i64>> {
    let sql = "select address from records where address >= ? and address < ? and received_at >= ?
        order by address limit 1";
    let Partition { number, ends } = partition;
    let row = (address(number, ends.first), address(number, ends.next), microseconds);
    let found: Option<i64> = connection.prepare_cached(sql)?.query_row(row, |row| row.get(0)).optional()?;
    Ok(found.map(offset))
}

/// What a caller does about an error of SQLite.
pub(super) fn failed(error: &rusqlite::Error) -> LogError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => LogError::retry(RetryReason::DiskFull, error),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => LogError::retry(RetryReason::TimedOut, error),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            LogError::misconfigured(format!("{error}; restore the log from a copy"))
        }
        Some(ErrorCode::PermissionDenied | ErrorCode::ReadOnly) => LogError::misconfigured(error),
        _ => LogError::retry(RetryReason::Io, error),
    }
}
