//! The OpenAPI 3.1 document, made of the route table and of the types that its routes read and write.

mod examples;
mod refusals;
mod schemas;

use schemars::SchemaGenerator;
use serde_json::{Map, Value, json};
use syft_space_domain::access::{Role, may};

use crate::http::problem;
use crate::http::receipts::RECEIPT;
use crate::http::route_docs::{BodyLimit, Parameter, RequestBody, Response, RouteDocs, SchemaOf};
use crate::http::route_table::{Guard, ROUTES, Route};
use crate::http::state::RequestLimits;
use crate::routes::shapes;

pub use examples::example;
pub use refusals::reasons;
use schemas::Schemas;

/// The description of each group of routes. A group is the module of its handlers.
const TAGS: &[(&str, &str)] = &[
    ("front_page", "What this is."),
    ("security_txt", "Where weaknesses are reported."),
    ("health", "Is the server there, and does it serve?"),
    ("auth", "Registering, logging in, and who one is."),
    ("oidc", "Signing in at an identity provider."),
    ("sessions", "Where one is logged in."),
    ("totp", "One's own second factor."),
    ("tenant", "The settings of the tenant, and its end."),
    ("retention", "How long what nobody removes is kept, and legal holds."),
    ("api_keys", "What programs of members come with."),
    ("users", "Members of the tenant."),
    ("invitations", "Inviting, and accepting."),
    ("datasets", "Documents that are searched together."),
    ("dataset_configuration", "How datasets of each type are configured."),
    ("documents", "Documents of a dataset, and what a search of it finds."),
    ("jobs", "Documents on their way into a dataset."),
    ("endpoints", "What is published, and under which policies."),
    ("expectations", "Who may query an endpoint and who may not, to which every change is held."),
    ("query", "Asking an endpoint."),
    ("policies", "Who may query."),
    ("groups", "Named lists of addresses, which policies name."),
    ("policy_lint", "What is odd about patterns."),
    ("policy_revisions", "What policies were."),
    ("policy_simulation", "What a change of a policy would do."),
    ("policy_replay", "What a change of a policy would have done."),
    ("approvals", "Questions that wait for approval."),
    ("exports", "All that is held about somebody."),
    ("erasures", "What is held about somebody goes."),
    ("own_access", "What one may ask, and what is left to one."),
    ("ledger", "What callers were charged."),
    ("marketplaces", "Accounts of the tenant on hubs."),
    ("listings", "Endpoints that are shown on hubs."),
    ("access_review", "Who can query what, and why."),
    ("audit", "What happened."),
    ("audit_impact", "What a breach touched."),
    ("audit_proofs", "That nobody has bent what happened."),
    ("audit_tail", "What happens."),
    ("audit_sinks", "Where what happened is told besides."),
    ("receipts", "What a caller was told."),
    ("openapi", "This description."),
    ("docs", "A page to browse it with."),
    ("choose_password", "A page for whoever was reset or invited."),
];

/// The parameters of paths, which stand between braces there.
const PATH_PARAMETERS: &[Parameter] = &[
    Parameter::new::<shapes::IdShape>("id", "The id of the thing."),
    Parameter::new::<shapes::IdShape>("job", "The id of the job."),
    Parameter::new::<shapes::IdShape>("listing", "The id of the listing."),
    Parameter::new::<shapes::DocumentIdShape>("doc", "The id of the document."),
    Parameter::new::<shapes::TenantNameShape>("tenant", "The name of the tenant."),
    Parameter::new::<shapes::GroupNameShape>("name", "The name of the group."),
    Parameter::new::<shapes::EmailShape>("address", "The e-mail address."),
    Parameter::new::<shapes::SlugShape>("provider", "The name of the identity provider in the tenant."),
    Parameter::new::<shapes::RevisionShape>("revision", "The number of the change."),
    Parameter::new::<shapes::IdShape>(
        "log",
        "The tenant whose log a receipt or certificate is of: what stands last in its line `log`.",
    ),
    Parameter::new::<shapes::SeqShape>("seq", "The number of the event, as the receipt has it."),
    Parameter::new::<shapes::HashShape>("leaf", "The leaf of the event, as the receipt has it."),
    Parameter::new::<shapes::HashShape>("token", "The token of the erasure, as the answer to it had it."),
    Parameter::new::<shapes::SlugOrIdShape>(
        "slug",
        "The slug of the endpoint; but on the query route its id, too.",
    ),
];

/// The whole document, with the limits of this server.
#[must_use]
pub fn document(limits: &RequestLimits) -> Value {
    let mut schemas = Schemas::new();
    let mut responses = Map::new();
    let mut paths = Map::new();
    schemas.answer(SchemaGenerator::subschema_for::<problem::ProblemBody<'static>>);
    for route in ROUTES {
        let operation = operation(route, limits, &mut schemas, &mut responses);
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        if let Some(path) = path.as_object_mut() {
            path.insert(route.method.to_string().to_lowercase(), operation);
        }
    }
    for reason in refusals::REASONS_WITHOUT_ROUTE {
        refusals::response(&[*reason], &mut responses);
    }
    let tags = TAGS.iter().map(|(name, what)| json!({ "name": name, "description": what }));
    json!({
        "openapi": "3.1.1",
        "info": {
            "title": "Syft Space",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Private documents as queryable HTTP endpoints, under your own rules.",
            "description": include_str!("description.md"),
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/", "description": "The server that this description came from." }],
        "tags": tags.collect::<Vec<_>>(),
        "paths": paths,
        "components": {
            "schemas": schemas.into_definitions(),
            "responses": responses,
            "headers": headers(),
            "securitySchemes": {
                "bearer": {
                    "type": "http", "scheme": "bearer",
                    "description": "The `access_token` of `POST /api/v1/auth/login`, or an API key of `POST /api/v1/api-keys`. Never send it \
                                    in the URL.",
                },
            },
        },
    })
}

/// The name of a route's operation: the path of its handler, in one word.
#[must_use]
pub fn operation_id(route: &Route) -> String {
    route.name.replace("::", "_")
}

fn operation(
    route: &Route,
    limits: &RequestLimits,
    schemas: &mut Schemas,
    responses: &mut Map<String, Value>,
) -> Value {
    let docs = &route.docs;
    let id = operation_id(route);
    let mut answered = Map::new();
    for answer in docs.responses.iter().flatten() {
        answered.insert(answer.status.to_string(), success(&id, docs, answer, schemas));
    }
    for (status, reasons) in refusals::by_status(route) {
        answered.insert(status.to_string(), refusals::response(&reasons, responses));
    }
    let mut operation = json!({
        "operationId": id,
        "tags": [route.name.split("::").next().unwrap_or_default()],
        "summary": docs.summary,
        "description": description(route),
        "security": security(route),
        "parameters": parameters(route, schemas),
        "responses": answered,
    });
    let body = body(&id, route, limits, schemas);
    if let (Some(operation), Some(body)) = (operation.as_object_mut(), body) {
        operation.insert("requestBody".to_owned(), body);
    }
    operation
}

fn description(route: &Route) -> String {
    let callers = match route.guard {
        Guard::Open => "Anybody may call it.".to_owned(),
        Guard::Operator => "The host's operator may call it, through the control socket.".to_owned(),
        Guard::Member(permissions) => {
            let roles = Role::ALL
                .into_iter()
                .filter(|role| permissions.iter().any(|permission| may(*role, *permission)));
            format!("Roles that may call it: {}.", roles.map(Role::as_str).collect::<Vec<_>>().join(", "))
        }
    };
    match route.docs.description {
        "" => callers,
        more => format!("{more}\n\n{callers}"),
    }
}

fn security(route: &Route) -> Value {
    match route.guard {
        Guard::Open | Guard::Operator => json!([]),
        Guard::Member(_) => json!([{ "bearer": [] }]),
    }
}

fn parameters(route: &Route, schemas: &mut Schemas) -> Vec<Value> {
    let mut all = Vec::new();
    for parameter in
        PATH_PARAMETERS.iter().filter(|parameter| route.path.contains(&format!("{{{}}}", parameter.name)))
    {
        all.push(described(parameter, "path", true, schemas));
    }
    all.extend(route.docs.query.iter().map(|query| described(query, "query", false, schemas)));
    all.extend(route.docs.headers.iter().map(|header| described(header, "header", false, schemas)));
    if route.docs.if_match {
        let tag = Parameter::new::<shapes::TagShape>(
            "If-Match",
            "The revision that must be the present one, as the `ETag` of an answer named it; else 412.",
        );
        all.push(described(&tag, "header", false, schemas));
    }
    all
}

fn described(parameter: &Parameter, place: &str, required: bool, schemas: &mut Schemas) -> Value {
    json!({
        "name": parameter.name, "in": place, "required": required, "description": parameter.description,
        "schema": schemas.request(parameter.schema),
    })
}

fn body(id: &str, route: &Route, limits: &RequestLimits, schemas: &mut Schemas) -> Option<Value> {
    let mut content = Map::new();
    let mut limit_texts = Vec::new();
    for RequestBody { media_type, schema, limit } in route.docs.request_bodies.iter().flatten() {
        let bytes = match limit {
            BodyLimit::Body => route.guard.max_json_bytes(limits).to_string(),
            BodyLimit::Documents => limits.documents_body_bytes.to_string(),
            BodyLimit::Files => limits.upload_bytes.to_string(),
        };
        let text = format!("At most {bytes} bytes.");
        if !limit_texts.contains(&text) {
            limit_texts.push(text);
        }
        // The examples are JSON.
        let example = example(id, "request").filter(|_| media_type.ends_with("json"));
        content.insert((*media_type).to_owned(), media(*schema, example, Schemas::request, schemas));
    }
    (!content.is_empty()).then(
        // One limit for each form, in their order.
        || json!({ "required": true, "description": limit_texts.join(" As a form: "), "content": content }),
    )
}

fn success(id: &str, docs: &RouteDocs, answer: &Response, schemas: &mut Schemas) -> Value {
    let mut headers = json!({ "X-Request-Id": { "$ref": "#/components/headers/X-Request-Id" } });
    if let (true, Some(headers)) = (docs.etag, headers.as_object_mut()) {
        headers.insert("ETag".to_owned(), json!({ "$ref": "#/components/headers/ETag" }));
    }
    if let (true, Some(headers)) = (docs.limits, headers.as_object_mut()) {
        for name in refusals::LIMIT_HEADERS {
            headers.insert(name.to_owned(), json!({ "$ref": format!("#/components/headers/{name}") }));
        }
    }
    if let (true, Some(headers)) = (docs.receipt, headers.as_object_mut()) {
        headers.insert(RECEIPT.to_owned(), json!({ "$ref": format!("#/components/headers/{RECEIPT}") }));
    }
    let done = match answer.status {
        201 => "It was made.",
        202 => "It was taken in, and goes on.",
        204 => "It is done.",
        303 => "Go on where `Location` says.",
        _ => "It was done, and this is the outcome.",
    };
    let mut response = json!({ "description": done, "headers": headers });
    if let (Some(schema), Some(response)) = (answer.schema, response.as_object_mut()) {
        let example = example(id, &answer.status.to_string());
        let media = media(schema, example, Schemas::answer, schemas);
        response.insert("content".to_owned(), json!({ answer.media_type: media }));
    }
    response
}

fn media(
    schema: SchemaOf,
    example: Option<Value>,
    put: fn(&mut Schemas, SchemaOf) -> schemars::Schema,
    schemas: &mut Schemas,
) -> Value {
    let schema = put(schemas, schema);
    match example {
        Some(example) => json!({ "schema": schema, "example": example }),
        None => json!({ "schema": schema }),
    }
}

fn headers() -> Value {
    json!({
        "X-Request-Id": {
            "description": "The request's id, as in `instance` of a problem and in the audit log.", "required": true,
            "schema": { "type": "string", "format": "uuid" },
        },
        "ETag": {
            "description": "The revision, for `If-Match`.", "required": true,
            "schema": { "type": "string", "pattern": "^\"[0-9]+\"$" },
        },
        "WWW-Authenticate": {
            "description": "How to authenticate (RFC 6750).", "schema": { "type": "string", "pattern": "^Bearer" },
        },
        "Retry-After": {
            "description": "In how many seconds to try again.", "required": true,
            "schema": { "type": "integer", "minimum": 1 },
        },
        "RateLimit-Policy": {
            "description": "How much there is of each limit (draft-ietf-httpapi-ratelimit-headers-10): `q` in `w` seconds.",
            "schema": { "type": "string", "pattern": "^\"[!-~]+\";q=[0-9]+;w=[0-9]+" },
        },
        RECEIPT: {
            "description": "Where one was asked for: the receipt, a signed text, in base64url without padding.",
            "schema": { "type": "string" },
        },
        "RateLimit": {
            "description": "How much is left of each limit: `r`, and more of it in `t` seconds.",
            "schema": { "type": "string", "pattern": "^\"[!-~]+\";r=[0-9]+;t=[0-9]+" },
        },
        "Allow": {
            "description": "The methods that the path knows.", "required": true, "schema": { "type": "string" },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q3_each_parameter_of_a_path_is_described() {
        for route in ROUTES {
            let described = PATH_PARAMETERS
                .iter()
                .filter(|parameter| route.path.contains(&format!("{{{}}}", parameter.name)));
            assert_eq!(described.count(), route.path.matches('{').count(), "{}", route.path);
        }
    }
}
