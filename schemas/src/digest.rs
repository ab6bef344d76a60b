//! Digests: of an event's content, of a submission, of a catalog.

use sha2::{Digest, Sha256};
use xxhash_rust::xxh3::xxh3_128;

/// Sixteen bytes over an event's decoded fields; equal exactly when two events say the same.
///
/// Decimals are normalised (`1.30` says the same as `1.3`), attributes that ingest adds are left out. XXH3-128 guards
/// against mistakes, not against a sender who wants two of their own events to collide. Keep one and reuse it: its
/// buffer is the only allocation.
#[derive(Default)]
pub struct ContentDigest(Vec<u8>);

impl ContentDigest {
    /// Starts an event.
    pub fn reset(&mut self) {
        self.0.clear();
    }

    /// Adds a field that may be absent. Absent and empty differ, and fields cannot run into each other.
    pub fn field(&mut self, bytes: Option<&[u8]>) {
        match bytes {
            None => self.0.extend_from_slice(&u32::MAX.to_le_bytes()),
            Some(bytes) => {
                self.0.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
                self.0.extend_from_slice(bytes);
            }
        }
    }

    /// The sixteen bytes, big-endian as XXH3's canonical form.
    pub fn finish(&self) -> [u8; 16] {
        xxh3_128(&self.0).to_be_bytes()
    }
}

/// Tells two submissions of one name apart: XXH3-128 of the canonical events, in lowercase hexadecimal.
pub fn content_of(canonical: &[u8]) -> String {
    format!("{:032x}", xxh3_128(canonical))
}

/// SHA-256 in lowercase hexadecimal.
pub fn sha256_hex(parts: &[&[u8]]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The id of a submission that named none: a digest of its source and its canonical content.
pub fn submission_id(source: &str, canonical: &[u8]) -> String {
    sha256_hex(&[source.as_bytes(), canonical])[..32].to_owned()
}
