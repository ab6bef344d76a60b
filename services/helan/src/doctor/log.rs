//! The log: does it answer, is it the one that the lake was filled from, and has it what the lake still needs?

use std::sync::Arc;
use std::time::Duration;

use helan_aggregator::AggregatorError;
use helan_lake::Lake;
use helan_log::{
    Ends, Gate, Log, LogError, LogIdentity, LogUrl, OpenOptions, RetryReason, StopReason, TopicPartition, TopicSpec,
};
use helan_schemas::tables::Table;
use helan_schemas::topics;

use super::{Examined, Finding};

/// How long the log may take to answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// The log and its identity, or why there is none.
pub(super) type Opened = Result<(Arc<dyn Log>, LogIdentity), LogError>;

/// Opens the log without the right to write: nothing is created and no lock is taken.
pub(super) async fn open(examined: &Examined) -> Opened {
    let kafka = examined.kafka_properties.clone().unwrap_or_default();
    let options = OpenOptions { write: false, kafka, ..OpenOptions::default() };
    let asked = async {
        let log = helan_log::open(&examined.log_url, options).await?;
        let identity = log.identity().await?;
        Ok((log, identity))
    };
    let late = || LogError::Retry { reason: RetryReason::TimedOut, detail: format!("no answer in {PATIENCE:?}") };
    tokio::time::timeout(PATIENCE, asked).await.unwrap_or_else(|_| Err(late()))
}

pub(super) async fn check(examined: &Examined, opened: &Opened, lake: Option<&Lake>) -> Vec<Finding> {
    let (log, identity) = match opened {
        Ok(found) => found,
        Err(error) => return vec![unreachable(&examined.log_url, error)],
    };
    let mut findings = vec![Finding::ok("log", identity.name(), identity.name())];
    let counted = topic_counts(identity, examined.partitions);
    let sound = counted.outcome == super::Outcome::Ok;
    findings.push(counted);
    if sound && identity.kind == LogIdentity::KAFKA {
        // All topics are there, so this creates none: it checks their settings.
        let specs = TopicSpec::all(examined.partitions, examined.replication);
        let checked = log.create_topics(&specs).await;
        findings.push(topic_settings(checked.err(), examined.replication));
    }
    if let Some(lake) = lake {
        findings.push(belonging(identity, lake.log_identity()));
        if identity.to_string().split(';').next() == lake.log_identity().split(';').next() {
            let log = helan_aggregator::follow(log.clone(), lake, Gate::default());
            findings.push(continuity(helan_aggregator::differences(log.as_ref(), lake).await));
            findings.push(match offsets(log.as_ref(), identity, lake).await {
                Ok(partitions) => progress(&partitions),
                Err(error) => Finding::fail(
                    "offsets",
                    (error.clone(), error),
                    ("见“日志”与“数据湖”两项", "see the lines of the log and of the lake"),
                ),
            });
        }
    }
    findings
}

fn unreachable(url: &str, error: &LogError) -> Finding {
    let found = (format!("{url}：{error}"), format!("{url}: {error}"));
    if LogUrl::directory(url).is_some() && error.to_string().contains("does not exist yet") {
        return Finding::warn(
            "log",
            found,
            ("首次启动 helan up 会创建", "the first start of helan up or helan ingest makes it"),
        );
    }
    let advice = (
        "检查 --log、网络、Kafka 是否运行、--kafka-properties",
        "check --log, the network, whether Kafka runs, and --kafka-properties",
    );
    Finding::fail("log", found, advice)
}

/// Judges the topics that are there by the settings.
fn topic_counts(identity: &LogIdentity, partitions: i32) -> Finding {
    let wrong: Vec<String> = topics::ALL
        .iter()
        .filter_map(|topic| match identity.topics.get(*topic) {
            Some(count) if *count == partitions => None,
            Some(count) => Some(format!("{topic}={count}")),
            None => Some(format!("{topic}=0")),
        })
        .collect();
    if wrong.is_empty() {
        return Finding::ok("topics", format!("每个主题 {partitions} 个分区"), format!("{partitions} partitions each"));
    }
    let wrong = wrong.join(", ");
    Finding::fail(
        "topics",
        (
            format!("设置为 {partitions} 个分区，实际 {wrong}"),
            format!("{partitions} partitions are set, found {wrong}"),
        ),
        (
            "分区数在创建时定死：把 --partitions 改成实际值；0 表示尚未创建，启动一次写入角色",
            "the count is fixed at creation: set --partitions to what is there; 0 = not created, start a role that \
             writes once",
        ),
    )
}

fn topic_settings(error: Option<LogError>, replication: i32) -> Finding {
    match error {
        Some(error) => Finding::fail(
            "topics",
            (error.to_string(), error.to_string()),
            ("用 kafka-configs 改正该主题", "set the topic right with kafka-configs"),
        ),
        None if replication < 3 => Finding::warn(
            "topics",
            (format!("副本数 {replication}"), format!("replication {replication}")),
            (
                "一台 broker 坏了就会丢报送；生产环境用 --replication 3",
                "one broken broker loses reports; in production use --replication 3",
            ),
        ),
        None => Finding::ok("topics", format!("副本数 {replication}"), format!("replication {replication}")),
    }
}

/// Judges whether the lake was filled from this log.
fn belonging(identity: &LogIdentity, stored: &str) -> Finding {
    let outcome = stored.parse::<LogIdentity>().and_then(|stored| identity.continues(&stored));
    match outcome {
        Ok(()) => Finding::ok("identity", "数据湖由此日志写成", "the lake was filled from this log"),
        Err(error) => Finding::fail("identity", (error.to_string(), error.to_string()), (WAYS_OUT.0, WAYS_OUT.1)),
    }
}

/// What to do where the lake cannot follow the log.
const WAYS_OUT: (&str, &str) = (
    "核对 --log 与 --lake 是否成对。日志由旧备份恢复的：从同一份备份恢复日志与数据湖。原日志已无法找回的：停止所有角色，运行 helan adopt \
     查看，再加 --yes；或用 helan rebuild 由这份日志重建数据湖（deploy/README.md）",
    "see whether --log and --lake belong together. If the log was restored from an older copy, restore log and lake from one \
     backup. If the former log cannot be had, stop every role, look at `helan adopt`, then run it with --yes; or build the \
     lake again from this log with `helan rebuild` (deploy/README.md)",
);

/// Judges whether the log still has what the lake has read last.
fn continuity(compared: Result<Vec<StopReason>, AggregatorError>) -> Finding {
    match compared {
        Ok(reasons) if reasons.is_empty() => {
            Finding::ok("continuity", "日志仍是数据湖读过的那一份", "the log still has what the lake read last")
        }
        Ok(reasons) => {
            let lines: Vec<_> = reasons.iter().map(ToString::to_string).collect();
            Finding::fail("continuity", (lines.join("\n"), lines.join("\n")), WAYS_OUT)
        }
        Err(error) => Finding::fail(
            "continuity",
            (error.to_string(), error.to_string()),
            ("见“日志”与“数据湖”两项", "see the lines of the log and of the lake"),
        ),
    }
}

/// How far one partition is read, and what the log still has of it.
struct Progress {
    at: TopicPartition,
    ends: Ends,
    least: i64,
    most: i64,
}

async fn offsets(log: &dyn Log, identity: &LogIdentity, lake: &Lake) -> Result<Vec<Progress>, String> {
    let mut snapshots = Vec::new();
    for table in Table::FED {
        snapshots.push((table, lake.snapshot(table).await.map_err(|error| error.to_string())?));
    }
    let mut all = Vec::new();
    for (topic, count) in &identity.topics {
        for partition in 0..*count {
            let at = TopicPartition::new(topic.as_str(), partition);
            let ends = log.ends(&at).await.map_err(|error| error.to_string())?;
            let app_id = lake.offset_app_id(topic, partition);
            let (mut least, mut most) = (i64::MAX, i64::MIN);
            let fed = snapshots.iter().filter(|(table, _)| !topics::holds_refusals(topic) || *table == Table::Refusals);
            for (_, snapshot) in fed {
                let next = snapshot.txn(&app_id).await.map_err(|error| error.to_string())?.unwrap_or(0);
                (least, most) = (least.min(next), most.max(next));
            }
            all.push(Progress { at, ends, least, most });
        }
    }
    Ok(all)
}

/// Judges how far partitions are read.
fn progress(partitions: &[Progress]) -> Finding {
    let ahead = partitions.iter().find(|it| it.most > it.ends.next);
    if let Some(Progress { at, ends, most, .. }) = ahead {
        return Finding::fail(
            "offsets",
            (
                format!("{at}：数据湖已到 {most}，日志只到 {}", ends.next),
                format!("{at}: the lake is at {most}, the log ends at {}", ends.next),
            ),
            (WAYS_OUT.0, WAYS_OUT.1),
        );
    }
    let gap = partitions.iter().find(|it| it.least < it.ends.first);
    if let Some(Progress { at, ends, least, .. }) = gap {
        return Finding::fail(
            "offsets",
            (
                format!("{at}：{least}..{} 已被日志删除，尚未入库", ends.first),
                format!("{at}: {least}..{} are gone from the log and not in the lake", ends.first),
            ),
            (
                "从备份恢复，或请报送单位重报该区间；加长日志保留时间",
                "restore a backup, or have that range sent again; keep the log longer",
            ),
        );
    }
    let lag: i64 = partitions.iter().map(|it| it.ends.next - it.least).sum();
    Finding::ok("offsets", format!("{lag} 条记录尚未入库"), format!("{lag} records are not yet in the lake"))
}

#[cfg(test)]
mod tests {
    use super::super::Outcome::{Fail, Ok as Fine, Warn};
    use super::*;

    fn identity(text: &str) -> LogIdentity {
        text.parse().expect("an identity")
    }

    #[test]
    fn topics_have_the_partitions_that_are_set() {
        let all = topics::ALL.map(|topic| format!("{topic}=4")).join(";");
        let sound = identity(&format!("kafka/a;{all}"));
        assert_eq!(topic_counts(&sound, 4).outcome, Fine);
        assert_eq!(topic_counts(&sound, 8).outcome, Fail);
        assert_eq!(topic_counts(&identity("kafka/a;helan.city.v1=4"), 4).outcome, Fail, "missing topics");
        assert_eq!(topic_settings(None, 1).outcome, Warn);
        assert_eq!(topic_settings(None, 3).outcome, Fine);
        let wrong = LogError::Stop(StopReason::Misconfigured("compact".to_owned()));
        assert_eq!(topic_settings(Some(wrong), 3).outcome, Fail);
    }

    #[test]
    fn a_log_that_the_lake_cannot_follow_fails() {
        assert_eq!(continuity(Ok(Vec::new())).outcome, Fine);
        let other = StopReason::Diverged { at: TopicPartition::new("t", 0), offset: 7 };
        let found = continuity(Ok(vec![other]));
        assert!(found.outcome == Fail && found.found_en.contains("t/0") && found.advice_en.contains("helan adopt"));
    }

    #[test]
    fn another_log_is_not_taken_for_the_lakes() {
        assert_eq!(belonging(&identity("kafka/a;x=1;y=1"), "kafka/a;x=1").outcome, Fine);
        assert_eq!(belonging(&identity("kafka/b;x=1"), "kafka/a;x=1").outcome, Fail);
        assert_eq!(belonging(&identity("kafka/a;x=1"), "nonsense").outcome, Fail);
    }

    #[test]
    fn offsets_lie_within_the_log() {
        let judge = |first, next, least, most| {
            let at = TopicPartition::new("t", 0);
            progress(&[Progress { at, ends: Ends { first, next }, least, most }]).outcome
        };
        assert_eq!(judge(0, 9, 4, 9), Fine);
        assert_eq!(judge(0, 9, 4, 10), Fail, "truncated");
        assert_eq!(judge(5, 9, 4, 9), Fail, "a gap");
        assert_eq!(judge(5, 9, 5, 5), Fine);
    }

    #[test]
    fn a_log_that_does_not_answer_fails_and_one_not_yet_made_does_not() {
        let down = |detail: &str| LogError::Retry { reason: RetryReason::LogDown, detail: detail.to_owned() };
        assert_eq!(unreachable("kafka://h:1", &down("refused")).outcome, Fail);
        assert_eq!(unreachable("embedded:///d", &down("/d/log.sqlite does not exist yet")).outcome, Warn);
    }
}
