//! Where questions go: the lake itself, or a running instance.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use futures::StreamExt;
use futures::stream::BoxStream;
use helan_lake::Lake;
use helan_query::http::TableEntry;
use helan_query::{Question, Session, Sessions, Terms, Watch};
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
    pub(crate) rows: BoxStream<'static, anyhow::Result<RecordBatch>>,
}

/// Where questions go. Clones share it.
#[derive(Clone)]
pub(crate) enum Source {
    /// The lake's own files.
    Lake(Arc<Sessions>),
    /// `/v1/sql` of a running instance.
    Remote(Remote),
    /// No lake yet: its tables are described, nothing is asked.
    Nothing(Session),
}

/// Ends a plan with whoever waits for it.
struct Ending(Arc<Watch>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl Source {
    /// The lake, by its own catalog or one that is given.
    pub(crate) fn lake(lake: Lake, catalog: Option<Arc<Catalog>>) -> Self {
        Self::Lake(Arc::new(Sessions::new(lake, catalog, Clock::system(), Arc::default())))
    }

    /// Tables of a lake that is not there yet, to be described.
    pub(crate) fn nothing(catalog: Arc<Catalog>) -> anyhow::Result<Self> {
        Ok(Self::Nothing(Session::in_memory(catalog, BTreeMap::new(), Clock::system().now())?))
    }

    /// Asks one statement. Each reads the newest version of every table.
    pub(crate) async fn ask(&self, text: &str, moments: &Moments) -> anyhow::Result<Answer> {
        match self {
            Self::Lake(sessions) => {
                let current = sessions.current().await?;
                let moment =
                    |text: &Option<String>| text.as_deref().map(|text| current.session.moment(text)).transpose();
                let question = Question {
                    text: text.to_owned(),
                    as_of: moment(&moments.as_of)?,
                    recorded: moment(&moments.recorded)?,
                };
                let watch = Arc::<Watch>::default();
                let ending = Ending(watch.clone());
                let terms = Terms { memory: Arc::default(), watch, stranger: false };
                let stream = current.session.ask(&question, terms).await?.execute_stream().await?;
                let schema = stream.schema();
                let rows = stream.map(move |batch| {
                    // Lives as long as the stream does.
                    let _ = &ending;
                    batch.map_err(anyhow::Error::from)
                });
                Ok(Answer { schema, rows: rows.boxed() })
            }
            Self::Remote(remote) => remote.ask(text, moments).await,
            Self::Nothing(_) => anyhow::bail!("there is no lake yet"),
        }
    }

    /// Every table, view and table function.
    pub(crate) async fn tables(&self) -> anyhow::Result<Vec<TableEntry>> {
        match self {
            Self::Lake(sessions) => {
                let current = sessions.current().await?;
                Ok(current.session.tables().into_iter().map(TableEntry::from).collect())
            }
            Self::Remote(remote) => remote.tables().await,
            Self::Nothing(session) => Ok(session.tables().into_iter().map(TableEntry::from).collect()),
        }
    }

    /// Refuses a moment that cannot be read, before anything is asked as of it.
    pub(crate) async fn check(&self, moments: &Moments) -> anyhow::Result<()> {
        self.ask("select 1", moments).await.map(drop)
    }
}
