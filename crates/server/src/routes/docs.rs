//! The page to browse the API with. Its files are in the binary, and it reaches no other origin.

use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};

use crate::http::problem::Problem;
use crate::http::reason::Reason;
use crate::http::request::Request;
use crate::http::route_docs::Response;

/// What the page may do: run and style itself by its own files, show the pictures in its styles, and call this server.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A file of the page, in its media type.
pub(crate) const fn file(media_type: &'static str) -> Response {
    Response { status: 200, media_type, schema: Some(crate::http::route_docs::schema_of::<String>) }
}

pub(crate) async fn page(request: Request) -> Result<HttpResponse, Problem> {
    answer(&request, "text/html; charset=utf-8", include_bytes!("docs/index.html"))
}

pub(crate) async fn start(request: Request) -> Result<HttpResponse, Problem> {
    answer(&request, "text/javascript; charset=utf-8", include_bytes!("docs/start.js"))
}

pub(crate) async fn script(request: Request) -> Result<HttpResponse, Problem> {
    answer(
        &request,
        "text/javascript; charset=utf-8",
        include_bytes!(concat!(env!("OUT_DIR"), "/swagger-ui.js")),
    )
}

pub(crate) async fn style(request: Request) -> Result<HttpResponse, Problem> {
    answer(&request, "text/css; charset=utf-8", include_bytes!(concat!(env!("OUT_DIR"), "/swagger-ui.css")))
}

fn answer(
    request: &Request,
    content_type: &'static str,
    file: &'static [u8],
) -> Result<HttpResponse, Problem> {
    if !request.state.docs_enabled {
        return Err(Problem::new(
            Reason::NoRoute,
            "this page is turned off (docs_enabled); /api/v1/openapi.json describes the API",
        ));
    }
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, content_type))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .body(file))
}
