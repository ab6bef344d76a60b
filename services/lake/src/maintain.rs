//! Maintenance beside running appenders: compaction, checkpoint, log clean-up, vacuum.
