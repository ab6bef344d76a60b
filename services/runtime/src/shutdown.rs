//! One signal that asks every part of the process to end, and lets each wait for it.

use tokio::sync::watch;

/// Asks for shutdown and waits for it; clones share the signal.
#[derive(Clone, Debug)]
pub struct Shutdown(watch::Sender<bool>);

impl Default for Shutdown {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Shutdown {
    /// A signal that nobody has given yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A signal that Ctrl-C and SIGTERM give. A second one ends the process at once.
    ///
    /// # Errors
    /// If the process cannot listen to signals.
    pub fn on_signals() -> std::io::Result<Self> {
        let shutdown = Self::new();
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        let given = shutdown.clone();
        tokio::spawn(async move {
            for again in [false, true] {
                tokio::select! {
                    _ = tokio::signal::ctrl_c() => {}
                    _ = terminate.recv() => {}
                }
                if again {
                    std::process::exit(130);
                }
                tracing::info!("shutting down; a second signal ends at once");
                given.trigger();
            }
        });
        Ok(shutdown)
    }

    /// Gives the signal.
    pub fn trigger(&self) {
        self.0.send_replace(true);
    }

    /// Whether it was given.
    pub fn is_triggered(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns once it was given.
    pub async fn wait(&self) {
        let mut receiver = self.0.subscribe();
        // The sender lives as long as `self`, so the channel cannot close under us.
        let _ = receiver.wait_for(|given| *given).await;
    }
}
