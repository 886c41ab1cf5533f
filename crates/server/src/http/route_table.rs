//! Every route there is, as data: its method, its path, who may call it, and what answers.
//!
//! The role matrix of the tests, and the test that each mutating route emits an event, read this table.

use std::fmt;

use syft_space_domain::access::Permission::{
    self, ListQueryable, ManageMarketplaces, ManageMembers, OwnAccount, Query, ReadAudit, ReadContent,
    ReadMarketplaces, ReadMembers, ReadMetadata, WriteDatasets, WriteEndpoints, WritePolicies,
};

use crate::http::about::{About, Bound, says};
use crate::http::reason::Reason::{
    AccessDenied, AudienceTaken, CredentialRefused, CredentialsWrong, EndpointDraft, HubNotTrusted,
    HubUnavailable, HubUnreadable, IdentityUnavailable, InUse, IssuerUrlMismatch, LastOwner, LimitReached,
    NameTaken, NoAccessPolicy, NoRoute, NotFound, OutboundNotAllowed, PasswordRefused, PublicUrlMissing,
    RegistrationClosed, RoleNotYours, SetupTokenWrong, TenantRequired, Unavailable, UsernameMismatch,
};
use crate::http::request::{Reply, Request};
use crate::routes::reply::List;
use crate::routes::{
    audit, auth, datasets, docs, documents, endpoints, explanation, health, hubs, invitations, jobs,
    listings, marketplaces, openapi, operator, policies, query, shapes, users,
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
    /// A member whose role holds one of these permissions; through the control socket, the host's operator if they
    /// hold one of them.
    Member(&'static [Permission]),
    /// The host's operator, through the control socket.
    Operator,
}

/// One route.
pub struct Route {
    /// Its method.
    pub method: Method,
    /// Its path.
    pub path: &'static str,
    /// Who may call it.
    pub access: Access,
    /// The name of what answers.
    pub name: &'static str,
    /// What it takes, answers, and may refuse for.
    pub about: About,
    /// What answers.
    pub handler: fn(Request) -> Reply,
}

macro_rules! routes {
    ($($method:ident $path:literal $access:expr => $handler:path, $about:expr;)*) => {
        &[$(Route {
            method: Method::$method,
            path: $path,
            access: $access,
            name: stringify!($handler),
            about: $about,
            handler: |request| Box::pin($handler(request)),
        },)*]
    };
}

const fn may(permissions: &'static [Permission]) -> Access {
    Access::Member(permissions)
}

/// Every route there is.
pub static ROUTES: &[Route] = routes! {
    Get    "/health/live"  Access::Open => health::live,
        says("Tell whether the process serves HTTP").answers::<health::State>(200);
    Get    "/health/ready" Access::Open => health::ready,
        says("Tell whether requests are served").answers::<health::State>(200).refuses(&[Unavailable]);
    Get    "/api/v1/health" Access::Open => health::health,
        says("Tell the version").answers::<health::Health>(200);
    Get    "/api/v1/openapi.json" Access::Open => openapi::document,
        says("Describe the API").answers::<openapi::Description>(200);

    Get    "/docs" Access::Open => docs::page,
        says("Show a page to browse the API with").answers_as(docs::file("text/html")).refuses(&[NoRoute]);
    Get    "/docs/start.js" Access::Open => docs::start,
        says("The script that starts the page").answers_as(docs::file("text/javascript")).refuses(&[NoRoute]);
    Get    "/docs/swagger-ui.js" Access::Open => docs::script,
        says("The script of the page").answers_as(docs::file("text/javascript")).refuses(&[NoRoute]);
    Get    "/docs/swagger-ui.css" Access::Open => docs::style,
        says("The style of the page").answers_as(docs::file("text/css")).refuses(&[NoRoute]);

    Post   "/api/v1/auth/register" Access::Open => auth::register,
        says("Found a tenant, and become its owner")
            .takes::<auth::RegisterBody>()
            .answers::<auth::NewMember>(201)
            .refuses(&[PasswordRefused, SetupTokenWrong, RegistrationClosed, NameTaken]);
    Post   "/api/v1/auth/login"    Access::Open => auth::login,
        says("Log in").takes::<auth::LoginBody>().answers::<auth::Token<'static>>(200)
            .refuses(&[CredentialsWrong, TenantRequired, PasswordRefused]);
    Get    "/api/v1/auth/me"       may(&[OwnAccount]) => auth::me,
        says("Tell who one is").answers::<auth::Me>(200);

    Get    "/api/v1/users"      may(&[ReadMembers]) => users::list,
        says("List the members").pages().answers::<List<users::User>>(200);
    Get    "/api/v1/users/{id}" may(&[ReadMembers]) => users::get,
        says("Show a member").answers::<users::User>(200).tagged();
    Patch  "/api/v1/users/{id}" may(&[ManageMembers]) => users::change,
        says("Change a member's role or status").patches::<users::ChangeBody>()
            .answers::<users::User>(200).tagged().if_match().refuses(&[RoleNotYours, LastOwner]);
    Delete "/api/v1/users/{id}" may(&[ManageMembers]) => users::remove,
        says("End a membership").is_done().if_match().refuses(&[RoleNotYours, LastOwner]);

    Get    "/api/v1/invitations"        may(&[ManageMembers]) => invitations::list,
        says("List the open invitations").pages().answers::<List<invitations::Shown>>(200);
    Post   "/api/v1/invitations"        may(&[ManageMembers]) => invitations::create,
        says("Invite somebody").more("The token is shown in this answer alone, works once, and for 7 days.")
            .takes::<invitations::InviteBody>().answers::<invitations::Issued<'static>>(201)
            .refuses(&[RoleNotYours, LimitReached]);
    Post   "/api/v1/invitations/accept" Access::Open => invitations::accept,
        says("Accept an invitation")
            .more("Who has an account accepts with its password; who has none chooses one.")
            .takes::<invitations::AcceptBody>().answers::<auth::NewMember>(201)
            .refuses(&[NotFound, CredentialsWrong, PasswordRefused]);
    Delete "/api/v1/invitations/{id}"   may(&[ManageMembers]) => invitations::withdraw,
        says("Withdraw an invitation").is_done().refuses(&[RoleNotYours]);

    Get    "/api/v1/datasets"      may(&[ReadMetadata]) => datasets::list,
        says("List the datasets").pages().answers::<List<datasets::Shown>>(200);
    Post   "/api/v1/datasets"      may(&[WriteDatasets]) => datasets::create,
        says("Make a dataset").takes::<datasets::CreateBody>().answers::<datasets::Shown>(201).tagged()
            .refuses(&[NameTaken, LimitReached]);
    Get    "/api/v1/datasets/{id}" may(&[ReadMetadata]) => datasets::get,
        says("Show a dataset").answers::<datasets::Shown>(200).tagged();
    Get    "/api/v1/datasets/{id}/usage" may(&[ReadMetadata]) => datasets::usage,
        says("Tell how much a dataset holds").answers::<datasets::Held>(200);
    Patch  "/api/v1/datasets/{id}" may(&[WriteDatasets]) => datasets::change,
        says("Change a dataset's name, summary or tags").patches::<datasets::ChangeBody>()
            .answers::<datasets::Shown>(200).tagged().if_match().refuses(&[NameTaken]);
    Delete "/api/v1/datasets/{id}" may(&[WriteDatasets]) => datasets::remove,
        says("Remove a dataset with its documents and index").is_done().if_match().refuses(&[InUse]);
    Post   "/api/v1/datasets/{id}/search" may(&[ReadContent]) => documents::search,
        says("Search a dataset").more("It finds what an endpoint over the dataset would, with no policy in between.")
            .takes::<documents::SearchBody>().answers::<documents::Found<'static>>(200);
    Get    "/api/v1/datasets/{id}/documents"       may(&[WriteDatasets]) => documents::list,
        says("List the documents of a dataset").pages().answers::<List<documents::Listed>>(200);
    Post   "/api/v1/datasets/{id}/documents"       may(&[WriteDatasets]) => documents::add,
        says("Put documents or files into a dataset")
            .more("They are durable once this answers, and found once the job has succeeded. A file that gives no \
                document is one of the job's errors, and the others go on.")
            .asks(documents::WAIT)
            .takes_as::<documents::AddBody>("application/json", Bound::Documents)
            .takes_as::<shapes::FilesShape>("multipart/form-data", Bound::Files)
            .answers::<jobs::Started>(202).answers::<jobs::Started>(200).refuses(&[LimitReached]);
    Get    "/api/v1/datasets/{id}/documents/{doc}" may(&[ReadContent]) => documents::get,
        says("Read a document").answers::<documents::Whole>(200);
    Delete "/api/v1/datasets/{id}/documents/{doc}" may(&[WriteDatasets]) => documents::remove,
        says("Remove a document").is_done();
    Get    "/api/v1/datasets/{id}/jobs"       may(&[WriteDatasets]) => jobs::list,
        says("List the ingestion jobs of a dataset, the newest first").pages().answers::<List<jobs::Shown>>(200);
    Get    "/api/v1/datasets/{id}/jobs/{job}" may(&[WriteDatasets]) => jobs::get,
        says("Show an ingestion job").answers::<jobs::Shown>(200);
    Post   "/api/v1/datasets/{id}/jobs/{job}/cancel" may(&[WriteDatasets]) => jobs::cancel,
        says("Cancel an ingestion job").more("What it has stored stays. Canceling again changes nothing.")
            .answers::<jobs::Shown>(200);

    Get    "/api/v1/endpoints"        may(&[ReadMetadata, ListQueryable]) => endpoints::list,
        says("List the endpoints").more("A user lists name, slug and summary of those that they may query now.")
            .pages().answers::<List<endpoints::Listed>>(200);
    Post   "/api/v1/endpoints"        may(&[WriteEndpoints]) => endpoints::create,
        says("Make an endpoint").more("It is a draft until `published` is true.")
            .takes::<endpoints::CreateBody>().answers::<endpoints::Shown>(201).tagged()
            .refuses(&[NameTaken, LimitReached]);
    Get    "/api/v1/endpoints/{slug}" may(&[ReadMetadata]) => endpoints::get,
        says("Show an endpoint with its policies").answers::<endpoints::WithPolicies>(200).tagged();
    Patch  "/api/v1/endpoints/{slug}" may(&[WriteEndpoints]) => endpoints::change,
        says("Change an endpoint").patches::<endpoints::ChangeBody>()
            .answers::<endpoints::Shown>(200).tagged().if_match();
    Delete "/api/v1/endpoints/{slug}" may(&[WriteEndpoints]) => endpoints::remove,
        says("Remove an endpoint").is_done().if_match();
    Put    "/api/v1/endpoints/{slug}/policies"         may(&[WritePolicies]) => endpoints::attach,
        says("Replace the policies of an endpoint").more("`[]` detaches all.")
            .takes::<endpoints::AttachBody>().answers::<endpoints::AttachedList>(200).if_match();
    Post   "/api/v1/endpoints/{slug}/policies/explain" may(&[WritePolicies]) => endpoints::explain,
        says("Explain whether somebody may query, and why")
            .takes::<endpoints::ExplainBody>().answers::<explanation::Explained>(200);
    Get    "/api/v1/endpoints/{slug}/listings" may(&[ReadMetadata]) => listings::list,
        says("List where an endpoint is shown").answers::<listings::Listings>(200);
    Post   "/api/v1/endpoints/{slug}/listings" may(&[WriteEndpoints]) => listings::create,
        says("Show an endpoint on a marketplace")
            .more("It must be published and have an access policy. The hub is told in the background: `state` says how far \
                   that is.")
            .takes::<listings::CreateBody>().answers::<listings::Shown>(201)
            .refuses(&[EndpointDraft, NoAccessPolicy, PublicUrlMissing, NameTaken]);
    Delete "/api/v1/endpoints/{slug}/listings/{listing}" may(&[WriteEndpoints]) => listings::remove,
        says("Take an endpoint off a marketplace").is_done();
    Post   "/api/v1/endpoints/{slug}/query"            may(&[Query]) => query::query,
        says("Ask an endpoint")
            .more("Unknown fields are ignored here, and here alone. Who asks is whom the token names.")
            .heeds(query::HEADERS)
            .takes::<query::QueryBody>().answers::<query::Answer<'static>>(200)
            .refuses(&[AccessDenied, IdentityUnavailable, HubUnavailable]);

    Get    "/api/v1/policies"      may(&[ReadMetadata]) => policies::list,
        says("List the policies").pages().answers::<List<policies::Shown>>(200);
    Post   "/api/v1/policies"      may(&[WritePolicies]) => policies::create,
        says("Make a policy").takes::<policies::CreateBody>().answers::<policies::Shown>(201).tagged()
            .refuses(&[LimitReached]);
    Get    "/api/v1/policies/{id}" may(&[ReadMetadata]) => policies::get,
        says("Show a policy").answers::<policies::Shown>(200).tagged();
    Patch  "/api/v1/policies/{id}" may(&[WritePolicies]) => policies::change,
        says("Change a policy").more("The patch is merged into the configuration; a list is replaced as a whole.")
            .patches::<policies::ChangeBody>().answers::<policies::Shown>(200).tagged().if_match();
    Delete "/api/v1/policies/{id}" may(&[WritePolicies]) => policies::remove,
        says("Remove a policy that is attached nowhere").is_done().if_match().refuses(&[InUse]);

    Get    "/api/v1/marketplaces"      may(&[ReadMarketplaces]) => marketplaces::list,
        says("List the accounts on hubs").pages().answers::<List<marketplaces::Shown>>(200);
    Post   "/api/v1/marketplaces"      may(&[ManageMarketplaces]) => marketplaces::create,
        says("Register an account on a hub")
            .more("The hub is asked whose the credential is, before anything is stored. The credential is kept sealed, \
                and never shown.")
            .takes::<marketplaces::CreateBody>().answers::<marketplaces::Shown>(201).tagged()
            .refuses(&[HubNotTrusted, OutboundNotAllowed, NameTaken, LimitReached, IssuerUrlMismatch,
                AudienceTaken, UsernameMismatch, CredentialRefused, HubUnreadable, HubUnavailable]);
    Get    "/api/v1/marketplaces/{id}" may(&[ReadMarketplaces]) => marketplaces::get,
        says("Show an account on a hub").answers::<marketplaces::Shown>(200).tagged();
    Patch  "/api/v1/marketplaces/{id}" may(&[ManageMarketplaces]) => marketplaces::change,
        says("Change a marketplace's name or credential").more("A new credential is of the same account as before.")
            .patches::<marketplaces::ChangeBody>().answers::<marketplaces::Shown>(200).tagged().if_match()
            .refuses(&[OutboundNotAllowed, NameTaken, AudienceTaken, UsernameMismatch, CredentialRefused,
                HubUnreadable, HubUnavailable]);
    Delete "/api/v1/marketplaces/{id}" may(&[ManageMarketplaces]) => marketplaces::remove,
        says("Remove an account on a hub, with its listings")
            .more("Tokens of callers from there are refused at once. The hub is told as well as it goes.")
            .is_done().if_match();
    Post   "/api/v1/marketplaces/{id}/sync" may(&[WriteEndpoints]) => listings::sync,
        says("Have the hub told anew of all that is listed there").answers::<listings::Listings>(200);

    Get    "/api/v1/audit" may(&[ReadAudit]) => audit::list,
        says("Read the audit log, the newest first").asks(audit::FILTERS).answers::<audit::Part>(200);
};

/// The routes that are the host's operator's alone. They stand beside the others behind the control socket, and nowhere
/// else.
pub static OPERATOR_ROUTES: &[Route] = routes! {
    Get  "/operator/v1/tenants" Access::Operator => operator::tenants,
        says("List the tenants").answers::<List<operator::Shown>>(200);
    Post "/operator/v1/tenants" Access::Operator => operator::found,
        says("Found a tenant, and make its owner").takes::<operator::FoundBody>()
            .answers::<auth::NewMember>(201).refuses(&[PasswordRefused, NameTaken]);
    Get  "/operator/v1/hubs"    Access::Operator => hubs::list,
        says("List the trusted hubs").answers::<List<hubs::Shown>>(200);
    Post "/operator/v1/hubs"    Access::Operator => hubs::trust,
        says("Trust a hub").takes::<hubs::TrustBody>().answers::<hubs::Shown>(200).refuses(&[InUse]);
    Delete "/operator/v1/hubs/{id}" Access::Operator => hubs::distrust,
        says("Trust a hub no more").is_done().refuses(&[InUse]);
    Get  "/operator/v1/audit"   Access::Operator => audit::installation,
        says("Read the installation's log, the newest first").asks(audit::FILTERS).answers::<audit::Part>(200);
};
