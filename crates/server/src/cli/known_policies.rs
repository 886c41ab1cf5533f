//! Finding a policy by what it is called.

use crate::cli::api::ApiClient;
use crate::cli::exit::{CommandError, ExitStatus};
use crate::routes::policies::Policy;

pub(super) const PATH: &str = "/api/v1/policies";

/// The policy of this name or id, if there is one, and only one.
pub(super) async fn policy_called(api: &ApiClient, named: &str) -> anyhow::Result<Option<Policy>> {
    let all = api.all::<Policy>(PATH).await?.into_iter();
    let mut known = all.filter(|policy| policy.name == named || policy.id.to_string() == named);
    let policy = known.next();
    if known.next().is_some() {
        let message =
            format!("there are several policies called {named:?}: name the one that is meant by its id");
        return Err(CommandError::new(ExitStatus::Refused, message).into());
    }
    Ok(policy)
}

/// The policy of this name or id.
pub(super) async fn find_policy(api: &ApiClient, named: &str) -> anyhow::Result<Policy> {
    policy_called(api, named).await?.ok_or_else(|| {
        let message =
            format!("there is no policy {named:?}; `syft-space policies list` shows which there are");
        CommandError::new(ExitStatus::NotFound, message).into()
    })
}
