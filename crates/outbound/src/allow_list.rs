//! The targets that may be called although they are private, or over plain HTTP.

use std::net::IpAddr;

use ipnet::IpNet;
use url::Host;

/// The setting that an [`AllowList`] is read from. Errors name it.
pub const ALLOW_SETTING: &str = "SYFT_SPACE_OUTBOUND_ALLOW";

/// The targets that the operator allows although they are private or speak plain HTTP.
///
/// It is written as a list with commas. Each entry is
///
/// * a host with or without a port (`hub.internal`, `hub.internal:8443`): that name, whatever it resolves to;
/// * an address with or without a port (`10.1.2.3`, `127.0.0.1:8080`, `[::1]:8080`): that address, by whatever name;
/// * a network (`10.0.0.0/8`, `fd00::/8`): each address in it, by whatever name.
///
/// A link-local address, or one where a cloud hands out credentials (169.254.169.254 and its like), is reached only if
/// the list names that very address: no network and no host name is taken to mean it. Addresses of no single host
/// (0.0.0.0, multicast, broadcast) are never reached.
///
/// ```
/// use syft_space_outbound::AllowList;
/// assert!(AllowList::parse("hub.internal:8443, 10.0.0.0/8").is_ok());
/// assert!(AllowList::parse("https://hub.internal").is_err());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowList(Vec<Entry>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Entry {
    Host(String, Option<u16>),
    Address(IpAddr, Option<u16>),
    Network(IpNet),
}

/// A text that is no list of allowed targets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AllowListError {
    /// There is nothing between two commas.
    #[error("an entry is empty; write host, host:port, or a network such as 10.0.0.0/8, with commas between")]
    Empty,
    /// An entry has the form of a URL.
    #[error("{0:?} is a URL; write its host, or host:port")]
    Url(String),
    /// An entry has a pattern.
    #[error("{0:?} has a wildcard; name each host, or write a network such as 10.0.0.0/8")]
    Wildcard(String),
    /// An entry is no host.
    #[error("{0:?} is no host, no address, and no network such as 10.0.0.0/8")]
    Host(String),
    /// A port is none.
    #[error("{0:?} has no port from 1 to 65535 behind its colon")]
    Port(String),
    /// A network's address has bits beyond its length.
    #[error("{given:?} is no network; did you mean {meant}?")]
    Network {
        /// The entry.
        given: String,
        /// The network that the address is in.
        meant: String,
    },
}

impl AllowList {
    /// Reads a list. An empty text is an empty list.
    ///
    /// # Errors
    /// When an entry is empty, a URL, a wildcard, or no host, address or network; when its port or network is wrong.
    pub fn parse(text: &str) -> Result<Self, AllowListError> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        text.split(',').map(|entry| Entry::parse(entry.trim())).collect::<Result<_, _>>().map(Self)
    }

    /// Whether there is an entry for the name.
    pub(crate) fn names_host(&self, host: &str, port: u16) -> bool {
        self.0.iter().any(|entry| match entry {
            Entry::Host(named, on) => named == host && on.is_none_or(|on| on == port),
            Entry::Address(..) | Entry::Network(_) => false,
        })
    }

    /// Whether there is an entry for the address, or for a network that it is in.
    pub(crate) fn covers(&self, address: IpAddr, port: u16) -> bool {
        let address = address.to_canonical();
        self.names_address(address, port)
            || self
                .0
                .iter()
                .any(|entry| matches!(entry, Entry::Network(network) if network.contains(&address)))
    }

    /// Whether there is an entry for this address alone.
    pub(crate) fn names_address(&self, address: IpAddr, port: u16) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|entry| match entry {
            Entry::Address(named, on) => *named == address && on.is_none_or(|on| on == port),
            Entry::Host(..) | Entry::Network(_) => false,
        })
    }
}

impl Entry {
    fn parse(text: &str) -> Result<Self, AllowListError> {
        if text.is_empty() {
            return Err(AllowListError::Empty);
        }
        if text.contains("://") {
            return Err(AllowListError::Url(text.to_owned()));
        }
        if text.contains('*') {
            return Err(AllowListError::Wildcard(text.to_owned()));
        }
        if text.contains('/') {
            return Self::network(text);
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self::Address(address.to_canonical(), None));
        }
        let (host, port) = match text.rsplit_once(':') {
            None => (text, None),
            // The colon belongs to an address in brackets.
            Some(_) if text.ends_with(']') => (text, None),
            Some((host, port)) => {
                let number = port.parse().ok().filter(|port| *port != 0 && !text.contains('+'));
                (host, Some(number.ok_or_else(|| AllowListError::Port(text.to_owned()))?))
            }
        };
        match Host::parse(host) {
            Ok(Host::Domain(name)) => {
                let name = name.trim_end_matches('.');
                if name.is_empty() {
                    return Err(AllowListError::Host(text.to_owned()));
                }
                Ok(Self::Host(name.to_owned(), port))
            }
            Ok(Host::Ipv4(address)) => Ok(Self::Address(address.into(), port)),
            Ok(Host::Ipv6(address)) => Ok(Self::Address(IpAddr::from(address).to_canonical(), port)),
            Err(_) => Err(AllowListError::Host(text.to_owned())),
        }
    }

    fn network(text: &str) -> Result<Self, AllowListError> {
        let network: IpNet = text.parse().map_err(|_| AllowListError::Host(text.to_owned()))?;
        if network.trunc() != network {
            let meant = network.trunc().to_string();
            return Err(AllowListError::Network { given: text.to_owned(), meant });
        }
        if network.prefix_len() == network.max_prefix_len() {
            return Ok(Self::Address(network.addr().to_canonical(), None));
        }
        Ok(Self::Network(network))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k13_each_form_of_an_entry_is_read() {
        let list = AllowList::parse(
            "hub.internal, Other.Internal.:8443,10.0.0.0/8, 127.0.0.1:8080,[::1]:9000,::1,fd00::/8,\
             192.168.1.1/32,[fd00::2],0x7f000002:80,bücher.example",
        )
        .unwrap();
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        assert!(list.names_host("hub.internal", 1) && list.names_host("other.internal", 8443));
        assert!(list.names_host("xn--bcher-kva.example", 443));
        assert!(!list.names_host("other.internal", 443) && !list.names_host("a.hub.internal", 1));
        assert!(list.covers(address("10.9.9.9"), 1) && !list.names_address(address("10.9.9.9"), 1));
        assert!(list.names_address(address("127.0.0.1"), 8080) && !list.covers(address("127.0.0.1"), 80));
        assert!(list.names_address(address("::1"), 5) && list.names_address(address("192.168.1.1"), 5));
        assert!(list.names_address(address("127.0.0.2"), 80) && list.names_address(address("fd00::2"), 7));
        assert!(list.covers(address("::ffff:10.1.1.1"), 1) && !list.covers(address("11.0.0.1"), 1));
        assert_eq!(AllowList::parse("  "), Ok(AllowList::default()));
    }

    #[test]
    fn k13_what_is_no_entry_is_refused_with_a_reason() {
        let text = |text: &str| text.to_owned();
        for (given, error) in [
            ("a,,b", AllowListError::Empty),
            ("a,", AllowListError::Empty),
            ("https://hub.internal", AllowListError::Url(text("https://hub.internal"))),
            ("*.internal", AllowListError::Wildcard(text("*.internal"))),
            ("hub internal", AllowListError::Host(text("hub internal"))),
            ("hub.internal/8", AllowListError::Host(text("hub.internal/8"))),
            ("10.0.0.0/33", AllowListError::Host(text("10.0.0.0/33"))),
            ("10.0.0.0/8:80", AllowListError::Host(text("10.0.0.0/8:80"))),
            ("user@hub", AllowListError::Host(text("user@hub"))),
            (".", AllowListError::Host(text("."))),
            ("hub:", AllowListError::Port(text("hub:"))),
            ("hub:0", AllowListError::Port(text("hub:0"))),
            ("hub:+80", AllowListError::Port(text("hub:+80"))),
            ("hub:65536", AllowListError::Port(text("hub:65536"))),
            ("10.1.2.3/8", AllowListError::Network { given: text("10.1.2.3/8"), meant: text("10.0.0.0/8") }),
        ] {
            assert_eq!(AllowList::parse(given), Err(error), "{given}");
        }
    }
}
