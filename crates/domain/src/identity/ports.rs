//! The ports of accounts, API keys, sessions, password hashing and access tokens.

use std::net::IpAddr;
use std::time::Duration;

use crate::Pending;
use crate::access::Role;
use crate::identity::{
    AccessClaims, AccessToken, Account, ApiKey, Email, Invitation, KeyEpoch, LoginKey, LoginRecord, Member,
    Password, PasswordError, PasswordHash, PasswordReset, PreviousKeys, SecondFactor, Session, SigningKey,
    SigningKeysError, TokenRefused, TokenSignError,
};
use crate::ids::{AccountId, ApiKeyId, InvitationId, SessionId};
use crate::page::{Page, PageRequest};
use crate::secret::TokenHash;
use crate::store::StoreError;
use crate::tenant::{TenantScope, WriteScope};
use crate::time::Timestamp;

/// Reads accounts and invitations. What takes no scope serves logins and invitations, which come before there is one.
pub trait AccountView {
    /// Whether there is any account at all.
    fn any_account(&mut self) -> Result<bool, StoreError>;
    /// Of all active accounts with this address, each of another tenant, the one that was made first; of several made at the same
    /// time that of the tenant with the lower id.
    fn oldest_account(&mut self, email: &Email) -> Result<Option<Account>, StoreError>;
    /// The invitation with this token, whichever the tenant: holding the token is the proof.
    fn invitation_by_token(&mut self, token: &TokenHash) -> Result<Option<Invitation>, StoreError>;

    /// The reset of a password with this token, whichever the tenant: holding the token is the proof.
    fn password_reset(&mut self, token: &TokenHash) -> Result<Option<PasswordReset>, StoreError>;

    /// What is known of logins to one account: from an address, or with `None` from all that never logged in to it.
    fn login_record(
        &mut self,
        account: &LoginKey,
        address: Option<IpAddr>,
    ) -> Result<Option<LoginRecord>, StoreError>;
    /// Whether anybody has logged in from this address, to any account.
    fn has_logged_in(&mut self, address: IpAddr) -> Result<bool, StoreError>;

    /// The tenant's account with this address.
    fn account_by_email(&mut self, scope: &TenantScope, email: &Email)
    -> Result<Option<Account>, StoreError>;
    /// One member of the tenant.
    fn member(&mut self, scope: &TenantScope, account: AccountId) -> Result<Option<Member>, StoreError>;
    /// The tenant's members, in the order of their accounts' ids.
    fn members(
        &mut self,
        scope: &TenantScope,
        page: PageRequest<AccountId>,
    ) -> Result<Page<Member, AccountId>, StoreError>;
    /// How many active Owners the tenant has beside one account. Where a second factor `is_demanded` of them, those alone who have
    /// one, or a password to enrol one with.
    fn count_other_owners(
        &mut self,
        scope: &TenantScope,
        account: AccountId,
        is_demanded: bool,
    ) -> Result<u64, StoreError>;
    /// How many members and open invitations the tenant has.
    fn count_members_and_invitations(&mut self, scope: &TenantScope) -> Result<u64, StoreError>;
    /// The tenant's invitations, in the order of their ids.
    fn invitations(
        &mut self,
        scope: &TenantScope,
        page: PageRequest<InvitationId>,
    ) -> Result<Page<Invitation, InvitationId>, StoreError>;
    /// One invitation of the tenant.
    fn invitation(&mut self, scope: &TenantScope, id: InvitationId)
    -> Result<Option<Invitation>, StoreError>;
}

/// Writes accounts and invitations.
pub trait AccountRows: AccountView {
    /// Adds an account in the scope's tenant. That its member has a password is told by the account's, then and later. Its id and e-mail are new there, else [`StoreError::Conflict`].
    fn add_account(&mut self, scope: &WriteScope, account: &Account) -> Result<(), StoreError>;
    /// Replaces what is stored of an account's password.
    fn set_password(
        &mut self,
        scope: &WriteScope,
        account: AccountId,
        password: &PasswordHash,
    ) -> Result<(), StoreError>;
    /// Replaces a member's role, status, generation and revision, what is known of the length of their password, and when they
    /// last logged in.
    fn update_member(&mut self, scope: &WriteScope, member: &Member) -> Result<(), StoreError>;
    /// Removes an account. `false` when there is none.
    fn remove_account(&mut self, scope: &WriteScope, account: AccountId) -> Result<bool, StoreError>;
    /// Keeps a reset of a password of the scope's tenant, in place of the one that its account had. The account must be there, and
    /// with it the reset goes.
    fn put_password_reset(&mut self, scope: &WriteScope, reset: &PasswordReset) -> Result<(), StoreError>;
    /// Removes the reset of an account's password. `false` when there is none.
    fn remove_password_reset(&mut self, scope: &WriteScope, account: AccountId) -> Result<bool, StoreError>;
    /// Removes the resets of passwords that one account has made. Answers how many. It takes no longer for all the others.
    fn remove_password_resets_by(&mut self, scope: &WriteScope, maker: AccountId) -> Result<u64, StoreError>;
    /// Keeps what is known of logins, in place of what was known of that account and address.
    fn put_login_record(&mut self, record: &LoginRecord) -> Result<(), StoreError>;
    /// Removes the records of logins that have expired; and of the others those that expire first, where there are more than
    /// `max`.
    fn trim_login_records(&mut self, now: Timestamp, max: u64) -> Result<(), StoreError>;
    /// Adds an invitation into the scope's tenant.
    fn add_invitation(&mut self, scope: &WriteScope, invitation: &Invitation) -> Result<(), StoreError>;
    /// Removes an invitation. `false` when there is none.
    fn remove_invitation(&mut self, scope: &WriteScope, id: InvitationId) -> Result<bool, StoreError>;
    /// Removes the tenant's invitations of one address. Answers how many.
    fn remove_invitations_of(&mut self, scope: &WriteScope, email: &Email) -> Result<u64, StoreError>;
    /// Removes the invitations of these roles that one account has made. Answers how many. It takes no longer for all the
    /// others that the tenant has.
    fn remove_invitations_by(
        &mut self,
        scope: &WriteScope,
        inviter: AccountId,
        roles: &[Role],
    ) -> Result<u64, StoreError>;
}

/// Reads API keys.
pub trait ApiKeyView {
    /// One key of the tenant.
    fn api_key(&mut self, scope: &TenantScope, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError>;
    /// The keys of one account of the tenant, or of all, in the order of their ids.
    fn api_keys(
        &mut self,
        scope: &TenantScope,
        account: Option<AccountId>,
        page: PageRequest<ApiKeyId>,
    ) -> Result<Page<ApiKey, ApiKeyId>, StoreError>;
}

/// Writes API keys. They go with their account.
pub trait ApiKeyRows: ApiKeyView {
    /// Keeps a key of an account that is there, in place of what was kept of that key. Whose it is and when it was last used stay
    /// as they are.
    fn put_api_key(&mut self, scope: &WriteScope, key: &ApiKey) -> Result<(), StoreError>;
    /// Notes that a key was used, unless a later use is known. No snapshot hangs on that.
    fn note_api_key_use(&mut self, scope: &WriteScope, id: ApiKeyId, at: Timestamp)
    -> Result<(), StoreError>;
    /// Removes a key. `false` when there is none.
    fn remove_api_key(&mut self, scope: &WriteScope, id: ApiKeyId) -> Result<bool, StoreError>;
    /// Removes the keys of an account. Answers how many.
    fn remove_api_keys(&mut self, scope: &WriteScope, account: AccountId) -> Result<u64, StoreError>;
}

/// Reads second factors.
pub trait SecondFactorView {
    /// The account's second factor, confirmed or not.
    fn second_factor(
        &mut self,
        scope: &TenantScope,
        account: AccountId,
    ) -> Result<Option<SecondFactor>, StoreError>;
    /// How many recovery codes the account has left.
    fn count_recovery_codes(&mut self, scope: &TenantScope, account: AccountId) -> Result<u64, StoreError>;
}

/// Writes second factors. They end with their account.
pub trait SecondFactorRows: SecondFactorView {
    /// Replaces what there is of the account's second factor, and of its recovery codes: there are these then.
    fn put_second_factor(
        &mut self,
        scope: &WriteScope,
        account: AccountId,
        factor: &SecondFactor,
        recovery_codes: &[TokenHash],
    ) -> Result<(), StoreError>;
    /// Replaces the last step of which a code was used. Where there is no second factor nothing is done.
    fn set_totp_step(&mut self, scope: &WriteScope, account: AccountId, step: u64) -> Result<(), StoreError>;
    /// Removes a recovery code of the account. `false` when it has no such one.
    fn take_recovery_code(
        &mut self,
        scope: &WriteScope,
        account: AccountId,
        code: &TokenHash,
    ) -> Result<bool, StoreError>;
    /// Removes the account's second factor and its recovery codes. `false` when there is none.
    fn remove_second_factor(&mut self, scope: &WriteScope, account: AccountId) -> Result<bool, StoreError>;
}

/// Reads sessions. Whoever holds a refresh token proves by it which session is theirs, before there is a scope.
pub trait SessionView {
    /// The session whose refresh tokens are of this family, whichever the tenant.
    fn session_by_family(&mut self, family: &TokenHash) -> Result<Option<Session>, StoreError>;
    /// One session of an account.
    fn session(
        &mut self,
        scope: &TenantScope,
        account: AccountId,
        id: SessionId,
    ) -> Result<Option<Session>, StoreError>;
    /// The sessions of one account, in the order of their ids: few, see [`Session::MAX_PER_ACCOUNT`].
    fn sessions(&mut self, scope: &TenantScope, account: AccountId) -> Result<Vec<Session>, StoreError>;
    /// The ids of the sessions of one account, or of all the tenant's accounts, each with its account, in no order.
    fn session_ids(
        &mut self,
        scope: &TenantScope,
        account: Option<AccountId>,
    ) -> Result<Vec<(AccountId, SessionId)>, StoreError>;
}

/// Writes sessions. They end with their account.
pub trait SessionRows: SessionView {
    /// Adds a session of an account that is there. Its id is new there, and the family of its refresh tokens everywhere,
    /// else [`StoreError::Conflict`].
    fn add_session(&mut self, scope: &WriteScope, session: &Session) -> Result<(), StoreError>;
    /// Replaces what is stored of a session's use: when it was last used, until when it is kept, and its refresh tokens, but for
    /// their family. No snapshot hangs on that.
    fn renew_session(&mut self, scope: &WriteScope, session: &Session) -> Result<(), StoreError>;
    /// Ends one session of an account. `false` when there is none.
    fn remove_session(
        &mut self,
        scope: &WriteScope,
        account: AccountId,
        id: SessionId,
    ) -> Result<bool, StoreError>;
    /// Ends all sessions of an account.
    fn remove_sessions(&mut self, scope: &WriteScope, account: AccountId) -> Result<(), StoreError>;
    /// Removes sessions of whatever tenant that are over by their `idle_until`, at most `max` of them, those that ended first.
    fn trim_sessions(&mut self, now: Timestamp, max: u64) -> Result<(), StoreError>;
}

/// Hashing a password did not happen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HashingError {
    /// Too many are being hashed already.
    #[error("too many passwords are being checked at the moment; try again in {} s", .retry_after.as_secs())]
    Overloaded {
        /// When to try again.
        retry_after: Duration,
    },
    /// The hash failed, or what is stored is no hash.
    #[error("a password could not be hashed: {0}")]
    Failed(String),
}

/// How a comparison ended.
pub enum Compared {
    /// The password is another.
    Wrong,
    /// The password is right.
    Right {
        /// A new hash to store, when the stored one is of older parameters.
        rehash: Option<PasswordHash>,
    },
}

/// For whom a password is hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashingClient {
    /// Their address, as [`address_prefix`](crate::identity::address_prefix) cuts it; `None` for the host's operator.
    pub address: Option<IpAddr>,
    /// Whether somebody has logged in from there before.
    pub has_logged_in: bool,
}

/// Hashes and compares passwords, a bounded number at a time. Clients take turns: many who come from one address wait for
/// each other, and for nobody else.
pub trait Passwords: Send + Sync {
    /// Whether a password is too easily guessed: common, or made of the `context` (the tenant's name, the e-mail).
    ///
    /// # Errors
    /// [`PasswordError::Guessable`].
    fn check(&self, password: &Password, context: &[&str]) -> Result<(), PasswordError>;

    /// Hashes a new password.
    fn hash<'a>(
        &'a self,
        client: HashingClient,
        password: &'a Password,
    ) -> Pending<'a, Result<PasswordHash, HashingError>>;

    /// Compares a password with what is stored. Without a stored hash it does the same work and answers
    /// [`Compared::Wrong`], so that nobody learns from the time which accounts exist.
    fn compare<'a>(
        &'a self,
        client: HashingClient,
        password: &'a Password,
        stored: Option<&'a PasswordHash>,
    ) -> Pending<'a, Result<Compared, HashingError>>;
}

/// Signs and verifies local access tokens.
pub trait AccessTokens: Send + Sync {
    /// How long a new token lives.
    fn lifetime(&self) -> Duration;

    /// Signs a token.
    ///
    /// # Errors
    /// When there is no key to sign with, or signing failed.
    fn sign(&self, claims: &AccessClaims) -> Result<AccessToken, TokenSignError>;

    /// Verifies a token that a caller presents.
    ///
    /// # Errors
    /// When its form, kind, key, signature, claims or time is wrong. A token of another kind, well-formed as such, is
    /// [`TokenRefused::WrongKind`], whatever else is wrong with it for us: it may be for another to verify.
    fn verify(&self, token: &str, now: Timestamp) -> Result<AccessClaims, TokenRefused>;
}

/// Keeps the keys that sign access tokens.
///
/// Of two changes at once one comes after the other. A change is durable before the keys are used as it says.
pub trait SigningKeys: Send + Sync {
    /// The keys whose tokens are accepted, the one that signs first.
    fn keys(&self, now: Timestamp) -> Vec<SigningKey>;

    /// Counts how often [`rotate`](Self::rotate) revoked all tokens of before.
    fn epoch(&self) -> KeyEpoch;

    /// Makes a key that signs from now on. Where it revokes the keys before, their tokens are refused and the epoch has
    /// ended once it answers. It is unrecorded: that is kept with it, so that its event is written even where whoever had it
    /// made comes to an end in between.
    ///
    /// # Errors
    /// When it cannot be made or kept, or there are too many whose tokens are still accepted. The keys are as before.
    fn rotate(
        &self,
        previous: PreviousKeys,
        now: Timestamp,
    ) -> Pending<'_, Result<SigningKey, SigningKeysError>>;

    /// The ids of the keys that were made by [`rotate`](Self::rotate), are still kept, and are not recorded.
    fn unrecorded(&self) -> Vec<String>;

    /// Notes that the event of a key is written. Nothing changes where that is known, or where there is no such key.
    ///
    /// # Errors
    /// When what is kept cannot be changed.
    fn set_recorded<'a>(&'a self, id: &'a str) -> Pending<'a, Result<(), SigningKeysError>>;

    /// Forgets the keys whose tokens are accepted no more.
    ///
    /// # Errors
    /// When what is kept cannot be changed.
    fn forget_expired(&self, now: Timestamp) -> Pending<'_, Result<(), SigningKeysError>>;
}
