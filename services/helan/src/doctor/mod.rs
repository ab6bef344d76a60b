//! What can be wrong with a deployment, looked for before a user finds it. Each check looks, and a pure function judges
//! what it saw; nothing is changed but a small file that is written and deleted again.

mod catalog;
mod clock;
mod disk;
mod finding;
mod fronts;
mod lake;
mod listener;
mod log;
mod secrets;

use std::collections::BTreeMap;
use std::path::PathBuf;

use helan_schemas::catalog::{Catalog, Problem};
use url::Url;

use crate::args::Listen;
use crate::fronts::Fronts;

pub(crate) use finding::{Finding, Outcome};

/// What is examined.
pub(crate) struct Examined {
    pub(crate) data_dir: PathBuf,
    pub(crate) log_url: String,
    pub(crate) kafka_properties: Result<BTreeMap<String, String>, String>,
    pub(crate) partitions: i32,
    pub(crate) replication: i32,
    pub(crate) lake: Url,
    pub(crate) credentials: PathBuf,
    pub(crate) catalog: Result<Catalog, Vec<Problem>>,
    pub(crate) listen: Listen,
    pub(crate) fronts: Fronts,
    /// Whether every file of the lake is compared with its digest.
    pub(crate) all_files: bool,
    /// Microseconds since the epoch.
    pub(crate) now: i64,
}

/// Every finding, in the order in which a person would mend them.
pub(crate) async fn examine(examined: &Examined) -> Vec<Finding> {
    let lake = lake::open(&examined.lake).await;
    let kept = lake::catalog_of(&lake).await;
    // The lake's own where this is another: that one is refused, and says nothing of who may send.
    let (found, in_use) = catalog::check(&examined.catalog, kept.as_ref());
    let mut findings = vec![found];
    findings.extend(disk::check(examined));
    findings.extend(secrets::check(examined, in_use));
    let log = log::open(examined).await;
    findings.extend(log::check(examined, &log, lake.as_ref().ok().and_then(Option::as_ref)).await);
    findings.extend(lake::check(examined, &lake).await);
    findings.push(listener::check(&examined.listen, &examined.fronts).await);
    findings.extend(fronts::check(&examined.fronts, examined.listen.tls_cert.is_some()).await);
    findings
}
