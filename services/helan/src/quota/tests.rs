//! What the quota table shows of a value.

use super::*;

#[test]
fn a_ratio_is_shown_as_it_was_rounded_from_its_parts() {
    let catalog = Catalog::embedded();
    // 1.2950000000 of ten digits was less than 1.295.
    let ratios = BTreeMap::from([(("640000".to_owned(), "rd_intensity".to_owned()), "1.29".to_owned())]);
    let table = QuotaTable { catalog: &catalog, rows: Vec::new(), ratios: &ratios, lang: Lang::En, all: true };
    let actual = |id: &str, area: &str, value: &str| {
        let target = catalog.targets.iter().find(|target| target.target_id == id).expect(id);
        let row = QuotaRow {
            target_id: id.to_owned(),
            ref_area: area.to_owned(),
            actual_value: Some(value.to_owned()),
            fulfilment: None,
            verdict: "missed".to_owned(),
            sensitive: false,
            demo: true,
            estimated: id == "T047",
            counts: true,
            same_as: None,
        };
        table.line(target, &row)[4].clone()
    };
    assert_eq!(actual("T044", "640000", "1.2950000000"), "1.29*");
    assert_eq!(actual("T044", "640100", "1.2950000000"), "—", "nothing is published of a part that may be too much");
    assert_eq!(actual("T047", "640100", "27.3984500000"), "27.39845* e", "amounts keep what was reported");
    assert_eq!(actual("T007", "localities", "0.0000000000"), "not done*");
}
