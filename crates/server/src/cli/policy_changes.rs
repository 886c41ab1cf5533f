//! What a person is told of a change of a policy: what it was and is, and which members it lets in or keeps out.

use serde_json::{Value, json};
use syft_space_domain::identity::Email;
use syft_space_domain::ids::PolicyId;
use syft_space_domain::policy::MAX_SIMULATED;

use crate::cli::api::ApiClient;
use crate::cli::lists::rule;
use crate::cli::output::Output;
use crate::cli::printable::{cut, one_line};
use crate::cli::who_may_ask::names_callers;
use crate::routes::policies::Policy;
use crate::routes::users::Member;

/// The most columns of a rule that is told in a line.
const MAX_RULE_COLUMNS: usize = 200;
/// The most members who are named in a line.
const MAX_NAMED: usize = 3;

/// Whose verdicts a change changes, at each endpoint that has the policy.
#[derive(Default)]
pub(super) struct Foreseen(Vec<ForeseenAt>);

/// The members whose verdict is another at one endpoint.
struct ForeseenAt {
    slug: String,
    admitted: Vec<String>,
    kept_out: Vec<String>,
}

/// Has the server compare a policy with what it would be, for these people.
pub(super) async fn compare(
    api: &ApiClient,
    policy: PolicyId,
    configuration: &Value,
    people: &[Email],
) -> anyhow::Result<Value> {
    let identities: Vec<_> = people.iter().map(|email| json!({ "email": email })).collect();
    let body = json!({ "policy_id": policy, "configuration": configuration, "identities": identities });
    api.post("/api/v1/policies/simulate", &body).await
}

/// Looks ahead at a change of a policy that says who may ask. What cannot be learned goes unsaid, for the change itself is wanted.
pub(super) async fn foresee(api: &ApiClient, policy: &Policy, configuration: &Value) -> Foreseen {
    if !names_callers(&policy.policy_type) {
        return Foreseen::default();
    }
    let looked = async {
        let members = api.all::<Member>("/api/v1/users").await?;
        let people: Vec<_> = members.into_iter().map(|member| member.email).take(MAX_SIMULATED).collect();
        compare(api, policy.id, configuration, &people).await
    };
    Foreseen::read(&looked.await.unwrap_or_default())
}

impl Foreseen {
    fn read(told: &Value) -> Self {
        let list =
            |value: &Value, key: &str| value.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
        let text =
            |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let endpoints = list(told, "endpoints");
        let at = endpoints.iter().map(|endpoint| {
            let is_admitted = |change: &Value| change.pointer("/after/verdict") == Some(&json!("allow"));
            let changes = list(endpoint, "changes");
            let (admitted, kept_out): (Vec<_>, Vec<_>) =
                changes.iter().partition(|change| is_admitted(change));
            let names =
                |changes: Vec<&Value>| changes.into_iter().map(|change| text(change, "email")).collect();
            ForeseenAt { slug: text(endpoint, "slug"), admitted: names(admitted), kept_out: names(kept_out) }
        });
        Self(at.collect())
    }

    /// Tells it, once the change is made.
    pub(super) fn tell(&self, out: &Output) {
        for ForeseenAt { slug, admitted, kept_out } in &self.0 {
            if !admitted.is_empty() {
                out.remark(&format!("{} may ask {slug} now, and could not before.", named(admitted)));
            }
            if !kept_out.is_empty() {
                out.remark(&format!("{} may not ask {slug} any more.", named(kept_out)));
            }
        }
    }
}

/// Some members by their addresses, and how many more there are.
fn named(members: &[String]) -> String {
    let (first, others) = members.split_at(members.len().min(MAX_NAMED));
    match others.len() {
        0 => first.join(", "),
        1 => format!("{} and 1 other member", first.join(", ")),
        more => format!("{} and {more} other members", first.join(", ")),
    }
}

/// Tells what a policy was before and is now.
pub(super) fn tell_rules(before: &str, policy: &Policy, out: &mut Output) -> anyhow::Result<()> {
    out.line(&format!("  It was: {}", shown_rule(before)))?;
    out.line(&format!("  It is:  {}", shown_rule(policy.configuration.get())))
}

/// A rule in a line, cut where it names many.
pub(super) fn shown_rule(configuration: &str) -> String {
    cut(&one_line(&rule(configuration)), MAX_RULE_COLUMNS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_are_named_and_the_others_counted() {
        let members: Vec<String> = (0..5).map(|n| format!("m{n}@example.org")).collect();
        assert_eq!(named(&members[..1]), "m0@example.org");
        assert_eq!(named(&members[..4]), "m0@example.org, m1@example.org, m2@example.org and 1 other member");
        assert_eq!(named(&members), "m0@example.org, m1@example.org, m2@example.org and 2 other members");
    }
}
