//! Which file of a table's log cannot be read, looked for once reading has failed.

use std::sync::Arc;

use deltalake_core::kernel::Action;
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use crate::error::LakeError;

/// The error by its file, where one is found to be damaged; the error itself otherwise. `store` begins at the table.
pub(crate) async fn named(table: &str, store: &Arc<dyn ObjectStore>, error: LakeError) -> LakeError {
    match damaged(store).await {
        Some((file, why)) => LakeError::Damaged { table: table.to_owned(), file: file.to_string(), why },
        None => error,
    }
}

async fn damaged(store: &Arc<dyn ObjectStore>) -> Option<(Path, String)> {
    let log = Path::from("_delta_log");
    let mut files: Vec<_> = store.list(Some(&log)).try_collect().await.ok()?;
    files.sort_by(|a, b| a.location.cmp(&b.location));
    for file in files.into_iter().filter(|file| file.location.extension() == Some("json")) {
        let bytes = match store.get(&file.location).await {
            Ok(found) => found.bytes().await,
            Err(error) => Err(error),
        };
        let why = match bytes {
            Ok(bytes) => wrong(&bytes),
            Err(error) => Some(error.to_string()),
        };
        if let Some(why) = why {
            return Some((file.location, why));
        }
    }
    None
}

/// What is wrong with a commit's text.
fn wrong(bytes: &[u8]) -> Option<String> {
    let Ok(text) = std::str::from_utf8(bytes) else { return Some("it is not UTF-8".to_owned()) };
    if text.trim().is_empty() {
        return Some("it is empty".to_owned());
    }
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines.find_map(|(at, line)| {
        let read = serde_json::from_str::<Action>(line);
        read.err().map(|error| format!("line {}: {error}", at + 1))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_is_lines_of_actions() {
        assert_eq!(wrong(b"{\"commitInfo\":{}}\n"), None);
        assert_eq!(wrong(b"\n"), Some("it is empty".to_owned()));
        assert!(wrong(b"{\"commitInfo\":{}}\n{\"add\": {\"pa").is_some_and(|why| why.starts_with("line 2: ")));
        assert!(wrong(b"\xff").is_some());
    }
}
