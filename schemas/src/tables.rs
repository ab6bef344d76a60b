//! The lake's tables: each column's name, type, whether it may be null, and what it holds.
//!
//! An interface: columns are only ever added, at the end. `helan sql --describe NAME` prints these lines.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, new_null_array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;

use crate::decimal;
use crate::fields::FIELDS;
use crate::topics;

/// One table of the lake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Table {
    /// Every accepted event, append-only.
    Events,
    /// One row for each record of the city and park topics: accepted, repeated or refused.
    Submissions,
    /// One row for each reason for which something was turned away.
    Refusals,
    /// Frozen, reproducible sets of numbers; its row is the commit point of a publication.
    Publications,
    /// The values of each publication.
    PublishedValues,
    /// The events behind each published value.
    PublicationInputs,
    /// Every run of a roll-up job, with or without news.
    PublicationRuns,
    /// Every catalog ever used, file by file, by digest.
    CatalogVersions,
    /// Which events stand behind which published value, and how.
    PublicationLineage,
    /// What each publication changes against the one it supersedes, and why.
    PublicationChanges,
    /// The release workflow: who reviewed, approved, embargoed, released or withdrew what, when and why.
    ReleaseEvents,
}

/// A column: name, type, nullability, what it holds.
pub struct Column {
    /// Its name in SQL.
    pub name: &'static str,
    /// Its Arrow type, one that Delta has.
    pub data_type: DataType,
    /// Whether it may be null.
    pub nullable: bool,
    /// What it holds, with its unit; one line.
    pub doc: &'static str,
}

const fn column(name: &'static str, data_type: DataType, nullable: bool, doc: &'static str) -> Column {
    Column { name, data_type, nullable, doc }
}

/// The column of a text of the payload.
fn text(name: &str) -> Column {
    let field = FIELDS.iter().find(|field| field.name == name).expect("a field of the payload");
    column(field.name, DataType::Utf8, true, field.doc)
}

/// The type of a moment: microseconds since the epoch, in UTC.
pub fn instant() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

fn exact() -> DataType {
    DataType::Decimal128(decimal::PRECISION, decimal::SCALE as i8)
}

impl Table {
    /// Every table, in the order in which a flush or a publication commits them.
    pub const ALL: [Self; 11] = [
        Self::CatalogVersions,
        Self::Refusals,
        Self::Submissions,
        Self::Events,
        Self::PublishedValues,
        Self::PublicationInputs,
        Self::PublicationLineage,
        Self::PublicationChanges,
        Self::PublicationRuns,
        Self::Publications,
        Self::ReleaseEvents,
    ];

    /// The tables that the aggregator feeds from the log, in commit order: `events` last.
    pub const FED: [Self; 3] = [Self::Refusals, Self::Submissions, Self::Events];

    /// Its name in SQL and its folder in the lake.
    pub fn name(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Submissions => "submissions",
            Self::Refusals => "refusals",
            Self::Publications => "publications",
            Self::PublishedValues => "published_values",
            Self::PublicationInputs => "publication_inputs",
            Self::PublicationRuns => "publication_runs",
            Self::CatalogVersions => "catalog_versions",
            Self::PublicationLineage => "publication_lineage",
            Self::PublicationChanges => "publication_changes",
            Self::ReleaseEvents => "release_events",
        }
    }

    /// What the table is, in one sentence.
    pub fn doc(self) -> &'static str {
        match self {
            Self::Events => "Every accepted event, once, for ever; revisions and withdrawals are rows of their own.",
            Self::Submissions => {
                "One row for each submission in the log: when it came, from whom, and what became of it."
            }
            Self::Refusals => "One row for each reason for which an event, a submission or a record was turned away.",
            Self::Publications => "One row for each publication: a frozen set of numbers, identified by its content.",
            Self::PublishedValues => "The numbers of each publication; join to publications, whose row commits them.",
            Self::PublicationInputs => "The events behind the numbers of each publication, each event once.",
            Self::PublicationRuns => "Every run of the roll-up, also those without news.",
            Self::CatalogVersions => "The files of every catalog that was ever used, by digest.",
            Self::PublicationLineage => "Which events stand behind each published number, in which role, by which way.",
            Self::PublicationChanges => {
                "Every number that a publication changes against the one it supersedes, with causes."
            }
            Self::ReleaseEvents => "The release workflow, event by event: who did what to which publication, and why.",
        }
    }

    /// The columns by which a Delta table's files are laid out in folders.
    pub fn partition_columns(self) -> &'static [&'static str] {
        match self {
            Self::Events => &["recorded_year"],
            _ => &[],
        }
    }

    /// Its columns in order.
    pub fn columns(self) -> Vec<Column> {
        use DataType::{Binary, Boolean, Date32, Int32, Int64, Utf8};
        let mut columns = match self {
            Self::Events => vec![
                column("topic", Utf8, false, "Address: topic of the log."),
                column("partition", Int32, false, "Address: partition of the topic."),
                column("offset", Int64, false, "Address: offset of the record (one submission) in the partition."),
                column("index", Int32, false, "Address: position of the event in the submission, from 0."),
                column("source", Utf8, false, "CloudEvents source: the feed that said it; belongs to one reporter."),
                column("id", Utf8, false, "CloudEvents id: unique within the source, for ever."),
                column(
                    "type",
                    Utf8,
                    false,
                    "CloudEvents type: helan.observation.reported.v1 or helan.observation.withdrawn.v1.",
                ),
                column("reporter", Utf8, false, "Id of the reporter whose credential sent it."),
                column("submission", Utf8, false, "Id of the submission it came in."),
                text("ref_area"),
                text("indicator"),
                text("time_period"),
                column("period_kind", Utf8, true, "Shape of time_period: A, S, Q, M, W, D, or R for a range."),
                column("period_start", Date32, true, "First day of time_period."),
                column("period_end", Date32, true, "Last day of time_period, inclusive."),
                column(
                    "value",
                    exact(),
                    true,
                    "The value as sent, in unit × 10^unit_mult; null with an obs_status that says why.",
                ),
                column("decimals", Int32, true, "Digits after the point as sent."),
                text("unit"),
                column("unit_mult", Int32, true, "Power of ten of the unit: 4 = 万, 8 = 亿."),
                column("amount", exact(), true, "value × 10^unit_mult, in the plain unit."),
                text("obs_status"),
                text("conf_status"),
                text("vintage"),
                text("basis"),
                column(
                    "recorded_at",
                    instant(),
                    false,
                    "When Helan recorded it: receipt, never earlier than its predecessor in the partition.",
                ),
                column(
                    "known_at",
                    instant(),
                    false,
                    "When it became known: published_at where given, else recorded_at.",
                ),
                column(
                    "content_digest",
                    Binary,
                    false,
                    "16 bytes over what the event says; equal ids with equal digests are repeats.",
                ),
                text("prepared_by"),
                text("reviewed_by"),
                text("approved_by"),
                text("evidence"),
                text("note"),
                text("withdraws"),
                Column { data_type: instant(), ..text("published_at") },
                column("received_at", instant(), false, "When ingest received the submission."),
                column("catalog", Utf8, false, "Digest of the catalog by which ingest judged it."),
                column("recorded_year", Int32, false, "Year of recorded_at in UTC; the files' folders."),
            ],
            Self::Submissions => vec![
                column(
                    "submission",
                    Utf8,
                    false,
                    "The submission's id: the Idempotency-Key, else a digest of its content.",
                ),
                column("reporter", Utf8, false, "Id of the reporter whose credential sent it."),
                column("source", Utf8, false, "CloudEvents source of all its events."),
                column("topic", Utf8, false, "Address: topic."),
                column("partition", Int32, false, "Address: partition."),
                column("offset", Int64, false, "Address: offset."),
                column("received_at", instant(), false, "When ingest received it."),
                column("recorded_at", instant(), false, "When Helan recorded it."),
                column(
                    "outcome",
                    Utf8,
                    false,
                    "accepted (some event was new), repeat (none was), refused (the reasons are in refusals).",
                ),
                column("events", Int32, false, "Events in the submission."),
                column("accepted", Int32, false, "Events that were new and are in events."),
                column("repeated", Int32, false, "Events that repeat accepted ones and were dropped."),
                column("catalog", Utf8, false, "Digest of the catalog by which ingest judged it."),
                column("bytes", Int64, false, "Size of the record's value."),
                column(
                    "content",
                    Utf8,
                    true,
                    "XXH3-128 of the canonical events: tells submissions of one id apart; null in older rows.",
                ),
                column(
                    "withdrawn",
                    Int32,
                    true,
                    "Of the repeats, those that their source withdrew before: they stay withdrawn; null in older rows.",
                ),
            ],
            Self::Refusals => vec![
                column(
                    "stage",
                    Utf8,
                    false,
                    "Who turned it away: ingest (never in the log as data) or aggregator (in the log).",
                ),
                column("code", Utf8, false, "Reason, one of the documented error codes."),
                column("reporter", Utf8, true, "Id of the reporter, where known."),
                column("source", Utf8, true, "CloudEvents source, where known."),
                column("id", Utf8, true, "CloudEvents id, where it is about one event."),
                column("submission", Utf8, true, "Id of the submission, where known."),
                column("topic", Utf8, false, "Address: topic of the record this row comes from."),
                column("partition", Int32, false, "Address: partition."),
                column("offset", Int64, false, "Address: offset."),
                column(
                    "index",
                    Int32,
                    true,
                    "Position of the event or row in the submission, from 0; null = the whole.",
                ),
                column("field", Utf8, true, "Field or column at fault."),
                column("message_zh", Utf8, true, "What is wrong, in Chinese."),
                column("message_en", Utf8, true, "What is wrong, in English."),
                column("recorded_at", instant(), false, "When Helan recorded the record."),
                column("bytes", Binary, true, "The record's first bytes, kept where they could not be decoded."),
            ],
            Self::Publications => vec![
                column(
                    "publication",
                    Utf8,
                    false,
                    "Id: digest of the content (values, inputs, catalog rows, queries, rules).",
                ),
                column("time_period", Utf8, false, "The period it is about."),
                column("supersedes", Utf8, true, "Id of the publication it corrects."),
                column("published_at", instant(), false, "When it was first published."),
                column("values", Int64, false, "Rows in published_values."),
                column("inputs", Int64, false, "Rows in publication_inputs."),
                column("values_digest", Utf8, false, "SHA-256 over the values."),
                column("inputs_digest", Utf8, false, "SHA-256 over (source, id, content digest) of the inputs."),
                column("catalog", Utf8, false, "Digest of the catalog."),
                column("queries_digest", Utf8, false, "SHA-256 over the SQL files, comments included: which build."),
                column("headline_zh", Utf8, true, "The result in one sentence, in Chinese."),
                column("headline_en", Utf8, true, "The result in one sentence, in English."),
                column(
                    "rules",
                    Utf8,
                    true,
                    "JSON object: view → SHA-256 of its rule, the SQL it rests on without comments; null in older ones.",
                ),
            ],
            Self::PublishedValues => vec![
                column("publication", Utf8, false, "Id of the publication."),
                column(
                    "answer",
                    Utf8,
                    false,
                    "Which view: that of a ratio which the catalog names, ratios (every other), quota_fulfilment, area_values.",
                ),
                column("ref_area", Utf8, false, "Area or group code."),
                column("indicator", Utf8, false, "Indicator id."),
                column("time_period", Utf8, false, "SDMX time period."),
                column("target_id", Utf8, true, "Target, in quota_fulfilment."),
                column("value", DataType::Decimal128(38, 10), true, "The number, unrounded to 10 digits."),
                column("status", Utf8, false, "Status of the value, or the verdict."),
                column("detail", Utf8, false, "The whole row as JSON, digits as strings."),
            ],
            Self::PublicationInputs => vec![
                column("publication", Utf8, false, "Id of the publication."),
                column("ref_area", Utf8, false, "Area of the input."),
                column("indicator", Utf8, false, "Indicator of the input."),
                column("time_period", Utf8, false, "Period of the input."),
                column("source", Utf8, false, "CloudEvents source of the event."),
                column("id", Utf8, false, "CloudEvents id of the event."),
                column("content_digest", Binary, false, "Digest of what the event says."),
                column("submission", Utf8, false, "Submission it came in."),
                column("reporter", Utf8, false, "Who sent it."),
                column("topic", Utf8, false, "Address: topic."),
                column("partition", Int32, false, "Address: partition."),
                column("offset", Int64, false, "Address: offset."),
            ],
            Self::PublicationRuns => vec![
                column("run", Utf8, false, "Id of the run (ULID)."),
                column(
                    "publication",
                    Utf8,
                    true,
                    "Id of the publication that it made or found again; null if it failed.",
                ),
                column("time_period", Utf8, false, "The period."),
                column("as_of", instant(), false, "T: what was known by then."),
                column("recorded", instant(), false, "R: what was recorded by then."),
                column("started_at", instant(), false, "When the run started."),
                column("finished_at", instant(), false, "When it ended."),
                column("outcome", Utf8, false, "published, unchanged or failed."),
                column("fresh", Boolean, false, "Whether it made a publication that was not there before."),
                column(
                    "offsets",
                    Utf8,
                    false,
                    "JSON: next offset of every partition of the events table that was read.",
                ),
                column("versions", Utf8, false, "JSON: version of every table that was read."),
                column("message", Utf8, true, "What went wrong."),
            ],
            Self::CatalogVersions => vec![
                column("catalog", Utf8, false, "Digest of the catalog: SHA-256 over its files."),
                column("catalog_id", Utf8, false, "The catalog's id, such as ningxia-2018."),
                column("file", Utf8, false, "File name."),
                column("content", Utf8, false, "The file's text."),
                column(
                    "recorded_at",
                    instant(),
                    false,
                    "When it came into use with this lake; a catalog that is returned to stands here once for each use.",
                ),
            ],
            Self::PublicationLineage => vec![
                column("publication", Utf8, false, "Id of the publication."),
                column("answer", Utf8, false, "Which view the number is from; see published_values."),
                column("target_id", Utf8, true, "Target, in quota_fulfilment."),
                column("ref_area", Utf8, false, "Area or group of the number."),
                column("indicator", Utf8, false, "Indicator of the number."),
                column("time_period", Utf8, false, "Time period of the number."),
                column(
                    "role",
                    Utf8,
                    false,
                    "value, numerator, denominator, part, cross_check, coverage, status or reading; see lineage.",
                ),
                column("input_area", Utf8, false, "Area of the event."),
                column("input_indicator", Utf8, false, "Indicator of the event."),
                column("input_period", Utf8, false, "Time period of the event."),
                column("via", Utf8, false, "From the number's area to the event's, joined by >."),
                column("source", Utf8, false, "CloudEvents source of the event."),
                column("id", Utf8, false, "CloudEvents id of the event."),
            ],
            Self::PublicationChanges => vec![
                column("publication", Utf8, false, "Id of the publication."),
                column("supersedes", Utf8, false, "Id of the publication that it corrects."),
                column("answer", Utf8, false, "Which view the number is from; see published_values."),
                column("target_id", Utf8, true, "Target, in quota_fulfilment."),
                column("ref_area", Utf8, false, "Area or group of the number."),
                column("indicator", Utf8, false, "Indicator of the number."),
                column("time_period", Utf8, false, "Time period of the number."),
                column("change", Utf8, false, "changed, added or removed."),
                column("value_before", DataType::Decimal128(38, 10), true, "The number in the superseded publication."),
                column("value_after", DataType::Decimal128(38, 10), true, "The number in this one."),
                column("status_before", Utf8, true, "Status or verdict in the superseded publication."),
                column("status_after", Utf8, true, "Status or verdict in this one."),
                column(
                    "causes",
                    Utf8,
                    false,
                    "One or more of new_report, revised_report, withdrawn_report, moved_area, changed_target, \
                     changed_rule, changed_catalog, passed_time, joined by a comma.",
                ),
                column("events_before", Utf8, true, "Events behind it before and no longer: source id, joined by ;."),
                column("events_after", Utf8, true, "Events behind it now and not before: source id, joined by ;."),
            ],
            Self::ReleaseEvents => vec![
                column("id", Utf8, false, "Id of the event (ULID)."),
                column(
                    "type",
                    Utf8,
                    false,
                    "helan.release.reviewed.v1, .approved.v1, .embargoed.v1, .released.v1, .returned.v1, .withdrawn.v1, \
                     helan.period.closed.v1 or .reopened.v1.",
                ),
                column("publication", Utf8, true, "Id of the publication it is about; null where about a period."),
                column("time_period", Utf8, false, "The period."),
                column("recorded_at", instant(), false, "When Helan recorded it."),
                column("actor", Utf8, false, "Id of the credential of who did it."),
                column("role", Utf8, false, "Role of that credential."),
                column("why", Utf8, false, "The reason given."),
                column("embargo_until", instant(), true, "Embargoes: when it may be released at the earliest."),
                column("sequence", Int64, false, "Number of the event within its period, from 1, without gaps."),
            ],
        };
        if self == Self::Events {
            columns.extend(FIELDS.iter().filter(|field| field.is_later()).map(|field| text(field.name)));
        }
        columns
    }

    /// Rows of the table from columns by name, in any order. Columns that may be null may be left out.
    ///
    /// # Errors
    /// If a column does not fit the table, or one is missing that must not be null.
    pub fn rows<'n>(self, columns: impl IntoIterator<Item = (&'n str, ArrayRef)>) -> Result<RecordBatch, ArrowError> {
        let mut columns: BTreeMap<&str, ArrayRef> = columns.into_iter().collect();
        let rows = columns.values().next().map_or(0, |column| column.len());
        let schema = self.schema();
        let of_table = schema.fields().iter().map(|field| {
            let missing = || new_null_array(field.data_type(), rows);
            columns.remove(field.name().as_str()).unwrap_or_else(missing)
        });
        let of_table = of_table.collect();
        match columns.keys().next() {
            Some(other) => Err(ArrowError::SchemaError(format!("{} has no column {other}", self.name()))),
            None => RecordBatch::try_new(schema, of_table),
        }
    }

    /// Rows that have the table's columns by name, in its order and types: as they are written.
    ///
    /// # Errors
    /// As [`Table::rows`].
    pub fn aligned(self, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        let schema = batch.schema();
        self.rows(schema.fields().iter().map(|field| field.name().as_str()).zip(batch.columns().iter().cloned()))
    }

    /// The tables that a topic feeds, in commit order.
    pub fn fed_by(topic: &str) -> &'static [Self] {
        if topics::holds_refusals(topic) { &[Self::Refusals] } else { &Self::FED }
    }

    /// The Arrow schema, column docs as field metadata under `comment`.
    pub fn schema(self) -> SchemaRef {
        let fields = self.columns().into_iter().map(|column| {
            Field::new(column.name, column.data_type, column.nullable)
                .with_metadata([("comment".to_owned(), column.doc.to_owned())].into())
        });
        Arc::new(Schema::new(fields.collect::<Vec<_>>()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_every_column_is_described() {
        for table in Table::ALL {
            let mut names: Vec<_> = table.columns().iter().map(|column| column.name).collect();
            assert!(table.columns().iter().all(|column| column.doc.ends_with(['.', '…'])), "{}", table.name());
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), table.columns().len(), "{}", table.name());
            assert!(table.partition_columns().iter().all(|name| names.contains(name)));
        }
    }
}
