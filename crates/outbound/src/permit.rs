//! May this target be called, now that its addresses are known?

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use crate::address::Reach;
use crate::allow::{AllowList, SETTING};

/// Whom a connection is for: what stands before the path of a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// Without brackets, and without the dot that may end a name.
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) plain: bool,
}

/// A target that may not be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAllowed {
    target: String,
    why: Why,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Why {
    Private(&'static str),
    Metadata(IpAddr),
    Nowhere(&'static str),
    Localhost,
    Plain,
}

impl NotAllowed {
    /// The entry of the setting that would allow the target; `None` when there is none that would.
    #[must_use]
    pub fn entry(&self) -> Option<String> {
        match &self.why {
            Why::Private(_) | Why::Localhost | Why::Plain => Some(self.target.clone()),
            Why::Metadata(address) => Some(address.to_string()),
            Why::Nowhere(_) => None,
        }
    }
}

impl fmt::Display for NotAllowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} may not be called: ", self.target)?;
        match &self.why {
            Why::Private(kind) => write!(f, "it is at {kind}")?,
            Why::Metadata(address) => {
                write!(f, "{address} is link-local, or one where a cloud hands out credentials")?;
            }
            Why::Nowhere(kind) => write!(f, "it is at {kind}, and no setting allows that")?,
            Why::Localhost => write!(f, "its name means this machine")?,
            Why::Plain => write!(f, "plain HTTP can be read and changed on its way; use https")?,
        }
        match self.entry() {
            Some(entry) => write!(f, ". The operator allows it with {SETTING}={entry}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for NotAllowed {}

impl Target {
    fn is_address(&self) -> bool {
        self.host.parse::<IpAddr>().is_ok()
    }

    fn is_localhost(&self) -> bool {
        // RFC 6761, section 6.3: the name and all below it.
        self.host == "localhost" || self.host.ends_with(".localhost")
    }

    /// Whether a connection to each of these addresses is allowed. One that is not forbids the target whole: a name
    /// of a public and a private address is an attempt at both.
    pub(crate) fn check(&self, addresses: &[SocketAddr], allow: &AllowList) -> Result<(), NotAllowed> {
        let refused = |why| Err(NotAllowed { target: self.to_string(), why });
        let host_named = !self.is_address() && allow.names_host(&self.host, self.port);
        for address in addresses.iter().map(SocketAddr::ip) {
            match Reach::of(address) {
                Reach::Public => {}
                Reach::Private(_) if host_named || allow.covers(address, self.port) => {}
                Reach::Metadata if allow.names_address(address, self.port) => {}
                Reach::Private(kind) => return refused(Why::Private(kind)),
                Reach::Metadata => return refused(Why::Metadata(address.to_canonical())),
                Reach::Nowhere(kind) => return refused(Why::Nowhere(kind)),
            }
        }
        let named = host_named || addresses.iter().all(|address| allow.covers(address.ip(), self.port));
        if self.is_localhost() && !named {
            return refused(Why::Localhost);
        }
        if self.plain && !named {
            return refused(Why::Plain);
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

    fn check(url: (&str, u16, bool), addresses: &[&str], allow: &str) -> Result<(), NotAllowed> {
        let (host, port, plain) = url;
        let target = Target { host: host.to_owned(), port, plain };
        let addresses: Vec<SocketAddr> =
            addresses.iter().map(|one| SocketAddr::new(one.parse().unwrap(), port)).collect();
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
            assert!(error.to_string().ends_with(&format!("SYFT_SPACE_OUTBOUND_ALLOW={entry}")), "{error}");
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
