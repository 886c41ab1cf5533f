//! Many tenants on one engine, and many at once.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use syft_space_domain::provisioning::ports::{DatabaseStatus, ProvisionError, Provisioner};
use syft_space_domain::tenant::OperatorScope;
use tokio::task::JoinSet;

use crate::engine::ContainerEngine;
use crate::space::{
    CHROMA, census, container_of, credential, dataset, everything, number, provisioner, scope, settings,
};

/// More than the engine's own pools have networks for. `just prove networks` does it with 200.
const TENANTS: u8 = 40;
/// How many are made at once.
const AT_ONCE: usize = 40;

#[tokio::test]
#[ignore = "needs a container engine"]
#[expect(clippy::disallowed_methods, reason = "how long it took is printed")]
async fn n3_many_tenants_have_a_network_each_that_leads_to_no_other_and_all_of_it_goes() {
    let count = number("SYFT_SPACE_PROVE_TENANTS").map_or(TENANTS, |count| count.try_into().unwrap());
    let engine = ContainerEngine::start();
    let space = Arc::new(provisioner(settings(&engine, &engine.way())));
    let (all, begun): (Vec<u8>, _) = ((1..=count).collect(), Instant::now());
    let mut made = BTreeSet::new();
    for some in all.chunks(AT_ONCE) {
        let mut making = JoinSet::new();
        for n in some.iter().copied() {
            let space = Arc::clone(&space);
            making.spawn(async move { space.provision(&scope(n), dataset(n), CHROMA, &credential(n)).await });
        }
        made.extend(making.join_all().await.into_iter().map(|made| made.unwrap().to_string()));
    }
    println!("{count} tenants' databases in {:.1} s", begun.elapsed().as_secs_f32());
    let size = usize::from(count);
    assert_eq!(made.len(), size, "each is reached elsewhere");
    assert_eq!(census(&engine), (size, size, size));
    let found = space.provisioned(&OperatorScope::at_startup()).await.unwrap();
    assert_eq!(found.databases, all.iter().map(|n| (scope(*n).tenant(), dataset(*n))).collect());
    assert_eq!(found.tenants, all.iter().map(|n| scope(*n).tenant()).collect());
    // Whoever is in one of them tries some of the others.
    let Ok(DatabaseStatus::Ready(itself)) = space.status(&scope(1), dataset(1)).await else {
        panic!("it runs")
    };
    let own = container_of(&engine, 1, 1);
    for other in made.iter().filter(|other| **other != itself.to_string()).step_by(size / 8) {
        assert!(!engine.reaches(&own, &format!("{other}/healthz")), "it reaches {other}");
    }

    let begun = Instant::now();
    for some in all.chunks(AT_ONCE) {
        let mut removing = JoinSet::new();
        for n in some.iter().copied() {
            let space = Arc::clone(&space);
            removing.spawn(async move { space.deprovision_all(&scope(n)).await });
        }
        for removed in removing.join_all().await {
            removed.unwrap();
        }
    }
    println!("removed in {:.1} s", begun.elapsed().as_secs_f32());
    assert_eq!(everything(&engine), (0, 0, 0));
}

#[tokio::test]
#[ignore = "needs a container engine"]
async fn n3_a_tenants_fourteenth_database_is_refused_and_the_thirteen_are_well() {
    let engine = ContainerEngine::start();
    let space = provisioner(settings(&engine, &engine.way()));
    for n in 1..=13 {
        space.provision(&scope(1), dataset(n), CHROMA, &credential(n)).await.unwrap();
    }
    let refused = space.provision(&scope(1), dataset(14), CHROMA, &credential(14)).await;
    assert!(matches!(refused, Err(ProvisionError::NoAddressLeft(_))), "{refused:?}");
    space.deprovision(&scope(1), dataset(14)).await.unwrap();
    assert_eq!(census(&engine), (13, 13, 1));
    space.deprovision(&scope(1), dataset(1)).await.unwrap();
    space.provision(&scope(1), dataset(14), CHROMA, &credential(14)).await.unwrap();
}

#[tokio::test]
#[ignore = "needs a container engine"]
async fn r4_those_who_make_and_remove_the_same_at_once_end_with_one_or_none() {
    let engine = ContainerEngine::start();
    let space = Arc::new(provisioner(settings(&engine, &engine.way())));
    let mut making = JoinSet::new();
    for _ in 0..8 {
        let space = Arc::clone(&space);
        making.spawn(async move { space.provision(&scope(1), dataset(1), CHROMA, &credential(1)).await });
    }
    let made: Result<BTreeSet<_>, _> =
        making.join_all().await.into_iter().map(|made| made.map(|address| address.to_string())).collect();
    assert_eq!(made.unwrap().len(), 1, "all are told the same database");
    assert_eq!(everything(&engine), (1, 1, 1));

    let mut both = JoinSet::new();
    for n in 0..12 {
        let space = Arc::clone(&space);
        both.spawn(async move {
            // Whose database is removed meanwhile is told so; that is no harm.
            if n % 2 == 0 {
                space.provision(&scope(1), dataset(1), CHROMA, &credential(1)).await.map(|_| ())
            } else {
                space.deprovision(&scope(1), dataset(1)).await
            }
        });
    }
    both.join_all().await;
    let (containers, volumes, networks) = everything(&engine);
    assert!(containers == volumes && volumes == networks && networks <= 1, "whole or not at all");
    space.deprovision(&scope(1), dataset(1)).await.unwrap();
    assert_eq!(everything(&engine), (0, 0, 0));
}
