//! The commands `syft-space oidc add|list|remove`: which identity providers a tenant believes.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use reqwest::Method;
use syft_space_domain::secret::Secret;

use crate::cli::api::{ApiClient, option};
use crate::cli::exit::{CommandError, ExitStatus};
use crate::cli::lists::list_all;
use crate::cli::output::{Column, Output, text};
use crate::cli::password;
use crate::routes::oidc::{AddOidcProvider, GroupRole, GroupRoles, OidcProvider};

/// What one can do with the identity providers of the tenant that --tenant names.
#[derive(Subcommand)]
pub(super) enum Oidc {
    /// Have the tenant believe an identity provider, at which its members sign in
    Add(Box<Add>),
    /// List all of them
    List,
    /// Have the tenant believe one no more, and end the sessions that it began
    Remove {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
    },
}

/// Which provider, and whom it lets in.
#[derive(Args)]
pub(super) struct Add {
    /// What it is called here, in URLs
    #[arg(long, value_name = "NAME")]
    name: String,
    /// What it calls itself: a URL, byte for byte
    #[arg(long, value_name = "URL")]
    issuer: String,
    /// What it calls this space
    #[arg(long, value_name = "ID")]
    client_id: String,
    /// Read the client secret from this file, or from standard input if it is -; without it the client is a public one
    #[arg(long, value_name = "FILE")]
    client_secret_file: Option<PathBuf>,
    /// Let whoever has a verified address of this domain join without an invitation; may stand several times
    #[arg(long = "allow-domain", value_name = "DOMAIN")]
    allow_domains: Vec<String>,
    /// Which claim names somebody's groups
    #[arg(long, value_name = "CLAIM", default_value = "groups")]
    groups_claim: String,
    /// Who is in this group has this role, and who is in none of them does not sign in; may stand several times, and the first
    /// that fits counts
    #[arg(long = "map", value_name = "GROUP=ROLE")]
    maps: Vec<String>,
}

impl Add {
    /// Checks the arguments, and reads the client secret.
    fn read(&self) -> anyhow::Result<AddOidcProvider> {
        let roles: Vec<GroupRole> = self.maps.iter().map(|text| read_map(text)).collect::<Result<_, _>>()?;
        let groups = match roles.is_empty() {
            true => None,
            false => Some(GroupRoles { claim: option("--groups-claim", &self.groups_claim)?, roles }),
        };
        let domains = self.allow_domains.iter().map(|domain| option("--allow-domain", domain));
        Ok(AddOidcProvider {
            name: option("--name", &self.name)?,
            issuer: option("--issuer", &self.issuer)?,
            client_id: option("--client-id", &self.client_id)?,
            client_secret: self.client_secret_file.as_deref().map(read_secret).transpose()?,
            allowed_domains: domains.collect::<Result<_, _>>()?,
            groups,
        })
    }
}

fn read_secret(path: &Path) -> anyhow::Result<Secret<String>> {
    password::secret_from_file(path, "--client-secret-file", "the client secret")
}

fn read_map(text: &str) -> anyhow::Result<GroupRole> {
    // A group may have such a character in its name, a role has none.
    let (group, role) = text.rsplit_once('=').ok_or_else(|| {
        CommandError::new(ExitStatus::Usage, format!("--map is written GROUP=ROLE, and {text:?} is not"))
    })?;
    Ok(GroupRole { group: option("--map", group)?, role: option("--map", role)? })
}

const PROVIDERS: &[Column<OidcProvider>] = &[
    text("NAME", |provider| provider.name.to_string()),
    text("ISSUER", |provider| provider.issuer.to_string()),
    text("CLIENT", |provider| provider.client_id.to_string()),
    text("DOMAINS", |provider| {
        let domains = provider.allowed_domains.iter().map(ToString::to_string);
        domains.collect::<Vec<_>>().join(" ")
    }),
    text("ROLES", |provider| {
        let roles = provider.groups.iter().flat_map(|groups| &groups.roles);
        roles.map(|GroupRole { group, role }| format!("{group}={role}")).collect::<Vec<_>>().join(" ")
    }),
];

pub(super) async fn run(api: &ApiClient, what: &Oidc, out: &mut Output) -> anyhow::Result<()> {
    let path = format!("/operator/v1/tenants/{}/oidc", api.tenant_name().await?);
    match what {
        Oidc::Add(add) => {
            let added: OidcProvider = api.post(&path, &add.read()?).await?;
            if out.json {
                return out.document(&added);
            }
            out.line(&format!("Whoever {} has identified may sign in.", added.issuer))
        }
        Oidc::List => list_all(api, &path, PROVIDERS, out).await,
        Oidc::Remove { name } => {
            let page = api.page::<OidcProvider>(&path, &[], None).await?;
            let known = page.items.iter().find(|known| known.name.as_str() == name).ok_or_else(|| {
                let message = format!(
                    "the tenant believes no identity provider {name:?}; `syft-space oidc list` shows which it does"
                );
                CommandError::new(ExitStatus::NotFound, message)
            })?;
            api.send(api.request(Method::DELETE, &format!("{path}/{name}"), &[])?).await?;
            if out.json {
                return out.document(known);
            }
            out.line(&format!("{name} signs nobody in any more, and the sessions that it began have ended."))
        }
    }
}
