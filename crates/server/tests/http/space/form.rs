//! A form with files, byte by byte: a test may also make a wrong one.

use reqwest::RequestBuilder;
use serde_json::Value;

use super::{Answer, Client};

pub const BOUNDARY: &str = "----a-boundary-that-is-in-no-file";

/// One part as common clients write it.
pub fn part(name: &str, content: &[u8]) -> Vec<u8> {
    let name = name.replace('\\', "\\\\").replace('"', "%22");
    part_with(&format!("form-data; name=\"files\"; filename=\"{name}\""), content)
}

/// One part with this `Content-Disposition`.
pub fn part_with(disposition: &str, content: &[u8]) -> Vec<u8> {
    let mut part = format!("--{BOUNDARY}\r\ncontent-disposition: {disposition}\r\n\r\n").into_bytes();
    part.extend_from_slice(content);
    part.extend_from_slice(b"\r\n");
    part
}

/// The body of these parts.
pub fn body(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut body = parts.concat();
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    body
}

/// What its content type says.
pub fn content_type() -> String {
    format!("multipart/form-data; boundary={BOUNDARY}")
}

/// A request that brings these parts.
pub fn bring(client: &Client, dataset: &str, wait: bool, parts: &[Vec<u8>]) -> RequestBuilder {
    let path = format!("/datasets/{dataset}/documents{}", if wait { "?wait=true" } else { "" });
    client.request("POST", &path).header("content-type", content_type()).body(body(parts))
}

/// Brings files, and answers their job.
pub async fn bring_files<N: AsRef<str>, C: AsRef<[u8]>>(
    client: &Client,
    dataset: &str,
    wait: bool,
    files: &[(N, C)],
) -> Value {
    let parts: Vec<_> = files.iter().map(|(name, content)| part(name.as_ref(), content.as_ref())).collect();
    let answer: Answer = client.send(bring(client, dataset, wait, &parts)).await;
    answer.expect(if wait { 200 } else { 202 }).body["job"].clone()
}
