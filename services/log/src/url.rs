//! Where a log is: the one place that knows the schemes of its URLs.

use std::path::{Path, PathBuf};

use crate::{LogError, Result};

/// A log's URL, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogUrl {
    /// `kafka://HOST:PORT[,HOST:PORT]`: the brokers.
    Kafka(String),
    /// `embedded:///DIRECTORY`: an absolute path.
    Embedded(PathBuf),
    /// `memory:`.
    Memory,
}

impl LogUrl {
    /// Takes a URL apart.
    ///
    /// # Errors
    /// If it is none of the three.
    pub fn parse(url: &str) -> Result<Self> {
        let wrong = |what: &str| {
            LogError::misconfigured(format!(
                "{what} in log URL {url:?}; write kafka://HOST:PORT[,HOST:PORT], embedded:///DIRECTORY or memory:"
            ))
        };
        if let Some(brokers) = url.strip_prefix("kafka://") {
            let brokers = brokers.trim_end_matches('/');
            if brokers.is_empty() || brokers.contains(['/', '@', '?']) {
                return Err(wrong("no plain list of brokers"));
            }
            return Ok(Self::Kafka(brokers.to_owned()));
        }
        if let Some(path) = url.strip_prefix("embedded://") {
            if !path.starts_with('/') {
                return Err(wrong("no absolute directory"));
            }
            return Ok(Self::Embedded(path.into()));
        }
        if url == "memory:" {
            return Ok(Self::Memory);
        }
        Err(wrong("unknown scheme"))
    }

    /// The URL of the embedded log in a directory, which is absolute.
    pub fn embedded_in(directory: &Path) -> String {
        format!("embedded://{}", directory.display())
    }

    /// The directory of an embedded log; none for other logs.
    pub fn directory(url: &str) -> Option<PathBuf> {
        // Each kind by name, here and below: another one has to say what it is.
        match Self::parse(url).ok()? {
            Self::Embedded(path) => Some(path),
            Self::Kafka(_) | Self::Memory => None,
        }
    }

    /// Whether the log is a Kafka cluster.
    pub fn is_kafka(url: &str) -> bool {
        Self::parse(url).is_ok_and(|url| match url {
            Self::Kafka(_) => true,
            Self::Embedded(_) | Self::Memory => false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_urls_apart() {
        let url = LogUrl::embedded_in(Path::new("/srv/log"));
        assert_eq!(LogUrl::directory(&url), Some("/srv/log".into()));
        assert!(LogUrl::is_kafka("kafka://a:1,b:2/") && !LogUrl::is_kafka(&url));
        assert_eq!(LogUrl::parse("kafka://a:1,b:2/").ok(), Some(LogUrl::Kafka("a:1,b:2".to_owned())));
        for wrong in ["kafka://", "kafka://user@a:1", "embedded://log", "embedded:/log", "memory", "file:///log", ""] {
            assert!(LogUrl::parse(wrong).is_err(), "{wrong}");
        }
    }
}
