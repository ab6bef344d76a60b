//! `helan catalog`: check a catalog, or write out the built-in one.

use std::path::Path;

use anyhow::bail;
use helan_query::KeptCatalog;
use helan_schemas::catalog::Catalog;
use helan_schemas::tables::Table;
use jiff::Timestamp;

use crate::args::{CatalogArgs, CatalogCommand, Place};
use crate::say::{note, say};

pub(crate) async fn run(args: CatalogArgs) -> anyhow::Result<()> {
    match args.command {
        CatalogCommand::Check { dir, against, data_dir, lake } => {
            let catalog = load(dir.as_deref())?;
            if let Some(against) = against {
                compare(&catalog, &against, Place { data_dir, lake, catalog: None, check: false }).await?;
            }
            say!(
                "{} is in order: {} areas, {} indicators, {} targets, {} reporters; digest {}",
                catalog.head.id,
                catalog.areas.len(),
                catalog.indicators.len(),
                catalog.targets.len(),
                catalog.reporter_ids().count(),
                catalog.digest
            );
            Ok(())
        }
        CatalogCommand::Export { dir } => {
            let catalog = Catalog::embedded();
            catalog.write_to(&dir)?;
            say!("{} files of {} are in {}", catalog.files.len(), catalog.head.id, dir.display());
            Ok(())
        }
    }
}

/// Prints every edit of what the earlier catalog said; there must be none.
async fn compare(catalog: &Catalog, against: &str, place: Place) -> anyhow::Result<()> {
    let (earlier, since) = if Path::new(against).is_dir() {
        (load(Some(Path::new(against)))?, None)
    } else {
        let lake = helan_lake::Lake::open(&place.lake()?).await?;
        let kept = helan_query::kept_catalogs(&lake.snapshot(Table::CatalogVersions).await?).await?;
        let matches = |kept: &&KeptCatalog| against == "latest" || kept.digest.starts_with(against);
        let Some(found) = kept.iter().rfind(matches) else {
            let digests: Vec<_> = kept.iter().map(|kept| kept.digest.as_str()).collect();
            bail!("--against {against}: no such directory, and the lake keeps these catalogs: {}", digests.join(", "));
        };
        let earlier = found.load()?;
        let first = kept.iter().find(|kept| kept.digest == found.digest).unwrap_or(found);
        let used = Timestamp::from_microsecond(first.used_from)?;
        let day = used.in_tz(&earlier.head.time_zone)?.date();
        (earlier, Some(day))
    };
    let edits = catalog.edits_of(&earlier, since);
    for edit in &edits {
        note!("{edit}");
    }
    match edits.len() {
        0 => Ok(()),
        1 => bail!("1 edit of what catalog {} said", earlier.digest),
        count => bail!("{count} edits of what catalog {} said", earlier.digest),
    }
}

/// Reads a catalog's directory, or the built-in catalog; every problem is printed.
pub(crate) fn load(dir: Option<&Path>) -> anyhow::Result<Catalog> {
    let Some(dir) = dir else { return Ok(Catalog::embedded()) };
    Catalog::load(dir).or_else(|problems| {
        for problem in &problems {
            note!("{problem}");
        }
        bail!("{} has {} problem{}", dir.display(), problems.len(), if problems.len() == 1 { "" } else { "s" })
    })
}
