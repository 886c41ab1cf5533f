//! Where the audit logs go besides, as a setting writes it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use sha2::{Digest, Sha256};
use syft_space_domain::sink::{MAX_SINKS, SinkLogs, SinkName, SinkStart, SinkTerms};
use syft_space_sinks::{FileSettings, SyslogSettings, is_loopback};

use crate::audit_formats::form::ExportFormat;
use crate::config::urls::is_target;
use crate::config::values::{Words, host_and_port, list, shown_host};

/// What the setting may be.
pub(super) const ALLOWED: &str = "up to 8 sinks, separated by commas, each of these words, separated by spaces: name=NAME, kind=file with folder=PATH (and \
     rotate_bytes=N, rotate_hours=N, keep=N), kind=syslog with server=HOST:PORT (and tls=off on loopback), or kind=webhook with url=URL \
     and secret_file=PATH; and logs=installation or logs=all, format=native, ocsf, ecs or cloudevents, from=now or from=beginning";

/// A file's size where nobody says: 100 MiB.
const DEFAULT_ROTATE_BYTES: u64 = 100 << 20;
const DEFAULT_ROTATE_HOURS: u64 = 24;
const DEFAULT_KEEP: usize = 30;

/// A sink of the audit logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditSink {
    /// Its name, and what it gets.
    pub terms: SinkTerms,
    /// How events are told.
    pub format: ExportFormat,
    /// Where they go.
    pub target: SinkTarget,
}

/// Where events go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SinkTarget {
    /// Into a file.
    File(FileSettings),
    /// To a syslog collector.
    Syslog(SyslogSettings),
    /// To a webhook.
    Webhook {
        /// Its URL.
        url: String,
        /// The file with the secrets that sign.
        secret_file: PathBuf,
    },
}

impl SinkTarget {
    /// The word for it.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::File(_) => "file",
            Self::Syslog(_) => "syslog",
            Self::Webhook { .. } => "webhook",
        }
    }
}

/// The word for a form of events.
#[must_use]
pub const fn format_word(format: ExportFormat) -> &'static str {
    match format {
        ExportFormat::Jsonl => "native",
        ExportFormat::Ocsf => "ocsf",
        ExportFormat::Ecs => "ecs",
        ExportFormat::Cloudevents => "cloudevents",
    }
}

fn read(text: &str) -> Option<AuditSink> {
    let mut words = Words::read(text)?;
    let name = SinkName::parse(words.take("name")?).ok()?;
    let logs = words.take("logs").map_or(Some(SinkLogs::Installation), |word| word.parse().ok())?;
    let start = words.take("from").map_or(Some(SinkStart::Now), |word| word.parse().ok())?;
    let format = match words.take("format") {
        None | Some("native") => ExportFormat::Jsonl,
        Some("ocsf") => ExportFormat::Ocsf,
        Some("ecs") => ExportFormat::Ecs,
        Some("cloudevents") => ExportFormat::Cloudevents,
        Some(_) => return None,
    };
    let target = match words.take("kind")? {
        "file" => {
            let hours = |hours: u64| Duration::from_secs(hours.saturating_mul(60 * 60));
            let keep = u64::try_from(DEFAULT_KEEP).ok()?;
            SinkTarget::File(FileSettings {
                folder: words.path("folder")?,
                rotate_bytes: words.number("rotate_bytes", 1 << 12, 1 << 40, DEFAULT_ROTATE_BYTES)?,
                rotate_age: hours(words.number("rotate_hours", 1, 8_760, DEFAULT_ROTATE_HOURS)?),
                keep: usize::try_from(words.number("keep", 1, 10_000, keep)?).ok()?,
            })
        }
        "syslog" => {
            let (host, port) = host_and_port(words.take("server")?)?;
            let tls = match words.take("tls") {
                None | Some("on") => true,
                // In the clear nothing leaves this machine.
                Some("off") if is_loopback(&host) => false,
                Some(_) => return None,
            };
            SinkTarget::Syslog(SyslogSettings { host, port, tls })
        }
        "webhook" => {
            let url = words.take("url").filter(|url| is_target(url))?.to_owned();
            SinkTarget::Webhook { url, secret_file: words.path("secret_file")? }
        }
        _ => return None,
    };
    let told = told_at(&target, format);
    let terms = SinkTerms { name, logs, start, target: Sha256::digest(told).into() };
    words.is_empty().then_some(AuditSink { terms, format, target })
}

/// Reads the sinks.
pub(super) fn apply(setting: &mut Vec<AuditSink>, text: &str) -> Option<()> {
    let sinks: Vec<AuditSink> = list(text).map(read).collect::<Option<_>>()?;
    let names: BTreeSet<&SinkName> = sinks.iter().map(|sink| &sink.terms.name).collect();
    let fits = names.len() == sinks.len() && sinks.len() <= MAX_SINKS;
    *setting = fits.then_some(sinks)?;
    Some(())
}

/// Where a sink leads, and how events are told there. A hash of this text is kept: the same sink has the same in each version.
fn told_at(target: &SinkTarget, format: ExportFormat) -> String {
    let place = match target {
        SinkTarget::File(FileSettings { folder, rotate_bytes, rotate_age, keep }) => {
            let (folder, hours) = (folder.display(), rotate_age.as_secs() / 3_600);
            format!("folder={folder} rotate_bytes={rotate_bytes} rotate_hours={hours} keep={keep}")
        }
        SinkTarget::Syslog(SyslogSettings { host, port, tls }) => {
            format!("server={} tls={}", shown_host(host, *port), if *tls { "on" } else { "off" })
        }
        SinkTarget::Webhook { url, secret_file } => {
            format!("url={url} secret_file={}", secret_file.display())
        }
    };
    format!("kind={} {place} format={}", target.kind(), format_word(format))
}

/// As [`apply`] reads them.
pub(super) fn show(sinks: &[AuditSink]) -> String {
    let one = |AuditSink { terms, format, target }: &AuditSink| {
        let SinkTerms { name, logs, start, .. } = terms;
        let (told, logs, start) = (told_at(target, *format), logs.as_str(), start.as_str());
        format!("name={name} {told} logs={logs} from={start}")
    };
    sinks.iter().map(one).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sinks(text: &str) -> Option<Vec<AuditSink>> {
        let mut sinks = Vec::new();
        apply(&mut sinks, text).map(|()| sinks)
    }

    #[test]
    fn u1_what_is_shown_of_sinks_is_read_back() {
        let text = "name=a kind=file folder=/var/log/space, name=b kind=syslog server=127.0.0.1:601 tls=off logs=all format=ocsf \
                    from=beginning, name=c kind=webhook url=https://x.example/in?a=1 secret_file=/etc/secret format=ecs";
        let read = sinks(text).unwrap();
        assert_eq!(sinks(&show(&read)), Some(read.clone()));
        let [a, b, c] = read.as_slice() else { panic!("{read:?}") };
        assert_eq!((a.terms.logs, a.terms.start), (SinkLogs::Installation, SinkStart::Now));
        assert_eq!((b.terms.logs, b.terms.start), (SinkLogs::All, SinkStart::Beginning));
        assert_eq!([a, b, c].map(|sink| sink.target.kind()), ["file", "syslog", "webhook"]);
        assert_eq!([a, b, c].map(|sink| format_word(sink.format)), ["native", "ocsf", "ecs"]);
        assert_eq!(sinks(""), Some(Vec::new()));
    }

    #[test]
    fn u1_what_is_no_sink_is_refused() {
        for wrong in [
            "archive",
            "kind=file folder=/x",
            "name=a kind=file",
            "name=a kind=file folder=x",
            "name=a kind=file folder=/x keep=0",
            "name=a kind=file folder=/x rotate_bytes=1",
            "name=a kind=file folder=/x server=a:1",
            "name=a kind=file folder=/x logs=tenants",
            "name=a kind=file folder=/x format=jsonl",
            "name=a kind=file folder=/x from=then",
            "name=a name=b kind=file folder=/x",
            "name=A kind=file folder=/x",
            "name=a kind=syslog server=logs.example",
            "name=a kind=syslog server=logs.example:601 tls=off",
            "name=a kind=syslog server=10.0.0.1:601 tls=off",
            "name=a kind=webhook url=https://x.example",
            "name=a kind=webhook url=ftp://x.example secret_file=/x",
            "name=a kind=webhook url=https://me:pw@x.example/ secret_file=/x",
            "name=a kind=file folder=/x, name=a kind=file folder=/y",
        ] {
            assert_eq!(sinks(wrong), None, "{wrong}");
        }
        let many =
            |n: usize| (0..n).map(|n| format!("name=s{n} kind=file folder=/x")).collect::<Vec<_>>().join(",");
        assert!(sinks(&many(MAX_SINKS)).is_some() && sinks(&many(MAX_SINKS + 1)).is_none());
    }
}
