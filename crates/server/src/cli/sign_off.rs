//! The command `syft-space sign-off`: an owner puts on record that they have seen who could query what.

use clap::Args;

use crate::cli::account::Account;
use crate::cli::api::{ApiClient, option};
use crate::cli::exit::CommandError;
use crate::cli::instant::time;
use crate::cli::output::Output;
use crate::routes::access_review::{SignOff, SignedOff};

/// Which access review is signed off.
#[derive(Args)]
pub(super) struct SignOffArguments {
    /// The digest of the review, as `access-review` told it
    #[arg(value_name = "DIGEST")]
    digest: String,
    /// The token that was told with it
    #[arg(value_name = "REVIEW_TOKEN")]
    review_token: String,
    #[command(flatten)]
    pub(super) account: Account,
}

impl SignOffArguments {
    /// Which review it is.
    pub(super) fn read(&self) -> Result<SignOff, CommandError> {
        Ok(SignOff {
            digest: option("DIGEST", &self.digest)?,
            review_token: option("REVIEW_TOKEN", &self.review_token)?,
        })
    }
}

pub(super) async fn run(api: &ApiClient, what: &SignOffArguments, out: &mut Output) -> anyhow::Result<()> {
    let signed: SignedOff = api.post("/api/v1/access-review/sign-off", &what.read()?).await?;
    if out.json {
        return out.document(&signed);
    }
    out.line(&format!("The review {}, as of {}, is signed off.", signed.digest, time(signed.as_of)))
}
