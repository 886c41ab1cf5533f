//! The routes as data: each with its method, path, guard, documentation and handler.
//!
//! The role matrix of the tests, and the test that each mutating route emits an event, read this table.

use syft_space_domain::access::Permission::{
    self, EndTenant, ListQueryable, ManageMarketplaces, ManageMembers, ManageTenant, OwnAccount, Query,
    ReadAudit, ReadContent, ReadMarketplaces, ReadMembers, ReadMetadata, ResetPasswords, WriteDatasets,
    WriteEndpoints, WritePolicies,
};

use crate::http::reason::Reason::{
    AccessDenied, AlreadyListed, AudienceTaken, CodeWrong, Conflict, CredentialRefused, CredentialsWrong,
    CurrentPasswordWrong, EndpointDraft, ExpectationBroken, GroupInUse, HubNotTrusted, HubUnavailable,
    HubUnreadable, IdentityProviderUnavailable, IdentityUnavailable, InUse, IssuerMismatch,
    IssuerUrlMismatch, LastOwner, LimitReached, LogoutTokenInvalid, MailRefused, MailUnavailable, NameTaken,
    NoAccessPolicy, NoRoute, NotFound, OutboundNotAllowed, Overloaded, OwnRequest, PasswordRefused,
    PaymentRequired, PolicyUnavailable, PolicyViolation, PublicUrlMissing, RateLimited, RefreshTokenInvalid,
    RegistrationClosed, ReviewDenied, ReviewPending, ReviewQueueFull, RoleNotYours, SecondFactorRequired,
    ServedElsewhere, SetupTokenWrong, SignInInvalid, SignInRefused, SlugUnlistable, StorageFull,
    TenantEnding, TenantRequired, TooManyGuesses, TooManyMails, TooManyTails, TotpRequired, TotpWrong,
    Unavailable, UsernameMismatch,
};
pub use crate::http::route::{Guard, Method, Route};
use crate::http::route_docs::{BodyLimit, Response, summary};
use crate::routes::reply::List;
use crate::routes::{
    access_review, api_keys, approvals, audit, audit_impact, audit_proofs, audit_sinks, audit_tail, auth,
    choose_password, dataset_configuration, datasets, docs, documents, endpoints, erasures, expectations,
    explanation, exports, front_page, groups, health, hubs, invitations, jobs, keys, ledger, listings,
    marketplaces, metrics, oidc, openapi, operator, own_access, policies, policy_lint, policy_replay,
    policy_revisions, policy_simulation, query, receipts, retention, security_txt, sessions, shapes, tenant,
    totp, users,
};

macro_rules! routes {
    ($($method:ident $path:literal $guard:expr => $handler:path, $docs:expr;)*) => {
        &[$(Route {
            method: Method::$method,
            path: $path,
            guard: $guard,
            name: stringify!($handler),
            docs: $docs,
            handler: |request| Box::pin($handler(request)),
        },)*]
    };
}

const fn member(permissions: &'static [Permission]) -> Guard {
    Guard::Member(permissions)
}

/// The routes of the API.
pub static ROUTES: &[Route] = routes! {
    Get    "/health/live"  Guard::Open => health::live,
        summary("Tell whether the process serves HTTP").response::<health::State>(200);
    Get    "/health/ready" Guard::Open => health::ready,
        summary("Tell whether requests are served").response::<health::Readiness>(200).reasons(&[Unavailable]);
    Get    "/api/v1/health" Guard::Open => health::health,
        summary("Tell the version").response::<health::Health>(200);
    Get    "/api/v1/openapi.json" Guard::Open => openapi::document,
        summary("Describe the API").response::<openapi::OpenApi>(200);

    Get    "/" Guard::Open => front_page::page,
        summary("Show what this is, and where to go on").response_as(docs::file("text/html"));
    Get    "/.well-known/security.txt" Guard::Open => security_txt::show,
        summary("Tell where weaknesses are reported").description("It is there where the operator has named a contact.")
            .response_as(docs::file("text/plain")).reasons(&[NoRoute]);
    Get    "/choose-password" Guard::Open => choose_password::page,
        summary("Show the page where a person chooses a password, by the token of a reset or an invitation")
            .response_as(docs::file("text/html"));
    Get    "/choose-password.js" Guard::Open => choose_password::script,
        summary("The script of that page").response_as(docs::file("text/javascript"));
    Get    "/docs" Guard::Open => docs::page,
        summary("Show a page to browse the API with").response_as(docs::file("text/html")).reasons(&[NoRoute]);
    Get    "/docs/start.js" Guard::Open => docs::start,
        summary("The script that starts the page").response_as(docs::file("text/javascript")).reasons(&[NoRoute]);
    Get    "/docs/swagger-ui.js" Guard::Open => docs::script,
        summary("The script of the page").response_as(docs::file("text/javascript")).reasons(&[NoRoute]);
    Get    "/docs/swagger-ui.css" Guard::Open => docs::style,
        summary("The style of the page").response_as(docs::file("text/css")).reasons(&[NoRoute]);

    Post   "/api/v1/auth/register" Guard::Open => auth::register,
        summary("Found a tenant, and become its owner")
            .request_body::<auth::Registration>()
            .response::<auth::NewMember>(201)
            .reasons(&[PasswordRefused, SetupTokenWrong, RegistrationClosed, NameTaken]);
    Post   "/api/v1/auth/login"    Guard::Open => auth::login,
        summary("Log in").request_body::<auth::Login>().response::<auth::AccessToken<'static>>(200)
            .reasons(&[CredentialsWrong, PasswordRefused, TenantEnding, TooManyGuesses, TotpRequired, TotpWrong]);
    Post   "/api/v1/auth/refresh"  Guard::Open => auth::refresh,
        summary("Keep a session up")
            .description("The refresh token works once, and the answer has the next one. Sent again within 10 seconds it gets \
                          the same one; sent later, it ends the session.")
            .request_body::<auth::Refresh>().response::<auth::AccessToken<'static>>(200)
            .reasons(&[RefreshTokenInvalid, TenantEnding]);
    Post   "/api/v1/auth/logout"   member(&[OwnAccount]) => sessions::log_out,
        summary("Log out").description("It ends the session, with its tokens.").no_content();
    Get    "/api/v1/auth/sessions" member(&[OwnAccount]) => sessions::list,
        summary("List one's own sessions").response::<List<sessions::Session>>(200);
    Delete "/api/v1/auth/sessions" member(&[OwnAccount]) => sessions::end_others,
        summary("End all of one's own sessions but the one that asks").response::<sessions::EndedSessions>(200);
    Delete "/api/v1/auth/sessions/{id}" member(&[OwnAccount]) => sessions::end,
        summary("End one of one's own sessions").no_content();
    Get    "/api/v1/auth/oidc/{tenant}/{provider}/start" Guard::Open => oidc::start,
        summary("Sign in at an identity provider of a tenant")
            .description("It sends the browser to the provider, and leaves a cookie with it for ten minutes.").see_other()
            .reasons(&[PublicUrlMissing, IdentityProviderUnavailable, Overloaded, Unavailable]);
    Get    "/api/v1/auth/oidc/{tenant}/{provider}/callback" Guard::Open => oidc::callback,
        summary("Finish to sign in, back from the identity provider")
            .description("The provider sends the browser here, whose cookie must be that of the start. It works once. The answer is \
                          that of a login.")
            .query(oidc::ANSWER).ignore_unknown_parameters().without_head().response::<auth::AccessToken<'static>>(200)
            .reasons(&[SignInInvalid, SignInRefused, TenantEnding, IdentityProviderUnavailable, Conflict, Overloaded, Unavailable, StorageFull]);
    Post   "/api/v1/auth/oidc/{tenant}/{provider}/backchannel-logout" Guard::Open => oidc::backchannel_logout,
        summary("End the sessions of whom an identity provider says that they logged out")
            .description("OpenID Connect Back-Channel Logout 1.0: the provider calls it. Each token counts once.")
            .request_body_as::<oidc::LogoutForm>("application/x-www-form-urlencoded", BodyLimit::Body)
            .response_as(Response { status: 200, media_type: "", schema: None })
            .reasons(&[LogoutTokenInvalid, IdentityProviderUnavailable]);
    Get    "/api/v1/auth/me"       member(&[OwnAccount]) => auth::me,
        summary("Tell who one is").response::<auth::Me>(200);
    Delete "/api/v1/auth/me"       member(&[OwnAccount]) => auth::leave,
        summary("Leave the tenant").description("It removes the account. The tenant's last owner stays.")
            .no_content().reasons(&[LastOwner]);
    Put    "/api/v1/auth/password" member(&[OwnAccount]) => auth::change_password,
        summary("Change one's own password")
            .description("All sessions of the account end with it, this request's too; the answer is of a new one.")
            .request_body::<auth::PasswordChange>().response::<auth::AccessToken<'static>>(200)
            .reasons(&[CurrentPasswordWrong, PasswordRefused, TooManyGuesses, Conflict]);
    Post   "/api/v1/auth/reset"    Guard::Open => auth::redeem_reset,
        summary("Set another password by the token of a reset")
            .description("All sessions of the account end with it. It logs nobody in, and a second factor stays.")
            .request_body::<auth::RedeemReset>().no_content()
            .reasons(&[NotFound, PasswordRefused]);

    Get    "/api/v1/auth/totp" member(&[OwnAccount]) => totp::status,
        summary("Tell whether one has a second factor").response::<totp::SecondFactor>(200);
    Post   "/api/v1/auth/totp" member(&[OwnAccount]) => totp::enrol,
        summary("Begin a second factor")
            .description("It is asked for once it is confirmed. One that has begun and was not confirmed gives way.")
            .request_body::<totp::Enrol>().response::<totp::Enrolment<'static>>(201)
            .reasons(&[CurrentPasswordWrong, PasswordRefused, TooManyGuesses, Conflict]);
    Delete "/api/v1/auth/totp" member(&[OwnAccount]) => totp::remove,
        summary("Take one's own second factor off").request_body::<totp::BothFactors>().no_content()
            .reasons(&[CurrentPasswordWrong, CodeWrong, PasswordRefused, TooManyGuesses, NotFound, Conflict]);
    Post   "/api/v1/auth/totp/confirm" member(&[OwnAccount]) => totp::confirm,
        summary("Confirm a second factor by its first code")
            .description("From now on a login asks for a code. The recovery codes are shown in this answer alone.")
            .request_body::<totp::Code>().response::<totp::RecoveryCodes>(200)
            .reasons(&[CodeWrong, TooManyGuesses, NotFound, Conflict]);
    Post   "/api/v1/auth/totp/recovery-codes" member(&[OwnAccount]) => totp::renew_recovery_codes,
        summary("Make new recovery codes, in place of the old ones")
            .request_body::<totp::Code>().response::<totp::RecoveryCodes>(201)
            .reasons(&[CodeWrong, TooManyGuesses, NotFound]);

    Get    "/api/v1/tenant" member(&[ManageTenant]) => tenant::get,
        summary("Show the settings of the tenant").response::<tenant::TenantSettings>(200).etag();
    Patch  "/api/v1/tenant" member(&[ManageTenant]) => tenant::change,
        summary("Change the settings of the tenant").merge_patch::<tenant::ChangeTenantSettings>()
            .response::<tenant::TenantSettings>(200).etag().if_match().reasons(&[Conflict]);

    Delete "/api/v1/tenant" member(&[EndTenant]) => tenant::end,
        summary("End the tenant")
            .description("From now on it lets in its owners alone, who may look and take out what is theirs, and hubs are told that \
                nothing of it is there any more. Everything of it is removed once `ends_at` is reached; until then it can be kept. \
                While a legal hold stands it does not end. One that ends already ends when it would have.")
            .request_body::<tenant::EndTenant>().response::<tenant::EndingTenant>(200).reasons(&[Conflict]);
    Delete "/api/v1/tenant/end" member(&[EndTenant]) => tenant::keep,
        summary("Keep the tenant, which was to end")
            .description("Everything is as before, from the very next request on.").no_content();

    Get    "/api/v1/retention" member(&[ManageTenant]) => retention::get,
        summary("Show for how long kinds of data are kept, and what stands against their going")
            .response::<retention::Retention>(200);
    Patch  "/api/v1/retention" member(&[ManageTenant]) => retention::change,
        summary("Keep kinds of data for other times").description("It acts on what is there already, from the next sweep on.")
            .merge_patch::<retention::ChangeRetentionTerms>().response::<retention::RetentionTerms>(200);
    Post   "/api/v1/retention/sweep" member(&[ManageTenant]) => retention::sweep,
        summary("Remove what is older than its term, or tell what would go")
            .description("It goes by itself, each hour.")
            .request_body::<retention::SweepRetention>().response::<retention::RetentionSweep>(200).reasons(&[Conflict]);
    Post   "/api/v1/retention/holds" member(&[ManageTenant]) => retention::hold,
        summary("Have nothing go by its age").description("It acts at once, also on a sweep that is under way.")
            .request_body::<retention::NewLegalHold>().response::<retention::LegalHold>(201).reasons(&[LimitReached]);
    Delete "/api/v1/retention/holds/{id}" member(&[ManageTenant]) => retention::release,
        summary("Release a legal hold").no_content();

    Get    "/api/v1/users"      member(&[ReadMembers]) => users::list,
        summary("List the members").paged().response::<List<users::Member>>(200);
    Get    "/api/v1/users/{id}" member(&[ReadMembers]) => users::get,
        summary("Show a member").response::<users::Member>(200).etag();
    Patch  "/api/v1/users/{id}" member(&[ManageMembers]) => users::change,
        summary("Change a member's role or status").merge_patch::<users::ChangeMember>()
            .response::<users::Member>(200).etag().if_match().reasons(&[ExpectationBroken, RoleNotYours, LastOwner]);
    Delete "/api/v1/users/{id}" member(&[ManageMembers]) => users::remove,
        summary("Remove a member").no_content().if_match().reasons(&[ExpectationBroken, RoleNotYours, LastOwner]);
    Delete "/api/v1/users/{id}/sessions" member(&[ManageMembers]) => sessions::end_of_member,
        summary("End all sessions of a member")
            .description("Their password, their second factor and their API keys stay as they are.")
            .response::<sessions::EndedSessions>(200).reasons(&[RoleNotYours]);
    Get    "/api/v1/users/{id}/export" member(&[ManageTenant]) => exports::of_member,
        summary("Export all that is held about a member, at their request")
            .description("The same archive that they get themselves.").without_head().response_as(exports::ARCHIVE);
    Post   "/api/v1/users/{id}/erasure" member(&[ManageTenant]) => erasures::of_member,
        summary("Erase a member and all that is held about them, at their request")
            .description("Their account goes at once, and nobody can take that back; the rest goes behind it. It is not held to expectations.")
            .response::<erasures::NewErasure>(202).reasons(&[LastOwner, Conflict]);
    Post   "/api/v1/users/{id}/reset" member(&[ResetPasswords]) => users::reset,
        summary("Let a member who forgot their password choose another one")
            .description("It makes a token that works once, for an hour, in place of the one before. Where the space sends mail, \
                the member alone gets it. Whoever asks never chooses the password.")
            .response::<users::IssuedReset<'static>>(201)
            .reasons(&[RoleNotYours, Conflict, TooManyMails, MailRefused, MailUnavailable]);

    Get    "/api/v1/invitations"        member(&[ManageMembers]) => invitations::list,
        summary("List the open invitations").paged().response::<List<invitations::Invitation>>(200);
    Post   "/api/v1/invitations"        member(&[ManageMembers]) => invitations::create,
        summary("Invite somebody")
            .description("The token works once, and for 7 days. Where the space sends mail, whoever is invited alone gets it; else \
                it is shown in this answer alone.")
            .request_body::<invitations::Invite>().response::<invitations::IssuedInvitation<'static>>(201)
            .reasons(&[RoleNotYours, LimitReached, TooManyMails, MailRefused, MailUnavailable]);
    Post   "/api/v1/invitations/accept" Guard::Open => invitations::accept,
        summary("Accept an invitation")
            .description("It makes an account in the tenant, with the password given.")
            .request_body::<invitations::AcceptInvitation>().response::<auth::NewMember>(201)
            .reasons(&[ExpectationBroken, NotFound, PasswordRefused, TenantEnding]);
    Delete "/api/v1/invitations/{id}"   member(&[ManageMembers]) => invitations::withdraw,
        summary("Withdraw an invitation").no_content().reasons(&[RoleNotYours]);

    Get    "/api/v1/api-keys"      member(&[OwnAccount]) => api_keys::list,
        summary("List API keys").description("An owner lists those of the tenant, everybody else their own.")
            .paged().response::<List<api_keys::ApiKey>>(200);
    Post   "/api/v1/api-keys"      member(&[OwnAccount]) => api_keys::create,
        summary("Make an API key")
            .description("Its text is shown in this answer alone. At each use it may do what its scopes and its holder's role both \
                permit.")
            .headers(api_keys::IDEMPOTENCY).request_body::<api_keys::Create>()
            .response::<api_keys::Issued<'static>>(201).response::<api_keys::Issued<'static>>(200)
            .reasons(&[LimitReached, SecondFactorRequired]);
    Get    "/api/v1/api-keys/{id}" member(&[OwnAccount]) => api_keys::get,
        summary("Show an API key, without its text").response::<api_keys::ApiKey>(200);
    Delete "/api/v1/api-keys/{id}" member(&[OwnAccount]) => api_keys::revoke,
        summary("Revoke an API key").description("It is refused from the very next request on.").no_content();
    Post   "/api/v1/api-keys/{id}/rotate" member(&[OwnAccount]) => api_keys::rotate,
        summary("Give an API key of one's own another secret")
            .description("Its id, its name and what it may do stay; it lives as long again. Secrets of before work for \
                `overlap_seconds`, and none longer than it would have.")
            .headers(api_keys::IDEMPOTENCY).request_body::<api_keys::Rotate>()
            .response::<api_keys::Issued<'static>>(200);

    Get    "/api/v1/datasets"      member(&[ReadMetadata]) => datasets::list,
        summary("List the datasets").paged().response::<List<datasets::Dataset>>(200);
    Post   "/api/v1/datasets"      member(&[WriteDatasets]) => datasets::create,
        summary("Make a dataset").request_body::<datasets::NewDataset>().response::<datasets::Dataset>(201).etag()
            .reasons(&[NameTaken, LimitReached]);
    Get    "/api/v1/datasets/types" member(&[ReadMetadata]) => dataset_configuration::types,
        summary("Tell which types of datasets there are").response::<dataset_configuration::DatasetTypes>(200);
    Get    "/api/v1/datasets/{id}" member(&[ReadMetadata]) => datasets::get,
        summary("Show a dataset").response::<datasets::Dataset>(200).etag();
    Get    "/api/v1/datasets/{id}/usage" member(&[ReadMetadata]) => datasets::usage,
        summary("Tell how much a dataset holds").response::<datasets::DatasetUsage>(200);
    Patch  "/api/v1/datasets/{id}" member(&[WriteDatasets]) => datasets::change,
        summary("Change a dataset").merge_patch::<datasets::ChangeDataset>()
            .response::<datasets::Dataset>(200).etag().if_match().reasons(&[NameTaken]);
    Get    "/api/v1/datasets/{id}/certificate" member(&[WriteDatasets]) => datasets::certificate,
        summary("Get the signed certificate that a dataset is gone").response::<erasures::Certificate>(200)
            .description("Until every store has confirmed that nothing of it is left, its vector database too, there is none.").reasons(&[Conflict]);
    Delete "/api/v1/datasets/{id}" member(&[WriteDatasets]) => datasets::remove,
        summary("Remove a dataset with its documents and index").no_content().response::<datasets::DatasetRemoval>(202).if_match().reasons(&[InUse]);
    Post   "/api/v1/datasets/{id}/search" member(&[ReadContent]) => documents::search,
        summary("Search a dataset").description("It finds what an endpoint over the dataset would, with no policy in between.")
            .request_body::<documents::Search>().response::<documents::Hits<'static>>(200);
    Get    "/api/v1/datasets/{id}/documents"       member(&[WriteDatasets]) => documents::list,
        summary("List the documents of a dataset").paged().response::<List<documents::DocumentSummary>>(200);
    Post   "/api/v1/datasets/{id}/documents"       member(&[WriteDatasets]) => documents::add,
        summary("Put documents or files into a dataset")
            .description("They are durable once this answers, and found once the job has succeeded. A file that gives no \
                document is one of the job's errors, and the others go on.")
            .query(documents::WAIT)
            .request_body_as::<documents::AddDocuments>("application/json", BodyLimit::Documents)
            .request_body_as::<shapes::FilesShape>("multipart/form-data", BodyLimit::Files)
            .response::<jobs::StartedJob>(202).response::<jobs::StartedJob>(200).reasons(&[LimitReached, Conflict]);
    Get    "/api/v1/datasets/{id}/documents/{doc}" member(&[ReadContent]) => documents::get,
        summary("Read a document").response::<documents::Document>(200);
    Get    "/api/v1/datasets/{id}/documents/{doc}/certificate" member(&[WriteDatasets]) => documents::certificate,
        summary("Get the signed certificate that a document is gone")
            .description("Each store is asked whether anything of it is left, the first time, and the log has it then. Until all have confirmed that \
                nothing is, there is none.")
            .response::<erasures::Certificate>(200).reasons(&[Conflict]);
    Delete "/api/v1/datasets/{id}/documents/{doc}" member(&[WriteDatasets]) => documents::remove,
        summary("Remove a document").no_content();
    Get    "/api/v1/datasets/{id}/jobs"       member(&[WriteDatasets]) => jobs::list,
        summary("List the ingestion jobs of a dataset, the newest first").paged().response::<List<jobs::Job>>(200);
    Get    "/api/v1/datasets/{id}/jobs/{job}" member(&[WriteDatasets]) => jobs::get,
        summary("Show an ingestion job").response::<jobs::Job>(200);
    Post   "/api/v1/datasets/{id}/jobs/{job}/cancel" member(&[WriteDatasets]) => jobs::cancel,
        summary("Cancel an ingestion job").description("What it has stored stays. Canceling again changes nothing.")
            .response::<jobs::Job>(200);

    Get    "/api/v1/endpoints"        member(&[ReadMetadata, ListQueryable]) => endpoints::list,
        summary("List the endpoints").description("A user lists name, slug and summary of those that they may query now.")
            .paged().response::<List<endpoints::ListedEndpoint>>(200);
    Post   "/api/v1/endpoints"        member(&[WriteEndpoints]) => endpoints::create,
        summary("Make an endpoint").description("It is a draft until `published` is true.")
            .request_body::<endpoints::NewEndpoint>().response::<endpoints::Endpoint>(201).etag()
            .reasons(&[NameTaken, LimitReached]);
    Get    "/api/v1/endpoints/{slug}" member(&[ReadMetadata]) => endpoints::get,
        summary("Show an endpoint with its policies").response::<endpoints::EndpointWithPolicies>(200).etag();
    Patch  "/api/v1/endpoints/{slug}" member(&[WriteEndpoints]) => endpoints::change,
        summary("Change an endpoint").merge_patch::<endpoints::ChangeEndpoint>()
            .response::<endpoints::Endpoint>(200).etag().if_match().reasons(&[ExpectationBroken, NameTaken, SlugUnlistable]);
    Delete "/api/v1/endpoints/{slug}" member(&[WriteEndpoints]) => endpoints::remove,
        summary("Remove an endpoint").no_content().if_match();
    Put    "/api/v1/endpoints/{slug}/policies"         member(&[WritePolicies]) => endpoints::attach,
        summary("Replace the policies of an endpoint").description("`[]` detaches all.")
            .request_body::<endpoints::AttachPolicies>().response::<endpoints::AttachedPolicies>(200).if_match().reasons(&[ExpectationBroken, LimitReached]);
    Post   "/api/v1/endpoints/{slug}/policies/explain" member(&[WritePolicies]) => endpoints::explain,
        summary("Explain whether somebody may query, and why")
            .request_body::<endpoints::Explain>().response::<explanation::Explanation>(200);
    Get    "/api/v1/endpoints/{slug}/expectations" member(&[WritePolicies]) => expectations::list,
        summary("List what is expected of an endpoint, and whether it is so")
            .response::<expectations::Expectations>(200).etag();
    Put    "/api/v1/endpoints/{slug}/expectations" member(&[WritePolicies]) => expectations::set,
        summary("Say who may query an endpoint, and who may not").description("In the place of all that was expected of it. Each \
                   must be so now; from then on a write that would break it is refused.")
            .request_body::<expectations::SetExpectations>().response::<expectations::Expectations>(200).etag().if_match()
            .reasons(&[ExpectationBroken, LimitReached]);
    Get    "/api/v1/endpoints/{slug}/listings" member(&[ReadMetadata]) => listings::list,
        summary("List where an endpoint is shown").response::<listings::Listings>(200);
    Post   "/api/v1/endpoints/{slug}/listings" member(&[WriteEndpoints]) => listings::create,
        summary("Show an endpoint on a marketplace")
            .description("It must be published and have an access policy. The hub is told in the background: `state` says how far \
                   that is.")
            .request_body::<listings::NewListing>().response::<listings::Listing>(201)
            .reasons(&[EndpointDraft, NoAccessPolicy, PublicUrlMissing, SlugUnlistable, AlreadyListed]);
    Delete "/api/v1/endpoints/{slug}/listings/{listing}" member(&[WriteEndpoints]) => listings::remove,
        summary("Take an endpoint off a marketplace").no_content();
    Post   "/api/v1/endpoints/{slug}/query"            member(&[Query]) => query::query,
        summary("Ask an endpoint")
            .description("Unknown fields are ignored here, and here alone. Who asks is whom the token names.")
            .headers(query::HEADERS)
            .request_body::<query::Query>().response::<query::Answer<'static>>(200).limits().receipt()
            .reasons(&[AccessDenied, PolicyViolation, PaymentRequired, RateLimited, ReviewPending, ReviewDenied, ReviewQueueFull, Conflict, PolicyUnavailable, IdentityUnavailable, HubUnavailable]);

    Get    "/api/v1/groups"      member(&[ReadMetadata]) => groups::list,
        summary("List the groups").paged().response::<List<groups::Group>>(200);
    Post   "/api/v1/groups"      member(&[WritePolicies]) => groups::create,
        summary("Make a group").description("Nobody is in it yet.")
            .request_body::<groups::NewGroup>().response::<groups::Group>(201).etag().reasons(&[NameTaken, LimitReached]);
    Get    "/api/v1/groups/{name}" member(&[ReadMetadata]) => groups::get,
        summary("Show a group").response::<groups::Group>(200).etag();
    Patch  "/api/v1/groups/{name}" member(&[WritePolicies]) => groups::change,
        summary("Change what is said of a group").description("Its name stays: policies have it.")
            .merge_patch::<groups::ChangeGroup>().response::<groups::Group>(200).etag().if_match();
    Delete "/api/v1/groups/{name}" member(&[WritePolicies]) => groups::remove,
        summary("Remove a group that no policy names, with all addresses in it").no_content().if_match()
            .reasons(&[GroupInUse]);
    Get    "/api/v1/groups/{name}/members" member(&[ReadMetadata]) => groups::members,
        summary("List the addresses in a group").paged().response::<List<groups::GroupMember>>(200);
    Post   "/api/v1/groups/{name}/members" member(&[WritePolicies]) => groups::add,
        summary("Put addresses into a group").description("Those that are in it already stay as they are.")
            .request_body::<groups::AddGroupMembers>().response::<groups::AddedGroupMembers>(200).adds().reasons(&[ExpectationBroken, LimitReached]);
    Put    "/api/v1/groups/{name}/members/{address}" member(&[WritePolicies]) => groups::add_one,
        summary("Put an address into a group, if it is not in it").no_content().adds().reasons(&[ExpectationBroken, LimitReached]);
    Delete "/api/v1/groups/{name}/members/{address}" member(&[WritePolicies]) => groups::remove_one,
        summary("Take an address out of a group, if it is in it").description("It acts on the very next query.")
            .no_content().reasons(&[ExpectationBroken]);

    Get    "/api/v1/policies"      member(&[ReadMetadata]) => policies::list,
        summary("List the policies").paged().response::<List<policies::Policy>>(200);
    Post   "/api/v1/policies"      member(&[WritePolicies]) => policies::create,
        summary("Make a policy").request_body::<policies::NewPolicy>().response::<policies::Policy>(201).etag()
            .reasons(&[LimitReached]);
    Post   "/api/v1/policies/lint" member(&[WritePolicies]) => policy_lint::lint,
        summary("Find patterns of access policies that do nothing, or more than anybody meant")
            .description("Of an endpoint's policies, or of some that are not stored yet. It changes nothing.")
            .request_body::<policy_lint::LintPolicies>().response::<policy_lint::PolicyLint>(200);
    Post   "/api/v1/policies/simulate" member(&[WritePolicies]) => policy_simulation::simulate,
        summary("Tell whose verdicts a change of a policy would change")
            .description("At each endpoint that has the policy. It changes nothing.")
            .request_body::<policy_simulation::Simulate>().response::<policy_simulation::Simulation>(200);
    Post   "/api/v1/policies/replay" member(&[WritePolicies]) => policy_replay::replay,
        summary("Tell which of the recorded queries a change of a policy would have decided otherwise")
            .description("At each endpoint that has the policy. It changes nothing, and takes that one may read the audit log.")
            .request_body::<policy_replay::Replay>().response::<policy_replay::Replayed>(200);
    Get    "/api/v1/policies/{id}" member(&[ReadMetadata]) => policies::get,
        summary("Show a policy").response::<policies::Policy>(200).etag();
    Patch  "/api/v1/policies/{id}" member(&[WritePolicies]) => policies::change,
        summary("Change a policy").description("The patch is merged into the configuration; a list is replaced as a whole.")
            .merge_patch::<policies::ChangePolicy>().response::<policies::Policy>(200).etag().if_match()
            .reasons(&[ExpectationBroken, LimitReached]);
    Delete "/api/v1/policies/{id}" member(&[WritePolicies]) => policies::remove,
        summary("Remove a policy that is attached nowhere").no_content().if_match().reasons(&[InUse]);
    Get    "/api/v1/policies/{id}/revisions" member(&[ReadMetadata]) => policy_revisions::list,
        summary("List the changes of a policy").description("The newest first: the last 100 at most are kept.")
            .paged().response::<List<policy_revisions::RevisionSummary>>(200);
    Get    "/api/v1/policies/{id}/revisions/{revision}" member(&[ReadMetadata]) => policy_revisions::get,
        summary("Show a policy as a change left it").response::<policy_revisions::KeptRevision>(200);
    Post   "/api/v1/policies/{id}/rollback" member(&[WritePolicies]) => policy_revisions::roll_back,
        summary("Make a policy again what it was").description("It is a change, and acts on the very next query.")
            .request_body::<policy_revisions::RollBack>().response::<policies::Policy>(200).etag().if_match()
            .reasons(&[ExpectationBroken, LimitReached]);
    Get    "/api/v1/policies/{id}/coverage" member(&[ReadAudit]) => policies::coverage,
        summary("List how much each caller was shown").description("Under a policy of type disclosure_limit, as far as it counts now.")
            .paged().response::<List<policies::CallerCoverage>>(200);

    Get    "/api/v1/approvals"              member(&[WritePolicies]) => approvals::list,
        summary("List the questions that wait for approval, or were decided on").query(approvals::FILTERS).response::<List<approvals::Approval>>(200);
    Get    "/api/v1/approvals/{id}"         member(&[WritePolicies]) => approvals::get,
        summary("Show such a question, with its text where it is kept").response::<approvals::ApprovalWithPrompt>(200);
    Post   "/api/v1/approvals/deny"         member(&[WritePolicies]) => approvals::deny_all,
        summary("Have all questions of a caller, or at an endpoint, that wait not answered").request_body::<approvals::DenyAll>().response::<approvals::DeniedApprovals>(200).reasons(&[OwnRequest]);
    Post   "/api/v1/approvals/{id}/approve" member(&[WritePolicies]) => approvals::approve,
        summary("Let a question be answered").request_body::<approvals::Decide>().response::<approvals::DecidedApproval>(200).reasons(&[OwnRequest]);
    Post   "/api/v1/approvals/{id}/deny"    member(&[WritePolicies]) => approvals::deny,
        summary("Have a question not answered").request_body::<approvals::Decide>().response::<approvals::DecidedApproval>(200).reasons(&[OwnRequest]);
    Get    "/api/v1/me/access"              member(&[ListQueryable]) => own_access::list,
        summary("Show what one may ask, and what is left to one").description("Each endpoint is decided on as a query to it is, and nothing is taken.")
            .query(own_access::PARAMETERS).response::<List<own_access::EndpointAccess>>(200);
    Get    "/api/v1/me/export"              member(&[OwnAccount]) => exports::own,
        summary("Export all that is held about one")
            .description("An archive of JSON files, with a page that says what is what. It goes out as it is made: one that breaks off \
                has no `complete.json`, and is no whole archive.")
            .without_head().response_as(exports::ARCHIVE);
    Delete "/api/v1/me"                     member(&[OwnAccount]) => erasures::own,
        summary("Erase one's own account and all that is held about one")
            .description("The account goes at once, and nobody can take that back; the rest goes behind it. The tenant's last owner stays.")
            .response::<erasures::NewErasure>(202).reasons(&[LastOwner, Conflict]);
    Get    "/api/v1/erasures"               member(&[ManageTenant]) => erasures::list,
        summary("List erasures: what is due, and what went").paged().response::<List<erasures::Erasure>>(200);
    Post   "/api/v1/erasures"               member(&[ManageTenant]) => erasures::of_address,
        summary("Erase whoever has an address here or had it, at their request")
            .description("Of somebody who left or was removed all goes that the log and other stores still know of them. Whoever is a member \
                is erased as one. It tells nothing of other tenants.")
            .request_body::<erasures::ErasedAddress>().response::<erasures::NewErasure>(202).reasons(&[NotFound, LastOwner, Conflict]);
    Get    "/api/v1/erasures/{id}/certificate" member(&[ManageTenant]) => erasures::certificate,
        summary("Get the signed certificate of an erasure that has ended").response::<erasures::Certificate>(200)
            .reasons(&[Conflict]);
    Get    "/api/v1/certificates/{log}/{id}/{token}" Guard::Open => erasures::certificate_by_token,
        summary("Get the same as whoever asked for the erasure, or the person, who has no account any more")
            .description("The path is in the answer to the erasure, and the token in it is the secret. Another token, another account and another \
                tenant are answered alike.")
            .response::<erasures::Certificate>(200).reasons(&[Conflict]);
    Get    "/api/v1/me/approvals"           member(&[ListQueryable]) => approvals::list_own,
        summary("List one's own questions that wait for approval").paged().response::<List<approvals::OwnApproval>>(200);

    Get    "/api/v1/ledger/transfers"      member(&[ReadAudit]) => ledger::transfers,
        summary("List what was charged").description("The oldest first.").query(ledger::FILTERS).response::<List<ledger::Transfer>>(200);
    Get    "/api/v1/ledger/balances"       member(&[ReadAudit]) => ledger::balances,
        summary("List what each account has come to").description("By policy, account, period and currency.")
            .paged().response::<List<ledger::AccountBalance>>(200);
    Get    "/api/v1/ledger/reconciliation" member(&[ReadAudit]) => ledger::reconciliation,
        summary("Prove the sums of the ledger").description("All transfers are added up, and compared with the balances.")
            .response::<ledger::Reconciliation>(200);

    Get    "/api/v1/marketplaces"      member(&[ReadMarketplaces]) => marketplaces::list,
        summary("List the accounts on hubs").paged().response::<List<marketplaces::Marketplace>>(200);
    Post   "/api/v1/marketplaces"      member(&[ManageMarketplaces]) => marketplaces::create,
        summary("Register an account on a hub")
            .description("The hub is asked whose the credential is, before anything is stored. The credential is kept sealed, \
                and never shown.")
            .request_body::<marketplaces::NewMarketplace>().response::<marketplaces::Marketplace>(201).etag()
            .reasons(&[ExpectationBroken, HubNotTrusted, OutboundNotAllowed, NameTaken, LimitReached, IssuerUrlMismatch,
                IssuerMismatch, PublicUrlMissing, ServedElsewhere, AudienceTaken, UsernameMismatch, CredentialRefused, HubUnreadable, HubUnavailable]);
    Get    "/api/v1/marketplaces/{id}" member(&[ReadMarketplaces]) => marketplaces::get,
        summary("Show an account on a hub").response::<marketplaces::Marketplace>(200).etag();
    Patch  "/api/v1/marketplaces/{id}" member(&[ManageMarketplaces]) => marketplaces::change,
        summary("Change a marketplace's name or credential, or move its account here")
            .description("A new credential is of the same account as before.")
            .merge_patch::<marketplaces::ChangeMarketplace>().response::<marketplaces::Marketplace>(200).etag().if_match()
            .reasons(&[OutboundNotAllowed, NameTaken, InUse, IssuerMismatch, PublicUrlMissing, AudienceTaken, UsernameMismatch,
                CredentialRefused, HubUnreadable, HubUnavailable]);
    Delete "/api/v1/marketplaces/{id}" member(&[ManageMarketplaces]) => marketplaces::remove,
        summary("Remove an account on a hub, with its listings")
            .description("Tokens of callers from there are refused at once. The hub is told as well as it goes.")
            .no_content().if_match().reasons(&[ExpectationBroken, InUse]);
    Post   "/api/v1/marketplaces/{id}/sync" member(&[WriteEndpoints]) => listings::sync,
        summary("Have the hub told anew of all that is listed there").response::<listings::Listings>(200);

    Get    "/api/v1/access-review" member(&[ReadAudit]) => access_review::list,
        summary("Review who can query what, and why")
            .description("Every member, every API key that works, the users and guests of each marketplace, and who may become a member.")
            .paged().response::<access_review::AccessReview>(200);
    Post   "/api/v1/access-review/sign-off" member(&[ManageTenant]) => access_review::sign_off,
        summary("Put on record that one has seen who could query what")
            .description("It is the word of an Owner, on a review that was begun in the last 30 days, as of then.")
            .request_body::<access_review::SignOff>().response::<access_review::SignedOff>(200).reasons(&[Conflict]);
    Get    "/api/v1/audit" member(&[ReadAudit]) => audit::list,
        summary("Read the audit log, the newest first").query(audit::FILTERS).response::<audit::EventList>(200);
    Get    "/api/v1/audit/impact" member(&[ReadAudit]) => audit_impact::impact,
        summary("Tell what a key, somebody or a breach could reach, and what the log tells was done")
            .query(audit_impact::ASKED).response::<audit_impact::Impact>(200);
    Get    "/api/v1/audit/checkpoint" member(&[ReadAudit]) => audit_proofs::checkpoint,
        summary("Get a signed checkpoint of the audit log as it is now").response::<audit_proofs::Checkpoint>(200)
            .reasons(&[NotFound]);
    Get    "/api/v1/audit/proof" member(&[ReadAudit]) => audit_proofs::inclusion,
        summary("Prove that an event is in the audit log").query(audit_proofs::PROVED)
            .response::<audit_proofs::Inclusion>(200).reasons(&[NotFound]);
    Get    "/api/v1/audit/consistency" member(&[ReadAudit]) => audit_proofs::consistency,
        summary("Prove that the audit log has only grown").query(audit_proofs::GROWN)
            .response::<audit_proofs::Consistency>(200).reasons(&[NotFound]);
    Get    "/api/v1/audit/export" member(&[ReadAudit]) => audit_proofs::export,
        summary("Export the audit log, the oldest event first")
            .description("Up to 1,024 events with all of which their hashes are computed, also what they know of persons.")
            .query(audit_proofs::AFTER).response::<audit_proofs::Export>(200);
    Post   "/api/v1/audit/predecessor" member(&[ManageTenant]) => audit_proofs::name_predecessor,
        summary("Record which log the tenant had on another host")
            .description("From the next checkpoint on this log vouches for that one, of which somebody has a copy: one that was changed since has \
                    another root. That it was the tenant's is what the caller says.")
            .request_body::<audit_proofs::Predecessor>().no_content();
    Get    "/api/v1/audit/tail" member(&[ReadAudit]) => audit_tail::follow,
        summary("Follow the audit log as it is written")
            .description("Server-Sent Events, each an event of the log as a list of it has them, once it is durable. It goes on until either side ends \
                it, and ends when the caller may not read the log any more. Whoever comes again with the `id` of the last event misses none.")
            .without_head().query(audit_tail::FILTERS).headers(audit_tail::HEADERS).response_as(audit_tail::EVENT_STREAM)
            .reasons(&[Conflict, TooManyTails]);
    Get    "/api/v1/audit/sinks" member(&[ReadAudit]) => audit_sinks::list,
        summary("Tell where the audit log goes besides, and how far that is")
            .description("The operator of the host sets sinks up. Those that get the tenant's log are told of, and not where they lead.")
            .response::<audit_sinks::AuditSinks>(200);
    Get    "/api/v1/receipts/{log}/{seq}/{leaf}" Guard::Open => receipts::prove,
        summary("Prove that what a receipt is of is in the audit log")
            .description("Whoever holds a receipt may ask, without a token: the leaf in it is the secret. Another leaf, another number and \
                   another log are answered alike.")
            .query(receipts::OF_SIZE).response::<receipts::ReceiptProof>(200);
};

/// The routes that are the host's operator's alone. They stand beside the others behind the control socket, and nowhere
/// else.
pub static OPERATOR_ROUTES: &[Route] = routes! {
    Get  "/operator/v1/tenants" Guard::Operator => operator::tenants,
        summary("List the tenants").response::<List<operator::Tenant>>(200);
    Post "/operator/v1/tenants" Guard::Operator => operator::found,
        summary("Found a tenant, and make its owner; or make an owner of who has an account there, with another password")
            .request_body::<operator::Founding>().response::<auth::NewMember>(201)
            .reasons(&[PasswordRefused, NameTaken]);
    Get  "/operator/v1/hubs"    Guard::Operator => hubs::list,
        summary("List the trusted hubs").response::<List<hubs::Hub>>(200);
    Post "/operator/v1/hubs"    Guard::Operator => hubs::trust,
        summary("Trust a hub").request_body::<hubs::TrustHub>().response::<hubs::Hub>(200).reasons(&[InUse]);
    Delete "/operator/v1/hubs/{id}" Guard::Operator => hubs::distrust,
        summary("Trust a hub no more").no_content().reasons(&[InUse]);
    Get  "/operator/v1/tenants/{tenant}/oidc" Guard::Operator => oidc::list,
        summary("List the identity providers that a tenant believes").response::<List<oidc::OidcProvider>>(200);
    Post "/operator/v1/tenants/{tenant}/oidc" Guard::Operator => oidc::add,
        summary("Have a tenant believe an identity provider").request_body::<oidc::AddOidcProvider>()
            .response::<oidc::OidcProvider>(201).reasons(&[NameTaken, LimitReached]);
    Delete "/operator/v1/tenants/{tenant}/oidc/{provider}" Guard::Operator => oidc::remove,
        summary("Have a tenant believe an identity provider no more, and end the sessions that it began").no_content();
    Get  "/operator/v1/keys"    Guard::Operator => keys::list,
        summary("List the signing keys whose access tokens are accepted, the one that signs first")
            .response::<List<keys::SigningKey>>(200);
    Post "/operator/v1/keys"    Guard::Operator => keys::rotate,
        summary("Make a new signing key, which signs from now on").request_body::<keys::Rotate>()
            .response::<keys::SigningKey>(201).reasons(&[Conflict]);
    Post "/operator/v1/users/disable-2fa" Guard::Operator => totp::disable,
        summary("Take a member's second factor off, and end their sessions").request_body::<totp::MemberAddress>()
            .no_content().reasons(&[NotFound, Conflict, TenantRequired]);
    Post "/operator/v1/users/end-sessions" Guard::Operator => sessions::end_by_address,
        summary("End all sessions of a member").request_body::<totp::MemberAddress>()
            .response::<sessions::EndedSessions>(200).reasons(&[NotFound, TenantRequired]);
    Delete "/operator/v1/sessions" Guard::Operator => sessions::end_of_tenant,
        summary("End all sessions of all members of a tenant").response::<sessions::EndedSessions>(200)
            .reasons(&[NotFound, TenantRequired]);
    Get  "/operator/v1/api-keys" Guard::Operator => api_keys::list_held,
        summary("List the API keys of all members of a tenant, without their texts").paged()
            .response::<List<api_keys::HeldApiKey>>(200).reasons(&[NotFound, TenantRequired]);
    Delete "/operator/v1/api-keys/{id}" Guard::Operator => api_keys::revoke_held,
        summary("Revoke an API key").response::<api_keys::HeldApiKey>(200).reasons(&[TenantRequired]);
    Get  "/operator/v1/metrics" Guard::Operator => metrics::metrics,
        summary("Get the server's numbers, as OpenMetrics").response_as(metrics::METRICS);
    Get  "/operator/v1/audit"   Guard::Operator => audit::installation,
        summary("Read the installation's log, the newest first").query(audit::INSTALLATION_FILTERS).response::<audit::EventList>(200);
    Get  "/operator/v1/audit/checkpoint" Guard::Operator => audit_proofs::installation_checkpoint,
        summary("Get a signed checkpoint of the installation's log as it is now").response::<audit_proofs::Checkpoint>(200)
            .reasons(&[NotFound]);
    Get  "/operator/v1/audit/export" Guard::Operator => audit_proofs::export_installation,
        summary("Export the installation's log, the oldest event first")
            .query(audit_proofs::AFTER).response::<audit_proofs::Export>(200);
    Get  "/operator/v1/audit/tail" Guard::Operator => audit_tail::follow_installation,
        summary("Follow the installation's log as it is written")
            .without_head().query(audit_tail::INSTALLATION_FILTERS).headers(audit_tail::HEADERS)
            .response_as(audit_tail::EVENT_STREAM).reasons(&[Conflict, TooManyTails]);
};
