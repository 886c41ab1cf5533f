//! With which token are calls to a hub made?

use std::time::Duration;

use serde::Deserialize;
use syft_space_domain::marketplace::HubCredential;
use syft_space_domain::marketplace::ports::{HubAccess, HubError};
use syft_space_domain::secret::Secret;
use syft_space_domain::time::Timestamp;
use syft_space_outbound::http::Method;

use super::kept::Good;
use super::{SyftHub, read, wire};
use crate::compact::{Compact, decode};

/// How long a session is taken to last whose token does not say.
const LIFE_UNSAID: Duration = Duration::from_secs(600);
/// The longest that one is taken to last.
const LIFE_MAX: Duration = Duration::from_secs(24 * 3_600);

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
                let kept = self.sessions.get_or_insert_with(&self.digest(access, ""), || {
                    Ok::<_, std::convert::Infallible>(std::sync::Arc::default())
                });
                let kept = match kept {
                    Ok(kept) => kept,
                    Err(never) => match never {},
                };
                let session = kept.get(self.clock.as_ref(), |before| {
                    self.begin(access, username, password, before.and_then(|session| session.refresh))
                });
                Ok(session.await?.value.access)
            }
        }
    }

    /// Forgets a session whose token the hub no longer accepts. `false` when there can be no other.
    pub(super) async fn forget(&self, access: &HubAccess, token: &Secret<String>) -> bool {
        if matches!(access.credential, HubCredential::Pat(_)) {
            return false;
        }
        if let Some(kept) = self.sessions.get(&self.digest(access, "")) {
            kept.drop_if(|session| session.access.expose() == token.expose()).await;
        }
        true
    }

    /// Goes on with a session by its refresh token, or begins one.
    async fn begin(
        &self,
        access: &HubAccess,
        username: &str,
        password: &Secret<String>,
        refresh: Option<Secret<String>>,
    ) -> Result<Good<Session>, HubError> {
        if let Some(token) = refresh {
            let body = wire::Refresh { refresh_token: token.expose() };
            let request = self.request(access, Method::POST, "/api/v1/auth/refresh")?;
            if let Ok(answer) = self.send(&request.body("application/json", super::json(&body)?)).await {
                return self.session(&read::<wire::Session>(&answer)?, Some(token));
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
        self.session(&read::<wire::Session>(&answer)?, None)
    }

    fn session(
        &self,
        got: &wire::Session,
        before: Option<Secret<String>>,
    ) -> Result<Good<Session>, HubError> {
        if got.access_token.is_empty() {
            return Err(HubError::Unreadable("a session without a token".to_owned()));
        }
        let now = self.clock.now();
        let life = ends_at(&got.access_token).map_or(LIFE_UNSAID, |end| end.since(now)).min(LIFE_MAX);
        let refresh = got.refresh_token.clone().map(Secret::new).or(before);
        Ok(Good::for_life(Session { access: Secret::new(got.access_token.clone()), refresh }, now, life))
    }
}

/// When a token says that it ends. Not verified: it is the hub's own, and only tells when to ask for the next.
fn ends_at(token: &str) -> Option<Timestamp> {
    #[derive(Deserialize)]
    struct Ends {
        exp: u32,
    }
    let ends: Ends = serde_json::from_slice(&decode(Compact::split(token)?.payload)?).ok()?;
    Some(Timestamp::from_unix_micros(i64::from(ends.exp).checked_mul(1_000_000)?))
}
