//! What is odd about the groups that policies name: nobody is in them, or another policy means the same group.

use crate::group::GroupName;
use crate::policy::lint::finding::{LintFinding, Oddity, PatternPlace};
use crate::policy::lint::read::{Read, Verdicts};
use crate::policy::lint::sample::Unmatched;
use crate::policy::{AccessConfiguration, AccessEntry, Effect, EmailPattern};

/// What is odd about the groups of policies, by the order of the policies. Of a group that cannot be read nothing is told: the
/// endpoint is closed.
pub(super) fn group_findings<'a>(
    read: &'a [Read<'a>],
    verdicts: &'a Verdicts<'a>,
) -> impl Iterator<Item = LintFinding> + 'a {
    let named = read.iter().enumerate();
    let named = named.flat_map(|(place, policy)| policy.access.groups.iter().map(move |name| (place, name)));
    let readable = named.filter(|(_, name)| verdicts.groups.is_readable(name));
    readable.flat_map(move |(place, name)| findings_of(read, place, name, verdicts))
}

fn findings_of(
    read: &[Read<'_>],
    place: usize,
    name: &GroupName,
    verdicts: &Verdicts<'_>,
) -> Vec<LintFinding> {
    let Some(policy) = read.get(place) else { return Vec::new() };
    let at = policy.place(AccessEntry::Group(name.clone()));
    let Some(member) = verdicts.groups.first_member(name) else {
        return vec![LintFinding { at, oddity: Oddity::NeverMatching(Unmatched::EmptyGroup), example: None }];
    };
    let AccessConfiguration { mode, validity, .. } = &policy.access;
    let includes = |(_, other): &(usize, &Read<'_>)| other.access.validity.includes(validity);
    let others = || read.iter().enumerate().filter(includes);
    let shadowed = others().filter(|(_, other)| other.access.mode == *mode).find_map(|(index, other)| {
        // Of two that mean the same, the first stays.
        let is_wider = index < place || (index > place && other.access.validity != *validity);
        means(other, name, is_wider)
    });
    let denied = others()
        .filter(|(_, other)| *mode == Effect::Allow && other.access.mode == Effect::Deny)
        .find_map(|(_, other)| means(other, name, true));
    let oddities = [shadowed.map(Oddity::Shadowed), denied.map(Oddity::Contradictory)];
    let finding = |oddity| {
        let example = Some(verdicts.example(member.clone(), None, policy));
        LintFinding { at: at.clone(), oddity, example }
    };
    oddities.into_iter().flatten().map(finding).collect()
}

/// Where a policy means all who are in a group: by `*` alone, or by the group, if that counts.
fn means(policy: &Read<'_>, name: &GroupName, does_group_count: bool) -> Option<PatternPlace> {
    let is_everybody = |pattern: &&EmailPattern| pattern.as_str() == "*";
    let everybody = policy.access.patterns.iter().find(is_everybody).cloned().map(AccessEntry::Pattern);
    let same = does_group_count && policy.access.groups.contains(name);
    let entry = everybody.or_else(|| same.then(|| AccessEntry::Group(name.clone())));
    entry.map(|entry| policy.place(entry))
}
