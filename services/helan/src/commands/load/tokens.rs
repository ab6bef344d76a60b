//! Tokens of the reporters that send: from a file, or made for this load and revoked at its end.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, bail, ensure};
use helan_load::Stream;
use helan_runtime::clock::Clock;
use helan_runtime::credentials::{CredentialFile, NewCredential, Role};
use jiff::ToSpan;

use crate::commands::credential::default_path;
use crate::lang::Lang;
use crate::say::note;

/// Lifetime of a token that a killed load left behind.
const LIFE_HOURS: i64 = 72;

/// A token for each reporter.
pub(super) struct Tokens {
    by_reporter: BTreeMap<String, String>,
    /// Where ours stand, with their ids.
    made: Option<(CredentialFile, Vec<String>)>,
}

impl Tokens {
    pub(super) fn find(file: Option<&Path>, data_dir: &Path, streams: &[Stream]) -> anyhow::Result<Self> {
        let reporters: BTreeSet<&str> = streams.iter().map(|stream| stream.feed().reporter.as_str()).collect();
        match file {
            Some(path) => Self::read(path, &reporters).with_context(|| format!("--tokens {}", path.display())),
            None => Self::make(data_dir, &reporters),
        }
    }

    fn read(path: &Path, reporters: &BTreeSet<&str>) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)?;
        let mut by_reporter = BTreeMap::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            // A line may be a token, so it is not repeated.
            let (reporter, token) = line
                .split_once(char::is_whitespace)
                .with_context(|| format!("line {} is no REPORTER TOKEN", number + 1))?;
            by_reporter.insert(reporter.to_owned(), token.trim().to_owned());
        }
        let missing: Vec<_> = reporters.iter().filter(|name| !by_reporter.contains_key(**name)).copied().collect();
        ensure!(
            missing.is_empty(),
            "there is no token for {}; add lines, or choose reporters by --reporter",
            missing.join(", ")
        );
        Ok(Self { by_reporter, made: None })
    }

    fn make(data_dir: &Path, reporters: &BTreeSet<&str>) -> anyhow::Result<Self> {
        if !data_dir.is_dir() {
            bail!(
                "{} is no data directory of an instance on this machine, so no tokens can be made: name it by --data-dir, or give tokens by --tokens FILE",
                data_dir.display()
            );
        }
        let file = CredentialFile::new(default_path(data_dir));
        let now = jiff::Timestamp::from_microsecond(Clock::system().now())?;
        let mut tokens = Self { by_reporter: BTreeMap::new(), made: Some((file.clone(), Vec::new())) };
        for reporter in reporters {
            // ULIDs are in capitals, ids of credentials are not.
            let id = format!("load-{}", Clock::system().new_id().to_lowercase());
            let expires = Some(now + LIFE_HOURS.hours());
            let new = NewCredential { id: Some(&id), role: Role::Reporter, reporter: Some(reporter), expires };
            tokens.by_reporter.insert((*reporter).to_owned(), file.add(&new, now)?.reveal().to_owned());
            tokens.made.iter_mut().for_each(|(_, ids)| ids.push(id.clone()));
        }
        Ok(tokens)
    }

    /// The token of a reporter; every stream's has one.
    pub(super) fn of(&self, reporter: &str) -> &str {
        self.by_reporter.get(reporter).map_or("", String::as_str)
    }
}

/// Revokes what was made for this load, however it ends.
impl Drop for Tokens {
    fn drop(&mut self) {
        let Some((file, ids)) = self.made.take() else { return };
        let Ok(now) = jiff::Timestamp::from_microsecond(Clock::system().now()) else { return };
        for id in ids {
            if let Err(error) = file.revoke(&id, now) {
                let (lang, why) = (Lang::spoken(), error.to_string());
                let why = crate::errors::said(&why, lang);
                match lang {
                    Lang::Zh => note!("helan: 本次负载的访问令牌 {id} 未能吊销，到期自动失效：{why}"),
                    Lang::En => {
                        note!("helan: credential {id} of this load could not be revoked, it ends by itself: {why}")
                    }
                }
            }
        }
    }
}
