//! What stands around the chunks that a call answers with.

use std::pin::pin;

use serde_json::json;
use syft_space_domain::dataset::{ContextSize, Hits};
use syft_space_domain::endpoint::{Answer, Conversation, Query};

use crate::ports::{Search, Submit};
use crate::world::{World, block_on, poll, references};

/// Each section is a chunk.
const LOGBOOK: &str =
    "# A\nPuffins nest.\n\n# B\nGulls hunt.\n\n# C\nTerns fly.\n\n# D\nOwls sleep.\n\n# E\nSwans swim.\n";

fn world() -> World {
    let world = World::new();
    world.put("logbook", LOGBOOK);
    world.put(
        "logbook-2",
        &LOGBOOK.replace("Puffins", "Ravens").replace("Gulls", "Crows").replace("Terns", "Finches"),
    );
    world
}

fn query(question: &str, context: u64) -> Query {
    let query = Query::new(Conversation::of_question(question.to_owned()).unwrap(), 5, 0.0).unwrap();
    query.with_context(ContextSize::parse(context).unwrap())
}

/// Which text is in a chunk, without its heading.
fn texts(chunks: &Hits) -> String {
    let texts: Vec<&str> = chunks.iter().map(|chunk| chunk.content.split_once('\n').unwrap().1).collect();
    texts.join(" ")
}

/// What is shown: of each hit, in the order of their texts, what stands before it, itself, and what stands behind it.
fn shown(world: &World, query: Query) -> Vec<[String; 3]> {
    of_answer(block_on(world.open(&world.member).unwrap().run(query)).unwrap())
}

fn of_answer(answer: Answer) -> Vec<[String; 3]> {
    let [part] = references(answer).try_into().unwrap();
    assert_eq!(part.documents.len(), part.contexts.len());
    let hits = part.documents.into_iter().zip(&part.contexts);
    let mut shown: Vec<_> =
        hits.map(|(hit, around)| [texts(&around.before), texts(&vec![hit]), texts(&around.after)]).collect();
    shown.sort_by(|one, other| one[1].cmp(&other[1]));
    shown
}

fn rows<const N: usize>(rows: [[&str; 3]; N]) -> Vec<[String; 3]> {
    rows.iter().map(|row| row.map(str::to_owned)).collect()
}

#[test]
fn q2_a_hit_is_shown_with_what_stands_around_it_in_its_own_document_and_less_at_its_ends() {
    let world = world();
    let [alone] = references(block_on(world.open(&world.member).unwrap().run(query("terns", 0))).unwrap())
        .try_into()
        .unwrap();
    assert_eq!((alone.documents.len(), alone.contexts.len()), (1, 0), "nobody asked for more");
    for (question, context, expected) in [
        ("terns", 1, ["Gulls hunt.", "Terns fly.", "Owls sleep."]),
        ("terns", 2, ["Puffins nest. Gulls hunt.", "Terns fly.", "Owls sleep. Swans swim."]),
        ("terns", 3, ["Puffins nest. Gulls hunt.", "Terns fly.", "Owls sleep. Swans swim."]),
        ("puffins", 1, ["", "Puffins nest.", "Gulls hunt."]),
        ("finches", 1, ["Crows hunt.", "Finches fly.", "Owls sleep."]),
    ] {
        assert_eq!(shown(&world, query(question, context)), rows([expected]), "{question} {context}");
    }
    let last = shown(&world, query("swans", 1));
    assert_eq!(last, rows([["Owls sleep.", "Swans swim.", ""], ["Owls sleep.", "Swans swim.", ""]]));
}

#[test]
fn q2_of_two_hits_side_by_side_each_stands_around_the_other() {
    let expected =
        rows([["Puffins nest.", "Gulls hunt.", "Terns fly."], ["Gulls hunt.", "Terns fly.", "Owls sleep."]]);
    assert_eq!(shown(&world(), query("gulls terns", 1)), expected);
}

#[test]
fn z2_what_a_policy_takes_from_a_hit_it_takes_from_what_stands_around_one() {
    let world = world();
    let without = |dropped: &str, blacked_out: &str| {
        world.attach_all(&[("without", json!({ "dropped": dropped, "blacked_out": blacked_out }))]);
    };
    without("Owls", "Gulls");
    assert_eq!(shown(&world, query("terns", 1)), rows([["### hunt.", "Terns fly.", ""]]));
    // A hit that is changed or dropped is so beside another as well.
    let expected = rows([["Puffins nest.", "### hunt.", "Terns fly."], ["### hunt.", "Terns fly.", ""]]);
    assert_eq!(shown(&world, query("gulls terns", 1)), expected);
    without("Gulls", "Puffins");
    assert_eq!(shown(&world, query("gulls terns", 1)), rows([["", "Terns fly.", "Owls sleep."]]));
    // Nothing is shown of what stands around a hit that is not.
    assert_eq!(shown(&world, query("gulls", 3)), rows([]));
    world.attach_all(&[("nothing", json!({}))]);
    assert_eq!(shown(&world, query("terns", 3)), rows([]));
}

#[test]
fn z2_a_policy_that_comes_while_the_answer_waits_takes_from_what_stands_around_a_hit() {
    let world = world();
    let call = world.open(&world.member).unwrap();
    world.store.set(Submit::Hold);
    let mut run = pin!(call.run(query("terns", 1)));
    assert!(poll(run.as_mut()).is_pending());
    let without = json!({ "dropped": "Owls", "blacked_out": "Gulls" });
    world.store.ahead(|| world.attach_all(&[("without", without.clone())]));
    world.store.set(Submit::Run);
    assert_eq!(of_answer(block_on(run).unwrap()), rows([["### hunt.", "Terns fly.", ""]]));
}

#[test]
fn q2_nothing_is_shown_around_a_hit_of_a_document_that_was_replaced_since() {
    let world = world();
    for (text, expected) in [
        (LOGBOOK.replace("Gulls", "Magpies"), ["Magpies hunt.", "Terns fly.", "Owls sleep."]),
        (LOGBOOK.replace("Terns", "Swifts"), ["", "Terns fly.", ""]),
        ("# A\nPuffins nest.\n".to_owned(), ["", "Terns fly.", ""]),
    ] {
        world.put("logbook", LOGBOOK);
        world.engine.set(Search::WaitBetween);
        let mut run = pin!(world.open(&world.member).unwrap().run(query("terns", 1)));
        assert!(poll(run.as_mut()).is_pending());
        world.put("logbook", &text);
        world.engine.set(Search::Answer);
        assert_eq!(of_answer(block_on(run).unwrap()), rows([expected]), "{text}");
    }
}
