//! The log as one lake follows it: its offsets as the lake counts them, and no append while the lake cannot follow.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, RwLock};

use async_trait::async_trait;
use helan_schemas::topics;

use crate::{
    Address, Ends, Log, LogError, LogIdentity, Message, NewRecord, Result, RetryReason, StopReason, Subscription,
    Summary, TopicPartition, TopicSpec,
};

/// Whether records may be appended; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<State>);

#[derive(Debug, Default)]
struct State {
    closed: RwLock<Option<String>>,
    /// By how much receive times may go back, microseconds; any if none.
    apart: Option<i64>,
    newest: AtomicI64,
}

impl Gate {
    /// One that closes by itself at a record that was received by a clock so many microseconds behind that of an earlier
    /// one. The log tells no more by then: its newest record is of the clock that was set back.
    pub fn by_clocks(apart: i64) -> Self {
        Self(Arc::new(State { apart: Some(apart), ..State::default() }))
    }

    /// When the newest record was received that was appended through it, microseconds since the epoch; 0 = none was.
    pub fn newest(&self) -> i64 {
        self.0.newest.load(Ordering::Relaxed)
    }

    /// Opens it, or closes it and says why.
    pub fn set(&self, closed: Option<String>) {
        *self.0.closed.write().expect("no holder of the lock panics") = closed;
    }

    /// Checks it for a record that was received at a time, and closes it if clocks do not agree.
    fn check_for(&self, received_at: Option<i64>) -> Result<(), String> {
        self.check()?;
        let behind = received_at.map_or(0, |received_at| self.newest() - received_at);
        match self.0.apart {
            Some(apart) if behind > apart => {
                let seconds = behind / 1_000_000;
                let why =
                    format!("this machine's clock was set back by {seconds} s since an earlier report was received");
                self.set(Some(why.clone()));
                Err(why)
            }
            _ => Ok(()),
        }
    }

    /// Says why it is closed.
    ///
    /// # Errors
    /// The reason, for an operator.
    pub fn check(&self) -> Result<(), String> {
        match &*self.0.closed.read().expect("no holder of the lock panics") {
            None => Ok(()),
            Some(why) => Err(why.clone()),
        }
    }
}

/// For each partition what a lake adds to the log's own offsets: other than 0 once the lake goes on with another log,
/// whose offsets begin anew, so that an address in the lake stays one record for ever.
pub type Shifts = BTreeMap<TopicPartition, i64>;

/// A log behind a gate, with shifted offsets.
pub struct FollowedLog {
    log: Arc<dyn Log>,
    shifts: Shifts,
    gate: Gate,
}

impl FollowedLog {
    /// A log as a lake with these shifts follows it.
    pub fn new(log: Arc<dyn Log>, shifts: Shifts, gate: Gate) -> Self {
        Self { log, shifts, gate }
    }

    fn shift(&self, at: &TopicPartition) -> i64 {
        shift(&self.shifts, at)
    }
}

fn shift(shifts: &Shifts, at: &TopicPartition) -> i64 {
    shifts.get(at).copied().unwrap_or(0)
}

#[async_trait]
impl Log for FollowedLog {
    async fn append(&self, record: NewRecord) -> Result<Address> {
        // What was refused is not dated by it.
        let received_at = (!topics::holds_refusals(&record.topic)).then_some(record.envelope.received_at);
        self.gate.check_for(received_at).map_err(|why| LogError::retry(RetryReason::NotFollowed, why))?;
        let Address { at, offset } = self.log.append(record).await?;
        if let Some(received_at) = received_at {
            self.gate.0.newest.fetch_max(received_at, Ordering::Relaxed);
        }
        Ok(Address { offset: offset + self.shift(&at), at })
    }

    async fn create_topics(&self, topics: &[TopicSpec]) -> Result<()> {
        self.log.create_topics(topics).await
    }

    async fn subscribe(&self, group: &str, topics: &[&str]) -> Result<Box<dyn Subscription>> {
        let subscription = self.log.subscribe(group, topics).await?;
        if self.shifts.values().all(|shift| *shift == 0) {
            return Ok(subscription);
        }
        Ok(Box::new(FollowedSubscription { subscription, shifts: self.shifts.clone() }))
    }

    async fn ends(&self, at: &TopicPartition) -> Result<Ends> {
        let (ends, shift) = (self.log.ends(at).await?, self.shift(at));
        Ok(Ends { first: ends.first + shift, next: ends.next + shift })
    }

    async fn summaries(&self, wanted: &[(TopicPartition, i64)]) -> Result<Vec<Option<Summary>>> {
        let own: Vec<_> = wanted.iter().map(|(at, offset)| (at.clone(), offset - self.shift(at))).collect();
        self.log.summaries(&own).await
    }

    async fn ready(&self) -> Result<()> {
        self.gate.check().map_err(|why| LogError::retry(RetryReason::NotFollowed, why))?;
        self.log.ready().await
    }

    async fn identity(&self) -> Result<LogIdentity> {
        self.log.identity().await
    }

    async fn offset_for_time(&self, at: &TopicPartition, microseconds: i64) -> Result<Option<i64>> {
        Ok(self.log.offset_for_time(at, microseconds).await?.map(|offset| offset + self.shift(at)))
    }

    async fn retain(&self, at: &TopicPartition, first: i64) -> Result<()> {
        self.log.retain(at, first - self.shift(at)).await
    }
}

struct FollowedSubscription {
    subscription: Box<dyn Subscription>,
    shifts: Shifts,
}

#[async_trait]
impl Subscription for FollowedSubscription {
    async fn next(&mut self) -> Result<Message> {
        Ok(match self.subscription.next().await? {
            Message::Records(records) => {
                let by = shift(&self.shifts, records.at());
                Message::Records(records.shifted(by))
            }
            Message::Failed { at, error } => {
                let error = shifted(error, shift(&self.shifts, &at));
                Message::Failed { at, error }
            }
            message => message,
        })
    }

    async fn seek(&mut self, at: &TopicPartition, offset: i64) -> Result<()> {
        let by = shift(&self.shifts, at);
        self.subscription.seek(at, offset - by).await.map_err(|error| shifted(error, by))
    }

    async fn commit(&mut self, next: &[(TopicPartition, i64)]) -> Result<()> {
        let own: Vec<_> = next.iter().map(|(at, next)| (at.clone(), next - shift(&self.shifts, at))).collect();
        self.subscription.commit(&own).await
    }
}

/// An error that names offsets, in the lake's count.
fn shifted(mut error: LogError, by: i64) -> LogError {
    if let LogError::Stop(reason) = &mut error {
        match reason {
            StopReason::Truncated { wanted, next, .. } => (*wanted, *next) = (*wanted + by, *next + by),
            StopReason::RetentionGap { wanted, first, .. } => (*wanted, *first) = (*wanted + by, *first + by),
            StopReason::Diverged { offset, .. } | StopReason::Damaged { offset, .. } => *offset += by,
            StopReason::OtherIdentity { .. }
            | StopReason::UnknownTopic(_)
            | StopReason::Partitions { .. }
            | StopReason::Misconfigured(_) => {}
        }
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{create, numbered, read};
    use crate::memory::MemoryLog;

    #[tokio::test]
    async fn offsets_are_the_lakes_wherever_they_stand() {
        let own = MemoryLog::new("log");
        create(&own, "t", 1).await;
        let at = TopicPartition::new("t", 0);
        let log = FollowedLog::new(Arc::new(own.clone()), [(at.clone(), 40)].into(), Gate::default());
        for number in 0..5 {
            let address = log.append(numbered("t", number)).await.expect("appended");
            assert_eq!(address, Address { at: at.clone(), offset: 40 + number as i64 });
        }
        assert_eq!(log.ends(&at).await, Ok(Ends { first: 40, next: 45 }));
        let found = log.summaries(&[(at.clone(), 42), (at.clone(), 2)]).await.expect("digests");
        assert_eq!(found, [own.summaries(&[(at.clone(), 2)]).await.expect("digests")[0], None]);
        log.retain(&at, 41).await.expect("retained");
        assert_eq!(log.offset_for_time(&at, 0).await, Ok(Some(41)));
        let mut subscription = log.subscribe("g", &["t"]).await.expect("subscribed");
        assert_eq!(read(&mut *subscription, &[(at.clone(), 41)].into(), 4).await[&at], [1, 2, 3, 4]);
        let gap = subscription.seek(&at, 40).await;
        assert_eq!(gap, Err(StopReason::RetentionGap { at: at.clone(), wanted: 40, first: 41 }.into()));
        subscription.commit(&[(at.clone(), 45)]).await.expect("committed");
        assert_eq!(own.committed("g", &at), Some(5), "the group is told the log's own offsets");
    }

    /// The records before it in the log are no help: by then the newest of each partition may be of the wrong clock.
    #[tokio::test]
    async fn a_clock_that_is_set_back_closes_the_gate_at_its_first_record() {
        let own = MemoryLog::new("log");
        create(&own, "t", 1).await;
        let gate = Gate::by_clocks(600);
        let log = FollowedLog::new(Arc::new(own), Shifts::new(), gate.clone());
        let received = |number: u64, received_at: i64| {
            let mut record = numbered("t", number);
            record.envelope.received_at = received_at;
            log.append(record)
        };
        for (number, received_at) in [(0, 5000), (1, 4400), (2, 9000)] {
            received(number, received_at).await.expect("clocks may differ by so much");
        }
        let refused = received(3, 8399).await.expect_err("a clock that was set back");
        assert!(refused.is_retry() && refused.to_string().contains("set back"), "{refused}");
        received(3, 9001).await.expect_err("closed until somebody has looked");
        log.ready().await.expect_err("not ready");
        assert_eq!(gate.newest(), 9000, "what is not taken does not count");
        gate.set(None);
        received(3, 9001).await.expect("open again");
        let any = FollowedLog::new(Arc::new(MemoryLog::new("other")), Shifts::new(), Gate::default());
        create(&any, "t", 1).await;
        for (number, received_at) in [(0, 5000), (1, 1)] {
            let mut record = numbered("t", number);
            record.envelope.received_at = received_at;
            any.append(record).await.expect("without a bound clocks are not compared");
        }
    }

    #[tokio::test]
    async fn a_closed_gate_takes_nothing_and_says_why() {
        let own = MemoryLog::new("log");
        create(&own, "t", 1).await;
        let gate = Gate::default();
        let log = FollowedLog::new(Arc::new(own), Shifts::new(), gate.clone());
        gate.set(Some("the lake is elsewhere".to_owned()));
        let refused = log.append(numbered("t", 0)).await.expect_err("closed");
        assert!(refused.is_retry() && refused.to_string().contains("the lake is elsewhere"), "{refused}");
        assert_eq!(log.ends(&TopicPartition::new("t", 0)).await, Ok(Ends { first: 0, next: 0 }));
        gate.set(None);
        log.append(numbered("t", 0)).await.expect("open again");
    }
}
