//! The calls of a hub.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use syft_space_domain::Pending;
use syft_space_domain::identity::Email;
use syft_space_domain::marketplace::ports::{
    HealthReport, HubAccess, HubAccount, HubClient, HubError, HubIdentity, OwnMark, Publication,
    SatelliteToken,
};
use syft_space_domain::marketplace::{
    Audience, CredentialRefusal, HubUsername, SatelliteId, is_same_address,
};
use syft_space_domain::secret::Secret;
use syft_space_domain::time::Timestamp;
use syft_space_outbound::Request;
use syft_space_outbound::http::Method;

use super::cached_value::ExpiringValue;
use super::response_error::printable;
use super::{SyftHub, parse, to_json, wire};

const APPLICATION_JSON: &str = "application/json";
/// The endpoints on a page of an account's own, the most bytes of one (each may have a text of 50,000 characters), and the
/// most pages: hubs let an account have 300.
const PAGE_SIZE: usize = 25;
const MAX_PAGE_BYTES: usize = 8 * 1024 * 1024;
const MAX_PAGES: usize = 40;
/// The longest that hubs let a health report live.
const MAX_HEALTH_TTL_SECONDS: u64 = 1_800;

/// A hub's answer about a token and its bearer.
pub(crate) enum TokenVerification {
    /// The bearer, with the token's subject and audience as the hub read them.
    Valid(HubIdentity, String, String),
    /// The person may no longer act.
    PersonRefused(String),
    /// The token is not valid, which may say nothing of its bearer.
    TokenRefused(String),
}

/// The error codes by which hubs refuse the person, and not the token.
const PERSON_ERRORS: [&str; 3] = ["user_inactive", "user_not_found", "invalid_user_id"];

fn username(text: &str) -> Result<HubUsername, HubError> {
    HubUsername::parse(text).map_err(|error| HubError::Unreadable(error.to_string()))
}

/// A path with the satellite that is meant, if there is one.
fn with_satellite(path: &str, satellite: Option<SatelliteId>) -> String {
    satellite.map_or_else(|| path.to_owned(), |id| format!("{path}?satellite_id={id}"))
}

fn slug_path(slug: &str, satellite: Option<SatelliteId>) -> String {
    with_satellite(&format!("/api/v1/endpoints/slug/{slug}"), satellite)
}

impl SyftHub {
    /// One of the account's own endpoints, whoever made it.
    async fn find_own_endpoint(
        &self,
        access: &HubAccess,
        is_meant: impl Fn(&wire::OwnEndpointResponse) -> bool,
    ) -> Result<Option<wire::OwnEndpointResponse>, HubError> {
        for page in 0..MAX_PAGES {
            let path = format!("/api/v1/endpoints?skip={}&limit={PAGE_SIZE}", page * PAGE_SIZE);
            let request = self.request(access, Method::GET, &path)?.max_response_bytes(MAX_PAGE_BYTES);
            let page: Vec<wire::OwnEndpointResponse> =
                parse(&self.send_authenticated(access, request).await?)?;
            let is_last = page.len() < PAGE_SIZE;
            if let Some(found) = page.into_iter().find(&is_meant) {
                return Ok(Some(found));
            }
            if is_last {
                return Ok(None);
            }
        }
        Err(HubError::Unreadable("the account has more endpoints than a hub gives out".to_owned()))
    }

    /// The satellite of this space, where the hub says that it is registered without saying as which.
    async fn find_satellite(&self, access: &HubAccess, public_url: &str) -> Result<Option<String>, HubError> {
        let request = self.request(access, Method::GET, "/api/v1/satellites")?;
        let all: Vec<wire::SatelliteResponse> = parse(&self.send_authenticated(access, request).await?)?;
        let is_ours = |satellite: &wire::SatelliteResponse| {
            satellite.kind == "space" && is_same_address(&satellite.base_url, public_url)
        };
        Ok(all.into_iter().find(is_ours).map(|satellite| satellite.id))
    }

    /// Has a token verified by its hub.
    pub(crate) async fn verify_token(
        &self,
        access: &HubAccess,
        satellite: Option<SatelliteId>,
        token: &str,
    ) -> Result<TokenVerification, HubError> {
        let body = wire::VerifyRequest { token, satellite_id: satellite.map(|id| id.to_string()) };
        let request = self.request(access, Method::POST, "/api/v1/verify")?;
        // It changes nothing at the hub.
        let request = request.body(APPLICATION_JSON, to_json(&body)?).allow_retry();
        let response: wire::VerifyResponse = parse(&self.send_authenticated(access, request).await?)?;
        if !response.valid {
            let why = printable(&format!("{}: {}", response.error, response.message));
            let person = PERSON_ERRORS.contains(&response.error.as_str());
            return Ok(if person {
                TokenVerification::PersonRefused(why)
            } else {
                TokenVerification::TokenRefused(why)
            });
        }
        let role = response.role.parse();
        let role = role.map_err(|error: syft_space_domain::marketplace::HubRoleError| {
            HubError::Unreadable(error.to_string())
        })?;
        let email = Email::parse(&response.email).ok();
        let identity = HubIdentity { username: username(&response.username)?, email, role };
        Ok(TokenVerification::Valid(identity, response.sub, response.aud))
    }

    fn endpoint_request(
        &self,
        access: &HubAccess,
        method: Method,
        path: &str,
        body: &wire::EndpointRequest<'_>,
    ) -> Result<Request, HubError> {
        Ok(self.request(access, method, path)?.body(APPLICATION_JSON, to_json(body)?))
    }

    async fn mint_token(
        &self,
        access: &HubAccess,
        audience: &Audience,
    ) -> Result<wire::TokenResponse, HubError> {
        // An audience has no character that would have to be escaped.
        let request = self.request(access, Method::GET, &format!("/api/v1/token?aud={audience}"))?;
        let response: wire::TokenResponse = parse(&self.send_authenticated(access, request).await?)?;
        if response.target_token.is_empty() || response.expires_in == 0 {
            return Err(HubError::Unreadable("a token that is none".to_owned()));
        }
        Ok(response)
    }

    /// Fetches a token for calling a space.
    async fn fetch_satellite_token(
        &self,
        access: &HubAccess,
        audience: &Audience,
    ) -> Result<ExpiringValue<SatelliteToken>, HubError> {
        let asked_at: Timestamp = self.clock.now();
        let response = self.mint_token(access, audience).await?;
        let lifetime = Duration::from_secs(response.expires_in.into());
        let token = Secret::new(response.target_token);
        let token = SatelliteToken { token, expires_at: asked_at.plus(lifetime) };
        Ok(ExpiringValue::with_lifetime(token, asked_at, lifetime))
    }
}

impl HubClient for SyftHub {
    fn refusal(&self, access: &HubAccess) -> Option<CredentialRefusal> {
        self.refusals.get(&self.digest(access, ""))
    }

    fn forget_failures(&self, access: &HubAccess) {
        let digest = self.digest(access, "");
        if self.sessions.get(&digest).is_some_and(|session| session.has_failed()) {
            self.sessions.remove(&digest);
        }
    }

    fn account<'a>(&'a self, access: &'a HubAccess) -> Pending<'a, Result<HubAccount, HubError>> {
        Box::pin(async move {
            let request = self.request(access, Method::GET, "/api/v1/auth/me")?;
            let account: wire::AccountResponse = parse(&self.send_authenticated(access, request).await?)?;
            let username = username(&account.username)?;
            let domain = account.domain.map(|domain| printable(&domain)).filter(|domain| !domain.is_empty());
            let subject = account.id.to_string();
            Ok(HubAccount { subject, username, email: printable(&account.email), domain })
        })
    }

    fn set_domain<'a>(
        &'a self,
        access: &'a HubAccess,
        public_url: &'a str,
    ) -> Pending<'a, Result<(), HubError>> {
        Box::pin(async move {
            let body = wire::DomainRequest { domain: public_url.trim_end_matches('/') };
            let request = self.request(access, Method::PUT, "/api/v1/users/me")?;
            let request = request.body(APPLICATION_JSON, to_json(&body)?).allow_retry();
            self.send_authenticated(access, request).await.map(drop)
        })
    }

    fn has_live_endpoints<'a>(&'a self, access: &'a HubAccess) -> Pending<'a, Result<bool, HubError>> {
        Box::pin(
            async move { Ok(self.find_own_endpoint(access, |endpoint| endpoint.is_active).await?.is_some()) },
        )
    }

    fn register_satellite<'a>(
        &'a self,
        access: &'a HubAccess,
        public_url: &'a str,
    ) -> Pending<'a, Result<Option<SatelliteId>, HubError>> {
        Box::pin(async move {
            let body = wire::SatelliteRequest { kind: "space", base_url: public_url };
            let request = self.request(access, Method::POST, "/api/v1/satellites")?;
            // The hub finds what is registered already.
            let request = request.body(APPLICATION_JSON, to_json(&body)?).allow_retry();
            let id = match self.send_authenticated(access, request).await {
                Ok(answer) => parse::<wire::SatelliteResponse>(&answer)?.id,
                Err(HubError::NotFound) => return Ok(None),
                // Some hubs answer that the origin is taken, also by the very same satellite.
                Err(HubError::Refused(why)) => match self.find_satellite(access, public_url).await {
                    Ok(Some(id)) => id,
                    Ok(None) | Err(HubError::Refused(_) | HubError::NotFound) => {
                        return Err(HubError::Refused(why));
                    }
                    Err(error) => return Err(error),
                },
                Err(error) => return Err(error),
            };
            let id = id.parse();
            id.map(Some).map_err(|_| HubError::Unreadable("the id of a satellite is no UUID".to_owned()))
        })
    }

    fn remove_satellite<'a>(
        &'a self,
        access: &'a HubAccess,
        satellite: SatelliteId,
    ) -> Pending<'a, Result<(), HubError>> {
        Box::pin(async move {
            let path = format!("/api/v1/satellites/{satellite}");
            let request = self.request(access, Method::DELETE, &path)?.allow_retry();
            match self.send_authenticated(access, request).await {
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
            match self.verify_token(access, satellite, token).await? {
                TokenVerification::Valid(identity, ..) => Ok(identity),
                TokenVerification::PersonRefused(why) | TokenVerification::TokenRefused(why) => {
                    Err(HubError::Refused(why))
                }
            }
        })
    }

    fn publish<'a>(
        &'a self,
        access: &'a HubAccess,
        mark: &'a OwnMark,
        publication: &'a Publication,
    ) -> Pending<'a, Result<(), HubError>> {
        Box::pin(async move {
            let mut body = wire::EndpointRequest::of(publication);
            let path = with_satellite("/api/v1/endpoints", mark.satellite);
            // It may be repeated: the second time the hub says that it is there.
            let request = self.endpoint_request(access, Method::POST, &path, &body)?.allow_retry();
            let why = match self.send_authenticated(access, request).await {
                Ok(_) => return Ok(()),
                Err(HubError::Refused(why)) if why.contains("slug already exists") => why,
                Err(error) => return Err(error),
            };
            match self.find_own_endpoint(access, |endpoint| endpoint.slug == publication.slug).await? {
                Some(there) if there.has_mark(mark) => {}
                Some(_) => return Err(HubError::NotOurs(publication.slug.clone())),
                None => return Err(HubError::Refused(why)),
            }
            (body.slug, body.kind) = (None, None);
            let path = slug_path(&publication.slug, mark.satellite);
            let request = self.endpoint_request(access, Method::PATCH, &path, &body)?.allow_retry();
            self.send_authenticated(access, request).await.map(drop)
        })
    }

    fn unpublish<'a>(
        &'a self,
        access: &'a HubAccess,
        mark: &'a OwnMark,
        slug: &'a str,
    ) -> Pending<'a, Result<(), HubError>> {
        Box::pin(async move {
            match self.find_own_endpoint(access, |endpoint| endpoint.slug == slug).await? {
                Some(there) if there.has_mark(mark) => {}
                Some(_) | None => return Ok(()),
            }
            let path = slug_path(slug, mark.satellite);
            let request = self.request(access, Method::DELETE, &path)?.allow_retry();
            match self.send_authenticated(access, request).await {
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
    ) -> Pending<'a, Result<u64, HubError>> {
        Box::pin(async move {
            // Hubs refuse a report on nothing.
            if reports.is_empty() {
                return Ok(0);
            }
            let ttl = believed_for.as_secs().clamp(1, MAX_HEALTH_TTL_SECONDS);
            let body = wire::HealthRequest::of(public_url, reports, ttl, satellite.map(|id| id.to_string()));
            let request = self.request(access, Method::POST, "/api/v1/endpoints/health")?;
            let request = request.body(APPLICATION_JSON, to_json(&body)?).allow_retry();
            let response: wire::HealthResponse = parse(&self.send_authenticated(access, request).await?)?;
            Ok(response.ignored)
        })
    }

    fn mint<'a>(
        &'a self,
        access: &'a HubAccess,
        audience: &'a Audience,
    ) -> Pending<'a, Result<Secret<String>, HubError>> {
        Box::pin(async move { Ok(Secret::new(self.mint_token(access, audience).await?.target_token)) })
    }

    fn satellite_token<'a>(
        &'a self,
        access: &'a HubAccess,
        audience: &'a Audience,
    ) -> Pending<'a, Result<SatelliteToken, HubError>> {
        Box::pin(async move {
            let digest = self.digest(access, audience.as_str());
            let cached_value =
                self.satellite_tokens.get_or_insert_with(&digest, || Ok::<_, Infallible>(Arc::default()));
            let cached_value = match cached_value {
                Ok(cached_value) => cached_value,
                Err(never) => match never {},
            };
            Ok(cached_value
                .get_or_refresh(self.clock.as_ref(), |_| self.fetch_satellite_token(access, audience))
                .await?
                .value)
        })
    }
}
