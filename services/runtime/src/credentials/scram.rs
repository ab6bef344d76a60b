//! SCRAM-SHA-256 (RFC 5802, RFC 7677) for front ends whose protocol has it: what is kept of a token so that it can be
//! proven without being sent.
//!
//! What is kept proves a token and does not replace it: nobody can log in with what the file holds.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::token::{Token, hex};

/// What RFC 7677 asks for at least; drivers refuse less. More would only cost time, as a slow hash would ([`super`]).
pub(super) const ITERATIONS: u32 = 4096;
/// Bytes of a salt.
pub(super) const SALT: usize = 16;
/// Bytes of a block of SHA-256, to which HMAC fills its key up.
const BLOCK: usize = 64;

type Hash = [u8; 32];

/// What is kept of one token; hexadecimal.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Verifier {
    /// Rounds of PBKDF2.
    pub iterations: u32,
    /// Its salt; the same for both tokens of a credential, because a client names the credential, not the token.
    pub salt: String,
    /// H(ClientKey): what a proof is compared with.
    pub stored: String,
    /// ServerKey: with it the server shows that it knows the token too.
    pub server: String,
}

/// Who has proven to hold a token.
#[derive(Clone)]
pub struct Proven {
    pub(super) id: Arc<str>,
    pub(super) sha256: String,
}

impl std::fmt::Debug for Proven {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Proven({})", self.id)
    }
}

/// What a client is to prove. One for a credential that is not there looks the same.
#[derive(Clone, Debug)]
pub struct Challenge {
    /// The salt.
    pub salt: Vec<u8>,
    /// Rounds of PBKDF2.
    pub iterations: u32,
    pub(super) tokens: Vec<(Verifier, Proven)>,
}

impl Challenge {
    /// Judges a proof by the messages that were exchanged; with it comes the server's own signature.
    pub fn judge(&self, messages: &[u8], proof: &[u8]) -> Option<(Hash, Proven)> {
        let proof: Hash = proof.try_into().ok()?;
        let (verifier, proven) = self.tokens.iter().find(|(verifier, _)| verifier.proves(messages, &proof))?;
        Some((hmac(&unhex(&verifier.server)?, &[messages]), proven.clone()))
    }
}

impl Verifier {
    pub(super) fn of(token: &Token, salt: &[u8]) -> Self {
        let salted = salted(token.reveal().as_bytes(), salt, ITERATIONS);
        Self {
            iterations: ITERATIONS,
            salt: hex(salt),
            stored: hex(&hash(&hmac(&salted, &[b"Client Key"]))),
            server: hex(&hmac(&salted, &[b"Server Key"])),
        }
    }

    fn proves(&self, messages: &[u8], proof: &Hash) -> bool {
        let Some(stored) = unhex(&self.stored) else { return false };
        let signature = hmac(&stored, &[messages]);
        let mut client = *proof;
        client.iter_mut().zip(signature).for_each(|(byte, other)| *byte ^= other);
        hash(&client).ct_eq(stored.as_slice()).into()
    }
}

/// HMAC-SHA-256 (RFC 2104) of parts that follow each other.
pub(crate) fn hmac(key: &[u8], parts: &[&[u8]]) -> Hash {
    let mut block = [0_u8; BLOCK];
    if key.len() > BLOCK {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let mut inner = Sha256::new_with_prefix(block.map(|byte| byte ^ 0x36));
    parts.iter().for_each(|part| inner.update(part));
    let mut outer = Sha256::new_with_prefix(block.map(|byte| byte ^ 0x5c));
    outer.update(inner.finalize());
    outer.finalize().into()
}

/// SHA-256.
pub(super) fn hash(bytes: &[u8]) -> Hash {
    Sha256::digest(bytes).into()
}

/// PBKDF2 with HMAC-SHA-256, one block (RFC 8018).
pub(super) fn salted(secret: &[u8], salt: &[u8], iterations: u32) -> Hash {
    let mut round = hmac(secret, &[salt, &1_u32.to_be_bytes()]);
    let mut all = round;
    for _ in 1..iterations {
        round = hmac(secret, &[&round]);
        all.iter_mut().zip(round).for_each(|(byte, other)| *byte ^= other);
    }
    all
}

/// Bytes of a hexadecimal text.
pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks(2);
    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hmac_is_that_of_the_standard() {
        // RFC 4231, cases 2 and 6.
        let short = hmac(b"Jefe", &[b"what do ya want ", b"for nothing?"]);
        assert_eq!(hex(&short), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        let long = hmac(&[0xaa; 131], &[b"Test Using Larger Than Block-Size Key - Hash Key First"]);
        assert_eq!(hex(&long), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    }

    #[test]
    fn the_exchange_is_that_of_the_standard() {
        // RFC 7677, section 3: user `user`, password `pencil`.
        let salt = [0x5b, 0x6d, 0x99, 0x68, 0x9d, 0x12, 0x35, 0x8e, 0xec, 0xa0, 0x4b, 0x14, 0x12, 0x36, 0xfa, 0x81];
        let salted = salted(b"pencil", &salt, 4096);
        let verifier = Verifier {
            iterations: 4096,
            salt: hex(&salt),
            stored: hex(&hash(&hmac(&salted, &[b"Client Key"]))),
            server: hex(&hmac(&salted, &[b"Server Key"])),
        };
        let messages = b"n=user,r=rOprNGfwEbeRWgbNEkqO,\
            r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,\
            c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        let proof = unhex("747c3a0e0eae3d8fc7d3ff3fa3a6e6cb84b5f0c5cd2c5a1ed07aa3d1ba17a0d6");
        let proof = proof.expect("hexadecimal");
        let proven = Proven { id: "user".into(), sha256: String::new() };
        let challenge = Challenge { salt: salt.to_vec(), iterations: 4096, tokens: vec![(verifier, proven)] };
        // dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ= and 6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=
        let right = unhex("747cdb65aa56224e2352137e52d7bdcad6a0f738df30782caa69a2cfb0277554").expect("hexadecimal");
        let (signature, _) = challenge.judge(messages, &right).expect("the right proof");
        assert_eq!(hex(&signature), "eabae24d1062db75a9451ff0b6ea7e98c8546549ff741e672d3251b2397de46e");
        assert!(challenge.judge(messages, &proof).is_none() && challenge.judge(messages, b"").is_none());
    }
}
