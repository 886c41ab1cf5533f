//! Access policies in a program of your own: no server, no database, no runtime.
//!
//! `cargo run -p syft-space-domain --example embed_policy`

use std::error::Error;

use serde_json::json;
use syft_space_domain::identity::Email;
use syft_space_domain::ids::PolicyId;
use syft_space_domain::policy::{AccessConfiguration, AccessRules, StepOutcome, Subject};

#[expect(clippy::print_stdout, reason = "an example speaks to whoever runs it")]
fn main() -> Result<(), Box<dyn Error>> {
    // A configuration is JSON. Reading it checks everything: what has been read cannot be wrong any more.
    let staff = AccessConfiguration::parse(&json!({
        "mode": "allow",
        "patterns": ["*@company.com", "*@*.company.com", "ada@MÜNCHEN.example"],
    }))?;
    let former = AccessConfiguration::parse(&json!({
        "mode": "deny",
        "patterns": ["bob@company.com", "*@competitor.com"],
    }))?;

    // What is wrong is told with its place and what to write instead.
    if let Err(error) = AccessConfiguration::parse(&json!({"mode": "allow", "patterns": ["*company.com"]})) {
        println!("refused: {error}\n");
    }

    // Compile once, share, and ask as often as you like: a verdict takes no lock and allocates nothing.
    let staff_id: PolicyId = "0190d3a1-7c1e-7b7a-9c3e-2f6f3f1f0a11".parse()?;
    let former_id: PolicyId = "0190d3a1-7c1e-7b7a-9c3e-2f6f3f1f0a12".parse()?;
    let rules = AccessRules::of([(staff_id, &staff), (former_id, &former)]);
    let name = |id| if id == staff_id { "staff" } else { "former" };

    for text in [
        "Eve@Company.com",         // allowed: addresses are compared in one canonical form
        "eve@lab.company.com",     // allowed, by the second pattern
        "ada@münchen.example",     // allowed: so are domains of any alphabet
        "bob@company.com",         // refused: a deny match wins, whatever allows
        "mallory@evilcompany.com", // refused: `*` crosses neither the `@` nor into another domain
    ] {
        let email = Email::parse(text)?;
        let explanation = rules.explain(Subject::Identified { email: Some(&email) });
        println!("{email}: {} ({})", explanation.verdict, explanation.verdict.reason);
        for step in &explanation.steps {
            let outcome = match &step.outcome {
                StepOutcome::Matched(rule) => format!("matched {rule}"),
                StepOutcome::NotMatched => "did not match".to_owned(),
                StepOutcome::AddressUnknown => "needs the address".to_owned(),
                StepOutcome::Skipped => "was not asked".to_owned(),
            };
            println!("    {} {}: {outcome}", step.mode, name(step.policy));
        }
    }

    // A caller whose address is unknown, and a guest, who has no name at all.
    println!("address unknown: {}", rules.verdict(Subject::Identified { email: None }).reason);
    println!("guest: {}", rules.verdict(Subject::Guest).reason);
    Ok(())
}
