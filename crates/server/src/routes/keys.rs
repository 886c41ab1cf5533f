//! The operator's routes of signing keys.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syft_space_domain::identity::{self, PreviousKeys, rotate_signing_key, signing_keys};
use syft_space_domain::page::Page;
use syft_space_domain::time::Timestamp;

use crate::http::problem::Problem;
use crate::http::request::Request;
use crate::routes::reply;
use crate::routes::shapes;

#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct SigningKey {
    /// The `kid` of the tokens that it signs.
    pub(crate) id: String,
    pub(crate) algorithm: String,
    #[schemars(with = "shapes::TimeShape")]
    pub(crate) created_at: Timestamp,
    /// From when on its tokens are refused; null for the key that signs.
    #[schemars(with = "Option<shapes::TimeShape>")]
    pub(crate) accepted_until: Option<Timestamp>,
    /// When the next key takes over by itself; null for a key that signs no more.
    #[schemars(with = "Option<shapes::TimeShape>")]
    pub(crate) rotates_at: Option<Timestamp>,
}

impl From<identity::SigningKey> for SigningKey {
    fn from(key: identity::SigningKey) -> Self {
        let identity::SigningKey { id, algorithm, created_at, accepted_until, rotates_at } = key;
        Self { id, algorithm, created_at, accepted_until, rotates_at }
    }
}

pub(crate) async fn list(request: Request) -> Result<HttpResponse, Problem> {
    let keys = signing_keys(request.space(), &request.context, request.operator()?);
    // There are few enough of them for one page.
    reply::list(Page::<identity::SigningKey, String> { items: keys, next: None }, SigningKey::from).await
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rotate {
    /// Whether tokens of all keys before are refused at once. Sessions go on by their refresh tokens.
    #[serde(default)]
    pub(crate) revoke: bool,
}

pub(crate) async fn rotate(mut request: Request) -> Result<HttpResponse, Problem> {
    let Rotate { revoke } = request.json().await?;
    let previous = if revoke { PreviousKeys::Revoke } else { PreviousKeys::Overlap };
    let operator = request.operator()?;
    let key = rotate_signing_key(request.space(), &request.context, operator, previous).await?;
    reply::json(StatusCode::CREATED, &SigningKey::from(key))
}
