//! The notes of a sheet: their texts, and the old drawing that gives each its box.

use std::collections::BTreeMap;
use std::fmt::Write;

use quick_xml::escape::escape;

use super::super::places::CellAt;
use super::super::xml::{Piece, Xml, attribute};
use super::patch::Outline;
use crate::problems::Problems;

/// The author of our notes.
const AUTHOR: &str = "Helan";
/// Begins our notes, and what is added to a note of the sender's own. By this they are found when the file comes again:
/// LibreOffice saves no authors, and joins runs of text.
const OURS: &str = "【Helan】";
const NEW_COMMENTS: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<comments xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><authors></authors><commentList></commentList></comments>";
const NEW_DRAWING: &str = "<xml xmlns:v=\"urn:schemas-microsoft-com:vml\" xmlns:o=\"urn:schemas-microsoft-com:office:office\" xmlns:x=\"urn:schemas-microsoft-com:office:excel\"><o:shapelayout v:ext=\"edit\"><o:idmap v:ext=\"edit\" data=\"1\"/></o:shapelayout></xml>";
const SHAPE_TYPE: &str = "<v:shapetype id=\"_x0000_t202\" coordsize=\"21600,21600\" o:spt=\"202\" path=\"m,l,21600r21600,l21600,xe\"><v:stroke joinstyle=\"miter\"/><v:path gradientshapeok=\"t\" o:connecttype=\"rect\"/></v:shapetype>";
/// Columns and rows that a note's box covers.
const BOX: (u32, u32) = (4, 7);

/// The comments part with our notes in it, and the cells whose notes of ours went.
pub(super) fn comments(old: Option<&str>, notes: &BTreeMap<CellAt, String>) -> Result<(String, Vec<CellAt>), Problems> {
    let text = old.unwrap_or(NEW_COMMENTS);
    let outline = Outline::of(text)?;
    let p = outline.prefix.clone();
    let (authors, list) = contents(text, &outline)?;
    let our = authors.iter().position(|author| author == AUTHOR);
    let author = our.unwrap_or(authors.len());
    let mut notes = notes.clone();
    let (mut kept, mut dropped) = (Vec::new(), Vec::new());
    for comment in list {
        if (our.is_some() && comment.author == our) || comment.text.trim_start().starts_with(OURS) {
            dropped.push(comment.at);
            continue;
        }
        let mut xml = without_addition(&comment.xml, &p);
        if let Some(note) = notes.remove(&comment.at)
            && let Some(end) = xml.rfind(&format!("</{p}text>"))
        {
            xml.insert_str(end, &run(&format!("\n\n{OURS}\n{note}"), &p));
        }
        kept.push((comment.at, xml));
    }
    for (at, note) in notes {
        let text = run(&format!("{OURS}\n{note}"), &p);
        kept.push((
            at,
            format!("<{p}comment ref=\"{at}\" authorId=\"{author}\"><{p}text>{text}</{p}text></{p}comment>"),
        ));
    }
    kept.sort_by_key(|(at, _)| *at);
    let mut out = String::new();
    let head = outline.children.first().map_or(outline.end, |child| child.start);
    out.push_str(&text[..head]);
    let names = authors.iter().map(String::as_str).chain(our.is_none().then_some(AUTHOR));
    let names: String = names.map(|name| format!("<{p}author>{}</{p}author>", escape(name))).collect();
    let _ = write!(out, "<{p}authors>{names}</{p}authors><{p}commentList>");
    kept.iter().for_each(|(_, xml)| out.push_str(xml));
    let _ = write!(out, "</{p}commentList>");
    for child in outline.children.iter().filter(|child| !matches!(child.name.as_str(), "authors" | "commentList")) {
        out.push_str(&text[child.start..child.end]);
    }
    out.push_str(&text[outline.end..]);
    Ok((out, dropped))
}

/// The notes of the sender's own, without what we added to them.
pub(in super::super) fn senders(text: &str) -> Result<Vec<(CellAt, String)>, Problems> {
    let (authors, list) = contents(text, &Outline::of(text)?)?;
    let our = authors.iter().position(|author| author == AUTHOR);
    let own = list.into_iter().filter(|comment| our.is_none() || comment.author != our);
    let own = own.map(|comment| (comment.at, comment.text.split(OURS).next().unwrap_or_default().to_owned()));
    Ok(own.filter(|(_, text)| !text.trim().is_empty()).collect())
}

struct Comment {
    at: CellAt,
    author: Option<usize>,
    text: String,
    xml: String,
}

/// Authors and comments as they stand.
fn contents(text: &str, outline: &Outline) -> Result<(Vec<String>, Vec<Comment>), Problems> {
    let (mut authors, mut list) = (Vec::new(), Vec::new());
    for child in &outline.children {
        let inside = &text[child.start..child.end];
        // An empty list has neither children nor an end of its own.
        if inside.ends_with("/>") && inside.matches('<').count() == 1 {
            continue;
        }
        match child.name.as_str() {
            "authors" => {
                let (mut xml, mut name) = (Xml::new("authors", inside), None::<String>);
                while let Some(piece) = xml.next()? {
                    match piece {
                        Piece::Start(start, empty) if start.local_name().as_ref() == "author" => {
                            if empty {
                                authors.push(String::new())
                            } else {
                                name = Some(String::new())
                            }
                        }
                        Piece::Text(more) => {
                            if let Some(name) = &mut name {
                                name.push_str(&more);
                            }
                        }
                        Piece::End(end) if end == "author" => authors.extend(name.take()),
                        _ => {}
                    }
                }
            }
            "commentList" => {
                for comment in &Outline::of(inside)?.children {
                    let xml = &inside[comment.start..comment.end];
                    let Some(Piece::Start(start, _)) = Xml::new("comment", xml).next()? else { continue };
                    let Some(at) = attribute(&start, "ref").and_then(|text| CellAt::parse(&text)) else { continue };
                    let author = attribute(&start, "authorId").and_then(|text| text.parse().ok());
                    list.push(Comment { at, author, text: text_of(xml)?, xml: xml.to_owned() });
                }
            }
            _ => {}
        }
    }
    Ok((authors, list))
}

/// What a comment says.
fn text_of(comment: &str) -> Result<String, Problems> {
    let (mut xml, mut text) = (Xml::new("comment", comment), String::new());
    while let Some(piece) = xml.next()? {
        if let Piece::Text(more) = piece {
            text.push_str(&more);
        }
    }
    Ok(text)
}

/// A sender's own comment without what we added to it earlier: that stands at its end, in a run of its own or not.
fn without_addition(xml: &str, p: &str) -> String {
    let (Some(mark), Some(end)) = (xml.find(OURS), xml.rfind(&format!("</{p}text>"))) else { return xml.to_owned() };
    let kept = xml[..mark].trim_end();
    let opened = |name: &str| kept.rfind(&format!("<{p}{name}>")).max(kept.rfind(&format!("<{p}{name} ")));
    let in_run = opened("r") > kept.rfind(&format!("</{p}r>"));
    let closed = if in_run { format!("</{p}t></{p}r>") } else { format!("</{p}t>") };
    format!("{kept}{closed}{}", &xml[end..])
}

fn run(text: &str, p: &str) -> String {
    format!("<{p}r><{p}t xml:space=\"preserve\">{}</{p}t></{p}r>", escape(text))
}

/// The drawing with a box for each note. It is an old format that is not always well-formed, so it is handled as text.
pub(super) fn drawing(old: Option<&str>, notes: &BTreeMap<CellAt, String>, dropped: &[CellAt]) -> String {
    let mut text = old.unwrap_or(NEW_DRAWING).to_owned();
    let mut boxed = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find("<v:shape ").map(|at| from + at) {
        let Some(end) = text[start..].find("</v:shape>").map(|at| start + at + "</v:shape>".len()) else { break };
        let cell = note_cell(&text[start..end]);
        if cell.is_some_and(|at| dropped.contains(&at)) {
            text.replace_range(start..end, "");
            from = start;
        } else {
            boxed.extend(cell);
            from = end;
        }
    }
    let mut more = String::new();
    if !text.contains("_x0000_t202\"") {
        more.push_str(SHAPE_TYPE);
    }
    for (id, at) in (1 + last_id(&text)..).zip(notes.keys().filter(|at| !boxed.contains(at))) {
        more.push_str(&shape(*at, id));
    }
    let end = text.rfind("</xml>").unwrap_or(text.len());
    text.insert_str(end, &more);
    text
}

/// The cell of a note's box.
fn note_cell(shape: &str) -> Option<CellAt> {
    let inside = |name: &str| {
        let (_, rest) = shape.split_once(&format!("<x:{name}>"))?;
        rest.split('<').next()?.trim().parse::<u32>().ok()
    };
    Some(CellAt { row: inside("Row")?.checked_add(1)?, column: inside("Column")?.checked_add(1)? })
}

/// The largest number of a shape's id; the first that Excel gives is 1025.
fn last_id(text: &str) -> u32 {
    let ids = text.split("_x0000_s").skip(1).filter_map(|rest| {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        rest[..digits].parse::<u32>().ok()
    });
    ids.max().unwrap_or(1024).clamp(1024, u32::MAX / 2)
}

fn shape(at: CellAt, id: u32) -> String {
    let (row, column) = (at.row - 1, at.column - 1);
    let (left, top) = (column + 1, row.saturating_sub(1));
    let (right, bottom) = (left + BOX.0, top + BOX.1);
    format!(
        "<v:shape id=\"_x0000_s{id}\" type=\"#_x0000_t202\" style=\"position:absolute;width:300pt;height:120pt;z-index:{z};visibility:hidden\" fillcolor=\"#ffffe1\" o:insetmode=\"auto\"><v:fill color2=\"#ffffe1\"/><v:shadow on=\"t\" color=\"black\" obscured=\"t\"/><v:path o:connecttype=\"none\"/><v:textbox style=\"mso-direction-alt:auto\"><div style=\"text-align:left\"></div></v:textbox><x:ClientData ObjectType=\"Note\"><x:MoveWithCells/><x:SizeWithCells/><x:Anchor>{left}, 15, {top}, 10, {right}, 15, {bottom}, 4</x:Anchor><x:AutoFill>False</x:AutoFill><x:Row>{row}</x:Row><x:Column>{column}</x:Column></x:ClientData></v:shape>",
        z = id - 1024,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notes(cells: &[(&str, &str)]) -> BTreeMap<CellAt, String> {
        cells.iter().map(|(at, text)| (CellAt::parse(at).expect("a cell"), (*text).to_owned())).collect()
    }

    #[test]
    fn keeps_the_senders_notes_and_replaces_its_own() {
        let old = "<comments><authors><author>办事员</author></authors><commentList><comment ref=\"B2\" authorId=\"0\"><text><t>mine</t></text></comment></commentList></comments>";
        let (first, dropped) = comments(Some(old), &notes(&[("B2", "bad <b>"), ("C3", "worse")])).expect("comments");
        assert!(dropped.is_empty() && first.contains("mine") && first.contains("bad &lt;b&gt;"), "{first}");
        assert!(first.contains("<author>Helan</author>") && first.contains("ref=\"C3\" authorId=\"1\""), "{first}");
        let (second, dropped) = comments(Some(&first), &notes(&[("D4", "new")])).expect("comments");
        assert_eq!(dropped, [CellAt { row: 3, column: 3 }]);
        assert!(second.contains("<t>mine</t>") && !second.contains("bad") && !second.contains("worse"), "{second}");
        assert_eq!(second.matches("<author>Helan").count(), 1);
        // As LibreOffice saves it: no author, one run, plain line ends.
        let saved = "<comments><authors><author></author></authors><commentList><comment ref=\"B2\" authorId=\"0\"><text><r><rPr><sz val=\"9\"/></rPr><t xml:space=\"preserve\">mine\n\n【Helan】\nbad</t></r></text></comment><comment ref=\"C3\" authorId=\"0\"><text><r><t xml:space=\"preserve\">【Helan】\nworse</t></r></text></comment></commentList></comments>";
        let (third, dropped) = comments(Some(saved), &notes(&[("B2", "still")])).expect("comments");
        assert_eq!(dropped, [CellAt { row: 3, column: 3 }]);
        assert!(third.contains("mine</t></r><r>") && third.contains("still") && !third.contains("bad"), "{third}");
    }

    #[test]
    fn every_note_has_one_box() {
        let first = drawing(None, &notes(&[("B2", "x"), ("C3", "y")]), &[]);
        assert_eq!((first.matches("<v:shape ").count(), first.matches("<v:shapetype").count()), (2, 1));
        let second = drawing(Some(&first), &notes(&[("B2", "x"), ("D4", "z")]), &[CellAt { row: 3, column: 3 }]);
        let cells: Vec<_> = second.split("<v:shape ").skip(1).filter_map(note_cell).collect();
        assert_eq!(cells.iter().map(ToString::to_string).collect::<Vec<_>>(), ["B2", "D4"]);
        assert!(second.matches("_x0000_s1026").count() == 1 && second.ends_with("</xml>"), "{second}");
    }
}
