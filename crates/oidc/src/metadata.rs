//! What a provider says of itself (OpenID Connect Discovery 1.0), with its keys.

use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreClaimName, CoreClaimType, CoreClientAuthMethod,
    CoreErrorResponseType, CoreGenderClaim, CoreGrantType, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm, CoreJwsSigningAlgorithm, CoreResponseMode, CoreResponseType,
    CoreRevocableToken, CoreRevocationErrorResponse, CoreSubjectIdentifierType,
    CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AdditionalClaims, AdditionalProviderMetadata, Client, EmptyExtraTokenFields, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, IdToken, IdTokenClaims, IdTokenFields, IssuerUrl, ProviderMetadata,
    StandardErrorResponse, StandardTokenResponse,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use syft_space_domain::identity::oidc::OidcIssuer;

use crate::http::GuardedHttp;
use crate::keys;

/// What else a provider says that counts here.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ExtraMetadata {
    /// Whether its answers name it (RFC 9207).
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for ExtraMetadata {}

/// Every claim of an ID token that is none of the standard ones.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ExtraClaims {
    #[serde(flatten)]
    pub(crate) claims: Map<String, Value>,
}

impl AdditionalClaims for ExtraClaims {}

pub(crate) type Metadata = ProviderMetadata<
    ExtraMetadata,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

pub(crate) type Token =
    IdToken<ExtraClaims, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>;

pub(crate) type Claims = IdTokenClaims<ExtraClaims, CoreGenderClaim>;

type TokenFields = IdTokenFields<
    ExtraClaims,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;

pub(crate) type ErrorResponse = StandardErrorResponse<CoreErrorResponseType>;

/// The client of one provider, whose document says where to ask.
pub(crate) type CodeFlow = Client<
    ExtraClaims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    ErrorResponse,
    StandardTokenResponse<TokenFields, CoreTokenType>,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Fetches a provider's document and its keys. The document names the issuer that it was asked for.
///
/// # Errors
/// Why they are not to be had, for the operator.
pub(crate) async fn fetch(issuer: &OidcIssuer, http: &GuardedHttp) -> Result<Metadata, String> {
    let asked = IssuerUrl::new(issuer.as_str().to_owned()).map_err(|error| error.to_string())?;
    let metadata = Metadata::discover_async(asked, http).await.map_err(|error| match error {
        openidconnect::DiscoveryError::Request(error) => error.to_string(),
        // What it answered may be anything, and stays out of the log.
        openidconnect::DiscoveryError::Response(status, ..) => format!("it answered {status}"),
        openidconnect::DiscoveryError::Parse(error) => {
            format!("its document cannot be read: {}", error.path())
        }
        openidconnect::DiscoveryError::Validation(_) => "its document names another issuer".to_owned(),
        _ => "its document cannot be read".to_owned(),
    })?;
    if metadata.issuer().as_str() != issuer.as_str() {
        return Err("its document names another issuer".to_owned());
    }
    let keys = keys::usable(metadata.jwks());
    if keys.keys().is_empty() {
        return Err("it shows no key that can be used".to_owned());
    }
    Ok(metadata.set_jwks(keys))
}

/// Whether a provider names itself in its answers (RFC 9207, section 2.4).
pub(crate) fn names_itself(metadata: &Metadata) -> bool {
    metadata.additional_metadata().authorization_response_iss_parameter_supported
}

/// Whether a provider takes a client's secret in the body alone.
pub(crate) fn takes_secret_in_body_alone(metadata: &Metadata) -> bool {
    let methods = metadata.token_endpoint_auth_methods_supported();
    methods.is_some_and(|methods| {
        methods.contains(&CoreClientAuthMethod::ClientSecretPost)
            && !methods.contains(&CoreClientAuthMethod::ClientSecretBasic)
    })
}
