//! Why a fake hub cannot do what a test asks of it.

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum FakeHubError {
    /// OpenSSL refused.
    #[error("OpenSSL: {0}")]
    OpenSsl(#[from] openssl::error::ErrorStack),
    /// The port cannot be had.
    #[error("the fake hub's port: {0}")]
    Io(#[from] std::io::Error),
    /// It would listen where others than this machine can reach it.
    #[error(
        "the fake hub is no server for others: it keeps passwords as they are, and whoever reaches it is anybody. Let it \
         listen on 127.0.0.1 or ::1, not on {0}"
    )]
    NotLoopback(std::net::IpAddr),
    /// There is no such user.
    #[error("the fake hub has no user {0:?}")]
    NoUser(String),
    /// A request that a handle makes for a test was refused.
    #[error("the fake hub answered {status}: {body}")]
    Refused {
        /// The status.
        status: u16,
        /// What it said.
        body: String,
    },
    /// What should be JSON cannot be written as such.
    #[error("JSON: {0}")]
    Json(#[from] serde_json::Error),
}
