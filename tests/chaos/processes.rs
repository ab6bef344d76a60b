//! Processes that are killed or stand still.

use super::round::{Round, Told};

impl Round<'_> {
    pub(super) async fn killed(&mut self) -> Told {
        self.helan.kill9(&self.helan.base);
        self.helan.start_up().await;
        Told::Survived
    }

    pub(super) async fn stopped(&mut self) -> Told {
        self.helan.signal(&self.helan.base, "STOP");
        self.pause().await;
        self.helan.signal(&self.helan.base, "CONT");
        Told::Survived
    }

    pub(super) async fn stopped_then_killed(&mut self) -> Told {
        self.helan.signal(&self.helan.base, "STOP");
        self.pause().await;
        self.killed().await
    }

    /// The broker is gone for a while: nothing is acknowledged, and what waited is taken afterwards.
    pub(super) async fn broker_killed(&mut self) -> Told {
        let broker = self.helan.broker.as_ref().expect("the log is Kafka's");
        broker.lock().expect("no test panicked with it").kill9();
        let told = self.not_ready().await;
        broker.lock().expect("no test panicked with it").restart().expect("the broker starts again");
        Told::when(told)
    }
}
