//! `helan release`: who reviewed, approved, embargoed, released or withdrew a publication, and why.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Args, Subcommand, ValueHint};
use helan_lake::Lake;
use helan_query::desk::{Answer, Pinned};
use helan_rollup::release::state::{Act, Actor};
use helan_rollup::release::{self, Recorded};
use helan_rollup::words;
use helan_runtime::clock::Clock;
use helan_runtime::credentials::Credentials;
use helan_schemas::tables::Table;

use crate::args::Place;
use crate::lang::Lang;
use crate::show;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  helan credential add --role analyst --id ana > ana.token\n  helan credential add --role operator --id otto > otto.token\n  helan release review latest --why 'checked against the bulletin' --token-file ana.token\n  helan release approve latest --why 'signed by the director' --token-file otto.token\n  helan release embargo latest --until 2026-12-01T09:00:00+08:00 --why 'press hour' --token-file otto.token\n  helan release release latest --why 'press hour' --token-file otto.token\n  helan release close 2018 --why 'final figures are out' --token-file otto.token\n  helan release status\n\nReviewer and approver must be two people. Every act is an event in the table release_events; how each publication stands is in publication_states. A command that is run again changes nothing."
)]
pub(crate) struct ReleaseArgs {
    /// Directory of this machine's log, lake and credentials
    #[arg(long, env = "HELAN_DATA_DIR", value_name = "DIR", default_value = "helan-data", global = true, value_hint = ValueHint::DirPath)]
    data_dir: PathBuf,
    /// The lake's URL; otherwise `lake` in the data directory
    #[arg(long, env = "HELAN_LAKE", value_name = "URL", global = true)]
    lake: Option<String>,
    /// Credentials file; otherwise `credentials.jsonl` in the data directory
    #[arg(long, env = "HELAN_CREDENTIALS", value_name = "FILE", global = true, value_hint = ValueHint::FilePath)]
    credentials: Option<PathBuf>,
    /// File that holds your token; the credential's id is recorded as who did it
    #[arg(long, env = "HELAN_TOKEN_FILE", value_name = "FILE", global = true, value_hint = ValueHint::FilePath)]
    token_file: Option<PathBuf>,
    #[command(subcommand)]
    command: ReleaseCommand,
}

impl ReleaseArgs {
    fn place(&self) -> Place {
        Place { data_dir: self.data_dir.clone(), lake: self.lake.clone(), catalog: None, check: false }
    }
}

/// A publication and the reason.
#[derive(Debug, Args)]
struct About {
    /// `latest` (of the catalog's period if it has one), a publication's id, or the first 8 characters of one
    publication: String,
    /// Why; recorded
    #[arg(long, value_name = "TEXT")]
    why: String,
}

#[derive(Debug, Args)]
struct OfPeriod {
    /// The period, such as 2018 or 2018-Q2
    period: String,
    /// Why; recorded
    #[arg(long, value_name = "TEXT")]
    why: String,
}

/// Reads a moment with its zone: a publication is held back to the minute.
fn moment(text: &str) -> Result<jiff::Timestamp, String> {
    text.parse().map_err(|_| format!("{text:?} is not a moment such as 2026-12-01T09:00:00+08:00"))
}

#[derive(Debug, Subcommand)]
enum ReleaseCommand {
    /// Mark a draft as reviewed (analyst or operator)
    Review(About),
    /// Approve a reviewed publication (operator; not the reviewer)
    Approve(About),
    /// Hold an approved publication back until a given time (operator)
    Embargo {
        #[command(flatten)]
        about: About,
        /// Moment (RFC 3339) from which on it may be released
        #[arg(long, value_name = "TIME", value_parser = moment)]
        until: jiff::Timestamp,
    },
    /// Release an approved publication; it replaces the one released before (operator)
    Release(About),
    /// Send a publication back to draft before it is out (analyst or operator)
    Return(About),
    /// Withdraw a publication (operator)
    Withdraw(About),
    /// Close a period: reports that come later are marked, and not lost (operator)
    Close(OfPeriod),
    /// Reopen a closed period (operator)
    Reopen(OfPeriod),
    /// Show how every publication and period stands
    Status,
}

pub(crate) async fn run(args: ReleaseArgs, lang: Lang) -> anyhow::Result<()> {
    let lake = Lake::open(&args.place().lake()?).await?;
    let clock = Clock::system();
    let recorded = match &args.command {
        ReleaseCommand::Status => return status(&lake, lang).await,
        ReleaseCommand::Close(of) => period(&args, &lake, &clock, of, Act::Close).await?,
        ReleaseCommand::Reopen(of) => period(&args, &lake, &clock, of, Act::Reopen).await?,
        ReleaseCommand::Review(about) => publication(&args, &lake, &clock, about, Act::Review).await?,
        ReleaseCommand::Approve(about) => publication(&args, &lake, &clock, about, Act::Approve).await?,
        ReleaseCommand::Embargo { about, until } => {
            publication(&args, &lake, &clock, about, Act::Embargo(until.as_microsecond())).await?
        }
        ReleaseCommand::Release(about) => publication(&args, &lake, &clock, about, Act::Release).await?,
        ReleaseCommand::Return(about) => publication(&args, &lake, &clock, about, Act::Return).await?,
        ReleaseCommand::Withdraw(about) => publication(&args, &lake, &clock, about, Act::Withdraw).await?,
    };
    let catalog = helan_query::catalog_in_use(&lake.snapshot(Table::CatalogVersions).await?).await?;
    super::rollup::print(&told(&recorded, &catalog.head.time_zone, lang))
}

async fn publication(
    args: &ReleaseArgs,
    lake: &Lake,
    clock: &Clock,
    about: &About,
    act: Act,
) -> anyhow::Result<Recorded> {
    let actor = actor(args, clock)?;
    Ok(release::act_on_publication(lake, clock, &about.publication, act, &actor, &about.why).await?)
}

async fn period(args: &ReleaseArgs, lake: &Lake, clock: &Clock, of: &OfPeriod, act: Act) -> anyhow::Result<Recorded> {
    let actor = actor(args, clock)?;
    Ok(release::act_on_period(lake, clock, &of.period, act, &actor, &of.why).await?)
}

/// Who acts: proved by a token, never by a name on the command line.
fn actor(args: &ReleaseArgs, clock: &Clock) -> anyhow::Result<Actor> {
    let Some(path) = &args.token_file else {
        bail!(
            "who does this is recorded: name your token with --token-file FILE (`helan credential add --role operator` makes one)"
        );
    };
    let token = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let file = match &args.credentials {
        Some(path) => path.clone(),
        None => super::credential::default_path(&args.place().dir()?),
    };
    let header = format!("Bearer {}", token.trim());
    let identity = Credentials::open(&file)
        .authenticate(Some(header.as_bytes()), clock.now())
        .with_context(|| format!("the token in {} is not taken ({})", path.display(), file.display()))?;
    Ok(Actor { credential: identity.credential.to_string(), role: identity.role.as_str().to_owned() })
}

/// What was done, in the words of an office.
fn act_name(act: &Act, lang: Lang) -> &'static str {
    match (lang, act) {
        (Lang::En, act) => act.event_type(),
        (Lang::Zh, Act::Review) => "审核",
        (Lang::Zh, Act::Approve) => "批准",
        (Lang::Zh, Act::Embargo(_)) => "限时保密",
        (Lang::Zh, Act::Release) => "公布",
        (Lang::Zh, Act::Return) => "退回",
        (Lang::Zh, Act::Withdraw) => "撤回",
        (Lang::Zh, Act::Close) => "关闭时期",
        (Lang::Zh, Act::Reopen) => "重新开放时期",
    }
}

fn told(recorded: &Recorded, zone: &str, lang: Lang) -> String {
    let event = &recorded.event;
    let about = event.publication.as_deref().unwrap_or(&event.time_period);
    let what = act_name(&event.act, lang);
    let who = &event.actor.credential;
    let when = show::moment(event.at, zone, lang);
    let begins = match recorded.fresh {
        true => lang.pick("已记录：", "Recorded: "),
        false => lang.pick("此前已记录，没有变化：", "Recorded before, nothing changed: "),
    };
    format!("{begins}{what} · {about} · {who} · {when}")
}

/// A column of codes as their words.
fn in_words(column: &str, codes: &[&str], of: fn(&str) -> (&str, &str)) -> String {
    let cases: String = codes.iter().map(|code| format!(" when '{code}' then '{}'", of(code).0)).collect();
    format!("case {column}{cases} else {column} end")
}

async fn status(lake: &Lake, lang: Lang) -> anyhow::Result<()> {
    let session = Pinned::open(lake, None).await?;
    let zone = &session.catalog().head.time_zone;
    let time = |column: &str| format!("to_char({column} at time zone '{zone}', '%Y-%m-%d %H:%M %:z')");
    let publications = match lang {
        Lang::En => format!(
            "select time_period, publication, state, {} as since, reviewed_by, approved_by, {} as embargo_until, \
             superseded_by, why from publication_states order by time_period, published_at",
            time("since"),
            time("embargo_until")
        ),
        Lang::Zh => format!(
            "select time_period as \"时期\", publication as \"发布编号\", {} as \"状态\", {} as \"起始时间\", \
             reviewed_by as \"审核人\", approved_by as \"批准人\", {} as \"保密至\", superseded_by as \"被何者取代\", \
             why as \"理由\" from publication_states order by time_period, published_at",
            in_words("state", &words::states(), words::state),
            time("since"),
            time("embargo_until")
        ),
    };
    let periods = match lang {
        Lang::En => format!(
            "select time_period, state, {} as since, actor, why from period_states order by time_period",
            time("since")
        ),
        Lang::Zh => format!(
            "select time_period as \"时期\", case state when 'closed' then '已关闭' else '开放' end as \"状态\", \
             {} as \"起始时间\", actor as \"办理人\", why as \"理由\" from period_states order by time_period",
            time("since")
        ),
    };
    for (text, empty) in [(publications, lang.pick("尚无发布", "nothing was published yet")), (periods, "")] {
        let Answer { schema, rows, .. } = session.ask(&"".into(), text.into()).await?;
        let batches = rows.collect().await?;
        if batches.iter().any(|batch| batch.num_rows() > 0) {
            super::rollup::print(&show::table(&schema, &batches)?.to_string())?;
        } else if !empty.is_empty() {
            super::rollup::print(empty)?;
        }
    }
    Ok(())
}
