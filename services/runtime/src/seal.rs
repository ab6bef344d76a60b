//! Texts that only this process can have made: what a client keeps for it, so that it need not be kept here.

use rand::TryRngCore;
use rand::rngs::OsRng;
use subtle::ConstantTimeEq;

use crate::credentials::scram::hmac;

const MARK: usize = 32;

/// A key that ends with the process.
pub struct Seal([u8; 32]);

impl Seal {
    /// A new key.
    ///
    /// # Errors
    /// If the system has no random numbers.
    pub fn new() -> std::io::Result<Self> {
        let mut key = [0_u8; 32];
        OsRng.try_fill_bytes(&mut key).map_err(std::io::Error::other)?;
        Ok(Self(key))
    }

    /// The text behind its mark (HMAC-SHA-256). Anybody can read it; only this process can make it.
    pub fn close(&self, text: &[u8]) -> Vec<u8> {
        [&hmac(&self.0, &[text])[..], text].concat()
    }

    /// The text, if it was sealed here.
    pub fn open<'a>(&self, sealed: &'a [u8]) -> Option<&'a [u8]> {
        let (mark, text) = sealed.split_at_checked(MARK)?;
        let is_ours: bool = hmac(&self.0, &[text]).ct_eq(mark).into();
        is_ours.then_some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_sealed_here_opens() {
        let (seal, other) = (Seal::new().expect("chance"), Seal::new().expect("chance"));
        let sealed = seal.close(b"select 1");
        assert_eq!(seal.open(&sealed), Some(&b"select 1"[..]));
        assert_eq!(seal.open(&seal.close(b"")), Some(&b""[..]));
        assert_eq!(other.open(&sealed), None);
        for at in 0..sealed.len() {
            let mut forged = sealed.clone();
            forged[at] ^= 1;
            assert_eq!(seal.open(&forged), None, "{at}");
        }
        assert_eq!(seal.open(&sealed[..MARK - 1]), None);
    }
}
