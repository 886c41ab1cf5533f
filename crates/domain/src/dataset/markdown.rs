//! The lines of a text by what they are in Markdown: a heading, code, or neither.
//!
//! Blocks of code, HTML comments and the like begin and end as [CommonMark 0.31] has them, in items of lists too; front
//! matter as Jekyll, Hugo and pandoc write it. A line that begins with `#` in one of them is no heading.
//!
//! [CommonMark 0.31]: https://spec.commonmark.org/0.31.2/

/// A heading line with more characters is prose that happens to begin with `#`.
const MAX_HEADING_CHARS: usize = 200;
/// The deepest item of a list whose indentation is known. A block of code below it is one by its fence alone.
const MAX_ITEM_DEPTH: usize = 64;
/// A line that is indented by so much is code, and begins nothing.
const CODE_INDENT: usize = 4;

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LineKind {
    Heading,
    /// Of a block of code, with its fences.
    Code,
    Text,
}

/// The title of a Markdown text: its first heading of level 1 that says anything.
///
/// ```
/// use syft_space_domain::dataset::markdown_title;
/// assert_eq!(markdown_title("---\n# a comment\nlang: en\n---\n# The harbor #\n"), Some("The harbor"));
/// ```
#[must_use]
pub fn markdown_title(content: &str) -> Option<&str> {
    lines(content).filter(|(_, kind)| *kind == LineKind::Heading).find_map(|(line, _)| {
        let title = line.trim().strip_prefix('#').filter(|title| !title.starts_with('#'))?;
        Some(without_closing_marks(title.trim())).filter(|title| !title.is_empty())
    })
}

/// What a heading says without the marks at its end. They are none of its words, but "C#" is one.
pub(super) fn without_closing_marks(title: &str) -> &str {
    let unmarked = title.trim_end_matches('#');
    let title = if unmarked.is_empty() || unmarked.ends_with([' ', '\t']) { unmarked } else { title };
    title.trim()
}

/// The lines of a text, each with its line end, and what they are.
pub(super) fn lines(content: &str) -> impl Iterator<Item = (&str, LineKind)> {
    let mut blocks = Blocks::default();
    let mut front_matter = front_matter_lines(content);
    content.split_inclusive('\n').map(move |line| {
        if front_matter > 0 {
            front_matter = front_matter.saturating_sub(1);
            return (line, LineKind::Text);
        }
        (line, blocks.kind_of(line))
    })
}

/// Whether a line would be a heading outside of a block: one to six `#`, then white space.
fn is_heading(line: &str) -> bool {
    let text = line.trim_start_matches(' ');
    let title = text.trim_start_matches('#');
    let indent = line.len().saturating_sub(text.len());
    let level = text.len().saturating_sub(title.len());
    indent < CODE_INDENT
        && (1..=6).contains(&level)
        && title.chars().next().is_none_or(char::is_whitespace)
        && line.chars().nth(MAX_HEADING_CHARS).is_none()
}

/// How many lines front matter takes, with the marks around it; 0 where there is none. A text may well begin with a
/// line between paragraphs: so each line must be one of a list of settings.
fn front_matter_lines(content: &str) -> usize {
    let mut lines = content.lines().map(str::trim_end);
    let (marks, assigns): (&[&str], char) = match lines.next() {
        Some("---") => (&["---", "..."], ':'),
        Some("+++") => (&["+++"], '='),
        _ => return 0,
    };
    let is_setting = |line: &str| {
        let goes_on = line.starts_with([' ', '\t', '#', '-', '[', ']', '{', '}', '"', '\'']);
        goes_on || line.contains(assigns)
    };
    let mut count = 1_usize;
    for line in lines {
        count = count.saturating_add(1);
        if marks.contains(&line) {
            return if count > 2 { count } else { 0 };
        }
        // What follows a line between paragraphs is mostly an empty line.
        let fits = if line.is_empty() { count > 2 } else { is_setting(line) };
        if !fits {
            return 0;
        }
    }
    0
}

/// A block that is open, and whose lines are neither headings nor begin another block.
#[derive(Debug)]
enum Block {
    /// Code between two fences: of this mark, and so many of it.
    Fence(char, usize),
    /// HTML, up to a line that has one of these.
    Html(&'static [&'static str]),
    /// HTML that goes on until an empty line.
    Element,
}

/// The blocks around a line.
#[derive(Debug, Default)]
struct Blocks {
    /// The columns at which the text of the open items of lists begins.
    items: Vec<usize>,
    /// The block that is open, and the column of the item that it is in.
    open: Option<(Block, usize)>,
    /// The line before is one of a paragraph.
    in_paragraph: bool,
}

impl Blocks {
    /// What the next line is.
    fn kind_of(&mut self, line: &str) -> LineKind {
        let (indent, text) = indentation(line);
        if let Some((block, column)) = &self.open {
            // What stands left of an item is not in it.
            if text.is_empty() || indent >= *column {
                let (kind, ends) = match block {
                    Block::Fence(mark, length) => {
                        let closes = indent.saturating_sub(*column) < CODE_INDENT
                            && fence(text).is_some_and(|(closing, count, info)| {
                                closing == *mark && count >= *length && info.is_empty()
                            });
                        (LineKind::Code, closes)
                    }
                    Block::Html(ends) => (LineKind::Text, contains_any(text, ends)),
                    Block::Element => (LineKind::Text, text.is_empty()),
                };
                if ends {
                    self.open = None;
                }
                return kind;
            }
            self.open = None;
        }
        if !text.is_empty() {
            self.begin(indent, text);
        }
        let kind = match self.open {
            Some((Block::Fence(..), _)) => LineKind::Code,
            _ if is_heading(line) => LineKind::Heading,
            _ => LineKind::Text,
        };
        self.in_paragraph = kind == LineKind::Text && !text.is_empty() && self.open.is_none();
        kind
    }

    /// Opens what a line begins: items of lists, and a block in the innermost.
    fn begin(&mut self, indent: usize, text: &str) {
        while self.items.pop_if(|column| *column > indent).is_some() {}
        let (mut at, mut text) = (indent, text);
        loop {
            let column = self.items.last().copied().unwrap_or_default();
            if at.saturating_sub(column) >= CODE_INDENT {
                return;
            }
            if let Some((mark, length, info)) = fence(text) {
                // A line of code within a line of text begins with its marks, too.
                if mark != '`' || !info.contains('`') {
                    self.open = Some((Block::Fence(mark, length), column));
                }
                return;
            }
            if let Some((begin, ends)) = html(text) {
                let rest = text.get(begin..).unwrap_or_default();
                self.open = (!contains_any(rest, ends)).then_some((Block::Html(ends), column));
                return;
            }
            if begins_block_element(text) || (!self.in_paragraph && is_one_tag(text)) {
                self.open = Some((Block::Element, column));
                return;
            }
            let Some(mark) = item_mark(text).filter(|_| self.items.len() < MAX_ITEM_DEPTH) else { return };
            let (space, rest) = indentation(text.get(mark..).unwrap_or_default());
            let after_mark = if rest.is_empty() || space > CODE_INDENT { 1 } else { space };
            self.items.push(at.saturating_add(mark).saturating_add(after_mark));
            at = at.saturating_add(mark).saturating_add(space);
            text = rest;
        }
    }
}

/// The columns of white space before a line, and the rest without white space at its end.
fn indentation(line: &str) -> (usize, &str) {
    let text = line.trim_start_matches([' ', '\t']);
    let mut columns = 0_usize;
    for space in line.chars().take(line.len().saturating_sub(text.len())) {
        let to_next_stop = CODE_INDENT.saturating_sub(columns % CODE_INDENT);
        columns = columns.saturating_add(if space == '\t' { to_next_stop } else { 1 });
    }
    (columns, text.trim_end())
}

/// The fence that a text begins with: its mark, how many of it, and what stands behind.
fn fence(text: &str) -> Option<(char, usize, &str)> {
    let mark = text.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
    let info = text.trim_start_matches(mark);
    let length = text.len().saturating_sub(info.len());
    (length >= 3).then_some((mark, length, info.trim_start()))
}

/// Whether a text begins HTML that goes on over empty lines: how long the beginning is, and what ends it.
fn html(text: &str) -> Option<(usize, &'static [&'static str])> {
    const VERBATIM_ENDS: &[&str] = &["</pre>", "</script>", "</style>", "</textarea>"];
    let rest = text.strip_prefix('<')?;
    let begins = |name: &str| rest.get(..name.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(name));
    if let Some(name) = ["pre", "script", "style", "textarea"].into_iter().find(|name| begins(name)) {
        let after = rest.get(name.len()..).and_then(|after| after.chars().next());
        return after.is_none_or(|c| c == '>' || c.is_whitespace()).then_some((0, VERBATIM_ENDS));
    }
    match rest.as_bytes() {
        [b'!', b'-', b'-', ..] => Some(("<!".len(), &["-->"])),
        [b'?', ..] => Some(("<?".len(), &["?>"])),
        _ if rest.starts_with("![CDATA[") => Some(("<![CDATA[".len(), &["]]>"])),
        [b'!', b'a'..=b'z' | b'A'..=b'Z', ..] => Some(("<!".len(), &[">"])),
        _ => None,
    }
}

/// The elements that begin a block of HTML wherever they stand at the beginning of a line (CommonMark 0.31, 4.6).
const BLOCK_ELEMENTS: [&str; 62] = [
    "address",
    "article",
    "aside",
    "base",
    "basefont",
    "blockquote",
    "body",
    "caption",
    "center",
    "col",
    "colgroup",
    "dd",
    "details",
    "dialog",
    "dir",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "frame",
    "frameset",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hr",
    "html",
    "iframe",
    "legend",
    "li",
    "link",
    "main",
    "menu",
    "menuitem",
    "nav",
    "noframes",
    "ol",
    "optgroup",
    "option",
    "p",
    "param",
    "search",
    "section",
    "summary",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "title",
    "tr",
    "track",
    "ul",
];

/// The name of the tag that a text begins with, and what stands behind it.
fn tag(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix('<')?;
    let rest = rest.strip_prefix('/').unwrap_or(rest);
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(rest.len());
    let (name, after) = rest.split_at(end);
    name.starts_with(|c: char| c.is_ascii_alphabetic()).then_some((name, after))
}

/// Whether a text begins with a tag that begins a block.
fn begins_block_element(text: &str) -> bool {
    let Some((name, after)) = tag(text) else { return false };
    let ends = after.is_empty() || after.starts_with([' ', '\t', '>']) || after.starts_with("/>");
    ends && BLOCK_ELEMENTS.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Whether a text is one whole tag and nothing else.
fn is_one_tag(text: &str) -> bool {
    let Some((_, after)) = tag(text) else { return false };
    let Some(attributes) = after.strip_suffix('>') else { return false };
    let attributes = attributes.strip_suffix('/').unwrap_or(attributes);
    let mut quote = None;
    for character in attributes.chars() {
        match (quote, character) {
            (None, '"' | '\'') => quote = Some(character),
            (None, '<' | '>' | '`') => return false,
            (Some(open), character) if open == character => quote = None,
            _ => {}
        }
    }
    // A name that goes on with another sign, as in an address, is no tag.
    quote.is_none() && (attributes.is_empty() || attributes.starts_with([' ', '\t']))
}

/// Whether a line has one of these, which are in lower case.
fn contains_any(line: &str, wanted: &[&str]) -> bool {
    let line = line.to_ascii_lowercase();
    wanted.iter().any(|wanted| line.contains(wanted))
}

/// How long the mark is by which a text is an item of a list.
fn item_mark(text: &str) -> Option<usize> {
    let after_digits = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = text.len().saturating_sub(after_digits.len());
    let is_mark = match (digits, after_digits.as_bytes().first()?) {
        (0, b'-' | b'*' | b'+') | (1..=9, b'.' | b')') => true,
        (_, _) => false,
    };
    let after = after_digits.chars().nth(1);
    (is_mark && after.is_none_or(|c| matches!(c, ' ' | '\t'))).then(|| digits.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headings(content: &str) -> Vec<&str> {
        lines(content).filter(|(_, kind)| *kind == LineKind::Heading).map(|(line, _)| line.trim()).collect()
    }

    #[test]
    fn q2_a_block_of_code_begins_and_ends_as_in_commonmark() {
        for code in [
            "```\n# no\n```",
            "~~~ sh `x` ~~~\n# no\n```\n# no\n~~~",
            "````md\n```\n# no\n```\n# no\n`````  ",
            "```\n# no\n``` sh\n# no\n    ```\n# no\n   ```",
            "```ls -l``` lists\n",
            "```` a ` b",
            "\t```\n",
            "text\n\n    ```\n",
            "~~\n",
            "- ```\n  # no\n  ```",
            "10. ~~~ x\n    # no\n    ~~~",
            "- a\n\n  ```\n  # no\nb",
            "1. a\n   - b\n\n     ```\n     # no\n     ```",
            "- a\n\n      ```\n",
        ] {
            assert_eq!(headings(&format!("{code}\n# yes\n")), ["# yes"], "{code}");
            assert_eq!(headings(&format!("{code}\n# yes\n").replace('\n', "\r\n")), ["# yes"], "{code}");
        }
        assert_eq!(headings("```\n# no\n~~~\n# no\n``\n# no\n"), [""; 0], "a fence that nothing closes");
    }

    #[test]
    fn q2_comments_and_front_matter_have_no_headings() {
        for hidden in [
            "<!-- # no\n\n# no\n--> x",
            "   <!--\n```\n-->",
            "<!-- one line -->",
            "<!-->\n",
            "<div>\n# no\n</div>\n# no\n",
            "<DIV class=\"a\">\n# no\n\n",
            "text\n<table><tr>\n# no\n\n",
            "</section>\n# no\n\n",
            "<details><summary>x</summary>\n# no\n\n",
            "<hr/>\n# no\n\n",
            "<my-element a='>'>\n# no\n\n",
            "</span>\n# no\n\n",
            "- <p>\n  # no\nb",
            "<script>\n\n# no\n</script>",
            "<PRE class=x>\n# no\n\n# no</Pre>",
            "<?php\n# no\n?>",
            "<!DOCTYPE\n# no\n>",
            "<![CDATA[\n# no\n]]>",
            "a <!-- b",
            "<prefix>\n",
            "text\n<prefix>",
            "<a@example.org>",
            "<https://example.org/>",
            "<span>x</span>",
            "<divx\n",
            "- <!-- a\n  # no\nb",
        ] {
            assert_eq!(headings(&format!("{hidden}\n# yes\n")), ["# yes"], "{hidden}");
        }
        for front in [
            "---\n# no\ntitle: x\n\ntags:\n- a\n---",
            "---\n# no\n...",
            "+++\n# no\ntitle = 'x'\n[menu]\n+++",
            "---  \nnote: |\n  ```\n---",
        ] {
            assert_eq!(headings(&format!("{front}\n# yes\n")), ["# yes"], "{front}");
        }
        for text in
            ["---\n\n# yes\n\n---\n", "---\nProse.\n# yes\n---\n", "---\na: b\n# yes\n", "---\n---\n# yes"]
        {
            assert_eq!(headings(text), ["# yes"], "{text}");
        }
    }

    #[test]
    fn q2_the_title_is_the_first_heading_of_level_one() {
        for (text, title) in [
            ("intro\n\n# The *harbor* #\n# Other", Some("The *harbor*")),
            ("## Second\n\n```\n# comment\n```\n#\n# ##\n# First", Some("First")),
            ("# C#\n", Some("C#")),
            ("#hashtag\n\n## Second", None),
        ] {
            assert_eq!(markdown_title(text), title, "{text}");
        }
    }

    #[test]
    fn k16_hostile_lines_cost_no_more_than_their_length() {
        for line in ["- ", "1. ", "\t", "<!--", "`", "> ", "* - "] {
            assert_eq!(headings(&line.repeat(300_000)), [""; 0]);
            let _any = headings(&format!("{line}\n").repeat(100_000));
        }
    }
}
