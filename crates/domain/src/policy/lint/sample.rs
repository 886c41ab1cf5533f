//! An address that a pattern matches, or why there is none.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap, VecDeque};

use crate::identity::Email;
use crate::policy::EmailPattern;
use crate::policy::lint::budget::Budget;
use crate::policy::lint::glob::{At, Glob};
use crate::policy::lint::grammar::{Domain, Grammar, Local};
use crate::policy::lint::part::Part;

/// How many states of a glob and the grammar are looked at, at most: more than the longest pattern has.
const MAX_STATES: usize = 200_000;

/// What a pattern matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sample {
    /// This, for one.
    Address(Email),
    /// Nothing.
    Nothing(Unmatched),
    /// Nobody knows: labels such as `xn--…` are not made up here.
    Unknown,
}

/// Why no address matches a pattern, or is in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unmatched {
    /// What stands before the `@` is longer than that can be.
    LocalTooLong,
    /// No domain name looks like that.
    NoDomain,
    /// The shortest address would be longer than addresses are.
    TooLong,
    /// Nobody is in the group.
    EmptyGroup,
}

impl Unmatched {
    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LocalTooLong => "local_too_long",
            Self::NoDomain => "no_such_domain",
            Self::TooLong => "too_long",
            Self::EmptyGroup => "empty_group",
        }
    }
}

impl Sample {
    /// As [`Self::of`], of a pattern with a `*` in it; `None` of another.
    pub(super) fn of_glob(pattern: &EmailPattern, budget: &mut Budget) -> Option<Self> {
        pattern.as_str().contains('*').then(|| Self::of(pattern, budget))
    }

    /// Looks for an address that a pattern matches: first for one that is pleasant to read.
    pub(super) fn of(pattern: &EmailPattern, budget: &mut Budget) -> Self {
        let Some((local, domain)) = Part::of(pattern) else {
            return Email::parse("anybody@example.org").map_or(Self::Unknown, Self::Address);
        };
        let readable = format!("{}@{}", readable_local(local), readable_domain(domain));
        if let Some(email) = Email::parse(&readable).ok().filter(|email| pattern.matches(email)) {
            return Self::Address(email);
        }
        let (shortest_local, shortest_domain) = match shortest(local, domain, budget) {
            Ok(shortest) => shortest,
            Err(unknown_or_nothing) => return unknown_or_nothing,
        };
        let mut domains = vec![shortest_domain];
        domains.extend(["4ca", "mnchen-3ya"].map(|fill| domain.text.replace('*', fill)));
        for domain in domains {
            for local in [&readable_local(local), &shortest_local] {
                let email = Email::parse(&format!("{local}@{domain}")).ok();
                if let Some(email) = email.filter(|email| pattern.matches(email)) {
                    return Self::Address(email);
                }
            }
        }
        Self::Unknown
    }
}

fn readable_local(local: Part<'_>) -> String {
    if local.text == "*" { "anybody".to_owned() } else { local.text.replace('*', "a") }
}

fn readable_domain(domain: Part<'_>) -> String {
    if domain.text == "*" { "example.org".to_owned() } else { domain.text.replace('*', "a") }
}

/// The shortest texts that the sides match. Of a domain name `xn--…` it is not known whether there is one.
fn shortest(local: Part<'_>, domain: Part<'_>, budget: &mut Budget) -> Result<(String, String), Sample> {
    let found = (|| {
        let local = shortest_text(local.text, Local::default(), budget)?;
        Some((local, shortest_text(domain.text, Domain::of_known_length(), budget)?))
    })();
    let (local, domain) = found.ok_or(Sample::Unknown)?;
    let nothing = |why| Err(Sample::Nothing(why));
    match (local, domain) {
        (Some(local), _) if local.len() > Email::LOCAL_MAX => nothing(Unmatched::LocalTooLong),
        (_, None) => nothing(Unmatched::NoDomain),
        (Some(local), Some(domain)) if local.len() + 1 + domain.len() > Email::MAX => {
            nothing(Unmatched::TooLong)
        }
        (Some(local), Some(domain)) => Ok((local, domain)),
        // Some text before an @ matches each pattern that can be written.
        (None, _) => Err(Sample::Unknown),
    }
}

/// The shortest text of a grammar that a glob matches, if there is one; `None` where that would take too long to tell.
fn shortest_text<G: Grammar>(text: &str, grammar: G, budget: &mut Budget) -> Option<Option<String>> {
    let glob = Glob::new(text);
    let literal = text.bytes().filter(|byte| *byte != b'*');
    let letters: BTreeSet<u8> = literal.chain(G::SPECIAL.iter().copied()).chain([b'a']).collect();
    let start = (glob.start(), grammar);
    type Step<G> = (At, G);
    let mut reached_by: HashMap<Step<G>, Option<(Step<G>, u8)>> = HashMap::from([(start, None)]);
    let mut open = VecDeque::from([start]);
    while let Some(here) = open.pop_front() {
        let (at, grammar) = here;
        if glob.is_end(at) && grammar.is_whole() {
            let steps = std::iter::successors(Some(here), |step| Some(reached_by.get(step)?.as_ref()?.0));
            let letters = steps.filter_map(|step| Some(reached_by.get(&step)?.as_ref()?.1));
            let mut bytes: Vec<u8> = letters.collect();
            bytes.reverse();
            return Some(String::from_utf8(bytes).ok());
        }
        if !budget.take(letters.len()) {
            return None;
        }
        for letter in &letters {
            let Some(grammar) = grammar.read(*letter) else { continue };
            let Some(at) = glob.read(at, *letter) else { continue };
            if let Entry::Vacant(unseen) = reached_by.entry((at, grammar)) {
                unseen.insert(Some((here, *letter)));
                open.push_back((at, grammar));
            }
        }
        if reached_by.keys().len() > MAX_STATES {
            budget.skip();
            return None;
        }
    }
    Some(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(pattern: &str) -> Sample {
        Sample::of(&EmailPattern::parse(pattern).unwrap(), &mut Budget::new(50_000_000))
    }

    #[test]
    fn k11_a_pattern_has_an_address_that_it_matches_or_a_reason_why_none_does() {
        for (pattern, expected) in [
            ("*", "anybody@example.org"),
            ("ada@x.org", "ada@x.org"),
            ("*@x.org", "anybody@x.org"),
            ("ada*@*.x.org", "adaa@a.x.org"),
            ("*@*x.org", "anybody@ax.org"),
            ("*@*", "anybody@example.org"),
            ("ada@x*", "ada@x.a"),
            ("*@*.*1", "anybody@a.a1"),
            ("*@1*1", "anybody@1.a1"),
            ("*@*--b.org", "anybody@a--b.org"),
            ("*@ab*--b.org", "anybody@aba--b.org"),
            ("*@x*--b.org", "anybody@x--b.org"),
            ("*@xn*--b.org", "anybody@xna--b.org"),
            ("*@xn--*.org", "anybody@xn--4ca.org"),
        ] {
            assert_eq!(sample(pattern), Sample::Address(Email::parse(expected).unwrap()), "{pattern}");
        }
        for (pattern, why) in [("*@ab--*.org", Unmatched::NoDomain), ("*@*.ab--*", Unmatched::NoDomain)] {
            assert_eq!(sample(pattern), Sample::Nothing(why), "{pattern}");
        }
        let long = |local: usize, domain: usize| {
            let labels = format!("{}.", "d".repeat(49)).repeat(domain / 50);
            sample(&format!("{}*@{labels}{}*", "a".repeat(local), "d".repeat(domain % 50)))
        };
        assert!(matches!(long(64, 189), Sample::Address(_)));
        assert!(matches!(long(0, 251), Sample::Address(_)));
        assert_eq!(long(0, 253), Sample::Nothing(Unmatched::TooLong));
        let atoms = format!("*.{}@x.org", "a".repeat(63));
        assert_eq!(sample(&atoms), Sample::Nothing(Unmatched::LocalTooLong));
        let dots = format!("*@{}*{}.org", "a".repeat(40), "a".repeat(40));
        assert_eq!(
            sample(&dots),
            Sample::Address(
                Email::parse(&format!("anybody@{}.{}.org", "a".repeat(40), "a".repeat(40))).unwrap()
            )
        );
    }
}
