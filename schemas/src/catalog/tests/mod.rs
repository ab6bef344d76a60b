//! The embedded catalog, the lookups, and a table of broken catalogs, each with exactly its problem.

mod against;
mod broken;
mod files;

use std::collections::BTreeMap;

use jiff::civil::{Date, date};

use super::*;

#[test]
fn the_embedded_catalog_has_every_promise() {
    let catalog = Catalog::embedded();
    assert_eq!(catalog.head.region, "640000");
    let ids: Vec<_> = catalog.targets.iter().map(|target| target.target_id.as_str()).collect();
    let expected: Vec<_> = (1..=111).map(|number| format!("T{number:03}")).collect();
    assert_eq!(ids, expected);
    let mut kinds = BTreeMap::new();
    let mut strengths = BTreeMap::new();
    for target in &catalog.targets {
        *kinds.entry(target.kind.code()).or_insert(0) += 1;
        *strengths.entry(target.strength.code()).or_insert(0) += 1;
        assert!(catalog.indicator(&target.indicator).is_some(), "{}", target.target_id);
    }
    let expected = [
        ("amount", 7),
        ("context", 3),
        ("count", 12),
        ("coverage", 25),
        ("milestone", 45),
        ("ratio", 10),
        ("unquantified", 9),
    ];
    assert_eq!(kinds, expected.into());
    assert_eq!(strengths.values().sum::<i32>(), 111);
}

#[test]
fn the_embedded_catalog_has_22_counties_under_five_cities_in_2018() {
    let catalog = Catalog::embedded();
    let day = date(2018, 12, 31);
    let on = |level: &str| {
        let areas = catalog.areas.iter().filter(|area| area.level == level);
        areas.filter(|area| catalog.area_on(&area.code, day).is_some_and(|held| held.name_zh == area.name_zh)).count()
    };
    assert_eq!((on("region"), on("city"), on("county"), on("prefecture")), (1, 5, 22, 0));
    assert!(
        catalog
            .areas
            .iter()
            .all(|area| catalog.area_on(&area.code, day).is_none() || catalog.lies_in(&area.code, "640000", day))
    );
}

#[test]
fn resolves_codes_and_parents_on_the_day() {
    let catalog = Catalog::embedded();
    let name = |code: &str, day| catalog.area_on(code, day).map(|area| area.name_zh.as_str());
    assert_eq!(name("640104", date(2001, 12, 31)), Some("郊区"));
    assert_eq!(name("640104", date(2002, 1, 1)), Some("兴庆区"));
    assert_eq!(name("640500", date(2002, 12, 31)), None);
    let parents =
        |code: &str, day: Date| catalog.parents_on(code, day).map(|row| row.parent.clone()).collect::<Vec<_>>();
    assert_eq!(parents("642125", date(1995, 12, 31)), ["642100"]);
    assert_eq!(parents("640382", date(2000, 12, 31)), ["640300"]);
    assert_eq!(parents("640181", date(2018, 12, 31)), ["640100"]);
    assert!(parents("640181", date(2001, 12, 31)).is_empty());
    assert!(catalog.lies_in("640181-YCHT", "640100", date(2018, 12, 31)), "a zone in Lingwu lies in Yinchuan");
    assert!(!catalog.lies_in("640100", "640181", date(2018, 12, 31)));
}

#[test]
fn scopes_reach_down_both_relations_and_no_further() {
    let catalog = Catalog::embedded();
    let (then, before) = (date(2018, 12, 31), date(2001, 12, 31));
    for (reporter, area, indicator, day, allowed) in [
        ("yinchuan", "640100", "rd_expenditure", then, true),
        ("yinchuan", "640104", "rd_expenditure", then, true),
        ("yinchuan", "640181-YCHT", "rd_expenditure", then, true),
        ("yinchuan", "640181", "rd_expenditure", before, false),
        ("yinchuan", "640200", "rd_expenditure", then, false),
        ("yinchuan", "640000", "rd_expenditure", then, false),
        ("yinchuan", "640100", "rd_intensity", then, false),
        ("nx-stats", "NX-ND", "gdp", then, true),
        ("nx-stats", "640000", "major_projects", then, false),
        ("nx-kjt", "localities", "east_west_projects", then, true),
        ("nx-kjt", "localities", "east_west_projects", before, false),
        ("ningdong", "NX-ND", "coal_to_oil_products", then, true),
        ("ningdong", "640100", "rd_expenditure", then, false),
        ("nobody", "640000", "gdp", then, false),
        ("nx-stats", "990000", "gdp", then, false),
    ] {
        assert_eq!(catalog.allows(reporter, area, indicator, day), allowed, "{reporter} {area} {indicator} {day}");
    }
    assert_eq!(catalog.topic("yinchuan"), Some(crate::topics::CITY));
    assert_eq!(catalog.topic("jinji"), Some(crate::topics::PARK));
    assert_eq!(
        catalog.source("/nx/jinji/demo").map(|source| (source.reporter.as_str(), source.demo)),
        Some(("jinji", true))
    );
}

#[test]
fn plausible_amounts_tell_units_apart() {
    let catalog = Catalog::embedded();
    let plausible = |indicator: &str, area: &str, text: &str, unit_mult: i32| {
        let amount = crate::decimal::Decimal::parse(text).expect(text).amount(unit_mult).expect(text);
        catalog.bounds(indicator, area).hold(amount)
    };
    for (indicator, area, text, unit_mult) in [
        ("rd_expenditure", "640000", "455792.5", 4),
        ("rd_expenditure", "640400", "1.23", 8),
        ("gdp", "640000", "3705.18", 8),
        ("population", "640000", "681.79", 4),
        ("patents_in_force", "640000", "2820", 0),
    ] {
        assert!(plausible(indicator, area, text, unit_mult), "{indicator} {area}");
        assert!(!plausible(indicator, area, text, unit_mult + 4), "{indicator} {area} × 10,000");
        assert!(!plausible(indicator, area, text, unit_mult - 4), "{indicator} {area} ÷ 10,000");
    }
    assert!(!plausible("major_projects", "640000", "-1", 0));
    assert!(plausible("rd_expenditure", "640521", "0", 0), "a county may spend nothing");
}

#[test]
fn the_bases_tell_a_first_release_from_a_census_revision() {
    let catalog = Catalog::embedded();
    let basis =
        |indicator, end, known| catalog.basis_of(indicator, "640000", end, known).map(|basis| basis.basis.as_str());
    let end = date(2018, 12, 31);
    assert_eq!(basis("gdp", end, date(2019, 8, 30)), Some("economic-census-3"));
    assert_eq!(basis("gdp", end, date(2020, 12, 31)), Some("economic-census-4"));
    assert_eq!(basis("gdp", date(2019, 12, 31), date(2020, 1, 31)), Some("economic-census-4"));
    assert_eq!(basis("population", end, date(2021, 5, 11)), Some("population-census-2020"));
    assert_eq!(basis("patents_in_force", end, date(2019, 1, 31)), None);
    assert!(catalog.has_basis("gdp", "economic-census-3") && !catalog.has_basis("gdp", "rd-scope-2009"));
}
