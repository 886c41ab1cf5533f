//! The command `syft-space policies expect`: what is expected of an endpoint.

use clap::Args;
use reqwest::Method;
use syft_space_domain::expectation::ExpectedVerdict;
use syft_space_domain::identity::Email;
use syft_space_domain::policy::Purpose;
use syft_space_domain::text::Line;

use crate::cli::account::Account;
use crate::cli::api::{ApiClient, option, unusable};
use crate::cli::exit::{CommandError, ExitStatus};
use crate::cli::output::{Column, Output, text};
use crate::cli::publish::find_endpoint;
use crate::routes::endpoints::Identity;
use crate::routes::expectations::{Expectation, Expectations, NewExpectation, SetExpectations};

/// Of which endpoint what is expected.
#[derive(Args)]
pub(super) struct ExpectArguments {
    /// The endpoint's slug, or its id
    #[arg(value_name = "ENDPOINT")]
    endpoint: String,
    /// Expect that the member of this address may ask; may stand several times
    #[arg(long, value_name = "EMAIL")]
    allowed: Vec<String>,
    /// Expect that nobody of this address may ask, from a marketplace neither; may stand several times
    #[arg(long, value_name = "EMAIL")]
    denied: Vec<String>,
    /// Expect nothing of this address any more; may stand several times
    #[arg(long, value_name = "EMAIL")]
    remove: Vec<String>,
    /// For which purpose they are meant [default: any that the policies allow]
    #[arg(long, value_name = "PURPOSE")]
    purpose: Option<String>,
    /// Why, beside each that is added
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    #[command(flatten)]
    pub(super) account: Account,
}

/// What is to be changed; `None` is expected where nothing is any more.
struct Change {
    email: Email,
    verdict: Option<ExpectedVerdict>,
}

impl ExpectArguments {
    /// Refuses arguments that cannot be followed.
    pub(super) fn check(&self) -> Result<(), CommandError> {
        self.read().map(drop)
    }

    fn read(&self) -> Result<(Vec<Change>, Option<Purpose>, Line), CommandError> {
        let named = [
            ("--remove", &self.remove, None),
            ("--allowed", &self.allowed, Some(ExpectedVerdict::Allowed)),
            ("--denied", &self.denied, Some(ExpectedVerdict::Denied)),
        ];
        let changes = named.into_iter().flat_map(|(name, emails, verdict)| {
            emails.iter().map(move |email| {
                let email = option(&format!("{name} {email:?}"), email)?;
                Ok(Change { email, verdict })
            })
        });
        let purpose = self.purpose.as_deref().map(Purpose::parse).transpose();
        let purpose = purpose.map_err(|error| unusable("--purpose", error))?;
        let note = self.note.as_deref().unwrap_or_default();
        Ok((changes.collect::<Result<_, CommandError>>()?, purpose, option("--note", note)?))
    }
}

const EXPECTATIONS: &[Column<Expectation>] = &[
    text("WHO", |one| who(&one.identity)),
    text("PURPOSE", |one| one.purpose.as_ref().map(ToString::to_string).unwrap_or_default()),
    text("EXPECTED", |one| one.verdict.to_string()),
    text("HOLDS", |one| if one.holds { "yes" } else { "no" }.to_owned()),
    text("BECAUSE", |one| one.reason_code.clone()),
    text("NOTE", |one| one.note.clone()),
];

fn who(identity: &Identity) -> String {
    let email = identity.email.as_ref().map(ToString::to_string);
    match (&identity.issuer, &identity.sub, identity.role) {
        (Some(issuer), Some(sub), Some(role)) => {
            let named = format!("{role} {sub} of {issuer}");
            email.map_or_else(|| named.clone(), |email| format!("{email}, {named}"))
        }
        _ => email.unwrap_or_default(),
    }
}

/// Whether it is of this address, and not of a user of one hub.
fn is_of(identity: &Identity, email: &Email) -> bool {
    identity.issuer.is_none() && identity.email.as_ref() == Some(email)
}

pub(super) async fn expect(api: &ApiClient, what: &ExpectArguments, out: &mut Output) -> anyhow::Result<()> {
    let (changes, purpose, note) = what.read()?;
    let (found, _) = find_endpoint(api, &what.endpoint).await?;
    let path = format!("/api/v1/endpoints/{}/expectations", found.endpoint.slug);
    let (mut expected, revision): (Expectations, _) = api.get_revision(&path).await?;
    if !changes.is_empty() {
        for change in changes.iter().filter(|change| change.verdict.is_none()) {
            if !expected.expectations.iter().any(|one| is_of(&one.identity, &change.email)) {
                let message = format!("nothing is expected of {} at {}", change.email, found.endpoint.slug);
                return Err(CommandError::new(ExitStatus::NotFound, message).into());
            }
        }
        let body = changed(expected, &changes, purpose.as_ref(), &note)?;
        expected = api.change(Method::PUT, &path, revision, &body).await?;
    }
    show(&expected, out)
}

/// What is expected after the changes, each of which takes the place of what was expected of the same address and purpose.
fn changed(
    expected: Expectations,
    changes: &[Change],
    purpose: Option<&Purpose>,
    note: &Line,
) -> Result<SetExpectations, CommandError> {
    let kept = expected.expectations.into_iter().filter(|one| {
        let is_meant = |change: &Change| {
            let is_same = is_of(&one.identity, &change.email);
            // Whoever wants nothing expected of somebody any more need not say for which purpose.
            let any = change.verdict.is_none() && purpose.is_none();
            is_same && (any || one.purpose.as_ref() == purpose)
        };
        !changes.iter().any(is_meant)
    });
    let kept = kept.map(|one| {
        let Expectation { identity, purpose, verdict, note, .. } = one;
        Ok(NewExpectation { identity, purpose, verdict, note: option("the note", &note)? })
    });
    let added = changes.iter().filter_map(|change| {
        let email = Some(change.email.clone());
        Some(Ok(NewExpectation {
            identity: Identity { email, issuer: None, sub: None, role: None },
            purpose: purpose.cloned(),
            verdict: change.verdict?,
            note: note.clone(),
        }))
    });
    Ok(SetExpectations { expectations: kept.chain(added).collect::<Result<_, CommandError>>()? })
}

fn show(expected: &Expectations, out: &mut Output) -> anyhow::Result<()> {
    if out.json {
        return out.document(expected);
    }
    let mut table = out.table(EXPECTATIONS);
    table.items(&expected.expectations)?;
    if table.end()? == 0 {
        out.remark("(nothing is expected of it)");
    }
    Ok(())
}
