//! What a number in a text means, by the mark that the catalog's offices use.

use crate::sheets::*;
use crate::world::*;

/// Ningxia's catalog with another decimal mark, or none.
async fn world(mark: Option<&str>) -> World {
    World::by_catalog("catalog.toml", |head| {
        let line = mark.map(|mark| format!("decimal_mark = \"{mark}\"\n")).unwrap_or_default();
        assert!(head.contains("decimal_mark = \".\"\n"));
        *head = head.replace("decimal_mark = \".\"\n", &line);
    })
    .await
}

/// What becomes of a text: the value that is stored, or the code of the refusal.
async fn read(world: &World, call: Call) -> Result<String, String> {
    let before = world.submissions().await;
    let answer = world.send("yinchuan", call).await;
    match answer.status {
        202 => Ok(values(world, before).remove(0)),
        _ => Err(answer.errors().iter().map(|(code, field)| format!("{code} {field}")).collect::<Vec<_>>().join(" ")),
    }
}

fn table(value: &str) -> Call {
    let text = format!("ref_area,indicator,time_period,value,unit\n640100,patents_in_force,2018,\"{value}\",PATENT\n");
    Call::csv(text).path("/v1/submissions?source=/nx/yinchuan")
}

fn sheet(value: &'static str) -> Call {
    let row = ["640100", "patents_in_force", "2018"].map(Put::Text).into_iter();
    let row = row.chain([Put::Text(value), Put::Text("PATENT"), Put::Text("个")]).collect();
    call(book("数据", &HEADINGS, &[row]))
}

#[tokio::test]
async fn the_catalog_says_which_mark_its_offices_use() {
    let [none, point, comma] = [world(None).await, world(Some(".")).await, world(Some(",")).await];
    let syntax = || Err("number_syntax value".to_owned());
    let asked = || Err("number_ambiguous value".to_owned());
    let ok = |value: &str| Ok(value.to_owned());
    for (text, expected) in [
        ("1,234", [asked(), ok("1234"), ok("1.234")]),
        ("1,234.0", [ok("1234.0"), ok("1234.0"), syntax()]),
        ("1.234,0", [syntax(), syntax(), ok("1234.0")]),
        ("1234,00", [syntax(), syntax(), ok("1234.00")]),
        ("0,512", [syntax(), syntax(), ok("0.512")]),
        ("0,123,456", [syntax(), syntax(), syntax()]),
        ("４．５Ｅ＋11", [(); 3].map(|()| Err("number_digits_dropped value".to_owned()))),
    ] {
        for (world, expected) in [&none, &point, &comma].into_iter().zip(expected) {
            assert_eq!(read(world, table(text)).await, expected, "{text} in a CSV");
            assert_eq!(read(world, sheet(text)).await, expected, "{text} in a workbook");
        }
    }
    // A person's 1.234 may be a thousand, a program's is not; a number cell is what it is.
    assert_eq!(read(&none, table("1.234")).await, ok("1.234"));
    assert_eq!(read(&none, sheet("1.234")).await, asked());
    assert_eq!(read(&comma, table("1.234")).await, asked());
    assert_eq!(read(&comma, sheet("1.234")).await, ok("1234"));
    let mut number = ["640100", "patents_in_force", "2018"].map(Put::Text).to_vec();
    number.extend([Put::Number(1234.0), Put::Text("PATENT"), Put::Text("个")]);
    assert_eq!(read(&comma, call(book("数据", &HEADINGS, &[number]))).await, ok("1234"));
    // JSON is a program's: the mark of offices is nothing to it.
    let json = |value: &str| Call::events(with(event("a"), "value", value.into()));
    assert_eq!(read(&comma, json("1,5")).await, Err("number_syntax data.value".to_owned()));
    assert_eq!(read(&comma, json("4.55793e5")).await, ok("455793"));
}

#[tokio::test]
async fn templates_follow_the_mark() {
    let comma = world(Some(",")).await;
    let path = "/v1/templates/yinchuan?period=2018&lang=zh";
    let template = comma.get_as("yinchuan", &format!("{path}&format=csv")).await;
    let mut lines: Vec<Vec<String>> =
        template.text.lines().map(|line| line.split(';').map(str::to_owned).collect()).collect();
    let row = lines.iter().position(|line| line.contains(&"rd_expenditure".to_owned())).expect("a row");
    (lines[row][4], lines[row][5]) = ("1.234,5".into(), "百万".into());
    let filled = lines.iter().map(|line| line.join(";")).collect::<Vec<_>>().join("\r\n");
    assert_eq!(read(&comma, Call::csv(filled.clone())).await, Ok("1234.5".to_owned()));
    let point = World::new().await;
    let answer = point.send("yinchuan", Call::csv(filled)).await;
    assert_eq!(answer.errors(), [("csv_separator".to_owned(), String::new())]);

    for (world, said) in [(&comma, "1.234,5"), (&point, "1,234.5")] {
        let form = world.get_as("yinchuan", path).await;
        let notes = cells(&form.bytes, "说明");
        let note = notes.iter().find(|row| row[0] == "小数点").expect("a note");
        assert!(note[1].contains(said), "{note:?}");
    }
}
