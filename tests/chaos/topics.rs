//! Topics that are deleted and made anew under `up`.

use std::time::Duration;

use helan_schemas::topics;
use helan_tests::kafka::remake_topics;

use super::round::{Round, Told};

impl Round<'_> {
    /// Some may be acknowledged into the new topics until it is noticed; the lake adopts them, so these arrive too.
    pub(super) async fn topics_remade(&mut self) -> Told {
        self.senders.stop().await;
        let arrived = self.senders.compare(self.helan).await;
        assert_eq!(arrived, (0, 0), "nothing that only the old topics have");
        let broker = self.helan.broker.as_ref().expect("the log is Kafka's");
        let bootstrap = broker.lock().expect("no test panicked with it").bootstrap();
        remake_topics(&bootstrap, &topics::ALL, 3).await.expect("topics are made anew");
        self.senders.start();
        let told = self.not_ready().await;
        self.senders.stop().await;
        let mut refused = 0;
        for _ in 0..300 {
            let statuses = self.senders.once().await;
            refused = if statuses.iter().all(|status| *status == 503) { refused + 1 } else { 0 };
            if refused == 5 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        self.stop().await;
        let log = self.helan.log_arguments();
        let mut adopt = vec!["adopt", "--partitions", "3", "--yes"];
        adopt.extend(log.iter().map(String::as_str));
        self.helan.run(&adopt);
        self.helan.start_up().await;
        Told::when(told && refused == 5)
    }
}
