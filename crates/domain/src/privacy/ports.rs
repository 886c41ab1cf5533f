//! The port of what is held about a person and is found by nobody else.

use crate::identity::oidc::{OidcIssuer, SessionAtProvider, Subject};
use crate::identity::{Email, LoginKey, LoginRecord, PasswordReset};
use crate::ids::{AccountId, GroupId, SessionId};
use crate::store::StoreError;
use crate::tenant::TenantScope;
use crate::time::Timestamp;

/// Reads what is kept of one person, by their account or their address.
pub trait PrivacyView {
    /// Whom issuers mean by an account, in the order of issuers and subjects.
    fn oidc_identities_of(
        &mut self,
        scope: &TenantScope,
        account: AccountId,
    ) -> Result<Vec<(OidcIssuer, Subject)>, StoreError>;
    /// Which sessions of an account identity providers began, in the order of the sessions.
    fn oidc_sessions_of(
        &mut self,
        scope: &TenantScope,
        account: AccountId,
    ) -> Result<Vec<(SessionId, SessionAtProvider)>, StoreError>;
    /// The resets of passwords that are for an account, or that it has made, in the order of whom they are for.
    fn password_resets_of(
        &mut self,
        scope: &TenantScope,
        account: AccountId,
    ) -> Result<Vec<PasswordReset>, StoreError>;
    /// The groups that an address is in, each with since when, in the order of their ids.
    fn groups_of(
        &mut self,
        scope: &TenantScope,
        email: &Email,
    ) -> Result<Vec<(GroupId, Timestamp)>, StoreError>;
    /// What is known of logins under a key, from all addresses, in the order of these, beginning with what is of none. It takes no scope:
    /// whoever can name the key knows whose it is.
    fn login_records(&mut self, key: &LoginKey) -> Result<Vec<LoginRecord>, StoreError>;
}
