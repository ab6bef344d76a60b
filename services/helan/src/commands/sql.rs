//! `helan sql`: ask the lake, or a running instance; one query, a script, or a shell.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use clap::{Args, ValueHint};
use helan_lake::{Lake, LakeError};
use helan_schemas::catalog::Catalog;
use url::Url;

use super::catalog;
use super::rollup::print;
use crate::args::{Format, Place};
use crate::https::Trust;
use crate::lang::Lang;
use crate::note;
use crate::shell::Shell;
use crate::shell::remote::Remote;
use crate::shell::source::{Moments, Source};
use crate::show;

#[derive(Debug, Args)]
#[command(
    after_help = "Without a query: a shell on a terminal (\\? lists its commands), the statements of standard input elsewhere.\n\nExamples:\n  helan sql\n  helan sql \"select * from rd_intensity\"\n  helan sql --as-of 2019-08-30 \"select value from rd_intensity where ref_area = '640000' and time_period = '2018'\"\n  helan sql -f csv -o quota.csv \"select * from quota_fulfilment\"\n  helan sql --describe quota_fulfilment\n  helan sql < report.sql\n  HELAN_TOKEN=helan_… helan sql --at http://127.0.0.1:8080 \"select * from rd_intensity\""
)]
pub(crate) struct SqlArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    /// The query; `-` reads it from standard input; without one a shell, or the statements of standard input
    pub(crate) query: Option<String>,
    /// Ask a running instance instead of the lake's files, as the analyst whose token HELAN_TOKEN holds
    #[arg(long, env = "HELAN_AT", value_name = "URL", conflicts_with = "lake")]
    pub(crate) at: Option<Url>,
    /// File with the token for --at; otherwise HELAN_TOKEN
    #[arg(long, env = "HELAN_TOKEN_FILE", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) token_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) trust: Trust,
    /// Answer as of this time: a date (its end, in the catalog's time zone) or RFC 3339
    #[arg(long, value_name = "TIME")]
    pub(crate) as_of: Option<String>,
    /// With --as-of: only what was recorded by then
    #[arg(long, value_name = "TIME", requires = "as_of")]
    pub(crate) recorded: Option<String>,
    /// List tables, views and table functions
    #[arg(long, conflicts_with = "query")]
    pub(crate) tables: bool,
    /// List the columns of a table, view or table function
    #[arg(long, value_name = "NAME", conflicts_with = "query")]
    pub(crate) describe: Option<String>,
    /// Say on standard error which version of every table was read
    #[arg(long)]
    pub(crate) versions: bool,
    /// Format of the result
    #[arg(short, long, value_enum, default_value = "table")]
    pub(crate) format: Format,
    /// Write the result to a file instead of standard output
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
    /// Write texts in CSV unchanged; otherwise those that begin with = + - @ get an apostrophe in front
    #[arg(long)]
    pub(crate) raw: bool,
}

pub(crate) async fn run(args: SqlArgs, lang: Lang) -> anyhow::Result<()> {
    let describes = args.tables || args.describe.is_some();
    let source = match &args.at {
        Some(base) => Source::Remote(Remote::new(base, args.token_file.as_deref(), &args.trust, lang)?),
        None => {
            let catalog = catalog::given(&args.place)?;
            match Lake::open(&args.place.lake()?).await {
                Ok(lake) => Source::lake(&lake, catalog)?,
                // What there is to ask is known before anything was reported.
                Err(LakeError::NoLake(_)) if describes => {
                    Source::nothing(catalog.unwrap_or_else(|| Arc::new(Catalog::embedded())))?
                }
                Err(error) => return Err(error.into()),
            }
        }
    };
    if args.tables {
        return print(&show::tables(&source.tables().await?, lang));
    }
    if let Some(name) = &args.describe {
        return print(&show::describe(show::find(&source.tables().await?, name, lang)?, lang));
    }
    let moments = Moments { as_of: args.as_of, recorded: args.recorded };
    let text = match args.query.as_deref() {
        Some("-") => std::io::read_to_string(std::io::stdin()).context("cannot read the query from standard input")?,
        Some(text) => text.to_owned(),
        None => {
            let interactive = std::io::stdin().is_terminal();
            let shell = Shell {
                source,
                lang,
                format: args.format,
                moments,
                output: args.output,
                expanded: false,
                timing: false,
                versions: args.versions,
                raw: args.raw,
                screen: None,
            };
            if interactive {
                return shell.interact().await;
            }
            let text = std::io::read_to_string(std::io::stdin()).context("cannot read standard input")?;
            return shell.script(&text).await;
        }
    };
    let answer = source.ask(&text, &moments).await?;
    let versions = answer.versions;
    show::write(answer.schema, answer.rows, args.format, args.output.as_deref(), lang, args.raw).await?;
    if args.versions {
        note!("{}", show::versions(&versions, lang));
    }
    Ok(())
}
