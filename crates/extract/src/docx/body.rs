//! The text of a document's body, element by element.

use std::collections::HashSet;

use syft_space_domain::dataset::FileRefused;

use super::field::Fields;
use super::numbering::{Marker, Numbering};
use super::paragraph::{Paragraph, Run};
use super::styles::{Kind, Style, Styles, list_level, outline_level};
use super::symbols::{self, Font};
use crate::formula::OfficeMath;
use crate::level::{Level, Levels};
use crate::package::xml::{Attributes, Node, Skipped, is_earlier_version, is_on};
use crate::row::Row;
use crate::text_builder::{self, Gap, TextBuilder};

/// Reads the embedded file that a relation names.
type ReadChunk<'a> = &'a mut dyn FnMut(&str) -> Result<String, FileRefused>;

/// The body of a document, as far as it is read.
pub(super) struct Body<'a> {
    styles: &'a Styles,
    numbering: Numbering,
    read_chunk: ReadChunk<'a>,
    pub(super) builder: TextBuilder,
    /// Why it cannot be read further.
    refused: Option<FileRefused>,
    /// The text of the first heading.
    heading: Option<String>,
    /// The text of the first heading, as long as its paragraph is open.
    first_heading: String,
    heading_levels: Levels,
    formula: OfficeMath,
    /// The paragraphs that are open: one in another is that of a text box.
    paragraphs: Vec<Paragraph>,
    /// The paragraph before, when its end was deleted.
    unended: Option<Paragraph>,
    runs: Vec<Run>,
    in_text: bool,
    in_paragraph_properties: bool,
    in_instruction: bool,
    fields: Fields,
    skipped: Skipped,
    /// For each open choice between alternatives, whether one was taken.
    alternatives: Vec<bool>,
    /// Whether the paragraph before was an item of a list.
    after_list_item: bool,
    /// For each open table, its style.
    tables: Vec<Option<&'a Style>>,
    row: Option<Row>,
    /// The notes that the text refers to, by kind and id.
    references: HashSet<String>,
    form_field: FormField,
    /// How the characters below it are read.
    reading: String,
    in_reading: bool,
}

/// A box or a list to choose from in a form.
#[derive(Default)]
struct FormField {
    chosen: Option<String>,
    default: Option<String>,
    entries: Vec<String>,
}

/// The most bytes of the heading that is the title.
const MAX_HEADING_BYTES: usize = 4_096;

impl<'a> Body<'a> {
    pub(super) fn new(
        styles: &'a Styles,
        numbering: Numbering,
        fields: Fields,
        read_chunk: ReadChunk<'a>,
    ) -> Self {
        Self {
            styles,
            numbering,
            read_chunk,
            builder: TextBuilder::default(),
            refused: None,
            heading: None,
            first_heading: String::new(),
            heading_levels: Levels::default(),
            formula: OfficeMath::default(),
            paragraphs: Vec::new(),
            unended: None,
            runs: Vec::new(),
            in_text: false,
            in_paragraph_properties: false,
            in_instruction: false,
            fields,
            skipped: Skipped::default(),
            alternatives: Vec::new(),
            after_list_item: false,
            tables: Vec::new(),
            row: None,
            references: HashSet::new(),
            form_field: FormField::default(),
            reading: String::new(),
            in_reading: false,
        }
    }

    /// The text, and the first heading in it.
    ///
    /// # Errors
    /// When an embedded file cannot be read, there is no text, or more than a document may have.
    pub(super) fn finish(self) -> Result<(String, Option<String>), FileRefused> {
        self.refused.map_or(Ok(()), Err)?;
        Ok((self.builder.finish()?, self.heading))
    }

    /// Whether all that follows is of the instruction of a field that has no end.
    pub(super) fn lacks_end_of_field(&self) -> bool {
        self.fields.are_unshown()
    }

    pub(super) fn node(&mut self, node: Node<'_>) {
        match node {
            _ if self.skipped.takes(node) => {}
            Node::Open(name, attributes) if self.is_skipped(name, attributes) => self.skipped.begin(),
            Node::Open(name, attributes) if self.in_paragraph_properties => self.property(name, attributes),
            Node::Open(name, _) if OfficeMath::takes(name) => {
                self.formula.begin(name, target(&mut self.row, &mut self.builder));
            }
            Node::Close(name) if OfficeMath::takes(name) => {
                self.formula.end(target(&mut self.row, &mut self.builder));
            }
            Node::Open(name, attributes) => self.open(name, attributes),
            Node::Close(name) => self.close(name),
            Node::Text(text) if self.in_text => self.text(text),
            Node::Text(text) if self.in_instruction => self.fields.instruction(text),
            Node::Text(_) => {}
        }
    }

    /// Whether an element is skipped: what was deleted or moved away, what was before a change, alternatives beside the
    /// one that is taken, and notes that nothing refers to.
    fn is_skipped(&mut self, name: &str, attributes: Attributes<'_>) -> bool {
        match name {
            "del" | "moveFrom" => {
                if self.in_paragraph_properties
                    && let Some(paragraph) = self.paragraphs.last_mut()
                {
                    paragraph.goes_on = true;
                }
                true
            }
            "Choice" | "Fallback" => {
                self.alternatives.last_mut().is_some_and(|taken| std::mem::replace(taken, true))
            }
            "footnote" | "endnote" => attributes.get("id").is_some_and(|id| !self.refers_to(name, &id)),
            _ => is_earlier_version(name),
        }
    }

    fn refers_to(&self, note: &str, id: &str) -> bool {
        self.references.contains(&format!("{note}Reference {id}"))
    }

    /// Takes a property of the open paragraph.
    fn property(&mut self, name: &str, attributes: Attributes<'_>) {
        let Some(paragraph) = self.paragraphs.last_mut() else { return };
        let value = || attributes.get("val");
        match name {
            "pStyle" => paragraph.style = value(),
            "outlineLvl" => {
                paragraph.level = value().and_then(|level| outline_level(&level)).or(paragraph.level);
            }
            "numId" => paragraph.numbering = value(),
            "ilvl" => paragraph.list_level = value().and_then(|level| list_level(&level)),
            _ => {}
        }
    }

    fn open(&mut self, name: &str, attributes: Attributes<'_>) {
        let value = || attributes.get("val");
        match name {
            "p" => {
                self.end_line();
                let mut paragraph = self.unended.take().unwrap_or_default();
                paragraph.goes_on = false;
                self.paragraphs.push(paragraph);
            }
            "pPr" => self.in_paragraph_properties = true,
            "r" => self.runs.push(Run::default()),
            "vanish" | "rStyle" | "rFonts" | "vertAlign" => self.run_property(name, attributes),
            "t" => self.in_text = true,
            "instrText" => self.in_instruction = true,
            "fldSimple" => {
                self.fields.begin();
                self.fields.instruction(&attributes.get("instr").unwrap_or_default());
                self.field(Fields::separate);
            }
            "fldChar" => match attributes.get("fldCharType").as_deref() {
                Some("begin") => self.fields.begin(),
                Some("separate") => self.field(Fields::separate),
                Some("end") => self.field(Fields::end),
                _ => {}
            },
            "tab" | "ptab" => self.run_gap(Gap::Space),
            "br" | "cr" => self.run_gap(Gap::Line),
            "noBreakHyphen" if !self.is_hidden() => self.words("-"),
            "sym" if !self.is_hidden() => {
                let font = attributes.get("font").unwrap_or_default();
                let symbol = attributes.get("char").and_then(|code| symbols::character(&font, &code));
                if let Some(symbol) = symbol {
                    self.words(symbol.encode_utf8(&mut [0; 4]));
                }
            }
            "footnoteReference" | "endnoteReference" if !self.is_hidden() && !self.fields.are_unshown() => {
                self.references.extend(attributes.get("id").map(|id| format!("{name} {id}")));
            }
            "altChunk" | "subDoc" => self.chunk(&attributes.get("id").unwrap_or_default()),
            "AlternateContent" => self.alternatives.push(false),
            "checkBox" | "ddList" => self.form_field = FormField::default(),
            "checked" => self.form_field.chosen = Some(value().unwrap_or_else(|| "1".to_owned())),
            "result" => self.form_field.chosen = value(),
            "default" => self.form_field.default = value(),
            "listEntry" => self.form_field.entries.extend(value()),
            "rt" => self.in_reading = true,
            "tbl" => {
                self.end_line();
                self.gap(Gap::Paragraph);
                self.tables.push(self.styles.of(Kind::Table, None));
                self.after_list_item = false;
            }
            "tblStyle" => {
                let style = self.styles.of(Kind::Table, value().as_deref());
                if let Some(table) = self.tables.last_mut() {
                    *table = style;
                }
            }
            "tr" if self.tables.len() == 1 => self.row = Some(Row::default()),
            "tc" => match &mut self.row {
                Some(row) if self.tables.len() == 1 => row.cell(),
                _ => self.gap(Gap::Space),
            },
            _ => {}
        }
    }

    /// Takes a property of the open run.
    fn run_property(&mut self, name: &str, attributes: Attributes<'_>) {
        let Some(run) = self.runs.last_mut() else { return };
        match name {
            "vanish" => run.hidden = Some(attributes.is_on()),
            "rStyle" => run.style = attributes.get("val"),
            "vertAlign" => run.raised = attributes.get("val").map(|value| Level::of_vertical_align(&value)),
            _ => run.font = Font::of(attributes).or(run.font),
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "p" => self.end_paragraph(),
            "pPr" => self.in_paragraph_properties = false,
            "r" => drop(self.runs.pop()),
            "t" => self.in_text = false,
            "instrText" => self.in_instruction = false,
            "fldSimple" => self.field(Fields::end),
            "AlternateContent" => drop(self.alternatives.pop()),
            "checkBox" | "ddList" => self.form_field(name == "checkBox"),
            "rt" => self.in_reading = false,
            "ruby" => {
                let reading = std::mem::take(&mut self.reading);
                if !reading.trim().is_empty() {
                    self.words(&format!("({})", reading.trim()));
                }
            }
            "tr" if self.tables.len() == 1 => {
                if let Some(row) = self.row.take() {
                    row.finish(&mut self.builder);
                }
            }
            "tbl" => {
                self.tables.pop();
                self.gap(Gap::Paragraph);
            }
            _ => {}
        }
    }

    fn is_hidden(&self) -> bool {
        let table = self.tables.last().copied().flatten();
        let run = self.runs.last();
        run.is_some_and(|run| run.is_hidden(self.paragraphs.last(), table, self.styles))
    }

    /// The font of the open run.
    fn font(&self) -> Option<Font> {
        let table = self.tables.last().copied().flatten();
        self.runs.last().and_then(|run| run.font(self.paragraphs.last(), table, self.styles))
    }

    /// Where the text of the open run stands beside the line.
    fn level(&self) -> Level {
        let table = self.tables.last().copied().flatten();
        let run = self.runs.last();
        run.map(|run| run.raised(self.paragraphs.last(), table, self.styles)).unwrap_or_default()
    }

    /// Takes a step of a field, and writes what it tells to show.
    fn field(&mut self, step: impl FnOnce(&mut Fields, Option<Font>) -> Option<String>) {
        let font = self.font();
        if let Some(shown) = step(&mut self.fields, font).filter(|_| !self.is_hidden()) {
            self.write(&shown);
        }
    }

    fn gap(&mut self, gap: Gap) {
        match &mut self.row {
            Some(row) => row.space(),
            None => self.builder.gap(gap),
        }
    }

    /// Leaves a gap within a run. A heading is one line.
    fn run_gap(&mut self, gap: Gap) {
        if self.runs.is_empty() || self.fields.are_unshown() {
            return;
        }
        let paragraph = self.paragraphs.last();
        let in_heading = paragraph.is_some_and(|paragraph| paragraph.heading_level(self.styles).is_some());
        self.gap(if in_heading { Gap::Space } else { gap });
        self.first_heading.push(' ');
    }

    /// Ends the line of the open paragraph, if it has begun. What comes next begins with the gap that it wants.
    fn end_line(&mut self) {
        let Some(paragraph) = self.paragraphs.last() else { return };
        if self.row.is_some() {
            self.gap(Gap::Space);
        } else if paragraph.has_text {
            self.after_list_item = paragraph.is_item(self.styles, &self.numbering);
            self.gap(Gap::Line);
        }
    }

    fn end_paragraph(&mut self) {
        if self.paragraphs.last().is_some_and(|paragraph| paragraph.goes_on && paragraph.has_text) {
            self.unended = self.paragraphs.pop();
            return;
        }
        self.end_line();
        let Some(mut paragraph) = self.paragraphs.pop() else { return };
        if paragraph.heading_level(self.styles).is_some() && self.heading.is_none() {
            self.heading = text_builder::title(&std::mem::take(&mut self.first_heading));
        }
        // An empty item has its number too; one of which nothing is shown has none, and neither has one that was deleted with its end.
        if !paragraph.hides_text && !paragraph.goes_on {
            paragraph.count(self.styles, &mut self.numbering);
        }
    }

    /// Takes an embedded file in its place.
    fn chunk(&mut self, id: &str) {
        if self.refused.is_some() || self.builder.is_full() {
            return;
        }
        match (self.read_chunk)(id) {
            Ok(text) => match &mut self.row {
                Some(row) => row.words(&text),
                None => {
                    self.builder.gap(Gap::Paragraph);
                    self.builder.verbatim(text.trim());
                    self.builder.gap(Gap::Paragraph);
                    self.after_list_item = false;
                }
            },
            Err(refused) => self.refused = Some(refused),
        }
    }

    /// Writes what a field of a form shows.
    fn form_field(&mut self, is_box: bool) {
        let field = std::mem::take(&mut self.form_field);
        let chosen = field.chosen.or(field.default);
        let shown = if is_box {
            let ticked = chosen.is_some_and(|chosen| is_on(&chosen));
            Some(if ticked { "☒".to_owned() } else { "☐".to_owned() })
        } else {
            let number: usize = chosen.and_then(|chosen| chosen.parse().ok()).unwrap_or(0);
            field.entries.into_iter().nth(number)
        };
        let shown = shown.filter(|_| !self.is_hidden());
        // It is told before the instruction of its field.
        if let Some(shown) = shown.and_then(|shown| self.fields.shown_by_innermost(shown)) {
            self.write(&shown);
        }
    }

    fn text(&mut self, text: &str) {
        if self.is_hidden() {
            if let Some(paragraph) = self.paragraphs.last_mut() {
                paragraph.hides_text = true;
            }
            return;
        }
        match self.font().and_then(|font| font.shown(text)) {
            Some(shown) => self.words(&shown),
            // Where a word may be cut is not seen unless it is.
            None if text.contains('\u{ad}') => self.words(&text.replace('\u{ad}', "")),
            None => self.words(text),
        }
    }

    /// Writes what stands here, unless fields do not show it.
    fn words(&mut self, text: &str) {
        if self.fields.are_unshown() {
            self.fields.instruction(text);
        } else {
            self.write(text);
        }
    }

    fn write(&mut self, text: &str) {
        if self.in_reading {
            self.reading.push_str(text);
            return;
        }
        let is_first =
            !text.trim().is_empty() && self.paragraphs.last().is_none_or(|paragraph| !paragraph.has_text);
        if is_first {
            self.begin_line();
        }
        let level = self.level();
        self.heading_levels.set(level);
        target(&mut self.row, &mut self.builder).set_level(level);
        match &mut self.row {
            Some(row) => row.words(text),
            None => self.builder.words(text),
        }
        if self.heading.is_none() && self.first_heading.len() < MAX_HEADING_BYTES {
            self.heading_levels.push(&mut self.first_heading, text);
        }
    }

    /// Begins the line of the open paragraph with the gap and the marker that it has.
    fn begin_line(&mut self) {
        let mut none = Paragraph::default();
        let paragraph = self.paragraphs.last_mut().unwrap_or(&mut none);
        paragraph.has_text = true;
        let (marker, depth) = paragraph.count(self.styles, &mut self.numbering);
        let number = match &marker {
            Marker::Number(number) => Some(number.as_str()),
            Marker::Bullet | Marker::Nothing => None,
        };
        self.first_heading.clear();
        if let Some(row) = &mut self.row {
            if let Some(number) = number {
                row.words(number);
                row.space();
            }
            return;
        }
        // Items of a list follow each other line by line.
        let is_item = paragraph.is_item(self.styles, &self.numbering);
        self.builder.gap(if self.after_list_item && is_item { Gap::Line } else { Gap::Paragraph });
        let indent = "  ".repeat(depth);
        match (paragraph.heading_level(self.styles), &marker) {
            (Some(level), _) => {
                let number = number.map(|number| format!("{number} ")).unwrap_or_default();
                self.builder.set_marker(&format!("{} {number}", "#".repeat(level)));
            }
            (None, Marker::Number(number)) => self.builder.set_marker(&format!("{indent}{number} ")),
            (None, Marker::Bullet) => self.builder.set_marker(&format!("{indent}- ")),
            (None, Marker::Nothing) => {}
        }
    }
}

/// Where text is written.
fn target<'a>(row: &'a mut Option<Row>, builder: &'a mut TextBuilder) -> &'a mut TextBuilder {
    row.as_mut().map_or(builder, Row::text)
}
