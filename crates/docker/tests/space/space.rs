//! A space for tests, which is killed: `test-space SOCKET INSTALLATION IMAGE USER`. Each line of its input is something to do, at once: `provision TENANT
//! DATASET CREDENTIAL`, `deprovision TENANT DATASET` or `deprovision_all TENANT`, with numbers.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use syft_space_docker::{
    DatabaseImage, DockerProvisioner, DockerSettings, EngineAddress, Images, Installation, Limits, Reach,
    Timeouts,
};
use syft_space_domain::dataset::VectorDatabaseKind;
use syft_space_domain::ids::{DatasetId, TenantId};
use syft_space_domain::provisioning::DatabaseCredential;
use syft_space_domain::provisioning::ports::Provisioner;
use syft_space_domain::tenant::TenantScope;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().ok_or("an argument is missing");
    let (engine, installation) = (EngineAddress::Unix(next()?.into()), Installation::of_name(&next()?));
    let image = DatabaseImage::new(next()?.parse()?, next()?.parse()?)?;
    let space = Arc::new(DockerProvisioner::new(DockerSettings {
        engine,
        installation,
        images: Images { chroma: Some(image), qdrant: None },
        pool: "10.213.0.0/16".parse()?,
        reach: Reach::Bridge,
        limits: Limits::new(64, 500, 32)?,
        timeouts: Timeouts { stop: Duration::from_secs(3), ..Timeouts::default() },
    })?);
    let runtime = tokio::runtime::Runtime::new()?;
    for line in std::io::stdin().lines() {
        let (space, line) = (Arc::clone(&space), line?);
        // Whether it came to its end, the engine tells whoever comes next.
        runtime.spawn(async move { run(&space, &line).await });
    }
    Ok(())
}

async fn run(space: &DockerProvisioner, line: &str) -> Option<()> {
    let mut words = line.split(' ');
    let what = words.next()?;
    let mut numbers = words.map(str::parse::<u8>);
    let mut next = || numbers.next()?.ok();
    let scope = TenantScope::assume(TenantId::from_bytes([next()?; 16]), "a test");
    match what {
        "provision" => {
            let dataset = DatasetId::from_bytes([next()?; 16]);
            let credential = DatabaseCredential::read(&format!("{:02x}", next()?).repeat(32))?;
            space.provision(&scope, dataset, VectorDatabaseKind::Chroma, &credential).await.ok()?;
        }
        "deprovision" => space.deprovision(&scope, DatasetId::from_bytes([next()?; 16])).await.ok()?,
        "deprovision_all" => space.deprovision_all(&scope).await.ok()?,
        _ => {}
    }
    Some(())
}
