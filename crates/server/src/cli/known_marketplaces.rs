//! The marketplaces of a tenant, found by their names.

use syft_space_domain::ids::MarketplaceId;

use crate::cli::api::ApiClient;
use crate::cli::exit::{CommandError, ExitStatus, status_of};
use crate::routes::marketplaces::Marketplace;

/// The marketplace of this name or id. Its id alone will do for those who may not list marketplaces.
pub(super) async fn find_marketplace(api: &ApiClient, named: &str) -> anyhow::Result<MarketplaceId> {
    if let Ok(id) = named.parse() {
        return Ok(id);
    }
    let all =
        api.all::<Marketplace>("/api/v1/marketplaces").await.map_err(|error| match status_of(&error) {
            ExitStatus::Refused => {
                let message =
                    format!("only an owner may look a marketplace up by its name, {named:?}: give its id");
                CommandError::new(ExitStatus::Refused, message).into()
            }
            _ => error,
        })?;
    let found = all.iter().find(|marketplace| marketplace.name.as_str() == named);
    found.map(|marketplace| marketplace.id).ok_or_else(|| {
        let message = format!(
            "there is no marketplace {named:?}; `syft-space marketplaces list` shows which there are"
        );
        CommandError::new(ExitStatus::NotFound, message).into()
    })
}
