//! Registration, login, sessions and profiles.

use serde_json::{Value, json};
use url::Url;

use crate::clock::rfc3339;
use crate::routes::satellites::move_or_register_space;
use crate::routes::sessions::{authenticate, create_session, session_user};
use crate::state::{HubState, SessionKind, User, UserRole};
use crate::wire::{HandlerResult, HubResponse, Request, text};

const RATE_LIMIT_WINDOW_SECONDS: i64 = 60;
const MAX_LOGINS_PER_WINDOW: usize = 10;
const MAX_REGISTRATIONS_PER_WINDOW: usize = 10;
const MAX_REFRESHES_PER_WINDOW: usize = 60;

/// Applies the rate limit of this kind of request and address.
fn check_rate_limit(
    hub: &mut HubState,
    request: &Request,
    kind: &'static str,
    max_requests: usize,
) -> Result<(), HubResponse> {
    if !hub.rate_limits {
        return Ok(());
    }
    let now = hub.now();
    let address = request.header("x-real-ip").unwrap_or(&request.peer).to_owned();
    let times = hub.request_times.entry((kind, address)).or_default();
    times.retain(|at| now - at < RATE_LIMIT_WINDOW_SECONDS);
    if times.len() >= max_requests {
        return Err(HubResponse::too_many_requests());
    }
    times.push(now);
    Ok(())
}

fn user_json(user: &User) -> Value {
    json!({
        "id": user.id, "username": user.username, "email": user.email, "full_name": user.full_name,
        "role": user.role.as_str(), "is_active": user.is_active, "created_at": rfc3339(user.created_at),
    })
}

fn start_session(hub: &mut HubState, user: &User) -> Result<Value, HubResponse> {
    let access = create_session(hub, user, SessionKind::Access)?;
    let refresh = create_session(hub, user, SessionKind::Refresh)?;
    Ok(json!({
        "user": user_json(user), "access_token": access, "refresh_token": refresh, "token_type": "bearer",
    }))
}

pub(crate) fn register(hub: &mut HubState, request: &Request) -> HandlerResult {
    check_rate_limit(hub, request, "register", MAX_REGISTRATIONS_PER_WINDOW)?;
    let body = request.object()?;
    let username = text(&body, "username")?.to_lowercase();
    let email = text(&body, "email")?;
    let full_name = text(&body, "full_name")?;
    let password = text(&body, "password")?;
    if !(3..=50).contains(&username.chars().count()) {
        return Err(HubResponse::bad_value("username", "it has 3 to 50 characters", json!(username)));
    }
    if !email.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.')) {
        return Err(HubResponse::bad_value("email", "it is no address", json!(email)));
    }
    let is_strong = password.chars().count() >= 8
        && password.chars().any(char::is_alphabetic)
        && password.chars().any(char::is_numeric);
    if !is_strong {
        return Err(HubResponse::bad_value(
            "password",
            "it has at least 8 characters, a letter and a digit",
            Value::Null,
        ));
    }
    let taken = |field: &str, label: &str| {
        let detail = json!({
            "code": "USER_ALREADY_EXISTS", "message": format!("{label} already exists"), "field": field,
        });
        HubResponse::detail(409, detail)
    };
    if hub.user_named(&username).is_some() {
        return Err(taken("username", "Username"));
    }
    if hub.users.iter().any(|user| user.email.eq_ignore_ascii_case(email)) {
        return Err(taken("email", "Email"));
    }
    let user = User {
        id: hub.users.last().map_or(1, |last| last.id + 1),
        username,
        email: email.to_owned(),
        full_name: full_name.to_owned(),
        password: password.to_owned(),
        role: UserRole::User,
        is_active: true,
        created_at: hub.now(),
        domain: None,
    };
    hub.users.push(user.clone());
    let mut response = start_session(hub, &user)?;
    if let Some(members) = response.as_object_mut() {
        members.insert("requires_email_verification".to_owned(), json!(false));
    }
    Ok(HubResponse::json(201, response))
}

pub(crate) fn login(hub: &mut HubState, request: &Request) -> HandlerResult {
    check_rate_limit(hub, request, "login", MAX_LOGINS_PER_WINDOW)?;
    let is_form = request
        .header("content-type")
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    let form: Vec<(String, String)> =
        if is_form { url::form_urlencoded::parse(&request.body).into_owned().collect() } else { Vec::new() };
    let field = |name: &str| {
        let found = form.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str());
        found.ok_or_else(|| HubResponse::invalid("missing", &["body", name], "Field required", Value::Null))
    };
    let (name, password) = (field("username")?, field("password")?);
    let matches_name = |user: &&User| user.username == name.to_lowercase() || user.email == name;
    let user = hub.users.iter().find(matches_name).filter(|user| user.password == password).cloned();
    let user = user.ok_or_else(|| HubResponse::detail(401, "Invalid credentials"))?;
    if !user.is_active {
        return Err(HubResponse::detail(401, "Account is deactivated"));
    }
    Ok(HubResponse::json(200, start_session(hub, &user)?))
}

pub(crate) fn refresh(hub: &mut HubState, request: &Request) -> HandlerResult {
    check_rate_limit(hub, request, "refresh", MAX_REFRESHES_PER_WINDOW)?;
    let body = request.object()?;
    let user =
        session_user(hub, text(&body, "refresh_token")?, SessionKind::Refresh).and_then(|id| hub.user(id));
    let user = user.filter(|user| user.is_active).cloned().ok_or_else(HubResponse::unauthorized)?;
    Ok(HubResponse::json(200, start_session(hub, &user)?))
}

pub(crate) fn logout(hub: &mut HubState, request: &Request) -> HandlerResult {
    authenticate(hub, request)?;
    // Sessions are identified by their text, so another session of the same second ends too.
    hub.logged_out.extend(request.bearer().map(str::to_owned));
    Ok(HubResponse::no_content())
}

pub(crate) fn me(hub: &mut HubState, request: &Request) -> HandlerResult {
    Ok(HubResponse::json(200, profile(&authenticate(hub, request)?)))
}

/// A user's own view of themselves, with the address of their space.
fn profile(user: &User) -> Value {
    let mut profile = user_json(user);
    if let Some(members) = profile.as_object_mut() {
        members.insert("domain".to_owned(), json!(user.domain));
    }
    profile
}

pub(crate) fn update_me(hub: &mut HubState, request: &Request) -> HandlerResult {
    let id = authenticate(hub, request)?.id;
    let body = request.object()?;
    if let Some(domain) = body.get("domain").filter(|domain| !domain.is_null()) {
        let domain = domain.as_str().filter(|domain| is_domain(domain));
        let reason = "it is http(s)://host[:port], or tunneling:NAME";
        let domain = domain.ok_or_else(|| HubResponse::bad_value("domain", reason, body.clone()))?.to_owned();
        if hub.supports_satellites && !domain.starts_with("tunneling:") {
            move_or_register_space(hub, id, &domain)?;
        }
        if let Some(user) = hub.user_mut(id) {
            user.domain = Some(domain);
        }
    }
    let user = hub.user_mut(id).ok_or_else(HubResponse::not_found)?;
    if let Some(full_name) = body.get("full_name").and_then(Value::as_str) {
        user.full_name = full_name.to_owned();
    }
    Ok(HubResponse::json(200, profile(user)))
}

fn is_domain(text: &str) -> bool {
    let is_origin =
        |url: &Url| matches!(url.scheme(), "http" | "https") && url.host().is_some() && url.path() == "/";
    text.strip_prefix("tunneling:").is_some_and(|name| !name.is_empty())
        || Url::parse(text).is_ok_and(|url| is_origin(&url))
}
