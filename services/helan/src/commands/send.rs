//! `helan send`: checks files as ingest would, sends them so that nothing is lost or doubled, and waits for receipts.

pub(super) mod check;
mod client;
mod deliver;
mod parts;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum, ValueHint};
use url::Url;

use crate::args::duration;
use crate::commands::Ended;
use crate::errors::said;
use crate::https::Trust;
use crate::lang::Lang;
use crate::say::{note, say};
use check::{Checked, How, Refused};
use client::Client;
pub(super) use parts::Part;

/// What a script learns from the exit code.
pub(crate) mod exit {
    /// Something was refused; the list is printed.
    pub(crate) const REFUSED: u8 = 1;
    /// The command cannot be carried out as it was given.
    pub(crate) const USAGE: u8 = 2;
    /// Not sent, or not settled, within the time.
    pub(crate) const GAVE_UP: u8 = 3;
}

#[derive(Debug, Args)]
#[command(
    after_help = "Everything is checked first, by the catalog that the server publishes, and every error is listed; nothing is sent unless all files are right. Ids are derived from the content: run the same command again at any time, also after it was killed, and nothing is lost or doubled.\n\nThe token is read from --token-file or from HELAN_TOKEN, never from the command line.\n\nExit codes:\n  0  everything was accepted, or had been before (with --no-wait: was delivered)\n  1  something was refused; the errors are printed\n  2  wrong usage, or a file or the token cannot be read\n  3  timed out: not sent, or no result yet, within --patience; run it again\n\nExamples:\n  helan send 2018.xlsx --to https://helan.example --token-file /etc/helan/token\n  helan send *.csv --source /nx/yinchuan --to https://helan.example --dry-run\n  HELAN_TOKEN=$(cat token) helan send feed.ndjson --to http://127.0.0.1:8080 --patience 2h\n  helan send 2018.xlsx --marked marked/ …     writes a refused workbook with its mistakes marked"
)]
pub(crate) struct SendArgs {
    /// Files to send: .csv, .xlsx, .json, .ndjson or .jsonl; `-` reads standard input and needs --format
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    files: Vec<PathBuf>,
    /// The server's address
    #[arg(long, env = "HELAN_SEND_TO", value_name = "URL")]
    to: Url,
    /// File that holds the token and nothing else (mode 0600); otherwise HELAN_TOKEN
    #[arg(long, env = "HELAN_TOKEN_FILE", value_name = "FILE", value_hint = ValueHint::FilePath)]
    token_file: Option<PathBuf>,
    #[command(flatten)]
    trust: Trust,
    /// CloudEvents source of every row of a table that has no column for it
    #[arg(long, value_name = "SOURCE")]
    source: Option<String>,
    /// File format (default: by extension)
    #[arg(long, value_enum)]
    format: Option<FileFormat>,
    /// Charset of CSV files that are not UTF-8, such as `gb18030` or `windows-1252`; GB18030 is recognised in ordinary Chinese text
    #[arg(long, value_name = "NAME")]
    charset: Option<String>,
    /// Only check; send nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not wait for the receipts, and print where they are: exit code 0 then means delivered, not accepted. For an
    /// ingest service without receipts at its own address
    #[arg(long)]
    no_wait: bool,
    /// How long to go on trying, all files together
    #[arg(long, value_name = "DURATION", default_value = "15m", value_parser = duration)]
    patience: Duration,
    /// Most events of one submission; the server's own limit if that is lower
    #[arg(long, value_name = "N", default_value_t = 50_000, value_parser = clap::value_parser!(u32).range(1..))]
    part_events: u32,
    /// Write refused workbooks to this directory, with their errors marked
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    marked: Option<PathBuf>,
}

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FileFormat {
    /// A table with a heading
    Csv,
    /// A workbook
    Xlsx,
    /// One CloudEvent or an array of them
    Json,
    /// One CloudEvent a line
    Ndjson,
}

/// Why sending ended early.
#[derive(Debug)]
enum Stopped {
    /// The server refused it, for reasons that are printed.
    Refused(Vec<String>),
    /// Time ran out; what was tried last.
    GaveUp(String),
    /// The command cannot be carried out.
    Usage(anyhow::Error),
}

/// Runs the command.
pub(crate) async fn run(args: SendArgs, lang: Lang) -> anyhow::Result<()> {
    let code = match send(&args, lang).await {
        Ok(()) => return Ok(()),
        Err(Stopped::Refused(lines)) => {
            lines.iter().for_each(|line| note!("{line}"));
            exit::REFUSED
        }
        Err(Stopped::GaveUp(why)) => {
            let words =
                lang.pick("放弃（再运行一次即可，不会重复）", "gave up (run it again: nothing will be doubled)");
            note!("helan: {words}: {}", said(&why, lang));
            exit::GAVE_UP
        }
        Err(Stopped::Usage(error)) => {
            note!("helan: {}", crate::say::why(&error, lang));
            exit::USAGE
        }
    };
    Err(Ended(code).into())
}

async fn send(args: &SendArgs, lang: Lang) -> Result<(), Stopped> {
    let token = client::token(args.token_file.as_deref()).map_err(Stopped::Usage)?;
    let client = Client::new(args.to.clone(), token, args.patience, (&args.trust, lang)).map_err(Stopped::Usage)?;
    let files = args.files.iter().map(|path| check::read(path, args.format)).collect::<anyhow::Result<Vec<_>>>();
    let files = files.map_err(Stopped::Usage)?;
    let published = client.catalog().await?;
    let (mut checked, mut lines) = (Vec::new(), Vec::new());
    let (source, charset) = (args.source.as_deref(), args.charset.as_deref());
    let how = How { source, charset, marked: args.marked.is_some(), part_events: args.part_events };
    for file in &files {
        match published.check(file, &how) {
            Ok(read) => checked.push(read),
            Err(refused) => lines.extend(told(&file.shown, refused, args, lang)?),
        }
    }
    if !lines.is_empty() {
        return Err(Stopped::Refused(lines));
    }
    for Checked { shown, events, parts, notes, .. } in &checked {
        let parts = parts.len();
        say!(
            "{shown}: {}",
            match lang {
                Lang::Zh => format!("检查通过，{events} 条，{parts} 份{notes}"),
                Lang::En => format!("checked: {events} events in {parts} submissions{notes}"),
            }
        );
    }
    if args.dry_run {
        return Ok(());
    }
    deliver::all(&client, &checked, !args.no_wait, lang).await
}

/// The errors of a file as lines, and its marked copy if one was asked for.
fn told(shown: &str, refused: Refused, args: &SendArgs, lang: Lang) -> Result<Vec<String>, Stopped> {
    let mut lines: Vec<_> = refused.errors.iter().map(|error| client::line(shown, error, lang)).collect();
    if refused.more > 0 {
        lines.push(format!("{shown}: … {} {}", refused.more, lang.pick("条未列出", "more errors")));
    }
    if let (Some(folder), Some(workbook)) = (&args.marked, refused.marked) {
        let name = std::path::Path::new(shown).file_name().unwrap_or(std::ffi::OsStr::new("marked.xlsx"));
        let path = folder.join(name);
        let write = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, workbook));
        write.map_err(|error| Stopped::Usage(anyhow::anyhow!("{}: {error}", path.display())))?;
        lines.push(format!("{shown}: {} {}", lang.pick("已标注，见", "marked in"), path.display()));
    }
    Ok(lines)
}
