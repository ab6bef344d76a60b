//! Bits that a disk changes, in every kind of file of a lake: nothing is read from such a file, and it is named.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use deltalake_core::datafusion::logical_expr::{col, lit};
use helan_schemas::codes::TYPE_REPORTED;
use helan_schemas::tables::Table;
use url::Url;

use crate::cells::fold;
use crate::cells::tests::{NOW, reports};
use crate::maintain::{self, Options};
use crate::tests::txn;
use crate::verify::{Cursor, Verified};
use crate::{Lake, LakeError, copy_table};

/// A lake of some commits on a disk, and where it lies.
async fn lake(commits: i64) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("temporary directory");
    let place = directory.path().join("a lake");
    let lake = Lake::create_or_open(&Url::from_directory_path(&place).expect("URL"), "the log").await.expect("create");
    for commit in 0..commits {
        append(&lake, commit).await;
    }
    (directory, place)
}

async fn append(lake: &Lake, commit: i64) {
    let snapshot = lake.snapshot(Table::Events).await.expect("snapshot");
    let id = format!("id-{commit:04}");
    lake.append(&snapshot, vec![reports(&[&id], commit, NOW + commit)], txn(commit + 1)).await.expect("append");
}

/// The lake as a process that starts now opens it.
async fn open(place: &Path) -> Result<Lake, LakeError> {
    Lake::open(&Url::from_directory_path(place).expect("URL")).await
}

/// What lies in a folder of the lake and ends so, in order.
fn files(place: &Path, folder: &str, end: &str) -> Vec<PathBuf> {
    let listed = std::fs::read_dir(place.join(folder)).expect("readable").flatten().map(|entry| entry.path());
    let mut found: Vec<_> = listed.filter(|path| path.to_string_lossy().ends_with(end)).collect();
    found.sort();
    found
}

/// Changes one bit of a file; returns the bytes from before.
fn flip(file: &Path, bit: usize) -> Vec<u8> {
    let sound = std::fs::read(file).expect("readable");
    let mut bytes = sound.clone();
    let bit = bit % (bytes.len() * 8);
    bytes[bit / 8] ^= 1 << (bit % 8);
    std::fs::write(file, bytes).expect("written");
    sound
}

/// Bits all over a file: first, last, and a step that is no multiple of anything.
fn some_bits(file: &Path, step: usize) -> impl Iterator<Item = usize> {
    let bits = std::fs::metadata(file).expect("there").len() as usize * 8;
    (0..bits).step_by(step).chain([bits - 1])
}

fn name(file: &Path) -> String {
    file.file_name().expect("a name").to_string_lossy().into_owned()
}

/// The rows, or the error, as who asks gets it.
async fn rows(lake: &Lake) -> Result<usize, LakeError> {
    let read = lake.snapshot(Table::Events).await?.read(&["id", "value"], None)?;
    Ok(read.collect().await?.iter().map(arrow::array::RecordBatch::num_rows).sum())
}

async fn all(lake: &Lake) -> Verified {
    lake.verify(&mut Cursor::default(), u64::MAX).await.expect("the store answers")
}

#[tokio::test]
async fn a_changed_data_file_is_not_read_put_together_or_copied() {
    let (directory, place) = lake(3).await;
    let options = Options { compact_files: 2, ..Options::default() };
    let file = files(&place, "events/recorded_year=2019", ".parquet").remove(1);
    for bit in some_bits(&file, 9973) {
        let sound = flip(&file, bit);
        let lake = open(&place).await.expect("its log is sound");
        assert_eq!(lake.sound(), Ok(()), "nobody has looked");
        let said = rows(&lake).await.expect_err("not read").to_string();
        assert!(said.contains(&name(&file)) && said.contains("helan rebuild"), "bit {bit}: {said}");
        assert!(lake.sound().expect_err("told").contains(&name(&file)));

        let lake = open(&place).await.expect("its log is sound");
        let version = lake.snapshot(Table::Events).await.expect("snapshot").version();
        let said = maintain::run(&lake, &options).await.expect_err("not put together");
        assert!(matches!(&said, LakeError::Damaged { file: found, .. } if found.ends_with(&name(&file))), "{said}");
        assert_eq!(lake.snapshot(Table::Events).await.expect("snapshot").version(), version);
        let to = directory.path().join(format!("copy-{bit}"));
        let said = copy_table(&lake, Table::Events, &to, |_| ()).await.expect_err("not copied");
        assert!(matches!(&said, LakeError::Damaged { table: "events", .. }), "{said}");
        let verified = all(&lake).await;
        assert_eq!(verified.damaged.len(), 1);
        assert!(verified.damaged[0].contains(&name(&file)), "{verified:?}");
        std::fs::write(&file, sound).expect("put back");
    }
    let lake = open(&place).await.expect("open");
    assert_eq!((rows(&lake).await.expect("read"), all(&lake).await.damaged), (3, Vec::new()));
    maintain::run(&lake, &options).await.expect("put together");
    let verified = all(&lake).await;
    assert_eq!((verified.without, verified.left, rows(&lake).await.expect("read")), (0, 0, 3), "{verified:?}");
}

#[tokio::test]
async fn a_changed_commit_is_not_read() {
    let (_directory, place) = lake(2).await;
    for file in files(&place, "events/_delta_log", ".json") {
        for bit in some_bits(&file, 487) {
            let sound = flip(&file, bit);
            let said = match open(&place).await {
                Ok(lake) => rows(&lake).await.expect_err("not read").to_string(),
                Err(error) => error.to_string(),
            };
            assert!(said.contains(&name(&file)) && said.contains("helan restore"), "bit {bit}: {said}");
            std::fs::write(&file, sound).expect("put back");
        }
    }
    // To be built again it opens nevertheless.
    let file = files(&place, "events/_delta_log", ".json").remove(0);
    let sound = flip(&file, 999);
    let url = Url::from_directory_path(&place).expect("URL");
    let (damaged, id) =
        (Lake::open(&url).await.is_err(), Lake::open_to_rebuild(&url).await.expect("opens").id().to_owned());
    std::fs::write(&file, sound).expect("put back");
    assert_eq!((damaged, id.as_str()), (true, open(&place).await.expect("open").id()));
    // A process that runs meets it with the next look at the table, or when all is compared.
    let lake = open(&place).await.expect("open");
    let file = files(&place, "submissions/_delta_log", ".json").remove(0);
    flip(&file, 1234);
    let verified = all(&lake).await;
    assert!(verified.damaged.len() == 1 && verified.damaged[0].contains("submissions/_delta_log"), "{verified:?}");
    assert!(lake.sound().is_err());
}

#[tokio::test]
async fn a_changed_checkpoint_is_not_read_and_a_changed_note_does_no_harm() {
    let (_directory, place) = lake(4).await;
    let options = Options { compact_files: 100, checkpoint_commits: 4, ..Options::default() };
    let report = maintain::run_table(&open(&place).await.expect("open"), Table::Events, &options).await.expect("done");
    assert_eq!(report.checkpoint, Some(4));
    let checkpoint = files(&place, "events/_delta_log", ".checkpoint.parquet").remove(0);
    for bit in some_bits(&checkpoint, 7919) {
        let sound = flip(&checkpoint, bit);
        let said = match open(&place).await {
            Ok(lake) => rows(&lake).await.expect_err("not read").to_string(),
            Err(error) => error.to_string(),
        };
        assert!(said.contains(&name(&checkpoint)), "bit {bit}: {said}");
        std::fs::write(&checkpoint, sound).expect("put back");
    }
    let note = files(&place, "events/_delta_log", "_last_checkpoint").remove(0);
    for bit in some_bits(&note, 101) {
        let sound = flip(&note, bit);
        let lake = open(&place).await.unwrap_or_else(|error| panic!("bit {bit}: {error}"));
        assert_eq!(rows(&lake).await.expect("read"), 4, "bit {bit}");
        std::fs::write(&note, sound).expect("put back");
    }
    // The next maintenance writes it anew.
    flip(&note, 77);
    let lake = open(&place).await.expect("open");
    append(&lake, 4).await;
    assert_eq!(maintain::run_table(&lake, Table::Events, &options).await.expect("done").checkpoint, Some(5));
    let verified = all(&open(&place).await.expect("open")).await;
    assert_eq!((verified.without, verified.damaged), (0, Vec::new()));
}

#[tokio::test]
async fn changed_cells_are_left_and_folded_again() {
    let (_directory, place) = lake(2).await;
    let edges = Arc::default();
    let reported = col("type").eq(lit(TYPE_REPORTED)).and(col("role").is_null());
    let of_gdp = reported.and(col("indicator").eq(lit("gdp")));
    for (commit, end) in [(2, ".parquet"), (3, ".json")] {
        fold(&open(&place).await.expect("open"), &edges, 1, None).await.expect("folded");
        let mut all_files = files(&place, "cells", end);
        if end == ".json" {
            // The newest entry alone is read.
            all_files.drain(..all_files.len() - 1);
        }
        for (file, bit) in all_files.iter().flat_map(|file| some_bits(file, 4001).map(move |bit| (file, bit))) {
            let sound = flip(file, bit);
            let snapshot = open(&place).await.expect("open").snapshot(Table::Events).await.expect("snapshot");
            let statements = snapshot.read_by_cell(&["id"], Some(of_gdp.clone())).await.expect("planned");
            assert_eq!(statements.count().await.expect("read"), commit as usize, "the events are read instead");
            let lake = open(&place).await.expect("open");
            let verified = all(&lake).await;
            assert_eq!((verified.damaged, lake.sound()), (Vec::new(), Ok(())), "they can be done without");
            assert!(lake.cells_left() > 0 || end == ".parquet");
            let snapshot = lake.snapshot(Table::Events).await.expect("snapshot");
            assert!(snapshot.statement_sources().await.expect("sources").folded.is_none(), "bit {bit} of {end}");
            std::fs::write(file, sound).expect("put back");
        }
        // Of the older files, those of what stands, folding reads.
        flip(all_files.first().expect("one"), 4321);
        let lake = open(&place).await.expect("open");
        append(&lake, commit).await;
        let report = fold(&lake, &edges, 1, None).await.expect("folded");
        assert_eq!(report.events, lake.snapshot(Table::Events).await.expect("snapshot").row_count().expect("counted"));
        assert!(lake.cells_left() > 0);
        let sources = lake.snapshot(Table::Events).await.expect("snapshot").statement_sources().await.expect("sources");
        assert!(sources.folded.is_some(), "folded again");
    }
}

#[tokio::test]
async fn a_part_at_a_time_all_files_come_in_turn() {
    let (_directory, place) = lake(5).await;
    let lake = open(&place).await.expect("open");
    let whole = all(&lake).await;
    assert_eq!((whole.without, whole.left), (0, 0), "{whole:?}");
    for mut cursor in [Cursor::default(), Cursor::anywhere()] {
        let (mut files, mut runs) = (0, 0);
        while files < whole.files {
            let part = lake.verify(&mut cursor, 4096).await.expect("the store answers");
            assert!(part.files > 0 && part.left > 0, "{part:?}");
            (files, runs) = (files + part.files, runs + 1);
        }
        assert!(runs > 2, "{runs}");
    }
    // What an earlier build wrote has no digest, and is read as before.
    let file = files(&place, "events/_delta_log", ".json").remove(5);
    let commit = std::fs::read_to_string(&file).expect("readable");
    let (_, rest) = commit.split_once('\n').expect("lines");
    std::fs::write(&file, format!("{{\"commitInfo\":{{\"engineInfo\":\"helan\"}}}}\n{rest}")).expect("written");
    let lake = open(&place).await.expect("open");
    assert_eq!(rows(&lake).await.expect("read"), 5);
    let verified = all(&lake).await;
    assert_eq!((verified.without, verified.files, verified.damaged), (1, whole.files - 1, Vec::new()));
}
