//! The numbering of lists: what stands before each of their items.

use std::collections::{HashMap, HashSet};

use syft_space_domain::dataset::{FileFormat, FileRefused};

use super::styles::{Styles, list_level};
use crate::numbers;
use crate::package::xml::{self, Attributes, Node};

/// The levels of a list.
const LEVELS: usize = 9;
/// The most bytes of a number as it is shown.
const MAX_NUMBER_BYTES: usize = 64;

/// The lists of a document, and how far each has been counted.
#[derive(Debug, Default, Clone)]
pub(super) struct Numbering {
    /// The document tells which lists it has.
    is_told: bool,
    lists: HashMap<String, List>,
    definitions: HashMap<String, Definition>,
    /// The numbers that were last given at the levels of a definition.
    counts: HashMap<String, [Option<u32>; LEVELS]>,
    /// The lists that have begun.
    begun: HashSet<String>,
}

/// A list (`w:num`): a definition, and what it changes of it.
#[derive(Debug, Default, Clone)]
struct List {
    definition: String,
    starts: HashMap<usize, u32>,
    levels: HashMap<usize, Level>,
}

/// The definition of lists (`w:abstractNum`).
#[derive(Debug, Default, Clone)]
struct Definition {
    levels: HashMap<usize, Level>,
    /// The style that has the definition in place of this one.
    style_link: Option<String>,
}

#[derive(Debug, Clone, Default)]
struct Level {
    start: Option<u32>,
    /// How its numbers are shown: in digits, where it does not say so.
    format: String,
    text: String,
    /// The style whose paragraphs are of this level.
    style: Option<String>,
    /// The level (counted from 1) whose items let this one begin anew; 0 for none.
    restart: Option<usize>,
    /// All its numbers are shown in digits.
    legal: bool,
}

/// What stands before an item.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Marker {
    Nothing,
    Bullet,
    Number(String),
}

/// Where the reader of numbering stands.
#[derive(Default)]
struct Reader {
    numbering: Numbering,
    definition: Option<(String, Definition)>,
    list: Option<(String, List)>,
    level: Option<(usize, Level)>,
    overridden: usize,
}

impl Numbering {
    pub(super) fn read(xml: &str) -> Result<Self, FileRefused> {
        let mut reader = Reader::default();
        xml::read(FileFormat::Docx, xml, |node| match node {
            Node::Open(name, attributes) => reader.open(name, attributes),
            Node::Close(name) => reader.close(name),
            Node::Text(_) => {}
        })?;
        Ok(Numbering { is_told: true, ..reader.numbering })
    }

    /// Whether there is such a list. Paragraphs that name another are in none, unless the document does not tell its lists.
    pub(super) fn has(&self, list: &str) -> bool {
        let definition = self.lists.get(list).map(|list| &list.definition);
        let is_there = definition.is_some_and(|definition| self.definitions.contains_key(definition));
        !matches!(list, "" | "0") && (is_there || !self.is_told)
    }

    /// The level that the paragraphs of a style have in a list, where the list says so.
    pub(super) fn level_of_style(&self, list: &str, style: &str) -> Option<usize> {
        let definition = self.definitions.get(&self.lists.get(list)?.definition)?;
        let mut levels = definition.levels.iter();
        levels.find(|(_, level)| level.style.as_deref() == Some(style)).map(|(number, _)| *number)
    }

    /// Counts an item of a list, and says what stands before it.
    pub(super) fn count(&mut self, list_id: &str, at: usize, styles: &Styles) -> Marker {
        let Some(list) = self.lists.get(list_id) else { return Marker::Bullet };
        let mut definition_id = &list.definition;
        // A definition may be that of the list that a style names.
        if let Some(link) = self.definitions.get(definition_id).and_then(|found| found.style_link.as_ref())
            && let Some(numbering) = styles.list(link)
            && let Some(linked) = self.lists.get(numbering)
        {
            definition_id = &linked.definition;
        }
        let Some(definition) = self.definitions.get(definition_id) else { return Marker::Bullet };
        let level_at = |number: usize| list.levels.get(&number).or_else(|| definition.levels.get(&number));
        let Some(level) = level_at(at) else { return Marker::Bullet };
        let counts = self.counts.entry(definition_id.clone()).or_default();
        if self.begun.insert(list_id.to_owned()) {
            for number in list.starts.keys() {
                if let Some(count) = counts.get_mut(*number) {
                    *count = None;
                }
            }
        }
        let start_of = |number: usize| {
            let start = list.starts.get(&number).copied();
            start.or_else(|| level_at(number).and_then(|level| level.start)).unwrap_or(1)
        };
        for (number, count) in counts.iter_mut().enumerate() {
            if number < at && count.is_none() {
                *count = Some(start_of(number));
            } else if number == at {
                *count = Some(count.map_or_else(|| start_of(number), |count| count.saturating_add(1)));
            } else if number > at {
                let restart = level_at(number).and_then(|level| level.restart).unwrap_or(number);
                if restart != 0 && at < restart {
                    *count = None;
                }
            }
        }
        let counts = *counts;
        let shown = |number: usize| {
            let count = counts.get(number).copied().flatten().unwrap_or_else(|| start_of(number));
            let format = level_at(number).map_or("", |level| level.format.as_str());
            let format = if format.is_empty() { "decimal" } else { format };
            numbers::shown(count, if level.legal && format != "none" { "decimal" } else { format })
        };
        level.marker(shown)
    }
}

impl Level {
    fn marker(&self, shown: impl Fn(usize) -> String) -> Marker {
        if self.format == "bullet" {
            return Marker::Bullet;
        }
        let mut number = String::new();
        let mut rest = self.text.chars().peekable();
        while let Some(character) = rest.next() {
            let digit = rest.peek().and_then(|next| next.to_digit(10)).filter(|_| character == '%');
            match digit.and_then(|digit| usize::try_from(digit).ok()).and_then(|digit| digit.checked_sub(1)) {
                Some(level) => {
                    number.push_str(&shown(level));
                    rest.next();
                }
                None => number.push(character),
            }
            if number.len() > MAX_NUMBER_BYTES {
                break;
            }
        }
        let number = number.trim();
        if number.is_empty() { Marker::Nothing } else { Marker::Number(number.to_owned()) }
    }
}

impl Reader {
    fn open(&mut self, name: &str, attributes: Attributes<'_>) {
        let value = || attributes.get("val");
        match name {
            "abstractNum" => {
                self.definition = attributes.get("abstractNumId").map(|id| (id, Definition::default()));
            }
            "numStyleLink" => {
                if let Some((_, definition)) = &mut self.definition {
                    definition.style_link = value();
                }
            }
            "num" => self.list = attributes.get("numId").map(|id| (id, List::default())),
            "abstractNumId" => {
                if let Some((_, list)) = &mut self.list {
                    list.definition = value().unwrap_or_default();
                }
            }
            "lvlOverride" => {
                self.overridden = attributes.get("ilvl").and_then(|level| list_level(&level)).unwrap_or(0);
            }
            "startOverride" => {
                if let (Some((_, list)), Some(start)) =
                    (&mut self.list, value().and_then(|start| start.parse().ok()))
                {
                    list.starts.insert(self.overridden, start);
                }
            }
            "lvl" => {
                let number = attributes.get("ilvl").and_then(|level| list_level(&level)).unwrap_or(0);
                self.level = Some((number, Level::default()));
            }
            _ => {
                if let Some((_, level)) = &mut self.level {
                    level.property(name, attributes);
                }
            }
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "lvl" => match (&mut self.list, &mut self.definition) {
                (Some((_, list)), _) => list.levels.extend(self.level.take()),
                (None, Some((_, definition))) => definition.levels.extend(self.level.take()),
                (None, None) => {}
            },
            "abstractNum" => self.numbering.definitions.extend(self.definition.take()),
            "num" => self.numbering.lists.extend(self.list.take()),
            _ => {}
        }
    }
}

impl Level {
    fn property(&mut self, name: &str, attributes: Attributes<'_>) {
        let value = || attributes.get("val");
        match name {
            "start" => self.start = value().and_then(|start| start.parse().ok()),
            "numFmt" => self.format = value().unwrap_or_default(),
            "lvlText" => self.text = value().unwrap_or_default(),
            "pStyle" => self.style = value(),
            "lvlRestart" => self.restart = value().and_then(|level| level.parse().ok()),
            "isLgl" => self.legal = attributes.is_on(),
            _ => {}
        }
    }
}
