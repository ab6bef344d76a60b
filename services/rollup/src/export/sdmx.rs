//! SDMX: the values as SDMX-CSV 2.0 data, and their structure as an SDMX-JSON 2.0.0 message.
//!
//! Sources: the field guides of the SDMX Technical Working Group, `sdmx-csv` v2.0.0 and `sdmx-json` v2.0.0.

mod data;
mod structure;

use helan_query::without_zeros;
use helan_schemas::catalog::OverAreas;
use helan_schemas::period::{Period, PeriodKind};

pub(crate) use self::data::data;
pub(crate) use self::structure::structure;
use crate::export::{Export, Row};

const AGENCY: &str = "HELAN";
const VERSION: &str = "1.0.0";
const STRUCTURE: &str = "PUBLISHED_VALUES";
/// SDMX's code for "not applicable": the target of a figure that is none.
const NOT_APPLICABLE: &str = "_Z";
/// SDMX's code for a value that is missing without saying that it cannot exist (M) or was not collected (L).
const MISSING: &str = "O";

/// A component: id, Chinese, English, how it is represented.
struct Component(&'static str, &'static str, &'static str, Kind);

enum Kind {
    Coded(&'static str),
    Free(&'static str),
}

const DIMENSIONS: [Component; 4] = [
    Component("FREQ", "频率", "Frequency", Kind::Coded("CL_FREQ")),
    Component("REF_AREA", "地区或组", "Reference area or group", Kind::Coded("CL_AREA")),
    Component("INDICATOR", "指标", "Indicator", Kind::Coded("CL_INDICATOR")),
    Component("TARGET", "目标", "Target", Kind::Coded("CL_TARGET")),
];

const ATTRIBUTES: [Component; 19] = [
    Component("OBS_STATUS", "数值状态", "Observation status", Kind::Coded("CL_OBS_STATUS")),
    Component(
        "VALUE_STATUS",
        "取值方式或结论",
        "How the value was got, or the verdict",
        Kind::Coded("CL_VALUE_STATUS"),
    ),
    Component("UNIT_MEASURE", "计量单位", "Unit of measure", Kind::Free("String")),
    Component("DECIMALS", "显示小数位", "Decimals when shown", Kind::Free("Integer")),
    Component("VINTAGE", "发布版本", "Vintage", Kind::Free("String")),
    Component("BASIS", "基准", "Basis", Kind::Free("String")),
    Component("COVERAGE_REPORTED", "已有部分", "Parts known", Kind::Free("Integer")),
    Component("COVERAGE_EXPECTED", "应有部分", "Parts expected", Kind::Free("Integer")),
    Component("COMPARATOR", "比较方式", "Comparator of the target", Kind::Free("String")),
    Component("TARGET_VALUE", "目标值", "Target value", Kind::Free("Decimal")),
    Component("FULFILMENT", "完成比例", "Actual over target", Kind::Free("Decimal")),
    Component(
        "SENSITIVE",
        "结论是否受口径影响",
        "Whether another interpretation changes the verdict",
        Kind::Free("Boolean"),
    ),
    Component("ILLUSTRATIVE", "含演示数据", "Whether some part is illustrative", Kind::Free("Boolean")),
    Component("PUBLICATION", "发布编号", "Publication", Kind::Free("String")),
    // RFC 3339 with its zone: as SDMX's DateTime some readers take it without one only.
    Component("AS_OF", "数据截至", "As of", Kind::Free("String")),
    Component("RELEASE_STATE", "发布状态", "State in the release workflow", Kind::Free("String")),
    Component("EMBARGO_TIME", "解禁时间", "End of the embargo", Kind::Free("String")),
    Component("EDITION", "版次", "Edition", Kind::Free("String")),
    Component(
        "PART_VALUE",
        "已知部分的数值（不是全部）",
        "What is known so far, where that is not the whole",
        Kind::Free("Decimal"),
    ),
];

/// A text as an SDMX id: what an id may not hold becomes an underscore.
fn id(text: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '@' | '$' | '-');
    text.chars().map(|c| if allowed(c) { c } else { '_' }).collect()
}

fn frequency(period: &str) -> &'static str {
    match Period::parse(period).map(|period| period.kind) {
        // A range has no frequency of SDMX's; its length stands in TIME_PERIOD.
        Ok(PeriodKind::Range) | Err(_) => "_U",
        Ok(kind) => kind.code(),
    }
}

/// A part is no observation of the whole: SDMX has no status for "only some of it", so the value is missing.
fn observation_status(row: &Row) -> &str {
    let stated = row.field("obs_status");
    // Whoever reported that an area has no value says nothing of the sum of its parts.
    let is_reported = row.value.status == "reported";
    match row.whole() {
        // What is made of estimates is one: also a year of which one quarter is.
        Some(_) => {
            let made_of = if row.flag("estimated") { "E" } else { "A" };
            stated.filter(|code| is_reported && *code != "A").unwrap_or(made_of)
        }
        None if row.value.status == "suppressed" => "Q",
        // Whoever reported that there is no value said why.
        None => stated.filter(|_| row.value.value.is_none()).unwrap_or(MISSING),
    }
}

/// A label of a value: its own, or of a ratio that of both its parts, where they differ both.
fn label(row: &Row, name: &str) -> String {
    let of = |part: &str| row.field(&format!("{part}_{name}"));
    match (row.field(name), of("numerator"), of("denominator")) {
        (Some(own), ..) => own.to_owned(),
        (None, None, None) => String::new(),
        (None, above, below) if above == below => above.unwrap_or_default().to_owned(),
        (None, above, below) => format!("{} / {}", above.unwrap_or("-"), below.unwrap_or("-")),
    }
}

/// Area under which what is not distributed over an area's parts is exported, as SDMX's "not allocated".
fn residual_area(area: &str) -> String {
    format!("{}_X", id(area))
}

/// What an area or group reported beyond the sum of its parts.
struct Residual {
    /// None where whole and parts are not to be compared.
    value: Option<String>,
    /// `residual`, or why there is none.
    status: String,
    observation_status: String,
}

/// Of values that add up, and where it is not zero.
fn residual(export: &Export, row: &Row) -> Option<Residual> {
    let adds_up = export.indicator(&row.value.key.indicator)?.over_areas == OverAreas::Additive;
    (adds_up && row.value.status == "reported" && row.value.key.target_id.is_none()).then(|| left_over(row)).flatten()
}

fn left_over(row: &Row) -> Option<Residual> {
    if let Some(reason) = row.of_parts("residual_reason") {
        return Some(Residual { value: None, status: reason.to_owned(), observation_status: MISSING.to_owned() });
    }
    let value = without_zeros(row.of_parts("residual")?).to_owned();
    let is_estimated = row.flag("estimated") || row.of_parts("parts_estimated") == Some("true");
    value.chars().any(|digit| ('1'..='9').contains(&digit)).then(|| Residual {
        value: Some(value),
        status: "residual".to_owned(),
        // Made of whole and parts, it is an estimate if either is; else it is what the whole is.
        observation_status: if is_estimated { "E" } else { observation_status(row) }.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::{Key, Value};

    #[test]
    fn a_ratio_has_the_labels_and_the_status_of_its_parts() {
        let row = |detail: &str| {
            let key = Key {
                answer: "ratios".to_owned(),
                target_id: None,
                ref_area: "A".to_owned(),
                indicator: "i".to_owned(),
                time_period: "2018".to_owned(),
            };
            Row::new(Value { key, value: Some(1), status: "reported".to_owned(), detail: detail.to_owned() })
        };
        let same = row(r#"{"numerator_vintage":"final","denominator_vintage":"final","estimated":"true"}"#);
        assert_eq!((label(&same, "vintage"), observation_status(&same)), ("final".to_owned(), "E"));
        let other = row(r#"{"numerator_vintage":"final","denominator_basis":"census"}"#);
        assert_eq!([label(&other, "vintage"), label(&other, "basis")], ["final / -", "- / census"]);
        assert_eq!((label(&other, "edition"), observation_status(&other)), (String::new(), "A"));
        assert_eq!(observation_status(&row(r#"{"obs_status":"P","estimated":"true"}"#)), "P");
        assert_eq!(observation_status(&row(r#"{"obs_status":"A","estimated":"true"}"#)), "E");
    }

    #[test]
    fn a_part_is_no_observation_of_the_whole() {
        let row = |answer: &str, value, status: &str, detail: &str| {
            let key = Key {
                answer: answer.to_owned(),
                target_id: None,
                ref_area: "A".to_owned(),
                indicator: "i".to_owned(),
                time_period: "2018".to_owned(),
            };
            Row::new(Value { key, value, status: status.to_owned(), detail: detail.to_owned() })
        };
        let told = |row: Row| (row.whole(), row.part(), observation_status(&row).to_owned());
        let part = |code: &str| (None, Some(7), code.to_owned());
        let of_months = r#"{"status":"partial","obs_status":"A","estimated":"true"}"#;
        assert_eq!(told(row("area_values", Some(7), "partial", of_months)), part("O"));
        assert_eq!(told(row("area_values", Some(7), "carried", r#"{"status":"carried"}"#)), part("O"));
        assert_eq!(told(row("ratios", Some(7), "partial", "{}")), part("O"));
        // The known parts reach the target: the verdict stands, and the actual value is still a part.
        assert_eq!(told(row("quota_fulfilment", Some(7), "met", r#"{"status":"partial"}"#)), part("O"));
        let whole = row("quota_fulfilment", Some(7), "met", r#"{"status":"compiled"}"#);
        assert_eq!(told(whole), (Some(7), None, "A".to_owned()));
        let summed = row("area_values", Some(7), "compiled", r#"{"status":"compiled","obs_status":"M"}"#);
        assert_eq!(told(summed), (Some(7), None, "A".to_owned()));
        for (status, detail, code) in [
            ("missing", r#"{"status":"missing","obs_status":"L"}"#, "L"),
            ("missing", r#"{"status":"missing"}"#, "O"),
            ("no_own_value", r#"{"status":"no_own_value"}"#, "O"),
            ("suppressed", r#"{"status":"suppressed","obs_status":"Q"}"#, "Q"),
        ] {
            assert_eq!(told(row("area_values", None, status, detail)), (None, None, code.to_owned()), "{detail}");
        }
    }

    #[test]
    fn what_is_left_over_follows_its_inputs() {
        let left = |detail: &str| {
            let key = Key {
                answer: "area_values".to_owned(),
                target_id: None,
                ref_area: "A".to_owned(),
                indicator: "i".to_owned(),
                time_period: "2018".to_owned(),
            };
            let value = Value { key, value: Some(1), status: "reported".to_owned(), detail: detail.to_owned() };
            let left = left_over(&Row::new(value))?;
            Some((left.value, left.status, left.observation_status))
        };
        let some = |value: Option<&str>, status: &str, observed: &str| {
            Some((value.map(str::to_owned), status.to_owned(), observed.to_owned()))
        };
        assert_eq!(left(r#"{"residual":"5.00","obs_status":"P"}"#), some(Some("5"), "residual", "P"));
        let of_estimates = r#"{"residual":"5","obs_status":"A","parts_estimated":"true"}"#;
        assert_eq!(left(of_estimates), some(Some("5"), "residual", "E"));
        let of_group = r#"{"members_residual":"-2","members_estimated":"false"}"#;
        assert_eq!(left(of_group), some(Some("-2"), "residual", "A"));
        assert_eq!(left(r#"{"residual_reason":"edition_differs"}"#), some(None, "edition_differs", "O"));
        assert_eq!([left(r#"{"residual":"0"}"#), left("{}")], [None, None]);
    }

    #[test]
    fn ids_hold_what_sdmx_allows() {
        assert_eq!(id("4+1"), "4_1");
        assert_eq!(id("640200-SZHT"), "640200-SZHT");
        assert_eq!((frequency("2018"), frequency("2018-Q1"), frequency("2018-01-01/P6M")), ("A", "Q", "_U"));
    }
}
