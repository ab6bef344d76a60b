//! What the styles of a workbook do to its cells: number formats, struck, raised and invisible text.

use quick_xml::events::BytesStart;

use super::shown::NumberFormat;
use super::xml::{Piece, Xml, attribute, flag, number};
use crate::problems::Problems;

/// Letters smaller than this are no letters to a reader, in points.
const LEAST_FONT: f32 = 3.0;
/// Fonts of pictures, by how their names begin.
const PICTURES: [&str; 3] = ["wingdings", "webdings", "marlett"];
/// How far two colours may lie apart and still look the same, of 255.
const SAME_COLOUR: u8 = 16;

/// A tint that leaves next to nothing of a colour.
const ALL_TINT: f32 = 0.93;

/// How a text looks, as far as that changes what it says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Looks {
    /// Struck out.
    pub(super) struck: bool,
    /// Above or below the line, as notes and powers are.
    pub(super) raised: bool,
    /// Written in white.
    pub(super) white: bool,
    /// Too small to be read, or in a font of pictures.
    pub(super) unreadable: bool,
    /// Its first colours, to be compared with the ground.
    pub(super) colours: [Option<[u8; 3]>; 4],
}

impl Looks {
    /// Takes what an element of a font says.
    pub(super) fn take(&mut self, start: &BytesStart<'_>) {
        match start.local_name().as_ref() {
            "strike" => self.struck = attribute(start, "val").is_none_or(|val| val == "1" || val == "true"),
            "vertAlign" => self.raised = attribute(start, "val").is_some_and(|val| val != "baseline"),
            "color" => {
                let colour = Colour::of(start);
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
    pub(super) fn and(self, other: Self) -> Self {
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

/// A colour, as far as it can be compared.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Colour {
    Rgb([u8; 3]),
    /// Of a theme or palette that is not looked up.
    Named(String),
}

impl Colour {
    pub(super) fn of(start: &BytesStart<'_>) -> Option<Self> {
        let tint = attribute(start, "tint").filter(|tint| tint.parse() != Ok(0.0_f32)).unwrap_or_default();
        let by: f32 = tint.parse().unwrap_or_default();
        if let Some(rgb) = attribute(start, "rgb") {
            let hex = rgb.get(rgb.len().saturating_sub(6)..)?;
            let [_, r, g, b] = u32::from_str_radix(hex, 16).ok()?.to_be_bytes();
            return Some(Self::Rgb([r, g, b].map(|part| tinted(part, by))));
        }
        let known = match (number(start, "theme"), number(start, "indexed")) {
            (Some(0), _) | (_, Some(1 | 9 | 65)) => Some(255),
            (Some(1), _) | (_, Some(0 | 8 | 64)) => Some(0),
            _ => None,
        };
        // A colour of the theme that is drawn into white or black is one of these, whichever it was.
        let known = known.or_else(|| (by.abs() > ALL_TINT).then_some(128));
        match known {
            Some(grey) => Some(Self::Rgb([tinted(grey, by); 3])),
            None => {
                let of = |name| attribute(start, name).unwrap_or_default();
                let name = format!("{}/{}/{tint}", of("theme"), of("indexed"));
                (name != "//").then_some(Self::Named(name))
            }
        }
    }

    pub(super) fn looks_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Rgb(one), Self::Rgb(other)) => one.iter().zip(other).all(|(a, b)| a.abs_diff(*b) <= SAME_COLOUR),
            (one, other) => one == other,
        }
    }

    fn is_white(&self) -> bool {
        self.looks_like(&Self::Rgb([255; 3]))
    }
}

/// A part of a colour, drawn into white by a tint above 0, into black by one below.
fn tinted(part: u8, by: f32) -> u8 {
    let part = f32::from(part);
    let tinted = if by > 0.0 { part + (255.0 - part) * by } else { part * (1.0 + by) };
    tinted.clamp(0.0, 255.0) as u8
}

/// What a cell's style does.
#[derive(Clone, Debug)]
pub(super) struct Style {
    format: usize,
    pub(super) looks: Looks,
    /// Its text has the colour of its ground, is too small to be read, or is drawn as pictures.
    pub(super) unseen: bool,
    /// White text cannot be seen on it.
    pub(super) white_ground: bool,
    /// Its content is repeated until the cell is full.
    pub(super) repeats: bool,
    /// A number that is too long is written smaller.
    pub(super) shrinks: bool,
    /// The colours of its text and of what that stands on.
    pub(super) colour: Colour,
    ground: Ground,
}

impl Style {
    /// Whether a part of a text that looks so cannot be read in it.
    pub(super) fn hides(&self, looks: Looks) -> bool {
        let covered = |rgb: &[u8; 3]| self.ground.as_ref().is_some_and(|ground| ground.looks_like(&Colour::Rgb(*rgb)));
        looks.unreadable || looks.white && self.white_ground || looks.colours.iter().flatten().any(covered)
    }

    /// Black on white, in the workbook's first format.
    pub(super) fn plain() -> Self {
        Self {
            format: 0,
            looks: Looks::default(),
            unseen: false,
            white_ground: true,
            repeats: false,
            shrinks: false,
            colour: Colour::Rgb([0; 3]),
            ground: Some(Colour::Rgb([255; 3])),
        }
    }
}

/// What a conditional format changes.
#[derive(Clone, Debug, Default)]
pub(super) struct Change {
    pub(super) format: Option<NumberFormat>,
    pub(super) struck: bool,
    colour: Option<Colour>,
    ground: Option<Colour>,
    /// What of it is read: its font, its ground.
    within: String,
}

impl Change {
    /// Takes what an element of it says.
    pub(super) fn take(&mut self, start: &BytesStart<'_>) {
        let element = start.local_name().as_ref().to_owned();
        match (self.within.as_str(), element.as_str()) {
            (_, "font" | "fill" | "border" | "alignment") => self.within = element,
            (_, "numFmt") => self.format = attribute(start, "formatCode").map(|code| NumberFormat::parse(&code)),
            ("font", "strike") => {
                let mut looks = Looks::default();
                looks.take(start);
                self.struck = looks.struck;
            }
            ("font", "color") => self.colour = Colour::of(start),
            ("fill", "bgColor") => self.ground = Colour::of(start),
            _ => {}
        }
    }

    /// Whether text cannot be seen in it, on a cell of a style.
    pub(super) fn hides(&self, style: &Style) -> bool {
        if self.colour.is_none() && self.ground.is_none() {
            return false;
        }
        let colour = self.colour.as_ref().unwrap_or(&style.colour);
        self.ground.as_ref().or(style.ground.as_ref()).is_some_and(|ground| ground.looks_like(colour))
    }
}

/// The styles of a workbook.
#[derive(Debug)]
pub(super) struct Styles {
    changes: Vec<Change>,
    formats: Vec<NumberFormat>,
    cells: Vec<Style>,
}

impl Styles {
    /// Those of a workbook without a part for them: every cell is General.
    pub(super) fn none() -> Self {
        Self { changes: Vec::new(), formats: vec![NumberFormat::parse("General")], cells: vec![Style::plain()] }
    }

    /// A cell's style; none for a number that the workbook does not have.
    pub(super) fn of(&self, style: u32) -> Option<&Style> {
        self.cells.get(style as usize)
    }

    /// What a conditional format changes, by its number.
    pub(super) fn change(&self, number: u32) -> Option<&Change> {
        self.changes.get(number as usize)
    }

    /// The number format of a style.
    pub(super) fn format(&self, style: &Style) -> &NumberFormat {
        &self.formats[style.format]
    }

    /// Reads the part.
    pub(super) fn read(part: &str, text: &str) -> Result<Self, Problems> {
        let mut xml = Xml::new(part, text);
        let mut reading = Reading::default();
        while let Some(piece) = xml.next()? {
            match piece {
                Piece::Start(start, empty) => reading.start(&start, empty),
                Piece::End(name) if name == reading.within => reading.within.clear(),
                Piece::End(_) => {}
                Piece::Text(_) => {}
            }
        }
        Ok(reading.styles())
    }
}

#[derive(Default)]
struct Font {
    looks: Looks,
    colour: Option<Colour>,
}

/// What a cell's text stands on; none where that is a pattern.
type Ground = Option<Colour>;

/// One entry of `cellXfs`.
struct Entry {
    format: u32,
    font: usize,
    fill: usize,
    repeats: bool,
    shrinks: bool,
}

#[derive(Default)]
struct Reading {
    /// The list that is being read. The same elements stand in conditional formats, where they are none of these.
    within: String,
    codes: Vec<(u32, String)>,
    fonts: Vec<Font>,
    grounds: Vec<Ground>,
    solid: bool,
    entries: Vec<Entry>,
    changes: Vec<Change>,
}

impl Reading {
    fn start(&mut self, start: &BytesStart<'_>, empty: bool) {
        let name = start.local_name().as_ref().to_owned();
        match (self.within.as_str(), name.as_str()) {
            ("", "numFmts" | "fonts" | "fills" | "cellXfs" | "dxfs") if !empty => self.within = name,
            ("dxfs", "dxf") => self.changes.push(Change::default()),
            ("dxfs", _) => {
                if let Some(change) = self.changes.last_mut() {
                    change.take(start);
                }
            }
            ("numFmts", "numFmt") => {
                let code = attribute(start, "formatCode").unwrap_or_default();
                self.codes.extend(number(start, "numFmtId").map(|id| (id, code)));
            }
            ("fonts", "font") => self.fonts.push(Font::default()),
            ("fonts", element) => {
                let Some(font) = self.fonts.last_mut() else { return };
                font.looks.take(start);
                if element == "color" {
                    font.colour = Colour::of(start);
                }
            }
            ("fills", "fill") => self.grounds.push(Some(Colour::Rgb([255; 3]))),
            ("fills", "patternFill") => {
                let pattern = attribute(start, "patternType").unwrap_or_else(|| "none".to_owned());
                self.solid = pattern == "solid";
                if let Some(ground) = self.grounds.last_mut().filter(|_| pattern != "none") {
                    *ground = None;
                }
            }
            ("fills", "gradientFill") => {
                if let Some(ground) = self.grounds.last_mut() {
                    *ground = None;
                }
            }
            ("fills", "fgColor") if self.solid => {
                if let Some(ground) = self.grounds.last_mut() {
                    *ground = Colour::of(start);
                }
            }
            ("cellXfs", "xf") => {
                let of = |name| number(start, name).unwrap_or(0);
                let (font, fill) = (of("fontId") as usize, of("fillId") as usize);
                self.entries.push(Entry { format: of("numFmtId"), font, fill, repeats: false, shrinks: false });
            }
            ("cellXfs", "alignment") => {
                if let Some(entry) = self.entries.last_mut() {
                    entry.repeats = attribute(start, "horizontal").as_deref() == Some("fill");
                    entry.shrinks = flag(start, "shrinkToFit");
                }
            }
            _ => {}
        }
    }

    fn styles(self) -> Styles {
        let Self { codes, fonts, grounds, entries, changes, .. } = self;
        let mut formats: Vec<NumberFormat> = Vec::new();
        let mut known: Vec<(u32, usize)> = Vec::new();
        let mut format = |id: u32| {
            if let Some((_, at)) = known.iter().find(|(other, _)| *other == id) {
                return *at;
            }
            let own = codes.iter().find(|(other, _)| *other == id).map(|(_, code)| NumberFormat::parse(code));
            let own = own.or_else(|| NumberFormat::built_in(id));
            formats.push(own.unwrap_or_else(|| NumberFormat::unknown(id)));
            known.push((id, formats.len() - 1));
            formats.len() - 1
        };
        let white = Some(Colour::Rgb([255; 3]));
        let (plain, black) = (Font::default(), Colour::Rgb([0; 3]));
        let cells = entries.iter().map(|entry| {
            let font = fonts.get(entry.font).unwrap_or(&plain);
            let ground = grounds.get(entry.fill).unwrap_or(&white);
            let colour = font.colour.as_ref().unwrap_or(&black);
            Style {
                format: format(entry.format),
                looks: Looks { white: false, colours: [None; 4], ..font.looks },
                unseen: font.looks.unreadable || ground.as_ref().is_some_and(|ground| ground.looks_like(colour)),
                white_ground: ground.as_ref().is_some_and(Colour::is_white),
                repeats: entry.repeats,
                shrinks: entry.shrinks,
                colour: colour.clone(),
                ground: ground.clone(),
            }
        });
        let cells = cells.collect();
        Styles { changes, formats, cells }
    }
}
