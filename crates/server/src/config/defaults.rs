//! How a space is set up where nobody says otherwise.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use syft_space_domain::detection::DetectionTerms;
use syft_space_domain::environment::Environment;
use syft_space_domain::identity::SessionLife;
use syft_space_domain::tenant::TenantEnd;
use syft_space_jwt::SigningAlgorithm;

use crate::config::mail::MailSettings;
use crate::config::provisioning::ProvisioningSettings;
use crate::config::settings::Settings;
use crate::config::values::{DAY_SECONDS, networks, rate};
use crate::config::words::{LogFormat, Registration};

/// How many requests one client's address may make unless the operator says otherwise: a hundred a second in the long run.
const DEFAULT_CLIENT_RATE: &str = "6000/m";

impl Default for Settings {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080),
            log_format: LogFormat::Pretty,
            log: "info,actix_server=warn".to_owned(),
            registration: Registration::Closed,
            behind_proxy: Vec::new(),
            workers: cores,
            max_connections: 10_000,
            max_connections_per_peer: 256,
            client_rate: rate(DEFAULT_CLIENT_RATE),
            // From there come a reverse proxy's clients, where nobody says that there is one.
            shared_sources: networks("127.0.0.0/8,::1").unwrap_or_default(),
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
            max_body_bytes: 1024 * 1024,
            max_documents_body_bytes: 32 * 1024 * 1024,
            max_bodies_bytes: 256 * 1024 * 1024,
            max_upload_bytes: 256 * 1024 * 1024,
            min_free_bytes: 256 * 1024 * 1024,
            shutdown_timeout: Duration::from_secs(30),
            access_token_lifetime: Duration::from_secs(15 * 60),
            session_life: SessionLife::default(),
            access_token_algorithm: SigningAlgorithm::Hs256,
            access_token_key_max_age: Duration::from_secs(90 * DAY_SECONDS),
            tenant_end_grace: TenantEnd::DEFAULT_GRACE,
            environment: Environment::production(),
            docs_enabled: true,
            outbound_allow: Vec::new(),
            outbound_ca_file: None,
            security_contact: Vec::new(),
            public_url: None,
            audit_checkpoint_interval: Duration::from_secs(10 * 60),
            detections: Some(DetectionTerms::default()),
            audit_checkpoint_folder: None,
            audit_sinks: Vec::new(),
            mail: MailSettings::default(),
            provisioning: ProvisioningSettings::default(),
            hub_identity: Duration::from_secs(10 * 60),
            hub_identity_stale: Duration::from_secs(60 * 60),
        }
    }
}
