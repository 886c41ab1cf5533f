//! The OpenAPI document.

use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_TYPE;
use schemars::JsonSchema;
use serde_json::{Map, Value};

use crate::http::problem::Problem;
use crate::http::request::Request;

/// An OpenAPI document.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "the document is made at once; this tells what is in it")]
pub(crate) struct OpenApi {
    openapi: String,
    info: Map<String, Value>,
    servers: Vec<Value>,
    tags: Vec<Value>,
    paths: Map<String, Value>,
    components: Map<String, Value>,
}

pub(crate) async fn document(request: Request) -> Result<HttpResponse, Problem> {
    let document = request.state.openapi();
    Ok(HttpResponse::Ok().insert_header((CONTENT_TYPE, "application/json")).body(document))
}
