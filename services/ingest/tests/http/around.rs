//! What a reader sees around the rows of a sheet is what its figures mean, or they are refused.

use rust_xlsxwriter::{Format, Note, Worksheet};
use serde_json::json;

use crate::sheets::*;
use crate::world::*;

const CSV: &str = "/v1/submissions?source=/nx/nx-stats";
const HEADING: &str = "ref_area,indicator,time_period,value,unit,unit_mult";

/// A row in plain yuan, with whatever is behind it.
fn plain(period: &'static str, behind: &[&'static str]) -> Vec<Put> {
    let cells = ["640100", "rd_expenditure", period].map(Put::Text).into_iter();
    let cells = cells.chain([Put::Number(4_560_000_000.0), Put::Text("CNY"), Put::Blank]);
    cells.chain(behind.iter().map(|text| Put::Text(text))).collect()
}

fn sheet(name: &str, headings: &[&str], rows: &[Vec<Put>], more: impl FnOnce(&mut Worksheet)) -> Call {
    let mut call = call(book_and(name, headings, rows, more));
    call.path = CSV.into();
    call
}

#[tokio::test]
async fn a_multiplier_counts_wherever_it_is_seen() {
    let world = World::new().await;
    let noted = [&HEADINGS[..], &["备注"]].concat();
    let marked = [&HEADINGS[..], &["#单位"]].concat();
    let words = |text: &'static str| vec![Put::Text(text)];
    let one = || vec![plain("2018", &[])];
    for (name, call) in [
        ("sheet", sheet("R&D(万元)", &HEADINGS, &one(), |_| {})),
        (
            "page",
            sheet("a", &HEADINGS, &one(), |sheet| {
                sheet.set_header("&C&\"宋体\"&10表1&R单位：万元");
            }),
        ),
        (
            "note on the value",
            sheet("a", &HEADINGS, &one(), |sheet| {
                sheet.insert_note(1, 3, &Note::new("单位：万元")).expect("a note");
            }),
        ),
        (
            "note on the heading",
            sheet("a", &HEADINGS, &one(), |sheet| {
                sheet.insert_note(0, 3, &Note::new("万元")).expect("a note");
            }),
        ),
        ("note", sheet("a", &noted, &[plain("2018", &["单位：万元"])], |_| {})),
        ("#", sheet("a", &marked, &[plain("2018", &["万元"])], |_| {})),
        ("no heading", sheet("a", &HEADINGS, &[plain("2018", &["万元"])], |_| {})),
        ("section", sheet("a", &HEADINGS, &[words("一、经费（万元）"), plain("2018", &[])], |_| {})),
        ("below", sheet("a", &HEADINGS, &[plain("2018", &[]), words("注：单位为万元")], |_| {})),
        (
            "format of a title",
            sheet("a", &["x"], &[HEADINGS.iter().map(|text| Put::Text(text)).collect(), plain("2018", &[])], |sheet| {
                let format = Format::new().set_num_format("0\"年研发经费（万元）\"");
                sheet.write_number_with_format(0, 0, 2018.0, &format).expect("written");
            }),
        ),
        (
            "csv",
            Call::csv(format!("{HEADING},note\n640100,rd_expenditure,2018,4560000000,CNY,,单位：万元\n")).path(CSV),
        ),
        ("csv #", Call::csv(format!("{HEADING},#单位\n640100,rd_expenditure,2018,4560000000,CNY,,万元\n")).path(CSV)),
        (
            "a plain unit beside another",
            Call::csv(format!(
                "单位：千元；人均单位：元,,,,,\n{HEADING}\n640100,rd_expenditure,2018,4560000000,CNY,\n"
            ))
            .path(CSV),
        ),
    ] {
        let answer = world.send("nx-stats", call).await;
        assert_eq!(answer.errors(), [("unit_name_mismatch".to_owned(), "unit".to_owned())], "{name}: {}", answer.text);
    }
    let people = ["640100", "population", "2018"].map(Put::Text).into_iter();
    let people = people.chain([Put::Number(225.06), Put::Text("PERSON"), Put::Text("万")]).collect();
    for (name, call) in [
        (
            "sections that fit",
            sheet(
                "a",
                &HEADINGS,
                &[words("一、经费（亿元）"), row(Put::Number(45.6)), words("二、人口（万人）"), people],
                |_| {},
            ),
        ),
        ("a figure", sheet("a", &noted, &[plain("2018", &["其中政府资金 300 万元"])], |_| {})),
        ("words", sheet("a", &HEADINGS, &[plain("2018", &["已核对"]), words("填表人：张三")], |_| {})),
        (
            "page numbers",
            sheet("a", &HEADINGS, &one(), |sheet| {
                sheet.set_footer("&L填报人：＿＿&R第 &P 页，共 &N 页");
                sheet.insert_note(1, 3, &Note::new("比上年增长 5.2%")).expect("a note");
            }),
        ),
    ] {
        let answer = world.send("nx-stats", call).await;
        assert!(matches!(answer.status, 200 | 202), "{name}: {}", answer.text);
    }
}

/// A title of one year or area, and rows of none but others: the wrong file.
#[tokio::test]
async fn a_title_of_another_year_or_area_is_refused() {
    let world = World::new().await;
    let rows = "640100,rd_expenditure,2018,4560000000,CNY,\n640100,rd_expenditure,2016,4260000000,CNY,\n";
    let titled = |title: &str| Call::csv(format!("{title},,,,,\n{HEADING}\n{rows}")).path(CSV);
    for (title, field) in [("2017年研发经费", "time_period"), ("石嘴山市研发经费", "ref_area")] {
        world.refused("nx-stats", titled(title), &[("label_mismatch", field)]).await;
    }
    for title in [
        "2018年银川市研发经费",
        "宁夏回族自治区",
        "2017年、2018年",
        "2019年发布",
        "石嘴山市统计局",
        "年收入2000万元以上企业",
    ] {
        let answer = world.send("nx-stats", titled(title)).await;
        assert!(matches!(answer.status, 200 | 202), "{title}: {}", answer.text);
    }
}

/// Codes and periods that nobody sees, and names that stand for several rows.
#[tokio::test]
async fn what_is_hidden_or_merged_is_compared_or_refused() {
    let world = World::new().await;
    let hide = |columns: &'static [u16]| {
        move |sheet: &mut Worksheet| {
            for column in columns {
                sheet.set_column_hidden(*column).expect("hidden");
            }
        }
    };
    for (column, field) in [(&[0], "ref_area"), (&[1], "indicator"), (&[2], "time_period")] {
        let call = sheet("a", &HEADINGS, &[plain("2018", &[])], hide(column));
        world.refused("nx-stats", call, &[("column_hidden", field)]).await;
    }
    let named = [&["地区", "指标"], &HEADINGS[..]].concat();
    let row = |area: &'static str, period: &'static str| {
        let names = [Put::Text(area), Put::Text("R&D 经费内部支出")].into_iter();
        names.chain(plain(period, &[])).collect::<Vec<_>>()
    };
    let answer = world.send("nx-stats", sheet("a", &named, &[row("银川市", "2018")], hide(&[2, 3]))).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    let merged = |area: &'static str| {
        sheet("a", &named, &[row("", "2018"), row("", "2017")], |sheet| {
            sheet.merge_range(1, 0, 2, 0, area, &Format::new()).expect("merged");
        })
    };
    let answer = world.send("nx-stats", merged("银川市")).await;
    assert!(matches!(answer.status, 200 | 202), "{}", answer.text);
    let both = [("label_mismatch", "area_name"); 2];
    world.refused("nx-stats", merged("吴忠市"), &both).await;
}

/// What is plainly a heading is one, and where none is, the nearest is named.
#[tokio::test]
async fn headings_as_people_lay_them_out() {
    let world = World::new().await;
    let laid_out = ["地 区 代 码", "*指标代码", "报告期：", "数\n值", "单位代码＊", "数量级 *"];
    let answer = world.send("nx-stats", sheet("a", &laid_out, &[row(Put::Number(45.6))], |_| {})).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    let again = [row(Put::Number(45.6)), HEADINGS.iter().map(|text| Put::Text(text)).collect(), plain("2017", &[])];
    let answer = world.send("nx-stats", sheet("a", &HEADINGS, &again, |_| {})).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    for (heading, meant) in [("数值（亿元）", "数值"), ("数据", "数值")] {
        let headings = HEADINGS.map(|name| if name == "数值" { heading } else { name });
        let answer = world.send("nx-stats", sheet("a", &headings, &[row(Put::Number(45.6))], |_| {})).await;
        let error = &answer.json["errors"][0];
        assert_eq!(error["code"], json!("csv_unknown_column"), "{}", answer.text);
        assert!(error["message_zh"].as_str().is_some_and(|text| text.contains(&format!("是否指 {meant}"))), "{error}");
    }
    let good = "640100,rd_expenditure,2018,4560000000,CNY,\n";
    let joined = Call::csv(format!("{HEADING}\n{good}{HEADING}\n{}", good.replace("2018", "2017"))).path(CSV);
    let answer = world.send("nx-stats", joined).await;
    assert!(matches!(answer.status, 200 | 202), "{}", answer.text);
    let other = "indicator,ref_area,time_period,value,unit,unit_mult";
    let joined = Call::csv(format!("{HEADING}\n{good}{other}\n{good}")).path(CSV);
    world.refused("nx-stats", joined, &[("csv_heading_again", "")]).await;
    for (value, code) in [("#DIV/0!", "cell_error"), ("####", "cell_unseen"), ("(4560000000)", "number_syntax")] {
        let call = Call::csv(format!("{HEADING}\n{}", good.replace("4560000000", value))).path(CSV);
        world.refused("nx-stats", call, &[(code, "value")]).await;
    }
}

/// Formulas that are computed on demand count where they come to what is saved.
#[tokio::test]
async fn what_was_computed_on_demand_counts_where_it_is_right() {
    let world = World::new().await;
    let on_demand = |formula: &'static str, saved: &'static str| {
        let file = book("a", &HEADINGS, &[row(Put::Formula(formula, saved))]);
        call(edited(&file, "xl/workbook.xml", |text| text.replace("<calcPr", "<calcPr calcMode=\"manual\"")))
    };
    let answer = world.send("yinchuan", on_demand("=40+5.6", "45.6")).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    for (formula, saved) in [("=40+5.6", "44"), ("=VLOOKUP(1,H1:I9,2)", "45.6"), ("=VLOOKUP(1,H1:I9,2)+1", "45.6")] {
        let call = on_demand(formula, saved);
        world.refused("yinchuan", call, &[("formula_without_value", "value")]).await;
    }
}
