//! The legal holds of an archive, in the tenant that it is imported into.

use crate::cli::tenant_archive::import::{Import, RETENTION_PATH};
use crate::cli::tenant_archive::journal::Step;
use crate::routes::retention::{LegalHold, NewLegalHold, Retention};

impl Import<'_> {
    /// Makes them before anything is there that could go.
    pub(super) async fn holds(&mut self) -> anyhow::Result<()> {
        for LegalHold { id, reason, .. } in self.archive.take_holds() {
            let old = id.to_string();
            if self.journal.done(Step::Hold, &old).is_some() {
                continue;
            }
            self.api.renew_session().await?;
            let standing = self.api.get::<Retention>(RETENTION_PATH).await?.holds;
            // What was made as the last import was broken off, and could not be written down.
            let as_made = standing.into_iter().find(|hold| hold.reason == reason);
            let made = match as_made.filter(|_| self.journal.is_begun(Step::Hold, &old)) {
                Some(made) => made,
                None => {
                    self.journal.begin(Step::Hold, &old)?;
                    let what = format!("the legal hold {reason}");
                    let made =
                        self.api.post(&format!("{RETENTION_PATH}/holds"), &NewLegalHold { reason }).await;
                    let Some(made) = self.unless_taken::<LegalHold>((Step::Hold, &old), || what, made)?
                    else {
                        continue;
                    };
                    made
                }
            };
            self.done.holds += 1;
            self.journal.end(Step::Hold, &old, &made.id.to_string())?;
        }
        Ok(())
    }
}
