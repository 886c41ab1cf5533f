//! The claims of a satellite token.

use std::borrow::Cow;

use serde::Deserialize;
use syft_space_domain::ids::HubId;
use syft_space_domain::marketplace::{Audience, HubRole, SatelliteClaims, SatelliteRefused, check_subject};
use syft_space_domain::time::Timestamp;
use syft_space_jose::numeric_date;

/// The longest lifetime. Hubs give a minute.
const MAX_LIFETIME_SECONDS: u64 = 300;

/// The subject of every guest.
const GUEST_SUBJECT: &str = "guest";

/// The claims as they are written: these six and no others. Times are whole seconds: a text, a fraction, a negative
/// number or one beyond 64 bits is not read at all, rather than taken for absent (CVE-2026-25537).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Claims<'a> {
    #[serde(borrow)]
    sub: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) iss: Cow<'a, str>,
    #[serde(borrow)]
    aud: Cow<'a, str>,
    exp: u64,
    iat: u64,
    #[serde(borrow)]
    role: Cow<'a, str>,
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
        let (issued_at, expires_at) =
            (numeric_date(self.iat).ok_or(bad_claims)?, numeric_date(self.exp).ok_or(bad_claims)?);
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
            expires_at,
        })
    }
}

/// Checks that claims are valid at a time, to within the leeway.
pub(crate) fn check_times(claims: &SatelliteClaims, now: Timestamp) -> Result<(), SatelliteRefused> {
    if claims.is_expired(now) {
        return Err(SatelliteRefused::Expired);
    }
    if now.plus(SatelliteClaims::LEEWAY) < claims.issued_at {
        return Err(SatelliteRefused::NotYetValid);
    }
    Ok(())
}
