//! Settings that are one of a few words.

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For a person at a terminal.
    Pretty,
    /// One JSON object a line.
    Json,
}

impl LogFormat {
    pub(crate) fn read(text: &str) -> Option<Self> {
        match text {
            "pretty" => Some(Self::Pretty),
            "json" => Some(Self::Json),
            _ => None,
        }
    }

    pub(super) fn show(self) -> String {
        match self {
            Self::Pretty => "pretty".to_owned(),
            Self::Json => "json".to_owned(),
        }
    }
}

/// Whether anybody may found a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registration {
    /// Only the very first account, by the setup token.
    Closed,
    /// Anybody.
    Open,
}

impl Registration {
    pub(super) fn read(text: &str) -> Option<Self> {
        match text {
            "closed" => Some(Self::Closed),
            "open" => Some(Self::Open),
            _ => None,
        }
    }

    pub(super) fn show(self) -> String {
        match self {
            Self::Closed => "closed".to_owned(),
            Self::Open => "open".to_owned(),
        }
    }
}
