//! What a URL of the settings may be.

use actix_web::http::Uri;

/// The most contacts: all are sent to whoever asks.
const MAX_CONTACTS: usize = 10;
/// The most bytes of one.
const MAX_CONTACT_BYTES: usize = 2_000;

/// Whether it is a scheme, a host and perhaps a port, with nothing behind.
pub(super) fn is_origin(text: &str) -> bool {
    let fits = |uri: Uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && names_a_host_alone(&uri)
            && uri.path_and_query().is_none_or(|behind| behind.as_str() == "/")
    };
    // A fragment is dropped where a URI is read.
    !text.contains('#') && text.parse().is_ok_and(fits)
}

/// Whether it is a URL of HTTP that is posted to, and holds no password.
pub(super) fn is_target(text: &str) -> bool {
    let fits = |uri: Uri| matches!(uri.scheme_str(), Some("http" | "https")) && names_a_host_alone(&uri);
    !text.contains('#') && text.parse().is_ok_and(fits)
}

/// Whether they are contacts that may be told to everybody, and not too many.
pub(super) fn are_contacts(entries: &[String]) -> bool {
    entries.len() <= MAX_CONTACTS && entries.iter().all(|entry| is_contact(entry))
}

/// Whether it is a URI of a kind by which somebody is reached (RFC 9116, 2.5.3), on one line, and holds no password.
fn is_contact(text: &str) -> bool {
    let scheme = ["mailto:", "https://", "tel:"].into_iter().find(|scheme| text.starts_with(scheme));
    let is_of_uri = |byte: u8| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte);
    let is_short_line = text.len() <= MAX_CONTACT_BYTES && text.bytes().all(is_of_uri);
    let is_reached = match scheme {
        Some("https://") => text.parse().is_ok_and(|uri| names_a_host_alone(&uri)),
        Some(scheme) => text.len() > scheme.len(),
        None => false,
    };
    is_short_line && is_reached
}

/// Whether a URI names a host, and nobody who logs in there.
fn names_a_host_alone(uri: &Uri) -> bool {
    let is_alone = uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
    is_alone && uri.host().is_some_and(|host| !host.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contacts(entries: &[&str]) -> bool {
        are_contacts(&entries.iter().map(|entry| (*entry).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn v1_contacts_tell_no_password_and_are_few_and_short() {
        for wrong in [
            "https://desk:hunter2@example.org/",
            "https://desk@example.org/report",
            "https://:8443/",
            "https:///report",
            "https://",
            "tel:",
        ] {
            assert!(!contacts(&[wrong]), "{wrong:?}");
        }
        for fits in
            ["https://example.org/@desk?team=a@b#form", "mailto:desk@example.org?subject=Hello", "tel:+1-201"]
        {
            assert!(contacts(&[fits]), "{fits:?}");
        }
        let long = "https://example.org/".to_owned() + &"x".repeat(MAX_CONTACT_BYTES - 20);
        assert!(contacts(&[&*long]) && !contacts(&[&*(long + "x")]));
        assert!(contacts(&["tel:1"; MAX_CONTACTS]) && !contacts(&["tel:1"; MAX_CONTACTS + 1]));
    }

    #[test]
    fn a_public_url_is_a_scheme_a_host_and_perhaps_a_port() {
        for fits in ["https://space.example", "http://space.example:8080/", "https://[2001:db8::1]:8443"] {
            assert!(is_origin(fits), "{fits}");
        }
        for behind in ["/a", "/?a", "?a=b", "/#top", "#top", "/?a#top", "/?", "?", "#"] {
            assert!(!is_origin(&format!("https://space.example{behind}")), "{behind}");
        }
        for wrong in ["space.example", "ftp://space.example", "https://a:b@space.example", "https://", "/"] {
            assert!(!is_origin(wrong), "{wrong}");
        }
    }
}
