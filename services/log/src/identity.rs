//! Which log it is: stored with the lake's tables, so that another log is never taken for it.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::{LogError, Result, StopReason, TopicPartition};

/// Which log this is: kind, cluster or log id, and its topics with their partition counts. Stored with the lake's
/// tables; another identity stops the aggregator.
///
/// As text: `embedded/6b0d…;helan.city.v1=4;helan.park.v1=4`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogIdentity {
    /// [`LogIdentity::KAFKA`], [`LogIdentity::EMBEDDED`] or [`LogIdentity::MEMORY`].
    pub kind: &'static str,
    /// Cluster id, or the embedded log's UUID.
    pub id: String,
    /// Topic → partition count.
    pub topics: BTreeMap<String, i32>,
}

impl LogIdentity {
    /// Kind of a log that is a Kafka cluster.
    pub const KAFKA: &'static str = "kafka";
    /// Kind of the log in SQLite.
    pub const EMBEDDED: &'static str = "embedded";
    /// Kind of the log of simulations.
    pub const MEMORY: &'static str = "memory";
    const KINDS: [&'static str; 3] = [Self::KAFKA, Self::EMBEDDED, Self::MEMORY];

    /// Kind and id without the topics, as it stands in the application ids of commits: `kafka/5L6g3nShT-eMCtK--X86sw`.
    pub fn name(&self) -> String {
        format!("{}/{}", self.kind, self.id)
    }

    /// Every partition of its topics.
    pub fn partitions(&self) -> impl Iterator<Item = TopicPartition> {
        let of = |(topic, count): (&String, &i32)| {
            let topic: Arc<str> = topic.as_str().into();
            (0..*count).map(move |partition| TopicPartition::new(topic.clone(), partition))
        };
        self.topics.iter().flat_map(of)
    }

    /// Checks that this log goes on where the stored one was: same log, and every topic known then with the same
    /// partition count. Topics may have been added: that is how a log grows.
    pub fn continues(&self, stored: &LogIdentity) -> Result<()> {
        let same = self.kind == stored.kind
            && self.id == stored.id
            && stored.topics.iter().all(|(topic, count)| self.topics.get(topic) == Some(count));
        if same {
            return Ok(());
        }
        Err(StopReason::OtherIdentity { expected: stored.to_string(), found: self.to_string() }.into())
    }
}

impl fmt::Display for LogIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind, self.id)?;
        self.topics.iter().try_for_each(|(topic, partitions)| write!(f, ";{topic}={partitions}"))
    }
}

impl FromStr for LogIdentity {
    type Err = LogError;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || LogError::misconfigured(format!("{text:?} is no log identity"));
        let mut parts = text.split(';');
        let (kind, id) = parts.next().and_then(|name| name.split_once('/')).ok_or_else(wrong)?;
        let kind = Self::KINDS.into_iter().find(|known| *known == kind).ok_or_else(wrong)?;
        let topics = parts
            .map(|part| {
                let (topic, partitions) = part.split_once('=')?;
                Some((topic.to_owned(), partitions.parse().ok()?))
            })
            .collect::<Option<_>>()
            .ok_or_else(wrong)?;
        Ok(Self { kind, id: id.to_owned(), topics })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_comes_back() {
        for text in ["kafka/5L6g3nShT-eMCtK--X86sw;helan.city.v1=4;helan.park.v1=8", "memory/a"] {
            assert_eq!(text.parse::<LogIdentity>().expect("an identity").to_string(), text);
        }
        for text in ["", "kafka", "pulsar/a", "kafka/a;t", "kafka/a;t=x"] {
            assert!(text.parse::<LogIdentity>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_log_may_gain_topics_but_not_change_or_lose_them() {
        let parse = |text: &str| text.parse::<LogIdentity>().expect("an identity");
        let stored = parse("kafka/a;x=2");
        assert!(parse("kafka/a;x=2;y=4").continues(&stored).is_ok());
        for other in ["kafka/b;x=2", "embedded/a;x=2", "kafka/a;x=3", "kafka/a;y=2"] {
            assert!(matches!(parse(other).continues(&stored), Err(LogError::Stop(_))), "{other}");
        }
    }
}
