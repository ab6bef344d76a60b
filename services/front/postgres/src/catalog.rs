//! The catalogs of PostgreSQL, as far as tools ask them: `pg_catalog` and `information_schema` over what there is to ask.
//!
//! They are tables in memory beside the lake's, planned and bounded like any other question. What a tool asks of them is
//! written for PostgreSQL's planner; [`rewrite`] says the same for ours. Texts that name no catalog are left as they are.

mod functions;
mod keywords;
mod relations;
mod rewrite;
mod rows;
mod system;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use helan_query::desk::{Desk, Unanswered};
use helan_query::{Beside, TableDoc};
use tokio::time::Instant;

use crate::settings::Settings;
use helan_connections::Lang;

pub(crate) use self::rewrite::rewrite;
use self::rows::Schema;

/// How long what was made of the docs is kept.
const KEPT: Duration = Duration::from_secs(30);

/// The catalogs, made when they are first asked. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Catalogs(Arc<Mutex<[Option<MadeAt>; 2]>>);

/// When, and what.
type MadeAt = (Instant, Arc<Relations>);

/// What there is to ask, with the numbers by which tools know it.
pub(crate) struct Relations {
    pub(crate) docs: Vec<TableDoc>,
    lang: Lang,
    schemas: Vec<(&'static str, Arc<Schema>)>,
}

/// The number of the first relation, and of the first function: those below are PostgreSQL's own.
const FIRST_RELATION: i64 = 16_384;
const FIRST_FUNCTION: i64 = 65_536;
/// The schema of what there is to ask.
const PUBLIC: i64 = 2_200;
const PG_CATALOG: i64 = 11;
const INFORMATION_SCHEMA: i64 = 13_000;
/// The one owner, and who asks.
const OWNER: i64 = 10;
const ASKER: i64 = 11_000;
const DATABASE: i64 = 5;
/// The catalogs that descriptions are of.
const PG_CLASS: i64 = 1_259;
const PG_PROC: i64 = 1_255;

impl Relations {
    /// Tables and views, with their numbers.
    fn relations(&self) -> impl Iterator<Item = (i64, &TableDoc)> {
        (FIRST_RELATION..).zip(self.docs.iter().filter(|doc| doc.kind != "function"))
    }

    /// Table functions, with their numbers.
    fn functions(&self) -> impl Iterator<Item = (i64, &TableDoc)> {
        (FIRST_FUNCTION..).zip(self.docs.iter().filter(|doc| doc.kind == "function"))
    }

    fn text<'a>(&self, zh: &'a str, en: &'a str) -> &'a str {
        if self.lang == Lang::Zh { zh } else { en }
    }
}

impl Catalogs {
    /// What a question of a connection is offered beside the lake.
    pub(crate) async fn beside(&self, desk: &Desk, settings: &Settings, pid: i32) -> Result<Arc<Beside>, Unanswered> {
        let relations = self.relations(desk, settings.lang()).await?;
        let functions = functions::all(&relations, settings, pid);
        let schemas = relations.schemas.iter().map(|(name, schema)| {
            let mut tables = schema.0.clone();
            if *name == "pg_catalog" {
                tables.extend(system::of_connection(settings)?);
            }
            Ok((*name, Arc::new(Schema(tables)) as _))
        });
        let failed = |error: datafusion::error::DataFusionError| Unanswered::Failed(error.to_string());
        let schemas = schemas.collect::<Result<_, _>>().map_err(failed)?;
        Ok(Arc::new(Beside { schemas, functions }))
    }

    async fn relations(&self, desk: &Desk, lang: Lang) -> Result<Arc<Relations>, Unanswered> {
        let at = usize::from(lang == Lang::En);
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner)[at].clone();
        if let Some((_, relations)) = kept.filter(|(made, _)| made.elapsed() < KEPT) {
            return Ok(relations);
        }
        let docs = desk.tables().await?;
        let mut relations = Relations { docs, lang, schemas: Vec::new() };
        let internal = |error: datafusion::error::DataFusionError| Unanswered::Failed(error.to_string());
        relations.schemas = vec![
            ("pg_catalog", Arc::new(system::pg_catalog(&relations).map_err(internal)?)),
            ("information_schema", Arc::new(system::information_schema(&relations).map_err(internal)?)),
        ];
        let relations = Arc::new(relations);
        self.0.lock().unwrap_or_else(PoisonError::into_inner)[at] = Some((Instant::now(), relations.clone()));
        Ok(relations)
    }
}
