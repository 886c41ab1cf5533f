//! The policy type `token_limit`: how long a conversation may be, and how much may be asked in a time.

mod configuration;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde_json::Value;

use configuration::TokenLimitConfiguration;

use crate::endpoint::Conversation;
use crate::group::GroupName;
use crate::marketplace::MarketplaceName;
use crate::policy::metadata::{PolicyEntry, PolicyOutcome};
use crate::policy::obligation::Obligation;
use crate::policy::policy_type::{
    ConfigurationError, ConfigurationSchema, Facts, Finding, PolicyType, Rule, Stage,
};
use crate::policy::rate_limit::{CountedLimit, Counts, RateLimiter, listed_patterns, listed_references};
use crate::policy::reference::Reference;

/// The type `token_limit`: `{"max_characters": 8000, "rate": "100000/d"}`. It counts characters, for how many tokens these are differs
/// from model to model, and nobody could tell before what is let in.
///
/// 1. A conversation that is longer than any may be, or than there is at once of the limit, is refused, however long its caller
///    waits. Any other is refused as long as there is less left of the limit.
/// 2. What was taken of the limit is given back where the query is not answered, but for a caller who goes.
/// 3. Where it is asked who could query, and not for a query, nothing is taken and nobody refused. A query that says nothing is
///    taken for the shortest that there is.
#[derive(Debug)]
pub struct TokenLimitType {
    limiter: Arc<RateLimiter>,
}

impl TokenLimitType {
    /// The type, whose rules take from this limiter: what was taken is kept where the limiter's own type
    /// [keeps it](crate::policy::RateLimitType::kept_in).
    #[must_use]
    pub fn new(limiter: Arc<RateLimiter>) -> Self {
        Self { limiter }
    }
}

impl PolicyType for TokenLimitType {
    fn name(&self) -> &'static str {
        "token_limit"
    }

    fn check_shadow(&self) -> Result<(), &'static str> {
        Ok(())
    }

    fn schema(&self) -> ConfigurationSchema {
        configuration::schema()
    }

    fn parse(&self, configuration: &Value) -> Result<Value, ConfigurationError> {
        Ok(TokenLimitConfiguration::parse(configuration)?.to_json())
    }

    fn compile(&self, configuration: &Value) -> Result<Arc<dyn Rule>, ConfigurationError> {
        let TokenLimitConfiguration { max_characters, rate } = TokenLimitConfiguration::parse(configuration)?;
        let limit = |rate| CountedLimit::new(Arc::clone(&self.limiter), rate, Counts::Characters);
        Ok(Arc::new(TokenLimit { max_characters, limit: rate.map(limit).transpose()? }))
    }

    fn patterns(&self, configuration: &Value) -> u64 {
        listed_patterns(configuration)
    }

    fn references(&self, configuration: &Value) -> Vec<Reference> {
        listed_references(configuration)
    }

    fn refusal(&self) -> PolicyEntry {
        PolicyEntry::rejected(
            self.name(),
            "access",
            "PROMPT_TOO_LONG",
            "the conversation is longer than the endpoint permits",
        )
    }

    fn shortfall(&self) -> (PolicyOutcome, PolicyEntry) {
        let entry = PolicyEntry::rejected(
            self.name(),
            "rate_limit",
            "RATE_LIMITED",
            "the endpoint takes no more text from you at the time; wait, and ask again, or ask something shorter",
        );
        (PolicyOutcome::RateLimited, entry)
    }
}

struct TokenLimit {
    max_characters: Option<u32>,
    limit: Option<CountedLimit>,
}

impl TokenLimit {
    /// The most that a conversation may have, however long its caller waits.
    fn longest(&self, facts: &Facts<'_>) -> Option<u32> {
        let at_once = self.limit.as_ref().and_then(|limit| limit.at_once(facts));
        self.max_characters.into_iter().chain(at_once).min()
    }
}

impl Rule for TokenLimit {
    fn stage(&self) -> Stage {
        Stage::Limit
    }

    fn evaluate(&self, facts: &Facts<'_>) -> Finding {
        let conversation = facts.query.and_then(|query| query.conversation);
        let unknown = self.limit.as_ref().map_or(Finding::NotMatched, |limit| limit.evaluate(facts));
        let Some((conversation, most)) = conversation.zip(self.longest(facts)) else {
            return unknown;
        };
        let characters = conversation.characters();
        if u32::try_from(characters).is_ok_and(|characters| characters <= most) {
            return unknown;
        }
        Finding::Matched(format!("{characters} characters of at most {most}").into())
    }

    fn obligation(&self, facts: &Facts<'_>) -> Option<Arc<dyn Obligation>> {
        let (limit, query) = self.limit.as_ref().zip(facts.query.as_ref())?;
        let characters = query.conversation.map_or(1, Conversation::characters);
        limit.take(facts, query, u32::try_from(characters).unwrap_or(u32::MAX))
    }

    fn groups(&self) -> &[GroupName] {
        self.limit.as_ref().map_or(&[], CountedLimit::groups)
    }

    fn marketplaces(&self) -> &[MarketplaceName] {
        self.limit.as_ref().map_or(&[], CountedLimit::marketplaces)
    }

    fn description(&self) -> String {
        let most = self.max_characters.map(|most| format!("A conversation has at most {most} characters."));
        let sentences = most.into_iter().chain(self.limit.as_ref().map(CountedLimit::description));
        sentences.collect::<Vec<_>>().join(" ")
    }
}
