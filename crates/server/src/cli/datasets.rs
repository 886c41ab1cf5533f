//! The commands `syft-space datasets`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use reqwest::Method;
use serde::Serialize;
use serde_json::{Map, Value, json};
use syft_space_domain::access::Permission;
use syft_space_domain::dataset::{DatasetType, DocumentId, SearchMode, ServerUrl};
use syft_space_domain::endpoint::Slug;
use syft_space_domain::ids::DatasetId;
use syft_space_domain::marketplace::Audience;
use syft_space_domain::policy::Purpose;
use syft_space_domain::tenant::TenantName;
use syft_space_domain::text::Name;

use crate::cli::account::Account;
use crate::cli::api::{ApiClient, option};
use crate::cli::certificates::CertificateFile;
use crate::cli::exit::{CommandError, ExitStatus, is_refused_for};
use crate::cli::instant::time;
use crate::cli::known_marketplaces::find_marketplace;
use crate::cli::lists::{Described, Description, list_described, to_text};
use crate::cli::output::{Column, Output, number, text};
use crate::cli::password::secret_from_file;
use crate::http::reason::Reason;
use crate::routes::datasets::{ChangeDataset, Dataset, DatasetUsage};
use crate::routes::endpoints::Endpoint;

/// What one can do with datasets.
#[derive(Subcommand)]
pub(super) enum Datasets {
    /// List all of them
    List,
    /// Show one of them, and how much it holds
    Show {
        /// Its name, or its id
        #[arg(value_name = "NAME")]
        dataset: String,
    },
    /// Give one of them another name
    Rename {
        /// Its name, or its id
        #[arg(value_name = "NAME")]
        dataset: String,
        /// What it is to be called
        #[arg(value_name = "NEW_NAME")]
        name: String,
    },
    /// Have one of them searched by words, by meaning or by both
    SetSearch {
        /// Its name, or its id
        #[arg(value_name = "NAME")]
        dataset: String,
        /// words, meaning or both
        #[arg(value_name = "MODE")]
        mode: String,
        /// The encoder of its vectors [default: the one it has, or the only one that is installed]
        #[arg(long, value_name = "NAME")]
        encoder: Option<String>,
    },
    /// Have the vectors of one of them kept by the space, or by a vector database
    SetVectors {
        /// Its name, or its id
        #[arg(value_name = "NAME")]
        dataset: String,
        /// embedded, chroma or qdrant
        #[arg(value_name = "TYPE")]
        dtype: String,
        /// Have the space make a vector database for it, in a container, where its operator has set that up
        #[arg(long, conflicts_with_all = ["url", "credential_file"])]
        provisioned: bool,
        /// Where the vector database is: https://host or https://host:port
        #[arg(long, value_name = "URL")]
        url: Option<String>,
        /// A file with what it knows the space by: a token of Chroma's, an API key of Qdrant's; `-` is standard input
        #[arg(long, value_name = "FILE")]
        credential_file: Option<PathBuf>,
    },
    /// Make one that asks an endpoint of another space, as your account at a marketplace; or, with --change, have one ask another
    AskSpace {
        /// What it is to be called; its name or its id, where it is changed
        #[arg(value_name = "NAME")]
        dataset: String,
        #[command(flatten)]
        remote: RemoteOptions,
        /// Change what this dataset asks: what is left out stays as it is
        #[arg(long)]
        change: bool,
        #[command(flatten)]
        account: Account,
    },
    /// Search one of them, as an endpoint over it would with no policy in between
    Search {
        /// Its name, or its id
        #[arg(value_name = "NAME")]
        dataset: String,
        /// What to look for
        #[arg(value_name = "QUESTION")]
        question: String,
        #[command(flatten)]
        account: Account,
    },
    /// Get the signed certificate that one of them is gone, or a document of one
    Certificate {
        /// Its id; its name, where a document of it is meant
        #[arg(value_name = "DATASET")]
        dataset: String,
        /// The document that was removed
        #[arg(long, value_name = "ID")]
        document: Option<String>,
        #[command(flatten)]
        file: CertificateFile,
    },
    /// Remove one that no endpoint is over, with all of its documents
    Remove {
        /// Its name, or its id
        #[arg(value_name = "NAME")]
        dataset: String,
    },
}

/// Which endpoint of another space is asked.
#[derive(Args)]
pub(super) struct RemoteOptions {
    /// Where the other space is: https://host or https://host:port
    #[arg(long, value_name = "URL", required_unless_present = "change")]
    url: Option<String>,
    /// The slug of the endpoint there
    #[arg(long, value_name = "SLUG", required_unless_present = "change")]
    slug: Option<String>,
    /// The name of its owner at the marketplace, or the id of a satellite of theirs
    #[arg(long, value_name = "USER", required_unless_present = "change")]
    owner: Option<String>,
    /// The marketplace as whose account it is asked: its name, or its id
    #[arg(long, value_name = "MARKETPLACE", required_unless_present = "change")]
    marketplace: Option<String>,
    /// Which tenant of the other space is meant, where it has several
    #[arg(long, value_name = "TENANT")]
    tenant_name: Option<String>,
    /// Take off which tenant of the other space is meant
    #[arg(long, requires = "change", conflicts_with = "tenant_name")]
    no_tenant_name: bool,
    /// What it is said to be asked for, where the other space wants to know
    #[arg(long, value_name = "PURPOSE")]
    purpose: Option<String>,
    /// Take off what it is said to be asked for
    #[arg(long, requires = "change", conflicts_with = "purpose")]
    no_purpose: bool,
}

impl RemoteOptions {
    /// As `configuration` of a dataset. Each is checked here, so that what is wrong is told by its option.
    async fn configuration(&self, api: &ApiClient) -> anyhow::Result<Value> {
        let Self { url, slug, owner, marketplace, tenant_name, no_tenant_name, purpose, no_purpose } = self;
        let mut configuration = Map::new();
        let mut set = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                configuration.insert(name.to_owned(), value);
            }
        };
        let url = url.as_deref().map(|url| option::<ServerUrl>("--url", url)).transpose()?;
        set("url", url.map(|url| url.as_str().into()));
        let slug = slug.as_deref().map(|slug| option::<Slug>("--slug", slug)).transpose()?;
        set("slug", slug.map(|slug| slug.as_str().into()));
        let owner = owner.as_deref().map(|owner| option::<Audience>("--owner", owner)).transpose()?;
        set("owner", owner.map(|owner| owner.as_str().into()));
        let name =
            tenant_name.as_deref().map(|name| option::<TenantName>("--tenant-name", name)).transpose()?;
        set("tenant_name", name.map(|name| name.as_str().into()));
        set("tenant_name", no_tenant_name.then_some(Value::Null));
        let purpose =
            purpose.as_deref().map(|purpose| option::<Purpose>("--purpose", purpose)).transpose()?;
        set("purpose", purpose.map(|purpose| purpose.as_str().into()));
        set("purpose", no_purpose.then_some(Value::Null));
        if let Some(marketplace) = marketplace {
            set("marketplace_id", Some(find_marketplace(api, marketplace).await?.to_string().into()));
        }
        Ok(configuration.into())
    }
}

impl Datasets {
    /// The account as which it acts, where it reads what documents say, or asks others.
    pub(super) fn account(&self) -> Option<&Account> {
        match self {
            Self::Search { account, .. } | Self::AskSpace { account, .. } => Some(account),
            _ => None,
        }
    }

    /// What its account needs the right for.
    pub(super) fn permission(&self) -> Option<Permission> {
        match self {
            Self::Search { .. } => Some(Permission::ReadContent),
            Self::AskSpace { .. } => Some(Permission::ManageMarketplaces),
            _ => None,
        }
    }
}

const DATASETS: &[Column<Described<Dataset>>] = &[
    text("NAME", |dataset| dataset.item.name.clone()),
    text("TYPE", |dataset| dataset.item.dtype.to_string()),
    number("DOCUMENTS", |dataset| dataset.description.first.clone()),
    number("CHUNKS", |dataset| dataset.description.second.clone()),
    text("SUMMARY", |dataset| dataset.item.summary.clone()),
    text("CHANGED", |dataset| time(dataset.item.updated_at)),
    text("ID", |dataset| dataset.item.id.to_string()),
];

const PATH: &str = "/api/v1/datasets";

/// A dataset, and how much it holds.
#[derive(Serialize)]
struct DatasetWithUsage {
    #[serde(flatten)]
    dataset: Dataset,
    #[serde(flatten)]
    usage: DatasetUsage,
}

pub(super) async fn run(api: &ApiClient, what: &Datasets, out: &mut Output) -> anyhow::Result<()> {
    match what {
        Datasets::List => {
            let count = async |dataset: &Dataset| {
                let usage: DatasetUsage = api.get(&format!("{PATH}/{}/usage", dataset.id)).await?;
                Ok(Description { first: usage.documents.to_string(), second: usage.chunks.to_string() })
            };
            list_described(api, PATH, &[], DATASETS, u64::MAX, out, count).await
        }
        Datasets::Show { dataset } => {
            let dataset = find_dataset(api, dataset).await?;
            let usage = api.get(&format!("{PATH}/{}/usage", dataset.id)).await?;
            let found = DatasetWithUsage { dataset, usage };
            if out.json {
                return out.document(&found);
            }
            let Value::Object(fields) = serde_json::to_value(found)? else { return Ok(()) };
            const FIELDS: &[Column<(String, Value)>] =
                &[text("WHAT", |(name, _)| name.clone()), text("VALUE", |(_, value)| to_text(value))];
            let mut table = out.table(FIELDS);
            table.items(&Vec::from_iter(fields))?;
            table.end().map(drop)
        }
        Datasets::Rename { dataset, name } => {
            let found = find_dataset(api, dataset).await?;
            let change = ChangeDataset { name: Some(option("NEW_NAME", name)?), ..ChangeDataset::default() };
            let renamed = change_dataset(api, &found, &change).await?;
            if out.json {
                return out.document(&renamed);
            }
            out.line(&format!("{} is called {} now.", found.name, renamed.name))
        }
        Datasets::SetSearch { dataset, mode, encoder } => {
            let found = find_dataset(api, dataset).await?;
            let change = ChangeDataset {
                search: Some(option("MODE", mode)?),
                encoder: encoder.as_deref().map(|name| option("--encoder", name)).transpose()?,
                ..ChangeDataset::default()
            };
            let changed = change_dataset(api, &found, &change).await?;
            if out.json {
                return out.document(&changed);
            }
            let by = match &changed.encoder {
                Some(encoder) => {
                    format!(" now, by {encoder}; its vectors follow while the space runs")
                }
                None => String::new(),
            };
            let mode = match changed.search {
                SearchMode::Both => "words and meaning",
                mode => mode.as_str(),
            };
            out.line(&format!("{} is searched by {mode}{by}.", changed.name))
        }
        Datasets::SetVectors { dataset, dtype, provisioned, url, credential_file } => {
            let found = find_dataset(api, dataset).await?;
            let dtype: DatasetType = option("TYPE", dtype)?;
            let mut configuration = Map::new();
            if *provisioned {
                configuration.insert("provisioned".to_owned(), true.into());
            }
            if let Some(url) = url {
                let url: ServerUrl = option("--url", url)?;
                configuration.insert("url".to_owned(), url.as_str().into());
            }
            if let Some(path) = credential_file {
                let credential = secret_from_file(path, "--credential-file", "the credential")?;
                configuration.insert("credential".to_owned(), credential.expose().as_str().into());
            }
            let change = json!({ "dtype": dtype, "configuration": configuration });
            let changed = change_dataset(api, &found, &change).await?;
            if out.json {
                return out.document(&changed);
            }
            let keeper = match changed.dtype {
                DatasetType::Embedded | DatasetType::RemoteSpace => "the space itself".to_owned(),
                other if changed.configuration.provisioned == Some(true) => {
                    format!("a {other} database that the space makes")
                }
                other => format!("the {other} server at {}", url.as_deref().unwrap_or("the address it had")),
            };
            if changed.search == SearchMode::Words {
                return out.line(&format!(
                    "{0} would have its vectors in {keeper}; it is searched by words, and has none until `syft-space datasets set-search {0:?} both`.",
                    changed.name
                ));
            }
            out.line(&format!(
                "The vectors of {0} belong in {keeper} now, and follow while the space runs: `syft-space datasets show {0:?}` tells how many are there. \
                 Where they do not come, the server's log says why.",
                changed.name
            ))
        }
        Datasets::AskSpace { dataset, remote, change, account: _ } => {
            let configuration = remote.configuration(api).await?;
            let asking: Dataset = if *change {
                let found = find_dataset(api, dataset).await?;
                if found.dtype != DatasetType::RemoteSpace {
                    let message = format!(
                        "{:?} holds documents, and goes on to: leave --change out, and give another name",
                        found.name
                    );
                    return Err(CommandError::new(ExitStatus::Refused, message).into());
                }
                change_dataset(api, &found, &json!({ "configuration": configuration })).await?
            } else {
                let name: Name = option("NAME", dataset)?;
                let body = json!({ "name": name, "dtype": DatasetType::RemoteSpace, "configuration": configuration });
                api.read(api.request(Method::POST, PATH, &[])?.json(&body)).await?
            };
            if out.json {
                return out.document(&asking);
            }
            out.line(&format!(
                "{0} asks the other space; nothing of it is kept here. `syft-space datasets search {0:?} QUESTION --as EMAIL` shows whether that answers.",
                asking.name
            ))?;
            if *change {
                return Ok(());
            }
            out.line(&format!(
                "`syft-space publish SLUG --dataset {:?} --as EMAIL` makes an endpoint over it: your policies say who may ask that, and all of them ask \
                 there as you.",
                asking.name
            ))
        }
        Datasets::Search { dataset, question, account: _ } => {
            let found = find_dataset(api, dataset).await?;
            let request = api.request(Method::POST, &format!("{PATH}/{}/search", found.id), &[])?;
            let answer: Value = api.read(request.json(&json!({ "query": question }))).await?;
            if out.json {
                return out.document(&answer);
            }
            let hits = answer.get("documents").and_then(Value::as_array).cloned().unwrap_or_default();
            if hits.is_empty() {
                out.remark("(nothing found: try other words)");
            }
            const HITS: &[Column<Value>] = &[
                number("SCORE", |hit| {
                    let score = hit.get("similarity_score").and_then(Value::as_f64);
                    format!("{:.2}", score.unwrap_or_default())
                }),
                text("DOCUMENT", |hit| hit.get("document_id").map(to_text).unwrap_or_default()),
                text("TEXT", |hit| hit.get("content").map(to_text).unwrap_or_default()),
            ];
            let mut table = out.table(HITS);
            table.items(&hits)?;
            table.end().map(drop)
        }
        Datasets::Certificate { dataset, document, file } => {
            file.check()?;
            let document =
                document.as_deref().map(|id| option::<DocumentId>("--document", id)).transpose()?;
            // One that is gone has no name any more.
            let id = match dataset.parse::<DatasetId>() {
                Ok(id) => id,
                Err(_) => find_dataset(api, dataset).await?.id,
            };
            let of_document = document.map(|document| format!("/documents/{document}")).unwrap_or_default();
            file.fetch(api, &format!("{PATH}/{id}{of_document}/certificate"), out).await
        }
        Datasets::Remove { dataset } => {
            let found = find_dataset(api, dataset).await?;
            let path = format!("{PATH}/{}", found.id);
            let removed = match api.send(api.request(Method::DELETE, &path, &[])?).await {
                Ok(removed) => removed,
                Err(error) => return Err(in_use(api, &found, error).await),
            };
            if out.json {
                return out.document(&found);
            }
            let vectors = if removed.is_empty() {
                ""
            } else {
                " Its vector database has not confirmed yet that its vectors are gone: the space asks until it does."
            };
            out.line(&format!("The dataset {} is removed, with all of its documents.{vectors}", found.name))?;
            out.line(&format!(
                "`syft-space datasets certificate {}` gives the proof that it is gone, once it is.",
                found.id
            ))
        }
    }
}

async fn change_dataset(
    api: &ApiClient,
    dataset: &Dataset,
    change: &impl Serialize,
) -> anyhow::Result<Dataset> {
    let request = api.request(Method::PATCH, &format!("{PATH}/{}", dataset.id), &[])?;
    api.read(request.json(change)).await
}

/// Says of a dataset that is not removed which endpoints are over it, and how they are removed.
async fn in_use(api: &ApiClient, dataset: &Dataset, error: anyhow::Error) -> anyhow::Error {
    if !is_refused_for(&error, Reason::InUse) {
        return error;
    }
    let endpoints: Vec<Endpoint> = api.all("/api/v1/endpoints").await.unwrap_or_default();
    let over: Vec<_> = endpoints.iter().filter(|endpoint| endpoint.dataset_id == dataset.id).collect();
    let Some(first) = over.first() else { return error };
    let slugs: Vec<_> = over.iter().map(|endpoint| endpoint.slug.as_str()).collect();
    let message = format!(
        "the dataset {:?} is asked by {}; `syft-space endpoints remove {} --as EMAIL` removes one",
        dataset.name,
        slugs.join(", "),
        first.slug
    );
    CommandError::new(ExitStatus::Refused, message).into()
}

/// The dataset of this name or id.
pub(super) async fn find_dataset(api: &ApiClient, named: &str) -> anyhow::Result<Dataset> {
    look_up_dataset(api, named).await?.ok_or_else(|| {
        let message =
            format!("there is no dataset {named:?}; `syft-space datasets list` shows which there are");
        CommandError::new(ExitStatus::NotFound, message).into()
    })
}

/// The dataset of this name or id, where there is one.
pub(super) async fn look_up_dataset(api: &ApiClient, named: &str) -> anyhow::Result<Option<Dataset>> {
    let all = api.all::<Dataset>(PATH).await?;
    Ok(all.into_iter().find(|dataset| dataset.name == named || dataset.id.to_string() == named))
}
