//! The lines of the certificate of an erasure.

use syft_space_domain::audit::LogName;
use syft_space_domain::privacy::{ErasedRows, ErasureCertificate};

use crate::statement::{Lines, Statement};

impl Statement for ErasureCertificate {
    const NAME: &'static str = "certificate";
    const FIRST_LINE: &'static str = "syft-space erasure certificate v1";

    fn log(&self) -> &LogName {
        &self.log
    }

    fn lines(&self) -> Vec<(&'static str, String)> {
        let Self {
            log,
            seq,
            leaf,
            account,
            asked_by,
            asked_at,
            ended_at,
            erased,
            naming_policies,
            naming_expectations,
        } = self;
        let mut lines = vec![
            ("log", log.to_string()),
            ("number", seq.to_string()),
            ("leaf", hex::encode(leaf)),
            ("account", account.to_string()),
            ("asked_by", asked_by.to_string()),
            ("asked_at", asked_at.to_string()),
            ("ended_at", ended_at.to_string()),
        ];
        lines.extend(erased.kinds().map(|(kind, rows)| (kind, rows.to_string())));
        lines.push(("naming_policies", naming_policies.to_string()));
        lines.push(("naming_expectations", naming_expectations.to_string()));
        lines
    }

    fn read(lines: &mut Lines<'_>) -> Option<Self> {
        Some(Self {
            log: LogName::from_checkpoint(lines.value("log")?.to_owned()),
            seq: lines.parsed("number")?,
            leaf: lines.hash("leaf")?,
            account: lines.parsed("account")?,
            asked_by: lines.parsed("asked_by")?,
            asked_at: lines.parsed("asked_at")?,
            ended_at: lines.parsed("ended_at")?,
            erased: ErasedRows::read(|kind| lines.parsed(kind))?,
            naming_policies: lines.parsed("naming_policies")?,
            naming_expectations: lines.parsed("naming_expectations")?,
        })
    }
}
