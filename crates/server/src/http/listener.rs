//! The listener a request came through: the network's, or the control socket that the host's operator alone can open.

use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::header::{AUTHORIZATION, HeaderName};
use syft_space_domain::identity::{Principal, operate};
use syft_space_domain::tenant::{OperatorScope, TenantName};

use crate::http::problem::Problem;
use crate::http::reason::Reason;
use crate::http::state::State;

/// The header by which the operator says which tenant is meant. It means something on their own listener alone.
pub const OPERATOR_TENANT: HeaderName = HeaderName::from_static("operator-tenant");

/// The listener a request came through. It is a part of the app that is served there, and no request can say it.
#[derive(Clone)]
pub enum Listener {
    /// The network's: a caller is who their token says.
    Network,
    /// The control socket in the home: a caller without a token is the host's operator. Only this listener holds their scope.
    Control(Arc<OperatorScope>),
}

/// The user id of the process at the other end of a control socket, as the system tells it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PeerUid(pub(crate) u32);

/// Lets the operator in, as a principal of the tenant that the request names.
///
/// # Errors
/// When it does not say which tenant it means.
pub(crate) async fn enter_tenant(
    state: &State,
    operator: &OperatorScope,
    http: &HttpRequest,
) -> Result<Principal, Problem> {
    Ok(operate(&state.space, operator, named_tenant(http)?.as_ref()).await?)
}

/// The tenant that the operator names, if they do.
///
/// # Errors
/// When it is no name: then there is no such tenant.
pub(crate) fn named_tenant(http: &HttpRequest) -> Result<Option<TenantName>, Problem> {
    let named = http.headers().get(OPERATOR_TENANT).map(|value| {
        let name = value.to_str().ok().and_then(|text| TenantName::parse(text).ok());
        name.ok_or_else(|| Problem::new(Reason::NotFound, "there is no tenant of that name"))
    });
    named.transpose()
}

/// Whether a request over the control socket is the operator's. One that brings a token is the token's, as on the network:
/// its account's rights are all that it has.
///
/// # Errors
/// When the peer is neither the server's own user nor root, the request says both whose it is, or the tenant twice.
pub(crate) fn is_operators(http: &HttpRequest) -> Result<bool, Problem> {
    let ours = rustix::process::geteuid();
    let fits = |peer: &PeerUid| peer.0 == ours.as_raw() || peer.0 == 0;
    // What the system does not tell is not believed.
    if !http.conn_data::<PeerUid>().is_some_and(fits) {
        let detail = "the control socket is for the user who runs the server, and for root";
        return Err(Problem::new(Reason::Forbidden, detail));
    }
    let brings_token = http.headers().contains_key(AUTHORIZATION);
    if brings_token && http.headers().contains_key(OPERATOR_TENANT) {
        let detail = "a token names its tenant itself: send no operator-tenant beside Authorization";
        return Err(Problem::new(Reason::Ambiguous, detail));
    }
    if http.headers().get_all(OPERATOR_TENANT).nth(1).is_some() {
        return Err(Problem::new(Reason::Ambiguous, "the header operator-tenant stands twice"));
    }
    Ok(!brings_token)
}
