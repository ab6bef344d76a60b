//! A token: `helan_<id>_<secret>`.

use rand::TryRngCore;
use rand::rngs::OsRng;
use sha2::{Digest, Sha256};

/// Bytes of a secret: 256 bits.
const SECRET_BYTES: usize = 32;
/// What every token begins with, so that scanners of leaked secrets can find one.
const PREFIX: &str = "helan_";

/// A token as sent. Its `Debug` shows the id only.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    text: String,
    id_end: usize,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Token({PREFIX}{}_…)", self.id())
    }
}

impl Token {
    /// A new token for a credential, from the operating system's generator.
    ///
    /// # Errors
    /// If the operating system gives no random bytes.
    pub fn generate(id: &str) -> std::io::Result<Self> {
        let secret = random::<SECRET_BYTES>()?;
        let text = format!("{PREFIX}{id}_{}", hex(&secret));
        Ok(Self { text, id_end: PREFIX.len() + id.len() })
    }

    /// Reads the value of an `Authorization` header: `Bearer`, in any case, and a token.
    pub fn from_header(value: &[u8]) -> Option<Self> {
        let (scheme, token) = std::str::from_utf8(value).ok()?.trim().split_once(' ')?;
        if scheme.eq_ignore_ascii_case("bearer") { Self::parse(token.trim()) } else { None }
    }

    /// Reads a token.
    pub fn parse(text: &str) -> Option<Self> {
        let (id, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
        let shaped = secret.len() == SECRET_BYTES * 2
            && secret.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
            && is_id(id);
        shaped.then(|| Self { text: text.to_owned(), id_end: PREFIX.len() + id.len() })
    }

    /// The credential's id.
    pub fn id(&self) -> &str {
        &self.text[PREFIX.len()..self.id_end]
    }

    /// The whole token, to be shown once to whoever asked for it.
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// SHA-256 of the whole token.
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.text.as_bytes()).into()
    }
}

/// Whether a text can be a credential's id: 1 to 40 lowercase letters, digits and hyphens.
pub(super) fn is_id(text: &str) -> bool {
    (1..=40).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'z' | b'-'))
}

/// A new id: 60 bits, enough to be alone in a file, short enough to read out.
pub(super) fn new_id() -> std::io::Result<String> {
    const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let bytes = random::<12>()?;
    Ok(bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect())
}

/// Bytes from the operating system's generator.
pub(super) fn random<const N: usize>() -> std::io::Result<[u8; N]> {
    let mut bytes = [0_u8; N];
    OsRng.try_fill_bytes(&mut bytes).map_err(std::io::Error::other)?;
    Ok(bytes)
}

/// Lowercase hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
