//! The interactive shell of `helan sql`, and the statements of a script.

pub(crate) mod command;
pub(crate) mod complete;
pub(crate) mod print;
pub(crate) mod remote;
pub(crate) mod source;
pub(crate) mod split;

use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context;
use arrow::array::{Array, AsArray, RecordBatch};
use futures::TryStreamExt;
use helan_query::http::TableEntry;
use rustyline::config::{CompletionType, Config};
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{Behavior, Editor};

use self::command::Command;
use self::complete::{Assistant, Coded, Words};
use self::source::{Moments, Source};
use self::split::Piece;
use crate::args::Format;
use crate::lang::Lang;
use crate::say::{note, why};
use crate::show;

/// Rows that a table on the screen holds; the rest is counted.
const SHOWN: usize = 10_000;
/// Lines of history that are kept.
const REMEMBERED: usize = 10_000;

/// What the shell is set to.
pub(crate) struct Shell {
    pub(crate) source: Source,
    pub(crate) lang: Lang,
    pub(crate) format: Format,
    pub(crate) moments: Moments,
    pub(crate) output: Option<PathBuf>,
    pub(crate) expanded: bool,
    pub(crate) timing: bool,
    /// Whether the versions of the tables are told with each answer.
    pub(crate) versions: bool,
    /// Whether CSV has texts as they are.
    pub(crate) raw: bool,
    /// Columns and rows of the screen, where there is one.
    pub(crate) screen: Option<(usize, usize)>,
}

type Line = Editor<Assistant, FileHistory>;

impl Shell {
    /// Runs the statements and commands of a script, until the first that fails.
    pub(crate) async fn script(mut self, text: &str) -> anyhow::Result<()> {
        for piece in split::pieces(text) {
            if !self.run(piece).await? {
                break;
            }
        }
        Ok(())
    }

    /// Reads from the terminal until its end.
    pub(crate) async fn interact(mut self) -> anyhow::Result<()> {
        let config = Config::builder()
            .completion_type(CompletionType::List)
            .completion_show_all_if_ambiguous(true)
            .max_history_size(REMEMBERED)?
            .behavior(Behavior::PreferTerm)
            .auto_add_history(true)
            .build();
        let mut line: Line = Editor::with_config(config)?;
        let history = history_file();
        if let Some(path) = &history {
            let _ = line.load_history(path);
        }
        line.set_helper(Some(Assistant { words: self.words().await }));
        note!("{}", self.lang.pick("\\? 帮助，\\q 退出", "\\? for help, \\q to leave"));
        loop {
            let prompt = match &self.moments.as_of {
                Some(as_of) => format!("helan {as_of}> "),
                None => "helan> ".to_owned(),
            };
            // Reading blocks: it has a thread of its own, and the editor goes there and back.
            let (back, read) = tokio::task::spawn_blocking(move || {
                let read = line.readline(&prompt);
                (line, read)
            })
            .await?;
            line = back;
            self.screen = line.dimensions().map(|(columns, rows)| (columns.into(), rows.into()));
            match read {
                Ok(text) => {
                    if let Some(path) = &history {
                        let _ = line.save_history(path);
                    }
                    if !self.turn(&text).await {
                        break;
                    }
                }
                Err(ReadlineError::Interrupted) => {}
                Err(ReadlineError::Eof) => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Runs what was typed; false ends the shell. Nothing that fails does.
    async fn turn(&mut self, text: &str) -> bool {
        for piece in split::pieces(text) {
            let started = Instant::now();
            let timed = self.timing && matches!(piece, Piece::Statement(_));
            match self.run(piece).await {
                Ok(true) => {}
                Ok(false) => return false,
                Err(error) => {
                    note!("{}", why(&error, self.lang));
                    return true;
                }
            }
            if timed {
                note!("{}: {:.3} s", self.lang.pick("用时", "time"), started.elapsed().as_secs_f64());
            }
        }
        true
    }

    async fn run(&mut self, piece: Piece<'_>) -> anyhow::Result<bool> {
        match piece {
            Piece::Statement(text) => self.statement(text).await.map(|()| true),
            Piece::Command(line) => {
                let command = Command::parse(line, self.lang).map_err(anyhow::Error::msg)?;
                self.command(command).await
            }
        }
    }

    async fn command(&mut self, command: Command) -> anyhow::Result<bool> {
        match command {
            Command::Quit => return Ok(false),
            Command::Help => self.show(&format!("{}\n", command::help(self.lang)))?,
            Command::Tables => {
                let tables = self.source.tables().await?;
                self.show(&format!("{}\n", show::tables(&tables, self.lang)))?;
            }
            Command::Describe { name, sql } => {
                let tables = self.source.tables().await?;
                let entry = show::find(&tables, &name, self.lang)?;
                let mut text = format!("{}\n", show::describe(entry, self.lang));
                if let (true, Some(query)) = (sql, &entry.sql) {
                    text.push_str(&format!("\n{query}\n"));
                }
                self.show(&text)?;
            }
            Command::AsOf(moments) => {
                let moments =
                    moments.map_or_else(Moments::default, |(as_of, recorded)| Moments { as_of: Some(as_of), recorded });
                self.source.check(&moments).await?;
                self.moments = moments;
            }
            Command::Expanded => {
                self.expanded = !self.expanded;
                self.say("\\x", self.expanded);
            }
            Command::Timing => {
                self.timing = !self.timing;
                self.say("\\timing", self.timing);
            }
            Command::Versions => {
                self.versions = !self.versions;
                self.say("\\versions", self.versions);
            }
            Command::Output(file) => self.output = file.map(PathBuf::from),
            Command::Format(format) => self.format = format,
        }
        Ok(true)
    }

    fn say(&self, what: &str, on: bool) {
        let state = if on { self.lang.pick("开", "on") } else { self.lang.pick("关", "off") };
        if self.screen.is_some() {
            note!("{what}: {state}");
        }
    }

    /// Asks and shows. Ctrl-C ends the query, not the shell.
    async fn statement(&self, text: &str) -> anyhow::Result<()> {
        let asked = answer(self.source.clone(), text.to_owned(), self.moments.clone(), self.format);
        let mut task = tokio::spawn(asked);
        let result = tokio::select! {
            result = &mut task => result?,
            _ = interrupted(self.screen.is_some()) => {
                task.abort();
                anyhow::bail!("{}", self.lang.pick("已取消", "cancelled"));
            }
        }?;
        self.write(&result)?;
        if self.versions {
            note!("{}", show::versions(&result.versions, self.lang));
        }
        Ok(())
    }

    fn write(&self, result: &Shown) -> anyhow::Result<()> {
        let text = match self.format {
            Format::Table => {
                let rows = if self.expanded {
                    print::expanded(&result.schema, &result.batches)?
                } else {
                    print::aligned(&result.schema, &result.batches)?
                };
                format!("{rows}{}\n", show::counted(result.total, SHOWN, self.lang))
            }
            Format::Csv | Format::Json => {
                String::from_utf8(show::encode(&result.schema, &result.batches, self.format, self.raw)?)?
            }
            Format::Parquet => anyhow::bail!("-f parquet needs one query and -o FILE"),
        };
        match &self.output {
            None => self.show(&text),
            Some(path) => {
                let file = std::fs::File::options().create(true).append(true).open(path);
                let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
                written.with_context(|| format!("\\o {}", path.display()))
            }
        }
    }

    fn show(&self, text: &str) -> anyhow::Result<()> {
        print::show(text, self.screen)
    }

    /// What can be completed; a lake that cannot be read now still has a shell.
    async fn words(&self) -> Words {
        let tables: Vec<TableEntry> = self.source.tables().await.unwrap_or_default();
        let mut codes = Vec::new();
        for query in [
            "select distinct ref_area, name_zh, name_en from areas where valid_to is null order by 1",
            "select distinct group_id, name_zh, name_en from area_groups order by 1",
            "select distinct indicator, name_zh, name_en from indicators order by 1",
        ] {
            let asked = answer(self.source.clone(), query.to_owned(), Moments::default(), Format::Table).await;
            match asked {
                Ok(shown) => shown.batches.iter().for_each(|batch| coded(batch, &mut codes)),
                Err(error) => tracing::debug!(%error, query, "not completed"),
            }
        }
        Words { tables, codes }
    }
}

fn coded(batch: &RecordBatch, codes: &mut Vec<Coded>) {
    let text = |column: usize, row: usize| {
        let column = batch.column(column).as_string_opt::<i32>()?;
        (!column.is_null(row)).then(|| column.value(row).to_owned())
    };
    codes.extend((0..batch.num_rows()).filter_map(|row| {
        let name = |column| text(column, row).unwrap_or_default();
        Some(Coded { code: text(0, row)?, name_zh: name(1), name_en: name(2) })
    }));
}

/// A result, as far as it is shown.
struct Shown {
    schema: arrow::datatypes::SchemaRef,
    batches: Vec<RecordBatch>,
    total: usize,
    versions: String,
}

async fn answer(source: Source, text: String, moments: Moments, format: Format) -> anyhow::Result<Shown> {
    let mut answer = source.ask(&text, &moments).await?;
    let mut shown = Shown { schema: answer.schema, batches: Vec::new(), total: 0, versions: answer.versions };
    while let Some(batch) = answer.rows.try_next().await? {
        let room = if format == Format::Table { SHOWN.saturating_sub(shown.total) } else { usize::MAX };
        shown.total += batch.num_rows();
        if room > 0 {
            shown.batches.push(batch.slice(0, room.min(batch.num_rows())));
        }
    }
    Ok(shown)
}

/// Ctrl-C, where it means the query and not the process.
async fn interrupted(interactive: bool) {
    if interactive {
        let _ = tokio::signal::ctrl_c().await;
    } else {
        std::future::pending::<()>().await;
    }
}

/// Where lines are remembered; none where the user has no home.
fn history_file() -> Option<PathBuf> {
    let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let state = state.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".local/state")))?;
    let folder = state.join("helan");
    std::fs::create_dir_all(&folder).ok()?;
    Some(folder.join("sql_history"))
}
