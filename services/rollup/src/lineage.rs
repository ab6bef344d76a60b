//! Which events stand behind which published value: precisely, figure by figure.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::AsArray;
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use helan_query::desk::Pinned;
use helan_schemas::catalog::Catalog;
use helan_schemas::period::Period;

use crate::answers::{Key, TARGETS, VALUES, Value, ratio_answer};
use crate::error::RollupError;
use crate::rows::{self, Texts};

/// One event behind the values, once however many it stands behind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Input {
    pub(crate) source: String,
    pub(crate) id: String,
    pub(crate) content_digest: Vec<u8>,
    pub(crate) ref_area: String,
    pub(crate) indicator: String,
    pub(crate) time_period: String,
    pub(crate) submission: String,
    pub(crate) reporter: String,
    pub(crate) topic: String,
    pub(crate) partition: i32,
    pub(crate) offset: i64,
}

/// One event behind one value, in one role and by one way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Link {
    pub(crate) key: Key,
    pub(crate) role: String,
    pub(crate) input_area: String,
    pub(crate) input_indicator: String,
    pub(crate) input_period: String,
    pub(crate) via: String,
    pub(crate) source: String,
    pub(crate) id: String,
}

/// The lineage of a set of values.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lineage {
    pub(crate) inputs: Vec<Input>,
    pub(crate) links: Vec<Link>,
}

const TEXTS: [&str; 14] = [
    "figure",
    "target_id",
    "ref_area",
    "indicator",
    "time_period",
    "role",
    "input_area",
    "input_indicator",
    "input_period",
    "via",
    "source",
    "id",
    "submission",
    "reporter",
];

impl Lineage {
    /// Reads what stands behind the values of a period, in one order.
    pub(crate) async fn read(
        session: &Pinned,
        period: &Period,
        as_of: i64,
        recorded: Option<i64>,
        values: &[Value],
    ) -> Result<Self, RollupError> {
        let published: BTreeSet<&Key> = values.iter().map(|value| &value.key).collect();
        let text = format!(
            "select figure, target_id, ref_area, indicator, time_period, role, input_area, input_indicator, \
             input_period, via, source, id, submission, reporter, content_digest, topic, \"partition\", \"offset\" \
             from lineage where time_period = '{period}' or time_period is null"
        );
        let (mut inputs, mut links) = (BTreeMap::new(), BTreeSet::new());
        for batch in session.rows_as_of(&text, as_of, recorded).await? {
            read_batch(&batch, session.catalog(), &published, &mut inputs, &mut links)?;
        }
        Ok(Self { inputs: inputs.into_values().collect(), links: links.into_iter().collect() })
    }
}

fn read_batch(
    batch: &RecordBatch,
    catalog: &Catalog,
    published: &BTreeSet<&Key>,
    inputs: &mut BTreeMap<(String, String), Input>,
    links: &mut BTreeSet<Link>,
) -> Result<(), RollupError> {
    let texts = Texts::of(batch, &TEXTS)?;
    let topic = rows::text(rows::column(batch, "topic")?)?;
    let digest = cast(rows::column(batch, "content_digest")?, &DataType::Binary)?;
    let (partition, offset) = (rows::integers(batch, "partition")?, rows::integers(batch, "offset")?);
    for row in 0..batch.num_rows() {
        let text = |name: &str| texts.must(name, row);
        let indicator = text("indicator");
        let answer = match text("figure").as_str() {
            "target" => TARGETS,
            "value" => VALUES,
            _ => ratio_answer(&indicator, catalog),
        };
        let key = Key {
            answer: answer.to_owned(),
            target_id: texts.get("target_id", row),
            ref_area: text("ref_area"),
            indicator,
            time_period: text("time_period"),
        };
        if !published.contains(&key) {
            continue;
        }
        let (source, id) = (text("source"), text("id"));
        inputs.entry((source.clone(), id.clone())).or_insert_with(|| Input {
            source: source.clone(),
            id: id.clone(),
            content_digest: digest.as_binary::<i32>().value(row).to_vec(),
            ref_area: text("input_area"),
            indicator: text("input_indicator"),
            time_period: text("input_period"),
            submission: text("submission"),
            reporter: text("reporter"),
            topic: rows::at(&topic, row).unwrap_or_default(),
            partition: partition[row].and_then(|number| i32::try_from(number).ok()).unwrap_or_default(),
            offset: offset[row].unwrap_or_default(),
        });
        links.insert(Link {
            key,
            role: text("role"),
            input_area: text("input_area"),
            input_indicator: text("input_indicator"),
            input_period: text("input_period"),
            via: text("via"),
            source,
            id,
        });
    }
    Ok(())
}
