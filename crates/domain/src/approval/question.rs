//! What tells one question from another, and the digest under which it is kept.

use sha2::{Digest, Sha256};

use crate::dataset::{ContextSize, SearchQuery, Threshold};
use crate::endpoint::Conversation;
use crate::ids::{ActorId, DatasetId, EndpointId, PolicyId};
use crate::policy::Purpose;
use crate::sealing::{SealError, Sealer};
use crate::tenant::TenantScope;

/// A question as one that may be approved: the SHA-256 of all that is asked, of what it is for, and of what decides how much is
/// shown. It is in memory alone: whoever has it can guess what was asked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Question([u8; 32]);

/// The digest of a question under which it is kept: it cannot be made without the secret of the installation, and is another for
/// each caller, endpoint and policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct QuestionDigest(pub [u8; 32]);

/// What the keyed digests of questions are for, so that no other digest of the installation is the same.
const DIGEST_PURPOSE: &str = "question that waits for approval 1";

impl Question {
    /// The question of a query. What is not said of it is what a query has that says nothing of it.
    #[must_use]
    pub fn new(
        conversation: &Conversation,
        purpose: Option<&Purpose>,
        dataset: DatasetId,
        limit: Option<usize>,
        threshold: Option<Threshold>,
        context: Option<ContextSize>,
    ) -> Self {
        let mut hash = Sha256::new().chain_update(dataset.as_bytes());
        let mut add = |text: &str| {
            // With its length before it, so that no two of them run into one.
            hash.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(text);
        };
        let limit = limit.map_or_else(|| SearchQuery::DEFAULT_LIMIT.to_string(), |limit| limit.to_string());
        let threshold = threshold.unwrap_or_default().get();
        add(&format!("{limit} {threshold} {}", context.unwrap_or_default().get()));
        add(purpose.map_or("", Purpose::as_str));
        for (role, text) in conversation.messages() {
            add(role.as_str());
            add(text);
        }
        Self(hash.finalize().into())
    }

    /// The digest under which it is kept for a caller of an endpoint, under a policy.
    ///
    /// # Errors
    /// When there is no key.
    pub fn digest(
        &self,
        sealer: &dyn Sealer,
        scope: &TenantScope,
        endpoint: EndpointId,
        policy: PolicyId,
        caller: ActorId,
    ) -> Result<QuestionDigest, SealError> {
        let parts = [endpoint.as_bytes().as_slice(), policy.as_bytes(), caller.as_bytes(), &self.0];
        sealer.digest(scope, DIGEST_PURPOSE, &parts.concat()).map(QuestionDigest)
    }
}

impl QuestionDigest {
    /// Its beginning, as a person compares it: 16 hexadecimal digits.
    #[must_use]
    pub fn short(&self) -> String {
        hex::encode(self.0.get(..8).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::{Message, MessageRole};

    fn dataset(n: u8) -> DatasetId {
        DatasetId::from_bytes([n; 16])
    }

    #[test]
    fn z4_a_question_is_another_where_anything_that_is_asked_or_shown_is() {
        let asked = |text: &str| Conversation::of_question(text.to_owned()).unwrap();
        let of = |text: &str, purpose: Option<&str>, n, limit, threshold: f32, context| {
            let purpose = purpose.map(|purpose| Purpose::parse(purpose).unwrap());
            let threshold = Threshold::parse(threshold).ok();
            let context = ContextSize::parse(context).ok();
            Question::new(&asked(text), purpose.as_ref(), dataset(n), Some(limit), threshold, context).0
        };
        let questions = [
            of("owls", None, 1, 5, 0.5, 0),
            of("owls ", None, 1, 5, 0.5, 0),
            of("Owls", None, 1, 5, 0.5, 0),
            of("owls", Some("teaching"), 1, 5, 0.5, 0),
            of("owls", None, 2, 5, 0.5, 0),
            of("owls", None, 1, 6, 0.5, 0),
            of("owls", None, 1, 5, 0.25, 0),
            of("owls", None, 1, 5, 0.5, 1),
        ];
        let told_apart: std::collections::BTreeSet<_> = questions.iter().collect();
        assert_eq!(told_apart.len(), questions.len());
    }

    #[test]
    fn z4_what_is_not_said_of_a_question_is_as_if_the_default_were_said() {
        let plain = Conversation::of_question("owls".to_owned()).unwrap();
        let message = Message { role: MessageRole::User, content: "owls".to_owned() };
        let listed = Conversation::of_messages(vec![message]).unwrap();
        let said = Question::new(
            &listed,
            None,
            dataset(1),
            Some(5),
            Some(Threshold::DEFAULT),
            Some(ContextSize::NONE),
        );
        assert!(said == Question::new(&plain, None, dataset(1), None, None, None));
    }
}
