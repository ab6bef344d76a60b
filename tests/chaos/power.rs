//! A power cut under log and lake: what was synced is there afterwards, of everything else any part.
//!
//! `power_cut.c` writes down what `up` asks of the disk, in order. From that and a copy of what was there before, a disk is
//! made as a power cut at any of its steps may leave it: each write, each new name that was not synced by then is kept, lost,
//! or (a write) torn at a sector. What was acknowledged before that step has to be there. A sync of a file makes its content durable and not its name; that takes a sync of its folder. This is stricter
//! than file systems are. What it believes is that a sync does what it says: no test without a real cut shows that of a disk.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

use super::round::{Round, Told, removed};
use crate::harness::copy;

/// What a disk writes as a whole.
const SECTOR: usize = 512;

impl Round<'_> {
    /// `up` is ended, and the disk is as it was at a moment before, of what was not synced by then only a part.
    pub(super) async fn power_cut(&mut self) -> Told {
        self.stop().await;
        let (before, trace) = (self.place("before"), self.place("trace"));
        std::fs::create_dir(&before).expect("a directory");
        for name in ["log", "lake"] {
            copy(&self.place(name), &before);
        }
        let library = library();
        let under = self.helan.dir.path().to_owned();
        self.launch_by(&[], |mut command: Command| {
            command.env("LD_PRELOAD", library).env("POWER_TRACE", &trace).env("POWER_UNDER", &under);
            command
        });
        self.ready().await;
        self.senders.start();
        self.pause().await;
        self.pause().await;
        self.helan.kill9(&self.helan.base);
        self.senders.stop().await;
        let records = Record::all(&std::fs::read(&trace).expect("the process wrote a trace"));
        let at = moment(&records, &mut self.rng);
        let mut disk = Disk::default();
        disk.load(&under, &before);
        let (done, undone) = records.split_at(at);
        done.iter().for_each(|record| disk.step(record));
        let (lost, of) = disk.cut(&mut self.rng);
        let forgotten = self.senders.forget_since(undone.first().map_or(u64::MAX, |next| next.time));
        println!(
            "the power is cut at step {at} of {}: {lost} of {of} that were not synced are lost, {forgotten} events were \
             acknowledged later",
            records.len()
        );
        // Scratch files are of no use to a process that starts again, and may lie in the trace.
        for place in ["log", "lake", "scratch"].map(|name| self.place(name)) {
            if place.exists() {
                removed(&place);
            }
        }
        disk.write();
        removed(&before);
        std::fs::remove_file(&trace).expect("removed");
        self.helan.start_up().await;
        Told::Survived
    }
}

/// A step before which the power is cut, often one that would make something durable.
fn moment(records: &[Record], rng: &mut StdRng) -> usize {
    let syncs: Vec<usize> = (0..records.len()).filter(|at| matches!(records[*at].kind, b's' | b'd')).collect();
    match syncs.choose(rng) {
        Some(sync) if rng.random_bool(0.7) => *sync,
        _ => rng.random_range(0..=records.len()),
    }
}

/// The time as the trace has it.
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later").as_micros() as u64
}

/// The library, built once a target directory.
fn library() -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/chaos/power_cut.c");
    let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join("power_cut.so");
    let age = |path: &Path| std::fs::metadata(path).and_then(|found| found.modified()).ok();
    if age(&library) < age(&source) {
        let staged = library.with_extension(std::process::id().to_string());
        let status = Command::new("cc").args(["-O1", "-shared", "-fPIC", "-o"]).arg(&staged).arg(&source).status();
        assert!(status.expect("tests need a C compiler").success(), "{} compiles", source.display());
        std::fs::rename(&staged, &library).expect("renamed");
    }
    library
}

/// A file's content: what is durable, and what was written since.
#[derive(Default)]
struct Content {
    bytes: Vec<u8>,
    waiting: Vec<Change>,
}

enum Change {
    Write(usize, Vec<u8>),
    Cut(usize),
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Write(at, written) => {
                bytes.resize(bytes.len().max(at + written.len()), 0);
                bytes[*at..at + written.len()].copy_from_slice(written);
            }
            Self::Cut(length) => bytes.resize(*length, 0),
        }
    }
}

/// A change of names.
enum Naming {
    Add(PathBuf, Node),
    Remove(PathBuf),
}

#[derive(Clone, Copy)]
enum Node {
    Folder,
    /// By its number in `contents`.
    File(usize),
}

#[derive(Default)]
struct Disk {
    contents: Vec<Content>,
    /// What each inode is now; an inode is used again.
    inodes: BTreeMap<u64, usize>,
    /// Names as the process sees them.
    seen: BTreeMap<PathBuf, Node>,
    /// Names that are durable.
    names: BTreeMap<PathBuf, Node>,
    /// Changes of names that are not, in order; those of one step (a rename) together.
    waiting: Vec<Vec<Naming>>,
}

impl Disk {
    /// What was there before: all of it is durable.
    fn load(&mut self, under: &Path, folder: &Path) {
        let base = folder.to_owned();
        let mut folders = vec![base.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).expect("readable").flatten() {
                let path = entry.path();
                let name = under.join(path.strip_prefix(&base).expect("below it"));
                let node = if path.is_dir() {
                    folders.push(path);
                    Node::Folder
                } else {
                    self.contents.push(Content { bytes: std::fs::read(&path).expect("readable"), waiting: Vec::new() });
                    Node::File(self.contents.len() - 1)
                };
                self.seen.insert(name.clone(), node);
                self.names.insert(name, node);
            }
        }
    }

    /// The content behind an inode, which may be seen for the first time.
    fn content(&mut self, inode: u64, path: &Path) -> Option<&mut Content> {
        let number = match (self.inodes.get(&inode), self.seen.get(path)) {
            (Some(number), _) => *number,
            (None, Some(Node::File(number))) => *number,
            // Opened before and without a name by now: no power cut gives it one.
            _ => return None,
        };
        self.inodes.insert(inode, number);
        self.contents.get_mut(number)
    }

    fn step(&mut self, record: &Record) {
        let Record { kind, inode, offset, .. } = *record;
        let (path, other, data) = (record.path.clone(), record.other.clone(), record.data.clone());
        // Shared memory: SQLite makes it anew from the rest.
        if path.to_string_lossy().ends_with("-shm") {
            return;
        }
        match kind {
            b'c' => {
                self.contents.push(Content::default());
                let node = Node::File(self.contents.len() - 1);
                self.inodes.insert(inode, self.contents.len() - 1);
                self.name(vec![Naming::Add(path, node)]);
            }
            b'm' => self.name(vec![Naming::Add(path, Node::Folder)]),
            b'w' => {
                if let Some(content) = self.content(inode, &path) {
                    content.waiting.push(Change::Write(offset, data));
                }
            }
            b't' => {
                if let Some(content) = self.content(inode, &path) {
                    content.waiting.push(Change::Cut(offset));
                }
            }
            b's' => {
                if let Some(content) = self.content(inode, &path) {
                    for change in std::mem::take(&mut content.waiting) {
                        change.apply(&mut content.bytes);
                    }
                }
            }
            b'd' => {
                let is_in = |naming: &Naming| match naming {
                    Naming::Add(name, _) | Naming::Remove(name) => name.parent() == Some(path.as_path()),
                };
                let waiting = std::mem::take(&mut self.waiting);
                let (durable, waiting): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|step| step.iter().any(is_in));
                self.waiting = waiting;
                durable.into_iter().flatten().for_each(|naming| naming.apply(&mut self.names));
            }
            b'l' | b'r' => {
                let Some(node) = self.seen.get(&path).copied() else { return };
                let mut step = vec![Naming::Add(other, node)];
                if kind == b'r' {
                    step.push(Naming::Remove(path));
                }
                self.name(step);
            }
            b'u' => self.name(vec![Naming::Remove(path)]),
            other => panic!("{other} is no kind of record"),
        }
    }

    fn name(&mut self, step: Vec<Naming>) {
        step.iter().for_each(|naming| naming.apply(&mut self.seen));
        self.waiting.push(step);
    }

    /// Cuts the power; returns how much was lost of what was not durable.
    fn cut(&mut self, rng: &mut StdRng) -> (usize, usize) {
        let (mut lost, mut of) = (0, 0);
        let keeps = [0.1, 0.5, 0.9][rng.random_range(0..3)];
        for step in std::mem::take(&mut self.waiting) {
            of += 1;
            if rng.random_bool(keeps) {
                step.into_iter().for_each(|naming| naming.apply(&mut self.names));
            } else {
                lost += 1;
            }
        }
        for content in &mut self.contents {
            for change in std::mem::take(&mut content.waiting) {
                of += 1;
                match change {
                    change if rng.random_bool(keeps) => change.apply(&mut content.bytes),
                    Change::Write(at, written) if rng.random_bool(0.3) => {
                        lost += 1;
                        let sectors = rng.random_range(0..=written.len() / SECTOR);
                        Change::Write(at, written[..sectors * SECTOR].to_vec()).apply(&mut content.bytes);
                    }
                    _ => lost += 1,
                }
            }
        }
        (lost, of)
    }

    /// Writes what is left. A name in a folder that is gone is gone with it.
    fn write(&self) {
        use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
        for (name, node) in &self.names {
            if !name.parent().is_some_and(Path::is_dir) {
                continue;
            }
            match node {
                Node::Folder => std::fs::DirBuilder::new().mode(0o750).create(name).expect("a directory"),
                Node::File(number) => {
                    let mut file = std::fs::File::options();
                    let mut file = file.write(true).create_new(true).mode(0o600).open(name).expect("a file");
                    std::io::Write::write_all(&mut file, &self.contents[*number].bytes).expect("written");
                }
            }
        }
    }
}

impl Naming {
    fn apply(&self, names: &mut BTreeMap<PathBuf, Node>) {
        match self {
            Self::Add(name, node) => drop(names.insert(name.clone(), *node)),
            Self::Remove(name) => drop(names.remove(name)),
        }
    }
}

/// One record of the trace.
struct Record {
    kind: u8,
    /// Microseconds since the epoch.
    time: u64,
    path: PathBuf,
    other: PathBuf,
    inode: u64,
    offset: usize,
    data: Vec<u8>,
}

impl Record {
    /// All of a trace; SIGKILL may have come within the last one.
    fn all(mut trace: &[u8]) -> Vec<Self> {
        std::iter::from_fn(|| Self::take(&mut trace)).collect()
    }

    fn take(rest: &mut &[u8]) -> Option<Self> {
        let mut number = || rest.split_off(..8).map(|bytes| u64::from_ne_bytes(bytes.try_into().expect("8 bytes")));
        let [kind, time, path, other, inode, offset, count] =
            [number()?, number()?, number()?, number()?, number()?, number()?, number()?];
        let mut text = |count: u64| {
            rest.split_off(..count as usize).map(|bytes| PathBuf::from(String::from_utf8_lossy(bytes).into_owned()))
        };
        let (path, other) = (text(path)?, text(other)?);
        let data = rest.split_off(..count as usize)?.to_vec();
        Some(Self { kind: kind as u8, time, path, other, inode, offset: offset as usize, data })
    }
}
