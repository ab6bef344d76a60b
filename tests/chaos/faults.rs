//! What goes wrong: its name, and what is asked of it.

use super::round::{Round, Told};

/// A fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// SIGKILL of `up` under load.
    Killed,
    /// SIGSTOP of `up` for a moment.
    Stopped,
    /// SIGSTOP, and SIGKILL while it stands.
    StoppedThenKilled,
    /// SIGSTOP and SIGKILL of each role as a process of its own.
    RolesApart,
    /// SIGKILL, and of what was not synced only a part is there.
    PowerCut,
    /// SIGKILL of a command that works on log or lake.
    CommandKilled,
    /// Two of each such command at once.
    CommandsTwice,
    /// No file may grow any more, as on a full disk.
    DiskFull,
    /// Credentials, log or lake may no longer be read or written.
    PermissionsLost,
    /// `up` starts by a clock that is a day ahead.
    ClockAheadAtStart,
    /// `up` starts by a clock that is a day behind.
    ClockBehindAtStart,
    /// The clock is set a day forward under `up`, and back.
    ClockAheadRunning,
    /// The clock is set a day back under `up`, and forward.
    ClockBehindRunning,
    /// The log's file is moved away under the process, and back.
    LogRemoved,
    /// An older copy of the log is put under the lake.
    OldLog,
    /// An older copy of the lake is put over the log.
    OldLake,
    /// Log and lake are restored from copies of different days, both older.
    DifferentDays,
    /// The log is gone when `up` starts.
    NoLog,
    /// The lake is gone when `up` starts.
    NoLake,
    /// A byte of a record was changed on disk.
    FlippedRecord,
    /// A bit anywhere in the log's database.
    FlippedLogPage,
    /// A bit of a data file that `events` names.
    FlippedDataFile,
    /// A bit of a commit of `events`.
    FlippedCommit,
    /// A bit of a checkpoint of `events`, or of the file that names it.
    FlippedCheckpoint,
    /// A bit of what was folded of the cells, or of its entry.
    FlippedCells,
    /// A bit of the credentials file.
    FlippedCredentials,
    /// The newest commit of a table lost its end.
    TornCommit,
    /// The broker is killed.
    BrokerKilled,
    /// Topics are deleted and made anew.
    TopicsRemade,
}

impl Fault {
    /// What happens to processes, clocks, room and rights. The short form has the first of them: one of each kind.
    pub(super) fn of_processes() -> Vec<Self> {
        vec![
            Self::Killed,
            Self::PowerCut,
            Self::CommandKilled,
            Self::DiskFull,
            Self::PermissionsLost,
            Self::ClockAheadRunning,
            Self::ClockBehindAtStart,
            Self::Stopped,
            Self::StoppedThenKilled,
            Self::RolesApart,
            Self::CommandsTwice,
            Self::FlippedCredentials,
            Self::ClockBehindRunning,
            Self::ClockAheadAtStart,
        ]
    }

    /// What happens to the files of log and lake; the short form as above.
    pub(super) fn of_places() -> Vec<Self> {
        vec![
            Self::OldLog,
            Self::OldLake,
            Self::NoLake,
            Self::FlippedRecord,
            Self::FlippedDataFile,
            Self::FlippedCommit,
            Self::TornCommit,
            Self::LogRemoved,
            Self::DifferentDays,
            Self::NoLog,
            Self::FlippedLogPage,
            Self::FlippedCheckpoint,
            Self::FlippedCells,
        ]
    }

    /// What can happen where the log is Kafka's; the short form has the first of them, because a member of a group that was
    /// killed is waited for. Left out: a power cut of the broker, which is Kafka's own matter; clocks, because librdkafka waits
    /// by the wall clock, and libfaketime would show what it makes of that; the lake without its log's beginning, because once
    /// topics were made anew nothing could build it again.
    pub(super) fn on_kafka() -> Vec<Self> {
        vec![
            Self::BrokerKilled,
            Self::TopicsRemade,
            Self::OldLake,
            Self::DiskFull,
            Self::FlippedCredentials,
            Self::Killed,
            Self::Stopped,
            Self::StoppedThenKilled,
            Self::RolesApart,
            Self::CommandKilled,
            Self::CommandsTwice,
            Self::PermissionsLost,
            Self::TornCommit,
        ]
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Killed => "up is killed",
            Self::Stopped => "up is stopped for a moment",
            Self::StoppedThenKilled => "up is stopped, then killed",
            Self::RolesApart => "each role alone is stopped, then killed",
            Self::PowerCut => "the power is cut",
            Self::CommandKilled => "maintain, backup, rollup, restore is killed",
            Self::CommandsTwice => "two maintenances and two roll-ups",
            Self::DiskFull => "no file may grow",
            Self::PermissionsLost => "permissions lost",
            Self::ClockAheadAtStart => "a clock a day ahead at start",
            Self::ClockBehindAtStart => "a clock a day behind at start",
            Self::ClockAheadRunning => "the clock is set forward, and back",
            Self::ClockBehindRunning => "the clock is set back, and forward",
            Self::LogRemoved => "the log's file is removed in use",
            Self::OldLog => "an older copy of the log",
            Self::OldLake => "an older copy of the lake",
            Self::DifferentDays => "log and lake of different days",
            Self::NoLog => "no log",
            Self::NoLake => "no lake",
            Self::FlippedRecord => "a flipped bit in a record",
            Self::FlippedLogPage => "a flipped bit in the log's database",
            Self::FlippedDataFile => "a flipped bit in a data file",
            Self::FlippedCommit => "a flipped bit in a commit",
            Self::FlippedCheckpoint => "a flipped bit in a checkpoint",
            Self::FlippedCells => "a flipped bit in the folded cells",
            Self::FlippedCredentials => "a flipped bit in the credentials",
            Self::TornCommit => "a torn commit",
            Self::BrokerKilled => "the broker is killed",
            Self::TopicsRemade => "topics are made anew",
        }
    }

    pub(super) fn is_of_clocks(self) -> bool {
        matches!(
            self,
            Self::ClockAheadAtStart | Self::ClockBehindAtStart | Self::ClockAheadRunning | Self::ClockBehindRunning
        )
    }

    /// Whether it cannot be survived, so that somebody has to know. A flipped bit may lie where nothing is.
    pub(super) fn must_be_told(self) -> bool {
        self.is_of_clocks()
            || matches!(
                self,
                Self::DiskFull
                    | Self::LogRemoved
                    | Self::OldLog
                    | Self::DifferentDays
                    | Self::NoLog
                    | Self::FlippedRecord
                    | Self::FlippedDataFile
                    | Self::TornCommit
                    | Self::TopicsRemade
            )
    }
}

impl Round<'_> {
    /// Lets it happen under load, puts it right as the documentation says, and leaves `up` running and the senders ended.
    pub(super) async fn strike(mut self, fault: Fault) -> Told {
        self.senders.start();
        self.pause().await;
        let told = match fault {
            Fault::Killed => self.killed().await,
            Fault::Stopped => self.stopped().await,
            Fault::StoppedThenKilled => self.stopped_then_killed().await,
            Fault::RolesApart => self.roles_apart().await,
            Fault::PowerCut => self.power_cut().await,
            Fault::CommandKilled => self.command_killed().await,
            Fault::CommandsTwice => self.commands_twice(),
            Fault::DiskFull => self.disk_full().await,
            Fault::PermissionsLost => self.permissions_lost().await,
            Fault::ClockAheadAtStart => self.clock_ahead_at_start().await,
            Fault::ClockBehindAtStart => self.clock_behind_at_start().await,
            Fault::ClockAheadRunning => self.clock_ahead_running().await,
            Fault::ClockBehindRunning => self.clock_behind_running().await,
            Fault::LogRemoved => self.log_removed().await,
            Fault::OldLog => self.old_log().await,
            Fault::OldLake => self.old_lake().await,
            Fault::DifferentDays => self.different_days().await,
            Fault::NoLog => self.no_log().await,
            Fault::NoLake => self.no_lake().await,
            Fault::FlippedRecord => self.flipped_record().await,
            Fault::FlippedLogPage => self.flipped_log_page().await,
            Fault::FlippedDataFile => self.flipped_data_file().await,
            Fault::FlippedCommit => self.flipped_commit().await,
            Fault::FlippedCheckpoint => self.flipped_checkpoint().await,
            Fault::FlippedCells => self.flipped_cells().await,
            Fault::FlippedCredentials => self.flipped_credentials().await,
            Fault::TornCommit => self.torn_commit().await,
            Fault::BrokerKilled => self.broker_killed().await,
            Fault::TopicsRemade => self.topics_remade().await,
        };
        self.ready().await;
        self.senders.stop().await;
        // Each sender: after a clock was ahead the newest record of each partition is dated right again.
        let statuses = self.senders.once().await;
        assert!(
            !statuses.is_empty() && statuses.iter().all(|status| *status == 202),
            "{}: not all is taken afterwards: {statuses:?}\n{}",
            fault.name(),
            self.helan.log()
        );
        told
    }
}
