//! One round: the deployment and its senders, and what every fault needs of them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::ledger::Senders;
use crate::harness::{Deployment, copy};

pub(super) const UP: [&str; 4] = ["--flush-age", "200ms", "--partitions", "3"];

/// Whether somebody learned of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// It was told before anything more was acknowledged.
    Yes,
    /// There was nothing to tell: it went on as before.
    Survived,
    /// Something is other than before, and nothing says so.
    Unnoticed,
}

impl Told {
    pub(super) fn when(told: bool) -> Self {
        if told { Self::Yes } else { Self::Survived }
    }
}

pub(super) struct Round<'a> {
    pub(super) helan: &'a Deployment,
    pub(super) senders: &'a mut Senders,
    pub(super) rng: StdRng,
}

impl<'a> Round<'a> {
    pub(super) fn new(helan: &'a Deployment, senders: &'a mut Senders, seed: u64) -> Self {
        Self { helan, senders, rng: StdRng::seed_from_u64(seed) }
    }

    pub(super) fn place(&self, name: &str) -> PathBuf {
        self.helan.dir.path().join(name)
    }

    pub(super) async fn pause(&mut self) {
        let pause = Duration::from_millis(self.rng.random_range(100..500));
        tokio::time::sleep(pause).await;
    }

    /// Ends the senders and `up`.
    pub(super) async fn stop(&mut self) {
        self.senders.stop().await;
        self.helan.terminate(&self.helan.base);
    }

    /// Starts `up` as a command that was changed.
    pub(super) fn launch_by(&self, more: &[&str], change: impl FnOnce(Command) -> Command) {
        self.helan.launch_by("up", &self.helan.base, &[&UP[..], more].concat(), change);
    }

    pub(super) async fn ready(&self) {
        self.helan.wait_until("it is ready", async || self.helan.is_ready(&self.helan.base).await).await;
    }

    /// Whether `up`, just started, becomes ready; not if it ends, or says for a while that it is not.
    pub(super) async fn comes_up(&self) -> bool {
        let mut refused = 0;
        while refused < 40 && !self.helan.has_ended(&self.helan.base) {
            let answer = self.helan.client.get(format!("{}/readyz", self.helan.base)).send().await;
            match answer.map(|answer| answer.status().as_u16()) {
                Ok(200) => return true,
                Ok(_) => refused += 1,
                Err(_) => {}
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        false
    }

    /// Whether it answers, within a minute, and says that it is not ready.
    pub(super) async fn not_ready(&self) -> bool {
        for _ in 0..1200 {
            let answer = self.helan.client.get(format!("{}/readyz", self.helan.base)).send().await;
            if answer.is_ok_and(|answer| answer.status().as_u16() == 503) {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        false
    }

    /// Whether it is not ready and answers reports with 503.
    pub(super) async fn takes_nothing(&self) -> bool {
        let said = self.not_ready().await;
        let statuses = self.senders.once().await;
        said && !statuses.is_empty() && statuses.iter().all(|status| *status == 503)
    }

    /// Sends for a while longer, until all of it is in the lake, and stops.
    pub(super) async fn a_day_passes(&mut self) {
        self.helan.start_up().await;
        self.senders.start();
        self.pause().await;
        self.senders.stop().await;
        let lost = self.senders.compare(self.helan).await;
        assert_eq!(lost, (0, 0), "{}", self.helan.log());
        self.stop().await;
    }

    /// Puts a copy in the place of what is there.
    pub(super) fn restore(&self, copy_of: &Path, place: &Path) {
        let _ = std::fs::remove_dir_all(place);
        copy(copy_of, place);
    }
}

pub(super) fn moved(from: &Path, to: &Path) {
    std::fs::rename(from, to).expect("moved");
}

pub(super) fn removed(place: &Path) {
    std::fs::remove_dir_all(place).expect("removed");
}

/// The same command with its words and its environment, run by another program.
pub(super) fn run_by(program: &[&str], command: &Command) -> Command {
    let mut other = Command::new(program[0]);
    other.args(&program[1..]).arg(command.get_program()).args(command.get_args());
    other.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?)))).stdin(std::process::Stdio::null());
    other
}
