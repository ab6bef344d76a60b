//! A batch of records of one partition, in one arena: no heap allocation per record.

use xxhash_rust::xxh3::Xxh3;

use crate::{Envelope, TopicPartition};

/// Records of one partition in offset order, copied once into two buffers that the whole batch shares.
#[derive(Clone, Debug)]
pub struct Records {
    at: TopicPartition,
    /// Keys and values, back to back.
    bytes: Vec<u8>,
    /// Texts of the envelopes, back to back; UTF-8 by construction.
    text: String,
    index: Vec<Entry>,
}

/// Ends of one record's fields in the two buffers; each starts where the one before it ends.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    offset: i64,
    received_at: i64,
    key: u32,
    value: u32,
    content_type: u32,
    reporter: u32,
    submission: u32,
    catalog: u32,
}

/// One record, borrowed from its batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordRef<'a> {
    /// Offset in the partition.
    pub offset: i64,
    /// Key as it lies in the log: the source, if one of our ingests wrote it.
    pub key: &'a [u8],
    /// Media type of the value; empty if the record has no such header.
    pub content_type: &'a str,
    /// Reporter whose credential sent it; empty if the record has no such header.
    pub reporter: &'a str,
    /// The submission's id; empty if the record has no such header.
    pub submission: &'a str,
    /// When ingest received it, microseconds since the Unix epoch; 0 if the record has no such header.
    pub received_at: i64,
    /// Digest of the catalog by which it was judged; empty if the record has no such header.
    pub catalog: &'a str,
    /// Value.
    pub value: &'a [u8],
}

/// An envelope as an adapter finds it; what is missing is empty.
#[derive(Clone, Copy, Debug, Default)]
pub struct EnvelopeRef<'a> {
    /// Media type of the value.
    pub content_type: &'a str,
    /// Reporter whose credential sent it.
    pub reporter: &'a str,
    /// The submission's id.
    pub submission: &'a str,
    /// When ingest received it.
    pub received_at: i64,
    /// Digest of the catalog by which it was judged.
    pub catalog: &'a str,
}

/// The digest of a record: everything that a reader gets of it but its place. 63 bits, never negative, so that it fits
/// a transaction's version. It finds mistakes (another record at an offset, a byte changed on disk), not attacks.
///
/// Stands in logs and lakes: it never changes.
pub fn digest(key: &[u8], envelope: EnvelopeRef<'_>, value: &[u8]) -> i64 {
    let EnvelopeRef { content_type, reporter, submission, received_at, catalog } = envelope;
    let mut hash = Xxh3::new();
    let texts = [content_type, reporter, submission, catalog].map(str::as_bytes);
    for field in [key, value].into_iter().chain(texts) {
        hash.update(&(field.len() as u64).to_le_bytes());
        hash.update(field);
    }
    hash.update(&received_at.to_le_bytes());
    (hash.digest() >> 1) as i64
}

/// What is asked of a single record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Its [`digest`].
    pub digest: i64,
    /// When ingest received it, microseconds since the Unix epoch; 0 if the record does not say.
    pub received_at: i64,
}

impl Summary {
    pub(crate) fn of(key: &[u8], envelope: EnvelopeRef<'_>, value: &[u8]) -> Self {
        Self { digest: digest(key, envelope, value), received_at: envelope.received_at }
    }
}

impl RecordRef<'_> {
    /// See [`digest`].
    pub fn digest(&self) -> i64 {
        let Self { content_type, reporter, submission, received_at, catalog, .. } = *self;
        digest(self.key, EnvelopeRef { content_type, reporter, submission, received_at, catalog }, self.value)
    }
}

impl Envelope {
    /// Borrows all fields.
    pub fn as_ref(&self) -> EnvelopeRef<'_> {
        EnvelopeRef {
            content_type: &self.content_type,
            reporter: &self.reporter,
            submission: &self.submission,
            received_at: self.received_at,
            catalog: &self.catalog,
        }
    }
}

impl Records {
    /// An empty batch of one partition.
    pub fn new(at: TopicPartition) -> Self {
        Self { at, bytes: Vec::new(), text: String::new(), index: Vec::new() }
    }

    /// An empty batch of the same partition, with room for as much as this one holds.
    pub fn next_batch(&self) -> Self {
        Self {
            at: self.at.clone(),
            bytes: Vec::with_capacity(self.bytes.len() + self.bytes.len() / 16),
            text: String::with_capacity(self.text.len() + self.text.len() / 16),
            index: Vec::with_capacity(self.index.len() + self.index.len() / 16),
        }
    }

    /// Copies a record in. A batch holds less than 4 GiB: adapters hand it over long before.
    pub fn push(&mut self, offset: i64, key: &[u8], envelope: EnvelopeRef<'_>, value: &[u8]) {
        debug_assert!(self.index.last().is_none_or(|last| last.offset < offset), "offsets grow within a batch");
        let mut entry = Entry { offset, received_at: envelope.received_at, ..Entry::default() };
        self.bytes.extend_from_slice(key);
        entry.key = end(self.bytes.len());
        self.bytes.extend_from_slice(value);
        entry.value = end(self.bytes.len());
        for (field, place) in [
            (envelope.content_type, &mut entry.content_type),
            (envelope.reporter, &mut entry.reporter),
            (envelope.submission, &mut entry.submission),
            (envelope.catalog, &mut entry.catalog),
        ] {
            self.text.push_str(field);
            *place = end(self.text.len());
        }
        self.index.push(entry);
    }

    /// The same records, each at so many offsets further on.
    pub fn shifted(mut self, by: i64) -> Self {
        self.index.iter_mut().for_each(|entry| entry.offset += by);
        self
    }

    /// Which partition.
    pub fn at(&self) -> &TopicPartition {
        &self.at
    }

    /// Number of records.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether it holds no record.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// Bytes of keys, values and envelopes.
    pub fn bytes(&self) -> usize {
        self.bytes.len() + self.text.len()
    }

    /// Offset of the first record.
    pub fn first_offset(&self) -> Option<i64> {
        self.index.first().map(|entry| entry.offset)
    }

    /// The offset after the last record: from where the next batch reads.
    pub fn next_offset(&self) -> Option<i64> {
        self.index.last().map(|entry| entry.offset + 1)
    }

    /// The record at a position, from 0.
    pub fn get(&self, position: usize) -> Option<RecordRef<'_>> {
        let entry = self.index.get(position)?;
        let before = match position.checked_sub(1) {
            Some(before) => self.index[before],
            None => Entry::default(),
        };
        let bytes = |from: u32, to: u32| &self.bytes[from as usize..to as usize];
        let text = |from: u32, to: u32| &self.text[from as usize..to as usize];
        Some(RecordRef {
            offset: entry.offset,
            key: bytes(before.value, entry.key),
            value: bytes(entry.key, entry.value),
            content_type: text(before.catalog, entry.content_type),
            reporter: text(entry.content_type, entry.reporter),
            submission: text(entry.reporter, entry.submission),
            catalog: text(entry.submission, entry.catalog),
            received_at: entry.received_at,
        })
    }

    /// The records in offset order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = RecordRef<'_>> {
        (0..self.index.len()).map(|position| self.get(position).expect("position lies within the batch"))
    }
}

fn end(length: usize) -> u32 {
    u32::try_from(length).expect("a batch holds less than 4 GiB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_back_as_pushed() {
        let mut records = Records::new(TopicPartition::new("t", 3));
        let envelope = Envelope {
            content_type: "application/json".into(),
            reporter: "银川".into(),
            submission: "s-1".into(),
            received_at: 7,
            catalog: "c".into(),
        };
        records.push(4, b"key", envelope.as_ref(), b"value");
        records.push(5, b"", EnvelopeRef::default(), b"");
        records.push(9, b"k", envelope.as_ref(), b"v");
        let all: Vec<_> = records.iter().collect();
        assert_eq!((all[0].key, all[0].value, all[0].reporter), (&b"key"[..], &b"value"[..], "银川"));
        assert_eq!((all[1].key, all[1].value, all[1].submission), (&b""[..], &b""[..], ""));
        assert_eq!((all[2].offset, all[2].key, all[2].catalog), (9, &b"k"[..], "c"));
        assert_eq!((records.first_offset(), records.next_offset()), (Some(4), Some(10)));
    }

    #[test]
    fn a_digest_is_of_every_field_and_never_changes() {
        let envelope = EnvelopeRef { content_type: "c", reporter: "r", submission: "s", received_at: 7, catalog: "g" };
        let known = digest(b"key", envelope, b"value");
        assert_eq!(known, 9_204_863_547_045_422_914, "as it stands in logs and lakes");
        let others = [
            digest(b"keyv", envelope, b"alue"),
            digest(b"key", EnvelopeRef { content_type: "d", ..envelope }, b"value"),
            digest(b"key", EnvelopeRef { reporter: "rs", submission: "", ..envelope }, b"value"),
            digest(b"key", EnvelopeRef { received_at: 8, ..envelope }, b"value"),
            digest(b"key", EnvelopeRef { catalog: "", ..envelope }, b"value"),
        ];
        assert!(others.iter().all(|other| *other != known && *other >= 0), "{others:?}");
        let mut records = Records::new(TopicPartition::new("t", 0));
        records.push(3, b"key", envelope, b"value");
        assert_eq!(records.get(0).map(|record| record.digest()), Some(known));
    }
}
