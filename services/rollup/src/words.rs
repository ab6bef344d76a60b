//! Codes in the words of an office, Chinese and English: the one place that has them.

/// A code, in Chinese, in English.
type Word = (&'static str, &'static str, &'static str);

/// Verdicts on targets, each with its colour class.
const VERDICTS: [(Word, Tone); 10] = [
    (("met", "达到", "met"), Tone::Good),
    (("missed", "未达到", "missed"), Tone::Bad),
    (("on_track", "进度正常", "on track"), Tone::Good),
    (("behind", "进度滞后", "behind"), Tone::Bad),
    (("partial", "数据不全", "partial"), Tone::Open),
    (("not_reported", "逾期未报", "not reported"), Tone::Open),
    (("not_due", "未到期", "not due"), Tone::Pale),
    (("not_assessable", "无法评估", "not assessable"), Tone::Pale),
    (("report_only", "仅作统计", "report only"), Tone::Plain),
    (("context", "背景", "context"), Tone::Plain),
];

/// What a figure is: how it came about, or why there is none. `partial` and `not_reported` are as among the verdicts.
const STATUSES: [Word; 27] = [
    ("reported", "报送", "reported"),
    ("compiled", "合计", "compiled"),
    ("carried", "沿用", "carried"),
    ("no_own_value", "缺本级公布数", "no own value"),
    ("no_denominator", "缺分母", "no denominator"),
    ("no_numerator", "缺分子", "no numerator"),
    ("no_figure", "无数据可比", "nothing to compare"),
    ("missing", "缺报", "missing"),
    ("suppressed", "不公开", "suppressed"),
    ("overlap", "重叠未知", "overlap unknown"),
    ("residual", "差额", "residual"),
    ("difference", "差额", "difference"),
    ("equal", "与计算结果一致", "equal to what is computed"),
    ("parts_rounding", "可由各部分修约解释", "explained by the rounding of its parts"),
    ("differs", "与计算结果不一致", "differs from what is computed"),
    ("not_comparable", "无从核对", "nothing complete to compare with"),
    ("part_of_period", "一方缺月份或为较早时点", "one of them lacks months, or is of an earlier day"),
    ("edition_mixed", "各部分版次不一", "parts of several editions"),
    ("edition_differs", "与各部分版次不同", "another edition than its parts"),
    ("basis_mixed", "各部分基准不一", "parts on several benchmarks"),
    ("basis_differs", "与各部分基准不同", "another benchmark than its parts"),
    ("annual", "年报", "annual value"),
    ("year_to_date", "累计", "year to date"),
    ("quarters", "四个季度", "quarters"),
    ("months", "十二个月", "months"),
    ("semesters", "两个半年", "half-years"),
    ("period_end", "期末值", "period end"),
];

/// States of the release workflow.
const STATES: [Word; 7] = [
    ("draft", "草稿，未审核", "draft, not reviewed"),
    ("reviewed", "已审核，未批准", "reviewed, not approved"),
    ("approved", "已批准，未公布", "approved, not released"),
    ("embargoed", "限时保密", "under embargo"),
    ("released", "已公布", "released"),
    ("superseded", "已被取代", "superseded"),
    ("withdrawn", "已撤回", "withdrawn"),
];

/// How an actual value is compared with a target.
const COMPARATORS: [Word; 8] = [
    (">=", "不低于", ">="),
    (">", "高于", ">"),
    ("<=", "不高于", "<="),
    ("=", "等于", "="),
    ("≈", "约", "≈"),
    ("all", "全部", "all"),
    ("done", "完成", "done"),
    ("started", "启动", "started"),
];

/// At whose end the denominator of a ratio is taken.
const DENOMINATOR_DATES: [Word; 3] = [
    ("same_end", "同期末", "same_end"),
    ("previous_end", "上期末", "previous_end"),
    ("mean", "上期末与本期末的平均", "mean"),
];

/// To which area what an indicator counts belongs.
const ATTRIBUTIONS: [Word; 4] = [
    ("registration", "按注册地", "registration"),
    ("operation", "按经营地", "operation"),
    ("residence", "按居住地", "residence"),
    ("none", "不分地区", "none"),
];

/// What a finding asks for.
const SEVERITIES: [Word; 3] = [("hard", "有误", "hard"), ("soft", "须核对", "soft"), ("info", "提示", "info")];

/// Releases of a figure.
const VINTAGES: [Word; 6] = [
    ("estimated", "估计数", "estimated"),
    ("preliminary", "初步数", "preliminary"),
    ("revised", "修订数", "revised"),
    ("final", "最终数", "final"),
    ("census-revised", "普查修订数", "census-revised"),
    ("-", "未注明", "-"),
];

/// What is to be known of a figure beside its status.
const MARKS: [Word; 10] = [
    ("partial", "数据不全", "partial"),
    ("carried", "沿用", "carried"),
    ("demo", "演示数据", "demo"),
    ("estimated", "估计数", "estimated"),
    ("withdrawn", "已撤回", "withdrawn"),
    ("outranked", "以另一单位为准", "outranked"),
    ("superseded", "已被后来的报送取代", "superseded"),
    ("late", "逾期报送", "late"),
    ("sensitive", "结论受口径影响", "sensitive"),
    ("missing", "缺报", "missing"),
];

/// What a figure is to the one above it.
const ROLES: [Word; 9] = [
    ("numerator", "分子", "numerator"),
    ("denominator", "分母", "denominator"),
    ("child", "下级", "child"),
    ("member", "成员", "member"),
    ("listed", "列出、不相加", "listed, not added"),
    ("item", "分项", "item"),
    ("cross_check", "对照", "cross-check"),
    ("not_counted", "未采用", "not counted"),
    ("printed", "已公布数", "printed"),
];

fn found<'c>(lists: &[&[Word]], code: &'c str) -> Option<(&'c str, &'c str)> {
    lists.iter().flat_map(|list| list.iter()).find(|(known, ..)| *known == code).map(|(_, zh, en)| (*zh, *en))
}

/// A verdict or a status: Chinese, English. A code that this build does not know is returned unchanged, here and below.
pub fn status(code: &str) -> (&str, &str) {
    let verdict = VERDICTS.iter().find(|((known, ..), _)| *known == code);
    let verdict = verdict.map(|((_, zh, en), _)| (*zh, *en));
    verdict.or_else(|| found(&[&STATUSES], code)).unwrap_or((code, code))
}

/// A state of the release workflow.
pub fn state(code: &str) -> (&str, &str) {
    found(&[&STATES], code).unwrap_or((code, code))
}

/// The codes of the release workflow's states.
pub fn states() -> Vec<&'static str> {
    STATES.iter().map(|(code, ..)| *code).collect()
}

/// A day of a denominator.
pub fn denominator_date(code: &str) -> (&str, &str) {
    found(&[&DENOMINATOR_DATES], code).unwrap_or((code, code))
}

/// An attribution.
pub fn attribution(code: &str) -> (&str, &str) {
    found(&[&ATTRIBUTIONS], code).unwrap_or((code, code))
}

/// The severity of a finding.
pub fn severity(code: &str) -> (&str, &str) {
    found(&[&SEVERITIES], code).unwrap_or((code, code))
}

/// A comparator.
pub fn comparator(code: &str) -> (&str, &str) {
    found(&[&COMPARATORS], code).unwrap_or((code, code))
}

/// A mark of a figure.
pub fn mark(code: &str) -> (&str, &str) {
    found(&[&MARKS], code).unwrap_or((code, code))
}

/// A figure's role under another; nothing where it has none.
pub fn role(code: &str) -> (&str, &str) {
    found(&[&ROLES], code).unwrap_or(("", ""))
}

/// A release, or that of a numerator and that of a denominator: `final / census-revised`.
pub fn vintage(codes: &str) -> (String, String) {
    let words = codes.split(" / ").map(|code| found(&[&VINTAGES], code).unwrap_or((code, code)));
    let (zh, en): (Vec<_>, Vec<_>) = words.unzip();
    (zh.join(" / "), en.join(" / "))
}

/// A moment as people of a time zone read it, and that zone's name in Chinese.
pub fn local(microseconds: i64, zone: &str) -> (String, String) {
    let named = match zone {
        "Asia/Shanghai" => "北京时间",
        "Asia/Urumqi" => "新疆时间",
        other => other,
    };
    let zone = jiff::tz::TimeZone::get(zone).unwrap_or(jiff::tz::TimeZone::UTC);
    let moment = jiff::Timestamp::from_microsecond(microseconds).unwrap_or(jiff::Timestamp::MAX);
    (zone.to_datetime(moment).strftime("%Y-%m-%d %H:%M").to_string(), named.to_owned())
}

/// A moment as people of a time zone read it, with the zone's offset on that day: `2019-08-30 23:59 +08:00`. With
/// `seconds` to the second. A zone that is not known is UTC.
pub fn with_offset(microseconds: i64, zone: &str, seconds: bool) -> String {
    let zone = jiff::tz::TimeZone::get(zone).unwrap_or(jiff::tz::TimeZone::UTC);
    let moment = jiff::Timestamp::from_microsecond(microseconds).unwrap_or(jiff::Timestamp::MAX);
    let form = if seconds { "%Y-%m-%d %H:%M:%S %:z" } else { "%Y-%m-%d %H:%M %:z" };
    moment.to_zoned_datetime(zone).strftime(form).to_string()
}

/// The colour class of a verdict, wherever it has a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// As was promised.
    Good,
    /// Not as was promised.
    Bad,
    /// Something is missing that somebody owes.
    Open,
    /// Nothing to judge, or not yet.
    Pale,
    /// No verdict.
    Plain,
}

/// The tone of a verdict.
pub fn tone(verdict: &str) -> Tone {
    VERDICTS.iter().find(|((known, ..), _)| *known == verdict).map_or(Tone::Plain, |(_, tone)| *tone)
}

#[cfg(test)]
mod tests {
    use helan_schemas::catalog::{Attribution, Comparator, DenominatorDate, Severity};
    use helan_schemas::codes::{
        MULTIPLIERS, OBS_STATUSES, OBS_STATUSES_WITH_OR_WITHOUT_VALUE, OBS_STATUSES_WITHOUT_VALUE,
        VINTAGES as RELEASES, is_estimate,
    };

    use super::*;

    const FULFILMENT: &str = include_str!("../../../queries/sql/targets/quota_fulfilment.sql");
    const TARGETS: &str = include_str!("../../../queries/sql/targets/target_verdicts.sql");
    const SHORT: &str = include_str!("../../../queries/sql/reading/verdicts.sql");

    /// What a view says of a column.
    fn described<'v>(view: &'v str, column: &str) -> &'v str {
        let begins = format!("-- column {column} text: ");
        view.lines().find_map(|line| line.strip_prefix(&begins)).expect("the column is described")
    }

    /// The codes that a column's description lists.
    fn codes(column: &str) -> Vec<String> {
        let line = described(FULFILMENT, column);
        let (_, list) = line.split_once("| ").expect("in two languages");
        let list = list.strip_prefix("How the actual value is compared: ").unwrap_or(list);
        list.trim_end_matches('.').split(", ").map(str::to_owned).collect()
    }

    #[test]
    fn every_code_that_a_view_lists_has_its_words() {
        for code in codes("verdict").iter().chain(&codes("status")) {
            let (zh, en) = status(code);
            assert!(zh != code && !en.contains('_'), "{code}");
        }
        assert_eq!(codes("comparator"), Comparator::CODES);
        for code in Comparator::CODES {
            assert_ne!(comparator(code).0, *code);
        }
        assert_eq!(vintage("final / census-revised").0, "最终数 / 普查修订数");
        assert_eq!(status("of a later build"), ("of a later build", "of a later build"));
    }

    /// Without its own words a code would silently be shown with those of another code.
    #[test]
    fn the_views_list_the_same_codes_and_tell_each_in_both_languages() {
        for (view, column) in [(TARGETS, "verdict"), (SHORT, "verdict"), (TARGETS, "comparator")] {
            assert_eq!(described(view, column), described(FULFILMENT, column));
        }
        // The reason for `partial` is what is told of no other.
        for code in codes("verdict").iter().filter(|code| *code != "partial") {
            assert!(FULFILMENT.matches(&format!("when '{code}'")).count() >= 2, "no reason for {code}");
        }
        for code in Comparator::CODES {
            let told_in: &[&str] = match Comparator::parse(code).expect("a code of the list") {
                Comparator::Ge | Comparator::Gt | Comparator::Le | Comparator::Eq | Comparator::About => {
                    &[FULFILMENT, TARGETS]
                }
                // No other reading of a target compares with these.
                Comparator::All | Comparator::Started => &[FULFILMENT],
                // What is done is told as `completed`, which is what is not started.
                Comparator::Done => &[],
            };
            for view in told_in {
                assert!(view.matches(&format!("when '{code}' then")).count() >= 2, "no words for {code}");
            }
        }
    }

    #[test]
    fn lists_of_words_have_every_code_of_the_lists_they_are_for() {
        let known = |list: &[Word]| list.iter().map(|(code, ..)| *code).collect::<Vec<_>>();
        assert_eq!(known(&DENOMINATOR_DATES), DenominatorDate::CODES);
        assert_eq!(known(&ATTRIBUTIONS), Attribution::CODES);
        // What is plainly wrong is `hard`; a rule of the catalog never is.
        assert_eq!(known(&SEVERITIES), [&["hard"], Severity::CODES].concat());
        assert_eq!(known(&VINTAGES), [&RELEASES[..], &["-"]].concat());
        let states = include_str!("../../../queries/sql/publications/publication_states.sql");
        for state in known(&STATES) {
            assert!(states.contains(&format!("'{state}'")), "{state}");
        }
    }

    /// What SQL says of codes stands there once more, because SQL has no constants.
    #[test]
    fn views_know_the_codes_that_rust_knows() {
        let findings = include_str!("../../../queries/sql/checks/findings.sql");
        for (rank, code) in RELEASES.iter().enumerate() {
            let zh = vintage(code).0;
            let listed = [
                format!("'{code}', {}, '{zh}'", rank + 1),
                format!("'{code}' as vintage, {} as rank, '{zh}'", rank + 1),
            ];
            assert!(listed.iter().any(|row| findings.contains(row)), "{code}");
            assert!(
                TARGETS.contains(&format!("'{code}', '{zh}', '"))
                    || TARGETS.contains(&format!("'{code}' as vintage, '{zh}'")),
                "{code}"
            );
        }
        let quoted = |codes: &[&str]| codes.iter().map(|code| format!("'{code}'")).collect::<Vec<_>>().join(", ");
        let estimates = ["E", "I", "F"];
        assert!(
            is_estimate("estimated") && OBS_STATUSES.iter().all(|code| is_estimate(code) == estimates.contains(code))
        );
        for view in [
            include_str!("../../../queries/sql/periods/year_parts.sql"),
            include_str!("../../../queries/sql/periods/period_values.sql"),
            include_str!("../../../queries/sql/statements/edition_readings.sql"),
        ] {
            assert!(
                view.contains(&format!("obs_status in ({})", quoted(&estimates)))
                    && view.contains("vintage = 'estimated'")
            );
        }
        for (power, _, en) in MULTIPLIERS.into_iter().filter(|(power, ..)| *power > 0) {
            let factor = 10_i64.pow(power.unsigned_abs());
            assert!(TARGETS.contains(&format!("unit_factor = {factor} then '{en} ' ||")), "{en}");
        }
        let mut lacking = [&OBS_STATUSES_WITHOUT_VALUE[..], &OBS_STATUSES_WITH_OR_WITHOUT_VALUE].concat();
        lacking.retain(|code| *code != "Q");
        lacking.sort_unstable();
        let values = include_str!("../../../queries/sql/places/area_values.sql");
        assert!(values.contains("obs_status in ('Q') then 'suppressed'"));
        assert!(values.contains(&format!("obs_status in ({}) then 'missing'", quoted(&lacking))));
    }

    #[test]
    fn a_moment_is_told_in_the_zone() {
        let told = local(1_567_180_799_999_999, "Asia/Shanghai");
        assert_eq!(told, ("2019-08-30 23:59".to_owned(), "北京时间".to_owned()));
        for (zone, seconds, told) in [
            ("Asia/Shanghai", false, "2019-08-30 23:59 +08:00"),
            ("Asia/Shanghai", true, "2019-08-30 23:59:59 +08:00"),
            ("America/Halifax", false, "2019-08-30 12:59 -03:00"),
            ("nowhere", false, "2019-08-30 15:59 +00:00"),
        ] {
            assert_eq!(with_offset(1_567_180_799_999_999, zone, seconds), told);
        }
        // In winter the same zone has another offset.
        assert_eq!(with_offset(1_546_300_800_000_000, "America/Halifax", false), "2018-12-31 20:00 -04:00");
    }
}
