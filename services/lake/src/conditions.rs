//! Whether a store keeps the promises that commits rest on: of several writers that create one name, exactly one
//! succeeds, and what was written is listed at once.
//!
//! Some stores of the S3 kind take `If-None-Match: *` and ignore it. Two aggregators would then overwrite each other's
//! commits without a trace, so such a store is refused before anything is written to the tables.

use futures::TryStreamExt;
use futures::future::join_all;
use helan_runtime::clock::Clock;
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt, PutMode, PutOptions};
use url::Url;

use crate::error::LakeError;
use crate::place;

/// Writers that try at once.
const RIVALS: usize = 4;

/// Tries it out below the lake's folder, and removes what it wrote. Nothing to try on a local disk, which keeps them.
///
/// # Errors
/// [`LakeError::Place`] if a promise is not kept, [`LakeError::Store`] if the store cannot be reached or used.
pub(crate) async fn check(url: &Url, store: &dyn ObjectStore, clock: &Clock) -> Result<(), LakeError> {
    if !place::is_object_store(url) {
        return Ok(());
    }
    let url = place::folder(url)?;
    let root = Path::from_url_path(url.path()).map_err(Error::from)?;
    let folder = root.join("_helan").join(format!("check-{}", clock.new_id()));
    let (alone, raced) = (folder.clone().join("alone"), folder.clone().join("raced"));
    let outcome = try_out(store, &folder, &alone, &raced).await;
    for path in [&alone, &raced] {
        // What is left of a failed check is two small files that nothing reads.
        drop(store.delete(path).await);
    }
    match outcome {
        Ok(None) => Ok(()),
        Ok(Some(why)) => Err(LakeError::Place { url, why }),
        Err(error) => Err(error.into()),
    }
}

/// Says which promise is not kept.
async fn try_out(store: &dyn ObjectStore, folder: &Path, alone: &Path, raced: &Path) -> Result<Option<String>, Error> {
    let ignored = |what: &str| {
        format!(
            "its store does not keep to conditional writes (If-None-Match: *): {what}. Two writers would overwrite \
             each other's commits. Use a store that does, such as Amazon S3 or a current release of a compatible \
             server, check for a proxy that removes the header, or put the lake on a local disk"
        )
    };
    match create(store, alone, 0).await {
        Ok(true) => {}
        Ok(false) => return Ok(Some(ignored("it says that a new name is taken"))),
        Err(Error::NotImplemented { .. }) => return Ok(Some(ignored("they are not supported or switched off"))),
        Err(error) => return Err(error),
    }
    if create(store, alone, 1).await? {
        return Ok(Some(ignored("a second writer of the same name succeeded")));
    }
    if store.get(alone).await?.bytes().await? != content(0) {
        return Ok(Some(ignored("a refused write changed the content")));
    }
    let created = join_all((0..RIVALS).map(|rival| create(store, raced, rival))).await;
    let winners: Vec<usize> = (0..RIVALS).filter(|rival| matches!(created[*rival], Ok(true))).collect();
    if winners.len() > 1 {
        return Ok(Some(ignored("of several writers at once more than one succeeded")));
    }
    let listed: Vec<_> = store.list(Some(folder)).try_collect().await?;
    if !listed.iter().any(|meta| meta.location == *alone) {
        return Ok(Some("its store does not list what was just written, so commits could be missed".to_owned()));
    }
    Ok(None)
}

/// Whether it was created; not, if it was there.
async fn create(store: &dyn ObjectStore, path: &Path, writer: usize) -> Result<bool, Error> {
    match store.put_opts(path, content(writer).into(), PutOptions::from(PutMode::Create)).await {
        Ok(_) => Ok(true),
        Err(Error::AlreadyExists { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

fn content(writer: usize) -> String {
    format!("written by helan to check the store: {writer}\n")
}
