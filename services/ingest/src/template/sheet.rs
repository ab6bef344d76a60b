//! The template as a workbook: one sheet to fill in, one that explains it.

use rust_xlsxwriter::{
    Color, DataValidation, DataValidationErrorStyle, DataValidationRule, DocProperties, ExcelDateTime, Format,
    FormatAlign, FormatBorder, IgnoreError, ProtectionOptions, Workbook, Worksheet, XlsxError,
};

use helan_schemas::catalog::DecimalMark;

use super::owed::listed;
use super::{Template, TemplateRow};
use crate::decode::headings::{
    AREA_NAME, DUE, INDICATOR_NAME, LAST_VALUE, Lang, SENT_VALUE, TEMPLATE_ROW, UNIT_NAME, choices, heading_of,
    yes_and_no,
};

/// Where the heading stands, from 0.
const HEADING_ROW: u32 = 3;
/// Longest text that Excel shows beside a selected cell.
const MESSAGE_CHARS: usize = 255;
const TITLE_CHARS: usize = 32;
const LARGEST: f64 = 1e18;

/// The whole file.
pub(super) fn write(template: &Template<'_>) -> Vec<u8> {
    // Every text and range is ours or comes from a checked catalog, cut to what a cell holds.
    made(template).expect("a template fits a workbook")
}

fn made(template: &Template<'_>) -> Result<Vec<u8>, XlsxError> {
    let lang = template.lang;
    let mut workbook = Workbook::new();
    let name = lang.pick(&template.reporter.name_zh, &template.reporter.name_en);
    let made_at = ExcelDateTime::from_timestamp(template.made_at)?;
    let properties = DocProperties::new().set_title(format!("{name} {}", template.period)).set_author("Helan");
    workbook.set_properties(&properties.set_creation_datetime(&made_at));
    let mut explained = Worksheet::new();
    let statuses = notes(template, &mut explained)?;
    data(template, (name, &statuses), workbook.add_worksheet())?;
    workbook.push_worksheet(explained);
    workbook.save_to_buffer()
}

/// Styles of the cells.
struct Styles {
    title: Format,
    hint: Format,
    sent: Format,
    heading: Format,
    label: Format,
    code: Format,
    open: Format,
    text: Format,
}

impl Styles {
    fn new() -> Self {
        let framed = Format::new().set_border(FormatBorder::Thin).set_border_color(Color::RGB(0xB8C4CE));
        let framed = framed.set_align(FormatAlign::VerticalCenter);
        Self {
            title: Format::new().set_bold().set_font_size(14),
            hint: Format::new()
                .set_font_color(Color::RGB(0x44546A))
                .set_text_wrap()
                .set_align(FormatAlign::VerticalCenter),
            sent: framed.clone().set_background_color(Color::RGB(0xDDEFDD)).set_text_wrap(),
            heading: framed
                .clone()
                .set_bold()
                .set_text_wrap()
                .set_font_color(Color::White)
                .set_background_color(Color::RGB(0x1F4E79))
                .set_align(FormatAlign::Center),
            label: framed.clone().set_background_color(Color::RGB(0xEDF1F5)).set_text_wrap(),
            code: framed.clone().set_background_color(Color::RGB(0xEDF1F5)).set_font_color(Color::RGB(0x7F8C98)),
            open: framed.clone().set_unlocked(),
            text: framed.set_unlocked().set_text_wrap(),
        }
    }
}

/// The sheet to fill in: the reporter's name in its title, and where the notes list the statuses.
fn data(template: &Template<'_>, (name, statuses): (&str, &str), sheet: &mut Worksheet) -> Result<(), XlsxError> {
    let lang = template.lang;
    let styles = Styles::new();
    let columns = template.columns();
    let last_row = HEADING_ROW + template.rows.len() as u32;
    sheet.set_name(lang.pick("数据", "data"))?;
    let title = match lang {
        Lang::Zh => format!("{name} {} 统计报表", template.period),
        Lang::En => format!("Report of {name}, {}", template.period),
    };
    let title = match template.others.len() {
        0 => title,
        // Which ones stands on the sheet of notes.
        _ => title + lang.pick("（其他报告期另有应报，见“说明”）", " (more is due for other periods: see the notes)"),
    };
    let sent = (0..template.rows.len()).filter(|row| template.sent_value(*row).is_some()).count();
    let title = match (sent, lang) {
        (0, _) => title,
        (sent, Lang::Zh) => format!("{title}，{} 项中已报 {sent} 项", template.rows.len()),
        (sent, Lang::En) => format!("{title}; {sent} of {} already sent", template.rows.len()),
    };
    // What is printed and signed ends with the notes; the rest stays in the file.
    let printed = columns.iter().position(|column| *column == "note").unwrap_or(columns.len() - 1) as u16;
    sheet.write_with_format(0, 0, title, &styles.title)?;
    let hint = lang.pick(
        "只填白色单元格。无数据的项目请留空，不要填 0；确无数据时在“数据状态”中选择原因。",
        "Fill in the white cells only. Leave a value blank if you have none; never type 0 for it. If there is none for a reason, choose it under Status.",
    );
    sheet.merge_range(1, 0, 1, printed, hint, &styles.hint)?.set_row_height(1, 32)?;
    let hint = lang.pick(
        "“数值”按“数量级”所选倍数填写，例如选“亿”时 3.5 即 3.5 亿。填好后保存为 .xlsx 原样报送；说明见另一工作表。",
        "A value counts in its multiplier: with “million”, 3.5 is 3.5 million. Save as .xlsx and send the file as it is. The other sheet explains every column.",
    );
    sheet.merge_range(2, 0, 2, printed, hint, &styles.hint)?.set_row_height(2, 32)?;
    sheet.set_row_height(HEADING_ROW, 30)?;
    for (at, column) in (0_u16..).zip(&columns) {
        let mut heading = heading_of(column, lang).unwrap_or(column).to_owned();
        if *column == "value" {
            heading.push('*');
        }
        sheet.write_with_format(HEADING_ROW, at, heading, &styles.heading)?;
        sheet.set_column_width(at, width(column))?;
        let style = match *column {
            AREA_NAME | INDICATOR_NAME | UNIT_NAME | DUE | LAST_VALUE | "time_period" => &styles.label,
            "ref_area" | "indicator" | "unit" | "source" | TEMPLATE_ROW => &styles.code,
            SENT_VALUE => &styles.label,
            "note" | "evidence" => &styles.text,
            _ => &styles.open,
        };
        for row in 0..template.rows.len() {
            let cell = template.cell(row, column);
            let number = HEADING_ROW + 1 + row as u32;
            let style = if *column == SENT_VALUE && !cell.is_empty() { &styles.sent } else { style };
            if cell.is_empty() {
                sheet.write_blank(number, at, style)?;
            } else {
                sheet.write_string_with_format(number, at, cell, style)?;
            }
            let rule = match *column {
                "value" => value_rule(&template.rows[row], lang)?,
                "basis" if !template.rows[row].bases.is_empty() => basis_rule(&template.rows[row])?,
                _ => continue,
            };
            sheet.add_data_validation(number, at, number, at, &rule)?;
        }
        let entries = choices(column, lang, template.reporter.may_estimate);
        if !entries.is_empty() {
            // A list within a rule has 255 characters at most, of which the statuses have more.
            let rule = match *column {
                "obs_status" => DataValidation::new().allow_list_formula(statuses.into()),
                _ => DataValidation::new().allow_list_strings(&entries)?,
            };
            let rule = rule.set_error_title(lang.pick("请从列表中选择", "Choose from the list"))?;
            sheet.add_data_validation(HEADING_ROW + 1, at, last_row, at, &rule)?;
        }
    }
    let last_column = columns.len() as u16 - 1;
    sheet.ignore_error_range(HEADING_ROW + 1, 0, last_row, last_column, IgnoreError::NumberStoredAsText)?;
    // The names stay in sight, and the heading too.
    sheet.set_freeze_panes(HEADING_ROW + 1, 2)?;
    sheet.set_landscape().set_paper_size(9).set_print_fit_to_pages(1, 0).set_repeat_rows(HEADING_ROW, HEADING_ROW)?;
    sheet.set_margins(0.4, 0.4, 0.5, 0.9, 0.3, 0.4).set_print_center_horizontally(true);
    // Who signs on paper, on every page.
    sheet.set_footer(lang.pick(
        "&L填报人：＿＿＿＿＿＿　审核人：＿＿＿＿＿＿&C批准人：＿＿＿＿＿＿　日期：＿＿＿＿＿＿&R（公章）　第 &P 页，共 &N 页",
        "&LPrepared by: ________ Reviewed by: ________&CApproved by: ________ Date: ________&RPage &P of &N",
    ));
    sheet.set_print_area(0, 0, last_row, printed)?;
    let first_value = columns.iter().position(|column| *column == "value").unwrap_or(0) as u16;
    sheet.set_selection(HEADING_ROW + 1, first_value, HEADING_ROW + 1, first_value)?;
    sheet.protect_with_options(&ProtectionOptions {
        format_columns: true,
        format_rows: true,
        ..ProtectionOptions::new()
    });
    Ok(())
}

fn width(column: &str) -> f64 {
    match column {
        TEMPLATE_ROW => 32.0,
        INDICATOR_NAME => 28.0,
        "note" | "evidence" => 24.0,
        "source" | "indicator" => 22.0,
        "vintage" | "basis" => 18.0,
        AREA_NAME | "value" | "obs_status" | LAST_VALUE | SENT_VALUE => 15.0,
        "time_period" | UNIT_NAME | "unit_mult" => 10.0,
        _ => 12.0,
    }
}

/// What may stand in a value's cell, and what is shown beside it.
fn value_rule(row: &TemplateRow<'_>, lang: Lang) -> Result<DataValidation, XlsxError> {
    let indicator = row.indicator;
    let unit = lang.pick(&indicator.unit_zh, &indicator.unit_en);
    let note = match indicator.note.split_once(" / ") {
        Some((zh, en)) => lang.pick(zh, en),
        None => indicator.note.as_str(),
    };
    let message = match lang {
        Lang::Zh => format!("单位：{unit}，乘以“数量级”。没有数据请留空。\n{note}"),
        Lang::En => format!("Unit: {unit}, times the multiplier. Leave blank if there is none.\n{note}"),
    };
    if indicator.is_yes_or_no() {
        let [yes, no] = yes_and_no(lang);
        let message = match lang {
            Lang::Zh => format!("选“{yes}”或“{no}”；没有数据请留空。\n{note}"),
            Lang::En => format!("Choose {yes} or {no}; leave blank if there is none.\n{note}"),
        };
        let rule = DataValidation::new().allow_list_strings(&[yes, no])?;
        return rule
            .set_input_title(cut(lang.pick(&indicator.name_zh, &indicator.name_en), TITLE_CHARS))?
            .set_input_message(cut(message.trim_end(), MESSAGE_CHARS))?
            .set_error_title(lang.pick("请从列表中选择", "Choose from the list"));
    }
    let rule = DataValidation::new().allow_decimal_number(DataValidationRule::Between(-LARGEST, LARGEST));
    rule.set_input_title(cut(lang.pick(&indicator.name_zh, &indicator.name_en), TITLE_CHARS))?
        .set_input_message(cut(&message, MESSAGE_CHARS))?
        .set_error_title(lang.pick("不是数字", "Not a number"))?
        .set_error_message(lang.pick(
            "这里只填数字，不带单位和文字。仍要保留吗？",
            "Only a number belongs here, without unit or words. Keep it all the same?",
        ))
        .map(|rule| rule.set_error_style(DataValidationErrorStyle::Warning))
}

/// The benchmarks of a row's indicator, to choose from.
fn basis_rule(row: &TemplateRow<'_>) -> Result<DataValidation, XlsxError> {
    DataValidation::new().allow_list_strings(&row.bases)
}

fn cut(text: &str, chars: usize) -> String {
    if text.chars().count() <= chars {
        return text.to_owned();
    }
    text.chars().take(chars - 1).chain(['…']).collect()
}

/// What each column means.
const COLUMN_NOTES: [(&str, &str, &str); 16] = [
    (
        "value",
        "必填。只填数字；计量单位为“是/否”的项目从列表中选“是”或“否”。可以用公式，报送的是保存时的计算结果。留空表示不报，与 0 不同。",
        "The figure; where the unit is yes/no, choose one of them from the list. A formula is fine: its result when the file was saved counts. Blank means not reported, which is not zero.",
    ),
    ("unit_mult", "数值的倍数：个、千、万、百万、亿。", "What the value is multiplied by."),
    ("vintage", "数据版本：初步、修订、最终等；可以留空。", "Which release of the figure it is; may stay blank."),
    (
        "basis",
        "口径或普查基准；留空时按报告期和公布日期由目录确定。",
        "The benchmark it is on; blank means the one that the catalog gives for the period and the day of release.",
    ),
    (
        "obs_status",
        "留空即正常。没有数值而有原因时选 H、J、K、L、M、O、Q 或 S，数值留空。",
        "Blank is normal. For a value that is missing for a reason choose H, J, K, L, M, O, Q or S and leave the value blank.",
    ),
    ("published_at", "对外公布的日期，例如 2019-08-30。", "The day of its release, such as 2019-08-30."),
    ("prepared_by", "填报人姓名。", "Who filled it in."),
    ("reviewed_by", "审核人姓名。", "Who reviewed it."),
    ("approved_by", "批准人姓名。", "Who approved it."),
    ("evidence", "依据的文件名、文号或网址。", "The document behind it: name, number or address."),
    ("note", "其他需要说明的事项。", "Anything else that a reader must know."),
    ("time_period", "报告期，已锁定。", "The period; locked."),
    (DUE, "该日（含）前报送为按时。", "The last day on which the report is in time."),
    (
        LAST_VALUE,
        "本单位上一期所报的数，供核对；系统不读取此列。",
        "What you sent for the period before, to compare with; this column is not read.",
    ),
    (
        SENT_VALUE,
        "下载模板时本单位已报的数；不改正则不必再填。系统不读取此列。",
        "What you had sent when the form was made; fill in the value again only to correct it. This column is not read.",
    ),
    (
        TEMPLATE_ROW,
        "系统识别各行用，请勿改动。改正已报的数：改数值后再报一次即可。",
        "Tells the system which row it is; leave it. To correct a figure, change it and send the file again.",
    ),
];

/// The sheet that explains it; where it lists the statuses, one a row.
fn notes(template: &Template<'_>, sheet: &mut Worksheet) -> Result<String, XlsxError> {
    let lang = template.lang;
    let styles = Styles::new();
    let wrapped = Format::new().set_text_wrap().set_align(FormatAlign::Top);
    let bold = Format::new().set_bold().set_align(FormatAlign::Top);
    sheet.set_name(lang.pick("说明", "notes"))?;
    sheet.set_column_width(0, 18)?.set_column_width(1, 90)?;
    sheet.write_with_format(0, 0, lang.pick("填报说明", "How to fill it in"), &styles.title)?;
    let mut row = 2;
    for (column, zh, en) in COLUMN_NOTES.iter().filter(|(column, ..)| template.columns().contains(column)) {
        sheet.write_with_format(row, 0, heading_of(column, lang).unwrap_or(column), &bold)?;
        sheet.write_with_format(row, 1, lang.pick(zh, en), &wrapped)?;
        row += 1;
    }
    if let Some(mark) = template.mark {
        let text = match (mark, lang) {
            (DecimalMark::Point, Lang::Zh) => "小数点写“.”；以文本填写时可用逗号作千分位，例如 1,234.5。",
            (DecimalMark::Point, Lang::En) => {
                "Decimals follow a point; in a cell of text commas may separate thousands, as in 1,234.5."
            }
            (DecimalMark::Comma, Lang::Zh) => "小数点写“,”；以文本填写时可用“.”作千分位，例如 1.234,5。",
            (DecimalMark::Comma, Lang::En) => {
                "Decimals follow a comma; in a cell of text points may separate thousands, as in 1.234,5."
            }
        };
        sheet.write_with_format(row, 0, lang.pick("小数点", "Decimal mark"), &bold)?;
        sheet.write_with_format(row, 1, text, &wrapped)?;
        row += 1;
    }
    if !template.others.is_empty() {
        row += 1;
        let listed = listed(&template.others, lang);
        let (heading, text) = match lang {
            Lang::Zh => (
                "其他报告期",
                format!(
                    "本表只含 {} 的报送。另有应报（报告期=项数）：{listed}。下载模板时换用该报告期，或加 parts=include 把所含各期列入同一表。",
                    template.period
                ),
            ),
            Lang::En => (
                "Other periods",
                format!(
                    "This form is for {} alone. More is due (period=reports): {listed}. Fetch a template for that period, or add parts=include to have the periods within this one in the same form.",
                    template.period
                ),
            ),
        };
        sheet.write_with_format(row, 0, heading, &bold)?;
        sheet.write_with_format(row, 1, text, &wrapped)?;
        row += 1;
    }
    row += 1;
    for column in ["unit_mult", "vintage"] {
        sheet.write_with_format(row, 0, heading_of(column, lang).unwrap_or(column), &bold)?;
        let entries = choices(column, lang, template.reporter.may_estimate);
        sheet.write_with_format(row, 1, entries.join(lang.pick("；", "; ")), &wrapped)?;
        row += 1;
    }
    sheet.write_with_format(row, 0, heading_of("obs_status", lang).unwrap_or("obs_status"), &bold)?;
    let first = row;
    for entry in choices("obs_status", lang, template.reporter.may_estimate) {
        sheet.write_with_format(row, 1, entry, &wrapped)?;
        row += 1;
    }
    Ok(format!("='{}'!$B${}:$B${row}", lang.pick("说明", "notes"), first + 1))
}
