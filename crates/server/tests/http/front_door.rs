//! The border of front doors: a second one, in another dialect, has all refusals and answers of the query path in a form of
//! its own, with nothing changed in the domain.

mod chat;
mod doors;
mod ending;
// The ports are those of the domain's own stories.
#[expect(dead_code, reason = "the stories do more with them than front doors need")]
#[path = "../../../memory/tests/querying/ports.rs"]
mod ports;
#[path = "../../../memory/tests/querying/tickets.rs"]
mod tickets;

use serde_json::{Value, json};
use syft_space_domain::dataset::ports::SearchError;
use syft_space_domain::snapshot::SnapshotError;

use crate::front_door::chat::PATH;
use crate::front_door::doors::{Chat, Doors, SLUG, demand_tickets, join};
use crate::front_door::ports::{Search, Submit};
use crate::front_door::tickets::Take;
use crate::space::{Client, only_policy};
use syft_space_domain::policy::Release;

fn native(question: &str) -> Value {
    json!({ "messages": [{ "role": "user", "content": question }], "similarity_threshold": 0 })
}

fn chat(model: &str, question: &str) -> Value {
    json!({ "model": model, "messages": [{ "role": "user", "content": question }] })
}

/// Demands a refusal of the chat door.
#[track_caller]
fn expect_refused(answer: &Chat, status: u16, kind: &str, code: &str) {
    assert_eq!(answer.status, status, "{}", answer.body);
    let members: Vec<_> = answer.body.as_object().unwrap().keys().collect();
    assert_eq!(members, ["error"]);
    let error = &answer.body["error"];
    assert_eq!((&error["type"], &error["code"], &error["param"]), (&json!(kind), &json!(code), &Value::Null));
    assert!(error["message"].as_str().is_some_and(|message| message.len() > 10), "{error}");
    assert_eq!(answer.retry_after, status == 503, "a 503 says when to come back");
}

/// Asks an endpoint through both front doors, each of which refuses in its own form; both leave the same events.
async fn refused_by_both(
    doors: &Doors,
    caller: &Client,
    slug: &str,
    native_form: (u16, &str),
    chat_form: (u16, &str),
) {
    let question = "How high is Kilimanjaro?";
    let (status, reason) = native_form;
    let before = doors.events().await.len();
    caller.post(&format!("/endpoints/{slug}/query"), &native(question)).await.expect_problem(status, reason);
    let between = doors.events().await.len();
    let answer = doors.chat(caller, &chat(slug, question)).await;
    expect_refused(&answer, chat_form.0, chat_form.1, reason);
    let events = doors.events().await;
    assert_eq!(events[before..between], events[between..], "{reason}");
}

#[tokio::test]
async fn i1_whoever_may_not_query_is_refused_in_the_form_of_each_front_door() {
    let doors = Doors::open().await;
    let (owner, user) = (&doors.tenant.owner, &doors.tenant.user);
    let auth = (401, "authentication_error");
    refused_by_both(&doors, &doors.anybody, SLUG, (401, "unauthenticated"), auth).await;
    refused_by_both(&doors, &user.with_token("nonsense"), SLUG, (401, "token_invalid"), auth).await;
    let viewer = join(&doors.anybody, owner, "viewer").await;
    refused_by_both(&doors, &viewer, SLUG, (403, "forbidden"), (403, "permission_error")).await;
    refused_by_both(&doors, user, "nothing", (404, "not_found"), (404, "not_found_error")).await;
    owner.patch(&format!("/endpoints/{SLUG}"), &json!({ "published": false })).await.expect(200);
    refused_by_both(&doors, user, SLUG, (404, "not_found"), (404, "not_found_error")).await;
    owner.patch(&format!("/endpoints/{SLUG}"), &json!({ "published": true })).await.expect(200);
    only_policy(owner, SLUG, json!({ "mode": "deny", "patterns": ["user@*"] })).await;
    refused_by_both(&doors, user, SLUG, (403, "access_denied"), (403, "permission_error")).await;
    let events = doors.events().await;
    let refused = [
        r#""authz_fail" "denied" "forbidden" "route""#,
        r#""endpoint_query" "denied" "endpoint_not_found" null"#,
        r#""endpoint_query" "denied" "endpoint_not_found" null"#,
        r#""policy_violation" "denied" "access_denied" "endpoint""#,
    ];
    assert_eq!(events, refused.iter().flat_map(|line| [*line; 2]).collect::<Vec<_>>());
}

#[tokio::test]
async fn f3_a_user_of_a_hub_is_refused_in_the_form_of_each_front_door() {
    let doors = Doors::open().await;
    let alice = doors.hub_user("alice").await;
    refused_by_both(&doors, &alice, SLUG, (404, "not_found"), (404, "not_found_error")).await;
    only_policy(&doors.tenant.owner, SLUG, json!({ "mode": "allow", "patterns": ["alice@example.com"] }))
        .await;
    refused_by_both(&doors, &alice, SLUG, (401, "token_invalid"), (401, "authentication_error")).await;
    doors.ports.hub.set_down(true);
    refused_by_both(&doors, &alice, SLUG, (503, "identity_unavailable"), (503, "server_error")).await;
}

#[tokio::test]
async fn z5_what_policies_oblige_to_is_the_same_at_each_front_door() {
    let doors = Doors::open().await;
    let (user, tickets) = (&doors.tenant.user, &doors.ports.tickets);
    demand_tickets(&doors.tenant.owner, &["day", "hour"]).await;
    tickets.set("hour", Take::SoldOut);
    refused_by_both(&doors, user, SLUG, (403, "policy_violation"), (403, "permission_error")).await;
    tickets.set("hour", Take::Fail);
    refused_by_both(&doors, user, SLUG, (503, "policy_unavailable"), (503, "server_error")).await;
    tickets.set("hour", Take::Panic);
    refused_by_both(&doors, user, SLUG, (500, "internal"), (500, "server_error")).await;
    assert_eq!(tickets.log(), ["day taken", "day released"].repeat(6));
    assert_eq!(tickets.released().last(), Some(&Release::Failed), "a panic is not the caller's fault");
    tickets.set("hour", Take::Give);
    user.post(&format!("/endpoints/{SLUG}/query"), &native("Kilimanjaro")).await.expect(200);
    assert_eq!(doors.chat(user, &chat(SLUG, "Kilimanjaro")).await.status, 200);
    let answered = ["day taken", "hour taken", "day settled", "hour settled"];
    assert_eq!(tickets.log()[12..], answered.repeat(2));
}

#[tokio::test]
async fn i1_what_fails_behind_a_front_door_is_told_in_its_form() {
    let doors = Doors::open().await;
    let user = &doors.tenant.user;
    let Doors { ports, .. } = &doors;
    let server_error = |status| (status, "server_error");
    ports.engine.set(Search::Fail(SearchError::Failed("the disk".to_owned())));
    refused_by_both(&doors, user, SLUG, (500, "internal"), server_error(500)).await;
    ports.engine.set(Search::Fail(SearchError::Full));
    refused_by_both(&doors, user, SLUG, (507, "storage_full"), server_error(507)).await;
    ports.engine.set(Search::Panic);
    refused_by_both(&doors, user, SLUG, (500, "internal"), server_error(500)).await;
    let events = doors.events().await;
    assert_eq!(events.last().unwrap(), r#""endpoint_query" "failure" "internal" "endpoint""#);
    assert_eq!(events.len(), 6);
    ports.engine.set(Search::Answer);
    ports.store.set(Submit::Refuse);
    refused_by_both(&doors, user, SLUG, (503, "overloaded"), server_error(503)).await;
    ports.store.set(Submit::Run);
    assert_eq!(doors.events().await.len(), 6, "what cannot be recorded is not answered");

    ports.snapshots.fail(SnapshotError::Unavailable);
    user.post(&format!("/endpoints/{SLUG}/query"), &native("?")).await.expect_problem(503, "unavailable");
    expect_refused(&doors.chat(user, &chat(SLUG, "?")).await, 503, "server_error", "unavailable");
}

#[tokio::test]
async fn i1_a_request_that_is_not_valid_is_refused_in_the_form_of_its_front_door() {
    let doors = Doors::open().await;
    let user = &doors.tenant.user;
    let invalid = "invalid_request_error";
    for messages in [
        json!([]),
        json!([{ "role": "assistant", "content": "Which?" }]),
        json!([{ "role": "user", "content": " " }]),
        json!([{ "role": "user", "content": "x".repeat(32 * 1024 + 1) }]),
    ] {
        let path = format!("/endpoints/{SLUG}/query");
        user.post(&path, &json!({ "messages": messages })).await.expect_problem(422, "invalid");
        let answer = doors.chat(user, &json!({ "model": SLUG, "messages": messages })).await;
        expect_refused(&answer, 400, invalid, "invalid");
    }
    expect_refused(&doors.chat(user, &json!({ "model": SLUG })).await, 400, invalid, "invalid");
    let request = |method| user.request(method, &format!("/{PATH}"));
    let json_of = |text: String| request("POST").header("content-type", "application/json").body(text);
    expect_refused(&Doors::read(json_of("{".to_owned())).await, 400, invalid, "malformed");
    expect_refused(&Doors::read(json_of(" ".repeat(1 << 21))).await, 413, invalid, "too_large");
    let text = request("POST").header("content-type", "text/plain").body("?");
    expect_refused(&Doors::read(text).await, 415, invalid, "unsupported_media_type");
    expect_refused(&Doors::read(request("DELETE")).await, 405, invalid, "method_not_allowed");
    assert!(doors.events().await.is_empty());
}

#[tokio::test]
async fn i1_both_front_doors_answer_the_same_query_and_leave_the_same_event() {
    let doors = Doors::open().await;
    let user = &doors.tenant.user;
    let answer = user.post(&format!("/endpoints/{SLUG}/query"), &native("Kilimanjaro")).await.expect(200);
    assert_eq!(answer.body["references"]["documents"][0]["document_id"], "kilimanjaro");
    assert_eq!(answer.body["references"]["provider_info"]["search_engine"], "embedded");
    assert!(answer.text.contains(r#""cost":0.0,"#), "{}", answer.text);
    // This front door takes what a tool said, too.
    let messages = json!([
        { "role": "system", "content": "Be brief." },
        { "role": "tool", "content": "5199" },
        { "role": "user", "content": "Kilimanjaro" },
        { "role": "assistant", "content": "" },
    ]);
    let answer = doors.chat(user, &json!({ "model": SLUG, "messages": messages })).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["choices"][0]["message"]["content"], "Kilimanjaro is 5895 metres high.");
    assert_eq!(doors.events().await, [r#""endpoint_query" "success" null "endpoint""#; 2]);
}
