//! Where questions go: the lake itself, or a running instance.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use helan_lake::Lake;
use helan_query::Session;
use helan_query::desk::{Desk, Moment, Question};
use helan_query::http::TableEntry;
use helan_runtime::clock::Clock;
use helan_schemas::catalog::Catalog;

use super::remote::Remote;

/// T and R of the names without `_as_of`, as their user wrote them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Moments {
    pub(crate) as_of: Option<String>,
    pub(crate) recorded: Option<String>,
}

/// Rows to come. Dropping it ends the query.
pub(crate) struct Answer {
    pub(crate) schema: SchemaRef,
    /// Which version of every table is read: `events=12, submissions=9, …`.
    pub(crate) versions: String,
    pub(crate) rows: BoxStream<'static, anyhow::Result<RecordBatch>>,
}

/// Where questions go. Clones share it.
#[derive(Clone)]
pub(crate) enum Source {
    /// The lake's own files.
    Lake(Desk),
    /// `/v1/sql` of a running instance.
    Remote(Remote),
    /// No lake yet: its tables are described, nothing is asked.
    Nothing(Session),
}

impl Source {
    /// The lake, by its own catalog or one that is given.
    pub(crate) fn lake(lake: &Lake, catalog: Option<Arc<Catalog>>) -> anyhow::Result<Self> {
        Ok(Self::Lake(Desk::own(lake, catalog)?))
    }

    /// Tables of a lake that is not there yet, to be described.
    pub(crate) fn nothing(catalog: Arc<Catalog>) -> anyhow::Result<Self> {
        Ok(Self::Nothing(Session::in_memory(catalog, BTreeMap::new(), Clock::system().now())?))
    }

    /// Asks one statement. Each reads the newest version of every table.
    pub(crate) async fn ask(&self, text: &str, moments: &Moments) -> anyhow::Result<Answer> {
        match self {
            Self::Lake(desk) => {
                let Moments { as_of, recorded } = moments.clone();
                let (as_of, recorded) = (as_of.map(Moment::Written), recorded.map(Moment::Written));
                let question = Question { text: text.to_owned(), as_of, recorded, ..Question::default() };
                let answer = desk.ask(&"".into(), question).await?;
                let versions = answer.provenance.table_versions();
                let rows = answer.rows.into_stream().map_err(anyhow::Error::from);
                Ok(Answer { schema: answer.schema, versions, rows: rows.boxed() })
            }
            Self::Remote(remote) => remote.ask(text, moments).await,
            Self::Nothing(_) => anyhow::bail!("there is no lake yet"),
        }
    }

    /// Every table, view and table function.
    pub(crate) async fn tables(&self) -> anyhow::Result<Vec<TableEntry>> {
        match self {
            Self::Lake(desk) => Ok(desk.tables().await?.into_iter().map(TableEntry::from).collect()),
            Self::Remote(remote) => remote.tables().await,
            Self::Nothing(session) => Ok(session.tables().into_iter().map(TableEntry::from).collect()),
        }
    }

    /// Refuses a moment that cannot be read, before anything is asked as of it.
    pub(crate) async fn check(&self, moments: &Moments) -> anyhow::Result<()> {
        self.ask("select 1", moments).await.map(drop)
    }
}
