//! `helan catalog`: check a catalog, or write out the built-in one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::bail;
use clap::{Args, Subcommand, ValueHint};
use helan_query::KeptCatalog;
use helan_schemas::catalog::{Catalog, Problem};
use helan_schemas::tables::Table;
use jiff::Timestamp;

use crate::args::Place;
use crate::errors;
use crate::lang::Lang;
use crate::say::{note, say};

#[derive(Debug, Args)]
pub(crate) struct CatalogArgs {
    #[command(subcommand)]
    pub(crate) command: CatalogCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CatalogCommand {
    /// Check a catalog's files; every error as file:line, what, why, fix
    Check {
        /// The catalog's directory; without it the built-in one is checked
        #[arg(value_hint = ValueHint::DirPath)]
        dir: Option<PathBuf>,
        /// Refuse edits of what was known: an earlier edition's directory, or the digest (its beginning will do) of a
        /// catalog that the lake keeps; `latest` is the one in use
        #[arg(long, value_name = "DIR|DIGEST|latest")]
        against: Option<String>,
        /// Directory of this machine's log, lake and credentials
        #[arg(long, env = "HELAN_DATA_DIR", value_name = "DIR", default_value = "helan-data", value_hint = ValueHint::DirPath)]
        data_dir: PathBuf,
        /// The lake's URL; otherwise `lake` in the data directory
        #[arg(long, env = "HELAN_LAKE", value_name = "URL")]
        lake: Option<String>,
    },
    /// Write the built-in catalog's files into a directory
    Export {
        /// Directory to write to; new or empty
        #[arg(value_hint = ValueHint::DirPath)]
        dir: PathBuf,
    },
}

pub(crate) async fn run(args: CatalogArgs, lang: Lang) -> anyhow::Result<()> {
    match args.command {
        CatalogCommand::Check { dir, against, data_dir, lake } => {
            let catalog = load(dir.as_deref())?;
            if let Some(against) = against {
                compare(&catalog, &against, Place { data_dir, lake, catalog: None, check: false }, lang).await?;
            }
            let warnings = catalog.warnings();
            for warning in &warnings {
                note!("{}{}", lang.pick("提醒：", "warning: "), shown(warning, lang));
            }
            let (id, digest) = (&catalog.head.id, &catalog.digest);
            let (areas, indicators) = (catalog.areas.len(), catalog.indicators.len());
            let (targets, reporters) = (catalog.targets.len(), catalog.reporter_ids().count());
            match lang {
                Lang::Zh => say!(
                    "{id} 没有问题：地区 {areas} 个、指标 {indicators} 个、目标 {targets} 个、报送单位 {reporters} 家；摘要 {digest}"
                ),
                Lang::En => say!(
                    "{id} is in order: {areas} areas, {indicators} indicators, {targets} targets, {reporters} reporters; \
                     digest {digest}"
                ),
            }
            Ok(())
        }
        CatalogCommand::Export { dir } => {
            let catalog = Catalog::embedded();
            catalog.write_to(&dir)?;
            let (files, id, dir) = (catalog.files.len(), &catalog.head.id, dir.display());
            match lang {
                Lang::Zh => say!("已把 {id} 的 {files} 个文件写入 {dir}"),
                Lang::En => say!("{files} files of {id} are in {dir}"),
            }
            Ok(())
        }
    }
}

/// Prints every edit of what the earlier catalog said; there must be none.
async fn compare(catalog: &Catalog, against: &str, place: Place, lang: Lang) -> anyhow::Result<()> {
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
        note!("{}", shown(edit, lang));
    }
    match edits.len() {
        0 => Ok(()),
        1 => bail!("1 edit of what catalog {} said", earlier.digest),
        count => bail!("{count} edits of what catalog {} said", earlier.digest),
    }
}

/// The catalog that a command was given, if any.
pub(crate) fn given(place: &Place) -> anyhow::Result<Option<Arc<Catalog>>> {
    place.catalog.is_some().then(|| place.catalog().map(Arc::new)).transpose()
}

/// A catalog that cannot be used, with every problem of its files.
#[derive(Debug, thiserror::Error)]
#[error("{} has {} problem{}", .dir.display(), .problems.len(), if .problems.len() == 1 { "" } else { "s" })]
pub(crate) struct Unsound {
    dir: PathBuf,
    problems: Vec<Problem>,
}

impl Unsound {
    /// Its problems, one below the other.
    pub(crate) fn listed(&self, lang: Lang) -> String {
        self.problems.iter().map(|problem| shown(problem, lang) + "\n").collect()
    }
}

/// A problem with its reason and what to do.
pub(crate) fn shown(problem: &Problem, lang: Lang) -> String {
    if lang == Lang::En {
        return problem.to_string();
    }
    let Problem { file, line, rule, what, why, fix } = problem;
    let [what, why, fix] = [what, why, fix].map(|text| errors::said(text, lang));
    let place = if *line == 0 { file.clone() } else { format!("{file}:{line}") };
    format!("{place}：{what} [{rule}]\n    原因：{why}\n    改法：{fix}")
}

/// Reads a catalog's directory, or the built-in catalog.
///
/// # Errors
/// [`Unsound`], with every problem.
pub(crate) fn load(dir: Option<&Path>) -> anyhow::Result<Catalog> {
    let Some(dir) = dir else { return Ok(Catalog::embedded()) };
    Ok(Catalog::load(dir).map_err(|problems| Unsound { dir: dir.to_owned(), problems })?)
}
