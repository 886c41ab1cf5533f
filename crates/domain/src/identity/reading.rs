//! Reads on a principal's behalf: a read waits in a queue, and what it found is handed out only to somebody who still may
//! have it.

use crate::access::Permission;
use crate::audit::Event;
use crate::identity::{AuthorizationError, Principal};
use crate::space::Space;
use crate::store::{StoreError, View};
use crate::tenant::TenantScope;
use crate::unit::{Receipt, Recorded};

impl Principal {
    /// The same caller as of now, for whoever has waited and records the refusal.
    ///
    /// # Errors
    /// When a new request with the same token would not be let in, or would not be permitted this.
    pub(crate) fn recheck(&self, space: &Space, permission: Permission) -> Result<Self, AuthorizationError> {
        let renewed = self.renew(&*space.snapshots, space.clock.now())?;
        renewed.scope(permission)?;
        Ok(renewed)
    }

    /// As [`Self::recheck`], ahead of something that is recorded: that the right was lost is recorded as the unit of work would
    /// do it. `tried` tells of what was to come.
    ///
    /// # Errors
    /// As for [`Self::recheck`], or the store's failure to record it.
    pub(crate) async fn recheck_ahead<E>(
        &self,
        space: &Space,
        permission: Permission,
        tried: &Event,
    ) -> Result<(), E>
    where
        E: From<StoreError> + From<AuthorizationError> + Clone + Send + 'static,
    {
        match self.recheck(space, permission) {
            Ok(_) => Ok(()),
            Err(error) => {
                let event = error.denied(tried.clone());
                space.store.refuse(E::from(error), event).await
            }
        }
    }

    /// The same caller as of now, for whoever has read, which has no event.
    ///
    /// # Errors
    /// As for [`Self::recheck`], as [`AuthorizationError::Lost`].
    pub(crate) fn recheck_reader(
        &self,
        space: &Space,
        permission: Permission,
    ) -> Result<Self, AuthorizationError> {
        self.recheck(space, permission).map_err(|error| AuthorizationError::Lost(Box::new(error)))
    }
}

impl Space {
    /// Reads the rows of a principal's tenant for something their standing permits, before the read and behind it: whoever
    /// lost the right while it waited does not even learn what there is.
    ///
    /// # Errors
    /// When the principal may not do it, or not any more; otherwise that of the work itself, or the store's failure.
    pub(crate) async fn read<T, E, F>(
        &self,
        principal: &Principal,
        permission: Permission,
        work: F,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + From<AuthorizationError> + Send + 'static,
        F: FnOnce(&mut dyn View, &TenantScope) -> Result<T, E> + Send + 'static,
    {
        let scope = principal.scope(permission)?;
        let found = self.store.read(&scope, move |view| work(view, &scope)).await;
        principal.recheck_reader(self, permission)?;
        found
    }

    /// As [`Self::read`], ahead of something that is recorded: see [`Principal::recheck_ahead`].
    ///
    /// # Errors
    /// As for [`Self::read`].
    pub(crate) async fn read_ahead<T, E, F>(
        &self,
        principal: &Principal,
        permission: Permission,
        tried: &Event,
        work: F,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + From<AuthorizationError> + Clone + Send + 'static,
        F: FnOnce(&mut dyn View, &TenantScope) -> Result<T, E> + Send + 'static,
    {
        let scope = principal.scope(permission)?;
        let found = self.store.read(&scope, move |view| work(view, &scope)).await;
        principal.recheck_ahead::<E>(self, permission, tried).await?;
        found
    }

    /// Records something that comes with no row, while a principal still may do it; otherwise its refusal.
    ///
    /// # Errors
    /// When the principal may not do it. Whether they may still is answered by the receipt.
    pub(crate) fn record<E>(
        &self,
        principal: &Principal,
        permission: Permission,
        event: Event,
    ) -> Result<Receipt<(), E>, AuthorizationError>
    where
        E: From<StoreError> + From<AuthorizationError> + Send + 'static,
    {
        let authorization = principal.authorize(permission, self.clock.now())?;
        Ok(self.store.write(move |tx| {
            tx.authority(&authorization, &event)?;
            Ok(Recorded::new((), event.clone()))
        }))
    }
}
