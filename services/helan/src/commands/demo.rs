//! `helan demo`: the whole path on Ningxia's 2018 work plan, through the real HTTP interface.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use clap::{Args, ValueHint};
use helan_lake::Lake;
use helan_log::LogUrl;
use helan_runtime::clock::Clock;
use helan_runtime::credentials::{CredentialFile, NewCredential, Role};
use helan_runtime::shutdown::Shutdown;
use helan_schemas::catalog::{Catalog, ReporterKind};
use include_dir::{Dir, include_dir};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Deserialize;

use crate::args::{Flush, SHUTDOWN_TIME, duration};
use crate::lang::Lang;
use crate::serve::{Roles, Settings, start};

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Keep the data in this directory, which must be empty or new
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) keep: Option<PathBuf>,
    /// Show every target, not only the numbers
    #[arg(long)]
    pub(crate) all: bool,
}

/// What the reporters send, in order: one file is one submission. The clock is that of the figures: each is received on
/// the day on which it was sent, so that what is late, revised or grown is so by its own dates.
static FEEDS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/demo");

/// The day as of which 2018 is published first.
const BEFORE_THE_CENSUS: &str = "2019-12-31";

/// How long a submission may take into the lake before the demo gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// One line of `feeds.csv`.
#[derive(Clone, Debug, Deserialize)]
struct Feed {
    /// The day on which it was sent, in the catalog's zone.
    sent: jiff::civil::Date,
    file: String,
    reporter: String,
    source: String,
    note: String,
}

/// Where the data lies while the demo runs.
enum Home {
    Kept(PathBuf),
    Temporary(tempfile::TempDir),
}

impl Home {
    fn new(keep: Option<&Path>) -> anyhow::Result<Self> {
        let Some(keep) = keep else {
            return Ok(Self::Temporary(tempfile::Builder::new().prefix("helan-demo-").tempdir()?));
        };
        let dir = crate::paths::absolute(keep)?;
        std::fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
        ensure!(dir.read_dir()?.next().is_none(), "--keep {} is not empty; name a new directory", keep.display());
        Ok(Self::Kept(dir))
    }

    fn path(&self) -> &Path {
        match self {
            Self::Kept(path) => path,
            Self::Temporary(dir) => dir.path(),
        }
    }
}

pub(crate) async fn run(args: DemoArgs, lang: Lang) -> anyhow::Result<()> {
    let home = Home::new(args.keep.as_deref())?;
    let catalog = Arc::new(Catalog::embedded());
    let feeds = feeds()?;
    let bar = progress(feeds.len() as u64 * 2 + 2);

    bar.set_message(lang.pick("启动全部服务", "starting every role"));
    let tokens = credentials(home.path(), &feeds)?;
    let shutdown = Shutdown::new();
    let times = Times { zone: jiff::tz::TimeZone::get(&catalog.head.time_zone)? };
    let first = feeds.first().context("the build lacks feeds")?.sent;
    let clock = Clock::running_from(times.morning(first)?);
    let settings = Settings { clock: clock.clone(), ..settings(home.path())? };
    let lake_url = settings.lake.clone();
    let running = start(settings, catalog.clone(), shutdown.clone()).await?;
    bar.inc(1);

    let client = reqwest::Client::new();
    let base = format!("http://{}", running.address);
    let mut pending = Vec::new();
    for feed in &feeds {
        bar.set_message(format!("{} {}", lang.pick("报送", "posting"), feed.file));
        let token = &tokens[&feed.reporter];
        // Never back: several feeds of one day follow each other.
        clock.set(times.morning(feed.sent)?.max(clock.now()));
        pending.push((feed, token, post(&client, &base, feed, token).await?));
        bar.inc(1);
    }
    for (feed, token, submission) in &pending {
        bar.set_message(format!("{} {}", lang.pick("等待入库", "waiting for the lake:"), feed.file));
        wait_for_receipt(&client, &base, token, submission).await.with_context(|| feed.file.clone())?;
        bar.inc(1);
    }

    bar.set_message(lang.pick("汇总并发布", "rolling up and publishing"));
    let lake = Lake::open(&lake_url).await?;
    let period = catalog.head.default_period.clone();
    let publish = |as_of: String| {
        let request = helan_rollup::Request { period: period.clone(), as_of: Some(as_of), publish: true };
        helan_rollup::run(&lake, catalog.clone(), request)
    };
    // As it was known before the census revised what it is measured by, and as it was known in the end.
    let earlier = publish(BEFORE_THE_CENSUS.to_owned()).await?;
    let outcome = publish(jiff::Timestamp::from_microsecond(clock.now())?.to_string()).await?;
    bar.inc(1);
    bar.finish_and_clear();
    shutdown.trigger();
    running.finished().await?;

    let report = super::rollup::report(&catalog, &outcome, args.all, lang)?;
    super::rollup::print(&report)?;
    let earlier = earlier.publication.unwrap_or_default();
    super::rollup::print(&farewell(&home, &earlier, lang))
}

/// Days in the catalog's zone, as moments.
struct Times {
    zone: jiff::tz::TimeZone,
}

impl Times {
    /// Ten o'clock, in microseconds since the epoch.
    fn morning(&self, day: jiff::civil::Date) -> anyhow::Result<i64> {
        Ok(self.zone.to_timestamp(day.at(10, 0, 0, 0))?.as_microsecond())
    }
}

fn feeds() -> anyhow::Result<Vec<Feed>> {
    let manifest = FEEDS.get_file("feeds.csv").context("the build lacks demo/feeds.csv")?;
    let mut reader = csv::Reader::from_reader(manifest.contents());
    Ok(reader.deserialize().collect::<Result<_, _>>()?)
}

/// One credential for each reporter that sends; tokens live only in memory.
fn credentials(home: &Path, feeds: &[Feed]) -> anyhow::Result<BTreeMap<String, String>> {
    let file = CredentialFile::new(super::credential::default_path(home));
    let now = jiff::Timestamp::from_microsecond(Clock::system().now())?;
    let mut tokens = BTreeMap::new();
    for feed in feeds {
        if !tokens.contains_key(&feed.reporter) {
            let new = NewCredential { id: None, role: Role::Reporter, reporter: Some(&feed.reporter), expires: None };
            tokens.insert(feed.reporter.clone(), file.add(&new, now)?.reveal().to_owned());
        }
    }
    Ok(tokens)
}

/// Every role on this machine, below one directory, on a free port.
pub(crate) fn settings(home: &Path) -> anyhow::Result<Settings> {
    let lake = url::Url::from_directory_path(home.join("lake"));
    Ok(Settings {
        log_url: LogUrl::embedded_in(&home.join("log")),
        kafka_properties: BTreeMap::new(),
        partitions: 4,
        replication: 1,
        lake: lake.map_err(|()| anyhow::anyhow!("{} is no absolute path", home.display()))?,
        credentials: super::credential::default_path(home),
        listen: ([127, 0, 0, 1], 0).into(),
        flush: Flush { flush_age: Duration::from_millis(200), ..Flush::default() },
        sql: Default::default(),
        fronts: Default::default(),
        schedule: None,
        metrics_listen: None,
        tls: None,
        behind_proxy: false,
        shutdown_time: duration(SHUTDOWN_TIME).map_err(anyhow::Error::msg)?,
        roles: Roles {
            ingest: vec![ReporterKind::City, ReporterKind::Park],
            aggregate: true,
            query: true,
            maintain_every: None,
            log_retention: None,
            new_log: false,
            clock_is_right: true,
            is_trial: false,
        },
        clock: Clock::system(),
    })
}

/// Sends one feed as its reporter would; returns the submission's id.
async fn post(client: &reqwest::Client, base: &str, feed: &Feed, token: &str) -> anyhow::Result<String> {
    let content = FEEDS.get_file(&feed.file).with_context(|| format!("the build lacks demo/{}", feed.file))?.contents();
    let response = client
        .post(format!("{base}/v1/submissions"))
        .query(&[("source", &feed.source)])
        .bearer_auth(token)
        .header("content-type", "text/csv; charset=utf-8")
        .body(content.to_vec())
        .send()
        .await?;
    let status = response.status();
    let answer: serde_json::Value = response.json().await?;
    if !status.is_success() {
        bail!("{} ({}) was refused with {status}: {answer:#}", feed.file, feed.note);
    }
    Ok(answer["submission"].as_str().context("the answer names no submission")?.to_owned())
}

async fn wait_for_receipt(client: &reqwest::Client, base: &str, token: &str, submission: &str) -> anyhow::Result<()> {
    let url = format!("{base}/v1/submissions/{submission}");
    let wait = async {
        loop {
            let receipt: serde_json::Value = client.get(&url).bearer_auth(token).send().await?.json().await?;
            match receipt["state"].as_str() {
                Some("accepted" | "repeat") => return Ok(()),
                Some("refused") => bail!("the submission was refused: {receipt:#}"),
                _ => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    };
    tokio::time::timeout(PATIENCE, wait)
        .await
        .with_context(|| format!("submission {submission} did not reach the lake"))?
}

fn progress(steps: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:24} {pos:>3}/{len} {wide_msg}");
    let bar = ProgressBar::new(steps);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

fn farewell(home: &Home, earlier: &str, lang: Lang) -> String {
    let (dir, kept) = match home {
        Home::Kept(path) => (path.display().to_string(), true),
        Home::Temporary(_) => ("demo-data".to_owned(), false),
    };
    let first = match (kept, lang) {
        (true, Lang::Zh) => format!("数据在 {dir}：log/ 是事件日志，lake/ 是 Delta 表（Parquet）。"),
        (true, Lang::En) => format!("The data is in {dir}: log/ is the event log, lake/ the Delta tables (Parquet)."),
        (false, Lang::Zh) => "数据在临时目录，已删除；保留请用：helan demo --keep demo-data，然后：".to_owned(),
        (false, Lang::En) => {
            "The data was temporary and is gone; keep it with: helan demo --keep demo-data, then:".to_owned()
        }
    };
    // Lines that fit a narrow terminal, because people copy them.
    let name = lang.pick("name_zh", "name_en");
    let growth = format!(
        "select {name}, from_period, to_period, round(growth, 1) as growth\n    from changes where indicator = \
         'rd_expenditure'\n    and ref_area = 640000 and is_current"
    );
    let lateness = format!(
        "select {name}, owed, on_time, late, missing, most_days_late\n    from \
         completeness_by_reporter_as_of('2019-04-30')\n    order by most_days_late desc"
    );
    let next = [
        (lang.pick("三年的增长", "growth over three years"), format!("sql \"{growth}\"")),
        (
            lang.pick("修订了什么、为什么", "what was revised, and why"),
            format!("rollup --compare {} latest", &earlier[..8.min(earlier.len())]),
        ),
        (lang.pick("谁迟报，迟几天", "who was late, by how many days"), format!("sql \"{lateness}\"")),
        (lang.pick("启动全部服务", "every role, for reports of your own"), "up".to_owned()),
    ];
    let next: String = next.iter().map(|(why, command)| format!("  # {why}\n  helan {command}\n")).collect();
    let title = lang.pick("接下来可以试试：", "Things to try next:");
    format!("{}\n{title}\n  export HELAN_DATA_DIR={dir}\n{next}", crate::show::wrapped(&first))
}
