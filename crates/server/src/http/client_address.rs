//! The address of the client: the peer's, unless the peer is a proxy that the operator trusts.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Once;

use actix_web::HttpRequest;
use ipnet::IpNet;
pub use syft_space_domain::identity::address_prefix as prefix;

/// The address of the client. `X-Forwarded-For` is read only where the peer is a trusted proxy, from the right, up
/// to the first address that is not one: whatever stands further left may have been made up by the client.
#[must_use]
pub fn client_address(request: &HttpRequest, trusted: &[IpNet]) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip().to_canonical();
    let is_trusted = |address: IpAddr| trusted.iter().any(|net| net.contains(&address));
    if !is_trusted(peer) {
        return Some(peer);
    }
    let hops: Vec<&[u8]> =
        request.headers().get_all("x-forwarded-for").flat_map(|value| elements(value.as_bytes())).collect();
    let mut client = peer;
    for hop in hops.into_iter().rev() {
        // Behind something unreadable nothing can be believed. What stands to the left of the client is not even looked at: a
        // client that sends nonsense must not pass for the proxy.
        let Some(address) = str::from_utf8(hop).ok().and_then(address_of) else {
            say_unreadable(peer);
            break;
        };
        client = address.to_canonical();
        if !is_trusted(client) {
            break;
        }
    }
    Some(client)
}

/// The elements of a list (RFC 9110, 5.6.1), from the left. Empty ones are none: some proxies end a list with a comma, or
/// put their own behind a header that was there and empty.
fn elements(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).filter(|element| !element.is_empty())
}

/// The address in a hop, as proxies write it: quoted or not, in brackets or not, with the client's port behind it or not. The
/// zone of a link-local address says something to the proxy's host alone.
fn address_of(hop: &str) -> Option<IpAddr> {
    let hop = hop.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(hop);
    if let Some(rest) = hop.strip_prefix('[') {
        let (address, rest) = rest.split_once(']')?;
        let has_port = || rest.strip_prefix(':').is_some_and(is_port);
        return (rest.is_empty() || has_port()).then(|| without_zone(address)).flatten();
    }
    without_zone(hop).or_else(|| {
        let (address, port) = hop.split_once(':')?;
        let address: Ipv4Addr = address.parse().ok()?;
        is_port(port).then_some(address.into())
    })
}

fn without_zone(address: &str) -> Option<IpAddr> {
    let Some((address, zone)) = address.split_once('%') else { return address.parse().ok() };
    let is_zone =
        !zone.is_empty() && zone.bytes().all(|byte| byte.is_ascii_graphic() && !b"%[]\"".contains(&byte));
    if is_zone { address.parse().ok().map(|address: Ipv6Addr| address.into()) } else { None }
}

/// Whether this is what may stand behind a colon: a port, or nothing (RFC 3986, 3.2.3).
fn is_port(text: &str) -> bool {
    text.is_empty() || (!text.starts_with('+') && text.parse::<u16>().is_ok())
}

/// Says once that a proxy's word cannot be read, for all its clients then pass for one. Anybody could have it said
/// again and again.
fn say_unreadable(proxy: IpAddr) {
    static SAID: Once = Once::new();
    SAID.call_once(|| {
        tracing::warn!(
            %proxy,
            "the X-Forwarded-For of this trusted proxy cannot be read; its clients are taken for the proxy itself, and \
             client_rate does not bound them"
        );
    });
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};
    use actix_web::test::TestRequest;

    use super::*;

    fn address(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let mut request = TestRequest::default().peer_addr(format!("{peer}:1").parse().unwrap());
        for value in forwarded {
            request = request.append_header(("x-forwarded-for", *value));
        }
        let trusted: Vec<IpNet> = trusted.iter().map(|net| net.parse().unwrap()).collect();
        client_address(&request.to_http_request(), &trusted).unwrap().to_string()
    }

    #[test]
    fn k9_a_forwarded_address_counts_only_from_a_trusted_proxy() {
        assert_eq!(address("203.0.113.9", &["198.51.100.1"], &[]), "203.0.113.9");
        assert_eq!(address("10.0.0.1", &["198.51.100.1"], &["10.0.0.0/8"]), "198.51.100.1");
    }

    #[test]
    fn k9_what_the_client_made_up_on_the_left_does_not_count() {
        assert_eq!(
            address("10.0.0.1", &["1.1.1.1, 198.51.100.1, 10.0.0.2"], &["10.0.0.0/8"]),
            "198.51.100.1"
        );
        assert_eq!(address("10.0.0.1", &["1.1.1.1", "198.51.100.1"], &["10.0.0.0/8"]), "198.51.100.1");
        assert_eq!(address("10.0.0.1", &["1.1.1.1, nonsense"], &["10.0.0.0/8"]), "10.0.0.1");
        assert_eq!(address("10.0.0.1", &[], &["10.0.0.0/8"]), "10.0.0.1");
    }

    #[test]
    fn k9_no_byte_that_a_client_sends_makes_it_pass_for_the_proxy() {
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        for byte in (b' '..=255).chain([b'\t']).filter(|byte| *byte != 127) {
            let lines: [&[&[u8]]; 3] = [
                &[&[&[byte][..], b", 198.51.100.1"].concat()],
                &[&[byte], b"198.51.100.1"],
                &[&[b"9.9.9.9", &[byte][..], b",198.51.100.1, 10.0.0.2"].concat()],
            ];
            for lines in lines {
                let mut request = TestRequest::default().peer_addr("10.0.0.1:1".parse().unwrap());
                for line in lines {
                    let value = HeaderValue::from_bytes(line).unwrap();
                    request = request.append_header((HeaderName::from_static("x-forwarded-for"), value));
                }
                let client = client_address(&request.to_http_request(), &trusted);
                assert_eq!(client, "198.51.100.1".parse().ok(), "{lines:?}");
            }
        }
    }

    #[test]
    fn k9_a_port_or_brackets_behind_a_proxy_are_cut_off() {
        for (hop, client) in [
            ("198.51.100.1:40112", "198.51.100.1"),
            ("[2001:db8::5]:40112", "2001:db8::5"),
            ("[2001:db8::5]", "2001:db8::5"),
            ("2001:db8::5", "2001:db8::5"),
            ("[::ffff:198.51.100.1]:1", "198.51.100.1"),
            ("9.9.9.9, 198.51.100.1:1, 10.0.0.3:80", "198.51.100.1"),
            // A port that is left empty.
            ("198.51.100.1:", "198.51.100.1"),
            ("9.9.9.9, [2001:db8::5]:, 10.0.0.3:", "2001:db8::5"),
            ("\"198.51.100.1:\"", "198.51.100.1"),
            // No address: what stands further left is not believed.
            ("198.51.100.1:99999", "10.0.0.1"),
            ("198.51.100.1, 198.51.100.2::", "10.0.0.1"),
            ("198.51.100.1, [198.51.100.2]::", "10.0.0.1"),
            ("198.51.100.1, :", "10.0.0.1"),
            ("[198.51.100.1", "10.0.0.1"),
            ("198.51.100.1, unknown", "10.0.0.1"),
            ("198.51.100.1, [10.0.0.3]x", "10.0.0.1"),
            ("198.51.100.1, \"", "10.0.0.1"),
            ("198.51.100.1, 2001:db8::5%", "10.0.0.1"),
            ("198.51.100.1, 198.51.100.2%eth0", "10.0.0.1"),
            ("198.51.100.1, [2001:db8::5]40112", "10.0.0.1"),
            ("198.51.100.1, [2001:db8::5]:+80", "10.0.0.1"),
            ("198.51.100.1, _hidden", "10.0.0.1"),
        ] {
            assert_eq!(address("10.0.0.1", &[hop], &["10.0.0.0/8"]), client, "{hop}");
        }
    }

    #[test]
    fn k9_zones_quotes_and_empty_elements_are_read_as_proxies_write_them() {
        for (hop, client) in [
            ("fe80::1%eth0", "fe80::1"),
            ("[fe80::1%25en0]:40112", "fe80::1"),
            ("[fe80::1%br-lan.7]", "fe80::1"),
            ("[198.51.100.1]:40112", "198.51.100.1"),
            ("\"198.51.100.1\"", "198.51.100.1"),
            ("\"[2001:db8::5]:40112\"", "2001:db8::5"),
            ("198.51.100.1,", "198.51.100.1"),
            ("198.51.100.1, ", "198.51.100.1"),
            (", 198.51.100.1", "198.51.100.1"),
            ("9.9.9.9,,198.51.100.1 , ,\t10.0.0.3,", "198.51.100.1"),
            (",", "10.0.0.1"),
            ("", "10.0.0.1"),
        ] {
            assert_eq!(address("10.0.0.1", &[hop], &["10.0.0.0/8"]), client, "{hop}");
        }
        // A header that is there and empty, before the proxy's own and behind it.
        assert_eq!(address("10.0.0.1", &["", "198.51.100.1"], &["10.0.0.0/8"]), "198.51.100.1");
        assert_eq!(address("10.0.0.1", &["198.51.100.1", " "], &["10.0.0.0/8"]), "198.51.100.1");
    }

    #[test]
    fn k9_ipv6_counts_by_its_64_bit_prefix() {
        let cut = |text: &str| prefix(text.parse().unwrap()).to_string();
        assert_eq!(cut("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(cut("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!(cut("192.0.2.7"), "192.0.2.7");
    }
}
