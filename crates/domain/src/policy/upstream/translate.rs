//! What is made here of access policies of the Python Syft Space.

use std::sync::Arc;

use serde_json::Value;

use super::rules::{Token, UpstreamAccess, UpstreamGlob};
use crate::access::Role;
use crate::identity::Email;
use crate::ids::{EndpointId, PolicyId};
use crate::policy::access::{AccessConfiguration, AccessType};
use crate::policy::configuration::PolicyConfiguration;
use crate::policy::context::{DecisionContext, Resource};
use crate::policy::decision::Caller;
use crate::policy::pattern::EmailPattern;
use crate::policy::policy_set::{CompiledPolicy, PolicySet};
use crate::policy::policy_type::{ConfigurationError, Effect, PolicyType};
use crate::policy::registry::PolicyTypes;
use crate::policy::validity::Validity;
use crate::time::Timestamp;

/// What is made of one policy: at most one of each mode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Translated {
    /// The policies, as they would be stored here.
    pub policies: Vec<AccessConfiguration>,
    /// The patterns that cannot be written here: each was left out where it allows, and widened where it denies.
    pub inexact: Vec<String>,
}

impl UpstreamAccess {
    /// Reads `{"allowed_users", "denied_users"}`, either of which may be missing.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(json: &Value) -> Result<Self, ConfigurationError> {
        let fail =
            |pointer: String, message: &str| ConfigurationError { pointer, message: message.to_owned() };
        let object = json.as_object().ok_or_else(|| fail(String::new(), "an access policy is an object"))?;
        if object.keys().any(|key| key != "allowed_users" && key != "denied_users") {
            let message = "an access policy there has allowed_users and denied_users, and nothing else";
            return Err(fail(String::new(), message));
        }
        let list = |key: &str| -> Result<Vec<&str>, ConfigurationError> {
            let Some(list) = object.get(key).filter(|list| !list.is_null()) else { return Ok(Vec::new()) };
            let list = list.as_array().ok_or_else(|| fail(format!("/{key}"), "write a list of patterns"))?;
            if list.len() > AccessConfiguration::PATTERNS_MAX {
                return Err(fail(format!("/{key}"), "there are more patterns than a policy has here"));
            }
            let texts = list.iter().enumerate().map(|(index, one)| match one.as_str() {
                Some(text) if text.len() <= EmailPattern::MAX => Ok(text),
                Some(_) => Err(fail(format!("/{key}/{index}"), "a pattern has at most 320 bytes")),
                None => Err(fail(format!("/{key}/{index}"), "a pattern is a text")),
            });
            texts.collect()
        };
        Ok(Self::new(list("allowed_users")?, list("denied_users")?))
    }

    /// What is made of it here. It lets nobody in whom the policy does not let in there.
    #[must_use]
    pub fn translate(&self) -> Translated {
        let mut inexact = Vec::new();
        let mut policies = Vec::new();
        if !self.allowed.is_empty() || self.denied.is_empty() {
            let mut patterns = Vec::new();
            for glob in &self.allowed {
                if glob.is_exact() {
                    patterns.extend(glob.patterns());
                } else {
                    inexact.push(glob.text.clone());
                }
            }
            if self.allowed.is_empty() {
                patterns.extend(EmailPattern::parse("*"));
            }
            policies.push(access(Effect::Allow, patterns));
        }
        if !self.denied.is_empty() {
            inexact.extend(self.denied.iter().filter(|glob| !glob.is_exact()).map(|glob| glob.text.clone()));
            let patterns = self.denied.iter().flat_map(UpstreamGlob::patterns).collect();
            policies.push(access(Effect::Deny, patterns));
        }
        Translated { policies, inexact }
    }
}

/// An endpoint with what was made of its policies, which decide here as all others do.
pub(super) struct Here(PolicySet);

impl Here {
    pub(super) fn of(translated: &[Translated]) -> Self {
        let types = PolicyTypes::default();
        let compile = |(policy, n): (&AccessConfiguration, u128)| {
            let stored = policy.to_json().to_string();
            let configuration = PolicyConfiguration::from_storage(AccessType.name(), &stored, 0);
            let id = PolicyId::from_bytes(n.to_be_bytes());
            Arc::new(CompiledPolicy::compile(&types, id, 0, &configuration))
        };
        let policies = translated.iter().flat_map(|translated| &translated.policies);
        Self(PolicySet::new(policies.zip(0..).map(compile)))
    }

    /// Whether it answers a member with this address who may query.
    pub(super) fn admits(&self, email: &Email) -> bool {
        let endpoint = Resource { endpoint: EndpointId::from_bytes([0; 16]), published: true };
        let member = Caller::Member { role: Role::User, email: Some(email) };
        // The policies hang on no time.
        let context = DecisionContext::at(Timestamp::from_unix_micros(0));
        self.0.decide(endpoint, &member, &context).is_allow()
    }
}

impl UpstreamGlob {
    pub(super) fn is_exact(&self) -> bool {
        // What is outside of ASCII is compared in another form here.
        self.text.is_ascii()
            && self.tokens.iter().all(|token| matches!(token, Token::Any | Token::Literal(_)))
    }

    /// The patterns that mean together whom it means, or more where it is not exact. None, where it means no address.
    pub(super) fn patterns(&self) -> Vec<EmailPattern> {
        let mut text = String::new();
        for token in &self.tokens {
            match token {
                Token::Literal(c) => text.push(*c),
                // What stands for one character, and for some of them, has no pattern here but the one for all.
                Token::Any | Token::One | Token::Set { .. } if text.ends_with('*') => {}
                Token::Any | Token::One | Token::Set { .. } => text.push('*'),
            }
        }
        if text == "*" {
            return EmailPattern::parse("*").into_iter().collect();
        }
        let mut texts = Vec::new();
        if text.contains('@') {
            texts.push(text.clone());
        }
        // There a * also stands for the @: here each * in turn.
        if !text.contains('@') || !self.is_exact() {
            for (index, _) in text.match_indices('*') {
                let (before, behind) = text.split_at(index);
                texts.push(format!("{before}*@{behind}"));
            }
        }
        texts.iter().filter_map(|text| EmailPattern::parse(text).ok()).collect()
    }
}

fn access(mode: Effect, mut patterns: Vec<EmailPattern>) -> AccessConfiguration {
    let mut seen = std::collections::HashSet::new();
    patterns.retain(|pattern| seen.insert(pattern.clone()));
    let (hubs, groups) = (Vec::new(), Vec::new());
    AccessConfiguration { mode, patterns, hubs, groups, guests: false, validity: Validity::default() }
}
