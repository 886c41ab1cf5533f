//! The policy type `accounting`: what a query costs, and how much may be spent.

mod charge;
mod configuration;
mod open_accounts;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde_json::Value;

pub use configuration::{AccountingConfiguration, PricedUnit, PricedUnitError};

use charge::{ChargeHold, ChargeTerms};
use open_accounts::{Demanded, OpenAccounts, Outcome};

use crate::Pending;
use crate::ledger::{Amount, BalanceKey, LedgerAccount, Period, RequestDigest, Span, Transfer};
use crate::policy::allowance::{AccountStatus, Allowance};
use crate::policy::metadata::{PolicyEntry, PolicyOutcome};
use crate::policy::obligation::{
    Hold, Obligation, ObligationContext, ObligationError, Shortfall, TenantStore,
};
use crate::policy::policy_type::{
    ConfigurationError, ConfigurationSchema, Facts, Finding, PolicyType, Rule, Stage, Subject,
};
use crate::store::StoreError;

/// The type `accounting`.
///
/// 1. What a query may cost at most is held before anything is looked for, and what it did cost is written into the
///    [ledger](crate::ledger) with the event of its answer. A query that is not answered costs nothing.
/// 2. What was spent in a period never passes a budget, however many ask at once, and whenever the process dies.
/// 3. The same request of the same caller costs nothing for two minutes, twice at most.
/// 4. Guests are nobody who could be charged, so they are refused.
#[derive(Debug, Default)]
pub struct AccountingType {
    accounts: Arc<OpenAccounts>,
}

impl PolicyType for AccountingType {
    fn name(&self) -> &'static str {
        NAME
    }

    fn check_shadow(&self) -> Result<(), &'static str> {
        Err(
            "what a query costs is written to the ledger, so an accounting policy cannot be tried in shadow: attach it to an endpoint of its own over the same dataset, and ask that",
        )
    }

    fn schema(&self) -> ConfigurationSchema {
        configuration::schema()
    }

    fn parse(&self, configuration: &Value) -> Result<Value, ConfigurationError> {
        Ok(AccountingConfiguration::parse(configuration)?.to_json())
    }

    fn compile(&self, configuration: &Value) -> Result<Arc<dyn Rule>, ConfigurationError> {
        let configuration = Arc::new(AccountingConfiguration::parse(configuration)?);
        Ok(Arc::new(PriceRule { accounts: Arc::clone(&self.accounts), configuration }))
    }

    fn outcome(&self) -> PolicyOutcome {
        PolicyOutcome::PaymentRequired
    }

    fn refusal(&self) -> PolicyEntry {
        refusal()
    }
}

fn refusal() -> PolicyEntry {
    PolicyEntry::rejected(
        NAME,
        KIND,
        "INSUFFICIENT_BALANCE",
        "what is left to spend at the endpoint does not pay for this query: ask its owner, or, where documents are charged, ask for fewer",
    )
}

const NAME: &str = "accounting";
const KIND: &str = "payment";

struct PriceRule {
    accounts: Arc<OpenAccounts>,
    configuration: Arc<AccountingConfiguration>,
}

impl Rule for PriceRule {
    fn stage(&self) -> Stage {
        Stage::Charge
    }

    fn evaluate(&self, facts: &Facts<'_>) -> Finding {
        match (facts.subject, facts.query) {
            (Subject::Guest, Some(_)) => Finding::Matched("guests have no account".into()),
            _ => Finding::NotMatched,
        }
    }

    fn obligation(&self, facts: &Facts<'_>) -> Option<Arc<dyn Obligation>> {
        let query = facts.query?;
        let units = match self.configuration.unit {
            PricedUnit::Query => 1,
            PricedUnit::Document => u64::try_from(query.documents.unwrap_or(1)).unwrap_or(u64::MAX),
        };
        Some(Arc::new(Charge {
            accounts: Arc::clone(&self.accounts),
            configuration: Arc::clone(&self.configuration),
            terms: ChargeTerms {
                policy: facts.policy,
                endpoint: facts.endpoint,
                payer: query.principal?,
                span: Span::of(self.configuration.period, facts.now),
                time: facts.now,
                request: query.request,
            },
            units,
        }))
    }

    fn description(&self) -> String {
        let AccountingConfiguration { price, currency, unit, free_quota, period, .. } = &*self.configuration;
        let unit = match unit {
            PricedUnit::Query => "query that is answered",
            PricedUnit::Document => "document that is shown",
        };
        let mut description = format!("Each {unit} costs {price} {currency}");
        if *free_quota > 0 {
            description.push_str(&format!("; {free_quota} of each caller are free"));
            description.push_str(match period {
                Period::Day => " every day",
                Period::Month => " every month",
                Period::Total => "",
            });
        }
        description.push('.');
        description
    }
}

/// To charge a caller for one query.
struct Charge {
    accounts: Arc<OpenAccounts>,
    configuration: Arc<AccountingConfiguration>,
    terms: ChargeTerms,
    /// How many units it has at most.
    units: u64,
}

impl Charge {
    fn key(&self, account: LedgerAccount) -> BalanceKey {
        let ChargeTerms { policy, span, .. } = self.terms;
        BalanceKey { policy, account, span, currency: self.configuration.currency }
    }

    fn demanded(&self, of: &TenantStore) -> Demanded {
        let tenant = of.scope.tenant();
        let endpoint = LedgerAccount::Endpoint(self.terms.endpoint);
        Demanded {
            payer: (tenant, self.key(LedgerAccount::Payer(self.terms.payer))),
            budget: self.configuration.budget,
            endpoint: self.configuration.endpoint_budget.map(|most| ((tenant, self.key(endpoint)), most)),
            units: self.units,
            free_quota: self.configuration.free_quota,
            price: self.configuration.price,
        }
    }

    /// What comes of it, once all balances are open that it hangs on.
    async fn once_open(
        &self,
        of: &TenantStore,
        demanded: &Demanded,
        ask: impl Fn(&OpenAccounts, &Demanded) -> Outcome,
    ) -> Result<Outcome, ObligationError> {
        // Others may be forgotten while they are read, and so read again; not time after time.
        for _ in 0..MAX_READS {
            let forgotten = match ask(&self.accounts, demanded) {
                Outcome::NotOpen(forgotten) => forgotten,
                outcome => return Ok(outcome),
            };
            let (scope, keys) = (of.scope, demanded.keys().collect::<Vec<_>>());
            let read = of.store.read(&of.scope, move |view| {
                let read = |key: (_, BalanceKey)| Ok((key, view.balance(&scope, &key.1)?));
                keys.into_iter().map(read).collect::<Result<Vec<_>, StoreError>>()
            });
            self.accounts.open(read.await.map_err(|_: StoreError| ObligationError::Unavailable)?, forgotten);
        }
        Err(ObligationError::Unavailable)
    }

    /// How the payer's account stands; `None` where it has just been forgotten.
    fn allowance(&self, demanded: &Demanded) -> Option<Allowance> {
        let AccountingConfiguration { unit, price, currency, .. } = *self.configuration;
        let (free_units, remaining) = self.accounts.left(demanded)?;
        let resets_at = self.terms.span.ends();
        let unit = unit.as_str();
        Some(Allowance::Account(AccountStatus { unit, price, currency, free_units, remaining, resets_at }))
    }

    fn shortfall(&self, demanded: &Demanded) -> ObligationError {
        let allowance = self.allowance(demanded);
        let AccountingConfiguration { budget, endpoint_budget, currency, .. } = &*self.configuration;
        let named = |name: &str, most: &Option<Amount>| most.map(|most| format!("{name} {most} {currency}"));
        let named = [named("budget", budget), named("endpoint_budget", endpoint_budget)];
        let rule = named.into_iter().flatten().collect::<Vec<_>>().join(", ");
        ObligationError::Shortfall(Shortfall { rule: rule.into(), retry_after: None, allowance })
    }

    /// Whether the request was charged a moment ago, and costs nothing this time.
    async fn is_repeat(&self, of: &TenantStore, request: RequestDigest) -> Result<bool, ObligationError> {
        let (scope, terms) = (of.scope, self.terms);
        let read = of.store.read(&of.scope, move |view| {
            view.repeatable_transfer(&scope, &request, terms.policy, terms.repeated_since())
        });
        let transfer: Option<Transfer> = read.await.map_err(|_: StoreError| ObligationError::Unavailable)?;
        Ok(transfer.is_some())
    }
}

/// How often balances are read before it is given up.
const MAX_READS: usize = 8;

impl Obligation for Charge {
    fn look<'a>(
        &'a self,
        context: &'a ObligationContext,
    ) -> Pending<'a, Result<Option<Allowance>, ObligationError>> {
        Box::pin(async move {
            let of = context.store.as_ref().ok_or(ObligationError::Unavailable)?;
            let demanded = self.demanded(of);
            match self.once_open(of, &demanded, OpenAccounts::look).await? {
                Outcome::Held(_) => Ok(self.allowance(&demanded)),
                Outcome::Spent | Outcome::NotOpen(_) => Err(self.shortfall(&demanded)),
            }
        })
    }

    fn perform<'a>(
        &'a self,
        context: &'a ObligationContext,
    ) -> Pending<'a, Result<Box<dyn Hold>, ObligationError>> {
        Box::pin(async move {
            let of = context.store.as_ref().ok_or(ObligationError::Unavailable)?;
            let demanded = self.demanded(of);
            // From here to the hold nothing is waited for, so what is held has somebody who ends it.
            let held = match self.once_open(of, &demanded, OpenAccounts::hold).await? {
                Outcome::Held(held) => Some(held),
                Outcome::Spent | Outcome::NotOpen(_) => None,
            };
            if held.is_none() {
                let request = self.terms.request.ok_or_else(|| self.shortfall(&demanded))?;
                if !self.is_repeat(of, request).await? {
                    return Err(self.shortfall(&demanded));
                }
            }
            let configuration = Arc::clone(&self.configuration);
            let hold: Box<dyn Hold> = Box::new(ChargeHold::new(
                Arc::clone(&self.accounts),
                configuration,
                self.terms,
                demanded,
                held,
            ));
            Ok(hold)
        })
    }
}
