//! How a text looks, as far as that changes what it says.

use quick_xml::events::BytesStart;

use super::colour::{Colour, Palette};
use crate::workbook::xml::attribute;

/// Font size below which a reader cannot see the text, in points.
const LEAST_FONT: f32 = 3.0;
/// Fonts of pictures, by how their names begin.
const PICTURES: [&str; 3] = ["wingdings", "webdings", "marlett"];

/// How a text looks, as far as that changes what it says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::workbook) struct Looks {
    /// Struck out.
    pub(in crate::workbook) struck: bool,
    /// Above or below the line, as notes and powers are.
    pub(in crate::workbook) raised: bool,
    /// Written in white.
    pub(in crate::workbook) white: bool,
    /// Too small to be read, or in a font of pictures.
    pub(in crate::workbook) unreadable: bool,
    /// Its first colours, to be compared with the ground.
    pub(in crate::workbook) colours: [Option<[u8; 3]>; 4],
}

impl Looks {
    /// Takes what an element of a font says.
    pub(in crate::workbook) fn take(&mut self, start: &BytesStart<'_>, palette: &Palette) {
        match start.local_name().as_ref() {
            "strike" => self.struck = attribute(start, "val").is_none_or(|val| val == "1" || val == "true"),
            "vertAlign" => self.raised = attribute(start, "val").is_some_and(|val| val != "baseline"),
            "color" => {
                let colour = Colour::of(start, palette);
                self.white = colour.as_ref().is_some_and(Colour::is_white);
                self.colours[0] = if let Some(Colour::Rgb(rgb)) = colour { Some(rgb) } else { None };
            }
            "sz" => {
                let size = attribute(start, "val").and_then(|text| text.parse::<f32>().ok());
                self.unreadable |= size.is_some_and(|size| size < LEAST_FONT);
            }
            // Its letters and digits are drawings.
            "name" | "rFont" => {
                let name = attribute(start, "val").unwrap_or_default().to_lowercase();
                self.unreadable |= PICTURES.iter().any(|drawn| name.starts_with(drawn));
            }
            _ => {}
        }
    }

    /// What either has.
    pub(in crate::workbook) fn and(self, other: Self) -> Self {
        let mut colours = self.colours;
        for colour in other.colours.into_iter().flatten() {
            let known = colours.contains(&Some(colour));
            if let Some(free) = colours.iter_mut().find(|free| free.is_none()).filter(|_| !known) {
                *free = Some(colour);
            }
        }
        Self {
            struck: self.struck || other.struck,
            raised: self.raised || other.raised,
            white: self.white || other.white,
            unreadable: self.unreadable || other.unreadable,
            colours,
        }
    }
}
