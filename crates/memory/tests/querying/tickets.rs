//! A policy type of the tests' own, whose port a test can hold up or break: a query takes a ticket of a name.

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use serde_json::{Value, json};
use syft_space_domain::Pending;
use syft_space_domain::policy::{
    Allowance, ConfigurationError, ConfigurationSchema, Facts, Finding, Hold, Obligation, ObligationContext,
    ObligationError, PolicyType, Release, Rule, Shortfall, Stage,
};

/// What the port does when a ticket is to be taken.
#[derive(Clone, Copy, Default)]
pub(crate) enum Take {
    #[default]
    Give,
    Wait,
    SoldOut,
    Fail,
    Panic,
}

/// The port, which keeps a log of what becomes of each ticket.
#[derive(Default)]
pub(crate) struct Tickets {
    takes: Mutex<HashMap<String, Take>>,
    log: Mutex<Vec<String>>,
    released: Mutex<Vec<Release>>,
}

impl Tickets {
    /// Sets what is done with the next tickets of a name.
    pub(crate) fn set(&self, name: &str, take: Take) {
        self.takes.lock().unwrap().insert(name.to_owned(), take);
    }

    fn take(&self, name: &str) -> Take {
        self.takes.lock().unwrap().get(name).copied().unwrap_or_default()
    }

    /// What has become of the tickets, in order.
    pub(crate) fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    /// Why those were released that were, in order.
    pub(crate) fn released(&self) -> Vec<Release> {
        self.released.lock().unwrap().clone()
    }

    fn note(&self, name: &str, what: &str) {
        self.log.lock().unwrap().push(format!("{name} {what}"));
    }
}

/// The type `tickets`, whose configuration is `{"name": …}`.
pub(crate) struct TicketType(pub(crate) Arc<Tickets>);

impl PolicyType for TicketType {
    fn name(&self) -> &'static str {
        "tickets"
    }

    fn schema(&self) -> ConfigurationSchema {
        json!({ "type": "object" }).into()
    }

    fn parse(&self, configuration: &Value) -> Result<Value, ConfigurationError> {
        Ok(configuration.clone())
    }

    fn compile(&self, configuration: &Value) -> Result<Arc<dyn Rule>, ConfigurationError> {
        let name = configuration["name"].as_str().unwrap().to_owned();
        Ok(Arc::new(TicketRule(Ticket { name, tickets: Arc::clone(&self.0) })))
    }
}

struct TicketRule(Ticket);

impl Rule for TicketRule {
    fn stage(&self) -> Stage {
        Stage::Limit
    }

    fn evaluate(&self, _: &Facts<'_>) -> Finding {
        Finding::NotMatched
    }

    fn obligation(&self, _: &Facts<'_>) -> Option<Arc<dyn Obligation>> {
        Some(Arc::new(self.0.clone()))
    }

    fn description(&self) -> String {
        "A query takes a ticket.".to_owned()
    }
}

/// A ticket, to be taken or taken.
#[derive(Clone)]
struct Ticket {
    name: String,
    tickets: Arc<Tickets>,
}

impl Ticket {
    fn would_give(&self) -> Result<Option<Allowance>, ObligationError> {
        match self.tickets.take(&self.name) {
            Take::SoldOut => {
                let rule = self.name.as_str().into();
                Err(ObligationError::Shortfall(Shortfall { rule, retry_after: None, allowance: None }))
            }
            Take::Fail => Err(ObligationError::Unavailable),
            Take::Give | Take::Wait | Take::Panic => Ok(None),
        }
    }
}

impl Obligation for Ticket {
    fn look<'a>(
        &'a self,
        _: &'a ObligationContext,
    ) -> Pending<'a, Result<Option<Allowance>, ObligationError>> {
        Box::pin(async move { self.would_give() })
    }

    fn perform<'a>(
        &'a self,
        _: &'a ObligationContext,
    ) -> Pending<'a, Result<Box<dyn Hold>, ObligationError>> {
        Box::pin(async move {
            self.would_give()?;
            poll_fn(|_| match self.tickets.take(&self.name) {
                Take::Wait => Poll::Pending,
                Take::Panic => panic!("what a port should never do"),
                _ => Poll::Ready(()),
            })
            .await;
            self.tickets.note(&self.name, "taken");
            let taken: Box<dyn Hold> = Box::new(self.clone());
            Ok(taken)
        })
    }
}

impl Hold for Ticket {
    fn settle(self: Box<Self>) {
        self.tickets.note(&self.name, "settled");
    }

    fn release(self: Box<Self>, why: Release) {
        self.tickets.released.lock().unwrap().push(why);
        self.tickets.note(&self.name, "released");
    }
}
