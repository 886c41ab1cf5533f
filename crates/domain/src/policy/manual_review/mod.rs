//! The policy type `manual_review`: a question is answered once somebody has approved it.

mod configuration;

use std::sync::Arc;

use serde_json::Value;

pub use configuration::{ManualReviewConfiguration, approval_terms};

use crate::Pending;
use crate::approval::ports::ApprovalPlace;
use crate::approval::{ApprovalKey, Asker, MAX_PROMPT_BYTES, Question, QueueFull, Unapproved, guest};
use crate::endpoint::Conversation;
use crate::ids::{ActorId, EndpointId, PolicyId};
use crate::policy::allowance::Allowance;
use crate::policy::metadata::PolicyEntry;
use crate::policy::obligation::{Hold, Obligation, ObligationContext, ObligationError, Release};
use crate::policy::policy_type::{
    ConfigurationError, ConfigurationSchema, Facts, Finding, PolicyType, Rule, Stage, Subject,
};
use crate::policy::rate_limit::network;
use crate::store::StoreError;

/// The type `manual_review`.
///
/// 1. A question is answered once an owner or admin has approved it, for this caller at this endpoint, until what was decided ends.
/// 2. Who is not let in by what stands before asks nobody: a request is made for whom everything else admits, and whom limits count.
/// 3. All guests of a hub are one caller. How many of their questions wait is counted by their addresses.
#[derive(Debug, Clone, Copy, Default)]
pub struct ManualReviewType;

const NAME: &str = "manual_review";
/// The kind of part that it plays, as marketplace clients know it.
const KIND: &str = "access";

impl PolicyType for ManualReviewType {
    fn name(&self) -> &'static str {
        NAME
    }

    fn check_shadow(&self) -> Result<(), &'static str> {
        Err(
            "a question that waits for approval is written down, so a manual_review cannot be tried in shadow: attach it to an endpoint of its own over the same dataset, and ask that",
        )
    }

    fn schema(&self) -> ConfigurationSchema {
        configuration::schema()
    }

    fn parse(&self, configuration: &Value) -> Result<Value, ConfigurationError> {
        Ok(ManualReviewConfiguration::parse(configuration)?.to_json())
    }

    fn compile(&self, configuration: &Value) -> Result<Arc<dyn Rule>, ConfigurationError> {
        Ok(Arc::new(ManualReviewRule(ManualReviewConfiguration::parse(configuration)?)))
    }

    fn refusal(&self) -> PolicyEntry {
        PolicyEntry::rejected(
            NAME,
            KIND,
            "QUESTION_TOO_LONG",
            "somebody must approve each question, and this one is longer than what is kept for them",
        )
    }
}

struct ManualReviewRule(ManualReviewConfiguration);

fn is_too_long(conversation: &Conversation) -> bool {
    conversation.messages().map(|(_, text)| text.len()).sum::<usize>() > MAX_PROMPT_BYTES
}

impl Rule for ManualReviewRule {
    fn stage(&self) -> Stage {
        Stage::Approve
    }

    /// What is kept for who decides is kept whole or not at all: nobody approves what they cannot see.
    fn evaluate(&self, facts: &Facts<'_>) -> Finding {
        match facts.query.and_then(|query| query.conversation) {
            Some(conversation) if self.0.keep_prompt && is_too_long(conversation) => {
                Finding::Matched(format!("more than {MAX_PROMPT_BYTES} bytes").into())
            }
            _ => Finding::NotMatched,
        }
    }

    fn obligation(&self, facts: &Facts<'_>) -> Option<Arc<dyn Obligation>> {
        let query = facts.query?;
        // Where nobody says what is asked, nobody is refused for it.
        let (conversation, dataset) = (query.conversation?, query.dataset?);
        let question = Question::new(
            conversation,
            query.purpose,
            dataset,
            query.documents,
            query.threshold,
            query.context,
        );
        Some(Arc::new(BeApproved {
            configuration: self.0,
            endpoint: facts.endpoint,
            policy: facts.policy,
            caller: query.principal,
            guest_at: matches!(facts.subject, Subject::Guest).then(|| network(query.address)),
            question,
        }))
    }

    fn description(&self) -> String {
        let valid_for = self.0.valid_for_text();
        format!("A person approves each question before it is answered, each time for {valid_for}.")
    }
}

/// To have been approved.
struct BeApproved {
    configuration: ManualReviewConfiguration,
    endpoint: EndpointId,
    policy: PolicyId,
    /// `None` where nobody is known to ask: then nothing can have been approved.
    caller: Option<ActorId>,
    /// What a guest's address counts as.
    guest_at: Option<[u8; 16]>,
    question: Question,
}

impl BeApproved {
    /// Looks whether it is approved, and what the question is without that.
    async fn find(&self, context: &ObligationContext) -> Result<Unapproved, ObligationError> {
        let Some(((of, sealer), caller)) =
            context.store.as_ref().zip(context.sealer.as_ref()).zip(self.caller)
        else {
            return Err(ObligationError::Unavailable);
        };
        let (scope, terms) = (of.scope, self.configuration.terms());
        let digest = self.question.digest(&**sealer, &scope, self.endpoint, self.policy, caller);
        let question = digest.map_err(|_| ObligationError::Unavailable)?;
        let key = ApprovalKey { endpoint: self.endpoint, policy: self.policy, caller, question };
        let guest = self.guest_at.map(|network| guest(&**sealer, &scope, network)).transpose();
        let asker = guest.map_err(|_| ObligationError::Unavailable)?.unwrap_or_else(|| Asker::from(caller));
        let (now, place) =
            (context.now, ApprovalPlace { endpoint: self.endpoint, policy: self.policy, asker });
        let read = of.store.read(&scope, move |view| {
            let known = view.approval_of(&scope, &key)?;
            if known.is_some() {
                return Ok((known, None));
            }
            // Who is refused anyway costs the writer nothing. Where something has ended, there may be room.
            let usage = view.approval_usage(&scope, &place)?;
            let full = QueueFull::beside(&usage).filter(|_| usage.first_end.is_none_or(|end| now < end));
            Ok((None, full))
        });
        let (known, full) = read.await.map_err(|_: StoreError| ObligationError::Unavailable)?;
        let unapproved = Unapproved { key, asker, terms, known: None, full };
        match unapproved.as_of(known, context.now) {
            None => Ok(unapproved),
            Some(unapproved) => Err(ObligationError::Unapproved(Box::new(unapproved))),
        }
    }
}

impl Obligation for BeApproved {
    fn look<'a>(
        &'a self,
        context: &'a ObligationContext,
    ) -> Pending<'a, Result<Option<Allowance>, ObligationError>> {
        Box::pin(async move { self.find(context).await.map(|_| None) })
    }

    fn perform<'a>(
        &'a self,
        context: &'a ObligationContext,
    ) -> Pending<'a, Result<Box<dyn Hold>, ObligationError>> {
        Box::pin(async move {
            let hold: Box<dyn Hold> = Box::new(Approved(self.find(context).await?));
            Ok(hold)
        })
    }
}

/// A question that was approved, as it is should that end before it is answered.
struct Approved(Unapproved);

impl Hold for Approved {
    fn approved(&self) -> Option<&Unapproved> {
        Some(&self.0)
    }

    fn settle(self: Box<Self>) {}

    fn release(self: Box<Self>, _: Release) {}
}
