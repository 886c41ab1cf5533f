//! The page where a person chooses a password, by the token of a reset or of an invitation.
//!
//! The token stands behind the `#` of the link, which no browser sends: neither a log nor a `Referer` has it.

use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};

use crate::http::problem::Problem;
use crate::http::request::Request;

/// What the page may do: run its own script, and call this server.
const POLICY: &str = "default-src 'none'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

pub(crate) async fn page(_: Request) -> Result<HttpResponse, Problem> {
    Ok(answer("text/html; charset=utf-8", include_str!("choose_password/index.html")))
}

pub(crate) async fn script(_: Request) -> Result<HttpResponse, Problem> {
    Ok(answer("text/javascript; charset=utf-8", include_str!("choose_password/choose.js")))
}

fn answer(content_type: &'static str, file: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, content_type))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .body(file)
}
