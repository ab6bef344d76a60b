//! The closed lists that a catalog's files use.

use serde::Deserialize;

macro_rules! code_list {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
        pub enum $name { $($(#[$vmeta])* #[serde(rename = $text)] $variant),+ }
        impl $name {
            /// Every code, for messages that list what is allowed.
            pub const CODES: &'static [&'static str] = &[$($text),+];
            /// The code of that text, if it is one.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
            /// The code as files and SQL write it.
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }
    };
}

code_list! {
    /// Rounding of shown figures.
    #[derive(Default)]
    Rounding {
        /// Half away from zero.
        #[default] HalfUp = "half_up",
        /// Half to even.
        HalfEven = "half_even",
    }
}
code_list! {
    /// What stands between whole and fraction where a catalog's offices write a number as text.
    DecimalMark {
        /// 1234.5, and 1,234.5 with separators.
        Point = ".",
        /// 1234,5, and 1.234,5 with separators.
        Comma = ",",
    }
}
code_list! {
    /// How an area lies in another.
    Relation {
        /// Partition child: counts upward.
        PartOf = "part_of",
        /// Lies inside, never counts upward.
        Within = "within",
    }
}
impl Relation {
    /// Whether the child's figures count in the parent's.
    pub fn counts(self) -> bool {
        match self {
            Self::PartOf => true,
            Self::Within => false,
        }
    }
}
code_list! {
    /// Whether a group's members are known.
    Membership {
        /// They stand in `group_members.csv`.
        Listed = "listed",
        /// The text does not list them: whoever answers for the group reports for the group's own code.
        Open = "open",
    }
}
code_list! {
    /// Whether a group's members overlap.
    Overlap {
        /// No member lies within another, or the relations tell which does.
        Known = "known",
        /// Nobody knows: a sum would be a guess and is null.
        Unknown = "unknown",
    }
}
code_list! {
    /// What kind of figure an indicator is.
    IndicatorKind {
        /// Over a period: sums over time.
        Flow = "flow",
        /// At an instant: the value at period end.
        Stock = "stock",
        /// A number of things, as reported for the period.
        Count = "count",
        /// 0 or 1: not done, done.
        Milestone = "milestone",
        /// How many of a known number: k of n, or a percentage.
        Coverage = "coverage",
        /// Numerator ÷ denominator × factor; computed, never reported.
        Ratio = "ratio",
    }
}
code_list! {
    /// How values of areas combine.
    OverAreas {
        /// They add up over partition children.
        Additive = "additive",
        /// Each area has its own, published value; a sum is only a cross-check.
        OwnValue = "own_value",
        /// They do not combine.
        None = "none",
    }
}
code_list! {
    /// How values of periods combine.
    OverTime {
        /// They add up.
        Sum = "sum",
        /// The last one stands.
        Last = "last",
        /// They do not combine.
        None = "none",
    }
}
code_list! {
    /// How a coverage indicator counts k of n.
    CoverageBy {
        /// An event of value 0 or 1 for each member of the target's group: n = the group's members.
        Areas = "areas",
        /// Milestones that name it in `member_of`, for the target's area: n = how many there are. Never reported itself.
        Items = "items",
        /// An event with k, or with a percentage, for the target's own area or group: n = the target's value.
        Value = "value",
    }
}
code_list! {
    /// Which date's denominator a ratio takes.
    DenominatorDate {
        /// The same period's end.
        SameEnd = "same_end",
        /// The previous period's end.
        PreviousEnd = "previous_end",
        /// The mean of both.
        Mean = "mean",
    }
}
code_list! {
    /// The place to which a unit's figures belong.
    Attribution {
        /// Where it is registered.
        Registration = "registration",
        /// Where it operates.
        Operation = "operation",
        /// Where people live.
        Residence = "residence",
        /// Does not apply.
        None = "none",
    }
}
code_list! {
    /// How a target was promised.
    TargetKind {
        /// A ratio of two indicators.
        Ratio = "ratio",
        /// An amount of money.
        Amount = "amount",
        /// A number of things.
        Count = "count",
        /// Something done.
        Milestone = "milestone",
        /// k of n.
        Coverage = "coverage",
        /// Promised without a number.
        Unquantified = "unquantified",
        /// Stands in the text, but is no target of the period.
        Context = "context",
    }
}
code_list! {
    /// How the actual value is compared with the target.
    Comparator {
        /// At least.
        Ge = ">=",
        /// More than.
        Gt = ">",
        /// At most.
        Le = "<=",
        /// Exactly.
        Eq = "=",
        /// About: at least the target less a tolerance.
        About = "≈",
        /// Every one of n.
        All = "all",
        /// Done.
        Done = "done",
        /// Begun.
        Started = "started",
    }
}
code_list! {
    /// How binding the promise is.
    Strength {
        /// 达到, 要.
        Hard = "hard",
        /// 争取, 力争, 支持.
        Soft = "soft",
        /// 一批: shown, never judged.
        ReportOnly = "report_only",
        /// No target.
        Context = "context",
    }
}
code_list! {
    /// Which ingest endpoint, and so which topic, a reporter sends to.
    ReporterKind {
        /// City systems and the region's own offices.
        City = "city",
        /// Park systems.
        Park = "park",
    }
}
code_list! {
    /// What a rule of `rules.csv` compares.
    RuleCheck {
        /// The amount lies between `low` and `high`.
        Bounds = "bounds",
        /// Value ÷ value of the period before lies between `low` and `high`.
        Jump = "jump",
        /// The value is about 10,000 times, or a ten-thousandth of, the one before: 万 or 亿 taken for another.
        UnitScale = "unit_scale",
        /// The value equals the sum of the indicators in `parts`, for the same area and period.
        Sum = "sum",
        /// What an area reports equals the sum of its partition children.
        AreaSum = "area_sum",
        /// A stock is at most the stock of the period before and the additions (`parts`) of this one.
        Stock = "stock",
        /// Numerator and denominator of a ratio are both known, for the same period, as of the same moment.
        RatioParts = "ratio_parts",
    }
}
code_list! {
    /// Which places a rule is asked of.
    RulePlaces {
        /// Areas, and no group.
        Areas = "areas",
    }
}
code_list! {
    /// The one language of a catalog's names.
    Language {
        /// Chinese.
        Zh = "zh",
        /// English, or any other that is not Chinese.
        En = "en",
    }
}
code_list! {
    /// What becomes of a value that breaks a rule. What must be refused stands in `indicators.csv` and `bounds.csv`.
    Severity {
        /// Accepted and flagged; the reporter is asked for an explanation (`note`), which settles it.
        Soft = "soft",
        /// Accepted; shown for information.
        Info = "info",
    }
}
