//! Letting in whom a provider has identified: to the account they have, or to one that they get now.

use std::sync::Arc;

use crate::access::Role;
use crate::audit::{Action, Actor, Event, ObjectKind, ReasonCode, RecordedReason, RequestContext};
use crate::expectation::{Change, Guard};
use crate::identity::accept::is_backed;
use crate::identity::begin_session::{NewSession, issue};
use crate::identity::manage_members::{RightsEnded, end_lost_rights, stays_with_an_owner, with_ended};
use crate::identity::oidc::error::{SignInError, SignInRefusal};
use crate::identity::oidc::ports::{OidcView, VerifiedIdentity};
use crate::identity::oidc::{OidcProvider, SessionAtProvider};
use crate::identity::ports::AccountView;
use crate::identity::{Account, Email, Invitation, LoggedIn, Member, TenantEnding};
use crate::ids::AccountId;
use crate::random::RandomError;
use crate::space::Space;
use crate::store::{Flow, StoreError, Tx, View};
use crate::tenant::{Tenant, TenantScope, WriteScope};
use crate::time::Timestamp;
use crate::unit::{Abort, Recorded, Refused};

/// What the unit of work that lets somebody in knows before it begins.
struct Entry {
    tenant: Tenant,
    provider: OidcProvider,
    identity: VerifiedIdentity,
    email: Option<Email>,
    /// The account they have, or the id of the one they get.
    account: AccountId,
    is_known: bool,
    now: Timestamp,
    drafts: Drafts,
}

/// The events of whatever may come of it.
struct Drafts {
    refused: Event,
    joined: Event,
    role_changed: Event,
    invitations_ended: Event,
    resets_ended: Event,
    logged_in: Event,
}

impl Drafts {
    fn new(
        context: &RequestContext,
        scope: &TenantScope,
        account: AccountId,
        email: Option<&Email>,
    ) -> Result<Self, RandomError> {
        let draft = |action, actor| {
            let event = context.event(scope, action, actor)?.on(ObjectKind::Member, account);
            Ok::<_, RandomError>(match email {
                Some(email) => event.about(email),
                None => event,
            })
        };
        let ended = |reason_code: ReasonCode| {
            let event = draft(Action::ConfigChange, Actor::System)?;
            Ok::<_, RandomError>(Event { reason_code: Some(reason_code.into()), ..event })
        };
        Ok(Self {
            refused: draft(Action::AuthnLoginFail, Actor::Anonymous)?,
            joined: draft(Action::UserCreated, Actor::Account { id: account, role: None })?,
            role_changed: draft(Action::PrivilegePermissionsChanged, Actor::System)?,
            invitations_ended: ended(ReasonCode::InvitationsEnded)?,
            resets_ended: ended(ReasonCode::ResetsEnded)?,
            logged_in: draft(Action::AuthnLoginSuccess, Actor::Account { id: account, role: None })?,
        })
    }
}

/// Lets somebody in whose sign-in began then, and begins a session of theirs.
pub(super) async fn enter(
    space: &Space,
    context: &RequestContext,
    (tenant, provider): (Tenant, OidcProvider),
    identity: VerifiedIdentity,
    begun_at: Timestamp,
) -> Result<LoggedIn, SignInError> {
    let scope = TenantScope::of(tenant.id);
    let (issuer, subject) = (provider.issuer.clone(), identity.subject.clone());
    let known = space.store.read(Flow::from(&scope), move |view| {
        Ok::<_, SignInError>(view.oidc_account(&scope, &issuer, &subject)?)
    });
    let known = known.await?;
    let account = match known {
        Some(account) => account,
        None => AccountId::generate(space.clock.now(), &*context.entropy)?,
    };
    // One that is no address here, such as one with quotes, is as good as none.
    let email = identity.verified_email.as_deref().and_then(|text| Email::parse(text).ok());
    let mut drafts = Drafts::new(context, &scope, account, email.as_ref())?;
    if known.is_none() {
        // Whoever is refused has no account, and gets none.
        drafts.refused = drafts.refused.on(ObjectKind::OidcProvider, provider.id);
    }
    let tenant_name = tenant.name.clone();
    let now = space.clock.now();
    let entry = Entry { tenant, provider, identity, email, account, is_known: known.is_some(), now, drafts };
    let begun = Arc::new(NewSession::prepare(space, context, (entry.tenant.id, account))?);
    let new_session = Arc::clone(&begun);
    let logouts = space.provider_logouts.clone();
    let entry = Arc::new(entry);
    let ahead = Arc::clone(&entry);
    let foresee = move |view: &mut dyn View, scope: &TenantScope| ahead.decisive(view, scope);
    let entered = Guard::of_grants(space).write(space, &scope, foresee, move |tx, guard| {
        if logouts.since(entry.provider.id, &entry.identity, begun_at) {
            return Err(SignInError::Unknown.into());
        }
        let scope = WriteScope::of_system(&scope);
        let decisive = entry.decisive(tx, &scope)?;
        let watch = decisive.map(|decisive| guard.watch(tx, &scope, &decisive)).transpose()?;
        let Entered { member, event, ended } = entry.enter(tx, &scope)?;
        if let Some(watch) = watch
            && watch.refusal(tx, &scope)?.is_some()
        {
            return Err(entry.refuse(SignInRefusal::Unexpected).into());
        }
        let role = Actor::Account { id: member.account, role: Some(member.role) };
        let login = Event { actor: role, ..entry.drafts.logged_in.clone() };
        let login = login.about(&member.email).on(ObjectKind::Session, new_session.session.id);
        let recorded = new_session.begin(tx, &scope, member, &login)?;
        let at_provider = SessionAtProvider {
            provider: entry.provider.id,
            subject: entry.identity.subject.clone(),
            sid: entry.identity.sid.clone(),
        };
        tx.add_oidc_session(&scope, entry.account, new_session.session.id, &at_provider)?;
        let recorded = event.into_iter().fold(recorded, Recorded::and);
        let recorded = with_ended(recorded, &entry.drafts.invitations_ended, ended.invitations);
        Ok(with_ended(recorded, &entry.drafts.resets_ended, ended.resets))
    });
    let member: Result<Member, SignInError> = entered.await;
    let NewSession { session, token, .. } = &*begun;
    Ok(issue(space, context, session, (&member?, tenant_name), token.clone(), session.created_at)?)
}

/// Somebody who comes in, and what happened on the way.
struct Entered {
    member: Member,
    event: Option<Event>,
    ended: RightsEnded,
}

impl Entry {
    /// What of their coming in may change who may query: they get a role, or another one.
    fn decisive<V: AccountView + OidcView + ?Sized>(
        &self,
        view: &mut V,
        scope: &TenantScope,
    ) -> Result<Option<Change>, StoreError> {
        let groups = self.provider.groups.as_ref();
        let role = groups.and_then(|groups| groups.role(&self.identity.groups));
        let (email, role) = if self.is_known {
            let member = view.member(scope, self.account)?.filter(Member::is_active);
            let Some(member) = member else { return Ok(None) };
            let Some(role) = role.filter(|role| *role != member.role) else { return Ok(None) };
            (member.email, role)
        } else {
            let Some(email) = self.email.clone() else { return Ok(None) };
            let invited = self.invitation(view, scope, &email)?.map(|invitation| invitation.role);
            (email, role.or(invited).unwrap_or(OidcProvider::DEFAULT_ROLE))
        };
        Ok(Some(Change::Role { email, role: Some(role) }))
    }

    fn enter(&self, tx: &mut dyn Tx, scope: &WriteScope) -> Result<Entered, Abort<SignInError>> {
        // It may have been removed, or changed, while it was asked.
        let tenant = tx.tenant(scope)?.filter(|tenant| !tenant.is_going());
        let tenant = tenant.ok_or(SignInError::NotFound)?;
        if !tx.oidc_providers(scope)?.contains(&self.provider) {
            return Err(SignInError::NotFound.into());
        }
        let role = match &self.provider.groups {
            None => None,
            Some(groups) => {
                Some(groups.role(&self.identity.groups).ok_or_else(|| self.refuse(SignInRefusal::NoGroup))?)
            }
        };
        let known = tx.oidc_account(scope, &self.provider.issuer, &self.identity.subject)?;
        if known != self.is_known.then_some(self.account) {
            // Joined or removed meanwhile.
            return Err(SignInError::Unknown.into());
        }
        let known = if self.is_known { tx.member(scope, self.account)? } else { None };
        let as_owner = known.is_some_and(|member| role.unwrap_or(member.role) == Role::Owner);
        if tenant.end.is_some() && !as_owner {
            return Err(self.refuse(SignInRefusal::TenantEnding(TenantEnding)).into());
        }
        if self.is_known { self.come_back(tx, scope, role) } else { self.join(tx, scope, role) }
    }

    fn come_back(
        &self,
        tx: &mut dyn Tx,
        scope: &WriteScope,
        role: Option<Role>,
    ) -> Result<Entered, Abort<SignInError>> {
        let member = tx.member(scope, self.account)?.filter(Member::is_active);
        let mut member = member.ok_or_else(|| self.refuse(SignInRefusal::Disabled))?;
        let before = member.clone();
        let Some(role) = role.filter(|role| *role != before.role) else {
            return Ok(Entered { member, event: None, ended: RightsEnded { invitations: 0, resets: 0 } });
        };
        if before.role == Role::Owner && !stays_with_an_owner(tx, scope, self.account)? {
            return Err(self.refuse(SignInRefusal::LastOwner).into());
        }
        member.role = role;
        member.revision += 1;
        tx.update_member(scope, &member)?;
        let ended = end_lost_rights(tx, scope, &before, &member)?;
        let reason_code = Some(RecordedReason::role_changed(before.role, role));
        let changed = Event { reason_code, ..self.drafts.role_changed.clone() }.about(&member.email);
        Ok(Entered { member, event: Some(changed), ended })
    }

    fn join(
        &self,
        tx: &mut dyn Tx,
        scope: &WriteScope,
        role: Option<Role>,
    ) -> Result<Entered, Abort<SignInError>> {
        let email = self.email.clone().ok_or_else(|| self.refuse(SignInRefusal::EmailUnverified))?;
        // Whoever has the account has not said that this is them: an address is not who somebody is.
        if tx.account_by_email(scope, &email)?.is_some() {
            return Err(self.refuse(SignInRefusal::AccountExists).into());
        }
        let (role, reason_code) = match self.invitation(tx, scope, &email)? {
            Some(invitation) => (role.unwrap_or(invitation.role), ReasonCode::JoinedByInvitation),
            None if !self.provider.lets_in(&email) => {
                return Err(self.refuse(SignInRefusal::NotInvited).into());
            }
            None if tx.count_members_and_invitations(scope)? >= self.tenant.limits.members => {
                return Err(self.refuse(SignInRefusal::LimitReached).into());
            }
            None => (role.unwrap_or(OidcProvider::DEFAULT_ROLE), ReasonCode::JoinedByDomain),
        };
        let member = Member::begin(scope.tenant(), self.account, email, role, self.now);
        tx.add_account(scope, &Account { member: member.clone(), password: None })?;
        // They would bring back whoever is removed later.
        let ended = tx.remove_invitations_of(scope, &member.email)?;
        tx.add_oidc_identity(scope, &self.provider.issuer, &self.identity.subject, self.account)?;
        let actor = Actor::Account { id: member.account, role: Some(role) };
        let joined = Event { reason_code: Some(reason_code.into()), actor, ..self.drafts.joined.clone() };
        let used = u64::from(reason_code == ReasonCode::JoinedByInvitation);
        let ended = RightsEnded { invitations: ended.saturating_sub(used), resets: 0 };
        Ok(Entered { member, event: Some(joined), ended })
    }

    /// The last invitation of an address that stands.
    fn invitation<V: AccountView + OidcView + ?Sized>(
        &self,
        view: &mut V,
        scope: &TenantScope,
        email: &Email,
    ) -> Result<Option<Invitation>, StoreError> {
        let mut open = view.invitations_of(scope, email)?;
        open.retain(|invitation| self.now < invitation.expires_at);
        open.sort_by_key(|invitation| (invitation.created_at, invitation.id));
        for invitation in open.into_iter().rev() {
            if is_backed(view, scope, &invitation)? {
                return Ok(Some(invitation));
            }
        }
        Ok(None)
    }

    fn refuse(&self, refusal: SignInRefusal) -> Refused<SignInError> {
        Refused::new(refusal.into(), self.drafts.refused.clone().denied(refusal.reason_code()))
    }
}
