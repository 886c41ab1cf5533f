//! Erasing at the start who was erased before and is there again, because an older copy of the store was put back, and removing the tenants
//! that were removed before.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::time::Duration;

use futures_executor::block_on;

use crate::access::Role;
use crate::approval::{Leftover, finish};
use crate::audit::ports::{EventFilter, LogScope};
use crate::audit::{Action, Actor, Digest, Event, Log, Object, ObjectKind, Origin, ReasonCode};
use crate::identity::{AccountEnded, Email, Member, end_account_whoever};
use crate::ids::{AccountId, TenantId};
use crate::page::{PageRequest, every};
use crate::port_error::PortError;
use crate::privacy::erase::what_goes;
use crate::privacy::former::former_person;
use crate::privacy::ledger::erased_account;
use crate::privacy::ports::{ErasureLedger, ErasureLedgerError};
use crate::privacy::{ErasedAccount, ErasedPerson, ErasedRows, Erasure, ErasureReport, LedgerEntry};
use crate::space::Space;
use crate::store::{Flow, StoreError, Tx, View};
use crate::tenant::{OperatorScope, Tenant, TenantEnd, TenantPart, TenantRemoval, TenantScope, WriteScope};
use crate::time::Timestamp;
use crate::unit::{Abort, Recorded, Refused};

/// What was gone before, and goes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reapplied {
    /// Somebody who was erased.
    Account {
        /// In which tenant.
        tenant: TenantId,
        /// Whose account it was.
        account: AccountId,
        /// Whether the tenant has no other Owner: its operator makes one.
        was_last_owner: bool,
    },
    /// A tenant that was removed.
    Tenant(TenantId),
}

/// The ledger could not be held against the store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReapplyError {
    /// The ledger cannot be read.
    #[error(transparent)]
    Ledger(#[from] ErasureLedgerError),
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}

impl From<StoreError> for ReapplyError {
    fn from(error: StoreError) -> Self {
        Self::PortError(error.into())
    }
}

/// Begins the erasure of each account that the ledger has and the store does not know as erased, where anything of it is there: the account
/// goes now, the rest in the background. Of a tenant that was removed the removal begins, so that nobody of it is let in. Then the ledger is
/// given what it lacks. Nothing is served meanwhile. Blocks on a disk.
///
/// # Errors
/// When the ledger cannot be read, or a port failed; it can be called again.
pub fn reapply_erasures(space: &Space, operator: &OperatorScope) -> Result<Vec<Reapplied>, ReapplyError> {
    let Some(ledger) = &space.erasure_ledger else { return Ok(Vec::new()) };
    let mut erased: HashMap<TenantId, Vec<ErasedAccount>> = HashMap::new();
    let mut gone = Vec::new();
    for entry in ledger.all()? {
        match entry {
            LedgerEntry::Account(account) => erased.entry(account.tenant).or_default().push(account),
            LedgerEntry::Tenant(tenant) if remove_again(space, operator, tenant)? => {
                gone.push(Reapplied::Tenant(tenant));
            }
            LedgerEntry::Tenant(_) => {}
        }
    }
    let everywhere = operator.clone();
    // Of a tenant that is being removed everything goes anyway: nothing is put back into what is left of it.
    let tenants = space.store.read(Flow::Installation, move |view| {
        let mut staying = Vec::new();
        for tenant in view.tenant_ids(&everywhere)? {
            if view.tenant(&everywhere.tenant(tenant))?.is_some_and(|tenant| !tenant.is_going()) {
                staying.push(tenant);
            }
        }
        Ok::<_, StoreError>(staying)
    });
    let (mut reapplied, mut lacking) = (Vec::new(), Vec::new());
    for tenant in tenants.wait()? {
        let reapplying =
            Reapplying { space, scope: operator.tenant(tenant), ledger: &**ledger, marked: OnceCell::new() };
        for account in erased.remove(&tenant).unwrap_or_default() {
            reapplied.extend(reapplying.account(&account)?);
        }
        lacking.extend(reapplying.known()?);
    }
    let everywhere = operator.clone();
    let removed = space.store.read(Flow::Installation, move |view| view.removed_tenants(&everywhere));
    let removed: Result<Vec<TenantId>, StoreError> = removed.wait();
    lacking.extend(removed?.into_iter().map(LedgerEntry::Tenant));
    // A failure is told by the ledger itself, and nothing is lost by it: the next start does it.
    drop(block_on(ledger.keep(lacking)));
    reapplied.extend(gone);
    Ok(reapplied)
}

/// Begins the removal of a tenant that is there again, whatever it holds and whether it was to end: it has ended before. Answers whether it
/// was there.
fn remove_again(space: &Space, operator: &OperatorScope, tenant: TenantId) -> Result<bool, ReapplyError> {
    let scope = operator.tenant(tenant);
    let known = space.store.read(Flow::Installation, move |view| view.tenant(&scope)).wait();
    let known: Option<Tenant> = known.map_err(|error: StoreError| error)?;
    if known.is_none_or(|tenant| tenant.is_going()) {
        return Ok(false);
    }
    let context = space.request_context(Origin::default()).map_err(PortError::from)?;
    let event = context.event(Log::Installation, Action::ConfigChange, Actor::System);
    let event = event.map_err(PortError::from)?.on(ObjectKind::Tenant, tenant);
    let event = Event { reason_code: Some(ReasonCode::RemovedBefore.into()), ..event };
    let now = context.now;
    let begun = space.store.write(move |tx| {
        let scope = WriteScope::of_system(&scope);
        let mut removal = TenantRemoval::begin();
        removal.count(TenantPart::Datasets, tx.count_datasets(&scope)?);
        tx.put_tenant_removal(&scope, &removal)?;
        tx.set_tenant_end(
            &scope,
            Some(TenantEnd { is_going: true, ..TenantEnd::asked(now, Duration::ZERO) }),
        )?;
        Ok::<_, Abort<StoreError>>(Recorded::new((), event.clone()))
    });
    begun.wait()?;
    Ok(true)
}

/// How an erased account is there again.
enum Found {
    /// It is known to be erased.
    Erased,
    /// Nothing of it is there.
    Nowhere,
    /// As an account, this one or an earlier one of the same address.
    Account(AccountId),
    /// By its address alone.
    Address(Email),
}

struct Reapplying<'a> {
    space: &'a Space,
    scope: TenantScope,
    ledger: &'a dyn ErasureLedger,
    /// The addresses that the tenant knows, by what stands for them in the ledger.
    marked: OnceCell<HashMap<Digest, KnownAddress>>,
}

impl Reapplying<'_> {
    /// All erasures of the tenant, as the ledger keeps them.
    fn known(&self) -> Result<Vec<LedgerEntry>, StoreError> {
        let scope = self.scope;
        let find = move |view: &mut dyn View| every(|page| view.erasures(&scope, page));
        let erasures = self.space.store.read(&self.scope, find).wait()?;
        let tenant = self.scope.tenant();
        Ok(erasures.iter().map(|erasure| erased_account(self.space, tenant, erasure)).collect())
    }

    fn account(&self, erased: &ErasedAccount) -> Result<Option<Reapplied>, ReapplyError> {
        let account = erased.account;
        let reapplied = match self.find(erased)? {
            Found::Erased => return Ok(None),
            Found::Account(found) => self.erase(erased, found, None)?,
            Found::Address(email) => return self.erase(erased, account, Some(email)),
            Found::Nowhere => None,
        };
        // Of this account nothing is there any more. From now on that is known, and whoever comes with its address later is somebody new.
        self.erase(erased, account, None)?;
        Ok(reapplied)
    }

    fn find(&self, erased: &ErasedAccount) -> Result<Found, StoreError> {
        let (scope, account) = (self.scope, erased.account);
        let find = move |view: &mut dyn View| {
            if view.erasure(&scope, account)?.is_some() {
                return Ok(Found::Erased);
            }
            if view.member(&scope, account)?.is_some() {
                return Ok(Found::Account(account));
            }
            let email = address_of(view, &scope, account)?;
            Ok::<_, StoreError>(email.map_or(Found::Nowhere, Found::Address))
        };
        match self.space.store.read(&self.scope, find).wait()? {
            Found::Nowhere => self.find_by_mark(erased),
            found => Ok(found),
        }
    }

    /// In a copy from before there was the account the address may be there.
    fn find_by_mark(&self, erased: &ErasedAccount) -> Result<Found, StoreError> {
        let Some(mark) = erased.address else { return Ok(Found::Nowhere) };
        let marked = match self.marked.get() {
            Some(marked) => marked,
            None => {
                let scope = self.scope;
                let known = self.space.store.read(&self.scope, move |view| addresses(view, &scope)).wait()?;
                let tenant = self.scope.tenant();
                let mark = |known: KnownAddress| (self.ledger.mark(tenant, &known.email), known);
                // Of an address that is a member's the account counts: it comes last.
                self.marked.get_or_init(|| known.into_iter().map(mark).collect())
            }
        };
        // Whoever was invited or joined later is somebody new, who has the address now.
        let of_theirs = marked.get(&mark).filter(|known| known.since <= erased.asked_at);
        Ok(match of_theirs {
            Some(KnownAddress { account: Some(account), .. }) => Found::Account(*account),
            Some(KnownAddress { email, account: None, .. }) => Found::Address(email.clone()),
            None => Found::Nowhere,
        })
    }

    /// Begins the erasure of an account that is there, or of what is left of one by its address; where there is neither, it has ended.
    fn erase(
        &self,
        erased: &ErasedAccount,
        account: AccountId,
        gone: Option<Email>,
    ) -> Result<Option<Reapplied>, ReapplyError> {
        let (space, scope, tenant) = (self.space, self.scope, self.scope.tenant());
        let context = space.request_context(Origin::default()).map_err(PortError::from)?;
        let draft = context.event(Log::from(&scope), Action::UserDeleted, Actor::System);
        let event = draft.map_err(PortError::from)?.on(ObjectKind::Member, account);
        let event = Event { reason_code: Some(ReasonCode::ErasedBefore.into()), ..event };
        let (now, erased) = (context.now, erased.clone());
        let find = move |view: &mut dyn View| {
            let last_seq = view.log_head(LogScope::Tenant(&scope))?.seq();
            let person =
                gone.map(|email| former_person(view, &scope, account, email, last_seq)).transpose()?;
            Ok::<_, StoreError>((last_seq, person))
        };
        let (last_seq, gone) = space.store.read(&scope, find).wait()?;
        let written = space.store.write(move |tx| {
            let scope = WriteScope::of_system(&scope);
            if tx.erasure(&scope, account)?.is_some() {
                return Err(Abort::from(Refused::unrecorded(NotDone(None))));
            }
            let Gone { person, rows, leftover, was_last_owner } = match (tx.member(&scope, account)?, &gone) {
                (Some(member), _) => end(tx, &scope, &member, (last_seq, now))?,
                (None, Some(person)) => {
                    let invitations = tx.remove_invitations_of(&scope, &person.email)?;
                    let rows = ErasedRows { invitations, ..ErasedRows::default() };
                    Gone { person: Some(person.clone()), rows, ..Gone::default() }
                }
                (None, None) => Gone::default(),
            };
            let report = ErasureReport { erased: rows, ..ErasureReport::default() };
            let ErasedAccount { asked_by, asked_at, token, .. } = erased;
            let due_at = asked_at.plus(Erasure::DUE_WITHIN);
            let ended_at = person.is_none().then_some(event.time);
            let erasure = Erasure { account, asked_by, asked_at, due_at, person, ended_at, report, token };
            tx.put_erasure(&scope, &erasure)?;
            Ok(Recorded::new((leftover, was_last_owner), event.clone()))
        });
        let (leftover, was_last_owner) = match written.wait() {
            Ok(written) => written,
            Err(NotDone(None)) => return Ok(None),
            Err(NotDone(Some(error))) => return Err(error.into()),
        };
        block_on(finish(space, &scope, leftover));
        Ok(Some(Reapplied::Account { tenant, account, was_last_owner }))
    }
}

/// What went with an account, and by what the rest is found.
#[derive(Default)]
struct Gone {
    person: Option<ErasedPerson>,
    rows: ErasedRows,
    leftover: Option<Leftover>,
    was_last_owner: bool,
}

/// Removes an account, whoever it is: a tenant that is left without an Owner gets one by its operator.
fn end(
    tx: &mut dyn Tx,
    scope: &WriteScope,
    member: &Member,
    (last_seq, now): (u64, Timestamp),
) -> Result<Gone, StoreError> {
    let (person, mut rows) = what_goes(tx, scope, member, last_seq, now)?;
    let is_owner = member.role == Role::Owner && member.is_active();
    let was_last_owner = is_owner && tx.count_other_owners(scope, member.account, false)? == 0;
    let AccountEnded { keys, invitations, resets, leftover } = end_account_whoever(tx, scope, member)?;
    rows.api_keys = keys;
    rows.invitations = invitations;
    rows.password_resets = rows.password_resets.saturating_add(resets);
    Ok(Gone { person: Some(person), rows, leftover, was_last_owner })
}

/// That there was nothing to do, or the store's failure.
struct NotDone(Option<StoreError>);

impl From<StoreError> for NotDone {
    fn from(error: StoreError) -> Self {
        Self(Some(error))
    }
}

/// The address that an account had, as the log still knows it.
fn address_of(
    view: &mut dyn View,
    scope: &TenantScope,
    account: AccountId,
) -> Result<Option<Email>, StoreError> {
    let joined = EventFilter {
        action: Some(Action::UserCreated),
        any_object: Some(vec![Object::new(ObjectKind::Member, account)]),
        ..EventFilter::default()
    };
    let founded = EventFilter {
        action: Some(Action::UserCreated),
        actor: Some(account.into()),
        ..EventFilter::default()
    };
    let logged_in = EventFilter {
        action: Some(Action::AuthnLoginSuccess),
        actor: Some(account.into()),
        ..EventFilter::default()
    };
    for filter in [joined, founded, logged_in] {
        let events = view.events(scope, &filter, PageRequest::default())?.events.items;
        let named = events.iter().find_map(|recorded| recorded.event.person.email.as_deref());
        if let Some(email) = named.and_then(|email| Email::parse(email).ok()) {
            return Ok(Some(email));
        }
    }
    Ok(None)
}

/// An address that the tenant knows.
struct KnownAddress {
    email: Email,
    /// Whose it is, where it is a member's.
    account: Option<AccountId>,
    /// Since when it is known like that.
    since: Timestamp,
}

/// The addresses that the tenant knows: in groups, of whom is invited, and of members.
fn addresses(view: &mut dyn View, scope: &TenantScope) -> Result<Vec<KnownAddress>, StoreError> {
    let mut known = Vec::new();
    for group in every(|page| view.groups(scope, page))? {
        let members = every(|page| view.group_members(scope, group.id, page))?;
        known.extend(members.into_iter().map(|member| KnownAddress {
            email: member.email,
            account: None,
            since: member.added_at,
        }));
    }
    let invited = every(|page| view.invitations(scope, page))?;
    known.extend(invited.into_iter().map(|invitation| KnownAddress {
        email: invitation.email,
        account: None,
        since: invitation.created_at,
    }));
    let members = every(|page| view.members(scope, page))?;
    known.extend(members.into_iter().map(|member| KnownAddress {
        email: member.email,
        account: Some(member.account),
        since: member.created_at,
    }));
    Ok(known)
}
