//! The page at the root: what this is, and where to go on.

use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_TYPE;

use crate::http::problem::Problem;
use crate::http::request::Request;

pub(crate) async fn page(request: Request) -> Result<HttpResponse, Problem> {
    let browse = if request.state.docs_enabled {
        "<li><a href=\"/docs\">Browse the API and try it</a>, without a network too.</li>\n"
    } else {
        ""
    };
    let page = include_str!("front_page/index.html").replace("<!-- browse -->\n", browse);
    Ok(HttpResponse::Ok().insert_header((CONTENT_TYPE, "text/html; charset=utf-8")).body(page))
}
