//! How does somebody become a user, and prove to be one?

use serde_json::{Value, json};
use url::Url;

use crate::clock::written;
use crate::routes::satellites::move_or_register_space;
use crate::routes::sessions::{session, signed_in, valid};
use crate::state::{Hub, SessionKind, User, UserRole};
use crate::wire::{Answer, Answered, Request, text};

const WINDOW_SECONDS: i64 = 60;
/// The calls of each limited kind in a window.
const LOGINS: usize = 10;
const REGISTRATIONS: usize = 10;
const REFRESHES: usize = 60;

/// Takes a call of a kind from an address, unless there were too many of late.
fn limited(hub: &mut Hub, request: &Request, kind: &'static str, most: usize) -> Result<(), Answer> {
    if !hub.rate_limits {
        return Ok(());
    }
    let now = hub.now();
    let from = request.header("x-real-ip").unwrap_or(&request.peer).to_owned();
    let calls = hub.calls.entry((kind, from)).or_default();
    calls.retain(|at| now - at < WINDOW_SECONDS);
    if calls.len() >= most {
        return Err(Answer::too_many());
    }
    calls.push(now);
    Ok(())
}

fn shown(user: &User) -> Value {
    json!({
        "id": user.id, "username": user.username, "email": user.email, "full_name": user.full_name,
        "role": user.role.as_str(), "is_active": user.is_active, "created_at": written(user.created_at),
    })
}

fn begun(hub: &mut Hub, user: &User) -> Result<Value, Answer> {
    let access = session(hub, user, SessionKind::Access)?;
    let refresh = session(hub, user, SessionKind::Refresh)?;
    Ok(json!({
        "user": shown(user), "access_token": access, "refresh_token": refresh, "token_type": "bearer",
    }))
}

pub(crate) fn register(hub: &mut Hub, request: &Request) -> Answered {
    limited(hub, request, "register", REGISTRATIONS)?;
    let body = request.object()?;
    let username = text(&body, "username")?.to_lowercase();
    let email = text(&body, "email")?;
    let full_name = text(&body, "full_name")?;
    let password = text(&body, "password")?;
    if !(3..=50).contains(&username.chars().count()) {
        return Err(Answer::bad_value("username", "it has 3 to 50 characters", json!(username)));
    }
    if !email.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.')) {
        return Err(Answer::bad_value("email", "it is no address", json!(email)));
    }
    let is_strong = password.chars().count() >= 8
        && password.chars().any(char::is_alphabetic)
        && password.chars().any(char::is_numeric);
    if !is_strong {
        return Err(Answer::bad_value(
            "password",
            "it has at least 8 characters, a letter and a digit",
            Value::Null,
        ));
    }
    let taken = |field: &str, shown: &str| {
        let detail = json!({
            "code": "USER_ALREADY_EXISTS", "message": format!("{shown} already exists"), "field": field,
        });
        Answer::detail(409, detail)
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
    let mut answer = begun(hub, &user)?;
    if let Some(members) = answer.as_object_mut() {
        members.insert("requires_email_verification".to_owned(), json!(false));
    }
    Ok(Answer::json(201, answer))
}

pub(crate) fn login(hub: &mut Hub, request: &Request) -> Answered {
    limited(hub, request, "login", LOGINS)?;
    let is_form = request
        .header("content-type")
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    let form: Vec<(String, String)> =
        if is_form { url::form_urlencoded::parse(&request.body).into_owned().collect() } else { Vec::new() };
    let field = |name: &str| {
        let found = form.iter().find(|(one, _)| one == name).map(|(_, value)| value.as_str());
        found.ok_or_else(|| Answer::invalid("missing", &["body", name], "Field required", Value::Null))
    };
    let (name, password) = (field("username")?, field("password")?);
    let is_meant = |user: &&User| user.username == name.to_lowercase() || user.email == name;
    let user = hub.users.iter().find(is_meant).filter(|user| user.password == password).cloned();
    let user = user.ok_or_else(|| Answer::detail(401, "Invalid credentials"))?;
    if !user.is_active {
        return Err(Answer::detail(401, "Account is deactivated"));
    }
    Ok(Answer::json(200, begun(hub, &user)?))
}

pub(crate) fn refresh(hub: &mut Hub, request: &Request) -> Answered {
    limited(hub, request, "refresh", REFRESHES)?;
    let body = request.object()?;
    let user = valid(hub, text(&body, "refresh_token")?, SessionKind::Refresh).and_then(|id| hub.user(id));
    let user = user.filter(|user| user.is_active).cloned().ok_or_else(Answer::unauthorized)?;
    Ok(Answer::json(200, begun(hub, &user)?))
}

pub(crate) fn logout(hub: &mut Hub, request: &Request) -> Answered {
    signed_in(hub, request)?;
    // By the token's text, so a session that was begun in the same second ends too.
    hub.logged_out.extend(request.bearer().map(str::to_owned));
    Ok(Answer::no_content())
}

pub(crate) fn me(hub: &mut Hub, request: &Request) -> Answered {
    Ok(Answer::json(200, shown(&signed_in(hub, request)?)))
}

pub(crate) fn update_me(hub: &mut Hub, request: &Request) -> Answered {
    let id = signed_in(hub, request)?.id;
    let body = request.object()?;
    if let Some(domain) = body.get("domain").filter(|domain| !domain.is_null()) {
        let domain = domain.as_str().filter(|domain| is_domain(domain));
        let why = "it is http(s)://host[:port], or tunneling:NAME";
        let domain = domain.ok_or_else(|| Answer::bad_value("domain", why, body.clone()))?.to_owned();
        if hub.satellites_known && !domain.starts_with("tunneling:") {
            move_or_register_space(hub, id, &domain)?;
        }
        if let Some(user) = hub.user_mut(id) {
            user.domain = Some(domain);
        }
    }
    let user = hub.user_mut(id).ok_or_else(Answer::not_found)?;
    if let Some(full_name) = body.get("full_name").and_then(Value::as_str) {
        user.full_name = full_name.to_owned();
    }
    let mut answer = shown(user);
    if let Some(members) = answer.as_object_mut() {
        members.insert("domain".to_owned(), json!(user.domain));
    }
    Ok(Answer::json(200, answer))
}

fn is_domain(text: &str) -> bool {
    let is_origin =
        |url: &Url| matches!(url.scheme(), "http" | "https") && url.host().is_some() && url.path() == "/";
    text.strip_prefix("tunneling:").is_some_and(|name| !name.is_empty())
        || Url::parse(text).is_ok_and(|url| is_origin(&url))
}
