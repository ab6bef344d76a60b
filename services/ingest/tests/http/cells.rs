//! The same cell twice in one submission: refused where it contradicts itself, told where it only repeats, in every format.

use helan_ingest::{FileContent, FileToCheck, check_file};
use helan_schemas::catalog::Catalog;
use proptest::prelude::*;
use serde_json::json;

use crate::sheets::*;
use crate::world::*;

const HEADING: &str =
    "ref_area,indicator,time_period,value,unit,unit_mult,obs_status,conf_status,vintage,basis,published_at";
const SOURCE: &str = "/v1/submissions?source=/nx/nx-stats";

/// A row of R&D expenditure of Yinchuan's in 2018: value, multiplier, and what follows.
fn csv(rows: &[(&str, &str)]) -> Call {
    let rows = rows.iter().map(|(period, rest)| format!("640100,rd_expenditure,{period},{rest}\n"));
    Call::csv(format!("{HEADING}\n{}", rows.collect::<String>())).path(SOURCE)
}

/// The places at which a refusal of contradictions points: row, line and cell of each error.
fn places(answer: &Answer) -> Vec<(u64, u64, String)> {
    let number = |error: &serde_json::Value, name: &str| error[name].as_u64().unwrap_or_default();
    let errors = answer.json["errors"].as_array().expect("errors").iter();
    errors
        .map(|error| {
            assert_eq!(error["code"], "cell_contradicted", "{}", answer.text);
            (number(error, "row"), number(error, "line"), error["cell"].as_str().unwrap_or_default().to_owned())
        })
        .collect()
}

#[tokio::test]
async fn a_contradiction_names_both_rows_in_every_format() {
    let world = World::new().await;
    let rows = csv(&[("2018", "250000,CNY,4,,,,,"), ("2017", "9,CNY,8,,,,,"), ("2018-A1", "2600000,CNY,3,,,,,")]);
    let answer = world.send("nx-stats", rows).await;
    assert_eq!((answer.status, places(&answer)), (422, vec![(1, 2, String::new()), (3, 4, String::new())]));
    let first = answer.json["errors"][0]["message_en"].as_str().expect("a message");
    assert!(first.ends_with("640100 rd_expenditure 2018: 2500000000 (2) ≠ 2600000000 (4)"), "{first}");
    assert_eq!(world.submissions().await, 0, "nothing of it is published");

    let [a, b] = [("a", "250000"), ("b", "260000")].map(|(id, value)| with(event(id), "value", json!(value)));
    for (call, lines) in [
        (Call::events(json!([a, b])), [0, 0]),
        (Call::events(format!("{a}\n\n{b}\n")).header("content-type", "application/x-ndjson"), [1, 3]),
    ] {
        let answer = world.send("yinchuan", call).await;
        let expected = vec![(1, lines[0], String::new()), (2, lines[1], String::new())];
        assert_eq!((answer.status, places(&answer)), (422, expected), "{}", answer.text);
        assert_eq!((&answer.json["errors"][0]["id"], &answer.json["errors"][1]["id"]), (&json!("a"), &json!("b")));
        assert_eq!(answer.json["errors"][1]["field"], "data.value");
    }

    let sheet = book("数据", &HEADINGS, &[row(Put::Number(30.0)), row(Put::Blank), row(Put::Number(31.0))]);
    let call = Call::bytes("/v1/submissions?source=/nx/yinchuan", XLSX, sheet);
    let answer = world.send("yinchuan", call).await;
    let expected = vec![(1, 2, "数据!D2".to_owned()), (3, 4, "数据!D4".to_owned())];
    assert_eq!((answer.status, places(&answer)), (422, expected), "{}", answer.text);
}

#[tokio::test]
async fn what_is_said_twice_alike_is_told() {
    let world = World::new().await;
    let rows = csv(&[("2018", "250000,CNY,4,,,,,"), ("2018", "2500000000.0,CNY,,A,F,,,"), ("2017", "9,CNY,8,,,,,")]);
    let answer = world.send("nx-stats", rows).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    let told = &answer.json["repeated_cells"];
    let cell = json!({ "cell": "640100 rd_expenditure 2018", "first": { "row": 1, "line": 2 }, "again": { "row": 2, "line": 3 } });
    assert_eq!((&told["count"], &told["cells"]), (&json!(1), &json!([cell])), "{}", answer.text);
    assert!(told["message_zh"].as_str().is_some_and(|zh| zh.contains("640100 rd_expenditure 2018 (2 = 3)")));
    let one = world.send("yinchuan", Call::events(event("a"))).await;
    assert_eq!(one.json.get("repeated_cells"), None, "{}", one.text);
}

#[tokio::test]
async fn two_releases_of_a_cell_are_no_contradiction() {
    let world = World::new().await;
    for (first, second) in [
        ("250000,CNY,4,,,preliminary,,", "260000,CNY,4,,,final,,"),
        ("250000,CNY,4,,,,,2019-03-01", "260000,CNY,4,,,,,2019-08-30"),
        ("250000,CNY,4,,,,,2019-03-01", "260000,CNY,4,,,,,"),
    ] {
        let answer = world.send("nx-stats", csv(&[("2018", first), ("2018", second)])).await;
        assert_eq!(answer.status, 202, "{first} {second}: {}", answer.text);
    }
    // The value that the submission itself withdraws counts for nothing.
    let mut void = event("w");
    void["type"] = json!("helan.observation.withdrawn.v1");
    void["data"] = json!({ "withdraws": "a" });
    let batch = |last: &str| {
        let say = |id: &str, value: &str| with(event(id), "value", json!(value));
        Call::events(json!([say("a", "1000"), void, say("b", "250000"), say("c", last)]))
    };
    assert_eq!(world.send("yinchuan", batch("250000")).await.status, 202);
    let answer = world.send("yinchuan", batch("260000")).await;
    assert_eq!(places(&answer).iter().map(|place| place.0).collect::<Vec<_>>(), [3, 4], "{}", answer.text);
}

#[tokio::test]
async fn a_basis_left_out_is_the_one_that_the_catalog_derives() {
    let world = World::new().await;
    let catalog = Catalog::embedded();
    let day = jiff::civil::date(2019, 10, 1);
    let basis = catalog.basis_of("gdp", "640100", jiff::civil::date(2018, 12, 31), day).expect("a basis of GDP");
    let other = catalog.bases.iter().find(|row| row.indicator == "gdp" && row.basis != basis.basis).expect("another");
    let rows = |basis: &str| {
        let row = |value: u32, basis: &str| format!("640100,gdp,2018,{value},CNY,8,,,,{basis},\n");
        Call::csv(format!("{HEADING}\n{}{}", row(1900, ""), row(1901, basis))).path(SOURCE)
    };
    assert_eq!(world.send("nx-stats", rows(&other.basis)).await.status, 202);
    assert_eq!(places(&world.send("nx-stats", rows(&basis.basis)).await).len(), 2);
}

#[tokio::test]
async fn statuses_contradict_too() {
    let world = World::new().await;
    for (first, second) in [
        ("250000,CNY,4,,,,,", "250000,CNY,4,E,,,,"),
        ("250000,CNY,4,,,,,", "250000,CNY,4,,C,,,"),
        ("250000,CNY,4,,,,,", ",CNY,4,M,,,,"),
        (",CNY,4,Q,,,,", ",CNY,4,M,,,,"),
    ] {
        let answer = world.send("nx-stats", csv(&[("2018", first), ("2018", second)])).await;
        assert_eq!(places(&answer).len(), 2, "{first} {second}: {}", answer.text);
    }
}

/// A row as the property makes it.
#[derive(Clone, Debug)]
struct Line {
    area: &'static str,
    period: &'static str,
    digits: i128,
    mult: u32,
    status: &'static str,
    vintage: &'static str,
    published: &'static str,
}

fn line() -> impl Strategy<Value = Line> {
    let picks = (
        prop::sample::select(vec!["640100", "640200"]),
        prop::sample::select(vec!["2018", "2018-A1", "2018-Q1", "2018-01-01/P3M"]),
        (1..4_i128, 0..3_u32),
        prop::sample::select(vec!["", "A", "E", "M"]),
        prop::sample::select(vec!["", "", "final"]),
        prop::sample::select(vec!["", "", "2019-08-30", "2019-08-30T00:00:00+08:00"]),
    );
    picks.prop_map(|(area, period, (digits, mult), status, vintage, published)| Line {
        area,
        period,
        // The same amount in several spellings: 3000000, 300000 × 10, 30000 × 100.
        digits: digits * 10_i128.pow(9 - mult),
        mult,
        status,
        vintage,
        published,
    })
}

impl Line {
    /// Which cell it reports, worked out by hand.
    fn cell(&self) -> (&str, &str, &str, bool) {
        let period = if self.period == "2018-A1" { "2018" } else { self.period };
        (self.area, period, self.vintage, !self.published.is_empty())
    }

    fn says(&self) -> (Option<i128>, &str) {
        let amount = self.digits * 10_i128.pow(self.mult);
        let status = if self.status.is_empty() { "A" } else { self.status };
        ((status != "M").then_some(amount), status)
    }

    fn csv(&self) -> String {
        let Self { area, period, digits, mult, status, vintage, published } = self;
        let value = if *status == "M" { String::new() } else { digits.to_string() };
        format!("{area},rd_expenditure,{period},{value},CNY,{mult},{status},,{vintage},,{published}\n")
    }
}

proptest! {
    /// What is refused and what is told, worked out row by row against every other.
    #[test]
    fn agrees_with_looking_at_every_pair(lines in prop::collection::vec(line(), 1..12)) {
        let text = format!("{HEADING}\n{}", lines.iter().map(Line::csv).collect::<String>());
        let file = FileToCheck {
            bytes: text.as_bytes(), content: FileContent::Csv, source: Some("/nx/nx-stats"), charset: None, marked: false,
        };
        let first = |at: usize| (0..at).find(|before| lines[*before].cell() == lines[at].cell());
        let pairs = (0..lines.len()).filter_map(|at| Some((first(at)?, at)));
        let (differ, alike): (Vec<_>, Vec<_>) = pairs.partition(|(a, b)| lines[*a].says() != lines[*b].says());
        let mut at_fault: Vec<_> = differ.iter().flat_map(|(a, b)| [*a as u32 + 1, *b as u32 + 1]).collect();
        at_fault.sort_unstable();
        at_fault.dedup();
        match check_file(&Catalog::embedded(), "nx-stats", &file, NOW) {
            Ok(checked) => {
                prop_assert_eq!(at_fault, Vec::<u32>::new());
                let told = checked.repeated_cells.map_or(Vec::new(), |told| told.cells);
                let told: Vec<_> = told.iter().map(|cell| (cell.first.row as usize - 1, cell.again.row as usize - 1)).collect();
                prop_assert_eq!(told, alike);
            }
            Err(refused) => {
                let mut rows: Vec<_> = refused.errors.iter().map(|error| error.row.expect("a row")).collect();
                rows.sort_unstable();
                prop_assert!(refused.errors.iter().all(|error| error.code == "cell_contradicted"), "{:?}", refused.errors);
                prop_assert_eq!(rows, at_fault);
            }
        }
    }
}

/// The unit that a reader sees beside a value is the one that counts.
#[tokio::test]
async fn a_unit_beside_the_value_is_compared_with_what_counts() {
    let world = World::new().await;
    let send = |heading: &str, name: &str, (value, mult): (&str, &str)| {
        let head = "ref_area,indicator,time_period,value,unit,unit_mult";
        Call::csv(format!("{head},{heading}\n640100,rd_expenditure,2018,{value},CNY,{mult},{name}\n")).path(SOURCE)
    };
    for (name, mult) in [("亿元", ""), ("亿元", "4"), ("万元", "8"), ("件", "8"), ("million yuan", "8")] {
        let answer = world.send("nx-stats", send("计量单位", name, ("30", mult))).await;
        let error = &answer.json["errors"][0];
        assert_eq!(
            (answer.status, &error["code"]),
            (422, &json!("unit_name_mismatch")),
            "{name} {mult}: {}",
            answer.text
        );
    }
    for (name, value, mult) in [
        ("元", "30", "8"),
        ("亿元", "30", "8"),
        ("万元", "300000", "4"),
        ("CNY", "3000000000", ""),
        ("Million Yuan", "3000", "6"),
        ("", "30", "8"),
    ] {
        let answer = world.send("nx-stats", send("Unit name", name, (value, mult))).await;
        assert!(matches!(answer.status, 200 | 202), "{name} {mult}: {}", answer.text);
    }
}

/// A unit as people read it is enough where it is the indicator's; in a workbook it is compared as in a CSV.
#[tokio::test]
async fn a_unit_as_people_read_it_is_enough() {
    let world = World::new().await;
    let send = |rest: &str| {
        Call::csv(format!("ref_area,indicator,time_period,value,数量级,计量单位\n640100,rd_expenditure,2018,{rest}\n"))
            .path(SOURCE)
    };
    for rest in ["30,8,元", "30,8,亿元", "3000000000,,CNY"] {
        let answer = world.send("nx-stats", send(rest)).await;
        assert!(matches!(answer.status, 200 | 202), "{rest}: {}", answer.text);
    }
    for (rest, code) in
        [("30,,亿元", "unit_name_mismatch"), ("30,8,件", "unit_name_mismatch"), ("30,8,", "missing_field")]
    {
        let answer = world.send("nx-stats", send(rest)).await;
        assert_eq!(answer.errors()[0].0, code, "{rest}: {}", answer.text);
    }
    let headings = ["地区代码", "指标代码", "报告期", "数值", "计量单位", "数量级"];
    let sheet = |unit, power| {
        let cells = [Put::Text("640100"), Put::Text("rd_expenditure"), Put::Text("2018"), Put::Number(30.0)];
        call(book("数据", &headings, &[cells.into_iter().chain([Put::Text(unit), power]).collect()]))
    };
    let answer = world.send("yinchuan", sheet("亿元", Put::Text("亿"))).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    let answer = world.send("yinchuan", sheet("亿元", Put::Blank)).await;
    assert_eq!(answer.errors()[0], ("unit_name_mismatch".to_owned(), "unit_name".to_owned()));
    let both = ["地区代码", "指标代码", "报告期", "数值", "单位代码", "数量级", "计量单位"];
    let mut beside = row(Put::Number(30.0));
    beside[5] = Put::Blank;
    beside.push(Put::Text("亿元"));
    let answer = world.send("yinchuan", call(book("数据", &both, &[beside]))).await;
    assert_eq!(answer.errors()[0], ("unit_name_mismatch".to_owned(), "unit_name".to_owned()));
}

/// Yes and no are words in any table.
#[tokio::test]
async fn yes_and_no_are_read_in_a_plain_table() {
    let world = World::new().await;
    let send = |value: &str| {
        let row = format!("640000,leading_group_meeting,2018,{value},BOOL\n");
        Call::csv(format!("ref_area,indicator,time_period,value,unit\n{row}")).path("/v1/submissions?source=/nx/nx-kjt")
    };
    for (word, value) in
        [("是", "1"), ("no", "0"), ("TRUE", "1"), ("False", "0"), ("Y", "1"), ("√", "1"), ("×", "0"), ("1", "1")]
    {
        let before = world.submissions().await;
        let answer = world.send("nx-kjt", send(word)).await;
        assert!(matches!(answer.status, 200 | 202), "{word}: {}", answer.text);
        assert_eq!(values(&world, before), [value], "{word}");
    }
    let answer = world.send("nx-kjt", send("也许")).await;
    assert_eq!(answer.errors(), [("not_yes_or_no".to_owned(), "value".to_owned())]);
}
