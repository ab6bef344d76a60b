//! Clocks that are wrong by a day, at start and while `up` runs: libfaketime reads from a file how far ahead the wall clock
//! of the process is. The times of files stay the kernel's, as where the store is another machine.

use std::path::PathBuf;
use std::process::Command;

use super::round::{Round, Told};

const RIGHT: &str = "+0\n";
const AHEAD: &str = "+1d\n";
const BEHIND: &str = "-1d\n";

/// Where libfaketime is, if it is installed.
pub(super) fn library() -> Option<PathBuf> {
    let folders = ["/usr/lib", "/usr/lib64", "/usr/local/lib", "/lib"].map(PathBuf::from);
    let below =
        folders.iter().filter_map(|folder| folder.read_dir().ok()).flatten().flatten().map(|entry| entry.path());
    let candidates = folders.iter().cloned().chain(below).map(|folder| folder.join("faketime/libfaketimeMT.so.1"));
    candidates.into_iter().find(|path| path.is_file())
}

impl Round<'_> {
    /// Sets the clock of a process that was started with [`Self::launch_by_clock`].
    fn set_clock(&self, to: &str) {
        // Renamed, so that nothing reads half of it.
        let (written, file) = (self.place("clock.new"), self.place("clock"));
        std::fs::write(&written, to).expect("written");
        std::fs::rename(written, file).expect("renamed");
    }

    fn launch_by_clock(&self, clock: &str) {
        self.set_clock(clock);
        let file = self.place("clock");
        self.launch_by(&[], |mut command: Command| {
            command.env("LD_PRELOAD", library().expect("only run where it is")).env("FAKETIME_TIMESTAMP_FILE", file);
            for name in ["FAKETIME_NO_CACHE", "DONT_FAKE_MONOTONIC", "FAKETIME_DONT_FAKE_MONOTONIC", "NO_FAKE_STAT"] {
                command.env(name, "1");
            }
            command.env("FAKETIME_DISABLE_SHM", "1");
            command
        });
    }

    /// Reports were received a day ahead. By the right clock nothing is taken until somebody says which is right.
    async fn somebody_says_which_is_right(&mut self) -> Told {
        let told = self.takes_nothing().await;
        self.stop().await;
        self.launch_by(&["--clock-is-right"], |command| command);
        Told::when(told)
    }

    pub(super) async fn clock_ahead_at_start(&mut self) -> Told {
        self.stop().await;
        self.launch_by_clock(AHEAD);
        self.ready().await;
        self.senders.start();
        self.pause().await;
        self.stop().await;
        self.launch_by(&[], |command| command);
        self.somebody_says_which_is_right().await
    }

    pub(super) async fn clock_behind_at_start(&mut self) -> Told {
        self.stop().await;
        self.launch_by_clock(BEHIND);
        let told = self.takes_nothing().await;
        self.set_clock(RIGHT);
        Told::when(told)
    }

    pub(super) async fn clock_ahead_running(&mut self) -> Told {
        self.stop().await;
        self.launch_by_clock(RIGHT);
        self.ready().await;
        self.senders.start();
        self.pause().await;
        self.set_clock(AHEAD);
        self.pause().await;
        self.senders.stop().await;
        let arrived = self.senders.compare(self.helan).await;
        assert_eq!(arrived, (0, 0), "what was received ahead is in the lake: {}", self.helan.log());
        // Something waits for its commit while the clock is set back.
        self.senders.once().await;
        self.set_clock(RIGHT);
        let arrived = self.senders.compare(self.helan).await;
        assert_eq!(arrived, (0, 0), "no commit waits for a day: {}", self.helan.log());
        self.somebody_says_which_is_right().await
    }

    pub(super) async fn clock_behind_running(&mut self) -> Told {
        self.stop().await;
        self.launch_by_clock(RIGHT);
        self.ready().await;
        self.senders.start();
        self.pause().await;
        self.set_clock(BEHIND);
        let told = self.takes_nothing().await;
        self.senders.stop().await;
        let arrived = self.senders.compare(self.helan).await;
        assert_eq!(arrived, (0, 0), "no commit waits for a day: {}", self.helan.log());
        self.set_clock(RIGHT);
        Told::when(told)
    }
}
