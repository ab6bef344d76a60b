//! The texts of an event's payload, each once: what `data` holds, how long it may be and what may stand in it, how it
//! goes into digest and canonical form, its column of `events`, and what tables call it.
//!
//! A field that came after the first lakes has a generation of its own, so that what an old event says does not change
//! by it. A record whose events have such a field names the generation in its media type, and a process of an earlier
//! build stops there instead of dropping what it does not know.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::event::Text;

/// A text of the payload.
pub struct Field {
    /// Its name in `data`, in a table's heading and as a column.
    pub name: &'static str,
    /// Its name in errors.
    pub path: &'static str,
    /// What a table's heading calls it in Chinese; empty where tables have no such column.
    pub zh: &'static str,
    /// What a table's heading calls it in English.
    pub en: &'static str,
    /// What the column holds; one line.
    pub doc: &'static str,
    /// The generation of fields that it came with; 1 is the first.
    pub since: u32,
    /// Longest text, in bytes.
    pub max_bytes: usize,
    /// What may stand in it.
    pub holds: Holds,
    /// How it is kept.
    pub kept: Kept,
    /// Whether a withdrawal may have it.
    pub in_withdrawal: bool,
    /// Reads it.
    pub get: for<'e> fn(&'e DataRef<'_>) -> Option<&'e str>,
    /// Where a decoded event has it.
    pub slot: for<'a, 's> fn(&'s mut DataRef<'a>) -> &'s mut Option<Text<'a>>,
}

/// What a text is for, which decides what may stand in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// Compared byte for byte: an id, a code.
    Code,
    /// One line that people read.
    Line,
    /// Lines that people read.
    Lines,
}

/// How digest and table have a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// As it is.
    AsItIs,
    /// As it is; a report without it means this.
    Else(&'static str),
    /// Resolved to days or an instant, which the digest is over.
    Resolved,
}

/// Longest code: area, indicator, period, unit, status.
const CODE: usize = 128;
/// Longest name of a person or office.
const NAME: usize = 256;
/// Longest `evidence`.
const EVIDENCE: usize = 1024;
/// Longest `note`.
const NOTE: usize = 4096;

macro_rules! fields {
    ($(
        $(#[doc = $about:literal])+ $([$feature:literal])?
        $name:ident: $max_bytes:expr, $holds:ident, $kept:expr, $in_withdrawal:expr, $since:expr, $zh:expr, $en:expr, $doc:expr;
    )+) => {
        /// The payload of either type; which fields must stand is checked by ingest and again by
        /// [`crate::event::EventRef::check`].
        #[derive(Debug, Default, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct DataRef<'a> {
            $(
                $(#[doc = $about])+
                $(#[cfg(feature = $feature)])?
                #[serde(borrow, default)]
                pub $name: Option<Text<'a>>,
            )+
            /// JSON number or string; `null` or absent only with an `obs_status` that says why.
            #[serde(borrow, default)]
            pub value: Option<&'a RawValue>,
            /// Power of ten: 4 = 万, 8 = 亿. Absent = 0.
            #[serde(default)]
            pub unit_mult: Option<i32>,
            /// Reserved for reporting units; v1 refuses it.
            #[serde(borrow, default)]
            pub entity: Option<&'a RawValue>,
        }

        /// Every text of the payload: in the order of the canonical form and of the digest, which never changes. A new
        /// one comes last.
        pub const FIELDS: &[Field] = &[$(
            $(#[cfg(feature = $feature)])?
            Field {
                name: stringify!($name),
                path: concat!("data.", stringify!($name)),
                zh: $zh,
                en: $en,
                doc: $doc,
                since: $since,
                max_bytes: $max_bytes,
                holds: Holds::$holds,
                kept: $kept,
                in_withdrawal: $in_withdrawal,
                get: |data| data.$name.as_deref(),
                slot: |data| &mut data.$name,
            },
        )+];
    };
}

// Name: longest, what may stand in it, how it is kept, whether a withdrawal has it, generation, heading in Chinese and
// English, what the column holds.
fields! {
    /// Area code of the catalog.
    ref_area: CODE, Code, Kept::AsItIs, true, 1, "地区代码", "Area code",
        "Area code of the catalog; null in a withdrawal that names none.";
    /// Indicator id of the catalog.
    indicator: CODE, Code, Kept::AsItIs, true, 1, "指标代码", "Indicator code",
        "Indicator id of the catalog; null in a withdrawal that names none.";
    /// What time it is about, in one of [`crate::period::Period`]'s forms.
    time_period: CODE, Code, Kept::Resolved, false, 1, "报告期", "Period",
        "SDMX time period it is about, in canonical form; null in a withdrawal.";
    /// Unit of measure, as the catalog's indicator names it.
    unit: CODE, Code, Kept::AsItIs, false, 1, "单位代码", "Unit code", "Unit of measure.";
    /// SDMX observation status. Absent = `A`.
    obs_status: CODE, Code, Kept::Else("A"), false, 1, "数据状态", "Status",
        "SDMX observation status: A normal, E estimated, M missing …";
    /// SDMX confidentiality status. Absent = `F`.
    conf_status: CODE, Code, Kept::Else("F"), false, 1, "保密状态", "Confidentiality",
        "SDMX confidentiality status: F free, C confidential …";
    /// Which release: one of [`crate::codes::VINTAGES`].
    vintage: CODE, Code, Kept::AsItIs, false, 1, "数据版本", "Vintage",
        "Which release: estimated, preliminary, revised, final, census-revised; null = not said.";
    /// The benchmark it belongs to; absent = derived from the catalog's `bases`.
    basis: CODE, Code, Kept::AsItIs, false, 1, "基准", "Basis",
        "Benchmark the value belongs to, as the event says; null = by the catalog's bases.";
    /// When it was published, RFC 3339 or a date; needs permission, never later than its receipt.
    published_at: CODE, Code, Kept::Resolved, false, 1, "发布时间", "Published at",
        "When the sender says it was published.";
    /// Who filled it in.
    prepared_by: NAME, Line, Kept::AsItIs, true, 1, "填报人", "Prepared by", "Who filled it in.";
    /// Who checked it.
    reviewed_by: NAME, Line, Kept::AsItIs, true, 1, "审核人", "Reviewed by", "Who checked it.";
    /// Who answers for it.
    approved_by: NAME, Line, Kept::AsItIs, true, 1, "批准人", "Approved by", "Who answers for it.";
    /// Where it can be verified: a document number, a URL.
    evidence: EVIDENCE, Line, Kept::AsItIs, true, 1, "佐证材料", "Evidence", "Where it can be verified.";
    /// Free text. In a withdrawal: the reason.
    note: NOTE, Lines, Kept::AsItIs, true, 1, "备注", "Note", "Free text; in a withdrawal the reason.";
    /// Withdrawals only: the id of the event of the same source that is void.
    withdraws: CODE, Code, Kept::AsItIs, true, 1, "撤回事件编号", "Withdraws",
        "Withdrawals: id of the event of the same source that is void.";
    /// The edition of a publication series in which it stands: one of the catalog's `editions.csv`.
    edition: CODE, Code, Kept::AsItIs, false, 2, "版次", "Edition",
        "Edition of a publication series in which the value stands; null = not said.";
    /// One of [`crate::codes::ROLES`]; absent = the value counts.
    role: CODE, Code, Kept::AsItIs, false, 2, "用途", "Role",
        "printed: a figure as somebody published it, which is compared and never counts; null = it counts.";
    /// Invented, so that a build of the tests has a field that came later.
    ["trial-field"]
    trial: 64, Code, Kept::AsItIs, false, 3, "", "", "Invented for a test.";
}

impl Field {
    /// Whether it came after the first lakes.
    pub const fn is_later(&self) -> bool {
        self.since > FIRST_GENERATION
    }
}

/// The generation of events without later fields.
pub const FIRST_GENERATION: u32 = 1;

/// The newest generation of fields that this build knows.
pub const GENERATION: u32 = newest(FIELDS);

const fn newest(fields: &[Field]) -> u32 {
    match fields {
        [.., last] => last.since,
        [] => FIRST_GENERATION,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generations_never_go_back() {
        let mut before = FIRST_GENERATION;
        for field in FIELDS {
            assert!(field.since >= before, "{}", field.name);
            assert!(!field.is_later() || field.kept == Kept::AsItIs, "{}: its digest is over its text", field.name);
            before = field.since;
        }
        assert_eq!(before, GENERATION);
    }
}
