//! The configuration of a policy of type `accounting`: how it is read, and the form in which it is shown.

use std::str::FromStr;

use serde_json::{Map, Value, json};

use crate::as_text::text_enum;
use crate::ledger::{Amount, Currency, Period};
use crate::policy::policy_type::{ConfigurationError, ConfigurationSchema};
use crate::policy::settings::settings;

/// The most units of a free quota.
const MAX_FREE: u64 = 1_000_000_000;
const KEYS: [&str; 7] = ["price", "currency", "unit", "period", "free_quota", "budget", "endpoint_budget"];

/// What a query costs, and how much may be spent.
///
/// ```
/// use serde_json::json;
/// use syft_space_domain::policy::AccountingConfiguration;
/// let read = AccountingConfiguration::parse(&json!({"price": "0.002", "currency": "EUR", "budget": "5"}))?;
/// assert_eq!(
///     read.to_json(),
///     json!({"price": "0.002", "currency": "EUR", "unit": "query", "period": "month", "free_quota": 0, "budget": "5"})
/// );
/// # Ok::<(), syft_space_domain::policy::ConfigurationError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountingConfiguration {
    /// What one unit costs.
    pub price: Amount,
    /// In which currency.
    pub currency: Currency,
    /// What is charged for.
    pub unit: PricedUnit,
    /// How long the quota and the budgets last.
    pub period: Period,
    /// How many units of each caller cost nothing, in a period.
    pub free_quota: u64,
    /// The most that one caller may spend in a period.
    pub budget: Option<Amount>,
    /// The most that all callers of one endpoint may spend in a period.
    pub endpoint_budget: Option<Amount>,
}

text_enum! {
    /// What is charged for.
    pub enum PricedUnit {
        /// Each query that is answered, whatever is found.
        Query = "query",
        /// Each document that is shown.
        Document = "document",
    }

    /// A text that is no unit.
    #[error(r#"a unit is "query" or "document""#)]
    pub struct PricedUnitError;
}

impl AccountingConfiguration {
    /// Reads `{"price", "currency", "unit", "period", "free_quota", "budget", "endpoint_budget"}`, where all but the first two
    /// may be missing.
    ///
    /// # Errors
    /// When it is none, or a part is wrong.
    pub fn parse(json: &Value) -> Result<Self, ConfigurationError> {
        let example = r#"{"price": "0.002", "currency": "EUR"}"#;
        let object = settings(json, "accounting", example, &KEYS)?;
        if object.get("unit").and_then(Value::as_str) == Some("token") {
            return Err(wrong(
                "/unit",
                r#"a price per token is not there in this version, for no model answers yet: write "query" or "document""#,
            ));
        }
        let free_quota = match object.get("free_quota") {
            None => 0,
            Some(quota) => quota.as_u64().filter(|quota| *quota <= MAX_FREE).ok_or_else(|| {
                wrong("/free_quota", format!("free_quota is how many units are free, 0 to {MAX_FREE}"))
            })?,
        };
        Ok(Self {
            price: text(object, "price")?
                .ok_or_else(|| wrong("/price", r#"say what a unit costs, such as "0.002""#))?,
            currency: text(object, "currency")?
                .ok_or_else(|| wrong("/currency", r#"say in which currency, such as "EUR""#))?,
            unit: text(object, "unit")?.unwrap_or(PricedUnit::Query),
            period: text(object, "period")?.unwrap_or(Period::Month),
            free_quota,
            budget: text(object, "budget")?,
            endpoint_budget: text(object, "endpoint_budget")?,
        })
    }

    /// The configuration in the form that is shown and stored. [`AccountingConfiguration::parse`] reads it back.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut json = json!({
            "price": self.price.to_string(), "currency": self.currency.as_str(), "unit": self.unit.as_str(),
            "period": self.period.as_str(), "free_quota": self.free_quota,
        });
        if let Some(object) = json.as_object_mut() {
            for (key, budget) in [("budget", self.budget), ("endpoint_budget", self.endpoint_budget)] {
                object.extend(budget.map(|budget| (key.to_owned(), budget.to_string().into())));
            }
        }
        json
    }
}

fn wrong(pointer: &str, message: impl Into<String>) -> ConfigurationError {
    ConfigurationError { pointer: pointer.to_owned(), message: message.into() }
}

fn text<T: FromStr<Err: ToString>>(
    object: &Map<String, Value>,
    key: &str,
) -> Result<Option<T>, ConfigurationError> {
    let Some(value) = object.get(key) else { return Ok(None) };
    let read = value.as_str().unwrap_or_default().parse::<T>();
    read.map(Some).map_err(|error| wrong(&format!("/{key}"), error.to_string()))
}

/// What a configuration looks like.
pub(super) fn schema() -> ConfigurationSchema {
    let mut patch = object(&[]);
    for name in ["unit", "period", "free_quota", "budget", "endpoint_budget"] {
        if let Some(property) = patch.pointer_mut(&format!("/properties/{name}")) {
            // In a merge patch null takes away what may be left out.
            *property = json!({ "anyOf": [property.take(), { "type": "null" }] });
        }
    }
    ConfigurationSchema {
        taken: object(&["price", "currency"]),
        shown: object(&["price", "currency", "unit", "period", "free_quota"]),
        patch,
    }
}

fn object(required: &[&str]) -> Value {
    let amount = |description: &str| json!({ "type": "string", "pattern": r"^(0|[1-9][0-9]{0,8})(\.[0-9]{1,6})?$", "description": description });
    json!({
        "type": "object", "additionalProperties": false, "required": required, "title": "Accounting",
        "properties": {
            "price": amount("What one unit costs, to the millionth."),
            "currency": { "type": "string", "pattern": "^[A-Z]{3,8}$", "description": "A code of ISO 4217, or a word for points." },
            "unit": { "type": "string", "enum": PricedUnit::ALL.map(PricedUnit::as_str), "default": "query",
                "description": "What is charged for: each query that is answered, or each document that is shown." },
            "period": { "type": "string", "enum": Period::ALL.map(Period::as_str), "default": "month",
                "description": "How long the free quota and the budgets last, in UTC." },
            "free_quota": { "type": "integer", "minimum": 0, "maximum": MAX_FREE, "default": 0,
                "description": "How many units of each caller cost nothing in a period." },
            "budget": amount("The most that one caller may spend in a period."),
            "endpoint_budget": amount("The most that all callers of one endpoint may spend in a period."),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(json: &Value) -> Value {
        let read = AccountingConfiguration::parse(json).unwrap();
        let shown = read.to_json();
        assert_eq!(AccountingConfiguration::parse(&shown), Ok(read), "what is shown is read back");
        shown
    }

    #[test]
    fn z2_a_price_is_read_and_shown_with_its_defaults() {
        let plain =
            json!({"price": "0.1", "currency": "EUR", "unit": "query", "period": "month", "free_quota": 0});
        assert_eq!(shown(&json!({"price": "0.10", "currency": "EUR"})), plain);
        let full = json!({
            "price": "0", "currency": "POINTS", "unit": "document", "period": "total", "free_quota": 7,
            "budget": "0", "endpoint_budget": "999999999",
        });
        assert_eq!(shown(&full), full);
    }

    #[test]
    fn z2_what_is_no_price_is_refused_where_it_stands() {
        let mut plain = json!({"price": "0.1", "currency": "EUR"});
        for (key, value) in [
            ("price", json!(null)),
            ("price", json!("-1")),
            ("price", json!(-1)),
            ("price", json!(0.1)),
            ("currency", json!("eur")),
            ("currency", json!(978)),
            ("unit", json!("token")),
            ("unit", json!("page")),
            ("period", json!("week")),
            ("free_quota", json!(-1)),
            ("free_quota", json!("1")),
            ("free_quota", json!(MAX_FREE + 1)),
            ("budget", json!([])),
            ("endpoint_budget", json!("1e3")),
        ] {
            let mut json = plain.clone();
            json[key] = value;
            assert_eq!(
                AccountingConfiguration::parse(&json).unwrap_err().pointer,
                format!("/{key}"),
                "{json}"
            );
        }
        plain["enabled"] = json!(true);
        assert_eq!(AccountingConfiguration::parse(&plain).unwrap_err().pointer, "");
        assert_eq!(AccountingConfiguration::parse(&json!([])).unwrap_err().pointer, "");
        assert_eq!(
            AccountingConfiguration::parse(&json!({"currency": "EUR"})).unwrap_err().pointer,
            "/price"
        );
        assert_eq!(AccountingConfiguration::parse(&json!({"price": "1"})).unwrap_err().pointer, "/currency");
    }
}
