//! What the parts of a workbook say beside its cells: sheets, shared texts, styles, how dates are counted and results
//! computed.

use helan_schemas::refusal::Code;
use quick_xml::events::BytesStart;

use super::package::{Package, broken};
use super::styles::{Looks, Palette, Styles};
use super::xml::{Piece, Xml, attribute, flag};
use crate::problems::{Problems, quoted};

/// Names under which the sheet to be read is found among several.
const DATA_SHEETS: [&str; 2] = ["数据", "data"];
/// The setting by which formulas are computed only when a person asks for it.
pub(super) const ON_DEMAND: &str = "calcMode=manual";
/// Longest text of one cell: Excel's own bound is 32,767 characters.
const MAX_TEXT_BYTES: usize = 4 * 32_767;

/// One sheet of the book.
#[derive(Clone, Debug)]
pub(super) struct SheetEntry {
    pub(super) name: String,
    pub(super) part: String,
    hidden: bool,
}

/// A workbook without its cells.
#[derive(Debug)]
pub(super) struct Book {
    pub(super) sheets: Vec<SheetEntry>,
    pub(super) texts: Vec<SharedText>,
    pub(super) styles: Styles,
    /// Days count from 1904 rather than 1900.
    pub(super) from_1904: bool,
    /// Why its formulas have no results, if the file says so: the setting.
    pub(super) uncomputed: Option<String>,
}

/// A text that cells share, and how any part of it looks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SharedText {
    pub(super) text: String,
    pub(super) looks: Looks,
}

impl Book {
    /// Reads everything but the cells.
    pub(super) fn read(package: &mut Package<'_>) -> Result<Self, Problems> {
        let (main, relations) = main_relations(package)?;
        let part_of = |kind: &str| relations.iter().find(|row| row.kind == kind).map(|row| row.target.clone());
        let mut palette = Palette::default();
        if let Some(part) = part_of("theme").filter(|part| package.has(part)) {
            palette.theme(&part, &package.text(&part)?)?;
        }
        // A part that is named and missing is an error: without its styles a number says something else.
        let styles = match part_of("styles") {
            Some(part) => Styles::read(&part, &package.text(&part)?, palette)?,
            None => Styles::none(palette),
        };
        let (sheets, texts) = (Vec::new(), Vec::new());
        let mut book = Self { sheets, texts, styles, from_1904: false, uncomputed: None };
        let text = package.text(&main)?;
        let mut xml = Xml::new(&main, &text);
        while let Some(piece) = xml.next()? {
            let Piece::Start(start, _) = piece else { continue };
            match start.local_name().as_ref() {
                "workbookPr" => book.from_1904 = flag(&start, "date1904"),
                "calcPr" => book.uncomputed = uncomputed(&start),
                "sheet" => {
                    let id = attribute(&start, "id").unwrap_or_default();
                    // Chart sheets have no cells.
                    let Some(part) = relations.iter().find(|row| row.id == id && row.kind == "worksheet") else {
                        continue;
                    };
                    book.sheets.push(SheetEntry {
                        name: attribute(&start, "name").unwrap_or_default(),
                        part: part.target.clone(),
                        hidden: attribute(&start, "state").is_some_and(|state| state != "visible"),
                    });
                }
                _ => {}
            }
        }
        if let Some(part) = part_of("sharedStrings").filter(|part| package.has(part)) {
            let text = package.text(&part)?;
            book.texts = shared_texts((&part, &text), &book.styles.palette, |bytes| package.hold(bytes))?;
        }
        Ok(book)
    }

    /// The sheet to be read: the one named data, else the only one that shows.
    pub(super) fn data_sheet(&self) -> Result<&SheetEntry, Problems> {
        // A copy of the sheet may be the one that was filled in.
        let is_data = |sheet: &&SheetEntry| {
            let is_one = |text: &str| DATA_SHEETS.iter().any(|name| text.trim().eq_ignore_ascii_case(name));
            is_one(&sheet.name) || (!sheet.hidden && is_one(without_number(&sheet.name)))
        };
        let named: Vec<_> = self.sheets.iter().filter(is_data).collect();
        let visible: Vec<_> = self.sheets.iter().filter(|sheet| !sheet.hidden).collect();
        let names =
            |sheets: &[&SheetEntry]| sheets.iter().map(|sheet| quoted(&sheet.name)).collect::<Vec<_>>().join(" ");
        match (named.as_slice(), visible.as_slice()) {
            ([sheet], _) if sheet.hidden => Err(Problems::one(Code::SheetHidden, quoted(&sheet.name))),
            ([sheet], _) | ([], [sheet]) => Ok(sheet),
            ([], []) => Err(Problems::one(Code::SheetNotFound, "")),
            ([], several) => Err(Problems::one(Code::SheetAmbiguous, names(several))),
            (several, _) => Err(Problems::one(Code::SheetAmbiguous, names(several))),
        }
    }
}

/// The name of the sheet of which one is a copy: programs put a number behind it.
fn without_number(name: &str) -> &str {
    let number = name.trim().strip_suffix([')', '）']).and_then(|name| name.rsplit_once(['(', '（']));
    number.filter(|(_, number)| number.parse::<u32>().is_ok()).map_or(name, |(name, _)| name)
}

/// The part that lists the sheets, and its relations.
pub(super) fn main_relations(package: &mut Package<'_>) -> Result<(String, Vec<Relation>), Problems> {
    let root = relations(package, "")?;
    let main = root.iter().find(|relation| relation.kind == "officeDocument");
    let main = main.map_or_else(|| "xl/workbook.xml".to_owned(), |relation| relation.target.clone());
    let relations = relations(package, &main)?;
    Ok((main, relations))
}

/// One relation of a part to another.
#[derive(Clone, Debug)]
pub(super) struct Relation {
    pub(super) id: String,
    /// Last word of its type: `worksheet`, `comments` …
    pub(super) kind: String,
    /// The other part's name in the package.
    pub(super) target: String,
}

/// The part that holds a part's relations.
pub(super) fn relations_part(part: &str) -> String {
    let (folder, name) = part.rsplit_once('/').map_or(("", part), |(folder, name)| (folder, name));
    if folder.is_empty() { format!("_rels/{name}.rels") } else { format!("{folder}/_rels/{name}.rels") }
}

/// A part's relations to parts of the same package; none if it has no such file.
pub(super) fn relations(package: &mut Package<'_>, part: &str) -> Result<Vec<Relation>, Problems> {
    let file = relations_part(part);
    if !package.has(&file) {
        return Ok(Vec::new());
    }
    let text = package.text(&file)?;
    let mut xml = Xml::new(&file, &text);
    let mut relations = Vec::new();
    while let Some(piece) = xml.next()? {
        let Piece::Start(start, _) = piece else { continue };
        if start.local_name().as_ref() != "Relationship"
            || attribute(&start, "TargetMode").as_deref() == Some("External")
        {
            continue;
        }
        let of = |name| attribute(&start, name).unwrap_or_default();
        let kind = of("Type");
        let kind = kind.rsplit('/').next().unwrap_or_default().to_owned();
        relations.push(Relation { id: of("Id"), kind, target: resolved(part, &of("Target")) });
    }
    Ok(relations)
}

/// A target as a name in the package.
fn resolved(part: &str, target: &str) -> String {
    if let Some(absolute) = target.strip_prefix('/') {
        return absolute.to_owned();
    }
    let mut folders: Vec<_> = part.split('/').collect();
    folders.pop();
    for step in target.split('/') {
        match step {
            ".." => drop(folders.pop()),
            "." | "" => {}
            name => folders.push(name),
        }
    }
    folders.join("/")
}

/// What a workbook's settings say of the results of its formulas: those that a program computes anew when it opens the
/// file, or computes only when it is told to, are nobody's figures yet.
fn uncomputed(start: &BytesStart<'_>) -> Option<String> {
    let on = ["fullCalcOnLoad", "forceFullCalc"].into_iter().find(|name| flag(start, name));
    if let Some(name) = on {
        return Some(format!("{name}=1"));
    }
    let unfinished = attribute(start, "calcCompleted").is_some_and(|text| text == "0" || text == "false");
    let on_demand = attribute(start, "calcMode").as_deref() == Some("manual");
    unfinished.then(|| "calcCompleted=0".to_owned()).or_else(|| on_demand.then(|| ON_DEMAND.to_owned()))
}

/// The shared texts; `hold` counts what they take, which for short ones is far more than their part.
fn shared_texts(
    (part, text): (&str, &str),
    palette: &Palette,
    hold: impl Fn(usize) -> Result<(), Problems>,
) -> Result<Vec<SharedText>, Problems> {
    let mut xml = Xml::new(part, text);
    let mut texts: Vec<SharedText> = Vec::new();
    hold(text.len())?;
    while let Some(piece) = xml.next()? {
        if let Piece::Start(start, empty) = piece
            && start.local_name().as_ref() == "si"
        {
            if texts.len() == texts.capacity() {
                let more = texts.capacity().max(64);
                hold(more * size_of::<SharedText>())?;
                texts.reserve_exact(more);
            }
            texts.push(if empty { SharedText::default() } else { rich_text(&mut xml, "si", part, palette)? });
        }
    }
    Ok(texts)
}

/// Which texts of an element have come: it has one, or runs of one each.
#[derive(Default)]
struct Texts {
    alone: bool,
    runs: bool,
    /// Within a run: whether its text has come.
    run: Option<bool>,
}

impl Texts {
    /// Whether an element that begins is none too many. Of two texts nobody can say whether a program shows the first, the
    /// last or both.
    fn may_begin(&mut self, name: &str, empty: bool) -> bool {
        match (name, &mut self.run) {
            ("r", run) => {
                self.runs = true;
                *run = (!empty).then_some(false);
                !self.alone
            }
            ("t", Some(said)) => !std::mem::replace(said, true),
            ("t", None) => !std::mem::replace(&mut self.alone, true) && !self.runs,
            _ => true,
        }
    }
}

/// The text of an element of runs, up to its end, without pronunciation. Runs that show nothing have no looks.
pub(super) fn rich_text(xml: &mut Xml<'_>, end: &str, part: &str, palette: &Palette) -> Result<SharedText, Problems> {
    let (mut text, mut within, mut phonetic) = (String::new(), false, false);
    let (mut all, mut run) = (Looks::default(), Looks::default());
    let mut texts = Texts::default();
    while let Some(piece) = xml.next()? {
        match piece {
            Piece::Start(start, empty) => match start.local_name().as_ref() {
                name if !phonetic && !texts.may_begin(name, empty) => {
                    return Err(broken(format!("{part}: <{end}> {}", quoted(&text))));
                }
                "t" => within = !empty,
                "rPh" => phonetic = !empty,
                "r" => run = Looks::default(),
                _ => run.take(&start, palette),
            },
            Piece::End(name) if name == end => return Ok(SharedText { text: unescaped(&text), looks: all }),
            Piece::End(name) => match name.as_str() {
                "t" => within = false,
                "rPh" => phonetic = false,
                "r" => (run, texts.run) = (Looks::default(), None),
                _ => {}
            },
            Piece::Text(more) if within && !phonetic && text.len() <= MAX_TEXT_BYTES => {
                if !more.trim().is_empty() {
                    all = all.and(run);
                }
                text.push_str(&more);
            }
            Piece::Text(_) => {}
        }
    }
    Err(broken(format!("{part}: </{end}>")))
}

/// Office writes characters that XML cannot hold as `_x000D_`.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("_x") {
        out.push_str(&rest[..at]);
        let code = rest.get(at + 2..at + 6).and_then(|hex| u32::from_str_radix(hex, 16).ok());
        match code.and_then(char::from_u32).filter(|_| rest.as_bytes().get(at + 6) == Some(&b'_')) {
            Some(c) => {
                out.push(c);
                rest = &rest[at + 7..];
            }
            None => {
                out.push_str("_x");
                rest = &rest[at + 2..];
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolves_targets() {
        assert_eq!(resolved("xl/workbook.xml", "worksheets/sheet1.xml"), "xl/worksheets/sheet1.xml");
        assert_eq!(resolved("xl/worksheets/sheet1.xml", "../comments1.xml"), "xl/comments1.xml");
        assert_eq!(resolved("xl/workbook.xml", "/xl/styles.xml"), "xl/styles.xml");
        assert_eq!(relations_part("xl/workbook.xml"), "xl/_rels/workbook.xml.rels");
        assert_eq!(relations_part(""), "_rels/.rels");
    }

    #[test]
    fn reads_texts_as_they_are_seen() {
        let text = "<sst><si><t>a&amp;b</t></si><si><r><t xml:space=\"preserve\">x </t></r><r><t>&#x94F6;y</t></r>\
                    <rPh><t>no</t></rPh></si><si/><si><t>l_x000D_1_x2</t></si></sst>";
        let texts = shared_texts(("t", text), &Palette::default(), |_| Ok(())).expect("texts");
        let said: Vec<_> = texts.iter().map(|shared| shared.text.as_str()).collect();
        assert_eq!(said, ["a&b", "x 银y", "", "l\r1_x2"]);
        assert!(texts.iter().all(|shared| shared.looks == Looks::default()), "{texts:?}");
        assert!(
            shared_texts(("t", "<!DOCTYPE x [<!ENTITY a \"b\">]><sst/>"), &Palette::default(), |_| Ok(())).is_err()
        );
        assert!(shared_texts(("t", "<sst><si><t>&other;</t></si></sst>"), &Palette::default(), |_| Ok(())).is_err());
    }

    #[test]
    fn two_texts_of_one_cell_are_not_joined() {
        let is_read = |inside: &str| {
            let text = format!("<sst><si>{inside}</si></sst>");
            shared_texts(("t", &text), &Palette::default(), |_| Ok(())).is_ok()
        };
        for broken in [
            "<t>4</t><t>2</t>",
            "<t/><t>2</t>",
            "<t>4</t><r><t>2</t></r>",
            "<r><t>4</t></r><t>2</t>",
            "<r><t>4</t><t>2</t></r>",
            "<rPh><t>no</t></rPh><t>4</t><t>2</t>",
        ] {
            assert!(!is_read(broken), "{broken}");
        }
        for sound in [
            "<t>4</t>",
            "<r/><r><rPr><b/></rPr><t>4</t></r><r><t>2</t></r>",
            "<t>东京</t><rPh sb=\"0\" eb=\"1\"><t>a</t></rPh><rPh sb=\"1\" eb=\"2\"><t>b</t></rPh><phoneticPr fontId=\"1\"/>",
            "<r><t>4</t></r><rPh sb=\"0\" eb=\"1\"><t>a</t></rPh>",
        ] {
            assert!(is_read(sound), "{sound}");
        }
    }
}
