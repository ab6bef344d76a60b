//! A clerk's round trip: template, filled in, sent, receipt; a mistake marked in its cell; a correction.

use std::io::{Cursor, Read, Write};

use crate::harness::Deployment;

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const SHEET: &str = "xl/worksheets/sheet1.xml";

/// The workbook with its sheet's XML changed, as a spreadsheet program saves it.
fn changed(file: &[u8], change: impl Fn(String) -> String) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(Cursor::new(file)).expect("a workbook");
    let mut out = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for at in 0..archive.len() {
        let mut entry = archive.by_index(at).expect("a part");
        let name = entry.name().expect("a name").into_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("read");
        if name == SHEET {
            bytes = change(String::from_utf8(bytes).expect("utf-8")).into_bytes();
        }
        out.start_file(name, zip::write::SimpleFileOptions::default()).expect("started");
        out.write_all(&bytes).expect("written");
    }
    out.finish().expect("finished").into_inner()
}

/// Types a value into an empty cell.
fn typed(file: &[u8], cell: &str, value: &str) -> Vec<u8> {
    changed(file, |mut text| {
        let start = text.find(&format!("<c r=\"{cell}\" ")).expect("the cell");
        let end = start + text[start..].find("/>").expect("an empty cell");
        text.replace_range(end..end + 2, &format!(" t=\"inlineStr\"><is><t>{value}</t></is></c>"));
        text
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_goes_round() {
    let helan = Deployment::up(None).await;
    let token = helan.token("wuzhong");
    let url = format!("{}/v1/templates/wuzhong?period=2018&lang=zh", helan.base);
    let template = helan.client.get(url).bearer_auth(&token).send().await.expect("an answer");
    assert!(template.status().is_success());
    let template = template.bytes().await.expect("a file").to_vec();

    // R&D expenditure stands first. A plain number in yuan would be below the plausible minimum: it is marked there.
    let wrong = typed(&template, "E5", "４.92");
    let request = helan.client.post(format!("{}/v1/submissions", helan.base)).bearer_auth(&token);
    let request = request.header("content-type", XLSX).header("accept", XLSX).body(wrong.clone());
    let refused = request.send().await.expect("an answer");
    assert_eq!((refused.status().as_u16(), refused.headers()["content-type"].to_str().ok()), (422, Some(XLSX)));
    let marked = refused.bytes().await.expect("a file").to_vec();
    let mut notes = String::new();
    let mut archive = zip::ZipArchive::new(Cursor::new(&marked)).expect("a workbook");
    archive.by_name("xl/helanComments1.xml").expect("notes").read_to_string(&mut notes).expect("utf-8");
    assert!(notes.contains("ref=\"E5\"") && notes.contains("below_minimum"), "{notes}");

    // The clerk chooses 亿 in the marked file and sends it back.
    let yi = |text: String| {
        let cell = text.find("<c r=\"F5\" ").expect("the multiplier");
        let end = cell + text[cell..].find("</c>").expect("a text") + "</c>".len();
        let style = text[cell..end].split(" s=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a style");
        let new = format!("<c r=\"F5\" s=\"{style}\" t=\"inlineStr\"><is><t>亿</t></is></c>");
        format!("{}{new}{}", &text[..cell], &text[end..])
    };
    let right = changed(&marked, yi);
    let receipt = helan.deliver("/v1/submissions", &token, XLSX, right.clone()).await;
    assert_eq!((&receipt["state"], &receipt["accepted"]), (&"accepted".into(), &1.into()), "{receipt:#}");
    let again = helan.deliver("/v1/submissions", &token, XLSX, right.clone()).await;
    assert_eq!(again["submission"], receipt["submission"]);
    let value =
        "select value, unit_mult, source from observations where ref_area = '640300' and indicator = 'rd_expenditure'";
    assert_eq!(helan.sql(value), ["4.92,8,/nx/wuzhong"]);
    assert_eq!(helan.sql("select count(*) from events"), ["1"], "the same file again is a repeat");

    // A correction in the same file is a revision.
    let corrected = changed(&right, |text| text.replace("４.92", "5.01"));
    let receipt = helan.deliver("/v1/submissions", &token, XLSX, corrected).await;
    assert_eq!((&receipt["state"], &receipt["accepted"]), (&"accepted".into(), &1.into()), "{receipt:#}");
    assert_eq!(helan.sql(value), ["5.01,8,/nx/wuzhong"]);

    // A fresh form says what was sent, to whom it belongs, and offers the power of ten that is always used.
    let form = |reporter: &'static str| {
        let url = format!("{}/v1/templates/{reporter}?period=2018&format=csv&lang=zh", helan.base);
        let request = helan.client.get(url).bearer_auth(helan.token(reporter));
        async move { request.send().await.expect("an answer").text().await.expect("a text") }
    };
    let fresh = form("wuzhong").await;
    let line = fresh.lines().find(|line| line.contains(",rd_expenditure,")).expect("a row");
    assert!(fresh.contains("已报数") && line.contains(",,亿,,5.01 亿,"), "{line}");
    assert!(!form("yinchuan").await.contains("已报数"), "another's figures are not shown");

    // Before anything is sent the form is checked as it is; mistakes are named by their cells.
    let folder = tempfile::tempdir().expect("a folder");
    for (name, bytes, good, said) in [
        ("wrong.xlsx", &wrong, false, "数据!E5"),
        ("empty.xlsx", &template, false, "empty_batch"),
        ("renamed.csv", &right, true, "repeat: 1 of 1 events were accepted before"),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        let arguments = ["validate", path.to_str().expect("UTF-8"), "--lang", "en"];
        let output = helan.command(&arguments).output().expect("helan runs");
        let text = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.success(), good, "{text}{}", String::from_utf8_lossy(&output.stderr));
        assert!(text.contains(said), "{text}");
    }
}
