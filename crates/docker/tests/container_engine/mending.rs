//! What is found otherwise than it was left is mended, or refused with what is to be done about it.

use std::time::Duration;

use syft_space_docker::{DatabaseImage, ImageReference, Installation, Limits};
use syft_space_domain::dataset::VectorDatabaseKind;
use syft_space_domain::provisioning::ports::{DatabaseStatus, ProvisionError, Provisioned, Provisioner};
use syft_space_domain::tenant::OperatorScope;

use crate::engine::ContainerEngine;
use crate::image::USER;
use crate::space::{
    CHROMA, census, container_of, credential, dataset, everything, installation, provisioner, scope, settings,
};

const MARK: &str = "/data/mark";

fn has_data(engine: &ContainerEngine) -> bool {
    engine.try_docker(&["exec", &container_of(engine, 1, 1), "cat", MARK]).is_ok()
}

#[tokio::test]
#[ignore = "needs a container engine"]
async fn r4_what_is_there_is_kept_and_what_is_lost_or_outdated_is_made_anew_around_the_data() {
    let engine = ContainerEngine::start();
    let space = provisioner(settings(&engine, &engine.way()));
    let (tenant, secret) = (scope(1), credential(1));
    let again = || space.provision(&tenant, dataset(1), CHROMA, &secret);
    assert_eq!(space.status(&tenant, dataset(1)).await, Ok(DatabaseStatus::Missing));
    again().await.unwrap();
    let first = container_of(&engine, 1, 1);
    engine.docker(&["exec", &first, "touch", MARK]);
    again().await.unwrap();
    assert_eq!(container_of(&engine, 1, 1), first, "what is as it should be is left alone");

    engine.docker(&["stop", &first]);
    assert_eq!(space.status(&tenant, dataset(1)).await, Ok(DatabaseStatus::Stopped));
    again().await.unwrap();
    assert_eq!(container_of(&engine, 1, 1), first, "what was stopped is started");

    // A database may end now and then, and be started again by the engine: it is well all the same.
    for _ in 0..4 {
        let restarts = || engine.inspect("container", &first)["RestartCount"].as_i64().unwrap();
        let before = restarts();
        // It ends what it is called in, itself too.
        let _ = engine.try_docker(&["exec", &first, "sh", "-c", "kill -TERM 1"]);
        for _ in 0..200 {
            if restarts() > before {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        assert_eq!(restarts(), before + 1, "the engine has started it again");
        again().await.unwrap();
    }
    assert_eq!(container_of(&engine, 1, 1), first);

    engine.docker(&["pause", &first]);
    again().await.unwrap();
    assert!(has_data(&engine), "what was paused runs, with its data");

    engine.docker(&["rm", "--force", &container_of(&engine, 1, 1)]);
    assert_eq!(space.status(&tenant, dataset(1)).await, Ok(DatabaseStatus::Missing));
    again().await.unwrap();
    assert!(has_data(&engine), "what was removed is made anew, with its data");

    // Another credential, then other limits: of each, an older container knows nothing.
    let before = container_of(&engine, 1, 1);
    space.provision(&tenant, dataset(1), CHROMA, &credential(2)).await.unwrap();
    let after = container_of(&engine, 1, 1);
    assert!(before != after && has_data(&engine));
    let variables = engine.inspect("container", &after)["Config"]["Env"].to_string();
    assert!(variables.contains(credential(2).expose()) && !variables.contains(secret.expose()));
    let mut larger = settings(&engine, &engine.way());
    larger.limits = Limits::new(96, 500, 32).unwrap();
    provisioner(larger).provision(&tenant, dataset(1), CHROMA, &credential(2)).await.unwrap();
    let host = &engine.inspect("container", &container_of(&engine, 1, 1))["HostConfig"];
    assert!(host["Memory"] == 96 * 1024 * 1024 && has_data(&engine));

    space.provision(&tenant, dataset(1), VectorDatabaseKind::Qdrant, &secret).await.unwrap();
    assert!(!has_data(&engine), "a database of another kind begins empty");
    assert_eq!(census(&engine), (1, 1, 1));
}

#[tokio::test]
#[ignore = "needs a container engine"]
async fn r4_an_engine_that_was_started_again_gives_a_database_its_volume_back() {
    let mut engine = ContainerEngine::start();
    let space = provisioner(settings(&engine, &engine.way()));
    let again = || async { space.provision(&scope(1), dataset(1), CHROMA, &credential(1)).await };
    again().await.unwrap();
    engine.docker(&["exec", &container_of(&engine, 1, 1), "touch", MARK]);
    engine.docker(&["rm", "--force", &container_of(&engine, 1, 1)]);
    // From now on it does not tell what a volume bears that nobody uses, until it is asked for it by itself.
    engine.stop();
    engine.run();
    again().await.unwrap();
    assert!(has_data(&engine), "it is ours as before, with its data");
}

#[tokio::test]
#[ignore = "needs a container engine"]
async fn r4_a_tenants_networks_that_were_made_twice_become_one() {
    let engine = ContainerEngine::start();
    let space = provisioner(settings(&engine, &engine.way()));
    space.provision(&scope(1), dataset(1), CHROMA, &credential(1)).await.unwrap();
    let label = |key: &str, value: &str| format!("syft-space.{key}={value}");
    let labels =
        [label("installation", installation().as_str()), label("tenant", &scope(1).tenant().to_string())];
    engine.docker(&[
        "network",
        "create",
        "--label",
        &labels[0],
        "--label",
        &labels[1],
        "--subnet",
        "10.99.9.0/28",
        "twin",
    ]);
    assert_eq!(census(&engine), (1, 1, 2));
    space.provision(&scope(1), dataset(1), CHROMA, &credential(1)).await.unwrap();
    assert_eq!(census(&engine), (1, 1, 1));
    space.deprovision(&scope(1), dataset(1)).await.unwrap();
    assert_eq!(everything(&engine), (0, 0, 0));
}

#[tokio::test]
#[ignore = "needs a container engine"]
async fn n3_what_others_made_under_our_names_is_neither_used_nor_removed() {
    let engine = ContainerEngine::start();
    let space = provisioner(settings(&engine, &engine.way()));
    space.provision(&scope(1), dataset(1), CHROMA, &credential(1)).await.unwrap();
    let container = engine.inspect("container", &container_of(&engine, 1, 1));
    let name = container["Name"].as_str().unwrap()[1..].to_owned();
    space.deprovision(&scope(1), dataset(1)).await.unwrap();

    // A volume that is a folder of the host, with our name, and even with our labels.
    let label = |key: &str, value: &str| format!("syft-space.{key}={value}");
    let labels = [
        label("installation", installation().as_str()),
        label("tenant", &scope(1).tenant().to_string()),
        label("dataset", &dataset(1).to_string()),
        label("kind", "chroma"),
    ];
    let mut create =
        vec!["volume", "create", "--opt", "type=none", "--opt", "o=bind", "--opt", "device=/etc"];
    for label in &labels {
        create.extend(["--label", label]);
    }
    engine.docker(&[&create[..], &[&name]].concat());
    let refused = space.provision(&scope(1), dataset(1), CHROMA, &credential(1)).await;
    assert!(matches!(refused, Err(ProvisionError::NotOurs(_))), "{refused:?}");
    assert_eq!(everything(&engine).0, 0, "no container was made over it");
    engine.docker(&["volume", "rm", &name]);

    engine.docker(&["run", "--detach", "--network", "none", "--name", &name, &engine.image]);
    let refused = space.provision(&scope(1), dataset(1), CHROMA, &credential(1)).await;
    assert!(matches!(refused, Err(ProvisionError::NotOurs(_))), "{refused:?}");
    space.deprovision(&scope(1), dataset(1)).await.unwrap();
    assert_eq!(everything(&engine), (1, 0, 0), "somebody else's container is still there");
}

#[tokio::test]
#[ignore = "needs a container engine"]
async fn n3_two_installations_on_one_engine_know_nothing_of_each_other() {
    let engine = ContainerEngine::start();
    let space = provisioner(settings(&engine, &engine.way()));
    // A guard is of one installation.
    let mut other = settings(&engine, &engine.socket());
    other.installation = Installation::of_name("other.test");
    let other = provisioner(other);
    let operator = OperatorScope::at_startup();
    space.provision(&scope(1), dataset(1), CHROMA, &credential(1)).await.unwrap();
    assert_eq!(other.provisioned(&operator).await, Ok(Provisioned::default()));
    assert_eq!(other.status(&scope(1), dataset(1)).await, Ok(DatabaseStatus::Missing));
    other.provision(&scope(1), dataset(1), CHROMA, &credential(2)).await.unwrap();
    other.deprovision_all(&scope(1)).await.unwrap();
    // Nor does another tenant, for a dataset with the same id.
    space.provision(&scope(2), dataset(1), CHROMA, &credential(3)).await.unwrap();
    space.deprovision(&scope(2), dataset(1)).await.unwrap();
    assert!(matches!(space.status(&scope(1), dataset(1)).await, Ok(DatabaseStatus::Ready(_))));
    assert_eq!(everything(&engine), (1, 1, 1));
}

#[tokio::test]
#[ignore = "needs a container engine"]
async fn r4_a_database_that_cannot_be_says_why() {
    let engine = ContainerEngine::start();
    let make = async |settings| {
        let space = provisioner(settings);
        let made = space.provision(&scope(1), dataset(1), CHROMA, &credential(1)).await;
        space.deprovision(&scope(1), dataset(1)).await.unwrap();
        assert_eq!(everything(&engine), (0, 0, 0));
        made
    };
    let mut without = settings(&engine, &engine.way());
    without.images.chroma = None;
    assert_eq!(make(without).await, Err(ProvisionError::NotOffered(CHROMA)));

    let mut missing = settings(&engine, &engine.way());
    let nowhere = format!("nowhere.example/chroma@sha256:{}", "0".repeat(64));
    engine.offer(&nowhere);
    let image = ImageReference::parse(&nowhere).unwrap();
    missing.images.chroma = Some(DatabaseImage::new(image, USER).unwrap());
    assert_eq!(make(missing).await, Err(ProvisionError::ImageMissing(nowhere)));

    let ends = engine.import("exit 7");
    engine.offer(&ends);
    let mut ending = settings(&engine, &engine.way());
    ending.images.chroma = Some(DatabaseImage::new(ImageReference::parse(&ends).unwrap(), USER).unwrap());
    let ended = make(ending).await;
    assert!(matches!(&ended, Err(ProvisionError::Unhealthy(why)) if why.contains("code 7")), "{ended:?}");

    let mut narrow = settings(&engine, &engine.way());
    narrow.pool = "10.99.9.0/28".parse().unwrap();
    engine.docker(&["network", "create", "--subnet", "10.99.9.0/24", "taken"]);
    let space = provisioner(narrow);
    let refused = space.provision(&scope(1), dataset(1), CHROMA, &credential(1)).await;
    assert!(matches!(refused, Err(ProvisionError::NoAddressLeft(_))), "{refused:?}");
}

#[tokio::test]
#[ignore = "needs a container engine"]
async fn r4_an_engine_whose_disk_is_full_says_so_and_goes_on_once_there_is_room() {
    let engine = ContainerEngine::start_on_small_disk(24);
    let space = provisioner(settings(&engine, &engine.way()));
    let filler = engine.data().join("filler");
    let file = std::fs::File::create(&filler).unwrap();
    let mut zeros = std::io::repeat(0);
    let filled = std::io::copy(&mut zeros, &mut &file).unwrap_err();
    assert_eq!(filled.kind(), std::io::ErrorKind::StorageFull);
    let refused = space.provision(&scope(1), dataset(1), CHROMA, &credential(1)).await;
    assert!(matches!(refused, Err(ProvisionError::OutOfSpace(_))), "{refused:?}");
    drop(file);
    std::fs::remove_file(&filler).unwrap();
    space.provision(&scope(1), dataset(1), CHROMA, &credential(1)).await.unwrap();
    space.deprovision(&scope(1), dataset(1)).await.unwrap();
    assert_eq!(everything(&engine), (0, 0, 0));
}

#[tokio::test]
#[ignore = "needs a container engine"]
async fn r4_an_engine_that_stops_loses_nothing_and_one_that_hangs_holds_up_nobody_for_long() {
    let mut engine = ContainerEngine::start();
    let mut settings = settings(&engine, &engine.way());
    settings.timeouts.call = Duration::from_secs(2);
    let space = provisioner(settings);
    let (tenant, secret) = (scope(1), credential(1));
    space.provision(&tenant, dataset(1), CHROMA, &secret).await.unwrap();
    engine.docker(&["exec", &container_of(&engine, 1, 1), "touch", MARK]);

    engine.stop();
    let down = |error| matches!(error, Some(ProvisionError::EngineDown(_)));
    assert!(down(space.status(&tenant, dataset(1)).await.err()));
    assert!(down(space.provision(&tenant, dataset(1), CHROMA, &secret).await.err()));
    assert!(down(space.deprovision(&tenant, dataset(1)).await.err()));
    assert!(down(space.provisioned(&OperatorScope::at_startup()).await.err()));
    engine.run();
    let address = space.provision(&tenant, dataset(1), CHROMA, &secret).await.unwrap();
    assert_eq!(space.status(&tenant, dataset(1)).await, Ok(DatabaseStatus::Ready(address)));
    assert!(has_data(&engine), "the data is still there");

    engine.freeze(true);
    let slow = |error| matches!(error, Some(ProvisionError::TooSlow(_)));
    assert!(slow(space.provision(&tenant, dataset(1), CHROMA, &secret).await.err()));
    assert!(slow(space.deprovision(&tenant, dataset(1)).await.err()));
    engine.freeze(false);
    space.deprovision(&tenant, dataset(1)).await.unwrap();
    assert_eq!(everything(&engine), (0, 0, 0));
}

#[tokio::test]
#[ignore = "needs a container engine"]
async fn r4_a_database_that_was_taken_out_of_its_network_is_made_anew() {
    let engine = ContainerEngine::start();
    let space = provisioner(settings(&engine, &engine.way()));
    let (tenant, secret) = (scope(1), credential(1));
    let again = || space.provision(&tenant, dataset(1), CHROMA, &secret);
    again().await.unwrap();
    let first = container_of(&engine, 1, 1);
    engine.docker(&["exec", &first, "touch", MARK]);
    let network =
        engine.inspect("container", &first)["HostConfig"]["NetworkMode"].as_str().unwrap().to_owned();
    engine.docker(&["network", "disconnect", "--force", &network, &first]);
    again().await.unwrap();
    assert!(container_of(&engine, 1, 1) != first && has_data(&engine));
    assert_eq!(census(&engine), (1, 1, 1));
}

#[tokio::test]
#[ignore = "needs a container engine"]
async fn r4_a_volume_whose_labels_the_engine_has_lost_is_not_said_to_be_gone() {
    let mut engine = ContainerEngine::start();
    let space = provisioner(settings(&engine, &engine.way()));
    space.provision(&scope(1), dataset(1), CHROMA, &credential(1)).await.unwrap();
    let mount = &engine.inspect("container", &container_of(&engine, 1, 1))["Mounts"][0];
    let volume = mount["Name"].as_str().unwrap().to_owned();
    engine.stop();
    std::fs::remove_file(engine.data().join("volumes/metadata.db")).unwrap();
    engine.run();
    let left = space.deprovision(&scope(1), dataset(1)).await;
    let Err(ProvisionError::StillThere(what)) = &left else { panic!("{left:?}") };
    assert!(what.contains(&volume), "{what}");
    engine.docker(&["volume", "rm", &volume]);
    space.deprovision(&scope(1), dataset(1)).await.unwrap();
    assert_eq!(everything(&engine), (0, 0, 0));
}
