//! The embedded catalog, and what the loader makes of files that are wrong.

use jiff::civil::date;

use super::*;

#[test]
fn the_embedded_catalog_has_no_problem() {
    let catalog = Catalog::embedded();
    assert_eq!(catalog.head.region, "640000");
    assert_eq!(catalog.digest.len(), 64);
}

#[test]
fn resolves_codes_on_the_day() {
    let catalog = Catalog::embedded();
    let name = |code: &str, day| catalog.area_on(code, day).map(|area| area.name_zh.as_str());
    assert_eq!(name("640104", date(2001, 12, 31)), Some("郊区"));
    assert_eq!(name("640104", date(2002, 1, 1)), Some("兴庆区"));
}
