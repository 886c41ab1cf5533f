//! The glossary: names that stood for the same as a term of the field do not come back.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The names that must not come back, each with the term that stands for it.
fn banished() -> BTreeMap<String, String> {
    let glossary = fs::read_to_string(root().join("docs/glossary.md")).unwrap();
    let rows = glossary.lines().filter(|line| line.starts_with("| ")).skip(1);
    let cells = rows.map(|line| line.trim_matches('|').split('|').map(str::trim).collect::<Vec<_>>());
    let mut banished = BTreeMap::new();
    for row in cells {
        let [term, _, _, not] = row.as_slice() else {
            panic!("a row of the glossary has four cells: {row:?}")
        };
        for name in not.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            banished.insert(name.to_owned(), (*term).to_owned());
        }
    }
    banished
}

pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// What the domain and the server define: structs, enums, traits, types and functions.
fn definitions(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap();
    let mut names = Vec::new();
    for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
        let words: Vec<_> = line.split(|letter: char| !(letter.is_alphanumeric() || letter == '_')).collect();
        for pair in words.windows(2) {
            if let [keyword, name] = pair
                && ["struct", "enum", "trait", "type", "fn"].contains(keyword)
            {
                names.push((*name).to_owned());
            }
        }
    }
    names
}

pub(super) fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
    found
}

#[test]
fn a_name_that_gave_way_to_a_term_of_the_field_does_not_come_back() {
    let banished = banished();
    assert!(banished.len() > 20, "the glossary names what went: {banished:?}");
    for member in ["domain", "server"] {
        for file in sources(&root().join("crates").join(member).join("src")) {
            for name in definitions(&file) {
                if let Some(term) = banished.get(&name) {
                    panic!("{}: {name} is called {term}; see docs/glossary.md", file.display());
                }
            }
        }
    }
}
