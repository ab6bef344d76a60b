//! What queries over HTTP may use: the flags of `helan up` and `helan query`.

use std::path::Path;
use std::time::Duration;

use clap::Args;
use helan_query::http::{ScratchSpace, SqlLimits};

use crate::args::duration;
use crate::fronts::Fronts;

const MIB: usize = 1024 * 1024;

/// Limits of `/v1/sql`.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Limits of /v1/sql")]
pub(crate) struct Asking {
    #[command(flatten)]
    pub(crate) fronts: Fronts,
    /// Time of one query, from the request to the last byte of its answer
    #[arg(long, env = "HELAN_SQL_TIME", value_name = "DURATION", default_value = "60s", value_parser = duration)]
    pub(crate) sql_time: Duration,
    /// Memory of one query, in MiB
    #[arg(long, env = "HELAN_SQL_MEMORY", value_name = "MIB", default_value_t = SqlLimits::MEMORY / MIB)]
    pub(crate) sql_memory: usize,
    /// Memory of all queries and of what they share, in MiB
    #[arg(long, env = "HELAN_SQL_TOTAL_MEMORY", value_name = "MIB", default_value_t = SqlLimits::TOTAL_MEMORY / MIB)]
    pub(crate) sql_total_memory: usize,
    /// Disk for sorting and grouping beyond memory, all queries together, in MiB (`scratch` in the data directory); 0
    /// = queries that need disk are refused
    #[arg(long, env = "HELAN_SQL_SCRATCH", value_name = "MIB", default_value_t = 2048)]
    pub(crate) sql_scratch: u64,
    /// Rows of one answer
    #[arg(long, env = "HELAN_SQL_ROWS", value_name = "N", default_value_t = SqlLimits::ROWS)]
    pub(crate) sql_rows: u64,
    /// Queries at a time; one credential may use half, and a quarter is reserved for credentials with no running
    /// query
    #[arg(long, env = "HELAN_SQL_QUERIES", value_name = "N", default_value_t = SqlLimits::QUERIES, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) sql_queries: u16,
}

impl Asking {
    /// As the query role takes them.
    pub(crate) fn limits(&self, data_dir: &Path) -> SqlLimits {
        let directory = match data_dir.is_dir() {
            true => data_dir.join("scratch"),
            false => std::env::temp_dir().join("helan-scratch"),
        };
        let scratch = ScratchSpace { directory, bytes: self.sql_scratch.saturating_mul(1 << 20) };
        SqlLimits {
            scratch: (scratch.bytes > 0).then_some(scratch),
            time: self.sql_time,
            memory: self.sql_memory.saturating_mul(MIB),
            total_memory: self.sql_total_memory.saturating_mul(MIB),
            rows: self.sql_rows,
            queries: usize::from(self.sql_queries),
            queries_each: SqlLimits::each_of(self.sql_queries),
            ..SqlLimits::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Flags {
        #[command(flatten)]
        asking: Asking,
    }

    /// The default of a time is a text of its own; the others come from the service.
    #[test]
    fn without_flags_the_limits_are_those_of_the_service() {
        let limits = Flags::parse_from(["helan"]).asking.limits(Path::new("helan-data"));
        let expected = SqlLimits::default();
        assert_eq!(limits.time, expected.time);
        assert_eq!((limits.memory, limits.total_memory), (expected.memory, expected.total_memory));
        assert_eq!((limits.rows, limits.bytes), (expected.rows, expected.bytes));
        assert_eq!((limits.queries, limits.queries_each), (expected.queries, expected.queries_each));
    }
}
