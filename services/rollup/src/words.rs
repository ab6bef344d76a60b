//! Codes in words.

/// A verdict or a status: Chinese, English.
pub fn status(code: &str) -> (&str, &str) {
    match code {
        "met" => ("达到", "met"),
        "missed" => ("未达到", "missed"),
        "on_track" => ("进度正常", "on track"),
        "behind" => ("进度滞后", "behind"),
        "partial" => ("数据不全", "partial"),
        "not_reported" => ("未报送", "not reported"),
        "not_due" => ("未到期", "not due"),
        "not_assessable" => ("无法评估", "not assessable"),
        "report_only" => ("只列示", "report only"),
        "context" => ("背景", "context"),
        "reported" => ("报送", "reported"),
        "compiled" => ("合计", "compiled"),
        "carried" => ("沿用", "carried"),
        "no_own_value" => ("缺本级公布数", "no own value"),
        "no_denominator" => ("缺分母", "no denominator"),
        "no_numerator" => ("缺分子", "no numerator"),
        "missing" => ("缺报", "missing"),
        "suppressed" => ("不公开", "suppressed"),
        "overlap" => ("重叠未知", "overlap unknown"),
        other => (other, other),
    }
}

/// A state of the release workflow: Chinese, English.
pub(crate) fn state(code: &str) -> (&str, &str) {
    match code {
        "draft" => ("草稿，未审核", "draft, not reviewed"),
        "reviewed" => ("已审核，未批准", "reviewed, not approved"),
        "approved" => ("已批准，未发布", "approved, not released"),
        "embargoed" => ("禁止提前发布", "under embargo"),
        "released" => ("已发布", "released"),
        "superseded" => ("已被取代", "superseded"),
        "withdrawn" => ("已撤回", "withdrawn"),
        other => (other, other),
    }
}

/// Fill and text colours of a verdict, RGB; none = plain.
pub(crate) fn colours(verdict: &str) -> Option<(u32, u32)> {
    match verdict {
        "met" | "on_track" => Some((0x00E2_F0D9, 0x0037_5623)),
        "missed" | "behind" => Some((0x00F8_D7DA, 0x0084_2029)),
        "partial" | "not_reported" => Some((0x00FF_F2CC, 0x007F_6000)),
        "not_assessable" | "not_due" => Some((0x00ED_EDED, 0x0040_4040)),
        _ => None,
    }
}
