//! The credentials file: one JSON object a line, mode 0600, replaced as a whole by every change.

use std::collections::HashMap;
use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use super::Role;
use super::scram::{self, Verifier};
use super::token::{Token, hex, is_id, new_id, random};
use crate::secrets::{SecretError, check_mode};

/// One credential.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its id, part of its tokens.
    pub id: Arc<str>,
    /// What it is for.
    pub role: Role,
    /// The reporter it sends for, with role reporter only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reporter: Option<Arc<str>>,
    /// When it was added.
    pub created: jiff::Timestamp,
    /// When it was revoked; for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<jiff::Timestamp>,
    /// Its secrets: one, or two while a rotation lets the old one live on.
    pub secrets: Vec<Secret>,
}

/// What is kept of one token: its digest, and what proves it where it is not sent.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    /// SHA-256 of the token, hexadecimal.
    pub sha256: String,
    /// When it was made.
    pub created: jiff::Timestamp,
    /// From when on it is no longer taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<jiff::Timestamp>,
    /// For SCRAM; tokens that were made before 28 November 2026 have none. It stands in a file of its own, because
    /// builds from before read no credentials file with a member that they do not know.
    #[serde(skip)]
    pub scram: Option<Verifier>,
}

/// A line of the file beside the credentials: by which token, what proves it.
#[derive(Debug, Deserialize, Serialize)]
struct Proof {
    sha256: String,
    #[serde(flatten)]
    verifier: Verifier,
}

impl Secret {
    fn of(token: &Token, salt: &[u8], now: jiff::Timestamp, expires: Option<jiff::Timestamp>) -> Self {
        let scram = Some(Verifier::of(token, salt));
        Self { sha256: hex(&token.digest()), created: now, expires, scram }
    }

    /// Compares in a time that does not depend on where the digests differ.
    pub(super) fn matches(&self, sha256: &str) -> bool {
        self.sha256.as_bytes().ct_eq(sha256.as_bytes()).into()
    }

    /// Whether it is past its end at a time in microseconds since the epoch.
    pub fn is_expired(&self, now: i64) -> bool {
        self.expires.is_some_and(|expires| expires.as_microsecond() <= now)
    }
}

/// What a credential is asked to be.
#[derive(Clone, Debug)]
pub struct NewCredential<'a> {
    /// Its id; none = a random one.
    pub id: Option<&'a str>,
    /// What it is for.
    pub role: Role,
    /// The reporter it sends for: with role reporter, and only then.
    pub reporter: Option<&'a str>,
    /// From when on its token is no longer taken; none = no end.
    pub expires: Option<jiff::Timestamp>,
}

/// Why the file could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// The file system said no.
    #[error("credentials file {path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What it said.
        #[source]
        error: io::Error,
    },
    /// Others than its owner may read it.
    #[error("credentials file {0} may be read by others; run: chmod 600 {0}")]
    Exposed(PathBuf),
    /// A line is no credential.
    #[error("credentials file {path}, line {line}: {what}; correct or delete the line")]
    Line {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        what: String,
    },
    /// The change makes no sense.
    #[error("{0}")]
    Refused(String),
}

/// The file, for reading and changing it. Several processes may change it at once: a lock beside it makes them take
/// turns, and a reader sees the old file or the new one, never half of one.
#[derive(Clone, Debug)]
pub struct CredentialFile {
    path: PathBuf,
}

impl CredentialFile {
    /// The file at a path; it need not exist.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Every credential, in the order in which they were added. A missing file has none.
    ///
    /// # Errors
    /// [`CredentialError`] names the file and the line.
    pub fn list(&self) -> Result<Vec<Entry>, CredentialError> {
        let proofs = self.proofs().unwrap_or_else(|error| {
            tracing::warn!(%error, "tokens cannot be proven by SCRAM; they are taken where they are sent");
            HashMap::new()
        });
        self.with_proofs(proofs)
    }

    fn with_proofs(&self, mut proofs: HashMap<String, Verifier>) -> Result<Vec<Entry>, CredentialError> {
        match check_mode(&self.path) {
            Ok(()) => {}
            Err(SecretError::Io { error, .. }) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(SecretError::Io { error, .. }) => return Err(self.io(error)),
            Err(SecretError::Exposed(path)) => return Err(CredentialError::Exposed(path)),
        }
        let text = std::fs::read_to_string(&self.path).map_err(|error| self.io(error))?;
        let mut entries: Vec<Entry> = Vec::new();
        for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let wrong = |what: String| CredentialError::Line { path: self.path.clone(), line: at + 1, what };
            let mut entry: Entry = serde_json::from_str(line).map_err(|error| wrong(error.to_string()))?;
            for secret in &mut entry.secrets {
                secret.scram = proofs.remove(&secret.sha256);
            }
            if !is_id(&entry.id) {
                return Err(wrong("id has other characters than lowercase letters, digits and hyphens".into()));
            }
            if (entry.role == Role::Reporter) != entry.reporter.is_some() {
                return Err(wrong("a reporter stands with role reporter, and only there".into()));
            }
            if entries.iter().any(|other| other.id == entry.id) {
                return Err(wrong(format!("id {} stands twice", entry.id)));
            }
            entries.push(entry);
        }
        Ok(entries)
    }

    /// What proves tokens by SCRAM, by their digests. A missing file has none.
    fn proofs(&self) -> Result<HashMap<String, Verifier>, CredentialError> {
        let path = self.proofs_path();
        let text = match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(HashMap::new()),
            Err(error) => return Err(CredentialError::Io { path, error }),
            Ok(text) => text,
        };
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let proofs = lines.map(|(at, line)| match serde_json::from_str(line) {
            Ok(Proof { sha256, verifier }) => Ok((sha256, verifier)),
            Err(error) => Err(CredentialError::Line { path: path.clone(), line: at + 1, what: error.to_string() }),
        });
        proofs.collect()
    }

    /// The file that stands beside the credentials where a front end knows SCRAM.
    pub fn proofs_path(&self) -> PathBuf {
        self.beside("scram")
    }

    /// Adds a credential and returns its token, which cannot be had again.
    ///
    /// # Errors
    /// If the id is taken or ill-formed, the reporter missing or out of place, or the file cannot be changed.
    pub fn add(&self, new: &NewCredential<'_>, now: jiff::Timestamp) -> Result<Token, CredentialError> {
        self.change(|entries| {
            let id = match new.id {
                Some(id) => id.to_owned(),
                None => new_id().map_err(|error| self.io(error))?,
            };
            if !is_id(&id) {
                return refuse(format!("{id:?} is no id; use 1 to 40 lowercase letters, digits and hyphens"));
            }
            if entries.iter().any(|entry| *entry.id == *id) {
                return refuse(format!("credential {id} exists; rotate it, or choose another id"));
            }
            if (new.role == Role::Reporter) != new.reporter.is_some_and(|reporter| !reporter.is_empty()) {
                return refuse("a reporter is named with role reporter, and only there".to_owned());
            }
            let token = Token::generate(&id).map_err(|error| self.io(error))?;
            let salt = random::<{ scram::SALT }>().map_err(|error| self.io(error))?;
            entries.push(Entry {
                id: id.into(),
                role: new.role,
                reporter: new.reporter.map(Arc::from),
                created: now,
                revoked: None,
                secrets: vec![Secret::of(&token, &salt, now, new.expires)],
            });
            Ok(token)
        })
    }

    /// Gives a credential a new token and returns it. The old one is taken for the grace period still.
    ///
    /// # Errors
    /// If there is no such credential, it was revoked, or the file cannot be changed.
    pub fn rotate(
        &self,
        id: &str,
        grace: jiff::SignedDuration,
        expires: Option<jiff::Timestamp>,
        now: jiff::Timestamp,
    ) -> Result<Token, CredentialError> {
        self.change(|entries| {
            let entry = find(entries, id)?;
            if entry.revoked.is_some() {
                return refuse(format!("credential {id} was revoked, for ever; add another"));
            }
            let end = now.checked_add(grace).map_err(|error| CredentialError::Refused(error.to_string()))?;
            let token = Token::generate(id).map_err(|error| self.io(error))?;
            for secret in &mut entry.secrets {
                secret.expires = Some(secret.expires.map_or(end, |expires| expires.min(end)));
            }
            entry.secrets.retain(|secret| !secret.is_expired(now.as_microsecond()));
            let salt = entry.secrets.iter().find_map(|secret| scram::unhex(&secret.scram.as_ref()?.salt));
            let salt = match salt {
                Some(salt) => salt,
                None => random::<{ scram::SALT }>().map_err(|error| self.io(error))?.to_vec(),
            };
            entry.secrets.push(Secret::of(&token, &salt, now, expires));
            Ok(token)
        })
    }

    /// Revokes a credential, for ever. Services notice within a second or so.
    ///
    /// # Errors
    /// If there is no such credential or the file cannot be changed.
    pub fn revoke(&self, id: &str, now: jiff::Timestamp) -> Result<(), CredentialError> {
        self.change(|entries| {
            find(entries, id)?.revoked.get_or_insert(now);
            Ok(())
        })
    }

    fn change<T>(
        &self,
        edit: impl FnOnce(&mut Vec<Entry>) -> Result<T, CredentialError>,
    ) -> Result<T, CredentialError> {
        let lock = private(&self.beside("lock")).map_err(|error| self.io(error))?;
        lock.lock().map_err(|error| self.io(error))?;
        // Proofs that cannot be read would be lost: both files are written anew.
        let mut entries = self.with_proofs(self.proofs()?)?;
        let answer = edit(&mut entries)?;
        self.replace(&entries).map_err(|error| self.io(error))?;
        Ok(answer)
    }

    /// Proofs come first: without its token one is of no use, and services look at the credentials for what is new.
    fn replace(&self, entries: &[Entry]) -> io::Result<()> {
        let secrets = entries.iter().flat_map(|entry| &entry.secrets);
        let proofs = secrets.filter_map(|Secret { sha256, scram, .. }| {
            Some(Proof { sha256: sha256.clone(), verifier: scram.clone()? })
        });
        write_lines(&self.proofs_path(), &self.beside("scram.new"), proofs)?;
        write_lines(&self.path, &self.beside("new"), entries.iter())
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(".");
        name.push(suffix);
        name.into()
    }

    fn io(&self, error: io::Error) -> CredentialError {
        CredentialError::Io { path: self.path.clone(), error }
    }
}

/// Writes lines of JSON beside a file and renames over it, both synced, so that neither a crash nor a full disk loses it.
fn write_lines(path: &Path, new: &Path, lines: impl Iterator<Item = impl Serialize>) -> io::Result<()> {
    let mut file = private(new)?;
    file.set_len(0)?;
    for line in lines {
        serde_json::to_writer(&file, &line)?;
        file.write_all(b"\n")?;
    }
    file.sync_all()?;
    std::fs::rename(new, path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// Opens a file that only its owner may read, also if it was there with another mode.
fn private(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    Ok(file)
}

fn find<'e>(entries: &'e mut [Entry], id: &str) -> Result<&'e mut Entry, CredentialError> {
    entries
        .iter_mut()
        .find(|entry| *entry.id == *id)
        .ok_or_else(|| CredentialError::Refused(format!("there is no credential {id}; list them to see the ids")))
}

fn refuse<T>(what: String) -> Result<T, CredentialError> {
    Err(CredentialError::Refused(what))
}
