//! The commands `syft-space policies`: the policies, and where they are attached.

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Map, Value};
use syft_space_domain::policy::{Enforcement, PolicyTypes};

use crate::cli::account::Account;
use crate::cli::api::{ApiClient, option, unusable};
use crate::cli::attached_policies::attach_beside;
use crate::cli::exit::{CommandError, ExitStatus};
use crate::cli::expectations::{self, ExpectArguments};
use crate::cli::known_policies::{PATH, find_policy, policy_called};
use crate::cli::lists::{POLICIES, list_all};
use crate::cli::output::Output;
use crate::cli::policy_attach::{self, AttachPolicy, DetachPolicy, tell_attached};
use crate::cli::policy_changes::{Foreseen, foresee, tell_rules};
use crate::cli::policy_coverage::{self, Coverage};
use crate::cli::policy_enforcement::tell_enforcement;
use crate::cli::policy_history::{self, History, Rollback};
use crate::cli::policy_replay::{self, ReplayArguments};
use crate::cli::policy_rule::{EnforcementArguments, PolicyRule, RuleArguments};
use crate::cli::policy_tools::{self, ExplainArguments, LintArguments, SimulateArguments};
use crate::cli::publish::find_endpoint;
use crate::cli::shut_out::warn_if_shut_out;
use crate::routes::policies::{ChangePolicy, NewPolicy, Policy};

/// What was done to a policy.
enum Done {
    Made,
    Unchanged,
    Changed {
        /// What it was before.
        before: Box<Policy>,
        /// Whom it lets in or keeps out.
        foreseen: Foreseen,
    },
}

impl Done {
    /// The end of a sentence about the policy.
    fn as_words(&self) -> &'static str {
        match self {
            Self::Made => "is made",
            Self::Unchanged => "is so already",
            Self::Changed { .. } => "is changed",
        }
    }
}

/// What one can do with policies.
#[derive(Subcommand)]
pub(super) enum Policies {
    /// List all of them
    List,
    /// Say what a policy is: make it, or change the one of that name
    Set(SetPolicy),
    /// Attach a policy to endpoints
    Attach(AttachPolicy),
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
    /// Tell which of the recorded queries a change of a policy would have decided otherwise; nothing is changed
    Replay(ReplayArguments),
    /// List how much each caller was shown under a policy that limits it
    Coverage(Coverage),
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
    #[command(flatten)]
    enforcement: EnforcementArguments,
    /// Attach it to this endpoint, beside what is attached already; may stand several times
    #[arg(long, value_name = "ENDPOINT")]
    on: Vec<String>,
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
            Self::List | Self::History(_) | Self::Coverage(_) => None,
            Self::Rollback(what) => Some(&what.account),
            Self::Set(what) => Some(&what.account),
            Self::Attach(what) => Some(&what.account),
            Self::Detach(what) => Some(&what.account),
            Self::Remove(what) => Some(&what.account),
            Self::Explain(what) => Some(&what.account),
            Self::Lint(what) => Some(&what.account),
            Self::Simulate(what) => Some(&what.account),
            Self::Replay(what) => Some(&what.account),
            Self::Expect(what) => Some(&what.account),
        }
    }

    /// Refuses arguments that cannot be followed.
    pub(super) fn check(&self) -> Result<(), CommandError> {
        match self {
            Self::Set(what) if !what.rule.is_said() && what.enforcement.said().is_none() => Err(unusable(
                "NAME",
                "say whom it lets ask, by --allow, --deny or --file; or, of one that there is, --shadow or --enforce"
                    .to_owned(),
            )),
            Self::Set(what) => what.rule.check(),
            Self::Explain(what) => what.read().map(drop),
            Self::Simulate(what) => what.read().map(drop),
            Self::Replay(what) => what.read().map(drop),
            Self::Expect(what) => what.check(),
            Self::List
            | Self::Attach(_)
            | Self::Detach(_)
            | Self::Remove(_)
            | Self::History(_)
            | Self::Coverage(_)
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
            let (policy, done) = make_or_change(api, &set.name, rule, set.enforcement.said()).await?;
            if !out.json {
                out.line(&format!("The policy {} {}.", policy.name, done.as_words()))?;
                if let Done::Changed { before, foreseen } = &done {
                    if before.configuration.get() != policy.configuration.get() {
                        tell_rules(before.configuration.get(), &policy, out)?;
                    }
                    foreseen.tell(out);
                }
            }
            if !matches!(done, Done::Unchanged) {
                let before = match &done {
                    Done::Changed { before, .. } => before.enforcement,
                    Done::Made | Done::Unchanged => Enforcement::Enforce,
                };
                tell_enforcement(api, &policy, before, out).await;
            }
            for endpoint in &set.on {
                let attached = async {
                    let (found, revision) = find_endpoint(api, endpoint).await?;
                    attach_beside(api, &found, revision, &[policy.id]).await
                };
                let is_new = attached.await.map_err(|error| {
                    CommandError::partial(&format!("the policy {}", done.as_words()), &error)
                })?;
                tell_attached(endpoint, is_new, out)?;
            }
            if matches!(done, Done::Made) && set.on.is_empty() {
                out.remark(&format!(
                    "It acts nowhere yet: `syft-space policies attach {:?} --on ENDPOINT` attaches it, and `syft-space publish` \
                     takes it by --policy.",
                    policy.name
                ));
            }
            let is_changed = matches!(done, Done::Changed { .. });
            warn_if_shut_out(api, &policy, &set.on, is_changed, out).await;
            if out.json { out.document(&policy) } else { Ok(()) }
        }
        Policies::Attach(what) => policy_attach::attach(api, what, out).await,
        Policies::Detach(what) => policy_attach::detach(api, what, out).await,
        Policies::Remove(what) => {
            let policy = find_policy(api, &what.name).await?;
            let path = format!("{PATH}/{}", policy.id);
            if let Err(error) = api.send(api.request(Method::DELETE, &path, &[])?).await {
                return Err(policy_attach::in_use(api, &policy, error).await);
            }
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
        Policies::Replay(what) => policy_replay::replay(api, what, out).await,
        Policies::Coverage(what) => policy_coverage::run(api, what, out).await,
        Policies::Expect(what) => expectations::expect(api, what, out).await,
    }
}

/// Makes a policy, or changes the one of this name or id; returns what was done.
async fn make_or_change(
    api: &ApiClient,
    named: &str,
    rule: Option<PolicyRule>,
    enforcement: Option<Enforcement>,
) -> anyhow::Result<(Policy, Done)> {
    let (policy, rule) = match (policy_called(api, named).await?, rule) {
        (Some(policy), rule) => (policy, rule),
        (None, Some(rule)) => {
            rule.check_name(named)?;
            let PolicyRule { policy_type, configuration, .. } = rule;
            let (name, enforcement) = (option("NAME", named)?, enforcement.unwrap_or_default());
            let body = NewPolicy { name, policy_type, configuration, enforcement };
            return Ok((api.post(PATH, &body).await?, Done::Made));
        }
        // There is none whose enforcement could be changed.
        (None, None) => (find_policy(api, named).await?, None),
    };
    if let Some(rule) = &rule {
        rule.check_name(&policy.name)?;
    }
    let path = format!("{PATH}/{}", policy.id);
    let (policy, revision): (Policy, _) = api.get_revision(&path).await?;
    let stored = serde_json::from_str(policy.configuration.get()).unwrap_or_default();
    let wanted = rule.map(|rule| wanted(&policy, named, rule)).transpose()?;
    let patch = wanted.as_ref().and_then(|wanted| patch(&stored, wanted));
    let enforcement = enforcement.filter(|wanted| *wanted != policy.enforcement);
    if patch.is_none() && enforcement.is_none() {
        return Ok((policy, Done::Unchanged));
    }
    // Of one that will decide alone can it be told whom it lets in or keeps out.
    let foreseen = match enforcement.unwrap_or(policy.enforcement) {
        Enforcement::Enforce => foresee(api, &policy, &wanted.unwrap_or(stored)).await,
        Enforcement::Shadow => Foreseen::default(),
    };
    let change = ChangePolicy { name: None, configuration: patch, enforcement };
    let changed = api.change(Method::PATCH, &path, revision, &change).await?;
    Ok((changed, Done::Changed { before: Box::new(policy), foreseen }))
}

/// The configuration that a rule gives a policy, as it is stored.
fn wanted(policy: &Policy, named: &str, rule: PolicyRule) -> Result<Value, CommandError> {
    if policy.policy_type != rule.policy_type {
        let message =
            format!("the policy {named:?} is of the type {}, which does not change", policy.policy_type);
        return Err(CommandError::new(ExitStatus::Refused, message));
    }
    // What is left out has its default, which is stored. What is not allowed, the server refuses.
    let parsed = PolicyTypes::default().parse(&rule.policy_type, &rule.configuration).ok();
    let wanted = parsed.and_then(|parsed| serde_json::from_str(parsed.json().get()).ok());
    Ok(wanted.unwrap_or(rule.configuration))
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

#[cfg(test)]
mod tests {
    use serde_json::json;

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
