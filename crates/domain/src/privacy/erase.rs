//! Asking for an erasure, and seeing how far erasures are.

use crate::access::Permission;
use crate::approval::finish;
use crate::approval::ports::ApprovalSelection;
use crate::audit::ports::LogScope;
use crate::audit::{Action, Event, ObjectKind, ReasonCode, RequestContext};
use crate::identity::{AccountEnded, Email, Ended, Member, MemberError, Principal, end_account_of};
use crate::ids::AccountId;
use crate::page::{Page, PageRequest, every};
use crate::privacy::former::{FormerSearch, former_person};
use crate::privacy::ledger::{check, note};
use crate::privacy::{ErasedPerson, ErasedRows, Erasure, ErasureBy, ErasureReport};
use crate::secret::BearerSecret;
use crate::space::Space;
use crate::store::{StoreError, Tx, View};
use crate::tenant::{TenantScope, WriteScope};
use crate::time::Timestamp;
use crate::unit::{Recorded, Refused};

/// An erasure that has begun.
pub struct BegunErasure {
    /// The erasure.
    pub erasure: Erasure,
    /// By which whoever has it gets the certificate, without an account. It is shown once; `None` where one was before.
    pub token: Option<BearerSecret>,
}

/// Erases the caller's own account, and all that is held about them: the account goes at once, the rest behind it.
///
/// # Errors
/// When the caller has no account, or not any more, it is the last Owner's, a legal hold stands, the erasure could not be noted in the
/// erasure ledger, or a port failed.
pub async fn erase_own(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
) -> Result<BegunErasure, MemberError> {
    let account = principal.member(Permission::OwnAccount)?.account;
    erase(space, context, principal, (Permission::OwnAccount, ErasureBy::Person), account).await
}

/// The same for a member, at their request. Nobody's expectation of an endpoint keeps anybody here.
///
/// # Errors
/// When there is no such member, the caller's role does not permit it, and as for [`erase_own`].
pub async fn erase_member(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    account: AccountId,
) -> Result<BegunErasure, MemberError> {
    erase(space, context, principal, (Permission::ManageTenant, ErasureBy::Owner), account).await
}

async fn erase(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    (permission, asked_by): (Permission, ErasureBy),
    account: AccountId,
) -> Result<BegunErasure, MemberError> {
    let scope = principal.scope(permission)?;
    check(space, scope.tenant()).await?;
    let event = principal.event(context, Action::UserDeleted)?.on(ObjectKind::Member, account);
    let erased = Event { reason_code: Some(ReasonCode::PersonErased.into()), ..event.clone() };
    let ended = Ended::draft(context, principal, account)?;
    let token = BearerSecret::generate(&*context.entropy)?;
    let token_hash = token.hash();
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
        let report = ErasureReport { erased: rows, ..ErasureReport::default() };
        let erasure = Erasure::begun(account, (asked_by, now), person, report, Some(token_hash));
        tx.put_erasure(&scope, &erasure)?;
        let recorded = Recorded::new((erasure, leftover), erased.clone());
        Ok(ended.record(recorded, invitations, resets, keys))
    });
    let (erasure, leftover) = written.await?;
    // What goes wrong from here on is told by the ledger, and tried again: the account is gone.
    drop(note(space, scope.tenant(), &erasure).await);
    finish(space, &scope, leftover).await;
    Ok(BegunErasure { erasure, token: Some(token) })
}

/// The same for whoever has this address in the caller's tenant, or had it: somebody who left, or was removed, is erased from what the log
/// and other stores still know of them. Nothing of other tenants is looked at.
///
/// # Errors
/// When nobody here has or had it, as far as the log still knows; and as for [`erase_member`].
pub async fn erase_address(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    email: Email,
) -> Result<BegunErasure, MemberError> {
    let permission = Permission::ManageTenant;
    let wanted = email.clone();
    let known = space.read(principal, permission, move |view, scope| {
        let account = view.account_by_email(scope, &wanted)?.map(|account| account.member.account);
        Ok::<_, MemberError>((account, view.log_head(LogScope::Tenant(scope))?.seq()))
    });
    let (member, last_seq) = known.await?;
    if let Some(account) = member {
        return erase(space, context, principal, (permission, ErasureBy::Owner), account).await;
    }
    let mut search = FormerSearch::new(email.clone(), last_seq);
    while !search.has_ended() {
        let find = move |view: &mut dyn View, scope: &TenantScope| {
            search.go_on(view, scope)?;
            Ok::<_, MemberError>(search)
        };
        search = space.read(principal, permission, find).await?;
    }
    let mut gone = Vec::new();
    for account in search.newest_first() {
        let email = email.clone();
        let find = move |view: &mut dyn View, scope: &TenantScope| {
            Ok::<_, MemberError>(former_person(view, scope, account, email, last_seq)?)
        };
        gone.push((account, space.read(principal, permission, find).await?));
    }
    erase_former(space, context, principal, gone).await
}

/// Begins the erasure of an account that is gone: of the newest of these that is not erased yet. Those before it follow by themselves.
async fn erase_former(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    gone: Vec<(AccountId, ErasedPerson)>,
) -> Result<BegunErasure, MemberError> {
    let permission = Permission::ManageTenant;
    let tenant = principal.scope(permission)?.tenant();
    check(space, tenant).await?;
    let newest = gone.first().map(|(account, _)| *account).ok_or(MemberError::NobodyKnown)?;
    let ended = Ended::draft(context, principal, newest)?;
    let token = BearerSecret::generate(&*context.entropy)?;
    let token_hash = token.hash();
    let event = principal.event(context, Action::UserDeleted)?.on(ObjectKind::Member, newest);
    let now = context.now;
    let authorization = principal.authorize(permission, space.clock.now())?;
    let written = space.store.write(move |tx| {
        let scope = tx.authority(&authorization, &event)?;
        if !tx.legal_holds(&scope)?.is_empty() {
            let denied = event.clone().denied(ReasonCode::LegalHold);
            return Err(Refused::new(MemberError::Held, denied).into());
        }
        let (mut chosen, mut known) = (None, None);
        for (account, person) in &gone {
            // They may have come back, or been erased, while the log was looked through.
            if tx.member(&scope, *account)?.is_some() {
                continue;
            }
            let begun = tx.erasure(&scope, *account)?;
            if begun.is_none() {
                chosen = Some((*account, person));
                break;
            }
            known = known.or(begun);
        }
        let erasure = match (chosen, known) {
            (Some((account, person)), _) => {
                let invitations = tx.remove_invitations_of(&scope, &person.email)?;
                let erased = ErasedRows { invitations, ..ErasedRows::default() };
                let report = ErasureReport { erased, ..ErasureReport::default() };
                let asked = (ErasureBy::Owner, now);
                let erasure = Erasure::begun(account, asked, person.clone(), report, Some(token_hash));
                tx.put_erasure(&scope, &erasure)?;
                erasure
            }
            (None, Some(known)) => known,
            (None, None) => return Err(MemberError::NobodyKnown.into()),
        };
        let is_new = chosen.is_some();
        let invitations = if is_new { erasure.report.erased.invitations } else { 0 };
        let account = erasure.account;
        let event = event.clone().on(ObjectKind::Member, account);
        let event = Event { reason_code: Some(ReasonCode::PersonErased.into()), ..event };
        Ok(ended.record(Recorded::new((erasure, is_new), event), invitations, 0, 0))
    });
    let (erasure, is_new) = written.await?;
    drop(note(space, tenant, &erasure).await);
    Ok(BegunErasure { erasure, token: is_new.then_some(token) })
}

/// By what the rest of a member is found, and what goes with their account.
pub(super) fn what_goes(
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
