//! The mistakes that submissions make on purpose, and how each must be refused.

use helan_schemas::refusal::Code;

use crate::events::{Change, text};

macro_rules! mistakes {
    ($($(#[$doc:meta])* $name:ident => $code:ident),+ $(,)?) => {
        /// A mistake that ingest, or the aggregator for what comes past ingest, has to find.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Mistake { $($(#[$doc])* $name),+ }

        impl Mistake {
            /// The code of the refusal.
            pub fn code(self) -> Code {
                match self { $(Self::$name => Code::$code),+ }
            }
        }
    };
}

mistakes! {
    /// An area that no catalog has.
    Area => UnknownArea,
    /// An indicator that no catalog has.
    Indicator => UnknownIndicator,
    /// A period that no calendar has.
    Period => PeriodNotExisting,
    /// A year far ahead.
    Future => PeriodInFuture,
    /// Another unit.
    Unit => UnitMismatch,
    /// A thousands separator.
    Number => NumberSyntax,
    /// Not a number.
    NotFinite => NumberNotFinite,
    /// A vintage that is not in the list.
    Vintage => VintageUnknown,
    /// A member that no event has.
    Field => UnknownField,
    /// An invisible mark that turns the direction of writing.
    Control => TextControl,
    /// One event twice.
    Twice => RepeatedId,
    /// Another reporter's source.
    Source => ForeignSource,
    /// The end is missing.
    Cut => JsonTruncated,
    /// Straight into the log: the end is missing.
    RecordCut => UndecodableRecord,
    /// Straight into the log: an event's source is not the record's key.
    RecordSource => UndecodableRecord,
    /// Straight into the log: a period that no calendar has.
    RecordPeriod => UndecodableRecord,
}

/// Those that a client can make.
pub(crate) const OVER_HTTP: [Mistake; 13] = [
    Mistake::Area,
    Mistake::Indicator,
    Mistake::Period,
    Mistake::Future,
    Mistake::Unit,
    Mistake::Number,
    Mistake::NotFinite,
    Mistake::Vintage,
    Mistake::Field,
    Mistake::Control,
    Mistake::Twice,
    Mistake::Source,
    Mistake::Cut,
];
/// Those of what comes past ingest.
pub(crate) const IN_THE_LOG: [Mistake; 3] = [Mistake::RecordCut, Mistake::RecordSource, Mistake::RecordPeriod];

impl Mistake {
    /// What it changes of an event; `foreign` is another reporter's source.
    pub(crate) fn change(self, foreign: Option<&str>) -> Change {
        let change = Change { report: true, ..Change::default() };
        match self {
            Self::Area => Change { area: text("999999"), ..change },
            Self::Indicator => Change { indicator: text("no_such_indicator"), ..change },
            Self::Period | Self::RecordPeriod => Change { period: Some("2018-13".into()), ..change },
            Self::Future => Change { period: Some("2199".into()), ..change },
            Self::Unit => Change { unit: text("FURLONG"), ..change },
            Self::Number => Change { value: text("1,234.5"), ..change },
            Self::NotFinite => Change { value: text("NaN"), ..change },
            Self::Vintage => Change { vintage: text("antique"), ..change },
            Self::Field => Change { extra: r#","colour":"red""#, ..change },
            Self::Control => Change { note: text("\u{202e}反向"), ..change },
            Self::Source => Change { source: foreign.map(str::to_owned), ..Change::default() },
            Self::RecordSource => Change { source: text("/elsewhere"), ..Change::default() },
            Self::Twice | Self::Cut | Self::RecordCut => Change::default(),
        }
    }
}
