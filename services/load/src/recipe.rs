//! What decides every byte of a load.

use std::str::FromStr;

use helan_schemas::digest::sha256_hex;
use helan_schemas::period::PeriodKind;
use serde::{Deserialize, Serialize};

/// A part of a whole, 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Share(pub f64);

impl FromStr for Share {
    type Err = String;

    /// Reads `0.02` or `2%`.
    fn from_str(text: &str) -> Result<Self, String> {
        let (digits, whole) = text.strip_suffix('%').map_or((text, 1.0), |digits| (digits, 100.0));
        match digits.trim().parse::<f64>() {
            Ok(number) if (0.0..=whole).contains(&number) => Ok(Self(number / whole)),
            _ => Err(format!("{text:?} is no share: write 2% or 0.02, at most 100%")),
        }
    }
}

impl std::fmt::Display for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}%", self.0 * 100.0)
    }
}

/// How much of each kind.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
pub struct Shares {
    /// Of events: another value for a cell that was reported before.
    pub revisions: Share,
    /// Of events: withdrawals of earlier events.
    pub withdrawals: Share,
    /// Of submissions: an earlier one sent again as it was.
    pub repeats: Share,
    /// Of submissions: begins with events that an earlier one had.
    pub overlaps: Share,
    /// Of submissions: an earlier id with other content among new events.
    pub conflicts: Share,
    /// Share of submissions: those with a mistake, which must be refused.
    pub mistakes: Share,
}

impl Default for Shares {
    fn default() -> Self {
        Self {
            revisions: Share(0.2),
            withdrawals: Share(0.01),
            repeats: Share(0.02),
            overlaps: Share(0.02),
            conflicts: Share(0.005),
            mistakes: Share(0.01),
        }
    }
}

impl Shares {
    /// Only new events and revisions: for measuring, where nothing else should be in the way.
    pub const CLEAN: Self = Self {
        revisions: Share(0.2),
        withdrawals: Share(0.0),
        repeats: Share(0.0),
        overlaps: Share(0.0),
        conflicts: Share(0.0),
        mistakes: Share(0.0),
    };

    /// Whether the kinds of submissions leave room for plain ones, and those of events too.
    pub fn fit(&self) -> bool {
        self.repeats.0 + self.overlaps.0 + self.conflicts.0 + self.mistakes.0 < 1.0
            && self.revisions.0 + self.withdrawals.0 <= 1.0
    }
}

/// How ids are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ids {
    /// Larger and larger in each source: what templates, ULIDs and counters give.
    Growing,
    /// In no order, as random UUIDs: each has to be looked up in the table.
    Random,
}

/// Which way events go: decides what mistakes can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// Through ingest.
    Http,
    /// Straight into the log, as ingest writes it.
    Log,
}

/// What decides every byte: two loads of one recipe on one catalog send the same.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Version of the generator: another one may write other bytes.
    pub generator: u32,
    /// Where all numbers come from.
    pub seed: u64,
    /// Events of each submission.
    pub batch: u32,
    /// How ids are made.
    pub ids: Ids,
    /// Which way.
    pub way: Way,
    /// How much of what.
    pub shares: Shares,
    /// Reporters that send; empty = all.
    pub reporters: Vec<String>,
    /// Lengths of the periods that are reported; empty = all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lengths: Vec<Length>,
    /// First year in which periods end that are reported; none = all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<i16>,
    /// Digest of the catalog.
    pub catalog: String,
}

/// How long a period is that feeds report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Length {
    /// Whole years.
    Year,
    /// Quarters.
    Quarter,
    /// Months.
    Month,
    /// From January to June or September.
    Range,
}

impl Length {
    /// Whether a period is of this length.
    pub fn is_of(self, period: PeriodKind) -> bool {
        match self {
            Self::Year => period == PeriodKind::Annual,
            Self::Quarter => period == PeriodKind::Quarter,
            Self::Month => period == PeriodKind::Month,
            Self::Range => period == PeriodKind::Range,
        }
    }
}

/// Version of what the generator writes; raised whenever the same recipe gives other bytes.
pub const GENERATOR: u32 = 2;

impl Recipe {
    /// What every id of this load begins with: 11 characters that other recipes do not share.
    pub fn run(&self) -> String {
        let text = serde_json::to_vec(self).expect("a struct of numbers and texts serialises into memory");
        format!("l{}", &sha256_hex(&[&text])[..10])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_shares_both_ways() {
        assert_eq!("2%".parse(), Ok(Share(0.02)));
        assert_eq!("0.02".parse(), Ok(Share(0.02)));
        assert_eq!("0".parse(), Ok(Share(0.0)));
        for bad in ["", "101%", "1.5", "-1%", "NaN", "two"] {
            assert!(bad.parse::<Share>().is_err(), "{bad}");
        }
    }
}
