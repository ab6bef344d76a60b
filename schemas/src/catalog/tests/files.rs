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
fn a_catalog_in_one_language_has_its_names_in_both() {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/catalogs/velmora-2018");
    let catalog = Catalog::load(dir.as_ref()).unwrap_or_else(|problems| panic!("{problems:#?}"));
    assert_eq!((catalog.head.name_zh.as_str(), catalog.areas[1].name_zh.as_str()), (&*catalog.head.name_en, "Norland"));
    assert_eq!(catalog.indicator("rd").map(|row| row.unit_zh.as_str()), Some("marks"));
    assert_eq!(
        (catalog.topic("isle"), catalog.reporter("isle").map(|row| &*row.kind)),
        (Some(crate::topics::CITY), Some("government"))
    );
    let known = date(2019, 1, 1);
    let basis = |area, end| catalog.basis_of("gdp", area, end, known).map(|basis| basis.basis.as_str());
    assert_eq!((basis("V", date(2017, 12, 31)), basis("N", date(2017, 12, 31))), (Some("census-1"), Some("census-2")));
    assert_eq!(catalog.warnings(), []);
    assert_eq!(Catalog::embedded().warnings(), []);
}

/// A mistake in the head is one problem, and not one of every file that leaves the other language's names out; a name that
/// is missing is missing once.
#[test]
fn a_mistake_in_a_catalog_of_one_language_is_told_once() {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/catalogs/velmora-2018");
    let files: BTreeMap<String, String> = std::fs::read_dir(dir)
        .expect("the catalog")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "csv" || ending == "toml"))
        .map(|path| (path.file_name().expect("a name").to_string_lossy().into_owned(), path))
        .map(|(name, path)| (name, std::fs::read_to_string(path).expect("a text")))
        .collect();
    for (file, right, wrong, rule) in [
        ("catalog.toml", "language = \"en\"", "language = \"fr\"", "bad_head"),
        ("catalog.toml", "region =", "rounding = \"half_odd\"\nregion =", "bad_head"),
        ("catalog.toml", "name_en = \"Velmora: research of 2018\"", "name_en = \"\"", "empty_cell"),
        ("areas.csv", "state,Norland,", "state,,", "empty_cell"),
    ] {
        let mut files = files.clone();
        let text = files.get_mut(file).expect(file);
        assert!(text.contains(right), "{right}");
        *text = text.replace(right, wrong);
        let problems = Catalog::from_files(files).expect_err(wrong);
        let rules: Vec<_> = problems.iter().map(|problem| problem.rule).collect();
        assert_eq!(rules, [rule], "{problems:#?}");
    }
}

#[test]
fn what_can_never_come_to_anything_is_warned_of() {
    let mut files = small();
    let mut add = |file: &str, text: &str| files.get_mut(file).expect(file).push_str(text);
    add("scopes.csv", "office,R/*,gdp\noffice,R/*,law\noffice,both,funds\noffice,A,drones\n");
    let before = Catalog::from_files(files.clone()).unwrap_or_else(|problems| panic!("{problems:#?}"));
    assert_eq!(before.warnings(), []);
    let mut add = |file: &str, text: &str| files.get_mut(file).expect(file).push_str(text);
    add("relations.csv", "A,R,within,,,,\n");
    add("rules.csv", "p-sum,area_sum,rd,info,P,,,,,,,,\nlaw-sum,area_sum,law,info,,,,,,,,,\n");
    add("rules.csv", "both-sum,area_sum,rd,info,both,,,,,,,,\n");
    // Members that may overlap: no sum is made of them.
    add("group_members.csv", "villages,A,,,\n");
    add("targets.csv", "T7,amount,园,Park,villages,rd,元,10,0,>=,,,hard,2018,,,1,p,v,2018-01-01,,,\n");
    let groups = files.get_mut("groups.csv").expect("the file");
    *groups = groups.replace("Villages,open,unknown", "Villages,listed,unknown");
    let indicators = files.get_mut("indicators.csv").expect("the file");
    *indicators = indicators.replace("euro,own_value,sum", "euro,additive,sum");
    let catalog = Catalog::from_files(files).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let found: Vec<_> = catalog.warnings().iter().map(|it| format!("{}:{} {}", it.file, it.line, it.rule)).collect();
    let expected = [
        "indicators.csv:3 additive_product",
        "relations.csv:5 part_and_within",
        "rules.csv:5 never_finds",
        "rules.csv:6 never_finds",
        "rules.csv:7 never_finds",
        "targets.csv:8 never_assessed",
    ];
    assert_eq!(found, expected);
}

#[test]
fn rows_that_say_something_else_than_they_seem_are_warned_of() {
    let warned = |file: &str, text: &str| {
        let mut files = small();
        files.entry(file.to_owned()).or_default().push_str(text);
        let catalog = Catalog::from_files(files).unwrap_or_else(|problems| panic!("{text}: {problems:#?}"));
        let found = catalog.warnings();
        let of_file = found.iter().filter(|it| it.file == file).map(|it| it.rule);
        of_file.collect::<Vec<_>>()
    };
    let edition = |rows: &str| warned("editions.csv", &format!("edition,series,published\n{rows}\n"));
    assert_eq!(edition("e1,s,2018-01-01\ne2,s,2019-01-01\ne3,t,2018-01-01"), [""; 0]);
    for rows in [
        "mixed,s,2018-01-01",
        "none,s,2018-01-01",
        "E1,s,2018-01-01\ne1,s,2019-01-01",
        "a,s,2018-01-01\nb,s,2018-01-01",
    ] {
        assert_eq!(edition(rows), ["edition_mistaken"], "{rows}");
    }
    let moves = |rows: &str| {
        warned("moves.csv", &format!("part,from_area,to_area,day,indicator,time_period,share,value\n{rows}\n"))
    };
    assert_eq!(moves("mill,A,B,2018-06-01,,,0.5,\nyard,A,B,2018-06-01,,,0.5,"), [""; 0]);
    for rows in [
        "mill,A,B,2018-06-01,,,0,",
        "mill,A,B,2018-06-01,rd,2017,,-3",
        "mill,A,B,2018-06-01,,,0.6,\nyard,A,B,2018-06-01,,,0.5,",
        "mill,R,A,2018-06-01,,,0.5,",
    ] {
        assert_eq!(moves(rows), ["move_amount"], "{rows}");
    }
}

#[test]
fn what_moves_is_said_once() {
    let moves = |row: &str| {
        let mut files = small();
        files.insert(
            "moves.csv".into(),
            format!("part,from_area,to_area,day,indicator,time_period,share,value\n{row}\n"),
        );
        Catalog::from_files(files).map_or_else(|problems| problems[0].rule, |_| "")
    };
    assert_eq!(moves("mill,A,B,2018-06-01,,,0.25,"), "");
    assert_eq!(moves("mill,A,B,2018-06-01,rd,2017,,3\nmill,B,A,2019-06-01,,,0.25,"), "");
    for (row, rule) in [
        ("mill,A,X,2018-06-01,,,0.25,", "dangling_reference"),
        ("mill,A,B,2018-06-01,,,0.25,3", "move_amount"),
        ("mill,A,B,2018-06-01,,,,", "move_amount"),
        ("mill,A,B,2018-06-01,,,1.5,", "move_amount"),
        ("mill,A,B,2018-06-01,rd,,,3", "move_amount"),
        ("mill,A,B,2018-06-01,gdp,,0.25,", "move_indicator"),
        ("mill,A,B,2018-06-01,rd,2017年,,3", "bad_period"),
        ("mill,A,A,2018-06-01,,,0.25,", "move_nowhere"),
        ("mill,A,B,2018-06-01,,,0.25,\nmill,B,A,2018-06-01,rd,2017,,3", "move_two_ways"),
        ("mill,A,B,2018-06-01,rd,2019,,3", "move_period"),
        ("mill,A,B,2018-06-01,rd,2018,,3", "move_period"),
        ("mill,A,B,1900-06-01,,,0.25,", "not_there_then"),
    ] {
        assert_eq!(moves(row), rule, "{row}");
    }
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
    for (file, column, codes) in
        [("relations.csv", "relation", Relation::CODES), ("targets.csv", "comparator", Comparator::CODES)]
    {
        let line = guide.lines().find(|line| line.starts_with(&format!("| `{file}`"))).expect("it names every file");
        let (_, told) = line.split_once(&format!("`{column}` (")).expect("it tells what may stand there");
        let told: Vec<_> = told.split(')').next().unwrap_or_default().split([' ', ',', '`']).collect();
        let missing: Vec<_> = codes.iter().filter(|code| !told.contains(code)).collect();
        assert!(missing.is_empty(), "{file}: {missing:?} is not in the guide");
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

#[test]
fn rows_for_one_indicator_that_change_nothing_or_compare_other_areas_are_warned_of() {
    let warned = |adds: &[(&str, &str)]| {
        let mut files = small();
        let scopes = files.get_mut("scopes.csv").expect("scopes");
        *scopes = scopes.replace("park,P,*", "park,P,rd");
        scopes.push_str("office,R/*,gdp\noffice,R/*,law\noffice,both,funds\noffice,A,drones\n");
        for (file, text) in adds {
            files.entry((*file).to_owned()).or_default().push_str(text);
        }
        for (file, heading) in [("relations.csv", "known_from,note\n"), ("group_members.csv", "valid_to,known_from\n")]
        {
            let text = files.get_mut(file).expect(file);
            let with = heading.replace('\n', ",indicator\n");
            // Rows that are added have the cell already.
            let (head, rows) = text.split_once(heading).expect(heading);
            let commas = if file == "relations.csv" { 7 } else { 5 };
            let rows = rows.lines().map(|row| match row.matches(',').count() < commas {
                true => format!("{row},\n"),
                false => format!("{row}\n"),
            });
            *text = format!("{head}{with}{}", rows.collect::<String>());
        }
        let catalog = Catalog::from_files(files).unwrap_or_else(|problems| panic!("{adds:?}: {problems:#?}"));
        catalog.warnings().iter().map(|it| it.rule).collect::<Vec<_>>()
    };
    let relation = |row: &str| warned(&[("relations.csv", &format!("{row}\n"))]);
    assert_eq!(relation("P,A,part_of,,2030-01-01,,,firms"), [""; 0], "the park counts for firms only");
    assert_eq!(relation("P,A,part_of,,2030-01-01,,,law"), ["row_without_effect"]);
    assert_eq!(relation("A,R,part_of,,,,,rd"), ["row_without_effect"]);
    // Meant as an exception, and what counts for every indicator counts for this one.
    assert_eq!(relation("A,R,within,,,,,rd"), ["part_and_within"]);
    assert_eq!(relation("P,A,within,,2030-01-01,,,rd"), ["row_without_effect"]);
    let member = |row: &str| warned(&[("group_members.csv", &format!("{row}\n"))]);
    assert_eq!(member("both,P,2018-01-01,2030-01-01,,firms"), [""; 0]);
    assert_eq!(member("both,A,2018-01-01,,,firms"), ["row_without_effect"]);
    let flows = "made,件,Made,flow,ITEM,件,items,additive,sum,,,,,0,registration,0,9,,,\n\
                 sold,件,Sold,flow,ITEM,件,items,additive,sum,,,,,0,registration,0,9,,,\n\
                 kept,件,Kept,flow,ITEM,件,items,additive,sum,,,,,0,registration,0,9,,,\n\
                 rate,率,Rate,ratio,PERCENT,%,%,none,none,sold,made,100,same_end,2,none,,,,,\n";
    let rule = "by-use,sum,made,soft,,sold kept,,,,,,,\n";
    let reported = "office,R/*,made\noffice,R/*,sold\noffice,R/*,kept\n";
    let sides = |relation: &str| {
        warned(&[("indicators.csv", flows), ("rules.csv", rule), ("scopes.csv", reported), ("relations.csv", relation)])
    };
    assert_eq!(sides(""), [""; 0]);
    assert_eq!(sides("P,A,part_of,,2030-01-01,,,made\n"), ["other_areas", "other_areas", "other_areas"]);
    let all = ["made", "sold", "kept"].map(|id| format!("P,A,part_of,,2030-01-01,,,{id}\n")).concat();
    assert_eq!(sides(&all), [""; 0]);
    assert_eq!(sides("P,A,within,,2030-01-01,,,made\n"), ["row_without_effect"]);
    let unreported = [("indicators.csv", flows), ("relations.csv", "P,A,part_of,,2030-01-01,,,kept\n")];
    assert_eq!(warned(&unreported), ["part_without_value"]);
}

#[test]
fn benchmarks_levels_and_limits_that_say_nothing_are_warned_of() {
    let warned = |file: &str, text: &str| {
        let mut files = small();
        files.insert(file.to_owned(), text.to_owned());
        let catalog = Catalog::from_files(files).unwrap_or_else(|problems| panic!("{text}: {problems:#?}"));
        let found = catalog.warnings();
        found.iter().filter(|it| it.file == file).map(|it| it.rule).collect::<Vec<_>>()
    };
    let bases = |rows: &str| {
        let head = "basis,indicator,name_zh,name_en,period_from,period_to,known_from,known_to,linked_to,linked_known_from,ref_area";
        warned("bases.csv", &format!("{head}\n{rows}\n"))
    };
    assert_eq!(bases("old,rd,旧,Old,,2019-01-01,,,new,2020-01-01,\nnew,rd,新,New,2019-01-01,,,,,,"), [""; 0]);
    assert_eq!(bases("old,rd,旧,Old,,2019-01-01,,,,2020-01-01,\nnew,rd,新,New,2019-01-01,,,,,,"), ["link_of_nothing"]);
    assert_eq!(bases("old,rd,旧,Old,,,,,,,\nnew,rd,新,New,,,,,,,A"), [""; 0]);
    assert_eq!(bases("old,rd,旧,Old,,,,,,,\nnew,rd,新,New,,2019-01-01,,,,,A"), ["own_rows_end"]);
    assert_eq!(bases("old,gdp,旧,Old,,,,,,,A"), ["never_applies"]);
    let moves = |rows: &str| {
        let mut files = small();
        let mut add = |file: &str, text: &str| files.get_mut(file).expect(file).push_str(text);
        add("areas.csv", "A1,local,county,甲一,A1,,,,\nB1,local,county,乙一,B1,2000-01-01,,,\n");
        add("relations.csv", "A1,A,part_of,,,,\nB1,B,part_of,2000-01-01,,,\n");
        let head = "part,from_area,to_area,day,indicator,time_period,share,value";
        files.insert("moves.csv".into(), format!("{head}\n{rows}\n"));
        let catalog = Catalog::from_files(files).unwrap_or_else(|problems| panic!("{rows}: {problems:#?}"));
        let found = catalog.warnings();
        found.iter().filter(|it| it.file == "moves.csv").map(|it| it.rule).collect::<Vec<_>>()
    };
    assert_eq!(moves("mill,A1,B1,2018-06-01,,,0.5,"), ["move_level"]);
    assert_eq!(moves("mill,A1,B1,2018-06-01,,,0.5,\nmill-city,A,B,2018-06-01,,,0.25,"), [""; 0]);
    let rules = |row: &str| {
        let head =
            "rule,check,indicator,severity,ref_area,parts,low,high,tolerance,message_zh,message_en,known_from,note";
        warned("rules.csv", &format!("{head}\n{row}\n"))
    };
    assert_eq!(rules("r,jump,rd,soft,,,0.5,,,,,,"), [""; 0]);
    assert_eq!(rules("r,jump,rd,soft,,,0,,,,,,"), ["never_finds"]);
    assert_eq!(rules("r,area_sum,rd,soft,,,,,1000000000000,,,,"), ["never_finds"]);
    let mut files = small();
    let targets = files.get_mut("targets.csv").expect("targets");
    *targets = targets.replace("≈,,0.05", "≈,,1.3");
    let catalog = Catalog::from_files(files).unwrap_or_else(|problems| panic!("{problems:#?}"));
    assert_eq!(catalog.warnings().iter().filter(|it| it.rule == "always_met").count(), 1);
}
