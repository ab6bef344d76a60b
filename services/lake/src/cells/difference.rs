//! What the last audit found that differed. Nothing is published from then on, until what was folded anew has been compared
//! as a whole.
//!
//! It lies in a file beside what was folded: every process sees it, and deleting the folder loses both.

use helan_schemas::tables::Table;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use serde::{Deserialize, Serialize};

use super::folder::Folder;
use super::gather::Cell;
use crate::digests::{Seal, UNSET, judge, sealed};
use crate::error::LakeError;
use crate::lake::Lake;

/// The name of its file.
pub(super) const FILE: &str = "difference.json";

/// Cells of which something else was folded than the events say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Of the file itself, see `digests.rs`.
    #[serde(rename = "helan.digest", default)]
    digest: String,
    /// Names it; empty where its file cannot be read.
    pub id: String,
    /// When it was found, microseconds since the epoch.
    pub found_at: i64,
    /// How many cells there were.
    pub cells: usize,
    /// One of them: area, indicator, period.
    pub one: (String, String, String),
    /// Whether what was folded since has been compared with the events, all of it, and agrees.
    pub is_settled: bool,
}

/// The last difference that an audit has found, if one ever has.
///
/// # Errors
/// If the store cannot be read.
pub async fn difference(lake: &Lake) -> Result<Option<Difference>, LakeError> {
    read(&Folder::beside(&lake.snapshot(Table::Events).await?)?).await
}

pub(super) async fn read(folder: &Folder) -> Result<Option<Difference>, LakeError> {
    let bytes = match folder.store.get(&path(folder)).await {
        Ok(found) => found.bytes().await?,
        Err(object_store::Error::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    // One that was damaged, or is a later build's, stops as well: what it said is not known.
    let read = if judge(&bytes) == Seal::Broken { None } else { serde_json::from_slice(&bytes).ok() };
    Ok(Some(read.unwrap_or_default()))
}

/// Keeps what was found. It has to be there before what was folded is deleted: a crash in between stops too much, not too
/// little.
pub(super) async fn found(lake: &Lake, folder: &Folder, cells: &[Cell]) -> Result<(), LakeError> {
    let difference = Difference {
        id: lake.clock().new_id(),
        found_at: lake.clock().now(),
        cells: cells.len(),
        one: cells.first().cloned().unwrap_or_default(),
        ..Difference::default()
    };
    put(folder, difference).await
}

/// Keeps that what was folded since agrees.
pub(super) async fn settled(folder: &Folder, difference: Difference) -> Result<(), LakeError> {
    put(folder, Difference { is_settled: true, ..difference }).await
}

async fn put(folder: &Folder, difference: Difference) -> Result<(), LakeError> {
    let text = serde_json::to_string(&Difference { digest: UNSET.to_owned(), ..difference });
    let text = text.map_err(|error| LakeError::Rows { table: "cells", why: error.to_string() })?;
    folder.store.put(&path(folder), sealed(text).into()).await?;
    Ok(())
}

fn path(folder: &Folder) -> Path {
    folder.file(FILE)
}
