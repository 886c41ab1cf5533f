//! The command `syft-space installation`: it tells the id of this installation.

use std::path::Path;

use serde_json::json;
use syft_space_docker::Installation;
use syft_space_domain::audit::ports::CheckpointSigner;
use syft_space_domain::time::Clock;
use syft_space_notes::NoteSigner;
use syft_space_sqlite::prepare_home;

use crate::cli::output::Output;
use crate::config::Settings;
use crate::system::{SystemClock, SystemEntropy};

/// Tells it. A home that is new gets the key that the id is made of; a server may run meanwhile.
pub(super) fn run(home: &Path, settings: &Settings, out: &mut Output) -> anyhow::Result<()> {
    let key = prepare_home(home)?.audit_key();
    let signer = NoteSigner::load_or_make(&key, &settings.environment, SystemClock.now(), &SystemEntropy)?;
    let installation = Installation::of_name(signer.installation());
    if out.json {
        return out.document(&json!({ "installation": installation.as_str() }));
    }
    out.line(installation.as_str())
}
