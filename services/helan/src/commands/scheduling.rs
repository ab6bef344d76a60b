//! The flags of the schedule in `helan up`.

use clap::Args;
use helan_schemas::catalog::Catalog;
use helan_schemas::period::Period;

use crate::schedule::{Plan, Schedule};

/// When to publish.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Schedule")]
pub(crate) struct Scheduling {
    /// Roll up and publish by this cron pattern: minute, hour, day, month, weekday, such as `0 6 * * *`; a missed run
    /// is done once later, a failed run is retried
    #[arg(long, env = "HELAN_SCHEDULE", value_name = "CRON")]
    pub(crate) schedule: Option<String>,
    /// Time zone of the pattern; otherwise the catalog's
    #[arg(long, env = "HELAN_TIME_ZONE", value_name = "ZONE", requires = "schedule")]
    pub(crate) time_zone: Option<String>,
    /// Period to publish, several joined by commas; otherwise every period with targets that has begun
    #[arg(long, env = "HELAN_SCHEDULE_PERIOD", value_name = "PERIOD", requires = "schedule")]
    pub(crate) schedule_period: Option<String>,
}

impl Scheduling {
    /// The plan, if there is one.
    ///
    /// # Errors
    /// Which flag is wrong, and what to write.
    pub(crate) fn plan(&self, catalog: &Catalog) -> anyhow::Result<Option<Plan>> {
        let Some(pattern) = &self.schedule else { return Ok(None) };
        let zone = self.time_zone.as_deref().unwrap_or(&catalog.head.time_zone);
        let periods = self.schedule_period.iter().flat_map(|text| text.split(',')).map(str::trim);
        let periods = periods.filter(|text| !text.is_empty()).map(|text| match Period::parse(text) {
            Ok(period) => Ok(period.to_string()),
            Err(error) => Err(anyhow::anyhow!("--schedule-period {text:?} {error}; write 2018, 2018-Q2, 2018-06")),
        });
        let periods = periods.collect::<Result<_, _>>()?;
        Ok(Some(Plan { schedule: Schedule::parse(pattern, zone)?, periods }))
    }
}
