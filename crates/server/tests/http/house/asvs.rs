//! `docs/security/asvs.md`: each requirement stands there once, and each test that it names is there and is run.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use syft_space::http::route_table::{Guard, OPERATOR_ROUTES, ROUTES};

use crate::house::words::{root, sources};

const DOCUMENT: &str = "docs/security/asvs.md";

/// How many requirements of levels 1 and 2 each chapter of ASVS 5.0.0 has.
const REQUIREMENTS: [(&str, usize, usize); 4] = [("6", 13, 22), ("7", 6, 12), ("9", 4, 3), ("10", 5, 24)];

/// The states that a test must bear out, and those that need words alone.
const PROVED: [&str; 2] = ["held", "partly"];
const ARGUED: [&str; 2] = ["does not apply", "not done"];

/// A line of a table that says what is held, by which tests.
struct Row<'a> {
    id: &'a str,
    level: &'a str,
    state: &'a str,
    proof: &'a str,
}

/// The rows of all tables that tell of a state.
fn rows(document: &str) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    for line in document.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<_> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        match *cells.as_slice() {
            [id, level @ ("1" | "2" | "3"), _, state, proof] => rows.push(Row { id, level, state, proof }),
            // Of another standard, which has no levels and no ids of its own.
            [_, _, state, proof] if !state.starts_with("state") => {
                rows.push(Row { id: "", level: "", state, proof });
            }
            _ => {}
        }
    }
    rows
}

/// The tests in a source file: functions with a test's attribute that are not left out.
fn tests_in(source: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut is_test, mut is_ignored) = (false, false);
    for line in source.lines().map(str::trim) {
        if let Some(attribute) = line.strip_prefix("#[") {
            let name = attribute.split(['(', ']']).next().unwrap_or_default();
            is_test |= name == "test" || name.ends_with("::test");
            is_ignored |= name.starts_with("ignore");
            continue;
        }
        if line.starts_with("//") {
            continue;
        }
        let item = line.split("fn ").nth(1).filter(|_| is_test && !is_ignored);
        found.extend(item.and_then(|item| item.split(['(', '<']).next()));
        (is_test, is_ignored) = (false, false);
    }
    found
}

/// All tests of the workspace, each with the folders and the file before its name.
fn all_tests() -> BTreeSet<String> {
    let crates = root().join("crates");
    let mut found = BTreeSet::new();
    for file in sources(&crates) {
        let path = file.strip_prefix(&crates).unwrap().with_extension("");
        let module = path.iter().map(|part| part.to_str().unwrap()).collect::<Vec<_>>().join("::");
        for name in tests_in(&fs::read_to_string(&file).unwrap()) {
            found.insert(format!("{module}::{name}"));
        }
    }
    found
}

/// What a document says that is not so.
fn faults(document: &str, tests: &BTreeSet<String>) -> Vec<String> {
    let mut faults = Vec::new();
    let (mut seen, mut counts) = (BTreeSet::new(), BTreeMap::new());
    for Row { id, level, state, proof } in rows(document) {
        if !id.is_empty() && !seen.insert(id) {
            faults.push(format!("{id} stands twice"));
        }
        let chapter = id.split('.').next().unwrap_or_default();
        *counts.entry((chapter, level)).or_insert(0) += 1;
        let named: Vec<_> = proof.split('`').skip(1).step_by(2).collect();
        if PROVED.contains(&state) && named.is_empty() {
            faults.push(format!("{id} is {state}, by no test: {proof}"));
        } else if !(PROVED.contains(&state) || ARGUED.contains(&state) && !proof.is_empty()) {
            faults.push(format!("{id} is `{state}`, which is no state, or has no words"));
        }
        for name in named {
            let ending = format!("::{name}");
            let found: Vec<_> = tests.iter().filter(|test| test.ends_with(&ending)).collect();
            if found.len() != 1 {
                faults.push(format!("{id} names the test {name}, which is {found:?}"));
            }
        }
    }
    for (chapter, first, second) in REQUIREMENTS {
        for (level, expected) in [("1", first), ("2", second)] {
            let count = counts.get(&(chapter, level)).copied().unwrap_or_default();
            if count != expected {
                faults.push(format!("V{chapter} has {count} of {expected} requirements of level {level}"));
            }
        }
    }
    faults
}

fn document() -> String {
    fs::read_to_string(root().join(DOCUMENT)).unwrap()
}

/// A part of the document, from its heading to the next.
fn section<'a>(document: &'a str, heading: &str) -> &'a str {
    document.split("\n## ").find(|section| section.starts_with(heading)).unwrap()
}

#[test]
fn each_requirement_stands_once_and_each_test_that_it_names_is_run() {
    let faults = faults(&document(), &all_tests());
    assert!(faults.is_empty(), "{DOCUMENT}: {faults:#?}");
}

#[test]
fn every_open_route_is_told_of_among_the_ways_in() {
    let document = document();
    let named = super::quoted(section(&document, "Ways in\n"));
    let mut known = BTreeSet::new();
    for route in ROUTES.iter().chain(OPERATOR_ROUTES) {
        let text = format!("{} {}", route.method, route.path);
        let is_open = matches!(route.guard, Guard::Open);
        assert!(
            !is_open || named.contains(text.as_str()),
            "{DOCUMENT} says nothing of {text}, which is open"
        );
        known.insert(text);
    }
    let is_route =
        |text: &&&str| text.split_once(" /").is_some_and(|(method, _)| method == method.to_uppercase());
    let foreign: Vec<_> = named.iter().filter(is_route).filter(|text| !known.contains(**text)).collect();
    assert!(foreign.is_empty(), "{DOCUMENT} tells of routes that are not there: {foreign:?}");
}

#[test]
fn the_words_that_make_no_password_are_written_down() {
    let source = fs::read_to_string(root().join("crates/passwords/src/strength.rs")).unwrap();
    let (_, list) = source.split_once("const PRODUCT_NAMES: [&str;").unwrap();
    let list = list.split_once(";\n").unwrap().0;
    let words: BTreeSet<&str> = list.split('"').skip(1).step_by(2).collect();
    assert!(words.len() > 3, "this is no list of words: {list}");
    let document = document();
    assert_eq!(super::quoted(section(&document, "Words that make no password\n")), words);
}

#[test]
fn a_test_that_is_not_there_or_not_run_is_found_out() {
    let source = "
        #[test]
        fn plain() {}
        #[tokio::test(flavor = \"multi_thread\")]
        // Why it is so.
        async fn waits() {}
        #[test]
        #[ignore = \"slow\"]
        fn left_out() {}
        // #[test]
        fn helper() {}
        #[cfg(test)]
        fn support() {}
    ";
    assert_eq!(tests_in(source), ["plain", "waits"]);

    let tests: BTreeSet<String> =
        ["a::one::plain", "a::two::plain", "a::two::waits"].map(str::to_owned).into();
    let told = |proof: &str, state: &str| {
        let row = format!("| 6.1.1 | 1 | what is asked | {state} | {proof} |\n");
        let faults = faults(&row, &tests);
        faults.into_iter().filter(|fault| fault.starts_with("6.1.1")).collect::<Vec<_>>()
    };
    for (proof, state) in
        [("`waits`", "held"), ("Yes. `two::plain`, `waits`", "partly"), ("why not", "does not apply")]
    {
        assert_eq!(told(proof, state), [""; 0], "{proof}");
    }
    let wrong = [
        ("`wait`", "held"),
        ("`aits`", "held"),
        ("`plain`", "held"),
        ("`three::plain`", "partly"),
        ("`waits`, `gone`", "held"),
        ("no test", "held"),
        ("`gone`", "does not apply"),
        ("", "not done"),
        ("`waits`", "surely"),
    ];
    for (proof, state) in wrong {
        assert_eq!(told(proof, state).len(), 1, "{proof} {state}");
    }
}

#[test]
fn a_requirement_that_is_missing_or_stands_twice_is_found_out() {
    let mut lines = Vec::new();
    for (chapter, first, second) in REQUIREMENTS {
        for (level, count) in [(1, first), (2, second)] {
            lines.extend(
                (0..count).map(|n| format!("| {chapter}.{level}.{n} | {level} | asked | not done | why |")),
            );
        }
    }
    let told = |lines: &[String]| faults(&lines.join("\n"), &BTreeSet::new());
    assert_eq!(told(&lines), [""; 0]);
    assert_eq!(told(&lines[1..]), ["V6 has 12 of 13 requirements of level 1"]);
    lines[0] = lines[1].clone();
    assert_eq!(told(&lines), ["6.1.1 stands twice"]);
}
