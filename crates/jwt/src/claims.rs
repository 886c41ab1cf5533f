//! The claims of an access token.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize};
use syft_space_domain::identity::{AccessClaims, Email};
use syft_space_domain::tenant::TenantName;
use syft_space_jose::numeric_date;

/// The claims as they are written. Times are whole seconds: a text, a fraction, a negative number or one beyond
/// 64 bits is not read at all, rather than taken for absent (CVE-2026-25537).
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Claims<'a> {
    #[serde(borrow)]
    pub(crate) iss: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) aud: Cow<'a, str>,
    #[serde(borrow)]
    sub: Cow<'a, str>,
    #[serde(borrow)]
    tid: Cow<'a, str>,
    #[serde(borrow)]
    tenant: Cow<'a, str>,
    #[serde(borrow)]
    email: Cow<'a, str>,
    #[serde(borrow)]
    role: Cow<'a, str>,
    /// Required: a token from before there were sessions is refused, and lives for minutes.
    #[serde(borrow)]
    sid: Cow<'a, str>,
    #[serde(borrow)]
    jti: Cow<'a, str>,
    pub(crate) iat: u64,
    pub(crate) exp: u64,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(crate) nbf: Option<u64>,
}

/// Reads a member that is there: `null` is no number.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    u64::deserialize(deserializer).map(Some)
}

impl<'a> Claims<'a> {
    /// The claims to write; `None` when a time is before 1970.
    pub(crate) fn from_domain(claims: &'a AccessClaims, issuer: &'a str, audience: &'a str) -> Option<Self> {
        Some(Self {
            iss: issuer.into(),
            aud: audience.into(),
            sub: claims.account.to_string().into(),
            tid: claims.tenant.to_string().into(),
            tenant: claims.tenant_name.as_str().into(),
            email: claims.email.as_str().into(),
            role: claims.role.as_str().into(),
            sid: claims.session.to_string().into(),
            jti: claims.id.to_string().into(),
            iat: claims.issued_at.as_unix_seconds().try_into().ok()?,
            exp: claims.expires_at.as_unix_seconds().try_into().ok()?,
            nbf: None,
        })
    }

    /// Whether the span from `iat` to `exp` is one that a token may have.
    pub(crate) fn has_lifetime_up_to(&self, seconds: u64) -> bool {
        self.exp.checked_sub(self.iat).is_some_and(|span| (1..=seconds).contains(&span))
    }

    /// Parses the claims; `None` when one is not of its type.
    pub(crate) fn to_domain(&self) -> Option<AccessClaims> {
        Some(AccessClaims {
            account: self.sub.parse().ok()?,
            email: Email::parse(&self.email).ok()?,
            tenant: self.tid.parse().ok()?,
            tenant_name: TenantName::parse(&self.tenant).ok()?,
            role: self.role.parse().ok()?,
            session: self.sid.parse().ok()?,
            id: self.jti.parse().ok()?,
            issued_at: numeric_date(self.iat)?,
            expires_at: numeric_date(self.exp)?,
        })
    }
}
