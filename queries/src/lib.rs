//! The SQL of Helan: one file, one view. Pure text: the engine comes from the crate that runs it. Folders of `sql` are layers:
//! a view reads views of its own layer and of those before it ([`LAYERS`]). Names are unique among all of them.
//!
//! A file's header says what a row is, from what and by which rules it is made, what it and each column mean. A view
//! reads other views and leaf tables (the lake's, and the catalog's `catalog_*`) by name. Leaf views alone use the two
//! parameters `$as_of` (T: what was known by then) and `$recorded` (R: what was recorded by then).

mod answers;
mod header;
mod repeat;
mod rules;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use helan_schemas::tables::Table;
use include_dir::{Dir, File, include_dir};

pub use answers::{Views, sample};
pub use header::{Column, Narrows, Query, Type};
pub use rules::Rules;

static FILES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/sql");

/// The folders, each after those whose views it reads: what the catalog says as of T, what was reported, what a period has,
/// areas and groups, ratios and changes, targets, what is to be checked, what was published, short views to read.
pub const LAYERS: [&str; 9] =
    ["catalog", "statements", "periods", "places", "ratios", "targets", "checks", "publications", "reading"];

/// Every view that does not depend on a catalog, each after those it reads; among equals by name.
pub fn all() -> &'static [Query] {
    static ALL: OnceLock<Vec<Query>> = OnceLock::new();
    ALL.get_or_init(|| {
        let parsed = files().map(|(_, file)| {
            let name = name(file);
            let text = file.contents_utf8().expect("SQL files are UTF-8");
            let written = repeat::written_out(text).map(|text| match text {
                Cow::Borrowed(text) => text,
                // Once for each such file, for as long as the process lives.
                Cow::Owned(text) => &*text.leak(),
            });
            let parsed = written.and_then(|text| header::parse(name, text));
            parsed.unwrap_or_else(|problem| panic!("queries/sql/{}: {problem}", file.path().display()))
        });
        let mut queries = BTreeMap::new();
        for query in parsed {
            let other = queries.insert(query.name, query);
            assert!(other.is_none(), "two files of queries/sql have one name: {other:?}");
        }
        in_order(queries)
    })
}

/// The view of that name.
pub fn get(name: &str) -> Option<&'static Query> {
    all().iter().find(|query| query.name == name)
}

/// The leaf tables that views read: names that are no view.
pub fn leaves() -> Vec<&'static str> {
    let mut names: Vec<_> =
        all().iter().flat_map(|query| &query.inputs).copied().filter(|name| get(name).is_none()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The views that rest on some of these tables or views, directly or through others; the views among them included.
pub fn resting_on(names: &[&str]) -> Vec<&'static str> {
    let mut found: Vec<&'static str> = Vec::new();
    for query in all() {
        let is_one = |name: &&str| names.contains(name) || found.contains(name);
        if is_one(&query.name) || query.inputs.iter().any(is_one) {
            found.push(query.name);
        }
    }
    found
}

/// The views that follow from the catalog and the moments alone, whatever was reported.
pub fn of_catalog() -> &'static BTreeSet<&'static str> {
    static OF_CATALOG: OnceLock<BTreeSet<&'static str>> = OnceLock::new();
    OF_CATALOG.get_or_init(|| {
        let of_lake: Vec<_> = Table::ALL.into_iter().map(Table::name).collect();
        let others = resting_on(&of_lake);
        all().iter().map(|query| query.name).filter(|name| !others.contains(name)).collect()
    })
}

/// The rule digest of every view.
pub fn rules() -> &'static Rules {
    static RULES: OnceLock<Rules> = OnceLock::new();
    RULES.get_or_init(|| rules::of(all()))
}

/// The rule digest of one view, whether it is a file or a catalog names it.
pub fn rule(query: &Query) -> String {
    rules().get(query.name).cloned().unwrap_or_else(|| rules::of_view(query, rules()))
}

/// SHA-256 over every file's name and text, comments included, in the order of the names: which build computed it.
/// By which rules a number was made, [`rules`] says.
pub fn digest() -> String {
    let mut files: Vec<_> = files().map(|(_, file)| (name(file), file.contents())).collect();
    files.push(("templates/ratio", answers::RATIO.as_bytes()));
    files.sort_unstable();
    let parts: Vec<&[u8]> = files.iter().flat_map(|(name, text)| [name.as_bytes(), text]).collect();
    helan_schemas::digest::sha256_hex(&parts)
}

/// Every file, with the number of its layer.
fn files() -> impl Iterator<Item = (usize, &'static File<'static>)> {
    FILES.dirs().flat_map(|dir| {
        let layer = LAYERS.iter().position(|layer| dir.path().as_os_str() == *layer);
        let layer = layer.unwrap_or_else(|| panic!("queries/sql/{} is no layer", dir.path().display()));
        dir.files().map(move |file| (layer, file))
    })
}

fn name(file: &File<'static>) -> &'static str {
    file.path().file_stem().and_then(|stem| stem.to_str()).expect("names of SQL files are UTF-8")
}

fn in_order(mut waiting: BTreeMap<&'static str, Query>) -> Vec<Query> {
    let mut done: Vec<Query> = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let ready: Vec<_> = waiting
            .iter()
            .filter(|(_, query)| query.inputs.iter().all(|input| !waiting.contains_key(input)))
            .map(|(name, _)| *name)
            .collect();
        assert!(!ready.is_empty(), "views read each other in a circle: {:?}", waiting.keys());
        done.extend(ready.iter().filter_map(|name| waiting.remove(name)));
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_view_comes_after_what_it_reads() {
        for (at, query) in all().iter().enumerate() {
            for input in &query.inputs {
                assert!(all()[at..].iter().all(|later| later.name != *input), "{} before {input}", query.name);
            }
        }
    }

    #[test]
    fn a_view_reads_its_own_layer_and_those_before_it() {
        assert_eq!(FILES.files().count(), 0, "a file of queries/sql lies in the folder of its layer");
        let layers: BTreeMap<&str, usize> = files().map(|(layer, file)| (name(file), layer)).collect();
        for query in all() {
            let later = query.inputs.iter().find(|input| layers.get(*input) > layers.get(query.name));
            assert_eq!(later, None, "{} reads a later layer", query.name);
        }
    }

    #[test]
    fn headers_name_exactly_the_tables_that_the_text_reads() {
        for query in all().iter().chain([sample()]) {
            let mut read: Vec<&str> = Vec::new();
            // What stands between quotes is a text for people.
            let code: Vec<&str> = query.sql.lines().map(|line| line.split("--").next().unwrap_or("")).collect();
            let code: String = code.join(" ").split('\'').step_by(2).collect();
            let code = code.replace("extract(month from", "").replace("extract(day from", "");
            let code = code.replace("extract(year from", "").replace("extract(epoch from", "");
            let code = code.replace("distinct from", "");
            let words: Vec<&str> = code.split_whitespace().collect();
            let steps: Vec<&str> =
                words.windows(3).filter(|w| w[1] == "as" && w[2].starts_with('(')).map(|w| w[0]).collect();
            for pair in words.windows(2).filter(|pair| matches!(pair[0], "from" | "join")) {
                let name = pair[1].trim_end_matches([')', ',', ';']);
                if !steps.contains(&name) && !name.starts_with('(') {
                    read.push(name);
                }
            }
            read.sort_unstable();
            read.dedup();
            let mut inputs = query.inputs.clone();
            inputs.sort_unstable();
            assert_eq!(inputs, read, "inputs of {}", query.name);
        }
    }

    #[test]
    fn only_leaf_views_take_parameters() {
        for query in all().iter().filter(|query| query.takes_moments()) {
            assert!(query.inputs.iter().all(|input| get(input).is_none()), "{} reads a view", query.name);
        }
    }

    #[test]
    fn text_is_lowercase() {
        for query in all().iter().chain([sample()]) {
            for (number, line) in query.sql.lines().enumerate() {
                let code: String =
                    line.split("--").next().unwrap_or("").split('\'').step_by(2).collect::<Vec<_>>().join("");
                assert_eq!(code, code.to_lowercase(), "{}: line {}", query.name, number + 1);
            }
        }
    }

    /// The rules that a file of test rows names in its remarks: "# Rules 1, 2: …".
    fn rules_of(text: &str) -> Vec<u8> {
        let remarks = text.lines().filter(|line| line.starts_with('#'));
        let named = remarks.flat_map(|line| line.split("Rule").skip(1)).map(|rest| rest.trim_start_matches('s'));
        let lists = named.map(|rest| rest.split_once(':').map_or(rest, |(list, _)| list));
        lists.flat_map(|list| list.split([',', ' ']).filter_map(|word| word.parse().ok()).collect::<Vec<_>>()).collect()
    }

    #[test]
    fn every_rule_has_a_view_and_test_rows_that_ask_it() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
        let files = std::fs::read_dir(folder).expect("queries/tests").map(|entry| entry.expect("an entry").path());
        let texts: Vec<String> = files.map(|path| std::fs::read_to_string(path).expect("test rows")).collect();
        for rule in 1..=13 {
            let carriers: Vec<_> = all().iter().filter(|query| query.rules.contains(&rule)).collect();
            assert!(!carriers.is_empty(), "no SQL header names rule {rule}");
            let asked = texts.iter().filter(|text| rules_of(text).contains(&rule)).any(|text| {
                let words: Vec<&str> = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
                carriers
                    .iter()
                    .any(|query| words.iter().any(|word| word.strip_suffix("_as_of").unwrap_or(word) == query.name))
            });
            assert!(asked, "no file of queries/tests names rule {rule} and asks a view that carries it out");
        }
        let strange = all().iter().find(|query| query.rules.iter().any(|rule| !(1..=13).contains(rule)));
        assert!(strange.is_none(), "{strange:?}");
    }
}
