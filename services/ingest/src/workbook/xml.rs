//! Small help for reading a workbook's XML: elements by local name, attributes, texts, no entities of the file's own.

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::package::broken;
use crate::problems::Problems;

/// A reader that refuses what no spreadsheet writes: document types, and with them entities.
pub(super) struct Xml<'x> {
    reader: Reader<&'x [u8]>,
    part: &'x str,
}

/// What of the XML matters here.
pub(super) enum Piece<'x> {
    /// An element begins; true if it ends at once.
    Start(BytesStart<'x>, bool),
    /// An element ends: its local name.
    End(String),
    /// Characters.
    Text(String),
}

impl<'x> Xml<'x> {
    /// Reads the text of a part.
    pub(super) fn new(part: &'x str, text: &'x str) -> Self {
        Self { reader: Reader::from_str(text), part }
    }

    /// Position after the last piece.
    pub(super) fn position(&self) -> usize {
        self.reader.buffer_position() as usize
    }

    /// The next piece; none at the end.
    pub(super) fn next(&mut self) -> Result<Option<Piece<'x>>, Problems> {
        loop {
            let event = self.reader.read_event().map_err(|error| broken(format!("{}: {error}", self.part)))?;
            return Ok(Some(match event {
                Event::Start(start) => Piece::Start(start, false),
                Event::Empty(start) => Piece::Start(start, true),
                Event::End(end) => Piece::End(end.local_name().as_ref().to_owned()),
                Event::Text(text) => Piece::Text(text.xml10_content().into_owned()),
                Event::CData(text) => Piece::Text(text.xml10_content().into_owned()),
                Event::GeneralRef(reference) => {
                    let named = || quick_xml::escape::resolve_predefined_entity(&reference).map(str::to_owned);
                    let text = match reference.resolve_char_ref() {
                        Ok(Some(c)) => Some(c.to_string()),
                        Ok(None) => named(),
                        Err(_) => None,
                    };
                    Piece::Text(text.ok_or_else(|| broken(format!("{}: &{};", self.part, &*reference)))?)
                }
                Event::DocType(_) => return Err(broken(format!("{}: DOCTYPE", self.part))),
                Event::Decl(_) | Event::PI(_) | Event::Comment(_) => continue,
                Event::Eof => return Ok(None),
            }));
        }
    }
}

/// An attribute by its local name, unescaped.
pub(super) fn attribute(start: &BytesStart<'_>, name: &str) -> Option<String> {
    let attribute = start.attributes().flatten().find(|attribute| attribute.key.local_name().as_ref() == name)?;
    attribute.normalized_value(XmlVersion::Implicit1_0).ok().map(|value| value.into_owned())
}

/// A number in an attribute.
pub(super) fn number(start: &BytesStart<'_>, name: &str) -> Option<u32> {
    attribute(start, name)?.parse().ok()
}

/// A truth value in an attribute; absent is false.
pub(super) fn flag(start: &BytesStart<'_>, name: &str) -> bool {
    attribute(start, name).is_some_and(|text| text == "1" || text == "true")
}
