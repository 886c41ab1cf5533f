//! The command `syft-space docker-guard`: a guard in front of a container engine's socket, as a process of its own.
//!
//! It needs no home and reads none: whoever takes over the space finds nothing of the guard's in what is the space's.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use syft_space_docker_guard::{GuardError, GuardSettings, Policy, PolicySettings};

use crate::cli::exit::{CommandError, ExitStatus};
use crate::config::LogFormat;
use crate::telemetry;

/// What a guard lets through, and where it stands.
#[derive(Args)]
pub(super) struct DockerGuard {
    /// The Unix socket that the space is given in place of the engine's
    #[arg(long, value_name = "PATH")]
    socket: PathBuf,
    /// The engine's own Unix socket
    #[arg(long, value_name = "PATH", default_value = "/var/run/docker.sock")]
    engine: PathBuf,
    /// The value of the label syft-space.installation, which everything that the space makes carries
    #[arg(long, value_name = "ID")]
    installation: String,
    /// An image that databases may be made of, by its digest: name@sha256:… or sha256:…; once for each
    #[arg(long = "image", value_name = "IMAGE", required = true)]
    images: Vec<String>,
    /// The private addresses that networks are made of
    #[arg(long, value_name = "CIDR", default_value = "10.213.0.0/16")]
    address_pool: String,
    /// The most memory of a container
    #[arg(long, value_name = "MIB", default_value_t = 4096)]
    max_memory_mib: u64,
    /// The most processors of a container
    #[arg(long, value_name = "NUMBER", default_value_t = 2)]
    max_cpus: u64,
    /// The most processes of a container
    #[arg(long, value_name = "NUMBER", default_value_t = 512)]
    max_pids: u64,
    /// The most containers, volumes and networks of the installation, of each
    #[arg(long, value_name = "NUMBER", default_value_t = 256)]
    max_databases: usize,
}

/// Guards the engine until told to stop.
pub(super) fn run(arguments: &DockerGuard, log_format: Option<&str>) -> anyhow::Result<()> {
    let DockerGuard {
        socket,
        engine,
        installation,
        images,
        address_pool,
        max_memory_mib,
        max_cpus,
        max_pids,
        max_databases,
    } = arguments;
    let usage = |message: String| CommandError::new(ExitStatus::Usage, message);
    let format = LogFormat::read(log_format.unwrap_or("pretty"));
    let format = format.ok_or_else(|| usage("--log-format is pretty or json".to_owned()))?;
    let policy = Policy::new(PolicySettings {
        installation: installation.clone(),
        images: images.clone(),
        address_pool: address_pool.clone(),
        max_memory_mib: *max_memory_mib,
        max_cpus: *max_cpus,
        max_pids: *max_pids,
        max_databases: *max_databases,
    });
    let policy = policy.map_err(|error| usage(error.to_string()))?;
    telemetry::start_with("info", format);
    let settings = GuardSettings { socket: socket.clone(), engine: engine.clone() };
    let listening = || {
        let mut out = std::io::stdout().lock();
        let said =
            writeln!(out, "Guarding {} at {}", engine.display(), socket.display()).and_then(|()| out.flush());
        if let Err(error) = said {
            tracing::debug!(%error, "nobody reads standard output");
        }
    };
    syft_space_docker_guard::run(&settings, policy, listening).map_err(|error| match error {
        GuardError::SameSocket => usage(error.to_string()).into(),
        error @ (GuardError::Socket(_) | GuardError::Io(_)) => error.into(),
    })
}
