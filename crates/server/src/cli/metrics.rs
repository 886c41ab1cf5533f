//! The command `syft-space metrics`: the numbers of the server, for whoever watches it.

use reqwest::Method;
use serde_json::json;

use crate::cli::api::ApiClient;
use crate::cli::output::Output;

pub(super) async fn run(api: &ApiClient, out: &mut Output) -> anyhow::Result<()> {
    let numbers = api.send(api.request(Method::GET, "/operator/v1/metrics", &[])?).await?;
    let numbers = String::from_utf8(numbers)?;
    if out.json {
        return out.document(&json!({ "openmetrics": numbers }));
    }
    numbers.lines().try_for_each(|line| out.line(line))
}
