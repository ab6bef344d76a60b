//! Takes the copy: lake, then log, then what lies beside them; checks it; and only then gives it its name.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use helan_lake::{Lake, LakeError};
use helan_log::{LogUrl, OpenOptions};
use helan_runtime::credentials::CredentialFile;
use helan_schemas::tables::Table;
use indicatif::ProgressBar;
use url::Url;

use super::check::{check, open_log};
use super::manifest::{MANIFEST, Manifest, digest, files_below, private, sync_dir};
use super::unfinished::{MARK, Mark, remove};
use crate::lang::Lang;

/// The tables, those that name others before those they name: every table, so that none is forgotten.
const ORDER: [Table; Table::ALL.len()] = [
    Table::ReleaseEvents,
    Table::PublicationRuns,
    Table::Publications,
    Table::PublishedValues,
    Table::PublicationInputs,
    Table::PublicationLineage,
    Table::PublicationChanges,
    Table::CatalogVersions,
    Table::Events,
    Table::Submissions,
    Table::Refusals,
];

/// How the name of a backup that is being made ends.
const PARTIAL: &str = ".partial";

/// What is copied.
pub(crate) struct Sources {
    pub(crate) log_url: String,
    pub(crate) kafka_properties: BTreeMap<String, String>,
    pub(crate) lake: Url,
    pub(crate) credentials: PathBuf,
    /// A settings file in the data directory.
    pub(crate) settings: PathBuf,
    /// When this is, microseconds since the epoch.
    pub(crate) now: i64,
}

/// Makes a backup in a new directory of `under` that is named after the time, and returns it with its manifest.
///
/// # Errors
/// If something cannot be read or written, or the log dropped records meanwhile. What was written so far is removed.
pub(crate) async fn make(
    sources: &Sources,
    under: &Path,
    progress: &ProgressBar,
) -> anyhow::Result<(PathBuf, Manifest)> {
    let begun = jiff::Timestamp::from_microsecond(sources.now)?;
    let name = begun.strftime("%Y-%m-%dT%H-%M-%SZ").to_string();
    let (target, draft) = (under.join(&name), under.join(format!(".{name}{PARTIAL}")));
    ensure!(!target.exists(), "{} is there already", target.display());
    fs::create_dir_all(under).with_context(|| format!("cannot make {}", under.display()))?;
    let mark = begin(&draft)?;
    match fill(sources, &draft, begun.to_string(), progress).await {
        Ok(manifest) => {
            fs::rename(&draft, &target).with_context(|| format!("cannot make {}", target.display()))?;
            sync_dir(under)?;
            mark.finish(&target)?;
            Ok((target, manifest))
        }
        Err(error) => {
            let _ = remove(&draft, mark);
            Err(error)
        }
    }
}

/// Makes the draft's directory, marked. Another backup that tidies up may take it away while it is empty.
fn begin(draft: &Path) -> anyhow::Result<Mark> {
    let mut attempts = 3;
    loop {
        let mut folder = fs::DirBuilder::new();
        folder.mode(0o700).create(draft).with_context(|| format!("cannot make {}", draft.display()))?;
        match Mark::take(draft) {
            Err(_) if attempts > 0 && !draft.exists() => attempts -= 1,
            taken => return taken,
        }
    }
}

/// What backups that were killed have left in a directory.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Leavings {
    /// Taken away: each was marked by a process that has ended.
    pub(crate) deleted: Vec<PathBuf>,
    /// Left where they are: without a mark nothing tells whether their process has ended.
    pub(crate) unknown: Vec<PathBuf>,
}

/// Takes away what backups that were killed have left. Another backup that runs into the same directory is left alone.
///
/// # Errors
/// If the directory cannot be listed, or something in it not be deleted.
pub(crate) fn tidy(under: &Path) -> anyhow::Result<Leavings> {
    let mut found = Leavings::default();
    for entry in fs::read_dir(under).with_context(|| format!("cannot list {}", under.display()))? {
        let path = entry?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let is_draft = name.starts_with('.') && name.ends_with(PARTIAL);
        if !path.join(MARK).exists() {
            // A process that was killed before it could mark its directory has left it empty.
            if is_draft && path.is_dir() && fs::remove_dir(&path).is_err() {
                found.unknown.push(path);
            }
            continue;
        }
        let is_backup = path.join(MANIFEST).is_file();
        match Mark::take(&path) {
            Ok(mark) if is_draft => {
                remove(&path, mark)?;
                found.deleted.push(path);
            }
            // It was complete and had its name; only the mark had not gone yet.
            Ok(mark) if is_backup => mark.finish(&path)?,
            Ok(_) | Err(_) => {}
        }
    }
    found.deleted.sort();
    found.unknown.sort();
    Ok(found)
}

async fn fill(sources: &Sources, draft: &Path, begun: String, progress: &ProgressBar) -> anyhow::Result<Manifest> {
    let lake = Lake::open(&sources.lake).await?;
    let embedded = LogUrl::directory(&sources.log_url);
    let mut manifest = Manifest::new(begun, lake.log_identity().to_owned(), embedded.is_some(), lake.id().to_owned());
    for table in ORDER {
        progress.set_message(table.name());
        let to = draft.join("lake").join(table.name());
        match helan_lake::copy_table(&lake, table, &to, |bytes| progress.inc(bytes)).await {
            Ok(copied) => drop(manifest.tables.insert(table.name().to_owned(), copied.version)),
            // A lake of an earlier build gets its newer tables when something next writes to it.
            Err(LakeError::NoLake(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let log = match embedded {
        Some(from) => {
            progress.set_message(Lang::spoken().pick("日志", "log"));
            let to = draft.join("log");
            let copy = to.clone();
            tokio::task::spawn_blocking(move || helan_log::embedded::copy_to(&from, &copy)).await??;
            open_log(draft).await?
        }
        None => {
            let kafka = sources.kafka_properties.clone();
            helan_log::open(&sources.log_url, OpenOptions { kafka, ..OpenOptions::default() }).await?
        }
    };
    let proofs = CredentialFile::new(&sources.credentials).proofs_path();
    for (file, name) in [
        (&sources.credentials, "credentials.jsonl"),
        (&proofs, "credentials.jsonl.scram"),
        (&sources.settings, "helan.toml"),
    ] {
        if file.exists() {
            let mut copy = private(&draft.join(name))?;
            digest(file, |piece| copy.write_all(piece))?;
            copy.sync_all()?;
        }
    }
    progress.set_message(Lang::spoken().pick("核对", "check"));
    check(Some(log), draft, &manifest).await?;
    for name in files_below(draft)?.into_iter().filter(|name| !is_scratch(name)) {
        let sum = digest(&draft.join(&name), |_| Ok(()))?;
        manifest.files.insert(name, sum);
    }
    manifest.write(draft)?;
    Ok(manifest)
}

/// What is not the backup's content: its mark, and what SQLite makes beside its database while it is open.
fn is_scratch(name: &str) -> bool {
    name == MARK || name == MANIFEST || name.ends_with("-wal") || name.ends_with("-shm")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_is_copied() {
        for table in Table::ALL {
            assert!(ORDER.contains(&table), "{}", table.name());
        }
    }

    #[test]
    fn what_was_left_goes_and_what_is_being_made_stays() {
        let dir = tempfile::tempdir().expect("a directory");
        let make = |name: &str| {
            let path = dir.path().join(name);
            fs::create_dir_all(path.join("lake")).expect("a folder");
            fs::write(path.join("lake/half"), "half").expect("written");
            path
        };
        let (left, running, renamed, whole) = (make(".a.partial"), make(".b.partial"), make("c"), make("d"));
        let unmarked = make(".e.partial");
        fs::create_dir(dir.path().join(".f.partial")).expect("a folder");
        for complete in [&renamed, &whole] {
            fs::write(complete.join(MANIFEST), "{}").expect("written");
        }
        drop((Mark::take(&left).expect("marked"), Mark::take(&renamed).expect("marked")));
        let mark = Mark::take(&running).expect("marked");
        let found = tidy(dir.path()).expect("tidied");
        assert_eq!(found, Leavings { deleted: vec![left.clone()], unknown: vec![unmarked.clone()] });
        assert!(!left.exists() && running.join("lake/half").exists() && !dir.path().join(".f.partial").exists());
        assert!(!renamed.join(MARK).exists() && renamed.join("lake/half").exists() && whole.join("lake/half").exists());
        drop(mark);
        assert_eq!(tidy(dir.path()).expect("tidied").deleted, [running]);
    }
}
