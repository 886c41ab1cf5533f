//! Asking for an erasure, and seeing how far erasures are.

use crate::access::Permission;
use crate::approval::finish;
use crate::approval::ports::ApprovalSelection;
use crate::audit::ports::LogScope;
use crate::audit::{Action, Event, ObjectKind, ReasonCode, RequestContext};
use crate::identity::{AccountEnded, Ended, Member, MemberError, Principal, end_account_of};
use crate::ids::AccountId;
use crate::page::{Page, PageRequest, every};
use crate::privacy::{ErasedPerson, ErasedRows, Erasure, ErasureBy, ErasureReport};
use crate::space::Space;
use crate::store::{StoreError, Tx};
use crate::tenant::WriteScope;
use crate::time::Timestamp;
use crate::unit::{Recorded, Refused};

/// Erases the caller's own account, and all that is held about them: the account goes at once, the rest behind it.
///
/// # Errors
/// When the caller has no account, or not any more, it is the last Owner's, a legal hold stands, or a port failed.
pub async fn erase_own(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
) -> Result<Erasure, MemberError> {
    let account = principal.member(Permission::OwnAccount)?.account;
    erase(space, context, principal, (Permission::OwnAccount, ErasureBy::Person), account).await
}

/// The same for a member, at their request. Nobody's expectation of an endpoint keeps anybody here.
///
/// # Errors
/// When there is no such member, the caller's role does not permit it, it is the last Owner, a legal hold stands, or a port failed.
pub async fn erase_member(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    account: AccountId,
) -> Result<Erasure, MemberError> {
    erase(space, context, principal, (Permission::ManageTenant, ErasureBy::Owner), account).await
}

async fn erase(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    (permission, asked_by): (Permission, ErasureBy),
    account: AccountId,
) -> Result<Erasure, MemberError> {
    let scope = principal.scope(permission)?;
    let event = principal.event(context, Action::UserDeleted)?.on(ObjectKind::Member, account);
    let erased = Event { reason_code: Some(ReasonCode::PersonErased.into()), ..event.clone() };
    let ended = Ended::draft(context, principal, account)?;
    let head = space.read(principal, permission, |view, scope| {
        Ok::<_, MemberError>(view.log_head(LogScope::Tenant(scope))?.seq())
    });
    let last_seq = head.await?;
    let now = context.now;
    let authorization = principal.authorize(permission, space.clock.now())?;
    let written = space.store.write(move |tx| {
        let scope = tx.authority(&authorization, &event)?;
        let member = tx.member(&scope, account)?.ok_or(MemberError::NotFound)?;
        if !tx.legal_holds(&scope)?.is_empty() {
            let denied = event.clone().denied(ReasonCode::LegalHold);
            return Err(Refused::new(MemberError::Held, denied).into());
        }
        let (person, mut rows) = what_goes(tx, &scope, &member, last_seq, now)?;
        let AccountEnded { keys, invitations, resets, leftover } =
            end_account_of(tx, &scope, &member, &event)?;
        rows.api_keys = keys;
        rows.invitations = invitations;
        rows.password_resets = rows.password_resets.saturating_add(resets);
        let erasure = Erasure {
            account,
            asked_by,
            asked_at: now,
            due_at: now.plus(Erasure::DUE_WITHIN),
            person: Some(person),
            ended_at: None,
            report: ErasureReport { erased: rows, ..ErasureReport::default() },
        };
        tx.put_erasure(&scope, &erasure)?;
        let recorded = Recorded::new((erasure, leftover), erased.clone());
        Ok(ended.record(recorded, invitations, resets, keys))
    });
    let (erasure, leftover) = written.await?;
    finish(space, &scope, leftover).await;
    Ok(erasure)
}

/// By what the rest of a member is found, and what goes with their account.
fn what_goes(
    tx: &mut dyn Tx,
    scope: &WriteScope,
    member: &Member,
    last_seq: u64,
    now: Timestamp,
) -> Result<(ErasedPerson, ErasedRows), StoreError> {
    let account = member.account;
    let keys = every(|page| tx.api_keys(scope, Some(account), page))?;
    let asked = ApprovalSelection { caller: Some(account.into()), ..ApprovalSelection::default() };
    let approvals = every(|page| tx.approvals(scope, &asked, now, page))?;
    let resets = tx.password_resets_of(scope, account)?;
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let rows = ErasedRows {
        accounts: 1,
        sessions: count(tx.sessions(scope, account)?.len()),
        recovery_codes: tx.count_recovery_codes(scope, account)?,
        identities: count(tx.oidc_identities_of(scope, account)?.len()),
        // Those that they made are counted as they end.
        password_resets: count(resets.iter().filter(|reset| reset.account == account).count()),
        approvals: count(approvals.len()),
        ..ErasedRows::default()
    };
    let keys = keys.into_iter().map(|key| key.id).collect();
    let person = ErasedPerson { email: member.email.clone(), generation: member.generation, keys, last_seq };
    Ok((person, rows))
}

/// The tenant's erasures, in the order of the accounts.
///
/// # Errors
/// When the caller's role does not permit it, or a port failed.
pub async fn erasures(
    space: &Space,
    principal: &Principal,
    page: PageRequest<AccountId>,
) -> Result<Page<Erasure, AccountId>, MemberError> {
    space.read(principal, Permission::ManageTenant, move |view, scope| Ok(view.erasures(scope, page)?)).await
}
