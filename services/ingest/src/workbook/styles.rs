//! What the styles of a workbook do to its cells: number formats, struck, raised and invisible text.

mod colour;
mod looks;

use quick_xml::events::BytesStart;

pub(super) use self::colour::{Colour, Palette};
pub(super) use self::looks::Looks;
use super::shown::NumberFormat;
use super::xml::{Piece, Xml, attribute, flag, number};
use crate::problems::Problems;

/// The size of letters where a workbook does not say it, in points.
const USUAL_FONT: f32 = 11.0;

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
    /// A text that is too long goes on in a line below.
    pub(super) wraps: bool,
    /// Where a text begins that is too long for its column.
    pub(super) side: Side,
    /// The size of its letters, as a part of the size in which the workbook's columns are measured.
    pub(super) letters: f32,
    /// The colours of its text and of what that stands on.
    pub(super) colour: Colour,
    ground: Ground,
}

/// To which side of a cell its text is set: it spills over on the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
    /// In the middle.
    Both,
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
            wraps: false,
            side: Side::Left,
            letters: 1.0,
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
    pub(super) fn take(&mut self, start: &BytesStart<'_>, palette: &Palette) {
        let element = start.local_name().as_ref().to_owned();
        match (self.within.as_str(), element.as_str()) {
            (_, "font" | "fill" | "border" | "alignment") => self.within = element,
            (_, "numFmt") => self.format = attribute(start, "formatCode").map(|code| NumberFormat::parse(&code)),
            ("font", "strike") => {
                let mut looks = Looks::default();
                looks.take(start, palette);
                self.struck = looks.struck;
            }
            ("font", "color") => self.colour = Colour::of(start, palette),
            ("fill", "bgColor") => self.ground = Colour::of(start, palette),
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
    pub(super) palette: Palette,
    /// What the workbook's own styles of tables put on the cells below a heading: names, and numbers of changes.
    tables: Vec<(String, Vec<u32>)>,
    changes: Vec<Change>,
    formats: Vec<NumberFormat>,
    cells: Vec<Style>,
}

impl Styles {
    /// Those of a workbook without a part for them: every cell is General.
    pub(super) fn none(palette: Palette) -> Self {
        let (formats, cells) = (vec![NumberFormat::parse("General")], vec![Style::plain()]);
        Self { palette, tables: Vec::new(), changes: Vec::new(), formats, cells }
    }

    /// A cell's style; none for a number that the workbook does not have.
    pub(super) fn of(&self, style: u32) -> Option<&Style> {
        self.cells.get(style as usize)
    }

    /// What a conditional format changes, by its number.
    pub(super) fn change(&self, number: u32) -> Option<&Change> {
        self.changes.get(number as usize)
    }

    /// The numbers of the changes that a style of tables puts on the cells below a heading.
    pub(super) fn table(&self, name: &str) -> &[u32] {
        self.tables.iter().find(|(known, _)| known == name).map_or(&[], |(_, changes)| changes)
    }

    /// The number format of a style.
    pub(super) fn format(&self, style: &Style) -> &NumberFormat {
        &self.formats[style.format]
    }

    /// Reads the part, with the colours of the workbook's theme.
    pub(super) fn read(part: &str, text: &str, mut palette: Palette) -> Result<Self, Problems> {
        palette.indexed(part, text)?;
        let mut xml = Xml::new(part, text);
        let mut reading = Reading { palette, ..Reading::default() };
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
    /// In points.
    size: Option<f32>,
    colour: Option<Colour>,
}

/// What a cell's text stands on, for the most part; none where that is not known.
type Ground = Option<Colour>;

/// One entry of `cellXfs`.
struct Entry {
    format: u32,
    font: usize,
    fill: usize,
    repeats: bool,
    shrinks: bool,
    wraps: bool,
    side: Side,
}

#[derive(Default)]
struct Reading {
    /// The list that is being read. The same elements stand in conditional formats, where they are none of these.
    within: String,
    codes: Vec<(u32, String)>,
    fonts: Vec<Font>,
    grounds: Vec<Ground>,
    /// Which colour of the fill that is being read covers most of it.
    mostly: &'static str,
    palette: Palette,
    tables: Vec<(String, Vec<u32>)>,
    entries: Vec<Entry>,
    changes: Vec<Change>,
}

impl Reading {
    fn start(&mut self, start: &BytesStart<'_>, empty: bool) {
        let name = start.local_name().as_ref().to_owned();
        let palette = &self.palette;
        match (self.within.as_str(), name.as_str()) {
            ("", "numFmts" | "fonts" | "fills" | "cellXfs" | "dxfs" | "tableStyles") if !empty => self.within = name,
            ("dxfs", "dxf") => self.changes.push(Change::default()),
            ("dxfs", _) => {
                if let Some(change) = self.changes.last_mut() {
                    change.take(start, palette);
                }
            }
            ("numFmts", "numFmt") => {
                let code = attribute(start, "formatCode").unwrap_or_default();
                self.codes.extend(number(start, "numFmtId").map(|id| (id, code)));
            }
            ("fonts", "font") => self.fonts.push(Font::default()),
            ("fonts", element) => {
                let Some(font) = self.fonts.last_mut() else { return };
                font.looks.take(start, palette);
                if element == "sz" {
                    font.size = attribute(start, "val").and_then(|text| text.parse().ok());
                }
                if element == "color" {
                    font.colour = Colour::of(start, palette);
                }
            }
            ("fills", "fill") => self.grounds.push(Some(Colour::Rgb([255; 3]))),
            ("fills", "patternFill") => {
                let pattern = attribute(start, "patternType").unwrap_or_else(|| "none".to_owned());
                // What is drawn thinly leaves its ground to be seen; what is drawn thickly covers it.
                let (mostly, usual) = match pattern.as_str() {
                    "none" => ("", Some(Colour::Rgb([255; 3]))),
                    thin if thin.starts_with("light") || thin.starts_with("gray") => {
                        ("bgColor", Some(Colour::Rgb([255; 3])))
                    }
                    _ => ("fgColor", Some(Colour::Rgb([0; 3]))),
                };
                self.mostly = mostly;
                if let Some(ground) = self.grounds.last_mut() {
                    *ground = usual;
                }
            }
            ("fills", "gradientFill") => {
                self.mostly = "color";
                if let Some(ground) = self.grounds.last_mut() {
                    *ground = None;
                }
            }
            // A gradient runs through its last colour at least.
            ("fills", element) if element == self.mostly => {
                if let Some(ground) = self.grounds.last_mut() {
                    *ground = Colour::of(start, palette);
                }
            }
            ("tableStyles", "tableStyle") => {
                self.tables.push((attribute(start, "name").unwrap_or_default(), Vec::new()));
            }
            ("tableStyles", "tableStyleElement") => {
                let kind = attribute(start, "type").unwrap_or_default();
                // A heading says what its columns are; below it stands what is reported.
                let (Some((_, changes)), false) = (self.tables.last_mut(), kind.starts_with("header")) else { return };
                changes.extend(number(start, "dxfId"));
            }
            ("cellXfs", "xf") => {
                let of = |name| number(start, name).unwrap_or(0);
                let (font, fill) = (of("fontId") as usize, of("fillId") as usize);
                self.entries.push(Entry {
                    format: of("numFmtId"),
                    font,
                    fill,
                    repeats: false,
                    shrinks: false,
                    wraps: false,
                    side: Side::Left,
                });
            }
            ("cellXfs", "alignment") => {
                if let Some(entry) = self.entries.last_mut() {
                    let horizontal = attribute(start, "horizontal").unwrap_or_default();
                    entry.repeats = horizontal == "fill";
                    entry.shrinks = flag(start, "shrinkToFit");
                    entry.wraps = flag(start, "wrapText") || matches!(horizontal.as_str(), "justify" | "distributed");
                    entry.side = match horizontal.as_str() {
                        "right" => Side::Right,
                        "center" | "centerContinuous" => Side::Both,
                        _ => Side::Left,
                    };
                }
            }
            _ => {}
        }
    }

    fn styles(self) -> Styles {
        let Self { codes, fonts, grounds, entries, changes, palette, tables, .. } = self;
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
        // Columns are measured in digits of the first font.
        let size_of = |at: usize| fonts.get(at).and_then(|font| font.size).filter(|size| *size >= 1.0);
        let usual = size_of(0).unwrap_or(USUAL_FONT);
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
                wraps: entry.wraps,
                side: entry.side,
                letters: size_of(entry.font).unwrap_or(usual) / usual,
                colour: colour.clone(),
                ground: ground.clone(),
            }
        });
        let cells = cells.collect();
        Styles { palette, tables, changes, formats, cells }
    }
}
