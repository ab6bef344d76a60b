//! The workbook: what it is, the targets with their verdicts, the ratios, the values, and the reports behind them.

use helan_runtime::clock::rfc_3339;
use rust_xlsxwriter::{Color, DocProperties, Format, FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError};

use crate::answers::{TARGETS, VALUES};
use crate::export::{Export, Row, table};
use crate::words::{self, Tone};

const HEAD: u32 = 0x001F_3864;
const NUMBER: &str = "#,##0.######";
const WHOLE: &str = "#,##0";
const RATIO: &str = "0.0000";
const PER_CENT: &str = "0.0%";
const ALARM: u32 = 0x00C0_0000;
/// What is known so far stands in a column of its own, so that nobody takes or adds it as the whole.
const PART: (&str, &str, f64) = ("已知部分", "Known so far", 15.0);

struct Book<'e> {
    export: &'e Export,
    chinese: bool,
}

/// A cell of a sheet.
enum Cell {
    Text(String),
    Number(Option<f64>, &'static str),
    Status(String),
}

pub(crate) fn of(export: &Export, chinese: bool) -> Result<Vec<u8>, XlsxError> {
    let book = Book { export, chinese };
    let mut workbook = Workbook::new();
    let head = &export.catalog.head;
    let properties = DocProperties::new()
        .set_title(book.pick(&head.name_zh, &head.name_en))
        .set_subject(&export.time_period)
        .set_comment(format!("publication {} as of {}", book.publication(), rfc_3339(export.as_of)))
        .set_status(book.embargo().unwrap_or_default())
        .set_creation_datetime(&rust_xlsxwriter::ExcelDateTime::from_timestamp(export.as_of / 1_000_000)?);
    workbook.set_properties(&properties);
    book.cover(workbook.add_worksheet())?;
    book.targets(workbook.add_worksheet())?;
    book.ratios(workbook.add_worksheet())?;
    book.values(workbook.add_worksheet())?;
    book.reports(workbook.add_worksheet())?;
    workbook.save_to_buffer()
}

/// Fill and text colours, RGB; none = plain.
fn colours(tone: Tone) -> Option<(u32, u32)> {
    match tone {
        Tone::Good => Some((0x00E2_F0D9, 0x0037_5623)),
        Tone::Bad => Some((0x00F8_D7DA, 0x0084_2029)),
        Tone::Open => Some((0x00FF_F2CC, 0x007F_6000)),
        Tone::Pale => Some((0x00ED_EDED, 0x0040_4040)),
        Tone::Plain => None,
    }
}

impl Book<'_> {
    fn pick<'t>(&self, zh: &'t str, en: &'t str) -> &'t str {
        if self.chinese { zh } else { en }
    }

    /// A moment for readers of the Chinese sheets: in the catalog's zone.
    fn local(&self, at: i64) -> String {
        let (time, zone) = words::local(at, &self.export.catalog.head.time_zone);
        format!("{time}（{zone}）")
    }

    /// A moment in the sheets' language.
    fn moment(&self, at: i64) -> String {
        match self.chinese {
            true => self.local(at),
            false => words::with_offset(at, &self.export.catalog.head.time_zone, false),
        }
    }

    fn publication(&self) -> &str {
        self.export.publication.as_deref().unwrap_or("live")
    }

    fn state(&self) -> String {
        let (zh, en) = words::state(self.export.state_code().unwrap_or_default());
        self.embargo().unwrap_or_else(|| self.pick(zh, en).to_owned())
    }

    /// What everyone must see who holds a copy that was taken out before its time.
    fn embargo(&self) -> Option<String> {
        let until = self.export.embargo_until()?;
        Some(match self.chinese {
            true => format!("限时保密：{}之前不得公开", self.local(until)),
            false => format!("UNDER EMBARGO: not to be made public before {}", self.moment(until)),
        })
    }

    fn cover(&self, sheet: &mut Worksheet) -> Result<(), XlsxError> {
        let head = &self.export.catalog.head;
        sheet.set_name(self.pick("说明", "About"))?;
        sheet.set_column_width(0, 24)?.set_column_width(1, 96)?.set_screen_gridlines(false);
        let title = Format::new().set_bold().set_font_size(16).set_font_color(Color::RGB(HEAD));
        sheet.write_with_format(0, 0, self.pick(&head.name_zh, &head.name_en), &title)?;
        if let Some(embargo) = self.embargo() {
            let banner = Format::new()
                .set_bold()
                .set_font_size(12)
                .set_font_color(Color::White)
                .set_background_color(Color::RGB(ALARM));
            sheet.merge_range(1, 0, 1, 1, &embargo, &banner)?;
            sheet.set_row_height(1, 22)?;
        }
        let headline = Format::new().set_font_size(12).set_text_wrap().set_align(FormatAlign::Top);
        let sentence = self.pick(&self.export.headline.0, &self.export.headline.1);
        if !sentence.is_empty() {
            sheet.merge_range(2, 0, 2, 1, sentence, &headline)?;
            sheet.set_row_height(2, 50)?;
        }
        let label = Format::new().set_bold().set_align(FormatAlign::Top);
        let text = Format::new().set_text_wrap().set_align(FormatAlign::Top);
        let live = self.pick("未发布：导出时的数据", "not published: the lake as it was when this was written");
        let publication = self.export.publication.as_deref().unwrap_or(live);
        let as_of = self.moment(self.export.as_of);
        let mut lines = vec![
            (self.pick("时期", "Period"), self.export.time_period.clone()),
            (self.pick("数据截至", "As of"), as_of),
            (self.pick("发布编号", "Publication"), publication.to_owned()),
            (self.pick("发布状态", "Release state"), self.state()),
            (self.pick("指标目录", "Catalog"), format!("{} ({})", head.id, self.export.catalog.digest)),
            (self.pick("目标出处", "Source of the targets"), self.pick(&head.source_zh, &head.source_en).to_owned()),
            (
                self.pick("核对", "To verify"),
                format!(
                    "helan explain {} {} … · helan rollup --reproduce {}",
                    self.publication(),
                    head.region,
                    self.publication()
                ),
            ),
        ];
        for note in &head.notes {
            lines.push((self.pick("注", "Note"), self.pick(&note.zh, &note.en).to_owned()));
        }
        let demo = self.pick(
            "带 * 的数值含演示数据，不是官方数据。结论一律按未修约的数值比较；单元格只在显示时修约。“已知部分”只含已报的地区、月份或较早时点的数，不是全部。",
            "Figures with * are illustrative, not official. Verdicts compare unrounded figures; cells round only what they show. \"Known so far\" has the areas, months or earlier day that were reported: not the whole.",
        );
        lines.push((self.pick("口径说明", "How to read it"), demo.to_owned()));
        for (at, (name, value)) in lines.into_iter().enumerate() {
            let row = 4 + at as u32;
            sheet.write_with_format(row, 0, name, &label)?;
            sheet.set_row_height(row, 16.0 * f64::from(lines_of(&value, 96.0)))?;
            sheet.write_with_format(row, 1, value, &text)?;
        }
        self.page(sheet);
        Ok(())
    }

    fn targets(&self, sheet: &mut Worksheet) -> Result<(), XlsxError> {
        sheet.set_name(self.pick("目标完成情况", "Targets"))?;
        let heads = [
            ("编号", "Id", 8.0),
            ("目标", "Target", 34.0),
            ("承担单位", "Owed by", 22.0),
            ("比较", "Asks", 7.0),
            ("目标值", "Target value", 13.0),
            ("实际值", "Actual", 15.0),
            PART,
            ("单位", "Unit", 12.0),
            ("完成比例", "Fulfilment", 11.0),
            ("结论", "Verdict", 14.0),
            ("结论受口径影响", "Sensitive", 26.0),
            ("版本", "Vintage", 22.0),
            ("理由", "Reason", 60.0),
        ];
        let rows = self.of(TARGETS).map(|row| {
            let id = row.value.key.target_id.clone().unwrap_or_default();
            let target = self.export.catalog.targets.iter().rev().find(|target| target.target_id == id);
            let name = target.map_or("", |target| self.pick(&target.name_zh, &target.name_en));
            vec![
                Cell::Text(id.clone()),
                Cell::Text(name.to_owned()),
                Cell::Text(self.place(row)),
                Cell::Text(row.field("comparator").map(|code| self.word(words::comparator(code))).unwrap_or_default()),
                Cell::Number(number(row.field("target_value")), NUMBER),
                Cell::Number(row.whole().map(double), NUMBER),
                Cell::Number(row.part().map(double), NUMBER),
                Cell::Text(table::unit(self.export, row).unwrap_or_default()),
                Cell::Number(number(row.field("fulfilment")), PER_CENT),
                Cell::Status(row.value.status.clone()),
                Cell::Text(self.turned(row)),
                Cell::Text(self.vintage(row, "vintage")),
                Cell::Text(row.field(self.pick("reason_zh", "reason_en")).unwrap_or_default().to_owned()),
            ]
        });
        self.fill(sheet, &heads, rows.collect())
    }

    fn ratios(&self, sheet: &mut Worksheet) -> Result<(), XlsxError> {
        sheet.set_name(self.pick("比率", "Ratios"))?;
        let heads = [
            ("比率", "Ratio", 34.0),
            ("地区", "Area", 22.0),
            ("数值", "Value", 12.0),
            PART,
            ("公布数", "As published", 12.0),
            ("分子", "Numerator", 20.0),
            ("分母", "Denominator", 22.0),
            ("状态", "Status", 16.0),
            ("已有/应有", "Coverage", 11.0),
            ("分子版本", "Numerator vintage", 20.0),
            ("分母版本", "Denominator vintage", 20.0),
            ("缺报", "Missing", 40.0),
        ];
        let ratios = self.export.rows.iter().filter(|row| crate::answers::is_of_ratios(&row.value.key.answer));
        let rows = ratios.map(|row| {
            let text = |name: &str| Cell::Text(row.field(name).unwrap_or_default().to_owned());
            vec![
                Cell::Text(self.indicator(row)),
                Cell::Text(self.place(row)),
                Cell::Number(row.whole().map(double), RATIO),
                Cell::Number(row.part().map(double), RATIO),
                Cell::Number(row.whole().and_then(|_| number(row.field("shown"))), NUMBER),
                Cell::Number(number(row.field("numerator")), NUMBER),
                Cell::Number(number(row.field("denominator")), NUMBER),
                Cell::Status(row.value.status.clone()),
                Cell::Text(coverage(row)),
                Cell::Text(self.vintage(row, "numerator_vintage")),
                Cell::Text(self.vintage(row, "denominator_vintage")),
                text(self.pick("missing_zh", "missing_en")),
            ]
        });
        self.fill(sheet, &heads, rows.collect())
    }

    fn values(&self, sheet: &mut Worksheet) -> Result<(), XlsxError> {
        sheet.set_name(self.pick("数值", "Values"))?;
        let heads = [
            ("指标", "Indicator", 36.0),
            ("地区", "Area", 22.0),
            ("数值", "Value", 20.0),
            PART,
            ("单位", "Unit", 12.0),
            ("状态", "Status", 16.0),
            ("报送值", "Reported", 20.0),
            ("下级合计", "Compiled", 20.0),
            ("差额", "Residual", 18.0),
            ("已有/应有", "Coverage", 11.0),
            ("版本", "Vintage", 16.0),
            ("基准", "Basis", 22.0),
            ("缺报", "Missing", 40.0),
        ];
        let rows = self.of(VALUES).map(|row| {
            let text = |name: &str| Cell::Text(row.field(name).unwrap_or_default().to_owned());
            let unit = self
                .export
                .indicator(&row.value.key.indicator)
                .map_or("", |found| self.pick(&found.unit_zh, &found.unit_en));
            vec![
                Cell::Text(self.indicator(row)),
                Cell::Text(self.place(row)),
                Cell::Number(row.whole().map(double), NUMBER),
                Cell::Number(row.part().map(double), NUMBER),
                Cell::Text(unit.to_owned()),
                Cell::Status(row.value.status.clone()),
                Cell::Number(number(row.field("reported")), NUMBER),
                Cell::Number(number(row.of_parts("compiled")), NUMBER),
                Cell::Number(number(row.of_parts("residual")), NUMBER),
                Cell::Text(coverage(row)),
                Cell::Text(self.vintage(row, "vintage")),
                text("basis"),
                text(self.pick("missing_zh", "missing_en")),
            ]
        });
        self.fill(sheet, &heads, rows.collect())
    }

    fn reports(&self, sheet: &mut Worksheet) -> Result<(), XlsxError> {
        sheet.set_name(self.pick("报送依据", "Reports"))?;
        let heads = [
            ("来源", "Source", 26.0),
            ("事件编号", "Event id", 40.0),
            ("报送单位", "Reporter", 18.0),
            ("地区", "Area", 16.0),
            ("指标", "Indicator", 26.0),
            ("时期", "Period", 14.0),
            ("提交编号", "Submission", 36.0),
            ("日志地址", "Log address", 26.0),
            ("所用数字数", "Figures it is behind", 12.0),
        ];
        let mut uses = std::collections::BTreeMap::new();
        for link in &self.export.links {
            uses.entry((&link.source, &link.id)).or_insert_with(std::collections::BTreeSet::new).insert(&link.key);
        }
        let rows = self.export.inputs.iter().map(|input| {
            let used = uses.get(&(&input.source, &input.id)).map_or(0, std::collections::BTreeSet::len);
            vec![
                Cell::Text(input.source.clone()),
                Cell::Text(input.id.clone()),
                Cell::Text(input.reporter.clone()),
                Cell::Text(input.ref_area.clone()),
                Cell::Text(input.indicator.clone()),
                Cell::Text(input.time_period.clone()),
                Cell::Text(input.submission.clone()),
                Cell::Text(format!("{}/{} @ {}", input.topic, input.partition, input.offset)),
                Cell::Number(Some(used as f64), "0"),
            ]
        });
        self.fill(sheet, &heads, rows.collect())
    }

    fn word(&self, (zh, en): (&str, &str)) -> String {
        self.pick(zh, en).to_owned()
    }

    fn vintage(&self, row: &Row, field: &str) -> String {
        let (zh, en) = words::vintage(row.field(field).unwrap_or_default());
        if self.chinese { zh } else { en }
    }

    /// Which other interpretation changes the verdict; publications of earlier builds say only that one does.
    fn turned(&self, row: &Row) -> String {
        if !row.flag("sensitive") {
            return String::new();
        }
        row.field(self.pick("turned_zh", "turned_en")).unwrap_or(self.pick("是", "yes")).to_owned()
    }

    fn of(&self, answer: &'static str) -> impl Iterator<Item = &Row> {
        self.export.rows.iter().filter(move |row| row.value.key.answer == answer)
    }

    /// The area's name, with * where the figure is illustrative.
    fn place(&self, row: &Row) -> String {
        let (zh, en) = self.export.place(&row.value.key.ref_area);
        let name = self.pick(zh, en);
        let name = if name.is_empty() { &row.value.key.ref_area } else { name };
        format!("{name}{}", if row.flag("demo") { " *" } else { "" })
    }

    fn indicator(&self, row: &Row) -> String {
        let found = self.export.indicator(&row.value.key.indicator);
        found.map_or(row.value.key.indicator.clone(), |found| self.pick(&found.name_zh, &found.name_en).to_owned())
    }

    /// A heading that stays in sight and on every printed page, a filter, and the rows below.
    fn fill(&self, sheet: &mut Worksheet, heads: &[(&str, &str, f64)], rows: Vec<Vec<Cell>>) -> Result<(), XlsxError> {
        let head = Format::new()
            .set_bold()
            .set_font_color(Color::White)
            .set_background_color(Color::RGB(HEAD))
            .set_align(FormatAlign::VerticalCenter)
            .set_text_wrap();
        let line = Color::RGB(0x00D9_D9D9);
        let plain = Format::new()
            .set_border_bottom(FormatBorder::Hair)
            .set_border_color(line)
            .set_align(FormatAlign::Top)
            .set_text_wrap();
        for (at, (zh, en, width)) in heads.iter().enumerate() {
            let at = at as u16;
            sheet.write_with_format(0, at, self.pick(zh, en), &head)?;
            sheet.set_column_width(at, *width)?;
        }
        sheet.set_row_height(0, 30)?;
        for (row, cells) in (1_u32..).zip(&rows) {
            let wrapped = cells.iter().zip(heads).map(|(cell, (.., width))| match cell {
                Cell::Text(text) => lines_of(text, *width),
                _ => 1,
            });
            sheet.set_row_height(row, 15.0 * f64::from(wrapped.max().unwrap_or(1)))?;
            for (at, cell) in (0_u16..).zip(cells) {
                match cell {
                    Cell::Text(text) => sheet.write_with_format(row, at, text.as_str(), &plain)?,
                    Cell::Number(None, _) => sheet.write_blank(row, at, &plain)?,
                    Cell::Number(Some(number), shape) => {
                        // With digits that are optional alone, a whole number would be shown as "50.".
                        let shape = if *shape == NUMBER && number.fract() == 0.0 { WHOLE } else { shape };
                        let format = plain.clone().set_num_format(shape).set_align(FormatAlign::Right);
                        sheet.write_with_format(row, at, *number, &format)?
                    }
                    Cell::Status(code) => {
                        let (zh, en) = words::status(code);
                        let format = match colours(words::tone(code)) {
                            Some((fill, ink)) => plain
                                .clone()
                                .set_background_color(Color::RGB(fill))
                                .set_font_color(Color::RGB(ink))
                                .set_bold(),
                            None => plain.clone(),
                        };
                        sheet.write_with_format(row, at, self.pick(zh, en), &format)?
                    }
                };
            }
        }
        sheet.set_freeze_panes(1, 0)?;
        let last = (rows.len() as u32).max(1);
        sheet.autofilter(0, 0, last, heads.len() as u16 - 1)?;
        self.page(sheet);
        if !rows.is_empty() {
            sheet.set_repeat_rows(0, 0)?;
        }
        Ok(())
    }

    /// How it prints: A4 across, as wide as one page, with publication, moment and page number below, and above that it
    /// is under embargo.
    fn page(&self, sheet: &mut Worksheet) {
        let footer = format!("&L{} · {}&R&P / &N", self.publication(), self.moment(self.export.as_of));
        sheet.set_landscape().set_paper_size(9).set_print_fit_to_pages(1, 0).set_footer(footer);
        if let Some(embargo) = self.embargo() {
            sheet.set_header(format!("&C&B{embargo}")).set_tab_color(Color::RGB(ALARM));
        }
    }
}

/// Lines that a text takes in a column of a width in characters; a Chinese one is twice as wide.
fn lines_of(text: &str, width: f64) -> u32 {
    let wide = text.chars().map(|c| if c.is_ascii() { 1.0 } else { 2.0 }).sum::<f64>();
    ((wide / (width - 2.0)).ceil() as u32).clamp(1, 12)
}

fn coverage(row: &Row) -> String {
    match (row.field("coverage_reported"), row.field("coverage_expected")) {
        (Some(have), Some(of)) => format!("{have}/{of}"),
        _ => String::new(),
    }
}

/// Workbooks hold doubles: what is shown there is rounded to what a double keeps; CSV and Parquet have every digit.
fn double(unscaled: i128) -> f64 {
    number(Some(&crate::rows::decimal_text(unscaled))).unwrap_or_default()
}

fn number(text: Option<&str>) -> Option<f64> {
    text.and_then(|text| text.parse().ok())
}
