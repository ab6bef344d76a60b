//! What becomes of a record that the log has just acknowledged, for a role that takes reports in the same process.

use std::sync::Arc;
use std::time::Duration;

use helan_lake::Lake;
use tokio::sync::Semaphore;

use super::wait::{MOST_WAITING, Wait};
use super::{Asked, Receipt, look};

/// A record of the log, and what it holds.
#[derive(Clone, Copy, Debug)]
pub struct Sent<'a> {
    /// Who sent it.
    pub reporter: &'a str,
    /// Id of the submission.
    pub submission: &'a str,
    /// Digest of its content.
    pub content: &'a str,
    /// Topic, partition and offset.
    pub address: (&'a str, i64, i64),
}

/// Waits for outcomes.
#[derive(Clone)]
pub struct Outcomes {
    lake: Lake,
    waiting: Arc<Semaphore>,
}

impl Outcomes {
    /// Over the lake that follows the log.
    pub fn new(lake: Lake) -> Self {
        Self { lake, waiting: Arc::new(Semaphore::new(MOST_WAITING)) }
    }

    /// The receipt of exactly this record as soon as the lake has it. The outer option is none where too many wait
    /// already, the inner one where the lake did not have it in time, or cannot be read.
    pub async fn of(&self, sent: Sent<'_>, time: Duration) -> Option<Option<Receipt>> {
        let wait = Wait::so_long(time, &self.waiting)?;
        let Sent { reporter, submission, content, address } = sent;
        let asked = Asked { id: submission, reporter: Some(reporter), content: Some(content) };
        loop {
            // The same may have been sent before: what became of that says nothing of this record.
            match look(&self.lake, asked, Some(address)).await {
                Ok(receipt) if !receipt.places.is_empty() => return Some(Some(receipt)),
                Ok(_) => {}
                // The log has it whatever happens here.
                Err(_) => return Some(None),
            }
            if !wait.goes_on().await {
                return Some(None);
            }
        }
    }
}
