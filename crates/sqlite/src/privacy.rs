//! What is held about a person, and is found by nobody else.

use diesel::prelude::*;
use syft_space_domain::identity::oidc::{OidcIssuer, SessionAtProvider, Subject};
use syft_space_domain::identity::{Email, LoginKey, LoginRecord, PasswordReset};
use syft_space_domain::ids::{AccountId, GroupId, SessionId};
use syft_space_domain::privacy::ports::PrivacyView;
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::TenantScope;
use syft_space_domain::time::Timestamp;

use crate::codec::{Key, parse};
use crate::schema::{address_groups, group_members, oidc_identities, oidc_sessions};
use crate::session::Session;

impl PrivacyView for Session<'_> {
    fn oidc_identities_of(
        &mut self,
        scope: &TenantScope,
        account: AccountId,
    ) -> Result<Vec<(OidcIssuer, Subject)>, StoreError> {
        let rows: Vec<(String, String)> = self.read(|connection| {
            oidc_identities::table
                .filter(oidc_identities::tenant_id.eq(Key::from(scope)))
                .filter(oidc_identities::account_id.eq(Key::from(account)))
                .order((oidc_identities::issuer, oidc_identities::subject))
                .select((oidc_identities::issuer, oidc_identities::subject))
                .load(connection)
        })?;
        let read = |(issuer, subject): (String, String)| {
            Ok((
                parse("oidc_identities.issuer", &issuer)?,
                parse("oidc_identities.subject", &subject)?,
            ))
        };
        rows.into_iter().map(read).collect()
    }

    fn oidc_sessions_of(
        &mut self,
        scope: &TenantScope,
        account: AccountId,
    ) -> Result<Vec<(SessionId, SessionAtProvider)>, StoreError> {
        let rows: Vec<(Key, Key, String, Option<String>)> = self.read(|connection| {
            oidc_sessions::table
                .filter(oidc_sessions::tenant_id.eq(Key::from(scope)))
                .filter(oidc_sessions::account_id.eq(Key::from(account)))
                .order(oidc_sessions::session_id)
                .select((
                    oidc_sessions::session_id,
                    oidc_sessions::provider_id,
                    oidc_sessions::subject,
                    oidc_sessions::sid,
                ))
                .load(connection)
        })?;
        let read = |(session, provider, subject, sid): (Key, Key, String, Option<String>)| {
            let subject = parse("oidc_sessions.subject", &subject)?;
            let sid = sid.map(|sid| parse("oidc_sessions.sid", &sid)).transpose()?;
            Ok((session.into(), SessionAtProvider { provider: provider.into(), subject, sid }))
        };
        rows.into_iter().map(read).collect()
    }

    fn password_resets_of(
        &mut self,
        scope: &TenantScope,
        account: AccountId,
    ) -> Result<Vec<PasswordReset>, StoreError> {
        self.read_password_resets_of(scope, account)
    }

    fn groups_of(
        &mut self,
        scope: &TenantScope,
        email: &Email,
    ) -> Result<Vec<(GroupId, Timestamp)>, StoreError> {
        // A group at a time, by the key: all members together may be many.
        let rows: Vec<(Key, i64)> = self.read(|connection| {
            let tenant = Key::from(scope);
            let groups = address_groups::table.filter(address_groups::tenant_id.eq(tenant));
            group_members::table
                .filter(group_members::tenant_id.eq(tenant))
                .filter(group_members::group_id.eq_any(groups.select(address_groups::id)))
                .filter(group_members::email.eq(email.as_str()))
                .order(group_members::group_id)
                .select((group_members::group_id, group_members::added_at))
                .load(connection)
        })?;
        Ok(rows.into_iter().map(|(id, at)| (id.into(), Timestamp::from_unix_micros(at))).collect())
    }

    fn login_records(&mut self, key: &LoginKey) -> Result<Vec<LoginRecord>, StoreError> {
        self.read_login_records(key)
    }
}
