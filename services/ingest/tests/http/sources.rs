//! What a file says of its source before anybody sends it: forms name it in every row.

use helan_ingest::{FileContent, FileToCheck, source_of};
use helan_schemas::catalog::Catalog;

use crate::sheets::*;
use crate::world::*;

/// The source that a workbook names, or the codes of what keeps it from being read.
fn source(bytes: &[u8]) -> Result<String, Vec<String>> {
    let file = FileToCheck { bytes, content: FileContent::Workbook, source: None, charset: None, marked: false };
    let found = source_of(&Catalog::embedded(), &file, 1_800_000_000_000_000);
    found.map_err(|refused| refused.errors.into_iter().map(|error| error.code).collect())
}

#[tokio::test]
async fn a_form_names_its_source_whatever_else_is_wrong() {
    let world = World::new().await;
    let form = world.get_as("yinchuan", "/v1/templates/yinchuan?period=2018&lang=zh").await.bytes;
    let named = Ok("/nx/yinchuan".to_owned());
    assert_eq!(source(&filled(&form, &["3705180000"])), named);
    // Nothing is filled in: that is what the trial will say.
    assert_eq!(source(&form), named);
    // A row below the form that names no source.
    let rows = cells(&form, "数据").len() + 1;
    let added = edited(&form, "xl/worksheets/sheet1.xml", |text| {
        let value = format!("<row r=\"{rows}\"><c r=\"E{rows}\"><v>500</v></c></row></sheetData>");
        text.replace("</sheetData>", &value)
    });
    assert_eq!(source(&added), named);
    let answer = world.send("yinchuan", Call::bytes("/v1/submissions", XLSX, added)).await;
    let errors = answer.json["errors"].as_array().expect("errors");
    let missing = errors.iter().find(|error| error["code"] == "source_missing").expect("its source is missing");
    assert!(missing["cell"].as_str().is_some_and(|cell| cell.ends_with(&rows.to_string())), "{missing}");
    // No sheet of that name.
    let renamed = edited(&form, "xl/workbook.xml", |text| text.replace("name=\"数据\"", "name=\"表一\""));
    assert_eq!(source(&renamed), Err(vec!["sheet_ambiguous".to_owned()]));
    // A copy of the sheet may be the one that was filled in.
    let copied = edited(&form, "xl/workbook.xml", |text| text.replace("name=\"说明\"", "name=\"数据 (2)\""));
    assert_eq!(source(&copied), Err(vec!["sheet_ambiguous".to_owned()]));
    // A table that names no source at all is none that says what is wrong with it.
    assert_eq!(source(&book("数据", &HEADINGS, &[row(Put::Number(3.0))])), Err(vec![]));
}
