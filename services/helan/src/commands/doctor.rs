//! `helan doctor`: examines a deployment and says what to do.

use clap::{Args, ValueEnum};
use comfy_table::{Cell, Color};
use helan_runtime::clock::Clock;
use helan_schemas::catalog::Catalog;

use crate::args::{Listen, LogPlace, Place};
use crate::doctor::{Examined, Finding, Outcome, examine};
use crate::fronts::Fronts;
use crate::lang::Lang;
use crate::show;

/// Arguments of `helan doctor`: those with which the examined role runs.
#[derive(Debug, Args)]
#[command(
    after_help = "Give it the flags, the environment and the settings file of the role that you examine. It changes nothing. Exit code: 0 = nothing failed (warnings do not count), 1 = something failed, 2 = the settings are wrong.\n\nExamples:\n  helan doctor --data-dir /var/lib/helan\n  helan doctor --config /etc/helan/helan.toml --log kafka://kafka-1:9092\n  helan doctor -f json | jq 'select(.outcome != \"ok\")'"
)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) log: LogPlace,
    #[command(flatten)]
    pub(crate) listen: Listen,
    #[command(flatten)]
    pub(crate) fronts: Fronts,
    /// Compare every file of the lake with its digest, not only 1 GiB of them; this reads the whole lake
    #[arg(long)]
    pub(crate) all_files: bool,
    /// How the findings are printed
    #[arg(short, long, value_enum, default_value = "table")]
    pub(crate) format: DoctorFormat,
}

/// Format of the findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DoctorFormat {
    /// Aligned columns for people
    Table,
    /// One JSON object a line: check, outcome, found and advice in Chinese and English
    Json,
}

pub(crate) async fn run(args: DoctorArgs, lang: Lang) -> anyhow::Result<()> {
    let catalog = match &args.place.catalog {
        Some(dir) => Catalog::load(dir),
        None => Ok(Catalog::embedded()),
    };
    let examined = Examined {
        data_dir: args.place.dir()?,
        log_url: super::roles::log_address(&args.place, &args.log.at)?,
        kafka_properties: args.log.at.properties().map_err(|error| format!("{error:#}")),
        partitions: args.log.partitions,
        replication: args.log.replication,
        lake: args.place.lake_address()?,
        credentials: super::roles::credentials(&args.place, &args.listen)?,
        catalog,
        listen: args.listen,
        fronts: args.fronts,
        all_files: args.all_files,
        now: Clock::system().now(),
    };
    let findings = examine(&examined).await;
    let text = match args.format {
        DoctorFormat::Table => table(&findings, lang),
        DoctorFormat::Json => json(&findings)?,
    };
    std::io::Write::write_all(&mut std::io::stdout(), text.as_bytes())?;
    match findings.iter().filter(|finding| finding.outcome == Outcome::Fail).count() {
        0 => Ok(()),
        failed => anyhow::bail!("{}", lang.pick("有故障：", "failed: ").to_owned() + &failed.to_string()),
    }
}

fn json(findings: &[Finding]) -> anyhow::Result<String> {
    findings.iter().map(|finding| Ok(serde_json::to_string(finding)? + "\n")).collect()
}

fn table(findings: &[Finding], lang: Lang) -> String {
    let mut table = show::headed([("检查", "check"), ("", ""), ("所见", "found"), ("怎么办", "what to do")], lang);
    for finding in findings {
        let color = match finding.outcome {
            Outcome::Ok => Color::Green,
            Outcome::Warn => Color::Yellow,
            Outcome::Fail => Color::Red,
        };
        table.add_row([
            Cell::new(finding.name(lang)),
            Cell::new(finding.outcome.word(lang)).fg(color),
            Cell::new(finding.found(lang)),
            Cell::new(finding.advice(lang)),
        ]);
    }
    let count = |outcome| findings.iter().filter(|finding| finding.outcome == outcome).count();
    let (warned, failed) = (count(Outcome::Warn), count(Outcome::Fail));
    let summary = match lang {
        Lang::Zh => format!("{} 项检查：{failed} 项故障，{warned} 项注意", findings.len()),
        Lang::En => format!("{} checks: {failed} failed, {warned} warned", findings.len()),
    };
    format!("{table}\n{summary}\n")
}
