//! The configuration of datasets: how words are compared, and where vectors lie.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use syft_space_domain::dataset::{
    AnalyzerSettings, ChangeVectors, DatasetType, Stemming, StopWords, Tokenizer, VectorDatabaseCredential,
    VectorDatabaseUrl, VectorLocation,
};
use syft_space_domain::secret::Secret;

use crate::http::json::present;
use crate::http::problem::Problem;
use crate::http::request::Request;
use crate::routes::shapes;
use crate::routes::{reply, rules};

/// What a dataset is configured as.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct DatasetConfiguration {
    #[schemars(with = "shapes::TokenizerShape")]
    tokenizer: Tokenizer,
    #[schemars(with = "shapes::StemmingShape")]
    stemming: Stemming,
    #[schemars(with = "shapes::StopWordsShape")]
    stop_words: StopWords,
    /// Where the vector database is, where the vectors lie in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "shapes::VectorDatabaseUrlShape")]
    url: Option<VectorDatabaseUrl>,
    /// Whether the vector database is sent a credential. The credential itself is never shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    has_credential: Option<bool>,
}

impl DatasetConfiguration {
    pub(super) fn of(analyzer: AnalyzerSettings, vectors: &VectorLocation) -> Self {
        let AnalyzerSettings { tokenizer, stemming, stop_words } = analyzer;
        let database = vectors.database();
        Self {
            tokenizer,
            stemming,
            stop_words,
            url: database.map(|database| database.url.clone()),
            has_credential: database.map(|database| database.credential.is_some()),
        }
    }
}

/// What a dataset is to be configured as. How words are compared is chosen when it is made.
#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct NewDatasetConfiguration {
    #[schemars(with = "shapes::TokenizerShape")]
    tokenizer: Tokenizer,
    #[schemars(with = "shapes::StemmingShape")]
    stemming: Stemming,
    #[schemars(with = "shapes::StopWordsShape")]
    stop_words: StopWords,
    /// Where the vector database is: needed unless `dtype` is `embedded`, and of no use then.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "shapes::VectorDatabaseUrlShape")]
    url: Option<VectorDatabaseUrl>,
    /// What the vector database knows the space by. It is sealed, and never shown again.
    #[serde(deserialize_with = "rules::vector_credential", skip_serializing)]
    #[schemars(with = "shapes::VectorDatabaseCredentialShape")]
    credential: Option<Secret<String>>,
}

impl From<AnalyzerSettings> for NewDatasetConfiguration {
    fn from(AnalyzerSettings { tokenizer, stemming, stop_words }: AnalyzerSettings) -> Self {
        Self { tokenizer, stemming, stop_words, ..Self::default() }
    }
}

impl NewDatasetConfiguration {
    pub(super) fn analyzer(&self) -> AnalyzerSettings {
        AnalyzerSettings { tokenizer: self.tokenizer, stemming: self.stemming, stop_words: self.stop_words }
    }

    /// Where the vectors of a new dataset are to lie.
    ///
    /// # Errors
    /// When the credential is none.
    pub(super) fn vectors(self, dataset_type: DatasetType) -> Result<ChangeVectors, Problem> {
        let place = ChangeDatasetConfiguration { url: self.url, credential: self.credential.map(Some) };
        place.change(Some(dataset_type))
    }
}

/// What of a dataset's configuration can be changed: where its vectors lie. With another `dtype` it begins anew.
#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ChangeDatasetConfiguration {
    /// Where the vector database is. To another address no credential goes but the one that is sent with it.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "shapes::VectorDatabaseUrlShape")]
    url: Option<VectorDatabaseUrl>,
    /// What the vector database knows the space by; `null` where it asks for nothing any more.
    #[serde(deserialize_with = "rules::nullable_vector_credential", skip_serializing)]
    #[schemars(with = "Option<shapes::VectorDatabaseCredentialShape>")]
    credential: Option<Option<Secret<String>>>,
}

impl ChangeDatasetConfiguration {
    pub(super) fn is_empty(&self) -> bool {
        self.url.is_none() && self.credential.is_none()
    }

    /// What is to be another than before.
    ///
    /// # Errors
    /// When the credential is none.
    pub(super) fn change(self, dataset_type: Option<DatasetType>) -> Result<ChangeVectors, Problem> {
        let new = |secret: &Option<Secret<String>>| secret.as_ref().map(credential).transpose();
        let credential = self.credential.as_ref().map(new).transpose()?;
        Ok(ChangeVectors { dataset_type, url: self.url, credential })
    }
}

fn credential(secret: &Secret<String>) -> Result<VectorDatabaseCredential, Problem> {
    VectorDatabaseCredential::parse(secret.expose().clone())
        .map_err(|error| Problem::field("/configuration/credential", error))
}

/// The types of datasets, and how one of each is configured.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct DatasetTypes {
    /// What can be `configuration` of a new dataset of each type: a JSON Schema by the name of the type.
    types: BTreeMap<String, DatasetTypeDescription>,
}

/// A type of dataset.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct DatasetTypeDescription {
    /// What keeps the vectors of such a dataset.
    description: String,
    /// A JSON Schema of its `configuration`.
    #[schemars(with = "shapes::JsonSchemaShape")]
    configuration: Value,
}

pub(crate) async fn types(_request: Request) -> Result<HttpResponse, Problem> {
    let schema = schemars::schema_for!(NewDatasetConfiguration);
    let of = |one: DatasetType| {
        let description = DatasetTypeDescription {
            description: describe(one).to_owned(),
            configuration: configuration_of(one, schema.clone()),
        };
        (one.as_str().to_owned(), description)
    };
    let types = DatasetType::ALL.map(of).into_iter().collect();
    reply::json(StatusCode::OK, &DatasetTypes { types })
}

fn describe(dataset_type: DatasetType) -> &'static str {
    match dataset_type {
        DatasetType::Embedded => "The space itself keeps the vectors: nothing else is needed.",
        DatasetType::Chroma => {
            "A Chroma server of your own (HTTP API v2) keeps the vectors, and nothing but vectors and numbers."
        }
        DatasetType::Qdrant => {
            "A Qdrant server of your own keeps the vectors, and nothing but vectors and numbers."
        }
    }
}

/// The schema of one type: that of all without what is of no use for it, and with what it needs.
fn configuration_of(dataset_type: DatasetType, schema: Schema) -> Value {
    let mut schema = schema.to_value();
    if let Some(object) = schema.as_object_mut() {
        if dataset_type.database().is_some() {
            object.insert("required".to_owned(), serde_json::json!(["url"]));
        } else if let Some(properties) = object.get_mut("properties").and_then(Value::as_object_mut) {
            properties.retain(|name, _| name != "url" && name != "credential");
        }
    }
    schema
}
