//! `OidcView` and `OidcRows` of a transaction.

use std::sync::Arc;

use syft_space_domain::identity::oidc::ports::{OidcRows, OidcView};
use syft_space_domain::identity::oidc::{OidcIssuer, OidcProvider, SessionAtProvider, Subject};
use syft_space_domain::identity::{Email, Invitation};
use syft_space_domain::ids::{AccountId, OidcProviderId, SessionId, TenantId};
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::{TenantScope, WriteScope};

use crate::table::count;
use crate::transaction::{Transaction, check_key};

impl OidcView for Transaction {
    fn oidc_providers(&mut self, scope: &TenantScope) -> Result<Vec<OidcProvider>, StoreError> {
        let providers = self.tables.oidc_providers.rows(scope);
        let mut providers: Vec<_> = providers.map(|(_, provider)| provider.clone()).collect();
        providers.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(providers)
    }

    fn oidc_account(
        &mut self,
        scope: &TenantScope,
        issuer: &OidcIssuer,
        subject: &Subject,
    ) -> Result<Option<AccountId>, StoreError> {
        let key = (scope.tenant(), issuer.clone(), subject.clone());
        Ok(self.tables.oidc_identities.get(&key).copied())
    }

    fn invitations_of(&mut self, scope: &TenantScope, email: &Email) -> Result<Vec<Invitation>, StoreError> {
        let of = self.tables.invitations.rows(scope).filter(|(_, row)| row.email == *email);
        Ok(of.map(|(_, row)| row.clone()).collect())
    }

    fn oidc_sessions(
        &mut self,
        scope: &TenantScope,
        provider: OidcProviderId,
        subject: Option<&Subject>,
        sid: Option<&Subject>,
    ) -> Result<Vec<(AccountId, SessionId)>, StoreError> {
        let is_meant = |at: &SessionAtProvider| {
            at.provider == provider
                && subject.is_none_or(|subject| at.subject == *subject)
                && sid.is_none_or(|sid| at.sid.as_ref() == Some(sid))
        };
        let meant = self.tables.oidc_sessions.rows(scope).filter(|(_, at)| is_meant(at));
        Ok(meant.map(|(session, _)| session).collect())
    }
}

impl OidcRows for Transaction {
    fn add_oidc_provider(&mut self, scope: &WriteScope, provider: &OidcProvider) -> Result<(), StoreError> {
        self.check_tenant_exists(scope)?;
        let id_is_free = !self.tables.oidc_providers.contains(scope, provider.id);
        check_key(id_is_free, || format!("there is a provider {} already", provider.id))?;
        let is_new = |other: &OidcProvider| other.name != provider.name && other.issuer != provider.issuer;
        let is_new = self.tables.oidc_providers.rows(scope).all(|(_, other)| is_new(other));
        check_key(is_new, || "a provider has this name or issuer already")?;
        let provider = OidcProvider { tenant: scope.tenant(), ..provider.clone() };
        self.tables.oidc_providers.insert(scope, provider.id, provider);
        Ok(())
    }

    fn remove_oidc_provider(&mut self, scope: &WriteScope, id: OidcProviderId) -> Result<bool, StoreError> {
        for session in self.oidc_sessions(scope, id, None, None)? {
            self.tables.oidc_sessions.remove(scope, session);
        }
        Ok(self.tables.oidc_providers.remove(scope, id))
    }

    fn add_oidc_identity(
        &mut self,
        scope: &WriteScope,
        issuer: &OidcIssuer,
        subject: &Subject,
        account: AccountId,
    ) -> Result<(), StoreError> {
        let is_there = self.tables.accounts.contains(scope, account);
        check_key(is_there, || format!("there is no account {account}"))?;
        let key = (scope.tenant(), issuer.clone(), subject.clone());
        let is_new = !self.tables.oidc_identities.contains_key(&key);
        check_key(is_new, || "an account is of this subject already")?;
        Arc::make_mut(&mut self.tables.oidc_identities).insert(key, account);
        Ok(())
    }

    fn remove_oidc_identities(&mut self, scope: &WriteScope, account: AccountId) -> Result<u64, StoreError> {
        let identities = Arc::make_mut(&mut self.tables.oidc_identities);
        let is_of =
            |(tenant, ..): &(TenantId, _, _), of: &AccountId| *tenant == scope.tenant() && *of == account;
        Ok(count(identities.extract_if(.., |key, of| is_of(key, of))))
    }

    fn add_oidc_session(
        &mut self,
        scope: &WriteScope,
        account: AccountId,
        id: SessionId,
        at_provider: &SessionAtProvider,
    ) -> Result<(), StoreError> {
        let session = (account, id);
        let is_there = self.tables.sessions.contains(scope, session)
            && self.tables.oidc_providers.contains(scope, at_provider.provider);
        check_key(is_there, || "there is no such session, or no such provider")?;
        let is_new = !self.tables.oidc_sessions.contains(scope, session);
        check_key(is_new, || "it is known which provider began the session")?;
        self.tables.oidc_sessions.insert(scope, session, at_provider.clone());
        Ok(())
    }
}
