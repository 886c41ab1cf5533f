//! The policies that the page about policies shows are policies.

use serde_json::Value;
use syft_space_domain::policy::PolicyTypes;

#[test]
fn z4_each_policy_that_the_page_shows_is_taken() {
    let page = include_str!("../../../docs/policies.md");
    let types = PolicyTypes::default();
    let mut shown = Vec::new();
    for block in page.split("```json\n").skip(1) {
        let json: Value = serde_json::from_str(block.split("```").next().unwrap()).unwrap();
        if let Some(name) = json["policy_type"].as_str() {
            types.parse(name, &json["configuration"]).unwrap();
            shown.push(name.to_owned());
        }
    }
    shown.sort();
    let all: Vec<_> = types.iter().map(|policy_type| policy_type.name()).collect();
    assert_eq!(shown, all, "each type is shown once");
}
