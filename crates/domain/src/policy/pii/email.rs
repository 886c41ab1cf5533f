//! E-mail addresses.

use crate::policy::pii::{PiiKind, Span};

/// Finds what reads as an address: something before an `@`, and behind it a domain of two labels or more, the last of which
/// has a letter. No length is demanded: what is too long to be one is taken away as well.
pub(super) fn find(text: &str, spans: &mut Vec<Span>) {
    let mut behind = 0;
    for (at, _) in text.match_indices('@') {
        // Nothing is looked at twice: an address ends before the next `@`.
        let Some((before, after)) = text.get(behind..at).zip(text.get(at + 1..)) else { continue };
        let local = before.rsplit(|character| !is_local(character)).next().unwrap_or_default();
        let local =
            local.trim_start_matches(|character: char| !character.is_alphanumeric() && character != '_');
        let end = after.find(|character| !is_domain(character)).unwrap_or(after.len());
        let domain = after.get(..end).unwrap_or_default().trim_end_matches(['.', '-']);
        behind = at + 1;
        if !local.is_empty() && is_name(domain) {
            behind += domain.len();
            spans.push(Span { start: at - local.len(), end: behind, kind: PiiKind::Email });
        }
    }
}

fn is_local(character: char) -> bool {
    character.is_alphanumeric() || "._%+-'&=~!#$".contains(character)
}

fn is_domain(character: char) -> bool {
    character.is_alphanumeric() || character == '.' || character == '-'
}

/// Whether it is a domain of two labels or more, the last of at least two characters, one of them a letter: `1.2.3` is none.
fn is_name(domain: &str) -> bool {
    let Some((labels, last)) = domain.rsplit_once('.') else { return false };
    let is_last = last.chars().count() > 1 && last.chars().any(char::is_alphabetic);
    is_last && labels.split('.').all(|label| label.chars().any(char::is_alphanumeric))
}
