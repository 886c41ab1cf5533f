//! What is read from one snapshot of a store, and what a unit of work reads and writes.

use crate::approval::ports::{ApprovalRows, ApprovalView};
use crate::audit::ports::{AuditRows, AuditView};
use crate::audit::{Actor, Event, Log, Person, ReasonCode};
use crate::dataset::ports::{DatasetRows, DatasetView};
use crate::detection::ports::{DetectionRows, DetectionView};
use crate::endpoint::ports::{EndpointRows, EndpointView};
use crate::expectation::ports::{ExpectationRows, ExpectationView};
use crate::group::ports::{GroupRows, GroupView};
use crate::identity::oidc::ports::{OidcRows, OidcView};
use crate::identity::ports::{
    AccountRows, AccountView, ApiKeyRows, ApiKeyView, SecondFactorRows, SecondFactorView, SessionRows,
    SessionView,
};
use crate::ledger::ports::{LedgerRows, LedgerView};
use crate::marketplace::ports::{MarketplaceRows, MarketplaceView};
use crate::policy::ports::{
    DisclosureRows, DisclosureView, PolicyRows, PolicyView, RevisionRows, RevisionView,
};
use crate::privacy::ports::{PrivacyRows, PrivacyView};
use crate::retention::ports::{RetentionRows, RetentionView};
use crate::sink::ports::{SinkRows, SinkView};
use crate::store_error::StoreError;
use crate::tenant::TenantScope;
use crate::tenant::ports::{TenantRows, TenantView};

/// Everything that can be read from one snapshot.
pub trait View:
    TenantView
    + AccountView
    + ApiKeyView
    + SecondFactorView
    + SessionView
    + OidcView
    + DatasetView
    + EndpointView
    + ExpectationView
    + PolicyView
    + RevisionView
    + GroupView
    + DisclosureView
    + ApprovalView
    + LedgerView
    + MarketplaceView
    + RetentionView
    + AuditView
    + DetectionView
    + SinkView
    + PrivacyView
{
}
impl<T> View for T where
    T: TenantView
        + AccountView
        + ApiKeyView
        + SecondFactorView
        + SessionView
        + OidcView
        + DatasetView
        + EndpointView
        + ExpectationView
        + PolicyView
        + RevisionView
        + GroupView
        + DisclosureView
        + ApprovalView
        + LedgerView
        + MarketplaceView
        + RetentionView
        + AuditView
        + DetectionView
        + SinkView
        + PrivacyView
        + ?Sized
{
}

/// Everything a unit of work can read and write. It has no commit and no way to write an audit event: the store
/// does both, from what the unit answers.
pub trait Tx:
    TenantRows
    + AccountRows
    + ApiKeyRows
    + SecondFactorRows
    + SessionRows
    + OidcRows
    + DatasetRows
    + EndpointRows
    + ExpectationRows
    + PolicyRows
    + RevisionRows
    + GroupRows
    + DisclosureRows
    + ApprovalRows
    + LedgerRows
    + MarketplaceRows
    + RetentionRows
    + AuditRows
    + DetectionRows
    + SinkRows
    + PrivacyRows
{
}
impl<T> Tx for T where
    T: TenantRows
        + AccountRows
        + ApiKeyRows
        + SecondFactorRows
        + SessionRows
        + OidcRows
        + DatasetRows
        + EndpointRows
        + ExpectationRows
        + PolicyRows
        + RevisionRows
        + GroupRows
        + DisclosureRows
        + ApprovalRows
        + LedgerRows
        + MarketplaceRows
        + RetentionRows
        + AuditRows
        + DetectionRows
        + SinkRows
        + PrivacyRows
        + ?Sized
{
}

impl dyn Tx + '_ {
    /// Takes what is personal out of the refusals of people who have been erased. A request that was under way then, or that comes later
    /// with their token, is told of like any other, but nothing that was erased comes back by it. All that somebody without an account
    /// can cause in their own name is such a refusal.
    pub(crate) fn forget_erased(&mut self, events: &mut [Event]) -> Result<(), StoreError> {
        let revoked = Some(ReasonCode::TokenRevoked.into());
        for event in events.iter_mut().filter(|event| event.reason_code == revoked) {
            if let (Log::Tenant(tenant), Actor::Account { id, .. }) = (event.log, event.actor)
                && self.erasure(&TenantScope::of(tenant), id)?.is_some()
            {
                event.person = Person::default();
            }
        }
        Ok(())
    }
}
