//! How much of names and areas is shown where a row has so many columns of a terminal.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns that names have at least beside a column of areas; with less, the area stands before the name where it differs
/// from the region.
const NAMES_APART: usize = 34;
/// Columns of the areas' names, at least.
const AREA_WIDTH: usize = 12;

/// Columns of a row by their place.
const NAME: usize = 1;
pub(super) const AREA: usize = 2;
pub(super) const VERDICT: usize = 6;
/// Spaces behind each.
const GAP: usize = 2;

/// Cuts names and areas so that a row fits into so many columns; false where areas have no room for a column of their own.
/// Names then are those with the area before them, where `with_area` gives one.
pub(super) fn fit(
    lines: &mut [[String; 7]],
    headings: &[&str; 7],
    columns: usize,
    with_area: impl Fn(usize) -> Option<String>,
) -> bool {
    let widest = |lines: &[[String; 7]], column: usize| {
        let cells = lines.iter().map(|line| line[column].width());
        cells.chain([headings[column].width()]).max().unwrap_or(0)
    };
    let numbers: usize = [0, 3, 4, 5, VERDICT].iter().map(|column| widest(lines, *column) + GAP).sum();
    let room = columns.saturating_sub(numbers + 2 * GAP);
    let apart = room >= NAMES_APART;
    let area = if apart { widest(lines, AREA).min(AREA_WIDTH.max(room / 3)) } else { 0 };
    for (at, line) in lines.iter_mut().enumerate() {
        if let Some(name) = with_area(at).filter(|_| !apart) {
            line[NAME] = name;
        }
        line[AREA] = clip(&line[AREA], area);
        line[NAME] = clip(&line[NAME], if apart { room - area } else { room + GAP });
    }
    apart
}

/// Cuts a text to a number of columns, wide characters counted as two.
pub(super) fn clip(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut used = 1;
    let kept = text.chars().take_while(|c| {
        used += c.width().unwrap_or(0);
        used <= columns
    });
    let kept: String = kept.collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let apart =
                fit(&mut lines, &headings, columns, |_| Some("Yinchuan: R&D expenditure of the city".to_owned()));
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
}
