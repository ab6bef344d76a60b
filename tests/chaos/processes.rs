//! Processes that are killed or stand still.

use rand::Rng;
use rand::seq::SliceRandom;

use super::round::{Round, Told};
use crate::harness::free_port;

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

    /// Each role as a process of its own, in an order that is drawn: it stands still for a moment under load, and goes on or
    /// is killed and started again.
    pub(super) async fn roles_apart(&mut self) -> Told {
        self.stop().await;
        let at = || format!("http://127.0.0.1:{}", free_port());
        let mut roles = vec![
            ("ingest", self.helan.base.clone(), &["--reporters", "city", "--partitions", "3"][..]),
            ("aggregate", at(), &["--flush-age", "200ms", "--partitions", "3"][..]),
            ("query", at(), &["--partitions", "3"][..]),
        ];
        for (role, base, arguments) in &roles {
            self.helan.spawn(role, base, arguments).await;
        }
        self.senders.start();
        roles.shuffle(&mut self.rng);
        for (role, base, arguments) in &roles {
            self.pause().await;
            self.helan.signal(base, "STOP");
            self.pause().await;
            if self.rng.random_ratio(1, 3) {
                self.helan.signal(base, "CONT");
            } else {
                self.helan.kill9(base);
                self.helan.spawn(role, base, arguments).await;
            }
        }
        self.pause().await;
        self.senders.stop().await;
        let arrived = self.senders.compare(self.helan).await;
        assert_eq!(arrived, (0, 0), "{}", self.helan.log());
        for (role, base, _) in &roles {
            let ready = self.helan.is_ready(base).await;
            assert!(ready, "{role} is ready: {}", self.helan.log());
            assert!(self.helan.terminate(base).success(), "{role} ends well: {}", self.helan.log());
        }
        self.helan.start_up().await;
        Told::Survived
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
