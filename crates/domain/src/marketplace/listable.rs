//! Which slugs hubs take.

use crate::endpoint::Slug;

/// The most characters of a slug on a hub.
const SLUG_MAX: usize = 63;

/// Slugs that are, or may become, pages of a hub.
const RESERVED_SLUGS: [&str; 23] = [
    "about",
    "admin",
    "api",
    "auth",
    "blog",
    "contact",
    "dashboard",
    "docs",
    "explore",
    "ftp",
    "health",
    "help",
    "login",
    "mail",
    "privacy",
    "profile",
    "redoc",
    "register",
    "search",
    "settings",
    "support",
    "terms",
    "www",
];

/// A slug that no hub takes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnlistableSlug {
    /// It is a page of the hub.
    #[error("hubs keep the slug {0} for a page of their own: give the endpoint another slug")]
    Reserved(Slug),
    /// It is too long.
    #[error(
        "hubs take slugs of up to {SLUG_MAX} characters, and this one has more: give the endpoint another slug"
    )]
    TooLong,
}

/// Checks that hubs take a slug.
///
/// # Errors
/// When they do not.
pub fn check_listable(slug: &Slug) -> Result<(), UnlistableSlug> {
    if RESERVED_SLUGS.contains(&slug.as_str()) {
        return Err(UnlistableSlug::Reserved(slug.clone()));
    }
    if slug.as_str().len() > SLUG_MAX { Err(UnlistableSlug::TooLong) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q4_what_a_hub_keeps_for_itself_or_cannot_hold_is_not_listable() {
        let check = |text: &str| check_listable(&Slug::parse(text).unwrap());
        for slug in ["docs-2", "apis", &"a".repeat(63)] {
            assert_eq!(check(slug), Ok(()), "{slug}");
        }
        assert_eq!(check(&"a".repeat(64)), Err(UnlistableSlug::TooLong));
        for slug in RESERVED_SLUGS {
            assert_eq!(check(slug), Err(UnlistableSlug::Reserved(slug.parse().unwrap())));
        }
    }
}
