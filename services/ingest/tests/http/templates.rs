//! Templates out: what a reporter owes as a form, and the form filled in and taken.

use futures::future::BoxFuture;
use helan_ingest::{Own, OwnFigure, OwnFigures};
use helan_schemas::topics;

use crate::sheets::*;
use crate::world::*;

/// What two reporters have sent, in place of a lake.
pub(crate) struct Sent;

impl Own for Sent {
    fn figures<'a>(&'a self, reporter: &'a str, periods: &'a [String]) -> BoxFuture<'a, Result<OwnFigures, String>> {
        let figure = |area: &str, indicator: &str, period: &str, value: &str, unit_mult| OwnFigure {
            ref_area: area.to_owned(),
            indicator: indicator.to_owned(),
            time_period: period.to_owned(),
            value: value.to_owned(),
            unit_mult,
        };
        let mut own = OwnFigures::default();
        if reporter == "wuzhong" {
            own.figures.push(figure("640300", "rd_expenditure", "2017", "4.91", 8));
            own.figures.push(figure("640300", "rd_expenditure", "2018", "5.12", 8));
            own.multipliers.push(("rd_expenditure".to_owned(), 8));
        }
        own.figures.retain(|figure| periods.contains(&figure.time_period));
        Box::pin(std::future::ready(if reporter == "guyuan" { Err("no lake".to_owned()) } else { Ok(own) }))
    }
}

/// The column of a heading.
fn column(rows: &[Vec<String>], heading: &str) -> usize {
    rows[3].iter().position(|cell| cell == heading).unwrap_or_else(|| panic!("{heading}: {:?}", rows[3]))
}

#[tokio::test]
async fn a_template_says_what_was_sent_and_until_when() {
    let world = World::new().await;
    let form = world.get_as("wuzhong", "/v1/templates/wuzhong?period=2018&lang=zh").await;
    let rows = cells(&form.bytes, "数据");
    let indicator = column(&rows, "指标代码");
    let of = |heading: &str| {
        let at = column(&rows, heading);
        let row = rows[4..].iter().find(|row| row[indicator] == "rd_expenditure").expect("a row");
        row[at].clone()
    };
    assert_eq!([of("上期数"), of("已报数"), of("数量级"), of("数值*")], ["4.91 亿", "5.12 亿", "亿", ""]);
    assert_eq!(of("报送期限"), "2019-08-31");
    assert!(rows[0][0].contains("已报 1 项"), "{:?}", rows[0]);
    // What a form tells is not read again.
    let at = rows[4..].iter().position(|row| row[indicator] == "rd_expenditure").expect("a row");
    let mut numbers = vec![""; rows.len() - 4];
    numbers[at] = "5.13";
    let taken = world.send("wuzhong", Call::bytes("/v1/submissions", XLSX, filled(&form.bytes, &numbers))).await;
    assert_eq!((taken.status, &taken.json["table"]["reported"]), (202, &1.into()), "{}", taken.text);
    let event = &world.events(topics::CITY, taken.json["offset"].as_i64().expect("offset"))[0];
    assert_eq!((&event["data"]["unit_mult"], event["data"].get("note")), (&8.into(), None), "{event}");

    // Nothing of another's, and a form all the same where the lake does not answer.
    for reporter in ["yinchuan", "guyuan"] {
        let form = world.get_as(reporter, &format!("/v1/templates/{reporter}?period=2018&lang=zh")).await;
        let heading = cells(&form.bytes, "数据")[3].clone();
        assert!(!heading.contains(&"已报数".to_owned()) && heading.contains(&"报送期限".to_owned()), "{heading:?}");
    }
    let csv = world.get_as("wuzhong", "/v1/templates/wuzhong?period=2018&format=csv&lang=en").await;
    assert!(
        csv.text.contains("Last period,Already sent,Due") && csv.text.contains("4.91 hundred million"),
        "{}",
        csv.text
    );
}

#[tokio::test]
async fn yes_and_no_are_chosen_and_read() {
    let world = World::new().await;
    for (lang, unit, choice, other) in [("zh", "是/否", "是", "否"), ("en", "yes/no", "yes", "NO")] {
        let form = world.get_as("nx-kjt", &format!("/v1/templates/nx-kjt?period=2018&lang={lang}")).await;
        let rows = cells(&form.bytes, if lang == "zh" { "数据" } else { "data" });
        let sheet = part(&form.bytes, "xl/worksheets/sheet1.xml");
        let list = if lang == "zh" { "\"是,否\"" } else { "\"yes,no\"" };
        let asked: Vec<usize> = (4..rows.len()).filter(|row| rows[*row].contains(&"BOOL".to_owned())).collect();
        assert_eq!(sheet.matches(list).count(), asked.len(), "each row has its list");
        assert!(
            asked.len() > 1 && asked.iter().all(|row| rows[*row][3] == unit && rows[*row][5].is_empty()),
            "{rows:?}"
        );
        let cell = |row: usize, text: &str| (format!("<c r=\"E{}\" ", row + 1), text.to_owned());
        let typed = [cell(asked[0], choice), cell(asked[1], other)];
        let file = edited(&form.bytes, "xl/worksheets/sheet1.xml", |mut text| {
            for (cell, typed) in &typed {
                let start = text.find(cell).expect("a value cell");
                let end = start + text[start..].find("/>").expect("it is blank");
                text.replace_range(end..end + 2, &format!(" t=\"inlineStr\"><is><t>{typed}</t></is></c>"));
            }
            text
        });
        let taken = world.send("nx-kjt", Call::bytes("/v1/submissions", XLSX, file)).await;
        assert_eq!(taken.status, 202, "{}", taken.text);
        assert_eq!(values(&world, taken.json["offset"].as_i64().expect("offset")), ["1", "0"]);
    }
    // Elsewhere these words are no numbers.
    let file = book("数据", &HEADINGS, &[row(Put::Text("是"))]);
    world.refused("yinchuan", call(file), &[("number_syntax", "value")]).await;
    // What says neither is told by what can be chosen.
    let form = world.get_as("nx-kjt", "/v1/templates/nx-kjt?period=2018&lang=zh").await;
    let rows = cells(&form.bytes, "数据");
    let asked = (4..rows.len()).find(|row| rows[*row].contains(&"BOOL".to_owned())).expect("a row");
    for (typed, code) in [("○", "not_yes_or_no"), ("完成", "not_yes_or_no"), ("—", "value_is_mark")] {
        let file = put(&form.bytes, &format!("E{}", asked + 1), typed);
        let call = Call::bytes("/v1/submissions", XLSX, file);
        let answer = world.refused("nx-kjt", call, &[(code, "value")]).await;
        let hint = answer.json["errors"][0]["hint_zh"].as_str().expect("a hint");
        assert!(hint.contains(if code == "value_is_mark" { "数据状态" } else { "“是”或“否”" }), "{hint}");
    }
}

/// A clerk reads the form's headings, and may write the words of its lists without their codes.
#[tokio::test]
async fn a_form_is_told_by_its_headings() {
    let world = World::new().await;
    let headings = ["地区代码", "指标代码", "报告期", "数值", "单位代码", "数量级", "数据状态", "数据版本"];
    let with = |status: &'static str, vintage: &'static str| {
        let mut row = row(Put::Blank);
        row.extend([Put::Text(status), Put::Text(vintage)]);
        call(book("数据", &headings, &[row]))
    };
    let taken = world.send("yinchuan", with("缺数", "最终")).await;
    assert_eq!(taken.status, 202, "{}", taken.text);
    let data = &world.events(topics::CITY, taken.json["offset"].as_i64().expect("offset"))[0]["data"];
    assert_eq!((&data["obs_status"], &data["vintage"]), (&"O".into(), &"final".into()), "{data}");
    let expected = [("obs_status_unknown", "obs_status"), ("vintage_unknown", "vintage"), ("value_missing", "value")];
    let answer = world.refused("yinchuan", with("没有", "终稿"), &expected).await;
    let said = |at: usize, name: &str| answer.json["errors"][at][name].as_str().expect("a text").to_owned();
    assert_eq!(said(0, "message_zh"), "数据状态 不在代码表中：\"没有\"");
    assert!(said(1, "message_zh").starts_with("数据版本 不在代码表中") && said(2, "hint_zh").contains("数据状态"));
    let file = book("数据", &HEADINGS, &[row(Put::Text("3.81亿元"))]);
    let answer = world.refused("yinchuan", call(file), &[("number_with_multiplier", "value")]).await;
    assert!(answer.json["errors"][0]["hint_zh"].as_str().expect("a hint").contains("写在 数量级"), "{}", answer.text);
}

/// Rows of a form copied, added and left without their source: what is wrong is said of the cells in question.
#[tokio::test]
async fn a_copied_row_of_a_form_is_named() {
    let world = World::new().await;
    let form = world.get_as("yinchuan", "/v1/templates/yinchuan?period=2018&format=csv&lang=zh").await;
    let mut lines: Vec<Vec<String>> =
        form.text.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect();
    let heading = lines[0].clone();
    let column = |name: &str| heading.iter().position(|cell| cell.contains(name)).expect("a column");
    let (value, source) = (column("数值"), column("来源"));
    let at = lines.iter().position(|line| line.contains(&"patents_in_force".to_owned())).expect("a row");
    lines[at][value] = "2100".into();
    let text = |lines: &[Vec<String>], copy: &[String]| {
        let all = lines.iter().map(|line| line.join(",")).chain([copy.join(",")]);
        Call::csv(all.collect::<Vec<_>>().join("\r\n"))
    };
    let mut copy = lines[at].clone();
    copy[value] = "2101".into();
    let both = [("cell_contradicted", "value"), ("cell_contradicted", "value")];
    let answer = world.refused("yinchuan", text(&lines, &copy), &both).await;
    let message = answer.json["errors"][0]["message_en"].as_str().expect("a message");
    let (first, last) = (at + 1, lines.len() + 1);
    assert!(message.contains(&format!("2100 ({first}) ≠ 2101 ({last})")), "{message}");
    copy[value] = "2100".into();
    let answer = world.refused("yinchuan", text(&lines, &copy), &[("template_row_copied", "template_row")]).await;
    assert!(answer.text.contains(&format!("({last}) = ({first})")), "{}", answer.text);
    // A row number that no form has.
    let row = column("表内行号");
    (copy[row], copy[value]) = ("12".into(), "2101".into());
    lines[at][value] = String::new();
    world.refused("yinchuan", text(&lines, &copy), &[("template_row_invalid", "template_row")]).await;
    // A row without a source among others.
    (copy[source], copy[row]) = (String::new(), String::new());
    world.refused("yinchuan", text(&lines, &copy), &[("source_missing", "source")]).await;
}

#[tokio::test]
async fn a_template_is_printed_on_a4_to_be_signed() {
    let world = World::new().await;
    let form = world.get_as("nx-kjt", "/v1/templates/nx-kjt?period=2018&lang=zh").await;
    let sheet = part(&form.bytes, "xl/worksheets/sheet1.xml");
    assert!(sheet.contains("paperSize=\"9\"") && sheet.contains("orientation=\"landscape\""), "{sheet}");
    assert!(sheet.contains("批准人") && sheet.contains("fitToHeight=\"0\""));
    let area = part(&form.bytes, "xl/workbook.xml");
    let rows = cells(&form.bytes, "数据");
    let printed = column(&rows, "备注");
    let last = char::from(b'A' + printed as u8);
    assert!(area.contains(&format!("$A$1:${last}${}", rows.len())), "{area}");
    // A character is some 1.9 mm wide at full size; A4 leaves 277 mm. Three quarters of full size are legible.
    let widths = sheet.split("<col ").skip(1).map(|col| {
        let of = |name: &str| col.split(&format!("{name}=\"")).nth(1)?.split('"').next()?.parse::<f64>().ok();
        (of("min").expect("min") as usize, of("max").expect("max") as usize, of("width").expect("width"))
    });
    let width: f64 =
        widths.filter(|(min, ..)| *min <= printed + 1).map(|(min, max, width)| width * (max - min + 1) as f64).sum();
    assert!(width * 1.9 * 0.75 <= 277.0, "{width}");
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
