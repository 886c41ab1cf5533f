//! The vectors of questions that were asked lately: a question costs one encoding, however often it is asked.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

use crate::encoder::ports::{EncodeError, Encoder};
use crate::encoder::question_turns::QuestionTurns;
use crate::encoder::{Embedding, ModelRevision};
use crate::ids::TenantId;

/// The most bytes of vectors that are kept of one tenant's questions: some hundred of a usual model.
const MAX_BYTES_PER_TENANT: usize = 160 * 1024;
/// Of how many tenants questions are kept.
const MAX_TENANTS: usize = 128;

/// Keeps vectors of questions, for each tenant by itself: how fast an answer comes tells nobody what another tenant asked.
#[derive(Clone, Default)]
pub struct QuestionCache {
    cached: Arc<Mutex<Cached>>,
    turns: QuestionTurns,
}

#[derive(Default)]
struct Cached {
    tenants: HashMap<TenantId, Questions>,
    /// Counts uses: whose tenant was used last has the highest.
    uses: u64,
}

/// The questions of one tenant, the one that was asked last behind the others.
#[derive(Default)]
struct Questions {
    asked: VecDeque<(Key, Arc<Embedding>)>,
    bytes: usize,
    last_use: u64,
}

/// A question to a model, by its SHA-256: a question may be long.
type Key = (ModelRevision, [u8; 32]);

impl QuestionCache {
    /// The vector of a question.
    ///
    /// # Errors
    /// When it was not asked lately and the encoder fails; [`Busy`](EncodeError::Busy) also where too many questions of the
    /// tenant wait for one already.
    pub async fn embedding(
        &self,
        tenant: TenantId,
        encoder: &dyn Encoder,
        question: &str,
    ) -> Result<Arc<Embedding>, EncodeError> {
        let key = (encoder.model().revision(), Sha256::digest(question).into());
        if let Some(kept) = self.cached().get(tenant, &key) {
            return Ok(kept);
        }
        let _turn = self.turns.take(tenant, key.0).await?;
        // Somebody may have asked it meanwhile.
        if let Some(kept) = self.cached().get(tenant, &key) {
            return Ok(kept);
        }
        let encoded = encoder.encode(&[question]).await?;
        let embedding = encoded.into_iter().next();
        let embedding =
            embedding.ok_or_else(|| EncodeError::Failed("a question has got no vector".to_owned()))?;
        let embedding = Arc::new(embedding);
        self.cached().put(tenant, key, Arc::clone(&embedding));
        Ok(embedding)
    }

    fn cached(&self) -> MutexGuard<'_, Cached> {
        self.cached.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cached {
    fn get(&mut self, tenant: TenantId, key: &Key) -> Option<Arc<Embedding>> {
        let questions = self.tenants.get_mut(&tenant)?;
        let at = questions.asked.iter().position(|(asked, _)| asked == key)?;
        let (key, embedding) = questions.asked.remove(at)?;
        questions.asked.push_back((key, Arc::clone(&embedding)));
        self.uses = self.uses.saturating_add(1);
        questions.last_use = self.uses;
        Some(embedding)
    }

    fn put(&mut self, tenant: TenantId, key: Key, embedding: Arc<Embedding>) {
        self.uses = self.uses.saturating_add(1);
        let questions = self.tenants.entry(tenant).or_default();
        questions.last_use = self.uses;
        // Two may have asked it at once.
        if questions.asked.iter().all(|(asked, _)| *asked != key) {
            questions.bytes = questions.bytes.saturating_add(bytes(&embedding));
            questions.asked.push_back((key, embedding));
        }
        while questions.bytes > MAX_BYTES_PER_TENANT
            && let Some((_, oldest)) = questions.asked.pop_front()
        {
            questions.bytes = questions.bytes.saturating_sub(bytes(&oldest));
        }
        if self.tenants.len() > MAX_TENANTS {
            let longest_unused = self.tenants.iter().min_by_key(|(_, questions)| questions.last_use);
            if let Some(tenant) = longest_unused.map(|(tenant, _)| *tenant) {
                self.tenants.remove(&tenant);
            }
        }
    }
}

fn bytes(embedding: &Embedding) -> usize {
    embedding.dimension().saturating_mul(size_of::<f32>())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_executor::block_on;

    use super::*;
    use crate::Pending;
    use crate::encoder::{EncoderModel, ModelId};

    /// Counts what it is asked, and says which model it is.
    struct Counting(EncoderModel, AtomicUsize);

    impl Counting {
        fn new(revision: u8, dimension: usize) -> Self {
            let id = ModelId::parse("m").unwrap();
            let revision = ModelRevision::from_bytes([revision; 32]);
            Self(EncoderModel::new(id, revision, dimension, 9).unwrap(), AtomicUsize::new(0))
        }

        fn asked(&self) -> usize {
            self.1.load(Ordering::Relaxed)
        }
    }

    impl Encoder for Counting {
        fn model(&self) -> &EncoderModel {
            &self.0
        }

        fn encode<'a>(&'a self, texts: &'a [&'a str]) -> Pending<'a, Result<Vec<Embedding>, EncodeError>> {
            self.1.fetch_add(1, Ordering::Relaxed);
            let length = texts.iter().map(|text| text.len()).sum::<usize>();
            let mut components = vec![1.0; self.0.dimension()];
            components[0] = f32::from(u8::try_from(length).unwrap());
            Box::pin(async move { Ok(vec![Embedding::of_direction(components).unwrap()]) })
        }
    }

    fn tenant(n: usize) -> TenantId {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&n.to_le_bytes());
        TenantId::from_bytes(bytes)
    }

    #[test]
    fn q2_a_question_is_encoded_once_for_each_tenant_and_model() {
        let cache = QuestionCache::default();
        let (first, second) = (Counting::new(1, 4), Counting::new(2, 4));
        let ask = |of: usize, encoder: &Counting, question: &str| {
            block_on(cache.embedding(tenant(of), encoder, question)).unwrap()
        };
        let fresh = ask(1, &first, "who?");
        assert_eq!((ask(1, &first, "who?"), first.asked()), (fresh, 1));
        assert_ne!(ask(1, &first, "who is it?"), ask(1, &first, "who?"));
        assert_eq!(first.asked(), 2);
        ask(2, &first, "who?");
        assert_eq!(first.asked(), 3, "another tenant's question is encoded as if nobody had asked it");
        ask(1, &second, "who?");
        assert_eq!(second.asked(), 1, "another model has other vectors");
    }

    #[test]
    fn q2_what_is_kept_of_questions_is_bounded_for_each_tenant_and_over_all() {
        let cache = QuestionCache::default();
        let large = Counting::new(1, 4_096);
        let fits = MAX_BYTES_PER_TENANT / (4_096 * 4);
        let ask = |of: usize, question: usize| {
            block_on(cache.embedding(tenant(of), &large, &question.to_string())).unwrap();
        };
        for question in 0..=fits {
            ask(0, question);
        }
        assert_eq!(cache.cached().tenants[&tenant(0)].asked.len(), fits);
        let before = large.asked();
        ask(0, fits);
        assert_eq!(large.asked(), before, "the last is kept");
        ask(0, 0);
        assert_eq!(large.asked(), before + 1, "the first had gone");
        for of in 1..=MAX_TENANTS {
            ask(of, 0);
        }
        let kept = cache.cached();
        assert_eq!(kept.tenants.len(), MAX_TENANTS);
        assert!(!kept.tenants.contains_key(&tenant(0)), "who asked longest ago is forgotten");
    }
}
