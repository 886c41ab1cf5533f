//! Every route there is, as data: its method, its path, who may call it, and what answers.
//!
//! The role matrix of the tests, and the test that each mutating route emits an event, read this table.

use std::fmt;

use syft_space_domain::access::Permission::{
    self, ListQueryable, ManageMembers, OwnAccount, Query, ReadAudit, ReadContent, ReadMetadata,
    WriteDatasets, WriteEndpoints, WritePolicies,
};

use crate::http::request::{Reply, Request};
use crate::routes::{
    audit, auth, datasets, documents, endpoints, health, invitations, jobs, policies, query, users,
};

/// A method of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Method {
    /// Reads. HEAD is answered alike, without the body.
    Get,
    /// Makes, or does.
    Post,
    /// Replaces.
    Put,
    /// Changes a part.
    Patch,
    /// Removes.
    Delete,
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        })
    }
}

/// Who may call a route.
#[derive(Debug, Clone, Copy)]
pub enum Access {
    /// Anybody.
    Open,
    /// A member whose role holds one of these permissions.
    Member(&'static [Permission]),
}

/// One route.
pub struct Route {
    /// Its method.
    pub method: Method,
    /// Its path.
    pub path: &'static str,
    /// Who may call it.
    pub access: Access,
    /// What answers.
    pub handler: fn(Request) -> Reply,
}

macro_rules! routes {
    ($($method:ident $path:literal $access:expr => $handler:path;)*) => {
        &[$(Route {
            method: Method::$method,
            path: $path,
            access: $access,
            handler: |request| Box::pin($handler(request)),
        },)*]
    };
}

const fn may(permissions: &'static [Permission]) -> Access {
    Access::Member(permissions)
}

/// Every route there is.
pub static ROUTES: &[Route] = routes! {
    Get    "/health/live"  Access::Open => health::live;
    Get    "/health/ready" Access::Open => health::ready;
    Get    "/api/v1/health" Access::Open => health::health;

    Post   "/api/v1/auth/register" Access::Open => auth::register;
    Post   "/api/v1/auth/login"    Access::Open => auth::login;
    Get    "/api/v1/auth/me"       may(&[OwnAccount]) => auth::me;

    Get    "/api/v1/users"      may(&[ManageMembers]) => users::list;
    Get    "/api/v1/users/{id}" may(&[ManageMembers]) => users::get;
    Patch  "/api/v1/users/{id}" may(&[ManageMembers]) => users::change;
    Delete "/api/v1/users/{id}" may(&[ManageMembers]) => users::remove;

    Get    "/api/v1/invitations"        may(&[ManageMembers]) => invitations::list;
    Post   "/api/v1/invitations"        may(&[ManageMembers]) => invitations::create;
    Post   "/api/v1/invitations/accept" Access::Open => invitations::accept;
    Delete "/api/v1/invitations/{id}"   may(&[ManageMembers]) => invitations::withdraw;

    Get    "/api/v1/datasets"      may(&[ReadMetadata]) => datasets::list;
    Post   "/api/v1/datasets"      may(&[WriteDatasets]) => datasets::create;
    Get    "/api/v1/datasets/{id}" may(&[ReadMetadata]) => datasets::get;
    Patch  "/api/v1/datasets/{id}" may(&[WriteDatasets]) => datasets::change;
    Delete "/api/v1/datasets/{id}" may(&[WriteDatasets]) => datasets::remove;
    Post   "/api/v1/datasets/{id}/search" may(&[ReadContent]) => documents::search;
    Get    "/api/v1/datasets/{id}/documents"       may(&[ReadContent]) => documents::list;
    Post   "/api/v1/datasets/{id}/documents"       may(&[WriteDatasets]) => documents::add;
    Get    "/api/v1/datasets/{id}/documents/{doc}" may(&[ReadContent]) => documents::get;
    Delete "/api/v1/datasets/{id}/documents/{doc}" may(&[WriteDatasets]) => documents::remove;
    Get    "/api/v1/datasets/{id}/jobs"       may(&[WriteDatasets]) => jobs::list;
    Get    "/api/v1/datasets/{id}/jobs/{job}" may(&[WriteDatasets]) => jobs::get;

    Get    "/api/v1/endpoints"        may(&[ReadMetadata, ListQueryable]) => endpoints::list;
    Post   "/api/v1/endpoints"        may(&[WriteEndpoints]) => endpoints::create;
    Get    "/api/v1/endpoints/{slug}" may(&[ReadMetadata]) => endpoints::get;
    Patch  "/api/v1/endpoints/{slug}" may(&[WriteEndpoints]) => endpoints::change;
    Delete "/api/v1/endpoints/{slug}" may(&[WriteEndpoints]) => endpoints::remove;
    Put    "/api/v1/endpoints/{slug}/policies"         may(&[WritePolicies]) => endpoints::attach;
    Post   "/api/v1/endpoints/{slug}/policies/explain" may(&[WritePolicies]) => endpoints::explain;
    Post   "/api/v1/endpoints/{slug}/query"            may(&[Query]) => query::query;

    Get    "/api/v1/policies"      may(&[ReadMetadata]) => policies::list;
    Post   "/api/v1/policies"      may(&[WritePolicies]) => policies::create;
    Get    "/api/v1/policies/{id}" may(&[ReadMetadata]) => policies::get;
    Patch  "/api/v1/policies/{id}" may(&[WritePolicies]) => policies::change;
    Delete "/api/v1/policies/{id}" may(&[WritePolicies]) => policies::remove;

    Get    "/api/v1/audit" may(&[ReadAudit]) => audit::list;
};
