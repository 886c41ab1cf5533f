//! Datasets whose database the space makes in a real container engine, in which a real Chroma server runs. `tools/provisioning/run` starts
//! the engine and runs these.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use fastrand::Rng;
use serde_json::{Value, json};

use super::{TEXTS, dataset_by, install, put, search, until_encoded};
use crate::space::{Client, TestSpace, until};

/// The engine that the tool has started.
struct Engine {
    folder: PathBuf,
    image: String,
}

impl Engine {
    fn started() -> Self {
        let of = |name| {
            std::env::var(name).unwrap_or_else(|_| panic!("run tools/provisioning/run: {name} is missing"))
        };
        Self {
            folder: PathBuf::from(of("SYFT_SPACE_TEST_ENGINE_FOLDER")),
            image: of("SYFT_SPACE_TEST_ENGINE_IMAGE"),
        }
    }

    fn socket(&self) -> String {
        format!("unix://{}/engine.sock", self.folder.display())
    }

    fn list(&self, arguments: &[&str]) -> Vec<String> {
        let output =
            Command::new("docker").args(["--host", &self.socket()]).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
    }

    /// Its containers, volumes, and networks but its own three.
    fn census(&self) -> (usize, usize, usize) {
        let networks = self.list(&["network", "ls", "--format", "{{.Name}}"]);
        let made =
            networks.iter().filter(|name| !["bridge", "host", "none"].contains(&name.as_str())).count();
        (self.list(&["ps", "-aq"]).len(), self.list(&["volume", "ls", "-q"]).len(), made)
    }

    fn signal(&self, name: &str) {
        let pid = std::fs::read_to_string(self.folder.join("pid")).unwrap();
        assert!(Command::new("kill").args([name, pid.trim()]).status().unwrap().success());
    }

    async fn space(&self) -> TestSpace {
        let images = format!("chroma={} user=1000", self.image);
        let settings = [
            ("provisioning", self.socket()),
            ("provisioning_images", images),
            ("provisioning_limits", "memory_mib=256 milli_cpus=1000 processes=64".to_owned()),
            ("registration", "open".to_owned()),
        ];
        let settings: Vec<(&str, &str)> =
            settings.iter().map(|(key, value)| (*key, value.as_str())).collect();
        let space = TestSpace::with(&settings).await;
        install(space.home(), "small", 7);
        space
    }
}

/// Waits for what takes an engine longer than a server.
async fn until_soon(what: &str, holds: impl AsyncFn() -> bool) {
    for _ in 0..1_200 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("not within two minutes: {what}");
}

async fn make(owner: &Client, name: &str) -> String {
    let wanted = json!({ "name": name, "dtype": "chroma", "configuration": { "provisioned": true } });
    owner.post("/datasets", &wanted).await.expect(201).body["id"].as_str().unwrap().to_owned()
}

async fn is_ready(owner: &Client, dataset: &str) -> bool {
    let usage = owner.get(&format!("/datasets/{dataset}/usage")).await.expect(200).body;
    usage["database"]["state"] == json!("ready")
}

fn names(answer: &Value) -> Vec<&str> {
    answer["documents"].as_array().unwrap().iter().map(|hit| hit["document_id"].as_str().unwrap()).collect()
}

#[tokio::test]
#[ignore = "it takes a container engine: tools/provisioning/run"]
async fn r4_a_dataset_lives_in_a_database_that_the_space_makes_and_leaves_nothing() {
    let engine = Engine::started();
    let mut space = engine.space().await;
    let owners = [space.found("acme").await, space.found_another("basalt").await];
    let embedded = dataset_by(&owners[0], "embedded", "both").await;
    put(&owners[0], &embedded, &TEXTS).await;
    until_encoded(&owners[0], &embedded, "small").await;
    let mut datasets = Vec::new();
    for owner in &owners {
        let dataset = make(owner, "own").await;
        put(owner, &dataset, &TEXTS).await;
        until_soon("the database is made", async || is_ready(owner, &dataset).await).await;
        until_encoded(owner, &dataset, "small").await;
        datasets.push(dataset);
    }
    assert_eq!(engine.census(), (2, 2, 2), "each tenant has a network of its own");
    for question in ["Penguins swim in cold water.", "Who soars?", "Ostriches"] {
        let expected = search(&owners[0], &embedded, question).await;
        for (owner, dataset) in owners.iter().zip(&datasets) {
            assert_eq!(names(&search(owner, dataset, question).await), names(&expected), "{question}");
        }
    }
    // A document goes; a dataset moves away and back, and its database is another by then.
    owners[0].delete(&format!("/datasets/{}/documents/a", datasets[0])).await.expect(204);
    let path = format!("/datasets/{}", datasets[0]);
    owners[0].patch(&path, &json!({ "dtype": "embedded" })).await.expect(200);
    assert_eq!(engine.census(), (1, 1, 1), "with its last database a tenant's network goes");
    until_encoded(&owners[0], &datasets[0], "small").await;
    let back = json!({ "dtype": "chroma", "configuration": { "provisioned": true } });
    owners[0].patch(&path, &back).await.expect(200);
    until_soon("it is made anew", async || is_ready(&owners[0], &datasets[0]).await).await;
    until_encoded(&owners[0], &datasets[0], "small").await;
    // The engine dies, and what it ran with it. It is back, and so is all of it.
    engine.signal("-KILL");
    assert_eq!(names(&search(&owners[1], &datasets[1], "Penguins swim").await)[0], "a");
    until_soon("the tool starts the engine again", async || is_up(&engine)).await;
    space.server().kill();
    space.server().run_again().await;
    let owners = owners.map(|owner| space.anybody().with_token(owner.token()));
    for (owner, dataset) in owners.iter().zip(&datasets) {
        until_soon("it is looked for", async || is_ready(owner, dataset).await).await;
        until_encoded(owner, dataset, "small").await;
    }
    for (owner, dataset) in owners.iter().zip(&datasets) {
        owner.delete(&format!("/datasets/{dataset}")).await.expect(204);
    }
    assert_eq!(engine.census(), (0, 0, 0));
}

fn is_up(engine: &Engine) -> bool {
    let asked = Command::new("docker").args(["--host", &engine.socket(), "version"]).output();
    asked.is_ok_and(|output| output.status.success())
}

#[tokio::test]
#[ignore = "it takes a container engine: tools/provisioning/run"]
async fn r4_killed_at_any_moment_no_database_is_lost_and_none_is_left_behind() {
    let engine = Engine::started();
    let rounds: u64 = std::env::var("SYFT_SPACE_TEST_ROUNDS").map_or(20, |rounds| rounds.parse().unwrap());
    let mut random = Rng::with_seed(rounds);
    let mut space = engine.space().await;
    let mut owner = space.found("acme").await;
    let kept = make(&owner, "kept").await;
    put(&owner, &kept, &TEXTS).await;
    let mut there = BTreeSet::from([kept.clone()]);
    for round in 0..rounds {
        let made = make(&owner, &format!("d{round}")).await;
        let goes: Vec<String> = there.iter().filter(|id| **id != kept && random.bool()).cloned().collect();
        there.insert(made);
        tokio::time::sleep(Duration::from_millis(random.u64(0..1_500))).await;
        // Removed while it is killed: whether it was begun, what is listed tells.
        let removing = goes.clone().into_iter().map(|id| {
            let owner = owner.clone();
            tokio::spawn(async move {
                drop(owner.try_send(owner.request("DELETE", &format!("/datasets/{id}"))).await);
            })
        });
        let removing: Vec<_> = removing.collect();
        tokio::time::sleep(Duration::from_millis(random.u64(0..1_500))).await;
        space.server().kill();
        for one in removing {
            one.await.unwrap();
        }
        space.server().run_again().await;
        owner = space.log_in("owner@acme.example", crate::space::PASSWORD).await;
        let listed = owner.get("/datasets?limit=100").await.expect(200).body;
        let listed: BTreeSet<String> = listed["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["id"].as_str().unwrap().to_owned())
            .collect();
        let must: BTreeSet<String> = there.iter().filter(|id| !goes.contains(id)).cloned().collect();
        assert!(listed.is_superset(&must) && listed.is_subset(&there), "{round}: {listed:?} {there:?}");
        there = listed;
        if round % 10 == 9 || there.len() > 6 {
            for dataset in &there {
                until_soon("each that is wanted is made", async || is_ready(&owner, dataset).await).await;
            }
            let wanted = (there.len(), there.len(), 1);
            until_soon("and no other is there", async || engine.census() == wanted).await;
        }
    }
    until_soon("it is made", async || is_ready(&owner, &kept).await).await;
    until_encoded(&owner, &kept, "small").await;
    assert_eq!(names(&search(&owner, &kept, "Penguins swim in cold water.").await)[0], "a");
    for dataset in &there {
        let status = owner.delete(&format!("/datasets/{dataset}")).await.status;
        assert!(status == 204 || status == 202, "{status}");
    }
    until_soon("nothing is left", async || engine.census() == (0, 0, 0)).await;
    until("and no folder", async || {
        let datasets = walk(space.home());
        !there.iter().any(|id| datasets.iter().any(|path| path.contains(id.as_str())))
    })
    .await;
}

/// The paths below a folder.
fn walk(folder: &std::path::Path) -> Vec<String> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        paths.push(entry.path().display().to_string());
        paths.extend(walk(&entry.path()));
    }
    paths
}
