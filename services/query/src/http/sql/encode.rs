//! Batches as bytes, in one of the formats.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::datatypes::Schema;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;

use super::request::Format;
use crate::format::csv::for_csv;
use crate::format::digits::json_lines;
use helan_http::ErrorBody;

/// Writes batches into a buffer that is taken piece by piece.
pub(super) struct Encoder {
    writer: Writer,
    written: Written,
}

enum Writer {
    Arrow(Box<arrow::ipc::writer::StreamWriter<Written>>),
    Lines(arrow::json::Writer<Written, arrow::json::writer::LineDelimited>),
    Csv { writer: Box<arrow::csv::Writer<Written>>, raw: bool },
}

/// What was written and not yet taken.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Encoder {
    /// An encoder that has written what stands before the first row.
    pub(super) fn new(format: Format, schema: &Schema, raw: bool) -> Result<Self, ArrowError> {
        let written = Written::default();
        let sink = written.clone();
        let writer = match format {
            Format::Arrow => Writer::Arrow(Box::new(arrow::ipc::writer::StreamWriter::try_new(sink, schema)?)),
            Format::Lines => Writer::Lines(json_lines(sink)),
            Format::Csv => {
                let mut writer = arrow::csv::WriterBuilder::new().with_header(true).build(sink);
                // The heading comes also when there are no rows.
                writer.write(&for_csv(&RecordBatch::new_empty(Arc::new(schema.clone())), raw)?)?;
                Writer::Csv { writer: Box::new(writer), raw }
            }
        };
        Ok(Self { writer, written })
    }

    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        match &mut self.writer {
            Writer::Arrow(writer) => writer.write(batch),
            Writer::Lines(writer) => writer.write(batch),
            Writer::Csv { writer, raw } => writer.write(&for_csv(batch, *raw)?),
        }
    }

    /// Writes what stands after the last row.
    pub(super) fn finish(&mut self) -> Result<(), ArrowError> {
        match &mut self.writer {
            Writer::Arrow(writer) => writer.finish(),
            Writer::Lines(writer) => writer.finish(),
            Writer::Csv { .. } => Ok(()),
        }
    }

    /// Takes what was written since the last time.
    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.written.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The last line of an answer that breaks off, where the format has lines; the body is then cut off as well.
pub(super) fn broken_off(format: Format, error: &ErrorBody) -> Option<Vec<u8>> {
    let error = serde_json::to_value(error).unwrap_or_default();
    match format {
        Format::Arrow => None,
        Format::Lines => Some(format!("{}\n", serde_json::json!({ "helan_error": error })).into_bytes()),
        Format::Csv => Some(format!("# helan_error: {error}\n").into_bytes()),
    }
}
