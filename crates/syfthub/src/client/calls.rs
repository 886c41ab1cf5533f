//! What is a hub asked, call by call?

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use syft_space_domain::Pending;
use syft_space_domain::identity::Email;
use syft_space_domain::marketplace::ports::{
    HealthReport, HubAccess, HubAccount, HubClient, HubError, HubIdentity, Publication, SatelliteToken,
};
use syft_space_domain::marketplace::{Audience, HubUsername, SatelliteId};
use syft_space_domain::secret::Secret;
use syft_space_domain::time::Timestamp;
use syft_space_outbound::Request;
use syft_space_outbound::http::Method;

use super::kept::Good;
use super::refusal::printable;
use super::{SyftHub, json, read, wire};

const JSON: &str = "application/json";
/// The longest that a hub believes a report of health.
const HEALTH_MAX_SECONDS: u64 = 1_800;

/// What a hub says of a token's bearer.
pub(crate) enum Vouched {
    /// Who they are, with the token's subject and audience as the hub read them.
    For(HubIdentity, String, String),
    /// That they may no longer act.
    NotFor(String),
    /// That the token is not valid, which may say nothing of its bearer.
    NotToken(String),
}

/// The words by which hubs say that it is the person who is refused *(not the token)*.
const ABOUT_THE_PERSON: [&str; 3] = ["user_inactive", "user_not_found", "invalid_user_id"];

fn username(text: &str) -> Result<HubUsername, HubError> {
    HubUsername::parse(text).map_err(|error| HubError::Unreadable(error.to_string()))
}

/// A path with the satellite that is meant, where there is one.
fn of_satellite(path: &str, satellite: Option<SatelliteId>) -> String {
    satellite.map_or_else(|| path.to_owned(), |id| format!("{path}?satellite_id={id}"))
}

fn by_slug(slug: &str, satellite: Option<SatelliteId>) -> String {
    of_satellite(&format!("/api/v1/endpoints/slug/{slug}"), satellite)
}

impl SyftHub {
    /// Asks who the bearer of a token is.
    pub(crate) async fn vouch(
        &self,
        access: &HubAccess,
        satellite: Option<SatelliteId>,
        token: &str,
    ) -> Result<Vouched, HubError> {
        let body = wire::Verify { token, satellite_id: satellite.map(|id| id.to_string()) };
        let request = self.request(access, Method::POST, "/api/v1/verify")?;
        // It changes nothing at the hub.
        let request = request.body(JSON, json(&body)?).repeatable();
        let verdict: wire::Verdict = read(&self.as_account(access, request).await?)?;
        if !verdict.valid {
            let why = printable(&format!("{}: {}", verdict.error, verdict.message));
            let person = ABOUT_THE_PERSON.contains(&verdict.error.as_str());
            return Ok(if person { Vouched::NotFor(why) } else { Vouched::NotToken(why) });
        }
        let role = verdict.role.parse();
        let role = role.map_err(|error: syft_space_domain::marketplace::HubRoleError| {
            HubError::Unreadable(error.to_string())
        })?;
        let email = Email::parse(&verdict.email).ok();
        let identity = HubIdentity { username: username(&verdict.username)?, email, role };
        Ok(Vouched::For(identity, verdict.sub, verdict.aud))
    }

    fn to_json(
        &self,
        access: &HubAccess,
        method: Method,
        path: &str,
        body: &wire::Endpoint<'_>,
    ) -> Result<Request, HubError> {
        Ok(self.request(access, method, path)?.body(JSON, json(body)?))
    }

    /// Gets a token for calling a space.
    async fn mint(&self, access: &HubAccess, audience: &Audience) -> Result<Good<SatelliteToken>, HubError> {
        // An audience has no character that would have to be escaped.
        let request = self.request(access, Method::GET, &format!("/api/v1/token?aud={audience}"))?;
        let asked_at: Timestamp = self.clock.now();
        let minted: wire::Minted = read(&self.as_account(access, request).await?)?;
        let life = Duration::from_secs(minted.expires_in.into());
        if minted.target_token.is_empty() || life.is_zero() {
            return Err(HubError::Unreadable("a token that is none".to_owned()));
        }
        let token = Secret::new(minted.target_token);
        let token = SatelliteToken { token, expires_at: asked_at.plus(life) };
        Ok(Good::for_life(token, asked_at, life))
    }
}

impl HubClient for SyftHub {
    fn account<'a>(&'a self, access: &'a HubAccess) -> Pending<'a, Result<HubAccount, HubError>> {
        Box::pin(async move {
            let request = self.request(access, Method::GET, "/api/v1/auth/me")?;
            let account: wire::Account = read(&self.as_account(access, request).await?)?;
            let username = username(&account.username)?;
            Ok(HubAccount { subject: account.id.to_string(), username, email: printable(&account.email) })
        })
    }

    fn register_satellite<'a>(
        &'a self,
        access: &'a HubAccess,
        public_url: &'a str,
    ) -> Pending<'a, Result<Option<SatelliteId>, HubError>> {
        Box::pin(async move {
            let body = wire::NewSatellite { kind: "space", base_url: public_url };
            let request = self.request(access, Method::POST, "/api/v1/satellites")?;
            // The hub finds what is registered already.
            let request = request.body(JSON, json(&body)?).repeatable();
            match self.as_account(access, request).await {
                Ok(answer) => {
                    let got: wire::Satellite = read(&answer)?;
                    let id = got
                        .id
                        .parse()
                        .map_err(|_| HubError::Unreadable("the id of a satellite is no UUID".to_owned()))?;
                    Ok(Some(id))
                }
                Err(HubError::NotFound) => Ok(None),
                Err(error) => Err(error),
            }
        })
    }

    fn remove_satellite<'a>(
        &'a self,
        access: &'a HubAccess,
        satellite: SatelliteId,
    ) -> Pending<'a, Result<(), HubError>> {
        Box::pin(async move {
            let path = format!("/api/v1/satellites/{satellite}");
            let request = self.request(access, Method::DELETE, &path)?.repeatable();
            match self.as_account(access, request).await {
                Ok(_) | Err(HubError::NotFound) => Ok(()),
                Err(error) => Err(error),
            }
        })
    }

    fn identify<'a>(
        &'a self,
        access: &'a HubAccess,
        satellite: Option<SatelliteId>,
        token: &'a str,
    ) -> Pending<'a, Result<HubIdentity, HubError>> {
        Box::pin(async move {
            match self.vouch(access, satellite, token).await? {
                Vouched::For(identity, ..) => Ok(identity),
                Vouched::NotFor(why) | Vouched::NotToken(why) => Err(HubError::Refused(why)),
            }
        })
    }

    fn publish<'a>(
        &'a self,
        access: &'a HubAccess,
        satellite: Option<SatelliteId>,
        publication: &'a Publication,
    ) -> Pending<'a, Result<(), HubError>> {
        Box::pin(async move {
            let mut body = wire::Endpoint::of(publication);
            let path = of_satellite("/api/v1/endpoints", satellite);
            // To come twice does no harm: the second time the hub says that it is there.
            let request = self.to_json(access, Method::POST, &path, &body)?.repeatable();
            match self.as_account(access, request).await {
                Ok(_) => return Ok(()),
                Err(HubError::Refused(why)) if why.contains("slug already exists") => {}
                Err(error) => return Err(error),
            }
            (body.slug, body.kind) = (None, None);
            let path = by_slug(&publication.slug, satellite);
            let request = self.to_json(access, Method::PATCH, &path, &body)?.repeatable();
            self.as_account(access, request).await.map(drop)
        })
    }

    fn unpublish<'a>(
        &'a self,
        access: &'a HubAccess,
        satellite: Option<SatelliteId>,
        slug: &'a str,
    ) -> Pending<'a, Result<(), HubError>> {
        Box::pin(async move {
            let request = self.request(access, Method::DELETE, &by_slug(slug, satellite))?.repeatable();
            match self.as_account(access, request).await {
                Ok(_) | Err(HubError::NotFound) => Ok(()),
                Err(error) => Err(error),
            }
        })
    }

    fn report_health<'a>(
        &'a self,
        access: &'a HubAccess,
        satellite: Option<SatelliteId>,
        public_url: &'a str,
        reports: &'a [HealthReport],
        believed_for: Duration,
    ) -> Pending<'a, Result<(), HubError>> {
        Box::pin(async move {
            // Hubs refuse a report on nothing.
            if reports.is_empty() {
                return Ok(());
            }
            let ttl = believed_for.as_secs().clamp(1, HEALTH_MAX_SECONDS);
            let body = wire::Health::of(public_url, reports, ttl, satellite.map(|id| id.to_string()));
            let request = self.request(access, Method::POST, "/api/v1/endpoints/health")?;
            let request = request.body(JSON, json(&body)?).repeatable();
            self.as_account(access, request).await.map(drop)
        })
    }

    fn satellite_token<'a>(
        &'a self,
        access: &'a HubAccess,
        audience: &'a Audience,
    ) -> Pending<'a, Result<SatelliteToken, HubError>> {
        Box::pin(async move {
            let digest = self.digest(access, audience.as_str());
            let kept = self.minted.get_or_insert_with(&digest, || Ok::<_, Infallible>(Arc::default()));
            let kept = match kept {
                Ok(kept) => kept,
                Err(never) => match never {},
            };
            Ok(kept.get(self.clock.as_ref(), |_| self.mint(access, audience)).await?.value)
        })
    }
}
