//! Encoders with one fault each.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use syft_space_conformance::{EncoderFactory, encoder, sample};
use syft_space_domain::Pending;
use syft_space_domain::encoder::ports::{EncodeError, Encoder, MAX_TEXTS};
use syft_space_domain::encoder::{Embedding, EncoderModel};
use syft_space_memory::MemoryEncoder;

use crate::went_away::WentAway;
use crate::{assert_caught, broken_promises};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    ReversesOrder,
    AddsAComponent,
    CountsCalls,
    LooksAtItsNeighbours,
    RefusesTheEmptyText,
    ReadsTheEnd,
    TakesAnyNumber,
    MixesUpWhoAsks,
    FailsOnceSomebodyWentAway,
}

struct FaultyEncoder {
    inner: MemoryEncoder,
    fault: Fault,
    calls: AtomicUsize,
    shared: Mutex<Vec<Embedding>>,
    went_away: WentAway,
}

impl FaultyEncoder {
    async fn encode_all(&self, texts: &[&str]) -> Result<Vec<Embedding>, EncodeError> {
        let mut embeddings = Vec::new();
        for part in texts.chunks(MAX_TEXTS) {
            embeddings.extend(self.inner.encode(part).await?);
        }
        Ok(embeddings)
    }

    /// As many copies of one text's vector as there are texts.
    async fn copies(&self, text: &str, texts: &[&str]) -> Result<Vec<Embedding>, EncodeError> {
        self.encode_all(&vec![text; texts.len()]).await
    }

    async fn encode_wrongly(&self, texts: &[&str]) -> Result<Vec<Embedding>, EncodeError> {
        if texts.len() > MAX_TEXTS && self.fault != Fault::TakesAnyNumber {
            return Err(EncodeError::TooMany(texts.len()));
        }
        let mut embeddings = self.encode_all(texts).await?;
        match self.fault {
            Fault::None | Fault::TakesAnyNumber => {}
            Fault::ReversesOrder => embeddings.reverse(),
            Fault::AddsAComponent => {
                for embedding in &mut embeddings {
                    let longer = [embedding.as_slice(), &[0.0]].concat();
                    *embedding = Embedding::of_unit(longer).expect("still of length 1");
                }
            }
            Fault::CountsCalls => {
                let call = self.calls.fetch_add(1, Ordering::SeqCst);
                return self.copies(&format!("call {call}"), texts).await;
            }
            Fault::LooksAtItsNeighbours => return self.copies(&texts.join(" "), texts).await,
            Fault::RefusesTheEmptyText => {
                if texts.iter().any(|text| text.trim().is_empty()) {
                    return Err(EncodeError::Failed("nothing to encode".to_owned()));
                }
            }
            Fault::ReadsTheEnd => {
                let longest = self.model().longest_input();
                let ends = texts.iter().map(|text| {
                    let words: Vec<_> = text.split_whitespace().collect();
                    words.get(words.len().saturating_sub(longest)..).unwrap_or_default().join(" ")
                });
                let ends: Vec<String> = ends.collect();
                return self.encode_all(&ends.iter().map(String::as_str).collect::<Vec<_>>()).await;
            }
            Fault::MixesUpWhoAsks => {
                *self.shared.lock().expect("no panic holds it") = embeddings;
                thread::sleep(Duration::from_millis(1));
                return Ok(self.shared.lock().expect("no panic holds it").clone());
            }
            Fault::FailsOnceSomebodyWentAway => {
                if self.went_away.has_happened() {
                    return Err(EncodeError::Busy);
                }
                self.went_away.wait_once().await;
            }
        }
        Ok(embeddings)
    }
}

impl Encoder for FaultyEncoder {
    fn model(&self) -> &EncoderModel {
        self.inner.model()
    }

    fn encode<'a>(&'a self, texts: &'a [&'a str]) -> Pending<'a, Result<Vec<Embedding>, EncodeError>> {
        Box::pin(self.encode_wrongly(texts))
    }
}

fn faulty(fault: Fault) -> Box<EncoderFactory> {
    Box::new(move || {
        Box::new(FaultyEncoder {
            inner: MemoryEncoder::new(sample::encoder_model()),
            fault,
            calls: AtomicUsize::new(0),
            shared: Mutex::default(),
            went_away: WentAway::default(),
        })
    })
}

#[test]
fn an_encoder_without_a_fault_breaks_no_promise() {
    assert_eq!(broken_promises(encoder::CHECKS, &*faulty(Fault::None)), [""; 0]);
}

#[test]
fn q2_an_encoder_with_a_fault_is_caught_by_the_promise_that_it_breaks() {
    for (fault, promise) in [
        (Fault::ReversesOrder, "q2_each_text_has_its_vector_in_order"),
        (Fault::AddsAComponent, "q2_every_vector_has_the_models_dimension"),
        (Fault::CountsCalls, "q2_the_same_model_gives_the_same_text_the_same_vector"),
        (Fault::LooksAtItsNeighbours, "q2_the_texts_beside_it_change_no_vector"),
        (Fault::RefusesTheEmptyText, "q2_any_text_has_a_vector"),
        (Fault::ReadsTheEnd, "q2_of_a_text_that_is_too_long_the_beginning_counts"),
        (Fault::TakesAnyNumber, "q2_more_texts_than_one_call_takes_are_refused"),
        (Fault::MixesUpWhoAsks, "q2_those_who_ask_at_once_all_get_their_own"),
        (Fault::FailsOnceSomebodyWentAway, "q2_who_stops_waiting_disturbs_nobody"),
    ] {
        assert_caught(encoder::CHECKS, &*faulty(fault), promise);
    }
}
