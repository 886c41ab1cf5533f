//! The credential of one database.

use crate::random::{Entropy, RandomError};
use crate::secret::BearerSecret;

/// What the space shows to a database of its own making, and to no other one: 256 random bits as 64 hexadecimal digits.
///
/// The database has to be told it whenever it is made, so it is kept sealed. Its form is the guarantee that it means nothing to a shell,
/// a header or a list of variables.
///
/// ```compile_fail
/// fn print(credential: syft_space_domain::provisioning::DatabaseCredential) {
///     println!("{credential:?}");
/// }
/// ```
#[derive(Clone)]
pub struct DatabaseCredential(BearerSecret);

impl DatabaseCredential {
    /// A new one.
    ///
    /// # Errors
    /// When the source of randomness fails.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, RandomError> {
        BearerSecret::generate(entropy).map(Self)
    }

    /// The one that was kept; `None` where a text is of no such form.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        BearerSecret::presented(text).map(Self)
    }

    /// Its text: for the database, and to be sealed.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}
