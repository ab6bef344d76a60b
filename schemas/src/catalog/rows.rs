//! The rows of a catalog's files: one struct a file, one field a column. A statistician edits the files in a
//! spreadsheet; the heading of a column is the field's name.
//!
//! `valid_from` (inclusive) and `valid_to` (exclusive) say when a row holds in the world, by the period's last day;
//! `known_from` says since when the catalog knows it. Empty means without bound. A correction is a new row with its own
//! `known_from`; of rows with one key the latest known one counts.

use jiff::civil::Date;
use serde::Deserialize;

use super::codes::*;

/// `catalog.toml`: what the catalog is about.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// Id of the catalog: lowercase letters, digits, hyphens.
    pub id: String,
    /// Name in Chinese.
    #[serde(default)]
    pub name_zh: String,
    /// Name in English.
    #[serde(default)]
    pub name_en: String,
    /// Code of the root area: the region.
    pub region: String,
    /// IANA name of the time zone in which its days begin and end.
    pub time_zone: String,
    /// The period that roll-ups take when none is named.
    pub default_period: String,
    /// The one language that its names are written in; where it is not said they are in Chinese and English.
    #[serde(default)]
    pub language: Option<Language>,
    /// How shown figures are rounded.
    #[serde(default)]
    pub rounding: Rounding,
    /// What its offices write between whole and fraction. Where it is not said, a text that would be another number by
    /// the other mark is refused.
    #[serde(default)]
    pub decimal_mark: Option<DecimalMark>,
    /// Where the targets come from, in Chinese.
    #[serde(default)]
    pub source_zh: String,
    /// Where the targets come from, in English.
    #[serde(default)]
    pub source_en: String,
    /// What a reader must know of the document itself, such as its own inconsistencies.
    #[serde(default)]
    pub notes: Vec<Note>,
}

/// A remark in both languages.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

/// `areas.csv`: an area under one code. A code that is used again has one row a time span.
#[derive(Clone, Debug)]
pub struct Area {
    /// Code: GB/T 2260, or the local scheme's.
    pub code: String,
    /// Where the code comes from: `GB/T 2260`, `local`.
    pub scheme: String,
    /// A word for its level: region, city, county, park, base …; information only.
    pub level: String,
    pub name_zh: String,
    pub name_en: String,
    pub valid_from: Option<Date>,
    pub valid_to: Option<Date>,
    pub known_from: Option<Date>,
    pub note: String,
}

/// `relations.csv`: an area lies in another.
#[derive(Clone, Debug)]
pub struct AreaRelation {
    pub child: String,
    pub parent: String,
    pub relation: Relation,
    pub valid_from: Option<Date>,
    pub valid_to: Option<Date>,
    pub known_from: Option<Date>,
    pub note: String,
    /// The one indicator for which it holds; empty = every one.
    pub indicator: Option<String>,
}

/// `groups.csv`: a named set of areas that is no node of the tree.
#[derive(Clone, Debug)]
pub struct Group {
    pub group_id: String,
    pub name_zh: String,
    pub name_en: String,
    pub membership: Membership,
    pub overlap: Overlap,
    pub valid_from: Option<Date>,
    pub valid_to: Option<Date>,
    pub known_from: Option<Date>,
    pub note: String,
}

/// `group_members.csv`: an area belongs to a group.
#[derive(Clone, Debug)]
pub struct GroupMember {
    pub group_id: String,
    pub member: String,
    pub valid_from: Option<Date>,
    pub valid_to: Option<Date>,
    pub known_from: Option<Date>,
    /// The one indicator for which it is a member; empty = every one.
    pub indicator: Option<String>,
}

/// `indicators.csv`: what is counted, and how it combines.
#[derive(Clone, Debug)]
pub struct Indicator {
    /// Id: lowercase letters, digits, underscores.
    pub indicator: String,
    pub name_zh: String,
    pub name_en: String,
    pub kind: IndicatorKind,
    /// Unit in which events must come: `CNY`, `PERSON`, `PATENT`, `ITEM`, `PERCENT`, `BOOL` …
    pub unit: String,
    /// The unit as people read it, in Chinese.
    pub unit_zh: String,
    /// The unit as people read it, in English.
    pub unit_en: String,
    pub over_areas: OverAreas,
    pub over_time: OverTime,
    /// Ratios: the indicator above the line.
    pub numerator: Option<String>,
    /// Ratios: the indicator below the line.
    pub denominator: Option<String>,
    /// Ratios: quotient × factor (100 for per cent, 10000 for per 10,000).
    pub factor: Option<u32>,
    /// Ratios: which date's denominator.
    pub denominator_date: Option<DenominatorDate>,
    /// Digits after the point when shown.
    pub decimals: u8,
    /// How it is rounded when shown; empty = as `catalog.toml` says.
    pub rounding: Option<Rounding>,
    pub attribution: Attribution,
    /// Smallest plausible amount, in the plain unit; below it ingest refuses. A decimal.
    pub min: Option<String>,
    /// Largest plausible amount, in the plain unit; above it ingest refuses. A decimal.
    pub max: Option<String>,
    /// Coverage: how it counts k of n.
    pub coverage_by: Option<CoverageBy>,
    /// Milestones: one of the items of that coverage indicator.
    pub member_of: Option<String>,
    pub note: String,
    /// Since when the catalog knows this row: of rows with one id the latest known counts.
    pub known_from: Option<Date>,
    /// Ratios: name of the view that has this one alone, and of the answer in which it is published; empty = `ratios`.
    pub answer: Option<String>,
}

/// `bases.csv`: which benchmark an indicator's values belong to when the event does not say.
#[derive(Clone, Debug)]
pub struct Basis {
    pub basis: String,
    pub indicator: String,
    pub name_zh: String,
    pub name_en: String,
    /// First day of the periods it covers.
    pub period_from: Option<Date>,
    /// First day after the periods it covers.
    pub period_to: Option<Date>,
    /// Values known from this day (inclusive) …
    pub known_from: Option<Date>,
    /// … to this day (exclusive).
    pub known_to: Option<Date>,
    pub note: String,
    /// Other bases of the indicator, separated by spaces, with which differences are meaningful: a declared link, which
    /// holds in both directions.
    pub linked_to: String,
    /// Since when the catalog knows the links; empty = always.
    pub linked_known_from: Option<Date>,
    /// The one area or group whose values it is about. An area with rows of its own for an indicator has only those.
    pub ref_area: Option<String>,
}

impl Basis {
    /// The bases it is linked to.
    pub fn links(&self) -> impl Iterator<Item = &str> {
        self.linked_to.split_whitespace()
    }
}

/// `editions.csv`: one edition of a publication series, which states many cells at once.
#[derive(Clone, Debug)]
pub struct Edition {
    /// Id, as events name it.
    pub edition: String,
    /// The series of which it is one: a yearbook, a quarterly release.
    pub series: String,
    /// The day on which it came out.
    pub published: Date,
    pub name_zh: String,
    pub name_en: String,
    pub note: String,
}

/// `targets.csv`: one checkable promise.
#[derive(Clone, Debug)]
pub struct Target {
    pub target_id: String,
    pub kind: TargetKind,
    pub name_zh: String,
    pub name_en: String,
    /// Area or group that owes it.
    pub ref_area: String,
    /// Indicator that measures it.
    pub indicator: String,
    /// The unit as the text writes it.
    pub unit_text: String,
    /// Target, in the indicator's plain unit × 10^unit_mult; empty where the text gives none. A decimal, digits as written.
    pub target_value: Option<String>,
    /// Power of ten of `target_value`: 8 for 亿元.
    pub unit_mult: i32,
    pub comparator: Option<Comparator>,
    /// Another comparator that the text allows.
    pub alt_comparator: Option<Comparator>,
    /// `≈` only: how far below still counts, in the target's unit; empty = half a unit of the target's last digit.
    pub tolerance: Option<String>,
    pub strength: Strength,
    /// Period by whose end it is owed; empty = none is said.
    pub time_period: Option<String>,
    /// Target of which this is a part; never added to it.
    pub parent: Option<String>,
    /// Target that promises the same figure elsewhere in the text.
    pub same_as: Option<String>,
    pub section: String,
    pub phrase: String,
    pub verb: String,
    pub valid_from: Option<Date>,
    pub valid_to: Option<Date>,
    pub known_from: Option<Date>,
    pub note: String,
}

/// `reporters.csv`: an organisation that may send.
#[derive(Clone, Debug)]
pub struct Reporter {
    pub reporter: String,
    pub name_zh: String,
    pub name_en: String,
    /// What it is, in the catalog's own words.
    pub kind: String,
    /// Between reporters of one cell the lower number wins.
    pub precedence: i32,
    /// May say `published_at`, that is, back-date a release.
    pub may_back_date: bool,
    /// May send values that are no actual figures, see [`crate::codes::is_estimate`].
    pub may_estimate: bool,
    pub valid_from: Option<Date>,
    pub valid_to: Option<Date>,
    pub note: String,
    /// Since when the catalog knows this row: of rows with one id the latest known counts.
    pub known_from: Option<Date>,
    /// Charset of its CSV files that are not UTF-8 and do not say what they are; empty = not known.
    pub charset: String,
    /// To which of the two topics it sends; empty = as `kind` says where that is one of them, else the cities'.
    pub topic: Option<ReporterKind>,
}

impl Reporter {
    /// To which ingest endpoint, and so to which topic, it sends.
    pub fn sends_to(&self) -> ReporterKind {
        self.topic.or_else(|| ReporterKind::parse(&self.kind)).unwrap_or(ReporterKind::City)
    }
}

/// `sources.csv`: a feed, which belongs to one reporter for ever.
#[derive(Clone, Debug)]
pub struct Source {
    /// CloudEvents source.
    pub source: String,
    pub reporter: String,
    /// Carries illustrative figures; they are marked wherever they are shown.
    pub demo: bool,
    pub note: String,
}

/// `scopes.csv`: what a reporter may report, one allowance a row.
#[derive(Clone, Debug)]
pub struct Scope {
    pub reporter: String,
    /// An area or group; `CODE/*` an area and all that lies in it by either relation; `*` every area and group.
    pub ref_area: String,
    /// An indicator; `*` every one.
    pub indicator: String,
}

/// `obligations.csv`: what is due from whom, and when.
#[derive(Clone, Debug)]
pub struct Obligation {
    pub obligation: String,
    pub reporter: String,
    pub ref_area: String,
    pub indicator: String,
    /// Kind of period: A, S, Q, M.
    pub frequency: String,
    /// ISO duration after the period's last day by which it is due: `P8M`, `P15D`.
    pub due_after: String,
    /// First period owed.
    pub first_period: Option<String>,
    /// Last period owed; in a correction it may lie before the first: then nothing is owed any more.
    pub last_period: Option<String>,
    /// Since when the catalog knows this row: of rows with one id the latest known counts.
    pub known_from: Option<Date>,
}

/// `bounds.csv`: plausible amounts of one indicator in one area, tighter than the indicator's own `min` and `max`.
/// They have no `known_from`: ingest judges by those of its day, once, and what it accepted is never judged again.
#[derive(Clone, Debug)]
pub struct Bound {
    pub indicator: String,
    pub ref_area: String,
    /// Smallest plausible amount of any period's length, in the plain unit. A decimal.
    pub min: Option<String>,
    /// Largest plausible amount, in the plain unit. A decimal.
    pub max: Option<String>,
    pub note: String,
}

/// `rules.csv`: what validation asks of accepted values, beyond what is refused.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Id of the rule.
    pub rule: String,
    pub check: RuleCheck,
    /// The indicator whose values are looked at.
    pub indicator: String,
    pub severity: Severity,
    /// One area or group; empty = every one.
    pub ref_area: Option<String>,
    /// `sum`: the indicators that add up to it, separated by spaces. `stock`: the indicator of its additions.
    pub parts: String,
    /// `bounds`: least amount in the plain unit. `jump`: least value ÷ value of the period before. A decimal.
    pub low: Option<String>,
    /// `bounds`: greatest amount. `jump`: greatest value ÷ value of the period before. A decimal.
    pub high: Option<String>,
    /// `sum`, `area_sum`, `stock`: what may lie between, in the plain unit, a decimal; or [`HALF_DIGIT`]. Empty = nothing.
    pub tolerance: Option<String>,
    /// What to tell the reporter beside the figures, in Chinese.
    pub message_zh: String,
    /// What to tell the reporter beside the figures, in English.
    pub message_en: String,
    /// Since when the rule is known: of rows with one id the latest known counts.
    pub known_from: Option<Date>,
    pub note: String,
    /// Which places it is asked of; empty = areas and groups.
    pub places: Option<RulePlaces>,
}

/// A tolerance that follows the digits as they were sent: half a unit of the last digit of the whole and of each part.
pub const HALF_DIGIT: &str = "half_digit";

/// `moves.csv`: something that is no area of its own goes over from one area to another.
#[derive(Clone, Debug)]
pub struct Move {
    /// Id of what moves.
    pub part: String,
    pub from_area: String,
    pub to_area: String,
    /// The first day on which it belongs to the other area.
    pub day: Date,
    /// The one indicator that the row is about; empty = every additive one.
    pub indicator: Option<String>,
    /// The one period that the row is about; only with `value`.
    pub time_period: Option<String>,
    /// What part of the area's value moves: 0.125 = an eighth. A decimal.
    pub share: Option<String>,
    /// What moves, in the plain unit. A decimal.
    pub value: Option<String>,
    pub known_from: Option<Date>,
    pub name_zh: String,
    pub name_en: String,
    pub note: String,
}

impl Rule {
    /// Whether its tolerance follows the digits as they were sent.
    pub fn is_half_digit(&self) -> bool {
        self.tolerance.as_deref() == Some(HALF_DIGIT)
    }

    /// The indicators in `parts`.
    pub fn part_indicators(&self) -> impl Iterator<Item = &str> {
        self.parts.split_whitespace()
    }
}
