//! The columns of the three tables that the log feeds, filled row by row in one pass.

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{Date32Type, Decimal128Type, Int32Type, Int64Type, SchemaRef, TimestampMicrosecondType};
use arrow::error::ArrowError;
use helan_log::RecordRef;
use helan_schemas::digest::content_of;
use helan_schemas::event::{EventRef, Statement};
use helan_schemas::fields::{FIELDS, Kept};
use helan_schemas::period::days_since_epoch;
use helan_schemas::tables::Table;

use crate::columns::{Bytes, Numbers, Texts};

/// What all rows of one record share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin<'a> {
    pub(crate) topic: &'a str,
    pub(crate) partition: i32,
    pub(crate) record: RecordRef<'a>,
    /// Microseconds since the epoch.
    pub(crate) recorded_at: i64,
}

/// Rows of `events`.
#[derive(Debug, Default)]
pub(crate) struct EventRows {
    pub(crate) source: Texts,
    pub(crate) id: Texts,
    pub(crate) content_digest: Bytes,
    topic: Texts,
    partition: Numbers<Int32Type>,
    offset: Numbers<Int64Type>,
    index: Numbers<Int32Type>,
    event_type: Texts,
    reporter: Texts,
    submission: Texts,
    /// Texts of the payload by [`FIELDS`]; those that are resolved stay empty here.
    texts: [Texts; FIELDS.len()],
    time_period: Texts,
    period_kind: Texts,
    period_start: Numbers<Date32Type>,
    period_end: Numbers<Date32Type>,
    value: Numbers<Decimal128Type>,
    decimals: Numbers<Int32Type>,
    unit_mult: Numbers<Int32Type>,
    amount: Numbers<Decimal128Type>,
    recorded_at: Numbers<TimestampMicrosecondType>,
    known_at: Numbers<TimestampMicrosecondType>,
    published_at: Numbers<TimestampMicrosecondType>,
    received_at: Numbers<TimestampMicrosecondType>,
    catalog: Texts,
    recorded_year: Numbers<Int32Type>,
}

impl EventRows {
    pub(crate) fn len(&self) -> usize {
        self.id.len()
    }

    /// Adds one event. `year` is that of `recorded_at` in UTC.
    pub(crate) fn push(
        &mut self,
        origin: Origin<'_>,
        year: i32,
        index: usize,
        event: &EventRef<'_>,
        statement: &Statement,
        digest: &[u8; 16],
    ) {
        let data = &event.data;
        self.source.push(&event.source);
        self.id.push(&event.id);
        self.content_digest.push(Some(digest));
        self.topic.push(origin.topic);
        self.partition.push(origin.partition);
        self.offset.push(origin.record.offset);
        self.index.push(index as i32);
        self.event_type.push(&event.event_type);
        self.reporter.push(origin.record.reporter);
        self.submission.push(origin.record.submission);
        let reported = matches!(statement, Statement::Reported { .. });
        for (column, field) in self.texts.iter_mut().zip(FIELDS) {
            match field.kept {
                Kept::AsItIs => column.push_option((field.get)(data)),
                Kept::Else(status) => column.push_option((field.get)(data).or(reported.then_some(status))),
                Kept::Resolved => {}
            }
        }
        let published = match statement {
            Statement::Reported { period, value, unit_mult, amount, published_at } => {
                self.time_period.push_display(Some(period));
                self.period_kind.push(period.kind.code());
                self.period_start.push(days_since_epoch(period.start));
                self.period_end.push(days_since_epoch(period.end));
                self.value.push_option(value.map(|value| value.unscaled));
                self.decimals.push_option(value.map(|value| i32::from(value.decimals)));
                self.unit_mult.push(*unit_mult);
                self.amount.push_option(*amount);
                *published_at
            }
            Statement::Withdrawn => {
                self.time_period.push_option(None);
                self.period_kind.push_option(None);
                self.period_start.push_option(None);
                self.period_end.push_option(None);
                self.value.push_option(None);
                self.decimals.push_option(None);
                self.unit_mult.push_option(None);
                self.amount.push_option(None);
                None
            }
        };
        self.recorded_at.push(origin.recorded_at);
        // Nothing becomes known later than it is recorded; ingest refuses such a claim, others may make it.
        self.known_at.push(published.map_or(origin.recorded_at, |published| published.min(origin.recorded_at)));
        self.published_at.push_option(published);
        self.received_at.push(origin.record.received_at);
        self.catalog.push(origin.record.catalog);
        self.recorded_year.push(year);
    }

    /// The id of the event that an event withdraws.
    pub(crate) fn withdraws(&self, row: usize) -> Option<&str> {
        let (column, _) = self.texts.iter().zip(FIELDS).find(|(_, field)| field.name == "withdraws")?;
        Some(column.get(row)).filter(|id| !id.is_empty())
    }

    /// Cuts back to so many rows.
    pub(crate) fn truncate(&mut self, rows: usize) {
        for column in [
            &mut self.source,
            &mut self.id,
            &mut self.topic,
            &mut self.event_type,
            &mut self.reporter,
            &mut self.submission,
            &mut self.time_period,
            &mut self.period_kind,
            &mut self.catalog,
        ]
        .into_iter()
        .chain(&mut self.texts)
        {
            column.truncate(rows);
        }
        self.content_digest.truncate(rows);
        for column in
            [&mut self.partition, &mut self.index, &mut self.decimals, &mut self.unit_mult, &mut self.recorded_year]
        {
            column.truncate(rows);
        }
        for column in [&mut self.recorded_at, &mut self.known_at, &mut self.published_at, &mut self.received_at] {
            column.truncate(rows);
        }
        self.offset.truncate(rows);
        self.period_start.truncate(rows);
        self.period_end.truncate(rows);
        self.value.truncate(rows);
        self.amount.truncate(rows);
    }

    pub(crate) fn finish(self) -> Result<RecordBatch, ArrowError> {
        let mut columns = Assembly::of(Table::Events);
        columns.add("topic", self.topic.finish());
        columns.number("partition", self.partition);
        columns.number("offset", self.offset);
        columns.number("index", self.index);
        columns.add("source", self.source.finish());
        columns.add("id", self.id.finish());
        columns.add("type", self.event_type.finish());
        columns.add("reporter", self.reporter.finish());
        columns.add("submission", self.submission.finish());
        columns.add("time_period", self.time_period.finish());
        columns.add("period_kind", self.period_kind.finish());
        columns.number("period_start", self.period_start);
        columns.number("period_end", self.period_end);
        columns.number("value", self.value);
        columns.number("decimals", self.decimals);
        columns.number("unit_mult", self.unit_mult);
        columns.number("amount", self.amount);
        columns.number("recorded_at", self.recorded_at);
        columns.number("known_at", self.known_at);
        columns.add("content_digest", self.content_digest.finish());
        columns.number("published_at", self.published_at);
        columns.number("received_at", self.received_at);
        columns.add("catalog", self.catalog.finish());
        columns.number("recorded_year", self.recorded_year);
        for (column, field) in self.texts.into_iter().zip(FIELDS).filter(|(_, field)| field.kept != Kept::Resolved) {
            columns.add(field.name, column.finish());
        }
        columns.finish()
    }
}

/// Rows of `submissions`.
#[derive(Debug, Default)]
pub(crate) struct SubmissionRows {
    texts: [Texts; 6],
    partition: Numbers<Int32Type>,
    offset: Numbers<Int64Type>,
    received_at: Numbers<TimestampMicrosecondType>,
    recorded_at: Numbers<TimestampMicrosecondType>,
    counts: [Numbers<Int32Type>; 4],
    bytes: Numbers<Int64Type>,
    content: Texts,
}

/// What became of a submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) outcome: &'static str,
    pub(crate) events: usize,
    pub(crate) accepted: usize,
    pub(crate) repeated: usize,
    /// Repeats of events that were withdrawn before.
    pub(crate) withdrawn: usize,
}

impl SubmissionRows {
    pub(crate) fn push(&mut self, origin: Origin<'_>, source: &str, verdict: Verdict) {
        let Origin { topic, record, .. } = origin;
        let texts = [record.submission, record.reporter, source, topic, verdict.outcome, record.catalog];
        for (column, text) in self.texts.iter_mut().zip(texts) {
            column.push(text);
        }
        self.partition.push(origin.partition);
        self.offset.push(record.offset);
        self.received_at.push(record.received_at);
        self.recorded_at.push(origin.recorded_at);
        let counts = [verdict.events, verdict.accepted, verdict.repeated, verdict.withdrawn];
        for (column, count) in self.counts.iter_mut().zip(counts) {
            column.push(count as i32);
        }
        self.bytes.push(record.value.len() as i64);
        self.content.push(&content_of(record.value));
    }

    pub(crate) fn finish(self) -> Result<RecordBatch, ArrowError> {
        let [submission, reporter, source, topic, outcome, catalog] = self.texts;
        let [events, accepted, repeated, withdrawn] = self.counts;
        let mut columns = Assembly::of(Table::Submissions);
        columns.add("submission", submission.finish());
        columns.add("reporter", reporter.finish());
        columns.add("source", source.finish());
        columns.add("topic", topic.finish());
        columns.number("partition", self.partition);
        columns.number("offset", self.offset);
        columns.number("received_at", self.received_at);
        columns.number("recorded_at", self.recorded_at);
        columns.add("outcome", outcome.finish());
        columns.number("events", events);
        columns.number("accepted", accepted);
        columns.number("repeated", repeated);
        columns.add("catalog", catalog.finish());
        columns.number("bytes", self.bytes);
        columns.add("content", self.content.finish());
        columns.number("withdrawn", withdrawn);
        columns.finish()
    }
}

/// Rows of `refusals`.
#[derive(Debug, Default)]
pub(crate) struct RefusalRows {
    texts: [Texts; 10],
    partition: Numbers<Int32Type>,
    offset: Numbers<Int64Type>,
    index: Numbers<Int32Type>,
    recorded_at: Numbers<TimestampMicrosecondType>,
    bytes: Bytes,
}

/// One reason for which something was turned away.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reason<'a> {
    pub(crate) stage: &'a str,
    pub(crate) code: &'a str,
    pub(crate) reporter: Option<&'a str>,
    pub(crate) source: Option<&'a str>,
    pub(crate) id: Option<&'a str>,
    pub(crate) submission: Option<&'a str>,
    pub(crate) index: Option<usize>,
    pub(crate) field: Option<&'a str>,
    pub(crate) message_zh: &'a str,
    pub(crate) message_en: &'a str,
    pub(crate) bytes: Option<&'a [u8]>,
}

impl RefusalRows {
    pub(crate) fn push(&mut self, origin: Origin<'_>, reason: Reason<'_>) {
        let some = |text: Option<&'_ str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
        let texts = [
            some(Some(reason.stage)),
            some(Some(reason.code)),
            some(reason.reporter),
            some(reason.source),
            some(reason.id),
            some(reason.submission),
            some(Some(origin.topic)),
            some(reason.field),
            some(Some(reason.message_zh)),
            some(Some(reason.message_en)),
        ];
        for (column, text) in self.texts.iter_mut().zip(&texts) {
            column.push_option(text.as_deref());
        }
        self.partition.push(origin.partition);
        self.offset.push(origin.record.offset);
        self.index.push_option(reason.index.map(|index| index as i32));
        self.recorded_at.push(origin.recorded_at);
        self.bytes.push(reason.bytes);
    }

    pub(crate) fn finish(self) -> Result<RecordBatch, ArrowError> {
        let [stage, code, reporter, source, id, submission, topic, field, message_zh, message_en] = self.texts;
        let mut columns = Assembly::of(Table::Refusals);
        columns.add("stage", stage.finish());
        columns.add("code", code.finish());
        columns.add("reporter", reporter.finish());
        columns.add("source", source.finish());
        columns.add("id", id.finish());
        columns.add("submission", submission.finish());
        columns.add("topic", topic.finish());
        columns.number("partition", self.partition);
        columns.number("offset", self.offset);
        columns.number("index", self.index);
        columns.add("field", field.finish());
        columns.add("message_zh", message_zh.finish());
        columns.add("message_en", message_en.finish());
        columns.number("recorded_at", self.recorded_at);
        columns.add("bytes", self.bytes.finish());
        columns.finish()
    }
}

/// Columns of a table by name.
struct Assembly {
    table: Table,
    schema: SchemaRef,
    columns: Vec<(&'static str, ArrayRef)>,
}

impl Assembly {
    fn of(table: Table) -> Self {
        let schema = table.schema();
        Self { table, columns: Vec::with_capacity(schema.fields().len()), schema }
    }

    fn add(&mut self, name: &'static str, column: ArrayRef) {
        self.columns.push((name, column));
    }

    fn number<T: arrow::datatypes::ArrowPrimitiveType>(&mut self, name: &'static str, column: Numbers<T>) {
        let field = self.schema.field_with_name(name).expect("a column of the table");
        self.columns.push((name, column.finish(field.data_type())));
    }

    fn finish(self) -> Result<RecordBatch, ArrowError> {
        self.table.rows(self.columns)
    }
}
