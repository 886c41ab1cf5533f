//! Reading which questions wait, and what was decided on others.

use std::collections::HashMap;

use crate::access::Permission;
use crate::approval::ports::ApprovalSelection;
use crate::approval::prompt::open_prompt;
use crate::approval::{ApprovalError, ApprovalRequest, ApprovalState, CallerKind, PromptMessage};
use crate::audit::{Action, ObjectKind, RequestContext};
use crate::endpoint::Slug;
use crate::identity::{Email, Principal};
use crate::ids::{AccountId, ApprovalId, EndpointId, PolicyId};
use crate::marketplace::{MarketplaceHubs, MarketplaceName};
use crate::page::{Page, PageItem, PageRequest, every};
use crate::policy::approval_terms;
use crate::space::Space;
use crate::store::{StoreError, View};
use crate::tenant::TenantScope;

/// Which requests are asked for; by default all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ApprovalFilter {
    /// Those that stand like this.
    pub state: Option<ApprovalState>,
    /// Those at this endpoint.
    pub endpoint: Option<EndpointId>,
}

/// A request as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct ShownApproval {
    /// The request.
    pub request: ApprovalRequest,
    /// How it stands.
    pub state: ApprovalState,
    /// The address of whoever asked, if they are a member.
    pub email: Option<Email>,
    /// The marketplace that they are from, as the tenant calls it now.
    pub marketplace: Option<MarketplaceName>,
    /// The endpoint's slug.
    pub slug: Option<Slug>,
    /// What was asked, where it is asked for, was kept, and can be opened.
    pub prompt: Option<Vec<PromptMessage>>,
}

impl PageItem for ShownApproval {
    fn bytes(&self) -> usize {
        self.request.bytes()
    }
}

/// The tenant's requests, in the order in which they were asked. Without the texts of the questions.
///
/// # Errors
/// When the caller's role does not permit it, or a port failed.
pub async fn approvals(
    space: &Space,
    principal: &Principal,
    filter: ApprovalFilter,
    page: PageRequest<ApprovalId>,
) -> Result<Page<ShownApproval, ApprovalId>, ApprovalError> {
    let ApprovalFilter { state, endpoint } = filter;
    let selection = ApprovalSelection { state, endpoint, caller: None };
    read(space, principal, Permission::WritePolicies, selection, page).await
}

/// The caller's own requests, in the order in which they asked: those at endpoints that their credential reaches. Without the
/// texts of the questions.
///
/// # Errors
/// When the caller may not list what they may query, as a user of a hub may not, or a port failed.
pub async fn own_approvals(
    space: &Space,
    principal: &Principal,
    page: PageRequest<ApprovalId>,
) -> Result<Page<ShownApproval, ApprovalId>, ApprovalError> {
    let Some(caller) = principal.actor().id() else {
        principal.scope(Permission::ListQueryable)?;
        return Ok(Page { items: Vec::new(), next: None });
    };
    let selection = ApprovalSelection { caller: Some(caller), ..ApprovalSelection::default() };
    let mut found = read(space, principal, Permission::ListQueryable, selection, page).await?;
    found.items.retain(|shown| principal.reaches(shown.request.key.endpoint));
    Ok(found)
}

async fn read(
    space: &Space,
    principal: &Principal,
    permission: Permission,
    selection: ApprovalSelection,
    page: PageRequest<ApprovalId>,
) -> Result<Page<ShownApproval, ApprovalId>, ApprovalError> {
    let now = space.clock.now();
    space
        .read(principal, permission, move |view, scope| {
            let Page { items, next } = view.approvals(scope, &selection, now, page)?;
            let mut known = Known::default();
            let shown = items.into_iter().map(|request| known.show(view, scope, request, now));
            Ok(Page { items: shown.collect::<Result<_, StoreError>>()?, next })
        })
        .await
}

/// What requests of one page have in common.
#[derive(Default)]
struct Known {
    policies: HashMap<PolicyId, Option<crate::approval::ApprovalTerms>>,
    slugs: HashMap<EndpointId, Option<Slug>>,
    hubs: Option<MarketplaceHubs>,
}

impl Known {
    fn show(
        &mut self,
        view: &mut dyn View,
        scope: &TenantScope,
        request: ApprovalRequest,
        now: crate::time::Timestamp,
    ) -> Result<ShownApproval, StoreError> {
        let key = request.key;
        let terms = match self.policies.get(&key.policy) {
            Some(known) => *known,
            None => {
                let terms = view.policy(scope, key.policy)?.and_then(|policy| approval_terms(&policy));
                *self.policies.entry(key.policy).or_insert(terms)
            }
        };
        let slug = match self.slugs.get(&key.endpoint) {
            Some(known) => known.clone(),
            None => {
                let slug = view.endpoint(scope, key.endpoint)?.map(|endpoint| endpoint.slug);
                self.slugs.entry(key.endpoint).or_insert(slug).clone()
            }
        };
        let marketplace = match request.hub {
            None => None,
            Some(hub) => self.hubs(view, scope)?.name_of(hub).cloned(),
        };
        let member = view.member(scope, AccountId::from_bytes(*key.caller.as_bytes()))?;
        // What it goes with may be gone, or ask for no approval any more: then it is good for nothing.
        let has_left = member.is_none() && request.caller_kind == Some(CallerKind::Member);
        let request = match terms.filter(|_| slug.is_some() && !has_left) {
            Some(terms) => request.under(&terms),
            None => ApprovalRequest { ends_at: request.ends_at.min(now), ..request },
        };
        let (state, email) = (request.state(now), member.map(|member| member.email));
        Ok(ShownApproval { request, state, email, marketplace, slug, prompt: None })
    }

    fn hubs(&mut self, view: &mut dyn View, scope: &TenantScope) -> Result<&MarketplaceHubs, StoreError> {
        let known = match self.hubs.take() {
            Some(known) => known,
            None => MarketplaceHubs::of(&every(|page| view.marketplaces(scope, page))?),
        };
        Ok(self.hubs.insert(known))
    }
}

/// One request, with the text of its question where that is kept. That it was read is recorded before it is answered.
///
/// # Errors
/// When there is none, the caller's role does not permit it, or a port failed.
pub async fn approval(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    id: ApprovalId,
) -> Result<ShownApproval, ApprovalError> {
    let now = space.clock.now();
    let find = move |view: &mut dyn View, scope: &TenantScope| {
        let request = view.approval(scope, id)?.ok_or(ApprovalError::NotFound)?;
        let shown = Known::default().show(view, scope, request, now)?;
        // What has ended nobody decides on, so nobody reads it.
        let is_shown = shown.request.prompt_kept && shown.state != ApprovalState::Ended;
        let sealed = if is_shown { view.approval_prompt(scope, id)? } else { None };
        Ok::<_, ApprovalError>((shown, sealed))
    };
    let (mut shown, sealed) = space.read(principal, Permission::WritePolicies, find).await?;
    if let Some(sealed) = &sealed {
        let scope = principal.scope(Permission::WritePolicies)?;
        let prompt = open_prompt(&*space.sealer, &scope, id, sealed);
        if prompt.is_some() {
            let event = principal.event(context, Action::SensitiveRead)?.on(ObjectKind::Approval, id);
            space.record::<ApprovalError>(principal, Permission::WritePolicies, event)?.await?;
        }
        shown.prompt = prompt;
    }
    Ok(shown)
}
