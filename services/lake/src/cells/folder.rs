//! The folder in which folded cells lie, beside the tables.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use deltalake_core::datafusion::common::config::TableParquetOptions;
use deltalake_core::datafusion::datasource::file_format::parquet::ParquetFormat;
use deltalake_core::datafusion::datasource::listing::{
    ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl,
};
use deltalake_core::datafusion::error::Result;
use deltalake_core::datafusion::execution::object_store::ObjectStoreUrl;
use deltalake_core::datafusion::execution::runtime_env::RuntimeEnv;
use deltalake_core::datafusion::prelude::DataFrame;
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore};

use crate::error::LakeError;
use crate::snapshot::{TableSnapshot, reading_context};

/// Its name.
const NAME: &str = "cells";

#[derive(Clone, Debug)]
pub(crate) struct Folder {
    pub(crate) store: Arc<dyn ObjectStore>,
    path: Path,
    /// The store's own URL.
    root: url::Url,
}

impl Folder {
    /// That beside the table `events`.
    pub(crate) fn beside(events: &TableSnapshot) -> std::result::Result<Self, LakeError> {
        let log_store = events.log_store();
        let table = Path::from_url_path(log_store.root_url().path()).map_err(object_store::Error::from)?;
        let mut parts: Vec<_> = table.parts().collect();
        parts.pop();
        let path = Path::from_iter(parts).join(NAME);
        Ok(Self { store: log_store.root_object_store(None), path, root: log_store.root_url().clone() })
    }

    /// Where a file of a name lies.
    pub(crate) fn file(&self, name: &str) -> Path {
        self.path.clone().join(name)
    }

    /// Where the entry of a number lies.
    pub(crate) fn entry(&self, number: u64) -> Path {
        self.file(&format!("{number:020}.json"))
    }

    /// Everything in it.
    pub(crate) async fn list(&self) -> std::result::Result<Vec<ObjectMeta>, LakeError> {
        Ok(self.store.list(Some(&self.path)).try_collect().await?)
    }

    /// The numbers of the entries, in order.
    pub(crate) async fn numbers(&self) -> std::result::Result<BTreeSet<u64>, LakeError> {
        Ok(self.list().await?.iter().filter_map(|file| number(&file.location)).collect())
    }

    /// The rows of some files, which have the columns of a schema.
    pub(crate) fn frame<'n>(
        &self,
        runtime: Arc<RuntimeEnv>,
        names: impl Iterator<Item = &'n String>,
        schema: SchemaRef,
    ) -> Result<DataFrame> {
        let table = self.table(&runtime, names, schema)?;
        reading_context(runtime).read_table(Arc::new(table))
    }

    /// As [`Folder::frame`], as a table for a runtime.
    pub(crate) fn table<'n>(
        &self,
        runtime: &RuntimeEnv,
        names: impl Iterator<Item = &'n String>,
        schema: SchemaRef,
    ) -> Result<ListingTable> {
        let root = ObjectStoreUrl::parse(&self.root[..url::Position::BeforePath])?;
        if root.as_str().starts_with("file:") || runtime.object_store(&root).is_err() {
            runtime.register_object_store(root.as_ref(), self.store.clone());
        }
        let paths = names.map(|name| {
            let mut url = self.root.clone();
            url.set_path(self.file(name).as_ref());
            ListingTableUrl::parse(url.as_str())
        });
        let mut format = TableParquetOptions::default();
        // Of the other columns only what passes is read.
        format.global.pushdown_filters = true;
        let options = ListingOptions::new(Arc::new(ParquetFormat::default().with_options(format)));
        let config = ListingTableConfig::new_with_multi_paths(paths.collect::<Result<Vec<_>>>()?);
        let config = config.with_listing_options(options.with_file_extension(".parquet")).with_schema(schema);
        ListingTable::try_new(config)
    }
}

/// The number of an entry; none for other files.
pub(crate) fn number(path: &Path) -> Option<u64> {
    path.filename()?.strip_suffix(".json")?.parse().ok()
}
