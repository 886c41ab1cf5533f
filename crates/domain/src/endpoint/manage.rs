//! Making, changing, reading and removing endpoints.

use crate::access::Permission;
use crate::approval::ports::ApprovalsOf;
use crate::approval::{finish, remove_with};
use crate::audit::{Action, ChangeCode, Changes, ObjectKind, RequestContext};
use crate::dataset::DatasetState;
use crate::endpoint::{Endpoint, EndpointName, ResponseType, Slug};
use crate::expectation::{Change, ExpectationRefusal, Guard};
use crate::identity::{AuthorizationError, Principal};
use crate::ids::{DatasetId, EndpointId};
use crate::marketplace::{
    FormerListings, ListingState, UnlistableSlug, check_listable, move_listings, take_off, tell_anew,
};
use crate::port_error::{PortError, port_errors};
use crate::space::Space;
use crate::text::{Line, Name, Prose};
use crate::unit::{Recorded, check_revision};

/// An endpoint is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEndpoint {
    /// Its name for people.
    pub name: Name,
    /// Its name in its URL.
    pub slug: Slug,
    /// One sentence about it.
    pub summary: Line,
    /// All there is to say about it.
    pub description: Prose,
    /// Words to find it by.
    pub tags: Line,
    /// What it searches.
    pub dataset: DatasetId,
    /// What it answers with.
    pub response_type: ResponseType,
    /// Whether it is more than a draft.
    pub published: bool,
}

/// An endpoint is to be changed; `None` leaves a part as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChangeEndpoint {
    /// Its name for people.
    pub name: Option<Name>,
    /// Its name in its URL. Where the endpoint is listed, hubs are told.
    pub slug: Option<Slug>,
    /// One sentence about it.
    pub summary: Option<Line>,
    /// All there is to say about it.
    pub description: Option<Prose>,
    /// Words to find it by.
    pub tags: Option<Line>,
    /// Whether it is more than a draft.
    pub published: Option<bool>,
    /// Only if this is still its revision.
    pub if_revision: Option<u64>,
}

/// An endpoint was not made, changed, read or removed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// The caller may not do it, or not any more.
    #[error(transparent)]
    Authorization(#[from] AuthorizationError),
    /// There is no such endpoint.
    #[error("there is no such endpoint")]
    NotFound,
    /// There is no such dataset.
    #[error("there is no such dataset")]
    NoDataset,
    /// Another endpoint has the slug.
    #[error("there is an endpoint of this slug already; choose another slug")]
    SlugTaken,
    /// It is listed, and hubs do not take the slug.
    #[error(transparent)]
    UnlistableSlug(#[from] UnlistableSlug),
    /// It has been changed since.
    #[error("the endpoint has been changed since; read it again")]
    Changed,
    /// The tenant has as many endpoints as it may.
    #[error("the tenant has {0} endpoints, which is all it may have")]
    LimitReached(u64),
    /// One of its expectations would be broken.
    #[error(transparent)]
    Expectation(#[from] ExpectationRefusal),
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(EndpointError);

/// Makes an endpoint.
///
/// # Errors
/// When there is no such dataset, the slug is taken, the tenant is full, the caller's role does not permit it, or a port
/// failed.
pub async fn create_endpoint(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    wanted: NewEndpoint,
) -> Result<Endpoint, EndpointError> {
    principal.scope(Permission::WriteEndpoints)?;
    let endpoint = Endpoint {
        id: EndpointId::generate(context.now, &*context.entropy)?,
        name: wanted.name.into(),
        slug: wanted.slug,
        summary: wanted.summary.into(),
        description: wanted.description.into(),
        tags: wanted.tags.into(),
        dataset: wanted.dataset,
        response_type: wanted.response_type,
        published: wanted.published,
        revision: 1,
        created_at: context.now,
        updated_at: context.now,
    };
    let created = Changes::from(ChangeCode::Created);
    let changes = if endpoint.published { created.and(ChangeCode::Published) } else { created };
    let event = principal
        .event(context, Action::ConfigChange)?
        .on(ObjectKind::Endpoint, endpoint.id)
        .changing(changes);
    let limit = principal.snapshot().tenant.limits.endpoints;
    let authorization = principal.authorize(Permission::WriteEndpoints, space.clock.now())?;
    space
        .store
        .write(move |tx| {
            let scope = tx.authority(&authorization, &event)?;
            if tx
                .dataset(&scope, endpoint.dataset)?
                .is_none_or(|dataset| dataset.state != DatasetState::Active)
            {
                return Err(EndpointError::NoDataset.into());
            }
            if tx.endpoint_by_slug(&scope, &endpoint.slug)?.is_some() {
                return Err(EndpointError::SlugTaken.into());
            }
            if tx.count_endpoints(&scope)? >= limit {
                return Err(EndpointError::LimitReached(limit).into());
            }
            tx.add_endpoint(&scope, &endpoint)?;
            Ok(Recorded::new(endpoint.clone(), event.clone()))
        })
        .await
}

/// Changes an endpoint.
///
/// # Errors
/// When there is no such endpoint or it has been changed since, the slug is taken or no hub takes it where the endpoint is
/// listed, one of its expectations would be broken, the caller's role does not permit it, or a port failed.
pub async fn change_endpoint(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    id: EndpointId,
    change: ChangeEndpoint,
) -> Result<Endpoint, EndpointError> {
    principal.scope(Permission::WriteEndpoints)?;
    let event = principal.event(context, Action::ConfigChange)?.on(ObjectKind::Endpoint, id);
    let now = context.now;
    let former = match change.slug {
        Some(_) => FormerListings::generate(now, &*context.entropy)?,
        None => FormerListings::default(),
    };
    let authorization = principal.authorize(Permission::WriteEndpoints, space.clock.now())?;
    let guard = Guard::of(space, principal).alone();
    space
        .store
        .write(move |tx| {
            let scope = tx.authority(&authorization, &event)?;
            let mut endpoint = tx.endpoint(&scope, id)?.ok_or(EndpointError::NotFound)?;
            check_revision(change.if_revision, endpoint.revision, EndpointError::Changed)?;
            // Nothing else of it decides who may query.
            let is_decisive = change.published.is_some_and(|published| published != endpoint.published);
            let watch = is_decisive.then(|| guard.watch(tx, &scope, &Change::Endpoint(id))).transpose()?;
            let mut changes = Changes::default();
            if let Some(slug) = change.slug.as_ref().filter(|slug| **slug != endpoint.slug) {
                if tx.endpoint_by_slug(&scope, slug)?.is_some() {
                    return Err(EndpointError::SlugTaken.into());
                }
                if tx.listings_of(&scope, id)?.iter().any(|listing| listing.state != ListingState::Removing) {
                    check_listable(slug).map_err(EndpointError::from)?;
                }
                move_listings(tx, &scope, id, slug, &former, now)?;
                changes.replace(ChangeCode::ChangedSlug, &mut endpoint.slug, slug.clone());
            } else {
                tell_anew(tx, &scope, id, now)?;
            }
            let texts = [
                (ChangeCode::ChangedName, &mut endpoint.name, change.name.as_ref().map(Name::as_str)),
                (
                    ChangeCode::ChangedSummary,
                    &mut endpoint.summary,
                    change.summary.as_ref().map(Line::as_str),
                ),
                (
                    ChangeCode::ChangedDescription,
                    &mut endpoint.description,
                    change.description.as_ref().map(Prose::as_str),
                ),
                (ChangeCode::ChangedTags, &mut endpoint.tags, change.tags.as_ref().map(Line::as_str)),
            ];
            for (code, old, new) in texts {
                if let Some(new) = new {
                    changes.replace(code, old, new.to_owned());
                }
            }
            if let Some(published) = change.published {
                let code = if published { ChangeCode::Published } else { ChangeCode::Unpublished };
                changes.replace(code, &mut endpoint.published, published);
            }
            endpoint.revision += 1;
            endpoint.updated_at = now;
            tx.update_endpoint(&scope, &endpoint)?;
            if let Some(watch) = watch {
                watch.check::<EndpointError>(tx, &scope, &event)?;
            }
            Ok(Recorded::new(endpoint, event.clone().changing(changes)))
        })
        .await
}

/// Removes an endpoint.
///
/// # Errors
/// When there is no such endpoint or it has been changed since, the caller's role does not permit it, or a port failed.
pub async fn remove_endpoint(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    id: EndpointId,
    if_revision: Option<u64>,
) -> Result<(), EndpointError> {
    let scope = principal.scope(Permission::WriteEndpoints)?;
    let now = context.now;
    let event = principal.event(context, Action::ConfigChange)?.on(ObjectKind::Endpoint, id);
    let authorization = principal.authorize(Permission::WriteEndpoints, space.clock.now())?;
    let removed = space.store.write(move |tx| {
        let scope = tx.authority(&authorization, &event)?;
        let endpoint = tx.endpoint(&scope, id)?.ok_or(EndpointError::NotFound)?;
        check_revision(if_revision, endpoint.revision, EndpointError::Changed)?;
        take_off(tx, &scope, id, now)?;
        tx.remove_endpoint(&scope, id)?;
        let leftover = remove_with(tx, &scope, ApprovalsOf::Endpoint(id))?;
        Ok(Recorded::new(leftover, event.clone().changing(ChangeCode::Removed)))
    });
    let leftover: Result<_, EndpointError> = removed.await;
    finish(space, &scope, leftover?).await;
    Ok(())
}

/// One endpoint.
///
/// # Errors
/// When there is none, the caller's role does not permit it, or a port failed.
pub async fn endpoint(
    space: &Space,
    principal: &Principal,
    name: &EndpointName,
) -> Result<Endpoint, EndpointError> {
    let name = name.clone();
    space
        .read(principal, Permission::ReadMetadata, move |view, scope| {
            name.find(view, scope)?.ok_or(EndpointError::NotFound)
        })
        .await
}
