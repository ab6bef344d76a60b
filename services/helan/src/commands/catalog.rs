//! `helan catalog`: check a catalog, or write out the built-in one.

use std::path::Path;

use anyhow::bail;
use helan_schemas::catalog::Catalog;

use crate::args::{CatalogArgs, CatalogCommand};

pub(crate) fn run(args: CatalogArgs) -> anyhow::Result<()> {
    match args.command {
        CatalogCommand::Check { dir } => {
            let catalog = load(dir.as_deref())?;
            println!(
                "{} is in order: {} areas, {} indicators, {} targets, {} reporters; digest {}",
                catalog.head.id,
                catalog.areas.len(),
                catalog.indicators.len(),
                catalog.targets.len(),
                catalog.reporters.len(),
                catalog.digest
            );
            Ok(())
        }
        CatalogCommand::Export { dir } => {
            let catalog = Catalog::embedded();
            catalog.write_to(&dir)?;
            println!("{} files of {} are in {}", catalog.files.len(), catalog.head.id, dir.display());
            Ok(())
        }
    }
}

/// Reads a catalog's directory, or the built-in catalog; every problem is printed.
pub(crate) fn load(dir: Option<&Path>) -> anyhow::Result<Catalog> {
    let Some(dir) = dir else { return Ok(Catalog::embedded()) };
    Catalog::load(dir).or_else(|problems| {
        for problem in &problems {
            eprintln!("{problem}");
        }
        bail!("{} has {} problem{}", dir.display(), problems.len(), if problems.len() == 1 { "" } else { "s" })
    })
}
