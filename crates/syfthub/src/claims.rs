//! The claims of a satellite token.

use std::borrow::Cow;

use serde::Deserialize;
use syft_space_domain::ids::HubId;
use syft_space_domain::marketplace::{Audience, HubRole, SatelliteClaims, SatelliteRefused, check_subject};
use syft_space_domain::time::Timestamp;
use syft_space_jose::{member_names, numeric_date, object};

use crate::header::present;

/// The longest lifetime. Hubs give a minute.
const MAX_LIFETIME_SECONDS: u64 = 300;

/// The subject of every guest.
const GUEST_SUBJECT: &str = "guest";

/// The claims that are used.
const KNOWN_CLAIMS: [&str; 8] = ["aud", "exp", "iat", "iss", "nbf", "role", "sub", "type"];

/// Claims by which a token shows that it is of another kind: an access token (RFC 9068; Amazon Cognito), or an ID token
/// (OpenID Connect Core, section 2). A key may sign several kinds, and what one was given for another kind opens nothing.
const MARKS_OF_OTHER_KINDS: [&str; 5] = ["azp", "client_id", "nonce", "scope", "token_use"];

/// The one `type` that a satellite token may have. Hubs mark their other kinds by this claim: `access`, `refresh`, `peer`.
const OWN_TYPE: &str = "satellite";

/// The claims as they are written: six that must be there, and `nbf`. Others are ignored (RFC 7519, section 4). Times are
/// whole seconds: a text, a fraction, a negative number or one beyond 64 bits is not read at all, rather than taken for
/// absent (CVE-2026-25537).
#[derive(Deserialize)]
pub(crate) struct Claims<'a> {
    #[serde(borrow)]
    sub: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) iss: Cow<'a, str>,
    #[serde(borrow)]
    aud: Cow<'a, str>,
    exp: u64,
    iat: u64,
    #[serde(default, deserialize_with = "present")]
    nbf: Option<u64>,
    #[serde(borrow)]
    role: Cow<'a, str>,
    #[serde(default, rename = "type", deserialize_with = "present")]
    kind: Option<String>,
}

impl<'a> Claims<'a> {
    /// Reads claims, and the names of those that were ignored.
    pub(crate) fn read(json: &'a [u8]) -> Result<(Self, Vec<String>), SatelliteRefused> {
        let mut names = member_names(json).ok_or(SatelliteRefused::BadClaims)?;
        if names.iter().any(|name| MARKS_OF_OTHER_KINDS.contains(&name.as_str())) {
            return Err(SatelliteRefused::WrongKind);
        }
        names.retain(|name| !KNOWN_CLAIMS.contains(&name.as_str()));
        let claims: Self = object(json).ok_or(SatelliteRefused::BadClaims)?;
        if claims.kind.as_ref().is_some_and(|kind| kind != OWN_TYPE) {
            return Err(SatelliteRefused::WrongKind);
        }
        Ok((claims, names))
    }
}

impl Claims<'_> {
    /// Validates the claims of a token whose signature is good.
    pub(crate) fn validate(&self, hub: HubId) -> Result<SatelliteClaims, SatelliteRefused> {
        let bad_claims = SatelliteRefused::BadClaims;
        let role: HubRole = self.role.parse().map_err(|_| bad_claims)?;
        // A guest is nobody in particular, and nobody in particular is a guest.
        if check_subject(&self.sub).is_err() || (role == HubRole::Guest) != (self.sub == GUEST_SUBJECT) {
            return Err(bad_claims);
        }
        let audience = Audience::parse(&self.aud).map_err(|_| bad_claims)?;
        let date = |seconds| numeric_date(seconds).ok_or(bad_claims);
        let (issued_at, expires_at) = (date(self.iat)?, date(self.exp)?);
        let not_before = self.nbf.map(date).transpose()?.unwrap_or(issued_at);
        match self.exp.checked_sub(self.iat) {
            None | Some(0) => return Err(bad_claims),
            Some(1..=MAX_LIFETIME_SECONDS) => {}
            Some(_) => return Err(SatelliteRefused::TooLongLived),
        }
        Ok(SatelliteClaims {
            hub,
            subject: self.sub.clone().into_owned(),
            audience,
            role,
            issued_at,
            not_before,
            expires_at,
        })
    }
}

/// Checks that claims are valid at a time, to within the leeway.
pub(crate) fn check_times(claims: &SatelliteClaims, now: Timestamp) -> Result<(), SatelliteRefused> {
    if claims.is_expired(now) {
        return Err(SatelliteRefused::Expired);
    }
    if now.plus(SatelliteClaims::LEEWAY) < claims.issued_at.max(claims.not_before) {
        return Err(SatelliteRefused::NotYetValid);
    }
    Ok(())
}
