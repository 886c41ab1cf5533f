//! The state that all requests share.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use actix_web::web::Bytes;
use ipnet::IpNet;
use syft_space_domain::Space;
use syft_space_domain::secret::TokenHash;
use syft_space_domain::tenant::RegistrationGate;

use crate::http::audit_sinks::SinkStatus;
use crate::http::audit_tails::AuditTails;
use crate::http::body_budget::BodyBudget;
use crate::http::changed_logs::ChangedLogs;
use crate::http::client_limit::ClientLimit;
use crate::http::disk_reserve::DiskReserve;
use crate::http::exports_under_way::ExportsUnderWay;
use crate::http::in_flight::InFlight;
use crate::http::key_uses::KeyUses;
use crate::http::merged_refusals::MergedRefusals;
use crate::http::metrics::Metrics;
use crate::http::receipts::Receipts;
use crate::http::tenant_bounds::TenantBounds;
use crate::startup::setup_token::SetupTokenFile;

/// Limits on the body of a request.
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

/// The OpenAPI document as JSON, with what makes it. The state does not know how, so that no handler does.
pub type OpenApiDocument = LazyLock<Bytes, Box<dyn FnOnce() -> Bytes + Send>>;

/// The state that all requests share.
pub struct State {
    /// Every port.
    pub space: Space,
    /// Limits on the body of a request.
    pub limits: RequestLimits,
    /// The memory that the bodies of all requests may take at once.
    pub body_budget: Arc<BodyBudget>,
    /// How many requests one client's address may make.
    pub client_limit: ClientLimit,
    /// Proxies whose word on the client's address is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether anybody may found a tenant.
    pub registration_open: bool,
    /// Where others reach this space, where the operator has said.
    pub public_url: Option<String>,
    /// How long a tenant that is to end can be kept.
    pub tenant_end_grace: Duration,
    /// The setup token, while there is no account.
    pub setup_token: Option<SetupTokenFile>,
    /// When API keys were last used.
    pub key_uses: Arc<KeyUses>,
    /// Refusals that are merged.
    pub merged_refusals: Arc<MergedRefusals>,
    /// The events of requests whose answers are to have a receipt.
    pub receipts: Arc<Receipts>,
    /// How much of one tenant's may be under way at once.
    pub tenant_bounds: TenantBounds,
    /// The tails of audit logs that are open.
    pub audit_tails: Arc<AuditTails>,
    /// The exports that are under way.
    pub exports: ExportsUnderWay,
    /// The requests that are under way.
    pub in_flight: InFlight,
    /// The room on the disk that is kept.
    pub disk: Arc<DiskReserve>,
    /// Where whoever finds a weakness writes to; `security.txt` is there where the operator has said.
    pub security_contact: Vec<String>,
    /// Whether requests are served; false while shutting down.
    pub ready: AtomicBool,
    /// Whether files are read behind fewer walls than there should be.
    pub lacks_walls: AtomicBool,
    /// The audit logs that are not what they were.
    pub(crate) changed_logs: ChangedLogs,
    /// Where the audit logs go besides.
    pub audit_sinks: Vec<Arc<SinkStatus>>,
    /// What is counted for whoever watches the server.
    pub metrics: Arc<Metrics>,
    /// Whether there is a page to browse the API with.
    pub docs_enabled: bool,
    /// The OpenAPI document, made when it is first asked for.
    pub openapi: OpenApiDocument,
}

impl State {
    /// What registration demands now.
    #[must_use]
    pub fn registration_gate(&self) -> RegistrationGate {
        let setup_token: Option<TokenHash> = self.setup_token.as_ref().map(SetupTokenFile::hash);
        RegistrationGate { setup_token, open: self.registration_open }
    }

    /// The OpenAPI 3.1 document as JSON.
    #[must_use]
    pub fn openapi(&self) -> Bytes {
        self.openapi.clone()
    }

    /// Whether requests are served.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }
}
