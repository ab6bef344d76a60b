//! Files as spreadsheets leave them; the digest; writing out.

use super::broken::small;
use super::*;

#[test]
fn takes_files_as_spreadsheets_save_them() {
    let plain = Catalog::from_files(small()).expect("the small catalog is right");
    let mut excel = small();
    for (name, text) in &mut excel {
        if name.ends_with(".csv") {
            *text = format!("\u{feff}{}", text.replace('\n', "\r\n"));
        }
    }
    assert_eq!(Catalog::from_files(excel).expect("Excel's form is right").digest, plain.digest);
    let mut edited = small();
    for text in edited.values_mut() {
        *text = text.replace("2018-01-01", "2018/1/1").replace("false", "FALSE") + ",,,\n\n";
    }
    edited.insert("catalog.toml".into(), small().remove("catalog.toml").expect("the small catalog has a head"));
    let edited = Catalog::from_files(edited).expect("other dates, booleans and blank rows are right");
    assert_eq!(edited.targets[0].valid_from, plain.targets[0].valid_from);
    assert_ne!(edited.digest, plain.digest);
}

#[test]
fn knows_how_offices_write() {
    let mut files = small();
    assert_eq!(Catalog::from_files(files.clone()).expect("right").head.decimal_mark, None);
    let head = files.get_mut("catalog.toml").expect("the head");
    head.push_str("decimal_mark = \",\"\n");
    let reporters = files.get_mut("reporters.csv").expect("the file");
    *reporters = reporters.replace(",note\n", ",note,charset\n").replace("true,,,\n", "true,,,,windows-1252\n");
    *reporters = reporters.replace("false,,,\n", "false,,,,\n");
    let catalog = Catalog::from_files(files.clone()).unwrap_or_else(|problems| panic!("{problems:#?}"));
    assert_eq!(catalog.head.decimal_mark, Some(DecimalMark::Comma));
    assert_eq!(catalog.reporter("office").map(|row| row.charset.as_str()), Some("windows-1252"));
    let reporters = files.get_mut("reporters.csv").expect("the file");
    *reporters = reporters.replace("windows-1252", "ansi");
    let problems = Catalog::from_files(files).expect_err("no such charset");
    assert_eq!((problems[0].rule, problems[0].line), ("charset", 2));
}

#[test]
fn writes_out_what_it_read_and_spares_other_files() {
    let dir = std::env::temp_dir().join(format!("helan-catalog-{}", std::process::id()));
    let catalog = Catalog::embedded();
    catalog.write_to(&dir).expect("an empty folder takes it");
    assert!(std::fs::read(dir.join("areas.csv")).expect("written").starts_with("\u{feff}".as_bytes()));
    assert_eq!(Catalog::load(&dir).expect("what was written is right").digest, catalog.digest);
    catalog.write_to(&dir).expect("the same again is no harm");
    std::fs::write(dir.join("areas.csv"), "code\n").expect("the folder can be written");
    assert!(matches!(catalog.write_to(&dir), Err(ExportError::OtherContent(path)) if path.ends_with("areas.csv")));
    std::fs::write(dir.join("areas.csv"), b"code\n\xd2\xf8\xb4\xa8\n").expect("the folder can be written");
    let problems = Catalog::load(&dir).expect_err("GB18030 is not UTF-8");
    assert_eq!((problems[0].rule, problems[0].line), ("not_utf8", 2));
    assert!(matches!(catalog.write_to(&dir), Err(ExportError::OtherContent(_))));
    std::fs::remove_dir_all(&dir).expect("the test's own folder");
    assert_eq!(Catalog::load(&dir).expect_err("no such folder")[0].rule, "unreadable");
}

#[test]
fn the_catalog_of_another_country_has_no_problem() {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/catalogs/westmark-2024");
    let catalog = Catalog::load(dir.as_ref()).unwrap_or_else(|problems| panic!("{problems:#?}"));
    assert!(catalog.allows("brennick", "WM-TP", "rd_expenditure", date(2024, 12, 31)));
    assert!(!catalog.allows("solmar", "WM-307", "rd_expenditure", date(2024, 12, 31)));
}

#[test]
fn the_guide_names_every_file_and_column() {
    let guide = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/catalogs/README.md"));
    for (file, columns) in read::columns() {
        let line = guide.lines().find(|line| line.starts_with(&format!("| `{file}`")));
        let line = line.unwrap_or_else(|| panic!("{file} is not in the guide"));
        for column in columns {
            assert!(line.contains(&format!("`{column}`")), "{file}: {column} is not in the guide");
        }
    }
}

#[test]
fn a_correction_is_a_later_known_row() {
    let mut files = small();
    let areas = files.get_mut("areas.csv").expect("the small catalog has areas");
    areas.push_str("A,local,city,A new name,A new name,,,2020-06-01,corrected\n");
    let catalog = Catalog::from_files(files).expect("a correction is no duplicate");
    let name = catalog.area_on("A", date(2018, 12, 31)).map(|area| area.name_en.as_str());
    assert_eq!(name, Some("A new name"));
}

#[test]
fn lists_every_problem_at_once() {
    let mut files = small();
    let targets = files.get_mut("targets.csv").expect("the small catalog has targets");
    *targets = targets.replace(",hard,", ",firm,").replace("2018-01-01", "2018-13-01");
    files.remove("areas.csv");
    let problems = Catalog::from_files(files).expect_err("two cells are wrong in every row");
    let bad = problems.iter().filter(|problem| problem.rule == "bad_cell").count();
    let rows = 2 * small()["targets.csv"].lines().skip(1).count();
    assert_eq!(bad, rows, "{problems:#?}");
    assert_eq!(problems[0].rule, "missing_file");
    let text = problems[1].to_string();
    assert!(text.starts_with("targets.csv:2: ") && text.contains("why: ") && text.contains("fix: "), "{text}");
}
