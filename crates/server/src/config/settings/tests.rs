//! What settings refuse.

use super::*;

fn apply(key: &str, text: &str) -> Option<Settings> {
    let setting = SETTINGS.iter().find(|setting| setting.key == key).unwrap();
    let mut settings = Settings::default();
    (setting.apply)(&mut settings, text).map(|()| settings)
}

#[test]
fn a_level_of_the_log_with_a_typo_is_refused() {
    for fits in ["info", "WARN", "off", "info,syft_space=debug", "syft_space::http=trace, error"] {
        assert!(apply("log", fits).is_some(), "{fits}");
    }
    for wrong in ["inof", "verbose", "info,syft_space", "syft_space=inof", "debug,inof"] {
        assert!(apply("log", wrong).is_none(), "{wrong}");
    }
}

#[test]
fn k9_not_everybody_is_a_trusted_proxy() {
    for everybody in ["0.0.0.0/0", "::/0", "10.0.0.0/8,0.0.0.0/0"] {
        assert!(apply("behind_proxy", everybody).is_none(), "{everybody}");
    }
    assert_eq!(apply("behind_proxy", "10.0.0.0/8,::1").unwrap().behind_proxy.len(), 2);
}

#[test]
fn v1_a_contact_is_a_uri_by_which_somebody_is_reached() {
    let two = apply("security_contact", "mailto:security@example.org, https://example.org/report").unwrap();
    assert_eq!(two.security_contact, ["mailto:security@example.org", "https://example.org/report"]);
    for wrong in ["security@example.org", "http://example.org", "mailto:", "mailto:a b", "tel:1\nExpires: x"]
    {
        assert!(apply("security_contact", wrong).is_none(), "{wrong:?}");
    }
}

#[test]
fn the_proxies_of_deploy_let_the_largest_body_through() {
    let largest = Settings::default()
        .max_upload_bytes
        .max(u64::try_from(Settings::default().max_documents_body_bytes).unwrap());
    for (file, directive, unit) in
        [("nginx.conf", "client_max_body_size ", "m;"), ("Caddyfile", "max_size ", "MiB")]
    {
        let path = format!("{}/../../deploy/{file}", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        let limits: Vec<u64> = text
            .lines()
            .filter_map(|line| line.trim().strip_prefix(directive)?.strip_suffix(unit)?.parse().ok())
            .collect();
        // A form has some bytes around its files.
        assert_eq!(limits, [largest / (1024 * 1024) + 1], "{file}");
    }
}
