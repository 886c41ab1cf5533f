//! The XML of a part, read in one pass and without following any reference.

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use syft_space_domain::dataset::{FileFormat, FileRefused};

use super::damaged;

/// The most elements within each other. Word itself writes some dozens.
const MAX_DEPTH: usize = 512;

/// An event of the XML, in document order. Names have no prefix.
#[derive(Clone, Copy)]
pub(crate) enum Node<'a> {
    Open(&'a str, Attributes<'a>),
    Close(&'a str),
    Text(&'a str),
}

/// An element that is passed over with all that is in it.
#[derive(Debug, Default)]
pub(crate) struct Skipped {
    depth: usize,
}

impl Skipped {
    /// Begins with the element that was opened last.
    pub(crate) fn begin(&mut self) {
        self.depth = 1;
    }

    /// Whether a node is in the element.
    pub(crate) fn takes(&mut self, node: Node<'_>) -> bool {
        let is_within = self.depth > 0;
        match node {
            Node::Open(..) if is_within => self.depth = self.depth.saturating_add(1),
            Node::Close(_) => self.depth = self.depth.saturating_sub(1),
            Node::Open(..) | Node::Text(_) => {}
        }
        is_within
    }
}

/// The attributes of an element.
#[derive(Clone, Copy)]
pub(crate) struct Attributes<'a>(&'a BytesStart<'a>);

impl Attributes<'_> {
    /// The value of the attribute of this name, without regard of its prefix.
    pub(crate) fn get(self, name: &str) -> Option<String> {
        let mut attributes = self.0.attributes();
        // Whether one stands twice is looked for in a time that grows with their square; the first counts.
        attributes.with_checks(false);
        let found = attributes.flatten().find(|attribute| attribute.key.local_name().as_ref() == name)?;
        found.normalized_value(XmlVersion::default()).ok().map(std::borrow::Cow::into_owned)
    }

    /// The value of the attribute of this name that has a prefix, where one without a prefix has the same name.
    pub(crate) fn prefixed(self, name: &str) -> Option<String> {
        let mut attributes = self.0.attributes();
        attributes.with_checks(false);
        let is_its =
            |key: quick_xml::name::QName<'_>| key.prefix().is_some() && key.local_name().as_ref() == name;
        let found = attributes.flatten().find(|attribute| is_its(attribute.key))?;
        found.normalized_value(XmlVersion::default()).ok().map(std::borrow::Cow::into_owned)
    }

    /// Whether a property is on: it is named, and not said to be off.
    pub(crate) fn is_on(self) -> bool {
        self.get("val").is_none_or(|value| is_on(&value))
    }
}

/// Whether the value of a property says that it is on.
pub(crate) fn is_on(value: &str) -> bool {
    !matches!(value, "0" | "false" | "off")
}

/// Whether an element tells what something was like before a change that is tracked.
pub(crate) fn is_earlier_version(name: &str) -> bool {
    name.ends_with("Change")
}

/// Reads XML. It may have no document type, and so no entities but the five that XML has by itself.
pub(crate) fn read(format: FileFormat, xml: &str, mut on: impl FnMut(Node<'_>)) -> Result<(), FileRefused> {
    let damaged = |why: &str| damaged(format, why);
    let mut reader = Reader::from_str(xml);
    let mut depth = 0_usize;
    let broken = |error: &dyn std::fmt::Display| damaged(&format!("its XML is broken: {error}"));
    loop {
        match reader.read_event().map_err(|error| broken(&error))? {
            Event::Start(element) => {
                depth = depth.saturating_add(1);
                if depth > MAX_DEPTH {
                    return Err(damaged(&format!("its XML nests deeper than {MAX_DEPTH}")));
                }
                on(Node::Open(element.local_name().as_ref(), Attributes(&element)));
            }
            Event::Empty(element) => {
                on(Node::Open(element.local_name().as_ref(), Attributes(&element)));
                on(Node::Close(element.local_name().as_ref()));
            }
            Event::End(element) => {
                depth = depth.saturating_sub(1);
                on(Node::Close(element.local_name().as_ref()));
            }
            Event::Text(text) => on(Node::Text(&text)),
            Event::CData(text) => on(Node::Text(&text)),
            Event::GeneralRef(reference) => {
                let character = reference.resolve_char_ref().map_err(|error| broken(&error))?;
                let character = character.or(match &*reference {
                    "amp" => Some('&'),
                    "lt" => Some('<'),
                    "gt" => Some('>'),
                    "quot" => Some('"'),
                    "apos" => Some('\''),
                    _ => None,
                });
                let character =
                    character.ok_or_else(|| damaged("its XML names an entity, which it may not"))?;
                on(Node::Text(character.encode_utf8(&mut [0; 4])));
            }
            Event::DocType(_) => return Err(damaged("its XML has a document type, which it may not")),
            Event::Comment(_) | Event::PI(_) | Event::Decl(_) => {}
            Event::Eof => {
                return if depth == 0 { Ok(()) } else { Err(damaged("its XML ends in the middle")) };
            }
        }
    }
}
