//! Opens a copy as a service would, and compares what the lake has read with what the log has.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use helan_lake::Lake;
use helan_log::{Gate, Log, LogIdentity, LogUrl, OpenOptions, TopicPartition};
use helan_schemas::tables::Table;
use url::Url;

use super::manifest::Manifest;

/// Opens the log of a copy.
pub(super) async fn open_log(dir: &Path) -> anyhow::Result<Arc<dyn Log>> {
    let path = crate::paths::absolute(dir.join("log"))?;
    helan_log::open(&LogUrl::embedded_in(&path), OpenOptions::default()).await.context("the log's copy does not open")
}

/// Checks that the lake of a copy opens at the versions of its manifest, and that its log goes on from there. Without a
/// log, which Kafka keeps, the lake alone is checked.
pub(super) async fn check(log: Option<Arc<dyn Log>>, dir: &Path, manifest: &Manifest) -> anyhow::Result<()> {
    let path = crate::paths::absolute(dir.join("lake"))?;
    let url = Url::from_directory_path(&path).map_err(|()| anyhow::anyhow!("{} is no directory", path.display()))?;
    let lake = Lake::open(&url).await.context("the lake's copy does not open")?;
    ensure!(lake.id() == manifest.lake, "the copy is of lake {}, the backup is of {}", lake.id(), manifest.lake);
    let mut snapshots = Vec::new();
    for (name, version) in &manifest.tables {
        let table = Table::ALL.into_iter().find(|table| table.name() == name);
        let table =
            table.with_context(|| format!("the backup has a table {name}, which this program does not know"))?;
        let snapshot = lake.snapshot(table).await.with_context(|| format!("the copy of {name} does not open"))?;
        let found = snapshot.version();
        ensure!(found == *version, "the copy of {name} is of version {found}, the backup says {version}");
        for file in snapshot.files() {
            let file = format!("lake/{name}/{}", file.path);
            ensure!(dir.join(&file).is_file(), "{file} is missing, which table {name} names");
        }
        snapshots.push((table, snapshot));
    }
    let Some(log) = log else { return Ok(()) };
    let identity = log.identity().await?;
    let stored: LogIdentity = lake.log_identity().parse()?;
    identity.continues(&stored)?;
    let log = helan_aggregator::follow(log, &lake, Gate::default());
    if let Some(reason) = helan_aggregator::differences(log.as_ref(), &lake).await?.into_iter().next() {
        bail!("log and lake do not belong together: {reason}");
    }
    for (topic, count) in &identity.topics {
        for partition in 0..*count {
            let at = TopicPartition::new(topic.as_str(), partition);
            let ends = log.ends(&at).await?;
            let app_id = lake.offset_app_id(topic, partition);
            for (table, snapshot) in &snapshots {
                if !Table::fed_by(topic).contains(table) {
                    continue;
                }
                match snapshot.txn(&app_id).await? {
                    Some(next) if next > ends.next => {
                        bail!("{at}: the copy of {} is at {next}, the log ends at {}", table.name(), ends.next)
                    }
                    next if next.unwrap_or(0) < ends.first => bail!(
                        "{at}: the log dropped what the copy of {} had not read while the backup was made; make \
                         another backup",
                        table.name()
                    ),
                    _ => {}
                }
            }
        }
    }
    Ok(())
}
