//! The tenant's events by the names of people and things.

use std::sync::Arc;

use crate::access::Permission;
use crate::audit::AuditError;
use crate::audit::ports::{EventFilter, LogPage, Seq};
use crate::identity::Principal;
use crate::inquiry::names::{EndpointRef, KeyName, PrincipalName};
use crate::page::PageRequest;
use crate::snapshot::TenantSnapshot;
use crate::space::Space;
use crate::store::{StoreError, View};
use crate::tenant::TenantScope;

/// Which events, by names beside what a filter itself has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamedFilter {
    /// What is asked for without a name.
    pub filter: EventFilter,
    /// By whom.
    pub principal: Option<PrincipalName>,
    /// At which endpoint.
    pub endpoint: Option<EndpointRef>,
    /// With which API key.
    pub api_key: Option<KeyName>,
}

impl NamedFilter {
    /// The filter that it comes to, with whom and what the names mean now.
    pub(super) fn meant(
        &self,
        view: &mut dyn View,
        scope: &TenantScope,
        live: &TenantSnapshot,
    ) -> Result<EventFilter, StoreError> {
        let mut filter = self.filter.clone();
        if let Some(name) = &self.principal {
            filter.any_actor = Some(name.actors(view, scope, live)?);
        }
        filter.any_object = self.endpoint.as_ref().map(|endpoint| endpoint.objects(live));
        if let Some(name) = &self.api_key {
            filter.any_key = Some(name.keys(view, scope, live)?);
        }
        Ok(filter)
    }
}

/// The tenant's events, the newest first. A name that means nobody has no events, as an id that is nobody's has none.
///
/// # Errors
/// When the caller's role does not permit it, or a port failed.
pub async fn named_events(
    space: &Space,
    principal: &Principal,
    wanted: NamedFilter,
    page: PageRequest<Seq>,
) -> Result<LogPage, AuditError> {
    let live = Arc::clone(principal.snapshot());
    let found = space.read(principal, Permission::ReadAudit, move |view, scope| {
        let filter = wanted.meant(view, scope, &live)?;
        Ok(view.events(scope, &filter, page)?)
    });
    found.await
}
