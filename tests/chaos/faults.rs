//! What goes wrong, and how it is put right again.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use crate::harness::Deployment;

use super::ledger::Senders;

const UP: [&str; 4] = ["--flush-age", "200ms", "--partitions", "3"];

/// A fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// SIGKILL of `up` under load.
    Killed,
    /// SIGSTOP of `up` for a moment.
    Stopped,
    /// SIGKILL of a command that works on the lake.
    CommandKilled,
    /// Two of each such command at once.
    CommandsTwice,
    /// The log's file is moved away under the process, and back.
    LogRemoved,
    /// An older copy of the log is put under the lake.
    OldLog,
    /// An older copy of the lake is put over the log.
    OldLake,
    /// The log is gone when `up` starts.
    NoLog,
    /// The lake is gone when `up` starts.
    NoLake,
    /// A byte of a record was changed on disk.
    FlippedRecord,
    /// The newest commit of a table lost its end.
    TornCommit,
}

impl Fault {
    pub(super) const ALL: [Self; 11] = [
        Self::Killed,
        Self::Stopped,
        Self::CommandKilled,
        Self::CommandsTwice,
        Self::LogRemoved,
        Self::OldLog,
        Self::OldLake,
        Self::NoLog,
        Self::NoLake,
        Self::FlippedRecord,
        Self::TornCommit,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Killed => "up is killed",
            Self::Stopped => "up is stopped for a moment",
            Self::CommandKilled => "maintain, backup or rollup is killed",
            Self::CommandsTwice => "two maintenances and two roll-ups",
            Self::LogRemoved => "the log's file is removed in use",
            Self::OldLog => "an older copy of the log",
            Self::OldLake => "an older copy of the lake",
            Self::NoLog => "no log",
            Self::NoLake => "no lake",
            Self::FlippedRecord => "a flipped byte in a record",
            Self::TornCommit => "a torn commit",
        }
    }

    /// Whether it cannot be survived, so that somebody has to know.
    pub(super) fn must_be_told(self) -> bool {
        matches!(self, Self::LogRemoved | Self::OldLog | Self::NoLog | Self::FlippedRecord | Self::TornCommit)
    }

    /// Lets it happen under load, puts it right as the documentation says, and leaves `up` running. Says whether it was
    /// told, and that nothing was acknowledged meanwhile.
    pub(super) async fn strike(self, helan: &Deployment, senders: &mut Senders, random: u32) -> bool {
        senders.start();
        let pause = Duration::from_millis(300 + u64::from(random % 700));
        tokio::time::sleep(pause).await;
        let place = |name: &str| helan.dir.path().join(name);
        let (log, lake, kept) = (place("log"), place("lake"), place("kept"));
        let mut told = false;
        match self {
            Self::Killed => {
                helan.kill9(&helan.base);
                helan.start_up().await;
            }
            Self::Stopped => {
                helan.signal(&helan.base, "STOP");
                tokio::time::sleep(pause).await;
                helan.signal(&helan.base, "CONT");
            }
            Self::CommandKilled => {
                let to = place("backups").display().to_string();
                let commands: [&[&str]; 3] =
                    [&["maintain"], &["backup", "--partitions", "3", "--to", &to], &["rollup", "--publish"]];
                let mut command = helan.command(commands[random as usize % 3]);
                let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
                tokio::time::sleep(Duration::from_millis(u64::from(random % 400))).await;
                let _ = child.kill();
                child.wait().expect("it is gone");
            }
            Self::CommandsTwice => {
                let mut children = Vec::new();
                for arguments in [&["maintain"][..], &["maintain"], &["rollup", "--publish"], &["rollup", "--publish"]]
                {
                    let mut command = helan.command(arguments);
                    children.push(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts"));
                }
                for mut child in children {
                    assert!(child.wait().expect("it ends").success(), "two at once are harmless");
                }
            }
            Self::LogRemoved => {
                let (file, away) = (log.join("log.sqlite"), place("away"));
                std::fs::rename(&file, &away).expect("moved");
                told = takes_nothing(helan, senders).await;
                std::fs::rename(&away, &file).expect("put back");
                ready(helan).await;
            }
            Self::OldLog | Self::OldLake | Self::NoLog | Self::NoLake => {
                // A copy of now, more reports, and the copy in the place of what is newer.
                let whose = if matches!(self, Self::OldLog | Self::NoLog) { &log } else { &lake };
                stop(helan, senders).await;
                copy(whose, &kept);
                helan.start_up().await;
                senders.start();
                tokio::time::sleep(pause).await;
                senders.stop().await;
                senders.compare(helan).await;
                stop(helan, senders).await;
                let newer = place("newer");
                std::fs::rename(whose, &newer).expect("moved");
                match self {
                    Self::OldLog | Self::OldLake => copy(&kept, whose),
                    _ => {}
                }
                match self {
                    Self::OldLog => {
                        helan.launch("up", &helan.base, &UP);
                        told = takes_nothing(helan, senders).await;
                        stop(helan, senders).await;
                    }
                    Self::NoLog => {
                        let mut command = helan.command(&["up", "--listen", helan.base.trim_start_matches("http://")]);
                        let output = command.args(UP).output().expect("up runs");
                        told = !output.status.success() && !log.join("log.sqlite").exists();
                    }
                    // The lake is read on, or built again, from the log: nothing is put back.
                    _ => std::fs::remove_dir_all(&newer).expect("removed"),
                }
                if newer.exists() {
                    let _ = std::fs::remove_dir_all(whose);
                    std::fs::rename(&newer, whose).expect("put back");
                }
                std::fs::remove_dir_all(&kept).expect("removed");
                helan.start_up().await;
            }
            Self::FlippedRecord => {
                // One that the lake has not read: it is built again, over a copy of the log that is damaged.
                stop(helan, senders).await;
                copy(&log, &kept);
                flip_record(&log);
                std::fs::rename(&lake, place("newer")).expect("moved");
                helan.launch("up", &helan.base, &UP);
                told = not_ready(helan).await;
                stop(helan, senders).await;
                for (from, to) in [(&kept, &log), (&place("newer"), &lake)] {
                    let _ = std::fs::remove_dir_all(to);
                    std::fs::rename(from, to).expect("put back");
                }
                helan.start_up().await;
            }
            Self::TornCommit => {
                stop(helan, senders).await;
                let (commit, bytes) = newest_commit(&lake.join("events"));
                let kept = 1 + random as usize % (bytes.len() - 3);
                std::fs::write(&commit, &bytes[..kept]).expect("written");
                let mut command = helan.command(&["sql", "select count(*) from events"]);
                let output = command.output().expect("sql runs");
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                let name = commit.file_name().expect("a name").to_string_lossy().into_owned();
                told = !output.status.success() && said.contains(&name);
                assert!(told, "{said}");
                std::fs::write(&commit, bytes).expect("put back");
                helan.start_up().await;
            }
        }
        ready(helan).await;
        if !senders.once().await.contains(&202) {
            panic!("{}: nothing is taken afterwards\n{}", self.name(), helan.log());
        }
        senders.stop().await;
        told
    }
}

/// Ends the senders and `up`.
async fn stop(helan: &Deployment, senders: &mut Senders) {
    senders.stop().await;
    helan.terminate(&helan.base);
}

async fn ready(helan: &Deployment) {
    helan.wait_until("it is ready", async || helan.is_ready(&helan.base).await).await;
}

/// Whether it answers and says that it is not ready.
async fn not_ready(helan: &Deployment) -> bool {
    for _ in 0..200 {
        let answer = helan.client.get(format!("{}/readyz", helan.base)).send().await;
        if answer.is_ok_and(|answer| answer.status().as_u16() == 503) {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    false
}

/// Whether it is not ready and answers reports with 503.
async fn takes_nothing(helan: &Deployment, senders: &Senders) -> bool {
    let said = not_ready(helan).await;
    let statuses = senders.once().await;
    said && !statuses.is_empty() && statuses.iter().all(|status| *status == 503)
}

/// Changes a byte in the value of the last record.
fn flip_record(log: &Path) {
    let script = "import sqlite3, sys\nc = sqlite3.connect(sys.argv[1])\n\
        a, v = c.execute('select address, value from records order by address desc limit 1').fetchone()\n\
        v = bytearray(v)\nv[len(v) // 2] ^= 1\n\
        c.execute('update records set value = ? where address = ?', (bytes(v), a))\nc.commit()";
    let python = std::env::var("HELAN_TEST_PYTHON").expect("a Python with packages");
    let status = std::process::Command::new(python).args(["-c", script]).arg(log.join("log.sqlite")).status();
    assert!(status.expect("Python runs").success());
}

/// The newest commit of a table, and its bytes.
fn newest_commit(table: &Path) -> (PathBuf, Vec<u8>) {
    let entries = std::fs::read_dir(table.join("_delta_log")).expect("readable");
    let newest = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .max()
        .expect("a commit");
    let bytes = std::fs::read(&newest).expect("readable");
    (newest, bytes)
}

fn copy(from: &Path, to: &Path) {
    let copied = std::process::Command::new("cp").arg("-a").args([from, to]).status();
    assert!(copied.expect("cp runs").success());
}
