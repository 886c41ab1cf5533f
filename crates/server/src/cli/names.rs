//! The names of what events speak of by id.

use std::collections::HashMap;

use syft_space_domain::audit::{Actor, Object};

use crate::cli::api::ApiClient;
use crate::routes::datasets::Dataset;
use crate::routes::endpoints::Endpoint;
use crate::routes::policies::Policy;
use crate::routes::users::Member;

/// The names of a tenant's members and things, by their ids.
#[derive(Default)]
pub(super) struct Names(HashMap<String, String>);

impl Names {
    /// Reads the names of what there is now.
    pub(super) async fn read(api: &ApiClient) -> anyhow::Result<Self> {
        let members = api.all::<Member>("/api/v1/users").await?.into_iter();
        let datasets = api.all::<Dataset>("/api/v1/datasets").await?.into_iter();
        let endpoints = api.all::<Endpoint>("/api/v1/endpoints").await?.into_iter();
        let policies = api.all::<Policy>("/api/v1/policies").await?.into_iter();
        let names = members.map(|member| (member.id.to_string(), member.email.to_string()));
        let names = names.chain(datasets.map(|dataset| (dataset.id.to_string(), dataset.name)));
        let names =
            names.chain(endpoints.map(|endpoint| (endpoint.id.to_string(), endpoint.slug.to_string())));
        Ok(Self(names.chain(policies.map(|policy| (policy.id.to_string(), policy.name))).collect()))
    }

    /// The name of what has this id; what is gone is shown by its id.
    pub(super) fn of(&self, id: &str) -> String {
        self.0.get(id).cloned().unwrap_or_else(|| id.to_owned())
    }

    /// Who acted.
    pub(super) fn actor(&self, actor: &Actor) -> String {
        match actor {
            Actor::Anonymous => "anonymous".to_owned(),
            Actor::System => "system".to_owned(),
            Actor::Operator => "operator".to_owned(),
            Actor::Account { id, role: None } => self.of(&id.to_string()),
            Actor::Account { id, role: Some(role) } => format!("{role} {}", self.of(&id.to_string())),
            Actor::HubUser { id, role } => format!("hub {role} {id}"),
        }
    }

    /// What it was about.
    pub(super) fn object(&self, object: Option<&Object>) -> String {
        object.map_or_else(String::new, |object| format!("{} {}", object.kind.as_str(), self.of(&object.id)))
    }
}
