//! Querying an endpoint: opened → admitted → searched → rechecked → recorded → answered.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::access::Permission;
use crate::approval::{ApprovalRequest, CallerKind, Filed, PENDING_FOR, Unapproved, seal_prompt};
use crate::audit::{Action, Event, ObjectKind, RequestContext};
use crate::dataset::ports::RemoteSpaceError;
use crate::dataset::{DocumentId, HitContext, Hits, SearchResults, find_chunks};
use crate::endpoint::call_record::{CallRecord, RecordedAnswer};
use crate::endpoint::{Answer, AnswerParts, NotApproved, Query, QueryError, References};
use crate::identity::{AuthorizationError, Email, Principal};
use crate::ids::ApprovalId;
use crate::ledger::RequestDigest;
use crate::marketplace::identify;
use crate::marketplace::ports::IdentifyError;
use crate::policy::{Decision, LimitStatus, ObligationContext, PolicySet, QueryFacts, Reason};
use crate::port_error::PortError;
use crate::snapshot::EndpointSnapshot;
use crate::space::Space;
use crate::store::{StoreError, Tx};
use crate::tenant::TenantScope;

/// How many changes of its tenant a call outlasts while its answer waits to be recorded. Each costs a turn of the writer, and
/// in a tenant that is changed all the time several come in a row.
const MAX_CHANGES: usize = 64;

/// Checks that a caller may know of an endpoint. For a front door that knows which endpoint is meant before it reads the
/// body: what does not exist is answered before the body is judged. That nothing was found is recorded; else nothing is,
/// and a [`QueryCall`] is to follow.
///
/// # Errors
/// When there is no such endpoint, for this caller.
pub async fn check_visible(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    slug: &str,
    tenant_hint: Option<&str>,
) -> Result<(), QueryError> {
    if let Err(error) = find(principal, slug, tenant_hint) {
        // A slug that names nothing is the caller's text, and stays out of the log.
        let event = principal.event(context, Action::EndpointQuery)?;
        space.store.record(error.event(event)).await?;
        return Err(error);
    }
    Ok(())
}

/// A query that is under way. It owns its caller, its endpoint, its audit event and what its policies oblige to. However it
/// ends, answered, refused, failed, dropped, or in a panic, it leaves exactly one event, and holds nothing any more.
#[must_use = "a call that is dropped is recorded as canceled"]
pub struct QueryCall<'a> {
    space: &'a Space,
    principal: Principal,
    scope: TenantScope,
    endpoint: Arc<EndpointSnapshot>,
    /// The client's address.
    address: Option<IpAddr>,
    /// What tells the same request again.
    request: Option<RequestDigest>,
    record: CallRecord,
}

/// What is decided on a call.
struct Decided {
    decision: Decision,
    /// What it would be if the policies in shadow decided too, where it lets the call in and there are any.
    with_shadow: Option<Decision>,
}

/// What a call is let in with.
struct Admission {
    /// The address that a hub told of the caller, if it was asked.
    learned: Option<Email>,
    /// How the limits stand that the call was taken from.
    limits: Vec<LimitStatus>,
}

impl<'a> QueryCall<'a> {
    /// Opens a call, once all of the request is there: the caller and the endpoint are taken as they are now. A client may
    /// hint at the tenant it means; the caller's own tenant decides, and a hint at another finds nothing. A refusal is
    /// recorded.
    ///
    /// # Errors
    /// When the caller may not query, or not any more, or there is no such endpoint for them.
    pub async fn open(
        space: &'a Space,
        context: &RequestContext,
        principal: Principal,
        slug: &str,
        tenant_hint: Option<&str>,
    ) -> Result<Self, QueryError> {
        let renewed = renew(space, &principal);
        let event = renewed.as_ref().unwrap_or(&principal).event(context, Action::EndpointQuery)?;
        let mut record = CallRecord::new(&space.store, event);
        let opened = renewed.and_then(|principal| {
            let (scope, endpoint) = find(&principal, slug, tenant_hint)?;
            Ok((principal, scope, endpoint))
        });
        match opened {
            Ok((principal, scope, endpoint)) => {
                record.on(ObjectKind::Endpoint, endpoint.id);
                let address = context.origin.address;
                Ok(Self { space, principal, scope, endpoint, address, request: None, record })
            }
            Err(error) => {
                record.not_answered(error.release(), |event| error.event(event)).await?;
                Err(error)
            }
        }
    }

    /// Runs the query. Its event is durable before this answers, and what the policies oblige to is settled; where the query
    /// is not answered, it is released.
    ///
    /// # Errors
    /// When the caller may not query, a policy refuses or cannot be evaluated, or a port fails.
    pub async fn run(mut self, query: Query) -> Result<Answer, QueryError> {
        self.record.for_purpose(query.purpose());
        self.request = query.digest(self.principal.actor().id(), self.endpoint.id);
        match self.answer(&query).await {
            Ok(answer) => Ok(answer),
            Err(error) => {
                self.record.not_answered(error.release(), |event| error.event(event)).await?;
                Err(error)
            }
        }
    }

    async fn answer(&mut self, query: &Query) -> Result<Answer, QueryError> {
        let Admission { learned, limits } = self.admit(query).await?;
        // Spaces that ask each other in a ring would do so for ever. Whom the policies refuse does not learn what is asked.
        if query.is_of_space() && self.endpoint.searched.remote.is_some() {
            return Err(QueryError::AskedBySpace);
        }
        let begun = self.space.clock.now();
        let search = query.search();
        let found = find_chunks(self.space, &self.scope, &self.endpoint.searched, &search).await?;
        let taken = self.space.clock.now().since(begun);
        let encoded_share = found.encoded_share;
        let (decision, documents, contexts) = self.record_answer(query, learned.as_ref(), found).await?;
        let references = References {
            documents,
            contexts,
            engine: self.endpoint.searched.dataset_type.as_str(),
            search_ms: u64::try_from(taken.as_millis()).unwrap_or(u64::MAX),
            encoded_share,
        };
        let policy = decision.metadata(self.record.entries());
        Ok(Answer { policy, limits, parts: AnswerParts::of_references(references) })
    }

    /// Asks again, for a hub, a policy's port and the engine may have been waited for, and records that the call is answered.
    /// The store may be waited for too: where anything of the tenant was changed meanwhile, it begins anew, so that in the log
    /// no answer stands behind what shuts its caller out. Answers the decision that holds, and what it shows of the documents and of
    /// what stands around them.
    async fn record_answer(
        &mut self,
        query: &Query,
        learned: Option<&Email>,
        found: SearchResults,
    ) -> Result<(Decision, Hits, Vec<HitContext>), QueryError> {
        let SearchResults { hits, surroundings, .. } = found;
        for _ in 0..MAX_CHANGES {
            let (principal, endpoint, decided) = self.recheck(query, learned)?;
            if !self.record.covers(&decided.decision) {
                // A policy came, or has other terms by now.
                self.principal = principal;
                self.oblige(query, &endpoint.policies, decided).await?;
                continue;
            }
            let Decided { decision, with_shadow } = decided;
            self.try_shadow(&endpoint.policies, with_shadow).await;
            // They are as many as were found, and mostly nothing filters them.
            let is_filtered = decision.has_filters() || self.record.limits_what_is_shown();
            let filtered = is_filtered.then(|| {
                surroundings.filter(hits.clone(), |hits| {
                    let (hits, redactions) = decision.filter(hits);
                    self.record.redacted(redactions);
                    self.record.show(hits)
                })
            });
            if let Some((shown, _)) = &filtered
                && shown.is_empty()
                && let Some(refusal) = self.record.refusal()
            {
                return Err(QueryError::Refused(refusal));
            }
            let (snapshots, clock) = (Arc::clone(&self.space.snapshots), Arc::clone(&self.space.clock));
            let (scope, caller) = (self.scope, principal.clone());
            let still_holds = move |tx: &dyn Tx| {
                let now = clock.now();
                (caller.is_current(&*snapshots, now) && !tx.has_changed(&scope)).then_some(now)
            };
            let shown = filtered.as_ref().map_or(&hits, |(documents, _)| documents);
            let named = decision.records_shown().then(|| documents_of(shown));
            match self.record.answered(self.scope, shown.len(), named, still_holds).await? {
                RecordedAnswer::Done => {
                    let (documents, surroundings) = filtered.unwrap_or((hits, surroundings));
                    let contexts = surroundings.of_hits(&documents);
                    return Ok((decision, documents, contexts));
                }
                RecordedAnswer::Stale => {}
                RecordedAnswer::Unapproved(unapproved) => {
                    self.principal = principal;
                    let filed = self.file(query, *unapproved).await?;
                    // Where it is another decision by now, nothing is held any more.
                    return Err(filed.map_or_else(|| StoreError::Busy.into(), QueryError::NotApproved));
                }
            }
        }
        Err(StoreError::Busy.into())
    }

    /// Decides on the query to an endpoint, as of now.
    fn decide(
        &self,
        endpoint: &EndpointSnapshot,
        principal: &Principal,
        query: &Query,
        learned: Option<&Email>,
    ) -> Decided {
        let facts = QueryFacts {
            principal: principal.actor().id(),
            key: principal.api_key().map(|known| known.key.id),
            address: self.address,
            conversation: Some(query.conversation()),
            purpose: query.purpose(),
            dataset: Some(endpoint.searched.index.dataset),
            documents: Some(query.search().limit),
            threshold: Some(query.search().threshold),
            context: Some(query.search().context),
            request: self.request,
            any_hour: false,
        };
        let context = principal.snapshot().decision_context(self.space.clock.now()).of_query(facts);
        let caller = principal.caller(learned);
        let decision = endpoint.decide(&caller, &context);
        let is_tried = decision.is_allow() && endpoint.policies.has_shadow();
        let with_shadow = if is_tried { endpoint.decide_with_shadow(&caller, &context) } else { None };
        Decided { decision, with_shadow }
    }

    /// When obligations are performed, and where.
    fn obliged(&self) -> ObligationContext {
        let (now, store) = (self.space.clock.now(), &self.space.store);
        ObligationContext::in_store(now, store, self.scope).sealing_with(&self.space.sealer)
    }

    /// Notes what the policies in shadow would do with the query, which the others let in, and takes from what is theirs. What they
    /// have found stands as long as the policy on which that hangs is in shadow as it was: they would have refused the query then.
    async fn try_shadow(&mut self, policies: &PolicySet, with_shadow: Option<Decision>) {
        if with_shadow.is_none() && !self.record.is_tried() {
            return;
        }
        let (found, tried) = self.record.take_tried();
        let stands = found.filter(|found| policies.has_in_shadow(found.policy));
        let (found, tried) = match stands {
            Some(_) => (stands, tried),
            None => policies.shadow(with_shadow, &self.obliged(), tried).await,
        };
        self.record.hold_tried(found, tried);
    }

    /// Lets the caller through and performs what that obliges to, and where a question waits for approval, files it. That waits for
    /// the store: where anything of the tenant was changed meanwhile, it is decided anew.
    async fn admit(&mut self, query: &Query) -> Result<Admission, QueryError> {
        for _ in 0..MAX_CHANGES {
            if let Some(admission) = self.admit_once(query).await? {
                return Ok(admission);
            }
            self.record.decided_by(None);
            self.principal = renew(self.space, &self.principal)?;
            let (_, endpoint) = find(&self.principal, self.endpoint.slug.as_str(), None)?;
            // Another endpoint may have taken over the slug.
            if endpoint.id != self.endpoint.id {
                return Err(QueryError::NotFound);
            }
            self.endpoint = endpoint;
        }
        Err(StoreError::Busy.into())
    }

    /// Puts the question into the queue of those that wait for approval, unless it is there, with the event that tells of the refusal.
    /// Answers the refusal; nothing where the decision rests on what is not so any more, and then nothing is held either.
    async fn file(
        &mut self,
        query: &Query,
        unapproved: Unapproved,
    ) -> Result<Option<NotApproved>, QueryError> {
        let Unapproved { key, asker, terms, known, full } = unapproved;
        let told = known.map(|(id, state)| Filed::Request(id, state)).or(full.map(Filed::Full));
        if let Some(filed) = told {
            return Ok(Some(NotApproved(filed)));
        }
        // Where there is hardly room left, none is taken by texts.
        if terms.keep_prompt && self.space.ingestion.is_paused() {
            return Err(StoreError::Full.into());
        }
        let conversation = query.conversation();
        let asked_at = self.space.clock.now();
        let id = ApprovalId::generate(asked_at, &*self.space.entropy)?;
        let prompt = terms
            .keep_prompt
            .then(|| seal_prompt(&*self.space.sealer, &self.scope, id, conversation))
            .transpose()?;
        let request = ApprovalRequest {
            id,
            key,
            purpose: query.purpose().cloned(),
            characters: u64::try_from(conversation.characters()).unwrap_or(u64::MAX),
            asker,
            caller_kind: CallerKind::of(&self.principal.actor()),
            hub: self.principal.as_hub_user().map(|caller| caller.claims.hub),
            extent: Some(query.extent()),
            prompt_kept: prompt.is_some(),
            asked_at,
            ends_at: asked_at.plus(PENDING_FOR),
            decided: None,
        };
        let (snapshots, clock) = (Arc::clone(&self.space.snapshots), Arc::clone(&self.space.clock));
        let (scope, principal) = (self.scope, self.principal.clone());
        // Who may not ask any more asks nobody.
        let still_holds = move |tx: &dyn Tx| {
            let now = clock.now();
            (principal.is_current(&*snapshots, now) && !tx.has_changed(&scope)).then_some(now)
        };
        let outcome = |event: Event, filed| QueryError::NotApproved(NotApproved(filed)).event(event);
        let filed = self.record.filed(scope, (request, prompt), terms, still_holds, outcome).await?;
        Ok(filed.map(NotApproved))
    }

    /// Decides once, and performs what that obliges to; nothing comes of it where it must be decided anew. A hub is asked for the
    /// caller's address only where the decision hangs on that.
    async fn admit_once(&mut self, query: &Query) -> Result<Option<Admission>, QueryError> {
        let mut decided = self.decide(&self.endpoint, &self.principal, query, None);
        let mut learned = None;
        let asked = self.principal.as_hub_user().filter(|caller| !caller.claims.is_guest());
        if let Some(caller) = asked.filter(|_| decided.decision.diagnostics.reason == Reason::AddressUnknown)
        {
            learned = match identify(self.space, &self.principal, caller).await {
                Ok(identity) => identity.email,
                Err(IdentifyError::NotVouchedFor(_)) => return Err(QueryError::NotVouchedFor),
                Err(IdentifyError::Unavailable(error, again)) if error.needs_owner() => {
                    return Err(QueryError::AccountBroken(again));
                }
                Err(IdentifyError::Unavailable(_, again)) => {
                    return Err(QueryError::IdentityUnavailable(again));
                }
            };
            if let Some(email) = &learned {
                self.record.about(email);
            }
            decided = self.decide(&self.endpoint, &self.principal, query, learned.as_ref());
        }
        let endpoint = Arc::clone(&self.endpoint);
        let limits = self.oblige(query, &endpoint.policies, decided).await?;
        Ok(limits.map(|limits| Admission { learned, limits }))
    }

    /// Performs what a decision obliges to and was not performed for the call yet. Answers how the limits stand that were taken from
    /// for it; nothing where it must be decided anew. What is of policies in shadow is taken from first, for limits are asked before
    /// anybody approves or pays: so it is counted as if they decided.
    async fn oblige(
        &mut self,
        query: &Query,
        policies: &PolicySet,
        decided: Decided,
    ) -> Result<Option<Vec<LimitStatus>>, QueryError> {
        let Decided { decision, with_shadow } = decided;
        if with_shadow.is_some() {
            // A policy that was put into shadow meanwhile takes from what it took from before.
            self.record.give_back(&decision);
        }
        self.try_shadow(policies, with_shadow).await;
        let obliged = self.obliged();
        let (decision, obligations) = decision.perform_rest(&obliged, self.record.take()).await;
        self.record.hold(obligations);
        self.record.decided_by(decision.diagnostics.deciding_policy());
        if decision.is_allow() {
            return Ok(Some(decision.limits));
        }
        match decision.unapproved {
            Some(unapproved) => {
                let filed = self.file(query, unapproved).await?;
                filed.map_or(Ok(None), |error| Err(QueryError::NotApproved(error)))
            }
            None => Err(QueryError::of_decision(decision)),
        }
    }

    /// Asks once more all that was asked before the search, as it is now, and answers the caller and the decision as of now:
    /// a rule may hang on the time, so this is done even where nothing has been changed. What was performed for the first
    /// stands as long as its policy does: nothing is taken twice. `learned` is the address that a hub told of the caller; the hub is not asked again.
    fn recheck(
        &self,
        query: &Query,
        learned: Option<&Email>,
    ) -> Result<(Principal, Arc<EndpointSnapshot>, Decided), QueryError> {
        self.record.decided_by(None);
        let principal = renew(self.space, &self.principal)?;
        let (_, endpoint) = find(&principal, self.endpoint.slug.as_str(), None)?;
        // Another endpoint may have taken over the slug: what was found is not its to give.
        if endpoint.id != self.endpoint.id || endpoint.searched.index != self.endpoint.searched.index {
            return Err(QueryError::NotFound);
        }
        if endpoint.searched.remote != self.endpoint.searched.remote {
            // What was answered is of the endpoint that was asked.
            return Err(PortError::from(RemoteSpaceError::changed()).into());
        }
        let decided = self.decide(&endpoint, &principal, query, learned);
        let decision = &decided.decision;
        self.record.decided_by(decision.diagnostics.deciding_policy());
        if decision.is_allow() {
            Ok((principal, endpoint, decided))
        } else if decision.diagnostics.reason == Reason::AddressUnknown {
            // The policies hang on the address only now: the next query asks the hub for it.
            Err(QueryError::IdentityUnavailable(Duration::ZERO))
        } else {
            Err(QueryError::of_decision(decided.decision))
        }
    }
}

/// The caller as of now, for whoever has waited.
fn renew(space: &Space, principal: &Principal) -> Result<Principal, QueryError> {
    let renewed = principal.renew(&*space.snapshots, space.clock.now());
    Ok(renewed.map_err(AuthorizationError::from)?)
}

/// The endpoint that a caller means, if they may know of it, and the scope in which it is searched.
fn find(
    principal: &Principal,
    slug: &str,
    tenant_hint: Option<&str>,
) -> Result<(TenantScope, Arc<EndpointSnapshot>), QueryError> {
    let scope = principal.scope(Permission::Query)?;
    let snapshot = principal.snapshot();
    let hint_agrees = tenant_hint.is_none_or(|name| name == snapshot.tenant.name.as_str());
    let endpoint = snapshot.endpoint(slug).filter(|_| hint_agrees);
    let visible = endpoint
        .filter(|endpoint| principal.reaches(endpoint.id) && endpoint.is_visible(&principal.caller(None)));
    Ok((scope, Arc::clone(visible.ok_or(QueryError::NotFound)?)))
}

/// The documents that hits are of, each once, the closest first.
fn documents_of(hits: &Hits) -> Vec<DocumentId> {
    let mut known = HashSet::new();
    hits.iter().map(|hit| &hit.document).filter(|document| known.insert(*document)).cloned().collect()
}
