//! The names and labels of what is made, and how labels are read again.

use std::collections::HashMap;

use sha2::{Digest, Sha256};
use syft_space_domain::ids::{DatasetId, TenantId};

/// Of which installation something is.
pub(crate) const INSTALLATION: &str = "syft-space.installation";
/// Of which of its tenants.
pub(crate) const TENANT: &str = "syft-space.tenant";
/// For which dataset.
pub(crate) const DATASET: &str = "syft-space.dataset";
/// Which kind of database it is.
pub(crate) const KIND: &str = "syft-space.kind";
/// The hash of all that something was made of: whether it would be made so today.
pub(crate) const FORM: &str = "syft-space.form";

/// Labels, as the engine has them.
pub(crate) type Labels = HashMap<String, String>;

/// Tells an installation from others on the same engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation(String);

impl Installation {
    /// The installation with this name: 64 bits of the name's hash, so that any name will do.
    #[must_use]
    pub fn of_name(name: &str) -> Self {
        let mut digits = hex::encode(Sha256::digest(name.as_bytes()));
        digits.truncate(16);
        Self(digits)
    }

    /// The value of the label `syft-space.installation`: 16 hexadecimal digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of a tenant's network.
    pub(crate) fn network_name(&self, tenant: TenantId) -> String {
        format!("syft-space-{}-{}", self.0, hex::encode(tenant.as_bytes()))
    }

    /// The name of a dataset's container, and of its volume.
    pub(crate) fn database_name(&self, tenant: TenantId, dataset: DatasetId) -> String {
        format!("{}-{}", self.network_name(tenant), hex::encode(dataset.as_bytes()))
    }

    pub(crate) fn labels(&self) -> Labels {
        Labels::from([(INSTALLATION.to_owned(), self.0.clone())])
    }

    pub(crate) fn tenant_labels(&self, tenant: TenantId) -> Labels {
        let mut labels = self.labels();
        labels.insert(TENANT.to_owned(), tenant.to_string());
        labels
    }

    pub(crate) fn database_labels(&self, tenant: TenantId, dataset: DatasetId) -> Labels {
        let mut labels = self.tenant_labels(tenant);
        labels.insert(DATASET.to_owned(), dataset.to_string());
        labels
    }
}

/// A tenant's network that is there.
pub(crate) struct TenantNetwork {
    pub(crate) id: String,
    pub(crate) name: String,
}

impl TenantNetwork {
    /// Whether it is what a container is told to be in: by its id, as Docker tells it, or by its name, as Podman does, where no two have the same.
    pub(crate) fn is(&self, told: &str) -> bool {
        !told.is_empty() && (told == self.id || told == self.name)
    }
}

/// A filter of a list: what bears all of these labels.
pub(crate) fn filters(labels: &Labels) -> HashMap<String, Vec<String>> {
    let wanted = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    HashMap::from([("label".to_owned(), wanted)])
}

/// Whether something bears all of these labels, whatever others besides.
pub(crate) fn bears(found: &Labels, wanted: &Labels) -> bool {
    wanted.iter().all(|(key, value)| found.get(key) == Some(value))
}

/// Whose something is by its labels.
pub(crate) fn tenant_of(labels: &Labels) -> Option<TenantId> {
    labels.get(TENANT)?.parse().ok()
}

/// For which dataset something is by its labels.
pub(crate) fn dataset_of(labels: &Labels) -> Option<DatasetId> {
    labels.get(DATASET)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn n3_names_are_of_digits_whatever_the_installation_is_called() {
        let name = "x\" --privileged; $(reboot)\n../../etc";
        let installation = Installation::of_name(name);
        let of = |n: u8| {
            let ids = (TenantId::from_bytes([n; 16]), DatasetId::from_bytes([n + 1; 16]));
            installation.database_name(ids.0, ids.1)
        };
        assert!(of(1).bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
        assert_ne!(of(1), of(2));
        assert_ne!(Installation::of_name("a"), Installation::of_name("b"));
    }

    #[test]
    fn r4_whose_something_is_can_be_read_from_its_labels() {
        let (tenant, dataset) = (TenantId::from_bytes([7; 16]), DatasetId::from_bytes([8; 16]));
        let labels = Installation::of_name("a").database_labels(tenant, dataset);
        assert_eq!((tenant_of(&labels), dataset_of(&labels)), (Some(tenant), Some(dataset)));
        let strange = Labels::from([(TENANT.to_owned(), "everybody".to_owned())]);
        assert_eq!((tenant_of(&strange), dataset_of(&strange)), (None, None));
        assert!(bears(&labels, &Installation::of_name("a").tenant_labels(tenant)));
        assert!(!bears(&labels, &Installation::of_name("b").tenant_labels(tenant)));
    }
}
