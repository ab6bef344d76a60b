//! Faults in rounds, under load, with a ledger of its own: what was acknowledged is in `events` exactly once afterwards, and
//! what cannot be survived is told before anything more is acknowledged.
//!
//! Seeded: `HELAN_SEED=17` draws the same faults again; `HELAN_ROUNDS=1000` is the long form. Prints a table
//! fault × rounds × acknowledged × lost × doubled × told.

mod faults;
mod ledger;

use std::collections::BTreeMap;
use std::sync::Arc;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use crate::harness::{Deployment, Log};
use faults::Fault;
use ledger::Senders;

/// Rounds of the short form: each fault at least once.
const ROUNDS: usize = Fault::ALL.len() + 4;

/// What came of a fault.
#[derive(Clone, Copy, Debug, Default)]
struct Outcome {
    rounds: usize,
    acknowledged: usize,
    lost: usize,
    doubled: usize,
    /// Rounds in which it was told: not ready, reports refused, or the process ended with a reason.
    told: usize,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn on_embedded_faults_in_rounds_lose_nothing_and_double_nothing() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seed = number("HELAN_SEED").unwrap_or(1);
    let rounds = number("HELAN_ROUNDS").map_or(ROUNDS, |rounds| rounds as usize);
    let mut rng = StdRng::seed_from_u64(seed);
    let helan = Arc::new(Deployment::on(Log::Embedded, None));
    helan.start_up().await;
    let mut senders = Senders::new(&helan);
    let mut outcomes: BTreeMap<&'static str, Outcome> = BTreeMap::new();
    for round in 0..rounds {
        // Each once, then as they are drawn.
        let fault = *Fault::ALL.get(round).unwrap_or_else(|| Fault::ALL.choose(&mut rng).expect("there are faults"));
        let before = senders.acknowledged();
        let told = fault.strike(&helan, &mut senders, rng.random()).await;
        let after = senders.acknowledged();
        let (lost, doubled) = senders.compare(&helan).await;
        let outcome = outcomes.entry(fault.name()).or_default();
        outcome.rounds += 1;
        outcome.acknowledged += after - before;
        outcome.lost += lost;
        outcome.doubled += doubled;
        outcome.told += usize::from(told);
        assert!(
            lost == 0 && doubled == 0,
            "seed {seed}, round {round}, {}: {outcome:?}\n{}",
            fault.name(),
            helan.log()
        );
        assert!(told || !fault.must_be_told(), "seed {seed}, round {round}: nobody was told of {}", fault.name());
        assert!(after > before, "seed {seed}, round {round}, {}: nothing was acknowledged", fault.name());
    }
    println!(
        "\nseed {seed}, {rounds} rounds\n{:<44} {:>6} {:>12} {:>6} {:>8} {:>6}",
        "fault", "rounds", "acknowledged", "lost", "doubled", "told"
    );
    for (name, Outcome { rounds, acknowledged, lost, doubled, told }) in outcomes {
        println!("{name:<44} {rounds:>6} {acknowledged:>12} {lost:>6} {doubled:>8} {told:>6}");
    }
}
