//! Reads the test rows beside the SQL files: given events, questions, expected answers.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, Date32Array, Decimal128Array, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::DataType;
use helan_lake::Lake;
use helan_query::Session;
use helan_schemas::catalog::Catalog;
use helan_schemas::decimal::Decimal;
use helan_schemas::period::{Period, days_since_epoch};
use helan_schemas::tables::Table;
use jiff::Timestamp;

/// One file: sections that begin with `catalog DIR`, `add FILE` (rows for a file of the catalog; a file that it does not
/// have begins with its heading), `events`, `query [as of T [recorded R]]`.
pub(crate) struct Script {
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) events: RecordBatch,
    pub(crate) questions: Vec<Question>,
}

pub(crate) struct Question {
    pub(crate) line: usize,
    pub(crate) as_of: Option<String>,
    pub(crate) recorded: Option<String>,
    pub(crate) sql: String,
    pub(crate) expected: String,
}

/// Later than any event of the test rows.
pub(crate) const NOW: &str = "2026-01-01T00:00:00Z";

pub(crate) fn read(path: &Path) -> Script {
    let text = std::fs::read_to_string(path).expect("readable");
    let mut files = Catalog::embedded().files;
    let mut rows = String::new();
    let mut questions = Vec::new();
    let mut lines = text.lines().enumerate().peekable();
    while let Some((number, line)) = lines.next() {
        let mut block = || {
            let mut block = String::new();
            while let Some((_, line)) = lines.next_if(|(_, line)| !line.trim().is_empty()) {
                block.push_str(line);
                block.push('\n');
            }
            block
        };
        match line.split_whitespace().collect::<Vec<_>>()[..] {
            [] => {}
            [first, ..] if first.starts_with('#') => {}
            ["catalog", dir] => {
                let dir = path.parent().expect("in a folder").join(dir);
                files = Catalog::load(&dir).expect("a catalog without errors").files;
            }
            ["add", file] => {
                let text = files.entry(file.to_owned()).or_default();
                if !text.is_empty() && !text.ends_with('\n') {
                    text.push('\n');
                }
                text.push_str(&block());
            }
            ["events"] => rows = block(),
            ["query", ref moments @ ..] => {
                let (as_of, recorded) = match moments {
                    [] => (None, None),
                    ["as", "of", as_of] => (Some((*as_of).to_owned()), None),
                    ["as", "of", as_of, "recorded", recorded] => {
                        (Some((*as_of).to_owned()), Some((*recorded).to_owned()))
                    }
                    _ => panic!("{}:{}: query [as of T [recorded R]]", path.display(), number + 1),
                };
                let block = block();
                let (sql, expected) = block.split_once("----\n").expect("---- between question and answer");
                questions.push(Question {
                    line: number + 1,
                    as_of,
                    recorded,
                    sql: sql.into(),
                    expected: expected.into(),
                });
            }
            _ => panic!("{}:{}: no section begins with {line:?}", path.display(), number + 1),
        }
    }
    let problems = |problems| panic!("{}: {problems:#?}", path.display());
    let catalog = Arc::new(Catalog::from_files(files).unwrap_or_else(problems));
    Script { catalog, events: events(&rows), questions }
}

pub(crate) fn session(script: &Script) -> Session {
    let now: Timestamp = NOW.parse().expect("timestamp");
    let tables = BTreeMap::from([(Table::Events, vec![script.events.clone()])]);
    Session::in_memory(script.catalog.clone(), tables, now.as_microsecond()).expect("session")
}

/// A lake that nothing was reported to, and its directory.
pub(crate) async fn empty_lake() -> (tempfile::TempDir, Lake) {
    let directory = tempfile::tempdir().expect("a directory");
    let url = url::Url::from_directory_path(directory.path()).expect("an absolute path");
    let lake = Lake::create_or_open(&url, "the log").await.expect("a lake");
    (directory, lake)
}

/// Rows of `events` from CSV: the columns that are not given follow from those that are.
pub(crate) fn events(text: &str) -> RecordBatch {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let rows: Vec<BTreeMap<String, String>> = reader.deserialize().map(|row| row.expect("a row")).collect();
    let columns: Vec<ArrayRef> = Table::Events
        .columns()
        .iter()
        .map(|column| -> ArrayRef {
            let cells = rows.iter().enumerate().map(|(at, row)| cell(row, at, column.name));
            match &column.data_type {
                DataType::Utf8 => Arc::new(cells.collect::<StringArray>()),
                DataType::Int32 => {
                    Arc::new(cells.map(|c| Some(c?.parse::<i32>().expect("int"))).collect::<Int32Array>())
                }
                DataType::Int64 => {
                    Arc::new(cells.map(|c| Some(c?.parse::<i64>().expect("int"))).collect::<Int64Array>())
                }
                DataType::Date32 => {
                    let day = |text: String| days_since_epoch(text.parse().expect("date"));
                    Arc::new(cells.map(|c| c.map(day)).collect::<Date32Array>())
                }
                DataType::Timestamp(..) => {
                    let array: TimestampMicrosecondArray = cells.map(|c| Some(moment(&c?))).collect();
                    Arc::new(array.with_timezone("UTC"))
                }
                DataType::Binary => Arc::new(BinaryArray::from_iter(cells.map(|c| c.map(String::into_bytes)))),
                DataType::Decimal128(precision, scale) => {
                    let number = |text: String| text.parse::<i128>().expect("unscaled");
                    let array: Decimal128Array = cells.map(|c| c.map(number)).collect();
                    Arc::new(array.with_precision_and_scale(*precision, *scale).expect("fits"))
                }
                other => panic!("no test rows of {other}"),
            }
        })
        .collect();
    RecordBatch::try_new(Table::Events.schema(), columns).expect("events")
}

fn moment(text: &str) -> i64 {
    let text = if text.len() == 10 { format!("{text}T00:00:00+08:00") } else { text.to_owned() };
    text.parse::<Timestamp>().expect("a moment").as_microsecond()
}

fn cell(row: &BTreeMap<String, String>, at: usize, column: &str) -> Option<String> {
    let given = |name: &str| row.get(name).filter(|text| !text.is_empty()).cloned();
    let withdrawal = given("withdraws").is_some();
    let period = || given("time_period").map(|text| Period::parse(&text).expect("period"));
    let decimal = || given("value").map(|text| Decimal::parse(&text).expect("decimal"));
    let mult = || given("unit_mult").map_or(0, |text| text.parse().expect("unit_mult"));
    let known = || given("known").expect("known: when it became known");
    let recorded = || given("recorded").unwrap_or_else(known);
    let year = || recorded()[..4].to_owned();
    match column {
        "topic" => Some("helan.city.v1".to_owned()),
        "partition" | "index" => Some("0".to_owned()),
        "offset" => given("offset").or(Some(at.to_string())),
        "source" => given("source").or(Some("/nx/nx-stats".to_owned())),
        "reporter" => Some(cell(row, at, "source")?.split('/').nth(2)?.to_owned()),
        "type" if withdrawal => Some("helan.observation.withdrawn.v1".to_owned()),
        "type" => Some("helan.observation.reported.v1".to_owned()),
        "submission" => Some(format!("s{at}")),
        "id" => given("id").or(Some(format!("e{at}"))),
        "time_period" => period().map(|period| period.to_string()),
        "period_kind" => period().map(|period| period.kind.code().to_owned()),
        "period_start" => period().map(|period| period.start.to_string()),
        "period_end" => period().map(|period| period.end.to_string()),
        "value" => decimal().map(|value| value.unscaled.to_string()),
        "decimals" => decimal().map(|value| value.decimals.to_string()),
        "amount" => decimal().map(|value| value.amount(mult()).expect("amount").to_string()),
        "unit_mult" if !withdrawal => Some(mult().to_string()),
        "obs_status" if !withdrawal => given("obs_status").or(Some("A".to_owned())),
        "recorded_at" | "received_at" => Some(recorded()),
        "known_at" => Some(known()),
        "content_digest" => Some(format!("digest{at:010}")),
        "catalog" => Some("test".to_owned()),
        "recorded_year" => Some(year()),
        other => given(other),
    }
}
