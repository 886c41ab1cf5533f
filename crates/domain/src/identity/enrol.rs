//! Enrolling a second factor, and taking it off again, by whom it belongs to.

use std::sync::Arc;

use crate::access::Permission;
use crate::audit::{Action, ChangeCode, Event, ObjectKind, ReasonCode, RequestContext};
use crate::identity::factor_proof::{FactorProof, Redeemed};
use crate::identity::ports::{Compared, HashingClient};
use crate::identity::{
    AuthorizationError, FactorCode, Guess, MemberIdentity, Password, PasswordHash, Principal, RecoveryCode,
    SecondFactor, TooManyGuesses, TotpSecret,
};
use crate::ids::{AccountId, SessionId};
use crate::port_error::{PortError, port_errors};
use crate::secret::{Secret, TokenHash};
use crate::space::Space;
use crate::store::{StoreError, Tx, View};
use crate::tenant::{TenantScope, WriteScope};
use crate::time::Timestamp;
use crate::unit::{Abort, Recorded};

/// A second factor that has begun: what somebody brings into their authenticator app.
pub struct Enrolment {
    /// The secret, to be typed.
    pub secret: Secret<String>,
    /// The same as an `otpauth` URI, to be shown as a QR code.
    pub uri: Secret<String>,
}

/// What somebody may know of their second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecondFactorStatus {
    /// Since when they have one.
    pub since: Option<Timestamp>,
    /// How many recovery codes are left.
    pub recovery_codes_left: u64,
}

/// A second factor was not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecondFactorError {
    /// The caller may not do it, or not any more.
    #[error(transparent)]
    Authorization(#[from] AuthorizationError),
    /// The account has no password, by which one enrols: an identity provider signs its holder in, and asks for more.
    #[error(
        "you sign in by your identity provider, and have no password here to enrol with: a second factor is had there"
    )]
    NoPassword,
    /// It is not the account's password.
    #[error("the password is wrong; nothing was changed")]
    WrongPassword,
    /// The code is none, or none any more.
    #[error(
        "the code is wrong, or was used before: each works once, so wait for the next one that the app shows; nothing was changed"
    )]
    WrongCode,
    /// There is one already.
    #[error("the account has a second factor: take it off first")]
    Enrolled,
    /// There is none, or none that waits to be confirmed.
    #[error("there is no second factor that this could be done to: begin one first")]
    NotEnrolled,
    /// Too many wrong passwords or codes were given for the account.
    #[error(transparent)]
    TooManyGuesses(#[from] TooManyGuesses),
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(SecondFactorError);

/// What the caller may know of their second factor.
///
/// # Errors
/// When the caller has no account here, or a port failed.
pub async fn second_factor_status(
    space: &Space,
    principal: &Principal,
) -> Result<SecondFactorStatus, SecondFactorError> {
    let permission = Permission::OwnAccount;
    let account = principal.member(permission)?.account;
    let look = move |view: &mut dyn View, scope: &TenantScope| {
        let since = view.second_factor(scope, account)?.and_then(|factor| factor.confirmed_at);
        let recovery_codes_left = view.count_recovery_codes(scope, account)?;
        Ok(SecondFactorStatus { since, recovery_codes_left })
    };
    space.read(principal, permission, look).await
}

/// Begins a second factor of the caller, in place of one that has begun and was not confirmed. It is asked for nowhere before
/// it is confirmed. The password is asked for, so that a stolen token is not enough to lock its owner out.
///
/// # Errors
/// When the caller has no account here, the password is wrong or one guess too many, there is a second factor already, or a
/// port failed.
pub async fn enrol(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    password: &Password,
) -> Result<Enrolment, SecondFactorError> {
    let mut attempt = Attempt::begin(space, context, principal, ChangeCode::Created).await?;
    if attempt.confirmed().is_some() {
        return Err(SecondFactorError::Enrolled);
    }
    attempt.compare(space, password).await?;
    let account = attempt.account;
    let secret = TotpSecret::generate(&*context.entropy)?;
    let scope = principal.scope(Permission::OwnAccount)?;
    let sealed = space.sealer.seal(&scope, &SecondFactor::place(account), secret.to_plain())?;
    let (tenant, email) =
        (&principal.snapshot().tenant.name, &principal.member(Permission::OwnAccount)?.email);
    let enrolment = Enrolment { secret: secret.to_base32(), uri: secret.to_uri(tenant, email) };
    let put = move |tx: &mut dyn Tx, scope: &WriteScope| {
        let there = tx.second_factor(scope, account)?;
        if there.is_some_and(|factor| factor.confirmed_at.is_some()) {
            return Err(SecondFactorError::Enrolled.into());
        }
        Ok(tx.put_second_factor(scope, account, &SecondFactor::begin(sealed.clone()), &[])?)
    };
    attempt.settle(space, principal, put).await?;
    Ok(enrolment)
}

/// Confirms the second factor that the caller has begun, by a code of the app that has its secret. From now on it is asked for,
/// and all sessions but the caller's end. Answers the recovery codes, which are shown this once.
///
/// # Errors
/// When the caller has no account here, nothing waits to be confirmed, the code is wrong or one guess too many, or a port
/// failed.
pub async fn confirm_second_factor(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    code: &FactorCode,
) -> Result<Vec<RecoveryCode>, SecondFactorError> {
    let mut attempt = Attempt::begin(space, context, principal, ChangeCode::Confirmed).await?;
    if attempt.confirmed().is_some() {
        return Err(SecondFactorError::Enrolled);
    }
    let begun = attempt.factor.clone().ok_or(SecondFactorError::NotEnrolled)?;
    attempt.check(space, principal, begun, code);
    let (codes, hashes) = recovery_codes(context)?;
    let (account, session, clock) = (attempt.account, attempt.session, Arc::clone(&space.clock));
    let confirm = move |tx: &mut dyn Tx, scope: &WriteScope| {
        let begun = tx.second_factor(scope, account)?.ok_or(SecondFactorError::NotEnrolled)?;
        let confirmed = SecondFactor { confirmed_at: Some(clock.now()), ..begun };
        // They began without it.
        end_other_sessions(tx, scope, account, session)?;
        Ok(tx.put_second_factor(scope, account, &confirmed, &hashes)?)
    };
    attempt.settle(space, principal, confirm).await?;
    Ok(codes)
}

/// Makes new recovery codes, in place of those that there are. They are shown this once.
///
/// # Errors
/// When the caller has no second factor, the code is wrong or one guess too many, or a port failed.
pub async fn renew_recovery_codes(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    code: &FactorCode,
) -> Result<Vec<RecoveryCode>, SecondFactorError> {
    let mut attempt = Attempt::begin(space, context, principal, ChangeCode::RecoveryCodesReplaced).await?;
    let factor = attempt.confirmed().ok_or(SecondFactorError::NotEnrolled)?;
    attempt.check(space, principal, factor, code);
    let (codes, hashes) = recovery_codes(context)?;
    let account = attempt.account;
    let replace = move |tx: &mut dyn Tx, scope: &WriteScope| {
        let factor = tx.second_factor(scope, account)?.ok_or(SecondFactorError::NotEnrolled)?;
        Ok(tx.put_second_factor(scope, account, &factor, &hashes)?)
    };
    attempt.settle(space, principal, replace).await?;
    Ok(codes)
}

/// Takes the caller's second factor off, with its recovery codes. Both factors are asked for, and all sessions but the caller's
/// end.
///
/// # Errors
/// When the caller has no second factor, the password or the code is wrong or one guess too many, or a port failed.
pub async fn remove_second_factor(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    password: &Password,
    code: &FactorCode,
) -> Result<(), SecondFactorError> {
    let mut attempt = Attempt::begin(space, context, principal, ChangeCode::Removed).await?;
    let factor = attempt.confirmed().ok_or(SecondFactorError::NotEnrolled)?;
    attempt.compare(space, password).await?;
    attempt.check(space, principal, factor, code);
    let (account, session) = (attempt.account, attempt.session);
    let remove = move |tx: &mut dyn Tx, scope: &WriteScope| {
        end_other_sessions(tx, scope, account, session)?;
        tx.remove_second_factor(scope, account)?;
        Ok(())
    };
    attempt.settle(space, principal, remove).await
}

/// Ends the sessions of an account but for the one that asks (ASVS 5.0, 7.4.3).
fn end_other_sessions(
    tx: &mut dyn Tx,
    scope: &WriteScope,
    account: AccountId,
    own: SessionId,
) -> Result<(), StoreError> {
    for session in tx.sessions(scope, account)? {
        if session.id != own {
            tx.remove_session(scope, account, session.id)?;
        }
    }
    Ok(())
}

/// New recovery codes, and what is stored of them.
fn recovery_codes(
    context: &RequestContext,
) -> Result<(Vec<RecoveryCode>, Vec<TokenHash>), SecondFactorError> {
    let codes = RecoveryCode::generate_all(&*context.entropy)?;
    let hashes = codes.iter().map(RecoveryCode::hash).collect();
    Ok((codes, hashes))
}

/// What somebody gave to prove that they may change their second factor.
struct Attempt {
    account: AccountId,
    factor: Option<SecondFactor>,
    stored: Option<PasswordHash>,
    guess: Guess,
    client: HashingClient,
    /// The session that asks, which goes on.
    session: SessionId,
    /// Whether a password was asked for, and another was given.
    is_password_wrong: bool,
    /// The second factor of which a code was asked for, and what fits it.
    code: Option<(SecondFactor, Option<FactorProof>)>,
    event: Event,
}

impl Attempt {
    /// Looks up what the caller has, unless too much was guessed of late.
    async fn begin(
        space: &Space,
        context: &RequestContext,
        principal: &Principal,
        change: ChangeCode,
    ) -> Result<Self, SecondFactorError> {
        let permission = Permission::OwnAccount;
        let MemberIdentity { account, email, .. } = principal.member(permission)?.clone();
        let session = principal.session(permission)?;
        let event = principal.event(context, Action::AuthnFactorChange)?;
        let event = event.on(ObjectKind::Member, account).about(&email).changing(change);
        let guess = Guess::new(context, Some(&principal.snapshot().tenant.name), &email);
        let draft = event.clone();
        let look = move |view: &mut dyn View, scope: &TenantScope| {
            let own = view.account_by_email(scope, &email)?.filter(|own| own.member.account == account);
            let guess = own.as_ref().map_or(guess, |own| guess.in_session(&own.member));
            guess.check::<_, SecondFactorError>(view)?;
            let factor = view.second_factor(scope, account)?;
            let (stored, client) = (own.and_then(|own| own.password), guess.client(view)?);
            Ok(Self {
                account,
                factor,
                stored,
                guess,
                client,
                session,
                is_password_wrong: false,
                code: None,
                event: draft,
            })
        };
        space.read_ahead::<_, SecondFactorError, _>(principal, permission, &event, look).await
    }

    /// The second factor that the caller has.
    fn confirmed(&self) -> Option<SecondFactor> {
        self.factor.clone().filter(|factor| factor.confirmed_at.is_some())
    }

    /// Compares a password.
    async fn compare(&mut self, space: &Space, password: &Password) -> Result<(), SecondFactorError> {
        let stored = self.stored.as_ref().ok_or(SecondFactorError::NoPassword)?;
        let compared = space.passwords.compare(self.client, password, Some(stored)).await?;
        self.is_password_wrong = matches!(compared, Compared::Wrong);
        Ok(())
    }

    /// Looks whether a code fits a second factor.
    fn check(&mut self, space: &Space, principal: &Principal, factor: SecondFactor, code: &FactorCode) {
        let scope = TenantScope::of(principal.snapshot().tenant.id);
        let proof = FactorProof::of(space, &scope, self.account, &factor, code);
        self.code = Some((factor, proof));
    }

    /// Makes the change in a unit of work, where what was given is right; else counts a guess.
    async fn settle<F>(
        self,
        space: &Space,
        principal: &Principal,
        mut change: F,
    ) -> Result<(), SecondFactorError>
    where
        F: FnMut(&mut dyn Tx, &WriteScope) -> Result<(), Abort<SecondFactorError>> + Send + 'static,
    {
        let authorization = principal.authorize(Permission::OwnAccount, space.clock.now())?;
        let Self { account, guess, is_password_wrong, code, event, .. } = self;
        let failed = Event { action: Action::AuthnFactorChangeFail, ..event.clone() };
        let code_guess = code.as_ref().map_or(guess, |(_, proof)| FactorProof::guess(*proof, guess));
        let changed = space.store.write(move |tx| {
            let scope = tx.authority::<SecondFactorError>(&authorization, &event)?;
            guess.check::<_, SecondFactorError>(tx)?;
            code_guess.check::<_, SecondFactorError>(tx)?;
            let wrong = if is_password_wrong {
                Some((guess, SecondFactorError::WrongPassword, ReasonCode::CredentialsWrong))
            } else {
                let redeemed = match &code {
                    Some((factor, Some(proof))) => proof.redeem(tx, &scope, account, factor)?,
                    Some((_, None)) => Redeemed::No,
                    None => Redeemed::Code,
                };
                let is_wrong = redeemed == Redeemed::No;
                is_wrong.then_some((code_guess, SecondFactorError::WrongCode, ReasonCode::TotpWrong))
            };
            if let Some((guess, error, reason_code)) = wrong {
                guess.count::<_, SecondFactorError>(tx)?;
                return Ok(Recorded::new(Err(error), failed.clone().denied(reason_code)));
            }
            change(tx, &scope)?;
            Ok(Recorded::new(Ok(()), event.clone()))
        });
        changed.await?
    }
}
