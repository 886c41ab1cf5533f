//! The relations of a part: which other parts it names, and what for.

use syft_space_domain::dataset::{FileFormat, FileRefused};

use super::xml::{self, Node};

/// The relations of a part.
#[derive(Debug, Default)]
pub(crate) struct Relations(Vec<Relation>);

/// A relation of a part to another, or to something outside of the package.
#[derive(Debug)]
pub(crate) struct Relation {
    id: String,
    /// The last part of its type, which is the same in both namespaces of the standard.
    kind: String,
    /// The name of the part in the package; `None` when it lies outside.
    pub(crate) part: Option<String>,
}

impl Relation {
    /// Whether it is of this type.
    pub(crate) fn is(&self, kind: &str) -> bool {
        self.kind == kind
    }
}

impl Relations {
    /// Reads the relations of the part of this name; those of the package are of the part without a name.
    pub(crate) fn read(format: FileFormat, xml: &str, of: &str) -> Result<Self, FileRefused> {
        let mut relations = Vec::new();
        xml::read(format, xml, |node| {
            if let Node::Open("Relationship", attributes) = node
                && let (Some(kind), Some(target)) = (attributes.get("Type"), attributes.get("Target"))
            {
                let external = attributes.get("TargetMode").is_some_and(|mode| mode == "External");
                relations.push(Relation {
                    id: attributes.get("Id").unwrap_or_default(),
                    kind: kind.rsplit('/').next().unwrap_or_default().to_owned(),
                    part: (!external).then(|| resolve(of, &target)),
                });
            }
        })?;
        Ok(Self(relations))
    }

    /// The part that is named for this, the first where there are several.
    pub(crate) fn part(&self, kind: &str) -> Option<&str> {
        self.0.iter().filter(|relation| relation.is(kind)).find_map(|relation| relation.part.as_deref())
    }

    /// The relation of this id.
    pub(crate) fn by_id(&self, id: &str) -> Option<&Relation> {
        self.0.iter().find(|relation| relation.id == id)
    }
}

/// The name of the part that holds the relations of a part.
pub(crate) fn relations_part(of: &str) -> String {
    match of.rsplit_once('/') {
        Some((folder, name)) => format!("{folder}/_rels/{name}.rels"),
        None => format!("_rels/{of}.rels"),
    }
}

/// The name of the part that a target names, as seen from another part: from the package's root where it begins with a
/// slash. No target leads out of the package.
pub(crate) fn resolve(from: &str, target: &str) -> String {
    let target = target.split(['#', '?']).next().unwrap_or_default().replace('\\', "/");
    let mut names: Vec<&str> = Vec::new();
    if !target.starts_with('/')
        && let Some((folder, _)) = from.rsplit_once('/')
    {
        names.extend(folder.split('/'));
    }
    for name in target.split('/') {
        match name {
            "" | "." => {}
            ".." => drop(names.pop()),
            name => names.push(name),
        }
    }
    unescape(&names.join("/"))
}

/// A name without percent-encoding.
pub(crate) fn unescape(name: &str) -> String {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let escaped = behind.first_chunk::<2>().filter(|_| *first == b'%');
        let escaped = escaped.and_then(|digits| std::str::from_utf8(digits).ok());
        match escaped.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = behind.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k16_a_target_is_resolved_within_the_package() {
        for (from, target, part) in [
            ("", "word/document.xml", "word/document.xml"),
            ("word/document.xml", "styles2.xml", "word/styles2.xml"),
            ("word/document.xml", "/styles.xml", "styles.xml"),
            ("word/document.xml", "./a/../notes.xml", "word/notes.xml"),
            ("word/document.xml", "../docProps/core.xml", "docProps/core.xml"),
            ("word/document.xml", "../../../../etc/passwd", "etc/passwd"),
            ("word/document.xml", "my%20styles%2Exml#top", "word/my styles.xml"),
            ("word/document.xml", "100%", "word/100%"),
        ] {
            assert_eq!(resolve(from, target), part, "{target} of {from}");
        }
    }
}
