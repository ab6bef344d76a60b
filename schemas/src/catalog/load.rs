//! Reading a catalog from a folder, from the program itself or from texts, and writing it out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Catalog;
use super::check::check;
use super::codes::Language;
use super::lookup::Index;
use super::problem::{Problem, Problems};
use super::read::{Row, Sheet, read};
use super::rows::*;
use crate::digest::sha256_hex;

macro_rules! embed {
    ($($name:literal),+ $(,)?) => {
        [$(($name, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/catalogs/ningxia-2018/", $name)))),+]
    };
}
const NINGXIA_2018: [(&str, &str); 14] = embed![
    "areas.csv",
    "bases.csv",
    "bounds.csv",
    "catalog.toml",
    "group_members.csv",
    "groups.csv",
    "indicators.csv",
    "obligations.csv",
    "relations.csv",
    "reporters.csv",
    "rules.csv",
    "scopes.csv",
    "sources.csv",
    "targets.csv",
];
pub(super) const HEAD: &str = "catalog.toml";
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Everything a catalog's files hold, with lines, before it is known to be right.
pub(super) struct Sheets {
    pub(super) areas: Sheet<Area>,
    pub(super) relations: Sheet<AreaRelation>,
    pub(super) groups: Sheet<Group>,
    pub(super) group_members: Sheet<GroupMember>,
    pub(super) indicators: Sheet<Indicator>,
    pub(super) bases: Sheet<Basis>,
    pub(super) editions: Sheet<Edition>,
    pub(super) targets: Sheet<Target>,
    pub(super) reporters: Sheet<Reporter>,
    pub(super) sources: Sheet<Source>,
    pub(super) scopes: Sheet<Scope>,
    pub(super) obligations: Sheet<Obligation>,
    pub(super) bounds: Sheet<Bound>,
    pub(super) rules: Sheet<Rule>,
    pub(super) moves: Sheet<Move>,
}

/// A catalog could not be written out.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// A file of that name says something else.
    #[error("{0} is there already with other content: choose an empty folder, or remove it first")]
    OtherContent(PathBuf),
    /// The folder or a file could not be read or written.
    #[error("{0}: {1}")]
    Io(PathBuf, #[source] std::io::Error),
}

impl Catalog {
    /// Reads and checks the catalog in a folder.
    ///
    /// # Errors
    /// Every problem of every file.
    pub fn load(dir: &Path) -> Result<Self, Vec<Problem>> {
        let mut problems = Problems::default();
        let mut files = BTreeMap::new();
        let shown = dir.display().to_string();
        let names = match std::fs::read_dir(dir).and_then(Iterator::collect::<Result<Vec<_>, _>>) {
            Ok(entries) => entries,
            Err(error) => {
                let fix = "name a folder that has catalog.toml; `helan catalog export DIR` writes one to start from";
                problems.add((&shown, 0), "unreadable", error.to_string(), "the folder cannot be listed", fix);
                return Err(problems.sorted());
            }
        };
        for entry in names {
            let name = entry.file_name().to_string_lossy().into_owned();
            if !is_catalog_file(&name) {
                continue;
            }
            match std::fs::read(entry.path()).map(String::from_utf8) {
                Ok(Ok(text)) => {
                    files.insert(name, text);
                }
                Ok(Err(error)) => {
                    let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
                    let line = 1 + good.iter().filter(|byte| **byte == b'\n').count() as u64;
                    problems.add(
                        (&name, line),
                        "not_utf8",
                        "the text is not UTF-8",
                        "its characters would be guessed",
                        "save it as \"CSV UTF-8\" (Excel) or with character set Unicode (UTF-8) (LibreOffice)",
                    );
                }
                Err(error) => {
                    let fix = "make the file readable";
                    problems.add((&name, 0), "unreadable", error.to_string(), "the file cannot be read", fix);
                }
            }
        }
        if problems.0.is_empty() { Self::from_files(files) } else { Err(problems.sorted()) }
    }

    /// The catalog of Ningxia's work plan of 2018, which is part of the program.
    pub fn embedded() -> Self {
        Self::from_files(NINGXIA_2018.map(|(name, text)| (name.to_owned(), text.to_owned())).into())
            .expect("a test keeps the embedded catalog free of problems")
    }

    /// Reads and checks a catalog's texts by file name.
    ///
    /// # Errors
    /// Every problem of every file.
    pub fn from_files(files: BTreeMap<String, String>) -> Result<Self, Vec<Problem>> {
        let files: BTreeMap<_, _> = files.into_iter().map(|(name, text)| (name, normalise(&text))).collect();
        let mut problems = Problems::default();
        let head = read_head(&files, &mut problems);
        let language = match &head {
            Some(head) => head.language,
            None => language_of(&files),
        };
        let mut known = vec![HEAD];
        let sheets = Sheets {
            areas: sheet(&files, language, &mut known, &mut problems),
            relations: sheet(&files, language, &mut known, &mut problems),
            groups: sheet(&files, language, &mut known, &mut problems),
            group_members: sheet(&files, language, &mut known, &mut problems),
            indicators: sheet(&files, language, &mut known, &mut problems),
            bases: sheet(&files, language, &mut known, &mut problems),
            editions: sheet(&files, language, &mut known, &mut problems),
            targets: sheet(&files, language, &mut known, &mut problems),
            reporters: sheet(&files, language, &mut known, &mut problems),
            sources: sheet(&files, language, &mut known, &mut problems),
            scopes: sheet(&files, language, &mut known, &mut problems),
            obligations: sheet(&files, language, &mut known, &mut problems),
            bounds: sheet(&files, language, &mut known, &mut problems),
            rules: sheet(&files, language, &mut known, &mut problems),
            moves: sheet(&files, language, &mut known, &mut problems),
        };
        for name in files.keys().filter(|name| !known.contains(&name.as_str())) {
            let why = "what stands in it would be ignored";
            let fix = format!("move it elsewhere; a catalog has {}", known.join(", "));
            problems.add((name, 0), "unknown_file", "is no file of a catalog", why, fix);
        }
        // Rows that could not be read are missing: checking references now would blame the wrong place.
        if let (Some(head), true) = (&head, problems.0.is_empty()) {
            check(head, &files[HEAD], &sheets, &mut problems);
        }
        match head {
            Some(head) if problems.0.is_empty() => Ok(Self::from_parts(head, sheets, files)),
            _ => Err(problems.sorted()),
        }
    }

    fn from_parts(head: Head, sheets: Sheets, files: BTreeMap<String, String>) -> Self {
        let parts: Vec<&[u8]> = files.iter().flat_map(|(name, text)| [name.as_bytes(), text.as_bytes()]).collect();
        let digest = sha256_hex(&parts);
        let mut catalog = Self {
            head,
            areas: sheets.areas.rows,
            relations: sheets.relations.rows,
            groups: sheets.groups.rows,
            group_members: sheets.group_members.rows,
            indicators: sheets.indicators.rows,
            bases: sheets.bases.rows,
            editions: sheets.editions.rows,
            targets: sheets.targets.rows,
            reporters: sheets.reporters.rows,
            sources: sheets.sources.rows,
            scopes: sheets.scopes.rows,
            obligations: sheets.obligations.rows,
            bounds: sheets.bounds.rows,
            rules: sheets.rules.rows,
            moves: sheets.moves.rows,
            files,
            digest,
            index: Index::default(),
        };
        catalog.index = Index::of(&catalog);
        catalog
    }

    /// Writes the files into a folder, which is made if need be. CSV files begin with a byte order mark, without which
    /// Excel takes them for another character set; reading drops it.
    ///
    /// # Errors
    /// [`ExportError::OtherContent`] before anything is written, if a file is there that says something else.
    pub fn write_to(&self, dir: &Path) -> Result<(), ExportError> {
        let io = |path: &Path| {
            let path = path.to_owned();
            move |error| ExportError::Io(path, error)
        };
        std::fs::create_dir_all(dir).map_err(io(dir))?;
        for (name, text) in &self.files {
            let path = dir.join(name);
            match std::fs::read_to_string(&path) {
                Ok(there) if normalise(&there) != *text => return Err(ExportError::OtherContent(path)),
                Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                    return Err(ExportError::OtherContent(path));
                }
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(ExportError::Io(path, error)),
                _ => {}
            }
        }
        for (name, text) in &self.files {
            let path = dir.join(name);
            let mark = if name.ends_with(".csv") { BYTE_ORDER_MARK.to_string() } else { String::new() };
            std::fs::write(&path, mark + text).map_err(io(&path))?;
        }
        Ok(())
    }
}

/// Only these are read; a README beside them, or a spreadsheet's lock file, is nobody's business.
fn is_catalog_file(name: &str) -> bool {
    !name.starts_with('.') && (name.ends_with(".csv") || name == HEAD)
}

/// What a spreadsheet adds without being asked is no change of content.
fn normalise(text: &str) -> String {
    text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text).replace("\r\n", "\n")
}

fn sheet<T: Row>(
    files: &BTreeMap<String, String>,
    language: Option<Language>,
    known: &mut Vec<&'static str>,
    problems: &mut Problems,
) -> Sheet<T> {
    known.push(T::FILE);
    match files.get(T::FILE) {
        Some(text) => read(text, language, problems),
        None => {
            if !T::MAY_LACK_FILE {
                let fix = format!("add it, with the heading {}", T::COLUMNS.join(","));
                problems.add((T::FILE, 0), "missing_file", "is missing", "a catalog needs it", fix);
            }
            Sheet { rows: Vec::new(), lines: Vec::new() }
        }
    }
}

/// The language that a catalog without a readable head seems to have: what is wrong with its head is said once, and not of
/// every file. By the head's own line, else by the names that the areas have.
fn language_of(files: &BTreeMap<String, String>) -> Option<Language> {
    let head = files.get(HEAD).and_then(|text| toml::from_str::<toml::Table>(text).ok());
    let said = head.as_ref().and_then(|head| head.get("language")).and_then(toml::Value::as_str);
    let heading = files.get("areas.csv").and_then(|text| text.lines().next()).unwrap_or_default();
    let has = |name: &str| heading.split(',').any(|column| column.trim().trim_matches('"') == name);
    match said.and_then(Language::parse) {
        Some(language) => Some(language),
        _ if !has("name_zh") => Some(Language::En),
        _ if !has("name_en") => Some(Language::Zh),
        _ => None,
    }
}

fn read_head(files: &BTreeMap<String, String>, problems: &mut Problems) -> Option<Head> {
    let Some(text) = files.get(HEAD) else {
        let fix = "add it; `helan catalog export DIR` writes one to start from";
        problems.add((HEAD, 0), "missing_file", "is missing", "it says which region and time zone this is", fix);
        return None;
    };
    match toml::from_str::<Head>(text) {
        Ok(mut head) => {
            match head.language {
                Some(Language::En) if head.name_zh.is_empty() => head.name_zh.clone_from(&head.name_en),
                Some(Language::Zh) if head.name_en.is_empty() => head.name_en.clone_from(&head.name_zh),
                _ => {}
            }
            Some(head)
        }
        Err(error) => {
            let at = error.span().map_or(0, |span| span.start.min(text.len()));
            let line = 1 + text.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() as u64;
            let why = "the catalog's head cannot be read";
            problems.add((HEAD, line), "bad_head", error.message(), why, "correct this line");
            None
        }
    }
}
