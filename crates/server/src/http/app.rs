//! The HTTP service made of the route table: every path with its methods, and an answer to every other request.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web::{self, Payload, ServiceConfig};
use actix_web::{Error, HttpMessage, HttpRequest, HttpResponse, guard};
use futures_util::FutureExt;

use crate::http::listener::Listener;
use crate::http::problem::Problem;
use crate::http::reason::Reason;
use crate::http::refusal::Refusal;
use crate::http::route_table::{Method, OPERATOR_ROUTES, ROUTES, Route};
use crate::http::state::State;
use crate::http::{authenticate, connection, drain, pieces, receipts, security_headers};

/// The middleware around every route: nothing is done behind an answer that closes its connection, and every answer has the
/// security headers. It is one, for a request pays for each.
///
/// # Errors
/// When the service behind it fails.
pub async fn around<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let mut response = connection::serve_until_closed(request, next).await?;
    security_headers::add(&mut response);
    Ok(response)
}

/// Puts every route, and the answers to what is none, into a service for the network.
pub fn configure(service: &mut ServiceConfig, state: &Arc<State>) {
    configure_for(service, state, &Listener::Network);
}

/// Puts every route that a listener has, and the answers to what is none, into a service.
pub fn configure_for(service: &mut ServiceConfig, state: &Arc<State>, listener: &Listener) {
    let operator_routes = match listener {
        Listener::Network => &[],
        Listener::Control(_) => OPERATOR_ROUTES,
    };
    mount(service, state, listener, ROUTES.iter().chain(operator_routes));
    let (state, listener) = (Arc::clone(state), listener.clone());
    service.default_service(web::to(move |http: HttpRequest, payload: Payload| {
        refuse(&state, &listener, http, payload, Problem::no_route())
    }));
}

/// Puts the routes of a front door into a service. Whatever refuses there, refuses in the form of that front door.
pub fn mount<E: Refusal>(
    service: &mut ServiceConfig,
    state: &Arc<State>,
    listener: &Listener,
    routes: impl IntoIterator<Item = &'static Route<E>>,
) {
    let mut by_path: BTreeMap<&str, Vec<&'static Route<E>>> = BTreeMap::new();
    for route in routes {
        by_path.entry(route.path).or_default().push(route);
    }
    // The framework takes the first path that fits: literal ones stand before those with parameters. It tries them one by one, so those
    // of queries, which no literal path is like, come first of all: to try a hundred others took a twentieth of a query.
    let mut paths: Vec<_> = by_path.into_iter().collect();
    paths.sort_by_key(|(path, _)| (!path.ends_with("/query"), path.matches('{').count(), *path));
    for (path, routes) in paths {
        // Both with a slash at the end and without: a redirect would lose a client's body.
        if path.contains('{') {
            // One regular expression for both: of two the framework makes four, for each worker.
            service.service(resource(format!("{path}{{slash:/?}}"), &routes, state, listener));
        } else {
            // A path without parameters is compared as it is.
            let with_slash = (path != "/").then(|| format!("{path}/"));
            for path in std::iter::once(path.to_owned()).chain(with_slash) {
                service.service(resource(path, &routes, state, listener));
            }
        }
    }
}

/// The routes of a path, and the answer to other methods.
fn resource<E: Refusal>(
    path: String,
    routes: &[&'static Route<E>],
    state: &Arc<State>,
    listener: &Listener,
) -> actix_web::Resource {
    let mut resource = web::resource(path);
    for route in routes {
        resource = resource.route(serve(route, state, listener));
    }
    let allow = allow_header(routes);
    let (state, listener) = (Arc::clone(state), listener.clone());
    resource.default_service(web::to(move |http: HttpRequest, payload: Payload| {
        let detail = format!("this path knows {allow}");
        let problem = Problem::new(Reason::MethodNotAllowed, detail).allow(allow.clone());
        refuse(&state, &listener, http, payload, E::from(problem))
    }))
}

fn serve<E: Refusal>(route: &'static Route<E>, state: &Arc<State>, listener: &Listener) -> actix_web::Route {
    let (state, listener) = (Arc::clone(state), listener.clone());
    let method = match route.method {
        Method::Get if route.docs.refuses_head => web::get(),
        Method::Get => web::route().guard(guard::Any(guard::Get()).or(guard::Head())),
        Method::Post => web::post(),
        Method::Put => web::put(),
        Method::Patch => web::patch(),
        Method::Delete => web::delete(),
    };
    method.to(move |http: HttpRequest, payload: Payload| {
        let (state, listener) = (Arc::clone(&state), listener.clone());
        async move {
            // Dropped after all that the request has begun.
            let _in_flight = state.in_flight.enter();
            drain::set_aside(&http, payload);
            let answered = answer(&state, &listener, route, http.clone()).await;
            let answer = answered.unwrap_or_else(|refusal| refusal.respond(http.extensions().get().copied()));
            let answer = receipts::attach(&*state.space.checkpoint_signer, &http, answer);
            drain::hold(&http, answer.map_body(|_, body| pieces::split(body)))
        }
    })
}

/// Checks a request against its guard, and calls its handler. A panic on the way is answered with 500, and the server
/// goes on.
async fn answer<E: Refusal>(
    state: &Arc<State>,
    listener: &Listener,
    route: &'static Route<E>,
    http: HttpRequest,
) -> Result<HttpResponse, E> {
    let answered = async {
        let request = authenticate::guard(state, listener, route, http).await?;
        let (caller, context) = (request.caller.clone(), request.context.clone());
        let answered = (route.handler)(request).await;
        if let (Err(refusal), Some(caller)) = (&answered, caller)
            && refusal.is_unrecorded()
        {
            // Asked anew as for the next request, which records the refusal as the guard does.
            caller.renew(state, &context).await?;
        }
        answered
    };
    AssertUnwindSafe(answered).catch_unwind().await.unwrap_or_else(|_panic| {
        tracing::error!(method = %route.method, path = route.path, "a handler panicked");
        let detail = "the server failed; its operator finds the cause in the log";
        Err(Problem::new(Reason::Internal, detail).into())
    })
}

/// Refuses a request that is for no route.
fn refuse<E: Refusal>(
    state: &Arc<State>,
    listener: &Listener,
    http: HttpRequest,
    payload: Payload,
    refusal: E,
) -> impl Future<Output = HttpResponse> + use<E> {
    let (state, listener) = (Arc::clone(state), listener.clone());
    async move {
        drain::set_aside(&http, payload);
        let refusal = authenticate::begin(&state, &listener, &http).map_or_else(E::from, |_| refusal);
        let answer = refusal.respond(http.extensions().get().copied());
        drain::hold(&http, answer)
    }
}

/// The value of `Allow` for a path.
fn allow_header<E>(routes: &[&Route<E>]) -> String {
    let mut methods: Vec<String> = routes.iter().map(|route| route.method.to_string()).collect();
    if routes.iter().any(|route| route.method == Method::Get && !route.docs.refuses_head) {
        methods.push("HEAD".to_owned());
    }
    methods.sort();
    methods.join(", ")
}

#[cfg(test)]
mod tests {
    use actix_web::http::StatusCode;
    use actix_web::test::TestRequest;

    use super::*;
    use crate::http::request::Request;
    use crate::http::route_docs::summary;
    use crate::http::route_table::Guard;
    use crate::http::testing::state;

    async fn panics(_: Request) -> Result<HttpResponse, Problem> {
        panic!("what a handler should never do")
    }

    static PANICS: Route = Route {
        method: Method::Get,
        path: "/panics",
        guard: Guard::Open,
        name: "panics",
        docs: summary("Panic"),
        handler: |request| Box::pin(panics(request)),
    };

    #[actix_web::test]
    async fn i1_a_panic_in_a_handler_is_a_500_problem_and_the_server_goes_on() {
        let state = Arc::new(state());
        let app = actix_web::App::new().route("/panics", serve(&PANICS, &state, &Listener::Network));
        let app = app.configure(|service| configure(service, &state));
        let app = actix_web::test::init_service(app).await;
        let answer =
            actix_web::test::call_service(&app, TestRequest::get().uri("/panics").to_request()).await;
        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let body: serde_json::Value = actix_web::test::read_body_json(answer).await;
        assert_eq!(body["reason_code"], "internal");
        assert!(!body.to_string().contains("should never"), "the cause stays in the log");
        let next = TestRequest::get().uri("/health/live").to_request();
        assert_eq!(actix_web::test::call_service(&app, next).await.status(), StatusCode::OK);
    }
}
