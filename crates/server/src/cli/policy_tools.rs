//! The commands `syft-space policies explain|lint|simulate`: what policies do, without changing anything.

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::PathBuf;

use anyhow::Context;
use clap::{ArgGroup, Args};
use serde::Serialize;
use serde_json::{Map, Value, json};
use syft_space_domain::dataset::SearchQuery;
use syft_space_domain::identity::Email;
use syft_space_domain::policy::{MAX_SIMULATED, Purpose};
use syft_space_domain::time::Timestamp;

use crate::cli::access;
use crate::cli::account::Account;
use crate::cli::api::{ApiClient, option, unusable};
use crate::cli::exit::{CommandError, ExitStatus};
use crate::cli::known_policies::find_policy;
use crate::cli::output::{Column, Output, text};
use crate::cli::policy_changes::compare;
use crate::cli::policy_rule::{PolicyRule, RuleArguments};
use crate::cli::policy_upstream;
use crate::cli::publish::find_endpoint;
use crate::routes::own_access::RateLimit;
use crate::routes::policies::Policy;
use crate::routes::users::Member;

/// The verdicts on somebody who is no member that may query: policies would let them in, or none says who may.
const NO_MEMBER: [&str; 2] = ["may_not_query", "no_access_policy"];

/// Whose query, and which.
#[derive(Args)]
pub(super) struct ExplainArguments {
    /// The endpoint's slug, or its id
    #[arg(value_name = "ENDPOINT")]
    endpoint: String,
    /// The e-mail address of whoever would ask
    #[arg(value_name = "EMAIL")]
    email: String,
    /// What they would ask; without it no policy that hangs on the question refuses them
    #[arg(long, value_name = "TEXT")]
    question: Option<String>,
    /// What it would be for
    #[arg(long, value_name = "PURPOSE")]
    purpose: Option<String>,
    /// The address that it would come from
    #[arg(long, value_name = "ADDRESS")]
    from: Option<String>,
    /// When, as in 2027-01-31T09:00:00Z [default: now]
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    #[command(flatten)]
    pub(super) account: Account,
}

/// Which access policies are looked at.
#[derive(Args)]
#[command(group = ArgGroup::new("target").required(true))]
pub(super) struct LintArguments {
    /// Those of this endpoint: its slug, or its id
    #[arg(value_name = "ENDPOINT", group = "target")]
    endpoint: Option<String>,
    /// The policy of this JSON file, which is not stored yet: {"policy_type": …, "configuration": {…}}
    #[arg(long, value_name = "FILE", group = "target")]
    file: Option<PathBuf>,
    /// What becomes of the policies of one endpoint of the Python Syft Space in this JSON file: whose verdict differs here
    #[arg(long, value_name = "FILE", group = "target")]
    upstream: Option<PathBuf>,
    #[command(flatten)]
    pub(super) account: Account,
}

/// Which policy, what it would be, and whose verdicts are looked at.
#[derive(Args)]
pub(super) struct SimulateArguments {
    /// The policy's name, or its id
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    rule: RuleArguments,
    /// The e-mail address of somebody whose verdict is looked at; may stand several times [default: the tenant's members]
    #[arg(long, value_name = "EMAIL")]
    who: Vec<String>,
    #[command(flatten)]
    pub(super) account: Account,
}

impl ExplainArguments {
    /// The body of the request.
    pub(super) fn read(&self) -> Result<Value, CommandError> {
        let email: Email = option("EMAIL", &self.email)?;
        let mut body = Map::new();
        body.insert("identity".to_owned(), json!({ "email": email }));
        let mut add = |key: &str, text: &String| body.insert(key.to_owned(), json!(text));
        if let Some(question) = &self.question {
            SearchQuery::check_text(question).map_err(|error| unusable("--question", error))?;
            add("messages", question);
        }
        if let Some(purpose) = &self.purpose {
            Purpose::parse(purpose).map_err(|error| unusable("--purpose", error))?;
            add("purpose", purpose);
        }
        if let Some(from) = &self.from {
            let _readable: IpAddr = option("--from", from)?;
            add("address", from);
        }
        if let Some(at) = &self.at {
            let _readable: Timestamp = option("--at", at)?;
            add("at", at);
        }
        Ok(Value::Object(body))
    }
}

impl SimulateArguments {
    /// Whose verdicts are looked at, where anybody is named.
    pub(super) fn read(&self) -> Result<Vec<Email>, CommandError> {
        self.rule.check()?;
        self.who.iter().map(|email| option(&format!("--who {email:?}"), email)).collect()
    }
}

/// The text at a place of an answer; nothing, where there is none.
pub(super) fn at<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn items<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// A verdict in a word, as an event tells it.
pub(super) fn verdict(value: &Value) -> &'static str {
    if at(value, "/verdict") == "allow" { "may ask" } else { "may not ask" }
}

/// What a policy had to say.
#[derive(Serialize)]
struct Step {
    policy: String,
    policy_type: String,
    says: String,
    rule: String,
}

/// What a policy does by what it said, whose mode tells what follows where it means the caller.
fn says(mode: &str, outcome: &str) -> String {
    match (mode, outcome) {
        ("allow", "matched") => "lets in".to_owned(),
        ("allow", "not_matched") => "does not let in".to_owned(),
        ("deny", "matched") => "refuses".to_owned(),
        ("deny", "not_matched") => "does not refuse".to_owned(),
        (_, "skipped") => "was not asked".to_owned(),
        (_, other) => other.replace('_', " "),
    }
}

const STEPS: &[Column<Step>] = &[
    text("POLICY", |step| step.policy.clone()),
    text("TYPE", |step| step.policy_type.clone()),
    text("SAYS", |step| step.says.clone()),
    text("RULE", |step| step.rule.clone()),
];

pub(super) async fn explain(
    api: &ApiClient,
    what: &ExplainArguments,
    out: &mut Output,
) -> anyhow::Result<()> {
    let body = what.read()?;
    let (found, _) = find_endpoint(api, &what.endpoint).await?;
    let slug = &found.endpoint.slug;
    let told: Value = api.post(&format!("/api/v1/endpoints/{slug}/policies/explain"), &body).await?;
    if out.json {
        return out.document(&told);
    }
    out.line(&format!(
        "{} {} {slug}: {}.",
        at(&body, "/identity/email"),
        verdict(&told),
        at(&told, "/reason_code")
    ))?;
    remark_stranger(api, &body, &told, out).await?;
    for other in items(&told, "/of_marketplaces") {
        let rule = match at(other, "/decided_by/rule") {
            "" => String::new(),
            rule => format!(", by {rule}"),
        };
        out.line(&format!(
            "Whoever has the address on {} {} {slug}: {}{rule}.",
            at(other, "/marketplace"),
            verdict(other),
            at(other, "/reason_code")
        ))?;
    }
    let tried = told.get("with_shadow").filter(|tried| !tried.is_null());
    if let Some(tried) = tried {
        let email = at(&body, "/identity/email");
        let reason = at(tried, "/reason_code");
        out.line(&format!(
            "If its policies in shadow decided, {email} {} {slug}: {reason}.",
            verdict(tried)
        ))?;
    }
    let attached: HashMap<_, _> =
        found.policies.iter().map(|policy| (policy.id.to_string(), policy)).collect();
    let is_tried = |step: &&Value| at(step, "/enforcement") == "shadow";
    let in_shadow = tried.map(|tried| items(tried, "/steps")).unwrap_or_default().iter().filter(is_tried);
    let steps = items(&told, "/steps").iter().chain(in_shadow).map(|step| {
        let id = at(step, "/policy_id");
        let known = attached.get(id);
        Step {
            policy: known.map_or_else(|| id.to_owned(), |policy| policy.name.clone()),
            policy_type: known.map_or_else(String::new, |policy| policy.policy_type.clone()),
            says: match (is_tried(&step), says(at(step, "/mode"), at(step, "/outcome"))) {
                (true, says) => format!("in shadow: {says}"),
                (false, says) => says,
            },
            rule: match at(step, "/rule") {
                // What a limit has left is looked at behind the steps.
                "" if at(&told, "/decided_by/policy_id") == id => at(&told, "/decided_by/rule"),
                rule => rule,
            }
            .to_owned(),
        }
    });
    let mut table = out.table(STEPS);
    table.items(&steps.collect::<Vec<_>>())?;
    table.end()?;
    for limit in items(&told, "/limits") {
        let limit: RateLimit = serde_json::from_value(limit.clone()).context("the server's answer")?;
        out.line(&format!("Left to them: {}.", access::limit(&limit)))?;
    }
    Ok(())
}

/// Tells of somebody who may not query whether that is because they have no account.
async fn remark_stranger(api: &ApiClient, body: &Value, told: &Value, out: &Output) -> anyhow::Result<()> {
    if !NO_MEMBER.contains(&at(told, "/reason_code")) {
        return Ok(());
    }
    let email = at(body, "/identity/email");
    let members = api.all::<Member>("/api/v1/users").await?;
    if members.iter().all(|member| member.email.as_str() != email) {
        out.remark(&format!(
            "{email} has no account here: `syft-space invite {email} --role user` lets them make one"
        ));
    }
    Ok(())
}

/// Something odd about a pattern.
#[derive(Serialize)]
struct OddPattern {
    kind: String,
    policy: String,
    pattern: String,
    other: String,
    example: String,
    why: String,
}

const ODD_PATTERNS: &[Column<OddPattern>] = &[
    text("KIND", |odd| odd.kind.clone()),
    text("POLICY", |odd| odd.policy.clone()),
    text("PATTERN", |odd| odd.pattern.clone()),
    text("BY", |odd| odd.other.clone()),
    text("EXAMPLE", |odd| odd.example.clone()),
    text("WHY", |odd| odd.why.clone()),
];

pub(super) async fn lint(api: &ApiClient, what: &LintArguments, out: &mut Output) -> anyhow::Result<()> {
    if let Some(file) = &what.upstream {
        return policy_upstream::lint(file, out);
    }
    let mut looked_at = "its patterns".to_owned();
    let (body, names) = match (&what.endpoint, &what.file) {
        (Some(endpoint), _) => {
            let (found, _) = find_endpoint(api, endpoint).await?;
            let names = found.policies.into_iter().map(|policy| (policy.id.to_string(), policy.name));
            (json!({ "endpoint": found.endpoint.slug }), names.collect())
        }
        (None, file) => {
            let file = file.as_deref().ok_or_else(|| unusable("--file", "name an endpoint, or a file"))?;
            let PolicyRule { policy_type, configuration, .. } = PolicyRule::from_file(file)?;
            if policy_type != "access" {
                looked_at = format!(
                    "it, as far as a policy of type {policy_type} is looked at: patterns are those of access policies"
                );
            }
            let policy = json!({ "policy_type": policy_type, "configuration": configuration });
            (json!({ "policies": [policy] }), HashMap::new())
        }
    };
    let told: Value = api.post("/api/v1/policies/lint", &body).await?;
    if out.json {
        return out.document(&told);
    }
    let odd = items(&told, "/findings").iter().map(|finding| {
        let name: Option<&String> = names.get(at(finding, "/policy_id"));
        OddPattern {
            kind: at(finding, "/kind").replace('_', " "),
            policy: name.cloned().unwrap_or_default(),
            pattern: at(finding, "/pattern").to_owned(),
            other: at(finding, "/other/pattern").to_owned(),
            example: match at(finding, "/example/marketplace") {
                "" => at(finding, "/example/email").to_owned(),
                name => format!("{} of {name}", at(finding, "/example/email")),
            },
            why: at(finding, "/message").to_owned(),
        }
    });
    let mut table = out.table(ODD_PATTERNS);
    table.items(&odd.collect::<Vec<_>>())?;
    let count = table.end()?;
    if count == 0 {
        out.remark(&format!("(nothing is odd about {looked_at})"));
    }
    remark_truncated(&told, "there may be more: it would have taken too long", out);
    Ok(())
}

/// Whose verdict would be another.
#[derive(Serialize)]
struct Change {
    endpoint: String,
    who: String,
    now: String,
    then: String,
}

const CHANGES: &[Column<Change>] = &[
    text("ENDPOINT", |change| change.endpoint.clone()),
    text("WHO", |change| change.who.clone()),
    text("NOW", |change| change.now.clone()),
    text("THEN", |change| change.then.clone()),
];

/// A policy, and what a change of it would make of its configuration; where no rule is given, as it is: one in shadow is looked at as if it
/// decided.
pub(super) async fn rule_of(
    api: &ApiClient,
    name: &str,
    rule: &RuleArguments,
) -> anyhow::Result<(Policy, Value)> {
    let rule = rule.read()?;
    let policy = find_policy(api, name).await?;
    let Some(rule) = rule else {
        let stored = serde_json::from_str(policy.configuration.get()).unwrap_or_default();
        return Ok((policy, stored));
    };
    rule.check_name(&policy.name)?;
    let PolicyRule { policy_type, configuration, .. } = rule;
    if policy.policy_type != policy_type {
        let message = format!("the policy {name:?} is of the type {}", policy.policy_type);
        return Err(CommandError::new(ExitStatus::Refused, message).into());
    }
    Ok((policy, configuration))
}

pub(super) async fn simulate(
    api: &ApiClient,
    what: &SimulateArguments,
    out: &mut Output,
) -> anyhow::Result<()> {
    let mut people = what.read()?;
    let (policy, configuration) = rule_of(api, &what.name, &what.rule).await?;
    let is_of_members = people.is_empty();
    if is_of_members {
        let members = api.all::<Member>("/api/v1/users").await?;
        people = members.into_iter().map(|member| member.email).collect();
    }
    let not_asked = people.len().saturating_sub(MAX_SIMULATED);
    people.truncate(MAX_SIMULATED);
    let told = compare(api, policy.id, &configuration, &people).await?;
    if out.json {
        return out.document(&told);
    }
    let changes = items(&told, "/endpoints").iter().flat_map(|endpoint| {
        items(endpoint, "/changes").iter().map(|change| {
            let side = |side: &str| change.get(side).map(verdict).unwrap_or_default().to_owned();
            Change {
                endpoint: at(endpoint, "/slug").to_owned(),
                who: at(change, "/email").to_owned(),
                now: side("before"),
                then: side("after"),
            }
        })
    });
    let mut table = out.table(CHANGES);
    table.items(&changes.collect::<Vec<_>>())?;
    let count = table.end()?;
    let (endpoints, people) = (items(&told, "/endpoints").len(), people.len());
    if count == 0 {
        out.remark(&format!(
            "(nobody's verdict would be another; people looked at: {people}, endpoints with the policy: {endpoints})"
        ));
    }
    if not_asked > 0 {
        out.remark(&format!("{not_asked} members were not looked at: name them with --who"));
    }
    remark_truncated(&told, "more endpoints have the policy: name fewer people with --who", out);
    Ok(())
}

fn remark_truncated(told: &Value, remark: &str, out: &Output) {
    if told.get("truncated").and_then(Value::as_bool) == Some(true) {
        out.remark(remark);
    }
}
