//! Whether what is read is what others read: `corpus FOLDER` reads each PDF, page and text of a folder by a child process,
//! and compares its words with those that `pdftotext`, `w3m` and `pandoc` find, or that the text has. What differs by more
//! than one word in a hundred is listed.
#![expect(clippy::print_stdout, reason = "it tells what it found")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use syft_space_domain::dataset::FileFormat;
use syft_space_domain::dataset::ports::TextExtractor;
use syft_space_extract::{ProcessExtractor, ReaderLimits, ReaderProgram};

/// What makes this program a reader.
const READ_COMMAND: &str = "read-files";
/// How many words a document is shown with that one side has and the other has not.
const SHOWN_WORDS: usize = 8;

/// How often each word of a text is there.
type Words = BTreeMap<String, i64>;

/// What the documents of a kind came to.
#[derive(Default)]
struct Count {
    documents: u64,
    refused: u64,
    different: u64,
    words: i64,
    missing: i64,
    additional: i64,
}

fn main() -> std::io::Result<()> {
    let argument = std::env::args_os().nth(1).unwrap_or_default();
    if argument == READ_COMMAND {
        return syft_space_extract::serve();
    }
    let program = ReaderProgram { path: std::env::current_exe()?, arguments: vec![READ_COMMAND.into()] };
    // What is compared is words, and not how long it takes to build them without optimisation.
    let limits = ReaderLimits { time: Duration::from_secs(600), ..ReaderLimits::default() };
    let reader = ProcessExtractor::new(program, limits);
    let mut counts: BTreeMap<&str, Count> = BTreeMap::new();
    println!("| document | against | its words | missing | additional | such as |");
    println!("|---|---|---|---|---|---|");
    for path in files(Path::new(&argument))? {
        let Some((format, references)) = kind(&path) else { continue };
        let read = reader.extract(format, &std::fs::read(&path)?);
        let name = path.strip_prefix(&argument).unwrap_or(&path).display();
        for reference in references {
            let count = counts.entry(reference).or_default();
            let Some(expected) = reference_text(reference, &path)? else { continue };
            let expected = words(&expected);
            count.documents += 1;
            let read = match &read {
                Ok(read) => words(&read.text),
                Err(refused) => {
                    count.refused += 1;
                    println!(
                        "| {name} | {reference} | {} | all | | refused: {refused} |",
                        expected.values().sum::<i64>()
                    );
                    continue;
                }
            };
            compare(&name.to_string(), reference, &read, &expected, count);
        }
    }
    println!(
        "\n| against | documents | refused | over 1 % | words | missing | additional |\n|---|---|---|---|---|---|---|"
    );
    for (reference, count) in counts {
        let Count { documents, refused, different, words, missing, additional } = count;
        println!(
            "| {reference} | {documents} | {refused} | {different} | {words} | {missing} | {additional} |"
        );
    }
    Ok(())
}

fn compare(name: &str, reference: &str, read: &Words, expected: &Words, count: &mut Count) {
    let all = read.keys().chain(expected.keys().filter(|word| !read.contains_key(*word)));
    let times = |words: &Words, word: &str| words.get(word).copied().unwrap_or_default();
    let differences: Vec<(&str, i64)> =
        all.map(|word| (word.as_str(), times(read, word) - times(expected, word))).collect();
    let missing: i64 = differences.iter().map(|(_, difference)| (-difference).max(0)).sum();
    let additional: i64 = differences.iter().map(|(_, difference)| (*difference).max(0)).sum();
    let total: i64 = expected.values().sum();
    count.words += total;
    count.missing += missing;
    count.additional += additional;
    if missing.max(additional) * 100 <= total {
        return;
    }
    count.different += 1;
    let mut largest = differences;
    largest.sort_by_key(|(_, difference)| -difference.abs());
    let shown = largest.iter().take(SHOWN_WORDS).filter(|(_, difference)| *difference != 0);
    let shown: Vec<String> = shown.map(|(word, difference)| format!("{word} {difference:+}")).collect();
    println!("| {name} | {reference} | {total} | {missing} | {additional} | {} |", shown.join(", "));
}

/// The files of a folder, in order.
fn files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        // Links lead to what is read already, or out of the package.
        if entry.file_type()?.is_dir() {
            found.extend(files(&entry.path())?);
        } else if entry.file_type()?.is_file() {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// The format of a file, and what it is compared with.
fn kind(path: &Path) -> Option<(FileFormat, &'static [&'static str])> {
    match path.extension()?.to_str()? {
        "pdf" => Some((FileFormat::Pdf, &["pdftotext"])),
        "html" | "htm" => Some((FileFormat::Html, &["w3m", "pandoc"])),
        "xhtml" => Some((FileFormat::Xhtml, &["pandoc"])),
        "txt" => Some((FileFormat::Text, &["the file"])),
        _ => None,
    }
}

/// What a program finds in a file; `None` where it finds nothing, or cannot read it.
fn reference_text(reference: &str, path: &Path) -> std::io::Result<Option<String>> {
    if reference == "the file" {
        return Ok(String::from_utf8(std::fs::read(path)?).ok());
    }
    let mut command = Command::new(reference);
    match reference {
        "pdftotext" => command.args(["-q", "-enc", "UTF-8"]).arg(path).arg("-"),
        "w3m" => command.args(["-dump", "-T", "text/html", "-O", "UTF-8", "-cols", "10000"]).arg(path),
        _ => command.args(["--from", "html", "--to", "plain", "--wrap=none"]).arg(path),
    };
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(Some(text).filter(|text| output.status.success() && !text.trim().is_empty()))
}

/// The words of a text: runs of letters and digits, without case. Ligatures are their letters, and where a word may be cut is
/// none of it.
fn words(text: &str) -> Words {
    let mut plain = text.replace('\u{ad}', "");
    for (ligature, letters) in [("ﬀ", "ff"), ("ﬁ", "fi"), ("ﬂ", "fl"), ("ﬃ", "ffi"), ("ﬄ", "ffl")] {
        plain = plain.replace(ligature, letters);
    }
    let mut words = Words::new();
    for word in plain.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        *words.entry(word.to_lowercase()).or_default() += 1;
    }
    words
}
