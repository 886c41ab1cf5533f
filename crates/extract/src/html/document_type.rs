//! The document type of a page that is XML, which may declare entities.

use std::borrow::Cow;
use std::collections::HashMap;

use syft_space_domain::dataset::FileRefused;

/// How deep entities are looked up that stand in each other.
const MAX_DEPTH: usize = 8;
/// The most bytes of the name of an entity.
const MAX_NAME_BYTES: usize = 128;
/// The most bytes that all entities of a page may stand for. A few may stand for as much as they like, by each other.
const MAX_ENTITY_BYTES: usize = 1024 * 1024;

/// A page without the declarations in its document type, and with what they declare in place of its entities. What lies
/// in another file is not looked for.
///
/// # Errors
/// When its entities stand for more text than anybody writes by them.
pub(super) fn resolve(page: &str) -> Result<Cow<'_, str>, FileRefused> {
    let Some((head, subset, rest)) = split(page) else { return Ok(Cow::Borrowed(page)) };
    let entities = declared(subset);
    let mut budget = MAX_ENTITY_BYTES;
    let mut resolved = head.to_owned();
    resolved.push('>');
    write(rest, &entities, 0, &mut budget, &mut resolved)?;
    Ok(Cow::Owned(resolved))
}

/// What stands before the declarations of a document type, these, and what follows behind it.
fn split(page: &str) -> Option<(&str, &str, &str)> {
    let mut at = page.len().checked_sub(page.trim_start().len())?;
    // Instructions and comments may stand before it.
    while let Some(end) = length_of_aside(page.get(at..)?) {
        let after = page.get(at.checked_add(end)?..)?;
        at = at.checked_add(end)?.checked_add(after.len().checked_sub(after.trim_start().len())?)?;
    }
    let rest = page.get(at..)?;
    let is_document_type = rest.get(..9).is_some_and(|begin| begin.eq_ignore_ascii_case("<!doctype"));
    let open = at.checked_add(end_of(rest, &['[', '>'])?).filter(|_| is_document_type)?;
    let subset = page.get(open..)?.strip_prefix('[')?;
    let close = end_of(subset, &[']'])?;
    let after = subset.get(close.checked_add(1)?..)?.trim_start();
    Some((page.get(..open)?, subset.get(..close)?, after.strip_prefix('>').unwrap_or(after)))
}

/// How long the comment or instruction is that a text begins with, if it does. One without an end goes on to the end.
fn length_of_aside(text: &str) -> Option<usize> {
    let (_, end) = [("<!--", "-->"), ("<?", "?>")].into_iter().find(|(begin, _)| text.starts_with(begin))?;
    Some(text.find(end).map_or(text.len(), |at| at.saturating_add(end.len())))
}

/// Where one of these stands first, outside of quotation, of comments and of instructions.
fn end_of(text: &str, ends: &[char]) -> Option<usize> {
    let mut quote = None;
    let mut skip_until = 0;
    for (at, character) in text.char_indices() {
        if at < skip_until {
            continue;
        }
        match quote {
            Some(open) if open == character => quote = None,
            Some(_) => {}
            None if ends.contains(&character) => return Some(at),
            None if character == '<' => {
                skip_until = at.checked_add(length_of_aside(text.get(at..)?).unwrap_or(0))?;
            }
            None if matches!(character, '"' | '\'') => quote = Some(character),
            None => {}
        }
    }
    None
}

/// Entities that every reader of XML knows. A page may declare them, but as nothing else.
const KNOWN: [&str; 5] = ["lt", "gt", "amp", "quot", "apos"];

/// The entities that are declared with what they stand for; of two of a name the first counts.
fn declared(subset: &str) -> HashMap<&str, String> {
    let mut entities = HashMap::new();
    let mut rest = subset;
    while let Some(at) = rest.find('<') {
        rest = rest.get(at..).unwrap_or_default();
        let end = length_of_aside(rest).or_else(|| end_of(rest, &['>']));
        let Some((declaration, after)) = end.and_then(|end| rest.split_at_checked(end)) else { break };
        rest = after;
        let Some(entity) = declaration.strip_prefix("<!ENTITY") else { continue };
        let Some((name, value)) = entity.trim().split_once(char::is_whitespace) else { continue };
        let value = value.trim();
        // One of another file stands for nothing here.
        let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''));
        let value =
            quote.and_then(|quote| value.strip_prefix(quote)?.split(quote).next()).unwrap_or_default();
        if !KNOWN.contains(&name) {
            entities.entry(name).or_insert_with(|| replacement(value));
        }
    }
    entities
}

/// What stands in place of an entity that is declared so: it is read as the page is, once the characters are put in that
/// it tells by number. Those that would mean the same then stay numbers: a mark of quotation ends no attribute so.
fn replacement(value: &str) -> String {
    let told = || value.match_indices("&#").filter_map(|(at, _)| numbered(value.get(at..)?));
    let has = |sign: char| value.contains(sign) || told().any(|(told, _)| told == sign);
    let is_markup = has('<') && has('>');
    let is_one = numbered(value).is_some_and(|(_, rest)| rest.is_empty());
    let mut text = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = rest.find("&#") {
        let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
        text.push_str(before);
        rest = match numbered(from) {
            Some((character, after)) if (is_markup || character == '&') && !is_one => {
                text.push(character);
                after
            }
            _ => {
                text.push_str("&#");
                from.strip_prefix("&#").unwrap_or_default()
            }
        };
    }
    text.push_str(rest);
    text
}

/// The character that a text begins with by its number, and what is behind it.
fn numbered(text: &str) -> Option<(char, &str)> {
    let number = text.strip_prefix("&#")?;
    let end = number.bytes().take(MAX_NAME_BYTES).position(|byte| byte == b';')?;
    let (number, rest) = number.split_at_checked(end)?;
    let code = match number.strip_prefix('x') {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => number.parse(),
    };
    Some((char::from_u32(code.ok()?)?, rest.strip_prefix(';')?))
}

/// Writes a text with what its entities stand for.
fn write(
    text: &str,
    entities: &HashMap<&str, String>,
    depth: usize,
    budget: &mut usize,
    to: &mut String,
) -> Result<(), FileRefused> {
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<']) {
        let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
        to.push_str(before);
        // In CDATA an entity is none.
        if from.starts_with("<![CDATA[") {
            let end = from.find("]]>").unwrap_or(from.len());
            let (cdata, after) = from.split_at_checked(end).unwrap_or((from, ""));
            to.push_str(cdata);
            rest = after;
            continue;
        }
        let (sign, after) = from.split_at_checked(1).unwrap_or((from, ""));
        let end = after.bytes().take(MAX_NAME_BYTES).position(|byte| byte == b';').filter(|_| sign == "&");
        let named = end.and_then(|end| after.split_at_checked(end));
        match named.and_then(|(name, after)| Some((entities.get(name)?, after.strip_prefix(';')?))) {
            Some((value, after)) => {
                let too_much = || FileRefused::TooLarge(u64::try_from(MAX_ENTITY_BYTES).unwrap_or(u64::MAX));
                *budget = budget.checked_sub(value.len().max(1)).ok_or_else(too_much)?;
                if depth < MAX_DEPTH {
                    write(value, entities, depth.saturating_add(1), budget, to)?;
                }
                rest = after;
            }
            None => {
                to.push_str(sign);
                rest = after;
            }
        }
    }
    to.push_str(rest);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q2_entities_that_a_page_declares_are_what_they_stand_for() {
        for (page, resolved) in [
            (
                "<!DOCTYPE html [<!ENTITY co \"Lin &amp; Co\">]>\n<p>&co;</p>",
                "<!DOCTYPE html >\n<p>Lin &amp; Co</p>",
            ),
            (
                "<?xml version='1.0'?>\n<!-- x [ -->\n<!DOCTYPE html [\n<!ENTITY a '1'><!ENTITY b '&a;2'>\n] >\n<p>&b;&c;</p>",
                "<?xml version='1.0'?>\n<!-- x [ -->\n<!DOCTYPE html >\n<p>12&c;</p>",
            ),
            ("<!DOCTYPE html [<!-- ] > --><!ENTITY a 'x>y]'><!ENTITY a 'z'>]>&a;", "<!DOCTYPE html >x>y]"),
            (
                "<!DOCTYPE html PUBLIC '-//W3C//[x]' 'u' [<!ENTITY % p 'q'><!ATTLIST p x CDATA 'v'>]>&p;",
                "<!DOCTYPE html PUBLIC '-//W3C//[x]' 'u' >&p;",
            ),
            ("<!DOCTYPE html [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>x&a;y", "<!DOCTYPE html >xy"),
            ("<!DOCTYPE html [<!ENTITY a 'x'>]><![CDATA[&a;]]>&a;", "<!DOCTYPE html ><![CDATA[&a;]]>x"),
            ("<!doctype html [<!ENTITY a 'x'>]>a & b;&a;", "<!doctype html >a & b;x"),
            ("<!DOCTYPE html [<!ENTITY a '&a;'>]>x&a;", "<!DOCTYPE html >x"),
            // What an entity stands for is read as the page is.
            ("<!DOCTYPE html [<!ENTITY less '&#38;#60;'>]>a &less; b", "<!DOCTYPE html >a &#60; b"),
            (
                "<!DOCTYPE html [<!ENTITY co 'Lin &#x26;amp; &#38;q;'><!ENTITY q 'Co'>]>&co;",
                "<!DOCTYPE html >Lin &amp; Co",
            ),
            ("<!DOCTYPE html [<!ENTITY b '&#60;b&#62;x&#60;/b>'>]>&b;", "<!DOCTYPE html ><b>x</b>"),
            (
                "<!DOCTYPE html [<!ENTITY q '&#34;x&#34; &#xZ; &#60;'><!ENTITY n '&#38;'>]>&q;&n;",
                "<!DOCTYPE html >&#34;x&#34; &#xZ; &#60;&#38;",
            ),
            (
                "<!DOCTYPE html [<!ENTITY lt '&#60;'><!ENTITY amp '&#38;#38;'>]>&lt;&amp;",
                "<!DOCTYPE html >&lt;&amp;",
            ),
            // What ends it does not in instructions and comments, and nothing is declared there.
            ("<!DOCTYPE html [<?x ]> it's ?><!ENTITY a 'y'>]>&a;", "<!DOCTYPE html >y"),
            (
                "<!DOCTYPE html [<?x <!ENTITY a 'z'> ?><!-- ]> \" <!ENTITY a 'z'> --><!ENTITY a 'y'>]>&a;",
                "<!DOCTYPE html >y",
            ),
        ] {
            assert_eq!(resolve(page).as_deref(), Ok(resolved), "{page}");
        }
        for untouched in [
            "<!DOCTYPE html>\n<p>[&co;]</p>",
            "<p>[x]</p>",
            "",
            "<!DOCTYPE",
            "<!DOCTYPE html [<!ENTITY",
            "<!--",
            "<?x",
            "<!DOCTYPE html [<?x ]>",
        ] {
            assert_eq!(resolve(untouched).as_deref(), Ok(untouched));
        }
    }

    #[test]
    fn k16_entities_of_entities_are_not_unpacked_without_bound() {
        let laugh = |depth: usize| {
            let declared = |at: usize| format!("<!ENTITY e{at} '{}'>", format!("&e{};", at - 1).repeat(10));
            let all: String = (1..=depth).map(declared).collect();
            format!("<!DOCTYPE html [<!ENTITY e0 'ha'>{all}]><p>&e{depth};</p>")
        };
        assert!(resolve(&laugh(3)).is_ok_and(|text| text.len() < 3_000));
        for depth in [6, 9, 50] {
            assert!(matches!(resolve(&laugh(depth)), Err(FileRefused::TooLarge(_))), "{depth}");
        }
        let long = format!("<!DOCTYPE html [<!ENTITY a '{}'>]>{}", "x".repeat(10_000), "&a;".repeat(10_000));
        assert!(matches!(resolve(&long), Err(FileRefused::TooLarge(_))), "one that is named often");
        let many: String = (0..20_000).map(|n| format!("<!ENTITY e{n} 'x'>")).collect();
        assert!(resolve(&format!("<!DOCTYPE html [{many}]>{}", "&e1;".repeat(100_000))).is_ok());
        let _any = resolve(&format!("<!DOCTYPE html [{}", "<!--".repeat(100_000)));
        let _any = resolve(&format!("<!DOCTYPE html [<!ENTITY a 'x'>]>{}", "&".repeat(1_000_000)));
    }
}
