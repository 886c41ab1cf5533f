//! Whose verdict differs between the Python Syft Space and here.

use std::collections::{BTreeSet, HashSet, VecDeque};

use super::rules::{Places, Token, UpstreamAccess, UpstreamGlob};
use super::translate::Translated;
use crate::identity::Email;
use crate::policy::policy_type::Effect;

/// The most differences that are told.
const MAX_DIFFERENCES: usize = 100;
/// How many places of patterns are looked at, at most.
const MAX_STEPS: usize = 5_000_000;

/// What differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamComparison {
    /// What is made here, of each policy.
    pub translated: Vec<Translated>,
    /// One address for each reason.
    pub differences: Vec<UpstreamDifference>,
    /// Whether there may be more: it would have taken too long.
    pub truncated: bool,
}

/// Somebody whose verdict differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamDifference {
    /// Whose.
    pub email: Email,
    /// Whether they may ask there.
    pub there: bool,
    /// Whether they may ask here, as a member who may query.
    pub here: bool,
    /// Why, in a sentence.
    pub reason: String,
}

/// How far an address has been read: what its next character may be hangs on it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Read {
    is_domain: bool,
    has_dot: bool,
    label_has_letter: bool,
    last: Last,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Last {
    Border,
    Hyphen,
    Other,
}

impl Read {
    fn start() -> Self {
        Self { is_domain: false, has_dot: false, label_has_letter: false, last: Last::Border }
    }

    fn read(self, c: char) -> Option<Self> {
        let is_border = self.last == Last::Border;
        let is_open = is_border || (self.is_domain && self.last == Last::Hyphen);
        let border = Self { last: Last::Border, label_has_letter: false, ..self };
        match c {
            '@' if self.is_domain || is_border => None,
            '@' => Some(Self { is_domain: true, ..border }),
            '.' if is_open => None,
            '.' => Some(Self { has_dot: self.is_domain, ..border }),
            '-' if self.is_domain && is_border => None,
            '-' => Some(Self { last: Last::Hyphen, ..self }),
            c if self.is_domain && !c.is_ascii_alphanumeric() => None,
            c if !u8::try_from(c).is_ok_and(Email::is_local_character) => None,
            c => {
                let label_has_letter = self.is_domain && (self.label_has_letter || !c.is_ascii_digit());
                Some(Self { last: Last::Other, label_has_letter, ..self })
            }
        }
    }

    fn is_whole(self) -> bool {
        self.has_dot && self.last == Last::Other && self.label_has_letter
    }
}

impl UpstreamComparison {
    /// Holds the verdicts that the policies of one endpoint give there against those that are given here.
    #[must_use]
    pub fn of(policies: &[UpstreamAccess]) -> Self {
        let translated = policies.iter().map(UpstreamAccess::translate).collect();
        let mut found = Self { translated, differences: Vec::new(), truncated: false };
        let mut reasons = HashSet::new();
        let globs: Vec<&UpstreamGlob> =
            policies.iter().flat_map(|policy| policy.allowed.iter().chain(&policy.denied)).collect();
        let width = globs.iter().map(|glob| glob.tokens.len()).sum::<usize>().saturating_add(1);
        let mut steps = 0_usize;
        // What is pleasant to read comes first, and is found however many patterns there are.
        for glob in &globs {
            for pattern in glob.patterns() {
                steps = steps.saturating_add(width);
                let text = match pattern.as_str() {
                    "*" => "anybody@example.org".to_owned(),
                    text => text.replace("@*", "@example").replace('*', "anybody"),
                };
                found.look_at(policies, &text, &mut reasons);
                if steps > MAX_STEPS {
                    found.truncated = true;
                    return found;
                }
            }
        }
        found.search(policies, &globs, width, steps, &mut reasons);
        found
    }

    /// Reads all addresses at once: of those that leave each pattern at the same places one is kept.
    fn search(
        &mut self,
        policies: &[UpstreamAccess],
        globs: &[&UpstreamGlob],
        width: usize,
        mut steps: usize,
        reasons: &mut HashSet<String>,
    ) {
        let letters = letters(globs);
        let places: Vec<Places> = globs.iter().map(|glob| glob.start()).collect();
        let start = (places, Read::start());
        let mut seen = HashSet::from([start.clone()]);
        let mut open = VecDeque::from([(start, String::new())]);
        while let Some(((places, read), text)) = open.pop_front() {
            if read.is_whole() {
                self.look_at(policies, &text, reasons);
            }
            for letter in &letters {
                let Some(read) = read.read(*letter) else { continue };
                steps = steps.saturating_add(width);
                if steps > MAX_STEPS || self.differences.len() >= MAX_DIFFERENCES {
                    self.truncated = true;
                    return;
                }
                let next = globs.iter().zip(&places).map(|(glob, places)| glob.read(places, *letter));
                let next = (next.collect::<Vec<_>>(), read);
                if seen.insert(next.clone()) {
                    open.push_back((next, format!("{text}{letter}")));
                }
            }
        }
    }

    fn look_at(&mut self, policies: &[UpstreamAccess], text: &str, reasons: &mut HashSet<String>) {
        let Ok(email) = Email::parse(text) else { return };
        let there = UpstreamAccess::any_admits(policies, email.as_str());
        let here = Translated::all_admit(&self.translated, &email);
        if there == here || self.differences.len() >= MAX_DIFFERENCES {
            return;
        }
        let reason = self.reason(policies, &email);
        if reasons.insert(reason.clone()) {
            self.differences.push(UpstreamDifference { email, there, here, reason });
        }
    }

    fn reason(&self, policies: &[UpstreamAccess], email: &Email) -> String {
        let address = email.as_str();
        let admitting = policies.iter().position(|policy| policy.admits(address)).unwrap_or(0);
        for (number, translated) in self.translated.iter().enumerate() {
            let mut denied = translated.policies.iter().filter(|policy| policy.mode == Effect::Deny);
            let pattern = denied.find_map(|policy| policy.patterns.iter().find(|one| one.matches(email)));
            let Some(pattern) = pattern else { continue };
            let is_denied = policies
                .get(number)
                .is_some_and(|policy| policy.denied.iter().any(|glob| glob.matches(address)));
            return if !is_denied {
                format!("{pattern} denies more here: the pattern that it stands for cannot be written here")
            } else if number == admitting {
                format!("{pattern} denies here whatever allows; there a more specific allowed_users wins")
            } else {
                format!(
                    "{pattern} of policy {} denies here whatever allows; there it is enough that policy {} admits",
                    number.saturating_add(1),
                    admitting.saturating_add(1)
                )
            };
        }
        let glob = policies.iter().flat_map(|policy| &policy.allowed).find(|glob| glob.matches(address));
        match glob {
            Some(glob) => format!("{} of allowed_users cannot be written here, and is left out", glob.text),
            None => format!(
                "policy {} admits there whoever it does not deny; here a policy of mode allow must mean them",
                admitting.saturating_add(1)
            ),
        }
    }
}

/// Characters of which any other behaves as one of them does.
fn letters(globs: &[&UpstreamGlob]) -> Vec<char> {
    let mut letters = BTreeSet::from(['@', '.']);
    for token in globs.iter().flat_map(|glob| &glob.tokens) {
        match token {
            Token::Any | Token::One => {}
            Token::Literal(c) => letters.extend([*c]),
            // Each of them, for which of them another set holds is not known.
            Token::Set { ranges, .. } => letters.extend(
                ('a'..='z').chain('0'..='9').filter(|c| ranges.iter().any(|(from, to)| from <= c && c <= to)),
            ),
        }
    }
    let other = ('a'..='z').chain('0'..='9').find(|c| !letters.contains(c));
    letters.extend(other);
    // A domain needs a letter in its last label, and a digit is none.
    letters.extend(('a'..='z').find(|c| !letters.contains(c)));
    letters.into_iter().filter(|c| c.is_ascii() && !c.is_ascii_uppercase()).collect()
}
