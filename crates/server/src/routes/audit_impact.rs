//! The route that answers what a breach touched.

use std::collections::HashMap;
use std::net::IpAddr;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syft_space_domain::audit::{Action, Actor, Object};
use syft_space_domain::dataset::DocumentId;
use syft_space_domain::identity::Principal;
use syft_space_domain::ids::{ActorId, ApiKeyId, EndpointId};
use syft_space_domain::inquiry::{self, ImpactOf};
use syft_space_domain::page::Cursor;
use syft_space_domain::time::Timestamp;

use crate::http::problem::Problem;
use crate::http::request::Request;
use crate::http::route_docs::{CURSOR, Parameter};
use crate::routes::audit::{SINCE, UNTIL};
use crate::routes::reply;
use crate::routes::shapes;

/// How often, and when.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Counts {
    /// What was done; of queries, how many were answered.
    pub(crate) success: u64,
    /// What was refused.
    pub(crate) denied: u64,
    /// What failed.
    pub(crate) failure: u64,
    #[schemars(with = "shapes::TimeShape")]
    pub(crate) first_at: Timestamp,
    #[schemars(with = "shapes::TimeShape")]
    pub(crate) last_at: Timestamp,
}

/// An endpoint that can be reached now.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct ReachedEndpoint {
    #[schemars(with = "shapes::IdShape")]
    pub(crate) id: EndpointId,
    #[schemars(with = "shapes::SlugShape")]
    pub(crate) slug: String,
    /// Why it lets them in now, as the access review says it. Null of a document, which the endpoint shows to whom it lets in.
    pub(crate) reason_code: Option<String>,
}

/// What could be reached. It is judged by what holds now: what held then is not kept.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Reach {
    /// As of when roles, scopes and policies were asked.
    #[schemars(with = "shapes::TimeShape")]
    pub(crate) as_of: Timestamp,
    /// What can be queried now. Of a key or an account that is gone there is nothing.
    pub(crate) endpoints: Vec<ReachedEndpoint>,
    /// Whether documents can be read without any endpoint now.
    pub(crate) reads_content: bool,
    /// How many changes of policies, endpoints, groups, members, API keys and settings the log tells of since `since`, among its newest: by each, something
    /// else may have been reachable before. 0 says that it was the same all the time.
    pub(crate) changes: u64,
}

/// The queries of one endpoint.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct EndpointCounts {
    /// Its id; its slug, where there was none of that name.
    pub(crate) endpoint: String,
    /// What it is called now; null of one that is gone.
    #[schemars(with = "Option<shapes::SlugShape>")]
    pub(crate) slug: Option<String>,
    #[serde(flatten)]
    pub(crate) counts: Counts,
}

/// What else was done to one thing.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct OtherCounts {
    #[schemars(with = "shapes::ActionShape")]
    pub(crate) action: Action,
    #[schemars(with = "Option<shapes::ObjectShape>")]
    pub(crate) object: Option<Object>,
    #[serde(flatten)]
    pub(crate) counts: Counts,
}

/// What one did.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct PrincipalCounts {
    #[schemars(with = "shapes::ActorShape")]
    pub(crate) actor: Actor,
    /// A member's address now; null of whoever else.
    #[schemars(with = "Option<shapes::CanonicalEmailShape>")]
    pub(crate) email: Option<String>,
    #[serde(flatten)]
    pub(crate) counts: Counts,
}

/// How often a document was shown by the answers of an endpoint.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct ShownCounts {
    #[schemars(with = "shapes::IdShape")]
    pub(crate) endpoint: String,
    /// What the endpoint is called now; null where it is gone.
    pub(crate) slug: Option<String>,
    #[schemars(with = "shapes::DocumentIdShape")]
    pub(crate) document_id: DocumentId,
    #[serde(flatten)]
    pub(crate) counts: Counts,
}

/// What came from one address.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct AddressCounts {
    #[schemars(with = "shapes::AddressShape")]
    pub(crate) address: IpAddr,
    #[serde(flatten)]
    pub(crate) counts: Counts,
}

/// What could be and was touched, as far as a part of the log tells.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Impact {
    /// The API keys that were meant.
    #[schemars(with = "Vec<shapes::IdShape>")]
    pub(crate) api_keys: Vec<ApiKeyId>,
    /// The accounts and users of hubs that were meant.
    #[schemars(with = "Vec<shapes::IdShape>")]
    pub(crate) actors: Vec<ActorId>,
    /// What could be reached; null behind a cursor, and where all of the tenant is asked about.
    pub(crate) reach: Option<Reach>,
    /// How many events of the log this tells of.
    pub(crate) events: u64,
    /// How many events of the log, the oldest, are removed, as their term had ended: of them nothing is told.
    pub(crate) pruned: u64,
    /// What was queried.
    pub(crate) endpoints: Vec<EndpointCounts>,
    /// What else was done: documents that were read, changed or removed, logins, changes.
    pub(crate) others: Vec<OtherCounts>,
    /// Who did it.
    pub(crate) principals: Vec<PrincipalCounts>,
    /// From where it was done.
    pub(crate) addresses: Vec<AddressCounts>,
    /// Which documents answers showed, as far as their events name them: those of endpoints with a policy of type `disclosure_log`. At most 10,000. A
    /// document that was read by itself is among `others`.
    pub(crate) shown: Vec<ShownCounts>,
    /// Whether there were more documents than that.
    pub(crate) shown_has_more: bool,
    /// Who was shown the document that is asked about, by events that name it; whoever else is among `principals` may have been, or did
    /// something else with it.
    pub(crate) shown_to: Vec<PrincipalCounts>,
    /// How many answers of these endpoints do not tell what they showed.
    pub(crate) unnamed_answers: u64,
    /// What gets the next part, of older events. Each part counts for itself.
    pub(crate) next_cursor: Option<String>,
}

/// Of what, and of which time.
pub(crate) const ASKED: &[Parameter] = &[
    CURSOR,
    Parameter::new::<shapes::NameShape>("key_name", "Of the API key with this id, or those with this name."),
    Parameter::new::<shapes::PrincipalNameShape>("principal", "Of whoever is called so."),
    Parameter::new::<shapes::DocumentNameShape>(
        "document",
        "Of this document. Without any of the three: of all.",
    ),
    SINCE,
    UNTIL,
];

impl From<inquiry::Counts> for Counts {
    fn from(counts: inquiry::Counts) -> Self {
        let inquiry::Counts { success, denied, failure, first, last } = counts;
        Self { success, denied, failure, first_at: first, last_at: last }
    }
}

impl From<inquiry::Reach> for Reach {
    fn from(reach: inquiry::Reach) -> Self {
        let inquiry::Reach { as_of, endpoints, reads_content, changes } = reach;
        let endpoints = endpoints.into_iter().map(|reached| ReachedEndpoint {
            id: reached.endpoint,
            slug: reached.slug.to_string(),
            reason_code: reached.reason.map(|reason| reason.as_str().to_owned()),
        });
        Self { as_of, endpoints: endpoints.collect(), reads_content, changes }
    }
}

impl Impact {
    /// What was found, with the names that things have for this reader now.
    fn of(found: inquiry::Impact, reader: &Principal) -> Self {
        let inquiry::Impact { keys, actors, reach, pruned, touched, next } = found;
        let live = reader.snapshot();
        let slugs: HashMap<String, String> =
            live.endpoints().map(|known| (known.id.to_string(), known.slug.to_string())).collect();
        let email = |actor: &Actor| match actor {
            Actor::Account { id, .. } => live.member(*id).map(|member| member.email.to_string()),
            _ => None,
        };
        let principal_counts = |of: &inquiry::PrincipalCounts| PrincipalCounts {
            actor: of.actor,
            email: email(&of.actor),
            counts: of.counts.into(),
        };
        Self {
            api_keys: keys,
            actors,
            reach: reach.map(Reach::from),
            events: touched.events(),
            pruned,
            endpoints: (touched.endpoints())
                .map(|of| EndpointCounts {
                    slug: slugs.get(&of.endpoint).cloned(),
                    endpoint: of.endpoint,
                    counts: of.counts.into(),
                })
                .collect(),
            others: (touched.others())
                .map(|of| OtherCounts {
                    action: of.action,
                    object: of.object.clone(),
                    counts: of.counts.into(),
                })
                .collect(),
            principals: touched.principals().map(principal_counts).collect(),
            addresses: (touched.addresses())
                .map(|(address, counts)| AddressCounts { address, counts: counts.into() })
                .collect(),
            shown: (touched.shown())
                .map(|of| ShownCounts {
                    slug: slugs.get(&of.endpoint).cloned(),
                    endpoint: of.endpoint,
                    document_id: of.document,
                    counts: of.counts.into(),
                })
                .collect(),
            shown_has_more: touched.lacks_shown(),
            shown_to: touched.shown_to().map(principal_counts).collect(),
            unnamed_answers: touched.unnamed(),
            next_cursor: next.map(|cursor| cursor.encode()),
        }
    }
}

pub(crate) async fn impact(request: Request) -> Result<HttpResponse, Problem> {
    let query = request.query();
    let of = [
        query.parse("key_name")?.map(ImpactOf::ApiKey),
        query.parse("principal")?.map(ImpactOf::Principal),
        query.parse("document")?.map(ImpactOf::Document),
    ];
    let mut of = of.into_iter().flatten();
    let (first, second) = (of.next(), of.next());
    if second.is_some() {
        return Err(Problem::field("", "one of key_name, principal and document, or none of them"));
    }
    let time = (query.parse("since")?, query.parse("until")?);
    let after = query.get("cursor").map(Cursor::decode).transpose()?;
    let principal = request.principal()?;
    let of = first.unwrap_or(ImpactOf::Tenant);
    let found = inquiry::impact(request.space(), &request.context, principal, of, time, after).await?;
    reply::json(StatusCode::OK, &Impact::of(found, principal))
}
