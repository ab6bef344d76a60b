//! Texts that a reader sees around the cells of a sheet: its name, what is printed above and below it, notes on cells, boxes
//! of text. A unit that stands there alone would be overlooked.

use std::collections::BTreeMap;

use super::book::{SheetEntry, relations};
use super::mark::senders_notes;
use super::package::Package;
use super::xml::{Piece, Xml};
use crate::problems::Problems;

/// What stands around the cells of one sheet.
#[derive(Debug, Default)]
pub(super) struct Around {
    /// Of the whole sheet, a line each.
    pub(super) text: String,
    /// Notes of the sender's own, by row.
    pub(super) notes: BTreeMap<u32, String>,
}

impl Around {
    /// Reads the parts that belong to a sheet; `printed` is what its page has above and below.
    pub(super) fn read(package: &mut Package<'_>, sheet: &SheetEntry, printed: &str) -> Result<Self, Problems> {
        let mut around = Self { text: format!("{}\n{}\n", sheet.name, without_codes(printed)), ..Self::default() };
        for relation in relations(package, &sheet.part)? {
            if !package.has(&relation.target) {
                continue;
            }
            match relation.kind.as_str() {
                "comments" => {
                    let text = package.text(&relation.target)?;
                    for (at, note) in senders_notes(&text)? {
                        let notes = around.notes.entry(at.row).or_default();
                        notes.push_str(&note);
                        notes.push('\n');
                    }
                }
                "drawing" => boxes(&relation.target.clone(), &package.text(&relation.target)?, &mut around.text)?,
                _ => {}
            }
        }
        Ok(around)
    }

    /// The notes down to a row, which are above the table's rows; they are taken.
    pub(super) fn notes_down_to(&mut self, row: u32) -> String {
        let below = self.notes.split_off(&(row + 1));
        let above = std::mem::replace(&mut self.notes, below);
        above.into_values().collect()
    }
}

/// The paragraphs of a drawing's boxes.
fn boxes(part: &str, text: &str, out: &mut String) -> Result<(), Problems> {
    let (mut xml, mut within) = (Xml::new(part, text), false);
    while let Some(piece) = xml.next()? {
        match piece {
            Piece::Start(start, empty) if start.local_name().as_ref() == "t" => within = !empty,
            Piece::End(name) if name == "t" => within = false,
            Piece::End(name) if name == "p" => out.push('\n'),
            Piece::Text(text) if within => out.push_str(&text),
            _ => {}
        }
    }
    Ok(())
}

/// What is printed of a header or footer: `&L`, `&C` and `&R` begin its parts; fonts, sizes and colours show nothing.
fn without_codes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let Some(code) = rest.chars().next() else { break };
        let skipped = match code {
            '&' => {
                out.push('&');
                1
            }
            '"' => rest[1..].find('"').map_or(rest.len(), |end| end + 2),
            '0'..='9' => rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len(),
            'K' => 1 + rest[1..].chars().take(6).take_while(|c| c.is_ascii_hexdigit() || *c == '+').count(),
            'L' | 'C' | 'R' => {
                out.push('\n');
                1
            }
            code => code.len_utf8(),
        };
        rest = &rest[skipped..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_a_page_show_nothing() {
        for (text, expected) in [
            ("&L单位：万元&R第 &P 页", "\n单位：万元\n第  页"),
            ("&C&\"宋体,常规\"&10单位：万元", "\n单位：万元"),
            ("&KFF0000R&&D", "R&D"),
            ("&K01+000万元", "万元"),
            ("&", ""),
        ] {
            assert_eq!(without_codes(text), expected, "{text}");
        }
    }
}
