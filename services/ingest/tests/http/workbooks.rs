//! Workbooks in: what is read, what is refused and where, and the same workbook back with its mistakes marked.

use helan_schemas::topics;

use crate::sheets::*;
use crate::world::*;

/// The values of a record's events.
fn values(world: &World, offset: i64) -> Vec<String> {
    let text = |event: &serde_json::Value| event["data"]["value"].as_str().unwrap_or_default().to_owned();
    world.events(topics::CITY, offset).iter().map(text).collect()
}

#[tokio::test]
async fn a_template_filled_in_is_taken_without_edits() {
    let world = World::new().await;
    for (lang, sheet) in [("zh", "数据"), ("en", "data")] {
        let path = format!("/v1/templates/yinchuan?period=2018&format=xlsx&lang={lang}");
        let template = world.get_as("yinchuan", &path).await;
        assert_eq!((template.status, &template.headers["content-type"]), (200, &XLSX.parse().expect("a header")));
        let rows = cells(&template.bytes, sheet);
        assert!(rows.len() > 4 + 4 && rows[3].iter().all(|heading| !heading.is_empty()), "{rows:?}");
        assert!(part(&template.bytes, "xl/worksheets/sheet1.xml").contains("<sheetProtection"));

        let blank = world.send("yinchuan", Call::bytes("/v1/submissions", XLSX, template.bytes.clone())).await;
        assert_eq!(blank.errors(), [("empty_batch".to_owned(), String::new())], "{}", blank.text);

        let at =
            |indicator: &str| rows[4..].iter().position(|row| row.iter().any(|cell| cell == indicator)).expect("a row");
        let mut numbers = vec![""; rows.len() - 4];
        numbers[at("rd_expenditure")] = "3705179999.9999998";
        numbers[at("patents_in_force")] = "2100";
        let file = filled(&template.bytes, &numbers);
        let taken = world.send("yinchuan", Call::bytes("/v1/submissions", XLSX, file.clone())).await;
        assert_eq!(taken.status, 202, "{}", taken.text);
        let table = &taken.json["table"];
        assert_eq!((&table["reported"], &table["rounded"]), (&2.into(), &1.into()), "{table}");
        assert_eq!(table["not_reported"], rows.len() - 4 - 2, "{table}");
        assert_eq!(table["rounded_cells"], serde_json::json!([format!("E{}", 5 + at("rd_expenditure"))]));
        let offset = taken.json["offset"].as_i64().expect("offset");
        let mut found = values(&world, offset);
        found.sort();
        assert_eq!(found, ["2100", "3705180000"]);

        let again = world.send("yinchuan", Call::bytes("/v1/submissions", XLSX, file)).await;
        assert_eq!(again.json["submission"], taken.json["submission"], "the same file again is a repeat");
        numbers[at("patents_in_force")] = "2101";
        let revised =
            world.send("yinchuan", Call::bytes("/v1/submissions", XLSX, filled(&template.bytes, &numbers))).await;
        let ids = |offset: i64| -> Vec<String> {
            world
                .events(topics::CITY, offset)
                .iter()
                .map(|event| event["id"].as_str().expect("id").to_owned())
                .collect()
        };
        let (old, new) = (ids(offset), ids(revised.json["offset"].as_i64().expect("offset")));
        assert_eq!(old.iter().filter(|id| new.contains(id)).count(), 1, "only the changed row is a new event");

        let later = world.get_as("yinchuan", &path).await;
        let form = |rows: &[Vec<String>]| rows[4].last().expect("a form row").clone();
        assert!(form(&cells(&later.bytes, sheet)) > form(&rows), "ids of later templates are larger");
    }
}

#[tokio::test]
async fn a_csv_template_works_the_same() {
    let world = World::new().await;
    let template = world.get_as("yinchuan", "/v1/templates/yinchuan?period=2018&format=csv&lang=zh").await;
    assert_eq!(template.headers["content-type"], "text/csv; charset=utf-8");
    assert!(template.text.starts_with('\u{feff}'), "Excel needs the mark");
    let mut lines: Vec<String> = template.text.lines().map(str::to_owned).collect();
    let rows = lines.len() - 1;
    let at = lines.iter().position(|line| line.contains(",patents_in_force,")).expect("a row");
    let mut row: Vec<String> = lines[at].split(',').map(str::to_owned).collect();
    row[4] = "2100".into();
    lines[at] = row.join(",");
    let taken = world.send("yinchuan", Call::csv(lines.join("\r\n"))).await;
    assert_eq!(taken.status, 202, "{}", taken.text);
    assert_eq!(
        (&taken.json["table"]["reported"], &taken.json["table"]["not_reported"]),
        (&1.into(), &(rows - 1).into())
    );
}

#[tokio::test]
async fn a_template_says_what_is_due_for_other_periods() {
    let world = World::new().await;
    let periods = |text: &str| -> Vec<String> {
        text.lines().skip(1).map(|line| line.split(',').nth(2).expect("a period").to_owned()).collect()
    };
    let base = "/v1/templates/nx-kjt?format=csv&lang=zh";
    let year = world.get_as("nx-kjt", &format!("{base}&period=2018")).await;
    assert_eq!(year.headers["helan-other-periods"], "2018-Q1=8, 2018-Q2=8, 2018-Q3=8, 2018-Q4=8");
    let annual = periods(&year.text);
    assert!(!annual.is_empty() && annual.iter().all(|period| period == "2018"), "{annual:?}");

    let all = world.get_as("nx-kjt", &format!("{base}&period=2018&parts=include")).await;
    assert!(!all.headers.contains_key("helan-other-periods"), "{:?}", all.headers);
    let quarters = (1..=4).flat_map(|quarter| std::iter::repeat_n(format!("2018-Q{quarter}"), 8));
    assert_eq!(periods(&all.text), annual.iter().cloned().chain(quarters).collect::<Vec<_>>());

    let quarter = world.get_as("nx-kjt", &format!("{base}&period=2018-Q2")).await;
    assert_eq!(quarter.headers["helan-other-periods"], format!("2018={}", annual.len()).as_str());
    assert_eq!(periods(&quarter.text), ["2018-Q2"; 8]);
    // Months are owed by nobody, and half a year lies in the year.
    for (period, found) in [
        ("2018-05", "2018-Q2=8, 2018="),
        ("2018-S1", "2018-Q1=8, 2018-Q2=8, 2018="),
        ("2020", "A 2018, Q 2018-Q1…2018-Q4"),
    ] {
        let answer = world.get_as("nx-kjt", &format!("{base}&period={period}")).await;
        assert_eq!(answer.status, 404, "{}", answer.text);
        assert!(answer.text.contains(found), "{period}: {}", answer.text);
    }

    // The clerk reads it on the form.
    let form = world.get_as("nx-kjt", "/v1/templates/nx-kjt?period=2018&lang=zh").await;
    let (data, notes) = (cells(&form.bytes, "数据"), cells(&form.bytes, "说明"));
    assert!(data[0][0].contains("其他报告期另有应报"), "{:?}", data[0]);
    let said = notes.iter().find(|row| row[0] == "其他报告期").expect("a note");
    assert!(said[1].contains("2018-Q1=8，2018-Q2=8") && said[1].contains("parts=include"), "{said:?}");
    let form = world.get_as("yinchuan", "/v1/templates/yinchuan?period=2018&lang=zh").await;
    assert!(!cells(&form.bytes, "数据")[0][0].contains("其他报告期"), "a city owes nothing else");
}

#[tokio::test]
async fn who_publishes_figures_may_name_their_benchmark() {
    let world = World::new().await;
    let template = world.get_as("nx-stats", "/v1/templates/nx-stats?period=2018&format=csv&lang=zh").await;
    let mut lines: Vec<Vec<String>> =
        template.text.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect();
    let at = |lines: &[Vec<String>], heading: &str| lines[0].iter().position(|cell| cell.contains(heading));
    let (basis, value) = (at(&lines, "基准").expect("a column"), at(&lines, "数值").expect("a column"));
    let unit_mult = at(&lines, "数量级").expect("a column");
    let row = lines.iter().position(|line| line.contains(&"gdp".to_owned())).expect("a row");
    for (name, status) in [("economic-census-4", 202), ("economic-census-9", 422)] {
        (lines[row][basis], lines[row][value], lines[row][unit_mult]) = (name.into(), "3510.2".into(), "亿".into());
        let text = lines.iter().map(|line| line.join(",")).collect::<Vec<_>>().join("\r\n");
        let answer = world.send("nx-stats", Call::csv(text)).await;
        assert_eq!(answer.status, status, "{}", answer.text);
    }
    // A city's figures have the benchmark that the catalog gives them.
    let city = world.get_as("yinchuan", "/v1/templates/yinchuan?period=2018&format=csv&lang=zh").await;
    assert!(!city.text.contains("基准"), "{}", city.text);
    let form = world.get_as("nx-stats", "/v1/templates/nx-stats?period=2018&lang=zh").await;
    let sheet = part(&form.bytes, "xl/worksheets/sheet1.xml");
    assert!(sheet.contains("economic-census-3,economic-census-4,economic-census-5"), "a list to choose from");
}

#[tokio::test]
async fn templates_are_for_their_reporter() {
    let world = World::new().await;
    for (reporter, path, status, code) in [
        ("yinchuan", "/v1/templates/wuzhong?period=2018", 403, "template_foreign"),
        ("yinchuan", "/v1/templates/yinchuan?period=2019", 404, "template_nothing_due"),
        ("yinchuan", "/v1/templates/yinchuan?period=2018-13", 422, "period_not_existing"),
        ("yinchuan", "/v1/templates/yinchuan?periode=2018", 400, "query_invalid"),
        ("yinchuan", "/v1/templates/yinchuan?period=2018&parts=all", 400, "query_invalid"),
        ("yinchuan", "/v1/templates/yinchuan?period=2018&format=xls", 400, "query_invalid"),
        ("yinchuan", "/v1/templates/yinchuan?period=2018&source=/nx/wuzhong", 403, "foreign_source"),
    ] {
        let answer = world.get_as(reporter, path).await;
        assert_eq!((answer.status, answer.json["code"].as_str()), (status, Some(code)), "{path} {}", answer.text);
    }
    assert_eq!(world.get("/v1/templates/yinchuan").await.json["code"], "token_missing");
}

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
    for (file, expected) in [
        (unsaved, vec![("formula_without_value", "value")]),
        (precise, vec![("number_precision", "value")]),
        (merged, vec![("cell_merged", "ref_area"), ("cell_merged", "ref_area")]),
        (hidden, vec![("column_hidden", "value")]),
        (two_sheets, vec![("sheet_ambiguous", "")]),
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
        (b"a,b\n1,2\n".to_vec(), vec![("workbook_broken", "")]),
        (Vec::new(), vec![("empty_body", "")]),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 an old one".to_vec(), vec![("workbook_format", "")]),
        (encrypted(), vec![("workbook_encrypted", "")]),
        (open_document(), vec![("workbook_format", "")]),
    ] {
        world.refused("yinchuan", call(file), &expected).await;
    }
}

fn encrypted() -> Vec<u8> {
    let name = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes);
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".iter().copied().chain([0; 500]).chain(name).collect()
}

fn open_document() -> Vec<u8> {
    let mut out = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    out.start_file("mimetype", zip::write::SimpleFileOptions::default()).expect("started");
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
