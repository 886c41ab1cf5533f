//! The policy for targets: which may be called, now that their addresses are known.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use crate::address::AddressScope;
use crate::allow_list::{ALLOW_SETTING, AllowList};

/// The target of a connection: host, port, and whether it is plain HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// Without brackets, and without the dot that may end a name.
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) is_plain_http: bool,
}

/// A target that may not be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetNotAllowed {
    target: String,
    reason: RefusalReason,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum RefusalReason {
    Private(&'static str),
    Metadata(IpAddr),
    NotAHost(&'static str),
    Localhost,
    Plain,
}

impl TargetNotAllowed {
    /// The entry of the setting that would allow the target; `None` when there is none that would.
    #[must_use]
    pub fn entry(&self) -> Option<String> {
        match &self.reason {
            RefusalReason::Private(_) | RefusalReason::Localhost | RefusalReason::Plain => {
                Some(self.target.clone())
            }
            RefusalReason::Metadata(address) => Some(address.to_string()),
            RefusalReason::NotAHost(_) => None,
        }
    }
}

impl fmt::Display for TargetNotAllowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} may not be called: ", self.target)?;
        match &self.reason {
            RefusalReason::Private(kind) => write!(f, "it is at {kind}")?,
            RefusalReason::Metadata(address) => {
                write!(f, "{address} is link-local, or one where a cloud hands out credentials")?;
            }
            RefusalReason::NotAHost(kind) => write!(f, "it is at {kind}, and no setting allows that")?,
            RefusalReason::Localhost => write!(f, "its name means this machine")?,
            RefusalReason::Plain => write!(f, "plain HTTP can be read and changed on its way; use https")?,
        }
        match self.entry() {
            Some(entry) => write!(f, ". The operator allows it by adding {entry} to {ALLOW_SETTING}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for TargetNotAllowed {}

impl Target {
    fn is_address(&self) -> bool {
        self.host.parse::<IpAddr>().is_ok()
    }

    fn is_localhost(&self) -> bool {
        // RFC 6761, section 6.3: the name and all below it.
        self.host == "localhost" || self.host.ends_with(".localhost")
    }

    /// Checks that a connection to each of these addresses is allowed. One that is not refuses the whole target: a name
    /// of a public and a private address is an attempt at both.
    pub(crate) fn check(&self, addresses: &[SocketAddr], allow: &AllowList) -> Result<(), TargetNotAllowed> {
        let refused = |reason| Err(TargetNotAllowed { target: self.to_string(), reason });
        let host_named = !self.is_address() && allow.names_host(&self.host, self.port);
        for address in addresses.iter().map(SocketAddr::ip) {
            match AddressScope::of(address) {
                AddressScope::Public => {}
                AddressScope::Private(_) if host_named || allow.covers(address, self.port) => {}
                AddressScope::Metadata if allow.names_address(address, self.port) => {}
                AddressScope::Private(kind) => return refused(RefusalReason::Private(kind)),
                AddressScope::Metadata => return refused(RefusalReason::Metadata(address.to_canonical())),
                AddressScope::NotAHost(kind) => return refused(RefusalReason::NotAHost(kind)),
            }
        }
        let named = host_named || addresses.iter().all(|address| allow.covers(address.ip(), self.port));
        if self.is_localhost() && !named {
            return refused(RefusalReason::Localhost);
        }
        if self.is_plain_http && !named {
            return refused(RefusalReason::Plain);
        }
        Ok(())
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: (&str, u16, bool), addresses: &[&str], allow: &str) -> Result<(), TargetNotAllowed> {
        let (host, port, is_plain_http) = url;
        let target = Target { host: host.to_owned(), port, is_plain_http };
        let addresses: Vec<SocketAddr> =
            addresses.iter().map(|address| SocketAddr::new(address.parse().unwrap(), port)).collect();
        target.check(&addresses, &AllowList::parse(allow).unwrap())
    }

    #[test]
    fn k13_the_entry_that_an_error_names_allows_the_target() {
        for (url, addresses) in [
            (("10.0.0.1", 443, false), &["10.0.0.1"][..]),
            (("hub.internal", 8443, false), &["10.0.0.1", "fd00::1"]),
            (("hub.internal", 80, true), &["10.0.0.1"]),
            (("hub.example.org", 80, true), &["1.1.1.1"]),
            (("localhost", 443, false), &["127.0.0.1", "::1"]),
            (("a.localhost", 443, false), &["1.1.1.1"]),
            (("::1", 8080, true), &["::1"]),
            (("169.254.169.254", 80, true), &["169.254.169.254"]),
            (("100.100.100.200", 443, false), &["100.100.100.200"]),
            (("mixed.example.org", 443, false), &["1.1.1.1", "127.0.0.1"]),
        ] {
            let error = check(url, addresses, "").unwrap_err();
            let entry = error.entry().unwrap();
            assert!(
                error.to_string().ends_with(&format!("adding {entry} to SYFT_SPACE_OUTBOUND_ALLOW")),
                "{error}"
            );
            assert_eq!(check(url, addresses, &entry), Ok(()), "{entry}");
            assert!(check(url, addresses, "else.example.org").is_err());
        }
    }

    #[test]
    fn k13_metadata_is_reached_by_its_very_address_alone() {
        let url = ("metadata.google.internal", 443, false);
        for allow in ["metadata.google.internal", "0.0.0.0/0", "169.254.0.0/16", "169.254.169.253"] {
            let error = check(url, &["169.254.169.254"], allow).unwrap_err();
            assert_eq!(error.entry().as_deref(), Some("169.254.169.254"), "{allow}");
        }
        assert_eq!(check(url, &["169.254.169.254"], "169.254.169.254"), Ok(()));
        assert_eq!(check(url, &["169.254.169.254"], "169.254.169.254/32"), Ok(()));
    }

    #[test]
    fn k13_no_entry_opens_an_address_of_no_host() {
        for address in ["0.0.0.0", "::", "224.0.0.1", "255.255.255.255", "ff02::1", "::ffff:0.0.0.0"] {
            let error = check((address, 443, false), &[address], "0.0.0.0/0,::/0,0.0.0.0").unwrap_err();
            assert_eq!(error.entry(), None);
        }
    }

    #[test]
    fn k13_a_public_target_over_tls_needs_no_entry_and_a_port_is_heeded() {
        assert_eq!(check(("hub.example.org", 443, false), &["1.1.1.1", "2606:4700::1111"], ""), Ok(()));
        assert!(check(("hub.internal", 443, false), &["10.0.0.1"], "hub.internal:8443").is_err());
        assert!(check(("hub.internal", 443, false), &["10.0.0.1"], "10.0.0.1:8443").is_err());
        // An entry for a public address allows plain HTTP to it, and to nothing beside it.
        assert_eq!(check(("hub.example.org", 80, true), &["1.1.1.1"], "1.1.1.1"), Ok(()));
        assert!(check(("hub.example.org", 80, true), &["1.1.1.1", "1.1.1.2"], "1.1.1.1").is_err());
    }
}
