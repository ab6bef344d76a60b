//! The fuzz targets as property tests: bytes of the corpus, changed by a seed. `HELAN_CASES` says how many for each target
//! and `HELAN_SEED` where they begin; a failure prints the seed and the bytes.

#[path = "targets.rs"]
mod targets;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use helan_ingest::FileContent;

/// Planning recurses deeply, as it does in the binary.
const STACK: usize = 16 * 1024 * 1024;
/// Cases of each target in the short form.
const CASES: u64 = 400;
/// What parsers stumble over.
const PIECES: [&[u8]; 22] = [
    b"\"",
    b"\\u0000",
    b"\\ud800",
    b"[[[[",
    b"{}",
    b"null",
    b"1e400",
    b"-0",
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\r\n",
    b",,",
    b"(",
    b")",
    b"--",
    b";",
    b"<!DOCTYPE a>",
    b"&amp;",
    b"99999999999999999999",
    b"select",
    b"2018-02-30",
];

struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn below(&mut self, end: usize) -> usize {
        if end == 0 { 0 } else { self.next() as usize % end }
    }
}

fn changed(numbers: &mut Numbers, corpus: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = corpus[numbers.below(corpus.len())].clone();
    for _ in 0..numbers.below(6) {
        let at = numbers.below(bytes.len() + 1);
        let end = at + numbers.below(bytes.len() - at + 1).min(64);
        match numbers.below(6) {
            0 if at < bytes.len() => bytes[at] ^= 1 << numbers.below(8),
            1 => drop(bytes.drain(at..end)),
            2 => drop(bytes.splice(at..at, PIECES[numbers.below(PIECES.len())].iter().copied())),
            3 => {
                let again = bytes[at..end].repeat(1 + numbers.below(20));
                drop(bytes.splice(at..at, again));
            }
            4 => {
                let other = &corpus[numbers.below(corpus.len())];
                let from = numbers.below(other.len() + 1);
                drop(bytes.splice(at.., other[from..].iter().copied()));
            }
            _ => bytes.insert(at, numbers.below(256) as u8),
        }
    }
    bytes
}

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/corpus").join(name);
    let mut paths: Vec<_> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    let mut found: Vec<_> = paths.iter().map(|path| std::fs::read(path).expect("readable")).collect();
    // What needs no file: the catalog's own texts, and the parts of a workbook.
    let picked = |at: usize, text: &[u8]| [&[at as u8], text].concat();
    match name {
        "catalog" => {
            let files = helan_schemas::catalog::Catalog::embedded().files;
            found.extend(files.values().enumerate().map(|(at, text)| picked(at, text.as_bytes())));
        }
        "workbook" => found.extend(targets::sample().iter().enumerate().map(|(at, (_, part))| picked(at, part))),
        _ => {}
    }
    found
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name}={text}: write a number")))
}

fn run(name: &'static str, target: fn(&[u8])) {
    let work = move || {
        let corpus = corpus(name);
        assert!(!corpus.is_empty());
        let (first, cases) = (number("HELAN_SEED").unwrap_or(0), number("HELAN_CASES").unwrap_or(CASES));
        for whole in &corpus {
            target(whole);
        }
        for seed in first..first + cases {
            let bytes = changed(&mut Numbers(seed), &corpus);
            if catch_unwind(AssertUnwindSafe(|| target(&bytes))).is_err() {
                panic!("{name}, HELAN_SEED={seed}: {:?}", String::from_utf8_lossy(&bytes));
            }
        }
        println!("{name}: {cases} cases from seed {first}, {} in the corpus", corpus.len());
    };
    std::thread::Builder::new().stack_size(STACK).spawn(work).expect("a thread").join().unwrap_or_else(|panic| {
        std::panic::resume_unwind(panic);
    });
}

macro_rules! each {
    ($($name:ident)+) => {
        $(#[test]
        fn $name() {
            run(stringify!($name), targets::$name);
        })+
        #[test]
        fn every_target_is_run() {
            assert_eq!(targets::TARGETS.map(|(name, _)| name), [$(stringify!($name)),+]);
        }
    };
}
each! { period decimal events json csv workbook catalog sql record }

/// Bytes that are refused at once would prove nothing.
#[test]
fn the_corpus_reaches_what_it_is_for() {
    let first = |name: &str| corpus(name).swap_remove(0);
    let source = Some("/nx/nx-stats");
    assert!(targets::judged(&first("csv"), FileContent::Csv, source));
    assert!(targets::judged(&first("json"), FileContent::Json, None));
    assert!(targets::judged(&targets::packed(None), FileContent::Workbook, source));
}
