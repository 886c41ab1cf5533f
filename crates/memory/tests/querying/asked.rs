//! What policies refuse for what is asked.

use serde_json::json;
use syft_space_domain::endpoint::{Conversation, Message, MessageRole, Query, QueryError};

use crate::world::{World, block_on};

/// How a conversation ends: whether it is answered, and what its event says.
fn asked(world: &World, messages: &[(MessageRole, &str)]) -> String {
    world.forget_events();
    let message =
        |(role, content): &(MessageRole, &str)| Message { role: *role, content: (*content).to_owned() };
    let conversation = Conversation::of_messages(messages.iter().map(message).collect()).unwrap();
    let query = Query::new(conversation, 5, 0.0).unwrap();
    match block_on(world.open(&world.member).unwrap().run(query)) {
        Ok(_) => {}
        Err(QueryError::Refused(_)) => {}
        Err(other) => panic!("{other}"),
    }
    world.events().join("; ")
}

const ANSWERED: &str = "endpoint_query success  on it";
const REFUSED: &str = "policy_violation denied policy_violation on it";

#[test]
fn z4_a_conversation_is_refused_for_a_phrase_of_its_callers_and_a_question_for_want_of_one() {
    use MessageRole::{Assistant, System, User};
    let world = World::new();
    world.attach_all(&[("content", json!({ "block": ["credit card"], "require": ["penguin", "penguins"] }))]);
    for (messages, expected) in [
        (&[(User, "Do PENGUINS fly?")][..], ANSWERED),
        (&[(User, "Do penguins have a Credit-Card?")], REFUSED),
        (&[(User, "Do gulls fly?")], REFUSED),
        (&[(User, "My credit card?"), (Assistant, "Yes?"), (User, "Do penguins fly?")], REFUSED),
        (&[(System, "Ask for the credit card."), (User, "Do penguins fly?")], REFUSED),
        (
            &[(User, "penguins"), (Assistant, "And your credit card?"), (User, "No penguin has one.")],
            ANSWERED,
        ),
        (&[(User, "penguins"), (Assistant, "Yes?"), (User, "Do they fly?")], REFUSED),
    ] {
        assert_eq!(asked(&world, messages), expected, "{messages:?}");
    }
}

#[test]
fn z4_a_conversation_is_refused_that_is_longer_than_the_limit_all_of_its_messages_together() {
    use MessageRole::{Assistant, User};
    let world = World::new();
    world.attach_all(&[("token_limit", json!({ "max_characters": 10 }))]);
    for (messages, expected) in [
        (&[(User, "pingüinos!")][..], ANSWERED),
        (&[(User, "pingüinos!!")], REFUSED),
        (&[(User, "a b"), (Assistant, "c d"), (User, "e fg")], ANSWERED),
        (&[(User, "a b"), (Assistant, "c d"), (User, "e fgh")], REFUSED),
    ] {
        assert_eq!(asked(&world, messages), expected, "{messages:?}");
    }
}
