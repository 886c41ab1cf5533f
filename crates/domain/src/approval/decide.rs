//! Deciding on a question that waits.

use crate::access::Permission;
use crate::approval::{ApprovalRequest, ApprovalState, CallerKind, Decided, Verdict};
use crate::audit::{Action, ChangeCode, ObjectKind, ReasonCode, RequestContext};
use crate::identity::ports::AccountView;
use crate::identity::{AuthorizationError, Principal};
use crate::ids::{AccountId, ApprovalId};
use crate::policy::approval_terms;
use crate::port_error::{PortError, port_errors};
use crate::space::Space;
use crate::store::StoreError;
use crate::tenant::TenantScope;
use crate::text::Line;
use crate::unit::{Recorded, Refused};

/// What somebody decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDecision {
    /// On which request.
    pub id: ApprovalId,
    /// What.
    pub verdict: Verdict,
    /// What they say of it, for whoever asked.
    pub note: Line,
}

/// A request was not read, or not decided.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApprovalError {
    /// The caller may not do it, or not any more.
    #[error(transparent)]
    Authorization(#[from] AuthorizationError),
    /// There is no such request.
    #[error("there is no such approval request, or not any more")]
    NotFound,
    /// There is no such endpoint.
    #[error("there is no such endpoint")]
    NoEndpoint,
    /// It is the caller's own.
    #[error("nobody decides on a question of their own: another owner or admin does")]
    OwnRequest,
    /// It was denied.
    #[error("it is denied already, and stays so until that ends")]
    Denied,
    /// It has waited too long, what was decided is good no more, or its policy asks for no approval any more.
    #[error("it has ended, and whoever asked must ask again")]
    Ended,
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(ApprovalError);

/// Whether whoever asked was a member, and is none any more.
pub(super) fn has_left<V: AccountView + ?Sized>(
    view: &mut V,
    scope: &TenantScope,
    request: &ApprovalRequest,
) -> Result<bool, StoreError> {
    let account = AccountId::from_bytes(*request.key.caller.as_bytes());
    Ok(request.caller_kind == Some(CallerKind::Member) && view.member(scope, account)?.is_none())
}

/// Decides on a question that waits, or denies one that was approved, which is not answered from then on. The same decision again
/// changes nothing, not even its note.
///
/// # Errors
/// When there is no such request, it was denied and is to be approved, it has ended, it is the caller's own, the caller's role does not permit
/// it, or a port failed.
pub async fn decide(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    wanted: NewDecision,
) -> Result<ApprovalRequest, ApprovalError> {
    principal.scope(Permission::WritePolicies)?;
    let NewDecision { id, verdict, note } = wanted;
    let event = principal.event(context, Action::ConfigChange)?.on(ObjectKind::Approval, id);
    let (now, by) = (space.clock.now(), principal.actor().id());
    let authorization = principal.authorize(Permission::WritePolicies, now)?;
    space
        .store
        .write(move |tx| {
            let scope = tx.authority(&authorization, &event)?;
            let request = tx.approval(&scope, id)?.ok_or(ApprovalError::NotFound)?;
            let by = match by {
                Some(by) if by != request.key.caller => by,
                _ => {
                    let event = event.clone().denied(ReasonCode::OwnRequest);
                    return Err(Refused::new(ApprovalError::OwnRequest, event).into());
                }
            };
            let policy = tx.policy(&scope, request.key.policy)?;
            let terms = policy.as_ref().and_then(approval_terms).ok_or(ApprovalError::Ended)?;
            // What goes with these is removed behind them.
            if tx.endpoint(&scope, request.key.endpoint)?.is_none() || has_left(tx, &scope, &request)? {
                return Err(ApprovalError::Ended.into());
            }
            let mut request = request.under(&terms);
            match (request.state(now), &request.decided) {
                (ApprovalState::Ended, _) => return Err(ApprovalError::Ended.into()),
                (_, Some(decided)) if decided.verdict == verdict => {
                    return Ok(Recorded::new(request, event.clone().changing(ChangeCode::Repeated)));
                }
                (ApprovalState::Denied, _) => return Err(ApprovalError::Denied.into()),
                (ApprovalState::Pending | ApprovalState::Approved, _) => {}
            }
            request.ends_at = now.plus(terms.valid_for);
            request.decided = Some(Decided { verdict, at: now, by, note: note.clone() });
            tx.decide_approval(&scope, &request)?;
            let change = match verdict {
                Verdict::Approved => ChangeCode::Approved,
                Verdict::Denied => ChangeCode::Denied,
            };
            Ok(Recorded::new(request, event.clone().changing(change)))
        })
        .await
}
