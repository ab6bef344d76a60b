//! Who may call: bearer tokens, kept only as digests, in a file that is read again when it changes.
//!
//! [`Credentials`] is what a service asks; [`CredentialFile`] is what `helan credential …` edits. A token reads
//! `helan_<id>_<secret>`: the id is public and finds the line in the file, the secret proves it. Neither a token nor a
//! secret is ever logged or stored; the file holds SHA-256 digests.
//!
//! A plain digest is enough here, and right: a secret is 256 bits from the operating system's generator, which no
//! dictionary and no amount of hardware can search. Slow hashes protect passwords that people choose; here they would
//! only hand an attacker a way to burn our CPU with every wrong token.

mod file;
pub(crate) mod scram;
mod token;
mod wrong;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use helan_schemas::refusal::Code;

pub use file::{CredentialError, CredentialFile, Entry, NewCredential, Secret};
pub use scram::{Challenge, Proven, Verifier};
pub use token::Token;
pub use wrong::{WrongTokens, network};

use crate::secrets::Stamp;

/// How often, at most, the file's state on disk is looked at, in microseconds.
const LOOK_EVERY: i64 = 1_000_000;

/// What a credential is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Sends for one reporter of the catalog.
    Reporter,
    /// Asks in SQL, and reviews publications.
    Analyst,
    /// Approves, releases and withdraws publications, closes periods, reads status and metrics.
    Operator,
}

impl Role {
    /// The role as files and messages write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reporter => "reporter",
            Self::Analyst => "analyst",
            Self::Operator => "operator",
        }
    }
}

impl std::str::FromStr for Role {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Reporter, Self::Analyst, Self::Operator]
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| format!("{text:?} is no role; use reporter, analyst or operator"))
    }
}

/// Who a valid token belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The credential's id; safe to log.
    pub credential: Arc<str>,
    /// Its role.
    pub role: Role,
    /// The reporter it sends for; always there with [`Role::Reporter`], never otherwise.
    pub reporter: Option<Arc<str>>,
}

/// Why a request is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// No `Authorization` header.
    #[error("no bearer token")]
    Missing,
    /// Not `Bearer helan_<id>_<secret>`.
    #[error("the Authorization header holds no token of the form helan_<id>_<secret>")]
    Malformed,
    /// No credential has this id and secret. Which of the two is wrong is not told.
    #[error("unknown token")]
    Unknown,
    /// Right, but past its end.
    #[error("the token has expired")]
    Expired,
    /// Right, but revoked.
    #[error("the token was revoked")]
    Revoked,
    /// The credentials file cannot be read, so nobody is let in.
    #[error("credentials cannot be checked now")]
    Unavailable,
}

/// What the sender is told, wherever it asked.
impl From<AuthError> for Code {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Missing => Self::TokenMissing,
            AuthError::Malformed => Self::TokenMalformed,
            AuthError::Unknown => Self::TokenUnknown,
            AuthError::Expired => Self::TokenExpired,
            AuthError::Revoked => Self::TokenRevoked,
            AuthError::Unavailable => Self::CredentialsUnavailable,
        }
    }
}

/// The credentials of a file, as of at most a second ago. Clones share them.
///
/// A missing file means that there are no credentials. A file that cannot be read, or that others may read, lets
/// nobody in until it is mended: an old copy might let in whom the operator has just locked out.
#[derive(Clone, Debug)]
pub struct Credentials(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    /// Key from which salts for unknown credential ids are derived.
    decoy: [u8; 32],
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    looked_at: Option<i64>,
    stamp: Option<Stamp>,
    entries: Option<Entries>,
}

/// Credentials by id.
type Entries = Arc<HashMap<Arc<str>, Entry>>;

impl Credentials {
    /// The credentials of a file. Nothing is read before the first question.
    pub fn open(path: impl Into<PathBuf>) -> Self {
        // Without chance the decoys could be told from credentials; nothing else rests on it.
        let decoy = token::random().unwrap_or_default();
        Self(Arc::new(Shared { path: path.into(), decoy, state: Mutex::default() }))
    }

    /// Where they stand.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Finds out who sends an `Authorization` header, at a time in microseconds since the epoch.
    ///
    /// # Errors
    /// [`AuthError`]; only [`AuthError::Unavailable`] is ours rather than the sender's.
    pub fn authenticate(&self, authorization: Option<&[u8]>, now: i64) -> Result<Identity, AuthError> {
        let token = Token::from_header(authorization.ok_or(AuthError::Missing)?).ok_or(AuthError::Malformed)?;
        match self.find(&token, self.entries(now, LOOK_EVERY), now) {
            // It may have been added since the file was last looked at.
            Err(AuthError::Unknown) => self.find(&token, self.entries(now, 0), now),
            answer => answer,
        }
    }

    /// The same by what the file said within the last second: a token that was made since then is unknown. For callers
    /// who have seen too many wrong tokens to look at the file for each.
    ///
    /// # Errors
    /// As [`Self::authenticate`].
    pub fn recognise(&self, authorization: &[u8], now: i64) -> Result<Identity, AuthError> {
        let token = Token::from_header(authorization).ok_or(AuthError::Malformed)?;
        self.find(&token, self.entries(now, LOOK_EVERY), now)
    }

    /// What somebody who names a credential is to prove by SCRAM. A credential that is not there gets a salt of its own,
    /// always the same, so that it looks like one that is. None = at least one of its tokens has nothing to be proven by.
    ///
    /// # Errors
    /// [`AuthError::Unavailable`].
    pub fn challenge(&self, id: &str, is_new: bool, now: i64) -> Result<Option<Challenge>, AuthError> {
        let mut entries = self.entries(now, LOOK_EVERY).ok_or(AuthError::Unavailable)?;
        // It may have been added since the file was last looked at.
        if is_new && !entries.contains_key(id) {
            entries = self.entries(now, 0).ok_or(AuthError::Unavailable)?;
        }
        let Some((id, entry)) = entries.get_key_value(id) else {
            let salt = scram::hmac(&self.0.decoy, &[id.as_bytes()])[..scram::SALT].to_vec();
            return Ok(Some(Challenge { salt, iterations: scram::ITERATIONS, tokens: Vec::new() }));
        };
        let secrets = entry.secrets.iter().filter(|secret| !secret.is_expired(now) || entry.secrets.len() == 1);
        let tokens = secrets.map(|secret| {
            let proven = Proven { id: id.clone(), sha256: secret.sha256.clone() };
            Some((secret.scram.clone()?, proven))
        });
        let tokens: Option<Vec<_>> = tokens.collect();
        Ok(tokens.and_then(|tokens| {
            let (verifier, _) = tokens.first()?;
            Some(Challenge { salt: scram::unhex(&verifier.salt)?, iterations: verifier.iterations, tokens })
        }))
    }

    /// Who has sent a whole token, naming its credential, for [`Credentials::holds`] to judge.
    pub fn sent(&self, id: &str, token: &str) -> Option<Proven> {
        let token = Token::parse(token).filter(|token| token.id() == id)?;
        Some(Proven { id: id.into(), sha256: token::hex(&token.digest()) })
    }

    /// Whether a token that was proven is still taken, and whose it is: asked again before each question of a connection.
    ///
    /// # Errors
    /// As [`Self::authenticate`].
    pub fn holds(&self, proven: &Proven, now: i64) -> Result<Identity, AuthError> {
        let entries = self.entries(now, LOOK_EVERY).ok_or(AuthError::Unavailable)?;
        self.judge(&proven.id, &proven.sha256, &entries, now)
    }

    fn find(&self, token: &Token, entries: Option<Entries>, now: i64) -> Result<Identity, AuthError> {
        let entries = entries.ok_or(AuthError::Unavailable)?;
        // The digest is computed for unknown ids too: both ways of being wrong take the same time.
        self.judge(token.id(), &token::hex(&token.digest()), &entries, now)
    }

    fn judge(&self, id: &str, sha256: &str, entries: &Entries, now: i64) -> Result<Identity, AuthError> {
        let (name, entry) = entries.get_key_value(id).ok_or(AuthError::Unknown)?;
        let secret = entry.secrets.iter().find(|secret| secret.matches(sha256)).ok_or(AuthError::Unknown)?;
        if entry.revoked.is_some() {
            return Err(AuthError::Revoked);
        }
        if secret.is_expired(now) {
            return Err(AuthError::Expired);
        }
        Ok(Identity { credential: name.clone(), role: entry.role, reporter: entry.reporter.clone() })
    }

    /// Whether the file can be read, for readiness.
    pub fn is_available(&self, now: i64) -> bool {
        self.entries(now, LOOK_EVERY).is_some()
    }

    /// The entries of the file as it was at most `age` microseconds ago.
    fn entries(&self, now: i64, age: i64) -> Option<Entries> {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = state.looked_at.is_some_and(|at| (0..age).contains(&(now - at)));
        if fresh {
            return state.entries.clone();
        }
        let stamp = Stamp::of(&self.0.path);
        let first = state.looked_at.replace(now).is_none();
        // A file that could not be read is tried again each time: mending its mode may leave the stamp as it was.
        if first || stamp != state.stamp || state.entries.is_none() {
            state.stamp = stamp;
            state.entries = match CredentialFile::new(&self.0.path).list() {
                Ok(entries) => {
                    tracing::info!(credentials = entries.len(), path = %self.0.path.display(), "read credentials");
                    Some(Arc::new(entries.into_iter().map(|entry| (entry.id.clone(), entry)).collect()))
                }
                Err(error) => {
                    tracing::error!(%error, "credentials cannot be read; nobody is let in");
                    None
                }
            };
        }
        state.entries.clone()
    }
}

#[cfg(test)]
mod tests;
