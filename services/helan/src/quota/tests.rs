//! What the quota table shows: digits, marks, and how much fits.

use super::*;

#[test]
fn rounds_only_digits_never_floats() {
    let round = |value: &str, decimals| round(value, decimals, Rounding::HalfUp);
    assert_eq!(round("1.2984801436", 4), "1.2985");
    assert_eq!(round("0.99995", 4), "1.0000");
    assert_eq!(round("-2.5", 0), "-3");
    assert_eq!(round("-0.004", 2), "0.00");
    assert_eq!(round("42", 2), "42.00");
    let even = |value: &str, decimals| super::round(value, decimals, Rounding::HalfEven);
    assert_eq!((even("1.245", 2), even("1.255", 2)), ("1.24".to_owned(), "1.26".to_owned()));
    assert_eq!((even("-2.5", 0), even("2.5001", 0)), ("-2".to_owned(), "3".to_owned()));
    assert_eq!(times("0.9988308797", 2), "99.88308797");
    assert_eq!(times("1.5", 2), "150.");
    assert_eq!(round(&times("1.5", 2), 1), "150.0");
}

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

#[test]
fn a_row_fits_into_its_columns() {
    let headings = ["id", "target", "area", "quota", "actual", "of quota", "verdict"];
    let line = [
        "T047",
        &"R&D expenditure of the city ".repeat(4),
        "Ningxia Hui Autonomous Region",
        "≥ 32.28×10^8 CNY",
        "27.40*",
        "84.9%",
        "not assessable",
    ];
    for columns in [80, 95, 96, 100, 120, 200] {
        let mut lines = vec![line.map(str::to_owned)];
        let apart = fit(&mut lines, &headings, columns, |_| Some("Yinchuan: R&D expenditure of the city".to_owned()));
        let cells = lines[0].iter().zip(headings).enumerate().filter(|(column, _)| apart || *column != AREA);
        let taken: usize = cells.map(|(_, (cell, heading))| cell.width().max(heading.width()) + GAP).sum();
        assert!(taken <= columns, "{taken} of {columns}: {lines:?}");
        assert_eq!(apart, columns >= 96, "{columns}");
        assert_eq!(lines[0][NAME].starts_with("Yinchuan"), !apart, "{columns}");
    }
}

#[test]
fn clips_wide_characters_by_columns() {
    assert_eq!(clip("万人有效发明专利", 7), "万人有…");
    assert_eq!(clip("R&D", 7), "R&D");
}
