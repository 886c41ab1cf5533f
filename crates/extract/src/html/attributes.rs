//! Pages with tags of more attributes than anybody writes. The tokenizer compares each attribute of a tag with all before it,
//! so such a tag takes as long as the square of its length: it is refused before.
//!
//! Which `<` begins a tag hangs on comments and scripts around it. Instead of following those, every `<` before a letter
//! counts as the beginning of one: a page that is taken has no long tag, however it is read.

use syft_space_domain::dataset::FileRefused;

/// The most attributes of an element.
const MAX_ATTRIBUTES: u32 = 1_000;

/// Where in a tag a byte stands (HTML Living Standard, 13.2.5.8 to 13.2.5.40).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    TagName,
    BeforeName,
    Name,
    AfterName,
    BeforeValue,
    DoubleQuoted,
    SingleQuoted,
    Unquoted,
}

impl Place {
    /// Where the next byte stands; `None` when the tag ends.
    fn after(self, byte: u8) -> Option<Self> {
        let is_space = matches!(byte, b'\t' | b'\n' | b'\x0c' | b'\r' | b' ');
        Some(match (self, byte) {
            (Self::DoubleQuoted, b'"') | (Self::SingleQuoted, b'\'') => Self::BeforeName,
            (Self::DoubleQuoted | Self::SingleQuoted, _) => self,
            (_, b'>') => return None,
            (Self::BeforeValue, b'"') => Self::DoubleQuoted,
            (Self::BeforeValue, b'\'') => Self::SingleQuoted,
            (Self::BeforeValue, _) if is_space => self,
            (Self::BeforeValue, _) => Self::Unquoted,
            (Self::Unquoted, b'/') => self,
            (Self::Name | Self::AfterName, b'=') => Self::BeforeValue,
            (_, b'/') => Self::BeforeName,
            (Self::Name | Self::AfterName, _) if is_space => Self::AfterName,
            (Self::TagName | Self::Unquoted | Self::BeforeName, _) if is_space => Self::BeforeName,
            (Self::BeforeName | Self::AfterName, _) => Self::Name,
            (Self::TagName | Self::Name | Self::Unquoted, _) => self,
        })
    }

    /// What ends a value that is quoted.
    fn quotation_mark(self) -> Option<u8> {
        match self {
            Self::DoubleQuoted => Some(b'"'),
            Self::SingleQuoted => Some(b'\''),
            _ => None,
        }
    }

    /// Whether an attribute begins with the byte that leads to the next place.
    fn begins_attribute(self, next: Self) -> bool {
        matches!((self, next), (Self::BeforeName | Self::AfterName, Self::Name))
    }
}

/// Refuses a page with a tag of too many attributes.
pub(super) fn check(page: &str) -> Result<(), FileRefused> {
    // The tags that may be open, and how many attributes each has: of those at one place all goes on alike, so the longest
    // counts.
    let mut open: Vec<(Place, u32)> = Vec::new();
    let mut next = Vec::new();
    let mut before = b' ';
    let mut bytes = page.as_bytes().iter();
    loop {
        if before != b'<' {
            let text = bytes.as_slice();
            let skipped = match (&*open, open.first().and_then(|(place, _)| place.quotation_mark())) {
                // Where no tag may be open, nothing is of interest before the next one.
                ([], _) => memchr::memchr(b'<', text).unwrap_or(text.len()),
                // Nor is it in a value, before its end.
                ([_], Some(mark)) => memchr::memchr2(b'<', mark, text).unwrap_or(text.len()),
                _ => 0,
            };
            bytes = text.get(skipped..).unwrap_or_default().iter();
        }
        let Some(&byte) = bytes.next() else { return Ok(()) };
        if let [(place, count)] = &mut *open {
            // As mostly.
            match place.after(byte) {
                Some(after) => {
                    *count = counted(*place, after, *count)?;
                    *place = after;
                }
                None => open.clear(),
            }
        } else {
            for (place, count) in open.drain(..) {
                let Some(after) = place.after(byte) else { continue };
                let count = counted(place, after, count)?;
                match next.iter_mut().find(|(other, _)| *other == after) {
                    Some((_, most)) => *most = count.max(*most),
                    None => next.push((after, count)),
                }
            }
            std::mem::swap(&mut open, &mut next);
        }
        if before == b'<'
            && byte.is_ascii_alphabetic()
            && open.iter().all(|(place, _)| *place != Place::TagName)
        {
            open.push((Place::TagName, 0));
        }
        before = byte;
    }
}

/// How many attributes a tag has once it goes on to the next place.
fn counted(place: Place, after: Place, count: u32) -> Result<u32, FileRefused> {
    let count = count.saturating_add(u32::from(place.begins_attribute(after)));
    if count > MAX_ATTRIBUTES { Err(FileRefused::TooHeavy) } else { Ok(count) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attributes(count: usize) -> String {
        (0..count).map(|n| format!(" a{n}=1")).collect()
    }

    #[test]
    fn k16_a_tag_of_more_attributes_than_anybody_writes_is_refused_however_it_is_hidden() {
        for before in [
            "<a",
            "<!--><a",
            "<!-- --!><a",
            "<!-- <b c=\" --><a",
            "<script>x<a b=\"</script><a",
            "<b c='\"'><a",
            "<title><a b='</title><a",
            "<a b=\"\"c=''",
            "<textarea><p a=\"'</textarea><a\n",
        ] {
            let page = |count| format!("<p>text {before}{}>x", attributes(count));
            assert_eq!(check(&page(1_001)), Err(FileRefused::TooHeavy), "{before}");
            assert_eq!(check(&page(990)), Ok(()), "{before}");
        }
        for between in ["/", "\n", "\t/ ", "=\"\"", "=''", "='>' ", "=\">\"", " = '<a>'"] {
            let names: Vec<_> = (0..1_002).map(|n| format!("a{n}")).collect();
            let page = format!("<p {}>x", names.join(between));
            assert_eq!(check(&page), Err(FileRefused::TooHeavy), "{between:?}");
        }
    }

    #[test]
    fn q2_what_people_write_is_no_tag_of_many_attributes() {
        let words = "word ".repeat(5_000);
        for page in [
            words.clone(),
            format!("<p>{words}</p>"),
            format!("<a title=\"{words}\">x</a>"),
            format!("<a title='{words}' href={}>x</a>", "x/".repeat(5_000)),
            format!("if a < b {words}"),
            format!("<!-- {words} --><p>{words}<br/>{words}"),
            format!("<p{}>x</p>", attributes(10)).repeat(1_000),
        ] {
            assert_eq!(check(&page), Ok(()));
        }
    }
}
