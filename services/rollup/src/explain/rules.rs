//! The roll-up rules by number, each in one line: what `explain` prints beside the nodes at which they acted.

/// Number, Chinese, English.
pub const RULES: [(u8, &str, &str); 13] = [
    (
        1,
        "比率由分子、分母计算，从不平均或相加；分母时点按指标规定。",
        "A ratio is computed from its components, never averaged or added; the indicator names its denominator's date.",
    ),
    (
        2,
        "地区生产总值、人口等只用本级公布数，不用下级合计代替。",
        "GDP and population are own-value: each area uses its own published figure, never a compiled one.",
    ),
    (
        3,
        "有报送取报送，否则由下级合计；两者都保留，差额单列；缺下级的合计为“数据不全”。",
        "Reported, else compiled from partition children; both are kept, with the residual; a missing child makes it partial.",
    ),
    (
        4,
        "位于（within）市内的园区和宁东不计入上级；组只加最外层成员。",
        "Parks and other areas that lie within count nowhere above; a group adds its outermost members only.",
    ),
    (
        5,
        "地区、归属、组和目标按时期末日有效的版本。",
        "Areas, relations, groups and targets are those that hold on the period's last day.",
    ),
    (
        6,
        "年度值取年报，否则取累计，再否则取恰好合成全年、互不重叠的各期（半年、季度、月等）；存量取期末值，较早的只作“沿用”。",
        "A year is the annual value, else year to date, else parts that cover it exactly without overlap (half-years, quarters, months …); a stock is its value at period end, an earlier one only as carried.",
    ),
    (
        7,
        "数值截至时点 T，带发布版本和基准；一个比率的两部分同一时期、同一 T。",
        "A value is read as of T and carries vintage and basis; both parts of a ratio are of one period and one T.",
    ),
    (
        8,
        "结论按未修约的数值比较；换一种口径会改变结论的，注明“结论受口径影响”，并列出全部口径。",
        "Verdicts compare unrounded; sensitive if another interpretation changes them; every one is listed.",
    ),
    (9, "完整与及时由接收时间和报送任务得出。", "Completeness and timeliness come from receipt times and obligations."),
    (10, "全程精确小数，只在显示时修约。", "Exact decimals throughout; rounding only where shown."),
    (
        11,
        "汇总从不改写或估算来源数值；估计值是有权单位的 E 状态报送；没有报送的部分为未分解部分。",
        "A roll-up never writes or imputes source values; an estimate is an event with status E; what has no reports behind it is the residual.",
    ),
    (
        12,
        "同一数值多家报送：先按目录优先级，再按获知时间、记录时间、来源、编号；其余保留为检查结果。",
        "Of several reports of one cell the catalog's precedence decides, then known_at, recorded_at, source, id; the others stay visible.",
    ),
    (
        13,
        "指标注明归属原则；不同归属原则的数值不相加。",
        "An indicator names its attribution; values of different attribution are never added.",
    ),
];

/// The one-line text of a rule.
pub fn rule_text(number: u8) -> Option<(&'static str, &'static str)> {
    RULES.iter().find(|(known, ..)| *known == number).map(|(_, zh, en)| (*zh, *en))
}
