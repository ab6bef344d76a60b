//! `helan validate`: what ingest and the catalog's rules would say of a file, before it is sent.
//!
//! A trial: the real roles in a temporary directory take the file as its reporter's; then the rules are asked of the lake
//! with the file's events beside its own. Nothing is sent and nothing is kept.

mod beside;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Args, ValueHint};
use comfy_table::Cell;
use helan_http::ErrorLine;
use helan_ingest::{FileContent, source_of};
use helan_lake::{Lake, LakeError};
use helan_query::Session;
use helan_rollup::words;
use helan_runtime::clock::Clock;
use helan_runtime::credentials::{CredentialFile, NewCredential, Role};
use helan_runtime::shutdown::Shutdown;
use helan_schemas::catalog::Catalog;
use helan_schemas::refusal::Code;
use serde_json::{Value, json};

use self::beside::Repeats;
use super::catalog;
use super::send::check::{self, File, How, Published};
use super::send::{FileFormat, Part};
use crate::args::Place;
use crate::lang::Lang;
use crate::outcomes;
use crate::say::say;
use crate::serve::{Settings, start};
use crate::show;

/// How long the trial may take.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug, Args)]
#[command(
    after_help = "Three answers: refused (every error of every row, as ingest would say; exit 1), findings (accepted, but asks for an explanation: send the value with a note), or no findings. Figures are compared with the lake in the data directory, if there is one. Its catalog is used unless --catalog names another.\n\nExamples:\n  helan validate form.xlsx\n  helan validate figures.csv --source /nx/yinchuan\n  helan validate batch.json --strict\n  helan validate figures.csv --source /nx/yinchuan --catalog my-region --data-dir empty"
)]
pub(crate) struct ValidateArgs {
    #[command(flatten)]
    place: Place,
    /// The file: a filled-in form or other workbook, CSV, CloudEvents JSON, one event or a batch, or NDJSON; `-` reads standard
    /// input and needs --format
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: PathBuf,
    /// CloudEvents source of the rows, if the file does not name one (forms and events do)
    #[arg(long, value_name = "URI")]
    source: Option<String>,
    /// File format (default: by extension)
    #[arg(long, value_enum)]
    format: Option<FileFormat>,
    /// Charset of a CSV that is not UTF-8, such as `gb18030` or `windows-1252`; GB18030 is recognised in ordinary Chinese text
    #[arg(long, value_name = "NAME")]
    charset: Option<String>,
    /// Fail on findings that ask for an explanation, too
    #[arg(long)]
    strict: bool,
}

pub(crate) async fn run(args: ValidateArgs, lang: Lang) -> anyhow::Result<()> {
    let file = check::read(&args.file, args.format)?;
    let (source, charset) = (args.source.as_deref(), args.charset.as_deref());
    let how = How { source, charset, marked: false, part_events: u32::MAX };
    let lake = match Lake::open(&args.place.lake()?).await {
        Ok(lake) => Some(lake),
        Err(LakeError::NoLake(_)) => None,
        // Without the figures before it a file would pass that the lake would not let pass.
        Err(error) => return Err(error.into()),
    };
    let given = catalog::given(&args.place)?;
    let known = match &lake {
        Some(lake) => Some(Session::open(lake, given.clone()).await?),
        None => None,
    };
    let catalog = match (&known, given) {
        (_, Some(catalog)) => catalog,
        (Some(session), None) => session.catalog().clone(),
        (None, None) => Arc::new(Catalog::embedded()),
    };
    let fail = |answer: &Value| {
        crate::say::write(format_args!("{}", refused(answer, lang)));
        anyhow::anyhow!(lang.pick("文件会被拒收", "the file would be refused").to_owned())
    };
    let named = source_in(&file, &how, &catalog).map_err(|errors| fail(&json!({ "errors": errors })))?;
    let Some(named) = named else {
        bail!("the file names no source of the catalog: add --source URI, one of the catalog's sources.csv")
    };
    let reporter = catalog.source(&named).map(|source| source.reporter.clone()).with_context(|| {
        format!("source {named:?} is none of the catalog's: see its sources.csv, or name another catalog")
    })?;
    // Judged as `helan send` does.
    let published = Published::of((*catalog).clone(), reporter.clone(), lang);
    let checked = match published.check(&file, &how) {
        Ok(checked) => checked,
        Err(refused) => return Err(fail(&json!({ "errors": refused.errors, "more": refused.more }))),
    };
    let trial = Trial::take(&checked.parts, &reporter, catalog.clone()).await?;
    let Some(home) = trial.accepted else { return Err(fail(&trial.refused)) };
    let sent = Lake::open(&home.settings.lake).await?;
    let now = Clock::system().now();
    let submission = &beside::Sent::of(&trial.submissions);
    let mut repeats = Repeats::default();
    let (before, after) = match (&lake, &known) {
        (Some(lake), Some(known)) => {
            let both = Session::over_both(lake, &sent, catalog.clone(), now).await?;
            let refused = [
                (Code::WithdrawsUnknown, beside::withdrawn_in_vain(&both, submission).await?),
                (Code::IdConflict, beside::used_otherwise(&both, submission).await?),
            ];
            for (code, ids) in refused.iter().filter(|(_, ids)| !ids.is_empty()) {
                let (what, hint) = match lang {
                    Lang::Zh => (code.meaning_zh(), code.hint_zh()),
                    Lang::En => (code.meaning_en(), code.hint_en()),
                };
                say!("{what} ({}): {}; {hint}", code.code(), ids.join(", "));
            }
            if refused.iter().any(|(_, ids)| !ids.is_empty()) {
                bail!(lang.pick("文件会被拒收", "the file would be refused").to_owned());
            }
            repeats = beside::repeated(&both, submission).await?;
            let (mut before, after) = tokio::try_join!(beside::findings(known), beside::findings(&both))?;
            // What was found on a cell that the file reports stands after it, too.
            let cells = beside::reported_cells(&both, submission).await?;
            before.retain(|row| !cells.contains(&row[2..5]));
            (before, after)
        }
        _ => (BTreeSet::new(), beside::findings(&Session::open(&sent, Some(catalog.clone())).await?).await?),
    };
    let mut new: Vec<_> = after.difference(&before).collect();
    new.sort_by_key(|row| row[0] != "soft");
    let events = u64::from(checked.events);
    let again = outcomes::withdrawn(repeats.withdrawn, lang);
    let repeats = repeats.events;
    if repeats > 0 && repeats == events {
        say!(
            "{}{}{again}",
            match lang {
                Lang::Zh => format!("重复：{events} 条此前均已接收，再次报送不会改变任何数据"),
                Lang::En => format!(
                    "repeat: {events} of {events} events were accepted before; sending them again changes nothing"
                ),
            },
            outcomes::corrected(lang)
        );
        return Ok(());
    }
    say!("{}", verdict(events, &new, lake.is_some(), &checked.notes, lang));
    if repeats > 0 {
        say!(
            "{}{again}",
            match lang {
                Lang::Zh => format!("其中 {repeats} 条此前已接收，不会重复计入"),
                Lang::En => format!("{repeats} of {events} events were accepted before and would not be added again"),
            }
        );
    }
    let asking = new.iter().filter(|row| asks(row)).count();
    if args.strict && asking > 0 {
        bail!("{asking} {}", lang.pick("条核查意见需要说明（--strict）", "findings ask for an explanation (--strict)"));
    }
    Ok(())
}

/// The feed that sends a file: the one that was named, or that the file names.
fn source_in(file: &File, how: &How<'_>, catalog: &Catalog) -> Result<Option<String>, Vec<ErrorLine>> {
    let named = how.source.map(str::to_owned);
    let asked = file.asked(how);
    match asked.content {
        FileContent::Json | FileContent::Lines => Ok(file.first_source().or(named)),
        FileContent::Csv | FileContent::Workbook if named.is_some() => Ok(named),
        FileContent::Csv | FileContent::Workbook => match source_of(catalog, &asked, Clock::system().now()) {
            Ok(source) => Ok(Some(source)),
            Err(refused) if refused.errors.is_empty() => Ok(None),
            Err(refused) => Err(refused.errors),
        },
    }
}

/// What became of the file.
struct Trial {
    /// The answer that refused it, if one did.
    refused: Value,
    /// Where its events lie, if it was accepted.
    accepted: Option<Home>,
    /// The ids of its parts.
    submissions: Vec<String>,
}

/// A temporary deployment.
struct Home {
    settings: Settings,
    _dir: tempfile::TempDir,
}

impl Home {
    fn new() -> anyhow::Result<Self> {
        let dir = tempfile::Builder::new().prefix("helan-validate-").tempdir()?;
        let mut settings = super::demo::settings(dir.path())?;
        settings.roles.is_trial = true;
        Ok(Self { settings, _dir: dir })
    }
}

impl Trial {
    async fn take(parts: &[Part], reporter: &str, catalog: Arc<Catalog>) -> anyhow::Result<Self> {
        let home = Home::new()?;
        let file = CredentialFile::new(&home.settings.credentials);
        let new = NewCredential { id: None, role: Role::Reporter, reporter: Some(reporter), expires: None };
        let token = file.add(&new, jiff::Timestamp::from_microsecond(Clock::system().now())?)?;
        let shutdown = Shutdown::new();
        let running = start(home.settings.clone(), catalog, shutdown.clone()).await?;
        let base = format!("http://{}", running.address);
        let outcome = tokio::time::timeout(PATIENCE, send(&base, parts, token.reveal())).await;
        shutdown.trigger();
        running.finished().await?;
        match outcome.context("the trial took too long")?? {
            Ok(submissions) => Ok(Self { refused: Value::Null, accepted: Some(home), submissions }),
            Err(refused) => Ok(Self { refused, accepted: None, submissions: Vec::new() }),
        }
    }
}

/// Posts the parts of a file: their ids, or the answer that refuses one.
async fn send(base: &str, parts: &[Part], token: &str) -> anyhow::Result<Result<Vec<String>, Value>> {
    let client = reqwest::Client::new();
    let mut submissions = Vec::new();
    for part in parts {
        let request = client.post(format!("{base}/v1/events")).bearer_auth(token);
        let request = request.header("content-type", "application/cloudevents-batch+json");
        let response = request.header("idempotency-key", &part.key).body(part.body.clone()).send().await?;
        let status = response.status();
        let answer: Value = response.json().await?;
        if !status.is_success() {
            return Ok(Err(answer));
        }
        submissions.push(answer["submission"].as_str().context("no submission id")?.to_owned());
        let url = format!("{base}{}", answer["status_url"].as_str().context("no status_url")?);
        loop {
            let response = client.get(&url).bearer_auth(token).send().await?.error_for_status()?;
            let receipt: Value = response.json().await?;
            match receipt["state"].as_str() {
                Some("accepted") => break,
                Some("refused") => return Ok(Err(receipt)),
                _ => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }
    Ok(Ok(submissions))
}

/// Whether a finding asks for an explanation that the value does not carry.
fn asks(row: &[String]) -> bool {
    row[0] == "soft" && row[6].is_empty()
}

/// Every error of a refusal, a line each.
fn refused(answer: &Value, lang: Lang) -> String {
    let text = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
    let (message, hint) = match lang {
        Lang::Zh => ("message_zh", "hint_zh"),
        Lang::En => ("message_en", "hint_en"),
    };
    let in_cells =
        answer["errors"].as_array().is_some_and(|errors| errors.iter().any(|error| error["cell"].is_string()));
    let place = if in_cells { ("单元格", "cell") } else { ("行", "row") };
    let mut table = show::headed([place, ("字段", "field"), ("代码", "code"), ("说明", "what is wrong")], lang);
    for error in answer["errors"].as_array().into_iter().flatten() {
        let row = error["row"].as_u64().map(|row| row.to_string());
        let row = error["cell"].as_str().map(str::to_owned).or(row).unwrap_or_default();
        // As the form's reader knows it: the heading ends the label.
        let label = text(error, "label");
        let field = label.rsplit(" · ").next().filter(|heading| !heading.is_empty()).map(str::to_owned);
        let words = [text(error, message), text(error, hint)];
        let words: Vec<_> = words.into_iter().filter(|word| !word.is_empty()).collect();
        table.add_row([
            Cell::new(row),
            Cell::new(field.unwrap_or_else(|| text(error, "field"))),
            Cell::new(text(error, "code")),
            Cell::new(words.join(" · ")),
        ]);
    }
    match answer["more"].as_u64().unwrap_or_default() {
        0 => format!("{table}\n"),
        more => format!("{table}\n… {more} {}\n", lang.pick("条未列出", "more errors")),
    }
}

fn verdict(events: u64, new: &[&Vec<String>], compared: bool, notes: &str, lang: Lang) -> String {
    let mut text = match lang {
        Lang::Zh => format!("会被接收：{events} 条"),
        Lang::En => format!("would be accepted: {events} event{}", if events == 1 { "" } else { "s" }),
    };
    text += notes;
    if !compared {
        text += lang.pick("（没有数据湖可对照，只看本文件）", " (no lake to compare with: the file alone)");
    }
    if new.is_empty() {
        return text + lang.pick("；没有需要说明的问题", "; no warnings");
    }
    let heads = [
        ("程度", "severity"),
        ("类别", "finding"),
        ("地区", "area"),
        ("指标", "indicator"),
        ("时期", "period"),
        ("说明", "what was found"),
    ];
    let mut table = show::headed(heads, lang);
    for row in new {
        let said = lang.pick(&row[7], &row[8]);
        let said = if row[6].is_empty() {
            said.to_owned()
        } else {
            format!("{said} [{}]", lang.pick("已说明", "explained"))
        };
        let severity = words::severity(&row[0]);
        let severity = lang.pick(severity.0, severity.1);
        let cells = std::iter::once(severity).chain(row[1..5].iter().map(String::as_str)).chain([said.as_str()]);
        table.add_row(cells.map(Cell::new));
    }
    if !new.iter().any(|row| asks(row)) {
        return format!("{text}\n{table}");
    }
    let asked = lang.pick(
        "“须核对”：请核对；属实则在该值的备注（note）中说明后再报。",
        "soft: please check; if it is right, send the value with a note that explains it.",
    );
    format!("{text}\n{table}\n{asked}")
}
