//! Topics that were deleted and made anew under a lake.

use std::time::Duration;

use helan_schemas::topics;
use helan_tests::kafka::remake_topics;

use crate::harness::Log;
use crate::operating::continuity::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn topics_made_anew_on_kafka_take_nothing_until_the_lake_has_adopted_them() {
    let mut world = World::start(Log::Kafka).await;
    world.send(4).await;
    world.arrived().await;
    let bootstrap =
        world.helan.broker.as_ref().expect("a broker").lock().expect("no test panicked with it").bootstrap();
    // Under a running process.
    remake_topics(&bootstrap, &topics::ALL, 3).await.expect("topics are made anew");
    // Some may still be acknowledged, into the new topics, until it is noticed.
    let mut refused = 0;
    for _ in 0..600 {
        refused = if world.send(1).await == 503 { refused + 1 } else { 0 };
        if refused == 10 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(refused, 10, "it is noticed");
    world.takes_nothing().await;
    world.helan.terminate(&world.helan.base.clone());
    world.up_takes_nothing().await;
    world.helan.terminate(&world.helan.base.clone());
    world.adopt();
    world.helan.start_up().await;
    assert_eq!(world.send(3).await, 202);
    // What was acknowledged into the new topics before it was noticed is there as well.
    world.arrived().await;
}
