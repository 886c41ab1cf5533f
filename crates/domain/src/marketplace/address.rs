//! Addresses of spaces, compared.

use url::Url;

/// Whether two addresses are one, however they are written.
#[must_use]
pub fn is_same_address(one: &str, other: &str) -> bool {
    let read = |text: &str| Url::parse(text).map(|url| url.as_str().trim_end_matches('/').to_owned());
    matches!((read(one), read(other)), (Ok(one), Ok(other)) if one == other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_the_same_however_it_is_written() {
        for (one, other, same) in [
            ("https://space.example", "https://Space.example:443/", true),
            ("http://127.0.0.1:80", "http://127.0.0.1", true),
            ("https://space.example", "http://space.example", false),
            ("https://space.example", "https://space.example:8443", false),
            ("https://space.example", "https://space.example.org", false),
            ("tunneling:acme", "https://space.example", false),
            ("", "", false),
        ] {
            assert_eq!(is_same_address(one, other), same, "{one} {other}");
        }
    }
}
