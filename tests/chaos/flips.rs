//! Single bits that change on disk, in every kind of file of log and lake.
//!
//! What must hold: an answer is as before, or it is refused; and `up` on such files either says so, or loses and doubles
//! nothing. Where an answer is another and nothing says so, the round fails as unnoticed. The way out is the documented
//! one: log and lake of one copy, and senders who send again; or the lake built again from the log.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rand::Rng;
use rand::seq::IndexedRandom;

use super::round::{Round, Told, removed};
use crate::harness::{copy, printed_by, python};

/// Tables that have rows in each round.
const TABLES: [&str; 3] = ["events", "submissions", "catalog_versions"];
/// What counts of it, from the folded cells where there are any.
const OBSERVATIONS: &str = "select * from observations";

impl Round<'_> {
    pub(super) async fn flipped_record(&mut self) -> Told {
        // One that the lake has not read: it is built again, over a copy of the log that is damaged.
        let (log, lake, kept, newer) = (self.place("log"), self.place("lake"), self.place("kept"), self.place("newer"));
        self.stop().await;
        copy(&log, &kept);
        flip_record(&log);
        super::round::moved(&lake, &newer);
        self.launch_by(&[], |command| command);
        let told = self.not_ready().await;
        self.stop().await;
        for (from, to) in [(&kept, &log), (&newer, &lake)] {
            let _ = std::fs::remove_dir_all(to);
            super::round::moved(from, to);
        }
        self.helan.start_up().await;
        Told::when(told)
    }

    pub(super) async fn torn_commit(&mut self) -> Told {
        self.stop().await;
        let (commit, bytes) = {
            let commits = self.files("lake/events/_delta_log", ".json");
            let newest = commits.into_iter().max().expect("a commit");
            let bytes = std::fs::read(&newest).expect("readable");
            (newest, bytes)
        };
        let kept = self.rng.random_range(1..bytes.len() - 2);
        std::fs::write(&commit, &bytes[..kept]).expect("written");
        let said = self.helan.fails(&["sql", "select count(*) from events"]);
        let name = commit.file_name().expect("a name").to_string_lossy().into_owned();
        assert!(said.contains(&name), "{said}");
        std::fs::write(&commit, bytes).expect("put back");
        self.helan.start_up().await;
        Told::Yes
    }

    pub(super) async fn flipped_log_page(&mut self) -> Told {
        let (kept, marks) = self.keep().await;
        let database = self.place("log/log.sqlite");
        self.flip(&database);
        let mut told = self.runs_on().await;
        if told == Told::Survived {
            // It lies where nobody reads on. A lake that is built from that log reads it.
            told = match self.rebuild() {
                false => Told::Yes,
                true if self.senders.compare_once(self.helan) == Some((0, 0)) => Told::Survived,
                true => Told::Unnoticed,
            };
        }
        self.restored_from_one_copy(&kept, &marks).await;
        told
    }

    pub(super) async fn flipped_data_file(&mut self) -> Told {
        // Those that the newest version names; others wait to be deleted.
        let table = self.table();
        self.flipped_in_lake(&asked(table), |round| {
            let script = "import sys, deltalake; print(*deltalake.DeltaTable(sys.argv[1]).file_uris(), sep='\\n')";
            let uris = printed_by(python().args(["-c", script]).arg(round.place("lake").join(table)));
            uris.lines().map(PathBuf::from).collect()
        })
        .await
    }

    pub(super) async fn flipped_commit(&mut self) -> Told {
        // The newest, which is what is read behind a checkpoint.
        let table = self.table();
        self.flipped_in_lake(&asked(table), |round| {
            let mut commits = round.files(&format!("lake/{table}/_delta_log"), ".json");
            commits.split_off(commits.len().saturating_sub(5))
        })
        .await
    }

    pub(super) async fn flipped_checkpoint(&mut self) -> Told {
        self.commit_until_there_is_a_checkpoint().await;
        self.flipped_in_lake(&asked("events"), |round| {
            let mut files = round.files("lake/events/_delta_log", ".parquet");
            files.extend(round.files("lake/events/_delta_log", "_last_checkpoint"));
            files
        })
        .await
    }

    pub(super) async fn flipped_cells(&mut self) -> Told {
        self.senders.stop().await;
        self.senders.fill().await;
        let arrived = self.senders.compare(self.helan).await;
        assert_eq!(arrived, (0, 0));
        self.helan.run(&["maintain"]);
        self.flipped_in_lake(OBSERVATIONS, |round| round.files("lake/cells", "")).await
    }

    pub(super) async fn flipped_credentials(&mut self) -> Told {
        self.senders.stop().await;
        let file = self.place("credentials.jsonl");
        let sound = std::fs::read(&file).expect("readable");
        self.flip(&file);
        // Looked at once a second.
        tokio::time::sleep(Duration::from_millis(1500)).await;
        let statuses = self.senders.once().await;
        assert!(statuses.iter().all(|status| matches!(status, 202 | 401 | 403 | 503)), "{statuses:?}");
        std::fs::write(&file, sound).expect("put back");
        let refused = statuses.iter().any(|status| *status != 202);
        self.helan
            .wait_until("everybody is let in again", async || {
                self.senders.once().await.iter().all(|status| *status == 202)
            })
            .await;
        Told::when(refused)
    }

    /// A table that has rows.
    fn table(&mut self) -> &'static str {
        TABLES.choose(&mut self.rng).expect("there are some")
    }

    /// Ends `up`; a copy of log and lake as they are, and how far the senders are.
    async fn keep(&mut self) -> (PathBuf, Vec<usize>) {
        self.stop().await;
        let kept = self.place("kept");
        std::fs::create_dir(&kept).expect("a directory");
        for name in ["log", "lake"] {
            copy(&self.place(name), &kept);
        }
        (kept, self.senders.marks())
    }

    /// Changes one bit of a file.
    fn flip(&mut self, file: &Path) {
        let mut bytes = std::fs::read(file).expect("readable");
        let at = self.rng.random_range(0..bytes.len());
        bytes[at] ^= 1 << self.rng.random_range(0..8);
        println!("flipped byte {at} of {} of {}", bytes.len(), file.display());
        std::fs::write(file, bytes).expect("written");
    }

    async fn flipped_in_lake(&mut self, asked: &str, files: impl Fn(&Self) -> Vec<PathBuf>) -> Told {
        let (kept, marks) = self.keep().await;
        let before = self.answer(asked).unwrap_or_else(|said| panic!("a sound lake answers: {said}"));
        let file = files(self).choose(&mut self.rng).expect("there is such a file").clone();
        self.flip(&file);
        let told = match self.answer(asked) {
            Err(said) => {
                assert!(!said.contains("panicked"), "{said}");
                Told::Yes
            }
            Ok(answer) if answer != before => Told::Unnoticed,
            Ok(_) => self.runs_on().await,
        };
        if file.starts_with(self.place("lake/cells")) {
            // They are a cache.
            removed(&self.place("lake/cells"));
            let answer = self.answer(asked);
            assert!(told != Told::Yes || answer.as_ref() == Ok(&before), "without them it answers as before");
        } else if told == Told::Yes && self.rng.random_ratio(1, 3) {
            // What is fed from the log is built again from it; what is not can only be restored.
            let is_fed = !file.starts_with(self.place("lake/catalog_versions"));
            assert_eq!(self.rebuild(), is_fed, "{}", file.display());
            if is_fed {
                assert_eq!(self.senders.compare_once(self.helan), Some((0, 0)), "built again");
            }
        }
        self.restored_from_one_copy(&kept, &marks).await;
        told
    }

    /// Builds the lake again from the log, unless it says that it cannot.
    fn rebuild(&self) -> bool {
        let rebuilt = self.helan.command(&["rebuild", "--partitions", "3"]).output().expect("it runs");
        let said = String::from_utf8_lossy(&rebuilt.stderr);
        assert!(!said.contains("panicked") && (rebuilt.status.success() || said.contains("helan: ")), "{said}");
        for old in self.files("", "lake.") {
            removed(&old);
        }
        rebuilt.status.success()
    }

    /// Lets `up` run on what was damaged, and ends it.
    async fn runs_on(&mut self) -> Told {
        self.launch_by(&[], |command| command);
        if !self.comes_up().await {
            self.helan.kill9(&self.helan.base);
            return Told::Yes;
        }
        self.senders.start();
        self.pause().await;
        self.senders.stop().await;
        let mut told = Told::Unnoticed;
        for _ in 0..40 {
            if !self.helan.is_ready(&self.helan.base).await {
                told = Told::Yes;
                break;
            }
            if self.senders.compare_once(self.helan) == Some((0, 0)) {
                told = Told::Survived;
                break;
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        self.helan.kill9(&self.helan.base);
        told
    }

    /// The rows of an answer, or what was said instead.
    fn answer(&self, asked: &str) -> Result<BTreeSet<String>, String> {
        let output = self.helan.command(&["sql", "-f", "csv", asked]).output().expect("sql runs");
        match output.status.success() {
            true => Ok(String::from_utf8(output.stdout).expect("UTF-8").lines().map(str::to_owned).collect()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }

    /// Commits often, until maintenance writes a checkpoint.
    async fn commit_until_there_is_a_checkpoint(&mut self) {
        let is_there = |round: &Self| !round.files("lake/events/_delta_log", ".checkpoint.parquet").is_empty();
        if is_there(self) {
            return;
        }
        self.stop().await;
        self.helan.spawn("up", &self.helan.base, &["--flush-age", "5ms", "--partitions", "3"]).await;
        self.senders.start();
        let commits = self.files("lake/events/_delta_log", ".json").len();
        self.helan
            .wait_until("a checkpoint is due", async || {
                self.files("lake/events/_delta_log", ".json").len() > CHECKPOINT_COMMITS + commits
            })
            .await;
        // Nothing is sent meanwhile: on a slow machine, commits come faster than they are tidied.
        self.senders.stop().await;
        self.helan.run(&["maintain"]);
        assert!(is_there(self), "maintenance has made no checkpoint");
        let arrived = self.senders.compare(self.helan).await;
        assert_eq!(arrived, (0, 0));
    }

    /// What lies in a folder of the data directory and has a text in its name, in order.
    fn files(&self, folder: &str, part: &str) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.place(folder)).expect("readable").flatten();
        let named = entries.filter(|entry| entry.file_name().to_string_lossy().contains(part));
        let mut found: Vec<_> = named.map(|entry| entry.path()).collect();
        found.sort();
        found
    }
}

/// Commits after which maintenance writes a checkpoint.
const CHECKPOINT_COMMITS: usize = 100;

/// All of a table.
fn asked(table: &str) -> String {
    format!("select * from {table}")
}

/// Changes a bit in the value of the last record.
fn flip_record(log: &Path) {
    let script = "import sqlite3, sys\nc = sqlite3.connect(sys.argv[1])\n\
        a, v = c.execute('select address, value from records order by address desc limit 1').fetchone()\n\
        v = bytearray(v)\nv[len(v) // 2] ^= 1\n\
        c.execute('update records set value = ? where address = ?', (bytes(v), a))\nc.commit()";
    printed_by(python().args(["-c", script]).arg(log.join("log.sqlite")));
}
