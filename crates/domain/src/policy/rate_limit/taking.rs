//! To take some of a limit for a query, and to give it back.

use std::sync::Arc;

use super::counted::Counted;
use super::limit::Limit;
use super::limit_key::LimitKey;
use super::limiter::{RateLimiter, Took};
use super::wording::{Wording, sentence};
use super::{AppliesTo, RateLimitConfiguration, RateScope};
use crate::Pending;
use crate::group::GroupName;
use crate::marketplace::MarketplaceName;
use crate::policy::access::AccessRule;
use crate::policy::allowance::{Allowance, LimitStatus};
use crate::policy::context::QueryFacts;
use crate::policy::obligation::{Hold, Obligation, ObligationContext, ObligationError, Release};
use crate::policy::policy_type::{ConfigurationError, Facts, Finding, Rule};

/// A limit as a rule keeps it, whatever it counts.
pub(in crate::policy) struct CountedLimit {
    limiter: Arc<RateLimiter>,
    configuration: RateLimitConfiguration,
    /// Who is named, where it is not for everybody: those whom this rule means.
    named: Option<AccessRule>,
    wording: Wording,
    counts: Counts,
}

/// Whether a limit applies to a caller.
enum Applies {
    /// It does, and this is what of its list means them.
    To(Option<Arc<str>>),
    /// It does not.
    ToOthers,
    /// That cannot be told, for this reason.
    Unknown(Finding),
}

/// What a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::policy) enum Counts {
    /// Queries. Who hangs up, whose query costs so much that it fails, or whose question waits for approval does not ask for free.
    Queries,
    /// Characters of what is asked. What is not answered takes none of them, unless its caller was the one who went.
    Characters,
}

impl Counts {
    fn unit(self) -> &'static str {
        match self {
            Self::Queries => LimitStatus::QUERIES,
            Self::Characters => LimitStatus::CHARACTERS,
        }
    }

    /// What tells what is counted in the keys of limits.
    fn tag(self) -> &'static str {
        match self {
            Self::Queries => "",
            Self::Characters => "characters:",
        }
    }

    fn is_given_back(self, why: Release) -> bool {
        match (self, why) {
            (_, Release::Refused) | (Self::Characters, Release::Failed | Release::Unapproved) => true,
            (Self::Queries, Release::Failed | Release::Unapproved) | (_, Release::Canceled) => false,
        }
    }
}

impl CountedLimit {
    /// # Errors
    /// When whom it limits cannot be read.
    pub(in crate::policy) fn new(
        limiter: Arc<RateLimiter>,
        configuration: RateLimitConfiguration,
        counts: Counts,
    ) -> Result<Self, ConfigurationError> {
        let wording = Wording::of(&configuration, counts.unit());
        let named = configuration.applies_to.named();
        let named = named.map(|named| AccessRule::compile(&named.to_json())).transpose()?;
        Ok(Self { limiter, configuration, named, wording, counts })
    }

    /// Whether it applies to a caller. No pattern means a guest, so one that is for some is for none of them, and one that is for
    /// all but some is for all of them.
    fn applies(&self, facts: &Facts<'_>) -> Applies {
        let Some(named) = &self.named else { return Applies::To(None) };
        let is_exception = matches!(self.configuration.applies_to, AppliesTo::AllBut(_));
        let finding = match self.configuration.scope {
            // Else the limit that is theirs would hang on whether something else had asked for their address.
            RateScope::Pattern => named.first_entry(facts),
            _ => named.evaluate(facts),
        };
        match finding {
            Finding::Matched(_) if is_exception => Applies::ToOthers,
            Finding::Matched(pattern) => Applies::To(Some(pattern)),
            Finding::NotMatched if is_exception => Applies::To(None),
            Finding::NotMatched => Applies::ToOthers,
            unknown => Applies::Unknown(unknown),
        }
    }

    /// What keeps a query out: that it cannot be told whether the limit applies to its caller.
    pub(in crate::policy) fn evaluate(&self, facts: &Facts<'_>) -> Finding {
        let applies = facts.query.as_ref().map(|_| self.applies(facts));
        match applies {
            Some(Applies::Unknown(why)) => why,
            None | Some(Applies::To(_) | Applies::ToOthers) => Finding::NotMatched,
        }
    }

    /// The groups on which it hangs whom it limits.
    pub(in crate::policy) fn groups(&self) -> &[GroupName] {
        self.named.as_ref().map_or(&[], |rule| rule.groups())
    }

    /// The marketplaces on which it hangs.
    pub(in crate::policy) fn marketplaces(&self) -> &[MarketplaceName] {
        self.named.as_ref().map_or(&[], |rule| rule.marketplaces())
    }

    /// How much there is of it at once for a caller, if it applies to them: what takes more is never let through.
    pub(in crate::policy) fn at_once(&self, facts: &Facts<'_>) -> Option<u32> {
        matches!(self.applies(facts), Applies::To(_)).then(|| self.configuration.limit.burst())
    }

    /// One sentence for a hub.
    pub(in crate::policy) fn description(&self) -> String {
        match self.counts {
            Counts::Queries => sentence(&self.configuration, "query", "queries"),
            Counts::Characters => sentence(&self.configuration, "character", "characters of questions"),
        }
    }

    /// To take so much of it for a query, if it applies to its caller.
    pub(in crate::policy) fn take(
        &self,
        facts: &Facts<'_>,
        query: &QueryFacts<'_>,
        amount: u32,
    ) -> Option<Arc<dyn Obligation>> {
        let Applies::To(pattern) = self.applies(facts) else { return None };
        let RateLimitConfiguration { limit, scope, .. } = self.configuration;
        let counted = Counted::of(scope, facts, query, pattern.as_ref());
        let of_pattern = pattern.filter(|_| scope == RateScope::Pattern);
        let wording = of_pattern.map(|pattern| self.wording.of_pattern(&pattern));
        Some(Arc::new(Take {
            limiter: Arc::clone(&self.limiter),
            key: counted.key(facts, self.counts.tag(), scope, limit.window),
            limit,
            amount,
            wording: wording.unwrap_or_else(|| self.wording.clone()),
            counts: self.counts,
        }))
    }
}

/// To take so much of a limit.
struct Take {
    limiter: Arc<RateLimiter>,
    key: LimitKey,
    limit: Limit,
    amount: u32,
    wording: Wording,
    counts: Counts,
}

impl Obligation for Take {
    fn look<'a>(
        &'a self,
        context: &'a ObligationContext,
    ) -> Pending<'a, Result<Option<Allowance>, ObligationError>> {
        Box::pin(async move {
            let looked = self.limiter.look(self.key, &self.limit, self.amount, context.now);
            looked
                .map(|headroom| Some(Allowance::Limit(self.wording.status(headroom))))
                .map_err(|none| self.wording.shortfall(&self.limit, none))
        })
    }

    fn perform<'a>(
        &'a self,
        context: &'a ObligationContext,
    ) -> Pending<'a, Result<Box<dyn Hold>, ObligationError>> {
        // Nothing is taken until this is waited for, so what is taken has a hold that ends it.
        Box::pin(async move {
            let took = self.limiter.take(self.key, &self.limit, self.amount, context.now);
            let took = took.map_err(|none| self.wording.shortfall(&self.limit, none))?;
            let limiter = Arc::clone(&self.limiter);
            let status = self.wording.status(self.limit.headroom(took.after, took.at));
            let hold: Box<dyn Hold> =
                Box::new(Taken { limiter, took, limit: self.limit, counts: self.counts, status });
            Ok(hold)
        })
    }
}

/// What was taken of a limit for a query.
struct Taken {
    limiter: Arc<RateLimiter>,
    took: Took,
    limit: Limit,
    counts: Counts,
    status: LimitStatus,
}

impl Hold for Taken {
    fn status(&self) -> Option<LimitStatus> {
        Some(self.status.clone())
    }

    fn settle(self: Box<Self>) {}

    fn release(self: Box<Self>, why: Release) {
        if self.counts.is_given_back(why) {
            self.limiter.give_back(&self.took, &self.limit);
        }
    }
}
