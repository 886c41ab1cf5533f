//! The route that tells where whoever finds a weakness writes to (RFC 9116).

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_TYPE;

use crate::http::problem::Problem;
use crate::http::reason::Reason;
use crate::http::request::Request;

/// For how long what is told is good. It is told anew each time.
const VALIDITY: Duration = Duration::from_secs(90 * 24 * 60 * 60);

pub(crate) async fn show(request: Request) -> Result<HttpResponse, Problem> {
    let contacts = &request.state.security_contact;
    if contacts.is_empty() {
        let detail = "nobody has said where weaknesses of this server are reported (security_contact)";
        return Err(Problem::new(Reason::NoRoute, detail));
    }
    let mut lines: Vec<String> = contacts.iter().map(|contact| format!("Contact: {contact}")).collect();
    lines.push(format!("Expires: {}", request.context.now.start_of_second().plus(VALIDITY)));
    if let Some(url) = &request.state.public_url {
        lines.push(format!("Canonical: {}/.well-known/security.txt", url.trim_end_matches('/')));
    }
    lines.push(String::new());
    let answer =
        HttpResponse::Ok().insert_header((CONTENT_TYPE, "text/plain; charset=utf-8")).body(lines.join("\n"));
    Ok(answer)
}
