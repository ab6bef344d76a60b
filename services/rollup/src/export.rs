//! A publication, or the lake as it is, taken out: one table for programs, a workbook for readers, SDMX for exchange.

mod sdmx;
mod table;
mod workbook;

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use helan_lake::Lake;
use helan_query::desk::Pinned;
use helan_schemas::catalog::Catalog;
use helan_schemas::period::Period;

use crate::answers::{Answers, Value};
use crate::error::RollupError;
use crate::frozen::Frozen;
use crate::lineage::{Input, Link};
use crate::release;
use crate::release::state::State;

/// What is to be taken out.
#[derive(Clone, Debug)]
pub struct ExportRequest {
    /// A publication: an id, its beginning, or `latest`; none = the lake as it is now.
    pub publication: Option<String>,
    /// T where no publication is named; none = now.
    pub as_of: Option<String>,
    /// The period where no publication is named; none = the catalog's.
    pub period: Option<String>,
    /// Whether a publication under embargo is meant: without it, it is held back.
    pub embargoed: bool,
}

/// Everything that an export holds, read once.
pub struct Export {
    /// The publication; none where live.
    pub publication: Option<String>,
    /// The period.
    pub time_period: String,
    /// T, microseconds since the epoch.
    pub as_of: i64,
    pub(crate) catalog: Arc<Catalog>,
    /// Where the publication stood in the release workflow; none where live.
    pub(crate) state: Option<State>,
    pub(crate) headline: (String, String),
    pub(crate) rows: Vec<Row>,
    pub(crate) inputs: Vec<Input>,
    pub(crate) links: Vec<Link>,
}

/// A published value with the fields of its row.
pub(crate) struct Row {
    pub(crate) value: Value,
    detail: BTreeMap<String, serde_json::Value>,
}

impl Row {
    fn new(value: Value) -> Self {
        let detail = serde_json::from_str(&value.detail).unwrap_or_default();
        Self { value, detail }
    }

    /// A field of the published row, as its text.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.detail.get(name).and_then(serde_json::Value::as_str)
    }

    /// As [`Row::field`], of an area's parts, else of a group's members, which have columns of their own.
    pub(crate) fn of_parts(&self, name: &str) -> Option<&str> {
        let of_members = || self.field(&format!("members_{}", name.strip_prefix("parts_").unwrap_or(name)));
        self.field(name).or_else(of_members)
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        self.field(name) == Some("true")
    }

    /// The value, where it is that of the whole area and period: what stands as the figure in every export.
    pub(crate) fn whole(&self) -> Option<i128> {
        self.value.value.filter(|_| !self.is_part())
    }

    /// What is known so far, where that is not the whole.
    pub(crate) fn part(&self) -> Option<i128> {
        self.value.value.filter(|_| self.is_part())
    }

    /// Whether areas or months are missing, or only an earlier day is known. Beside a target stands its verdict; how the
    /// value was got is a field of its own.
    fn is_part(&self) -> bool {
        matches!(self.field("status").unwrap_or(&self.value.status), "partial" | "carried")
    }
}

impl Export {
    /// Reads a publication, or computes the answers of now.
    ///
    /// # Errors
    /// [`RollupError::Asked`] where the publication does not exist or a moment or period cannot be read;
    /// [`RollupError::Embargoed`] where it is held back and the request does not say that this is meant.
    pub async fn read(
        lake: &Lake,
        catalog: Option<Arc<Catalog>>,
        request: &ExportRequest,
    ) -> Result<Self, RollupError> {
        let session = Pinned::open(lake, catalog).await?;
        match &request.publication {
            Some(word) => Self::published(&session, word, request.embargoed).await,
            None => Self::live(&session, request).await,
        }
    }

    async fn published(session: &Pinned, word: &str, embargoed: bool) -> Result<Self, RollupError> {
        let id = crate::current::resolve(session, word).await?;
        let state = release::state_of(session, &id).await?;
        match state {
            State::Embargoed(until) if until > session.now() && !embargoed => {
                return Err(RollupError::Embargoed { publication: id, until });
            }
            _ => {}
        }
        let made = crate::reproduce::find(session, &id).await?;
        let frozen = Frozen::read(session, &id).await?;
        let headline = format!("select headline_zh, headline_en from publications where publication = '{id}'");
        let headline = crate::rows::maps(&session.rows(&headline).await?)?;
        let text = |name: &str| headline.first().and_then(|row| row.get(name)).cloned().unwrap_or_default();
        let (values, inputs, links, catalog) = frozen.into_parts();
        Ok(Self {
            publication: Some(id),
            time_period: made.period.to_string(),
            as_of: made.as_of,
            catalog: Arc::new(catalog),
            state: Some(state),
            headline: (text("headline_zh"), text("headline_en")),
            rows: values.into_iter().map(Row::new).collect(),
            inputs,
            links,
        })
    }

    async fn live(session: &Pinned, request: &ExportRequest) -> Result<Self, RollupError> {
        let catalog = session.catalog().clone();
        let text = request.period.clone().unwrap_or_else(|| catalog.head.default_period.clone());
        let period = Period::parse(&text)
            .map_err(|error| RollupError::Asked(format!("--period {text:?} {error}; write 2018, 2018-Q2, 2018-06")))?;
        let as_of = match &request.as_of {
            Some(text) => session.moment(text)?,
            None => session.now(),
        };
        let answers = Answers::compute(session, &period, as_of, None).await?;
        let headline = crate::headline::of(&catalog, &answers.quota)?;
        Ok(Self {
            publication: None,
            time_period: period.to_string(),
            as_of,
            catalog,
            state: None,
            headline,
            rows: answers.values.into_iter().map(Row::new).collect(),
            inputs: answers.inputs,
            links: answers.links,
        })
    }

    /// The values as one table, publication and T in every row.
    ///
    /// # Errors
    /// If the columns cannot be built.
    pub fn table(&self) -> Result<RecordBatch, RollupError> {
        table::of(self)
    }

    /// A workbook to read and print, in Chinese or English.
    ///
    /// # Errors
    /// If the workbook cannot be built.
    pub fn workbook(&self, chinese: bool) -> Result<Vec<u8>, RollupError> {
        workbook::of(self, chinese)
            .map_err(|error| RollupError::Asked(format!("the workbook cannot be written: {error}")))
    }

    /// SDMX-CSV 2.0, to be read with [`Export::sdmx_structure`].
    ///
    /// # Errors
    /// If a row cannot be written.
    pub fn sdmx_csv(&self) -> Result<String, RollupError> {
        sdmx::data(self)
    }

    /// The structure of [`Export::sdmx_csv`] as an SDMX-JSON 2.0.0 structure message: codelists, concepts, data
    /// structure and dataflow.
    pub fn sdmx_structure(&self) -> String {
        sdmx::structure(self)
    }

    /// Name of the state in which the publication was when it was taken out.
    pub(crate) fn state_code(&self) -> Option<&'static str> {
        self.state.as_ref().map(State::code)
    }

    /// When the embargo ends under which the publication was taken out.
    pub(crate) fn embargo_until(&self) -> Option<i64> {
        match self.state {
            Some(State::Embargoed(until)) => Some(until),
            _ => None,
        }
    }

    /// Area or group → names, the latest where a code was used again.
    pub(crate) fn place(&self, code: &str) -> (&str, &str) {
        let area = self.catalog.areas.iter().rev().find(|area| area.code == code);
        let group = self.catalog.groups.iter().rev().find(|group| group.group_id == code);
        match (area, group) {
            (Some(area), _) => (&area.name_zh, &area.name_en),
            (_, Some(group)) => (&group.name_zh, &group.name_en),
            _ => ("", ""),
        }
    }

    pub(crate) fn indicator(&self, id: &str) -> Option<&helan_schemas::catalog::Indicator> {
        self.catalog.indicators.iter().rev().find(|indicator| indicator.indicator == id)
    }
}
