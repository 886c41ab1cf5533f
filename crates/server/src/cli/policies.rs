//! The commands `syft-space policies`: the policies, and where they are attached.

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Map, Value, json};
use syft_space_domain::access::{Permission, may};
use syft_space_domain::ids::PolicyId;
use syft_space_domain::policy::PolicyTypes;

use crate::cli::account::Account;
use crate::cli::api::{ApiClient, option};
use crate::cli::exit::{CommandError, ExitStatus};
use crate::cli::expectations::{self, ExpectArguments};
use crate::cli::known_policies::{PATH, find_policy, policy_called};
use crate::cli::lists::{POLICIES, list_all};
use crate::cli::output::Output;
use crate::cli::policy_history::{self, History, Rollback};
use crate::cli::policy_rule::{PolicyRule, RuleArguments};
use crate::cli::policy_tools::{self, ExplainArguments, LintArguments, SimulateArguments};
use crate::cli::publish::find_endpoint;
use crate::routes::endpoints::{AttachPolicies, AttachedPolicies, Endpoint, EndpointWithPolicies};
use crate::routes::policies::{ChangePolicy, NewPolicy, Policy};

/// What is said of a policy that was another before.
const CHANGED: &str = "is changed";

/// What one can do with policies.
#[derive(Subcommand)]
pub(super) enum Policies {
    /// List all of them
    List,
    /// Say what a policy is: make it, or change the one of that name
    Set(SetPolicy),
    /// Take a policy off endpoints
    Detach(DetachPolicy),
    /// Remove a policy that no endpoint has any more
    Remove(RemovePolicy),
    /// List the changes of a policy, the newest first, or show what one of them left
    History(History),
    /// Make a policy again what it was
    Rollback(Rollback),
    /// Tell whether somebody may ask an endpoint, and which policy says so
    Explain(ExplainArguments),
    /// Look for patterns that do nothing, or more than anybody meant
    Lint(LintArguments),
    /// Tell whose verdicts a change of a policy would change; nothing is changed
    Simulate(SimulateArguments),
    /// Say who may ask an endpoint and who may not, to which every change is held; or list that
    Expect(ExpectArguments),
}

/// Which policy, what it is, and for which endpoints.
#[derive(Args)]
pub(super) struct SetPolicy {
    /// Its name, or its id
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    rule: RuleArguments,
    /// Attach it to this endpoint, beside what is attached already; may stand several times
    #[arg(long, value_name = "ENDPOINT")]
    on: Vec<String>,
    #[command(flatten)]
    account: Account,
}

/// Which policy, and where it is taken off.
#[derive(Args)]
pub(super) struct DetachPolicy {
    /// Its name, or its id
    #[arg(value_name = "NAME")]
    name: String,
    /// Take it off this endpoint; may stand several times
    #[arg(long, value_name = "ENDPOINT", required = true)]
    from: Vec<String>,
    #[command(flatten)]
    account: Account,
}

/// Which policy.
#[derive(Args)]
pub(super) struct RemovePolicy {
    /// Its name, or its id
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    account: Account,
}

impl Policies {
    /// The account as which it acts, where it is not the operator.
    pub(super) fn account(&self) -> Option<&Account> {
        match self {
            Self::List | Self::History(_) => None,
            Self::Rollback(what) => Some(&what.account),
            Self::Set(what) => Some(&what.account),
            Self::Detach(what) => Some(&what.account),
            Self::Remove(what) => Some(&what.account),
            Self::Explain(what) => Some(&what.account),
            Self::Lint(what) => Some(&what.account),
            Self::Simulate(what) => Some(&what.account),
            Self::Expect(what) => Some(&what.account),
        }
    }

    /// Refuses arguments that cannot be followed.
    pub(super) fn check(&self) -> Result<(), CommandError> {
        match self {
            Self::Set(what) => what.rule.check(),
            Self::Explain(what) => what.read().map(drop),
            Self::Simulate(what) => what.read().map(drop),
            Self::Expect(what) => what.check(),
            Self::List
            | Self::Detach(_)
            | Self::Remove(_)
            | Self::History(_)
            | Self::Rollback(_)
            | Self::Lint(_) => Ok(()),
        }
    }
}

pub(super) async fn run(api: &ApiClient, what: &Policies, out: &mut Output) -> anyhow::Result<()> {
    match what {
        Policies::List => list_all(api, PATH, POLICIES, out).await,
        Policies::Set(set) => {
            let rule = set.rule.read()?;
            // All that is named is looked up before anything is changed.
            for endpoint in &set.on {
                find_endpoint(api, endpoint).await?;
            }
            let (policy, done) = make_or_change(api, &set.name, rule).await?;
            if !out.json {
                out.line(&format!("The policy {} {done}.", policy.name))?;
            }
            for endpoint in &set.on {
                let attached = attach(api, &policy, endpoint).await;
                let attached =
                    attached.map_err(|error| CommandError::partial(&format!("the policy {done}"), &error))?;
                if !out.json {
                    out.line(&format!(
                        "{endpoint} {}.",
                        if attached { "has it now" } else { "has it already" }
                    ))?;
                }
            }
            warn_if_shut_out(api, &policy, &set.on, done, out).await;
            if out.json { out.document(&policy) } else { Ok(()) }
        }
        Policies::Detach(what) => detach(api, what, out).await,
        Policies::Remove(what) => {
            let policy = find_policy(api, &what.name).await?;
            let path = format!("{PATH}/{}", policy.id);
            api.send(api.request(Method::DELETE, &path, &[])?).await?;
            if out.json {
                out.document(&policy)
            } else {
                out.line(&format!("The policy {} is removed.", policy.name))
            }
        }
        Policies::History(what) => policy_history::history(api, what, out).await,
        Policies::Rollback(what) => policy_history::rollback(api, what, out).await,
        Policies::Explain(what) => policy_tools::explain(api, what, out).await,
        Policies::Lint(what) => policy_tools::lint(api, what, out).await,
        Policies::Simulate(what) => policy_tools::simulate(api, what, out).await,
        Policies::Expect(what) => expectations::expect(api, what, out).await,
    }
}

/// Tells an account which endpoints it may not ask by its own policy: those that it was attached to, and, where the policy was
/// changed, others that have it. What cannot be learned goes unsaid, for what was wanted is done.
async fn warn_if_shut_out(api: &ApiClient, policy: &Policy, on: &[String], done: &str, out: &Output) {
    let mut endpoints = on.to_vec();
    if done == CHANGED {
        let others = api.page::<Endpoint>("/api/v1/endpoints", &[("limit", "100")], None).await;
        let others = others.map(|page| page.items).unwrap_or_default();
        endpoints.extend(others.into_iter().map(|endpoint| endpoint.slug.to_string()));
    }
    endpoints.sort();
    endpoints.dedup();
    for endpoint in endpoints {
        if let Ok(Some(why)) = why_shut_out(api, &endpoint, Some(policy.id)).await {
            out.remark(&format!("You may not ask {endpoint} yourself now: {why}."));
        }
    }
}

/// Why the account that calls may not ask an endpoint, where it may know; nothing, where it may ask, or where a policy is meant
/// that the endpoint does not have.
pub(super) async fn why_shut_out(
    api: &ApiClient,
    endpoint: &str,
    by: Option<PolicyId>,
) -> anyhow::Result<Option<String>> {
    let me = api.me().await?;
    if !may(me.role, Permission::WritePolicies) {
        return Ok(None);
    }
    let (EndpointWithPolicies { endpoint, policies }, _) = find_endpoint(api, endpoint).await?;
    if by.is_some_and(|by| policies.iter().all(|policy| policy.id != by)) {
        return Ok(None);
    }
    let path = format!("/api/v1/endpoints/{}/policies/explain", endpoint.slug);
    let verdict: Value = api.post(&path, &json!({ "identity": { "email": me.email } })).await?;
    let text = |pointer: &str| verdict.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    if text("/verdict") != "deny" {
        return Ok(None);
    }
    let decided_by = policies.iter().find(|policy| policy.id.to_string() == text("/decided_by/policy_id"));
    Ok(Some(match decided_by {
        Some(policy) => format!("its policy {:?} denies you", policy.name),
        None => {
            let names: Vec<String> = policies.iter().map(|policy| format!("{:?}", policy.name)).collect();
            format!("its policies do not admit you ({}): {}", text("/reason_code"), names.join(", "))
        }
    }))
}

/// Takes a policy off endpoints, all of which are looked up before anything is changed.
async fn detach(api: &ApiClient, what: &DetachPolicy, out: &mut Output) -> anyhow::Result<()> {
    let policy = find_policy(api, &what.name).await?;
    for endpoint in &what.from {
        find_endpoint(api, endpoint).await?;
    }
    for endpoint in &what.from {
        let (found, revision) = find_endpoint(api, endpoint).await?;
        let had = found.policies.len();
        let ids = found.policies.iter().map(|attached| attached.id).filter(|id| *id != policy.id);
        let policy_ids: Vec<_> = ids.collect();
        let (is_last, is_attached) = (policy_ids.is_empty(), policy_ids.len() < had);
        if is_attached {
            let path = format!("/api/v1/endpoints/{}/policies", found.endpoint.slug);
            let _attached: AttachedPolicies =
                api.change(Method::PUT, &path, revision, &AttachPolicies { policy_ids }).await?;
        }
        if !out.json {
            out.line(&format!(
                "{endpoint} {}.",
                if is_attached { "has it no more" } else { "does not have it" }
            ))?;
        }
        if is_attached && is_last {
            out.remark(&format!(
                "{endpoint} has no policy now: every member who may ask can ask it, and nobody else"
            ));
        }
    }
    if out.json { out.document(&policy) } else { Ok(()) }
}

/// Makes a policy, or changes the one of this name or id; returns what was done, as the end of a sentence.
async fn make_or_change(
    api: &ApiClient,
    named: &str,
    rule: PolicyRule,
) -> anyhow::Result<(Policy, &'static str)> {
    let Some(policy) = policy_called(api, named).await? else {
        let PolicyRule { policy_type, configuration } = rule;
        let body = NewPolicy { name: option("NAME", named)?, policy_type, configuration };
        return Ok((api.post(PATH, &body).await?, "is made"));
    };
    let path = format!("{PATH}/{}", policy.id);
    let (policy, revision): (Policy, _) = api.get_revision(&path).await?;
    if policy.policy_type != rule.policy_type {
        let message =
            format!("the policy {named:?} is of the type {}, which does not change", policy.policy_type);
        return Err(CommandError::new(ExitStatus::Refused, message).into());
    }
    let stored = serde_json::from_str(policy.configuration.get()).unwrap_or_default();
    // What is left out has its default, which is stored. What is not allowed, the server refuses.
    let parsed = PolicyTypes::default().parse(&rule.policy_type, &rule.configuration).ok();
    let wanted = parsed.and_then(|parsed| serde_json::from_str(parsed.json().get()).ok());
    let Some(patch) = patch(&stored, &wanted.unwrap_or(rule.configuration)) else {
        return Ok((policy, "is so already"));
    };
    let change = ChangePolicy { name: None, configuration: Some(patch) };
    Ok((api.change(Method::PATCH, &path, revision, &change).await?, CHANGED))
}

/// The merge patch (RFC 7396) that makes one value of the other; nothing, where they are the same.
fn patch(from: &Value, to: &Value) -> Option<Value> {
    let (Value::Object(from), Value::Object(to)) = (from, to) else {
        return (from != to).then(|| to.clone());
    };
    let gone = from.keys().filter(|key| !to.contains_key(*key)).map(|key| (key.clone(), Value::Null));
    let other = to.iter().filter_map(|(key, value)| {
        Some((key.clone(), from.get(key).map_or_else(|| Some(value.clone()), |old| patch(old, value))?))
    });
    let patch: Map<_, _> = gone.chain(other).collect();
    (!patch.is_empty()).then_some(Value::Object(patch))
}

/// Attaches a policy to an endpoint; whether it was not there yet.
async fn attach(api: &ApiClient, policy: &Policy, endpoint: &str) -> anyhow::Result<bool> {
    let (found, revision) = find_endpoint(api, endpoint).await?;
    let mut policy_ids: Vec<_> = found.policies.iter().map(|attached| attached.id).collect();
    if policy_ids.contains(&policy.id) {
        return Ok(false);
    }
    policy_ids.push(policy.id);
    let path = format!("/api/v1/endpoints/{}/policies", found.endpoint.slug);
    let _attached: AttachedPolicies =
        api.change(Method::PUT, &path, revision, &AttachPolicies { policy_ids }).await?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_makes_one_value_of_the_other() {
        let from = json!({ "mode": "deny", "guests": true, "deep": { "a": 1, "b": 2 } });
        let to = json!({ "mode": "allow", "deep": { "a": 1, "c": 3 } });
        let expected = json!({ "mode": "allow", "guests": null, "deep": { "b": null, "c": 3 } });
        assert_eq!(patch(&from, &to), Some(expected));
        assert_eq!(patch(&to, &to), None);
        assert_eq!(patch(&Value::Null, &to), Some(to));
    }
}
