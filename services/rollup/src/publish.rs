//! Publications: values and inputs first, the row in `publications` last; it is the commit point.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, Int64Array, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::Int64Type;
use arrow::record_batch::RecordBatch;
use helan_lake::{CommitError, Lake};
use helan_query::desk::Pinned;
use helan_runtime::clock::Clock;
use helan_schemas::catalog::Catalog;
use helan_schemas::digest::sha256_hex;
use helan_schemas::tables::Table;
use serde_json::json;
use tracing::Instrument;

use crate::Outcome;
use crate::answers::Answers;
use crate::catalog::remember_catalog;
use crate::changes::{Change, Side, compare};
use crate::error::RollupError;
use crate::frozen::{Frozen, day_of};
use crate::rules::Rules;
use crate::{catalog_rows, current, table_rows};

/// Attempts of a commit that conflicts with others.
const TRIES: usize = 5;

/// One publishing run.
pub(crate) struct Run<'r> {
    pub(crate) lake: &'r Lake,
    pub(crate) session: &'r Pinned,
    pub(crate) catalog: &'r Catalog,
    pub(crate) clock: &'r Clock,
    pub(crate) as_of: i64,
    pub(crate) started: i64,
    /// The moment of a schedule for which it runs.
    pub(crate) due: Option<i64>,
}

/// The id of a publication: a digest of its content and of what it was computed by. Of the catalog those rows count
/// that are known as of T: a row that comes to be known later makes no other publication of the past. Of the SQL the
/// rules count that feed it.
pub(crate) fn id_of(answers: &Answers, period: &str, catalog: &Catalog, as_of: i64) -> String {
    let (values, inputs) = (answers.values_digest(), answers.inputs_digest());
    let rules = Rules::of(catalog).name(&answers.values);
    let catalog = catalog_rows::digest(catalog, day_of(as_of, catalog));
    let parts = [period, &values, &inputs, &catalog, &rules];
    sha256_hex(&parts.map(str::as_bytes))[..32].to_owned()
}

impl Run<'_> {
    /// Publishes what was computed, or finds that nothing is new; returns the outcome with id and freshness.
    pub(crate) async fn publish(&self, answers: &Answers, outcome: Outcome) -> Result<Outcome, RollupError> {
        remember_catalog(self.lake, self.catalog, self.started).await?;
        let id = id_of(answers, &outcome.period, self.catalog, self.as_of);
        // A later build names the same figures otherwise, because its rules are others: they stay what they are.
        let before = current::before(self.session, &outcome.period, self.as_of).await?;
        if let Some(before) = before.filter(|before| *before != id) {
            let day = day_of(self.as_of, self.catalog);
            if Frozen::read(self.session, &before).await?.says_as(answers, self.catalog, day) {
                return Ok(Outcome { publication: Some(before), fresh: false, ..outcome });
            }
        }
        let span = tracing::debug_span!("publish", publication = id);
        let fresh = self.commit(&id, answers, &outcome).instrument(span).await?;
        Ok(Outcome { publication: Some(id), fresh, ..outcome })
    }

    /// Adds the row that says how the run ended, also where it failed before there was anything to publish.
    pub(crate) async fn record(&self, period: &str, ended: &Result<Outcome, RollupError>) -> Result<(), RollupError> {
        let (name, publication, message) = match ended {
            Ok(outcome) if outcome.fresh => ("published", outcome.publication.as_deref(), None),
            Ok(outcome) => ("unchanged", outcome.publication.as_deref(), None),
            Err(error) => ("failed", None, Some(error.to_string())),
        };
        // A run may have failed because events cannot be read; then it is not known either which were.
        let offsets = match self.offsets().await {
            Err(_) if ended.is_err() => Default::default(),
            offsets => offsets?,
        };
        let run = self.clock.new_id();
        let versions: serde_json::Map<_, _> =
            self.session.versions().iter().map(|version| (version.table.to_owned(), json!(version.version))).collect();
        let text = |value: &str| Arc::new(StringArray::from(vec![value])) as ArrayRef;
        let columns = [
            ("run", text(&run)),
            ("publication", Arc::new(StringArray::from(vec![publication]))),
            ("time_period", text(period)),
            ("as_of", instant(self.as_of)),
            ("recorded", instant(self.session.now())),
            ("started_at", instant(self.started)),
            ("finished_at", instant(self.clock.now())),
            ("outcome", text(name)),
            ("fresh", Arc::new(BooleanArray::from(vec![name == "published"]))),
            ("offsets", text(&json!(offsets).to_string())),
            ("versions", text(&serde_json::Value::Object(versions).to_string())),
            ("message", Arc::new(StringArray::from(vec![message]))),
        ];
        let rows = Table::PublicationRuns.rows(columns)?;
        let app_id = match self.due {
            // Whoever else finds nothing new for this moment has said so already.
            Some(due) if name == "unchanged" => format!("helan/schedule/{period}/{due}"),
            _ => format!("helan/run/{run}"),
        };
        append_once(self.lake, Table::PublicationRuns, &app_id, rows).await?;
        Ok(())
    }

    async fn commit(&self, id: &str, answers: &Answers, outcome: &Outcome) -> Result<bool, RollupError> {
        let app_id = format!("helan/publication/{id}");
        if self.lake.snapshot(Table::Publications).await?.txn(&app_id).await?.is_some() {
            return Ok(false);
        }
        append_once(self.lake, Table::PublishedValues, &app_id, table_rows::of_values(id, &answers.values)?).await?;
        append_once(self.lake, Table::PublicationInputs, &app_id, table_rows::of_inputs(id, &answers.inputs)?).await?;
        append_once(self.lake, Table::PublicationLineage, &app_id, table_rows::of_links(id, &answers.links)?).await?;
        let supersedes = current::before(self.session, &outcome.period, self.as_of).await?;
        if let Some(superseded) = &supersedes {
            let changes = self.changes(superseded, answers).await?;
            append_once(
                self.lake,
                Table::PublicationChanges,
                &app_id,
                table_rows::of_changes(id, superseded, &changes)?,
            )
            .await?;
        }
        let text = |value: &str| Arc::new(StringArray::from(vec![value])) as ArrayRef;
        let count = |value: usize| Arc::new(Int64Array::from(vec![value as i64])) as ArrayRef;
        let columns = [
            ("publication", text(id)),
            ("time_period", text(&outcome.period)),
            ("supersedes", Arc::new(StringArray::from(vec![supersedes]))),
            ("published_at", instant(self.clock.now())),
            ("values", count(answers.values.len())),
            ("inputs", count(answers.inputs.len())),
            ("values_digest", text(&answers.values_digest())),
            ("inputs_digest", text(&answers.inputs_digest())),
            ("catalog", text(&self.catalog.digest)),
            ("queries_digest", text(&helan_queries::digest())),
            ("headline_zh", text(&outcome.headline_zh)),
            ("headline_en", text(&outcome.headline_en)),
            ("rules", text(&Rules::of(self.catalog).to_json())),
        ];
        let rows = Table::Publications.rows(columns)?;
        append_once(self.lake, Table::Publications, &app_id, rows).await
    }

    /// What the answers change against the publication that they correct.
    async fn changes(&self, superseded: &str, answers: &Answers) -> Result<Vec<Change>, RollupError> {
        let before = Frozen::read(self.session, superseded).await?;
        let rules = Rules::of(self.catalog);
        let after = Side {
            values: &answers.values,
            inputs: &answers.inputs,
            links: &answers.links,
            catalog: self.catalog,
            day: day_of(self.as_of, self.catalog),
            rules: &rules,
        };
        Ok(compare(&before.side(), &after))
    }

    /// For each partition the offset below which lie all events that were read: `TOPIC/PARTITION` → next offset.
    async fn offsets(&self) -> Result<std::collections::BTreeMap<String, i64>, RollupError> {
        let text = "select topic || '/' || cast(\"partition\" as varchar), max(\"offset\") + 1 from events group by 1";
        let mut offsets = std::collections::BTreeMap::new();
        for batch in self.session.rows(text).await? {
            let names = arrow::compute::cast(batch.column(0), &arrow::datatypes::DataType::Utf8)?;
            let next = batch.column(1).as_primitive::<Int64Type>();
            for row in 0..batch.num_rows() {
                offsets.insert(names.as_string::<i32>().value(row).to_owned(), next.value(row));
            }
        }
        Ok(offsets)
    }
}

/// Adds rows under an application id, once; false if they were there.
pub(crate) async fn append_once(
    lake: &Lake,
    table: Table,
    app_id: &str,
    rows: RecordBatch,
) -> Result<bool, RollupError> {
    let mut tries = 0;
    loop {
        let snapshot = lake.snapshot(table).await?;
        if snapshot.txn(app_id).await?.is_some() {
            return Ok(false);
        }
        match lake.append(&snapshot, vec![rows.clone()], vec![(app_id.to_owned(), 1)]).await {
            Ok(_) => return Ok(true),
            // Somebody else has just written the same content under the same id.
            Err(CommitError::Fenced(_)) => return Ok(false),
            Err(CommitError::Retry(error)) if tries < TRIES => {
                tracing::warn!(%error, table = table.name(), "commit is tried again");
                tries += 1;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

fn instant(microseconds: i64) -> ArrayRef {
    Arc::new(TimestampMicrosecondArray::from(vec![microseconds]).with_timezone("UTC"))
}
