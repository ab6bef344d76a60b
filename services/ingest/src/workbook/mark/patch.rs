//! Small changes to a workbook's XML that leave everything else as it was, byte for byte.

use std::fmt::Write;

use super::super::package::broken;
use super::super::places::CellAt;
use super::super::xml::{Piece, Xml, attribute};
use super::RELATION;
use crate::problems::Problems;

/// An empty relationships part.
pub(super) const NO_RELATIONS: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"></Relationships>";
/// A formula that is always true and tells our marks from the sender's own formats.
const ALWAYS: &str = "N(\"helan\")=0";
/// What stands behind conditional formats in a sheet, and behind the drawing of its notes.
const BEHIND_FORMATS: [&str; 24] = [
    "dataValidations",
    "hyperlinks",
    "printOptions",
    "pageMargins",
    "pageSetup",
    "headerFooter",
    "rowBreaks",
    "colBreaks",
    "customProperties",
    "cellWatches",
    "ignoredErrors",
    "smartTags",
    "drawing",
    "legacyDrawing",
    "legacyDrawingHF",
    "drawingHF",
    "picture",
    "oleObjects",
    "controls",
    "webPublishItems",
    "tableParts",
    "extLst",
    "AlternateContent",
    "",
];
const BEHIND_NOTES: [&str; 9] = [
    "legacyDrawingHF",
    "drawingHF",
    "picture",
    "oleObjects",
    "controls",
    "webPublishItems",
    "tableParts",
    "extLst",
    "AlternateContent",
];
const BEHIND_DXFS: [&str; 3] = ["tableStyles", "colors", "extLst"];
const FORMAT: &str = "<font><color rgb=\"FF9C0006\"/></font><fill><patternFill patternType=\"solid\"><fgColor rgb=\"FFFFC7CE\"/><bgColor rgb=\"FFFFC7CE\"/></patternFill></fill>";

/// One child of a document's root.
pub(super) struct Child {
    pub(super) name: String,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// A document's root and its children, by their places in the text.
pub(super) struct Outline {
    /// `x:` where elements are written so.
    pub(super) prefix: String,
    pub(super) children: Vec<Child>,
    /// Where the root's end begins.
    pub(super) end: usize,
}

impl Outline {
    pub(super) fn of(text: &str) -> Result<Self, Problems> {
        let mut xml = Xml::new("patch", text);
        let mut outline = Self { prefix: String::new(), children: Vec::new(), end: 0 };
        let (mut depth, mut before) = (0_usize, 0);
        while let Some(piece) = xml.next()? {
            match piece {
                Piece::Start(start, empty) => {
                    if depth == 0 {
                        let name = start.name();
                        let name = name.as_ref();
                        outline.prefix = name.split_once(':').map_or(String::new(), |(prefix, _)| format!("{prefix}:"));
                        if empty {
                            return Err(broken("an empty root"));
                        }
                    } else if depth == 1 {
                        // What the reader skipped before the element, such as a comment, is none of it.
                        let skipped = text[before..xml.position()].rfind('<').unwrap_or(0);
                        let name = start.local_name().as_ref().to_owned();
                        outline.children.push(Child { name, start: before + skipped, end: xml.position() });
                    }
                    depth += usize::from(!empty);
                }
                Piece::End(_) => {
                    depth = depth.saturating_sub(1);
                    match outline.children.last_mut() {
                        Some(child) if depth == 1 => child.end = xml.position(),
                        _ if depth == 0 => {
                            outline.end = before + text[before..xml.position()].rfind("</").unwrap_or(0);
                            return Ok(outline);
                        }
                        _ => {}
                    }
                }
                Piece::Text(_) => {}
            }
            before = xml.position();
        }
        Err(broken("no end"))
    }

    fn child(&self, name: &str) -> Option<&Child> {
        self.children.iter().find(|child| child.name == name)
    }

    /// Where a new child belongs: before the first of those that stand behind it.
    fn place(&self, behind: &[&str]) -> usize {
        let next = self.children.iter().find(|child| behind.contains(&child.name.as_str()));
        next.map_or(self.end, |child| child.start)
    }
}

/// Adds text as the root's last children.
pub(super) fn append(text: &str, more: &str) -> Result<String, Problems> {
    // An empty root has no end to stand before.
    let opened = match text.trim_end().strip_suffix("/>") {
        Some(head) if text.matches('<').count() <= 2 => {
            let name = head.rsplit('<').next().and_then(|tag| tag.split_whitespace().next()).unwrap_or_default();
            format!("{head}></{name}>")
        }
        _ => text.to_owned(),
    };
    let end = Outline::of(&opened)?.end;
    Ok(format!("{}{more}{}", &opened[..end], &opened[end..]))
}

/// Adds the types of the notes' parts.
pub(super) fn content_types(text: &str, comments: Option<&str>) -> Result<String, Problems> {
    let mut more = String::new();
    let lower = text.to_ascii_lowercase();
    if !lower.contains("extension=\"vml\"") && !lower.contains("extension='vml'") {
        more.push_str(
            "<Default Extension=\"vml\" ContentType=\"application/vnd.openxmlformats-officedocument.vmlDrawing\"/>",
        );
    }
    if let Some(name) = comments {
        let _ = write!(
            more,
            "<Override PartName=\"/{name}\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml\"/>"
        );
    }
    append(text, &more)
}

/// Adds the colour of marks to the styles; returns its index among the conditional formats' styles.
pub(super) fn add_format(text: &str) -> Result<(String, usize), Problems> {
    let outline = Outline::of(text)?;
    let p = &outline.prefix;
    let format = format!(
        "<{p}dxf>{}</{p}dxf>",
        FORMAT.replace("</", "\u{0}").replace('<', &format!("<{p}")).replace('\u{0}', &format!("</{p}"))
    );
    let Some(dxfs) = outline.child("dxfs") else {
        let at = outline.place(&BEHIND_DXFS);
        return Ok((format!("{}<{p}dxfs count=\"1\">{format}</{p}dxfs>{}", &text[..at], &text[at..]), 0));
    };
    let old = &text[dxfs.start..dxfs.end];
    let count = count(old, "dxf")?;
    let inner = match (old.find('>'), old.rfind("</")) {
        (Some(from), Some(to)) if from < to => &old[from + 1..to],
        _ => "",
    };
    let new = format!("<{p}dxfs count=\"{}\">{inner}{format}</{p}dxfs>", count + 1);
    Ok((format!("{}{new}{}", &text[..dxfs.start], &text[dxfs.end..]), count))
}

/// Elements of a name in a piece of XML.
fn count(text: &str, name: &str) -> Result<usize, Problems> {
    let mut xml = Xml::new("patch", text);
    let mut count = 0;
    while let Some(piece) = xml.next()? {
        count += usize::from(matches!(piece, Piece::Start(start, _) if start.local_name().as_ref() == name));
    }
    Ok(count)
}

/// Colours cells of a sheet, takes earlier marks away, and names the drawing of the notes if it is new.
pub(super) fn mark_cells(
    text: &str,
    cells: &[CellAt],
    format: usize,
    drawing: Option<&str>,
) -> Result<String, Problems> {
    let mut text = text.to_owned();
    let earlier = Outline::of(&text)?;
    for child in earlier.children.iter().rev().filter(|child| child.name == "conditionalFormatting") {
        let inside = &text[child.start..child.end];
        if inside.contains(ALWAYS) || inside.contains(&ALWAYS.replace('"', "&quot;")) {
            text.replace_range(child.start..child.end, "");
        }
    }
    let outline = Outline::of(&text)?;
    let p = &outline.prefix;
    if let Some(id) = drawing {
        let at = outline.place(&BEHIND_NOTES);
        text.insert_str(at, &format!("<{p}legacyDrawing xmlns:r=\"{RELATION}\" r:id=\"{id}\"/>"));
    }
    if !cells.is_empty() {
        let at = outline.place(&BEHIND_FORMATS);
        let cells: Vec<_> = cells.iter().map(ToString::to_string).collect();
        let priority = highest_priority(&text)? + 1;
        let rule = format!(
            "<{p}conditionalFormatting sqref=\"{}\"><{p}cfRule type=\"expression\" dxfId=\"{format}\" priority=\"{priority}\"><{p}formula>{}</{p}formula></{p}cfRule></{p}conditionalFormatting>",
            cells.join(" "),
            ALWAYS.replace('"', "&quot;"),
        );
        text.insert_str(at, &rule);
    }
    Ok(text)
}

fn highest_priority(text: &str) -> Result<u32, Problems> {
    let mut xml = Xml::new("patch", text);
    let mut highest = 0;
    while let Some(piece) = xml.next()? {
        if let Piece::Start(start, _) = piece
            && start.local_name().as_ref() == "cfRule"
        {
            let priority = attribute(&start, "priority").and_then(|text| text.parse().ok());
            highest = highest.max(priority.unwrap_or(0));
        }
    }
    Ok(highest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const G12: [CellAt; 1] = [CellAt { row: 12, column: 7 }];

    #[test]
    fn marks_stand_where_they_belong_and_go_again() {
        let sheet = "<worksheet><sheetData/><conditionalFormatting sqref=\"A1\"><cfRule type=\"x\" priority=\"4\"/></conditionalFormatting><dataValidations/><pageMargins/><tableParts/></worksheet>";
        let marked = mark_cells(sheet, &G12, 3, Some("rId9")).expect("marked");
        let order = [
            "<sheetData",
            "sqref=\"A1\"",
            "sqref=\"G12\"",
            "<dataValidations",
            "<pageMargins",
            "<legacyDrawing",
            "<tableParts",
        ];
        let places: Vec<_> = order.iter().map(|part| marked.find(part).expect(part)).collect();
        assert!(places.is_sorted(), "{marked}");
        assert!(marked.contains("priority=\"5\"") && marked.contains("dxfId=\"3\""));
        let again = mark_cells(&marked, &[], 3, None).expect("again");
        assert!(!again.contains("G12") && again.contains("sqref=\"A1\""), "{again}");
        let prefixed =
            mark_cells("<x:worksheet xmlns:x=\"y\"><x:sheetData/></x:worksheet>", &G12, 0, None).expect("marked");
        assert!(prefixed.ends_with("</x:conditionalFormatting></x:worksheet>"), "{prefixed}");
    }

    #[test]
    fn adds_a_format_to_any_styles() {
        for (old, index) in [
            ("<styleSheet><cellXfs/><tableStyles/></styleSheet>", 0),
            ("<styleSheet><cellXfs/><dxfs count=\"0\"/><tableStyles/></styleSheet>", 0),
            ("<styleSheet><dxfs count=\"1\"><dxf><font/></dxf></dxfs></styleSheet>", 1),
        ] {
            let (text, found) = add_format(old).expect("styles");
            assert_eq!(found, index, "{text}");
            assert_eq!(count(&text, "dxf").expect("xml"), index + 1, "{text}");
            assert!(text.contains(&format!("count=\"{}\"", index + 1)), "{text}");
        }
    }

    #[test]
    fn appends_to_empty_roots_too() {
        assert_eq!(append("<a x=\"1\"/>", "<b/>").expect("xml"), "<a x=\"1\"><b/></a>");
        assert_eq!(append("<a><c/></a>", "<b/>").expect("xml"), "<a><c/><b/></a>");
        assert!(append(NO_RELATIONS, "<b/>").expect("xml").ends_with("<b/></Relationships>"));
    }
}
