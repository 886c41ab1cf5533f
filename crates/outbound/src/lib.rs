//! The one HTTP client through which a Syft Space calls others.
//!
//! Whoever can make a server call a URL of their choice can make it call what only the server reaches: its own ports,
//! its private network, the place where its cloud hands out credentials. So everything that leaves the space goes
//! through a [`Client`]:
//!
//! * A name is resolved once, **every** address is checked, and the connection goes to one of those that were checked.
//!   A name that answers otherwise the next time gains nothing.
//! * Addresses that are not of the internet are refused, in whatever form they are written or embedded, and plain HTTP
//!   with them, unless the operator's [`AllowList`] names the target. The error names the entry that would allow it.
//! * TLS is verified, by the system's authorities and those of a file. Redirects are not followed; proxies of the
//!   environment are not used; bodies are not compressed.
//! * Size, time and number are bounded. Calls that may be retried are tried again, after delays that grow and scatter.
//! * Headers and bodies are neither logged nor part of errors.
//!
//! hyper was taken rather than reqwest: reqwest's hook sees the names that are resolved, and not the addresses that
//! stand in URLs.
#![forbid(unsafe_code)]

mod address;
mod allow_list;
mod backoff;
mod client;
mod concurrency;
mod connect;
mod error;
mod paced;
mod request;
mod resolver;
mod target_policy;
mod tls;

pub use allow_list::{ALLOW_SETTING, AllowList, AllowListError};
pub use client::{Client, ClientSettings};
pub use error::OutboundError;
pub use request::{Request, Response};
pub use resolver::{Resolver, SystemResolver};
pub use target_policy::TargetNotAllowed;
pub use tls::{SetupError, config as tls_config};

/// Names of headers and methods, and the maps of headers, as the client takes and gives them.
pub use http;
