//! An identity provider that a tenant believes, and the names in which it speaks.

use url::Url;

use crate::access::Role;
use crate::as_text::text_type;
use crate::endpoint::{Slug, SlugError};
use crate::identity::{Email, EmailError};
use crate::ids::{OidcProviderId, TenantId};
use crate::page::PageItem;
use crate::sealing::{AssociatedData, Sealed};
use crate::time::Timestamp;

/// An identity provider that a tenant believes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OidcProvider {
    /// Its tenant.
    pub tenant: TenantId,
    /// Its id.
    pub id: OidcProviderId,
    /// Its name in URLs, unique in the tenant.
    pub name: ProviderName,
    /// What it calls itself, unique in the tenant.
    pub issuer: OidcIssuer,
    /// What it calls this space.
    pub client_id: ClientId,
    /// What proves to it that this space asks; `None` where nothing does but the proof key of each sign-in.
    pub client_secret: Option<Sealed>,
    /// The domains whose verified addresses join without an invitation.
    pub allowed_domains: Vec<EmailDomain>,
    /// Which of its groups are which role; `None` where its groups say nothing here.
    pub groups: Option<GroupRoles>,
    /// Since when it is believed.
    pub created_at: Timestamp,
}

/// Which groups of a provider are which role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRoles {
    /// The claim that names the groups somebody is in.
    pub claim: ClaimName,
    /// The roles, the first that fits first.
    pub roles: Vec<(Group, Role)>,
}

/// Whom a provider means, and in which of its own sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionAtProvider {
    /// The provider.
    pub provider: OidcProviderId,
    /// Who.
    pub subject: Subject,
    /// Which session (`sid`), where the provider tells them apart.
    pub sid: Option<Subject>,
}

impl OidcProvider {
    /// The most that a tenant believes.
    pub const MAX_PER_TENANT: usize = 8;
    /// The most domains of one.
    pub const MAX_DOMAINS: usize = 32;
    /// What whoever joins without an invitation becomes where groups say nothing.
    pub const DEFAULT_ROLE: Role = Role::User;
    /// The most groups of one that have a role.
    pub const MAX_GROUPS: usize = 64;

    /// Where its client secret lies.
    pub(super) fn secret_place(id: OidcProviderId) -> AssociatedData {
        AssociatedData { table: "oidc_providers", column: "client_secret", row: *id.as_bytes() }
    }

    /// Whether whoever has this address may join without an invitation.
    pub(super) fn lets_in(&self, email: &Email) -> bool {
        self.allowed_domains.iter().any(|domain| domain.as_str() == email.domain())
    }
}

impl GroupRoles {
    /// The role of who is in these groups; `None` where none of them has one.
    pub(super) fn role(&self, groups: &[String]) -> Option<Role> {
        let is_in = |group: &Group| groups.iter().any(|of| of == group.as_str());
        self.roles.iter().find(|(group, _)| is_in(group)).map(|(_, role)| *role)
    }
}

impl PageItem for OidcProvider {
    fn bytes(&self) -> usize {
        let groups = self.groups.iter().flat_map(|groups| &groups.roles);
        self.issuer.as_str().len()
            + self.allowed_domains.iter().map(|domain| domain.as_str().len()).sum::<usize>()
            + groups.map(|(group, _)| group.as_str().len()).sum::<usize>()
    }
}

/// The name of a provider in URLs: a [`Slug`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProviderName(Slug);

impl ProviderName {
    /// Reads one.
    ///
    /// # Errors
    /// When the text is no slug.
    pub fn parse(text: &str) -> Result<Self, SlugError> {
        Slug::parse(text).map(Self)
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

text_type!(ProviderName, SlugError);

/// A text that a provider does not use, or that is not taken from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OidcNameError {
    /// It is no issuer.
    #[error(
        "an issuer is an https URL of at most {} characters without user, query or fragment",
        OidcIssuer::MAX
    )]
    Issuer,
    /// It is none of the texts that are compared byte by byte.
    #[error("has 1 to {} characters, none of them a control character", Subject::MAX)]
    Text,
    /// It is no domain.
    #[error(transparent)]
    Domain(#[from] EmailError),
}

/// What a provider calls itself (`iss`): a URL, compared byte for byte (OpenID Connect Discovery 1.0, section 4.3). Whether plain
/// HTTP may be spoken with it is for whatever calls others to say.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OidcIssuer(String);

impl OidcIssuer {
    /// The most characters.
    pub const MAX: usize = 255;

    /// Reads an issuer. Nothing of it is changed.
    ///
    /// # Errors
    /// When the text is none.
    pub fn parse(text: &str) -> Result<Self, OidcNameError> {
        let is_one_word = text.len() <= Self::MAX && text.bytes().all(|byte| byte.is_ascii_graphic());
        let url = Url::parse(text).ok().filter(|_| is_one_word).ok_or(OidcNameError::Issuer)?;
        let is_plain = url.username().is_empty() && url.password().is_none();
        let ends = url.query().is_none() && url.fragment().is_none();
        let fits = matches!(url.scheme(), "http" | "https") && url.host().is_some() && is_plain && ends;
        if fits { Ok(Self(text.to_owned())) } else { Err(OidcNameError::Issuer) }
    }

    /// The issuer as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

text_type!(OidcIssuer, OidcNameError);

/// A domain whose addresses a provider may vouch for, in the canonical form that addresses have.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EmailDomain(String);

impl EmailDomain {
    /// Reads a domain.
    ///
    /// # Errors
    /// When no address could end so.
    pub fn parse(text: &str) -> Result<Self, OidcNameError> {
        if text.len() > Email::MAX {
            return Err(EmailError::TooLong.into());
        }
        Ok(Self(Email::canonical_domain(text)?))
    }

    /// The domain as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

text_type!(EmailDomain, OidcNameError);

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// The most bytes (OpenID Connect Core 1.0, section 2, has it of `sub`).
            pub const MAX: usize = 255;

            /// Reads one. Nothing of it is changed.
            ///
            /// # Errors
            /// When it is empty, too long, or holds a control character.
            pub fn parse(text: &str) -> Result<Self, OidcNameError> {
                let fits = (1..=Self::MAX).contains(&text.len()) && !text.chars().any(char::is_control);
                if fits { Ok(Self(text.to_owned())) } else { Err(OidcNameError::Text) }
            }

            /// It as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        text_type!($name, OidcNameError);
    )*};
}

names! {
    /// Whom a provider means (`sub`), or which of its sessions (`sid`): compared byte for byte, and good beside its issuer alone.
    Subject;
    /// What a provider calls this space (`client_id`).
    ClientId;
    /// The name of a claim.
    ClaimName;
    /// A group that a provider names.
    Group;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a1_an_issuer_is_a_url_that_is_not_changed() {
        for good in ["https://id.example.org", "https://id.example.org/", "https://id.example.org/realms/a"] {
            assert_eq!(OidcIssuer::parse(good).map(|issuer| issuer.to_string()).as_deref(), Ok(good));
        }
        let long = format!("https://id.example.org/{}", "a".repeat(OidcIssuer::MAX));
        for bad in [
            "",
            "id.example.org",
            "ftp://id.example.org",
            "https://a@id.example.org",
            "https://id.example.org?a",
            "https://id.example.org#a",
            "https://id.example.org/ü",
            "https://id.example.org/ ",
            &long,
        ] {
            assert_eq!(OidcIssuer::parse(bad), Err(OidcNameError::Issuer), "{bad}");
        }
    }

    #[test]
    fn a1_the_first_group_of_the_map_that_somebody_is_in_says_their_role() {
        let group = |name: &str, role| (Group::parse(name).unwrap(), role);
        let roles =
            vec![group("boss", Role::Owner), group("staff", Role::User), group("guests", Role::Viewer)];
        let map = GroupRoles { claim: ClaimName::parse("groups").unwrap(), roles };
        let role =
            |groups: &[&str]| map.role(&groups.iter().map(|group| (*group).to_owned()).collect::<Vec<_>>());
        assert_eq!(role(&["guests", "staff"]), Some(Role::User));
        assert_eq!(role(&["guests", "boss"]), Some(Role::Owner));
        for other in [&[][..], &["Boss"], &["boss "], &["bos", "s"]] {
            assert_eq!(role(other), None, "{other:?}");
        }
    }

    #[test]
    fn a1_a_domain_lets_in_its_own_addresses_and_none_that_end_alike() {
        assert_eq!(EmailDomain::parse("MÜNCHEN.example").unwrap().as_str(), "xn--mnchen-3ya.example");
        for bad in ["", "localhost", "10.0.0.1", "a@b.example", "*.example.org", ".example.org"] {
            assert!(EmailDomain::parse(bad).is_err(), "{bad}");
        }
    }
}
