//! Whom and what a name means: in the tenant now, and in the log of those who are gone.

use std::str::FromStr;

use crate::audit::ports::{EventFilter, LogScope};
use crate::audit::{Action, Event, Object, ObjectKind, newest};
use crate::dataset::DocumentId;
use crate::endpoint::Slug;
use crate::identity::Email;
use crate::ids::{AccountId, ActorId, ApiKeyId, DatasetId, EndpointId, MarketplaceId};
use crate::marketplace::{MarketplaceName, check_subject, hub_actor};
use crate::snapshot::TenantSnapshot;
use crate::store::{StoreError, View};
use crate::tenant::TenantScope;
use crate::text::{Name, TextError};

/// How many pages of the log are looked at for a name that somebody had: the newest, of a hundred events each.
const PAGES_SEARCHED: usize = 40;

/// Who did something, as they are called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrincipalName {
    /// Whoever has this id in the log.
    Id(ActorId),
    /// The member of this address, and those who were it.
    Email(Email),
    /// A user of the hub of a marketplace, by the `sub` of their tokens; or the member whose address reads the same, where it is one.
    HubUser(MarketplaceName, String, Option<Email>),
}

/// A text that names nobody.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it is no id, no e-mail address and no MARKETPLACE/USER")]
pub struct PrincipalNameError;

impl FromStr for PrincipalName {
    type Err = PrincipalNameError;
    fn from_str(text: &str) -> Result<Self, PrincipalNameError> {
        if let Ok(id) = text.parse() {
            return Ok(Self::Id(id));
        }
        // An address may have a slash before its @, and a hub's name for a user an @ behind theirs: `a/b@x.org` is both.
        let address = Email::parse(text).ok();
        let of_hub = text.split_once('/').and_then(|(marketplace, user)| {
            let marketplace: MarketplaceName = marketplace.parse().ok()?;
            check_subject(user).ok()?;
            Some(Self::HubUser(marketplace, user.to_owned(), address.clone()))
        });
        of_hub.or_else(|| address.map(Self::Email)).ok_or(PrincipalNameError)
    }
}

/// An endpoint, by its id or its slug.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndpointRef {
    /// By its id.
    Id(EndpointId),
    /// By its name in its URL.
    Slug(Slug),
}

impl FromStr for EndpointRef {
    type Err = <Slug as FromStr>::Err;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self::Id).or_else(|_| Slug::parse(text).map(Self::Slug))
    }
}

/// An API key, by its id or by what its holder calls it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyName {
    /// By its id.
    Id(ApiKeyId),
    /// By its name, which several may have.
    Name(Name),
}

impl FromStr for KeyName {
    type Err = TextError;
    fn from_str(text: &str) -> Result<Self, TextError> {
        text.parse().map(Self::Id).or_else(|_| Name::parse(text).map(Self::Name))
    }
}

/// A document: its dataset, by id or name, and its id there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentName {
    dataset: String,
    document: DocumentId,
}

/// A text that names no document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a document is named DATASET/DOCUMENT, the dataset by its id or its name")]
pub struct DocumentNameError;

impl FromStr for DocumentName {
    type Err = DocumentNameError;
    fn from_str(text: &str) -> Result<Self, DocumentNameError> {
        let (dataset, document) = text.rsplit_once('/').ok_or(DocumentNameError)?;
        let document = DocumentId::parse(document).map_err(|_| DocumentNameError)?;
        Name::parse(dataset).map_err(|_| DocumentNameError)?;
        Ok(Self { dataset: dataset.to_owned(), document })
    }
}

impl PrincipalName {
    /// The ids that it means; none where it means nobody.
    pub(super) fn actors(
        &self,
        view: &mut dyn View,
        scope: &TenantScope,
        live: &TenantSnapshot,
    ) -> Result<Vec<ActorId>, StoreError> {
        match self {
            Self::Id(id) => Ok(vec![*id]),
            Self::HubUser(marketplace, subject, address) => {
                let hub = live.marketplace_hubs().hub(marketplace);
                let of_hub = hub.map(|hub| hub_actor(scope, hub, Some(subject)));
                let members = address.as_ref().map(|email| members(view, scope, email)).transpose()?;
                Ok(of_hub.into_iter().chain(members.into_iter().flatten()).collect())
            }
            Self::Email(email) => members(view, scope, email),
        }
    }
}

/// The member of an address, and those who were it.
fn members(view: &mut dyn View, scope: &TenantScope, email: &Email) -> Result<Vec<ActorId>, StoreError> {
    let known = view.account_by_email(scope, email)?.map(|account| account.member.account.into());
    let mut actors: Vec<ActorId> = known.into_iter().collect();
    merge(&mut actors, logged(view, scope, Action::UserCreated, |event| joined(event, email))?);
    if actors.is_empty() {
        // Who founded a tenant by the operator's hand is in no event as who they are, until they log in.
        let by = |event: &Event| is_of(event, email).then(|| event.actor.id()).flatten();
        merge(&mut actors, logged(view, scope, Action::AuthnLoginSuccess, by)?);
    }
    Ok(actors)
}

impl PrincipalName {
    /// The marketplace whose hub's user it is.
    pub(super) fn marketplace(&self, live: &TenantSnapshot) -> Option<MarketplaceId> {
        let Self::HubUser(name, ..) = self else { return None };
        live.marketplaces().find(|marketplace| marketplace.name == *name).map(|marketplace| marketplace.id)
    }
}

impl KeyName {
    /// The ids that it means.
    pub(super) fn keys(
        &self,
        view: &mut dyn View,
        scope: &TenantScope,
        live: &TenantSnapshot,
    ) -> Result<Vec<ApiKeyId>, StoreError> {
        let name = match self {
            Self::Id(id) => return Ok(vec![*id]),
            Self::Name(name) => name,
        };
        let known = live.api_keys().filter(|known| known.key.name == *name).map(|known| known.key.id);
        let mut keys: Vec<ApiKeyId> = known.collect();
        // What was rotated or revoked is told of by its name, too.
        let of_name = |event: &Event| {
            let key = event.person.api_key.as_ref().filter(|key| key.name == *name)?;
            let is_about_it = event.object.as_ref().is_some_and(|object| object.kind == ObjectKind::ApiKey);
            is_about_it.then_some(key.id)
        };
        merge(&mut keys, logged(view, scope, Action::AuthnTokenCreated, of_name)?);
        keys.sort_unstable();
        Ok(keys)
    }
}

impl EndpointRef {
    /// What the log calls it: nothing, where no endpoint is called so now. What was asked of such a name is in no event.
    pub(super) fn objects(&self, live: &TenantSnapshot) -> Vec<Object> {
        let id = match self {
            Self::Id(id) => Some(*id),
            Self::Slug(slug) => live.endpoint(slug.as_str()).map(|endpoint| endpoint.id),
        };
        id.map(|id| Object::new(ObjectKind::Endpoint, id)).into_iter().collect()
    }
}

impl DocumentName {
    /// Its id in its dataset.
    pub(super) fn document(&self) -> &DocumentId {
        &self.document
    }

    /// Whether the dataset is named by its id.
    #[must_use]
    pub fn has_dataset_id(&self) -> bool {
        self.dataset.parse::<DatasetId>().is_ok()
    }

    /// The dataset that it is, or was, in: one that is gone is known by its id alone.
    pub(super) fn dataset(
        &self,
        view: &mut dyn View,
        scope: &TenantScope,
    ) -> Result<Option<DatasetId>, StoreError> {
        match self.dataset.parse() {
            Ok(id) => Ok(Some(id)),
            Err(_) => Ok(view.dataset_named(scope, &self.dataset)?.map(|dataset| dataset.id)),
        }
    }

    /// What the log calls it.
    pub(super) fn object(&self, dataset: DatasetId) -> Object {
        Object::new(ObjectKind::Document, format_args!("{dataset}/{}", self.document))
    }
}

fn is_of(event: &Event, email: &Email) -> bool {
    event.person.email.as_deref() == Some(email.as_str())
}

/// The account that somebody of this address got.
fn joined(event: &Event, email: &Email) -> Option<ActorId> {
    let object =
        event.object.as_ref().filter(|object| is_of(event, email) && object.kind == ObjectKind::Member);
    let account: Option<AccountId> = object.and_then(|object| object.id.parse().ok());
    account.map(ActorId::from)
}

fn merge<T: PartialEq>(known: &mut Vec<T>, found: impl IntoIterator<Item = T>) {
    for found in found {
        if !known.contains(&found) {
            known.push(found);
        }
    }
}

/// What the newest events of an action tell, as far as they are looked at.
fn logged<T: PartialEq>(
    view: &mut dyn View,
    scope: &TenantScope,
    action: Action,
    tells: impl Fn(&Event) -> Option<T>,
) -> Result<Vec<T>, StoreError> {
    let filter = EventFilter { action: Some(action), ..EventFilter::default() };
    let mut found = Vec::new();
    newest(view, LogScope::Tenant(scope), &filter, None, PAGES_SEARCHED, |event| {
        merge(&mut found, tells(event));
    })?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u1_a_principal_is_named_by_id_address_or_marketplace_and_user() {
        let read = |text: &str| text.parse::<PrincipalName>();
        let id = ActorId::from_bytes([7; 16]);
        assert_eq!(read(&id.to_string()), Ok(PrincipalName::Id(id)));
        let email = Email::parse("alice@x.org").unwrap();
        assert_eq!(read("Alice@X.org"), Ok(PrincipalName::Email(email)));
        let hub = MarketplaceName::parse("market").unwrap();
        let user = |name: &str, address| Ok(PrincipalName::HubUser(hub.clone(), name.to_owned(), address));
        assert_eq!(read("market/b/c"), user("b/c", None));
        let both = Email::parse("market/b@x.org").unwrap();
        assert_eq!(read("market/b@x.org"), user("b@x.org", Some(both)), "it is an address as well");
        for text in ["", "alice", "market/", "/alice", "Market Place/alice"] {
            assert_eq!(read(text), Err(PrincipalNameError), "{text}");
        }
    }

    #[test]
    fn u1_a_document_is_named_with_its_dataset() {
        let read = |text: &str| text.parse::<DocumentName>();
        assert_eq!(read("a/manual/b.md").unwrap().dataset, "a/manual");
        for text in ["", "manual", "/a", "manual/"] {
            assert_eq!(read(text), Err(DocumentNameError), "{text:?}");
        }
    }
}
