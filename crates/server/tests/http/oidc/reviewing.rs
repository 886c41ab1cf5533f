//! The access review says whom identity providers and invitations let in, and is another one once they let in others.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::cli::run;
use crate::oidc::world::{World, member_of};
use crate::space::{dataset_of, endpoint_on, in_memory, only_policy};

/// The tenant's review, and its digest.
async fn review(world: &World) -> (Vec<Value>, String) {
    let page = world.owner.get("/access-review?limit=100").await.expect(200).body;
    (page["items"].as_array().unwrap().clone(), page["digest"].as_str().unwrap().to_owned())
}

/// Which subjects come in by a provider or an invitation: what each is called, its role, and by which reason it queries what.
fn entries(review: &[Value]) -> Vec<Value> {
    let entering = review.iter().filter(|subject| !subject["entry"].is_null());
    let of = |subject: &Value| {
        let access = subject["access"].as_array().unwrap().iter();
        let access: Vec<_> =
            access.map(|access| json!([access["slug"], access["reason_code"], access["rule"]])).collect();
        json!([subject["kind"], subject["name"], subject["entry"]["role"], access])
    };
    entering.map(of).collect()
}

#[tokio::test]
async fn z4_a_review_tells_whom_a_provider_and_an_invitation_let_in_and_is_another_one_without_them() {
    let groups = json!({ "claim": "groups", "roles": [
        { "group": "boss", "role": "owner" }, { "group": "staff", "role": "user" }, { "group": "crew", "role": "user" },
    ] });
    let world = World::with(&[("registration", "open")], groups).await;
    let dataset = dataset_of(&world.owner, "hours", &[("hours", "The reading room opens at nine.")]).await;
    endpoint_on(&world.owner, &dataset, "hours").await;
    only_policy(&world.owner, "hours", json!({ "mode": "allow", "patterns": ["*@allowed.example"] })).await;
    endpoint_on(&world.owner, &dataset, "open").await;
    world.invite("next@allowed.example", "user").await;

    let (all, seen) = review(&world).await;
    let by_rule =
        json!([["hours", "allowed_by_policy", "*@allowed.example"], ["open", "member_of_tenant", null]]);
    let unknown = json!([["hours", "address_unknown", null], ["open", "member_of_tenant", null]]);
    let expected = [
        json!(["oidc_provider", "work", "owner", unknown]),
        json!(["oidc_provider", "work", "user", unknown]),
        json!(["invitation", "next@allowed.example", "user", by_rule]),
    ];
    assert_eq!(entries(&all), expected);
    let of_users = all.iter().find(|subject| subject["entry"]["groups"] == json!(["staff", "crew"])).unwrap();
    let entry = &of_users["entry"];
    assert_eq!((&entry["domains"], &entry["claim"]), (&json!(["allowed.example"]), &json!("groups")));
    assert_eq!((&entry["issuer"], &entry["expires_at"]), (&json!(world.provider.issuer()), &Value::Null));

    // Nobody has come in yet, and the review is another one all the same.
    let mut digests = vec![seen];
    world.operate("DELETE", "/operator/v1/tenants/acme/oidc/work", &Value::Null).await.expect(204);
    let (all, seen) = review(&world).await;
    assert_eq!(entries(&all).len(), 1);
    digests.push(seen);
    let body = world.body("again", &Value::Null);
    world.operate("POST", "/operator/v1/tenants/acme/oidc", &body).await.expect(201);
    let (all, seen) = review(&world).await;
    assert_eq!(entries(&all)[0], json!(["oidc_provider", "again", "user", unknown]));
    digests.push(seen);
    world.invite("other@elsewhere.example", "user").await;
    digests.push(review(&world).await.1);
    assert_eq!(digests.iter().collect::<BTreeSet<_>>().len(), 4, "{digests:?}");
    // Of another tenant's nothing is told.
    let stranger = world.space.found_another("globex").await;
    let others = stranger.get("/access-review").await.expect(200).body;
    assert_eq!(others["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn z4_who_signs_in_at_a_provider_alone_is_not_said_to_lack_a_factor_of_this_space() {
    if in_memory() {
        return;
    }
    let world =
        World::new(json!({ "claim": "groups", "roles": [{ "group": "boss", "role": "owner" }] })).await;
    world.sign_in(member_of("boss", "boss@allowed.example", &["boss"])).await.expect(200);
    let (all, _) = review(&world).await;
    let of = |email| all.iter().find(|subject| subject["name"] == email).unwrap()["member"].clone();
    let told = [of("boss@allowed.example"), of("owner@acme.example")];
    let told = told.map(|member| [member["password"].clone(), member["second_factor"].clone()]);
    assert_eq!(told, [[json!(false), json!(false)], [json!(true), json!(false)]]);
    let table = run(world.space.home(), &["access-review"]).expect(0).stdout;
    let line = |of: &str| table.lines().find(|line| line.contains(of)).unwrap().to_owned();
    let boss = line("boss@allowed.example");
    assert!(boss.contains("no password here") && !boss.contains("second factor"), "{boss}");
    assert!(line("owner@acme.example").contains("no second factor"), "{table}");
    let people = line("provider's people");
    let whom = "whoever has boss in groups";
    assert!(people.contains(whom) && people.contains(world.provider.issuer()), "{people}");
}
