//! The commands `syft-space privacy`.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::json;
use syft_space_domain::identity::Email;

use crate::cli::account::Account;
use crate::cli::api::{ApiClient, option, unusable};
use crate::cli::certificates::{self, CertificateArguments, VerifyArguments};
use crate::cli::exit::CommandError;
use crate::cli::instant::time;
use crate::cli::lists::list_all;
use crate::cli::member_changes::{NamedMember, find_member};
use crate::cli::new_file::NewFile;
use crate::cli::output::{Column, Output, number, text};
use crate::cli::password::demand_yes;
use crate::routes::erasures::{ErasedAddress, Erasure, NewErasure};

/// What one can do with what is held about people.
#[derive(Subcommand)]
pub(super) enum Privacy {
    /// Write all that is held about a member into an archive: they do it for themselves, and an owner for each
    Export(ExportArguments),
    /// Erase a member and all that is held about them, which nobody can take back: they do it for themselves, and an owner for each, also for who was one
    Erase(NamedMember),
    /// List erasures: what is due, and what went
    Erasures(ListErasures),
    /// Get the signed certificate of an erasure that has ended
    Certificate(CertificateArguments),
    /// Verify the certificate of an erasure or a deletion, with no server, home or network
    Verify(VerifyArguments),
}

/// As whom erasures are read.
#[derive(Args)]
pub(super) struct ListErasures {
    #[command(flatten)]
    account: Account,
}

const ERASURES: &[Column<Erasure>] = &[
    text("ACCOUNT", |erasure| erasure.account_id.to_string()),
    text("ASKED BY", |erasure| erasure.asked_by.to_string()),
    text("ASKED", |erasure| time(erasure.asked_at)),
    text("DUE", |erasure| time(erasure.due_at)),
    text("STATE", |erasure| match erasure.ended_at {
        Some(at) => format!("ended {}", time(at)),
        None if erasure.overdue => "overdue".to_owned(),
        None => "under way".to_owned(),
    }),
    number("EVENTS", |erasure| erasure.erased.events.to_string()),
    number("RULES", |erasure| {
        erasure.naming_policies.len().saturating_add(erasure.naming_expectations.len()).to_string()
    }),
];

/// Whose data, and where it goes.
#[derive(Args)]
pub(super) struct ExportArguments {
    /// The member's e-mail address
    #[arg(value_name = "EMAIL")]
    email: String,
    /// Where to write the archive, which must not be there yet [default: EMAIL.zip]
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    account: Account,
}

impl ExportArguments {
    fn path(&self) -> PathBuf {
        self.file.clone().unwrap_or_else(|| {
            // What is a letter of an address may mean something to a shell, or in a path.
            let is_plain = |c: char| c.is_alphanumeric() || "@.-_+".contains(c);
            let name = self.email.chars().map(|c| if is_plain(c) { c } else { '_' });
            PathBuf::from(format!("{}.zip", name.collect::<String>().trim_start_matches(['.', '-'])))
        })
    }
}

impl Privacy {
    /// The account as which it acts; none to verify.
    pub(super) fn account(&self) -> Option<&Account> {
        match self {
            Self::Export(what) => Some(&what.account),
            Self::Erase(what) => Some(&what.account),
            Self::Erasures(what) => Some(&what.account),
            Self::Certificate(what) => Some(&what.account),
            Self::Verify(_) => None,
        }
    }

    /// Whether it is about somebody else than the account as which it acts.
    pub(super) fn is_of_another(&self) -> bool {
        let whose = match self {
            Self::Export(what) => &what.email,
            Self::Erase(what) => &what.email,
            Self::Erasures(_) | Self::Certificate(_) | Self::Verify(_) => return false,
        };
        let address = |text: &str| Email::parse(text).ok();
        self.account().is_some_and(|account| address(whose) != address(&account.email))
    }

    /// Refuses what can be no address, and a file that is there.
    pub(super) fn check(&self) -> Result<(), CommandError> {
        match self {
            Self::Erasures(_) | Self::Verify(_) => Ok(()),
            Self::Certificate(what) => what.check(),
            Self::Erase(what) => what.read().map(drop),
            Self::Export(what) => {
                option::<Email>("EMAIL", &what.email)?;
                let path = what.path();
                if path.as_os_str() == "-" {
                    return Err(unusable(
                        "--file",
                        "an archive goes to a file, which you alone may read then",
                    ));
                }
                if path.exists() {
                    return Err(unusable("--file", format!("{} is there already", path.display())));
                }
                Ok(())
            }
        }
    }
}

pub(super) async fn run(api: &ApiClient, what: &Privacy, out: &mut Output) -> anyhow::Result<()> {
    match what {
        Privacy::Export(what) => export(api, what, out).await,
        Privacy::Erase(what) => erase(api, &what.read()?, out).await,
        Privacy::Erasures(_) => list_all(api, "/api/v1/erasures", ERASURES, out).await,
        Privacy::Certificate(what) => certificates::certificate(api, what, out).await,
        Privacy::Verify(what) => certificates::verify(what, out),
    }
}

async fn erase(api: &ApiClient, email: &Email, out: &mut Output) -> anyhow::Result<()> {
    demand_yes(format!(
        "All that is held about {email} will be erased, which nobody can take back. Is that meant?"
    ))
    .await?;
    let request = if api.me().await?.email == *email {
        api.request(Method::DELETE, "/api/v1/me", &[])?
    } else {
        // Who is no member any more is known by the address alone.
        let erased = ErasedAddress { email: email.clone() };
        api.request(Method::POST, "/api/v1/erasures", &[])?.json(&erased)
    };
    let begun: NewErasure = api.read(request).await?;
    if out.json {
        return out.document(&begun);
    }
    out.line(&format!(
        "The account {} of {email} is gone, and what else is held about them follows within moments of a running server. An owner sees \
         with `syft-space privacy erasures` when that has ended.",
        begun.erasure.account_id
    ))?;
    match begun.certificate_path {
        Some(path) => out.line(&format!(
            "From then on whoever has this path, below the URL of the space, gets the signed certificate, without an account: {path}"
        )),
        None => out.line(&format!(
            "It was asked for before, and the path of its certificate was told then. An owner gets the certificate with `syft-space privacy \
             certificate {}`.",
            begun.erasure.account_id
        )),
    }
}

async fn export(api: &ApiClient, what: &ExportArguments, out: &mut Output) -> anyhow::Result<()> {
    let email: Email = option("EMAIL", &what.email)?;
    let path = what.path();
    let path = path.as_path();
    let from = if api.me().await?.email == email {
        "/api/v1/me/export".to_owned()
    } else {
        format!("/api/v1/users/{}/export", find_member(api, &email).await?.id)
    };
    let request = api.request(Method::GET, &from, &[])?;
    let mut written = None;
    let bytes = api
        .stream(request, |bytes| {
            let file = match &mut written {
                Some(file) => file,
                None => written.insert(NewFile::create("--file", path)?),
            };
            Ok(file.write_all(bytes)?)
        })
        .await?;
    if let Some(file) = written {
        file.keep()?;
    }
    if out.json {
        return out.document(&json!({ "email": email, "file": path, "bytes": bytes }));
    }
    out.line(&format!(
        "What is held about {email} is in {}: {bytes} bytes. README.md in it says what is what.",
        path.display()
    ))
}
