//! `helan load nation`: writes the catalog of an invented nation.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use helan_load::nation::{Size, nation};
use helan_schemas::catalog::Catalog;

use crate::lang::Lang;
use crate::say::say;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  helan load nation /tmp/nation                                   3,031 areas, 100 indicators; 24 quarters of each are reported\n  helan load --log embedded:///tmp/try/log --catalog /tmp/nation --data-dir /tmp/try --clean --length quarter --events 5000000\n  helan up --data-dir /tmp/try --catalog /tmp/nation"
)]
pub(crate) struct NationArgs {
    /// Folder for the files, which is made if need be
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    dir: PathBuf,
    /// Minimum number of areas; rounded up to whole provinces of 101 areas, plus the nation
    #[arg(long, value_name = "N", default_value_t = 3_000, value_parser = clap::value_parser!(u16).range(1..=9_999))]
    areas: u16,
    /// Indicators: 12 of 100 are ratios, a third of the others are stocks
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u16).range(10..=999))]
    indicators: u16,
}

pub(super) fn run(args: &NationArgs, lang: Lang) -> anyhow::Result<()> {
    let size = Size { areas: args.areas.into(), indicators: args.indicators.into() };
    let catalog = Catalog::from_files(nation(size)).map_err(|problems| {
        anyhow::anyhow!("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    })?;
    catalog.write_to(&args.dir)?;
    let (areas, indicators, offices) = (catalog.areas.len(), catalog.indicators.len(), catalog.reporters.len());
    match lang {
        Lang::Zh => say!("{}: 地区 {areas} 个、指标 {indicators} 个、报送单位 {offices} 家", args.dir.display()),
        Lang::En => say!("{}: {areas} areas, {indicators} indicators, {offices} offices", args.dir.display()),
    }
    Ok(())
}
