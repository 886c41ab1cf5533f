//! The policy: what the operator lets a space ask of the engine.

use std::collections::BTreeSet;

use ipnet::Ipv4Net;

use crate::refusal::Refusal;
use crate::shape::Labels;

/// What an operator writes of a policy.
#[derive(Debug, Clone)]
pub struct PolicySettings {
    /// The id of the installation, with which everything of it is labelled.
    pub installation: String,
    /// The images that containers may be made of, each by its content: `sha256:…`, or `name@sha256:…`.
    pub images: Vec<String>,
    /// The addresses out of which networks may be made.
    pub address_pool: String,
    /// The most MiB of memory of a container.
    pub max_memory_mib: u64,
    /// The most processors of a container.
    pub max_cpus: u64,
    /// The most processes of a container.
    pub max_pids: u64,
    /// The most containers, volumes and networks of the installation, of each.
    pub max_databases: usize,
}

/// An error in what an operator wrote.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// The installation's id is none.
    #[error("the installation {0:?} is no id: letters, digits and hyphens, 64 at most")]
    Installation(String),
    /// No image is listed.
    #[error("no image is listed: name one at least, as name@sha256:… or sha256:…")]
    NoImage,
    /// An image is not named by its content.
    #[error(
        "the image {0:?} is not named by its content: write name@sha256:… (its digest) or sha256:… (its id), with 64 lower-case \
         hexadecimal digits; a tag may mean something else tomorrow"
    )]
    Image(String),
    /// The pool is no private network.
    #[error("the address pool {0:?} is no private IPv4 network of /28 or more, as 10.213.0.0/16")]
    AddressPool(String),
    /// A limit leaves nothing.
    #[error("the most {0} must be 1 or more, and no more than a machine has")]
    Limit(&'static str),
}

/// A policy: what may be made, and of what.
#[derive(Debug, Clone)]
pub struct Policy {
    pub(crate) installation: String,
    pub(crate) images: BTreeSet<String>,
    pub(crate) address_pool: Ipv4Net,
    pub(crate) max_memory: u64,
    pub(crate) max_nano_cpus: u64,
    pub(crate) max_pids: u64,
    pub(crate) max_databases: usize,
}

const MIB: u64 = 1 << 20;
const NANO: u64 = 1_000_000_000;
/// Far more than any machine has, and far less than what an engine counts with.
const MAX_LIMIT: u64 = 1 << 22;

impl Policy {
    /// The policy of settings.
    ///
    /// # Errors
    /// When a setting is none; the error says which, and what it must be.
    pub fn new(settings: PolicySettings) -> Result<Self, PolicyError> {
        let PolicySettings {
            installation,
            images,
            address_pool,
            max_memory_mib,
            max_cpus,
            max_pids,
            max_databases,
        } = settings;
        let is_id = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
        if installation.is_empty() || installation.len() > 64 || !installation.chars().all(is_id) {
            return Err(PolicyError::Installation(installation));
        }
        if images.is_empty() {
            return Err(PolicyError::NoImage);
        }
        if let Some(image) = images.iter().find(|image| !is_image(image)) {
            return Err(PolicyError::Image(image.clone()));
        }
        let pool = address_pool.parse::<Ipv4Net>().ok();
        let pool = pool.filter(|pool| pool.prefix_len() <= 28 && pool.trunc() == *pool && is_private(*pool));
        let Some(pool) = pool else { return Err(PolicyError::AddressPool(address_pool)) };
        let limit = |most: u64, unit: u64, what| {
            let inside = (1..=MAX_LIMIT).contains(&most);
            most.checked_mul(unit).filter(|_| inside).ok_or(PolicyError::Limit(what))
        };
        if max_databases == 0 {
            return Err(PolicyError::Limit("databases"));
        }
        Ok(Self {
            installation,
            images: images.into_iter().collect(),
            address_pool: pool,
            max_memory: limit(max_memory_mib, MIB, "memory")?,
            max_nano_cpus: limit(max_cpus, NANO, "processors")?,
            max_pids: limit(max_pids, 1, "processes")?,
            max_databases,
        })
    }

    /// Refuses labels that are not the installation's.
    pub(crate) fn check_labels(&self, labels: &Labels) -> Result<(), Refusal> {
        if labels.installation() == Some(&self.installation) {
            Ok(())
        } else {
            Err(Refusal::forbidden("Labels: syft-space.installation must be the id of the installation"))
        }
    }

    /// The image of the list that is named so.
    pub(crate) fn image(&self, name: &str) -> Result<&str, Refusal> {
        let listed = self.images.get(name).map(String::as_str);
        listed.ok_or_else(|| Refusal::forbidden(format!("Image: {name:?} is not in the list of images")))
    }

    /// Refuses what is not 1 to the most of something.
    pub(crate) fn check_limit(what: &str, value: u64, most: u64) -> Result<(), Refusal> {
        if (1..=most).contains(&value) {
            Ok(())
        } else {
            Err(Refusal::forbidden(format!("{what}: must be 1 to {most}")))
        }
    }
}

/// Whether an image is named by its content, and nothing else could be meant.
fn is_image(image: &str) -> bool {
    let (name, digest) = image.split_once('@').map_or((None, image), |(name, digest)| (Some(name), digest));
    let is_hex = |letter: char| letter.is_ascii_digit() || ('a'..='f').contains(&letter);
    let digest = digest.strip_prefix("sha256:");
    let is_digest = digest.is_some_and(|digest| digest.len() == 64 && digest.chars().all(is_hex));
    let is_part = |part: &str| {
        let inner = |letter: char| {
            letter.is_ascii_lowercase() || letter.is_ascii_digit() || matches!(letter, '.' | '_' | '-' | ':')
        };
        part.starts_with(|letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit())
            && part.chars().all(inner)
    };
    is_digest && name.is_none_or(|name| name.len() <= 255 && name.split('/').all(is_part))
}

fn is_private(pool: Ipv4Net) -> bool {
    let private = [([10, 0, 0, 0], 8), ([172, 16, 0, 0], 12), ([192, 168, 0, 0], 16)];
    let private =
        private.into_iter().filter_map(|(address, length)| Ipv4Net::new(address.into(), length).ok());
    private.into_iter().any(|private| private.contains(&pool))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> PolicySettings {
        PolicySettings {
            installation: "0191-ab".to_owned(),
            images: vec![format!("chromadb/chroma@sha256:{}", "0a".repeat(32))],
            address_pool: "10.213.0.0/16".to_owned(),
            max_memory_mib: 2048,
            max_cpus: 2,
            max_pids: 256,
            max_databases: 100,
        }
    }

    #[test]
    fn n3_an_image_is_named_by_its_content_alone() {
        assert!(Policy::new(settings()).is_ok());
        let hex = "0a".repeat(32);
        for right in [format!("sha256:{hex}"), format!("registry.example:5000/a/b-c_d@sha256:{hex}")] {
            assert!(
                Policy::new(PolicySettings { images: vec![right.clone()], ..settings() }).is_ok(),
                "{right}"
            );
        }
        for wrong in [
            "chroma".to_owned(),
            "chroma:latest".to_owned(),
            format!("chroma@sha256:{}", "0A".repeat(32)),
            format!("chroma@sha256:{}", "0a".repeat(31)),
            format!("sha512:{hex}"),
            format!("../x@sha256:{hex}"),
            format!("a//b@sha256:{hex}"),
            format!("@sha256:{hex}"),
            hex,
        ] {
            let refused = Policy::new(PolicySettings { images: vec![wrong.clone()], ..settings() });
            assert_eq!(refused.err(), Some(PolicyError::Image(wrong)));
        }
        assert_eq!(
            Policy::new(PolicySettings { images: Vec::new(), ..settings() }).err(),
            Some(PolicyError::NoImage)
        );
    }

    #[test]
    fn n3_a_setting_that_is_none_is_refused_by_name() {
        for pool in ["8.8.0.0/16", "10.0.0.0/29", "10.0.0.1/16", "0.0.0.0/0", "172.0.0.0/8", "fd00::/64", "x"]
        {
            let refused = Policy::new(PolicySettings { address_pool: pool.to_owned(), ..settings() });
            assert_eq!(refused.err(), Some(PolicyError::AddressPool(pool.to_owned())));
        }
        for id in ["", "a b", "a=b", &"a".repeat(65)] {
            let refused = Policy::new(PolicySettings { installation: id.to_owned(), ..settings() });
            assert_eq!(refused.err(), Some(PolicyError::Installation(id.to_owned())));
        }
        assert!(Policy::new(PolicySettings { max_memory_mib: 0, ..settings() }).is_err());
        assert!(Policy::new(PolicySettings { max_cpus: u64::MAX, ..settings() }).is_err());
        assert!(Policy::new(PolicySettings { max_pids: 0, ..settings() }).is_err());
        assert!(Policy::new(PolicySettings { max_databases: 0, ..settings() }).is_err());
    }
}
