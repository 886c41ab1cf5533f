//! Fields whose instruction holds what they show: symbols, and texts that can be clicked.
//!
//! Of other fields the document holds what they showed last, as text like any.

use super::symbols::{self, Font, SymbolFont};

/// The most bytes of an instruction that are read.
const MAX_INSTRUCTION_BYTES: usize = 4_096;

/// How many fields, one in another, are looked through for the one that a text is of.
const MAX_DEPTH: usize = 64;

/// The fields that are open, one in another.
#[derive(Debug, Default)]
pub(super) struct Fields {
    open: Vec<Field>,
    /// In how many of them nothing is shown of what stands there.
    unshown: usize,
    /// Some have no end: all that stands in them is shown, as what follows would else be lost.
    lack_ends: bool,
}

#[derive(Debug, Default)]
struct Field {
    instruction: String,
    /// Its instruction has ended.
    has_result: bool,
    /// What stands here is not shown: it is of its instruction, or what it showed last, and it is shown by its instruction.
    is_unshown: bool,
}

impl Fields {
    /// Fields some of which have no end.
    pub(super) fn without_ends() -> Self {
        Self { lack_ends: true, ..Self::default() }
    }

    pub(super) fn begin(&mut self) {
        let is_unshown = !self.lack_ends;
        self.unshown = self.unshown.saturating_add(usize::from(is_unshown));
        self.open.push(Field { is_unshown, ..Field::default() });
    }

    /// Takes a piece of an instruction: that of the innermost field whose instruction has not ended. What a field in it
    /// shows is a piece of it.
    pub(super) fn instruction(&mut self, text: &str) {
        let mut innermost = self.open.iter_mut().rev().take(MAX_DEPTH);
        if let Some(field) = innermost.find(|field| field.is_unshown || !field.has_result)
            && !field.has_result
            && field.instruction.len().saturating_add(text.len()) <= MAX_INSTRUCTION_BYTES
        {
            field.instruction.push_str(text);
        }
    }

    /// Ends the instruction of the innermost field. What it tells to show in a text of this font.
    pub(super) fn separate(&mut self, font: Option<Font>) -> Option<String> {
        let field = self.open.last_mut().filter(|field| !field.has_result)?;
        field.has_result = true;
        let shown = shown(&field.instruction, font);
        let others = self.unshown.saturating_sub(usize::from(field.is_unshown));
        field.is_unshown = shown.is_some() && !self.lack_ends;
        self.unshown = others.saturating_add(usize::from(field.is_unshown));
        self.shown_by_innermost(shown?)
    }

    /// What the innermost field shows, unless that is a piece of what another does not show.
    pub(super) fn shown_by_innermost(&mut self, shown: String) -> Option<String> {
        let innermost = self.open.pop();
        let own = usize::from(innermost.as_ref().is_some_and(|field| field.is_unshown));
        let is_piece = self.unshown > own;
        if is_piece {
            self.instruction(&shown);
        }
        self.open.extend(innermost);
        Some(shown).filter(|_| !is_piece)
    }

    /// Ends the innermost field. What it tells to show, if it has shown nothing yet.
    pub(super) fn end(&mut self, font: Option<Font>) -> Option<String> {
        let shown = self.separate(font);
        if self.open.pop().is_some_and(|field| field.is_unshown) {
            self.unshown = self.unshown.saturating_sub(1);
        }
        shown
    }

    /// Whether what stands here is not shown: it is of an instruction, or what a field showed last that is shown by its
    /// instruction.
    pub(super) fn are_unshown(&self) -> bool {
        self.unshown > 0
    }
}

/// What an instruction tells to show, if it is one that does.
fn shown(instruction: &str, font: Option<Font>) -> Option<String> {
    let (name, rest) = instruction.trim().split_once(char::is_whitespace)?;
    match name.to_ascii_uppercase().as_str() {
        "SYMBOL" => Some(symbol(rest, font).into_iter().collect()),
        // The name of a macro or a mark, and what is shown to be clicked.
        "MACROBUTTON" | "GOTOBUTTON" => {
            let (_, text) = rest.trim().split_once(char::is_whitespace)?;
            Some(text.trim().to_owned())
        }
        _ => None,
    }
}

/// The character of a field `SYMBOL`: its code, and by `\f` its font.
fn symbol(arguments: &str, font: Option<Font>) -> Option<char> {
    let (mut code, mut named, mut is_unicode) = (None, None, false);
    let mut rest = arguments.trim();
    while !rest.is_empty() {
        let (word, after) = next_word(rest);
        rest = after;
        match word.to_ascii_lowercase().as_str() {
            "\\f" => (named, rest) = (Some(next_word(rest).0), next_word(rest).1),
            "\\s" => rest = next_word(rest).1,
            "\\u" => is_unicode = true,
            switch if switch.starts_with('\\') => {}
            _ if code.is_none() => code = number(word),
            _ => {}
        }
    }
    let code = code?;
    let font = named.map_or_else(|| font.and_then(|font| font.0), SymbolFont::of);
    match (font, u8::try_from(code)) {
        // What has a code of one byte is a character of Windows, unless the font is one of symbols.
        (None, Ok(byte)) if !is_unicode => {
            let byte = [byte];
            encoding_rs::WINDOWS_1252.decode_without_bom_handling(&byte).0.chars().next()
        }
        (font, _) => symbols::shown_by(font, char::from_u32(code)?),
    }
}

/// A word, which may stand between quotation marks, and what is behind it.
fn next_word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    let (word, rest) = match text.strip_prefix(['"', '\u{201c}']) {
        Some(quoted) => quoted.split_once(['"', '\u{201d}']).unwrap_or((quoted, "")),
        None => text.split_once(char::is_whitespace).unwrap_or((text, "")),
    };
    (word, rest.trim_start())
}

/// A number, decimal or hexadecimal.
fn number(text: &str) -> Option<u32> {
    match text.to_ascii_lowercase().strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q2_a_field_shows_the_symbol_that_its_instruction_names() {
        for (instruction, character) in [
            (" SYMBOL 254 \\f Wingdings \\s 12 ", "☑"),
            ("symbol 0xA8 \\f \"Wingdings\" \\* MERGEFORMAT", "☐"),
            ("SYMBOL 61694 \\f Wingdings", "☑"),
            ("SYMBOL 83 \\f \"Wingdings 2\"", "☒"),
            ("SYMBOL 109 \\s 9 \\f Symbol", "μ"),
            ("SYMBOL 128 \\a", "€"),
            ("SYMBOL 9746 \\u \\f \"Segoe UI Symbol\"", "☒"),
            ("SYMBOL 0x41 \\u", "A"),
            ("SYMBOL 58 \\f Wingdings", ""),
            ("SYMBOL x \\f Wingdings", ""),
            ("SYMBOL 4294967295 \\u", ""),
            ("MACROBUTTON NoMacro [your name]", "[your name]"),
        ] {
            assert_eq!(shown(instruction, None).as_deref(), Some(character), "{instruction}");
        }
        let wingdings = Some(Font(SymbolFont::of("Wingdings")));
        assert_eq!(shown("SYMBOL 168", wingdings).as_deref(), Some("☐"));
        for other in ["PAGE ", "IF 1 = 1 \"SYMBOL 254\"", "SYMBOLIC 254", "", "SYMBOL"] {
            assert_eq!(shown(other, None), None, "{other}");
        }
    }
}
