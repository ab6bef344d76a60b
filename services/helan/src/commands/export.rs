//! `helan export`: a publication, or the lake as it is, as a file for readers, programs or exchange.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum, ValueHint};
use futures::stream;
use helan_lake::Lake;
use helan_rollup::{Export, ExportRequest, RollupError};
use helan_schemas::tables::Table;

use crate::args::{Format, Place};
use crate::commands::Ended;
use crate::lang::Lang;
use crate::say::note;
use crate::show;

/// Exit code of an export that is held back by an embargo.
const EMBARGOED: u8 = 4;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  helan export latest -f xlsx -o quota-2018.xlsx --lang zh     a workbook to read and print\n  helan export latest -f csv                                   every value with its fields, to standard output\n  helan export 3f2a9c1b -f parquet -o values.parquet           a publication by the beginning of its id\n  helan export latest -f sdmx-csv -o values.csv                also writes values.structure.json beside it\n  helan export --live --as-of 2019-08-30 -f sdmx-structure     the structure alone\n\nEvery format holds the publication's id, T (as of), each value's vintage, and where the publication stands in the release workflow. One under embargo is held back (exit code 4) unless --embargoed says that this is meant; the file then says until when it must not be made public. SQL on the lake and `helan explain` ignore embargoes: they are for internal use."
)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    place: Place,
    /// `latest` (of the catalog's period if it has one), a publication's id, or the first 8 characters of one
    // A flag that needs --live does not miss it beside an argument that excludes --live: each is excluded by name.
    #[arg(required_unless_present = "live", conflicts_with_all = ["live", "as_of", "period"])]
    publication: Option<String>,
    /// The lake as it is, rather than a publication
    #[arg(long)]
    live: bool,
    /// With --live: what was known by then, a date (its end, in the catalog's time zone) or RFC 3339
    #[arg(long, value_name = "TIME", requires = "live")]
    as_of: Option<String>,
    /// With --live: the period; otherwise the catalog's
    #[arg(long, value_name = "PERIOD", requires = "live")]
    period: Option<String>,
    /// Export an embargoed publication; the file is marked so
    #[arg(long, conflicts_with = "live")]
    embargoed: bool,
    /// Format of the file
    #[arg(short, long, value_enum)]
    format: Shape,
    /// File to write; without it standard output, for the formats that are text
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    output: Option<PathBuf>,
    /// Write texts in CSV unchanged; otherwise those that begin with = + - @ get an apostrophe in front
    #[arg(long)]
    raw: bool,
}

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Shape {
    /// One row a value, with a heading
    Csv,
    /// A workbook to read and print: targets with verdicts, ratios, values, reports
    Xlsx,
    /// The rows of csv as Parquet
    Parquet,
    /// SDMX-CSV 2.0; with -o its structure is written beside it
    SdmxCsv,
    /// The structure of sdmx-csv: an SDMX-JSON 2.0.0 structure message
    SdmxStructure,
}

impl Shape {
    /// Whether a terminal cannot show it.
    fn is_binary(self) -> bool {
        match self {
            Self::Xlsx | Self::Parquet => true,
            Self::Csv | Self::SdmxCsv | Self::SdmxStructure => false,
        }
    }
}

pub(crate) async fn run(args: ExportArgs, lang: Lang) -> anyhow::Result<()> {
    let lake = Lake::open(&args.place.lake()?).await?;
    let catalog = super::catalog::given(&args.place)?;
    if args.output.is_none() && args.format.is_binary() {
        bail!("this format needs a file: add -o FILE");
    }
    let request = ExportRequest {
        publication: args.publication,
        as_of: args.as_of,
        period: args.period,
        embargoed: args.embargoed,
    };
    let export = match Export::read(&lake, catalog, &request).await {
        Err(RollupError::Embargoed { publication, until }) => {
            let used = helan_query::catalog_in_use(&lake.snapshot(Table::CatalogVersions).await?).await?;
            let until = show::moment(until, &used.head.time_zone, lang);
            note!("helan: {}", held_back(&publication, &until, lang));
            return Err(Ended(EMBARGOED).into());
        }
        read => read?,
    };
    let output = args.output.as_deref();
    match args.format {
        Shape::Csv | Shape::Parquet => {
            let format = if args.format == Shape::Csv { Format::Csv } else { Format::Parquet };
            let table = export.table()?;
            let rows = stream::iter([Ok::<_, std::convert::Infallible>(table.clone())]);
            show::write(table.schema(), rows, format, output, lang, args.raw).await
        }
        Shape::Xlsx => {
            let workbook = export.workbook(lang == Lang::Zh)?;
            write(output, &workbook)
        }
        Shape::SdmxCsv => {
            write(output, export.sdmx_csv()?.as_bytes())?;
            match output {
                Some(path) => write(Some(&path.with_extension("structure.json")), export.sdmx_structure().as_bytes()),
                None => Ok(()),
            }
        }
        Shape::SdmxStructure => write(output, export.sdmx_structure().as_bytes()),
    }
}

fn held_back(publication: &str, until: &str, lang: Lang) -> String {
    match lang {
        Lang::Zh => format!(
            "发布 {publication} 在 {until} 之前禁止公开，未写出任何文件。有权提前取用者请加 --embargoed，文件会注明限时保密。"
        ),
        Lang::En => format!(
            "publication {publication} is under embargo until {until}; nothing was written. To export it earlier, where you may, add --embargoed; the file is marked so."
        ),
    }
}

/// Writes a whole file beside its place and moves it there, so that nobody sees half of it; or to standard output.
fn write(output: Option<&Path>, bytes: &[u8]) -> anyhow::Result<()> {
    let Some(path) = output else {
        std::io::Write::write_all(&mut std::io::stdout(), bytes)?;
        return Ok(());
    };
    let name = path.file_name().and_then(|name| name.to_str()).context("-o needs a file name")?;
    let draft = path.with_file_name(format!(".{name}.part"));
    let written = std::fs::write(&draft, bytes).and_then(|()| std::fs::rename(&draft, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&draft);
    }
    written.with_context(|| format!("cannot write {}", path.display()))
}
