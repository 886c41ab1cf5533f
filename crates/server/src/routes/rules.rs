//! The readers of fields of bodies whose rule has no type of its own in the domain.

use std::fmt::Display;

use serde::de::{Deserialize, Deserializer, Error};
use syft_space_domain::dataset::{SearchQuery, VectorDatabaseCredential};
use syft_space_domain::identity::ApiKey;
use syft_space_domain::ids::PolicyId;
use syft_space_domain::marketplace::{HubCredential, check_subject};
use syft_space_domain::retention::RetentionKind;
use syft_space_domain::secret::Secret;
use syft_space_domain::tenant::Tenant;

/// Reads a value, and checks it.
pub(super) fn checked<'de, D, T, E>(
    deserializer: D,
    check: impl FnOnce(&T) -> Result<(), E>,
) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
    E: Display,
{
    let value = T::deserialize(deserializer)?;
    check(&value).map_err(D::Error::custom)?;
    Ok(value)
}

/// What a text is that is no hash.
pub(super) const NO_HASH: &str = "a hash has 64 of 0-9 and a-f";

macro_rules! rules {
    ($($name:ident($value:ident: $type:ty) = $check:expr;)*) => {$(
        pub(super) fn $name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<$type, D::Error> {
            checked(deserializer, |$value: &$type| $check)
        }
    )*};
}

rules! {
    question(text: String) = SearchQuery::check_text(text);
    hit_limit(limit: Option<u64>) = limit.map_or(Ok(()), |limit| SearchQuery::check_limit(limit).map(drop));
    overlap_seconds(seconds: u64) = in_range(Some(*seconds), 0, ApiKey::MAX_OVERLAP.as_secs());
    hub_subject(sub: Option<String>) = sub.as_deref().map_or(Ok(()), check_subject);
    no_model(model: Option<String>) = match model {
        None => Ok(()),
        Some(_) => Err("model_id is null: this version has no models"),
    };
    log_size(size: u64) = in_range(Some(*size), 1, u64::MAX);
    hash(digits: String) = match digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        true if digits.len() == 64 => Ok(()),
        _ => Err(NO_HASH),
    };
    revision(revision: u64) = in_range(Some(*revision), 1, 1_000_000_000);
    max_tokens(tokens: Option<u64>) = in_range(*tokens, 1, 1_000_000_000);
    temperature(temperature: Option<f64>) = in_range(*temperature, 0.0, 2.0);
    penalty(penalty: Option<f64>) = in_range(*penalty, -2.0, 2.0);
    stop_sequences(sequences: Option<Vec<String>>) = match sequences {
        Some(sequences) if sequences.len() > 16 => Err("length is greater than 16"),
        _ => Ok(()),
    };
}

/// A secret for a hub, in a field that may be left out, and not be null.
pub(super) fn hub_secret<'de, D>(deserializer: D) -> Result<Option<Secret<String>>, D::Error>
where
    D: Deserializer<'de>,
{
    checked(deserializer, HubCredential::check_secret).map(Some)
}

/// The credential of a vector database, in a field that may be left out, and not be null.
pub(super) fn vector_credential<'de, D>(deserializer: D) -> Result<Option<Secret<String>>, D::Error>
where
    D: Deserializer<'de>,
{
    checked(deserializer, |secret: &Secret<String>| VectorDatabaseCredential::check(secret.expose()))
        .map(Some)
}

/// The same, in a field that may be null.
pub(super) fn nullable_vector_credential<'de, D>(
    deserializer: D,
) -> Result<Option<Option<Secret<String>>>, D::Error>
where
    D: Deserializer<'de>,
{
    let check = |secret: &Option<Secret<String>>| {
        secret.as_ref().map_or(Ok(()), |secret| VectorDatabaseCredential::check(secret.expose()))
    };
    checked(deserializer, check).map(Some)
}

/// The most days of an API key, in a field that may be left out, and not be null.
pub(super) fn max_key_days<'de, D>(deserializer: D) -> Result<Option<u32>, D::Error>
where
    D: Deserializer<'de>,
{
    let (min, max) = Tenant::KEY_DAYS.into_inner();
    checked(deserializer, |days| in_range(Some(*days), min, max)).map(Some)
}

macro_rules! retention_terms {
    ($($name:ident: $kind:ident;)*) => {$(
        /// The days of a kind of data, in a field that may be left out, and not be null.
        pub(super) fn $name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
            let (min, max) = RetentionKind::$kind.bounds().into_inner();
            checked(deserializer, |days| in_range(Some(*days), min, max)).map(Some)
        }
    )*};
}

retention_terms! {
    log_personal_data: LogPersonalData;
    policy_revisions: PolicyRevisions;
    invitations: Invitations;
    disclosures: Disclosures;
    transfers: Transfers;
    log_events: LogEvents;
}

/// The ids of policies. What is no id is told of as an error of the list.
pub(super) fn policy_ids<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<PolicyId>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    texts.iter().map(|text| text.parse().map_err(D::Error::custom)).collect()
}

fn in_range<T: PartialOrd + Display + Copy>(value: Option<T>, min: T, max: T) -> Result<(), String> {
    match value {
        Some(value) if value < min => Err(format!("lower than {min}")),
        Some(value) if value > max => Err(format!("greater than {max}")),
        _ => Ok(()),
    }
}

/// Writes a secret, where there is one, for the one whom it is sent to.
pub(super) fn exposed_if_any<S: serde::Serializer>(
    secret: &Option<Secret<String>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match secret {
        Some(secret) => serializer.serialize_some(secret.expose()),
        None => serializer.serialize_none(),
    }
}

/// Writes a secret for the one whom it is sent to.
pub(super) fn exposed<S: serde::Serializer>(
    secret: &Secret<String>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose())
}

/// Writes a secret that may be left out, for the one whom it is sent to.
pub(super) fn exposed_if_some<S: serde::Serializer>(
    secret: &Option<Secret<String>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match secret {
        Some(secret) => exposed(secret, serializer),
        None => serializer.serialize_none(),
    }
}
