//! `SessionView` and `SessionRows` of a transaction.

use syft_space_domain::identity::Session;
use syft_space_domain::identity::ports::{SessionRows, SessionView};
use syft_space_domain::ids::{AccountId, SessionId};
use syft_space_domain::secret::TokenHash;
use syft_space_domain::store::{StateChange, StoreError};
use syft_space_domain::tenant::{TenantScope, WriteScope};
use syft_space_domain::time::Timestamp;

use crate::transaction::{Transaction, check_key};

impl SessionView for Transaction {
    fn session_by_family(&mut self, family: &TokenHash) -> Result<Option<Session>, StoreError> {
        let mut sessions = self.tables.sessions.all().map(|(_, _, session)| session);
        Ok(sessions.find(|session| session.refresh.family.matches(family)).cloned())
    }

    fn session(
        &mut self,
        scope: &TenantScope,
        account: AccountId,
        id: SessionId,
    ) -> Result<Option<Session>, StoreError> {
        Ok(self.tables.sessions.get(scope, (account, id)).cloned())
    }

    fn sessions(&mut self, scope: &TenantScope, account: AccountId) -> Result<Vec<Session>, StoreError> {
        let sessions = self.tables.sessions.rows(scope).map(|(_, session)| session);
        Ok(sessions.filter(|session| session.account == account).cloned().collect())
    }

    fn session_ids(
        &mut self,
        scope: &TenantScope,
        account: Option<AccountId>,
    ) -> Result<Vec<(AccountId, SessionId)>, StoreError> {
        let ids = self.tables.sessions.rows(scope).map(|(key, _)| key);
        Ok(ids.filter(|(of, _)| account.is_none_or(|account| account == *of)).collect())
    }
}

impl SessionRows for Transaction {
    fn add_session(&mut self, scope: &WriteScope, session: &Session) -> Result<(), StoreError> {
        let (id, account) = (session.id, session.account);
        let has_account = self.tables.accounts.contains(scope, account);
        check_key(has_account, || format!("there is no account {account}"))?;
        let id_is_free = !self.tables.sessions.contains(scope, (account, id));
        check_key(id_is_free, || format!("there is a session {id} already"))?;
        let family_is_free = self.session_by_family(&session.refresh.family)?.is_none();
        check_key(family_is_free, || "a session has this family of refresh tokens already")?;
        let session = Session { tenant: scope.tenant(), ..session.clone() };
        self.tables.sessions.insert(scope, (account, id), session);
        self.changes.insert(StateChange::Member(scope.tenant(), account));
        Ok(())
    }

    fn renew_session(&mut self, scope: &WriteScope, session: &Session) -> Result<(), StoreError> {
        if let Some(row) = self.tables.sessions.get_mut(scope, (session.account, session.id)) {
            row.last_used_at = session.last_used_at;
            row.idle_until = session.idle_until;
            row.refresh.current = session.refresh.current;
            row.refresh.rotated.clone_from(&session.refresh.rotated);
        }
        Ok(())
    }

    fn remove_session(
        &mut self,
        scope: &WriteScope,
        account: AccountId,
        id: SessionId,
    ) -> Result<bool, StoreError> {
        let removed = self.tables.sessions.remove(scope, (account, id));
        if removed {
            self.changes.insert(StateChange::Member(scope.tenant(), account));
        }
        self.tables.oidc_sessions.remove(scope, (account, id));
        Ok(removed)
    }

    fn remove_sessions(&mut self, scope: &WriteScope, account: AccountId) -> Result<(), StoreError> {
        for (_, id) in self.session_ids(scope, Some(account))? {
            self.remove_session(scope, account, id)?;
        }
        Ok(())
    }

    fn trim_sessions(&mut self, now: Timestamp, max: u64) -> Result<(), StoreError> {
        let over = self.tables.sessions.all().filter(|(_, _, session)| session.idle_until <= now);
        let mut over: Vec<_> = over.map(|(tenant, key, session)| (session.idle_until, tenant, key)).collect();
        over.sort_unstable();
        for (_, tenant, (account, id)) in over.into_iter().take(usize::try_from(max).unwrap_or(usize::MAX)) {
            let scope = TenantScope::assume(tenant, "what is over is removed, whosever it is");
            self.remove_session(&WriteScope::assume(&scope, "as above"), account, id)?;
        }
        Ok(())
    }
}
