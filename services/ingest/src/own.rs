//! What a reporter has sent already, asked of the lake for its templates. Ingest knows no lake: who runs both connects them.

use futures::future::BoxFuture;

/// A figure of a reporter's own that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnFigure {
    /// Area or group.
    pub ref_area: String,
    /// Indicator.
    pub indicator: String,
    /// Period.
    pub time_period: String,
    /// The value as it was sent, or the status that says why there is none.
    pub value: String,
    /// Power of ten of its unit.
    pub unit_mult: i32,
}

/// What a reporter has sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnFigures {
    /// The newest figure of each area and indicator in the periods that were asked for.
    pub figures: Vec<OwnFigure>,
    /// Indicators that the reporter has always sent in one power of ten.
    pub multipliers: Vec<(String, i32)>,
}

/// Where that is asked.
pub trait Own: Send + Sync {
    /// A reporter's own figures of some periods; an error's text is for an operator.
    fn figures<'a>(&'a self, reporter: &'a str, periods: &'a [String]) -> BoxFuture<'a, Result<OwnFigures, String>>;
}
