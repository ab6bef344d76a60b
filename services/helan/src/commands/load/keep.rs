//! The ledger's file: appended line by line, synced several times a second, found again after a SIGKILL.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, ensure};
use helan_load::{Header, Line, Outcome};

/// How often what was appended is forced to disk. A killed process loses nothing that it wrote; a machine without power
/// may lose the lines of this long.
const SYNC_EVERY: Duration = Duration::from_millis(100);

/// An open ledger. Clones share it.
#[derive(Clone)]
pub(super) struct Ledger(Arc<Mutex<File>>);

impl Ledger {
    /// Opens a new file, or with `resume` one to go on with. Gives for each stream its first submission without a line.
    pub(super) fn open(path: &Path, header: &Header, streams: usize, resume: bool) -> anyhow::Result<(Self, Vec<u64>)> {
        let mut options = File::options();
        options.read(true).append(true);
        if !resume {
            let mut file = options.create_new(true).open(path).map_err(|error| match error.kind() {
                std::io::ErrorKind::AlreadyExists => {
                    anyhow::anyhow!("is there already: go on with it by --resume, or name another file")
                }
                _ => error.into(),
            })?;
            file.write_all(header.encode().as_bytes())?;
            file.sync_all()?;
            return Ok((Self(Arc::new(Mutex::new(file))), vec![0; streams]));
        }
        let mut next = vec![0; streams];
        let (found, whole) = read(path, |line| {
            if line.outcome == Outcome::Ended {
                return Ok(());
            }
            let slot =
                next.get_mut(line.stream as usize).context("it names a stream that the catalog does not have")?;
            *slot = line.submission + u64::from(line.outcome != Outcome::Unknown);
            Ok(())
        })?;
        ensure!(
            found.recipe == header.recipe,
            "was written by another recipe (seed, shares, batch, ids, way, reporters or catalog); go on with the same settings: {}",
            serde_json::to_string(&found.recipe)?
        );
        let file = options.open(path)?;
        // The half line of a process that was killed while it wrote.
        file.set_len(whole)?;
        file.sync_all()?;
        Ok((Self(Arc::new(Mutex::new(file))), next))
    }

    /// Appends a line; it survives the end of this process.
    pub(super) fn append(&self, line: &Line) -> anyhow::Result<()> {
        let mut text = String::with_capacity(64);
        line.encode(&mut text);
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(text.as_bytes()).context("the ledger cannot be written")
    }

    /// Forces what was appended to disk, again and again; for a task that is ended when the load ends.
    pub(super) async fn keep_synced(self) -> anyhow::Result<()> {
        loop {
            tokio::time::sleep(SYNC_EVERY).await;
            self.sync().await?;
        }
    }

    /// Forces what was appended to disk.
    pub(super) async fn sync(&self) -> anyhow::Result<()> {
        let file = self.0.lock().unwrap_or_else(PoisonError::into_inner).try_clone()?;
        tokio::task::spawn_blocking(move || file.sync_data()).await?.context("the ledger cannot be synced")
    }
}

/// Reads a ledger's first line.
pub(super) fn head(path: &Path) -> anyhow::Result<Header> {
    Ok(open(path)?.1)
}

fn open(path: &Path) -> anyhow::Result<(BufReader<File>, Header, u64)> {
    let mut file = BufReader::new(File::open(path)?);
    let mut text = String::new();
    // A header has a few hundred bytes; what has none is not read to its end in search of one.
    file.by_ref().take(64 * 1024).read_line(&mut text).context("is no ledger")?;
    let header = Header::decode(&text)?;
    Ok((file, header, text.len() as u64))
}

/// Reads a ledger line by line; gives its header and the bytes of its whole lines.
pub(super) fn read(path: &Path, mut each: impl FnMut(Line) -> anyhow::Result<()>) -> anyhow::Result<(Header, u64)> {
    let (mut file, header, mut whole) = open(path)?;
    let mut text = String::new();
    for number in 2.. {
        text.clear();
        let read = file.read_line(&mut text).with_context(|| format!("line {number}"))?;
        let Some(line) = text.strip_suffix('\n') else { break };
        each(Line::decode(number, line)?).with_context(|| format!("line {number}"))?;
        whole += read as u64;
    }
    Ok((header, whole))
}
