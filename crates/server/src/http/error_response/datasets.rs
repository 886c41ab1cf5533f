//! The errors of datasets and of their documents as responses.

use syft_space_domain::PortError;
use syft_space_domain::dataset::ports::RemoteSpaceError;
use syft_space_domain::dataset::{
    DatasetError, IngestError, RemoteIncomplete, SearchDatasetError, UploadError, VectorLocationError,
};

use crate::http::problem::Problem;
use crate::http::reason::Reason;

impl From<DatasetError> for Problem {
    fn from(error: DatasetError) -> Self {
        match error {
            DatasetError::Authorization(error) => error.into(),
            DatasetError::NotFound | DatasetError::NoJob => Self::new(Reason::NotFound, error),
            DatasetError::NameTaken => Self::new(Reason::NameTaken, error),
            DatasetError::Changed => Self::new(Reason::Changed, error),
            DatasetError::JobEnded(_) => Self::new(Reason::Conflict, error),
            DatasetError::InUse(_) => Self::new(Reason::InUse, error),
            DatasetError::LimitReached(_) | DatasetError::TooManyDatabases => {
                Self::new(Reason::LimitReached, error)
            }
            DatasetError::UnknownEncoder { .. }
            | DatasetError::EncoderNeeded(_)
            | DatasetError::Retrieval(_) => Self::field("/encoder", error),
            DatasetError::Vectors(error @ VectorLocationError::NoUrl) => {
                Self::field("/configuration/url", error)
            }
            DatasetError::Vectors(error @ VectorLocationError::NotOffered(_)) => {
                Self::field("/configuration/provisioned", error)
            }
            DatasetError::Vectors(error @ VectorLocationError::RemoteIncomplete(RemoteIncomplete(part))) => {
                Self::field(format!("/configuration/{part}"), error)
            }
            DatasetError::Vectors(error @ VectorLocationError::RemoteStays) => Self::field("/dtype", error),
            DatasetError::Vectors(
                error @ (VectorLocationError::NoDatabase
                | VectorLocationError::NotRemote
                | VectorLocationError::NoRemoteCredential
                | VectorLocationError::Described),
            ) => Self::field("/configuration", error),
            DatasetError::NoMarketplace => Self::field("/configuration/marketplace_id", error),
            DatasetError::OwnAccount => Self::field("/configuration/owner", error),
            DatasetError::RemoteSearch => Self::new(Reason::Invalid, error),
            DatasetError::PortError(error) => error.into(),
        }
    }
}

impl From<IngestError> for Problem {
    fn from(error: IngestError) -> Self {
        match error {
            IngestError::Authorization(error) => error.into(),
            IngestError::NoDataset | IngestError::NoDocument => Self::new(Reason::NotFound, error),
            IngestError::TooManyDocuments(_) | IngestError::TooManyBytes(_) | IngestError::TooManyJobs => {
                Self::new(Reason::LimitReached, error)
            }
            IngestError::Ended(_) | IngestError::Remote => Self::new(Reason::Conflict, error),
            IngestError::PortError(error) => error.into(),
        }
    }
}

impl From<UploadError> for Problem {
    fn from(error: UploadError) -> Self {
        match error {
            UploadError::Twice(_) | UploadError::TooMany | UploadError::NoFile => {
                Self::new(Reason::Invalid, error)
            }
            UploadError::Ingest(error) => error.into(),
        }
    }
}

impl From<SearchDatasetError> for Problem {
    fn from(error: SearchDatasetError) -> Self {
        match error {
            SearchDatasetError::Authorization(error) => error.into(),
            SearchDatasetError::NotFound => Self::new(Reason::NotFound, error),
            // Members are told what endpoints keep from their callers: what is wrong, and with whom.
            SearchDatasetError::PortError(PortError::RemoteSpace(error))
                if error != RemoteSpaceError::Busy =>
            {
                Self::new(Reason::Unavailable, error)
            }
            SearchDatasetError::PortError(error) => error.into(),
        }
    }
}
