//! Telling hubs what is listed: whatever is due, again until it succeeds; and how listed endpoints are, on schedule.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::audit::{Action, Actor, ChangeCode, ObjectKind, Origin};
use crate::endpoint::EndpointName;
use crate::ids::{ListingId, MarketplaceId, TenantId};
use crate::marketplace::claim::{claim, own_mark};
use crate::marketplace::hub_access;
use crate::marketplace::ports::{HealthReport, HubAccess, HubError, OwnMark, Publication};
use crate::marketplace::publication::is_publishable;
use crate::marketplace::{Listing, ListingState, Marketplace, ReportError};
use crate::page::PageLimit;
use crate::port_error::{PortError, port_errors};
use crate::snapshot::{SnapshotError, TenantSnapshot};
use crate::space::Space;
use crate::store::Flow;
use crate::tenant::{OperatorScope, TenantScope, WriteScope};
use crate::time::Timestamp;
use crate::unit::Recorded;

/// How long a hub believes that an endpoint is well.
pub const HEALTH_TTL: Duration = Duration::from_secs(15 * 60);
/// How often hubs are told how listed endpoints are: often enough that two reports may be lost.
pub const HEALTH_REPORT_INTERVAL: Duration = Duration::from_secs(5 * 60);
/// How long to wait after the first failure; each further one doubles it.
const MIN_RETRY_DELAY: Duration = Duration::from_secs(5);
/// The longest that is waited.
const MAX_RETRY_DELAY: Duration = Duration::from_secs(30 * 60);
/// Of what is as it should be, nobody is to be told.
const NEVER: Timestamp = Timestamp::from_unix_micros(i64::MAX);
/// The most characters of an error that are kept.
const MAX_ERROR_CHARS: usize = 300;
/// What a listing says while there is nothing to show.
const UNPUBLISHABLE_TEXT: &str =
    "it is not shown, for the endpoint is a draft or has no access policy, or the tenant ends";

/// What hubs were told last, by listing. It is memory: after a start each is told once more, which changes nothing.
#[derive(Default)]
pub struct PublicationStatus(Mutex<HashMap<ListingId, Publication>>);

/// Tells hubs of every listing that is due, and that its callers come to `public_url`. Answers on which marketplaces that
/// could be reached they are.
///
/// # Errors
/// When a port of our own failed. What a hub did not take is tried again later.
pub async fn tell_due(
    space: &Space,
    operator: &OperatorScope,
    public_url: &str,
    told: &PublicationStatus,
) -> Result<BTreeSet<(TenantId, MarketplaceId)>, PortError> {
    let (everywhere, now) = (operator.clone(), space.clock.now());
    let due = space
        .store
        .read(Flow::Installation, move |view| view.listings_due(&everywhere, now, PageLimit::LARGEST));
    let due = due.await?;
    let (mut at, mut silent) = (BTreeSet::new(), BTreeSet::new());
    for (tenant, listing) in due {
        let marketplace = (tenant, listing.marketplace);
        // A hub that does not answer holds the others up once, and not once for each listing.
        if silent.contains(&marketplace) {
            continue;
        }
        at.insert(marketplace);
        if !tell(space, &operator.tenant(tenant), public_url, listing, told).await? {
            silent.insert(marketplace);
        }
    }
    Ok(at.difference(&silent).copied().collect())
}

/// Tells the hub of one marketplace how its listed endpoints are and that they are reached at `public_url`, and tells it
/// anew of those that have changed since, and of all when it does not know some of them any more. A hub that has come to
/// send its callers elsewhere is told nothing: the listings say so.
///
/// # Errors
/// When the hub did not take the report, or a port failed. What the hub did not take is tried again later.
pub async fn report(
    space: &Space,
    scope: &TenantScope,
    marketplace: MarketplaceId,
    public_url: &str,
    told: &PublicationStatus,
) -> Result<(), ReportError> {
    let Some(live) = snapshot(space, scope)? else { return Ok(()) };
    let Some(at) = live.marketplace(marketplace).cloned() else { return Ok(()) };
    let listed = listed(space, scope, marketplace).await?;
    if listed.is_empty() {
        return Ok(());
    }
    let access = hub_access(space, scope, &at)?;
    match claim(space, scope, &access, &at, public_url).await {
        Err(ReportError::Hub(displaced @ HubError::Displaced(_))) => {
            for listing in listed {
                note(space, scope, listing, true, Err(displaced.clone())).await?;
            }
            return Err(displaced.into());
        }
        claimed => claimed?,
    }
    for listing in listed {
        if wanted(space, scope, &listing).await?.as_ref() != told.of(listing.id).as_ref() {
            tell(space, scope, public_url, listing, told).await?;
        }
    }
    if report_health(space, scope, &access, &at, public_url).await? > 0 {
        // Somebody took them off there, or the hub lost them.
        for listing in self::listed(space, scope, marketplace).await? {
            tell(space, scope, public_url, listing, told).await?;
        }
        report_health(space, scope, &access, &at, public_url).await?;
    }
    Ok(())
}

/// The snapshot of a tenant; `None` where it is being removed, with its listings.
fn snapshot(space: &Space, scope: &TenantScope) -> Result<Option<Arc<TenantSnapshot>>, SnapshotError> {
    match space.snapshots.tenant(scope) {
        Err(SnapshotError::NoTenant) => Ok(None),
        found => found.map(Some),
    }
}

/// The listings that a hub shows.
async fn listed(
    space: &Space,
    scope: &TenantScope,
    marketplace: MarketplaceId,
) -> Result<Vec<Listing>, PortError> {
    let of = *scope;
    let all = space.store.read(scope, move |view| view.listings_on(&of, marketplace)).await?;
    Ok(all.into_iter().filter(|listing| listing.state == ListingState::Listed).collect())
}

/// Says how the endpoints are that a hub shows. Answers how many of them it does not know.
async fn report_health(
    space: &Space,
    scope: &TenantScope,
    access: &HubAccess,
    at: &Marketplace,
    public_url: &str,
) -> Result<u64, ReportError> {
    let (mut reports, checked_at) = (Vec::new(), space.clock.now());
    for listing in listed(space, scope, at.id).await? {
        let healthy = wanted(space, scope, &listing).await?.is_some();
        reports.push(HealthReport { slug: listing.slug.to_string(), healthy, checked_at });
    }
    if reports.is_empty() {
        return Ok(0);
    }
    Ok(space.hubs.report_health(access, at.satellite, public_url, &reports, HEALTH_TTL).await?)
}

impl PublicationStatus {
    fn of(&self, listing: ListingId) -> Option<Publication> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&listing).cloned()
    }

    fn note(&self, listing: ListingId, publication: Option<Publication>) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match publication {
            Some(publication) => told.insert(listing, publication),
            None => told.remove(&listing),
        };
    }
}

/// What the hub is to show; `None` where nothing is to be shown: the endpoint is a draft, has no access policy, or is
/// to go.
async fn wanted(
    space: &Space,
    scope: &TenantScope,
    listing: &Listing,
) -> Result<Option<Publication>, PortError> {
    let Some(snapshot) = snapshot(space, scope)? else { return Ok(None) };
    let endpoint = snapshot.endpoint_named(&EndpointName::Id(listing.endpoint));
    let listed = endpoint.filter(|_| listing.state != ListingState::Removing);
    let marketplace = snapshot.marketplace(listing.marketplace);
    let now = space.clock.now();
    let listed = listed
        .zip(marketplace)
        .filter(|(endpoint, marketplace)| is_publishable(endpoint, &snapshot, marketplace.hub, now));
    let Some((shown, _)) = listed else {
        return Ok(None);
    };
    let (scope, id) = (*scope, listing.endpoint);
    let endpoint = space.store.read(&scope, move |view| view.endpoint(&scope, id)).await?;
    Ok(endpoint.map(|endpoint| Publication::of(&endpoint, &shown.policies, &snapshot.tenant.name)))
}

/// Tells the hub of one listing, and writes down how that ended. Answers whether the hub could be reached.
async fn tell(
    space: &Space,
    scope: &TenantScope,
    public_url: &str,
    listing: Listing,
    told: &PublicationStatus,
) -> Result<bool, PortError> {
    let Some(live) = snapshot(space, scope)? else { return Ok(true) };
    let Some(at) = live.marketplace(listing.marketplace).map(Arc::clone) else { return Ok(true) };
    let wanted = wanted(space, scope, &listing).await?;
    let mark = own_mark(&live.tenant.name, &at, public_url);
    let done = match hub_access(space, scope, &at) {
        Err(error) => Err(error),
        Ok(access) => match &wanted {
            Some(publication) => match claim(space, scope, &access, &at, public_url).await {
                Ok(()) => {
                    let mark = OwnMark { url: public_url.to_owned(), ..mark };
                    space.hubs.publish(&access, &mark, publication).await
                }
                Err(ReportError::Hub(error)) => Err(error),
                Err(ReportError::PortError(error)) => return Err(error),
            },
            None => space.hubs.unpublish(&access, &mark, listing.slug.as_str()).await,
        },
    };
    if done.is_ok() {
        told.note(listing.id, wanted.clone());
    }
    let reached = !matches!(done, Err(HubError::Unavailable(_) | HubError::Unresolved));
    note(space, scope, listing, wanted.is_some(), done).await?;
    Ok(reached)
}

/// How an attempt ended was not written down.
#[derive(Debug, thiserror::Error)]
enum NoteError {
    /// Something else is wanted by now, and the next attempt is about that.
    #[error("the listing has changed meanwhile")]
    Superseded,
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(NoteError);

/// Writes down how an attempt ended.
async fn note(
    space: &Space,
    scope: &TenantScope,
    tried: Listing,
    shown: bool,
    done: Result<(), HubError>,
) -> Result<(), PortError> {
    let context = space.request_context(Origin::default())?;
    let event = context.event(scope, Action::ConfigChange, Actor::System)?.on(ObjectKind::Listing, tried.id);
    let event = match &done {
        Ok(()) if tried.state == ListingState::Removing => event.changing(ChangeCode::Removed),
        Ok(()) => event.changing(if shown { ChangeCode::Shown } else { ChangeCode::Hidden }),
        Err(error) => event.failed(error.reason_code()),
    };
    let (scope, now) = (*scope, context.now);
    let written = space.store.write(move |tx| {
        let scope = WriteScope::of_system(&scope);
        let listing = tx
            .listing(&scope, tried.id)?
            .filter(|listing| listing.revision == tried.revision)
            .ok_or(NoteError::Superseded)?;
        if done.is_ok() && listing.state == ListingState::Removing {
            tx.remove_listing(&scope, listing.id)?;
        } else {
            tx.update_listing(&scope, &after(listing, shown, &done, now))?;
        }
        Ok(Recorded::new((), event.clone()))
    });
    match written.await {
        Ok(()) | Err(NoteError::Superseded) => Ok(()),
        Err(NoteError::PortError(fault)) => Err(fault),
    }
}

/// A listing after an attempt.
fn after(listing: Listing, shown: bool, done: &Result<(), HubError>, now: Timestamp) -> Listing {
    let revision = listing.revision + 1;
    match done {
        Ok(()) => Listing {
            // What is not shown, though it is wanted, is looked at again when it may have changed.
            state: if shown { ListingState::Listed } else { ListingState::Pending },
            last_error: (!shown).then(|| UNPUBLISHABLE_TEXT.to_owned()),
            told_at: Some(now),
            due_at: if shown { NEVER } else { now.plus(HEALTH_REPORT_INTERVAL) },
            failures: 0,
            revision,
            ..listing
        },
        Err(error) => {
            let failures = listing.failures.saturating_add(1);
            let displaced = matches!(error, HubError::Displaced(_));
            Listing {
                state: if displaced { ListingState::Displaced } else { listing.state },
                last_error: Some(error.to_string().chars().take(MAX_ERROR_CHARS).collect()),
                due_at: now.plus(wait(failures)),
                failures,
                revision,
                ..listing
            }
        }
    }
}

/// How long to wait after so many failures in a row.
fn wait(failures: u32) -> Duration {
    MIN_RETRY_DELAY
        .saturating_mul(1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX))
        .min(MAX_RETRY_DELAY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::marketplace::listing::tests::listing;

    #[test]
    fn f7_a_listing_says_how_the_last_attempt_to_tell_of_it_ended_and_when_the_next_is() {
        let (known, now) = (listing(), Timestamp::from_unix_micros(1_000));
        let shown = after(known.clone(), true, &Ok(()), now);
        let (state, revision) = (ListingState::Listed, 8);
        let told = Listing {
            state,
            last_error: None,
            told_at: Some(now),
            due_at: NEVER,
            failures: 0,
            revision,
            ..known.clone()
        };
        assert_eq!(shown, told);
        // What cannot be shown now is looked at again.
        let hidden = after(known.clone(), false, &Ok(()), now);
        assert_eq!((hidden.state, hidden.told_at, hidden.failures), (ListingState::Pending, Some(now), 0));
        assert_eq!(hidden.due_at, now.plus(HEALTH_REPORT_INTERVAL));
        assert!(hidden.last_error.is_some() && hidden.revision == 8);
        let failed = after(known.clone(), true, &Err(HubError::NotFound), now);
        assert_eq!((failed.state, failed.told_at, failed.failures), (ListingState::Listed, known.told_at, 5));
        assert_eq!((failed.due_at, failed.revision), (now.plus(wait(5)), 8));
        assert_eq!(failed.last_error.as_deref(), Some("the hub knows no such thing"));
        let displaced = HubError::Displaced("https://other.example".to_owned());
        assert_eq!(after(known, true, &Err(displaced), now).state, ListingState::Displaced);
    }
}
