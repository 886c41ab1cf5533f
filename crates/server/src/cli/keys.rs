//! The commands `syft-space keys status|rotate`.

use clap::{Args, Subcommand};

use crate::cli::api::ApiClient;
use crate::cli::lists::{KEYS, list_all};
use crate::cli::output::Output;
use crate::routes::keys::{Rotate, SigningKey};

/// What one can do with the keys that sign access tokens.
#[derive(Subcommand)]
pub(super) enum Keys {
    /// List the keys whose tokens are accepted, the one that signs first
    Status,
    /// Make a new key, which signs from now on; tokens of the one before are accepted until they expire
    Rotate(RotateArguments),
}

/// What becomes of the keys before.
#[derive(Args)]
pub(super) struct RotateArguments {
    /// Refuse tokens of the keys before at once, for a key that has leaked. Sessions go on by their refresh tokens
    #[arg(long)]
    revoke: bool,
}

const PATH: &str = "/operator/v1/keys";

pub(super) async fn run(api: &ApiClient, what: &Keys, out: &mut Output) -> anyhow::Result<()> {
    match what {
        Keys::Status => list_all(api, PATH, KEYS, out).await,
        Keys::Rotate(RotateArguments { revoke }) => {
            let key: SigningKey = api.post(PATH, &Rotate { revoke: *revoke }).await?;
            if out.json {
                return out.document(&key);
            }
            let before = if *revoke {
                "Access tokens of the keys before are refused. Sessions go on by their refresh tokens."
            } else {
                "Tokens of the keys before are accepted until they expire."
            };
            out.line(&format!("The key {} signs from now on. {before}", key.id))
        }
    }
}
