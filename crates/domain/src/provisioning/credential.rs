//! The credential of one database.

use crate::ids::DatasetId;
use crate::sealing::{SealError, Sealer};
use crate::secret::BearerSecret;
use crate::tenant::TenantScope;

/// What [`DatabaseCredential::derive`] makes digests for.
const PURPOSE: &str = "provisioned database";

/// What the space shows to a database of its own making, and to no other one: 256 bits that nobody can guess, as 64 hexadecimal digits.
///
/// It is kept nowhere: whoever has the key that seals secrets makes it again. Its form is the guarantee that it means nothing to a shell, a
/// header or a list of variables.
///
/// ```compile_fail
/// fn print(credential: syft_space_domain::provisioning::DatabaseCredential) {
///     println!("{credential:?}");
/// }
/// ```
#[derive(Clone)]
pub struct DatabaseCredential(BearerSecret);

impl DatabaseCredential {
    /// That of a dataset's database: the same each time, until the key that seals secrets is another.
    ///
    /// # Errors
    /// When there is no key.
    pub fn derive(sealer: &dyn Sealer, scope: &TenantScope, dataset: DatasetId) -> Result<Self, SealError> {
        Ok(Self(BearerSecret::of(sealer.digest(scope, PURPOSE, dataset.as_bytes())?)))
    }

    /// The one of this text; `None` where a text is of no such form.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        BearerSecret::presented(text).map(Self)
    }

    /// Its text, for the database.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}
