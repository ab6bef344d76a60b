//! Digests by which a file of the lake tells that it is not what was written.
//!
//! A data file and a file of folded cells have theirs in their name, which the commit or the entry that names them repeats:
//! any reader of Delta takes a name as it is, and compaction, checkpoints and copies hand it on. A text (a commit, an
//! entry of folded cells, the note of the last checkpoint) has its own among its fields, and the note that of the
//! checkpoint as well. They find what a disk has changed, not what somebody has forged.

use object_store::path::Path;
use serde_json::{Value, json};
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use crate::error::LakeError;

/// The field of a text that holds its digest, 16 hexadecimal digits; it counts as [`UNSET`] in the digest itself.
pub(crate) const FIELD: &str = "helan.digest";
/// Placeholder until the digest is set.
pub(crate) const UNSET: &str = "0000000000000000";
/// The field of the last checkpoint's note that holds the checkpoint's digest.
pub(crate) const CHECKPOINT_FIELD: &str = "helan.checkpoint";
/// Who wrote a commit that has a digest.
pub(crate) const ENGINE: &str = "helan, with digests";

/// How a field begins; and, as a bit may have changed in just that, what else stands only in texts that have one.
const BEGINS: &[u8] = b"\"helan.digest\":\"";
const ALSO: [&[u8]; 2] = [b"\"engineInfo\":\"helan, with digests\"", b"\"helan.checkpoint\":\""];
/// Characters of a ULID.
const ID_LENGTH: usize = 26;

/// What a text says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seal {
    /// It has no digest: an earlier build or another program wrote it.
    None,
    /// It is as it was written.
    Sound,
    /// It is not.
    Broken,
}

/// What a file has to be, by its place and its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Rows, or folded cells, with this digest.
    Rows(u64),
    /// A commit of a table, or an entry of folded cells: it may have a digest in itself.
    Text,
    /// The note of the last checkpoint.
    Note,
    /// A checkpoint, whose digest stands in the note if it is the last.
    Checkpoint,
    /// Something that has none.
    Other,
}

impl Kind {
    pub(crate) fn of(path: &Path) -> Self {
        let mut parts: Vec<_> = path.parts().collect();
        let Some(name) = parts.pop() else { return Self::Other };
        let folder = parts.pop();
        let folder = folder.as_ref().map_or("", |folder| folder.as_ref());
        let name = name.as_ref();
        let is_number = |text: &str| text.len() == 20 && text.bytes().all(|byte| byte.is_ascii_digit());
        match (folder, name.split_once('.')) {
            ("_delta_log", None) if name == "_last_checkpoint" => Self::Note,
            ("_delta_log" | "cells", Some((number, "json"))) if is_number(number) => Self::Text,
            ("_delta_log", Some((number, "checkpoint.parquet"))) if is_number(number) => Self::Checkpoint,
            ("_delta_log", _) => Self::Other,
            _ => named(name).map_or(Self::Other, Self::Rows),
        }
    }
}

/// The name of a file with these bytes; `id` is a ULID.
pub(crate) fn name(id: &str, bytes: &[u8]) -> String {
    format!("{id}-{:016x}.parquet", xxh3_64(bytes))
}

/// The digest that a file's name tells.
fn named(name: &str) -> Option<u64> {
    let (id, digest) = name.strip_suffix(".parquet")?.rsplit_once('-')?;
    let is_hex = digest.len() == UNSET.len() && digest.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let is_id = id.len() == ID_LENGTH && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    u64::from_str_radix(digest, 16).ok().filter(|_| is_hex && is_id)
}

/// The first line of a commit, not sealed yet.
pub(crate) fn commit_info(now_ms: i64, operation: &str, more: Value) -> String {
    let mut info = json!({"timestamp": now_ms, "operation": operation, "engineInfo": ENGINE, FIELD: UNSET});
    if let (Value::Object(info), Value::Object(more)) = (&mut info, more) {
        info.extend(more);
    }
    json!({"commitInfo": info}).to_string()
}

/// A text that has [`FIELD`] with [`UNSET`], with its digest in the place of that.
pub(crate) fn sealed(text: String) -> Vec<u8> {
    let mut bytes = text.into_bytes();
    if let Some(at) = find(&bytes, BEGINS).map(|at| at + BEGINS.len()) {
        let digest = format!("{:016x}", xxh3_64(&bytes));
        if let Some(place) = bytes.get_mut(at..at + UNSET.len()) {
            place.copy_from_slice(digest.as_bytes());
        }
    }
    bytes
}

/// Whether a text is as it was sealed.
pub(crate) fn judge(bytes: &[u8]) -> Seal {
    let Some(at) = find(bytes, BEGINS).map(|at| at + BEGINS.len()) else {
        let has_one = ALSO.iter().any(|also| find(bytes, also).is_some());
        return if has_one { Seal::Broken } else { Seal::None };
    };
    let end = at + UNSET.len();
    let Some(found) = bytes.get(at..end) else { return Seal::Broken };
    let mut digest = Xxh3::new();
    for part in [&bytes[..at], UNSET.as_bytes(), &bytes[end..]] {
        digest.update(part);
    }
    if format!("{:016x}", digest.digest()).as_bytes() == found { Seal::Sound } else { Seal::Broken }
}

/// The note of a checkpoint with the checkpoint's digest, sealed.
pub(crate) fn note_of(note: &[u8], checkpoint: &[u8]) -> Result<Vec<u8>, LakeError> {
    let error = |why: String| LakeError::Rows { table: "_last_checkpoint", why };
    let mut note: Value = serde_json::from_slice(note).map_err(|failed| error(failed.to_string()))?;
    let digest = format!("{:016x}", xxh3_64(checkpoint));
    match note.as_object_mut() {
        Some(fields) => fields.insert("tags".to_owned(), json!({CHECKPOINT_FIELD: digest, FIELD: UNSET})),
        None => return Err(error("it is no object".to_owned())),
    };
    Ok(sealed(note.to_string()))
}

/// The digest of a checkpoint, if a sound note is of its version.
pub(crate) fn noted(note: &[u8], checkpoint: &Path) -> Option<u64> {
    if judge(note) != Seal::Sound {
        return None;
    }
    let note: Value = serde_json::from_slice(note).ok()?;
    let version: u64 = checkpoint.filename()?.get(..20)?.parse().ok()?;
    (note["version"].as_u64() == Some(version)).then_some(())?;
    u64::from_str_radix(note["tags"][CHECKPOINT_FIELD].as_str()?, 16).ok()
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every bit of a text.
    fn flips(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
        (0..bytes.len() * 8).map(|bit| {
            let mut flipped = bytes.to_vec();
            flipped[bit / 8] ^= 1 << (bit % 8);
            flipped
        })
    }

    #[test]
    fn no_bit_of_a_sealed_text_changes_unnoticed() {
        let entry = format!(
            "{}\n{{\"add\":{{\"path\":\"x\"}}}}\n",
            commit_info(7, "WRITE", json!({"more": "\"helan.digest\":\""}))
        );
        let entry = sealed(entry);
        assert_eq!(judge(&entry), Seal::Sound);
        assert!(flips(&entry).all(|flipped| judge(&flipped) == Seal::Broken));
        assert!((BEGINS.len() + 80..entry.len()).all(|kept| judge(&entry[..kept]) == Seal::Broken), "torn");
        let note = note_of(b"{\"version\":100,\"size\":7}", b"checkpoint").expect("a note");
        let of = |version: u64| Path::from(format!("events/_delta_log/{version:020}.checkpoint.parquet"));
        assert_eq!(noted(&note, &of(100)), Some(xxh3_64(b"checkpoint")));
        assert_eq!(noted(&note, &of(200)), None);
        assert!(flips(&note).all(|flipped| judge(&flipped) == Seal::Broken && noted(&flipped, &of(100)).is_none()));
    }

    #[test]
    fn what_others_wrote_has_no_digest() {
        assert_eq!(judge(b"{\"commitInfo\":{\"engineInfo\":\"helan\"}}\n"), Seal::None);
        assert_eq!(judge(b""), Seal::None);
        let kind = |path: &str| Kind::of(&Path::from(path));
        let id = "01J9ZQ3V4M5N6P7Q8R9S0T1V2W";
        assert_eq!(kind(&format!("lake/events/recorded_year=2019/{id}-00000000000000ff.parquet")), Kind::Rows(255));
        assert_eq!(kind(&format!("lake/cells/{id}-ffffffffffffffff.parquet")), Kind::Rows(u64::MAX));
        for other in [
            format!("events/{id}.parquet"),
            format!("events/{id}-00000000000000FF.parquet"),
            "events/part-00000-9e9a3bd5-24b0-4f2c-8c32-9d3ba2c6bcb4-c000.zstd.parquet".to_owned(),
            "events/_delta_log/00000000000000000001.crc".to_owned(),
            "events/7.json".to_owned(),
        ] {
            assert_eq!(kind(&other), Kind::Other, "{other}");
        }
        assert_eq!(kind("events/_delta_log/00000000000000000001.json"), Kind::Text);
        assert_eq!(kind("cells/00000000000000000001.json"), Kind::Text);
        assert_eq!(kind("events/_delta_log/00000000000000000001.checkpoint.parquet"), Kind::Checkpoint);
        assert_eq!(kind("events/_delta_log/_last_checkpoint"), Kind::Note);
    }
}
