//! The errors of a fake hub.

/// An error of a fake hub or its handle.
#[derive(Debug, thiserror::Error)]
pub enum FakeHubError {
    /// OpenSSL failed.
    #[error("OpenSSL: {0}")]
    OpenSsl(#[from] openssl::error::ErrorStack),
    /// The port cannot be bound or served.
    #[error("the fake hub's port: {0}")]
    Io(#[from] std::io::Error),
    /// The address is not a loopback address.
    #[error(
        "the fake hub is no server for others: it keeps passwords as they are, and whoever reaches it is anybody. Let it \
         listen on 127.0.0.1 or ::1, not on {0}"
    )]
    NotLoopback(std::net::IpAddr),
    /// There is no such user.
    #[error("the fake hub has no user {0:?}")]
    NoUser(String),
    /// The hub refused a request of its handle.
    #[error("the fake hub answered {status}: {body}")]
    Refused {
        /// The status.
        status: u16,
        /// The body.
        body: String,
    },
    /// A value cannot be serialized as JSON.
    #[error("JSON: {0}")]
    Json(#[from] serde_json::Error),
}
