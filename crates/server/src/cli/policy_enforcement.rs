//! What a person is told of a policy that goes into shadow, or comes out of it.

use syft_space_domain::policy::Enforcement;

use crate::cli::api::ApiClient;
use crate::cli::output::Output;
use crate::cli::policy_attach::endpoints_with;
use crate::cli::publish::find_endpoint;
use crate::cli::who_may_ask::{names_callers, opened};
use crate::routes::policies::Policy;

/// Tells what follows, where a policy was of another enforcement before; and of which endpoints nobody says any more who may ask them.
/// What cannot be learned goes unsaid, for what was wanted is done.
pub(super) async fn tell_enforcement(api: &ApiClient, policy: &Policy, before: Enforcement, out: &Output) {
    match policy.enforcement {
        now if now == before => {}
        Enforcement::Enforce => out.remark("It decides from now on."),
        Enforcement::Shadow => {
            out.remark(
                "It is in shadow, and refuses nobody: `syft-space audit list --reason shadow_denied` lists the queries that it \
                 would have refused.",
            );
            if !names_callers(&policy.policy_type) {
                return;
            }
            for slug in endpoints_with(api, policy.id).await.unwrap_or_default() {
                let found = find_endpoint(api, &slug).await;
                if let Ok(Some(told)) = found.map(|(found, _)| opened(&slug, &found.policies)) {
                    out.remark(&told);
                }
            }
        }
    }
}
