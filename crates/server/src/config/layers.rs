//! The layers of settings: each goes over the one before, and every error names its source.

use std::collections::BTreeMap;
use std::fmt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use syft_space_home::layout;

use crate::config::settings::{SETTINGS, Setting, Settings};

/// What every variable of ours begins with.
const PREFIX: &str = "SYFT_SPACE_";
/// Variables of ours that are no settings.
const HOME: &str = "SYFT_SPACE_HOME";

/// The source of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Nowhere: it is what it is when nobody says.
    Default,
    /// In the configuration file.
    File(PathBuf),
    /// In the environment.
    Variable(String),
    /// On the command line.
    Flag(String),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("the defaults"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Variable(name) => write!(f, "the environment's {name}"),
            Self::Flag(name) => write!(f, "the flag {name}"),
        }
    }
}

/// An error of a setting or of a source of settings.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// There is no such setting.
    #[error("{origin} names {key}, which is no setting; {}", hint(nearest.as_deref()))]
    Unknown {
        /// The key that was named.
        key: String,
        /// The source that names it.
        origin: Source,
        /// The setting that is much like it, if one is.
        nearest: Option<String>,
    },
    /// The configuration file has a table, such as `[server]`.
    #[error("{origin} has a table [{key}]: settings stand at the top of the file, in no table")]
    Table {
        /// The table's name.
        key: String,
        /// The file.
        origin: Source,
    },
    /// The value is not allowed.
    #[error("{key} = {value:?} in {origin} is not allowed: it is {allowed}")]
    NotAllowed {
        /// The setting.
        key: &'static str,
        /// The value that was set.
        value: String,
        /// The source that sets it.
        origin: Source,
        /// What it may be.
        allowed: &'static str,
    },
    /// The configuration file is no TOML.
    #[error("{path} is not TOML: {error}")]
    NotToml {
        /// The file.
        path: PathBuf,
        /// The cause.
        error: String,
    },
    /// The configuration file cannot be read.
    #[error("{path} cannot be read: {error}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The cause.
        error: std::io::Error,
    },
    /// Whoever runs this may not look into the home.
    #[error(
        "nothing in {path} can be read: it belongs to the user with the id {owner}; run this as that user, or choose another home"
    )]
    NotLetIn {
        /// The home.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
    },
    /// A variable is not text.
    #[error("the environment's {0} is not UTF-8")]
    NotText(String),
    /// There is nowhere to put the home.
    #[error("there is no home directory to put .syft-space into: set SYFT_SPACE_HOME, or pass --home")]
    NoHome,
    /// Settings contradict each other.
    #[error("{0}")]
    Contradiction(&'static str),
    /// Plain HTTP would be open to a network.
    #[error(
        "listen = {0} would serve plain HTTP to a network: listen on 127.0.0.1, or put a reverse proxy that ends TLS \
         in front and name its network as behind_proxy (for example SYFT_SPACE_BEHIND_PROXY=10.0.0.0/8)"
    )]
    PlainToNetwork(std::net::SocketAddr),
}

/// Where the home is: the flag, else `SYFT_SPACE_HOME`, else `~/.syft-space`; in a volume that is root's, a folder in it
/// ([`layout::place`]).
///
/// # Errors
/// When none of these is set.
pub fn home_from(flag: Option<&Path>) -> Result<(PathBuf, Source), ConfigError> {
    let placed = |path: &Path, source| Ok((layout::place(path), source));
    if let Some(path) = flag {
        return placed(path, Source::Flag("--home".to_owned()));
    }
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(path) = set(HOME) {
        return placed(&path, Source::Variable(HOME.to_owned()));
    }
    let user = set("HOME").ok_or(ConfigError::NoHome)?;
    placed(&user.join(".syft-space"), Source::Default)
}

/// Reads every layer: defaults, the home's `config.toml`, `SYFT_SPACE_*`, flags.
///
/// # Errors
/// When a source cannot be read, or a setting is unknown or not allowed, or would serve plain HTTP to a network.
pub fn load(
    home: &Path,
    variables: impl Iterator<Item = (std::ffi::OsString, std::ffi::OsString)>,
    flags: &[(&'static str, String)],
) -> Result<Settings, ConfigError> {
    Ok(resolve(home, variables, flags)?.settings)
}

/// Settings, with the source of each.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The settings.
    pub settings: Settings,
    sources: BTreeMap<&'static str, Source>,
}

impl Resolved {
    /// The source of the setting with this key.
    #[must_use]
    pub fn source(&self, key: &str) -> &Source {
        self.sources.get(key).unwrap_or(&Source::Default)
    }
}

/// Reads every layer, and keeps the source of each setting.
///
/// # Errors
/// As for [`load`].
pub fn resolve(
    home: &Path,
    variables: impl Iterator<Item = (std::ffi::OsString, std::ffi::OsString)>,
    flags: &[(&'static str, String)],
) -> Result<Resolved, ConfigError> {
    let mut resolved = Resolved { settings: Settings::default(), sources: BTreeMap::new() };
    let file = home.join(layout::CONFIG);
    for (key, value) in read_file(&file)? {
        if value.is_table() {
            return Err(ConfigError::Table { key, origin: Source::File(file) });
        }
        let value = as_text(value);
        apply(&mut resolved, &key, &value, &Source::File(file.clone()), |setting| setting.key.to_owned())?;
    }
    for (name, value) in variables {
        let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX) && *name != HOME) else {
            continue;
        };
        let value = value.to_str().ok_or_else(|| ConfigError::NotText(name.to_owned()))?;
        let variable = |setting: &Setting| format!("{PREFIX}{}", setting.key.to_uppercase());
        let key = name.strip_prefix(PREFIX).unwrap_or_default();
        if is_of_kubernetes(key, value) {
            continue;
        }
        let key = key.to_lowercase();
        // Only in capitals, so that one setting has one variable.
        let key = if name == name.to_uppercase() { key } else { name.to_owned() };
        apply(&mut resolved, &key, value, &Source::Variable(name.to_owned()), variable)?;
    }
    for (key, value) in flags {
        let source = Source::Flag(format!("--{}", key.replace('_', "-")));
        apply(&mut resolved, key, value, &source, |setting| setting.key.to_owned())?;
    }
    let Settings { listen, behind_proxy, .. } = &resolved.settings;
    if !listen.ip().is_loopback() && behind_proxy.is_empty() {
        return Err(ConfigError::PlainToNetwork(*listen));
    }
    let Settings { mail, provisioning, .. } = &resolved.settings;
    if let Some(contradiction) = mail.contradiction().or_else(|| provisioning.contradiction()) {
        return Err(ConfigError::Contradiction(contradiction));
    }
    Ok(resolved)
}

fn apply(
    resolved: &mut Resolved,
    key: &str,
    value: &str,
    origin: &Source,
    shown: impl Fn(&Setting) -> String,
) -> Result<(), ConfigError> {
    let Some(setting) = SETTINGS.iter().find(|setting| setting.key == key) else {
        let distance = |setting: &Setting| strsim::damerau_levenshtein(setting.key, &key.to_lowercase());
        let is_alike = |setting: &&Setting| distance(setting) <= setting.key.len() / 2;
        let alike = SETTINGS.iter().filter(is_alike);
        let nearest = alike.min_by_key(|setting| (distance(setting), setting.key)).map(&shown);
        let key = if let Source::Variable(name) = origin { name.clone() } else { key.to_owned() };
        return Err(ConfigError::Unknown { key, origin: origin.clone(), nearest });
    };
    // `${PUBLIC_URL}` of a compose file is empty where nobody set it.
    if value.is_empty() && matches!(origin, Source::Variable(_)) {
        return Ok(());
    }
    (setting.apply)(&mut resolved.settings, value).ok_or_else(|| ConfigError::NotAllowed {
        key: setting.key,
        value: masked(value),
        origin: origin.clone(),
        allowed: setting.allowed,
    })?;
    resolved.sources.insert(setting.key, origin.clone());
    Ok(())
}

fn hint(nearest: Option<&str>) -> String {
    match nearest {
        Some(nearest) => format!("did you mean {nearest}?"),
        None => "`syft-space config show` lists all there are".to_owned(),
    }
}

/// Whether a variable, without our prefix, is one that Kubernetes puts into each pod of a namespace that has a Service called
/// `syft-space`, or `syft-space-` and more. A port of ours would be a number, and theirs is a URL.
fn is_of_kubernetes(key: &str, value: &str) -> bool {
    let is_port = |rest: &str| {
        let mut parts = rest.split('_');
        let number = parts.next().is_some_and(|number| number.parse::<u16>().is_ok());
        let protocol = parts.next().is_some_and(|protocol| matches!(protocol, "TCP" | "UDP" | "SCTP"));
        let what = parts.next().is_none_or(|what| matches!(what, "PROTO" | "PORT" | "ADDR"));
        number && protocol && what && parts.next().is_none()
    };
    let key = format!("_{key}");
    key.ends_with("_SERVICE_HOST")
        || key.ends_with("_SERVICE_PORT")
        || key.contains("_SERVICE_PORT_")
        || (key.ends_with("_PORT") && value.contains("://"))
        || key.match_indices("_PORT_").any(|(at, found)| key.get(at + found.len()..).is_some_and(is_port))
}

/// A value without the password that a URL in it may hold.
fn masked(value: &str) -> String {
    let Some((scheme, rest)) = value.split_once("://") else { return value.to_owned() };
    let end = rest.find('/').unwrap_or(rest.len());
    match rest.get(..end).and_then(|authority| authority.rfind('@')) {
        Some(at) => format!("{scheme}://***{}", rest.get(at..).unwrap_or_default()),
        None => value.to_owned(),
    }
}

/// The file's settings, in its order; none where there is no file.
fn read_file(path: &Path) -> Result<Vec<(String, toml::Value)>, ConfigError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error)
            if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) =>
        {
            return Ok(Vec::new());
        }
        Err(error) => {
            let folder = path.parent().unwrap_or(path);
            let owner = folder.metadata().ok().map(|metadata| metadata.uid());
            return Err(match owner {
                Some(owner) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                    ConfigError::NotLetIn { path: folder.to_owned(), owner }
                }
                _ => ConfigError::Unreadable { path: path.to_owned(), error },
            });
        }
    };
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| ConfigError::NotToml {
        path: path.to_owned(),
        error: error.to_string(),
    })?;
    Ok(table.into_iter().collect())
}

fn as_text(value: toml::Value) -> String {
    match value {
        toml::Value::String(text) => text,
        toml::Value::Array(items) => items.into_iter().map(as_text).collect::<Vec<_>>().join(","),
        // One of a list of tables: `[[audit_sinks]]`.
        toml::Value::Table(words) => words
            .into_iter()
            .map(|(name, value)| format!("{name}={}", as_text(value)))
            .collect::<Vec<_>>()
            .join(" "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load_from(
        file: &str,
        variables: &[(&str, &str)],
        flags: &[(&'static str, &str)],
    ) -> Result<Settings, String> {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("config.toml"), file).unwrap();
        let variables = variables.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        let flags: Vec<_> = flags.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
        load(home.path(), variables, &flags)
            .map_err(|error| error.to_string().replace(&home.path().display().to_string(), "HOME"))
    }

    #[test]
    fn each_layer_stands_over_the_one_before() {
        let file = "listen = '127.0.0.1:1'\nworkers = 3\nbehind_proxy = ['10.0.0.0/8', '192.0.2.1']";
        let settings = load_from(
            file,
            &[("SYFT_SPACE_LISTEN", "127.0.0.1:2"), ("PATH", "/bin")],
            &[("listen", "127.0.0.1:3")],
        )
        .unwrap();
        assert_eq!((settings.listen.port(), settings.workers, settings.behind_proxy.len()), (3, 3, 2));
    }

    #[test]
    fn an_error_names_key_source_and_what_is_allowed() {
        for (file, variables, flags, says) in [
            (
                "workers = 0",
                &[][..],
                &[][..],
                "workers = \"0\" in HOME/config.toml is not allowed: it is a number of threads from 1 to 256",
            ),
            (
                "",
                &[("SYFT_SPACE_LOG_FORMAT", "xml")],
                &[],
                "log_format = \"xml\" in the environment's SYFT_SPACE_LOG_FORMAT is not allowed: it is pretty or json",
            ),
            (
                "",
                &[("SYFT_SPACE_LISTN", "x")],
                &[],
                "the environment's SYFT_SPACE_LISTN names SYFT_SPACE_LISTN, which is no setting; did you mean SYFT_SPACE_LISTEN?",
            ),
            (
                "registation = 'open'",
                &[],
                &[],
                "HOME/config.toml names registation, which is no setting; did you mean registration?",
            ),
            (
                "",
                &[],
                &[("listen", "nowhere")],
                "listen = \"nowhere\" in the flag --listen is not allowed: it is an address and port such as 127.0.0.1:8080; port 0 takes a free one",
            ),
        ] {
            assert_eq!(load_from(file, variables, flags).unwrap_err(), says);
        }
    }

    #[test]
    fn u1_a_sink_is_a_table_in_the_file_and_its_words_elsewhere() {
        let file = "workers = 3\n[[audit_sinks]]\nname = 'a'\nkind = 'file'\nfolder = '/x'\nkeep = 3\n\
                    [[audit_sinks]]\nname = 'b'\nkind = 'file'\nfolder = '/y'";
        let words = "name=a kind=file folder=/x keep=3, name=b kind=file folder=/y";
        let told = load_from(file, &[], &[]).unwrap();
        assert_eq!((told.audit_sinks.len(), told.workers), (2, 3));
        let elsewhere = load_from("workers = 3", &[("SYFT_SPACE_AUDIT_SINKS", words)], &[]).unwrap();
        assert_eq!(elsewhere, told);
        for wrong in
            ["[audit_sinks]\nname = 'a'", "[[audit_sinks]]\nname = 'a'\nkind = 'file'\nfolder = '/a b'"]
        {
            load_from(wrong, &[], &[]).unwrap_err();
        }
    }

    #[test]
    fn what_is_like_no_setting_gets_no_guess() {
        for (file, says) in [
            (
                "colour = 'red'",
                "HOME/config.toml names colour, which is no setting; `syft-space config show` lists all there are",
            ),
            (
                "[server]\nworkers = 2",
                "HOME/config.toml has a table [server]: settings stand at the top of the file, in no table",
            ),
        ] {
            assert_eq!(load_from(file, &[], &[]).unwrap_err(), says);
        }
    }

    #[test]
    fn an_empty_variable_is_as_good_as_none_for_every_setting() {
        for setting in SETTINGS {
            let name = format!("SYFT_SPACE_{}", setting.key.to_uppercase());
            assert_eq!(load_from("", &[(&name, "")], &[]), Ok(Settings::default()), "{name}");
        }
        let kept = load_from("behind_proxy = '192.0.2.1'", &[("SYFT_SPACE_BEHIND_PROXY", "")], &[]);
        assert_eq!(kept.unwrap().behind_proxy.len(), 1);
        assert!(load_from("", &[("SYFT_SPACE_LISTN", "")], &[]).is_err());
        assert!(load_from("", &[], &[("listen", "")]).is_err());
    }

    #[test]
    fn variables_that_kubernetes_makes_of_a_service_are_passed_over() {
        for (name, value) in [
            ("SYFT_SPACE_SERVICE_HOST", "10.1.2.3"),
            ("SYFT_SPACE_SERVICE_PORT", "80"),
            ("SYFT_SPACE_SERVICE_PORT_METRICS", "9090"),
            ("SYFT_SPACE_PORT", "udp://10.1.2.3:80"),
            ("SYFT_SPACE_PORT_80_TCP", "tcp://10.1.2.3:80"),
            ("SYFT_SPACE_PORT_53_UDP_PROTO", "udp"),
            ("SYFT_SPACE_PORT_3868_SCTP_ADDR", "10.1.2.3"),
            ("SYFT_SPACE_CANARY_SERVICE_HOST", "10.1.2.3"),
            ("SYFT_SPACE_CANARY_PORT", "tcp://10.1.2.3:80"),
            ("SYFT_SPACE_CANARY_PORT_80_TCP_PORT", "80"),
        ] {
            assert_eq!(load_from("", &[(name, value)], &[]), Ok(Settings::default()), "{name}");
        }
        for (name, value) in [
            ("SYFT_SPACE_PORT", "8080"),
            ("SYFT_SPACE_SERVICE", "x"),
            ("SYFT_SPACE_PORT_80", "x"),
            ("SYFT_SPACE_PORT_80_HTTP", "x"),
            ("SYFT_SPACE_PORT_80_TCP_NAME", "x"),
            ("SYFT_SPACE_PORT_x_TCP", "x"),
            ("SYFT_SPACE_HOST", "x"),
        ] {
            assert!(load_from("", &[(name, value)], &[]).is_err(), "{name}");
        }
    }

    #[test]
    fn k3_a_password_in_a_url_is_refused_and_not_repeated() {
        let refused = load_from("", &[("SYFT_SPACE_PUBLIC_URL", "https://me:hunter2@space.example")], &[]);
        let message = refused.unwrap_err();
        assert!(message.contains("https://***@space.example") && !message.contains("hunter2"), "{message}");
    }

    #[test]
    fn what_is_shown_of_a_setting_can_be_read_again() {
        let shown: Vec<_> =
            SETTINGS.iter().map(|setting| (setting, (setting.show)(&Settings::default()))).collect();
        let mut read = Settings::default();
        for (setting, text) in shown.iter().filter(|(_, text)| !text.is_empty()) {
            assert!((setting.apply)(&mut read, text).is_some(), "{}: {text}", setting.key);
        }
        assert_eq!(read, Settings::default());
    }

    #[test]
    fn k8_plain_http_is_never_served_to_a_network_unless_a_proxy_is_named() {
        for listen in ["0.0.0.0:8080", "[::]:8080", "192.0.2.1:80"] {
            assert!(load_from("", &[("SYFT_SPACE_LISTEN", listen)], &[]).is_err(), "{listen}");
            let named = [("SYFT_SPACE_LISTEN", listen), ("SYFT_SPACE_BEHIND_PROXY", "10.0.0.0/8")];
            assert!(load_from("", &named, &[]).is_ok(), "{listen}");
        }
        assert!(load_from("", &[("SYFT_SPACE_LISTEN", "[::1]:8080")], &[]).is_ok());
    }
}
