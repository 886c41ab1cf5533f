//! The dataset into which files are brought.

use syft_space_domain::dataset::{AnalyzerSettings, DatasetType, Stemming, StopWords, Tokenizer};
use syft_space_domain::text::Line;

use crate::cli::api::{ApiClient, option};
use crate::cli::datasets::look_up_dataset;
use crate::cli::exit::{CommandError, ExitStatus};
use crate::cli::ingest::Ingest;
use crate::routes::datasets::{Dataset, NewDataset};

/// The dataset that is meant; created, where `--create` says so.
pub(super) async fn find_or_create(api: &ApiClient, arguments: &Ingest) -> anyhow::Result<Dataset> {
    match look_up_dataset(api, &arguments.dataset).await? {
        Some(found) if found.dtype == DatasetType::RemoteSpace => {
            let message = format!(
                "the dataset {:?} asks another space and holds no documents: name one that holds some, or a new one with --create",
                found.name
            );
            Err(CommandError::new(ExitStatus::Refused, message).into())
        }
        Some(found) => Ok(found),
        None if arguments.create => {
            let body = NewDataset {
                name: option("--dataset", &arguments.dataset)?,
                dtype: DatasetType::Embedded,
                summary: Line::default(),
                tags: Line::default(),
                configuration: analyzer(arguments.language.as_deref())?.into(),
                search: arguments.search.as_deref().map(|mode| option("--search", mode)).transpose()?,
                encoder: arguments.encoder.as_deref().map(|name| option("--encoder", name)).transpose()?,
            };
            api.post("/api/v1/datasets", &body).await
        }
        None => {
            let message = format!("there is no dataset {:?}: --create makes it", arguments.dataset);
            Err(CommandError::new(ExitStatus::NotFound, message).into())
        }
    }
}

/// How the words of a language are made comparable. What there is no list of stop words for is stemmed alone.
fn analyzer(language: Option<&str>) -> Result<AnalyzerSettings, CommandError> {
    let Some(language) = language else { return Ok(AnalyzerSettings::default()) };
    if language == "cjk" {
        return Ok(AnalyzerSettings { tokenizer: Tokenizer::Cjk, ..AnalyzerSettings::PLAIN });
    }
    let Some(stemming) = Stemming::ALL.iter().find(|one| one.as_str() == language) else {
        let all: Vec<&str> = Stemming::ALL.iter().map(|one| one.as_str()).collect();
        let message = format!("--language is one of {}, or cjk", all.join(", "));
        return Err(CommandError::new(ExitStatus::Usage, message));
    };
    let stop_words = StopWords::ALL.iter().find(|one| one.as_str() == language);
    let stop_words = stop_words.copied().unwrap_or(StopWords::None);
    Ok(AnalyzerSettings { tokenizer: Tokenizer::Words, stemming: *stemming, stop_words })
}
