//! Texts that are wider than their column: a neighbour that holds something cuts them off, or the row that is too low for
//! their lines, and the digits that are left are another number.

use super::sheet::{Cell, Content, Frame, Row};
use super::shown::width_of;
use super::styles::{Side, Style};

/// The height of a line of letters of the usual size, in points.
const LINE: f32 = 15.0;

/// What is seen of a cell's text between its neighbours and in its row; none where all of it is.
pub(super) fn cut_off(cell: &Cell, row: &Row, style: &Style, frame: &Frame) -> Option<String> {
    let Content::Text(text) = &cell.content else { return None };
    let width = frame.width(cell.at.column).filter(|_| !style.shrinks)?;
    if style.wraps {
        return below(text, width / style.letters, row.height? / (LINE * style.letters));
    }
    let too_much = width_of(text) - width / style.letters;
    if too_much <= 0.0 {
        return None;
    }
    let (left, right) = match style.side {
        Side::Left => (0.0, too_much),
        Side::Right => (too_much, 0.0),
        Side::Both => (too_much / 2.0, too_much / 2.0),
    };
    let column = cell.at.column;
    let holds =
        |column: u32| row.cells.iter().any(|other| other.at.column == column && other.content != Content::Empty);
    // A hidden column is no neighbour; before the first there is nothing to spill into.
    let is_left_taken = (1..column).rev().find(|column| !frame.hides(*column)).is_none_or(holds);
    let is_right_taken = (column + 1..).find(|column| !frame.hides(*column)).is_none_or(holds);
    let seen = without(text.chars(), if is_left_taken { left } else { 0.0 });
    let seen: String = without(seen.chars().rev(), if is_right_taken { right } else { 0.0 }).chars().rev().collect();
    (seen != *text).then_some(seen)
}

/// What is seen of a text that goes on in lines below: as many as its row is high, each as many digits wide.
fn below(text: &str, width: f32, lines: f32) -> Option<String> {
    let (mut room, mut left, mut seen) = (width, lines.max(1.0).floor(), String::new());
    for letter in text.trim_end().chars() {
        let wide = width_of(letter.encode_utf8(&mut [0; 4]));
        if letter == '\n' || wide > room && room < width {
            (room, left) = (width, left - 1.0);
        }
        if left < 1.0 {
            return Some(seen);
        }
        room -= wide;
        seen.push(letter);
    }
    None
}

/// A text without the characters at its beginning that take so much room; one that is cut through is not seen either.
fn without(text: impl Iterator<Item = char>, mut room: f32) -> String {
    let is_cut = |c: &char| {
        let goes = room > 0.0;
        room -= width_of(c.encode_utf8(&mut [0; 4]));
        goes
    };
    text.skip_while(is_cut).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workbook::places::CellAt;
    use crate::workbook::styles::{Looks, Palette};

    #[test]
    fn a_neighbour_cuts_a_text_off() {
        let cell = |column, text: &str| Cell {
            at: CellAt { row: 2, column },
            content: Content::Text(text.to_owned()),
            formula: false,
            style: 0,
            looks: Looks::default(),
        };
        let sheet = "<cols><col min=\"2\" max=\"2\" width=\"5\" customWidth=\"1\"/>\
                     <col min=\"3\" max=\"3\" width=\"9\" hidden=\"1\"/></cols>";
        let frame = Frame::read("sheet", sheet, &Palette::default()).expect("a sheet");
        let usual = Frame::default();
        let plain = Style::plain;
        let with = |change: fn(&mut Style)| {
            let mut style = Style::plain();
            change(&mut style);
            style
        };
        for (text, others, style, frame, seen) in [
            ("455792.5", vec![4], plain(), &frame, Some("45579")),
            ("455792.5", vec![4], plain(), &usual, None),
            ("45579", vec![4], plain(), &frame, None),
            ("455792.5", vec![], plain(), &frame, None),
            // In a hidden column nothing stands in the way.
            ("455792.5", vec![3], plain(), &frame, None),
            ("455792.5", vec![1], plain(), &frame, None),
            ("455792.5", vec![1], with(|style| style.side = Side::Right), &frame, Some("792.5")),
            ("455792.5", vec![4], with(|style| style.side = Side::Right), &frame, None),
            ("1234567", vec![1, 4], with(|style| style.side = Side::Both), &frame, Some("23456")),
            ("455792.5", vec![4], with(|style| style.shrinks = true), &frame, None),
            ("455792.5", vec![4], with(|style| style.wraps = true), &frame, None),
            ("455792.5", vec![4], with(|style| style.letters = 0.5), &frame, None),
        ] {
            let mut cells: Vec<Cell> = others.iter().map(|column| cell(*column, "x")).collect();
            cells.push(cell(2, text));
            let row = Row { number: 2, hidden: false, height: None, cells };
            let said = cut_off(&row.cells[row.cells.len() - 1], &row, &style, frame);
            assert_eq!(said.as_deref(), seen, "{text} beside {others:?}, {:?}", style.side);
        }
    }

    #[test]
    fn a_low_row_cuts_lines_off() {
        for (text, width, lines, seen) in [
            ("145.579", 4.0, 1.0, Some("145.")),
            ("145.579", 4.0, 2.0, None),
            ("145.579", 8.0, 1.0, None),
            ("\n145", 8.0, 1.0, Some("")),
            ("145\n", 8.0, 0.5, None),
        ] {
            assert_eq!(below(text, width, lines).as_deref(), seen, "{text:?} in {lines} lines of {width}");
        }
    }
}
