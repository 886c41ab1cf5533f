//! Our verdicts beside those of Cedar: each line of a file is a case with our verdict; its policies are written in Cedar's
//! language, and its authorizer is asked.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::error::Error;
use std::io::{BufRead, BufReader};
use std::process::ExitCode;

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityUid, PolicySet, Request, RestrictedExpression,
};
use serde_json::Value;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// What holds whatever the policies say: whose role permits querying, who sees a draft, and whose hub is known.
const HOUSE: &str = r#"
forbid (principal, action, resource) unless { principal is HubUser || principal is Guest || principal in Role::"user" };
forbid (principal, action, resource) unless { resource.published || principal in Role::"admin" };
forbid (principal, action, resource) when { (principal is HubUser || principal is Guest) && !principal.registered };
"#;

/// Where nothing says who may query.
const MEMBERS: &str = r#"permit (principal in Role::"user", action, resource);"#;

/// Where there are policies that deny alone.
const ALL_BUT_GUESTS: &str = "permit (principal, action, resource) unless { principal is Guest };";

fn text<'a>(value: &'a Value, key: &str) -> Outcome<&'a str> {
    value[key].as_str().ok_or_else(|| format!("no {key} in {value}").into())
}

fn list<'a>(value: &'a Value, key: &str) -> Outcome<Vec<&'a str>> {
    let list = value[key].as_array().ok_or_else(|| format!("no {key} in {value}"))?;
    list.iter().map(|one| one.as_str().ok_or_else(|| format!("no text: {one}").into())).collect()
}

/// A text of Cedar's. What would have to be escaped is in none.
fn quoted(text: &str) -> Outcome<String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"@.+*:".contains(&byte);
    if text.bytes().all(is_plain) { Ok(format!("\"{text}\"")) } else { Err(format!("{text:?} is not plain").into()) }
}

/// What a pattern demands. In Cedar's `like` a star crosses an `@`, so each side is compared by itself.
fn pattern(pattern: &str) -> Outcome<String> {
    let pattern = pattern.to_lowercase();
    if pattern == "*" {
        return Ok("true".to_owned());
    }
    let (local, domain) = pattern.split_once('@').ok_or("a pattern without an @")?;
    let (local, domain) = (quoted(local)?, quoted(domain)?);
    Ok(format!("(principal has local && principal.local like {local} && principal.domain like {domain})"))
}

fn access(policy: &Value) -> Outcome<String> {
    let patterns = list(policy, "patterns")?;
    let mut means = patterns.iter().map(|one| pattern(one)).collect::<Outcome<Vec<_>>>()?;
    let effect = match text(policy, "mode")? {
        "allow" => "permit",
        _ => {
            // Whom it could mean, if only their address were known, is refused.
            if patterns.iter().any(|one| *one != "*") {
                means.push("!(principal has local)".to_owned());
            }
            "forbid"
        }
    };
    let whom = if means.is_empty() { "false".to_owned() } else { means.join(" || ") };
    let guests = policy["guests"].as_bool().ok_or("guests is no boolean")?;
    let mut when = format!("if principal is Guest then {guests} else ({whom})");
    for (key, compares) in [("from", ">="), ("until", "<")] {
        if let Some(time) = policy[key].as_i64() {
            when = format!("context.now {compares} {time} && ({when})");
        }
    }
    Ok(format!("{effect} (principal, action, resource) when {{ {when} }};"))
}

fn policy(policy: &Value) -> Outcome<String> {
    match text(policy, "type")? {
        "access" => access(policy),
        "purpose" => {
            let allowed: Vec<_> = list(policy, "allowed")?.into_iter().map(quoted).collect::<Outcome<_>>()?;
            let allowed = allowed.join(", ");
            Ok(format!(
                "forbid (principal, action, resource) when {{ context.is_query }} \
                 unless {{ context has purpose && [{allowed}].contains(context.purpose) }};"
            ))
        }
        "token_limit" => {
            let most = policy["most"].as_i64().ok_or("most is no number")?;
            Ok(format!(
                "forbid (principal, action, resource) \
                 when {{ context has characters && context.characters > {most} }};"
            ))
        }
        other => Err(format!("there is no type {other}").into()),
    }
}

/// The policies of a case, in Cedar's language.
fn policies(case: &Value) -> Outcome<String> {
    let all = case["policies"].as_array().ok_or("policies is no list")?;
    let mut written = vec![HOUSE.to_owned()];
    for one in all {
        written.push(policy(one)?);
    }
    let access: Vec<_> = all.iter().filter(|one| one["type"] == "access").collect();
    if access.is_empty() {
        written.push(MEMBERS.to_owned());
    } else if access.iter().all(|one| one["mode"] == "deny") {
        written.push(ALL_BUT_GUESTS.to_owned());
    }
    Ok(written.join("\n"))
}

/// The roles: who may more may what those below may. A viewer may not query, and is below nobody.
fn roles() -> Outcome<Vec<Entity>> {
    let uid = |role: &str| format!("Role::\"{role}\"").parse::<EntityUid>();
    let mut roles = Vec::new();
    for (role, below) in [("owner", Some("admin")), ("admin", Some("user")), ("user", None), ("viewer", None)] {
        let parents = below.map(uid).transpose()?.into_iter().collect();
        roles.push(Entity::new_no_attrs(uid(role)?, parents));
    }
    Ok(roles)
}

fn principal(asker: &Value) -> Outcome<Entity> {
    let kind = match text(asker, "kind")? {
        "member" => "Member",
        "stranger" => "Stranger",
        "hub_user" => "HubUser",
        _ => "Guest",
    };
    let registered = asker["registered"].as_bool().ok_or("registered is no boolean")?;
    let mut attributes = HashMap::from([("registered".to_owned(), RestrictedExpression::new_bool(registered))]);
    if let Some((local, domain)) = asker["address"].as_str().and_then(|address| address.split_once('@')) {
        for (name, part) in [("local", local), ("domain", domain)] {
            attributes.insert(name.to_owned(), RestrictedExpression::new_string(part.to_lowercase()));
        }
    }
    let role = asker["role"].as_str().map(|role| format!("Role::\"{role}\"").parse()).transpose()?;
    Ok(Entity::new(format!("{kind}::\"asker\"").parse()?, attributes, role.into_iter().collect())?)
}

fn context(case: &Value) -> Outcome<Context> {
    let now = case["now"].as_i64().ok_or("now is no number")?;
    let mut pairs = vec![
        ("now".to_owned(), RestrictedExpression::new_long(now)),
        ("is_query".to_owned(), RestrictedExpression::new_bool(!case["query"].is_null())),
    ];
    if let Some(purpose) = case["query"]["purpose"].as_str() {
        pairs.push(("purpose".to_owned(), RestrictedExpression::new_string(purpose.to_owned())));
    }
    if let Some(characters) = case["query"]["characters"].as_i64() {
        pairs.push(("characters".to_owned(), RestrictedExpression::new_long(characters)));
    }
    Ok(Context::from_pairs(pairs)?)
}

/// What Cedar decides, and by how many of its policies.
fn verdict(case: &Value, roles: &[Entity]) -> Outcome<&'static str> {
    let policies: PolicySet = policies(case)?.parse()?;
    let principal = principal(&case["asker"])?;
    let published = case["published"].as_bool().ok_or("published is no boolean")?;
    let published = HashMap::from([("published".to_owned(), RestrictedExpression::new_bool(published))]);
    let endpoint = Entity::new("Endpoint::\"asked\"".parse()?, published, HashSet::new())?;
    let request =
        Request::new(principal.uid(), "Action::\"query\"".parse()?, endpoint.uid(), context(case)?, None)?;
    let entities = Entities::from_entities(roles.iter().cloned().chain([principal, endpoint]), None)?;
    let response = Authorizer::new().is_authorized(&request, &policies, &entities);
    // An error would skip the policy that it is in, and so weaken what is compared.
    if let Some(error) = response.diagnostics().errors().next() {
        return Err(format!("{error} in {case}").into());
    }
    Ok(match response.decision() {
        Decision::Allow => "allow",
        Decision::Deny => "deny",
    })
}

fn run() -> Outcome<bool> {
    let path = std::env::args_os().nth(1).ok_or("name the file with the cases")?;
    let roles = roles()?;
    let mut counts: BTreeMap<(String, &str), u32> = BTreeMap::new();
    for line in BufReader::new(std::fs::File::open(path)?).lines() {
        let case: Value = serde_json::from_str(&line?)?;
        let (ours, theirs) = (text(&case, "ours")?, verdict(&case, &roles)?);
        if ours != theirs {
            println!("we {ours}, Cedar would {theirs}: {case}\n{}", policies(&case)?);
        }
        *counts.entry((ours.to_owned(), theirs)).or_default() += 1;
    }
    for ((ours, theirs), count) in &counts {
        println!("{count:>9}: {ours}, and Cedar {theirs}");
    }
    let all: u32 = counts.values().sum();
    // Where one of the two verdicts were rare, that they agree would say little.
    let is_common = |verdict: &'static str| {
        counts.get(&(verdict.to_owned(), verdict)).is_some_and(|count| count.saturating_mul(10) >= all)
    };
    Ok(counts.keys().all(|(ours, theirs)| ours == theirs) && is_common("allow") && is_common("deny"))
}

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
