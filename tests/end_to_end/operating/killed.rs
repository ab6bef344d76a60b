//! `helan restore` and `helan backup` killed at any moment: what they leave is refused by everything that would read it,
//! and taken away by the next run. The moments are numbers of files written, drawn from a seed.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::feeds::{Feeds, arrived};
use crate::harness::{Deployment, HELAN, Log, PATIENCE, text_of};

const MARK: &str = "HELAN-UNFINISHED";
/// Restores that are killed, half of them into a directory that is there already. In the short form half of what `long` kills.
const RESTORES: usize = 24;
/// Backups that are killed.
const BACKUPS: usize = 12;
/// Files of a lake that are enough.
const FILES: usize = 250;

/// So many, or the short form's share of them.
fn rounds(all: usize) -> usize {
    if std::env::var_os("HELAN_ROUNDS").is_some() { all } else { all / 2 }
}

/// Pseudo-random numbers; the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }
}

/// A data directory of many files that nothing runs on, and the number of its events.
async fn filled() -> (Deployment, usize) {
    let helan = Arc::new(Deployment::on(Log::Embedded, None));
    helan.spawn("up", &helan.base, &["--flush-age", "50ms", "--partitions", "3", "--maintain-every", "0s"]).await;
    let feeds = Feeds::start(&helan);
    // On a busy machine a commit takes longer.
    let started = Instant::now();
    while count(&helan.dir.path().join("lake")) < FILES && started.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let ledger = feeds.end().await;
    let events = arrived(&helan, &ledger).await.len();
    assert!(helan.terminate(&helan.base).success());
    let helan = Arc::try_unwrap(helan).unwrap_or_else(|_| panic!("the feeds have ended"));
    (helan, events)
}

fn names(dir: &Path) -> Vec<PathBuf> {
    let Ok(listed) = std::fs::read_dir(dir) else { return Vec::new() };
    let mut paths: Vec<_> = listed.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
}

/// Files below a directory while others write there.
fn count(dir: &Path) -> usize {
    names(dir).iter().map(|path| if path.is_dir() { count(path) } else { 1 }).sum()
}

fn helan(arguments: &[&str], data_dir: &Path) -> Command {
    let mut command = Command::new(HELAN);
    command.args(arguments).arg("--data-dir").arg(data_dir).env("LC_ALL", "C.UTF-8");
    command
}

/// Kills a command once so many files are below a directory; says whether it was still running.
fn kill_at(mut child: Child, below: &Path, files: usize) -> bool {
    let started = Instant::now();
    while count(below) < files {
        if child.try_wait().expect("its state").is_some() {
            return false;
        }
        assert!(started.elapsed() < PATIENCE, "it hangs");
    }
    child.kill().expect("SIGKILL reaches it");
    child.wait().expect("it is gone").code().is_none()
}

/// Waits for the end of a command, which must not go on for ever.
fn ended(mut command: Command) -> (ExitStatus, String) {
    let mut child = command.stderr(std::process::Stdio::piped()).spawn().expect("helan starts");
    let started = Instant::now();
    while child.try_wait().expect("its state").is_none() {
        if started.elapsed() > PATIENCE {
            let _ = child.kill();
            panic!("it runs: {command:?}");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let Output { status, stderr, .. } = child.wait_with_output().expect("it has ended");
    (status, String::from_utf8_lossy(&stderr).into_owned())
}

fn events(data_dir: &Path) -> Output {
    helan(&["sql", "-f", "csv", "select count(*) from events"], data_dir).output().expect("helan runs")
}

/// Every role and command that reads the data refuses it; `doctor` says why.
fn is_refused_by_all(data_dir: &Path) {
    for arguments in [
        &["up", "--listen", "127.0.0.1:0"][..],
        &["ingest", "--reporters", "city", "--listen", "127.0.0.1:0"],
        &["aggregate", "--listen", "127.0.0.1:0"],
        &["query", "--listen", "127.0.0.1:0"],
        &["sql", "select 1"],
        &["maintain"],
        &["rollup"],
        &["backup", "--to", "/nonexistent"],
    ] {
        let (status, said) = ended(helan(arguments, data_dir));
        assert!(!status.success() && said.contains(MARK), "{arguments:?}: {said}");
    }
    // Named by themselves, log and lake are refused as well.
    let elsewhere = tempfile::tempdir().expect("a directory");
    let lake = data_dir.join("lake");
    let (status, said) = ended(helan(&["sql", "--lake", lake.to_str().expect("UTF-8"), "select 1"], elsewhere.path()));
    assert!(!status.success() && said.contains(MARK), "{said}");
    let doctor = helan(&["doctor", "-f", "json", "--partitions", "3"], data_dir).output().expect("helan runs");
    let findings = String::from_utf8(doctor.stdout).expect("UTF-8");
    let told = findings.lines().any(|line| line.contains("\"outcome\":\"fail\"") && line.contains(MARK));
    assert!(told && !doctor.status.success(), "{findings}");
}

#[tokio::test(flavor = "multi_thread")]
async fn on_embedded_faults_a_killed_restore_is_refused_until_it_is_whole() {
    let (source, expected) = filled().await;
    let root = tempfile::tempdir().expect("a directory");
    let backups = root.path().join("backups");
    source.run(&["backup", "--to", backups.to_str().expect("UTF-8")]);
    let backup = names(&backups).pop().expect("a backup");
    let files = count(&backup);
    assert!(files > 100, "too few files to mean anything: {files}");
    let restore = |to: &Path| helan(&["restore", backup.to_str().expect("UTF-8")], to);
    let mut numbers = Numbers(20_261_128);
    let (mut absent, mut refused, mut whole) = (0, 0, 0);
    for round in 0..rounds(RESTORES) {
        let place = root.path().join(format!("round-{round}"));
        let to = place.join("data");
        std::fs::create_dir(&place).expect("a folder");
        if round % 2 == 1 {
            std::fs::create_dir(&to).expect("a folder");
        }
        let quiet = || std::process::Stdio::null();
        let child = restore(&to).stdout(quiet()).stderr(quiet()).spawn().expect("helan starts");
        // Both ends are drawn often: the first files, and the last with all that comes after them.
        let at = match numbers.below(4) {
            0 => numbers.below(4),
            1 => files - numbers.below(4),
            _ => numbers.below(files),
        };
        kill_at(child, &place, at);
        let asked = events(&to);
        let said = String::from_utf8_lossy(&asked.stderr).into_owned();
        if !to.exists() || names(&to).is_empty() {
            absent += 1;
        } else if asked.status.success() {
            whole += 1;
            assert_eq!(text_of(&asked, &["sql"]).lines().nth(1), Some(expected.to_string().as_str()));
            assert!(helan(&["doctor", "--partitions", "3"], &to).output().expect("helan runs").status.success());
            continue;
        } else {
            assert!(said.contains(MARK), "killed at file {at}: {said}");
            refused += 1;
            if refused <= 3 {
                is_refused_by_all(&to);
            }
        }
        let again = restore(&to).output().expect("helan runs");
        assert!(again.status.success(), "killed at file {at}: {}", String::from_utf8_lossy(&again.stderr));
        assert_eq!(text_of(&events(&to), &["sql"]).lines().nth(1), Some(expected.to_string().as_str()));
        assert_eq!(names(&place), std::slice::from_ref(&to), "nothing is left beside it");
        assert!(!to.join(MARK).exists());
        std::fs::remove_dir_all(&place).expect("removed");
    }
    println!("killed restores: {absent} not there, {refused} refused, {whole} whole");
    assert!(absent > 0 && refused > 0, "{absent} {refused} {whole}");
}

#[tokio::test(flavor = "multi_thread")]
async fn on_embedded_faults_a_killed_backup_is_taken_away_by_the_next_and_a_running_one_is_not() {
    let (source, expected) = filled().await;
    let root = tempfile::tempdir().expect("a directory");
    let backups = root.path().join("backups");
    let to = backups.to_str().expect("UTF-8");
    let start = || {
        let mut command = source.command(&["backup", "--to", to]);
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        command.spawn().expect("helan starts")
    };
    let hidden = || {
        let is_hidden = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        names(&backups).into_iter().filter(is_hidden).collect::<Vec<_>>()
    };
    let files = count(source.dir.path());
    let mut numbers = Numbers(20_261_128);
    let mut killed = 0;
    for _ in 0..rounds(BACKUPS) {
        killed += usize::from(kill_at(start(), &backups, 1 + numbers.below(files)));
        for half in hidden() {
            let to = root.path().join("from-half");
            let restored = helan(&["restore", half.to_str().expect("UTF-8")], &to).output().expect("helan runs");
            let said = String::from_utf8_lossy(&restored.stderr);
            assert!(!restored.status.success() && said.contains("no complete backup") && !to.exists(), "{said}");
        }
        for complete in names(&backups).into_iter().filter(|path| !hidden().contains(path)) {
            assert!(complete.join("backup.json").is_file(), "{}", complete.display());
            std::fs::remove_dir_all(complete).expect("removed");
        }
        assert!(hidden().len() <= 1, "the next run takes away what the last left: {:?}", hidden());
    }
    assert!(killed > 0, "every backup was faster than its kill");
    // Backups are named by the second.
    let next_second = || std::thread::sleep(Duration::from_millis(1100));
    next_second();
    source.run(&["backup", "--to", to]);
    assert!(hidden().is_empty(), "{:?}", hidden());
    next_second();

    // One that is stopped in mid-work is not taken for one that was killed. The signal may come when all is copied:
    // then once more.
    let signal = |child: &Child, name: &str| {
        let sent = Command::new("kill").args([name, &child.id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
    };
    let begun = Instant::now();
    let (mut stopped, draft) = loop {
        let before = names(&backups);
        let mut child = start();
        while hidden().iter().map(|half| count(half)).sum::<usize>() < 10 && names(&backups).len() <= before.len() {
            assert!(begun.elapsed() < PATIENCE, "it hangs");
        }
        signal(&child, "-STOP");
        let draft = hidden();
        if draft.len() == 1 {
            break (child, draft);
        }
        signal(&child, "-CONT");
        assert!(child.wait().expect("it ends").success());
        for complete in names(&backups).into_iter().filter(|path| !before.contains(path)) {
            std::fs::remove_dir_all(complete).expect("removed");
        }
        next_second();
    };
    let held = count(&draft[0]);
    next_second();
    source.run(&["backup", "--to", to]);
    assert_eq!((hidden(), count(&draft[0])), (draft, held));
    signal(&stopped, "-CONT");
    assert!(stopped.wait().expect("it ends").success());
    assert!(hidden().is_empty());
    for (number, backup) in names(&backups).into_iter().enumerate() {
        let to = root.path().join(format!("restored-{number}"));
        text_of(&helan(&["restore", backup.to_str().expect("UTF-8")], &to).output().expect("helan runs"), &["restore"]);
        assert_eq!(text_of(&events(&to), &["sql"]).lines().nth(1), Some(expected.to_string().as_str()));
    }
    assert_eq!(names(&backups).len(), 3);
}
