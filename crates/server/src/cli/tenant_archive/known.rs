//! What there is in a tenant into which an archive goes.

use std::collections::{BTreeMap, BTreeSet};

use syft_space_domain::endpoint::Slug;
use syft_space_domain::group::GroupName;

use crate::cli::api::ApiClient;
use crate::cli::exit::{CommandError, ExitStatus};
use crate::cli::tenant_archive::ArchivedPolicy;
use crate::cli::tenant_archive::reader::Archive;
use crate::routes::datasets::Dataset;
use crate::routes::endpoints::Endpoint;
use crate::routes::groups::Group;

/// What there is in the tenant already.
pub(super) struct Known {
    pub(super) groups: BTreeMap<GroupName, Group>,
    pub(super) policies: Vec<ArchivedPolicy>,
    pub(super) datasets: BTreeMap<String, Dataset>,
    pub(super) endpoints: BTreeSet<Slug>,
}

impl Known {
    pub(super) async fn read(api: &ApiClient) -> anyhow::Result<Self> {
        let groups = api.all::<Group>("/api/v1/groups").await?;
        let datasets = api.all::<Dataset>("/api/v1/datasets").await?;
        let endpoints = api.all::<Endpoint>("/api/v1/endpoints").await?;
        Ok(Self {
            groups: groups.into_iter().map(|group| (group.name.clone(), group)).collect(),
            policies: api.all("/api/v1/policies").await?,
            datasets: datasets.into_iter().map(|dataset| (dataset.name.clone(), dataset)).collect(),
            endpoints: endpoints.into_iter().map(|endpoint| endpoint.slug).collect(),
        })
    }

    /// Refuses an archive of which something is called as what is there: it is another.
    pub(super) fn check_free(&self, archive: &Archive) -> Result<(), CommandError> {
        let groups = archive.groups.iter().filter(|group| self.groups.contains_key(&group.name));
        let datasets = archive.datasets.iter().filter(|dataset| self.datasets.contains_key(&dataset.name));
        let endpoints = archive.endpoints.iter().filter(|endpoint| self.endpoints.contains(&endpoint.slug));
        let mut taken = groups
            .map(|group| format!("a group {}", group.name))
            .chain(datasets.map(|dataset| format!("a dataset {:?}", dataset.name)))
            .chain(endpoints.map(|endpoint| format!("an endpoint {}", endpoint.slug)));
        let Some(first) = taken.next() else { return Ok(()) };
        let more = match taken.count() {
            0 => String::new(),
            count => format!(", and {count} more things that are called as in the archive"),
        };
        let message = format!(
            "this tenant has {first} already{more}: import into a tenant that has none of them; it may be imported already, or what was written down of the import lies beside the archive at another path"
        );
        Err(CommandError::new(ExitStatus::Refused, message))
    }
}
