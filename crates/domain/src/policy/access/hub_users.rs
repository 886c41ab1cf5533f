//! Users of marketplaces that an access policy means, compiled for look-up.

use std::sync::Arc;

use crate::identity::Email;
use crate::marketplace::MarketplaceName;
use crate::policy::access::hub_pattern::HubPattern;
use crate::policy::pattern::EmailPattern;
use crate::policy::pattern_set::PatternSet;
use crate::policy::policy_type::Facts;

/// Users of marketplaces whom an access policy means.
pub(super) struct HubUsers {
    /// The marketplaces, each once, as they are first named.
    marketplaces: Box<[MarketplaceName]>,
    /// Whom of its users, for each of them.
    meant: Box<[Meant]>,
}

/// Whom of a marketplace's users.
struct Meant {
    patterns: PatternSet,
    /// How each of the patterns is written, for whoever is shown what decided.
    texts: Box<[Arc<str>]>,
}

impl HubUsers {
    pub(super) fn compile(hubs: Vec<HubPattern>) -> Self {
        let mut named: Vec<(MarketplaceName, Vec<EmailPattern>, Vec<Arc<str>>)> = Vec::new();
        for hub in hubs {
            let text = hub.to_string().into();
            match named.iter_mut().find(|(name, ..)| *name == hub.marketplace) {
                Some((_, patterns, texts)) => {
                    patterns.push(hub.pattern);
                    texts.push(text);
                }
                None => named.push((hub.marketplace, vec![hub.pattern], vec![text])),
            }
        }
        let compiled = named.into_iter().map(|(name, patterns, texts)| {
            (name, Meant { patterns: PatternSet::compile(&patterns), texts: texts.into() })
        });
        let (marketplaces, meant): (Vec<_>, Vec<_>) = compiled.unzip();
        Self { marketplaces: marketplaces.into(), meant: meant.into() }
    }

    pub(super) fn marketplaces(&self) -> &[MarketplaceName] {
        &self.marketplaces
    }

    /// Those patterns that are about users of the hub that the caller is from.
    fn of<'a>(&'a self, facts: &'a Facts<'_>) -> impl Iterator<Item = &'a Meant> {
        let named = self.marketplaces.iter().zip(&self.meant);
        named
            .filter(|(name, _)| facts.hub.is_some() && facts.hub_of(name) == facts.hub)
            .map(|(_, meant)| meant)
    }

    /// What means a caller of an address.
    pub(super) fn first_match(&self, facts: &Facts<'_>, email: &Email) -> Option<Arc<str>> {
        self.of(facts).find_map(|meant| meant.texts.get(meant.patterns.first_match(email)?)).map(Arc::clone)
    }

    /// What means a caller whatever their address is.
    pub(super) fn everyone(&self, facts: &Facts<'_>) -> Option<Arc<str>> {
        self.of(facts).find_map(|meant| meant.texts.get(meant.patterns.everyone_index()?)).map(Arc::clone)
    }

    /// Whether the first of them means a caller whatever their address is, so that no address makes another one the first.
    pub(super) fn everyone_is_first(&self, facts: &Facts<'_>) -> bool {
        self.of(facts).next().is_some_and(|meant| meant.patterns.everyone_index() == Some(0))
    }

    /// Whether a caller's address may tell whether they are meant.
    pub(super) fn need_email(&self, facts: &Facts<'_>) -> bool {
        self.of(facts).any(|meant| meant.patterns.needs_email())
    }

    /// About how many steps a look-up takes.
    pub(super) fn cost(&self) -> usize {
        self.meant.iter().map(|meant| meant.patterns.cost()).sum()
    }
}
