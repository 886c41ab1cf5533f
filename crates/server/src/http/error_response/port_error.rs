//! The failures of ports as responses.

use syft_space_domain::PortError;
use syft_space_domain::dataset::ports::{RemoteSpaceError, SearchError, VectorIndexError};
use syft_space_domain::encoder::ports::EncodeError;
use syft_space_domain::identity::SigningKeysError;
use syft_space_domain::identity::ports::HashingError;
use syft_space_domain::provisioning::DatabaseError;

use super::internal;
use crate::http::problem::Problem;
use crate::http::reason::Reason;

impl From<PortError> for Problem {
    fn from(error: PortError) -> Self {
        match error {
            PortError::Store(error) => error.into(),
            PortError::Random(error) => error.into(),
            PortError::Hashing(HashingError::Overloaded { retry_after }) => {
                let problem =
                    Self::new(Reason::Overloaded, "too many logins at the moment; try again shortly");
                problem.retry_after(retry_after.as_secs())
            }
            PortError::Search(SearchError::Full) => Self::new(Reason::StorageFull, SearchError::Full),
            PortError::Search(SearchError::Damaged(dataset)) => {
                tracing::error!(%dataset, "an index is damaged; `syft-space reindex` rebuilds it");
                Self::new(Reason::Unavailable, "the index is damaged; its operator must rebuild it")
            }
            PortError::Vectors(VectorIndexError::Full) => {
                Self::new(Reason::StorageFull, VectorIndexError::Full)
            }
            PortError::Vectors(error @ VectorIndexError::Busy) => Self::new(Reason::Overloaded, error),
            PortError::Encoding(error @ EncodeError::Busy) => Self::new(Reason::Overloaded, error),
            PortError::Encoding(error) => {
                // Whoever encodes documents with it tells the operator, once in a while.
                tracing::debug!(%error, "an encoder cannot be used");
                Self::new(
                    Reason::Unavailable,
                    "the dataset's encoder cannot be used at the moment; ask its operator",
                )
            }
            PortError::Vectors(error @ VectorIndexError::NotReady(_)) => {
                Self::new(Reason::Unavailable, error)
            }
            PortError::Vectors(error) => {
                tracing::error!(%error, "a dataset's vectors cannot be used");
                let detail = match error {
                    VectorIndexError::Damaged(_) => "the dataset's vectors are made anew; try again later",
                    _ => "the dataset's vectors cannot be used at the moment; try again later",
                };
                Self::new(Reason::Unavailable, detail)
            }
            PortError::RemoteSpace(error @ RemoteSpaceError::Busy) => Self::new(Reason::Overloaded, error),
            PortError::RemoteSpace(error) => {
                // Whoever may search the dataset sees it; a caller could fill the log with it.
                tracing::debug!(%error, "another space is not asked");
                let detail = if error.needs_owner() {
                    "the space that this dataset asks refuses, or cannot be called: the owner of this space sees why in a search of the dataset, and \
                     waiting does not help"
                } else {
                    "the space that this dataset asks does not answer at the moment; try again later"
                };
                Self::new(Reason::Unavailable, detail)
            }
            PortError::Database(error @ DatabaseError::Off) => Self::new(Reason::Unavailable, error),
            PortError::Database(error) => {
                // Whoever keeps databases tells the operator.
                tracing::debug!(%error, "a dataset's database cannot be used");
                Self::new(
                    Reason::Unavailable,
                    "the database that the space makes for this dataset is being made or looked for, or its engine is away; try again later, and \
                     tell the operator if that goes on",
                )
            }
            // The ledger has told the operator already.
            PortError::ErasureLedger(error) => {
                tracing::debug!(%error, "an erasure is refused");
                Self::new(
                    Reason::Unavailable,
                    "nobody can be erased at the moment, and nothing was begun: the folder in which the operator keeps who was erased cannot \
                     be written; tell the operator",
                )
            }
            PortError::Live(error) => {
                tracing::error!(%error, "no snapshot to answer from");
                Self::new(Reason::Unavailable, "the tenant's state is not to be had at the moment; try again")
            }
            PortError::Hashing(error) => internal(&error),
            PortError::SigningKeys(error @ SigningKeysError::TooMany(_)) => {
                Self::new(Reason::Conflict, error)
            }
            PortError::SigningKeys(error) => internal(&error),
            PortError::Signing(error) => internal(&error),
            PortError::Search(error) => internal(&error),
            PortError::Extract(error) => internal(&error),
            PortError::Sealing(error) => internal(&error),
        }
    }
}
