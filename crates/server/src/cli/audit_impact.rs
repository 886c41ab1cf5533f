//! The command `syft-space audit impact`.

use std::collections::BTreeMap;

use clap::Args;
use reqwest::Method;
use serde::Serialize;
use syft_space_domain::dataset::FileName;
use syft_space_domain::inquiry::{DocumentName, KeyName, PrincipalName};

use crate::cli::api::{ApiClient, option};
use crate::cli::exit::{CommandError, ExitStatus};
use crate::cli::instant::{instant, time};
use crate::cli::output::{Column, Output, number, text};
use crate::routes::audit_impact::{
    AddressCounts, Counts, EndpointCounts, Impact, OtherCounts, PrincipalCounts, Reach, ShownCounts,
};
use crate::routes::datasets::Dataset;

/// Of what, and of which time.
#[derive(Args)]
pub(super) struct ImpactArguments {
    /// Of the API key with this id, or those with this name
    #[arg(long, value_name = "KEY", group = "of")]
    key: Option<String>,
    /// Of a member with this address, or one who was; of a user of a marketplace (MARKETPLACE/USER); or of an id of the log
    #[arg(long, value_name = "WHO", group = "of")]
    user: Option<String>,
    /// Of a document, as DATASET/DOCUMENT, by its id or the path of its file; without any of the three, of all of the tenant
    #[arg(long, value_name = "DOCUMENT", group = "of")]
    document: Option<String>,
    /// From this time on, such as 2026-07-01 (its beginning, in UTC) or 2026-07-01T09:30:00Z
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Before this time
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
}

impl ImpactArguments {
    /// What the route is asked; what is wrong is told of by the option's name.
    async fn query(&self, api: &ApiClient) -> anyhow::Result<Vec<(&'static str, String)>> {
        let mut query = Vec::new();
        if let Some(key) = &self.key {
            option::<KeyName>("--key", key)?;
            query.push(("key_name", key.clone()));
        }
        if let Some(user) = &self.user {
            option::<PrincipalName>("--user", user)?;
            query.push(("principal", user.clone()));
        }
        if let Some(document) = &self.document {
            query.push(("document", find_document(api, document).await?));
        }
        for (name, told_as, at) in [("since", "--from", &self.from), ("until", "--to", &self.to)] {
            if let Some(at) = at {
                query.push((name, instant(told_as, at)?.to_string()));
            }
        }
        Ok(query)
    }
}

impl ImpactArguments {
    /// Refuses a name that nobody has: that it touched nothing would be no news of anybody.
    fn check_found(&self, found: &Impact) -> Result<(), CommandError> {
        let unknown = match (&self.user, &self.key) {
            (Some(user), _) if found.actors.is_empty() => user,
            (_, Some(key)) if found.api_keys.is_empty() => key,
            _ => return Ok(()),
        };
        let message = format!(
            "nobody and nothing is or was called {unknown:?} here, as far as the log knows: what was erased, and what joined long ago \
             and is gone, is found by its id alone (`syft-space audit list --json` shows ids)"
        );
        Err(CommandError::new(ExitStatus::NotFound, message))
    }
}

/// A document as the log calls it: by the ids of its dataset and of itself.
async fn find_document(api: &ApiClient, text: &str) -> anyhow::Result<String> {
    // A dataset's name and a file's path may have slashes: the longest name that fits is meant.
    let datasets = api.all::<Dataset>("/api/v1/datasets").await?;
    let rest_of = |name: &str| text.strip_prefix(name)?.strip_prefix('/').map(ToOwned::to_owned);
    let found = datasets.iter().filter_map(|dataset| {
        let by_id = rest_of(&dataset.id.to_string()).map(|rest| (usize::MAX, rest));
        let (length, rest) = by_id.or_else(|| Some((dataset.name.len(), rest_of(&dataset.name)?)))?;
        Some((length, dataset.id, rest))
    });
    let Some((_, dataset, document)) = found.max_by_key(|(length, ..)| *length) else {
        let named = option::<DocumentName>("--document", text)?;
        if named.has_dataset_id() {
            // One that is gone is known by its id.
            return Ok(text.to_owned());
        }
        let message = format!(
            "--document: there is no dataset that {text:?} begins with (`syft-space datasets list` shows which there are); of one that is \
             gone give the id"
        );
        return Err(CommandError::new(ExitStatus::NotFound, message).into());
    };
    let document = option::<FileName>("--document", &document)?.document_id();
    Ok(format!("{dataset}/{document}"))
}

/// A line of what was touched.
#[derive(Serialize)]
struct Line {
    what: String,
    counts: Counts,
}

const LINES: &[Column<Line>] = &[
    text("WHAT", |line| line.what.clone()),
    number("DONE", |line| line.counts.success.to_string()),
    number("REFUSED", |line| line.counts.denied.to_string()),
    number("FAILED", |line| line.counts.failure.to_string()),
    text("FIRST", |line| time(line.counts.first_at)),
    text("LAST", |line| time(line.counts.last_at)),
];

impl Counts {
    fn add(&mut self, other: &Self) {
        self.success = self.success.saturating_add(other.success);
        self.denied = self.denied.saturating_add(other.denied);
        self.failure = self.failure.saturating_add(other.failure);
        self.first_at = self.first_at.min(other.first_at);
        self.last_at = self.last_at.max(other.last_at);
    }
}

/// Adds the counts of a part to those of the parts before, thing by thing.
fn merge<T>(
    all: &mut Vec<T>,
    part: Vec<T>,
    key: impl Fn(&T) -> String,
    counts: impl Fn(&mut T) -> &mut Counts,
) {
    let mut known: BTreeMap<String, T> = all.drain(..).map(|one| (key(&one), one)).collect();
    for mut one in part {
        let added = counts(&mut one).clone();
        match known.get_mut(&key(&one)) {
            Some(known) => counts(known).add(&added),
            None => {
                known.insert(key(&one), one);
            }
        }
    }
    all.extend(known.into_values());
}

/// All parts as one.
async fn read_all(api: &ApiClient, query: &[(&'static str, String)]) -> anyhow::Result<Impact> {
    let mut all: Option<Impact> = None;
    loop {
        let cursor = all.as_ref().and_then(|all| all.next_cursor.clone());
        let mut asked: Vec<(&str, &str)> =
            query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        asked.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
        let part: Impact = api.read(api.request(Method::GET, "/api/v1/audit/impact", &asked)?).await?;
        let whole = match all.take() {
            None => part,
            Some(mut known) => {
                known.events = known.events.saturating_add(part.events);
                known.next_cursor = part.next_cursor;
                merge(&mut known.endpoints, part.endpoints, |of| of.endpoint.clone(), |of| &mut of.counts);
                merge(&mut known.others, part.others, name_of_other, |of| &mut of.counts);
                merge(&mut known.principals, part.principals, id_of_principal, |of| &mut of.counts);
                merge(&mut known.shown, part.shown, key_of_shown, |of| &mut of.counts);
                merge(&mut known.shown_to, part.shown_to, id_of_principal, |of| &mut of.counts);
                known.shown_has_more |= part.shown_has_more;
                known.unnamed_answers = known.unnamed_answers.saturating_add(part.unnamed_answers);
                merge(&mut known.addresses, part.addresses, |of| of.address.to_string(), |of| &mut of.counts);
                known
            }
        };
        if whole.next_cursor.is_none() {
            return Ok(whole);
        }
        all = Some(whole);
    }
}

fn key_of_shown(of: &ShownCounts) -> String {
    format!("{} {}", of.endpoint, of.document_id)
}

fn name_of_other(other: &OtherCounts) -> String {
    let object = other.object.as_ref().map(|object| format!(" {} {}", object.kind.as_str(), object.id));
    format!("{}{}", other.action, object.unwrap_or_default())
}

fn id_of_principal(of: &PrincipalCounts) -> String {
    of.actor.id().map_or_else(|| of.actor.kind().to_owned(), |id| id.to_string())
}

fn name_of_principal(of: &PrincipalCounts) -> String {
    of.email.clone().unwrap_or_else(|| match of.actor.id() {
        Some(id) => format!("{} {id}", of.actor.kind()),
        None => of.actor.kind().to_owned(),
    })
}

pub(super) async fn impact(
    api: &ApiClient,
    arguments: &ImpactArguments,
    out: &mut Output,
) -> anyhow::Result<()> {
    let found = read_all(api, &arguments.query(api).await?).await?;
    arguments.check_found(&found)?;
    if out.json {
        return out.document(&found);
    }
    if let Some(reach) = &found.reach {
        tell_reach(reach, out)?;
    }
    out.line(&format!("Touched, as the log tells in {} events:", found.events))?;
    let queried = |of: EndpointCounts| {
        let slug = of.slug.unwrap_or_else(|| format!("{} (gone)", of.endpoint));
        Line { what: format!("query {slug}"), counts: of.counts }
    };
    let from = |of: AddressCounts| Line { what: format!("from {}", of.address), counts: of.counts };
    let by = |of: PrincipalCounts| Line { what: format!("by {}", name_of_principal(&of)), counts: of.counts };
    let shown = |of: ShownCounts| {
        let slug = of.slug.unwrap_or_else(|| format!("{} (gone)", of.endpoint));
        Line { what: format!("document {} shown by {slug}", of.document_id), counts: of.counts }
    };
    let shown_to = |of: PrincipalCounts| Line {
        what: format!("shown to {}", name_of_principal(&of)),
        counts: of.counts,
    };
    let other = |of: OtherCounts| Line { what: name_of_other(&of), counts: of.counts };
    let lines = (found.endpoints.into_iter().map(queried))
        .chain(found.shown.into_iter().map(shown))
        .chain(found.shown_to.into_iter().map(shown_to))
        .chain(found.others.into_iter().map(other))
        .chain(found.principals.into_iter().map(by))
        .chain(found.addresses.into_iter().map(from));
    let lines: Vec<Line> = lines.collect();
    let mut table = out.table(LINES);
    table.items(&lines)?;
    table.end()?;
    if found.pruned > 0 {
        out.remark(&format!(
            "The log's {} oldest events are removed, as their term had ended: of what they told nothing is here.",
            found.pruned
        ));
    }
    if found.unnamed_answers > 0 {
        out.remark(&format!(
            "Answers that do not tell what they showed: {}. Their endpoints had no policy of type disclosure_log then, which has it recorded, or who asked \
             was erased. Of those the log tells which endpoint answered.",
            found.unnamed_answers
        ));
    }
    if found.shown_has_more {
        out.remark("More documents were shown than are told: ask about a shorter time.");
    }
    Ok(())
}

/// What could be reached, and by what that is said.
fn tell_reach(reach: &Reach, out: &mut Output) -> anyhow::Result<()> {
    out.line(&format!("Reachable by the roles, scopes and policies of {}:", time(reach.as_of)))?;
    for endpoint in &reach.endpoints {
        out.line(&format!("  {}", endpoint.slug))?;
    }
    if reach.reads_content {
        out.line("  and all documents, without any endpoint")?;
    }
    if reach.endpoints.is_empty() && !reach.reads_content {
        out.line("  nothing")?;
    }
    match reach.changes {
        0 => out.line("Nothing of that was changed in the time that is asked for, as the log tells."),
        changes => out.line(&format!(
            "The log tells of {changes} changes of policies, endpoints, groups, members, keys and settings since then: it may have been another before."
        )),
    }
}
