//! What stands around the rows of a table and speaks of their figures: units, the year and the area. Of units the nearest
//! counts: beside the row, above its section, above the table; what stands below the rows is of all of them.

use std::collections::BTreeMap;

use helan_schemas::event::DataRef;
use helan_schemas::period::Period;
use helan_schemas::refusal::Code;

use super::fields::UNKNOWN_MULT;
use super::headings;
use super::title::{self, Known, Title, TitledUnit};
use crate::answer::RowAt;
use crate::check::Judge;
use crate::problems::quoted;

/// Nothing is asked of a text without one of these; most notes have none.
const MAY_TELL: &str = "万 亿 千 仟 百 萬 億 单 單 元 10 １０ 00 ０００ illion ousand unit bn mn ml ¥ rmb cny × $";
/// Behind or before a year that is not the figures': when they were published, or by which prices and lists they are made.
const OTHER_YEARS: &str = "发布 公布 印发 制 填 编 刊 上报 报送 审核 修订 版 年鉴 价 基期 可比 标准 分类 区划 普查 目录 口径 比 较 同 \
                           计划 规划 目标 文件 号 published released issued printed revised edition prices census plan base";
/// What follows a number that counts something and is not a year: 2000 万元.
const COUNTED: [char; 14] = ['万', '亿', '千', '百', '元', '人', '家', '个', '户', '项', '件', '亩', '吨', '%'];

/// What is told of the rows of one table.
#[derive(Default)]
pub(crate) struct Told {
    known: Option<Known>,
    /// Above the table, and around it.
    all: Title,
    /// Above the rows of a section.
    section: Title,
    /// No row stood below it yet.
    section_is_last: bool,
    /// Indicators and multipliers of rows to which nothing was told, each with its first row.
    open: BTreeMap<(String, i32), RowAt>,
    year: Said<i16>,
    area: Said<(String, Vec<String>)>,
}

/// What a title names, and whether a row is of it.
struct Said<T> {
    named: Option<T>,
    is_met: bool,
    /// The first row that is of something else, and what that is.
    other: Option<(RowAt, String)>,
}

impl<T> Default for Said<T> {
    fn default() -> Self {
        Self { named: None, is_met: false, other: None }
    }
}

impl<T> Said<T> {
    fn compare(&mut self, at: RowAt, shown: &str, is_of: impl Fn(&T) -> Option<bool>) {
        match self.named.as_ref().filter(|_| !self.is_met).and_then(is_of) {
            Some(true) => self.is_met = true,
            Some(false) if self.other.is_none() => self.other = Some((at, shown.to_owned())),
            _ => {}
        }
    }
}

/// What is wrong with all rows of a table: of which, the field, the code, what was found.
pub(crate) type OfAll = (RowAt, &'static str, Code, String);

impl Told {
    /// Takes what stands above a table and around it.
    pub(crate) fn around(&mut self, text: &str, judge: &Judge<'_>) {
        if text.trim().is_empty() {
            return;
        }
        self.all = title::read(text, self.known(judge));
        self.year.named = year(text);
        self.area.named = judge.area_in(text);
    }

    /// Takes a row that reports nothing: it is above a section, or below the table.
    pub(crate) fn between(&mut self, text: &str, judge: &Judge<'_>) {
        let title = self.beside(text, judge);
        if title != Title::default() {
            (self.section, self.section_is_last) = (title, true);
        }
    }

    fn known(&mut self, judge: &Judge<'_>) -> &Known {
        self.known.get_or_insert_with(|| judge.known_in_titles())
    }

    /// What a text within the table tells. Offices stand there too: what may be a unit is asked about only where it looks like one.
    fn beside(&mut self, text: &str, judge: &Judge<'_>) -> Title {
        let lower = text.to_lowercase();
        if !MAY_TELL.split(' ').any(|part| lower.contains(part)) {
            return Title::default();
        }
        let mut title = title::read(text, self.known(judge));
        title.unknown =
            title.unknown.filter(|text| text.contains(['万', '亿', '千', '元', '币']) || text.contains("illion"));
        title
    }

    /// What is told of a row's unit that is not its multiplier. A row that names both beside the value is not asked.
    pub(crate) fn otherwise(
        &mut self,
        judge: &Judge<'_>,
        data: &DataRef<'_>,
        (unit_name, beside): (Option<&str>, &str),
        at: RowAt,
    ) -> Option<String> {
        self.compare(judge, data, at);
        let scale = data.unit_mult.unwrap_or_default();
        let beside = if beside.is_empty() { Title::default() } else { self.beside(beside, judge) };
        self.section_is_last = false;
        let indicator = data.indicator.as_deref()?;
        let units = judge.units_of(indicator)?;
        let named = unit_name.map(str::trim).filter(|name| !name.is_empty());
        if scale == UNKNOWN_MULT || named.is_some_and(|name| !headings::is_unit(name, 0, &units)) {
            return None;
        }
        if let Some(unknown) = beside.unknown.clone().or_else(|| self.section.unknown.clone()) {
            return Some(quoted(&unknown));
        }
        if named.is_none()
            && let Some(unknown) = self.all.unknown.take()
        {
            // Told once, not of every row.
            return Some(quoted(&unknown));
        }
        let no_scale = has_no_scale(judge, indicator, &units);
        for told in [&beside, &self.section, &self.all] {
            match agrees(&told.units, &units, (scale, no_scale, named.is_some())) {
                None => {}
                Some(Ok(())) => return None,
                Some(Err(found)) => return Some(found),
            }
        }
        self.open.entry((indicator.to_owned(), scale)).or_insert(at);
        None
    }

    fn compare(&mut self, judge: &Judge<'_>, data: &DataRef<'_>, at: RowAt) {
        if self.year.named.is_none() && self.area.named.is_none() {
            return;
        }
        let Some(text) = data.time_period.as_deref() else { return };
        let Ok(period) = Period::parse(text) else { return };
        self.year.compare(at, text, |year| Some((period.start.year()..=period.end.year()).contains(year)));
        let Some(code) = data.ref_area.as_deref() else { return };
        self.area.compare(at, code, |(_, codes)| judge.lies_in_any(code, codes, period.end));
    }

    /// What is told below the rows, and what a title names of which no row is.
    pub(crate) fn end(&mut self, judge: &Judge<'_>) -> Vec<OfAll> {
        let mut found = Vec::new();
        if self.section_is_last {
            for ((indicator, scale), at) in &self.open {
                let Some(units) = judge.units_of(indicator) else { continue };
                let no_scale = has_no_scale(judge, indicator, &units);
                if let Some(Err(text)) = agrees(&self.section.units, &units, (*scale, no_scale, false)) {
                    found.push((*at, "unit", Code::UnitNameMismatch, text));
                }
            }
        }
        let year = self.year.named.map(|year| (year.to_string(), "time_period", &self.year.other, self.year.is_met));
        let area = self.area.named.as_ref();
        let area = area.map(|(name, _)| (name.clone(), "ref_area", &self.area.other, self.area.is_met));
        for (named, field, other, is_met) in [year, area].into_iter().flatten() {
            if let Some((at, text)) = other.as_ref().filter(|_| !is_met) {
                found.push((*at, field, Code::LabelMismatch, format!("{} ≠ {}", quoted(&named), quoted(text))));
            }
        }
        found
    }
}

/// Whether an indicator is never given in thousands or millions: yes or no, and per cent.
fn has_no_scale(judge: &Judge<'_>, indicator: &str, units: &[&str; 3]) -> bool {
    judge.is_yes_or_no(indicator) || units[1] == "%"
}

/// Whether units that are told together agree with a row's multiplier; nothing if they are of something else. Where only the
/// plain unit is told, the row's own multiplier counts; one beside others is of other rows, unless the row names it.
fn agrees(
    told: &[TitledUnit],
    units: &[&str; 3],
    (scale, no_scale, names_plain): (i32, bool, bool),
) -> Option<Result<(), String>> {
    let about: Vec<_> = told.iter().filter(|unit| unit.is_about(units) && !(no_scale && unit.unit.is_none())).collect();
    let first = about.iter().find(|unit| unit.power != 0);
    let lists_plain = names_plain && about.iter().any(|unit| unit.power == 0);
    let Some(first) = first else { return (!about.is_empty()).then_some(Ok(())) };
    let fits = about.iter().any(|unit| unit.power == scale && (scale != 0 || lists_plain));
    Some(if fits { Ok(()) } else { Err(format!("{} ≠ {} × 10^{scale}", quoted(&first.text), quoted(units[1]))) })
}

/// The year that a title names, if it names one alone and that is the figures': `2017年研发经费`, `R&D 2017`.
fn year(title: &str) -> Option<i16> {
    let mut found = None;
    let bytes = title.as_bytes();
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    for (at, _) in title.char_indices().filter(|(at, _)| is_digit(*at)) {
        let is_alone = (at == 0 || !is_digit(at - 1)) && (1..4).all(|next| is_digit(at + next)) && !is_digit(at + 4);
        let Some(year) = title.get(at..at + 4).filter(|_| is_alone).and_then(|text| text.parse::<i16>().ok()) else {
            continue;
        };
        // 2000 万元 is a sum.
        let of_sum = |c: char| c != '年' && c.is_alphanumeric();
        let counted = title[at + 4..].starts_with(of_sum) || title[at + 4..].trim_start().starts_with(COUNTED);
        if counted || !(1900..2100).contains(&year) {
            continue;
        }
        let around = |c: char| matches!(c, '\n' | '\r' | ',' | '，' | '。' | ';' | '；' | '(' | ')' | '（' | '）');
        let before = title[..at].rsplit(around).next().unwrap_or_default();
        let behind = title[at + 4..].split(around).next().unwrap_or_default();
        let behind = behind.trim_start();
        let of_day = |text: &str| text.starts_with(|c: char| c.is_ascii_digit() || "-–—/.~至〕］]".contains(c));
        let is_part = of_day(behind)
            || behind.strip_prefix('年').is_some_and(|rest| of_day(rest.trim_start()))
            || before.ends_with(|c: char| c.is_ascii_alphanumeric() || "-–—/.~至〔［[".contains(c));
        let words = format!("{before} {behind}").to_lowercase();
        let is_other = OTHER_YEARS.split_whitespace().any(|word| words.contains(word));
        if is_part || is_other || found.is_some_and(|other| other != year) {
            return None;
        }
        found = Some(year);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_names_a_year_or_none() {
        for (title, expected) in [
            ("2017年研发经费", Some(2017)),
            ("银川市 2017 年度研发经费（万元）", Some(2017)),
            ("R&D expenditure, 2017", Some(2017)),
            ("Report of Yinchuan, 2017; 3 of 5 sent", Some(2017)),
            ("2017年研发经费\n2017年", Some(2017)),
            ("2017年、2018年研发经费", None),
            ("2016-2018年研发经费", None),
            ("年收入2000万元及以上企业2017年研发经费", Some(2017)),
            ("2018年6月30日", None),
            ("填表日期：2018-06-30", None),
            ("2018年发布", None),
            ("published 2018", None),
            ("研发经费（2015年不变价）", None),
            ("宁科发〔2018〕12号", None),
            ("中国科技统计年鉴 2018", None),
            ("2018年比上年增长", None),
            ("表1 研发经费", None),
            ("640100", None),
        ] {
            assert_eq!(year(title), expected, "{title}");
        }
    }
}
