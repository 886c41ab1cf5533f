//! The values of the accepted bodies that are more than a number or a choice: each is checked as it is read.

use std::collections::BTreeMap;

use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};

use crate::object::INSTALLATION_LABEL;

/// What a value must be, where it is not.
type Rule = &'static str;

/// `true`, where nothing else is accepted.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "bool", into = "bool")]
pub struct True;

impl TryFrom<bool> for True {
    type Error = Rule;
    fn try_from(value: bool) -> Result<Self, Rule> {
        if value { Ok(Self) } else { Err("must be true") }
    }
}

impl From<True> for bool {
    fn from(_: True) -> Self {
        true
    }
}

/// All capabilities, which are dropped.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "[String; 1]")]
pub struct CapDrop;

impl TryFrom<Vec<String>> for CapDrop {
    type Error = Rule;
    fn try_from(dropped: Vec<String>) -> Result<Self, Rule> {
        if dropped == ["ALL"] { Ok(Self) } else { Err("must be [\"ALL\"]") }
    }
}

impl From<CapDrop> for [String; 1] {
    fn from(_: CapDrop) -> Self {
        ["ALL".to_owned()]
    }
}

/// That no program in a container gains a privilege.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "[String; 1]")]
pub struct SecurityOption;

impl TryFrom<Vec<String>> for SecurityOption {
    type Error = Rule;
    fn try_from(options: Vec<String>) -> Result<Self, Rule> {
        let [option] = options.as_slice() else { return Err("must be [\"no-new-privileges\"]") };
        // Engines and their clients write it in three ways.
        if matches!(
            option.as_str(),
            "no-new-privileges" | "no-new-privileges:true" | "no-new-privileges=true"
        ) {
            Ok(Self)
        } else {
            Err("must be [\"no-new-privileges\"]")
        }
    }
}

impl From<SecurityOption> for [String; 1] {
    fn from(_: SecurityOption) -> Self {
        ["no-new-privileges".to_owned()]
    }
}

/// A user and group by number, neither of which is root's. A name could be root's in the image.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NonRootUser {
    user: u32,
    group: u32,
}

impl TryFrom<String> for NonRootUser {
    type Error = Rule;
    fn try_from(text: String) -> Result<Self, Rule> {
        let number = |text: &str| {
            let digits = text.len() <= 10 && text.chars().all(|letter| letter.is_ascii_digit());
            text.parse::<u32>().ok().filter(|number| digits && (1..=i32::MAX.unsigned_abs()).contains(number))
        };
        let parts = text.split_once(':').and_then(|(user, group)| Some((number(user)?, number(group)?)));
        let (user, group) = parts.ok_or("must be user:group as numbers, neither of them 0")?;
        Ok(Self { user, group })
    }
}

impl From<NonRootUser> for String {
    fn from(NonRootUser { user, group }: NonRootUser) -> Self {
        format!("{user}:{group}")
    }
}

/// A variable of the environment: `NAME=value`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EnvironmentEntry {
    name: String,
    /// Perhaps a credential.
    value: String,
}

impl EnvironmentEntry {
    /// The most bytes of a value.
    const MAX_VALUE_BYTES: usize = 4096;

    /// The name of the variable.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl std::fmt::Debug for EnvironmentEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EnvironmentEntry").field("name", &self.name).finish_non_exhaustive()
    }
}

impl TryFrom<String> for EnvironmentEntry {
    type Error = Rule;
    fn try_from(text: String) -> Result<Self, Rule> {
        let (name, value) = text.split_once('=').ok_or("must be NAME=value")?;
        if value.len() > Self::MAX_VALUE_BYTES || value.chars().any(char::is_control) {
            return Err("a value has 4096 bytes at most, and no control character");
        }
        Ok(Self { name: name.to_owned(), value: value.to_owned() })
    }
}

impl From<EnvironmentEntry> for String {
    fn from(entry: EnvironmentEntry) -> Self {
        format!("{}={}", entry.name, entry.value)
    }
}

/// The labels of something: those of a space, few and plain.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<String, String>", into = "BTreeMap<String, String>")]
pub struct Labels(BTreeMap<String, String>);

impl Labels {
    const MAX_LABELS: usize = 16;

    /// The id of the installation.
    pub(crate) fn installation(&self) -> Option<&String> {
        self.0.get(INSTALLATION_LABEL)
    }
}

impl TryFrom<BTreeMap<String, String>> for Labels {
    type Error = Rule;
    fn try_from(labels: BTreeMap<String, String>) -> Result<Self, Rule> {
        let is_name = |name: &str| {
            let rest = name.strip_prefix("syft-space.").unwrap_or_default();
            let plain = |letter: char| letter.is_ascii_lowercase() || matches!(letter, '.' | '-');
            !rest.is_empty() && rest.len() <= 64 && rest.chars().all(plain)
        };
        let is_value = |value: &str| {
            let plain =
                |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | ':' | '-');
            value.len() <= 128 && value.chars().all(plain)
        };
        if labels.len() <= Self::MAX_LABELS
            && labels.iter().all(|(name, value)| is_name(name) && is_value(value))
        {
            Ok(Self(labels))
        } else {
            Err("must be 16 labels at most, named syft-space.… with plain values")
        }
    }
}

impl From<Labels> for BTreeMap<String, String> {
    fn from(labels: Labels) -> Self {
        labels.0
    }
}

/// A port of a container: `8000/tcp`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PortName(u16);

impl TryFrom<String> for PortName {
    type Error = Rule;
    fn try_from(text: String) -> Result<Self, Rule> {
        let digits =
            text.strip_suffix("/tcp").filter(|digits| digits.chars().all(|letter| letter.is_ascii_digit()));
        let port = digits.and_then(|digits| digits.parse().ok()).filter(|port| *port > 0);
        port.map(Self).ok_or("a port is 1 to 65535 and /tcp")
    }
}

impl From<PortName> for String {
    fn from(PortName(port): PortName) -> Self {
        format!("{port}/tcp")
    }
}

/// The addresses of a network, by its first one and the length of its prefix.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Subnet(Ipv4Net);

impl Subnet {
    pub(crate) fn get(self) -> Ipv4Net {
        self.0
    }
}

impl TryFrom<String> for Subnet {
    type Error = Rule;
    fn try_from(text: String) -> Result<Self, Rule> {
        let network = text.parse::<Ipv4Net>().ok().filter(|network| network.trunc() == *network);
        network.map(Self).ok_or("must be an IPv4 network, as 10.213.0.16/28")
    }
}

impl From<Subnet> for String {
    fn from(subnet: Subnet) -> Self {
        subnet.0.to_string()
    }
}

/// Where a volume stands in a container: an absolute path in its normal form, and none of the kernel's.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MountTarget(String);

impl TryFrom<String> for MountTarget {
    type Error = Rule;
    fn try_from(path: String) -> Result<Self, Rule> {
        let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '-');
        let is_part = |part: &str| !matches!(part, "" | "." | "..") && part.chars().all(plain);
        let parts: Vec<&str> =
            path.strip_prefix('/').map(|rest| rest.split('/').collect()).unwrap_or_default();
        let first = parts.first().copied().unwrap_or_default();
        let kernels = matches!(first, "proc" | "sys" | "dev" | "tmp");
        if !parts.is_empty() && path.len() <= 256 && parts.iter().all(|part| is_part(part)) && !kernels {
            Ok(Self(path))
        } else {
            Err("must be an absolute path of plain names, and not below /proc, /sys, /dev or /tmp")
        }
    }
}

impl From<MountTarget> for String {
    fn from(target: MountTarget) -> Self {
        target.0
    }
}

/// The options of a file system in memory: how large it is and whose. What makes it safer is allowed, what makes it less so not.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TmpfsOptions(String);

impl TryFrom<String> for TmpfsOptions {
    type Error = Rule;
    fn try_from(text: String) -> Result<Self, Rule> {
        let is_option = |option: &str| match option.split_once('=') {
            None => matches!(option, "rw" | "noexec" | "nosuid" | "nodev"),
            Some(("size", size)) => is_size(size, &['k', 'm', 'g']),
            Some(("mode", mode)) => {
                matches!(mode.len(), 3 | 4) && mode.chars().all(|digit| digit.is_digit(8))
            }
            Some(("uid" | "gid", id)) => is_size(id, &[]),
            Some(_) => false,
        };
        if text.is_empty() || text.split(',').all(is_option) {
            Ok(Self(text))
        } else {
            Err("may be rw, noexec, nosuid, nodev, size=, mode=, uid= and gid=")
        }
    }
}

impl From<TmpfsOptions> for String {
    fn from(options: TmpfsOptions) -> Self {
        options.0
    }
}

/// Whether a text is a number of at most 9 digits, with or without one of the units.
fn is_size(text: &str, units: &[char]) -> bool {
    let digits = text.strip_suffix(units).unwrap_or(text);
    (1..=9).contains(&digits.len()) && digits.chars().all(|letter| letter.is_ascii_digit())
}

/// How much of what a container says is kept: so many files of such a size.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<String, String>", into = "BTreeMap<String, String>")]
pub struct LogLimits {
    /// MiB of a file.
    size: u16,
    files: u16,
}

impl LogLimits {
    const MAX_SIZE: u16 = 100;
    const MAX_FILES: u16 = 10;
}

impl TryFrom<BTreeMap<String, String>> for LogLimits {
    type Error = Rule;
    fn try_from(mut limits: BTreeMap<String, String>) -> Result<Self, Rule> {
        let number = |text: &str, most: u16| {
            let digits = text.chars().all(|letter| letter.is_ascii_digit());
            text.parse::<u16>().ok().filter(|number| digits && (1..=most).contains(number))
        };
        let size = limits.remove("max-size").unwrap_or_default();
        let size = size.strip_suffix('m').and_then(|size| number(size, Self::MAX_SIZE));
        let files = number(&limits.remove("max-file").unwrap_or_default(), Self::MAX_FILES);
        match (size, files) {
            (Some(size), Some(files)) if limits.is_empty() => Ok(Self { size, files }),
            _ => Err("must be a max-size of 1m to 100m and a max-file of 1 to 10"),
        }
    }
}

impl From<LogLimits> for BTreeMap<String, String> {
    fn from(LogLimits { size, files }: LogLimits) -> Self {
        [("max-size".to_owned(), format!("{size}m")), ("max-file".to_owned(), files.to_string())].into()
    }
}

/// The command that sees whether a database works: of one form, in which only the port and the path are chosen. An image has one
/// of its three programs.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "[String; 2]")]
pub struct HealthTest {
    port: u16,
    path: String,
}

impl HealthTest {
    fn command(&self) -> String {
        let Self { port, path } = self;
        format!(
            "wget -q -O /dev/null http://127.0.0.1:{port}{path} 2>/dev/null \
             || curl -sf -o /dev/null http://127.0.0.1:{port}{path} 2>/dev/null \
             || bash -c ': </dev/tcp/127.0.0.1/{port}'"
        )
    }
}

impl TryFrom<Vec<String>> for HealthTest {
    type Error = Rule;
    fn try_from(words: Vec<String>) -> Result<Self, Rule> {
        const RULE: Rule =
            "must be the command that asks a port of 127.0.0.1 for a path by wget, curl or bash";
        let [kind, command] = words.as_slice() else { return Err(RULE) };
        let target = command.strip_prefix("wget -q -O /dev/null http://127.0.0.1:").unwrap_or_default();
        let target = target.split(' ').next().unwrap_or_default();
        let (port, path) = target.split_once('/').ok_or(RULE)?;
        let plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '/';
        let port = port.parse().ok().filter(|port| *port > 0 && path.chars().all(plain)).ok_or(RULE)?;
        let test = Self { port, path: format!("/{path}") };
        // What is written out of what was understood is what was sent.
        if kind == "CMD-SHELL" && test.command() == *command { Ok(test) } else { Err(RULE) }
    }
}

impl From<HealthTest> for [String; 2] {
    fn from(test: HealthTest) -> Self {
        ["CMD-SHELL".to_owned(), test.command()]
    }
}

/// The name of a bridge on the host: `ssp` and the first address of its network, in hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BridgeName(u32);

impl BridgeName {
    /// The name of the bridge of a network.
    pub(crate) fn of(subnet: Subnet) -> Self {
        Self(subnet.get().network().to_bits())
    }
}

impl TryFrom<String> for BridgeName {
    type Error = Rule;
    fn try_from(text: String) -> Result<Self, Rule> {
        let digits = text.strip_prefix("ssp").and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let name = digits.map(Self).filter(|name| String::from(*name) == text);
        name.ok_or("must be ssp and the network's first address in hexadecimal digits")
    }
}

impl From<BridgeName> for String {
    fn from(BridgeName(address): BridgeName) -> Self {
        format!("ssp{address:08x}")
    }
}

/// A time: a second to an hour, so that no check keeps the host busy.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct Nanoseconds(u64);

impl TryFrom<u64> for Nanoseconds {
    type Error = Rule;
    fn try_from(time: u64) -> Result<Self, Rule> {
        const SECOND: u64 = 1_000_000_000;
        if (SECOND..=3_600 * SECOND).contains(&time) {
            Ok(Self(time))
        } else {
            Err("must be a second to an hour")
        }
    }
}

impl From<Nanoseconds> for u64 {
    fn from(time: Nanoseconds) -> Self {
        time.0
    }
}

/// How many checks must fail: 1 to 100.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct Retries(u64);

impl TryFrom<u64> for Retries {
    type Error = Rule;
    fn try_from(count: u64) -> Result<Self, Rule> {
        if (1..=100).contains(&count) { Ok(Self(count)) } else { Err("must be 1 to 100") }
    }
}

impl From<Retries> for u64 {
    fn from(count: Retries) -> Self {
        count.0
    }
}
