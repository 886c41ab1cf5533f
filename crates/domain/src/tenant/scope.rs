//! Whose data may be touched, and whose rows written: values that prove it.

use std::marker::PhantomData;
use std::ops::Deref;

use crate::access::{PrincipalKind, Role, may_grant};
use crate::ids::TenantId;

/// The right to touch one tenant's data. Only authentication and the founding of a tenant make one.
///
/// ```compile_fail
/// use syft_space_domain::{ids::TenantId, tenant::TenantScope};
/// let scope = TenantScope { tenant: TenantId::from_bytes([0; 16]) };
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TenantScope {
    tenant: TenantId,
}

impl TenantScope {
    pub(crate) fn of(tenant: TenantId) -> Self {
        Self { tenant }
    }

    /// Makes a scope on the caller's own word, for embedders that have authenticated by other means, and for
    /// adapters' tests. The reason is for whoever reads the call.
    #[must_use]
    pub fn assume(tenant: TenantId, reason: &'static str) -> Self {
        debug_assert!(!reason.is_empty(), "an assumed scope names its reason");
        Self { tenant }
    }

    /// Whose data it is.
    #[must_use]
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }
}

/// The right to write one tenant's rows in one unit of work.
///
/// For a principal [`authority`](trait.Tx.html#method.authority) makes it, of the unit's own rows: somebody who was
/// removed, disabled or demoted since their request began gets none. It cannot leave the unit, nor come into it: it is not
/// [`Send`].
///
/// ```compile_fail
/// use syft_space_domain::tenant::WriteScope;
/// fn leaves_its_unit<T: Send>() {}
/// leaves_its_unit::<WriteScope>();
/// ```
#[derive(Debug)]
pub struct WriteScope {
    scope: TenantScope,
    /// As what a principal writes; `None` where the space itself does.
    kind: Option<PrincipalKind>,
    bound_to_the_unit: PhantomData<*const ()>,
}

impl WriteScope {
    fn new(scope: TenantScope, kind: Option<PrincipalKind>) -> Self {
        Self { scope, kind, bound_to_the_unit: PhantomData }
    }

    /// For a principal whose permission has just been found in this unit's rows.
    pub(crate) fn of_principal(scope: TenantScope, kind: PrincipalKind) -> Self {
        Self::new(scope, Some(kind))
    }

    /// For what the space does by itself, on nobody's behalf: founding a tenant, letting in who holds an invitation, ending
    /// jobs and removals, noting what hubs were told.
    pub(crate) fn of_system(scope: &TenantScope) -> Self {
        Self::new(*scope, None)
    }

    /// Makes one on the caller's own word, as [`TenantScope::assume`] does. The reason is for whoever reads the call.
    #[must_use]
    pub fn assume(scope: &TenantScope, reason: &'static str) -> Self {
        debug_assert!(!reason.is_empty(), "an assumed scope names its reason");
        Self::new(*scope, None)
    }

    /// Whether the writer may make, change or remove a member of this role.
    #[must_use]
    pub fn may_grant(&self, role: Role) -> bool {
        matches!(self.kind, Some(PrincipalKind::Member(giver)) if may_grant(giver, role))
    }

    /// Whether the writer may have the password of a member of this role reset.
    #[must_use]
    pub fn may_reset(&self, role: Role) -> bool {
        // The operator lets back in whoever it is: a tenant's only owner has nobody else to ask.
        self.kind == Some(PrincipalKind::Operator) || self.may_grant(role)
    }
}

impl Deref for WriteScope {
    type Target = TenantScope;

    fn deref(&self) -> &TenantScope {
        &self.scope
    }
}

/// The right of whoever runs the binary on the host: the installation's own log, and work over all tenants at
/// start-up. It gives no way into one tenant's data but [`OperatorScope::tenant`].
#[derive(Debug, Clone)]
pub struct OperatorScope(());

impl OperatorScope {
    /// Made once, by the start-up of the binary (or by an embedder in its place).
    #[must_use]
    pub fn at_startup() -> Self {
        Self(())
    }

    /// The scope of one tenant, to repair or remove what was left half done.
    #[must_use]
    pub fn tenant(&self, tenant: TenantId) -> TenantScope {
        TenantScope { tenant }
    }
}
