//! What a decision says, and what it leaves of what was found.

use super::*;
use crate::dataset::{DocumentId, Highlight, Hit};
use crate::policy::{Facts, Finding};

#[test]
fn i1_every_reason_allows_or_refuses_and_has_a_code_of_its_own() {
    let codes: std::collections::HashSet<_> = Reason::ALL.into_iter().map(Reason::as_str).collect();
    assert_eq!(codes.len(), Reason::ALL.len());
    let allowing = Reason::ALL.into_iter().filter(|reason| reason.effect() == Effect::Allow);
    assert_eq!(
        allowing.collect::<Vec<_>>(),
        [Reason::AllowedByPolicy, Reason::NotDenied, Reason::MemberOfTenant]
    );
}

/// Gives chunks that say "secret" another text.
struct Redacts;

impl Rule for Redacts {
    fn evaluate(&self, _: &Facts<'_>) -> Finding {
        Finding::NotMatched
    }

    fn filter(&self, mut hits: Hits, redactions: &mut Redactions) -> Hits {
        for hit in hits.iter_mut().filter(|hit| hit.content.contains("secret")) {
            redactions.count("secret");
            hit.content = hit.content.replace("secret", "…").into();
        }
        hits
    }

    fn description(&self) -> String {
        "Secrets are left out.".to_owned()
    }
}

#[test]
fn k16_of_a_chunk_that_a_filter_changed_no_heading_anchor_or_highlight_is_shown() {
    let location =
        Location { page: Some(3), heading: Some("The secret".to_owned()), anchor: Some("secret".to_owned()) };
    let hit = |content: &str| Hit {
        document: DocumentId::parse("d").unwrap(),
        chunk: 0,
        content: content.into(),
        metadata: Arc::default(),
        location: Arc::new(location.clone()),
        highlight: vec![Highlight { start: 0, end: 6 }],
        score: 0.5,
    };
    let diagnostics = Diagnostics { reason: Reason::MemberOfTenant, decided_by: None, policies: Vec::new() };
    let filters: Vec<Arc<dyn Rule>> = vec![Arc::new(Redacts)];
    let obligations = Vec::new();
    let (limits, retry_after) = (Vec::new(), None);
    let decision = Decision {
        effect: Effect::Allow,
        diagnostics,
        obligations,
        limits,
        retry_after,
        unapproved: None,
        purposes: Vec::new(),
        filters,
        refusing: None,
    };
    let (shown, redactions) = decision.filter(vec![hit("secret"), hit("plain")]);
    assert_eq!(redactions.iter().collect::<Vec<_>>(), [("secret", 1)]);
    let [changed, kept] = <[Hit; 2]>::try_from(shown).unwrap();
    assert_eq!((&*changed.content, &*changed.highlight), ("…", &[][..]));
    assert_eq!(*changed.location, Location { page: Some(3), ..Location::default() });
    assert_eq!(kept, hit("plain"));
}
