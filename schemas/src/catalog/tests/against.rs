//! What a later edition of a catalog may change of an earlier one.

use super::broken::small;
use crate::catalog::Catalog;

/// The small catalog with a text of a file replaced.
fn edited(file: &str, from: &str, to: &str) -> Catalog {
    let mut files = small();
    let text = files.get_mut(file).expect("the small catalog has the file");
    assert!(text.contains(from), "{file} has no {from}");
    *text = text.replace(from, to);
    Catalog::from_files(files).expect("the edition is in order")
}

fn problems(edition: &Catalog) -> Vec<(String, &'static str)> {
    let earlier = Catalog::from_files(small()).expect("the small catalog is in order");
    let since = "2020-05-01".parse().expect("a day");
    edition.edits_of(&earlier, Some(since)).into_iter().map(|it| (it.file, it.rule)).collect()
}

#[test]
fn an_edition_may_add_rows_notes_and_what_no_number_depends_on() {
    assert_eq!(problems(&edited("areas.csv", "B,local", "B,local")), []);
    assert_eq!(
        problems(&edited("areas.csv", "P,local,park,园,P,,2030-01-01,,", "P,local,park,园,P,,2030-01-01,,why")),
        []
    );
    // A benchmark ends for values that nobody knew while the earlier catalog was in use.
    let successor = "new,gdp,新,New,,,2019-11-22,2024-12-26,\nnewest,gdp,最新,Newest,,,2024-12-26,,\n";
    assert_eq!(problems(&edited("bases.csv", "new,gdp,新,New,,,2019-11-22,,\n", successor)), []);
    // What ingest asks at the door was judged when reports came.
    assert_eq!(problems(&edited("bounds.csv", "rd,R,1,", "rd,R,2,")), []);
    let moved = "A,R,part_of,,,,\nA,R,part_of,,2019-01-01,2020-06-01,\n";
    assert_eq!(problems(&edited("relations.csv", "A,R,part_of,,,,\n", moved)), []);
}

#[test]
fn a_link_counts_from_a_day_that_has_not_been_computed() {
    let before = &small()["bases.csv"];
    let with = |rows: &str| {
        let text = format!(
            "basis,indicator,name_zh,name_en,period_from,period_to,known_from,known_to,note,linked_to,linked_known_from\n\
             old,gdp,旧,Old,,2019-01-01,,2019-11-22,,,\n{rows}\n"
        );
        problems(&edited("bases.csv", before, &text)).into_iter().map(|(_, rule)| rule).collect::<Vec<_>>()
    };
    assert_eq!(with("new,gdp,新,New,,,2019-11-22,,,old,2020-05-01"), [""; 0]);
    assert_eq!(with("new,gdp,新,New,,,2019-11-22,,,old,2020-04-30"), ["known_row_changed"]);
    assert_eq!(with("new,gdp,新,New,,,2019-11-22,,,old,"), ["known_row_changed"]);
    // An open row that is closed on a day to come, and opened again with a link, says nothing of the days before.
    let closed = "new,gdp,新,New,,,2019-11-22,2024-12-26,,,\nnew,gdp,新,New,,,2024-12-26,,,old";
    assert_eq!(with(&format!("{closed},2024-12-26")), [""; 0]);
    assert_eq!(with(&format!("{closed},")), ["known_from_too_early"]);
}

#[test]
fn known_rows_stay() {
    for (file, from, to, rule) in [
        ("areas.csv", "A,local,city,甲,A", "A,local,city,甲,Aa", "known_row_changed"),
        ("indicators.csv", "rd,gdp,100,same_end", "rd,gdp,1000,same_end", "known_row_changed"),
        ("reporters.csv", "city,1,true", "city,3,true", "known_row_changed"),
        ("obligations.csv", "P8M", "P6M", "known_row_changed"),
        ("rules.csv", "soft,,,0.5,2", "soft,,,0.5,3", "known_row_changed"),
        (
            "bases.csv",
            "new,gdp,新,New,,,2019-11-22,,\n",
            "new,gdp,新,New,,,2019-11-22,2020-04-30,\n",
            "known_row_changed",
        ),
        (
            "bases.csv",
            "old,gdp,旧,Old,,2019-01-01,,2019-11-22",
            "old,gdp,旧,Old,,2019-01-01,,2019-11-21",
            "known_row_changed",
        ),
        ("groups.csv", "villages,村,Villages,open,unknown,,,,\n", "", "known_row_changed"),
        (
            "relations.csv",
            "A,R,part_of,,,,\n",
            "A,R,part_of,,,,\nA,R,part_of,,2019-01-01,2020-01-01,\n",
            "known_from_too_early",
        ),
        // The column may be missing in the file: the row would then hold for every earlier day.
        ("obligations.csv", "o2,park", "o3,office,B,rd,A,P8M,2018,2019\no2,park", "known_from_too_early"),
    ] {
        assert_eq!(problems(&edited(file, from, to)), [(file.to_owned(), rule)], "{file}: {from}");
    }
}

#[test]
fn an_edit_names_the_columns_and_the_line() {
    let edition = edited("areas.csv", "A,local,city,甲,A", "A,local,city,甲,Aa");
    let earlier = Catalog::from_files(small()).expect("in order");
    let problem = edition.edits_of(&earlier, None).remove(0);
    assert_eq!((problem.line, problem.what.as_str()), (3, "line 3 of the earlier catalog was edited in name_en"));
}
