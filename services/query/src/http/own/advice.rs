//! What a reporter does about each kind of finding, and whose figures it compares.

/// What a finding compares a value with, so far as a reporter may see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compared {
    /// The reporter's own figures, or limits of the catalog.
    Own,
    /// Figures of the same area and indicator, whoever sent them.
    Series,
    /// Figures of other areas or indicators.
    Anything,
    /// The figure of another reporter for the same cell.
    Another,
}

/// What to do about a kind of finding.
#[derive(Clone, Copy, Debug)]
pub(super) struct Advice {
    finding: &'static str,
    pub(super) compared: Compared,
    pub(super) zh: &'static str,
    pub(super) en: &'static str,
}

/// In place of a sentence that names another reporter, Chinese and English.
pub(super) const ANOTHER_REPORTER: (&str, &str) = (
    "另有单位报送了同一数据项，按优先级采用其数值，本单位的数值不计入",
    "another reporter sent this cell too; by precedence its value counts, and yours does not",
);

/// The same for the other reporter, whose value counts.
pub(super) const YOURS_COUNTS: (&str, &str) = (
    "另有单位报送了同一数据项，按优先级采用本单位的数值",
    "another reporter sent this cell too; by precedence your value counts",
);

const fn advice(finding: &'static str, compared: Compared, zh: &'static str, en: &'static str) -> Advice {
    Advice { finding, compared, zh, en }
}

const ALL: [Advice; 20] = [
    advice(
        "two_reporters",
        Compared::Another,
        "请运维人员确认由哪个单位报送；数值有误的，用新编号更正或撤销",
        "ask the operator which of you reports this; if your value is wrong, correct it under a new id or withdraw it",
    ),
    advice(
        "vintage_backwards",
        Compared::Own,
        "核对 vintage：填错的，用新编号按正确的版本重报；无误的，重报并在 note 中说明原因",
        "check vintage: if it is wrong, send the value under a new id with the right one; if it is right, send it again with a note that says why",
    ),
    advice(
        "withdrawn_fallback",
        Compared::Own,
        "有新数值的，用新编号报送；没有的，无需处理",
        "if there is a new value, send it under a new id; otherwise there is nothing to do",
    ),
    advice(
        "parts_differ",
        Compared::Series,
        "核对全年数与各期数，用新编号更正有误的一项；均无误的，重报全年数并在 note 中说明原因",
        "compare the year with its parts and correct the wrong one under a new id; if all are right, send the year again with a note that says why",
    ),
    advice(
        "parts_not_added",
        Compared::Series,
        "需要全年数的，按月、季、半年或全年报送；否则无需处理",
        "if the year is to have a figure, report months, quarters, half-years or the year; otherwise there is nothing to do",
    ),
    advice(
        "stocks_differ",
        Compared::Series,
        "同一时点只有一个数：用新编号更正有误的一项，或将其撤销",
        "one day has one value: correct the wrong one under a new id, or withdraw it",
    ),
    advice(
        "residual",
        Compared::Anything,
        "与下级单位核对；本级数有误的，用新编号更正；无误的，重报并在 note 中说明差额来源",
        "compare with those who report the parts; if your value is wrong, correct it under a new id; if it is right, send it again with a note that says where the difference comes from",
    ),
    advice(
        "backdated_after_publication",
        Compared::Own,
        "核对 published_at：填错的，用新编号更正；无误的，重报并在 note 中说明迟报原因",
        "check published_at: if it is wrong, correct it under a new id; if it is right, send the value again with a note that says why it came late",
    ),
    advice(
        "reported_after_close",
        Compared::Own,
        "在 note 中说明原因并重报；需要重新开放该时期的，请联系发布单位",
        "send it again with a note that says why; whether the period is opened again is for those who publish",
    ),
    advice(
        "printed_differs",
        Compared::Anything,
        "核对已公布数与各部分：填错的，用新编号更正；公布时即有误的，重报并在 note 中说明",
        "compare the printed figure with its parts: if you sent one wrong, correct it under a new id; if it was printed wrong, send it again with a note that says so",
    ),
    advice(
        "coarser_than_before",
        Compared::Own,
        "有更细位数的，用新编号按原位数重报；没有的，重报并在 note 中说明",
        "if there are more digits, send the value with them under a new id; if there are not, send it again with a note that says so",
    ),
    advice(
        "estimate_after_actual",
        Compared::Own,
        "核对 obs_status：填错的，用新编号更正；确为估计数的，重报并在 note 中说明",
        "check obs_status: if it is wrong, correct it under a new id; if it is an estimate, send it again with a note that says why",
    ),
    advice(
        "older_edition_counts",
        Compared::Own,
        "补报旧版次的，用新编号重报并写 published_at（该版次的发布日期）；新版次的 published_at 填错的，用新编号更正",
        "if an older edition was sent late, send it under a new id with published_at, the day on which that edition came out; if published_at of the newer one is wrong, correct it under a new id",
    ),
    advice(
        "bounds",
        Compared::Own,
        "核对数值、unit 和 unit_mult：有误的，用新编号更正；无误的，重报并在 note 中说明原因",
        "check the value, unit and unit_mult: if one is wrong, correct it under a new id; if all are right, send it again with a note that says why",
    ),
    advice(
        "jump",
        Compared::Series,
        "与上期数核对数值、unit 和 unit_mult：有误的，用新编号更正；无误的，重报并在 note 中说明变动原因",
        "compare value, unit and unit_mult with the period before: if one is wrong, correct it under a new id; if all are right, send it again with a note that says what changed",
    ),
    advice(
        "revision",
        Compared::Own,
        "与所替代的数值核对：有误的，用新编号更正；无误的，重报并在 note 中说明修订原因",
        "compare it with the value it replaces: if it is wrong, correct it under a new id; if it is right, send it again with a note that says why it was revised",
    ),
    advice(
        "unit_scale",
        Compared::Series,
        "核对 unit_mult（如万元 4、亿元 8）：有误的，用新编号更正；无误的，重报并在 note 中说明",
        "check unit_mult (such as 4 for 10,000 CNY): if it is wrong, correct it under a new id; if it is right, send it again with a note",
    ),
    advice(
        "sum",
        Compared::Anything,
        "核对合计与各组成部分，用新编号更正有误的一项；均无误的，重报合计并在 note 中说明",
        "compare the total with its components and correct the wrong one under a new id; if all are right, send the total again with a note",
    ),
    advice(
        "stock",
        Compared::Anything,
        "核对期末存量、上期末存量和本期新增，用新编号更正有误的一项；均无误的，重报并在 note 中说明",
        "compare the stock with that of the period before and with the additions, and correct the wrong one under a new id; if all are right, send it again with a note",
    ),
    advice(
        "ratio_parts",
        Compared::Anything,
        "补报缺少的分子或分母，或补齐其各部分",
        "send the numerator or denominator that is missing, or what is missing of it",
    ),
];

impl Advice {
    /// What to do about a kind.
    pub(super) fn of(finding: &str) -> Option<Self> {
        ALL.into_iter().find(|advice| advice.finding == finding)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The views say which kinds there are: a new one needs advice here.
    #[test]
    fn every_kind_of_finding_has_advice() {
        let sql = |view: &str| helan_queries::get(view).expect("a view").sql;
        let named = |text: &'static str, ends: &str| {
            let parts: Vec<_> = text.split(ends).collect();
            let before =
                parts[..parts.len() - 1].iter().filter_map(|part| part.strip_suffix('\'')?.rsplit('\'').next());
            before.collect::<Vec<_>>()
        };
        let mut kinds = named(sql("findings"), " as finding");
        kinds.extend(named(sql("part_findings"), " as finding"));
        kinds.extend(named(sql("rule_findings"), " as kind"));
        // Rules of the catalog name the other kinds; `area_sum` makes findings called residual.
        kinds.extend(helan_schemas::catalog::RuleCheck::CODES.iter().copied().filter(|kind| *kind != "area_sum"));
        assert!(kinds.len() >= ALL.len(), "{kinds:?}");
        let unknown: Vec<_> = kinds.iter().filter(|kind| Advice::of(kind).is_none()).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
        for Advice { finding, .. } in ALL {
            assert!(kinds.contains(&finding), "{finding} is none of the views' kinds");
        }
    }
}
