//! What answers cost over a large history: cold, in a service that runs, after news, as of a past T, and beside DuckDB over
//! the same files.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use crate::{Role, TICKS, accepted, ask, helan, megabytes, start, token};

/// A past T, which the invented reports reach.
const DAY: &str = "2019-08-30";
/// News are one event for so many that are there.
const NEWS: usize = 100;

/// Whose figures are asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    /// The built-in catalog's.
    Region,
    /// Those of an invented nation of 3,031 areas and 100 indicators, in 24 quarters.
    Nation,
}

impl Whose {
    /// Questions, and what they are called.
    fn questions(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Region => &[
                ("observations, counted", "select count(*) from observations"),
                ("quota_fulfilment", "select * from quota_fulfilment"),
                (
                    "one region, one year",
                    "select * from rd_intensity where ref_area = '640000' and time_period = '2018'",
                ),
                ("rd_intensity, past T", "select count(*) from rd_intensity_as_of('2019-08-30')"),
                ("observations, past T", "select count(*), sum(amount), max(id) from observations_as_of('2019-08-30')"),
                ("findings, counted", "select finding, count(*) from findings group by finding"),
            ],
            Self::Nation => &[
                ("observations, counted", "select count(*) from observations"),
                ("quota_fulfilment", "select * from quota_fulfilment"),
                ("ratios, one year", "select count(*), sum(value) from ratios where time_period = '2012'"),
                ("area_values, one year", "select count(*), sum(value) from area_values where time_period = '2012'"),
                ("one province, one year", "select * from rd_intensity where ref_area = '05' and time_period = '2012'"),
                ("observations, past T", "select count(*), sum(amount), max(id) from observations_as_of('2019-08-30')"),
            ],
        }
    }
}

/// What a command took: seconds of CPU, megabytes at its largest.
struct Cost {
    cpu: f64,
    peak: f64,
}

/// About which periods more is reported.
#[derive(Clone, Copy)]
enum News {
    Everywhere,
    /// Of the last year and the one before.
    Recent,
}

/// Fills a lake with so many events, and asks.
pub(crate) async fn run(home: &Path, events: usize, whose: Whose) -> anyhow::Result<()> {
    if whose == Whose::Nation {
        let catalog = home.join("catalog");
        let status = Command::new(helan()?).args(["load", "nation"]).arg(&catalog).status()?;
        ensure!(status.success(), "helan load nation ended with {status}");
        std::fs::write(home.join("helan.toml"), format!("catalog = {:?}\n", catalog))?;
    }
    let analyst = token(home, &["--role", "analyst"])?;
    let log = format!("embedded://{}", home.join("log").display());
    load(home, &log, (events, whose), 1, News::Everywhere)?;
    aggregated(home, &log, events).await?;
    // Of a nation nobody asks before something is folded: each question would read all of it.
    let unfolded = match whose {
        Whose::Nation => None,
        Whose::Region => {
            ask_all(
                home,
                &format!("{events} events; every one is read, each question by a process of its own"),
                whose,
            )?;
            Some(Served::start(home, &analyst).await?.ask_all("the same, by a service", whose, None).await?)
        }
    };
    let folding = timed(Command::new(helan()?).arg("maintain").arg("--data-dir").arg(home))?;
    println!("\nmaintenance of {events} events, with folding: {:.2} CPU s, {:.0} MB", folding.cpu, folding.peak);
    ask_all(home, "what stands was folded; processes of their own", whose)?;
    let mut service = Served::start(home, &analyst).await?;
    let first = service.ask_all("the same, by a service", whose, unfolded).await?;
    let full = unfolded.unwrap_or(first);
    service.ask_all("the same, asked again", whose, Some(full)).await?;
    let news = events.div_ceil(NEWS);
    for (seed, about, when) in [
        (2, News::Everywhere, "1 % more came since, about every period; the service that was asked before"),
        (3, News::Recent, "another 1 %, about the last two years; the service that was asked before"),
    ] {
        load(home, &log, (news, whose), seed, about)?;
        aggregated(home, &log, news).await?;
        service.ask_all(when, whose, Some(full)).await?;
    }
    drop(service);
    ask_all(home, "the same, by processes of their own", whose)?;
    let folding = timed(Command::new(helan()?).arg("maintain").arg("--data-dir").arg(home))?;
    println!("\nmaintenance, with folding what came: {:.2} CPU s, {:.0} MB", folding.cpu, folding.peak);
    peer(home)
}

fn load(home: &Path, log: &str, (events, whose): (usize, Whose), seed: u32, about: News) -> anyhow::Result<()> {
    let (events, seed) = (events.to_string(), seed.to_string());
    let mut command = Command::new(helan()?);
    command.args(["load", "--clean", "--log", log, "--events", &events, "--seed", &seed, "--data-dir"]).arg(home);
    if whose == Whose::Nation {
        command.args(["--length", "quarter"]);
    }
    if let News::Recent = about {
        command.args(["--since", "2017"]);
    }
    let ledger = home.join(format!("bench-{seed}.ledger"));
    let status = command.arg("--ledger").arg(ledger).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    ensure!(status.success(), "helan load ended with {status}");
    Ok(())
}

/// A service that answers, and whose token asks.
struct Served<'t> {
    role: Role,
    token: &'t str,
}

impl<'t> Served<'t> {
    async fn start(home: &Path, token: &'t str) -> anyhow::Result<Self> {
        Ok(Self { role: start(home, None, "query", &[]).await?, token })
    }

    /// Asks all questions, one after another, and prints what each took of the service. The CPU seconds of all, which are
    /// compared with those of computing everything.
    async fn ask_all(&mut self, when: &str, whose: Whose, full: Option<f64>) -> anyhow::Result<f64> {
        println!("\n{when}");
        // A service looks for news every few seconds.
        tokio::time::sleep(Duration::from_secs(3)).await;
        let mut all = 0.0;
        for (name, question) in whose.questions() {
            let before = self.role.cpu()?;
            let answered = ask(&self.role, self.token, question).await;
            let cpu = self.role.cpu()? - before;
            all += cpu;
            // A refusal is a figure too: what the limits allow is one of the goals.
            let refused = answered.err().map_or_else(String::new, |error| format!("  refused: {error}"));
            println!("  {name:<28} {cpu:>7.2} CPU s{}", refused.chars().take(160).collect::<String>());
        }
        let share = full.map(|full| format!(", {:.0} % of computing everything", 100.0 * all / full));
        println!(
            "  {:<28} {all:>7.2} CPU s{}; at most {} MB so far",
            "all of them",
            share.unwrap_or_default(),
            megabytes(&self.role, "VmHWM:")?
        );
        Ok(all)
    }
}

/// Waits until the log's events are in the tables.
async fn aggregated(home: &Path, log: &str, events: usize) -> anyhow::Result<()> {
    let role = start(home, Some(log), "aggregate", &["--maintain-every", "0s"]).await?;
    let began = Instant::now();
    while accepted(&role.metrics).await? < events {
        ensure!(began.elapsed() < Duration::from_secs(3600), "the aggregator did not finish in an hour");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

fn ask_all(home: &Path, when: &str, whose: Whose) -> anyhow::Result<()> {
    println!("\n{when}");
    for (name, question) in whose.questions() {
        let mut command = Command::new(helan()?);
        command.args(["sql", "-f", "csv", question, "--data-dir"]).arg(home);
        let Cost { cpu, peak } = timed(&mut command)?;
        println!("  {name:<28} {cpu:>7.2} CPU s {peak:>7.0} MB");
    }
    Ok(())
}

fn timed(command: &mut Command) -> anyhow::Result<Cost> {
    let before = children()?;
    let mut child = command.stdout(Stdio::null()).spawn()?;
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0.0_f64;
    let ended = loop {
        if let Some(ended) = child.try_wait()? {
            break ended;
        }
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let largest = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = largest.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
        peak = peak.max(kilobytes.unwrap_or(0.0) / 1024.0);
        std::thread::sleep(Duration::from_millis(5));
    };
    ensure!(ended.success(), "{command:?} ended with {ended}");
    Ok(Cost { cpu: children()? - before, peak })
}

/// CPU seconds of all processes that this one has waited for.
fn children() -> anyhow::Result<f64> {
    let text = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<_> = text.rsplit(')').next().context("stat")?.split_whitespace().collect();
    let ticks = |at: usize| -> anyhow::Result<f64> { Ok(fields.get(at).context("stat")?.parse()?) };
    Ok((ticks(13)? + ticks(14)?) / TICKS)
}

/// DuckDB's, if the tests have set it up.
fn peer(home: &Path) -> anyhow::Result<()> {
    let target = helan()?.ancestors().nth(2).context("a target directory")?.to_owned();
    let python = target.join("python/bin/python");
    if !python.exists() {
        println!("\nDuckDB beside it: run tests/run --setup-only first");
        return Ok(());
    }
    println!("\nDuckDB over the same files, two threads (name, rows, CPU s)");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/readers/answers.py");
    let status = Command::new(python).arg(script).arg(home.join("lake")).arg(DAY).status()?;
    ensure!(status.success(), "the peer ended with {status}");
    Ok(())
}
