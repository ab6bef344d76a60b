//! The words and marks by which offices write units: powers of ten, currencies, what stands before and behind.

/// Words of powers of ten, the longer before what they begin with. Numbers such as 10,000 are read apart from them.
pub(super) const POWERS: [(&str, i32); 24] = [
    ("trillions", 12),
    ("trillion", 12),
    ("billions", 9),
    ("billion", 9),
    ("bn", 9),
    ("millions", 6),
    ("million", 6),
    ("mln", 6),
    ("mn", 6),
    ("mio", 6),
    ("mil", 6),
    ("thousands", 3),
    ("thousand", 3),
    ("thsd", 3),
    ("hundreds", 2),
    ("hundred", 2),
    ("ten", 1),
    ("'000", 3),
    ("亿", 8),
    ("万", 4),
    ("千", 3),
    ("仟", 3),
    ("百", 2),
    ("十", 1),
];
/// Words that are powers only beside the name of a unit: `¥m`, `k RMB`.
pub(super) const SHORT_POWERS: [(&str, i32); 7] =
    [("wan", 4), ("w", 4), ("tn", 12), ("t", 12), ("b", 9), ("m", 6), ("k", 3)];
/// Begin what has a power of ten in Chinese.
pub(super) const POWER_SIGNS: &str = "万亿千仟百";
/// Before a power of ten: then it belongs to a figure, to a limit, or to what is counted by it.
pub(super) const OF_A_FIGURE: &str = "一二三四五六七八九十百千万亿零〇两几数多余半近上超约过逾达满每第=.";
/// Before a power of ten: what is shown is to be multiplied by it.
pub(super) const TIMES: [char; 3] = ['×', '*', 'x'];
/// Currencies that are not the catalog's.
pub(super) const FOREIGN: [&str; 8] = ["美元", "美金", "欧元", "日元", "港元", "港币", "英镑", "卢布"];
/// Stand between the word unit and the unit; the first two, and long dashes, say that a unit follows.
pub(super) const BEFORE_UNIT: [char; 18] =
    [':', '=', '—', '–', '―', '─', '‐', '‑', '-', '~', '·', '|', '/', '→', '>', '…', '_', ' '];
pub(super) const NAMES_UNIT: usize = 6;
/// End what stands behind 以 or 按: 以万元计, 按万元填报.
pub(super) const COUNTED: [&str; 9] = ["为单位", "统计", "计", "填", "列", "表示", "反映", "核算", "报送"];
/// The yuan's code, what it is called beside its names in the catalog, and words for the currency alone.
pub(super) const YUAN: (&str, [&str; 10], [&str; 5]) = (
    "CNY",
    ["元", "yuan", "人民币元", "元人民币", "rmb yuan", "chinese yuan", "yuan rmb", "yuan renminbi", "块", "块钱"],
    ["人民币", "rmb", "renminbi", "cny", "¥"],
);
/// Ends what is read behind `单位：`.
pub(super) const ENDS: [char; 13] = ['\n', '\r', '\t', '"', ',', ';', ')', ']', '】', '。', '(', '[', '【'];
/// Stand between the units of one list.
pub(super) const LISTED: [char; 5] = ['、', '或', '和', '及', '与'];
/// Before 单位: it is one of measure.
pub(super) const OF_MEASURE: [&str; 7] = ["计量", "金额", "货币", "数量", "价值", "数值", "数据"];
/// Ends of an office's name.
pub(super) const OFFICES: &str =
    "局 厅 委 处 院 所 部 办 会 公司 中心 园区 高新区 政府 大学 bureau office department committee park centre";
/// Begin what is no unit but says where it stands, or are measures without a multiplier.
pub(super) const NO_UNIT: [&str; 12] =
    ["见", "如", "同", "按", "各", "see ", "as ", "%", "‰", "百分", "percent", "per cent"];
