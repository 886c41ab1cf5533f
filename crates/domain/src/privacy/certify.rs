//! Handing out the certificate of an erasure that has ended: to an Owner, and to whoever has the token that was handed out as it was
//! asked for, who has no account any more.

use crate::access::Permission;
use crate::audit::ports::EventFilter;
use crate::audit::tree::NodeHash;
use crate::audit::{Action, Actor, Log, LogName, Object, ObjectKind, RecordedEvent};
use crate::identity::{AuthorizationError, Principal};
use crate::ids::{AccountId, TenantId};
use crate::page::{Cursor, PageLimit, PageRequest};
use crate::port_error::{PortError, port_errors};
use crate::privacy::{Erasure, ErasureCertificate};
use crate::secret::TokenHash;
use crate::space::Space;
use crate::store::{Flow, StoreError, View};
use crate::tenant::TenantScope;
use crate::time::Timestamp;

/// There is no certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// The caller may not have it, or not any more.
    #[error(transparent)]
    Authorization(#[from] AuthorizationError),
    /// There is no such erasure, or the token is not its: nobody is told which.
    #[error("there is no such erasure")]
    Unknown,
    /// Something is left still.
    #[error("the erasure has not ended, so there is no certificate yet: all of it is to be gone by {due_at}")]
    NotEnded {
        /// Until when all of it is to be gone.
        due_at: Timestamp,
    },
    /// The log has no event of its end.
    #[error(
        "the log does not say that the erasure has ended, so nothing is certified; whoever runs this space must look into it"
    )]
    NotLogged,
    /// The log knows of no such removal.
    #[error("the audit log knows of no such removal")]
    NoDeletion,
    /// The dataset of a document is gone as a whole.
    #[error(
        "the document's dataset was removed since: the certificate of that says so of all of its documents"
    )]
    WentWithDataset,
    /// Something may be left of what was removed.
    #[error("it is not confirmed yet that nothing is left, so there is no certificate: {0}")]
    NotConfirmed(&'static str),
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(CertificateError);

/// A certificate as it is signed, and the public key by which it is verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownCertificate {
    /// The certificate with its signature.
    pub note: String,
    /// The key, with the log's name.
    pub verifier: String,
}

/// The certificate of an erasure in the caller's tenant. It is the same whenever it is asked for.
///
/// # Errors
/// When there is no such erasure or it has not ended, the caller's role does not permit it, or a port failed.
pub async fn certificate(
    space: &Space,
    principal: &Principal,
    account: AccountId,
) -> Result<ShownCertificate, CertificateError> {
    let installation = space.checkpoint_signer.installation().to_owned();
    let found = space.read(principal, Permission::ManageTenant, move |view, scope| {
        let erasure = view.erasure(scope, account)?.ok_or(CertificateError::Unknown)?;
        certify(view, scope, &installation, erasure)
    });
    Ok(sign(space, &found.await?))
}

/// The same for whoever has the token of the erasure. Anybody may ask: who does not have it learns nothing, not even whether there is such an
/// erasure or such a tenant.
///
/// # Errors
/// When there is no such erasure with this token, it has not ended, or a port failed.
pub async fn certificate_by_token(
    space: &Space,
    tenant: TenantId,
    account: AccountId,
    token: TokenHash,
) -> Result<ShownCertificate, CertificateError> {
    let installation = space.checkpoint_signer.installation().to_owned();
    let found = space.store.read(Flow::Receipts, move |view| {
        let scope = TenantScope::of(tenant);
        let erasure = view.erasure(&scope, account)?;
        // One row is looked at before anything else, so a stranger costs no more than that.
        let is_theirs = |erasure: &Erasure| erasure.token.is_some_and(|known| known.matches(&token));
        let erasure = erasure.filter(is_theirs).ok_or(CertificateError::Unknown)?;
        certify(view, &scope, &installation, erasure)
    });
    Ok(sign(space, &found.await?))
}

fn sign(space: &Space, certificate: &ErasureCertificate) -> ShownCertificate {
    let signer = &space.checkpoint_signer;
    ShownCertificate {
        note: signer.sign_certificate(certificate),
        verifier: signer.verifier(&certificate.log),
    }
}

/// What the certificate says, with the event of the log in which the end of the erasure stands.
fn certify(
    view: &mut dyn View,
    scope: &TenantScope,
    installation: &str,
    erasure: Erasure,
) -> Result<ErasureCertificate, CertificateError> {
    let Erasure { account, asked_by, asked_at, due_at, ended_at, report, .. } = erasure;
    let ended_at = ended_at.ok_or(CertificateError::NotEnded { due_at })?;
    let (seq, leaf) = event_of_end(view, scope, account, ended_at)?.ok_or(CertificateError::NotLogged)?;
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    Ok(ErasureCertificate {
        log: LogName::of(installation, Log::from(scope)),
        seq,
        leaf,
        account,
        asked_by,
        asked_at,
        ended_at,
        erased: report.erased,
        naming_policies: count(report.policies.len()),
        naming_expectations: count(report.expectations.len()),
    })
}

/// The event with which an erasure ended: the newest of its own, of the same time.
fn event_of_end(
    view: &mut dyn View,
    scope: &TenantScope,
    account: AccountId,
    ended_at: Timestamp,
) -> Result<Option<(u64, NodeHash)>, StoreError> {
    let filter = EventFilter {
        action: Some(Action::UserDeleted),
        any_object: Some(vec![Object::new(ObjectKind::Member, account)]),
        ..EventFilter::default()
    };
    let mut after: Option<Cursor<_>> = None;
    loop {
        let page = PageRequest { limit: PageLimit::LARGEST, after };
        let found = view.events(scope, &filter, page)?.events;
        let is_end = |recorded: &&RecordedEvent| {
            recorded.event.time == ended_at && recorded.event.actor == Actor::System
        };
        if let Some(end) = found.items.iter().find(is_end) {
            return Ok(Some((end.seq, end.leaf())));
        }
        after = found.next;
        if after.is_none() {
            return Ok(None);
        }
    }
}
