//! To take some of a limit for a query, and to give it back.

use std::sync::Arc;

use super::RateLimitConfiguration;
use super::counted::Counted;
use super::limit::Limit;
use super::limit_key::LimitKey;
use super::limiter::{RateLimiter, Took};
use super::wording::{Wording, sentence};
use crate::Pending;
use crate::policy::allowance::{Allowance, LimitStatus};
use crate::policy::context::QueryFacts;
use crate::policy::obligation::{Hold, Obligation, ObligationContext, ObligationError, Release};
use crate::policy::policy_type::Facts;

/// A limit as a rule keeps it, whatever it counts.
pub(in crate::policy) struct CountedLimit {
    limiter: Arc<RateLimiter>,
    configuration: RateLimitConfiguration,
    wording: Wording,
    counts: Counts,
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
    pub(in crate::policy) fn new(
        limiter: Arc<RateLimiter>,
        configuration: RateLimitConfiguration,
        counts: Counts,
    ) -> Self {
        let wording = Wording::of(&configuration, counts.unit());
        Self { limiter, configuration, wording, counts }
    }

    /// How much there is of it at once: what takes more is never let through.
    pub(in crate::policy) fn at_once(&self) -> u32 {
        self.configuration.limit.burst()
    }

    /// One sentence for a hub.
    pub(in crate::policy) fn description(&self) -> String {
        match self.counts {
            Counts::Queries => sentence(&self.configuration, "query", "queries"),
            Counts::Characters => sentence(&self.configuration, "character", "characters of questions"),
        }
    }

    /// To take so much of it for a query.
    pub(in crate::policy) fn take(
        &self,
        facts: &Facts<'_>,
        query: &QueryFacts<'_>,
        amount: u32,
    ) -> Arc<dyn Obligation> {
        let RateLimitConfiguration { limit, scope } = self.configuration;
        let key = Counted::of(scope, facts, query).key(facts, self.counts.tag(), scope, limit.window);
        Arc::new(Take {
            limiter: Arc::clone(&self.limiter),
            key,
            limit,
            amount,
            wording: self.wording.clone(),
            counts: self.counts,
        })
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
