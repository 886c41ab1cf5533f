//! The sessions of a wrapper of a view or a transaction, in which one method is faulty.

use std::ops::DerefMut;

use syft_space_conformance::{sample, session};
use syft_space_domain::identity::Session;
use syft_space_domain::identity::ports::{SessionRows, SessionView};
use syft_space_domain::ids::{AccountId, SessionId};
use syft_space_domain::secret::TokenHash;
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::{TenantScope, WriteScope};
use syft_space_domain::time::Timestamp;

use crate::faulty_view::{FaultyView, delegated, scoped};
use crate::merge::Merge;
use crate::store::Fault;
use crate::{assert_caught, faulty_store};

impl<P: DerefMut> SessionView for FaultyView<P>
where
    P::Target: SessionView,
{
    delegated! {
        session_by_family(family: &TokenHash) -> Option<Session>;
    }
    scoped! { TenantScope, sample::scope;
        session(account: AccountId, id: SessionId) -> Option<Session>;
        sessions(account: AccountId) -> Vec<Session>;
        session_ids(account: Option<AccountId>) -> Vec<(AccountId, SessionId)>;
    }
}

impl<P: DerefMut> SessionRows for FaultyView<P>
where
    P::Target: SessionRows,
{
    delegated! {
        add_session(scope: &WriteScope, session: &Session) -> ();
    }
    fn renew_session(&mut self, scope: &WriteScope, session: &Session) -> Result<(), StoreError> {
        match self.fault {
            Fault::IgnoresTenantIn("renew_session") => [1, 2, 3]
                .into_iter()
                .try_for_each(|n| self.inner.renew_session(&sample::write_scope(n), session)),
            Fault::KeepsRefreshTokens => {
                let refresh = match self.inner.session(scope, session.account, session.id)? {
                    Some(kept) => kept.refresh,
                    None => session.refresh.clone(),
                };
                self.inner.renew_session(scope, &Session { refresh, ..session.clone() })
            }
            _ => self.inner.renew_session(scope, session),
        }
    }
    fn remove_sessions(&mut self, scope: &WriteScope, account: AccountId) -> Result<(), StoreError> {
        match self.fault {
            Fault::IgnoresTenantIn("remove_sessions") => [1, 2, 3]
                .into_iter()
                .try_for_each(|n| self.inner.remove_sessions(&sample::write_scope(n), account)),
            Fault::EndsOneSessionForAll => {
                let first = self.inner.session_ids(scope, Some(account))?.into_iter().min();
                first.map_or(Ok(()), |(_, id)| self.inner.remove_session(scope, account, id).map(drop))
            }
            _ => self.inner.remove_sessions(scope, account),
        }
    }
    fn trim_sessions(&mut self, now: Timestamp, max: u64) -> Result<(), StoreError> {
        let max = if self.fault == Fault::TrimsAllSessions { u64::MAX } else { max };
        self.inner.trim_sessions(now, max)
    }
    scoped! { WriteScope, sample::write_scope;
        remove_session(account: AccountId, id: SessionId) -> bool;
    }
}

#[test]
fn a4_a_store_that_keeps_sessions_or_their_tokens_is_caught() {
    let make = faulty_store(Fault::KeepsRefreshTokens);
    assert_caught(session::CHECKS, &*make, "a4_a_session_that_is_used_keeps_what_it_is");
    let make = faulty_store(Fault::EndsOneSessionForAll);
    assert_caught(session::CHECKS, &*make, "a4_sessions_end_one_by_one_and_all_at_once");
    let make = faulty_store(Fault::TrimsAllSessions);
    assert_caught(session::CHECKS, &*make, "a4_a_bounded_number_of_sessions_that_are_over_is_removed");
}
