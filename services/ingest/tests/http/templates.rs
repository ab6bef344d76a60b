//! Templates out: what a reporter owes as a form, and the form filled in and taken.

use helan_schemas::topics;

use crate::sheets::*;
use crate::world::*;

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
