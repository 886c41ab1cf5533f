//! Many who ask at once, and some who stop waiting.

use std::task::{Context, Waker};
use std::thread;

use syft_space_domain::dataset::{VectorKey, VectorQuery};

use super::{apply, apply_to, ask, encoded, key, places, question, random};
use crate::fixture::VectorsFactory;
use crate::sample::scope;

/// Four threads each of two tenants ask, beside changes that do not concern what they ask for.
pub fn q2_who_asks_for_vectors_at_once_gets_the_own_answer(make: &VectorsFactory) {
    let fixture = make();
    let index = &*fixture.adapter;
    let keys: [VectorKey; 2] = [key(1), key(2)];
    for (tenant, key) in (1..).zip(keys) {
        let documents = (0..50_u64).map(|n| encoded(n + 1, &format!("t{tenant}-{n}"), vec![random(n)]));
        apply_to(index, &scope(tenant), key, &documents.collect::<Vec<_>>());
    }
    thread::scope(|threads| {
        for worker in 0..8_u64 {
            threads.spawn(move || {
                let tenant = worker % 2 + 1;
                let key = if tenant == 1 { keys[0] } else { keys[1] };
                for n in 0..50_u64 {
                    let number = (n + worker * 7) % 50;
                    let found = ask(index, tenant, key, &random(number), 1, -1.0);
                    let document = format!("t{tenant}-{number}");
                    assert_eq!(places(&found), [(document.as_str(), 0)], "each gets the own answer");
                }
            });
        }
        threads.spawn(move || {
            for n in 51..=60_u64 {
                apply(index, &[encoded(n, &format!("other-{n}"), vec![random(n + 100)])]);
            }
        });
    });
}

/// A future that is dropped before its time has no effect on others.
pub fn q2_who_stops_waiting_for_vectors_disturbs_nobody(make: &VectorsFactory) {
    let fixture = make();
    let index = &*fixture.adapter;
    apply(index, &[encoded(1, "a", vec![question()])]);
    let embedding = random(3);
    for polled in [false, true] {
        for _ in 0..40 {
            let query = VectorQuery::new(&embedding, 9, -1.0).expect("a valid query");
            let scope = scope(1);
            let mut waiting = index.nearest(&scope, key(1), query);
            if polled {
                let _ = waiting.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            }
        }
        let found = ask(index, 1, key(1), &question(), 9, 0.5);
        assert_eq!(places(&found), [("a", 0)], "the next question is answered as ever");
    }
}
