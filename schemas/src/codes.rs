//! The closed lists of codes that an event may use, from SDMX where SDMX has them.

/// Event type: a value was reported.
pub const TYPE_REPORTED: &str = "helan.observation.reported.v1";
/// Event type: withdraws an event of the same source.
pub const TYPE_WITHDRAWN: &str = "helan.observation.withdrawn.v1";

/// Which release of a value it is, from the first to the last that may follow.
pub const VINTAGES: [&str; 5] = ["estimated", "preliminary", "revised", "final", "census-revised"];

/// What became of a submission: some event of it was new.
pub const ACCEPTED: &str = "accepted";
/// What became of a submission: no event of it was new.
pub const REPEAT: &str = "repeat";
/// What became of a submission: none of it is in `events`, and the reasons are in `refusals`.
pub const REFUSED: &str = "refused";
/// What can become of a submission, as the table `submissions` and receipts write it.
pub const OUTCOMES: [&str; 3] = [ACCEPTED, REPEAT, REFUSED];

/// What a value is for, where it is not one that counts: a figure as somebody published it.
pub const ROLES: [&str; 1] = [PRINTED];
/// Role of a value that does not count: a published figure, kept for comparison.
pub const PRINTED: &str = "printed";

/// SDMX `CL_OBS_STATUS` 2.2, all of it. Source: <https://registry.sdmx.org/overview.html>, code list `CL_OBS_STATUS`.
pub const OBS_STATUSES: [&str; 20] =
    ["A", "B", "D", "E", "F", "G", "H", "I", "J", "K", "L", "M", "N", "O", "P", "Q", "S", "U", "V", "W"];
/// What people read of an observation status, in the order of a form's list: code, Chinese, English.
pub const OBS_STATUS_NAMES: [(&str, &str, &str); OBS_STATUSES.len()] = [
    ("A", "正常", "normal"),
    ("B", "口径中断", "break in series"),
    ("D", "定义不同", "definition differs"),
    ("E", "估计", "estimated"),
    ("I", "推算（缺报补入）", "imputed"),
    ("F", "预测", "forecast"),
    ("G", "试验性", "experimental"),
    ("N", "不显著", "not significant"),
    ("P", "暂定", "provisional"),
    ("U", "可靠性低", "low reliability"),
    ("V", "未经核实", "unvalidated"),
    ("W", "含其他类别数据", "includes another category"),
    ("J", "豁免", "derogation"),
    ("S", "特殊事件影响", "special event"),
    ("H", "节假日无数", "holiday or weekend"),
    ("K", "包含在其他类别", "included elsewhere"),
    ("L", "有数未采集", "exists, not collected"),
    ("M", "不可能有数", "cannot exist"),
    ("O", "缺数", "missing"),
    ("Q", "不予公布", "suppressed"),
];

/// Whether an observation status or a vintage says that a value is no actual figure: estimated, imputed, a forecast. Views mark
/// what rests on such values, and a reporter needs `may_estimate` to send them.
pub fn is_estimate(code: &str) -> bool {
    matches!(code, "E" | "I" | "F" | "estimated")
}

/// Observation statuses that stand without a value: they say why there is none.
pub const OBS_STATUSES_WITHOUT_VALUE: [&str; 6] = ["H", "K", "L", "M", "O", "Q"];
/// Observation statuses that stand with a value or without: a derogation, and a strike or the like, may affect a value or be
/// the reason why there is none.
pub const OBS_STATUSES_WITH_OR_WITHOUT_VALUE: [&str; 2] = ["J", "S"];

/// Whether a value may be absent under an observation status.
pub fn may_lack_value(obs_status: &str) -> bool {
    OBS_STATUSES_WITHOUT_VALUE.contains(&obs_status) || OBS_STATUSES_WITH_OR_WITHOUT_VALUE.contains(&obs_status)
}

/// SDMX `CL_CONF_STATUS`: free, not for publication, confidential, and confidential by small counts or by secondary
/// suppression.
pub const CONF_STATUSES: [&str; 6] = ["F", "N", "C", "D", "S", "A"];

/// Powers of ten that a drop-down list offers: exponent, Chinese, English.
pub const MULTIPLIERS: [(i32, &str, &str); 5] = [
    (0, "个", "ones"),
    (3, "千", "thousand"),
    (4, "万", "ten thousand"),
    (6, "百万", "million"),
    (8, "亿", "hundred million"),
];

/// Charsets of CSV files that a catalog may give its reporters, by the names of the WHATWG Encoding Standard.
pub const CHARSETS: [&str; 30] = [
    "utf-8",
    "gb18030",
    "gbk",
    "big5",
    "shift_jis",
    "euc-jp",
    "euc-kr",
    "iso-8859-2",
    "iso-8859-4",
    "iso-8859-5",
    "iso-8859-7",
    "iso-8859-10",
    "iso-8859-13",
    "iso-8859-15",
    "koi8-r",
    "koi8-u",
    "macintosh",
    "windows-874",
    "windows-1250",
    "windows-1251",
    "windows-1252",
    "windows-1253",
    "windows-1254",
    "windows-1255",
    "windows-1256",
    "windows-1257",
    "windows-1258",
    "ibm866",
    "utf-16le",
    "utf-16be",
];
