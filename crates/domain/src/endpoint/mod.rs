//! Endpoints, which are published under a slug and queried.

mod answer;
mod call;
mod call_record;
mod conversation;
mod correlation_id;
mod list;
mod manage;
mod name;
mod own_access;
pub mod ports;
mod query;
mod slug;

pub use answer::{Answer, AnswerPart, AnswerParts, References};
pub use call::{QueryCall, check_visible};
pub use conversation::{Conversation, ConversationError, Message, MessageRole};
pub use correlation_id::{CorrelationId, CorrelationIdError};
pub use list::{ListedEndpoints, endpoints};
pub use manage::{
    ChangeEndpoint, EndpointError, NewEndpoint, change_endpoint, create_endpoint, endpoint, remove_endpoint,
};
pub use name::EndpointName;
pub use own_access::{ForecastQuery, OwnAccess, own_access};
pub use query::{NotApproved, Query, QueryError, QueryRefusal};
pub use slug::{Slug, SlugError};

use crate::as_text::text_enum;
use crate::ids::{DatasetId, EndpointId};
use crate::page::PageItem;
use crate::time::Timestamp;

text_enum! {
    /// What an endpoint answers with.
    pub enum ResponseType {
        /// The documents found, as they are.
        Raw = "raw",
    }

    /// A text that is no response type.
    #[error("response_type is raw; summary and both need a model, which this version does not have")]
    pub struct ResponseTypeError;
}

/// Documents that may be queried under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Its id.
    pub id: EndpointId,
    /// Its name for people.
    pub name: String,
    /// Its name in its URL, unique in the tenant.
    pub slug: Slug,
    /// One sentence about it.
    pub summary: String,
    /// All there is to say about it.
    pub description: String,
    /// Words to find it by.
    pub tags: String,
    /// What it searches.
    pub dataset: DatasetId,
    /// What it answers with.
    pub response_type: ResponseType,
    /// Whether it is more than a draft.
    pub published: bool,
    /// Counts its changes, from 1; attaching policies is one.
    pub revision: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl PageItem for Endpoint {
    fn bytes(&self) -> usize {
        let texts = [&self.name, self.slug.as_str(), &self.summary, &self.description, &self.tags];
        texts.into_iter().map(str::len).sum()
    }
}
