//! What is held about a person, of a wrapper of a view or a transaction in which one method is faulty.

use std::ops::DerefMut;

use syft_space_conformance::sample;
use syft_space_domain::identity::oidc::{OidcIssuer, SessionAtProvider, Subject};
use syft_space_domain::identity::{Email, LoginKey, LoginRecord, PasswordReset};
use syft_space_domain::ids::{AccountId, GroupId, SessionId};
use syft_space_domain::privacy::ports::PrivacyView;
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::TenantScope;
use syft_space_domain::time::Timestamp;

use crate::faulty_view::{FaultyView, delegated, scoped};
use crate::merge::Merge;
use crate::store::Fault;

impl<P: DerefMut> PrivacyView for FaultyView<P>
where
    P::Target: PrivacyView,
{
    scoped! { TenantScope, sample::scope;
        oidc_identities_of(account: AccountId) -> Vec<(OidcIssuer, Subject)>;
        oidc_sessions_of(account: AccountId) -> Vec<(SessionId, SessionAtProvider)>;
        password_resets_of(account: AccountId) -> Vec<PasswordReset>;
        groups_of(email: &Email) -> Vec<(GroupId, Timestamp)>;
    }
    delegated! {
        login_records(key: &LoginKey) -> Vec<LoginRecord>;
    }
}
