//! The configuration of datasets: how words are compared, and where vectors lie, or which endpoint of another space is asked.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use syft_space_domain::dataset::{
    AnalyzerSettings, ChangeRemote, ChangeVectors, DatasetType, ServerUrl, Stemming, StopWords, Tokenizer,
    VectorDatabaseCredential, VectorLocation,
};
use syft_space_domain::endpoint::Slug;
use syft_space_domain::ids::MarketplaceId;
use syft_space_domain::marketplace::Audience;
use syft_space_domain::policy::Purpose;
use syft_space_domain::provisioning::Databases;
use syft_space_domain::secret::Secret;
use syft_space_domain::tenant::TenantName;

use crate::http::json::present;
use crate::http::problem::Problem;
use crate::http::request::Request;
use crate::routes::shapes;
use crate::routes::{reply, rules};

/// What a dataset is configured as.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct DatasetConfiguration {
    /// How words are compared, where the space keeps the documents: a dataset that asks another space has none of the three.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "shapes::TokenizerShape")]
    tokenizer: Option<Tokenizer>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "shapes::StemmingShape")]
    stemming: Option<Stemming>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "shapes::StopWordsShape")]
    stop_words: Option<StopWords>,
    /// Whether the space makes the vector database, where the vectors lie in one. How that is, the dataset's usage tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) provisioned: Option<bool>,
    /// Where the vector database is, where it is somebody's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "shapes::ServerUrlShape")]
    url: Option<ServerUrl>,
    /// Whether the vector database is sent a credential. The credential itself is never shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    has_credential: Option<bool>,
    /// Which endpoint of another space is asked, where one is: at `url`, by its slug there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "shapes::SlugShape")]
    slug: Option<Slug>,
    /// For whom the satellite token is made out with which it is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "shapes::AudienceShape")]
    owner: Option<Audience>,
    /// The marketplace as whose account it is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "shapes::IdShape")]
    marketplace_id: Option<MarketplaceId>,
    /// Which tenant of the other space is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "shapes::TenantNameShape")]
    tenant_name: Option<TenantName>,
    /// What it is said to be asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "shapes::PurposeShape")]
    purpose: Option<Purpose>,
}

impl DatasetConfiguration {
    pub(super) fn of(analyzer: AnalyzerSettings, vectors: &VectorLocation) -> Self {
        let database = vectors.database();
        let remote = vectors.remote();
        let analyzer = remote.is_none().then_some(analyzer);
        Self {
            tokenizer: analyzer.map(|analyzer| analyzer.tokenizer),
            stemming: analyzer.map(|analyzer| analyzer.stemming),
            stop_words: analyzer.map(|analyzer| analyzer.stop_words),
            provisioned: vectors.kind().map(|_| vectors.provisioned().is_some()),
            url: database.map(|database| &database.url).or(remote.map(|remote| &remote.url)).cloned(),
            has_credential: database.map(|database| database.credential.is_some()),
            slug: remote.map(|remote| remote.slug.clone()),
            owner: remote.map(|remote| remote.owner.clone()),
            marketplace_id: remote.map(|remote| remote.marketplace),
            tenant_name: remote.and_then(|remote| remote.tenant_name.clone()),
            purpose: remote.and_then(|remote| remote.purpose.clone()),
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
    /// Whether the space makes a vector database for this dataset alone, and removes it with the dataset: where its operator has set that
    /// up.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    provisioned: Option<bool>,
    /// Where the vector database is: needed unless `dtype` is `embedded` or the space makes the database, and of no use then.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "shapes::ServerUrlShape")]
    url: Option<ServerUrl>,
    /// What the vector database knows the space by. It is sealed, and never shown again.
    #[serde(deserialize_with = "rules::vector_credential", skip_serializing)]
    #[schemars(with = "shapes::VectorDatabaseCredentialShape")]
    credential: Option<Secret<String>>,
    /// The slug of the endpoint of another space that is asked: needed where `dtype` is `remote_space`, and of use there alone.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "shapes::SlugShape")]
    slug: Option<Slug>,
    /// For whom the satellite token is made out: the name of the other space's owner at the marketplace, or the id of a satellite of theirs.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "shapes::AudienceShape")]
    owner: Option<Audience>,
    /// The marketplace as whose account the other space is asked.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "shapes::IdShape")]
    marketplace_id: Option<MarketplaceId>,
    /// Which tenant of the other space is meant, where it has several.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "shapes::TenantNameShape")]
    tenant_name: Option<TenantName>,
    /// What it is said to be asked for, where the other space wants to know.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "shapes::PurposeShape")]
    purpose: Option<Purpose>,
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
        let Self { provisioned, url, credential, slug, owner, marketplace_id, tenant_name, purpose, .. } =
            self;
        let place = ChangeDatasetConfiguration {
            provisioned,
            url,
            credential: credential.map(Some),
            slug,
            owner,
            marketplace_id,
            tenant_name: tenant_name.map(Some),
            purpose: purpose.map(Some),
        };
        place.change(Some(dataset_type))
    }
}

/// What of a dataset's configuration can be changed: where its vectors lie, or which endpoint of another space is asked. With another `dtype` it
/// begins anew.
#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ChangeDatasetConfiguration {
    /// Whether the space makes the vector database.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    provisioned: Option<bool>,
    /// Where the vector database is. To another address no credential goes but the one that is sent with it.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "shapes::ServerUrlShape")]
    url: Option<ServerUrl>,
    /// What the vector database knows the space by; `null` where it asks for nothing any more.
    #[serde(deserialize_with = "rules::nullable_vector_credential", skip_serializing)]
    #[schemars(with = "Option<shapes::VectorDatabaseCredentialShape>")]
    credential: Option<Option<Secret<String>>>,
    /// The slug of the endpoint of another space that is asked.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "shapes::SlugShape")]
    slug: Option<Slug>,
    /// For whom the satellite token is made out.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "shapes::AudienceShape")]
    owner: Option<Audience>,
    /// The marketplace as whose account the other space is asked.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "shapes::IdShape")]
    marketplace_id: Option<MarketplaceId>,
    /// Which tenant of the other space is meant; `null` for none.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<shapes::TenantNameShape>")]
    tenant_name: Option<Option<TenantName>>,
    /// What it is said to be asked for; `null` for nothing.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<shapes::PurposeShape>")]
    purpose: Option<Option<Purpose>>,
}

impl ChangeDatasetConfiguration {
    pub(super) fn is_empty(&self) -> bool {
        self.provisioned.is_none()
            && self.url.is_none()
            && self.credential.is_none()
            && self.slug.is_none()
            && self.owner.is_none()
            && self.marketplace_id.is_none()
            && self.tenant_name.is_none()
            && self.purpose.is_none()
    }

    /// What is to be another than before.
    ///
    /// # Errors
    /// When the credential is none.
    pub(super) fn change(self, dataset_type: Option<DatasetType>) -> Result<ChangeVectors, Problem> {
        let new = |secret: &Option<Secret<String>>| secret.as_ref().map(credential).transpose();
        let credential = self.credential.as_ref().map(new).transpose()?;
        let remote = ChangeRemote {
            slug: self.slug,
            owner: self.owner,
            marketplace: self.marketplace_id,
            tenant_name: self.tenant_name,
            purpose: self.purpose,
        };
        Ok(ChangeVectors { dataset_type, provisioned: self.provisioned, url: self.url, credential, remote })
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

pub(crate) async fn types(request: Request) -> Result<HttpResponse, Problem> {
    let databases = &request.space().meaning.databases;
    let schema = schemars::schema_for!(NewDatasetConfiguration);
    let of = |one: DatasetType| {
        let description = DatasetTypeDescription {
            description: describe(one).to_owned(),
            configuration: configuration_of(one, databases, schema.clone()),
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
            "A Chroma server (HTTP API v2) keeps the vectors, and nothing but vectors and numbers: one of your own, or one that the space makes."
        }
        DatasetType::Qdrant => {
            "A Qdrant server keeps the vectors, and nothing but vectors and numbers: one of your own, or one that the space makes."
        }
        DatasetType::RemoteSpace => {
            "An endpoint of another space is asked, as your account at a marketplace: nothing of it is kept here, and the other space decides how it \
             searches and whom it lets in."
        }
    }
}

/// The schema of one type here: that of all without what is of no use for it, and with what it needs.
fn configuration_of(dataset_type: DatasetType, databases: &Databases, schema: Schema) -> Value {
    let mut schema = schema.to_value();
    let Some(object) = schema.as_object_mut() else { return schema };
    let kind = dataset_type.database();
    let is_remote = dataset_type == DatasetType::RemoteSpace;
    let is_made_here = kind.is_some_and(|kind| databases.offers(kind));
    if is_made_here {
        let made = json!({ "required": ["provisioned"], "properties": { "provisioned": { "const": true }, "url": false, "credential": false } });
        let of_ones_own = json!({ "required": ["url"], "properties": { "provisioned": { "const": false } } });
        object.insert("oneOf".to_owned(), json!([made, of_ones_own]));
    } else if kind.is_some() {
        object.insert("required".to_owned(), json!(["url"]));
    } else if is_remote {
        object.insert("required".to_owned(), json!(["url", "slug", "owner", "marketplace_id"]));
    }
    if let Some(properties) = object.get_mut("properties").and_then(Value::as_object_mut) {
        properties.retain(|name, _| match name.as_str() {
            "url" => kind.is_some() || is_remote,
            "credential" => kind.is_some(),
            "provisioned" => is_made_here,
            "slug" | "owner" | "marketplace_id" | "tenant_name" | "purpose" => is_remote,
            _ => !is_remote,
        });
    }
    schema
}
