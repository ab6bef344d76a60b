//! Workbooks in: what is read, what is refused and where, and the same workbook back with its mistakes marked.

use crate::sheets::*;
use crate::world::*;

#[tokio::test]
async fn numbers_are_read_as_people_see_them() {
    let world = World::new().await;
    let rows = [
        row(Put::Text("１，２３４．５")),
        row(Put::Text(" 1,234.50 ")),
        row(Put::Number(0.1 + 0.2)),
        row(Put::Formula("=1+2", "3")),
        row(Put::As(12.5, "#,##0.00")),
        row(Put::Blank),
    ];
    let rows: Vec<_> = rows.into();
    let mut rows = rows;
    for (row, period) in rows.iter_mut().zip(["2013", "2014", "2015", "2016", "2017", "2018"]) {
        row[2] = Put::Text(period);
    }
    // Bounds of the catalog would refuse so large sums in 亿.
    for row in &mut rows {
        row[5] = Put::Text("万");
    }
    let answer = world.send("yinchuan", call(book("任意名", &HEADINGS, &rows))).await;
    // What is below the plausible minimum is said of its own cell; the digits are what matters here.
    assert_eq!(answer.status, 422, "{}", answer.text);
    let said = answer.text.clone();
    for amount in ["3000 <", "30000 <"] {
        assert!(said.contains(amount), "{said}");
    }
    for row in &mut rows {
        row[5] = Put::Text("百万");
    }
    let rows = [rows[0].clone(), rows[1].clone(), rows[3].clone(), rows[4].clone(), rows[5].clone()];
    let answer = world.send("yinchuan", call(book("任意名", &HEADINGS, &rows))).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    assert_eq!(values(&world, answer.json["offset"].as_i64().expect("offset")), ["1234.5", "1234.50", "3", "12.5"]);
    let table = &answer.json["table"];
    assert_eq!((&table["formulas"], &table["formula_cells"]), (&1.into(), &serde_json::json!(["D4"])), "{table}");
    assert_eq!(table["not_reported"], 1);
}

/// Twelve mistakes that clerks make, in one file; each is named by its cell.
fn twelve() -> Vec<u8> {
    let mut rows = vec![
        row(Put::Text("约1200")),
        row(Put::Text("12,34")),
        row(Put::As(0.0128, "0.00%")),
        row(Put::As(43707.0, "yyyy-mm-dd")),
        row(Put::Formula("=1/0", "#DIV/0!")),
        row(Put::Number(0.0001)),
        row(Put::Number(30.0)),
        row(Put::Number(31.0)),
        row(Put::Number(32.0)),
        row(Put::Number(33.0)),
        row(Put::Number(34.0)),
        row(Put::Number(35.0)),
    ];
    rows[6][0] = Put::Text("640300");
    rows[7][1] = Put::Text("rd_expenditur");
    rows[8][2] = Put::As(43252.0, "yyyy-mm");
    rows[9][4] = Put::Text("USD");
    rows[10][5] = Put::Text("亿元");
    let file = book_and("数据", &HEADINGS, &rows, |sheet| {
        sheet.set_row_hidden(12).expect("hidden");
    });
    // The library writes errors as texts of formulas.
    edited(&file, "xl/worksheets/sheet1.xml", |text| {
        let text = text.replace("t=\"str\"><f>1/0</f><v>#DIV/0!</v>", "t=\"e\"><f>1/0</f><v>#DIV/0!</v>");
        assert!(text.contains("t=\"e\"><f>1/0</f>"), "{text}");
        text
    })
}

const TWELVE: [(&str, &str); 12] = [
    ("number_syntax", "D2"),
    ("number_syntax", "D3"),
    ("cell_format_misleads", "D4"),
    ("cell_date", "D5"),
    ("cell_error", "D6"),
    ("below_minimum", "D7"),
    ("foreign_area", "A8"),
    ("unknown_indicator", "B9"),
    ("cell_date", "C10"),
    ("unit_mismatch", "E11"),
    ("unit_mult_invalid", "F12"),
    ("row_hidden", "D13"),
];

#[tokio::test]
async fn twelve_mistakes_are_named_by_their_cells() {
    let world = World::new().await;
    let answer = world.send("yinchuan", call(twelve())).await;
    let lines = answer.json["errors"].as_array().expect("errors");
    let text = |line: &serde_json::Value, name: &str| line[name].as_str().unwrap_or_default().to_owned();
    let found: Vec<_> = lines.iter().map(|line| (text(line, "code"), text(line, "cell"))).collect();
    let expected: Vec<_> = TWELVE.iter().map(|(code, cell)| ((*code).to_owned(), format!("数据!{cell}"))).collect();
    assert_eq!(found, expected, "{}", answer.text);
    assert_eq!(text(&lines[0], "label"), "数值");
    assert_eq!((&lines[0]["row"], &lines[0]["line"]), (&1.into(), &2.into()));
}

#[tokio::test]
async fn the_marked_workbook_loses_nothing_and_comes_back() {
    let world = World::new().await;
    let file = twelve();
    let marked = world.send("yinchuan", call(file.clone()).header("accept", XLSX)).await;
    assert_eq!((marked.status, &marked.headers["content-type"]), (422, &XLSX.parse().expect("a header")));
    assert_eq!(marked.headers["helan-errors"], "12");
    assert_eq!(cells(&marked.bytes, "数据"), cells(&file, "数据"), "what the clerk typed stays");
    let notes = part(&marked.bytes, "xl/helanComments1.xml");
    let sheet = part(&marked.bytes, "xl/worksheets/sheet1.xml");
    for (code, cell) in TWELVE {
        assert!(
            notes.contains(&format!("ref=\"{cell}\"")) && notes.contains(&format!("（{code}）")),
            "{code} {cell}: {notes}"
        );
    }
    // The heading tells of the row that nobody sees.
    let heading = notes.split("<comment ").find(|note| note.starts_with("ref=\"D1\"")).expect("a note");
    assert!(heading.contains("（row_hidden）") && heading.contains("：13"), "{heading}");
    let mut sorted: Vec<_> = TWELVE.iter().map(|(_, cell)| *cell).chain(["D1"]).collect();
    sorted.sort_by_key(|cell| (cell[1..].parse::<u32>().expect("a row"), cell.as_bytes()[0]));
    assert!(sheet.contains(&format!("sqref=\"{}\"", sorted.join(" "))), "{sheet}");
    for name in ["xl/workbook.xml", "xl/sharedStrings.xml"] {
        assert_eq!(part(&marked.bytes, name), part(&file, name), "{name} is as it was");
    }

    let english = call(file).header("accept", XLSX).header("accept-language", "en-GB,en;q=0.9");
    let english = world.send("yinchuan", english).await;
    assert!(part(&english.bytes, "xl/helanComments1.xml").contains("What to do: "));
    // A language that is neither tells nothing: then the headings do, and English where they are names of fields.
    let fields = ["ref_area", "indicator", "time_period", "value", "unit", "unit_mult"];
    for (headings, said) in [(HEADINGS, "怎么办："), (fields, "What to do: ")] {
        let file = book("data", &headings, &[row(Put::Text("x"))]);
        for other in ["fr", "*"] {
            let call = call(file.clone()).header("accept", XLSX).header("accept-language", other);
            let answer = world.send("yinchuan", call).await;
            assert!(part(&answer.bytes, "xl/helanComments1.xml").contains(said), "{other} {said}");
        }
    }

    // One mistake is mended: the others are marked anew, once each.
    let mended = edited(&marked.bytes, "xl/worksheets/sheet1.xml", |text| text.replace("hidden=\"1\"", ""));
    let again = world.send("yinchuan", call(mended).header("accept", XLSX)).await;
    assert_eq!(again.headers["helan-errors"], "11");
    let notes = part(&again.bytes, "xl/helanComments1.xml");
    assert_eq!((notes.matches("<comment ").count(), notes.matches("D13").count()), (11, 0), "{notes}");
    let sheet = part(&again.bytes, "xl/worksheets/sheet1.xml");
    assert_eq!((sheet.matches("<conditionalFormatting").count(), sheet.matches("<legacyDrawing").count()), (1, 1));
    assert_eq!(part(&again.bytes, "xl/drawings/helanNotes1.vml").matches("<v:shape ").count(), 11);
}

#[tokio::test]
async fn what_could_only_be_guessed_is_refused_by_name() {
    let world = World::new().await;
    let good = || row(Put::Number(30.0));
    let sheet = |change: fn(&mut rust_xlsxwriter::Worksheet)| book_and("数据", &HEADINGS, &[good(), good()], change);
    let unsaved =
        edited(&book("a", &HEADINGS, &[row(Put::Formula("=1+2", "3"))]), "xl/worksheets/sheet1.xml", |text| {
            text.replace("<f>1+2</f><v>3</v>", "<f>1+2</f>")
        });
    let precise = edited(&book("a", &HEADINGS, &[row(Put::Number(777.0))]), "xl/worksheets/sheet1.xml", |text| {
        text.replace("<v>777</v>", "<v>12345678901234567</v>")
    });
    let merged = sheet(|sheet| {
        sheet.merge_range(1, 0, 2, 0, "640100", &rust_xlsxwriter::Format::new()).expect("merged");
    });
    let hidden = sheet(|sheet| {
        sheet.set_column_hidden(3).expect("hidden");
    });
    let mut named = HEADINGS.to_vec();
    named.push("地区");
    let mut other = good();
    other.push(Put::Text("吴忠市"));
    let two_sheets = {
        let mut workbook = rust_xlsxwriter::Workbook::new();
        workbook.add_worksheet().write_string(0, 0, "x").expect("written");
        workbook.add_worksheet().write_string(0, 0, "y").expect("written");
        workbook.save_to_buffer().expect("a workbook")
    };
    let unseen = |name: &str| {
        edited(&book(name, &HEADINGS, &[good()]), "xl/workbook.xml", |text| {
            text.replace("<sheet ", "<sheet state=\"hidden\" ")
        })
    };
    for (file, expected) in [
        (unsaved, vec![("formula_without_value", "value")]),
        (precise, vec![("number_precision", "value")]),
        (merged, vec![("cell_merged", "ref_area"), ("cell_merged", "ref_area")]),
        (hidden, vec![("column_hidden", "value")]),
        (two_sheets, vec![("sheet_ambiguous", "")]),
        (unseen("数据"), vec![("sheet_hidden", "")]),
        (unseen("a"), vec![("sheet_not_found", "")]),
        (book("a", &["何", "为"], &[good()]), vec![("sheet_no_heading", "")]),
        (
            book("a", &["地区代码", "指标代码", "报告期", "数值", "单位代码", "数量"], &[good()]),
            vec![("csv_unknown_column", "数量")],
        ),
        (
            book("a", &["地区代码", "指标代码", "报告期", "数值", "单位代码", "数值"], &[good()]),
            vec![("csv_duplicate_column", "数值")],
        ),
        (book("a", &["地区代码", "指标代码", "报告期", "数值"], &[good()]), vec![("csv_missing_column", "unit")]),
        (book("a", &named, &[other]), vec![("label_mismatch", "area_name")]),
        (b"PK\x03\x04 but no zip".to_vec(), vec![("workbook_broken", "")]),
        (b"a,b\n1,2\n".to_vec(), vec![("workbook_format", "")]),
        (Vec::new(), vec![("empty_body", "")]),
        (encrypted(), vec![("workbook_encrypted", "")]),
        (package("xl/worksheets/sheet1.xml"), vec![("workbook_broken", "")]),
    ] {
        world.refused("yinchuan", call(file), &expected).await;
    }
}

fn encrypted() -> Vec<u8> {
    let name = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes);
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".iter().copied().chain([0; 500]).chain(name).collect()
}

#[tokio::test]
async fn another_format_is_named() {
    let world = World::new().await;
    for (file, name) in [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 an old one".to_vec(), "XLS"),
        (package("mimetype"), "ODS"),
        (package("xl/workbook.bin"), "XLSB"),
        (package("Index/Document.iwa"), "Numbers"),
        (package("2018.csv"), "ZIP"),
    ] {
        let answer = world.send("yinchuan", call(file)).await;
        assert_eq!(answer.status, 415, "{}", answer.text);
        assert!(answer.text.contains(&format!("{name} ≠ XLSX")), "{}", answer.text);
    }
}

/// A package of one empty part.
fn package(part: &str) -> Vec<u8> {
    let mut out = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    out.start_file(part, zip::write::SimpleFileOptions::default()).expect("started");
    out.finish().expect("finished").into_inner()
}

#[tokio::test]
async fn bombs_are_bounded() {
    let world = World::new().await;
    let file = book("数据", &HEADINGS, &[row(Put::Number(30.0))]);
    let spaces = |bytes: usize| {
        edited(&file, "xl/worksheets/sheet1.xml", |text| {
            text.replace("<sheetData>", &format!("{}<sheetData>", " ".repeat(bytes)))
        })
    };
    world.refused("yinchuan", call(spaces(40 * 1024 * 1024)), &[("decompressed_too_large", "")]).await;
    world.refused("yinchuan", call(spaces(8 * 1024 * 1024)), &[("compression_ratio", "")]).await;
    let mut out = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for at in 0..3_000 {
        out.start_file(format!("xl/{at}"), zip::write::SimpleFileOptions::default()).expect("started");
    }
    let many = out.finish().expect("finished").into_inner();
    world.refused("yinchuan", call(many), &[("workbook_too_many_parts", "")]).await;
    let entities = edited(&file, "xl/worksheets/sheet1.xml", |text| {
        text.replace("<worksheet", "<!DOCTYPE x [<!ENTITY a \"aaaa\">]><worksheet")
    });
    world.refused("yinchuan", call(entities), &[("workbook_broken", "")]).await;
}

#[tokio::test]
async fn the_catalog_is_published_once() {
    let world = World::new().await;
    assert_eq!(world.get("/v1/catalog").await.status, 401);
    let answer = world.get_as("yinchuan", "/v1/catalog").await;
    let published: helan_ingest::CatalogAnswer = serde_json::from_str(&answer.text).expect("a catalog");
    assert_eq!(published.reporter.as_deref(), Some("yinchuan"));
    let catalog = helan_schemas::catalog::Catalog::from_files(published.files).expect("it can be read");
    assert_eq!(catalog.digest, published.digest);
    let tag = answer.headers["etag"].to_str().expect("a tag").to_owned();
    let token = world.token("yinchuan");
    let request = axum::http::Request::get("/v1/catalog").header("authorization", format!("Bearer {token}"));
    let request = request.header("if-none-match", tag).body(axum::body::Body::empty()).expect("request");
    let again = world.request(request).await;
    assert_eq!((again.status, again.bytes.len()), (304, 0));
}
