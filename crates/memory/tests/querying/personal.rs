//! What a call shows where a policy takes away personal data.

use serde_json::json;
use syft_space_domain::dataset::ContextSize;
use syft_space_domain::endpoint::{Conversation, Query};

use crate::world::{World, block_on, references};

#[test]
fn z4_personal_data_is_shown_neither_in_a_hit_nor_in_what_stands_around_it() {
    let world = World::new();
    world.put(
        "duty",
        "# Monday\nAda, ada@harbor.example.\n\n# Tuesday\nBob keeps the light: +49 40 1234567.\n",
    );
    let shown = || {
        let query = Query::new(Conversation::of_question("keeps light".to_owned()).unwrap(), 1, 0.0).unwrap();
        let query = query.with_context(ContextSize::parse(1).unwrap());
        let answer = block_on(world.open(&world.member).unwrap().run(query)).unwrap();
        let [part] = references(answer).try_into().unwrap();
        let around = part.contexts.iter().flat_map(|around| around.before.iter().chain(&around.after));
        part.documents.iter().chain(around).map(|hit| hit.content.to_string()).collect::<Vec<_>>().join("\n")
    };
    assert!(shown().contains("+49 40 1234567") && shown().contains("ada@harbor.example"), "{}", shown());
    world.attach_all(&[("pii_filter", json!({ "kinds": ["email"] }))]);
    assert!(shown().contains("Bob keeps the light: +49 40 1234567."), "{}", shown());
    assert!(shown().contains("Ada, [email]."), "{}", shown());
    world.attach_all(&[
        ("pii_filter", json!({ "kinds": ["email", "phone"] })),
        ("pii_filter", json!({ "kinds": [], "patterns": [{ "name": "keeper", "pattern": "Ada|Bob" }] })),
    ]);
    assert!(shown().contains("[keeper] keeps the light: [phone]."), "{}", shown());
    assert!(shown().contains("[keeper], [email]."), "{}", shown());
}
