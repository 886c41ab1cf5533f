//! The lint itself: each pattern is compared with those that might make it useless.

use std::sync::Arc;

use crate::group::GroupMemberships;
use crate::identity::Email;
use crate::ids::HubId;
use crate::marketplace::MarketplaceHubs;
use crate::policy::lint::budget::Budget;
use crate::policy::lint::cover::{Cover, CoverDraft};
use crate::policy::lint::finding::{Lint, LintExample, LintFinding, LintedPolicy, Oddity, PatternPlace};
use crate::policy::lint::groups::group_findings;
use crate::policy::lint::inclusion::{Inclusions, Side};
use crate::policy::lint::part::Part;
use crate::policy::lint::read::{Read, Verdicts};
use crate::policy::lint::sample::Sample;
use crate::policy::lint::width::Width;
use crate::policy::{
    AccessConfiguration, AccessEntry, CompiledPolicy, Effect, EmailPattern, HubPattern, PolicySet,
    PolicyTypes, Validity,
};
use crate::time::Timestamp;

/// The most findings that are told.
pub const MAX_FINDINGS: usize = 1_000;

/// How many steps are made: half a second or so.
const MAX_WORK: usize = 6_000_000;

/// How many `*` a pattern that no index finds has before it is told of.
const MANY_STARS: usize = 4;

/// A pattern, where it stands, and what is known of it.
struct Entry<'a> {
    policy: &'a Read<'a>,
    /// Where it means users of a marketplace alone: of which.
    of: Option<&'a HubPattern>,
    pattern: &'a EmailPattern,
    /// Of a glob. An address matches itself.
    sample: Option<Sample>,
}

/// Patterns of policies that have the same mode and act at the same times, and mean users of the same hub, or whoever it is.
struct ModeCover<'a> {
    mode: Effect,
    hub: Option<HubId>,
    validity: Validity,
    everybody: Option<usize>,
    cover: Cover<'a>,
}

/// Looks at the access policies among these, which are those of one endpoint. Policies that cannot be read, and those of other
/// types, are not looked at. A pattern is compared with one other at a time: whether several others together mean all whom it
/// means is not told, and neither is who of a group is meant by a pattern, too. With as many patterns as a tenant may have it takes about a second.
#[must_use]
pub fn lint(
    types: &PolicyTypes,
    policies: &[LintedPolicy],
    groups: &GroupMemberships,
    marketplaces: &MarketplaceHubs,
    now: Timestamp,
) -> Lint {
    let read: Vec<_> =
        policies.iter().enumerate().filter_map(|(index, linted)| Read::of(index, linted)).collect();
    let rules = read.iter().map(|policy| {
        let LintedPolicy { id, configuration } = policy.linted();
        Arc::new(CompiledPolicy::compile(types, *id, 1, configuration))
    });
    let verdicts = Verdicts { rules: PolicySet::new(rules), groups, marketplaces, now };
    let mut budget = Budget::new(MAX_WORK);
    let entries: Vec<_> = read
        .iter()
        .flat_map(|policy| {
            let AccessConfiguration { patterns, hubs, .. } = &policy.access;
            // Where there is no such marketplace, the endpoint is closed.
            let hubs = hubs.iter().filter(|hub| marketplaces.hub(&hub.marketplace).is_some());
            let of_hubs = hubs.map(move |hub| (policy, Some(hub), &hub.pattern));
            patterns.iter().map(move |pattern| (policy, None, pattern)).chain(of_hubs)
        })
        .map(|(policy, of, pattern)| Entry {
            policy,
            of,
            pattern,
            sample: Sample::of_glob(pattern, &mut budget),
        })
        .collect();
    let covers = covers(&entries, marketplaces);
    let mut inclusions = Inclusions::new(budget);
    let mut findings = Vec::new();
    'all: for (index, entry) in entries.iter().enumerate() {
        let hub = entry.hub(marketplaces);
        for oddity in entry.oddities((index, hub), &entries, &covers, &mut inclusions) {
            if findings.len() == MAX_FINDINGS {
                inclusions.budget.skip();
                break 'all;
            }
            findings.push(LintFinding { at: entry.place(), oddity, example: entry.example(&verdicts) });
        }
    }
    for finding in group_findings(&read, &verdicts) {
        if findings.len() == MAX_FINDINGS {
            inclusions.budget.skip();
            break;
        }
        findings.push(finding);
    }
    findings.sort_by_key(|finding| finding.at.index);
    Lint { findings, truncated: inclusions.budget.is_cut() }
}

impl<'a> Entry<'a> {
    fn place(&self) -> PatternPlace {
        let pattern = || AccessEntry::Pattern(self.pattern.clone());
        self.policy.place(self.of.cloned().map_or_else(pattern, AccessEntry::Hub))
    }

    /// The hub whose users alone it means.
    fn hub(&self, marketplaces: &MarketplaceHubs) -> Option<HubId> {
        marketplaces.hub(&self.of?.marketplace)
    }

    fn matches_nothing(&self) -> bool {
        matches!(self.sample, Some(Sample::Nothing(_)))
    }

    fn oddities(
        &self,
        (index, hub): (usize, Option<HubId>),
        entries: &[Entry<'a>],
        covers: &[ModeCover<'a>],
        inclusions: &mut Inclusions<'a>,
    ) -> Vec<Oddity> {
        if let Some(Sample::Nothing(why)) = self.sample {
            return vec![Oddity::NeverMatching(why)];
        }
        let AccessConfiguration { mode, validity, .. } = &self.policy.access;
        let sides = Part::of(self.pattern);
        let mut shadowed_by = None;
        let mut denied_by = None;
        let covers = covers.iter().filter(|cover| cover.validity.includes(validity));
        for cover in covers.filter(|cover| cover.hub.is_none() || cover.hub == hub) {
            if cover.mode == *mode && shadowed_by.is_none() {
                let is_alike = cover.validity == *validity && cover.hub == hub;
                shadowed_by = cover.find(sides, inclusions, |other, inclusions| {
                    // Of two that mean the same, the first stays.
                    other < index
                        || (other > index
                            && (!is_alike
                                || entries
                                    .get(other)
                                    .is_some_and(|other| self.is_narrower(other, inclusions))))
                });
            } else if cover.mode != *mode && *mode == Effect::Allow && denied_by.is_none() {
                denied_by = cover.find(sides, inclusions, |_, _| true);
            }
        }
        let place = |index: usize| entries.get(index).map(Entry::place);
        let width = match sides {
            // Who is on a marketplace is for the owner to judge.
            _ if *mode == Effect::Deny || hub.is_some() => None,
            None => Some(Width::Everybody),
            Some((local, domain)) => Width::of(local, domain),
        };
        let stars = self.pattern.as_str().bytes().filter(|byte| *byte == b'*').count();
        let is_costly = self.pattern.is_mixed() && stars >= MANY_STARS;
        [
            shadowed_by.and_then(place).map(Oddity::Shadowed),
            denied_by.and_then(place).map(Oddity::Contradictory),
            width.map(Oddity::TooWide),
            is_costly.then_some(Oddity::Costly),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// Whether another, which means all whom this one means, means others, too.
    fn is_narrower(&self, other: &Entry<'a>, inclusions: &mut Inclusions<'a>) -> bool {
        let Some((local, domain)) = Part::of(self.pattern) else { return false };
        let Some((other_local, other_domain)) = Part::of(other.pattern) else { return true };
        inclusions.includes(Side::Local, local, other_local) == Some(false)
            || inclusions.includes(Side::Domain, domain, other_domain) == Some(false)
    }

    /// What happens to whom the pattern means.
    fn example(&self, verdicts: &Verdicts<'_>) -> Option<LintExample> {
        let email = match &self.sample {
            Some(Sample::Address(email)) => email.clone(),
            Some(Sample::Nothing(_) | Sample::Unknown) => return None,
            None => Email::parse(self.pattern.as_str()).ok()?,
        };
        Some(verdicts.example(email, self.of.map(|hub| &hub.marketplace), self.policy))
    }
}

impl<'a> ModeCover<'a> {
    fn find(
        &self,
        sides: Option<(Part<'a>, Part<'a>)>,
        inclusions: &mut Inclusions<'a>,
        mut is_wanted: impl FnMut(usize, &mut Inclusions<'a>) -> bool,
    ) -> Option<usize> {
        if let Some(index) = self.everybody
            && is_wanted(index, inclusions)
        {
            return Some(index);
        }
        let (local, domain) = sides?;
        self.cover.find(local, domain, inclusions, is_wanted)
    }
}

/// Puts those patterns together that can stand in for each other. Those that match nothing are none.
fn covers<'a>(entries: &[Entry<'a>], marketplaces: &MarketplaceHubs) -> Vec<ModeCover<'a>> {
    type Kind = (Effect, Validity, Option<HubId>);
    let mut drafts: Vec<(Kind, Option<usize>, CoverDraft<'a>)> = Vec::new();
    for (index, entry) in entries.iter().enumerate().filter(|(_, entry)| !entry.matches_nothing()) {
        let AccessConfiguration { mode, validity, .. } = &entry.policy.access;
        let kind = (*mode, *validity, entry.hub(marketplaces));
        let known = drafts.iter().position(|(other, ..)| *other == kind);
        let known = known.unwrap_or_else(|| {
            drafts.push((kind, None, CoverDraft::default()));
            drafts.len() - 1
        });
        let Some((_, everybody, draft)) = drafts.get_mut(known) else { continue };
        match Part::of(entry.pattern) {
            None => {
                everybody.get_or_insert(index);
            }
            Some((local, domain)) => draft.add(local, domain, index),
        }
    }
    let drafts = drafts.into_iter();
    drafts
        .map(|((mode, validity, hub), everybody, draft)| ModeCover {
            mode,
            hub,
            validity,
            everybody,
            cover: draft.index(),
        })
        .collect()
}
