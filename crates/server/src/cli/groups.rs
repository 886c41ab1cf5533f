//! The commands `syft-space groups list|show|create|add|remove|delete`.

use std::cell::OnceCell;
use std::collections::HashSet;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use reqwest::{Method, Url};
use serde::Serialize;
use syft_space_domain::group::{GroupName, MAX_MEMBERS_AT_ONCE};
use syft_space_domain::identity::Email;
use syft_space_domain::text::Line;

use crate::cli::account::{Account, is_standard_input};
use crate::cli::address_file::addresses_in;
use crate::cli::api::{ApiClient, option, unusable};
use crate::cli::exit::{CommandError, ExitStatus, status_of};
use crate::cli::instant::time;
use crate::cli::lists::list_all;
use crate::cli::output::{Column, Output, number, text};
use crate::routes::groups::{AddGroupMembers, AddedGroupMembers, Group, GroupMember, NewGroup};

const PATH: &str = "/api/v1/groups";

/// What one can do with groups.
#[derive(Subcommand)]
pub(super) enum Groups {
    /// List all of them
    List,
    /// List the addresses in one of them
    Show {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Make one, which nobody is in yet
    Create(CreateGroup),
    /// Put addresses into one
    Add(AddMembers),
    /// Take addresses out of one
    Remove(RemoveMembers),
    /// Remove one that no policy names, with all addresses in it
    Delete(DeleteGroup),
}

/// Which group is made.
#[derive(Args)]
pub(super) struct CreateGroup {
    /// Its name: small letters, digits and hyphens
    #[arg(value_name = "NAME")]
    name: String,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    #[command(flatten)]
    account: Account,
}

/// Which addresses come into which group.
#[derive(Args)]
pub(super) struct AddMembers {
    /// The name of the group
    #[arg(value_name = "NAME")]
    name: String,
    /// The addresses
    #[arg(value_name = "EMAIL", required_unless_present = "file")]
    emails: Vec<String>,
    /// Those in this file, too, or on standard input if it is -: one a line; blank lines and those that begin with # are passed over
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// What the file holds, which is read once.
    #[arg(skip)]
    in_file: OnceCell<Vec<Email>>,
    #[command(flatten)]
    account: Account,
}

/// Which addresses go out of which group.
#[derive(Args)]
pub(super) struct RemoveMembers {
    /// The name of the group
    #[arg(value_name = "NAME")]
    name: String,
    /// The addresses
    #[arg(value_name = "EMAIL", required = true)]
    emails: Vec<String>,
    #[command(flatten)]
    account: Account,
}

/// Which group goes.
#[derive(Args)]
pub(super) struct DeleteGroup {
    /// Its name
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    account: Account,
}

const GROUPS: &[Column<Group>] = &[
    text("NAME", |group| group.name.to_string()),
    number("MEMBERS", |group| group.members.to_string()),
    text("DESCRIPTION", |group| group.description.clone()),
    text("CHANGED", |group| time(group.updated_at)),
];
const MEMBERS: &[Column<GroupMember>] =
    &[text("EMAIL", |member| member.email.to_string()), text("SINCE", |member| time(member.added_at))];

/// What a program is told of addresses that were put in or taken out.
#[derive(Serialize)]
struct MembersChanged<'a> {
    group: &'a GroupName,
    changed: u64,
    members: u64,
}

impl Groups {
    /// The account as which it acts, where it changes something.
    pub(super) fn account(&self) -> Option<&Account> {
        match self {
            Self::List | Self::Show { .. } => None,
            Self::Create(create) => Some(&create.account),
            Self::Add(add) => Some(&add.account),
            Self::Remove(remove) => Some(&remove.account),
            Self::Delete(delete) => Some(&delete.account),
        }
    }

    /// The group that has to be there.
    fn name(&self) -> Option<&str> {
        match self {
            Self::List | Self::Create(_) => None,
            Self::Show { name } => Some(name),
            Self::Add(add) => Some(&add.name),
            Self::Remove(remove) => Some(&remove.name),
            Self::Delete(delete) => Some(&delete.name),
        }
    }

    /// Refuses what can be no name and no address, by the argument that has it.
    pub(super) fn check(&self) -> Result<(), CommandError> {
        match self {
            Self::List => Ok(()),
            Self::Show { name } => group_name(name).map(drop),
            Self::Delete(delete) => group_name(&delete.name).map(drop),
            Self::Create(create) => create.read().map(drop),
            Self::Add(add) => add.read().map(drop),
            Self::Remove(remove) => remove.read().map(drop),
        }
    }
}

impl CreateGroup {
    fn read(&self) -> Result<NewGroup, CommandError> {
        let description: Line = option("--description", self.description.as_deref().unwrap_or_default())?;
        Ok(NewGroup { name: group_name(&self.name)?, description })
    }
}

impl AddMembers {
    /// The group, and the addresses, each once.
    fn read(&self) -> Result<(GroupName, Vec<Email>), CommandError> {
        let (name, mut emails) = (group_name(&self.name)?, addresses(&self.emails)?);
        if let Some(file) = &self.file {
            let is_input = is_standard_input(&self.file);
            let account = [&self.account.password_file, &self.account.totp_file];
            if is_input && account.into_iter().any(is_standard_input) {
                let why = "standard input has a password or a code: name a file for the addresses";
                return Err(unusable("--file", why));
            }
            if self.in_file.get().is_none() {
                let read = addresses_in(file)?;
                // Nobody else sets it.
                let _set = self.in_file.set(read);
            }
            emails.extend(self.in_file.get().into_iter().flatten().cloned());
        }
        Ok((name, each_once(emails)))
    }
}

impl RemoveMembers {
    /// The group, and the addresses, each once.
    fn read(&self) -> Result<(GroupName, Vec<Email>), CommandError> {
        Ok((group_name(&self.name)?, each_once(addresses(&self.emails)?)))
    }
}

/// The addresses of the command line.
fn addresses(texts: &[String]) -> Result<Vec<Email>, CommandError> {
    texts.iter().map(|email| option(&format!("EMAIL {email:?}"), email)).collect()
}

fn each_once(mut emails: Vec<Email>) -> Vec<Email> {
    emails.sort();
    emails.dedup();
    emails
}

fn group_name(text: &str) -> Result<GroupName, CommandError> {
    option("NAME", text)
}

fn path(name: &GroupName) -> String {
    format!("{PATH}/{name}")
}

pub(super) async fn run(api: &ApiClient, what: &Groups, out: &mut Output) -> anyhow::Result<()> {
    change_or_list(api, what, out).await.map_err(|error| match what.name() {
        Some(name) if status_of(&error) == ExitStatus::NotFound => {
            let message =
                format!("there is no group {name:?}; `syft-space groups list` shows which there are");
            CommandError::new(ExitStatus::NotFound, message).into()
        }
        _ => error,
    })
}

async fn change_or_list(api: &ApiClient, what: &Groups, out: &mut Output) -> anyhow::Result<()> {
    match what {
        Groups::List => list_all(api, PATH, GROUPS, out).await,
        Groups::Show { name } => {
            list_all(api, &format!("{}/members", path(&group_name(name)?)), MEMBERS, out).await
        }
        Groups::Create(create) => {
            let group: Group = api.post(PATH, &create.read()?).await?;
            if out.json {
                return out.document(&group);
            }
            out.line(&format!(
                "The group {} is made. Policies name it as {}.",
                group.name,
                group.name.reference()
            ))
        }
        Groups::Add(change) => {
            let (name, emails) = change.read()?;
            let added = add(api, &name, emails).await?;
            tell(out, &name, added, "put in")
        }
        Groups::Remove(change) => {
            let (name, emails) = change.read()?;
            let known = api.all::<GroupMember>(&format!("{}/members", path(&name))).await?;
            let removed = remove(api, &name, &emails).await?;
            tell(out, &name, removed, "taken out")?;
            let known: HashSet<_> = known.into_iter().map(|member| member.email).collect();
            for email in emails.iter().filter(|email| !known.contains(email)) {
                out.remark(&format!("{email} was not in the group {name}"));
            }
            Ok(())
        }
        Groups::Delete(delete) => {
            let name = group_name(&delete.name)?;
            api.send(api.request(Method::DELETE, &path(&name), &[])?).await?;
            if out.json {
                return out.document(&serde_json::json!({ "group": name, "removed": true }));
            }
            out.line(&format!("The group {name} is removed."))
        }
    }
}

/// Puts addresses in, as many at once as may be; how many were not in it, and how many there are now.
async fn add(api: &ApiClient, name: &GroupName, emails: Vec<Email>) -> anyhow::Result<(u64, u64)> {
    let (mut added, mut members) = (0, 0);
    for emails in emails.chunks(MAX_MEMBERS_AT_ONCE) {
        let body = AddGroupMembers { emails: emails.to_vec() };
        let answer: AddedGroupMembers = api.post(&format!("{}/members", path(name)), &body).await?;
        (added, members) = (added + answer.added, answer.members);
    }
    Ok((added, members))
}

/// Takes addresses out, one after the other; how many are out that were in it, and how many are left.
async fn remove(api: &ApiClient, name: &GroupName, emails: &[Email]) -> anyhow::Result<(u64, u64)> {
    let before: Group = api.get(&path(name)).await?;
    for email in emails {
        let member = format!("{}/members/{}", path(name), path_segment(email)?);
        api.send(api.request(Method::DELETE, &member, &[])?).await?;
    }
    let after: Group = api.get(&path(name)).await?;
    Ok((before.members.saturating_sub(after.members), after.members))
}

/// An address as a part of a path: some of its characters mean something else there.
fn path_segment(email: &Email) -> anyhow::Result<String> {
    let mut url = Url::parse("http://space")?;
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.push(email.as_str());
    }
    Ok(url.path().trim_start_matches('/').to_owned())
}

fn tell(
    out: &mut Output,
    group: &GroupName,
    (changed, members): (u64, u64),
    done: &str,
) -> anyhow::Result<()> {
    if out.json {
        return out.document(&MembersChanged { group, changed, members });
    }
    let are = |count: u64| match count {
        1 => "1 address is".to_owned(),
        count => format!("{count} addresses are"),
    };
    out.line(&format!("{} {done}; {} in the group {group} now.", are(changed), are(members)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_part_of_a_path_whatever_stands_in_it() {
        for (email, expected) in [
            ("ada+news@example.org", "ada+news@example.org"),
            ("a/b@example.org", "a%2Fb@example.org"),
            ("100%?#@example.org", "100%25%3F%23@example.org"),
        ] {
            assert_eq!(path_segment(&email.parse().unwrap()).unwrap(), expected);
        }
    }
}
