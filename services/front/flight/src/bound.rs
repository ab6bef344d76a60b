//! Parameters of a query, and the values that a client binds to them.

use std::collections::BTreeMap;

use arrow::datatypes::{DataType, Field, Schema};
use arrow::error::ArrowError;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use arrow::record_batch::RecordBatch;
use datafusion::scalar::ScalarValue;
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

use crate::problem::{Own, Problem};
use crate::sent;

/// Parameters of a statement, at most.
const MOST: usize = 1024;
/// Bytes of all values of a statement: they travel with every call about it.
const KEPT: usize = 256 * 1024;

/// A text with its parameters as `$1`, `$2` …: many tools write `?`. A text that cannot be read is left to the engine.
pub(crate) fn numbered(text: String) -> String {
    if !text.contains('?') {
        return text;
    }
    let Ok(tokens) = Tokenizer::new(&GenericDialect {}, &text).tokenize_with_location() else { return text };
    let marks = tokens.iter().filter(|found| matches!(&found.token, Token::Placeholder(name) if name == "?"));
    let mut marks = marks.map(|found| (found.span.start.line, found.span.start.column)).peekable();
    let (mut line, mut column, mut count) = (1, 1, 0);
    let mut all = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if marks.next_if_eq(&(line, column)).is_some() {
            count += 1;
            all.push_str(&format!("${count}"));
        } else {
            all.push(character);
        }
        (line, column) = if character == '\n' { (line + 1, 1) } else { (line, column + 1) };
    }
    all
}

/// How many parameters a text has: the largest number in it.
fn count(text: &str) -> usize {
    let Ok(tokens) = Tokenizer::new(&GenericDialect {}, text).tokenize() else { return 0 };
    let number = |token: &Token| match token {
        Token::Placeholder(name) => name.strip_prefix('$')?.parse::<usize>().ok(),
        _ => None,
    };
    tokens.iter().filter_map(number).filter(|number| *number <= MOST).max().unwrap_or(0)
}

/// Texts without a value for every parameter: for a text that does not tell their types.
pub(crate) fn nulls(text: &str) -> Vec<ScalarValue> {
    vec![ScalarValue::Utf8(None); count(text)]
}

/// The parameters as a client is told of them.
pub(crate) fn schema(text: &str, found: &BTreeMap<String, Option<DataType>>) -> Schema {
    let number =
        |name: &String| name.trim_start_matches('$').parse::<usize>().ok().filter(|at| (1..=MOST).contains(at));
    let most = found.keys().filter_map(number).max().unwrap_or(0);
    let most = if found.is_empty() { count(text) } else { most };
    let fields = (1..=most).map(|at| {
        let name = format!("${at}");
        let kind = found.get(&name).cloned().flatten().filter(|kind| *kind != DataType::Null);
        Field::new(name, kind.as_ref().map_or(DataType::Utf8, sent::data_type), true)
    });
    Schema::new(fields.collect::<Vec<_>>())
}

/// Bound values, as they are kept: one row.
pub(crate) fn kept(batches: &[RecordBatch]) -> Result<Vec<u8>, Problem> {
    let wrong = |error: ArrowError| Problem::found(Own::Parameter, error);
    let mut rows = batches.iter().filter(|batch| batch.num_rows() > 0);
    let (row, more) = (rows.next(), rows.next());
    let row = row.filter(|row| row.num_rows() == 1 && more.is_none());
    let row = row.ok_or_else(|| Problem::found(Own::Parameters, "one row of values at a time"))?;
    let schema = sent::schema(&row.schema());
    let row = sent::batch(row, &schema).map_err(wrong)?;
    let mut writer = StreamWriter::try_new(Vec::new(), &schema).map_err(wrong)?;
    writer.write(&row).map_err(wrong)?;
    let bytes = writer.into_inner().map_err(wrong)?;
    match bytes.len() > KEPT {
        true => Err(Problem::found(Own::Parameter, format!("{} > {KEPT} bytes", bytes.len()))),
        false => Ok(bytes),
    }
}

/// Values as the engine takes them.
pub(crate) fn values(kept: &[u8]) -> Result<Vec<ScalarValue>, Problem> {
    let wrong = |error: String| Problem::found(Own::Parameter, error);
    let mut reader = StreamReader::try_new(kept, None).map_err(|error| wrong(error.to_string()))?;
    let Some(row) = reader.next().transpose().map_err(|error| wrong(error.to_string()))? else { return Ok(Vec::new()) };
    let values = row.columns().iter().map(|column| ScalarValue::try_from_array(column, 0));
    values.collect::<Result<_, _>>().map_err(|error| wrong(error.to_string()))
}

/// That there are as many values as parameters: the engine says nothing of values that are too many.
pub(crate) fn fit(text: &str, values: usize) -> Result<(), Problem> {
    let parameters = count(text);
    match values == parameters {
        true => Ok(()),
        false => Err(Problem::found(Own::Parameters, format!("{parameters}, not {values}"))),
    }
}

/// A schema as messages hold it.
pub(crate) fn encoded(schema: &Schema) -> Result<bytes::Bytes, Problem> {
    let options = arrow::ipc::writer::IpcWriteOptions::default();
    let message = arrow_flight::IpcMessage::try_from(arrow_flight::SchemaAsIpc::new(schema, &options));
    message.map(|message| message.0).map_err(|error| Problem::found(Own::Message, error))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Decimal256Array, StringArray};
    use arrow::datatypes::i256;

    use super::*;

    #[test]
    fn question_marks_are_numbered_where_they_are_parameters() {
        let text = "select '?', \"?\", '宁''?' -- ?\n, e'it\\'s ?' from t where a = ? and b = ? /* ? */";
        let expected = "select '?', \"?\", '宁''?' -- ?\n, e'it\\'s ?' from t where a = $1 and b = $2 /* ? */";
        assert_eq!(numbered(text.to_owned()), expected);
        for same in ["select 'it''s ?'", "select 1", "select '? unended"] {
            assert_eq!(numbered(same.to_owned()), same);
        }
    }

    #[test]
    fn values_keep_type_and_digits() {
        let number = i256::from_string("123456789012345678901234567890123456789012345").expect("a number");
        let number = Decimal256Array::from(vec![number]).with_precision_and_scale(76, 3).expect("a type");
        let row = RecordBatch::try_from_iter([
            ("1", Arc::new(number) as ArrayRef),
            ("2", Arc::new(StringArray::from(vec![None::<&str>])) as ArrayRef),
        ]);
        let row = row.expect("a row");
        let values = values(&kept(std::slice::from_ref(&row)).expect("kept")).expect("values");
        assert_eq!(values[0].to_string(), "123456789012345678901234567890123456789012.345");
        assert_eq!(values[1], ScalarValue::Utf8(None));
        assert!(kept(&[]).is_err() && kept(&[row.clone(), row]).is_err());
        assert!(super::values(b"x").is_err());
    }

    #[test]
    fn parameters_are_counted_and_typed() {
        let found = BTreeMap::from([("$2".to_owned(), Some(DataType::Utf8View)), ("$1".to_owned(), None)]);
        let schema = schema("", &found);
        let kinds: Vec<_> = schema.fields().iter().map(|field| (field.name().as_str(), field.data_type())).collect();
        assert_eq!(kinds, [("$1", &DataType::Utf8), ("$2", &DataType::Utf8)]);
        assert_eq!(nulls("select $1, $3").len(), 3);
        assert!(fit("select '$5', $1", 1).is_ok() && fit("select $1", 0).is_err() && fit("select 1", 1).is_err());
    }
}
