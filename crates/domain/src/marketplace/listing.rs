//! An endpoint that is shown on a marketplace.

use crate::as_text::text_enum;
use crate::endpoint::Slug;
use crate::ids::{EndpointId, ListingId, MarketplaceId};
use crate::time::Timestamp;

/// An endpoint on a marketplace, as it is wanted and as it is known to be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// Its id.
    pub id: ListingId,
    /// What is shown. It may be gone already: then the hub is still to be told.
    pub endpoint: EndpointId,
    /// By which slug the hub knows it. A slug is listed once on a marketplace.
    pub slug: Slug,
    /// Where. An endpoint is listed once on a marketplace.
    pub marketplace: MarketplaceId,
    /// How far it is.
    pub state: ListingState,
    /// Why the last attempt to tell the hub failed; `None` after one that succeeded.
    pub last_error: Option<String>,
    /// When the hub was last told with success.
    pub told_at: Option<Timestamp>,
    /// When it is told next, at the earliest.
    pub due_at: Timestamp,
    /// How many attempts have failed since the last that succeeded.
    pub failures: u32,
    /// Counts its changes.
    pub revision: u64,
    /// When it was asked for.
    pub created_at: Timestamp,
}

impl Listing {
    /// The listing of which the hub is told anew at the next occasion.
    pub(crate) fn due(self, now: Timestamp) -> Self {
        Self { due_at: now, failures: 0, revision: self.revision + 1, ..self }
    }

    /// The listing on its way out: the hub is told at the next occasion.
    pub(super) fn removing(self, now: Timestamp) -> Self {
        let revision = self.revision + 1;
        Self { state: ListingState::Removing, due_at: now, failures: 0, last_error: None, revision, ..self }
    }
}

text_enum! {
    /// How far a listing is.
    pub enum ListingState {
        /// The hub is still to be told of it, or of its last change.
        Pending = "pending",
        /// The hub shows it.
        Listed = "listed",
        /// The hub has come to send its callers to another address.
        Displaced = "displaced",
        /// It is to go; the row goes when the hub has been told.
        Removing = "removing",
    }

    /// A text that is no state of a listing.
    #[error("a listing is pending, listed, displaced or removing")]
    pub struct ListingStateError;
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// One that a hub was told of, and could not be told of since.
    pub(in crate::marketplace) fn listing() -> Listing {
        let at = Timestamp::from_unix_micros;
        Listing {
            id: ListingId::from_bytes([1; 16]),
            endpoint: EndpointId::from_bytes([2; 16]),
            slug: Slug::parse("drawer").unwrap(),
            marketplace: MarketplaceId::from_bytes([3; 16]),
            state: ListingState::Listed,
            last_error: Some("the hub cannot be reached".to_owned()),
            told_at: Some(at(5)),
            due_at: at(90),
            failures: 4,
            revision: 7,
            created_at: at(1),
        }
    }

    #[test]
    fn f7_what_is_wanted_anew_is_told_at_once_however_often_it_failed_before() {
        let (known, now) = (listing(), Timestamp::from_unix_micros(50));
        let due = known.clone().due(now);
        assert_eq!(due, Listing { due_at: now, failures: 0, revision: 8, ..known.clone() });
        let removing = known.clone().removing(now);
        let state = ListingState::Removing;
        assert_eq!(
            removing,
            Listing { state, due_at: now, failures: 0, last_error: None, revision: 8, ..known }
        );
    }
}
