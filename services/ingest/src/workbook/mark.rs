//! Marks the mistakes in the sender's own file: a colour and a note on each cell at fault. Every part that need not
//! change is copied byte for byte, so nothing of the file is lost.
//!
//! The colour is a conditional format, not a cell style: it can be told from the sender's own colours and is taken away
//! when the file comes again. The same holds for notes, by their author.

mod notes;
mod patch;

use std::collections::BTreeMap;
use std::io::{Cursor, Write};

use helan_schemas::refusal::Code;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

pub(super) use self::notes::senders as senders_notes;
use super::book::{Relation, main_relations, relations, relations_part};
use super::package::{Package, broken};
use super::places::CellAt;
use super::read::Layout;
use crate::decode::headings::Lang;
use crate::limits::Limits;
use crate::memory::Share;
use crate::problems::{Problem, Problems, as_headed};

/// A new part's text by its name.
type Edits = BTreeMap<String, String>;

const CONTENT_TYPES: &str = "[Content_Types].xml";
const COMMENTS: &str = "xl/helanComments";
const DRAWING: &str = "xl/drawings/helanNotes";
const RELATION: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

/// The workbook with its mistakes marked; its notes are in one language.
///
/// # Errors
/// The file cannot be patched, for instance because it lacks its list of content types.
pub(crate) fn mark(
    bytes: &[u8],
    layout: &Layout,
    problems: &Problems,
    lang: Lang,
    (limits, share): (&Limits, &Share),
) -> Result<Vec<u8>, Problems> {
    let mut package = Package::open(bytes, limits, share)?;
    let (_, main) = main_relations(&mut package)?;
    let sheet = relations(&mut package, &layout.part)?;
    let notes = texts(problems, layout, lang);
    let mut edits = Edits::new();

    let styles = main.iter().find(|row| row.kind == "styles").ok_or_else(|| broken("styles"))?.target.clone();
    let (styles_text, format) = patch::add_format(&package.text(&styles)?)?;
    edits.insert(styles, styles_text);

    let comments = part(&package, &sheet, "comments", COMMENTS, "xml");
    let drawing = part(&package, &sheet, "vmlDrawing", DRAWING, "vml");
    let old_comments = if comments.is_new { None } else { Some(package.text(&comments.name)?) };
    let old_drawing = if drawing.is_new { None } else { Some(package.text(&drawing.name)?) };
    let (text, dropped) = notes::comments(old_comments.as_deref(), &notes)?;
    edits.insert(comments.name.clone(), text);
    edits.insert(drawing.name.clone(), notes::drawing(old_drawing.as_deref(), &notes, &dropped));

    let sheet_text = package.text(&layout.part)?;
    // The marked sheet, and the file around it.
    package.hold(sheet_text.len() + bytes.len())?;
    let cells: Vec<_> = notes.keys().copied().collect();
    let drawing_id = drawing.is_new.then_some(drawing.id.as_str());
    edits.insert(layout.part.clone(), patch::mark_cells(&sheet_text, &cells, format, drawing_id)?);

    let new: Vec<_> = [&comments, &drawing].into_iter().filter(|part| part.is_new).collect();
    if !new.is_empty() {
        let file = relations_part(&layout.part);
        let old = if package.has(&file) { package.text(&file)? } else { patch::NO_RELATIONS.to_owned() };
        let rows: String = new.iter().map(|part| part.relation()).collect();
        edits.insert(file, patch::append(&old, &rows)?);
        let old = package.text(CONTENT_TYPES)?;
        let types = patch::content_types(&old, comments.is_new.then_some(comments.name.as_str()))?;
        edits.insert(CONTENT_TYPES.to_owned(), types);
    }
    let edits = edits.into_iter().map(|(name, text)| (package.written(&name).unwrap_or(&name).to_owned(), text));
    let edits = edits.collect();
    rewrite(package, edits, bytes.len())
}

/// What stands in each note: the errors of its cell.
fn texts(problems: &Problems, layout: &Layout, lang: Lang) -> BTreeMap<CellAt, String> {
    let mut notes: BTreeMap<CellAt, String> = BTreeMap::new();
    for problem in problems.list() {
        let Some(spot) = &problem.spot else { continue };
        for at in [Some(spot.at), layout.beside(problem.code, spot.at)].into_iter().flatten() {
            let note = notes.entry(at).or_default();
            if !note.is_empty() {
                note.push_str("\n\n");
            }
            note.push_str(&text(problem, lang));
        }
    }
    notes
}

fn text(problem: &Problem, lang: Lang) -> String {
    let Problem { code, .. } = problem;
    match lang {
        Lang::Zh => {
            let said = format!("{}\n怎么办：{}", problem.message_zh(), code.hint_zh());
            format!("{}\n（{code}）", as_headed(&said, lang))
        }
        Lang::En => {
            let said = format!("{}\nWhat to do: {}", problem.message_en(), code.hint_en());
            format!("{}\n({code})", as_headed(&said, lang))
        }
    }
}

/// A part that belongs to the sheet, there already or to be added.
struct Part {
    name: String,
    id: String,
    kind: &'static str,
    is_new: bool,
}

impl Part {
    fn relation(&self) -> String {
        let Self { name, id, kind, .. } = self;
        format!(r#"<Relationship Id="{id}" Type="{RELATION}/{kind}" Target="/{name}"/>"#)
    }
}

fn part(package: &Package<'_>, sheet: &[Relation], kind: &'static str, stem: &str, ending: &str) -> Part {
    if let Some(row) = sheet.iter().find(|row| row.kind == kind && package.has(&row.target)) {
        return Part { name: row.target.clone(), id: row.id.clone(), kind, is_new: false };
    }
    let free = |number: &u32| !package.has(&format!("{stem}{number}.{ending}"));
    let number = (1..).find(free).unwrap_or_default();
    let id = format!("rIdHelan{}{number}", if ending == "vml" { "Notes" } else { "Comments" });
    Part { name: format!("{stem}{number}.{ending}"), id, kind, is_new: true }
}

/// Writes the package again: changed and new parts anew, the others as they are.
fn rewrite(package: Package<'_>, mut edits: Edits, size: usize) -> Result<Vec<u8>, Problems> {
    let mut archive = package.into_archive();
    let mut writer = ZipWriter::new(Cursor::new(Vec::with_capacity(size + 64 * 1024)));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    let mut copied = 0;
    for index in 0..archive.len() {
        let name = archive.name_for_index(index).and_then(Result::ok).map(|name| name.into_owned()).unwrap_or_default();
        if let Some(text) = edits.remove(&name) {
            writer.start_file(&name, options).map_err(broken)?;
            writer.write_all(text.as_bytes()).map_err(broken)?;
            continue;
        }
        let part = archive.by_index_raw(index).map_err(broken)?;
        // Entries that share their bytes would make a large file of a small one.
        copied += part.compressed_size();
        if copied > size as u64 {
            return Err(Problems::one(Code::DecompressedTooLarge, format!("{copied} > {size}")));
        }
        writer.raw_copy_file(part).map_err(broken)?;
    }
    for (name, text) in edits {
        writer.start_file(name, options).map_err(broken)?;
        writer.write_all(text.as_bytes()).map_err(broken)?;
    }
    Ok(writer.finish().map_err(broken)?.into_inner())
}
