//! The schemas of what datasets are made of.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use syft_space_domain::dataset::{
    DatasetState, DatasetType, ServerUrl, Stemming, StopWords, Tokenizer, VectorDatabaseCredential,
};
use syft_space_domain::provisioning::{ProvisioningReason, ProvisioningState};

use crate::routes::shapes::{names, shapes};

shapes! {
    /// The type of a dataset.
    DatasetTypeShape = "DatasetType": json_schema!({
        "type": "string", "enum": (DatasetType::ALL.map(DatasetType::as_str)),
        "description": "What keeps the vectors of a dataset: the space itself (`embedded`), or a vector database; or that another space is asked in its place (`remote_space`).",
    });
    /// Whether a dataset is there.
    DatasetStateShape = "DatasetState": json_schema!({ "type": "string", "enum": (DatasetState::ALL.map(DatasetState::as_str)) });
    /// How text is cut into words.
    TokenizerShape = "Tokenizer": json_schema!({
        "type": "string", "enum": names(Tokenizer::ALL, Tokenizer::as_str), "default": "words",
        "description": "How text is cut into words: `cjk` also cuts Chinese, Japanese and Korean.",
    });
    /// Whether words are cut to their stem.
    StemmingShape = "Stemming": json_schema!({
        "type": "string", "enum": names(Stemming::ALL, Stemming::as_str), "default": "english",
        "description": "Whether words are cut to their stem, and by which language's rules.",
    });
    /// Which words are left out.
    StopWordsShape = "StopWords": json_schema!({
        "type": "string", "enum": names(StopWords::ALL, StopWords::as_str), "default": "english",
        "description": "Whether words such as \"the\" are left out, and of which language.",
    });
    /// Where a vector database, or another space, is.
    ServerUrlShape = "ServerUrl": json_schema!({
        "type": "string", "format": "uri", "maxLength": ServerUrl::MAX,
        "description": "`https://host` or `https://host:port`, with a path where a proxy adds one. A private address or plain HTTP is called only where the operator allows it.",
    });
    /// What a vector database knows the space by.
    VectorDatabaseCredentialShape = "VectorDatabaseCredential": json_schema!({
        "type": "string", "writeOnly": true, "minLength": 1, "maxLength": VectorDatabaseCredential::MAX, "pattern": "^[!-~]+$",
        "description": "A token of Chroma's, or an API key of Qdrant's.",
    });
    /// How far a vector database is that the space makes.
    ProvisioningStateShape = "ProvisioningState": json_schema!({
        "type": "string", "enum": (ProvisioningState::ALL.map(ProvisioningState::as_str)),
        "description": "Whether it is being made, or was healthy when it was looked at last.",
    });
    /// Why such a database is not ready.
    ProvisioningReasonShape = "ProvisioningReason": json_schema!({
        "type": "string", "enum": (ProvisioningReason::ALL.map(ProvisioningReason::as_str)),
        "description": "What keeps a database from being ready: it is tried again. The operator's log says more.",
    });
    /// A JSON Schema.
    JsonSchemaShape = "JsonSchema": json_schema!({ "type": "object", "description": "A JSON Schema, 2020-12." });
}
