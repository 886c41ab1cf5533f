//! Other spaces, played for tests.

use std::collections::HashMap;
use std::future::ready;
use std::sync::{Mutex, MutexGuard, PoisonError};

use syft_space_domain::Pending;
use syft_space_domain::dataset::ports::{RemoteSpaceError, RemoteSpaces};
use syft_space_domain::dataset::{Hits, RemoteEndpoint, SearchQuery};
use syft_space_domain::secret::Secret;
use syft_space_domain::tenant::TenantScope;

/// Plays other spaces: each endpoint answers what a test has given it, to whoever comes with a token.
#[derive(Default)]
pub struct MemoryRemoteSpaces {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    answers: HashMap<String, Result<Hits, RemoteSpaceError>>,
    asked: Vec<(String, String)>,
}

impl MemoryRemoteSpaces {
    /// No endpoint answers yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Has the endpoint of this slug answer so from now on, wherever it is.
    pub fn answer(&self, slug: &str, answer: Result<Hits, RemoteSpaceError>) {
        self.state().answers.insert(slug.to_owned(), answer);
    }

    /// Which tokens came, and the question with each.
    pub fn asked(&self) -> Vec<(String, String)> {
        self.state().asked.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RemoteSpaces for MemoryRemoteSpaces {
    fn ask<'a>(
        &'a self,
        _: &'a TenantScope,
        endpoint: &'a RemoteEndpoint,
        token: &'a Secret<String>,
        query: &'a SearchQuery<'a>,
    ) -> Pending<'a, Result<Hits, RemoteSpaceError>> {
        let mut state = self.state();
        state.asked.push((token.expose().clone(), query.text.to_owned()));
        let unknown = || Err(RemoteSpaceError::Refused("there is no such endpoint".to_owned()));
        let answer = state.answers.get(endpoint.slug.as_str()).cloned().unwrap_or_else(unknown);
        Box::pin(ready(answer))
    }
}
