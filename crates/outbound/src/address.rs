//! The scope of an address: the internet, a private network, or a place of credentials.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The scope of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AddressScope {
    /// A host of the internet.
    Public,
    /// A place that only this machine or network reaches, or none; the text says what kind.
    Private(&'static str),
    /// A place where clouds hand out credentials to whoever asks from inside, or link-local.
    Metadata,
    /// No single host at all.
    NotAHost(&'static str),
}

/// Metadata services outside the link-local ranges: Alibaba Cloud, Oracle Cloud, Azure, AWS, Google Cloud.
const METADATA_V4: [Ipv4Addr; 3] =
    [Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(192, 0, 0, 192), Ipv4Addr::new(168, 63, 129, 16)];
const METADATA_V6: [Ipv6Addr; 2] =
    [Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)];

impl AddressScope {
    /// Classifies an address. What is not known to be of the internet is not taken to be.
    pub(crate) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::of_v4(address),
            IpAddr::V6(address) => Self::of_v6(address),
        }
    }

    /// By IANA's registry of special-purpose addresses (RFC 6890 and after).
    fn of_v4(address: Ipv4Addr) -> Self {
        if METADATA_V4.contains(&address) {
            return Self::Metadata;
        }
        match address.octets() {
            [255, 255, 255, 255] => Self::NotAHost("the broadcast address"),
            [0, ..] => Self::NotAHost("an address of no host"),
            [224..=239, ..] => Self::NotAHost("a multicast address"),
            [169, 254, ..] => Self::Metadata,
            [127, ..] => Self::Private("a loopback address"),
            [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Self::Private("a private address"),
            [100, 64..=127, ..] => Self::Private("an address of a provider's network"),
            [192, 0, 0, _] | [192, 88, 99, _] | [240..=255, ..] => Self::Private("a reserved address"),
            [198, 18..=19, ..] => Self::Private("an address for benchmarks"),
            [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => {
                Self::Private("an address for documentation")
            }
            _ => Self::Public,
        }
    }

    fn of_v6(address: Ipv6Addr) -> Self {
        if METADATA_V6.contains(&address) {
            return Self::Metadata;
        }
        if let Some(inner) = embedded(address) {
            // Whatever carries it there: it is the inner host that answers.
            return Self::of_v4(inner);
        }
        match address.segments() {
            [0, 0, 0, 0, 0, 0, 0, 0] => Self::NotAHost("an address of no host"),
            [0, 0, 0, 0, 0, 0, 0, 1] => Self::Private("a loopback address"),
            [0xff00..=0xffff, ..] => Self::NotAHost("a multicast address"),
            [0xfe80..=0xfebf, ..] => Self::Metadata,
            [0xfc00..=0xfdff | 0xfec0..=0xfeff, ..] => Self::Private("a private address"),
            [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Self::Private("an address for documentation"),
            [0x2001, 0..=0x1ff, ..] => Self::Private("a reserved address"),
            [0x2000..=0x3fff, ..] => Self::Public,
            _ => Self::Private("a reserved address"),
        }
    }
}

/// The IPv4 address within a NAT64 address (RFC 6052, RFC 8215), a 6to4 one (RFC 3056), or a compatible one
/// (RFC 4291, section 2.5.5.1). Mapped ones have become IPv4 before.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(v4(high, low)),
        [0x2002, high, low, ..] => Some(v4(high, low)),
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => Some(v4(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(text: &str) -> AddressScope {
        AddressScope::of(text.parse().unwrap())
    }

    #[test]
    fn k13_what_is_not_of_the_internet_is_known_in_every_form() {
        for private in [
            "127.0.0.1",
            "127.255.255.254",
            "10.0.0.1",
            "10.255.255.255",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.7",
            "240.0.0.1",
            "255.255.255.254",
            "::1",
            "fc00::1",
            "fdff::1",
            "fec0::1",
            "2001:db8::1",
            "3fff::1",
            "2001::1",
            "2001:2::1",
            "2001:1ff::1",
            "64:ff9b:1::1",
            "100::1",
            "5f00::1",
            "4000::1",
            "1::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:192.168.1.1",
            "::127.0.0.1",
            "::10.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2002:a00:1::1",
            "2002:c0a8:101::1",
        ] {
            assert!(matches!(reach(private), AddressScope::Private(_)), "{private}: {:?}", reach(private));
        }
        for metadata in [
            "169.254.169.254",
            "169.254.170.2",
            "169.254.0.1",
            "100.100.100.200",
            "192.0.0.192",
            "168.63.129.16",
            "fe80::1",
            "fe80::a9fe:a9fe",
            "febf::1",
            "fd00:ec2::254",
            "fd20:ce::254",
            "::ffff:169.254.169.254",
            "::ffff:100.100.100.200",
            "::169.254.169.254",
            "64:ff9b::169.254.169.254",
            "2002:a9fe:a9fe::1",
            "64:ff9b::6464:64c8",
        ] {
            assert_eq!(reach(metadata), AddressScope::Metadata, "{metadata}");
        }
        for nowhere in [
            "0.0.0.0",
            "0.1.2.3",
            "224.0.0.1",
            "239.255.255.250",
            "255.255.255.255",
            "::",
            "ff02::1",
            "::ffff:0.0.0.0",
            "::ffff:255.255.255.255",
            "2002::1",
            "64:ff9b::",
        ] {
            assert!(matches!(reach(nowhere), AddressScope::NotAHost(_)), "{nowhere}: {:?}", reach(nowhere));
        }
    }

    #[test]
    fn k13_neighbours_of_what_is_special_are_public() {
        for public in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.1",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.1",
            "192.0.3.1",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "168.63.129.15",
            "2606:4700::1111",
            "2001:200::1",
            "2001:db7::1",
            "2001:db9::1",
            "3ffe::1",
            "64:ff9b::8.8.8.8",
            "2002:808:808::1",
            "::ffff:8.8.8.8",
        ] {
            assert_eq!(reach(public), AddressScope::Public, "{public}");
        }
    }
}
