//! What is read of a message, part by part.

use mail_parser::MimeHeaders;
use mail_parser::decoders::charsets::map::charset_decoder;
use syft_space_domain::dataset::{FileFormat, FileRefused};

use super::part::{Kind, Part};
use super::{MAX_NAMES, told_truly, write_heads};
use crate::encoding::{Named, decode, decode_named};
use crate::package::damaged;
use crate::text_builder::{Gap, TextBuilder};

/// How deep parts may lie in parts.
const MAX_DEPTH: usize = 32;
/// How deep a message counts that has to be unpacked before it is read, as it is then kept twice.
const DEPTH_OF_PACKED: usize = 8;

/// The text of a message and the names of the files that are attached to it.
#[derive(Default)]
pub(super) struct Reading {
    pub(super) text: TextBuilder,
    pub(super) attached: Vec<String>,
}

/// Where a part stands.
#[derive(Clone, Copy)]
struct Place {
    within: Kind,
    is_first: bool,
    depth: usize,
    /// Whether another part is read in its place, so that only names are taken from it.
    is_replaced: bool,
}

impl Reading {
    /// What a message holds, without its own heads.
    pub(super) fn of(message: &Part<'_>) -> Result<Self, FileRefused> {
        let mut reading = Self::default();
        let place = Place { within: Kind::Message, is_first: true, depth: 0, is_replaced: false };
        reading.read(message, place)?;
        Ok(reading)
    }

    fn read(&mut self, part: &Part<'_>, place: Place) -> Result<(), FileRefused> {
        if self.text.is_full() {
            return Ok(());
        }
        if place.depth > MAX_DEPTH {
            return Err(damaged(FileFormat::Eml, "it has parts that lie too deep in one another"));
        }
        let kind = part.kind(place.within);
        match kind {
            Kind::Mixed | Kind::Alternative | Kind::Related | Kind::Digest => match part.parts() {
                Some(parts) if kind == Kind::Alternative => self.best_of(&parts, place),
                Some(parts) => self.all_of(kind, &parts, root_of(part, kind, &parts), place),
                None => self.leaf(part, false, place),
            },
            Kind::Message if !part.is_attached() => self.message(part, place),
            Kind::Page | Kind::Text { .. } if is_shown(part, place) => {
                self.leaf(part, kind == Kind::Page, place)
            }
            Kind::Message | Kind::Page | Kind::Text { .. } | Kind::Other => self.name(part),
        }
    }

    fn all_of(&mut self, kind: Kind, parts: &[&[u8]], root: usize, place: Place) -> Result<(), FileRefused> {
        for (at, part) in parts.iter().enumerate() {
            let depth = place.depth.saturating_add(1);
            self.read(&Part::parse(part), Place { within: kind, is_first: at == root, depth, ..place })?;
        }
        Ok(())
    }

    /// Reads of several forms of one text the best that has any: a page, or what holds one, before plain text, and that before
    /// forms that few programs know.
    fn best_of(&mut self, parts: &[&[u8]], place: Place) -> Result<(), FileRefused> {
        let depth = place.depth.saturating_add(1);
        let place = Place { within: Kind::Alternative, is_first: false, depth, ..place };
        let mut ranked: Vec<_> = parts.iter().rev().map(|part| (rank(&Part::parse(part)), *part)).collect();
        ranked.sort_by_key(|(rank, _)| *rank);
        let mut is_replaced = place.is_replaced;
        for (_, part) in ranked {
            let mut reading = Self::default();
            reading.read(&Part::parse(part), Place { is_replaced, ..place })?;
            let room = MAX_NAMES.saturating_sub(self.attached.len());
            self.attached.extend(reading.attached.into_iter().take(room));
            if !reading.text.is_empty() {
                is_replaced = true;
                self.text.gap(Gap::Paragraph);
                self.text.append(&reading.text);
            }
        }
        Ok(())
    }

    /// Reads a message that stands in the message, as one that is passed on does.
    fn message(&mut self, part: &Part<'_>, place: Place) -> Result<(), FileRefused> {
        let deeper = if part.is_packed() { DEPTH_OF_PACKED } else { 1 };
        let depth = place.depth.saturating_add(deeper);
        let (bytes, _) = part.unpacked();
        let message = Part::parse(&bytes);
        if !place.is_replaced {
            self.text.gap(Gap::Paragraph);
            write_heads(&mut self.text, &message, true)?;
            self.text.gap(Gap::Paragraph);
        }
        self.read(&message, Place { within: Kind::Message, is_first: true, depth, ..place })
    }

    fn leaf(&mut self, part: &Part<'_>, is_page: bool, place: Place) -> Result<(), FileRefused> {
        if place.is_replaced {
            return Ok(());
        }
        let (bytes, behind) = part.unpacked();
        let label = part.parameter("charset");
        // What was never packed cannot be in units of two bytes, whatever the part is in.
        let label_behind = label.filter(|label| !is_utf16_label(label));
        for text in [text(&bytes, label, is_page), text(behind, label_behind, false)] {
            match text {
                Ok(text) => {
                    self.text.gap(Gap::Paragraph);
                    self.text.verbatim(text.trim());
                }
                Err(FileRefused::NoText) => {}
                Err(refused) => return Err(refused),
            }
        }
        Ok(())
    }

    fn name(&mut self, part: &Part<'_>) -> Result<(), FileRefused> {
        if self.attached.len() < MAX_NAMES
            && let Some(name) = part.heads.attachment_name()
        {
            self.attached.push(told_truly(name, part.head_bytes)?);
        }
        Ok(())
    }
}

/// The place of a form of a text among the others, where the least is tried first.
fn rank(part: &Part<'_>) -> u8 {
    match part.kind(Kind::Alternative) {
        Kind::Page | Kind::Mixed | Kind::Alternative | Kind::Related | Kind::Digest => 0,
        Kind::Text { is_plain: true } | Kind::Message => 1,
        Kind::Text { is_plain: false } | Kind::Other => 2,
    }
}

/// Which of the parts is the text that the others belong to: of related ones the one that `start` names, else the first (RFC 2387, 3.2).
fn root_of(part: &Part<'_>, kind: Kind, parts: &[&[u8]]) -> usize {
    let Some(start) = part.parameter("start").filter(|_| kind == Kind::Related) else { return 0 };
    let is_start = |part: &&[u8]| {
        let id = Part::parse(part).heads.content_id().map(str::to_owned);
        id.is_some_and(|id| id.trim_matches(['<', '>']) == start.trim().trim_matches(['<', '>']))
    };
    parts.iter().position(is_start).unwrap_or_default()
}

/// Whether a text is shown with the message. One that has a name is a file, unless the message begins with it; beside a page
/// stands what the page is made of.
fn is_shown(part: &Part<'_>, place: Place) -> bool {
    let may_be_file = place.within != Kind::Alternative && !place.is_first;
    !part.is_attached()
        && !(may_be_file && (place.within == Kind::Related || part.parameter("name").is_some()))
}

/// The text of a part. Its bytes are looked at as those of a file are: what mail programs put in place of what they cannot
/// read is no text.
fn text(bytes: &[u8], label: Option<&str>, is_page: bool) -> Result<String, FileRefused> {
    // That a text is ASCII says nothing of what goes beyond it.
    let label = label.filter(|label| !is_ascii_label(label));
    Ok(match (label, label.and_then(Named::of)) {
        (None, _) if is_page => crate::html::extract(bytes)?.text,
        (None, _) => decode(bytes)?.into_owned(),
        (_, Some(named @ Named::Known(_))) if is_page => crate::html::extract_named(bytes, named)?.text,
        (_, Some(named @ Named::Known(_))) => decode_named(bytes, named)?.into_owned(),
        // An encoding that e-mails alone have.
        (Some(label), _) => {
            let text = match charset_decoder(label.as_bytes()) {
                Some(decoder) => decoder(bytes),
                None => String::from_utf8_lossy(bytes).into_owned(),
            };
            let text = told_truly(&text, bytes)?;
            if is_page { crate::html::extract_decoded(&text)?.text } else { text }
        }
    })
}

fn is_ascii_label(label: &str) -> bool {
    matches!(
        label.trim().to_ascii_lowercase().as_str(),
        "us-ascii" | "ascii" | "ansi_x3.4-1968" | "unknown-8bit"
    )
}

fn is_utf16_label(label: &str) -> bool {
    let named = Named::of(label);
    [encoding_rs::UTF_16LE, encoding_rs::UTF_16BE].iter().any(|utf16| named == Some(Named::Known(utf16)))
}
