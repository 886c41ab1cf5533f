//! The documents of the demonstration: the project's own documentation, or the files of a folder.

use std::path::Path;

use anyhow::Context;

/// A document and its name.
pub(crate) struct Document {
    pub(crate) name: String,
    pub(crate) content: String,
}

macro_rules! embedded {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../../../", $name))),)*]
    };
}

/// The project's own documentation, so that the binary needs nothing beside it.
const OWN: &[(&str, &str)] = embedded![
    "docs/api.md",
    "docs/architecture.md",
    "docs/audit.md",
    "docs/cli.md",
    "docs/configuration.md",
    "docs/embedding.md",
    "docs/ingestion.md",
    "docs/policies.md",
    "docs/search.md",
];

/// The project's own documentation.
pub(crate) fn own() -> Vec<Document> {
    OWN.iter()
        .map(|(name, content)| Document { name: name.replace('/', "-"), content: (*content).to_owned() })
        .collect()
}

/// The `.txt` and `.md` files of a folder, without those below it.
pub(crate) fn of_folder(folder: &Path) -> anyhow::Result<Vec<Document>> {
    let read = || format!("reading {}", folder.display());
    let mut documents = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(read)? {
        let path = entry.with_context(read)?.path();
        let is_text = path.extension().is_some_and(|end| end == "txt" || end == "md");
        if !is_text || !path.is_file() {
            continue;
        }
        let content =
            std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        let allowed =
            |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '_' };
        let name = path.file_name().map(|name| name.to_string_lossy().chars().map(allowed).collect());
        documents.push(Document { name: name.unwrap_or_default(), content });
    }
    documents.sort_by(|a, b| a.name.cmp(&b.name));
    anyhow::ensure!(!documents.is_empty(), "{} holds no .txt or .md file", folder.display());
    Ok(documents)
}
