//! Every SQL file against the test rows beside it: `queries/tests/*.txt`.

use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use futures::{StreamExt, stream};
use helan_schemas::catalog::Relation;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn views_answer_as_their_test_rows_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../queries/tests");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("folder").map(|entry| entry.expect("entry").path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    // HELAN_ROWS asks for the files whose names have it, while one is being written.
    let asked = std::env::var("HELAN_ROWS").unwrap_or_default();
    files.retain(|path| path.to_string_lossy().contains(&asked));
    files.sort();
    assert!(!files.is_empty());
    // Two at a time: a file's questions are planned one after another.
    let answered = stream::iter(files).map(|path| tokio::spawn(wrong_in(path))).buffered(2);
    let wrong: Vec<String> = answered.map(|wrong| wrong.expect("it ends")).concat().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Wherever a column holds how an area lies in another, it is told what each of the codes means.
#[test]
fn every_kind_of_relation_is_told_where_one_stands() {
    let columns = helan_queries::all().iter().flat_map(|view| view.columns.iter().map(|column| (view.name, column)));
    let columns = columns.filter(|(_, column)| column.name == "relation");
    let mut told: Vec<_> = columns.flat_map(|(view, column)| [(view, column.zh), (view, column.en)]).collect();
    let leaves = include_str!("../../src/catalog_tables.rs").lines();
    told.extend(leaves.filter(|line| line.contains(".text(\"relation\"")).map(|line| ("catalog_relations", line)));
    assert!(told.len() >= 7, "{told:?}");
    for (view, text) in told {
        for code in Relation::CODES {
            assert!(text.contains(code), "{view} does not tell of {code}: {text}");
        }
    }
}

/// The questions of a file that are not answered as it says.
async fn wrong_in(path: PathBuf) -> Vec<String> {
    let script = crate::support::read(&path);
    let session = crate::support::session(&script);
    let mut wrong = Vec::new();
    for question in &script.questions {
        let answer = match &question.as_of {
            None => session.sql(&question.sql).await,
            Some(as_of) => {
                let as_of = session.moment(as_of).expect("a moment");
                let recorded = question.recorded.as_deref().map(|text| session.moment(text).expect("a moment"));
                session.sql_as_of(&question.sql, as_of, recorded).await
            }
        };
        let answer = match answer {
            Ok(frame) => frame.collect().await.map(|batches| csv(&batches)).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        let answer = answer.unwrap_or_else(|error| format!("error: {error}\n"));
        if answer != question.expected {
            let place = format!("{}:{}", path.display(), question.line);
            wrong.push(format!("{place}\n{}--- expected\n{}--- answered\n{answer}", question.sql, question.expected));
        }
    }
    wrong
}

/// Header and rows, decimals without the zeros at their end.
fn csv(batches: &[RecordBatch]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let options = FormatOptions::default();
    if let Some(first) = batches.first() {
        writer.write_record(first.schema().fields().iter().map(|field| field.name())).expect("in memory");
    }
    for batch in batches {
        let columns: Vec<_> = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column, &options).expect("formatter"))
            .collect();
        for row in 0..batch.num_rows() {
            let cells = columns.iter().zip(batch.columns()).map(|(column, array)| {
                let text = column.value(row).to_string();
                let decimal = matches!(array.data_type(), arrow::datatypes::DataType::Decimal128(..));
                if decimal && text.contains('.') {
                    text.trim_end_matches('0').trim_end_matches('.').to_owned()
                } else {
                    text
                }
            });
            writer.write_record(cells).expect("in memory");
        }
    }
    String::from_utf8(writer.into_inner().expect("in memory")).expect("utf-8")
}
