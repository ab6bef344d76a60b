//! Where a lake can be: a local disk, or an object store of the S3 kind.

use std::sync::Arc;
use std::time::Duration;

use object_store::aws::AmazonS3Builder;
use object_store::memory::InMemory;
use object_store::{ClientOptions, ObjectStore, RetryConfig};
use url::Url;

use crate::durable::DurableStore;
use crate::error::LakeError;

/// A request that fails for reasons of the network or the server is tried again for so long; beyond it the partition
/// pauses and is read again from where the tables are.
const RETRY_FOR: Duration = Duration::from_secs(30);
/// Longest single request, the largest file included.
const REQUEST: Duration = Duration::from_secs(60);
/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(5);

/// Whether the store behind a URL is one whose conditional writes have to be checked.
pub(crate) fn is_object_store(url: &Url) -> bool {
    url.scheme() == "s3"
}

/// The URL of a folder.
pub(crate) fn folder(url: &Url) -> Result<Url, LakeError> {
    let mut url = url.clone();
    let secret = !url.username().is_empty() || url.password().is_some();
    // What stands there may be a key: the error must not repeat it.
    let _ = (url.set_username(""), url.set_password(None));
    if secret {
        let why = "it names a user or password; credentials come from the environment (AWS_ACCESS_KEY_ID, …)";
        return Err(LakeError::Place { url, why: why.to_owned() });
    }
    if url.cannot_be_a_base() || url.query().is_some() || url.fragment().is_some() {
        let why = "it is no folder's address such as file:///srv/helan/lake or s3://bucket/lake".to_owned();
        return Err(LakeError::Place { url, why });
    }
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    Ok(url)
}

/// The store behind a URL, from the root of its disk or bucket. S3's endpoint, region and credentials come from the
/// environment's `AWS_…`.
pub(crate) fn store_of(url: &Url) -> Result<Arc<dyn ObjectStore>, LakeError> {
    let url = folder(url)?;
    match url.scheme() {
        "file" => Ok(Arc::new(DurableStore::new())),
        "s3" => s3(&url),
        "memory" => Ok(Arc::new(InMemory::new())),
        scheme => {
            let why = format!("no store is built in for {scheme}://, use file:///… or s3://BUCKET/PREFIX");
            Err(LakeError::Place { url, why })
        }
    }
}

fn s3(url: &Url) -> Result<Arc<dyn ObjectStore>, LakeError> {
    let place = |why: &str| LakeError::Place { url: url.clone(), why: why.to_owned() };
    let Some(bucket) = url.host_str() else { return Err(place("it names no bucket; write s3://BUCKET/PREFIX")) };
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let endpoints = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"].map(variable);
    if endpoints.iter().find(|endpoint| !endpoint.is_empty()).is_some_and(|endpoint| endpoint.starts_with("http://"))
        && variable("AWS_ALLOW_HTTP") != "true"
    {
        return Err(place(
            "AWS_ENDPOINT_URL is http://, so data and signatures would cross the network in clear text; use https://, \
             or set AWS_ALLOW_HTTP=true if that is meant",
        ));
    }
    let retry = RetryConfig { retry_timeout: RETRY_FOR, ..RetryConfig::default() };
    let defaults = ClientOptions::new().with_timeout(REQUEST).with_connect_timeout(CONNECT);
    // The environment may set AWS_ALLOW_HTTP and AWS_TIMEOUT, so the defaults come first.
    let store = AmazonS3Builder::new().with_client_options(defaults).with_retry(retry).with_bucket_name(bucket);
    let store = std::env::vars().filter(|(name, _)| name.starts_with("AWS_")).fold(store, |store, (name, value)| {
        match name.to_ascii_lowercase().parse() {
            Ok(key) => store.with_config(key, value),
            Err(_) => store,
        }
    });
    Ok(Arc::new(store.with_bucket_name(bucket).build()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_in_an_address_are_refused_and_not_repeated() {
        let url = Url::parse("s3://AKIAEXAMPLE:wJalrXUt@bucket/lake").expect("URL");
        let error = folder(&url).expect_err("refused").to_string();
        assert!(error.contains("AWS_ACCESS_KEY_ID"), "{error}");
        assert!(!error.contains("AKIAEXAMPLE") && !error.contains("wJalrXUt"), "{error}");
        for bad in ["gs://bucket/lake", "https://bucket/lake"] {
            let error = store_of(&Url::parse(bad).expect("URL")).expect_err(bad).to_string();
            assert!(error.contains("s3://BUCKET/PREFIX"), "{error}");
        }
    }
}
