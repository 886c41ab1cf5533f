//! Personal data in text: what looks like it and checks out, found in time linear in the text.

mod card;
mod email;
mod folded;
mod iban;
mod national;
mod phone;
mod words;

use crate::as_text::named_enum;
use crate::policy::pii::folded::Folded;
use crate::policy::pii::words::{Word, words};
use crate::policy::redactions::Redactions;

named_enum! {
    /// A kind of personal data that is known without anybody's help.
    pub enum PiiKind {
        /// The number of a payment card: of a known prefix and length, whose check digit is right.
        Card = "card",
        /// An e-mail address.
        Email = "email",
        /// An international bank account number: of its country's length, whose check digits are right.
        Iban = "iban",
        /// A number by which a state knows a person, whose check digits are right.
        NationalId = "national_id",
        /// A phone number, as people write them: with `+`, or in groups.
        Phone = "phone",
    }
}

/// How often a text is looked through, at most: what was replaced may have hidden what stands beside it.
const MAX_PASSES: usize = 8;

/// A text without what of these kinds is in it, which is counted: `[email]` stands for an address, `[card]` for the number of a card, and so
/// on. `None` where nothing is in it.
pub(super) fn redacted(text: &str, kinds: &[PiiKind], counts: &mut Redactions) -> Option<String> {
    let mut shown = once(text, kinds, counts)?;
    for _ in 1..MAX_PASSES {
        let Some(more) = once(&shown, kinds, counts) else { break };
        shown = more;
    }
    Some(shown)
}

/// A piece of a text, and what stands for it.
struct Span {
    start: usize,
    end: usize,
    kind: PiiKind,
}

fn once(text: &str, kinds: &[PiiKind], counts: &mut Redactions) -> Option<String> {
    let (folded, mut spans) = (Folded::of(text), Vec::new());
    if kinds.contains(&PiiKind::Email) {
        email::find(&folded.text, &mut spans);
    }
    // Shorter than this no number is anybody's.
    if folded.text.bytes().filter(u8::is_ascii_digit).count() >= 7 {
        numbers(&folded.text, kinds, &mut spans);
    }
    if spans.is_empty() {
        return None;
    }
    spans.sort_by_key(|span| span.start);
    let (mut shown, mut copied) = (String::with_capacity(text.len()), 0);
    for span in spans {
        let (start, end) = (folded.in_source(span.start), folded.in_source(span.end));
        // A number inside an address is gone with it.
        if start < copied {
            continue;
        }
        shown.push_str(text.get(copied..start).unwrap_or_default());
        shown.push('[');
        shown.push_str(span.kind.as_str());
        shown.push(']');
        counts.count(span.kind.as_str());
        copied = end;
    }
    shown.push_str(text.get(copied..).unwrap_or_default());
    Some(shown)
}

/// Finds numbers: at each word, the first kind that checks out, and behind it the next.
fn numbers(text: &str, kinds: &[PiiKind], spans: &mut Vec<Span>) {
    let words = words(text);
    let (mut rest, mut before) = (words.as_slice(), None);
    while let Some((first, behind)) = rest.split_first() {
        // A letter alone may begin one, too: `X-1234567-L`.
        let may_begin =
            first.has_digit || (first.text.len() == 1 && behind.first().is_some_and(|next| next.has_digit));
        let found = if may_begin { number(text, before, rest, kinds) } else { None };
        match found {
            Some((kind, start, count)) => {
                let last = rest.get(count.saturating_sub(1)).unwrap_or(first);
                spans.push(Span { start, end: last.end, kind });
                before = Some(*last);
                rest = rest.get(count.max(1)..).unwrap_or_default();
            }
            None => (before, rest) = (Some(*first), behind),
        }
    }
}

/// The kind of the number that begins with the first of these words, where in the text it begins, and of how many words it is.
fn number(
    text: &str,
    before: Option<Word<'_>>,
    words: &[Word<'_>],
    kinds: &[PiiKind],
) -> Option<(PiiKind, usize, usize)> {
    let start = words.first()?.start;
    let wants = |kind| kinds.contains(&kind);
    let whole = |kind, count| (kind, start, count);
    let iban = || wants(PiiKind::Iban).then(|| iban::find(words)).flatten().map(|n| whole(PiiKind::Iban, n));
    let card = || wants(PiiKind::Card).then(|| card::find(words)).flatten().map(|n| whole(PiiKind::Card, n));
    let national = || {
        let count = wants(PiiKind::NationalId).then(|| national::find(words)).flatten()?;
        Some(whole(PiiKind::NationalId, count))
    };
    let phone = || {
        let (start, count) = wants(PiiKind::Phone).then(|| phone::find(text, before, words)).flatten()?;
        Some((PiiKind::Phone, start, count))
    };
    if words::is_part_of_a_decimal(before, words) {
        return None;
    }
    iban().or_else(card).or_else(national).or_else(phone)
}

#[cfg(test)]
mod tests;
