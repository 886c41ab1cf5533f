//! The caller of a request: a principal that its route permits, when the request begins and again behind its body.

use syft_space_domain::PortError;
use syft_space_domain::access::{Permission, PrincipalKind};
use syft_space_domain::audit::{Action, ObjectKind, ReasonCode, RequestContext};
use syft_space_domain::identity::{AuthenticateError, AuthorizationError, Principal};

use crate::http::problem::Problem;
use crate::http::reason::Reason;
use crate::http::state::State;

/// Who sent a request, and what its route asks of them.
#[derive(Clone)]
pub struct Caller {
    principal: Principal,
    permissions: &'static [Permission],
    route: RouteName,
}

/// The method and path of a route, as they stand in the table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RouteName {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
}

impl Caller {
    /// Checks that a principal holds one of the permissions that a route asks for.
    ///
    /// # Errors
    /// When it holds none. That is in the tenant's log before the caller learns of it.
    pub(crate) async fn check(
        state: &State,
        context: &RequestContext,
        principal: Principal,
        permissions: &'static [Permission],
        route: RouteName,
    ) -> Result<Self, Problem> {
        if permissions.iter().any(|permission| principal.may(*permission)) {
            return Ok(Self { principal, permissions, route });
        }
        // Of several the last asks for the least: it is what an API key would need.
        match permissions.iter().filter_map(|permission| principal.scope(*permission).err()).next_back() {
            Some(error) => Err(refuse(state, context, &principal, error, route).await),
            None => Err(Problem::new(Reason::Forbidden, "your role does not permit this")),
        }
    }

    /// The principal, as it was when it was last asked for.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// The principal, for a use case that owns it.
    pub(crate) fn into_principal(self) -> Principal {
        self.principal
    }

    /// The caller as of now. Time has gone by: what a new request with the same token would be refused for, this one is. Who
    /// sent it has been proved, so that is in the tenant's log before the caller learns of it.
    ///
    /// # Errors
    /// The answer that such a request would get.
    pub(crate) async fn renew(self, state: &State, context: &RequestContext) -> Result<Self, Problem> {
        let Self { principal, permissions, route } = self;
        let renewed = refuse_unless_current(state, context, principal, route).await;
        let principal =
            renewed.map_err(
                |problem| {
                    if is_for_hub_users(permissions) { problem.for_hub_users() } else { problem }
                },
            )?;
        Self::check(state, context, principal, permissions, route).await
    }
}

/// A principal who has proved who they are, as of now. That they may not come in, or not any more, is in their tenant's log
/// before they learn of it.
///
/// # Errors
/// When they may not.
pub(crate) async fn refuse_unless_current(
    state: &State,
    context: &RequestContext,
    principal: Principal,
    route: RouteName,
) -> Result<Principal, Problem> {
    match principal.renew(&*state.space.snapshots, state.space.clock.now()) {
        Ok(principal) => Ok(principal),
        Err(AuthenticateError::Live(error)) => Err(PortError::from(error).into()),
        Err(error) => Err(refuse(state, context, &principal, error.into(), route).await),
    }
}

/// Whether users of a marketplace, who have no account here, may come to a route.
pub(crate) fn is_for_hub_users(permissions: &[Permission]) -> bool {
    permissions.iter().any(|permission| PrincipalKind::HubUser.may(*permission))
}

/// The answer to a genuine token whose bearer may not come in.
pub(crate) fn unauthenticated(state: &State, context: &RequestContext, error: AuthenticateError) -> Problem {
    match error {
        AuthenticateError::Live(error) => PortError::from(error).into(),
        error => {
            let address = context.origin.address;
            state.merged_refusals.count(address, Action::AuthnTokenFail, error.reason_code());
            AuthorizationError::from(error).into()
        }
    }
}

/// The answer to a token that is not valid. The caller learns no more than [`Problem::token_invalid`] says; the failure is
/// counted.
pub(crate) fn refused(state: &State, context: &RequestContext, reason_code: ReasonCode) -> Problem {
    let problem = Problem::token_invalid(&reason_code);
    state.merged_refusals.count(context.origin.address, Action::AuthnTokenFail, reason_code);
    problem
}

/// Records that somebody who has proved who they are is refused, in their tenant's log, before they are answered.
async fn refuse(
    state: &State,
    context: &RequestContext,
    principal: &Principal,
    error: AuthorizationError,
    RouteName { method, path }: RouteName,
) -> Problem {
    let recorded = async {
        let event =
            principal.refused(context, &error)?.on(ObjectKind::Route, format_args!("{method} {path}"));
        state.space.store.record(event).await?;
        Ok::<(), Problem>(())
    };
    match recorded.await {
        Ok(()) => error.into(),
        Err(problem) => problem,
    }
}
