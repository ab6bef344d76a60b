//! Rules about the repository itself: who may depend on whom, how long a file may be, what the documents must name.

mod deploy;
mod logs;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Which of our crates each of our crates may use, not counting dev-dependencies.
const DIRECTIONS: &[(&str, &[&str])] = &[
    ("helan-schemas", &[]),
    ("helan-queries", &["helan-schemas"]),
    ("helan-runtime", &["helan-schemas"]),
    ("helan-load", &["helan-schemas"]),
    ("helan-log", &["helan-schemas", "helan-runtime"]),
    ("helan-lake", &["helan-schemas", "helan-runtime"]),
    ("helan-http", &["helan-schemas", "helan-runtime"]),
    ("helan-ingest", &["helan-schemas", "helan-runtime", "helan-log", "helan-http"]),
    ("helan-aggregator", &["helan-schemas", "helan-runtime", "helan-log", "helan-lake"]),
    ("helan-query", &["helan-schemas", "helan-runtime", "helan-queries", "helan-lake", "helan-http"]),
    ("helan-connections", &["helan-schemas", "helan-runtime", "helan-query"]),
    ("helan-flight", &["helan-schemas", "helan-runtime", "helan-connections", "helan-query"]),
    ("helan-postgres", &["helan-schemas", "helan-runtime", "helan-connections", "helan-query"]),
    ("helan-rollup", &["helan-schemas", "helan-runtime", "helan-queries", "helan-query", "helan-lake"]),
];

/// May use all of them: the binary, and the tests from outside.
const UNBOUND: [&str; 2] = ["helan", "helan-tests"];

/// What a crate must never link, however indirectly.
const NEVER_LINKED: &[(&str, &[&str])] = &[
    ("helan-schemas", &["tokio", "datafusion", "deltalake-core"]),
    ("helan-queries", &["tokio", "datafusion", "deltalake-core"]),
    ("helan-load", &["tokio", "datafusion", "deltalake-core"]),
    ("helan-log", &["datafusion", "deltalake-core", "parquet"]),
    // Every front end for questions is built from helan-connections.
    ("helan-ingest", &["datafusion", "deltalake-core", "parquet", "helan-connections", "pgwire", "tonic"]),
    ("helan-aggregator", &["helan-connections", "pgwire", "tonic"]),
];

/// Longest source file, in lines; and the files that may be longer, each with its reason.
const MAX_LINES: usize = 500;
const LONGER: &[(&str, &str)] = &[];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the repository").to_owned()
}

fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO")).args(arguments).current_dir(root()).output().expect("cargo runs");
    assert!(output.status.success(), "cargo {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("cargo writes UTF-8")
}

fn tracked(endings: &[&str]) -> Vec<PathBuf> {
    let output = Command::new("git").args(["ls-files", "-co", "--exclude-standard"]).current_dir(root()).output();
    let files = String::from_utf8(output.expect("git runs").stdout).expect("paths are UTF-8");
    let kept = files.lines().filter(|file| endings.iter().any(|ending| file.ends_with(ending)));
    kept.map(PathBuf::from).filter(|file| root().join(file).exists()).collect()
}

#[test]
fn crates_depend_only_in_the_allowed_direction() {
    let metadata: serde_json::Value =
        serde_json::from_str(&cargo(&["metadata", "--no-deps", "--format-version=1"])).expect("cargo writes JSON");
    let allowed: BTreeMap<&str, &[&str]> = DIRECTIONS.iter().copied().collect();
    let mut seen = BTreeSet::new();
    for package in metadata["packages"].as_array().expect("packages") {
        let name = package["name"].as_str().expect("name");
        if UNBOUND.contains(&name) {
            continue;
        }
        let allowed = allowed.get(name).unwrap_or_else(|| panic!("say in DIRECTIONS which crates {name} may use"));
        seen.insert(name.to_owned());
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            let target = dependency["name"].as_str().expect("name");
            let ours = target.starts_with("helan") && dependency["kind"].as_str() != Some("dev");
            assert!(!ours || allowed.contains(&target), "{name} must not use {target}");
        }
    }
    assert_eq!(seen.len(), DIRECTIONS.len(), "a crate of the list is gone");
}

#[test]
fn light_crates_stay_light() {
    for (name, never) in NEVER_LINKED {
        let tree = cargo(&["tree", "--locked", "--edges=normal", "--prefix=none", "--format={p}", "--package", name]);
        for line in tree.lines() {
            let package = line.split(' ').next().unwrap_or_default();
            assert!(!never.contains(&package), "{name} links {package}");
        }
    }
}

/// A feature that only tests ask for would have everything above it built twice, DataFusion included.
#[test]
fn tests_are_built_from_what_the_binary_is_built_from() {
    let features = |edges: &str| -> BTreeSet<String> {
        let tree = cargo(&["tree", "--locked", "--workspace", edges, "--prefix=none", "--format={p} with {f}"]);
        tree.lines().map(|line| line.trim_end_matches(" (*)").to_owned()).collect()
    };
    let (built, tested) = (features("--edges=normal,build"), features("--edges=normal,build,dev"));
    assert!(built.iter().any(|package| package.starts_with("datafusion ")), "{built:?}");
    let otherwise: Vec<_> = built.difference(&tested).collect();
    assert!(otherwise.is_empty(), "name in Cargo.toml the features that only tests ask for: {otherwise:#?}");
}

#[test]
fn no_source_file_is_too_long() {
    for file in tracked(&[".rs", ".sql"]) {
        let lines = std::fs::read_to_string(root().join(&file)).expect("readable").lines().count();
        let excused = LONGER.iter().any(|(name, _)| Path::new(name) == file);
        assert!(lines <= MAX_LINES || excused, "{} has {lines} lines: split it by what it does", file.display());
    }
}

#[test]
fn the_architecture_names_every_room() {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let services = std::fs::read_dir(root().join("services")).expect("services/");
    let names = services.map(|entry| format!("services/{}", entry.expect("entry").file_name().to_string_lossy()));
    for room in names.chain(["schemas", "queries", "deploy", "tests"].map(str::to_owned)) {
        assert!(text.contains(&format!("`{room}/`")), "ARCHITECTURE.md does not name `{room}/`");
    }
}

/// Links from one page of the repository to another, or to a file.
#[test]
fn pages_link_to_what_is_there() {
    let mut broken = Vec::new();
    for page in tracked(&[".md"]) {
        let text = std::fs::read_to_string(root().join(&page)).expect("readable");
        let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let own = links.filter(|link| !link.contains("://") && !link.starts_with('#') && !link.contains(' '));
        for link in own {
            let path = link.split('#').next().unwrap_or_default();
            if !root().join(&page).parent().expect("in a folder").join(path).exists() {
                broken.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

/// Each room keeps its decisions beside its code, and the map names every page of them.
#[test]
fn the_architecture_names_every_page_of_decisions() {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let pages = tracked(&["DECISIONS.md"]);
    assert!(!pages.is_empty());
    for page in pages {
        assert!(text.contains(&format!("({})", page.display())), "ARCHITECTURE.md does not link to {}", page.display());
    }
}

#[test]
fn every_kept_lake_is_described() {
    let folder = root().join("tests/lakes");
    let page = std::fs::read_to_string(folder.join("README.md")).expect("tests/lakes/README.md");
    let names = std::fs::read_dir(&folder).expect("tests/lakes").map(|entry| entry.expect("an entry").file_name());
    let archives = names.filter_map(|name| name.into_string().ok()).filter(|name| name.ends_with(".tar.gz"));
    let missing: Vec<_> = archives.filter(|name| !page.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "say in tests/lakes/README.md who made {missing:?}");
}

/// A name that no test has would leave a test out, or run none, without a word.
#[test]
fn what_the_test_command_picks_and_skips_are_tests() {
    let mut tests = Vec::new();
    for file in tracked(&[".rs"]) {
        let path = file.with_extension("").display().to_string().replace('/', "::");
        let text = std::fs::read_to_string(root().join(&file)).expect("a readable file");
        let marked = ["#[test]", "#[tokio::test"].iter().flat_map(|mark| text.split(mark).skip(1));
        let named = marked.filter_map(|rest| rest.split_once("fn ")?.1.split_once('('));
        tests.extend(named.map(|(name, _)| format!("{}::{name}", path.trim_end_matches("::mod"))));
    }
    let run = std::fs::read_to_string(root().join("tests/run")).expect("tests/run");
    let words: Vec<_> = run.split(['(', ')', ' ', '\n', '\\']).filter(|word| !word.is_empty()).collect();
    let skipped = words.windows(2).filter(|pair| pair[0] == "--skip").map(|pair| pair[1]);
    let picked = ["on_a_broker=(", "in_a_store=("].map(|list| {
        let (_, names) = run.split_once(list).expect(list);
        names.split_once(')').expect("its end").0
    });
    let names: BTreeSet<_> = skipped.chain(picked.iter().flat_map(|names| names.split_whitespace())).collect();
    assert!(names.len() > 15, "{names:?}");
    for name in names {
        assert!(tests.iter().any(|test| test.contains(name)), "tests/run names {name}, and no test's name has it");
    }
}

#[test]
fn the_top_level_is_fixed() {
    let allowed = [
        "Cargo.toml",
        "Cargo.lock",
        "services",
        "schemas",
        "queries",
        "deploy",
        "tests",
        "README.md",
        "ARCHITECTURE.md",
        "CHANGELOG.md",
        "LICENSE",
        "deny.toml",
        "rust-toolchain.toml",
        "rustfmt.toml",
    ];
    for file in tracked(&[""]) {
        let top = file.iter().next().expect("a path has a first part").to_string_lossy().into_owned();
        assert!(top.starts_with('.') || allowed.contains(&top.as_str()), "{top} does not belong at the top level");
    }
}

#[test]
fn nothing_is_left_undone() {
    // Written in two halves, so that this file does not find itself.
    let marks = [["TO", "DO"], ["FIX", "ME"], ["XX", "X:"], ["unimple", "mented!"]].map(|halves| halves.concat());
    for file in tracked(&[".rs", ".sql", ".sh", "run"]) {
        let text = std::fs::read_to_string(root().join(&file)).expect("readable");
        for mark in &marks {
            assert!(!text.contains(mark.as_str()), "{} holds {mark}", file.display());
        }
    }
}
