//! Erasing what is known elsewhere of the members of a tenant that is removed: in the installation's log, and of their logins. It is
//! found by their accounts, so it goes before these.

use std::collections::HashSet;
use std::sync::Arc;

use crate::audit::ports::{EventFilter, Seq};
use crate::audit::{Actor, RecordedEvent};
use crate::identity::{Email, LoginKey, Member};
use crate::ids::AccountId;
use crate::page::{Cursor, PageLimit, PageRequest, every};
use crate::port_error::PortError;
use crate::space::Space;
use crate::store::{Flow, StoreError, Tx, View};
use crate::tenant::{OperatorScope, TenantName, TenantScope};

/// How many rows a unit removes.
const REMOVED_AT_ONCE: usize = 250;
/// How many pages of a log are read at once.
const PAGES_AT_ONCE: usize = 10;

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
    let members = read(space, move |view| every(|page| view.members(&of, page))).await?;
    let mut known_as = KnownAs::default();
    for Member { account, generation, email, .. } in members {
        let mut keys = LoginKey::of_member(account, generation, name, &email).map(|(key, _)| key).to_vec();
        known_as.accounts.insert(account);
        if !is_somebody_elsewhere(space, operator, scope, &email).await? {
            keys.push(LoginKey::of(None, &email));
            known_as.addresses.insert(email.to_string());
        }
        for key in keys {
            let remove = move |tx: &mut dyn Tx| Ok(tx.remove_login_records(&key, REMOVED_AT_ONCE)?.into());
            while space.store.keep_books(remove).await? > 0 {}
        }
    }
    erase_events(space, operator, Arc::new(known_as)).await
}

/// Whether another tenant has an account of the address. Then what is of no tenant may be of that one.
async fn is_somebody_elsewhere(
    space: &Space,
    operator: &OperatorScope,
    scope: &TenantScope,
    email: &Email,
) -> Result<bool, PortError> {
    let (operator, own, email) = (operator.clone(), scope.tenant(), email.clone());
    read(space, move |view| {
        for tenant in view.tenant_ids(&operator)?.into_iter().filter(|tenant| *tenant != own) {
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
            let (numbers, operator) = (numbers.to_vec(), operator.clone());
            let erase = move |tx: &mut dyn Tx| Ok(tx.erase_installation_persons(&operator, &numbers)?.into());
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
