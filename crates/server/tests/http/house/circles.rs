//! No two modules know each other, but for parent and child.
//!
//! Names are followed through re-exports to the file that defines them, so that a `pub use` hides no circle.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A module's path from the root of its crate; the root is empty.
type Module = Vec<String>;

/// A module that has been read.
#[derive(Default)]
struct Source {
    /// Every path that it writes, from the root of the crate where that is known, else as it stands.
    paths: Vec<Vec<String>>,
    /// The names that it hands on, and what they stand for.
    exports: BTreeMap<String, Vec<String>>,
}

/// The modules of a crate.
struct Crate {
    modules: BTreeMap<Module, Source>,
}

impl Crate {
    fn read(root: &Path) -> Self {
        let mut modules = BTreeMap::new();
        let mut folders = vec![root.to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|ending| ending == "rs") {
                    let module = module_of(root, &path);
                    let source = Source::read(&code_of(&path), &module);
                    modules.insert(module, source);
                }
            }
        }
        Self { modules }
    }

    /// The module in which what a path names is defined; `None` where that is another crate.
    fn defining(&self, path: &[String], depth: usize) -> Option<Module> {
        if depth > 16 {
            return None;
        }
        let mut module = Module::new();
        for (index, segment) in path.iter().enumerate() {
            let child: Module = module.iter().chain([segment]).cloned().collect();
            if self.modules.contains_key(&child) {
                module = child;
                continue;
            }
            if let Some(target) = self.modules.get(&module)?.exports.get(segment) {
                let full: Vec<_> = target.iter().chain(path.get(index + 1..)?).cloned().collect();
                return self.defining(&full, depth + 1);
            }
            break;
        }
        Some(module)
    }

    /// The arrows between modules of which neither is within the other.
    fn arrows(&self) -> BTreeMap<&Module, BTreeSet<Module>> {
        let mut arrows = BTreeMap::new();
        for (module, source) in &self.modules {
            let known = source.paths.iter().filter_map(|path| self.defining(path, 0));
            let known = known.filter(|other| !other.starts_with(module) && !module.starts_with(other));
            arrows.insert(module, known.collect());
        }
        arrows
    }

    /// The modules that know each other, directly or through others.
    fn circles(&self) -> BTreeSet<BTreeSet<String>> {
        let arrows = self.arrows();
        let mut reached: BTreeMap<&Module, BTreeSet<&Module>> = BTreeMap::new();
        for from in arrows.keys().copied() {
            let mut seen = BTreeSet::new();
            let mut next = vec![from];
            while let Some(at) = next.pop() {
                for to in arrows.get(at).into_iter().flatten() {
                    if seen.insert(to) {
                        next.push(to);
                    }
                }
            }
            reached.insert(from, seen);
        }
        let knows = |from: &Module, to: &Module| reached.get(from).is_some_and(|seen| seen.contains(to));
        let in_circle = reached.keys().filter(|module| knows(module, module));
        let circle = |module: &Module| {
            let all = reached.keys().filter(|other| knows(module, other) && knows(other, module));
            all.map(|module| module.join("::")).collect()
        };
        in_circle.map(|module| circle(module)).collect()
    }
}

impl Source {
    fn read(code: &str, module: &Module) -> Self {
        let mut source = Self::default();
        let mut rest = code;
        while let Some(start) = rest.find("use ") {
            let (before, from) = rest.split_at(start);
            let line = before.rsplit('\n').next().unwrap_or_default().trim();
            let begins = ["", "pub", "pub(crate)", "pub(super)"].contains(&line);
            let after = from.get(4..).unwrap_or_default();
            let Some(end) = after.find(';').filter(|_| begins) else {
                source.note_inline(before, module);
                rest = after;
                continue;
            };
            source.note_inline(before, module);
            let (statement, behind) = after.split_at(end);
            for (path, name) in expand(&statement.replace(char::is_whitespace, " ")) {
                let path = from_root(&path, module);
                if !line.is_empty() {
                    source.exports.insert(name, path.clone());
                }
                source.paths.push(path);
            }
            rest = behind;
        }
        source.note_inline(rest, module);
        source
    }

    /// Notes the paths that begin with `crate::` or `super::` in the midst of code.
    fn note_inline(&mut self, code: &str, module: &Module) {
        let words = code.split(|letter: char| !(letter.is_alphanumeric() || letter == '_' || letter == ':'));
        for word in words.filter(|word| word.starts_with("crate::") || word.starts_with("super::")) {
            let path: Vec<_> = word.split("::").map(str::to_owned).filter(|part| !part.is_empty()).collect();
            self.paths.push(from_root(&path, module));
        }
    }
}

/// A path as it is written, from the root of the crate.
fn from_root(path: &[String], module: &Module) -> Vec<String> {
    let mut base = module.clone();
    let mut rest = path;
    match rest.split_first() {
        Some((first, behind)) if first == "crate" => return behind.to_vec(),
        Some((first, behind)) if first == "self" => rest = behind,
        _ => {}
    }
    while let Some((first, behind)) = rest.split_first().filter(|(first, _)| *first == "super") {
        debug_assert_eq!(first, "super");
        base.pop();
        rest = behind;
    }
    base.extend(rest.iter().cloned());
    base
}

/// The paths of a `use` statement, each with the name that it gives.
fn expand(tree: &str) -> Vec<(Vec<String>, String)> {
    let tree = tree.trim();
    let Some((prefix, inner)) = tree.split_once('{') else {
        let (path, name) = tree.split_once(" as ").unwrap_or((tree, ""));
        let path: Vec<_> = path.split("::").map(|part| part.trim().to_owned()).collect();
        let path: Vec<_> = path.into_iter().filter(|part| !part.is_empty() && part != "self").collect();
        let name =
            if name.is_empty() { path.last().cloned().unwrap_or_default() } else { name.trim().to_owned() };
        return vec![(path, name)];
    };
    let inner = inner.rsplit_once('}').map_or(inner, |(inner, _)| inner);
    let (mut depth, mut parts, mut part) = (0_usize, Vec::new(), String::new());
    for letter in inner.chars() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(std::mem::take(&mut part));
                continue;
            }
            _ => {}
        }
        part.push(letter);
    }
    parts.push(part);
    let parts = parts.iter().filter(|part| !part.trim().is_empty());
    parts.flat_map(|part| expand(&format!("{}{}", prefix.trim(), part.trim()))).collect()
}

/// The module of a file.
fn module_of(root: &Path, file: &Path) -> Module {
    let path = file.strip_prefix(root).unwrap().with_extension("");
    let mut module: Module = path.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
    if module.last().is_some_and(|last| last == "mod") || module == ["lib"] {
        module.pop();
    }
    module
}

/// What a file compiles to, without its comments and its tests.
fn code_of(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap();
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.flat_map(|line| [line, "\n"]).collect()
}

fn source_of(member: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(member).join("src")
}

#[test]
fn only_parent_and_child_know_each_other() {
    for member in ["domain", "server"] {
        let circles = Crate::read(&source_of(member)).circles();
        assert!(circles.is_empty(), "these modules of {member} know each other: {circles:#?}");
    }
}

#[test]
fn a_circle_is_found_behind_a_re_export() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("a")).unwrap();
    let write = |name: &str, text: &str| fs::write(root.path().join(name), text).unwrap();
    write("lib.rs", "mod a;\nmod b;\npub use b::Below;\n");
    write("a/mod.rs", "mod one;\nmod two;\npub use one::One;\npub(crate) use two::{Two as Second, Third};\n");
    write("a/one.rs", "use super::Second;\npub struct One(Second);\n");
    write("a/two.rs", "pub struct Two;\npub struct Third;\n");
    write("b.rs", "pub struct Below;\n");
    assert_eq!(Crate::read(root.path()).circles(), BTreeSet::new());
    write("a/two.rs", "pub struct Two(crate::a::One);\npub struct Third;\n");
    let circle = BTreeSet::from(["a::one".to_owned(), "a::two".to_owned()]);
    assert_eq!(Crate::read(root.path()).circles(), BTreeSet::from([circle]));
}
