//! The documents of the demonstration: the project's own documentation.

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
