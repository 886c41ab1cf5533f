//! Databases that the space makes: where the container engine is, and what it may be asked for.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::str::FromStr;

use syft_space_docker::{
    AddressPool, ContainerName, DatabaseImage, EngineAddress, ImageReference, Limits, Reach,
};
use syft_space_domain::dataset::VectorDatabaseKind;

use crate::config::values::{Words, host_and_port, shown_host};

/// What `provisioning` may be.
pub(super) const ENGINE: &str =
    "off, unix:///PATH of the engine's or its guard's socket, or tcp://HOST:PORT with provisioning_tls";
/// What `provisioning_tls` may be.
pub(super) const TLS: &str = "ca=PATH certificate=PATH key=PATH, whole paths of PEM files";
/// What `provisioning_images` may be.
pub(super) const IMAGES: &str =
    "chroma=NAME@sha256:DIGEST user=UID and qdrant=NAME@sha256:DIGEST user=UID, separated by commas";
/// What `provisioning_pool` may be.
pub(super) const POOL: &str = "a range of private IPv4 addresses of /28 or larger, such as 10.213.0.0/16";
/// What `provisioning_reach` may be.
pub(super) const REACH: &str =
    "bridge, published, or joined=NAME of the container in which the space itself runs";
/// What `provisioning_limits` may be.
pub(super) const LIMITS: &str =
    "memory_mib=N (32 to 1048576) milli_cpus=N (50 to 256000) processes=N (16 to 32768)";

/// How databases are made; none are where there is no engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvisioningSettings {
    engine: Option<EnginePlace>,
    tls: Option<TlsFiles>,
    /// The image of each kind that is offered.
    pub images: Vec<(VectorDatabaseKind, DatabaseImage)>,
    /// What addresses the tenants' networks have.
    pub pool: AddressPool,
    /// How the space reaches its databases.
    pub reach: Reach,
    /// What each database may use.
    pub limits: Limits,
}

/// Where the engine is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum EnginePlace {
    Unix(PathBuf),
    Tcp { host: String, port: u16 },
}

/// What each side shows the other over TCP.
#[derive(Debug, Clone, PartialEq, Eq)]
struct TlsFiles {
    ca: PathBuf,
    certificate: PathBuf,
    key: PathBuf,
}

impl Default for ProvisioningSettings {
    fn default() -> Self {
        Self {
            engine: None,
            tls: None,
            images: Vec::new(),
            pool: AddressPool::DEFAULT,
            reach: Reach::Bridge,
            limits: Limits::DEFAULT,
        }
    }
}

impl ProvisioningSettings {
    /// Where the engine is; `None` where databases are not made.
    #[must_use]
    pub fn engine(&self) -> Option<EngineAddress> {
        match (self.engine.as_ref()?, &self.tls) {
            (EnginePlace::Unix(path), _) => Some(EngineAddress::Unix(path.clone())),
            (EnginePlace::Tcp { host, port }, Some(TlsFiles { ca, certificate, key })) => {
                Some(EngineAddress::Tls {
                    host: host.clone(),
                    port: *port,
                    ca_file: ca.clone(),
                    certificate_file: certificate.clone(),
                    key_file: key.clone(),
                })
            }
            (EnginePlace::Tcp { .. }, None) => None,
        }
    }

    pub(super) fn set_engine(&mut self, text: &str) -> Option<()> {
        self.engine = if text == "off" {
            None
        } else if let Some(path) = text.strip_prefix("unix://") {
            Some(EnginePlace::Unix(Some(PathBuf::from(path)).filter(|path| path.is_absolute())?))
        } else {
            let (host, port) = host_and_port(text.strip_prefix("tcp://")?)?;
            Some(EnginePlace::Tcp { host, port })
        };
        Some(())
    }

    pub(super) fn show_engine(&self) -> String {
        match &self.engine {
            None => "off".to_owned(),
            Some(EnginePlace::Unix(path)) => format!("unix://{}", path.display()),
            Some(EnginePlace::Tcp { host, port }) => format!("tcp://{}", shown_host(host, *port)),
        }
    }

    pub(super) fn set_tls(&mut self, text: &str) -> Option<()> {
        let mut words = Words::read(text)?;
        let tls = TlsFiles {
            ca: words.path("ca")?,
            certificate: words.path("certificate")?,
            key: words.path("key")?,
        };
        self.tls = words.is_empty().then_some(Some(tls))?;
        Some(())
    }

    pub(super) fn show_tls(&self) -> String {
        let Some(TlsFiles { ca, certificate, key }) = &self.tls else { return String::new() };
        format!("ca={} certificate={} key={}", ca.display(), certificate.display(), key.display())
    }

    pub(super) fn set_images(&mut self, text: &str) -> Option<()> {
        let mut images = Vec::new();
        for one in text.split(',') {
            let mut words = Words::read(one)?;
            let user = words.number("user", 1, 65_533, 0)?;
            let mut named = VectorDatabaseKind::ALL
                .into_iter()
                .filter_map(|kind| Some((kind, words.take(kind.as_str())?)));
            let (kind, reference) = named.next()?;
            drop(named);
            let reference = ImageReference::parse(reference).ok()?;
            let image = DatabaseImage::new(reference, u32::try_from(user).ok()?).ok()?;
            images.push((kind, words.is_empty().then_some(image)?));
        }
        let kinds: BTreeSet<&str> = images.iter().map(|(kind, _)| kind.as_str()).collect();
        self.images = (kinds.len() == images.len()).then_some(images)?;
        Some(())
    }

    pub(super) fn show_images(&self) -> String {
        let show = |(kind, image): &(VectorDatabaseKind, DatabaseImage)| format!("{kind}={image}");
        self.images.iter().map(show).collect::<Vec<_>>().join(",")
    }

    pub(super) fn set_pool(&mut self, text: &str) -> Option<()> {
        self.pool = AddressPool::from_str(text).ok()?;
        Some(())
    }

    pub(super) fn set_reach(&mut self, text: &str) -> Option<()> {
        self.reach = match text {
            "bridge" => Reach::Bridge,
            "published" => Reach::Published,
            _ => Reach::Joined(ContainerName::parse(text.strip_prefix("joined=")?).ok()?),
        };
        Some(())
    }

    pub(super) fn show_reach(&self) -> String {
        match &self.reach {
            Reach::Bridge => "bridge".to_owned(),
            Reach::Published => "published".to_owned(),
            Reach::Joined(container) => format!("joined={}", container.as_str()),
        }
    }

    pub(super) fn set_limits(&mut self, text: &str) -> Option<()> {
        let mut words = Words::read(text)?;
        let mut number = |name| words.take(name)?.parse::<u32>().ok();
        let limits = Limits::new(number("memory_mib")?, number("milli_cpus")?, number("processes")?).ok()?;
        self.limits = words.is_empty().then_some(limits)?;
        Some(())
    }

    /// What does not fit together, if anything does not.
    pub(super) fn contradiction(&self) -> Option<&'static str> {
        match &self.engine {
            None => None,
            Some(_) if self.images.is_empty() => {
                Some("provisioning is set, and no image of a database: set provisioning_images too")
            }
            Some(EnginePlace::Tcp { .. }) if self.tls.is_none() => Some(
                "provisioning by tcp would let anybody on the way be root on the engine's host: set provisioning_tls too",
            ),
            Some(EnginePlace::Unix(_)) if self.tls.is_some() => {
                Some("provisioning_tls is of no use for a unix socket: leave it out")
            }
            Some(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn set(f: impl Fn(&mut ProvisioningSettings) -> Option<()>) -> Option<ProvisioningSettings> {
        let mut settings = ProvisioningSettings::default();
        f(&mut settings).map(|()| settings)
    }

    #[test]
    fn n3_where_the_engine_is_is_read_and_shown_alike_and_nothing_is_one_by_chance() {
        for right in ["off", "unix:///run/docker.sock", "tcp://engine.example.org:2376", "tcp://[::1]:2376"] {
            let read = set(|settings| settings.set_engine(right)).unwrap();
            assert_eq!(read.show_engine(), right);
        }
        for wrong in
            ["", "on", "/run/docker.sock", "unix://run/docker.sock", "tcp://engine", "http://engine:2375"]
        {
            assert!(set(|settings| settings.set_engine(wrong)).is_none(), "{wrong}");
        }
    }

    #[test]
    fn k13_an_image_is_named_by_its_digest_and_runs_as_somebody_who_is_not_root() {
        let two = format!("chroma=chromadb/chroma@{DIGEST} user=1000,qdrant=qdrant@{DIGEST} user=7");
        let read = set(|settings| settings.set_images(&two)).unwrap();
        assert_eq!(read.show_images(), two);
        let other_order = format!("user=1000 chroma=chromadb/chroma@{DIGEST}, user=7 qdrant=qdrant@{DIGEST}");
        assert_eq!(set(|settings| settings.set_images(&other_order)), Some(read));
        for wrong in [
            String::new(),
            "chroma=chromadb/chroma:latest user=1000".to_owned(),
            format!("chroma=a@{DIGEST}"),
            format!("chroma=a@{DIGEST} user=0"),
            format!("chroma=a@{DIGEST} user=1 privileged=1"),
            format!("chroma=a@{DIGEST} qdrant=b@{DIGEST} user=1"),
            format!("chroma=a@{DIGEST} user=1,chroma=b@{DIGEST} user=2"),
            format!("milvus=a@{DIGEST} user=1"),
        ] {
            assert!(set(|settings| settings.set_images(&wrong)).is_none(), "{wrong}");
        }
    }

    #[test]
    fn n3_settings_of_databases_go_together() {
        let image = format!("chroma=a@{DIGEST} user=1");
        let whole = set(|settings| {
            settings.set_engine("unix:///run/docker.sock")?;
            settings.set_images(&image)?;
            settings.set_reach("joined=space")?;
            settings.set_limits("memory_mib=256 milli_cpus=500 processes=64")?;
            settings.set_pool("10.9.0.0/24")
        });
        let whole = whole.unwrap();
        assert_eq!(whole.contradiction(), None);
        assert_eq!(ProvisioningSettings::default().contradiction(), None);
        assert_eq!(
            (whole.show_reach(), whole.limits.to_string()),
            ("joined=space".to_owned(), "memory_mib=256 milli_cpus=500 processes=64".to_owned())
        );
        let tls = "ca=/ca.pem certificate=/c.pem key=/k.pem";
        let tcp = |with_tls: bool| {
            let mut settings = whole.clone();
            settings.set_engine("tcp://engine:2376").unwrap();
            if with_tls {
                settings.set_tls(tls).unwrap();
            }
            settings
        };
        assert_eq!((tcp(true).contradiction(), tcp(true).show_tls()), (None, tls.to_owned()));
        assert!(tcp(true).engine().is_some());
        let unix_with_tls = ProvisioningSettings { engine: whole.engine.clone(), ..tcp(true) };
        for lacking in
            [ProvisioningSettings { images: Vec::new(), ..whole.clone() }, tcp(false), unix_with_tls]
        {
            assert!(lacking.contradiction().is_some(), "{lacking:?}");
        }
        for wrong in ["", "host", "joined=", "joined=../x"] {
            assert!(set(|settings| settings.set_reach(wrong)).is_none(), "{wrong}");
        }
        for wrong in ["", "memory_mib=1 milli_cpus=500 processes=64", "memory_mib=64 milli_cpus=500"] {
            assert!(set(|settings| settings.set_limits(wrong)).is_none(), "{wrong}");
        }
    }
}
