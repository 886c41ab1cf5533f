//! The schemas of what hubs are told, and of what they say.

use schemars::{Schema, json_schema};
use syft_space_domain::marketplace::{HubCredential, Issuer, SUBJECT_MAX};

pub(super) fn hub_secret() -> Schema {
    json_schema!({
        "type": "string", "format": "password", "minLength": 1, "maxLength": HubCredential::MAX_SECRET_BYTES, "writeOnly": true,
        "pattern": r"^[^\u0000-\u001f\u007f-\u009f]+$",
        "description": format!(
            "At most {} bytes in UTF-8, without control characters.", HubCredential::MAX_SECRET_BYTES),
    })
}

pub(super) fn issuer() -> Schema {
    json_schema!({
        "type": "string", "minLength": 1, "maxLength": Issuer::MAX, "pattern": "^[!-~]+$",
        "description": "What the hub's tokens name as `iss`, byte for byte. It need not be its URL.",
    })
}

pub(super) fn hub_subject() -> Schema {
    json_schema!({
        "type": "string", "minLength": 1, "maxLength": SUBJECT_MAX, "pattern": "^[!-~]+$",
    })
}
