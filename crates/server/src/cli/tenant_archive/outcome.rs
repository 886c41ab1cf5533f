//! What came of an import, for whoever ran it.

use serde::Serialize;
use serde_json::json;
use syft_space_domain::access::Role;
use syft_space_domain::identity::Email;
use syft_space_domain::time::Timestamp;

use crate::cli::instant::time;
use crate::cli::output::Output;
use crate::cli::tenant_archive::counted;
use crate::cli::tenant_archive::reader::Archive;

/// What this run made.
#[derive(Default, Serialize)]
pub(super) struct Imported {
    pub(super) holds: u64,
    pub(super) groups: u64,
    pub(super) policies: u64,
    pub(super) datasets: u64,
    pub(super) documents: u64,
    pub(super) endpoints: u64,
    pub(super) published: u64,
    pub(super) invitations: Vec<Invited>,
    /// What was not brought in, and why.
    pub(super) left: Vec<Left>,
}

/// Somebody who may join.
#[derive(Serialize)]
pub(super) struct Invited {
    pub(super) email: Email,
    pub(super) role: Role,
    pub(super) token: Option<String>,
    pub(super) link: Option<String>,
    pub(super) expires_at: Timestamp,
}

impl Invited {
    /// How they join.
    pub(super) fn told(&self) -> String {
        let Self { email, role, token, link, expires_at } = self;
        let until = time(*expires_at);
        match (token, link) {
            (_, Some(link)) => format!("{email} may join as {role} until {until}: {link}"),
            (Some(token), None) => {
                format!("{email} may join as {role} until {until}: /choose-password#invitation={token}")
            }
            (None, None) => format!("{email} may join as {role} until {until}, and is sent how to."),
        }
    }
}

#[derive(Serialize)]
pub(super) struct Left {
    pub(super) what: String,
    pub(super) why: String,
}

impl Imported {
    /// Tells of it. How people join a person was told when they were invited.
    pub(super) fn tell(&self, archive: &Archive, out: &mut Output) -> anyhow::Result<()> {
        let (of, events) = (&archive.manifest().tenant.name, archive.log.events);
        if out.json {
            return out.document(&json!({ "tenant": of, "events_verified": events, "imported": self }));
        }
        out.line(&format!(
            "Of the tenant {of} were made: {}, {}, {}, {}, {}, {} ({} published). The {} of its log verify; they stay in the archive.",
            counted(self.holds, "legal hold", "legal holds"),
            counted(self.groups, "group", "groups"),
            counted(self.policies, "policy", "policies"),
            counted(self.datasets, "dataset", "datasets"),
            counted(self.documents, "document", "documents"),
            counted(self.endpoints, "endpoint", "endpoints"),
            self.published,
            counted(events, "event", "events"),
        ))?;
        for Left { what, why } in &self.left {
            out.line(&format!("Not brought in: {what}: {why}"))?;
        }
        Ok(())
    }
}
