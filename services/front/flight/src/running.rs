//! Questions whose answers are being fetched, so that their clients can end them. There are as many as places at most.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

/// The questions. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Running(Arc<Mutex<Entries>>);

#[derive(Default)]
struct Entries {
    next: u64,
    by_number: HashMap<u64, (String, watch::Sender<bool>)>,
}

/// A question's entry; taken out when dropped.
pub(crate) struct Entered {
    running: Running,
    number: u64,
    ended: watch::Receiver<bool>,
}

impl Running {
    /// Enters a question by its id.
    pub(crate) fn enter(&self, id: &str) -> Entered {
        let (sender, ended) = watch::channel(false);
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.next += 1;
        let number = entries.next;
        entries.by_number.insert(number, (id.to_owned(), sender));
        Entered { running: self.clone(), number, ended }
    }

    /// Asks every answer to a question to end; whether there was one.
    pub(crate) fn end(&self, id: &str) -> bool {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = entries.by_number.values().filter(|(known, _)| known == id);
        known.fold(false, |_, (_, sender)| {
            sender.send_replace(true);
            true
        })
    }
}

impl Entered {
    /// Waits until the question is to end.
    pub(crate) async fn ended(&mut self) {
        // The sender lives as long as the entry does.
        let _ = self.ended.wait_for(|ended| *ended).await;
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.running.0.lock().unwrap_or_else(PoisonError::into_inner).by_number.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_question_is_ended_by_its_id_while_it_runs() {
        let running = Running::default();
        let (mut one, mut again, other) = (running.enter("a"), running.enter("a"), running.enter("b"));
        assert!(running.end("a") && !running.end("c"));
        one.ended().await;
        again.ended().await;
        assert!(!*other.ended.borrow());
        drop((one, again, other));
        assert!(!running.end("a") && !running.end("b"));
    }
}
