//! The settings: each with its key, its allowed values and its default.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use syft_space_domain::detection::DetectionTerms;
use syft_space_domain::environment::Environment;
use syft_space_domain::identity::SessionLife;
use syft_space_domain::policy::Limit;
use syft_space_domain::tenant::TenantEnd;
use syft_space_jwt::SigningAlgorithm;
use syft_space_outbound::AllowList;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use crate::config::audit_sinks::{self, AuditSink};
use crate::config::detections;
use crate::config::mail::MailSettings;
use crate::config::provisioning::{self, ProvisioningSettings};
use crate::config::urls;
use crate::config::values::{
    DAY_SECONDS, joined, list, networks, rate, seconds, session_seconds, set, shown_path, within,
};
use crate::config::words::{LogFormat, Registration};

/// How a space is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where the server listens.
    pub listen: SocketAddr,
    /// How the log is written.
    pub log_format: LogFormat,
    /// What the log holds, such as `info` or `syft_space=debug`.
    pub log: String,
    /// Whether anybody may found a tenant.
    pub registration: Registration,
    /// The proxies in front of the server, which end TLS and whose word on the client's address is believed.
    pub behind_proxy: Vec<IpNet>,
    /// Threads that serve requests.
    pub workers: usize,
    /// The most connections at once.
    pub max_connections: usize,
    /// The most connections at once of one peer that is no trusted proxy; an IPv6 peer is its /64.
    pub max_connections_per_peer: usize,
    /// How many requests one client's address may make in a time, an IPv6 one with its /64; `None` bounds nobody.
    pub client_rate: Option<Limit>,
    /// Addresses that many share: they have no such bound.
    pub shared_sources: Vec<IpNet>,
    /// How long a request's head may take to arrive.
    pub head_timeout: Duration,
    /// How long a request's body may take to arrive.
    pub body_timeout: Duration,
    /// How long a peer may take no byte of an answer.
    pub write_timeout: Duration,
    /// The most bytes of a JSON body.
    pub max_body_bytes: usize,
    /// The most bytes of a body that brings documents.
    pub max_documents_body_bytes: usize,
    /// The most bytes that the bodies of all requests take in memory at once.
    pub max_bodies_bytes: usize,
    /// The most bytes of a body that brings files.
    pub max_upload_bytes: u64,
    /// The bytes on the disk that are kept for the operator and for what removes; 0 keeps none.
    pub min_free_bytes: u64,
    /// How long the requests under way may take to end when the server is told to stop.
    pub shutdown_timeout: Duration,
    /// How long an access token lives.
    pub access_token_lifetime: Duration,
    /// How long a session lives that is not used, and how long at most.
    pub session_life: SessionLife,
    /// The algorithm of new keys of access tokens; a key of another one is replaced at the start.
    pub access_token_algorithm: SigningAlgorithm,
    /// The age at which the key of access tokens is replaced.
    pub access_token_key_max_age: Duration,
    /// How long a tenant that is to end can be kept.
    pub tenant_end_grace: Duration,
    /// The mark of this installation's keys; those of another mark are not used.
    pub environment: Environment,
    /// Whether there is a page to browse the API with.
    pub docs_enabled: bool,
    /// The private targets, and those of plain HTTP, that calls of the space itself may reach.
    pub outbound_allow: Vec<String>,
    /// A PEM file with the certificates of an authority of one's own, which calls of the space believe besides the
    /// system's.
    pub outbound_ca_file: Option<PathBuf>,
    /// Where whoever finds a weakness writes to: `security.txt` tells.
    pub security_contact: Vec<String>,
    /// Where others reach this space: hubs are told.
    pub public_url: Option<String>,
    /// How often checkpoints of the audit logs are signed.
    pub audit_checkpoint_interval: Duration,
    /// From when on something is detected in the logs; `None` detects nothing.
    pub detections: Option<DetectionTerms>,
    /// Where signed checkpoints are kept as well: one file for each log, which only grows.
    pub audit_checkpoint_folder: Option<PathBuf>,
    /// Where the audit logs go besides.
    pub audit_sinks: Vec<AuditSink>,
    /// How mail is sent.
    pub mail: MailSettings,
    /// How vector databases are made.
    pub provisioning: ProvisioningSettings,
    /// How long what a hub says of its users is used without asking it again.
    pub hub_identity: Duration,
    /// How long it is used while the hub cannot be asked.
    pub hub_identity_stale: Duration,
}

/// One setting: the key in `config.toml`; in capitals behind `SYFT_SPACE_` it is the environment's variable.
pub struct Setting {
    /// The key in `config.toml`.
    pub key: &'static str,
    /// What it may be, for a person.
    pub allowed: &'static str,
    /// Reads a text into it; lists are separated by commas. `None` when the text is not allowed.
    pub apply: fn(&mut Settings, &str) -> Option<()>,
    /// Writes it as it could be read; nothing where nobody says.
    pub show: fn(&Settings) -> String,
}

/// Every setting there is, but for the home itself.
pub static SETTINGS: &[Setting] = &[
    Setting {
        key: "listen",
        allowed: "an address and port such as 127.0.0.1:8080; port 0 takes a free one",
        apply: |settings, text| set(&mut settings.listen, text.parse().ok()),
        show: |settings| settings.listen.to_string(),
    },
    Setting {
        key: "log_format",
        allowed: "pretty or json",
        apply: |settings, text| set(&mut settings.log_format, LogFormat::read(text)),
        show: |settings| settings.log_format.show(),
    },
    Setting {
        key: "log",
        allowed: "a level (error, warn, info, debug, trace), or a list such as info,syft_space=debug",
        apply: |settings, text| {
            // The filter takes any word for a module's name: a level with a typo would log nothing at all.
            let is_told = |entry: &str| entry.contains('=') || entry.parse::<LevelFilter>().is_ok();
            let fits = list(text).all(is_told) && EnvFilter::try_new(text).is_ok();
            set(&mut settings.log, fits.then(|| text.to_owned()))
        },
        show: |settings| settings.log.clone(),
    },
    Setting {
        key: "registration",
        allowed: "closed, or open to let anybody found a tenant",
        apply: |settings, text| set(&mut settings.registration, Registration::read(text)),
        show: |settings| settings.registration.show(),
    },
    Setting {
        key: "behind_proxy",
        allowed: "the networks of the reverse proxies that end TLS, such as 10.0.0.0/8, separated by commas, and never everybody",
        // Where everybody is a proxy, everybody says where they come from.
        apply: |settings, text| set(&mut settings.behind_proxy, networks(text)),
        show: |settings| joined(&settings.behind_proxy),
    },
    Setting {
        key: "workers",
        allowed: "a number of threads from 1 to 256",
        apply: |settings, text| set(&mut settings.workers, within(text, 1, 256)),
        show: |settings| settings.workers.to_string(),
    },
    Setting {
        key: "max_connections",
        allowed: "a number from 1 to 1000000",
        apply: |settings, text| set(&mut settings.max_connections, within(text, 1, 1_000_000)),
        show: |settings| settings.max_connections.to_string(),
    },
    Setting {
        key: "max_connections_per_peer",
        allowed: "a number from 1 to 1000000",
        apply: |settings, text| set(&mut settings.max_connections_per_peer, within(text, 1, 1_000_000)),
        show: |settings| settings.max_connections_per_peer.to_string(),
    },
    Setting {
        key: "client_rate",
        allowed: "how many requests one client's address may make in a time, such as 6000/m, or none to bound nobody",
        apply: |settings, text| {
            settings.client_rate = if text == "none" { None } else { Some(rate(text)?) };
            Some(())
        },
        show: |settings| {
            let rate = settings.client_rate;
            rate.map_or("none".to_owned(), |limit| format!("{}/{}", limit.number, limit.period.as_str()))
        },
    },
    Setting {
        key: "shared_sources",
        allowed: "networks or addresses that many clients share, such as 192.0.2.7, separated by commas, and never everybody; or none",
        apply: |settings, text| {
            let networks = if text == "none" { Some(Vec::new()) } else { networks(text) };
            set(&mut settings.shared_sources, networks)
        },
        show: |settings| match settings.shared_sources.as_slice() {
            [] => "none".to_owned(),
            shared => joined(shared),
        },
    },
    Setting {
        key: "head_timeout_seconds",
        allowed: "a number of seconds from 1 to 600",
        apply: |settings, text| set(&mut settings.head_timeout, seconds(text, 600)),
        show: |settings| settings.head_timeout.as_secs().to_string(),
    },
    Setting {
        key: "body_timeout_seconds",
        allowed: "a number of seconds from 1 to 3600",
        apply: |settings, text| set(&mut settings.body_timeout, seconds(text, 3_600)),
        show: |settings| settings.body_timeout.as_secs().to_string(),
    },
    Setting {
        key: "write_timeout_seconds",
        allowed: "a number of seconds from 1 to 600",
        apply: |settings, text| set(&mut settings.write_timeout, seconds(text, 600)),
        show: |settings| settings.write_timeout.as_secs().to_string(),
    },
    Setting {
        key: "max_body_bytes",
        allowed: "a number of bytes from 1024 to 1073741824",
        apply: |settings, text| set(&mut settings.max_body_bytes, within(text, 1_024, 1 << 30)),
        show: |settings| settings.max_body_bytes.to_string(),
    },
    Setting {
        key: "max_documents_body_bytes",
        allowed: "a number of bytes from 1024 to 1073741824",
        apply: |settings, text| set(&mut settings.max_documents_body_bytes, within(text, 1_024, 1 << 30)),
        show: |settings| settings.max_documents_body_bytes.to_string(),
    },
    Setting {
        key: "max_bodies_bytes",
        allowed: "a number of bytes from 1024 to 1099511627776",
        apply: |settings, text| set(&mut settings.max_bodies_bytes, within(text, 1_024, 1 << 40)),
        show: |settings| settings.max_bodies_bytes.to_string(),
    },
    Setting {
        key: "max_upload_bytes",
        allowed: "a number of bytes from 1024 to 1099511627776",
        apply: |settings, text| {
            let number = text.parse().ok().filter(|number| (1_024..=1 << 40).contains(number));
            set(&mut settings.max_upload_bytes, number)
        },
        show: |settings| settings.max_upload_bytes.to_string(),
    },
    Setting {
        key: "min_free_bytes",
        allowed: "a number of bytes up to 1125899906842624; 0 keeps none",
        apply: |settings, text| {
            let number = text.parse().ok().filter(|number| *number <= 1 << 50);
            set(&mut settings.min_free_bytes, number)
        },
        show: |settings| settings.min_free_bytes.to_string(),
    },
    Setting {
        key: "shutdown_timeout_seconds",
        allowed: "a number of seconds from 1 to 600",
        apply: |settings, text| set(&mut settings.shutdown_timeout, seconds(text, 600)),
        show: |settings| settings.shutdown_timeout.as_secs().to_string(),
    },
    Setting {
        key: "access_token_lifetime_seconds",
        allowed: "a number of seconds from 1 to 86400",
        apply: |settings, text| set(&mut settings.access_token_lifetime, seconds(text, 86_400)),
        show: |settings| settings.access_token_lifetime.as_secs().to_string(),
    },
    Setting {
        key: "session_idle_seconds",
        allowed: "a number of seconds from 60 to 31536000",
        apply: |settings, text| set(&mut settings.session_life.idle, session_seconds(text)),
        show: |settings| settings.session_life.idle.as_secs().to_string(),
    },
    Setting {
        key: "session_lifetime_seconds",
        allowed: "a number of seconds from 60 to 31536000",
        apply: |settings, text| set(&mut settings.session_life.absolute, session_seconds(text)),
        show: |settings| settings.session_life.absolute.as_secs().to_string(),
    },
    Setting {
        key: "access_token_algorithm",
        allowed: "HS256, EdDSA or ES256",
        apply: |settings, text| set(&mut settings.access_token_algorithm, text.parse().ok()),
        show: |settings| settings.access_token_algorithm.to_string(),
    },
    Setting {
        key: "access_token_key_max_age_days",
        allowed: "a number of days from 1 to 3650",
        apply: |settings, text| {
            let days = text.parse().ok().filter(|days| (1..=3_650).contains(days));
            let age = days.map(|days: u64| Duration::from_secs(days * DAY_SECONDS));
            set(&mut settings.access_token_key_max_age, age)
        },
        show: |settings| (settings.access_token_key_max_age.as_secs() / DAY_SECONDS).to_string(),
    },
    Setting {
        key: "tenant_end_days",
        allowed: "a number of days from 0 to 365; 0 removes a tenant at once",
        apply: |settings, text| {
            let days = text.parse().ok().filter(|days| TenantEnd::GRACE_DAYS.contains(days));
            set(&mut settings.tenant_end_grace, days.map(|days: u64| Duration::from_secs(days * DAY_SECONDS)))
        },
        show: |settings| (settings.tenant_end_grace.as_secs() / DAY_SECONDS).to_string(),
    },
    Setting {
        key: "environment",
        allowed: "1 to 64 of a-z, 0-9, - and _, such as production or staging",
        apply: |settings, text| set(&mut settings.environment, text.parse().ok()),
        show: |settings| settings.environment.to_string(),
    },
    Setting {
        key: "docs_enabled",
        allowed: "true, or false to do without the page to browse the API with",
        apply: |settings, text| set(&mut settings.docs_enabled, text.parse().ok()),
        show: |settings| settings.docs_enabled.to_string(),
    },
    Setting {
        key: "outbound_allow",
        allowed: "hosts, host:port, addresses or networks such as 10.0.0.0/8, separated by commas",
        apply: |settings, text| {
            let entries: Vec<String> = list(text).map(str::to_owned).collect();
            set(&mut settings.outbound_allow, AllowList::parse(&entries.join(",")).ok().map(|_| entries))
        },
        show: |settings| joined(&settings.outbound_allow),
    },
    Setting {
        key: "outbound_ca_file",
        allowed: "the whole path of a PEM file",
        apply: |settings, text| {
            let path = PathBuf::from(text);
            set(&mut settings.outbound_ca_file, path.is_absolute().then_some(Some(path)))
        },
        show: |settings| shown_path(settings.outbound_ca_file.as_deref()),
    },
    Setting {
        key: "audit_checkpoint_minutes",
        allowed: "a number of minutes from 1 to 1440",
        apply: |settings, text| {
            let minutes = text.parse().ok().filter(|minutes| (1..=1_440).contains(minutes));
            let interval = minutes.map(|minutes: u64| Duration::from_secs(minutes * 60));
            set(&mut settings.audit_checkpoint_interval, interval)
        },
        show: |settings| (settings.audit_checkpoint_interval.as_secs() / 60).to_string(),
    },
    Setting {
        key: "audit_checkpoint_folder",
        allowed: "the whole path of a folder",
        apply: |settings, text| {
            let path = PathBuf::from(text);
            set(&mut settings.audit_checkpoint_folder, path.is_absolute().then_some(Some(path)))
        },
        show: |settings| shown_path(settings.audit_checkpoint_folder.as_deref()),
    },
    Setting {
        key: "audit_detections",
        allowed: detections::ALLOWED,
        apply: |settings, text| detections::apply(&mut settings.detections, text),
        show: |settings| detections::show(settings.detections.as_ref()),
    },
    Setting {
        key: "audit_sinks",
        allowed: audit_sinks::ALLOWED,
        apply: |settings, text| audit_sinks::apply(&mut settings.audit_sinks, text),
        show: |settings| audit_sinks::show(&settings.audit_sinks),
    },
    Setting {
        key: "security_contact",
        allowed: "up to 10 mailto:, https: or tel: URIs of up to 2000 characters, without a password, separated by commas",
        apply: |settings, text| {
            let contacts: Vec<String> = list(text).map(str::to_owned).collect();
            set(&mut settings.security_contact, urls::are_contacts(&contacts).then_some(contacts))
        },
        show: |settings| joined(&settings.security_contact),
    },
    Setting {
        key: "public_url",
        allowed: "an http or https URL without a path, query or fragment, such as https://space.example.org",
        apply: |settings, text| {
            set(&mut settings.public_url, urls::is_origin(text).then(|| Some(text.to_owned())))
        },
        show: |settings| settings.public_url.clone().unwrap_or_default(),
    },
    Setting {
        key: "hub_identity_seconds",
        allowed: "a number of seconds from 1 to 86400",
        apply: |settings, text| set(&mut settings.hub_identity, seconds(text, 86_400)),
        show: |settings| settings.hub_identity.as_secs().to_string(),
    },
    Setting {
        key: "hub_identity_stale_seconds",
        allowed: "a number of seconds from 1 to 604800",
        apply: |settings, text| set(&mut settings.hub_identity_stale, seconds(text, 604_800)),
        show: |settings| settings.hub_identity_stale.as_secs().to_string(),
    },
    Setting {
        key: "smtp_server",
        allowed: "the mail server and its port, such as mail.example.org:587",
        apply: |settings, text| settings.mail.set_server(text),
        show: |settings| settings.mail.show_server(),
    },
    Setting {
        key: "smtp_tls",
        allowed: "starttls, implicit, or none for a server on loopback",
        apply: |settings, text| settings.mail.set_tls(text),
        show: |settings| settings.mail.show_tls(),
    },
    Setting {
        key: "smtp_user",
        allowed: "the name with which the space logs in to the mail server",
        apply: |settings, text| settings.mail.set_user(text),
        show: |settings| settings.mail.user.clone().unwrap_or_default(),
    },
    Setting {
        key: "smtp_password_file",
        allowed: "the whole path of a file with the password of smtp_user",
        apply: |settings, text| settings.mail.set_password_file(text),
        show: |settings| {
            settings.mail.password_file.as_ref().map_or_else(String::new, |path| path.display().to_string())
        },
    },
    Setting {
        key: "mail_from",
        allowed: "the address that mail is from, such as Space <space@example.org>",
        apply: |settings, text| settings.mail.set_from(text),
        show: |settings| settings.mail.from.clone().unwrap_or_default(),
    },
    Setting {
        key: "provisioning",
        allowed: provisioning::ENGINE,
        apply: |settings, text| settings.provisioning.set_engine(text),
        show: |settings| settings.provisioning.show_engine(),
    },
    Setting {
        key: "provisioning_tls",
        allowed: provisioning::TLS,
        apply: |settings, text| settings.provisioning.set_tls(text),
        show: |settings| settings.provisioning.show_tls(),
    },
    Setting {
        key: "provisioning_images",
        allowed: provisioning::IMAGES,
        apply: |settings, text| settings.provisioning.set_images(text),
        show: |settings| settings.provisioning.show_images(),
    },
    Setting {
        key: "provisioning_pool",
        allowed: provisioning::POOL,
        apply: |settings, text| settings.provisioning.set_pool(text),
        show: |settings| settings.provisioning.pool.to_string(),
    },
    Setting {
        key: "provisioning_reach",
        allowed: provisioning::REACH,
        apply: |settings, text| settings.provisioning.set_reach(text),
        show: |settings| settings.provisioning.show_reach(),
    },
    Setting {
        key: "provisioning_limits",
        allowed: provisioning::LIMITS,
        apply: |settings, text| settings.provisioning.set_limits(text),
        show: |settings| settings.provisioning.limits.to_string(),
    },
];

#[cfg(test)]
mod tests;
