//! Beginning sessions and ending them, as parts of units of work; and the access tokens of one.

use std::time::Duration;

use crate::audit::{Action, Event, EventSeed, ObjectKind, ReasonCode, RequestContext};
use crate::identity::{AccessClaims, AccessToken, Member, PasswordHash, RefreshToken, Session};
use crate::ids::{AccountId, SessionId, TenantId, TokenId};
use crate::port_error::PortError;
use crate::random::RandomError;
use crate::space::Space;
use crate::store::{StoreError, Tx};
use crate::tenant::{TenantName, WriteScope};
use crate::time::Timestamp;
use crate::unit::Recorded;

/// How many sessions that are over are removed, whosever they are, when another begins: more than one, so that they do not
/// pile up.
const TRIMMED: u64 = 16;

/// A session that is about to begin.
pub(super) struct NewSession {
    pub(super) session: Session,
    pub(super) token: RefreshToken,
    /// For the event that it took the place of another.
    seed: EventSeed,
}

impl NewSession {
    /// Makes all of it that a unit of work cannot. The time is that of now: whoever asks for it may have waited.
    pub(super) fn prepare(
        space: &Space,
        context: &RequestContext,
        (tenant, account): (TenantId, AccountId),
    ) -> Result<Self, RandomError> {
        let (now, life) = (space.clock.now(), space.session_life);
        let token = RefreshToken::generate(&*context.entropy)?;
        let expires_at = now.plus(life.absolute);
        let session = Session {
            tenant,
            id: SessionId::generate(now, &*context.entropy)?,
            account,
            created_at: now,
            last_used_at: now,
            expires_at,
            idle_until: now.plus(life.idle).min(expires_at),
            address: context.origin.address,
            user_agent: context.user_agent(),
            refresh: token.hashes(),
        };
        Ok(Self { session, token, seed: EventSeed::generate(now, &*context.entropy)? })
    }

    /// Begins it. Where the account has as many as it may, the one that was used longest ago ends. `begun` is the event of what it
    /// begins with.
    pub(super) fn begin<T>(
        &self,
        tx: &mut dyn Tx,
        scope: &WriteScope,
        value: T,
        begun: &Event,
    ) -> Result<Recorded<T>, StoreError> {
        let Self { session, seed: EventSeed { id, salt }, .. } = self;
        tx.trim_sessions(session.created_at, TRIMMED)?;
        let recorded = Recorded::new(value, begun.clone());
        let kept = tx.sessions(scope, session.account)?;
        let is_full = kept.len() >= Session::MAX_PER_ACCOUNT;
        let oldest = kept.into_iter().min_by_key(|kept| (kept.last_used_at, kept.id)).filter(|_| is_full);
        let displaced = oldest.map(|oldest| oldest.id);
        if let Some(displaced) = displaced {
            tx.remove_session(scope, session.account, displaced)?;
        }
        tx.add_session(scope, session)?;
        if let Some(member) = tx.member(scope, session.account)? {
            tx.update_member(scope, &Member { last_login_at: Some(session.created_at), ..member })?;
        }
        Ok(match displaced {
            None => recorded,
            Some(displaced) => {
                let reason_code = Some(ReasonCode::SessionLimit.into());
                let event = Event {
                    id: *id,
                    salt: *salt,
                    action: Action::SessionExpired,
                    reason_code,
                    ..begun.clone()
                };
                recorded.and(event.on(ObjectKind::Session, displaced))
            }
        })
    }
}

impl dyn Tx + '_ {
    /// Ends all sessions of a member at once, and what is known of the addresses that it was logged in to from. Whoever calls this
    /// stores the member.
    pub(crate) fn end_sessions(&mut self, scope: &WriteScope, member: &mut Member) -> Result<(), StoreError> {
        member.generation += 1;
        self.remove_sessions(scope, member.account)
    }

    /// Gives a member another password, which ends all their sessions, and stores them.
    pub(crate) fn replace_password(
        &mut self,
        scope: &WriteScope,
        member: &mut Member,
        password: &PasswordHash,
        is_short: bool,
    ) -> Result<(), StoreError> {
        self.end_sessions(scope, member)?;
        (member.has_password, member.short_password) = (true, is_short);
        self.set_password(scope, member.account, password)?;
        self.update_member(scope, member)
    }
}

/// Somebody is logged in.
pub struct LoggedIn {
    /// Their access token.
    pub token: AccessToken,
    /// How long it lives.
    pub lifetime: Duration,
    /// What gets them the next one.
    pub refresh_token: RefreshToken,
}

/// Signs an access token of a session, which lives no longer than that does if it is not used again.
///
/// # Errors
/// When there is no randomness, or nothing to sign with.
pub(super) fn issue(
    space: &Space,
    context: &RequestContext,
    session: &Session,
    (member, tenant_name): (&Member, TenantName),
    refresh_token: RefreshToken,
    now: Timestamp,
) -> Result<LoggedIn, PortError> {
    let issued_at = now.start_of_second();
    let expires_at = issued_at.plus(space.tokens.lifetime()).min(session.idle_until.start_of_second());
    let claims = AccessClaims {
        account: member.account,
        email: member.email.clone(),
        tenant: member.tenant,
        tenant_name,
        role: member.role,
        session: session.id,
        id: TokenId::generate(now, &*context.entropy)?,
        issued_at,
        expires_at,
    };
    Ok(LoggedIn { token: space.tokens.sign(&claims)?, lifetime: expires_at.since(issued_at), refresh_token })
}
