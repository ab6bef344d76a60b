//! A copy of the log as it is at one moment, taken beside a running writer.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::disk::database;
use super::schema::{self, failed};
use crate::{LogError, Result, RetryReason};

/// Copies the log in directory `from` into the new directory `to`, as it is when the copy begins: every record that
/// was acknowledged by then, none in half. The copy is synced, and is a log like any other, of the same identity.
///
/// The writer goes on meanwhile; its write-ahead log is not emptied as long as this takes.
///
/// # Errors
/// If there is no log, or `to` exists or cannot be written.
pub fn copy_to(from: &Path, to: &Path) -> Result<()> {
    let io =
        |path: &Path, error: std::io::Error| LogError::retry(RetryReason::Io, format!("{}: {error}", path.display()));
    let connection = schema::open_reader(&database(from))?;
    // A reader's connection refuses to write anywhere, also into the copy.
    connection.pragma_update(None, "query_only", false).map_err(|e| failed(&e))?;
    fs::create_dir_all(to).map_err(|e| io(to, e))?;
    fs::set_permissions(to, fs::Permissions::from_mode(0o700)).map_err(|e| io(to, e))?;
    let target = database(to);
    if target.exists() {
        return Err(LogError::misconfigured(format!("{} is there already", target.display())));
    }
    connection.execute("vacuum into ?", [&*target.to_string_lossy()]).map_err(|e| failed(&e))?;
    fs::set_permissions(&target, fs::Permissions::from_mode(0o600)).map_err(|e| io(&target, e))?;
    // SQLite does not sync what it vacuums into.
    for path in [&target, to] {
        File::open(path).and_then(|it| it.sync_all()).map_err(|e| io(path, e))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::{Address, Envelope, NewRecord, OpenOptions, TopicPartition, TopicSpec, embedded::copy_to, open};

    #[tokio::test]
    async fn a_copy_has_what_was_acknowledged_and_goes_on_by_itself() {
        let dir = tempfile::tempdir().expect("a directory");
        let (from, to) = (dir.path().join("log"), dir.path().join("copy"));
        let url = |path: &std::path::Path| format!("embedded://{}", path.display());
        let record = |value: &str| NewRecord {
            topic: "t".into(),
            key: "k".to_owned(),
            envelope: Envelope::default(),
            value: value.as_bytes().to_vec().into(),
        };
        let log = open(&url(&from), OpenOptions::writing()).await.expect("a log");
        log.create_topics(&[TopicSpec::new("t", 1, 1)]).await.expect("a topic");
        for n in 0..3 {
            log.append(record(&n.to_string())).await.expect("appended");
        }
        copy_to(&from, &to).expect("copied beside the writer");
        log.append(record("after the copy")).await.expect("appended");
        copy_to(&from, &to).expect_err("nothing is overwritten");

        let copy = open(&url(&to), OpenOptions::writing()).await.expect("the copy opens");
        let at = TopicPartition::new("t", 0);
        assert_eq!(copy.identity().await.expect("identity"), log.identity().await.expect("identity"));
        assert_eq!(copy.ends(&at).await.expect("ends").next, 3);
        assert_eq!(copy.append(record("3")).await.expect("goes on"), Address { at, offset: 3 });
        copy_to(&dir.path().join("nothing"), &dir.path().join("x")).expect_err("no log there");
    }
}
