//! A guard for tests: `test-guard SOCKET ENGINE INSTALLATION POOL MAX_DATABASES IMAGE…`.

use std::process::ExitCode;

use syft_space_docker_guard::{GuardSettings, Policy, PolicySettings, run};

fn main() -> ExitCode {
    match guard() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn guard() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt().with_ansi(false).with_writer(std::io::stderr).init();
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().ok_or("an argument is missing");
    let settings = GuardSettings { socket: next()?.into(), engine: next()?.into() };
    let policy = PolicySettings {
        installation: next()?,
        address_pool: next()?,
        max_databases: next()?.parse()?,
        images: arguments.collect(),
        max_memory_mib: 512,
        max_cpus: 1,
        max_pids: 128,
    };
    run(&settings, Policy::new(policy)?, || tracing::info!("listening"))?;
    Ok(())
}
