//! What a caller does about an error of Kafka.

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::{LogError, Refusal, RetryReason, StopReason};

/// Sorts an error into retry, refuse and stop. What is not known to be final is worth another try.
pub(super) fn failed(error: &KafkaError) -> LogError {
    use RDKafkaErrorCode::{
        Authentication, ClusterAuthorizationFailed, GroupAuthorizationFailed, InvalidReplicationFactor, InvalidTopic,
        MessageSizeTooLarge, MessageTimedOut, OperationTimedOut, PolicyViolation, QueueFull, RequestTimedOut,
        SaslAuthenticationFailed, TopicAuthorizationFailed, UnknownPartition, UnknownTopic, UnknownTopicOrPartition,
    };
    if let KafkaError::ClientConfig(_, what, property, _) = error {
        return LogError::misconfigured(format!("Kafka property {property}: {what}"));
    }
    if matches!(error, KafkaError::ClientCreation(_) | KafkaError::MessageConsumptionFatal(_)) {
        return LogError::misconfigured(error);
    }
    match error.rdkafka_error_code() {
        Some(QueueFull) => LogError::retry(RetryReason::QueueFull, error),
        Some(MessageTimedOut | OperationTimedOut | RequestTimedOut) => LogError::retry(RetryReason::TimedOut, error),
        Some(MessageSizeTooLarge) => {
            let limit = helan_schemas::topics::MAX_RECORD_BYTES;
            Refusal::TooLarge { bytes: limit + 1, limit }.into()
        }
        Some(UnknownTopic | UnknownTopicOrPartition | UnknownPartition) => {
            StopReason::UnknownTopic(error.to_string()).into()
        }
        Some(
            Authentication
            | SaslAuthenticationFailed
            | TopicAuthorizationFailed
            | GroupAuthorizationFailed
            | ClusterAuthorizationFailed,
        ) => LogError::misconfigured(format!("{error}; check the credentials and the cluster's access rules")),
        Some(InvalidTopic | InvalidReplicationFactor | PolicyViolation) => LogError::misconfigured(error),
        _ => LogError::retry(RetryReason::LogDown, error),
    }
}
