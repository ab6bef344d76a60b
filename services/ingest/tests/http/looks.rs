//! What a cell's looks say: what the clerk sees is the value, or the cell is refused by name.

use rust_xlsxwriter::{Color, Format, FormatScript, Worksheet};

use crate::sheets::*;
use crate::world::*;

const SHEET: &str = "xl/worksheets/sheet1.xml";

/// A workbook of one row whose value is written by the test.
fn with(change: impl FnOnce(&mut Worksheet)) -> Vec<u8> {
    book_and("数据", &HEADINGS, &[row(Put::Blank)], change)
}

/// A value in a format, in a row with a multiplier.
fn shown(value: f64, format: &'static str, multiplier: &'static str) -> Vec<u8> {
    let mut row = row(Put::As(value, format));
    row[5] = Put::Text(multiplier);
    book("数据", &HEADINGS, &[row])
}

async fn taken(world: &World, file: Vec<u8>) -> (Vec<String>, serde_json::Value) {
    let answer = world.send("yinchuan", call(file)).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    (values(world, answer.json["offset"].as_i64().expect("offset")), answer.json["table"].clone())
}

#[tokio::test]
async fn raised_struck_and_invisible_text_is_no_figure() {
    let world = World::new().await;
    let plain = Format::new();
    let raised = Format::new().set_font_script(FormatScript::Superscript);
    let lowered = Format::new().set_font_script(FormatScript::Subscript);
    let struck = Format::new().set_font_strikethrough();
    let white = Format::new().set_font_color(Color::White);
    let runs = |runs: &[(&Format, &str)]| {
        with(|sheet| {
            sheet.write_rich_string(1, 3, runs).expect("written");
        })
    };
    let whole = |format: &Format| {
        with(|sheet| {
            sheet.write_number_with_format(1, 3, 30, format).expect("written");
        })
    };
    let light = white.clone().set_background_color(Color::White);
    let same = Format::new().set_font_color(Color::RGB(0x204060)).set_background_color(Color::RGB(0x204060));
    for (file, code) in [
        (runs(&[(&plain, "30"), (&raised, "1")]), "cell_raised"),
        (runs(&[(&raised, "1"), (&plain, "30")]), "cell_raised"),
        (runs(&[(&plain, "30"), (&lowered, "2")]), "cell_raised"),
        (runs(&[(&struck, "41"), (&plain, "42")]), "cell_struck"),
        (runs(&[(&plain, "30"), (&white, "5")]), "cell_unseen"),
        (whole(&struck), "cell_struck"),
        (whole(&raised), "cell_raised"),
        (whole(&white), "cell_unseen"),
        (whole(&light), "cell_unseen"),
        (whole(&same), "cell_unseen"),
        (whole(&Format::new().set_font_size(1)), "cell_unseen"),
        (whole(&Format::new().set_align(rust_xlsxwriter::FormatAlign::Fill)), "cell_format_misleads"),
    ] {
        world.refused("yinchuan", call(file), &[(code, "value")]).await;
    }
    // A heading's colours, and runs that say nothing else.
    let dark = white.set_background_color(Color::RGB(0x1F4E79));
    let bold = Format::new().set_bold();
    for file in [whole(&dark), runs(&[(&bold, "3"), (&plain, "0")]), runs(&[(&plain, "30"), (&raised, " ")])] {
        assert_eq!(taken(&world, file).await.0, ["30"]);
    }
    // In a code and a period, too; a remark may have notes of its own.
    for (column, text, field) in [(0, "64010", "ref_area"), (2, "201", "time_period")] {
        let file = book_and("数据", &HEADINGS, &[row(Put::Number(30.0))], |sheet| {
            let end = if column == 0 { "0" } else { "8" };
            sheet.write_rich_string(1, column, &[(&plain, text), (&raised, end)]).expect("written");
        });
        world.refused("yinchuan", call(file), &[("cell_raised", field)]).await;
    }
    let headings: Vec<_> = HEADINGS.into_iter().chain(["备注"]).collect();
    let file = book_and("数据", &headings, &[row(Put::Number(30.0))], |sheet| {
        sheet.write_rich_string(1, 6, &[(&plain, "5 km"), (&raised, "2")]).expect("written");
    });
    assert_eq!(taken(&world, file).await.0, ["30"]);
    let file = book_and("数据", &HEADINGS, &[row(Put::Number(30.0))], |sheet| {
        sheet.write_string_with_format(0, 3, "数值", &struck).expect("written");
    });
    world.refused("yinchuan", call(file), &[("cell_struck", "value")]).await;
}

#[tokio::test]
async fn a_format_shows_the_number_or_the_cell_is_refused() {
    let world = World::new().await;
    for (value, format, multiplier, code) in [
        (30.5, ";;;", "亿", "cell_unseen"),
        (30.5, "\"x\"", "亿", "cell_format_misleads"),
        (30.5, "0.0\"万\"", "亿", "cell_format_misleads"),
        (30.5, "0.0\"亿元\"", "百万", "cell_format_misleads"),
        (30.5, "0.0\"5\"", "亿", "cell_format_misleads"),
        (30.5, "0.0\" kg\"", "亿", "cell_format_misleads"),
        (30.5, "$0.0", "亿", "cell_format_misleads"),
        (30.5, "[<1]0.0;0.0%", "亿", "cell_format_misleads"),
        (30.5, "[White]0.0", "亿", "cell_unseen"),
        (0.4, "0", "亿", "cell_format_misleads"),
        (30.56, "0", "亿", "cell_format_misleads"),
        (30.5, "[DBNum1]0.0", "亿", "cell_format_misleads"),
    ] {
        world.refused("yinchuan", call(shown(value, format, multiplier)), &[(code, "value")]).await;
    }
    for (value, format, expected) in [
        (30.5, "0.0\"亿元\"", "30.5"),
        (30.5, "0.0\" 亿\"", "30.5"),
        (30.5, "¥#,##0.00", "30.5"),
        (30.5, "[<1]0.0%;0.0", "30.5"),
        (30.5, "#,##0.0_);(#,##0.0)", "30.5"),
    ] {
        assert_eq!(taken(&world, shown(value, format, "亿")).await.0, [expected], "{format}");
    }
    let (values, table) = taken(&world, shown(30.56, "0.0", "亿")).await;
    assert_eq!((values, &table["shorter_cells"]), (vec!["30.56".to_owned()], &serde_json::json!(["D2"])));
    // What is shown is told.
    let answer = world.send("yinchuan", call(shown(30.5, "0.0\"万\"", "亿"))).await;
    assert!(answer.text.contains("30.5 → \\\"30.5万\\\"") && answer.text.contains("数据!D2"), "{}", answer.text);
}

#[tokio::test]
async fn conditional_formats_show_the_number_too() {
    use rust_xlsxwriter::{ConditionalFormatCell, ConditionalFormatCellRule as Is, ConditionalFormatDataBar};
    let world = World::new().await;
    let ruled = |rule: Is<f64>, format: Format| {
        book_and("数据", &HEADINGS, &[row(Put::Number(30.0))], |sheet| {
            let rule = ConditionalFormatCell::new().set_rule(rule).set_format(format);
            sheet.add_conditional_format(1, 3, 1, 3, &rule).expect("a rule");
        })
    };
    let masked = || Format::new().set_num_format(";;;");
    for (rule, format, code) in [
        (Is::EqualTo(30.0), masked(), Some("cell_unseen")),
        (Is::EqualTo(0.0), masked(), None),
        (Is::Between(20.0, 40.0), Format::new().set_num_format("0.0%"), Some("cell_format_misleads")),
        (Is::NotBetween(20.0, 40.0), Format::new().set_num_format("0.0%"), None),
        (Is::GreaterThan(1.0), Format::new().set_font_strikethrough(), Some("cell_struck")),
        (Is::GreaterThan(1.0), Format::new().set_font_color(Color::White), Some("cell_unseen")),
        (Is::LessThan(1.0), Format::new().set_font_color(Color::White), None),
        (Is::GreaterThan(1.0), Format::new().set_font_color(Color::Red).set_num_format("0.00"), None),
    ] {
        match code {
            Some(code) => drop(world.refused("yinchuan", call(ruled(rule, format)), &[(code, "value")]).await),
            None => assert_eq!(taken(&world, ruled(rule, format)).await.0, ["30"]),
        }
    }
    let bar = book_and("数据", &HEADINGS, &[row(Put::Number(30.0))], |sheet| {
        let bar = ConditionalFormatDataBar::new().set_bar_only(true);
        sheet.add_conditional_format(1, 3, 1, 3, &bar).expect("a rule");
    });
    world.refused("yinchuan", call(bar), &[("cell_unseen", "value")]).await;
}

#[tokio::test]
async fn what_nobody_sees_is_not_taken() {
    let world = World::new().await;
    let file = book("数据", &HEADINGS, &[row(Put::Number(30.0))]);
    let changed = |from: &str, to: &str| {
        edited(&file, SHEET, |text| {
            assert!(text.contains(from), "{text}");
            text.replace(from, to)
        })
    };
    let format = "<sheetFormatPr defaultRowHeight=\"15\"";
    for (file, code, field) in [
        (changed(format, "<sheetFormatPr zeroHeight=\"1\" defaultRowHeight=\"15\""), "row_hidden", "value"),
        (changed(format, "<sheetFormatPr defaultRowHeight=\"0.75\""), "row_hidden", "value"),
        (changed("<row r=\"2\"", "<row r=\"2\" ht=\"0.75\" customHeight=\"1\""), "row_hidden", "value"),
        (
            changed(
                "<sheetData>",
                "<cols><col min=\"4\" max=\"4\" width=\"0.08\" customWidth=\"1\"/></cols><sheetData>",
            ),
            "column_hidden",
            "value",
        ),
        (changed(format, "<sheetFormatPr defaultRowHeight=\"15\" defaultColWidth=\"0\""), "column_hidden", "value"),
    ] {
        let answer = world.send("yinchuan", call(file)).await;
        assert!(answer.errors().contains(&(code.to_owned(), field.to_owned())), "{code}: {}", answer.text);
    }
    // What stands above the rows instead of their heading says what people took them for.
    let untitled = edited(&file, SHEET, |text| text.replace("<row r=\"1\"", "<row r=\"1\" hidden=\"1\""));
    let answer = world.send("yinchuan", call(untitled)).await;
    assert_eq!(answer.errors(), [("row_hidden".to_owned(), String::new())], "{}", answer.text);
    // A row with a height of its own is seen.
    let seen = edited(&file, SHEET, |text| {
        let text = text.replace(format, "<sheetFormatPr zeroHeight=\"1\" defaultRowHeight=\"15\"");
        [1, 2].into_iter().fold(text, |text, row| {
            text.replace(&format!("<row r=\"{row}\""), &format!("<row r=\"{row}\" ht=\"15\" customHeight=\"1\""))
        })
    });
    assert_eq!(taken(&world, seen).await.0, ["30"]);
    let zero = edited(&book("数据", &HEADINGS, &[row(Put::Number(0.0))]), SHEET, |text| {
        text.replace("<sheetView ", "<sheetView showZeros=\"0\" ")
    });
    world.refused("yinchuan", call(zero), &[("cell_unseen", "value")]).await;
}

#[tokio::test]
async fn results_that_nobody_computed_are_none() {
    let world = World::new().await;
    let computed = book("数据", &HEADINGS, &[row(Put::Formula("=15*2", "30"))]);
    assert_eq!(taken(&world, computed.clone()).await.0, ["30"]);
    let setting = |setting: &str| {
        edited(&computed, "xl/workbook.xml", |text| {
            assert!(text.contains("<calcPr "), "{text}");
            text.replace("<calcPr ", &format!("<calcPr {setting} "))
        })
    };
    let placeholder = |formula| book("数据", &HEADINGS, &[row(Put::Formula(formula, "0"))]);
    for file in [
        setting("fullCalcOnLoad=\"1\""),
        setting("forceFullCalc=\"true\""),
        setting("calcMode=\"manual\" calcCompleted=\"0\""),
        setting("calcCompleted=\"0\""),
        placeholder("=62694.66"),
        placeholder("=(1+2)*3%"),
    ] {
        world.refused("yinchuan", call(file), &[("formula_without_value", "value")]).await;
    }
    // Such a setting changes nothing of what was typed.
    let typed = edited(&book("数据", &HEADINGS, &[row(Put::Number(30.0))]), "xl/workbook.xml", |text| {
        text.replace("<calcPr ", "<calcPr fullCalcOnLoad=\"1\" ")
    });
    assert_eq!(taken(&world, typed).await.0, ["30"]);
}

/// The file with its parts named anew.
fn renamed(file: &[u8], name: impl Fn(&str) -> String) -> Vec<u8> {
    use std::io::{Cursor, Read, Write};
    let mut archive = zip::ZipArchive::new(Cursor::new(file)).expect("a package");
    let mut out = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for at in 0..archive.len() {
        let mut entry = archive.by_index(at).expect("an entry");
        let new = name(&entry.name().expect("a name"));
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("read");
        out.start_file(new, zip::write::SimpleFileOptions::default()).expect("started");
        out.write_all(&bytes).expect("written");
    }
    out.finish().expect("finished").into_inner()
}

#[tokio::test]
async fn parts_are_found_as_spreadsheets_find_them() {
    let world = World::new().await;
    let good = book("数据", &HEADINGS, &[row(Put::Number(30.0))]);
    let percent = shown(0.42, "0.0%", "亿");
    let names: [&dyn Fn(&str) -> String; 4] = [
        &|name| name.replace("styles.xml", "Styles.XML"),
        &|name| name.replace("sharedStrings", "SharedStrings").replace("sheet1", "Sheet1"),
        &|name| name.replace("workbook.xml", "Workbook.xml"),
        &|name| name.replace('/', "\\"),
    ];
    for name in names {
        assert_eq!(taken(&world, renamed(&good, name)).await.0, ["30"]);
        let marked = renamed(&percent, name);
        world.refused("yinchuan", call(marked.clone()), &[("cell_format_misleads", "value")]).await;
        let answer = world.send("yinchuan", call(marked).header("accept", XLSX)).await;
        assert_eq!((answer.status, &answer.headers["content-type"]), (422, &XLSX.parse().expect("a header")));
        // The marked file has each part once, and is read as before.
        world.refused("yinchuan", call(answer.bytes), &[("cell_format_misleads", "value")]).await;
    }
    let blank = edited(&good, SHEET, |text| {
        text.replace("</row></sheetData>", "<c r=\"G2\" t=\"s\"><v/></c></row></sheetData>")
    });
    assert_eq!(taken(&world, blank).await.0, ["30"]);
    // A style that is nowhere may have been a percentage.
    let missing = renamed(&percent, |name| name.replace("styles.xml", "other.xml"));
    let number = edited(&percent, SHEET, |text| text.replace(" s=\"1\"", " s=\"99\""));
    let twice = {
        let mut out = zip::ZipWriter::new_append(std::io::Cursor::new(good.clone())).expect("a package");
        out.start_file("xl/Styles.xml", zip::write::SimpleFileOptions::default()).expect("started");
        out.finish().expect("finished").into_inner()
    };
    for file in [missing, number, twice] {
        world.refused("yinchuan", call(file), &[("workbook_broken", "")]).await;
    }
}
