//! Cases with our verdicts as lines of JSON, for another authorizer to judge: `SYFT_SPACE_PROVE_EXPORT` names the file.

use std::fs::File;
use std::io::{BufWriter, Write};

use serde_json::{Value, json};
use syft_space_domain::policy::Effect;

use crate::written::{Case, Demands, Who, Written};

/// How many cases are written at most.
const MOST: u32 = 100_000;

/// Where cases are written to, if anywhere.
pub(crate) struct Export {
    file: Option<BufWriter<File>>,
    written: u32,
}

impl Export {
    /// Into the file that the environment names.
    pub(crate) fn new() -> Self {
        let path = std::env::var_os("SYFT_SPACE_PROVE_EXPORT");
        Self { file: path.map(|path| BufWriter::new(File::create(path).unwrap())), written: 0 }
    }

    /// Writes a case, if another authorizer could know what its policies mean.
    pub(crate) fn write(&mut self, case: &Case, verdict: Effect) {
        let Some(file) = self.file.as_mut().filter(|_| self.written < MOST) else { return };
        let Some(policies) = case.policies.iter().map(policy).collect::<Option<Vec<_>>>() else { return };
        let (kind, role, registered) = match case.asker.who {
            Who::Member(role) => ("member", Some(role.as_str()), true),
            Who::Stranger => ("stranger", None, true),
            Who::HubUser { registered } => ("hub_user", None, registered),
            Who::Guest { registered } => ("guest", None, registered),
        };
        let said = case.query.as_ref().and_then(|query| query.conversation.as_ref());
        let characters = said.map(|said| said.iter().map(|one| one.text.chars().count()).sum::<usize>());
        let line = json!({
            "policies": policies,
            "asker": { "kind": kind, "role": role, "registered": registered, "address": case.asker.address },
            "published": case.published,
            "now": case.now,
            "query": case.query.as_ref().map(|query| json!({ "purpose": query.purpose, "characters": characters })),
            "ours": verdict.as_str(),
        });
        writeln!(file, "{line}").unwrap();
        self.written += 1;
    }
}

/// What words are in a text, who is in a group, and what cannot be read, is for us alone.
fn policy(written: &Written) -> Option<Value> {
    match written {
        Written::Access { patterns, .. } if patterns.iter().any(|one| one.starts_with("group:")) => None,
        Written::Access { mode, patterns, guests, from, until, .. } => Some(json!({
            "type": "access", "mode": mode.as_str(), "patterns": patterns, "guests": guests, "from": from, "until": until,
        })),
        Written::Demands(Demands::Purpose(allowed)) => Some(json!({ "type": "purpose", "allowed": allowed })),
        Written::Demands(Demands::Length(most)) => Some(json!({ "type": "token_limit", "most": most })),
        Written::Demands(Demands::Content { .. }) | Written::Unreadable { .. } => None,
    }
}
