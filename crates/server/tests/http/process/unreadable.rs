//! What cannot be read in one tenant closes that much of it, and nothing of the others.

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use serde_json::json;

use crate::charging::charge;
use crate::space::{Client, TestSpace, dataset_of, endpoint_on, in_memory, only_policy};

/// Two tenants with an endpoint each, that everybody of the tenant may query.
async fn two_tenants() -> (TestSpace, [Client; 2]) {
    let space = TestSpace::open_to_all().await;
    let owners = [space.found("acme").await, space.found_another("globex").await];
    for owner in &owners {
        let dataset = dataset_of(owner, "notes", &[("a", "Penguins swim.")]).await;
        endpoint_on(owner, &dataset, "birds").await;
        only_policy(owner, "birds", json!({ "mode": "allow", "patterns": ["*"] })).await;
        owner.ask("birds", "penguins").await.expect(200);
    }
    (space, owners)
}

/// Changes what a stopped server has stored, and starts it again; answers what it writes on stderr.
fn restart_with(space: &mut TestSpace, statement: &str) -> String {
    space.server().signal("TERM");
    assert_eq!(space.server().wait(), Some(0));
    let home = space.home().to_owned();
    let mut database = SqliteConnection::establish(&home.join("app.db").to_string_lossy()).unwrap();
    database.batch_execute(statement).unwrap();
    drop(database);
    space.server().run_again_and_listen()
}

async fn readiness(space: &TestSpace) -> serde_json::Value {
    space.anybody().get("//health/ready").await.expect(200).body
}

#[tokio::test]
async fn o1_a_tenant_whose_state_cannot_be_read_is_closed_and_the_others_are_served() {
    if in_memory() {
        return;
    }
    let of_acme = "tenant_id = (SELECT id FROM tenants WHERE name = 'acme')";
    for (broken, mended) in [
        ("UPDATE endpoints SET slug = 'No Slug' WHERE ", "UPDATE endpoints SET slug = 'birds' WHERE "),
        ("UPDATE accounts SET role = 'king' WHERE ", "UPDATE accounts SET role = 'owner' WHERE "),
        ("UPDATE datasets SET state = 'lost' WHERE ", "UPDATE datasets SET state = 'active' WHERE "),
    ] {
        let (mut space, [acme, globex]) = two_tenants().await;
        assert_eq!(readiness(&space).await, json!({ "status": "ready" }));
        let said = restart_with(&mut space, &format!("{broken}{of_acme}"));
        assert!(said.contains("a tenant is closed, for its state cannot be read"), "{broken}: {said}");
        assert_eq!(readiness(&space).await, json!({ "status": "ready", "closed_tenants": 1 }), "{broken}");
        let again = |owner: &Client| space.anybody().with_token(owner.token());
        again(&acme).ask("birds", "penguins").await.expect_problem(503, "unavailable");
        again(&globex).ask("birds", "penguins").await.expect(200);
        again(&globex).get("/datasets").await.expect(200);
        let said = restart_with(&mut space, &format!("{mended}{of_acme}"));
        assert!(!said.contains("closed"), "{said}");
        let again = |owner: &Client| space.anybody().with_token(owner.token());
        again(&acme).ask("birds", "penguins").await.expect(200);
        assert_eq!(readiness(&space).await, json!({ "status": "ready" }));
    }
}

#[tokio::test]
async fn z2_a_policy_of_a_type_that_nobody_knows_closes_its_endpoint_alone() {
    if in_memory() {
        return;
    }
    let (mut space, [acme, _]) = two_tenants().await;
    let dataset = dataset_of(&acme, "others", &[("a", "Cats sleep.")]).await;
    endpoint_on(&acme, &dataset, "cats").await;
    let foreign = r#"UPDATE policies SET policy_type = 'of_a_later_version', configuration = '{"a":1}'"#;
    restart_with(&mut space, foreign);
    let acme = space.anybody().with_token(acme.token());
    let refused = acme.ask("birds", "penguins").await.expect_problem(503, "policy_unavailable");
    assert!(!refused.text.contains("of_a_later_version"), "{}", refused.text);
    acme.ask("cats", "cats").await.expect(200);
    let newest = &acme.audit("&action=endpoint_query&outcome=failure").await[0];
    assert_eq!(newest["reason_code"], "policy_unavailable");
    let explain = json!({ "identity": { "email": "owner@acme.example" } });
    let why = acme.post("/endpoints/birds/policies/explain", &explain).await.expect(200).body;
    assert_eq!((&why["verdict"], &why["reason_code"]), (&json!("deny"), &json!("policy_unavailable")));
    assert_eq!(why["steps"][0]["outcome"], "unavailable");

    // Its owner sees it as it is stored, and it can be put away.
    let id = why["steps"][0]["policy_id"].as_str().unwrap();
    let listed = acme.get("/policies").await.expect(200).body;
    let of_later = listed["items"].as_array().unwrap().iter().find(|policy| policy["id"] == id).unwrap();
    assert_eq!(
        (&of_later["policy_type"], &of_later["configuration"]),
        (&json!("of_a_later_version"), &json!({ "a": 1 }))
    );
    assert_eq!(&acme.get(&format!("/policies/{id}")).await.expect(200).body, of_later);
    let attached = acme.get("/endpoints/birds").await.expect(200).body;
    assert_eq!(attached["policies"][0]["policy_type"], "of_a_later_version");
    acme.put("/endpoints/birds/policies", &json!({ "policy_ids": [] })).await.expect(200);
    acme.delete(&format!("/policies/{id}")).await.expect(204);
    acme.ask("birds", "penguins").await.expect(200);
}

#[tokio::test]
async fn z2_a_policy_whose_configuration_is_no_json_closes_its_endpoint_alone() {
    if in_memory() {
        return;
    }
    let (mut space, [acme, globex]) = two_tenants().await;
    let dataset = dataset_of(&acme, "others", &[("a", "Cats sleep.")]).await;
    endpoint_on(&acme, &dataset, "cats").await;
    let said = restart_with(&mut space, "UPDATE policies SET configuration = '{'");
    assert!(!said.contains("closed"), "{said}");
    assert_eq!(readiness(&space).await, json!({ "status": "ready" }));
    let again = |owner: &Client| space.anybody().with_token(owner.token());
    again(&globex).ask("birds", "penguins").await.expect_problem(503, "policy_unavailable");
    let acme = again(&acme);
    acme.ask("birds", "penguins").await.expect_problem(503, "policy_unavailable");
    acme.ask("cats", "cats").await.expect(200);
    let explain = json!({ "identity": { "email": "owner@acme.example" } });
    let why = acme.post("/endpoints/birds/policies/explain", &explain).await.expect(200).body;
    assert_eq!(why["steps"][0]["outcome"], "unavailable");

    // Its owner sees what is stored as a text. It stays closed by another name, until it is given a configuration or put away.
    let listed = acme.get("/policies").await.expect(200).body["items"].as_array().unwrap().clone();
    let [broken] = listed.try_into().unwrap();
    assert_eq!(
        (&broken["policy_type"], &broken["configuration"]),
        (&json!("access"), &json!({ "unreadable": "{" }))
    );
    let path = format!("/policies/{}", broken["id"].as_str().unwrap());
    assert_eq!(acme.get(&path).await.expect(200).body, broken);
    acme.patch(&path, &json!({ "name": "broken" })).await.expect(200);
    acme.ask("birds", "penguins").await.expect_problem(503, "policy_unavailable");
    let everybody = json!({ "configuration": { "mode": "allow", "patterns": ["*"] } });
    acme.patch(&path, &everybody).await.expect(200);
    acme.ask("birds", "penguins").await.expect(200);
    let globex = again(&globex);
    let listed = globex.get("/policies").await.expect(200).body;
    globex.put("/endpoints/birds/policies", &json!({ "policy_ids": [] })).await.expect(200);
    globex.delete(&format!("/policies/{}", listed["items"][0]["id"].as_str().unwrap())).await.expect(204);
    globex.ask("birds", "penguins").await.expect(200);
}

#[tokio::test]
async fn g4_charges_whose_balance_somebody_deleted_stay_and_whoever_sweeps_is_told() {
    if in_memory() {
        return;
    }
    let (mut space, [acme, globex]) = two_tenants().await;
    for owner in [&acme, &globex] {
        let price = json!({ "price": "0.01", "currency": "EUR", "period": "month" });
        charge(owner, price).await;
        owner.ask("birds", "penguins").await.expect(200);
    }
    restart_with(
        &mut space,
        "UPDATE transfers SET time = 1;
         DELETE FROM balances WHERE tenant_id = (SELECT id FROM tenants WHERE name = 'acme')",
    );
    let again = |owner: &Client| space.anybody().with_token(owner.token());
    let sweep = json!({ "dry_run": false });
    let told = again(&acme).post("/retention/sweep", &sweep).await.expect_problem(500, "internal");
    assert!(told.text.contains("reconcile it"), "{}", told.text);
    let found = again(&acme).get("/ledger/reconciliation").await.expect(200).body;
    assert_eq!((&found["transfers"], &found["sound"]), (&json!(1), &json!(false)), "they are evidence");
    again(&globex).post("/retention/sweep", &sweep).await.expect(200);
    let left = again(&globex).get("/ledger/transfers").await.expect(200).body;
    assert_eq!(left["items"], json!([]), "another tenant's are gone with their term");
}
