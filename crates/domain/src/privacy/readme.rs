//! The page that lies in an export, and says what is what.

use crate::privacy::ExportFile;
use crate::tenant::TenantName;
use crate::time::Timestamp;

/// What an export holds, for whoever opens it.
#[must_use]
pub fn readme(tenant: &TenantName, at: Timestamp) -> String {
    let mut text = format!(
        "# What is held about you\n\n\
         This is what the tenant `{tenant}` of this Syft Space holds about one account, as it was read from {at} on. Another\n\
         tenant in which you have an account holds its own, and exports its own.\n\n\
         Each file is a JSON array, with an object for each thing. Times are RFC 3339 in UTC, ids are UUIDs, and null stands for\n\
         what is not there. Of secrets it is told that they exist; they and their hashes are in no export.\n\n\
         | file | what is in it |\n|---|---|\n"
    );
    for file in ExportFile::ALL {
        text.push_str(&format!("| `{file}.json` | {} |\n", file.describes()));
    }
    text.push_str(
        "| `complete.json` | How many things each file holds. It is written last: an export that breaks off has none |\n\n\
         What is not here: documents, datasets, endpoints and the names and notes that people gave to things are the tenant's\n\
         own texts. Who is written of in them only the tenant knows. Counts by which limits are kept are digests that name nobody.\n",
    );
    text
}
