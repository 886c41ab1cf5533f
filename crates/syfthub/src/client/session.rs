//! The sessions at hubs, and the bearer tokens of calls.

use std::time::Duration;

use serde::Deserialize;
use syft_space_domain::marketplace::HubCredential;
use syft_space_domain::marketplace::ports::{HubAccess, HubError};
use syft_space_domain::secret::Secret;
use syft_space_domain::time::Timestamp;
use syft_space_jose::{Compact, decode};
use syft_space_outbound::http::Method;

use super::cached_value::ExpiringValue;
use super::{SyftHub, parse, wire};

/// The lifetime of a session whose token does not tell it.
const DEFAULT_LIFETIME: Duration = Duration::from_secs(600);
/// The longest lifetime of a session.
const MAX_LIFETIME: Duration = Duration::from_secs(24 * 3_600);

/// A session at a hub.
#[derive(Clone)]
pub(super) struct Session {
    access: Secret<String>,
    refresh: Option<Secret<String>>,
}

impl SyftHub {
    /// The token for calls with a credential: a personal access token is one; a password gets one.
    pub(super) async fn bearer(&self, access: &HubAccess) -> Result<Secret<String>, HubError> {
        match &access.credential {
            HubCredential::Pat(token) => Ok(token.clone()),
            HubCredential::Password { username, password } => {
                let cached_value = self.sessions.get_or_insert_with(&self.digest(access, ""), || {
                    Ok::<_, std::convert::Infallible>(std::sync::Arc::default())
                });
                let cached_value = match cached_value {
                    Ok(cached_value) => cached_value,
                    Err(never) => match never {},
                };
                let session = cached_value.get_or_refresh(self.clock.as_ref(), |previous| {
                    self.refresh_or_login(
                        access,
                        username,
                        password,
                        previous.and_then(|session| session.refresh),
                    )
                });
                Ok(session.await?.value.access)
            }
        }
    }

    /// Removes a session whose token the hub no longer accepts. `false` when there can be no other.
    pub(super) async fn invalidate_session(&self, access: &HubAccess, token: &Secret<String>) -> bool {
        if matches!(access.credential, HubCredential::Pat(_)) {
            return false;
        }
        if let Some(cached_value) = self.sessions.get(&self.digest(access, "")) {
            cached_value.invalidate_if(|session| session.access.expose() == token.expose()).await;
        }
        true
    }

    /// Renews a session by its refresh token, or logs in.
    async fn refresh_or_login(
        &self,
        access: &HubAccess,
        username: &str,
        password: &Secret<String>,
        refresh: Option<Secret<String>>,
    ) -> Result<ExpiringValue<Session>, HubError> {
        if let Some(token) = refresh {
            let body = wire::RefreshRequest { refresh_token: token.expose() };
            let request = self.request(access, Method::POST, "/api/v1/auth/refresh")?;
            if let Ok(answer) = self.send(&request.body("application/json", super::to_json(&body)?)).await {
                return self.session(&parse::<wire::SessionResponse>(&answer)?, Some(token));
            }
        }
        let form = Secret::new(
            url::form_urlencoded::Serializer::new(String::new())
                .append_pair("username", username)
                .append_pair("password", password.expose())
                .finish(),
        );
        let request = self
            .request(access, Method::POST, "/api/v1/auth/login")?
            .body("application/x-www-form-urlencoded", form.expose().clone().into_bytes());
        let answer = self.send(&request).await?;
        self.session(&parse::<wire::SessionResponse>(&answer)?, None)
    }

    fn session(
        &self,
        response: &wire::SessionResponse,
        previous: Option<Secret<String>>,
    ) -> Result<ExpiringValue<Session>, HubError> {
        if response.access_token.is_empty() {
            return Err(HubError::Unreadable("a session without a token".to_owned()));
        }
        let now = self.clock.now();
        let lifetime =
            ends_at(&response.access_token).map_or(DEFAULT_LIFETIME, |end| end.since(now)).min(MAX_LIFETIME);
        let refresh = response.refresh_token.clone().map(Secret::new).or(previous);
        Ok(ExpiringValue::with_lifetime(
            Session { access: Secret::new(response.access_token.clone()), refresh },
            now,
            lifetime,
        ))
    }
}

/// The `exp` of a token. It is not verified: the token is the hub's own, and its end only tells when to renew it.
fn ends_at(token: &str) -> Option<Timestamp> {
    #[derive(Deserialize)]
    struct ExpClaim {
        exp: u32,
    }
    let claims: ExpClaim = serde_json::from_slice(&decode(Compact::split(token)?.payload)?).ok()?;
    Some(Timestamp::from_unix_micros(i64::from(claims.exp).checked_mul(1_000_000)?))
}
