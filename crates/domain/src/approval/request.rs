//! A question that waits for approval, or was decided on.

use std::time::Duration;

use crate::approval::{Asker, QuestionDigest, QueueFull};
use crate::as_text::text_enum;
use crate::audit::Actor;
use crate::dataset::{ContextSize, Threshold};
use crate::ids::{ActorId, ApprovalId, EndpointId, HubId, PolicyId};
use crate::marketplace::HubRole;
use crate::page::PageItem;
use crate::policy::Purpose;
use crate::text::Line;
use crate::time::Timestamp;

/// For how long a question waits; then it must be asked again.
pub const PENDING_FOR: Duration = Duration::from_secs(30 * 86_400);

/// Which question, of whom, where, and under which policy: there is one request of it at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ApprovalKey {
    /// At which endpoint.
    pub endpoint: EndpointId,
    /// Under which policy.
    pub policy: PolicyId,
    /// Who asks: the same for each of their sessions, tokens and keys. All guests of a hub are one.
    pub caller: ActorId,
    /// What.
    pub question: QuestionDigest,
}

/// How much a question asks to be shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Extent {
    /// How many chunks at most.
    pub limit: u64,
    /// How close they must be.
    pub threshold: Threshold,
    /// How many chunks around each.
    pub context: ContextSize,
}

/// What a policy says of approvals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApprovalTerms {
    /// For how long a decision is good.
    pub valid_for: Duration,
    /// Whether the text of a question is kept, sealed, for who decides.
    pub keep_prompt: bool,
}

text_enum! {
    /// What kind of caller asks.
    pub enum CallerKind {
        /// A member of the tenant.
        Member = "member",
        /// Somebody with an account on a marketplace.
        MarketplaceUser = "marketplace_user",
        /// Anybody at all, by way of a marketplace: all of its guests are one caller.
        Guest = "guest",
    }

    /// A text that is no kind of caller.
    #[error("a caller is a member, marketplace_user or guest")]
    pub struct CallerKindError;
}

impl CallerKind {
    /// The kind of an actor; `None` for who asks nothing.
    #[must_use]
    pub fn of(actor: &Actor) -> Option<Self> {
        match actor {
            Actor::Anonymous | Actor::System | Actor::Operator => None,
            Actor::Account { .. } => Some(Self::Member),
            Actor::HubUser { role: HubRole::Guest, .. } => Some(Self::Guest),
            Actor::HubUser { role: HubRole::User | HubRole::Admin, .. } => Some(Self::MarketplaceUser),
        }
    }
}

text_enum! {
    /// What was decided.
    pub enum Verdict {
        /// The question is answered.
        Approved = "approved",
        /// It is not.
        Denied = "denied",
    }

    /// A text that is no decision.
    #[error("a decision is approved or denied")]
    pub struct VerdictError;
}

text_enum! {
    /// How a request stands.
    pub enum ApprovalState {
        /// Nobody has decided yet.
        Pending = "pending",
        /// The question is answered.
        Approved = "approved",
        /// It is not answered.
        Denied = "denied",
        /// It has waited too long, or the decision is good no more.
        Ended = "ended",
    }

    /// A text that is no state.
    #[error("a state is one of: {}", ApprovalState::ALL.map(ApprovalState::as_str).join(", "))]
    pub struct ApprovalStateError;
}

/// A decision on a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// What was decided.
    pub verdict: Verdict,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: ActorId,
    /// What they say of it. Whoever asked reads it.
    pub note: Line,
}

/// A request of somebody to have their question answered.
#[derive(Debug, Clone, PartialEq)]
pub struct ApprovalRequest {
    /// Its id.
    pub id: ApprovalId,
    /// Which question.
    pub key: ApprovalKey,
    /// What it is said to be for.
    pub purpose: Option<Purpose>,
    /// How many characters all messages have.
    pub characters: u64,
    /// For whom it counts.
    pub asker: Asker,
    /// What kind of caller asks; `None` where it is not known any more.
    pub caller_kind: Option<CallerKind>,
    /// The hub that they are from; `None` of a member, and where it is not known.
    pub hub: Option<HubId>,
    /// How much is asked for; `None` where it is not known any more.
    pub extent: Option<Extent>,
    /// Whether the text is kept, sealed, beside it.
    pub prompt_kept: bool,
    /// When it was asked first.
    pub asked_at: Timestamp,
    /// From when on it counts no more: that it waits, or what was decided.
    pub ends_at: Timestamp,
    /// What was decided; `None` while it waits.
    pub decided: Option<Decided>,
}

impl ApprovalRequest {
    /// When it ends under these terms: a policy that was changed since shortens what was decided, and never lengthens it.
    #[must_use]
    pub fn ends_under(&self, terms: &ApprovalTerms) -> Timestamp {
        let bound = self.decided.as_ref().map(|decided| decided.at.plus(terms.valid_for));
        bound.map_or(self.ends_at, |bound| self.ends_at.min(bound))
    }

    /// The same, as it stands under these terms.
    #[must_use]
    pub fn under(mut self, terms: &ApprovalTerms) -> Self {
        self.ends_at = self.ends_under(terms);
        self
    }

    /// How it stands at a time. At the very instant at which it ends it has ended.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> ApprovalState {
        match self.decided.as_ref().map(|decided| decided.verdict) {
            _ if self.ends_at <= now => ApprovalState::Ended,
            None => ApprovalState::Pending,
            Some(Verdict::Approved) => ApprovalState::Approved,
            Some(Verdict::Denied) => ApprovalState::Denied,
        }
    }
}

impl PageItem for ApprovalRequest {
    fn bytes(&self) -> usize {
        let note = self.decided.as_ref().map_or(0, |decided| decided.note.as_str().len());
        300 + note
    }
}

/// A question that is not approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unapproved {
    /// Which.
    pub key: ApprovalKey,
    /// For whom it counts.
    pub asker: Asker,
    /// What the policy says of it.
    pub terms: ApprovalTerms,
    /// The request that waits, or was denied; `None` where nobody knows of the question yet.
    pub known: Option<(ApprovalId, ApprovalState)>,
    /// Why there was no room for it when that was looked at. Whoever files it looks once more, unless nothing could make room.
    pub full: Option<QueueFull>,
}

impl Unapproved {
    /// The question as what is kept of it says at a time; `None` where that is that it is approved.
    #[must_use]
    pub fn as_of(&self, known: Option<ApprovalRequest>, now: Timestamp) -> Option<Self> {
        let known = known.map(|request| request.under(&self.terms));
        let known = match known.map(|request| (request.id, request.state(now))) {
            Some((_, ApprovalState::Approved)) => return None,
            Some((id, state @ (ApprovalState::Pending | ApprovalState::Denied))) => Some((id, state)),
            Some((_, ApprovalState::Ended)) | None => None,
        };
        Some(Self { known, ..self.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(decided: Option<Verdict>) -> ApprovalRequest {
        let at = Timestamp::from_unix_micros;
        ApprovalRequest {
            id: ApprovalId::from_bytes([1; 16]),
            key: ApprovalKey {
                endpoint: EndpointId::from_bytes([2; 16]),
                policy: PolicyId::from_bytes([3; 16]),
                caller: ActorId::from_bytes([4; 16]),
                question: QuestionDigest([5; 32]),
            },
            purpose: None,
            characters: 4,
            asker: Asker([4; 16]),
            caller_kind: Some(CallerKind::Member),
            hub: None,
            extent: None,
            prompt_kept: false,
            asked_at: at(0),
            ends_at: at(10_000_000),
            decided: decided.map(|verdict| Decided {
                verdict,
                at: at(1_000_000),
                by: ActorId::from_bytes([6; 16]),
                note: Line::default(),
            }),
        }
    }

    #[test]
    fn z4_an_approval_ends_at_its_very_instant() {
        let before = Timestamp::from_unix_micros(9_999_999);
        let end = Timestamp::from_unix_micros(10_000_000);
        for (decided, state) in [
            (None, ApprovalState::Pending),
            (Some(Verdict::Approved), ApprovalState::Approved),
            (Some(Verdict::Denied), ApprovalState::Denied),
        ] {
            assert_eq!(request(decided).state(before), state);
            assert_eq!(request(decided).state(end), ApprovalState::Ended);
        }
    }

    #[test]
    fn z4_a_policy_that_was_changed_shortens_what_was_decided_and_never_lengthens_it() {
        let terms = |seconds| ApprovalTerms { valid_for: Duration::from_secs(seconds), keep_prompt: false };
        let ends = |request: &ApprovalRequest, seconds| request.ends_under(&terms(seconds)).as_unix_seconds();
        let decided = request(Some(Verdict::Approved));
        assert_eq!([2, 9, 100].map(|seconds| ends(&decided, seconds)), [3, 10, 10]);
        assert_eq!(ends(&request(None), 2), 10, "what waits waits on");
    }
}
