//! What commands do over the API.

use crate::cli::api::ApiClient;
use crate::cli::lists::{ListOnly, list_all};
use crate::cli::output::Output;
use crate::cli::tenant_archive::{self, Archive};
use crate::cli::tenants::Tenants;
use crate::cli::{
    Command, access, access_review, api_keys, approvals, ask, audit, change_password, datasets, documents,
    endpoints, groups, hubs, ingest, invitations, invite, jobs, keys, ledger, lists, metrics, oidc, owner,
    policies, privacy, publish, receipts, retention, sessions, sign_off, tenants, users,
};
use crate::routes::auth::PasswordChange;
use crate::routes::operator::Founding;

/// What a person was asked for, or a file.
#[derive(Default)]
pub(super) struct Asked {
    pub(super) owner: Option<Founding>,
    pub(super) password: Option<PasswordChange>,
    pub(super) archive: Option<Archive>,
}

/// Does what a command does over the API.
pub(super) async fn call(
    api: &ApiClient,
    command: &Command,
    asked: Asked,
    out: &mut Output,
) -> anyhow::Result<()> {
    match command {
        Command::Owner(owner::Owner::Create(create)) => match &asked.owner {
            Some(new_owner) => owner::create(api, create, new_owner, out).await,
            None => Ok(()),
        },
        Command::Password(_) => match &asked.password {
            Some(change) => change_password::run(api, change, out).await,
            None => Ok(()),
        },
        Command::Ingest(arguments) => ingest::run(api, arguments, out).await,
        Command::Ask(what) => ask::run(api, what, out).await,
        Command::Access(what) => access::run(api, what, out).await,
        Command::Publish(what) => publish::publish(api, what, out).await,
        Command::Unpublish(what) => publish::unpublish(api, what, out).await,
        Command::Invite(what) => invite::run(api, what, out).await,
        Command::SignOff(what) => sign_off::run(api, what, out).await,
        Command::Datasets(what) => datasets::run(api, what, out).await,
        Command::Documents(what) => documents::run(api, what, out).await,
        Command::Endpoints(what) => endpoints::run(api, what, out).await,
        Command::Policies(what) => policies::run(api, what, out).await,
        Command::Groups(what) => groups::run(api, what, out).await,
        Command::Approvals(what) => approvals::run(api, what, out).await,
        Command::Keys(what) => keys::run(api, what, out).await,
        Command::Metrics => metrics::run(api, out).await,
        Command::Hubs(what) => hubs::run(api, what, out).await,
        Command::Oidc(what) => oidc::run(api, what, out).await,
        Command::Marketplaces(ListOnly::List) => {
            list_all(api, "/api/v1/marketplaces", lists::MARKETPLACES, out).await
        }
        Command::Users(what) => users::run(api, what, out).await,
        Command::Invitations(what) => invitations::run(api, what, out).await,
        Command::Privacy(what) => privacy::run(api, what, out).await,
        Command::Retention(what) => retention::run(api, what, out).await,
        Command::ApiKeys(what) => api_keys::run(api, what, out).await,
        Command::Sessions(what) => sessions::run(api, what, out).await,
        Command::Tenants(Tenants::Import(what)) => match asked.archive {
            Some(archive) => tenant_archive::import(api, what, archive, out).await,
            None => Ok(()),
        },
        Command::Tenants(what) => tenants::run(api, what, out).await,
        Command::Jobs(what) => jobs::run(api, what, out).await,
        Command::Ledger(what) => ledger::run(api, what, out).await,
        Command::AccessReview(form) => access_review::run(api, form, out).await,
        Command::Audit(what) => audit::run(api, what, out).await,
        Command::Receipt(receipts::Receipts::Proof(what)) => receipts::proof(api, what, out).await,
        _ => Ok(()),
    }
}
