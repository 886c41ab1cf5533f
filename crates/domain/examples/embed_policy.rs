//! Access policies in a program of your own: no server, no database, no runtime.
//!
//! `cargo run -p syft-space-domain --example embed_policy`

use std::error::Error;
use std::sync::Arc;

use serde_json::json;
use syft_space_domain::identity::Email;
use syft_space_domain::ids::{EndpointId, HubId, PolicyId};
use syft_space_domain::policy::{
    Caller, CompiledPolicy, DecisionContext, PolicySet, PolicyTypes, PolicyVerdict, Resource, Subject,
};
use syft_space_domain::time::Timestamp;

#[expect(clippy::print_stdout, reason = "an example speaks to whoever runs it")]
fn main() -> Result<(), Box<dyn Error>> {
    // A configuration is JSON. Reading it checks everything: what has been read cannot be wrong any more.
    let types = PolicyTypes::default();
    let staff =
        json!({ "mode": "allow", "patterns": ["*@company.com", "*@*.company.com", "ada@MÜNCHEN.example"] });
    let staff = types.parse("access", &staff)?;
    let former = types
        .parse("access", &json!({ "mode": "deny", "patterns": ["bob@company.com", "*@competitor.com"] }))?;

    // What is wrong is told with its place and what to write instead.
    if let Err(error) = types.parse("access", &json!({ "mode": "allow", "patterns": ["*company.com"] })) {
        println!("refused: {error}\n");
    }

    // Compile once, share, and ask as often as you like: a decision takes no lock.
    let staff_id: PolicyId = "0190d3a1-7c1e-7b7a-9c3e-2f6f3f1f0a11".parse()?;
    let former_id: PolicyId = "0190d3a1-7c1e-7b7a-9c3e-2f6f3f1f0a12".parse()?;
    let compile = |(id, configuration)| Arc::new(CompiledPolicy::compile(&types, id, 1, configuration));
    let policies = PolicySet::new([(staff_id, &staff), (former_id, &former)].map(compile));
    let handbook: EndpointId = "0190d3a1-7c1e-7b7a-9c3e-2f6f3f1f0a13".parse()?;
    let (resource, context) =
        (Resource::published(handbook), DecisionContext::at(Timestamp::from_unix_micros(0)));
    let decide = |subject: Subject<'_>| {
        policies.decide(
            resource,
            &Caller::HubUser { hub: Some(HubId::from_bytes([7; 16])), subject },
            &context,
        )
    };
    let name = |id| if id == staff_id { "staff" } else { "former" };

    for text in [
        "Eve@Company.com",         // allowed: addresses are compared in one canonical form
        "eve@lab.company.com",     // allowed, by the second pattern
        "ada@münchen.example",     // allowed: so are domains of any alphabet
        "bob@company.com",         // refused: a deny match wins, whatever allows
        "mallory@evilcompany.com", // refused: `*` crosses neither the `@` nor into another domain
    ] {
        let email = Email::parse(text)?;
        let decision = decide(Subject::Identified { email: Some(&email) });
        println!("{email}: {} ({})", decision.effect, decision.diagnostics.reason);
        for step in &decision.diagnostics.policies {
            let outcome = match &step.outcome {
                PolicyVerdict::Matched(rule) => format!("matched {rule}"),
                PolicyVerdict::NotMatched => "did not match".to_owned(),
                PolicyVerdict::AddressUnknown => "needs the address".to_owned(),
                PolicyVerdict::PurposeMissing => "needs the purpose".to_owned(),
                PolicyVerdict::LimitReached => "has not enough left".to_owned(),
                PolicyVerdict::NotApproved => "waits for approval".to_owned(),
                PolicyVerdict::Unavailable => "cannot be read".to_owned(),
                PolicyVerdict::Skipped => "was not asked".to_owned(),
            };
            println!("    {} {}: {outcome}", step.effect, name(step.policy));
        }
    }

    // A caller whose address is unknown, and a guest, who has no name at all.
    println!("address unknown: {}", decide(Subject::Identified { email: None }).diagnostics.reason);
    println!("guest: {}", decide(Subject::Guest).diagnostics.reason);
    Ok(())
}
