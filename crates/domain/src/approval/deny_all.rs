//! Denying all questions of one caller, or at one endpoint, that wait.

use std::collections::BTreeMap;

use crate::access::Permission;
use crate::approval::ports::ApprovalSelection;
use crate::approval::{ApprovalError, ApprovalRequest, ApprovalState, ApprovalTerms, Decided, Verdict};
use crate::audit::{Action, ChangeCode, Changes, Event, ObjectKind, ReasonCode, RequestContext};
use crate::endpoint::{EndpointName, Slug};
use crate::identity::Principal;
use crate::ids::{AccountId, ActorId, ApprovalId, PolicyId};
use crate::page::{Cursor, PageLimit, PageRequest};
use crate::policy::approval_terms;
use crate::space::Space;
use crate::store::{StoreError, Tx};
use crate::tenant::WriteScope;
use crate::text::Line;
use crate::unit::{Abort, Recorded, Refused};

/// Which questions are denied, of those that wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DenyAll {
    /// Those of one caller, by the id that the audit log has.
    OfCaller(ActorId),
    /// Those at one endpoint.
    AtEndpoint(Slug),
}

/// Denies all that wait and are not the caller's own: in units of as many as a page holds, with an event each, which says how many they
/// were. Answers how many.
///
/// # Errors
/// When the questions are the caller's own, there is no such endpoint, the caller's role does not permit it, or a port failed. What was
/// denied by then stays so.
pub async fn deny_all(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    which: DenyAll,
    note: Line,
) -> Result<u64, ApprovalError> {
    principal.scope(Permission::WritePolicies)?;
    let (mut after, mut denied) = (None, 0_u64);
    loop {
        let event = principal.event(context, Action::ConfigChange)?;
        let now = space.clock.now();
        let authorization = principal.authorize(Permission::WritePolicies, now)?;
        let (by, which, note) = (principal.actor().id(), which.clone(), note.clone());
        let portion = space.store.write(move |tx| {
            let scope = tx.authority(&authorization, &event)?;
            let Some(by) = by.filter(|by| which != DenyAll::OfCaller(*by)) else {
                let event = event.clone().denied(ReasonCode::OwnRequest);
                return Err(Refused::new(ApprovalError::OwnRequest, event).into());
            };
            let (selection, event) = find(tx, &scope, &which, event.clone())?;
            let page = PageRequest { limit: PageLimit::DEFAULT, after };
            let found = tx.approvals(&scope, &selection, now, page)?;
            let (mut denied, mut terms) = (0, KnownTerms::default());
            for request in found.items.into_iter().filter(|request| request.key.caller != by) {
                terms.deny(
                    tx,
                    &scope,
                    request,
                    Decided { verdict: Verdict::Denied, at: now, by, note: note.clone() },
                )?;
                denied += 1;
            }
            Ok::<_, Abort<ApprovalError>>(Recorded::new((denied, found.next), told(event, denied)))
        });
        let (portion, next): (u64, Option<Cursor<ApprovalId>>) = portion.await?;
        denied = denied.saturating_add(portion);
        after = next;
        if after.is_none() {
            return Ok(denied);
        }
    }
}

fn told(event: Event, denied: u64) -> Event {
    let code = ChangeCode::ApprovalsDenied;
    if denied == 0 { event } else { event.changing(Changes::default().with_count(code, denied)) }
}

/// What is looked for, and the event that names it: an endpoint or a member. A user of a marketplace has no name in the log.
fn find(
    tx: &mut dyn Tx,
    scope: &WriteScope,
    which: &DenyAll,
    event: Event,
) -> Result<(ApprovalSelection, Event), ApprovalError> {
    let pending = ApprovalSelection { state: Some(ApprovalState::Pending), ..ApprovalSelection::default() };
    match which {
        DenyAll::OfCaller(caller) => {
            let account = AccountId::from_bytes(*caller.as_bytes());
            let is_member = tx.member(scope, account)?.is_some();
            let event = if is_member { event.on(ObjectKind::Member, account) } else { event };
            Ok((ApprovalSelection { caller: Some(*caller), ..pending }, event))
        }
        DenyAll::AtEndpoint(slug) => {
            let endpoint = EndpointName::Slug(slug.clone()).find(tx, scope)?;
            let id = endpoint.ok_or(ApprovalError::NoEndpoint)?.id;
            Ok((ApprovalSelection { endpoint: Some(id), ..pending }, event.on(ObjectKind::Endpoint, id)))
        }
    }
}

/// What the policies of the requests of one unit say of approvals.
#[derive(Default)]
struct KnownTerms(BTreeMap<PolicyId, Option<ApprovalTerms>>);

impl KnownTerms {
    /// Where the policy asks for no approval any more, nobody waits for one.
    fn deny(
        &mut self,
        tx: &mut dyn Tx,
        scope: &WriteScope,
        request: ApprovalRequest,
        decided: Decided,
    ) -> Result<(), StoreError> {
        let policy = request.key.policy;
        let terms = match self.0.get(&policy) {
            Some(known) => *known,
            None => {
                let terms = tx.policy(scope, policy)?.as_ref().and_then(approval_terms);
                *self.0.entry(policy).or_insert(terms)
            }
        };
        let ends_at = terms.map_or(decided.at, |terms| decided.at.plus(terms.valid_for));
        tx.decide_approval(scope, &ApprovalRequest { ends_at, decided: Some(decided), ..request })
    }
}
