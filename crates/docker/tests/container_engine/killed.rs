//! A space that is killed at any moment, again and again, and what the next one finds: 20 times here; `just prove engine-kill` does it 300 times.
//! `SYFT_SPACE_PROVE_SEED` runs the same again.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fastrand::Rng;
use syft_space_docker::DockerProvisioner;
use syft_space_domain::ids::{DatasetId, TenantId};
use syft_space_domain::provisioning::ports::{ProvisionError, Provisioner};
use syft_space_domain::tenant::{OperatorScope, TenantScope};

use crate::engine::ContainerEngine;
use crate::image::USER;
use crate::space::{
    CHROMA, INSTALLATION, census, container_of, credential, dataset, everything, number, provisioner, scope,
    settings,
};

/// How often the next space looks until nothing is there that should not be: what an engine was called for may come to its end after whoever
/// called it.
const LOOKS: u32 = 3;
/// Longer than anything takes that the killed one is told to do.
const MAX_LIFE_MS: u64 = 1_500;

/// What a space wants to be there: the credential of each dataset's database, by tenant and dataset.
type Wanted = BTreeMap<(u8, u8), u8>;

/// Something that a space is told to do, as a line for it.
fn command(rng: &mut Rng, wanted: &mut Wanted) -> String {
    let (tenant, of, secret) = (rng.u8(1..=3), rng.u8(1..=3), rng.u8(1..=2));
    match rng.u8(0..6) {
        0 | 1 => {
            wanted.remove(&(tenant, of));
            format!("deprovision {tenant} {of}")
        }
        2 => {
            wanted.retain(|(of_tenant, _), _| *of_tenant != tenant);
            format!("deprovision_all {tenant}")
        }
        _ => {
            wanted.insert((tenant, of), secret);
            format!("provision {tenant} {of} {secret}")
        }
    }
}

fn begin(engine: &ContainerEngine) -> Child {
    Command::new(env!("CARGO_BIN_EXE_test-space"))
        .arg(engine.way())
        .args([INSTALLATION, &engine.image, &USER.to_string()])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap()
}

/// What a space does that starts: what is wanted is made, and what is there and is not wanted is removed.
async fn reconcile(space: &DockerProvisioner, wanted: &Wanted) -> Result<(), ProvisionError> {
    for ((tenant, of), secret) in wanted {
        space.provision(&scope(*tenant), dataset(*of), CHROMA, &credential(*secret)).await?;
    }
    let found = space.provisioned(&OperatorScope::at_startup()).await?;
    let assume = |tenant| TenantScope::assume(tenant, "what an engine lists");
    let databases: BTreeSet<(TenantId, DatasetId)> =
        wanted.keys().map(|(tenant, of)| (scope(*tenant).tenant(), dataset(*of))).collect();
    let tenants: BTreeSet<TenantId> = databases.iter().map(|(tenant, _)| *tenant).collect();
    for (tenant, of) in found.databases.difference(&databases) {
        space.deprovision(&assume(*tenant), *of).await?;
    }
    for tenant in found.tenants.difference(&tenants) {
        space.deprovision_all(&assume(*tenant)).await?;
    }
    Ok(())
}

/// What an engine has to hold where this is wanted.
fn expected(wanted: &Wanted) -> (usize, usize, usize) {
    let tenants: BTreeSet<u8> = wanted.keys().map(|(tenant, _)| *tenant).collect();
    (wanted.len(), wanted.len(), tenants.len())
}

#[tokio::test]
#[ignore = "needs a container engine"]
async fn r4_a_space_that_is_killed_at_any_moment_loses_no_database_and_leaves_none() {
    let (rounds, seed) = (number("SYFT_SPACE_PROVE_ROUNDS").unwrap_or(20), number("SYFT_SPACE_PROVE_SEED"));
    let seed = seed.unwrap_or_else(|| fastrand::u64(..));
    println!("SYFT_SPACE_PROVE_SEED={seed}");
    let (engine, mut rng) = (ContainerEngine::start(), Rng::with_seed(seed));
    let (mut wanted, mut told, mut looks, mut kept) = (Wanted::new(), 0, BTreeMap::new(), 0);
    for round in 1..=rounds {
        let mut untouched = wanted.clone();
        let mut killed = begin(&engine);
        let mut input = killed.stdin.take().unwrap();
        for _ in 0..rng.u8(1..=4) {
            let line = command(&mut rng, &mut wanted);
            writeln!(input, "{line}").unwrap();
            told += 1;
            untouched.retain(|of, _| wanted.contains_key(of));
        }
        tokio::time::sleep(Duration::from_millis(rng.u64(0..MAX_LIFE_MS))).await;
        killed.kill().unwrap();
        killed.wait().unwrap();

        // It remembers nothing.
        let next = provisioner(settings(&engine, &engine.way()));
        let mut looked = 0;
        while looked < LOOKS && (looked == 0 || everything(&engine) != expected(&wanted)) {
            looked += 1;
            reconcile(&next, &wanted).await.unwrap();
        }
        *looks.entry(looked).or_insert(0) += 1;
        assert_eq!(everything(&engine), expected(&wanted), "round {round}");
        assert_eq!(census(&engine), expected(&wanted), "round {round}");
        for (tenant, of) in wanted.keys() {
            let container = container_of(&engine, *tenant, *of);
            if untouched.contains_key(&(*tenant, *of)) {
                engine.docker(&["exec", &container, "cat", "/data/mark"]);
                kept += 1;
            }
            engine.docker(&["exec", &container, "touch", "/data/mark"]);
        }
    }
    println!(
        "{rounds} kills, {told} commands; data of {kept} databases was there still; looks until all was right: {looks:?}"
    );
    reconcile(&provisioner(settings(&engine, &engine.way())), &Wanted::new()).await.unwrap();
    assert_eq!(everything(&engine), (0, 0, 0));
}
