//! The rows of identity providers, of whom they mean, and of the sessions that they began.

use diesel::prelude::*;
use syft_space_domain::access::Role;
use syft_space_domain::identity::oidc::ports::{OidcRows, OidcView};
use syft_space_domain::identity::oidc::{
    EmailDomain, Group, GroupRoles, OidcIssuer, OidcProvider, SessionAtProvider, Subject,
};
use syft_space_domain::identity::{Email, Invitation};
use syft_space_domain::ids::{AccountId, OidcProviderId, SessionId};
use syft_space_domain::sealing::Sealed;
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::{TenantScope, WriteScope};
use syft_space_domain::time::Timestamp;

use crate::codec::{Key, parse, unreadable_column};
use crate::identity::InvitationRow;
use crate::schema::{invitations, oidc_identities, oidc_providers, oidc_sessions};
use crate::session::Session;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = oidc_providers)]
struct ProviderRow {
    tenant_id: Key,
    id: Key,
    name: String,
    issuer: String,
    client_id: String,
    client_secret: Option<Vec<u8>>,
    allowed_domains: String,
    groups_claim: Option<String>,
    group_roles: String,
    created_at: i64,
}

impl ProviderRow {
    fn new(scope: &TenantScope, provider: &OidcProvider) -> Result<Self, StoreError> {
        let json = |written: serde_json::Result<String>| {
            written.map_err(|_| StoreError::failed("a provider cannot be written as JSON"))
        };
        let roles = provider.groups.as_ref().map_or(&[][..], |groups| &groups.roles);
        Ok(Self {
            tenant_id: scope.into(),
            id: provider.id.into(),
            name: provider.name.as_str().to_owned(),
            issuer: provider.issuer.as_str().to_owned(),
            client_id: provider.client_id.as_str().to_owned(),
            client_secret: provider.client_secret.as_ref().map(|sealed| sealed.as_bytes().to_vec()),
            allowed_domains: json(serde_json::to_string(&provider.allowed_domains))?,
            groups_claim: provider.groups.as_ref().map(|groups| groups.claim.as_str().to_owned()),
            group_roles: json(serde_json::to_string(roles))?,
            created_at: provider.created_at.as_unix_micros(),
        })
    }
}

impl TryFrom<ProviderRow> for OidcProvider {
    type Error = StoreError;
    fn try_from(row: ProviderRow) -> Result<Self, StoreError> {
        let domains: Vec<EmailDomain> = serde_json::from_str(&row.allowed_domains)
            .map_err(|error| unreadable_column("oidc_providers.allowed_domains", &error))?;
        let roles: Vec<(Group, Role)> = serde_json::from_str(&row.group_roles)
            .map_err(|error| unreadable_column("oidc_providers.group_roles", &error))?;
        let groups = match row.groups_claim {
            None => None,
            Some(claim) => Some(GroupRoles { claim: parse("oidc_providers.groups_claim", &claim)?, roles }),
        };
        Ok(Self {
            tenant: row.tenant_id.into(),
            id: row.id.into(),
            name: parse("oidc_providers.name", &row.name)?,
            issuer: parse("oidc_providers.issuer", &row.issuer)?,
            client_id: parse("oidc_providers.client_id", &row.client_id)?,
            client_secret: row.client_secret.map(Sealed::from_bytes),
            allowed_domains: domains,
            groups,
            created_at: Timestamp::from_unix_micros(row.created_at),
        })
    }
}

impl OidcView for Session<'_> {
    fn oidc_providers(&mut self, scope: &TenantScope) -> Result<Vec<OidcProvider>, StoreError> {
        let rows: Vec<ProviderRow> = self.read(|connection| {
            oidc_providers::table
                .filter(oidc_providers::tenant_id.eq(Key::from(scope)))
                .order(oidc_providers::name)
                .select(ProviderRow::as_select())
                .load(connection)
        })?;
        rows.into_iter().map(OidcProvider::try_from).collect()
    }

    fn oidc_account(
        &mut self,
        scope: &TenantScope,
        issuer: &OidcIssuer,
        subject: &Subject,
    ) -> Result<Option<AccountId>, StoreError> {
        let account: Option<Key> = self.read(|connection| {
            let row = oidc_identities::table.find((Key::from(scope), issuer.as_str(), subject.as_str()));
            row.select(oidc_identities::account_id).first(connection).optional()
        })?;
        Ok(account.map(AccountId::from))
    }

    fn invitations_of(&mut self, scope: &TenantScope, email: &Email) -> Result<Vec<Invitation>, StoreError> {
        let rows: Vec<InvitationRow> = self.read(|connection| {
            invitations::table
                .filter(invitations::tenant_id.eq(Key::from(scope)))
                .filter(invitations::email.eq(email.as_str()))
                .order(invitations::id)
                .select(InvitationRow::as_select())
                .load(connection)
        })?;
        rows.into_iter().map(Invitation::try_from).collect()
    }

    fn oidc_sessions(
        &mut self,
        scope: &TenantScope,
        provider: OidcProviderId,
        subject: Option<&Subject>,
        sid: Option<&Subject>,
    ) -> Result<Vec<(AccountId, SessionId)>, StoreError> {
        let rows: Vec<(Key, Key)> = self.read(|connection| {
            let mut meant = oidc_sessions::table
                .filter(oidc_sessions::tenant_id.eq(Key::from(scope)))
                .filter(oidc_sessions::provider_id.eq(Key::from(provider)))
                .order((oidc_sessions::account_id, oidc_sessions::session_id))
                .select((oidc_sessions::account_id, oidc_sessions::session_id))
                .into_boxed();
            if let Some(subject) = subject {
                meant = meant.filter(oidc_sessions::subject.eq(subject.as_str()));
            }
            if let Some(sid) = sid {
                meant = meant.filter(oidc_sessions::sid.eq(sid.as_str()));
            }
            meant.load(connection)
        })?;
        Ok(rows.into_iter().map(|(account, session)| (account.into(), session.into())).collect())
    }
}

impl OidcRows for Session<'_> {
    fn add_oidc_provider(&mut self, scope: &WriteScope, provider: &OidcProvider) -> Result<(), StoreError> {
        let row = ProviderRow::new(scope, provider)?;
        self.write(|connection| diesel::insert_into(oidc_providers::table).values(row).execute(connection))?;
        Ok(())
    }

    fn remove_oidc_provider(&mut self, scope: &WriteScope, id: OidcProviderId) -> Result<bool, StoreError> {
        let removed = self.write(|connection| {
            let row = oidc_providers::table.find((Key::from(scope), Key::from(id)));
            diesel::delete(row).execute(connection)
        })?;
        Ok(removed > 0)
    }

    fn add_oidc_identity(
        &mut self,
        scope: &WriteScope,
        issuer: &OidcIssuer,
        subject: &Subject,
        account: AccountId,
    ) -> Result<(), StoreError> {
        self.write(|connection| {
            let row = (
                oidc_identities::tenant_id.eq(Key::from(scope)),
                oidc_identities::issuer.eq(issuer.as_str()),
                oidc_identities::subject.eq(subject.as_str()),
                oidc_identities::account_id.eq(Key::from(account)),
            );
            diesel::insert_into(oidc_identities::table).values(row).execute(connection)
        })?;
        Ok(())
    }

    fn remove_oidc_identities(&mut self, scope: &WriteScope, account: AccountId) -> Result<u64, StoreError> {
        let removed = self.write(|connection| {
            let of = oidc_identities::table
                .filter(oidc_identities::tenant_id.eq(Key::from(scope)))
                .filter(oidc_identities::account_id.eq(Key::from(account)));
            diesel::delete(of).execute(connection)
        })?;
        Ok(u64::try_from(removed).unwrap_or(u64::MAX))
    }

    fn add_oidc_session(
        &mut self,
        scope: &WriteScope,
        account: AccountId,
        session: SessionId,
        at_provider: &SessionAtProvider,
    ) -> Result<(), StoreError> {
        self.write(|connection| {
            let row = (
                oidc_sessions::tenant_id.eq(Key::from(scope)),
                oidc_sessions::account_id.eq(Key::from(account)),
                oidc_sessions::session_id.eq(Key::from(session)),
                oidc_sessions::provider_id.eq(Key::from(at_provider.provider)),
                oidc_sessions::subject.eq(at_provider.subject.as_str()),
                oidc_sessions::sid.eq(at_provider.sid.as_ref().map(Subject::as_str)),
            );
            diesel::insert_into(oidc_sessions::table).values(row).execute(connection)
        })?;
        Ok(())
    }
}
