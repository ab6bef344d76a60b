//! No room and no right to write.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;

use rand::Rng;

use super::round::{Round, Told, run_by};
use crate::harness::on_kafka;

/// Without this a write beyond the bound would end the process by a signal, which no full disk does.
const IGNORES_THE_SIGNAL: [&str; 4] = ["sh", "-c", "trap '' XFSZ; exec \"$@\"", "sh"];
/// The same, and no file may become larger than this (in KiB).
const BOUNDED: [&str; 4] = ["sh", "-c", "trap '' XFSZ; ulimit -f 4; exec \"$@\"", "sh"];
/// Root keeps everything but the rights to ignore modes; others do not have them anyway.
const WITHOUT_RIGHTS: [&str; 4] =
    ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search"];

impl Round<'_> {
    fn bound_files(&self, bytes: &str) {
        let bound = format!("--fsize={bytes}:unlimited");
        let status = Command::new("prlimit").args(["--pid", &self.helan.pid(&self.helan.base), &bound]).status();
        assert!(status.expect("prlimit runs").success());
    }

    /// Writes fail in the middle of files: of the log, or of what the lake's tables would name.
    pub(super) async fn disk_full(&mut self) -> Told {
        self.stop().await;
        self.launch_by(&[], |command| run_by(&IGNORES_THE_SIGNAL, &command));
        self.ready().await;
        self.senders.start();
        self.pause().await;
        self.bound_files("4096");
        let told = if on_kafka() {
            // The log is elsewhere: reports are taken, and wait there.
            self.pause().await;
            true
        } else {
            self.takes_nothing().await
        };
        let command = [&["maintain"][..], &["rollup", "--publish"]][self.rng.random_range(0..2)];
        let bounded = run_by(&BOUNDED, &self.helan.command(command)).output().expect("it runs");
        assert!(bounded.status.code().is_some_and(|code| code < 2), "it ends by itself: {bounded:?}");
        self.bound_files("unlimited");
        Told::when(told)
    }

    pub(super) async fn permissions_lost(&mut self) -> Told {
        self.stop().await;
        let kinds = if on_kafka() { 3 } else { 4 };
        match self.rng.random_range(0..kinds) {
            0 => {
                self.launch_without_rights();
                self.ready().await;
                let credentials = self.place("credentials.jsonl");
                mode(&credentials, 0o000);
                let told = self.not_ready().await;
                mode(&credentials, 0o600);
                assert!(told, "credentials that cannot be read let nobody in");
                Told::Yes
            }
            // Reports are taken, wait in the log, and are there once the lake can be written again.
            1 => {
                self.launch_without_rights();
                self.ready().await;
                self.senders.start();
                self.pause().await;
                let lake = self.place("lake");
                modes(&lake, 0o555);
                self.pause().await;
                self.pause().await;
                modes(&lake, 0o750);
                Told::Survived
            }
            kind => {
                let place = self.place(if kind == 2 { "lake/events" } else { "log/log.sqlite" });
                let before = std::fs::metadata(&place).expect("it is there").mode();
                mode(&place, 0o000);
                self.launch_without_rights();
                let came_up = self.comes_up().await;
                mode(&place, before);
                assert!(!came_up, "{} could not be read: {}", place.display(), self.helan.log());
                self.helan.kill9(&self.helan.base);
                self.helan.start_up().await;
                Told::Yes
            }
        }
    }

    fn launch_without_rights(&self) {
        self.launch_by(&[], |command| {
            let is_root = std::fs::metadata("/proc/self").is_ok_and(|of| of.uid() == 0);
            if is_root { run_by(&WITHOUT_RIGHTS, &command) } else { command }
        });
    }
}

fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("its mode is set");
}

/// Sets the mode of a folder and of all below it.
fn modes(folder: &Path, bits: u32) {
    mode(folder, 0o750);
    for entry in std::fs::read_dir(folder).expect("readable") {
        let entry = entry.expect("an entry");
        if entry.file_type().expect("its type").is_dir() {
            modes(&entry.path(), bits);
        }
    }
    mode(folder, bits);
}
