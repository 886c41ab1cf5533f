//! The command `syft-space access`: what an account may ask, and what is left to it.

use clap::Args;
use syft_space_domain::policy::Purpose;

use crate::cli::account::Account;
use crate::cli::api::{ApiClient, option};
use crate::cli::exit::CommandError;
use crate::cli::lists::time;
use crate::cli::output::{Column, Output, text};
use crate::routes::own_access::{Disclosure, EndpointAccess, Price, RateLimit};

/// What to forecast.
#[derive(Args)]
pub(super) struct AccessArguments {
    /// What the questions would be for, where a policy asks it
    #[arg(long, value_name = "PURPOSE")]
    purpose: Option<String>,
    #[command(flatten)]
    pub(super) account: Account,
}

impl AccessArguments {
    /// Refuses arguments that cannot be followed.
    pub(super) fn check(&self) -> Result<(), CommandError> {
        self.purpose.as_deref().map_or(Ok(()), |purpose| option::<Purpose>("--purpose", purpose).map(drop))
    }
}

const ACCESS: &[Column<EndpointAccess>] =
    &[text("ENDPOINT", |access| access.slug.clone()), text("ANSWERS", answers), text("LEFT", left)];

/// Whether a query would be answered, and why not.
fn answers(access: &EndpointAccess) -> String {
    match &access.refusal {
        None => "yes".to_owned(),
        Some(refusal) => match refusal.retry_after {
            Some(seconds) => format!("in {seconds} s ({})", refusal.reason_code),
            None => format!("no ({})", refusal.reason_code),
        },
    }
}

/// What is left, and what it costs.
fn left(access: &EndpointAccess) -> String {
    let limit = |limit: &RateLimit| {
        let RateLimit { unit, quota, window, remaining, .. } = limit;
        format!("{remaining} of {quota} {unit} in {window} s")
    };
    let price = |price: &Price| {
        let Price { unit, price, currency, free_units, remaining, resets_at } = price;
        let mut told = format!("{price} {currency} a {unit}");
        if *free_units > 0 {
            told.push_str(&format!(", {free_units} free"));
        }
        if let Some(amount) = remaining {
            told.push_str(&format!(", {amount} {currency} left to spend"));
        }
        if let Some(at) = resets_at {
            told.push_str(&format!(", until {}", time(*at)));
        }
        told
    };
    let disclosure = |disclosure: &Disclosure| {
        let Disclosure { unit, cap, remaining, .. } = disclosure;
        format!("{remaining} of {cap} {unit} not seen yet")
    };
    let limits = access.limits.iter().map(limit);
    let told: Vec<_> = limits
        .chain(access.prices.iter().map(price))
        .chain(access.disclosures.iter().map(disclosure))
        .collect();
    told.join("; ")
}

pub(super) async fn run(api: &ApiClient, what: &AccessArguments, out: &mut Output) -> anyhow::Result<()> {
    let mut query = vec![("limit", "100")];
    query.extend(what.purpose.as_deref().map(|purpose| ("purpose", purpose)));
    let (mut table, mut cursor) = (out.table(ACCESS), None::<String>);
    loop {
        let page = api.page::<EndpointAccess>("/api/v1/me/access", &query, cursor.as_deref()).await?;
        table.items(&page.items)?;
        cursor = page.next_cursor;
        if cursor.is_none() {
            return table.end().map(drop);
        }
    }
}
