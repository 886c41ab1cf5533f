//! Patterns that let in people whom nobody chose: those who can get an address at will that matches.

use crate::policy::lint::part::Part;

/// Why a pattern of mode allow is wide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// It means everybody whom anybody identified.
    Everybody,
    /// It means addresses at every domain.
    AnyDomain,
    /// It means addresses at domains that anybody can register: what is literal at the end of it is no domain of somebody's.
    OpenDomain,
    /// It means addresses at a domain where anybody can get one.
    MailProvider,
}

/// Top-level domains under which only those get a name who are known to be who they are.
const CLOSED: [&str; 4] = ["edu", "gov", "int", "mil"];

/// Names of two labels under which anybody can register one. There are many more: these are common.
const REGISTRIES: [&str; 24] = [
    "co.il", "co.in", "co.jp", "co.ke", "co.kr", "co.nz", "co.th", "co.uk", "co.za", "com.ar", "com.au",
    "com.br", "com.cn", "com.co", "com.hk", "com.mx", "com.pl", "com.sg", "com.tr", "com.tw", "com.ua",
    "me.uk", "net.au", "org.uk",
];

/// Domains of providers of mail where anybody can get an address. There are many more: these are common.
const MAIL_PROVIDERS: [&str; 27] = [
    "126.com",
    "163.com",
    "aol.com",
    "free.fr",
    "gmail.com",
    "gmx.com",
    "gmx.de",
    "gmx.net",
    "googlemail.com",
    "hotmail.com",
    "icloud.com",
    "live.com",
    "mail.com",
    "mail.ru",
    "me.com",
    "msn.com",
    "orange.fr",
    "outlook.com",
    "proton.me",
    "protonmail.com",
    "qq.com",
    "rocketmail.com",
    "tutanota.com",
    "web.de",
    "yahoo.com",
    "yandex.ru",
    "ymail.com",
];

impl Width {
    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Everybody => "everybody",
            Self::AnyDomain => "any_domain",
            Self::OpenDomain => "open_domain",
            Self::MailProvider => "mail_provider",
        }
    }

    /// Why a pattern with these sides is wide, if it is.
    pub(super) fn of(local: Part<'_>, domain: Part<'_>) -> Option<Self> {
        if !domain.is_glob() {
            let is_open = local.is_glob() && MAIL_PROVIDERS.binary_search(&domain.text).is_ok();
            return is_open.then_some(Self::MailProvider);
        }
        if matches!(domain.text, "*" | "*.*") {
            return Some(Self::AnyDomain);
        }
        // What stands in front of the first dot may be the end of a longer label.
        let labels = domain.end().split_once('.').map_or("", |(_, labels)| labels);
        let is_owned = match labels.split('.').count() {
            _ if labels.is_empty() => false,
            1 => CLOSED.contains(&labels),
            _ => REGISTRIES.binary_search(&labels).is_err(),
        };
        (!is_owned).then_some(Self::OpenDomain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::EmailPattern;

    #[test]
    fn k11_a_pattern_is_wide_that_anybody_can_get_an_address_for() {
        assert!(REGISTRIES.is_sorted() && MAIL_PROVIDERS.is_sorted());
        for (pattern, expected) in [
            ("*@x.org", None),
            ("*@*.x.org", None),
            ("*@mail*.x.org", None),
            ("ada@gmail.com", None),
            ("*@*.edu", None),
            ("*@*.ox.ac.uk", None),
            ("*@*.ac.uk", None),
            ("*@*.shop.co.uk", None),
            ("*@*", Some(Width::AnyDomain)),
            ("ada@*", Some(Width::AnyDomain)),
            ("*@*.*", Some(Width::AnyDomain)),
            ("*@*.com", Some(Width::OpenDomain)),
            ("*@*.co.uk", Some(Width::OpenDomain)),
            ("*@*x.org", Some(Width::OpenDomain)),
            ("*@x.*", Some(Width::OpenDomain)),
            ("*@*.x.*", Some(Width::OpenDomain)),
            ("*@*edu", Some(Width::OpenDomain)),
            ("*@gmail.com", Some(Width::MailProvider)),
            ("ada*@gmail.com", Some(Width::MailProvider)),
        ] {
            let parsed = EmailPattern::parse(pattern).unwrap();
            let (local, domain) = Part::of(&parsed).unwrap();
            assert_eq!(Width::of(local, domain), expected, "{pattern}");
        }
    }
}
