//! Whether the files that a table names are there.

use std::collections::HashSet;

use futures::TryStreamExt;
use helan_schemas::tables::Table;
use object_store::ObjectStore;

use crate::damage::damaged;
use crate::error::LakeError;
use crate::lake::Lake;

impl Lake {
    /// Opens the newest version of a table, and looks whether every data file that it names is there with its size. One
    /// listing; reads no file.
    ///
    /// # Errors
    /// [`LakeError::Damaged`] names the first that is not.
    pub async fn check_files(&self, table: Table) -> Result<(), LakeError> {
        let snapshot = self.snapshot(table).await?;
        let named = snapshot.files();
        if named.is_empty() {
            return Ok(());
        }
        let store = snapshot.log_store().object_store(None);
        let found: HashSet<(String, u64)> =
            store.list(None).map_ok(|meta| (meta.location.to_string(), meta.size)).try_collect().await?;
        let is_there = |path: &str, size: i64| {
            let path =
                object_store::path::Path::from_url_path(path).map_or_else(|_| path.to_owned(), |it| it.to_string());
            found.contains(&(path, size as u64))
        };
        let Some(lost) = named.iter().find(|file| !is_there(&file.path, file.size)) else { return Ok(()) };
        // Maintenance may have put it together with others meanwhile.
        if self.snapshot(table).await?.files().iter().any(|file| file.path == lost.path) {
            return Err(damaged(table, &lost.path, "it is missing, or has another size"));
        }
        Ok(())
    }
}
