//! Logs and lakes that are gone, or older than the other.

use std::path::Path;

use super::round::{Round, Told, UP, moved, removed};
use crate::harness::copy;

impl Round<'_> {
    pub(super) async fn log_removed(&mut self) -> Told {
        let (file, away) = (self.place("log/log.sqlite"), self.place("away"));
        moved(&file, &away);
        let told = self.takes_nothing().await;
        moved(&away, &file);
        Told::when(told)
    }

    /// Leaves a copy of `place` as it is now in `kept`, and what came since in `newer`; nothing is in its place.
    async fn grow_older(&mut self, place: &Path) {
        self.stop().await;
        copy(place, &self.place("kept"));
        self.a_day_passes().await;
        moved(place, &self.place("newer"));
    }

    pub(super) async fn old_log(&mut self) -> Told {
        let log = self.place("log");
        self.grow_older(&log).await;
        moved(&self.place("kept"), &log);
        self.launch_by(&[], |command| command);
        let told = self.takes_nothing().await;
        self.stop().await;
        removed(&log);
        moved(&self.place("newer"), &log);
        self.helan.start_up().await;
        Told::when(told)
    }

    /// It is read on from the log.
    pub(super) async fn old_lake(&mut self) -> Told {
        let lake = self.place("lake");
        self.grow_older(&lake).await;
        removed(&self.place("newer"));
        moved(&self.place("kept"), &lake);
        self.helan.start_up().await;
        Told::Survived
    }

    /// The log of the first day under the lake of the second, on the third. The way out is one backup for both, the first
    /// day's, and senders who send again what they have sent since.
    pub(super) async fn different_days(&mut self) -> Told {
        let (log, lake, first) = (self.place("log"), self.place("lake"), self.place("first"));
        self.stop().await;
        std::fs::create_dir(&first).expect("a directory");
        copy(&log, &first);
        copy(&lake, &first);
        let marks = self.senders.marks();
        self.a_day_passes().await;
        let second = self.place("second");
        copy(&lake, &second);
        self.a_day_passes().await;
        self.restore(&first.join("log"), &log);
        self.restore(&second, &lake);
        self.launch_by(&[], |command| command);
        let told = self.takes_nothing().await;
        self.stop().await;
        self.restored_from_one_copy(&first, &marks).await;
        removed(&second);
        Told::when(told)
    }

    /// The documented way out: log and lake of one copy, and what was acknowledged since is sent again.
    pub(super) async fn restored_from_one_copy(&mut self, kept: &Path, marks: &[usize]) {
        for name in ["log", "lake"] {
            self.restore(&kept.join(name), &self.place(name));
        }
        removed(kept);
        self.helan.start_up().await;
        self.senders.repeat_from(marks).await;
    }

    /// It refuses to start, and creates nothing.
    pub(super) async fn no_log(&mut self) -> Told {
        let (log, newer) = (self.place("log"), self.place("newer"));
        self.stop().await;
        moved(&log, &newer);
        let mut command = self.helan.command(&["up", "--listen", self.helan.base.trim_start_matches("http://")]);
        let output = command.args(UP).output().expect("up runs");
        let told = !output.status.success() && !log.join("log.sqlite").exists();
        let _ = std::fs::remove_dir_all(&log);
        moved(&newer, &log);
        self.helan.start_up().await;
        Told::when(told)
    }

    /// It is built again from the log.
    pub(super) async fn no_lake(&mut self) -> Told {
        self.stop().await;
        removed(&self.place("lake"));
        self.helan.start_up().await;
        Told::Survived
    }
}
