//! Colours, and the palettes that name them.

use quick_xml::events::BytesStart;

use crate::problems::Problems;
use crate::workbook::xml::{Piece, Xml, attribute, number};

/// How far two colours may lie apart and still look the same, of 255.
const SAME_COLOUR: u8 = 16;
/// Two colours whose parts differ by no more are one if the contrast is low: cream on white. Yellow on white is seen.
const PALE: u8 = 0x66;
/// The guidelines ask for 4.5; below this, nothing is read.
const LEAST_CONTRAST: f32 = 1.1;
/// A tint that leaves next to nothing of a colour.
const ALL_TINT: f32 = 0.93;

/// The numbered colours of ECMA-376 (18.8.27), which a workbook may replace. Those from 8 on come again from 0 to 7.
const INDEXED: [u32; 56] = [
    0x000000, 0xffffff, 0xff0000, 0x00ff00, 0x0000ff, 0xffff00, 0xff00ff, 0x00ffff, 0x800000, 0x008000, 0x000080,
    0x808000, 0x800080, 0x008080, 0xc0c0c0, 0x808080, 0x9999ff, 0x993366, 0xffffcc, 0xccffff, 0x660066, 0xff8080,
    0x0066cc, 0xccccff, 0x000080, 0xff00ff, 0xffff00, 0x00ffff, 0x800080, 0x800000, 0x008080, 0x0000ff, 0x00ccff,
    0xccffff, 0xccffcc, 0xffff99, 0x99ccff, 0xff99cc, 0xcc99ff, 0xffcc99, 0x3366ff, 0x33cccc, 0x99cc00, 0xffcc00,
    0xff9900, 0xff6600, 0x666699, 0x969696, 0x003366, 0x339966, 0x003300, 0x333300, 0x993300, 0x993366, 0x333399,
    0x333333,
];
/// How a colour scheme names its colours, in the order of their numbers.
const SCHEME: [&str; 12] =
    ["lt1", "dk1", "lt2", "dk2", "accent1", "accent2", "accent3", "accent4", "accent5", "accent6", "hlink", "folHlink"];
const WHITE: [u8; 3] = [255; 3];
const BLACK: [u8; 3] = [0; 3];

/// What a workbook's numbers for colours mean.
#[derive(Clone, Debug)]
pub(in crate::workbook) struct Palette {
    /// Of its theme; those that it does not say are not known.
    theme: [Option<[u8; 3]>; SCHEME.len()],
    indexed: Vec<[u8; 3]>,
}

impl Default for Palette {
    /// Without a theme, text is black on white.
    fn default() -> Self {
        let mut theme = [None; SCHEME.len()];
        (theme[0], theme[1]) = (Some(WHITE), Some(BLACK));
        let of = |at: usize| rgb(INDEXED[if at < 8 { at } else { at - 8 }]);
        Self { theme, indexed: (0..INDEXED.len() + 8).map(of).collect() }
    }
}

impl Palette {
    /// Takes the colours of a theme's part.
    pub(in crate::workbook) fn theme(&mut self, part: &str, text: &str) -> Result<(), Problems> {
        let mut xml = Xml::new(part, text);
        let (mut within, mut in_scheme) = (None, false);
        while let Some(piece) = xml.next()? {
            match piece {
                Piece::Start(start, empty) => match start.local_name().as_ref() {
                    "clrScheme" => in_scheme = !empty,
                    "srgbClr" | "sysClr" if in_scheme => {
                        // A colour of the system is written as it last was.
                        let text = attribute(&start, "lastClr").or_else(|| attribute(&start, "val"));
                        if let (Some(at), Some(rgb)) = (within, text.and_then(|text| hex(&text))) {
                            self.theme[at] = Some(rgb);
                        }
                    }
                    name if in_scheme => within = SCHEME.iter().position(|known| *known == name).or(within),
                    _ => {}
                },
                Piece::End(name) if name == "clrScheme" => return Ok(()),
                Piece::End(_) | Piece::Text(_) => {}
            }
        }
        Ok(())
    }

    /// Takes the numbered colours that a part of styles replaces; they stand behind what uses them.
    pub(super) fn indexed(&mut self, part: &str, text: &str) -> Result<(), Problems> {
        if !text.contains("indexedColors") {
            return Ok(());
        }
        let mut xml = Xml::new(part, text);
        let (mut within, mut at) = (false, 0);
        while let Some(piece) = xml.next()? {
            match piece {
                Piece::Start(start, empty) => match start.local_name().as_ref() {
                    "indexedColors" => within = !empty,
                    "rgbColor" if within => {
                        if let (Some(own), Some(rgb)) =
                            (self.indexed.get_mut(at), attribute(&start, "rgb").and_then(|text| hex(&text)))
                        {
                            *own = rgb;
                        }
                        at += 1;
                    }
                    _ => {}
                },
                Piece::End(name) if name == "indexedColors" => return Ok(()),
                Piece::End(_) | Piece::Text(_) => {}
            }
        }
        Ok(())
    }
}

/// The last three bytes of a colour, before which its opacity may stand.
fn hex(text: &str) -> Option<[u8; 3]> {
    Some(rgb(u32::from_str_radix(text.get(text.len().saturating_sub(6)..)?, 16).ok()?))
}

fn rgb(number: u32) -> [u8; 3] {
    let [_, r, g, b] = number.to_be_bytes();
    [r, g, b]
}

/// A colour, as far as it can be compared.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::workbook) enum Colour {
    Rgb([u8; 3]),
    /// Of a theme that does not say it.
    Named(String),
}

impl Colour {
    /// The colour that an element names.
    pub(in crate::workbook) fn of(start: &BytesStart<'_>, palette: &Palette) -> Option<Self> {
        let tint = attribute(start, "tint").filter(|tint| tint.parse() != Ok(0.0_f32)).unwrap_or_default();
        let by: f32 = tint.parse().unwrap_or_default();
        if let Some(text) = attribute(start, "rgb") {
            return Some(Self::Rgb(hex(&text)?.map(|part| tinted(part, by))));
        }
        let known = match (number(start, "theme"), number(start, "indexed")) {
            (Some(at), _) => palette.theme.get(at as usize).copied().flatten(),
            // What the system has for text and for its ground.
            (_, Some(64)) => Some(BLACK),
            (_, Some(65)) => Some(WHITE),
            (_, Some(at)) => palette.indexed.get(at as usize).copied(),
            (None, None) => None,
        };
        // A colour of the theme that is drawn into white or black is one of these, whichever it was.
        let known = known.or_else(|| (by.abs() > ALL_TINT).then_some([128; 3]));
        match known {
            Some(rgb) => Some(Self::Rgb(rgb.map(|part| tinted(part, by)))),
            None => {
                let of = |name| attribute(start, name).unwrap_or_default();
                let name = format!("{}/{}/{tint}", of("theme"), of("indexed"));
                (name != "//").then_some(Self::Named(name))
            }
        }
    }

    pub(in crate::workbook) fn looks_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Rgb(one), Self::Rgb(other)) => {
                let differ = |most: u8| one.iter().zip(other).any(|(a, b)| a.abs_diff(*b) > most);
                let [darker, lighter] = {
                    let (one, other) = (luminance(*one), luminance(*other));
                    [one.min(other), one.max(other)]
                };
                !differ(SAME_COLOUR) || !differ(PALE) && (lighter + 0.05) / (darker + 0.05) < LEAST_CONTRAST
            }
            (one, other) => one == other,
        }
    }

    pub(super) fn is_white(&self) -> bool {
        self.looks_like(&Self::Rgb([255; 3]))
    }
}

/// How light a colour is, from 0 to 1, as the Web Content Accessibility Guidelines 2.2 have it.
fn luminance(rgb: [u8; 3]) -> f32 {
    let [red, green, blue] = rgb.map(|part| {
        let part = f32::from(part) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/// A part of a colour, drawn into white by a tint above 0, into black by one below.
fn tinted(part: u8, by: f32) -> u8 {
    let part = f32::from(part);
    let tinted = if by > 0.0 { part + (255.0 - part) * by } else { part * (1.0 + by) };
    tinted.clamp(0.0, 255.0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workbook::styles::Styles;

    fn unseen(font: &str, fill: &str, own: &str) -> bool {
        let theme = "<a:theme><a:themeElements><a:clrScheme name=\"x\"><a:dk1><a:sysClr val=\"windowText\" lastClr=\"000000\"/></a:dk1>\
                     <a:lt1><a:sysClr val=\"window\" lastClr=\"FFFFFF\"/></a:lt1><a:dk2><a:srgbClr val=\"44546A\"/></a:dk2>\
                     <a:lt2><a:srgbClr val=\"E7E6E6\"/></a:lt2><a:accent1><a:srgbClr val=\"FFFFFF\"/></a:accent1>\
                     <a:accent2><a:srgbClr val=\"ED7D31\"/></a:accent2></a:clrScheme></a:themeElements></a:theme>";
        let mut palette = Palette::default();
        palette.theme("theme", theme).expect("a theme");
        let styles = format!(
            "<styleSheet><fonts><font>{font}</font></fonts><fills><fill>{fill}</fill></fills>\
             <cellXfs><xf numFmtId=\"0\"/></cellXfs><colors>{own}</colors></styleSheet>"
        );
        let styles = Styles::read("styles", &styles, palette).expect("styles");
        styles.of(0).expect("a style").unseen
    }

    #[test]
    fn colours_are_those_of_the_workbook() {
        let none = "<patternFill patternType=\"none\"/>";
        let pattern = |kind: &str, front: &str, back: &str| {
            let colour = |name: &str, rgb: &str| match rgb {
                "" => String::new(),
                rgb => format!("<{name} rgb=\"{rgb}\"/>"),
            };
            let (front, back) = (colour("fgColor", front), colour("bgColor", back));
            format!("<patternFill patternType=\"{kind}\">{front}{back}</patternFill>")
        };
        let ground = |colour: &str| format!("<patternFill patternType=\"solid\"><fgColor {colour}/></patternFill>");
        for (font, fill, own, expected) in [
            ("<color theme=\"1\"/>", none, "", false),
            ("<color theme=\"0\"/>", none, "", true),
            ("<color rgb=\"FFFFFFCC\"/>", none, "", true),
            ("<color rgb=\"FFCCFFFF\"/>", none, "", true),
            ("<color rgb=\"FFFFFF00\"/>", none, "", false),
            ("<color rgb=\"FFD9D9D9\"/>", none, "", false),
            ("<color theme=\"4\"/>", none, "", true),
            ("<color theme=\"5\"/>", none, "", false),
            ("<color theme=\"5\" tint=\"0.99\"/>", none, "", true),
            ("<color theme=\"4\"/>", &ground("theme=\"5\""), "", false),
            ("<color rgb=\"FFED7D31\"/>", &ground("theme=\"5\""), "", true),
            ("<color indexed=\"9\"/>", none, "", true),
            ("<color indexed=\"10\"/>", &ground("rgb=\"FFFF0000\""), "", true),
            ("<color indexed=\"8\"/>", none, "", false),
            // A palette of its own: its first colour is white.
            ("<color indexed=\"0\"/>", none, "<indexedColors><rgbColor rgb=\"00FFFFFF\"/></indexedColors>", true),
            ("<color indexed=\"1\"/>", none, "<indexedColors><rgbColor rgb=\"00FFFFFF\"/></indexedColors>", true),
            ("<color indexed=\"64\"/>", &ground("indexed=\"65\""), "", false),
            // Drawn thinly on white, thickly in white, or running into white: white cannot be read on it.
            ("<color indexed=\"9\"/>", &pattern("gray125", "", ""), "", true),
            ("<color indexed=\"9\"/>", &pattern("lightUp", "FF000000", "FFFFFFFF"), "", true),
            ("<color indexed=\"9\"/>", &pattern("darkGray", "FFFFFFFF", "FF000000"), "", true),
            ("<color indexed=\"9\"/>", &pattern("darkGray", "FF000000", "FFFFFFFF"), "", false),
            ("<color indexed=\"8\"/>", &pattern("gray125", "", ""), "", false),
            ("<color indexed=\"8\"/>", &pattern("darkTrellis", "", ""), "", true),
            // Without a colour of its own a solid ground is black; some programs leave black out.
            ("<color indexed=\"8\"/>", &pattern("solid", "", ""), "", true),
            ("", &pattern("solid", "", ""), "", true),
            ("<color indexed=\"9\"/>", &pattern("solid", "", ""), "", false),
            ("<color indexed=\"9\"/>", "<gradientFill><stop><color rgb=\"FFFFFFFF\"/></stop></gradientFill>", "", true),
        ] {
            assert_eq!(unseen(font, fill, own), expected, "{font} {fill} {own}");
        }
    }
}
