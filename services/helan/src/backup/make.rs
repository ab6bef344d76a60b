//! Takes the copy: lake, then log, then what lies beside them; checks it; and only then gives it its name.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use helan_lake::Lake;
use helan_log::{Log, LogIdentity, OpenOptions, TopicPartition};
use helan_schemas::tables::Table;
use helan_schemas::topics;
use indicatif::ProgressBar;
use url::Url;

use super::manifest::{MANIFEST, Manifest, digest, files_below, private, sync_dir};

/// The tables, those that name others before those they name.
const ORDER: [Table; 8] = [
    Table::PublicationRuns,
    Table::Publications,
    Table::PublishedValues,
    Table::PublicationInputs,
    Table::CatalogVersions,
    Table::Events,
    Table::Submissions,
    Table::Refusals,
];

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
    let (target, draft) = (under.join(&name), under.join(format!(".{name}.partial")));
    ensure!(!target.exists(), "{} is there already", target.display());
    std::fs::create_dir_all(under).with_context(|| format!("cannot make {}", under.display()))?;
    match fill(sources, &draft, begun.to_string(), progress).await {
        Ok(manifest) => {
            std::fs::rename(&draft, &target).with_context(|| format!("cannot make {}", target.display()))?;
            sync_dir(under)?;
            Ok((target, manifest))
        }
        Err(error) => {
            let _ = std::fs::remove_dir_all(&draft);
            Err(error)
        }
    }
}

async fn fill(sources: &Sources, draft: &Path, begun: String, progress: &ProgressBar) -> anyhow::Result<Manifest> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().mode(0o700).create(draft).with_context(|| format!("cannot make {}", draft.display()))?;
    let lake = Lake::open(&sources.lake).await?;
    let embedded = sources.log_url.strip_prefix("embedded://").map(PathBuf::from);
    let mut manifest = Manifest::new(begun, lake.log_identity().to_owned(), embedded.is_some(), lake.id().to_owned());
    for table in ORDER {
        progress.set_message(table.name());
        let to = draft.join("lake").join(table.name());
        let copied = helan_lake::copy_table(&lake, table, &to, |bytes| progress.inc(bytes)).await?;
        manifest.tables.insert(table.name().to_owned(), copied.version);
    }
    let log = match embedded {
        Some(from) => {
            progress.set_message("log");
            let to = draft.join("log");
            let copy = to.clone();
            tokio::task::spawn_blocking(move || helan_log::embedded::copy_to(&from, &copy)).await??;
            helan_log::open(&format!("embedded://{}", std::path::absolute(to)?.display()), OpenOptions::default())
                .await?
        }
        None => {
            let kafka = sources.kafka_properties.clone();
            helan_log::open(&sources.log_url, OpenOptions { kafka, ..OpenOptions::default() }).await?
        }
    };
    for (file, name) in [(&sources.credentials, "credentials.jsonl"), (&sources.settings, "helan.toml")] {
        if file.exists() {
            let mut copy = private(&draft.join(name))?;
            digest(file, |piece| copy.write_all(piece))?;
            copy.sync_all()?;
        }
    }
    progress.set_message("check");
    check(log, draft, &manifest).await?;
    for name in files_below(draft)?.into_iter().filter(|name| !is_scratch(name)) {
        let sum = digest(&draft.join(&name), |_| Ok(()))?;
        manifest.files.insert(name, sum);
    }
    manifest.write(draft)?;
    Ok(manifest)
}

/// What SQLite makes beside its database while it is open.
fn is_scratch(name: &str) -> bool {
    name == MANIFEST || name.ends_with("-wal") || name.ends_with("-shm")
}

/// Opens the copy as a service would, and compares what the lake has read with what the log has.
async fn check(log: Arc<dyn Log>, draft: &Path, manifest: &Manifest) -> anyhow::Result<()> {
    let path = std::path::absolute(draft.join("lake"))?;
    let url = Url::from_directory_path(&path).map_err(|()| anyhow::anyhow!("{} is no directory", path.display()))?;
    let lake = Lake::open(&url).await.context("the lake's copy does not open")?;
    let identity = log.identity().await?;
    let stored: LogIdentity = lake.log_identity().parse()?;
    identity.continues(&stored)?;
    let log = helan_aggregator::follow(log, &lake, helan_log::Gate::default());
    if let Some(reason) = helan_aggregator::differences(log.as_ref(), &lake).await?.into_iter().next() {
        bail!("log and lake do not belong together: {reason}");
    }
    let mut snapshots = Vec::new();
    for table in ORDER {
        let snapshot =
            lake.snapshot(table).await.with_context(|| format!("the copy of {} does not open", table.name()))?;
        let version = manifest.tables.get(table.name()).copied();
        ensure!(Some(snapshot.version()) == version, "the copy of {} is of another version", table.name());
        snapshots.push((table, snapshot));
    }
    for (topic, count) in &identity.topics {
        for partition in 0..*count {
            let at = TopicPartition::new(topic.as_str(), partition);
            let ends = log.ends(&at).await?;
            let app_id = lake.offset_app_id(topic, partition);
            for (table, snapshot) in &snapshots {
                let fed = Table::FED.contains(table) && (topic != topics::REFUSED || *table == Table::Refusals);
                if !fed {
                    continue;
                }
                match snapshot.txn(&app_id).await? {
                    Some(next) if next > ends.next => {
                        bail!("{at}: the copy of {} is at {next}, the log ends at {}", table.name(), ends.next)
                    }
                    next if next.unwrap_or(0) < ends.first => bail!(
                        "{at}: the log dropped what the copy of {} had not read while the backup was made; run again",
                        table.name()
                    ),
                    _ => {}
                }
            }
        }
    }
    Ok(())
}
