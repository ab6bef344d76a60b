//! What a workbook shows in ways that its cells do not tell: newer conditional formats, results, codes without their zeros.

use rust_xlsxwriter::{Color, Format};

use crate::sheets::*;
use crate::world::*;

const SHEET: &str = "xl/worksheets/sheet1.xml";

fn plain() -> Vec<u8> {
    let mut cells = row(Put::Number(45_570_000.0));
    cells[5] = Put::Text("个");
    book("数据", &HEADINGS, &[cells])
}

/// The plain file with its area as a number.
fn numbered() -> Vec<u8> {
    let mut cells = row(Put::Number(45_570_000.0));
    (cells[0], cells[5]) = (Put::Number(640100.0), Put::Text("个"));
    book("数据", &HEADINGS, &[cells])
}

/// The plain file with a text put before the end of its sheet.
fn with_end(text: &str) -> Vec<u8> {
    edited(&plain(), SHEET, |sheet| {
        assert!(sheet.contains("</worksheet>"), "{sheet}");
        sheet.replace("</worksheet>", &format!("{text}</worksheet>"))
    })
}

/// Rules of the newer kind, which name their cells behind themselves and hold their formats.
fn newer(rule: &str) -> Vec<u8> {
    with_end(&format!(
        "<extLst><ext uri=\"{{78C0D931-6437-407d-A8EE-F0AAD7539E65}}\"><x14:conditionalFormattings>\
         <x14:conditionalFormatting>{rule}<xm:sqref>A9 D2</xm:sqref></x14:conditionalFormatting>\
         </x14:conditionalFormattings></ext></extLst>"
    ))
}

fn expression(change: &str) -> Vec<u8> {
    newer(&format!("<x14:cfRule type=\"expression\"><xm:f>$A$2&gt;1</xm:f><x14:dxf>{change}</x14:dxf></x14:cfRule>"))
}

#[tokio::test]
async fn newer_conditional_formats_are_looked_at() {
    let world = World::new().await;
    let compared = |limit: u32| {
        newer(&format!(
            "<x14:cfRule type=\"cellIs\" operator=\"lessThan\"><xm:f>{limit}</xm:f>\
             <x14:dxf><font><strike/></font></x14:dxf></x14:cfRule>"
        ))
    };
    let icons = |shows: &str| {
        newer(&format!(
            "<x14:cfRule type=\"iconSet\"><x14:iconSet iconSet=\"3Stars\"{shows}><x14:cfvo type=\"percent\">\
             <xm:f>0</xm:f></x14:cfvo></x14:iconSet></x14:cfRule>"
        ))
    };
    let scale = |colour: &str| {
        with_end(&format!(
            "<conditionalFormatting sqref=\"D1:D9\"><cfRule type=\"colorScale\" priority=\"1\"><colorScale>\
             <cfvo type=\"min\"/><cfvo type=\"max\"/><color rgb=\"FFF8696B\"/><color rgb=\"{colour}\"/></colorScale>\
             </cfRule></conditionalFormatting>"
        ))
    };
    for (file, code) in [
        (expression("<font><color rgb=\"FFFFFFFF\"/></font>"), Some("cell_unseen")),
        (expression("<font><color theme=\"4\" tint=\"0.9999\"/></font>"), Some("cell_unseen")),
        (expression("<font><color theme=\"0\" tint=\"-0.05\"/></font>"), Some("cell_unseen")),
        // Nobody sets black text on black, but a ground alone does.
        (expression("<fill><patternFill><bgColor rgb=\"FF000000\"/></patternFill></fill>"), Some("cell_unseen")),
        (expression("<numFmt numFmtId=\"200\" formatCode=\"0.0,\"/>"), Some("cell_format_misleads")),
        (expression("<font><color rgb=\"FFFF0000\"/></font>"), None),
        (compared(50_000_000), Some("cell_struck")),
        (compared(40_000_000), None),
        (icons(" showValue=\"0\""), Some("cell_unseen")),
        (icons(""), None),
        (scale("FF000000"), Some("cell_unseen")),
        (scale("FF63BE7B"), None),
    ] {
        match code {
            Some(code) => drop(world.refused("yinchuan", call(file), &[(code, "value")]).await),
            None => assert_eq!(world.send("yinchuan", call(file)).await.status, 202),
        }
    }
}

#[tokio::test]
async fn a_style_of_tables_may_hide_a_number() {
    let world = World::new().await;
    let table = |change: &str, element: &str| {
        let file = book_and("数据", &HEADINGS, &[row(Put::Number(30.0))], |sheet| {
            sheet.add_table(0, 3, 1, 3, &rust_xlsxwriter::Table::new()).expect("a table");
            sheet.write_row(0, 0, HEADINGS).expect("a heading");
        });
        let file = edited(&file, "xl/tables/table1.xml", |text| {
            assert!(text.contains("name=\"TableStyleMedium9\""), "{text}");
            text.replace("name=\"TableStyleMedium9\"", "name=\"own\"")
        });
        edited(&file, "xl/styles.xml", |text| {
            let (before, rest) = text.split_once("<dxfs").expect("changes");
            let (_, behind) = rest.split_once("<tableStyles").expect("styles of tables");
            let (_, behind) = behind.split_once("/>").expect("its end");
            format!(
                "{before}<dxfs count=\"1\"><dxf>{change}</dxf></dxfs><tableStyles count=\"1\"><tableStyle name=\"own\" \
                 count=\"1\"><tableStyleElement type=\"{element}\" dxfId=\"0\"/></tableStyle></tableStyles>{behind}"
            )
        })
    };
    let white = "<font><color theme=\"0\"/></font>";
    for (file, code) in [
        (table(white, "wholeTable"), Some("cell_unseen")),
        (table(white, "secondRowStripe"), Some("cell_unseen")),
        (table(white, "headerRow"), None),
        (table("<font><strike/></font>", "lastColumn"), Some("cell_struck")),
        (table("<font><b/></font>", "wholeTable"), None),
    ] {
        match code {
            Some(code) => drop(world.refused("yinchuan", call(file), &[(code, "value")]).await),
            None => assert_eq!(world.send("yinchuan", call(file)).await.status, 202),
        }
    }
}

#[tokio::test]
async fn a_number_that_is_shown_as_a_row_of_signs_is_not_seen() {
    let world = World::new().await;
    let narrow = |width: &str| {
        edited(&plain(), SHEET, |sheet| {
            let columns =
                format!("<cols><col min=\"4\" max=\"4\" width=\"{width}\" customWidth=\"1\"/></cols><sheetData>");
            sheet.replace("<sheetData>", &columns)
        })
    };
    world.refused("yinchuan", call(narrow("2.5")), &[("cell_unseen", "value")]).await;
    world.refused("yinchuan", call(narrow("7.8")), &[("cell_unseen", "value")]).await;
    assert_eq!(world.send("yinchuan", call(narrow("9"))).await.status, 202);
    // A column of codes may be hidden where their names are seen.
    let hidden = edited(&numbered(), SHEET, |sheet| {
        sheet.replace("<sheetData>", "<cols><col min=\"1\" max=\"1\" width=\"0\" hidden=\"1\"/></cols><sheetData>")
    });
    world.refused("yinchuan", call(hidden), &[("column_hidden", "ref_area")]).await;
    // A part of a text that nobody can read is a part of the number all the same.
    let (plain, blue) = (Format::new(), Color::RGB(0x3366FF));
    let ground = Format::new().set_background_color(blue);
    for part in [
        Format::new().set_font_size(1),
        Format::new().set_font_name("Webdings"),
        Format::new().set_font_color(Color::RGB(0x3A6CFF)),
    ] {
        let file = book_and("数据", &HEADINGS, &[row(Put::Blank)], |sheet| {
            let runs = [(&plain, "30"), (&part, "1")];
            sheet.write_rich_string_with_format(1, 3, &runs, &ground).expect("written");
        });
        world.refused("yinchuan", call(file), &[("cell_unseen", "value")]).await;
    }
    let drawn = Format::new().set_font_name("Wingdings 2");
    let drawn = book_and("数据", &HEADINGS, &[row(Put::Blank)], |sheet| {
        sheet.write_number_with_format(1, 3, 30, &drawn).expect("written");
    });
    world.refused("yinchuan", call(drawn), &[("cell_unseen", "value")]).await;
}

/// A row whose value is a formula, with two numbers, a text and a formula beside it, and a second sheet.
fn computed(formula: &'static str, result: &'static str) -> Vec<u8> {
    let headings: Vec<_> = HEADINGS.into_iter().chain(["#a", "#b", "#c", "#d"]).collect();
    let mut cells = row(Put::Formula(formula, result));
    cells.extend([Put::Number(40.0), Put::Number(2.0), Put::Text("x"), Put::Formula("=G2+H2", "0")]);
    book("数据", &headings, &[cells])
}

#[tokio::test]
async fn results_are_compared_with_what_simple_formulas_come_to() {
    let world = World::new().await;
    for (formula, right) in [
        ("=G2+H2", "42"),
        ("=SUM(G2:I2)", "42"),
        ("=ROUND($G$2/3,1)", "13.3"),
        ("=J2", "42"),
        ("=数据!G2*(1+5%)", "42"),
        ("=MAX(G2:H2)+1", "41"),
    ] {
        assert_eq!(world.send("yinchuan", call(computed(formula, right))).await.status, 202, "{formula} {right}");
        for wrong in ["0", "43"] {
            world.refused("yinchuan", call(computed(formula, wrong)), &[("formula_without_value", "value")]).await;
        }
    }
    // What only a spreadsheet program can say is taken as it was saved, and told.
    let answer = world.send("yinchuan", call(computed("=VLOOKUP(1,G2:H2,2)", "7"))).await;
    assert_eq!((answer.status, &answer.json["table"]["formulas"]), (202, &1.into()), "{}", answer.text);
}

#[tokio::test]
async fn two_entries_or_two_values_are_refused() {
    let world = World::new().await;
    let file = plain();
    let twice = edited(&file, SHEET, |sheet| {
        assert!(sheet.contains("<v>45570000</v>"), "{sheet}");
        sheet.replace("<v>45570000</v>", "<v>45570000</v><v>9</v>")
    });
    world.refused("yinchuan", call(twice), &[("workbook_broken", "")]).await;
    // The same name in the directory twice: which entry counts depends on the program.
    let (sheet, other) = (SHEET.as_bytes(), b"xl/worksheets/sheetX.xml");
    let both = {
        let mut out = zip::ZipWriter::new_append(std::io::Cursor::new(file)).expect("a package");
        let name = std::str::from_utf8(other).expect("a name");
        out.start_file(name, zip::write::SimpleFileOptions::default()).expect("started");
        out.finish().expect("finished").into_inner()
    };
    let mut renamed = both;
    for at in 0..renamed.len() - other.len() {
        if renamed[at..].starts_with(other) {
            renamed[at..at + sheet.len()].copy_from_slice(sheet);
        }
    }
    world.refused("yinchuan", call(renamed), &[("workbook_broken", "")]).await;
}

#[tokio::test]
async fn a_code_that_may_have_lost_its_zeros_is_asked_about() {
    let world = World::by_files(|files| {
        let mut add = |file: &str, line: &str| files.get_mut(file).expect(file).push_str(line);
        add("areas.csv", "0640100,local,zone,试验区,Trial zone,,,,\n");
        add("relations.csv", "0640100,640000,within,,,,\n");
    })
    .await;
    let table = |heading: &str, start: &str| {
        let text =
            format!("ref_area,{heading}indicator,time_period,value,unit\n{start}rd_expenditure,2018,5000000,CNY\n");
        Call::csv(text).path("/v1/submissions?source=/nx/nx-stats")
    };
    let ambiguous = [("area_ambiguous", "ref_area")];
    world.refused("nx-stats", table("", "640100,"), &ambiguous).await;
    assert_eq!(world.send("nx-stats", table("", "0640100,")).await.status, 202);
    assert_eq!(world.send("nx-stats", table("area_name,", "640100,银川市,")).await.status, 202);
    assert_eq!(world.send("nx-stats", table("", "640200,")).await.status, 202);
    // In a workbook a text is what it is; a number may be less.
    let sheet = |area: Put| {
        let mut cells = row(Put::Number(5.0));
        cells[0] = area;
        call(book("数据", &HEADINGS, &[cells])).path("/v1/submissions?source=/nx/nx-stats")
    };
    assert_eq!(world.send("nx-stats", sheet(Put::Text("640100"))).await.status, 202);
    world.refused("nx-stats", sheet(Put::Number(640100.0)), &ambiguous).await;
    assert_eq!(world.send("nx-stats", sheet(Put::As(640100.0, "0000000"))).await.status, 202);
    // Nobody is asked about an area that it may not report for.
    let own = Call::csv("ref_area,indicator,time_period,value,unit\n640100,rd_expenditure,2018,5000000,CNY\n");
    assert_eq!(world.send("yinchuan", own.path("/v1/submissions?source=/nx/yinchuan")).await.status, 202);
}
