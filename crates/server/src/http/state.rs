//! What every request may use.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use actix_web::web::Bytes;
use ipnet::IpNet;
use syft_space_domain::Space;
use syft_space_domain::secret::TokenHash;
use syft_space_domain::tenant::RegistrationGate;

use crate::http::anonymous_failures::AnonymousFailures;
use crate::http::openapi;
use crate::setup_token::SetupTokenFile;

/// Bounds on what a request may bring.
#[derive(Debug, Clone, Copy)]
pub struct RequestLimits {
    /// The most bytes of a JSON body.
    pub body_bytes: usize,
    /// The most bytes of a body that brings documents.
    pub documents_body_bytes: usize,
    /// The most bytes of a body that brings files.
    pub upload_bytes: u64,
    /// How long a body may take to arrive.
    pub body_timeout: Duration,
}

/// What every request may use.
pub struct State {
    /// Every port.
    pub space: Space,
    /// Bounds on what a request may bring.
    pub limits: RequestLimits,
    /// Proxies whose word on the client's address is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether anybody may found a tenant.
    pub registration_open: bool,
    /// Where others reach this space, where the operator has said.
    pub public_url: Option<String>,
    /// The setup token, while there is no account.
    pub setup_token: Option<SetupTokenFile>,
    /// Failures by nobody known, merged.
    pub anonymous_failures: Arc<AnonymousFailures>,
    /// Whether requests are served; false while shutting down.
    pub ready: AtomicBool,
    /// Whether there is a page to browse the API with.
    pub docs_enabled: bool,
    /// What the API looks like to a machine, made when it is first asked for.
    pub description: OnceLock<Bytes>,
}

impl State {
    /// Who may register now.
    #[must_use]
    pub fn registration_gate(&self) -> RegistrationGate {
        let setup_token: Option<TokenHash> = self.setup_token.as_ref().map(SetupTokenFile::hash);
        RegistrationGate { setup_token, open: self.registration_open }
    }

    /// What the API looks like to a machine: OpenAPI 3.1 as JSON.
    pub fn description(&self) -> Bytes {
        self.description.get_or_init(|| openapi::document(&self.limits).to_string().into()).clone()
    }

    /// Whether requests are served.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }
}
