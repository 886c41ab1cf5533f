//! Puts all mutants that `cargo mutants --list --json` names into one source tree, each behind a switch that says at run time
//! which one is on. So the tree is compiled once, and not once for each mutant.
//!
//! `syft-space-mutants MUTANTS FROM TO CRATE LEFT_OUT CONSTANT`: reads the crate's sources below FROM, writes them below TO, and prints
//! for each file which bytes of what it wrote are whose mutant's, as `{"file": [[number, start, end], ...]}`. A mutant's number is its
//! place in the list, from 1 on. LEFT_OUT is a list of numbers, those that do not compile; CONSTANT a list of names of functions
//! that have to stay `const`, for a switch is asked at run time.

mod edit;
mod placing;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::Deserialize;
use syn::visit::Visit;

use crate::edit::Written;
use crate::placing::{Mutant, Placing};

#[derive(Deserialize)]
struct Listed {
    file: String,
    genre: String,
    replacement: String,
    span: Span,
}

#[derive(Deserialize)]
struct Span {
    start: Place,
}

/// Both from 1 on; columns count characters.
#[derive(Deserialize)]
struct Place {
    line: usize,
    column: usize,
}

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [mutants, from, to, package, left_out, constant] = arguments.as_slice() else {
        bail!("MUTANTS FROM TO CRATE LEFT_OUT CONSTANT are needed");
    };
    let listed: Vec<Listed> = read(mutants)?;
    let left_out: BTreeSet<usize> = read(left_out)?;
    let constant: BTreeSet<String> = read(constant)?;
    let (from, to) = (Path::new(from), Path::new(to));
    let mut ranges = BTreeMap::new();
    for file in sources(&from.join(package).join("src"))? {
        let name = file.strip_prefix(from)?.to_str().context("a file's name is no UTF-8")?.to_owned();
        let source = std::fs::read_to_string(&file)?;
        let of_file: Vec<Mutant> = listed
            .iter()
            .enumerate()
            .map(|(index, listed)| (index + 1, listed))
            .filter(|(number, listed)| listed.file == name && !left_out.contains(number))
            .map(|(number, listed)| {
                let start =
                    offset(&source, &listed.span.start).with_context(|| format!("{name} is another"))?;
                Ok(Mutant { number, genre: &listed.genre, replacement: &listed.replacement, start })
            })
            .collect::<anyhow::Result<_>>()?;
        let tree = syn::parse_file(&source).with_context(|| format!("cannot read {name}"))?;
        let mut placing = Placing::new(&source, &of_file, &constant);
        placing.visit_file(&tree);
        let written = Written::of(&source, placing.into_edits());
        let target = to.join(&name);
        // What is as it was is not compiled again.
        if std::fs::read_to_string(&target).ok().as_ref() != Some(&written.text) {
            std::fs::create_dir_all(target.parent().context("a file without a folder")?)?;
            std::fs::write(&target, &written.text)?;
        }
        ranges.insert(name, written.ranges);
    }
    println!("{}", serde_json::to_string(&ranges)?);
    Ok(())
}

fn read<T: for<'de> Deserialize<'de>>(path: &str) -> anyhow::Result<T> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {path}"))?;
    serde_json::from_str(&text).with_context(|| format!("{path} is no such list"))
}

fn sources(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(sources(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    Ok(found)
}

/// The byte at which a line's column begins.
fn offset(source: &str, place: &Place) -> Option<usize> {
    let line: usize = source.split_inclusive('\n').take(place.line - 1).map(str::len).sum();
    let within = source.get(line..)?.char_indices().nth(place.column - 1)?;
    Some(line + within.0)
}
