//! Topics: created as stated, and checked for what would lose submissions.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use helan_schemas::topics::MAX_RECORD_BYTES;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::error::RDKafkaErrorCode;

use super::config::Tracing;
use super::errors::failed;
use super::{ASK_TIMEOUT, counts};
use crate::{LogError, Result, RetryReason, StopReason, TopicSpec};

type Admin = std::sync::Arc<AdminClient<Tracing>>;

/// Creates what is missing and checks what exists; returns the partition counts of all topics of the cluster.
pub(super) async fn create(admin: &Admin, topics: &[TopicSpec]) -> Result<BTreeMap<String, i32>> {
    let names: Vec<&str> = topics.iter().map(|topic| topic.name.as_str()).collect();
    let known = counts(admin, &names).await?;
    for topic in topics {
        topic.check_count(known.get(&topic.name).copied())?;
    }
    let missing: Vec<_> = topics.iter().filter(|topic| !known.contains_key(&topic.name)).collect();
    for topic in &missing {
        create_one(admin, topic).await?;
    }
    let known = wait_for(admin, topics).await?;
    for topic in topics {
        check_settings(admin, topic).await?;
    }
    Ok(known)
}

async fn create_one(admin: &Admin, topic: &TopicSpec) -> Result<()> {
    let retention = topic.retention.map_or("-1".to_owned(), |time| time.as_millis().to_string());
    let max_bytes = MAX_RECORD_BYTES.to_string();
    let in_sync = if topic.replication >= 3 { "2" } else { "1" };
    let new = NewTopic::new(&topic.name, topic.partitions, TopicReplication::Fixed(topic.replication))
        .set("cleanup.policy", "delete")
        .set("retention.ms", &retention)
        .set("retention.bytes", "-1")
        .set("max.message.bytes", &max_bytes)
        .set("min.insync.replicas", in_sync)
        .set("unclean.leader.election.enable", "false");
    let options = AdminOptions::new().request_timeout(Some(ASK_TIMEOUT)).operation_timeout(Some(ASK_TIMEOUT));
    let results = admin.create_topics([&new], &options).await.map_err(|e| failed(&e))?;
    for result in results {
        match result {
            // Two roles that start at once both find it missing.
            Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((name, code)) => {
                let error = rdkafka::error::KafkaError::AdminOp(code);
                tracing::error!(topic = name, %error, "topic cannot be created");
                return Err(failed(&error));
            }
        }
    }
    Ok(())
}

/// Brokers learn of a new topic a moment after its creation.
async fn wait_for(admin: &Admin, topics: &[TopicSpec]) -> Result<BTreeMap<String, i32>> {
    let deadline = Instant::now() + ASK_TIMEOUT;
    loop {
        let known = counts(admin, &[]).await?;
        if topics.iter().all(|topic| known.get(&topic.name).is_some_and(|count| *count > 0)) {
            for topic in topics {
                topic.check_count(known.get(&topic.name).copied())?;
            }
            return Ok(known);
        }
        if Instant::now() > deadline {
            return Err(LogError::retry(RetryReason::TimedOut, "created topics are not yet known to every broker"));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Stops at settings that refuse or delete submissions, and warns of a retention shorter than stated.
async fn check_settings(admin: &Admin, topic: &TopicSpec) -> Result<()> {
    let options = AdminOptions::new().request_timeout(Some(ASK_TIMEOUT));
    let found = admin.describe_configs([&ResourceSpecifier::Topic(&topic.name)], &options).await;
    let settings = match found.map_err(|e| failed(&e))?.pop() {
        Some(Ok(settings)) => settings,
        Some(Err(RDKafkaErrorCode::TopicAuthorizationFailed)) => {
            tracing::warn!(topic = topic.name, "no right to see the topic's settings; they are not checked");
            return Ok(());
        }
        Some(Err(code)) => return Err(failed(&rdkafka::error::KafkaError::AdminOp(code))),
        None => return Ok(()),
    };
    let value = |name: &str| settings.get(name).and_then(|entry| entry.value.as_deref()).unwrap_or_default();
    let wrong = |name: &str, wanted: &str| {
        let found = value(name);
        let topic = &topic.name;
        let what = format!("topic {topic} has {name}={found}; set {wanted} with kafka-configs");
        Err(StopReason::Misconfigured(what).into())
    };
    if value("cleanup.policy").contains("compact") {
        return wrong("cleanup.policy", "delete: compaction would keep one submission a source");
    }
    if value("max.message.bytes").parse::<usize>().is_ok_and(|bytes| bytes < MAX_RECORD_BYTES) {
        return wrong("max.message.bytes", &MAX_RECORD_BYTES.to_string());
    }
    if let Ok(kept @ 0..) = value("retention.ms").parse::<i128>()
        && topic.retention.is_none_or(|wanted| kept < wanted.as_millis() as i128)
    {
        tracing::warn!(
            topic = topic.name,
            retention_ms = %kept,
            "topic keeps records for less time than stated: what is not read by then is lost, and its partition stops; \
             set retention.ms with kafka-configs"
        );
    }
    Ok(())
}
