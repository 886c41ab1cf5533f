//! Every field of every body × every value that is wrong for it.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use syft_space::http::reason::Reason;
use syft_space::http::route_table::{Method, ROUTES, Route};

use crate::hostile::by_hand;
use crate::hostile::case::{Answer, Case, Expect, exchange};
use crate::hostile::values::{Kind, Wrong};
use crate::hostile::world::World;

/// A field of a body: where, what it holds, and whether it may be null.
pub struct Field(pub &'static str, pub Kind, bool);

const fn is(pointer: &'static str, kind: Kind) -> Field {
    Field(pointer, kind, false)
}

const fn may_be(pointer: &'static str, kind: Kind) -> Field {
    Field(pointer, kind, true)
}

/// Every field that a route takes. A route with a body that does not stand here fails the test.
pub fn fields(route: &Route) -> Vec<Field> {
    use Kind::*;
    match (route.method, route.path.trim_start_matches("/api/v1")) {
        (Method::Post, "/auth/register") => vec![
            is("/email", Email),
            is("/password", NewPassword),
            is("/tenant_name", TenantName),
            may_be("/setup_token", Token),
        ],
        (Method::Post, "/auth/login") => {
            vec![
                is("/email", Email),
                is("/password", Password),
                may_be("/tenant", TenantName),
                may_be("/totp", Token),
            ]
        }
        (Method::Post, "/auth/reset") => vec![is("/token", Token), is("/new_password", NewPassword)],
        (Method::Post, "/auth/totp") => vec![is("/password", Password)],
        (Method::Delete, "/auth/totp") => vec![is("/password", Password), is("/code", Token)],
        (Method::Post, "/auth/totp/confirm" | "/auth/totp/recovery-codes") => vec![is("/code", Token)],
        (Method::Patch, "/tenant") => vec![is("/second_factor_roles", List), is("/max_key_days", Count)],
        (Method::Delete, "/tenant") => vec![is("/tenant_name", TenantName)],
        (Method::Patch, "/retention") => {
            vec![
                is("/log_personal_data", Count),
                is("/policy_revisions", Count),
                is("/invitations", Count),
                is("/disclosures", Count),
                is("/transfers", Count),
                is("/log_events", Count),
            ]
        }
        (Method::Post, "/erasures") => vec![is("/email", Email)],
        (Method::Post, "/retention/sweep") => vec![is("/dry_run", Flag)],
        (Method::Post, "/retention/holds") => vec![is("/reason", Name)],
        (Method::Post, "/audit/predecessor") => {
            vec![is("/log", Name), is("/size", Count), is("/root", Id)]
        }
        (Method::Put, "/auth/password") => {
            vec![is("/current_password", Password), is("/new_password", NewPassword)]
        }
        (Method::Patch, "/users/{id}") => vec![is("/role", Word), is("/status", Word)],
        (Method::Post, "/invitations") => vec![is("/email", Email), is("/role", Word)],
        (Method::Post, "/invitations/accept") => vec![is("/token", Token), is("/password", NewPassword)],
        (Method::Post, "/access-review/sign-off") => vec![is("/digest", Word), is("/review_token", Token)],
        (Method::Post, "/api-keys") => vec![
            is("/name", Name),
            is("/scopes", List),
            may_be("/endpoints", List),
            may_be("/addresses", List),
            may_be("/expires_at", Word),
        ],
        (Method::Post, "/api-keys/{id}/rotate") => vec![is("/overlap_seconds", Seconds)],
        (Method::Post, "/datasets") => vec![
            is("/name", Name),
            is("/dtype", Word),
            is("/summary", Line),
            is("/tags", Line),
            is("/configuration", Object),
            is("/configuration/stemming", Word),
            is("/configuration/stop_words", Word),
            is("/configuration/tokenizer", Word),
            is("/configuration/provisioned", Flag),
            is("/configuration/url", HubUrl),
            is("/configuration/credential", Token),
            is("/configuration/slug", Slug),
            is("/configuration/owner", HubUsername),
            is("/configuration/marketplace_id", IdOfOther),
            is("/configuration/tenant_name", TenantName),
            is("/configuration/purpose", Purpose),
            is("/search", Word),
            is("/encoder", Word),
        ],
        (Method::Patch, "/datasets/{id}") => vec![
            is("/name", Name),
            is("/summary", Line),
            is("/tags", Line),
            is("/search", Word),
            is("/encoder", Word),
            is("/dtype", Word),
            is("/configuration", Object),
            is("/configuration/provisioned", Flag),
            is("/configuration/url", HubUrl),
            may_be("/configuration/credential", Token),
            is("/configuration/slug", Slug),
            is("/configuration/owner", HubUsername),
            is("/configuration/marketplace_id", IdOfOther),
            may_be("/configuration/tenant_name", TenantName),
            may_be("/configuration/purpose", Purpose),
        ],
        (Method::Post, "/datasets/{id}/search") => {
            vec![
                is("/query", Question),
                may_be("/limit", Limit),
                may_be("/context", ContextSize),
                may_be("/similarity_threshold", Share),
                is("/explain", Flag),
            ]
        }
        (Method::Post, "/datasets/{id}/documents") => vec![
            is("/documents", List),
            is("/documents/0", Object),
            may_be("/documents/0/document_id", DocumentId),
            may_be("/documents/0/title", Name),
            is("/documents/0/content", Content),
            is("/documents/0/metadata", Object),
        ],
        (Method::Post, "/auth/refresh") => vec![is("/refresh_token", Token)],
        (Method::Post, "/endpoints") => vec![
            is("/name", Name),
            is("/slug", Slug),
            is("/summary", Line),
            is("/description", Prose),
            is("/tags", Line),
            is("/dataset_id", Id),
            may_be("/model_id", Id),
            is("/response_type", Word),
            is("/published", Flag),
        ],
        (Method::Patch, "/endpoints/{slug}") => vec![
            is("/name", Name),
            is("/slug", Slug),
            is("/summary", Line),
            is("/description", Prose),
            is("/tags", Line),
            is("/published", Flag),
        ],
        (Method::Put, "/endpoints/{slug}/policies") => vec![is("/policy_ids", List)],
        (Method::Put, "/endpoints/{slug}/expectations") => vec![
            is("/expectations", List),
            is("/expectations/0", Object),
            is("/expectations/0/identity", Object),
            may_be("/expectations/0/identity/email", Email),
            may_be("/expectations/0/identity/issuer", Issuer),
            may_be("/expectations/0/identity/sub", Issuer),
            may_be("/expectations/0/identity/role", Word),
            may_be("/expectations/0/purpose", Purpose),
            is("/expectations/0/verdict", Word),
            is("/expectations/0/note", Line),
        ],
        (Method::Post, "/endpoints/{slug}/policies/explain") => vec![
            is("/identity", Object),
            is("/identity/email", Email),
            may_be("/identity/issuer", Issuer),
            may_be("/identity/sub", Issuer),
            may_be("/identity/role", Word),
            may_be("/messages", Any),
            may_be("/purpose", Purpose),
            may_be("/address", Word),
            may_be("/at", Word),
        ],
        (Method::Post, "/endpoints/{slug}/query") => vec![
            is("/messages", Any),
            may_be("/similarity_threshold", Share),
            may_be("/limit", Limit),
            may_be("/context", ContextSize),
            may_be("/purpose", Purpose),
            may_be("/include_metadata", Flag),
            may_be("/stream", Flag),
            may_be("/max_tokens", Count),
            may_be("/temperature", Penalty),
            may_be("/stop_sequences", List),
            may_be("/presence_penalty", Penalty),
            may_be("/frequency_penalty", Penalty),
            may_be("/extras", Object),
        ],
        (Method::Post, "/groups") => vec![is("/name", GroupName), is("/description", Line)],
        (Method::Patch, "/groups/{name}") => vec![is("/description", Line)],
        (Method::Post, "/groups/{name}/members") => vec![is("/emails", List), is("/emails/0", Email)],
        (Method::Post, "/policies") => {
            vec![
                is("/name", Name),
                is("/policy_type", Word),
                is("/configuration", Any),
                is("/enforcement", Word),
            ]
        }
        (Method::Post, "/approvals/deny") => {
            vec![is("/caller_id", Any), is("/endpoint", Slug), is("/note", Line)]
        }
        (Method::Post, "/approvals/{id}/approve" | "/approvals/{id}/deny") => vec![is("/note", Line)],
        (Method::Post, "/policies/lint") => vec![
            is("/endpoint", Slug),
            is("/policies", List),
            is("/policies/0", Object),
            is("/policies/0/policy_type", Word),
            is("/policies/0/configuration", Any),
        ],
        (Method::Post, "/policies/simulate") => vec![
            is("/policy_id", Id),
            is("/configuration", Any),
            is("/identities", List),
            is("/identities/0", Object),
            is("/identities/0/email", Email),
            may_be("/identities/0/marketplace", Slug),
        ],
        (Method::Post, "/policies/replay") => vec![
            is("/policy_id", Id),
            is("/configuration", Any),
            may_be("/since", Word),
            may_be("/until", Word),
        ],
        (Method::Post, "/policies/{id}/rollback") => vec![is("/revision", Count)],
        (Method::Patch, "/policies/{id}") => {
            vec![is("/name", Name), is("/configuration", Any), is("/enforcement", Word)]
        }
        (Method::Post, "/marketplaces") => vec![
            is("/name", Slug),
            is("/url", HubUrl),
            may_be("/issuer", Issuer),
            may_be("/username", HubUsername),
            is("/take_over", Flag),
            is("/credential", Object),
            is("/credential/type", Word),
            is("/credential/token", Token),
            is("/credential/username", Line),
            is("/credential/password", Token),
        ],
        (Method::Post, "/endpoints/{slug}/listings") => vec![is("/marketplace_id", Id)],
        (Method::Patch, "/marketplaces/{id}") => vec![
            is("/name", Slug),
            is("/take_over", Flag),
            is("/credential", Object),
            is("/credential/type", Word),
            is("/credential/token", Token),
            is("/credential/username", Line),
            is("/credential/password", Token),
        ],
        (method, path) => panic!("{method} {path} takes a body: say which fields it has"),
    }
}

pub fn cases(world: &World) -> Vec<Case> {
    let mut cases = Vec::new();
    for route in ROUTES.iter().filter(|route| world.body(route).is_some()) {
        for Field(pointer, kind, nullable) in fields(route) {
            for wrong in kind.of_other_types(nullable) {
                // Objects of another shape are the next rows' business.
                cases.push(case(
                    world,
                    route,
                    pointer,
                    &wrong,
                    Expect::At(Reason::Invalid, pointer.to_owned()),
                ));
            }
            for wrong in kind.not_allowed() {
                if let Some(expect) = expected(route, pointer, kind, &wrong) {
                    cases.push(case(world, route, pointer, &wrong, expect));
                }
            }
        }
        cases.push(one_field_too_many(world, route));
    }
    cases.extend(by_hand::cases(world));
    cases
}

/// What a value that is not allowed is answered with; `None` where it is allowed after all.
fn expected(route: &Route, pointer: &str, kind: Kind, wrong: &Wrong) -> Option<Expect> {
    let large = wrong.json.len() > 1024 * 1024 && !route.path.ends_with("/documents");
    Some(match kind {
        _ if large => Expect::Refused(Reason::TooLarge),
        // Whoever may not register learns nothing about passwords.
        Kind::NewPassword if wrong.what == "common" && route.path.ends_with("/register") => {
            Expect::Refused(Reason::RegistrationClosed)
        }
        Kind::Password | Kind::NewPassword => Expect::Refused(Reason::PasswordRefused),
        // What is no dataset's configuration, or an identity, is told by the field that it lacks or has too many.
        Kind::Object
            if ["/configuration", "/documents/0", "/policies/0", "/identities/0", "/credential"]
                .contains(&pointer)
                || pointer.starts_with("/expectations/0") =>
        {
            Expect::At(Reason::Invalid, format!("{pointer}/k"))
        }
        Kind::Object if pointer == "/identity" => Expect::At(Reason::Invalid, "/identity/k".to_owned()),
        Kind::Object if pointer == "/extras" => return None,
        _ => Expect::At(Reason::Invalid, pointer.to_owned()),
    })
}

fn case(world: &World, route: &'static Route, pointer: &str, wrong: &Wrong, expect: Expect) -> Case {
    let body = with(world.body(route).unwrap(), pointer, &wrong.json);
    Case::new(format!("{pointer} {}", wrong.what), route, world.request(route).body(body).bytes(), expect)
}

/// A body with JSON text, of whatever kind, in the place of one of its values.
pub fn with(mut body: Value, pointer: &str, json: &str) -> String {
    const PLACEHOLDER: &str = "@@here@@";
    let mut at = &mut body;
    for key in pointer.split('/').skip(1) {
        at = match key.parse::<usize>() {
            Ok(index) => &mut at[index],
            Err(_) => &mut at[key],
        };
    }
    *at = json!(PLACEHOLDER);
    body.to_string().replace(&format!("\"{PLACEHOLDER}\""), json)
}

/// A refusal of a field that nobody knows names those that are known: they are those of this table.
#[tokio::test]
async fn i1_every_field_of_every_body_stands_in_the_table() {
    let world = World::make().await;
    let mut objects = 0;
    for route in ROUTES.iter().filter(|route| world.body(route).is_some() && !route.path.ends_with("/query"))
    {
        let table = fields(route);
        // The body itself, and each object in it that has fields of its own.
        let mut inside = vec![""];
        inside.extend(table.iter().filter(|field| field.1 == Kind::Object).map(|field| field.0));
        for object in inside {
            let body = with(world.body(route).unwrap(), &format!("{object}/no_such"), "1");
            let raw = exchange(world.address(), &world.request(route).body(body).bytes()).await;
            let answer: Value = serde_json::from_slice(&Answer::read(&raw).unwrap().body).unwrap();
            let message = answer["errors"][0]["message"].as_str().unwrap_or_default();
            let Some((_, known)) = message.split_once(", expected ") else {
                assert!(object.ends_with("/metadata"), "{} {object}: {answer}", route.path);
                continue;
            };
            let known: BTreeSet<String> = known.split('`').skip(1).step_by(2).map(str::to_owned).collect();
            let ours = |field: &Field| {
                Some(field.0.strip_prefix(object)?.strip_prefix('/')?.split('/').next()?.to_owned())
            };
            let ours: BTreeSet<String> = table.iter().filter_map(ours).collect();
            assert_eq!(ours, known, "{} {} {object}", route.method, route.path);
            objects += 1;
        }
    }
    assert!(objects > 15, "{objects}");
}

fn one_field_too_many(world: &World, route: &'static Route) -> Case {
    let mut body = world.body(route).unwrap();
    body["__proto__"] = json!({ "role": "owner" });
    let bytes = world.request(route).body(body.to_string()).bytes();
    let expect = if route.path.ends_with("/query") {
        Expect::Harmless(200)
    } else {
        Expect::At(Reason::Invalid, "/__proto__".to_owned())
    };
    Case::new("with a field that nobody knows", route, bytes, expect)
}
