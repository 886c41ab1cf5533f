//! Erasing what is known elsewhere of the members of a tenant that is removed, and of who was one: in the installation's log, and of their
//! logins. It is found by their accounts, and by what the tenant's log knows, so it goes before these.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::audit::ports::{EventFilter, LogWriteScope, Seq};
use crate::audit::{Action, Actor, Log, ObjectKind, RecordedEvent};
use crate::identity::{Email, LoginKey, Member};
use crate::ids::{AccountId, TenantId};
use crate::page::{Cursor, PageLimit, PageRequest, every};
use crate::port_error::PortError;
use crate::space::Space;
use crate::store::{Flow, StoreError, Tx, View};
use crate::tenant::{OperatorScope, TenantName, TenantScope};

/// How many rows a unit removes.
const REMOVED_AT_ONCE: usize = 250;
/// How many pages of a log are read at once.
const PAGES_AT_ONCE: usize = 10;
/// Up to which generation logins of an account are looked for whose own is not known any more.
const FORMER_GENERATION: u64 = 255;
/// Of how many generations an account's logins are looked for. They are known for 90 days.
const GENERATIONS: usize = 256;

/// By what members are known in the installation's log.
#[derive(Default)]
struct KnownAs {
    accounts: HashSet<AccountId>,
    /// Of those who have no account in another tenant.
    addresses: HashSet<String>,
}

impl KnownAs {
    fn is_to_go(&self, recorded: &RecordedEvent) -> bool {
        let event = &recorded.event;
        let is_theirs = matches!(event.actor, Actor::Account { id, .. } if self.accounts.contains(&id));
        let is_named = event.person.email.as_ref().is_some_and(|email| self.addresses.contains(email));
        !recorded.is_erased() && (is_theirs || is_named)
    }
}

/// Erases it, all of it again where it was cut short.
///
/// # Errors
/// When a port failed. What went by then is gone.
pub(super) async fn forget_members(
    space: &Space,
    operator: &OperatorScope,
    scope: &TenantScope,
    name: &TenantName,
) -> Result<(), PortError> {
    let of = *scope;
    let mut members = former_members(space, scope).await?;
    let present = read(space, move |view| every(|page| view.members(&of, page))).await?;
    members.extend(
        present.into_iter().map(|Member { account, email, generation, .. }| (account, (email, generation))),
    );
    let mut known_as = KnownAs::default();
    for (account, (email, generation)) in members {
        let mut keys = LoginKey::of_member(account, generation, name, &email).map(|(key, _)| key).to_vec();
        // What was known before they had another password, too.
        let before = (0..generation).rev().take(GENERATIONS);
        keys.extend(before.map(|generation| LoginKey::of_account(account, generation)));
        known_as.accounts.insert(account);
        if !has_account(space, operator, email.clone(), Some(scope.tenant())).await? {
            keys.push(LoginKey::of(None, &email));
            known_as.addresses.insert(email.to_string());
        }
        forget_logins(space, keys).await?;
    }
    erase_events(space, operator, Arc::new(known_as)).await
}

/// Removes what is known of logins under these keys.
async fn forget_logins(space: &Space, keys: Vec<LoginKey>) -> Result<(), PortError> {
    let there = read(space, move |view| {
        let mut there = Vec::new();
        for key in keys {
            if !view.login_records(&key)?.is_empty() {
                there.push(key);
            }
        }
        Ok(there)
    });
    for key in there.await? {
        let remove = move |tx: &mut dyn Tx| Ok(tx.remove_login_records(&key, REMOVED_AT_ONCE)?.into());
        while space.store.keep_books(remove).await? > 0 {}
    }
    Ok(())
}

/// Who joined the tenant or logged in to it, as its log still knows, each with their address and the last generation of theirs that there
/// may have been.
async fn former_members(
    space: &Space,
    scope: &TenantScope,
) -> Result<HashMap<AccountId, (Email, u64)>, PortError> {
    let mut known = HashMap::new();
    for action in [Action::UserCreated, Action::AuthnLoginSuccess] {
        let filter = EventFilter { action: Some(action), ..EventFilter::default() };
        let mut after: Option<Cursor<Seq>> = None;
        loop {
            let (of, filter) = (*scope, filter.clone());
            let find = move |view: &mut dyn View| {
                let (mut after, mut found) = (after, Vec::new());
                for _ in 0..PAGES_AT_ONCE {
                    let page = PageRequest { limit: PageLimit::LARGEST, after };
                    let events = view.events(&of, &filter, page)?.events;
                    found.extend(events.items.iter().filter_map(whose_address));
                    after = events.next;
                    if after.is_none() {
                        break;
                    }
                }
                Ok::<_, StoreError>((found, after))
            };
            let (found, next) = read(space, find).await?;
            known.extend(found.into_iter().map(|(account, email)| (account, (email, FORMER_GENERATION))));
            after = next;
            if after.is_none() {
                break;
            }
        }
    }
    Ok(known)
}

/// Whose the address is that an event names of somebody who joined or logged in. Who founded a tenant did that to the tenant.
fn whose_address(recorded: &RecordedEvent) -> Option<(AccountId, Email)> {
    let event = &recorded.event;
    let email = Email::parse(event.person.email.as_deref()?).ok()?;
    let joined = event.object.as_ref().filter(|object| object.kind == ObjectKind::Member);
    let account = match (joined, &event.actor) {
        (Some(joined), _) => joined.id.parse().ok()?,
        (None, Actor::Account { id, .. }) => *id,
        (None, _) => return None,
    };
    Some((account, email))
}

/// Whether an address has an account in a tenant, whatever its status, but this one. Then what is of no tenant may be of that one.
pub(crate) async fn has_account(
    space: &Space,
    operator: &OperatorScope,
    email: Email,
    but: Option<TenantId>,
) -> Result<bool, PortError> {
    let operator = operator.clone();
    read(space, move |view| {
        for tenant in view.tenant_ids(&operator)?.into_iter().filter(|tenant| Some(*tenant) != but) {
            if view.account_by_email(&operator.tenant(tenant), &email)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    })
    .await
}

/// Goes through the installation's log, from its end to its beginning.
async fn erase_events(
    space: &Space,
    operator: &OperatorScope,
    known_as: Arc<KnownAs>,
) -> Result<(), PortError> {
    let mut after: Option<Cursor<Seq>> = None;
    loop {
        let (known_as, reader) = (Arc::clone(&known_as), operator.clone());
        let find = move |view: &mut dyn View| {
            let (mut after, mut found) = (after, Vec::new());
            for _ in 0..PAGES_AT_ONCE {
                let page = PageRequest { limit: PageLimit::LARGEST, after };
                let events = view.installation_events(&reader, &EventFilter::default(), page)?.events;
                let about = events.items.iter().filter(|event| known_as.is_to_go(event));
                found.extend(about.map(|event| event.seq));
                after = events.next;
                if after.is_none() {
                    break;
                }
            }
            Ok::<_, StoreError>((found, after))
        };
        let (found, next) = read(space, find).await?;
        for numbers in found.chunks(REMOVED_AT_ONCE) {
            let numbers = numbers.to_vec();
            let erase = move |tx: &mut dyn Tx| {
                let log = LogWriteScope::of_system(Log::Installation);
                Ok(tx.erase_persons(&log, &numbers)?.into())
            };
            space.store.keep_books(erase).await?;
        }
        after = next;
        if after.is_none() {
            return Ok(());
        }
    }
}

async fn read<T: Send + 'static>(
    space: &Space,
    find: impl FnOnce(&mut dyn View) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, PortError> {
    Ok(space.store.read(Flow::Installation, find).await?)
}
