//! Tenants are isolated: what one does is nothing to another.

use serde_json::json;

use crate::space::{PASSWORD, TestSpace, dataset_of, endpoint_on, only_policy};

#[tokio::test]
async fn z1_two_tenants_with_equal_names_and_slugs_see_each_their_own() {
    let space = TestSpace::open_to_all().await;
    let acme = space.found("acme").await;
    let globex = space.found_another("globex").await;
    for (owner, text) in
        [(&acme, "The acme vault opens with seven."), (&globex, "The globex vault opens with nine.")]
    {
        let dataset = dataset_of(owner, "vault", &[("code", text)]).await;
        endpoint_on(owner, &dataset, "vault").await;
    }
    for (owner, own) in [(&acme, "seven"), (&globex, "nine")] {
        let answer = owner.ask("vault", "How does the vault open?").await.expect(200);
        let documents = answer.body["references"]["documents"].as_array().unwrap();
        assert_eq!(documents.len(), 1);
        assert!(documents[0]["content"].as_str().unwrap().contains(own));
        for list in ["/datasets", "/endpoints", "/policies", "/groups", "/users", "/invitations"] {
            let answer = owner.get(list).await.expect(200);
            assert!(answer.body["items"].as_array().unwrap().len() <= 1, "{list}: {}", answer.text);
        }
    }
}

#[tokio::test]
async fn z1_each_log_counts_from_one_and_holds_its_own_tenant_alone() {
    let space = TestSpace::open_to_all().await;
    let acme = space.found("acme").await;
    for n in 0..5 {
        acme.post("/datasets", &json!({ "name": format!("d{n}"), "dtype": "embedded" })).await.expect(201);
    }
    let globex = space.found_another("globex").await;
    let theirs = globex.audit("").await;
    let seqs: Vec<_> = theirs.iter().map(|event| event["seq"].as_u64().unwrap()).collect();
    assert_eq!(seqs, [2, 1], "founded and logged in: what acme does is not to be counted here");
}

#[tokio::test]
async fn z1_whoever_has_an_account_in_two_tenants_logs_in_to_one_and_reaches_nothing_of_the_other() {
    let space = TestSpace::open_to_all().await;
    let acme = space.found("acme").await;
    let globex = space.found_another("globex").await;
    let dataset = dataset_of(&globex, "vault", &[("code", "nine")]).await;
    let both = "both@elsewhere.example";
    space.member(&acme, both, "admin").await;
    space.member(&globex, both, "admin").await;

    // Without a tenant the older one is meant, and it is not told that there is another.
    let body = json!({ "email": both, "password": PASSWORD });
    let logged_in = space.anybody().post("/auth/login", &body).await.expect(200);
    let unnamed = space.anybody().with_token(logged_in.body["access_token"].as_str().unwrap());
    assert_eq!(unnamed.get("/auth/me").await.expect(200).body["tenant_name"], "acme");
    let wrong = json!({ "email": both, "password": "not this one, surely" });
    let refused = space.anybody().post("/auth/login", &wrong).await.expect_problem(401, "credentials_wrong");
    assert!(refused.body.get("tenants").is_none());
    assert!(refused.body["detail"].as_str().unwrap().ends_with("names the tenant"), "{}", refused.body);

    let in_acme = space.log_in_to(both, PASSWORD, "acme").await;
    in_acme.get(&format!("/datasets/{dataset}")).await.expect_problem(404, "not_found");
    let in_globex = space.log_in_to(both, PASSWORD, "globex").await;
    in_globex.get(&format!("/datasets/{dataset}")).await.expect(200);
    // Losing one account leaves the other.
    let me = in_acme.get("/auth/me").await.body["id"].as_str().unwrap().to_owned();
    acme.delete(&format!("/users/{me}")).await.expect(204);
    in_acme.get("/auth/me").await.expect_problem(401, "token_invalid");
    in_globex.get("/auth/me").await.expect(200);
}

#[tokio::test]
async fn k5_a_tenant_header_decides_nothing() {
    let space = TestSpace::open_to_all().await;
    let acme = space.found("acme").await;
    let globex = space.found_another("globex").await;
    let dataset = dataset_of(&globex, "vault", &[("code", "The vault opens with nine.")]).await;
    endpoint_on(&globex, &dataset, "vault").await;
    let request = acme.request("POST", "/endpoints/vault/query").json(&json!({ "messages": "vault?" }));
    acme.send(request.header("x-tenant-name", "globex")).await.expect_problem(404, "not_found");
    let request = globex.request("POST", "/endpoints/vault/query").json(&json!({ "messages": "vault?" }));
    globex.send(request.header("x-tenant-name", "acme")).await.expect_problem(404, "not_found");
    let request = globex.request("POST", "/endpoints/vault/query").json(&json!({ "messages": "vault?" }));
    globex.send(request.header("x-tenant-name", "globex")).await.expect(200);
}

#[tokio::test]
async fn z1_things_of_another_tenant_cannot_be_referred_to() {
    let space = TestSpace::open_to_all().await;
    let acme = space.found("acme").await;
    let globex = space.found_another("globex").await;
    let dataset = dataset_of(&globex, "vault", &[]).await;
    let endpoint = json!({ "name": "x", "slug": "stolen", "dataset_id": dataset, "response_type": "raw" });
    acme.post("/endpoints", &endpoint).await.expect_problem(422, "invalid");

    let own = dataset_of(&acme, "own", &[]).await;
    endpoint_on(&acme, &own, "own-things").await;
    endpoint_on(&globex, &dataset, "their-things").await;
    let policy = only_policy(&globex, "their-things", json!({ "mode": "allow", "patterns": ["*"] })).await;
    let attach = json!({ "policy_ids": [policy] });
    acme.put("/endpoints/own-things/policies", &attach).await.expect_problem(422, "invalid");
}
