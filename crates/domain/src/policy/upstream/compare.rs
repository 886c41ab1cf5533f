//! Whose verdict differs between the Python Syft Space and here.

use std::collections::{BTreeSet, HashSet, VecDeque};

use super::rules::{Places, Token, UpstreamAccess, UpstreamGlob};
use super::translate::{Here, Translated};
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

/// A comparison that is being made.
struct Search<'a> {
    policies: &'a [UpstreamAccess],
    /// On what verdicts hang: the patterns, and those that stand here for one that cannot be written here. An address has one `@`, and so
    /// has such a pattern, so it means the same to both.
    globs: Vec<UpstreamGlob>,
    here: Here,
    /// How many places the patterns have together, and how many were looked at.
    width: usize,
    steps: usize,
    reasons: HashSet<String>,
    found: UpstreamComparison,
}

impl UpstreamComparison {
    /// Holds the verdicts that the policies of one endpoint give there against those that are given here.
    #[must_use]
    pub fn of(policies: &[UpstreamAccess]) -> Self {
        let mut search = Search::new(policies);
        search.found.truncated = !(search.look_at_readable() && search.look_at_all());
        search.found
    }
}

impl<'a> Search<'a> {
    fn new(policies: &'a [UpstreamAccess]) -> Self {
        let translated: Vec<_> = policies.iter().map(UpstreamAccess::translate).collect();
        let widened = |glob: &UpstreamGlob| if glob.is_exact() { Vec::new() } else { glob.patterns() };
        let stand_in = patterns(policies).flat_map(widened);
        let stand_in = stand_in.map(|pattern| UpstreamGlob::new(pattern.as_str()));
        let globs: Vec<UpstreamGlob> = patterns(policies).cloned().chain(stand_in).collect();
        let width = globs.iter().map(|glob| glob.tokens.len()).sum::<usize>().saturating_add(1);
        let here = Here::of(&translated);
        let found = UpstreamComparison { translated, differences: Vec::new(), truncated: false };
        Self { policies, globs, here, width, steps: 0, reasons: HashSet::new(), found }
    }

    /// Looks at what is pleasant to read: it comes first, and is found however many patterns there are. Whether it had the time.
    fn look_at_readable(&mut self) -> bool {
        for glob in patterns(self.policies) {
            for pattern in glob.patterns() {
                self.steps = self.steps.saturating_add(self.width);
                let text = match pattern.as_str() {
                    "*" => "anybody@example.org".to_owned(),
                    text => text.replace("@*", "@example").replace('*', "anybody"),
                };
                self.look_at(&text);
                if self.steps > MAX_STEPS {
                    return false;
                }
            }
        }
        true
    }

    /// Reads all addresses at once: of those that leave each pattern at the same places one is kept. Whether it had the time.
    fn look_at_all(&mut self) -> bool {
        let letters = letters(&self.globs);
        let places: Vec<Places> = self.globs.iter().map(UpstreamGlob::start).collect();
        let start = (places, Read::start());
        let mut seen = HashSet::from([start.clone()]);
        let mut open = VecDeque::from([(start, String::new())]);
        while let Some(((places, read), text)) = open.pop_front() {
            if read.is_whole() {
                self.look_at(&text);
            }
            for letter in &letters {
                let Some(read) = read.read(*letter) else { continue };
                self.steps = self.steps.saturating_add(self.width);
                if self.steps > MAX_STEPS || self.found.differences.len() >= MAX_DIFFERENCES {
                    return false;
                }
                let next = self.globs.iter().zip(&places).map(|(glob, places)| glob.read(places, *letter));
                let next = (next.collect::<Vec<_>>(), read);
                if seen.insert(next.clone()) {
                    open.push_back((next, format!("{text}{letter}")));
                }
            }
        }
        true
    }

    fn look_at(&mut self, text: &str) {
        let Ok(email) = Email::parse(text) else { return };
        let there = UpstreamAccess::any_admits(self.policies, email.as_str());
        let here = self.here.admits(&email);
        if there == here || self.found.differences.len() >= MAX_DIFFERENCES {
            return;
        }
        let reason = self.reason(&email);
        if self.reasons.insert(reason.clone()) {
            self.found.differences.push(UpstreamDifference { email, there, here, reason });
        }
    }

    fn reason(&self, email: &Email) -> String {
        let policies = self.policies;
        let address = email.as_str();
        let admitting = policies.iter().position(|policy| policy.admits(address)).unwrap_or(0);
        for (number, translated) in self.found.translated.iter().enumerate() {
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

/// All patterns of policies.
fn patterns(policies: &[UpstreamAccess]) -> impl Iterator<Item = &UpstreamGlob> {
    policies.iter().flat_map(|policy| policy.allowed.iter().chain(&policy.denied))
}

/// Characters of which any other behaves as one of them does.
fn letters(globs: &[UpstreamGlob]) -> Vec<char> {
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
