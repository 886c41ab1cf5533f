//! An endpoint of another space, which a dataset may stand for.

use serde::{Deserialize, Serialize};

use crate::dataset::ServerUrl;
use crate::endpoint::Slug;
use crate::ids::MarketplaceId;
use crate::marketplace::Audience;
use crate::policy::Purpose;
use crate::tenant::TenantName;

/// An endpoint of another space. It is asked as the tenant's account at a marketplace, with a satellite token made out for its owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemoteEndpoint {
    /// Where the other space is.
    pub url: ServerUrl,
    /// The slug of the endpoint there.
    pub slug: Slug,
    /// For whom the token is made out: its owner's name at the marketplace, or the id of a satellite of theirs.
    pub owner: Audience,
    /// The marketplace at which both have an account.
    pub marketplace: MarketplaceId,
    /// Which tenant of the other space is meant, where it has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_name: Option<TenantName>,
    /// What it is said to be asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<Purpose>,
}

/// Which endpoint of another space is meant; `None` leaves a part as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChangeRemote {
    /// Its slug.
    pub slug: Option<Slug>,
    /// For whom the token is made out.
    pub owner: Option<Audience>,
    /// The marketplace at which both have an account.
    pub marketplace: Option<MarketplaceId>,
    /// Which tenant is meant; `Some(None)` for none.
    pub tenant_name: Option<Option<TenantName>>,
    /// What it is said to be asked for; `Some(None)` for nothing.
    pub purpose: Option<Option<Purpose>>,
}

/// A part of what says which endpoint of another space is meant is missing: this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a dataset of the dtype remote_space needs {0}")]
pub struct RemoteIncomplete(pub &'static str);

impl ChangeRemote {
    /// Whether everything stays as it is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The endpoint once this is changed.
    ///
    /// # Errors
    /// When a part is missing.
    pub(super) fn of(
        &self,
        before: Option<&RemoteEndpoint>,
        url: Option<&ServerUrl>,
    ) -> Result<RemoteEndpoint, RemoteIncomplete> {
        let Self { slug, owner, marketplace, tenant_name, purpose } = self;
        let url = url.or(before.map(|before| &before.url)).ok_or(RemoteIncomplete("url"))?;
        let slug = slug.as_ref().or(before.map(|before| &before.slug)).ok_or(RemoteIncomplete("slug"))?;
        let owner = owner.as_ref().or(before.map(|before| &before.owner)).ok_or(RemoteIncomplete("owner"))?;
        let marketplace = marketplace.or(before.map(|before| before.marketplace));
        let tenant_name = tenant_name.clone().or_else(|| Some(before?.tenant_name.clone()));
        let purpose = purpose.clone().or_else(|| Some(before?.purpose.clone()));
        Ok(RemoteEndpoint {
            url: url.clone(),
            slug: slug.clone(),
            owner: owner.clone(),
            marketplace: marketplace.ok_or(RemoteIncomplete("marketplace_id"))?,
            tenant_name: tenant_name.flatten(),
            purpose: purpose.flatten(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole() -> ChangeRemote {
        ChangeRemote {
            slug: Slug::parse("reports").ok(),
            owner: Audience::parse("olivia").ok(),
            marketplace: "0193a5b0-0000-7000-8000-000000000001".parse().ok(),
            tenant_name: Some(TenantName::parse("harbor").ok()),
            purpose: Some(Purpose::parse("teaching").ok()),
        }
    }

    #[test]
    fn q2_another_spaces_endpoint_is_named_by_all_of_its_parts_and_changed_by_each() {
        let url = ServerUrl::parse("https://space.example").unwrap();
        let there = whole().of(None, Some(&url)).unwrap();
        let missing = |part| Err(RemoteIncomplete(part));
        assert_eq!(whole().of(None, None), missing("url"));
        for (part, change) in [
            ("slug", ChangeRemote { slug: None, ..whole() }),
            ("owner", ChangeRemote { owner: None, ..whole() }),
            ("marketplace_id", ChangeRemote { marketplace: None, ..whole() }),
        ] {
            assert_eq!(change.of(None, Some(&url)), missing(part));
            assert_eq!(change.of(Some(&there), None), Ok(there.clone()), "what is left out stays");
        }
        assert_eq!(ChangeRemote::default().of(Some(&there), None), Ok(there.clone()));
        let without =
            ChangeRemote { tenant_name: Some(None), purpose: Some(None), ..ChangeRemote::default() };
        let plain = RemoteEndpoint { tenant_name: None, purpose: None, ..there.clone() };
        assert_eq!(without.of(Some(&there), None), Ok(plain));
        let elsewhere = ServerUrl::parse("https://other.example").unwrap();
        let moved = ChangeRemote::default().of(Some(&there), Some(&elsewhere)).unwrap();
        assert_eq!(moved, RemoteEndpoint { url: elsewhere, ..there });
    }
}
