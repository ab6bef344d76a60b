//! `helan load`: invented feeds at full speed or a given rate, a ledger of what was acknowledged, and the comparison of
//! that ledger with the lake.

mod drive;
mod keep;
mod nation;
mod report;
mod target;
mod tokens;
mod verify;
mod visible;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use clap::{Args, Subcommand, ValueEnum, ValueHint};
use helan_load::recipe::GENERATOR;
use helan_load::{Header, Ids, Length, Recipe, Share, Shares, Stream, Way};
use helan_log::LogUrl;
use helan_runtime::clock::Clock;
use helan_runtime::shutdown::Shutdown;

use crate::args::{LogAt, LogPlace, Place, duration};
use crate::https::Trust;
use crate::lang::Lang;

/// Where a load goes when nothing is said.
const HERE: &str = "http://127.0.0.1:8080";
/// Events of a load for which no end is named.
const EVENTS: u64 = 100_000;

#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "The figures are invented and stay in the lake for ever: load a lake made for it.\n\nExamples:\n  helan up --data-dir /tmp/try &\n  helan load --data-dir /tmp/try                                  100,000 events with every kind of misbehaviour\n  helan load verify --data-dir /tmp/try --ledger helan-load.ledger --wait 60s\n  helan load --data-dir /tmp/try --clean --rate 5000 --duration 5m --visible --ledger rate.ledger\n  helan load --log kafka://127.0.0.1:9092 --events 5000000        straight into the log, as ingest writes it\n\nThe same seed, shares, batch and catalog give the same bytes. Killed at any moment, it goes on with --resume."
)]
pub(crate) struct LoadArgs {
    #[command(subcommand)]
    pub(crate) command: Option<LoadCommand>,
    #[command(flatten)]
    pub(crate) place: Place,
    /// Ingest service to send to [default: http://127.0.0.1:8080]
    #[arg(long, value_name = "URL", conflicts_with = "log")]
    to: Option<String>,
    #[command(flatten)]
    trust: Trust,
    /// Write straight into a log instead: `embedded:///DIRECTORY` (nothing else may be writing it) or `kafka://HOST:PORT,…`
    #[arg(long, value_name = "URL")]
    log: Option<String>,
    /// File of librdkafka properties, one `name=value` a line: TLS, SASL (mode 0600)
    #[arg(long, env = "HELAN_KAFKA_PROPERTIES", value_name = "FILE", value_hint = ValueHint::FilePath)]
    kafka_properties: Option<PathBuf>,
    /// Partitions of each topic when the topics are created; fixed from then on
    #[arg(long, env = "HELAN_PARTITIONS", value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(i32).range(1..=512))]
    partitions: i32,
    /// Tokens, one `REPORTER TOKEN` a line; otherwise they are made in the data directory and revoked at the end
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "log")]
    tokens: Option<PathBuf>,
    /// Allow a remote target
    #[arg(long)]
    remote: bool,
    /// Events to send, rounded up to whole submissions [default: 100000, or no end with --duration]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    events: Option<u64>,
    /// Stop after this long
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    duration: Option<Duration>,
    /// Events a second; latency then counts from when each submission should have been sent. Otherwise full speed
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    rate: Option<u64>,
    /// Events of each submission
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    batch: u32,
    /// Submissions under way at once; each source sends one at a time
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=512))]
    connections: u16,
    /// Random seed
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Use random UUIDs as ids: every event has to be looked up in the table
    #[arg(long)]
    random_ids: bool,
    /// Only these reporters of the catalog (repeatable)
    #[arg(long = "reporter", value_name = "ID")]
    reporters: Vec<String>,
    /// Only periods of this length (repeatable) [default: all]
    #[arg(long = "length", value_name = "LENGTH", value_enum)]
    lengths: Vec<PeriodLength>,
    /// Only periods that end in this year or later [default: all]
    #[arg(long, value_name = "YEAR")]
    since: Option<i16>,
    /// Share of events that revise a value reported before
    #[arg(long, value_name = "SHARE", default_value = "20%")]
    revisions: Share,
    /// Share of events that withdraw an earlier one
    #[arg(long, value_name = "SHARE", default_value = "1%")]
    withdrawals: Share,
    /// Share of submissions that repeat an earlier one
    #[arg(long, value_name = "SHARE", default_value = "2%")]
    repeats: Share,
    /// Share of submissions that begin with events of an earlier one
    #[arg(long, value_name = "SHARE", default_value = "2%")]
    overlaps: Share,
    /// Share of submissions that reuse an id for other content (must be refused)
    #[arg(long, value_name = "SHARE", default_value = "0.5%")]
    conflicts: Share,
    /// Share of submissions that contain a mistake (must be refused)
    #[arg(long, value_name = "SHARE", default_value = "1%")]
    mistakes: Share,
    /// No repeats, overlaps, conflicts, mistakes, withdrawals: for measuring
    #[arg(long, conflicts_with_all = ["withdrawals", "repeats", "overlaps", "conflicts", "mistakes"])]
    clean: bool,
    /// Give up on a submission without an answer after this long, and end
    #[arg(long, value_name = "DURATION", default_value = "2m", value_parser = duration)]
    patience: Duration,
    /// Measure how long acknowledged submissions take until they can be queried, on a sample
    #[arg(long)]
    visible: bool,
    /// Result of each submission, a line each; a new file, or with --resume an existing one
    #[arg(long, value_name = "FILE", default_value = "helan-load.ledger", value_hint = ValueHint::FilePath)]
    ledger: PathBuf,
    /// Resume an interrupted load; submissions that are not in its ledger are sent again
    #[arg(long)]
    resume: bool,
    /// How to report
    #[arg(short, long, value_enum, default_value = "text")]
    format: ReportFormat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LoadCommand {
    /// Compare a ledger with the lake: lost, doubled, unexpected, altered; exit code 1 if anything is wrong
    Verify(verify::VerifyArgs),
    /// Write the catalog of an invented nation, to measure at its size
    Nation(nation::NationArgs),
}

/// Lengths of periods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum PeriodLength {
    /// Whole years
    Year,
    /// Quarters
    Quarter,
    /// Months
    Month,
    /// January to June, January to September
    Range,
}

impl From<PeriodLength> for Length {
    fn from(length: PeriodLength) -> Self {
        match length {
            PeriodLength::Year => Self::Year,
            PeriodLength::Quarter => Self::Quarter,
            PeriodLength::Month => Self::Month,
            PeriodLength::Range => Self::Range,
        }
    }
}

/// How a report looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// For people
    Text,
    /// One JSON object
    Json,
}

pub(crate) async fn run(args: LoadArgs, lang: Lang) -> anyhow::Result<()> {
    match args.command {
        Some(LoadCommand::Verify(args)) => verify::run(args, lang).await,
        Some(LoadCommand::Nation(args)) => nation::run(&args, lang),
        None => load(args, lang).await,
    }
}

async fn load(args: LoadArgs, lang: Lang) -> anyhow::Result<()> {
    let catalog = args.place.catalog()?;
    let to = args.log.as_deref().or(args.to.as_deref()).unwrap_or(HERE).trim_end_matches('/').to_owned();
    ensure!(
        args.remote || is_here(&to),
        "{to} is on another machine. The figures are invented and nothing removes them from a lake: add --remote if that is meant"
    );
    for reporter in &args.reporters {
        if catalog.reporter(reporter).is_none() {
            let known: Vec<_> = catalog.reporter_ids().collect();
            bail!("--reporter {reporter}: the catalog has no such reporter; it has {}", known.join(", "));
        }
    }
    let recipe = args.recipe(&catalog.digest)?;
    let streams = Stream::all(&recipe, &catalog);
    ensure!(!streams.is_empty(), "the catalog allows these reporters nothing that could be reported");
    let begun_at = jiff::Timestamp::from_microsecond(Clock::system().now())?.to_string();
    let header = Header { helan_load_ledger: helan_load::ledger::FORMAT, recipe, to: to.clone(), begun_at };
    let shutdown = Shutdown::on_signals()?;
    // The tokens live as long as the load.
    let (target, _tokens) = match &args.log {
        Some(_) => (target::Target::log(&to, &args.log_place(), &catalog).await?, None),
        None => {
            let tokens = tokens::Tokens::find(args.tokens.as_deref(), &args.place.dir()?, &streams)?;
            (target::Target::http(&to, &args.trust, &tokens, &streams).await?, Some(tokens))
        }
    };
    let (ledger, next) = keep::Ledger::open(&args.ledger, &header, streams.len(), args.resume)
        .with_context(|| format!("--ledger {}", args.ledger.display()))?;
    let visible = match args.visible {
        true => Some(visible::Prober::start(&target, &args.place).await?),
        false => None,
    };
    let events = args.events.or(args.duration.is_none().then_some(EVENTS));
    let plan = drive::Plan {
        submissions: events.map(|events| events.div_ceil(u64::from(args.batch))),
        duration: args.duration,
        rate: args.rate,
        connections: usize::from(args.connections),
        patience: args.patience,
        lang,
    };
    let (sent, trouble) = drive::run(&plan, streams, &next, target, ledger, visible, shutdown).await?;
    report::Report::of(&header, &args.ledger, &sent).print(args.format, lang)?;
    match trouble {
        Some(trouble) => Err(trouble),
        None => Ok(()),
    }
}

impl LoadArgs {
    fn recipe(&self, catalog: &str) -> anyhow::Result<Recipe> {
        let Self { revisions, withdrawals, repeats, overlaps, conflicts, mistakes, .. } = *self;
        let shares = match self.clean {
            true => Shares { revisions, ..Shares::CLEAN },
            false => Shares { revisions, withdrawals, repeats, overlaps, conflicts, mistakes },
        };
        ensure!(
            shares.fit(),
            "the shares are too large: --repeats, --overlaps, --conflicts and --mistakes together must stay below 100%, --revisions and --withdrawals at most 100%"
        );
        Ok(Recipe {
            generator: GENERATOR,
            seed: self.seed,
            batch: self.batch,
            ids: if self.random_ids { Ids::Random } else { Ids::Growing },
            way: if self.log.is_some() { Way::Log } else { Way::Http },
            shares,
            reporters: self.reporters.clone(),
            lengths: self.lengths.iter().copied().map(Length::from).collect(),
            since: self.since,
            catalog: catalog.to_owned(),
        })
    }

    fn log_place(&self) -> LogPlace {
        LogPlace {
            at: LogAt { log: self.log.clone(), kafka_properties: self.kafka_properties.clone() },
            partitions: self.partitions,
            replication: 1,
        }
    }
}

/// Times from a microsecond to an hour, to three digits.
fn times() -> anyhow::Result<hdrhistogram::Histogram<u64>> {
    Ok(hdrhistogram::Histogram::new_with_bounds(1, 3_600_000_000, 3)?)
}

/// Whether a URL is certainly on this machine.
fn is_here(url: &str) -> bool {
    if LogUrl::directory(url).is_some() {
        return true;
    }
    let Some((_, rest)) = url.split_once("://") else { return false };
    let here = |host: &str| {
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name).trim_matches(['[', ']']);
        name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    };
    rest.split('/').next().is_some_and(|hosts| hosts.split(',').all(here))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_what_is_on_this_machine() {
        for here in [
            "http://127.0.0.1:8080",
            "http://localhost",
            "http://[::1]:80",
            "embedded:///srv/log",
            "kafka://127.0.0.1:1,localhost:2",
        ] {
            assert!(is_here(here), "{here}");
        }
        for there in
            ["http://10.0.0.7:8080", "https://helan.example", "kafka://127.0.0.1:9092,10.0.0.7:9092", "nonsense"]
        {
            assert!(!is_here(there), "{there}");
        }
    }
}
