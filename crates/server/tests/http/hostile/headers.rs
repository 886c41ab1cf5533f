//! Every route × headers that contradict, inject, override or impersonate.

use syft_space::http::reason::Reason;
use syft_space::http::route_table::{Guard, Method, ROUTES, Route};

use crate::hostile::case::{Case, Expect, SECRET};
use crate::hostile::world::World;
use crate::space::in_memory;

pub fn cases(world: &World) -> Vec<Case> {
    let mut cases = Vec::new();
    for route in ROUTES {
        cases.extend(twice(world, route));
        cases.extend(malformed(world, route));
        if let Guard::Member(_) = route.guard {
            cases.extend(credentials(world, route));
        }
        if has_revision(route) {
            cases.extend(revisions(world, route));
        }
        cases.extend(methods(world, route));
    }
    cases
}

/// Headers that may stand once, twice; equal or not.
fn twice(world: &World, route: &'static Route) -> Vec<Case> {
    let mut cases = Vec::new();
    for name in ["authorization", "content-type", "if-match", "x-tenant-name"] {
        for (first, second) in [("a", "b"), ("a", "a")] {
            let request = world.request(route).without(name).header(name, first).header(name, second);
            let expect = Expect::Refused(Reason::Ambiguous);
            cases.push(Case::new(format!("{name} {first} and {second}"), route, request.bytes(), expect));
        }
    }
    let request = world.request(route);
    for (what, request) in [
        ("two hosts", request.clone().header("host", "evil.example")),
        ("two lengths", request.clone().header("content-length", "0").body("{}")),
        ("two equal lengths", request.clone().header("content-length", "2").body("{}")),
        ("no host", request.without("host")),
    ] {
        cases.push(Case::new(what, route, request.bytes(), Expect::Unread(400)));
    }
    cases
}

/// Headers that the parser of HTTP refuses.
fn malformed(world: &World, route: &'static Route) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |what: &str, lines: &[u8]| {
        let mut bytes = world.request(route).head("HTTP/1.1");
        bytes.extend_from_slice(lines);
        bytes.extend_from_slice(b"connection: close\r\n\r\n");
        cases.push(Case::new(what, route, bytes, Expect::Unread(400)));
    };
    add("folded header", b"x-folded: one\r\n two\r\n");
    add("folded by a tab", b"x-folded: one\r\n\ttwo\r\n");
    add("folded first header", b" x-folded: one\r\n");
    add("NUL in a header", b"x-nul: a\0b\r\n");
    add("escape in a header", b"x-escape: a\x1b[2Jb\r\n");
    add("bare carriage return", b"x-return: a\rb\r\n");
    add("space before the colon", b"x-space : a\r\n");
    add("space in a name", b"x space: a\r\n");
    add("no name", b": a\r\n");
    add("no colon", b"nothing\r\n");
    add("name outside ASCII", b"x-\xc3\xa9: a\r\n");
    add("NUL in a name", b"x-\0: a\r\n");
    let mut many = world.request(route);
    for n in 0..97 - many.headers.len() {
        many = many.header(&format!("x-{n}"), "a");
    }
    cases.push(Case::new("97 headers", route, many.bytes(), Expect::Unread(431)));
    let long = world.request(route).header("x-long", "a".repeat(140 * 1024));
    cases.push(Case::new("a head of 140 KiB", route, long.bytes(), Expect::Unread(431)));
    cases
}

/// Credentials that are none. The order of checks: nothing else about the request is looked at.
fn credentials(world: &World, route: &'static Route) -> Vec<Case> {
    let mut cases = Vec::new();
    let token = world.owner.token();
    // Over the adapters in memory a token is one word: then its thirds stand for the parts.
    let third = token.len() / 3;
    let parts = [&token[..third], &token[third..2 * third], &token[2 * third..]];
    let dots: Vec<&str> = token.split('.').collect();
    let [header, claims, signature] = dots.try_into().unwrap_or(parts);
    let head = format!("{header}.{claims}");
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0";
    for (what, value) in [
        ("basic", format!("Basic {SECRET}")),
        ("a scheme alone", "Bearer".to_owned()),
        ("a scheme and spaces", "Bearer    ".to_owned()),
        ("no scheme", token.to_owned()),
        ("quoted", format!("Bearer \"{token}\"")),
        ("no signature", format!("Bearer {head}.")),
        ("two parts", format!("Bearer {head}")),
        ("four parts", format!("Bearer {token}.{signature}")),
        ("padding", format!("Bearer {token}=")),
        ("a tab", format!("Bearer\t{token}")),
        ("alg none", format!("Bearer {none}.{claims}.")),
        ("alg none, signed", format!("Bearer {none}.{claims}.{signature}")),
        ("parts in another order", format!("Bearer {claims}.{header}.{signature}")),
        ("SQL", "Bearer ' OR '1'='1".to_owned()),
        ("path", "Bearer ../../keys/current".to_owned()),
        ("a secret", format!("Bearer {SECRET}")),
        ("10 kB", format!("Bearer {}", "a".repeat(10_000))),
        ("100 kB of dots", format!("Bearer {}", ".".repeat(100_000))),
    ] {
        let request = world.request(route).without("authorization").header("authorization", value);
        cases.push(Case::new(
            format!("token: {what}"),
            route,
            request.bytes(),
            Expect::Refused(Reason::TokenInvalid),
        ));
    }
    // Over the adapters in memory two tokens behind one scheme are no two credentials: theirs do not look like one.
    let one_scheme = if in_memory() { Reason::TokenInvalid } else { Reason::Ambiguous };
    for (what, value, reason) in [
        ("two tokens", format!("Bearer {token} {token}"), one_scheme),
        ("two tokens and a comma", format!("Bearer {token}, Bearer {token}"), Reason::Ambiguous),
    ] {
        let request = world.request(route).without("authorization").header("authorization", value);
        cases.push(Case::new(format!("token: {what}"), route, request.bytes(), Expect::Refused(reason)));
    }
    let request = world.request(route).without("authorization");
    let bytes = request.clone().header("authorization", b"Bearer \xff\xfe".to_vec()).bytes();
    cases.push(Case::new("token: no text", route, bytes, Expect::Refused(Reason::TokenInvalid)));
    for (name, value) in [
        ("proxy-authorization", format!("Bearer {token}")),
        ("x-forwarded-user", "owner@acme.example".to_owned()),
        ("x-remote-user", "owner@acme.example".to_owned()),
        ("x-original-url", "/health/live".to_owned()),
        ("x-rewrite-url", "/health/live".to_owned()),
        ("x-tenant-name", "acme".to_owned()),
        ("forwarded", "for=127.0.0.1;by=127.0.0.1;host=localhost".to_owned()),
        ("x-forwarded-for", "127.0.0.1, ::1, unknown".to_owned()),
    ] {
        let bytes = request.clone().header(name, value).bytes();
        let expect = Expect::Refused(Reason::Unauthenticated);
        cases.push(Case::new(format!("{name} is no credential"), route, bytes, expect));
    }
    for (name, value) in [("cookie", format!("access_token={token}")), ("x-access-token", token.to_owned())] {
        let bytes = request.clone().header(name, value).bytes();
        let expect = Expect::Refused(Reason::Ambiguous);
        cases.push(Case::new(format!("{name} is no place for a credential"), route, bytes, expect));
    }
    cases
}

/// Whether `If-Match` is honoured here.
fn has_revision(route: &Route) -> bool {
    let mut parts = route.path.trim_start_matches("/api/v1/").split('/');
    let group = parts.next().unwrap();
    let changes = matches!(route.method, Method::Patch | Method::Put)
        || route.method == Method::Delete && parts.count() == 1;
    let is_of_group = group == "groups" && !route.path.ends_with("/{address}");
    (matches!(group, "users" | "datasets" | "endpoints" | "policies") || is_of_group) && changes
}

fn revisions(world: &World, route: &'static Route) -> Vec<Case> {
    let tags = [
        "\"0\"",
        "\"999\"",
        "1",
        "\"1",
        "W/\"1\"",
        "\"\"",
        "\"-1\"",
        "\"1.0\"",
        "\"+1\"",
        "\"18446744073709551616\"",
        "\"1\0\"",
        "\"' OR 1=1\"",
        "nothing",
    ];
    let mut cases = Vec::new();
    for tag in tags.into_iter().filter(|tag| !tag.contains('\0')) {
        let bytes = world.request(route).header("if-match", tag).bytes();
        cases.push(Case::new(format!("if-match {tag}"), route, bytes, Expect::Refused(Reason::Changed)));
    }
    cases
}

/// Methods that a path does not know, and headers that would make another of one that it knows.
fn methods(world: &World, route: &'static Route) -> Vec<Case> {
    let mut cases = Vec::new();
    let known: Vec<String> = ROUTES
        .iter()
        .filter(|other| other.path == route.path)
        .map(|other| other.method.to_string())
        .collect();
    let methods = [
        "GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "PURGE", "BREW", "get",
        "GETX", "M-SEARCH",
    ];
    for method in methods.into_iter().filter(|method| !known.iter().any(|allowed| allowed == method)) {
        let mut request = world.request(route).method(method).header("x-http-method-override", &*known[0]);
        request.body = None;
        let expect = Expect::Refused(Reason::MethodNotAllowed);
        cases.push(Case::new(format!("by {method}"), route, request.bytes(), expect));
    }
    for method in ["G\0T", "GE T", "G\u{c9}T", "(GET)"] {
        let bytes = world.request(route).method(method).bytes();
        cases.push(Case::new(format!("by {method:?}"), route, bytes, Expect::Unread(400)));
    }
    if route.method == Method::Get {
        let plain = world.request(route);
        // There is no identity provider, and nobody was erased.
        let is_of_nothing = ["{provider}", "certificate"].iter().any(|part| route.path.contains(part));
        let usual = if is_of_nothing { 404 } else { 200 };
        for (name, value) in [
            ("x-http-method-override", "DELETE"),
            ("x-method-override", "DELETE"),
            ("x-tenant-name", "other"),
            ("x-forwarded-host", "evil.example"),
            ("x-forwarded-prefix", "/../.."),
            ("accept", "text/html"),
            ("accept-encoding", "gzip;q=1.0, *;q=0"),
            ("range", "bytes=0-18446744073709551615,0-0"),
            ("origin", "null"),
            ("upgrade", "websocket"),
            ("upgrade", "h2c"),
            ("expect", "100-continue"),
            ("if-none-match", "*"),
            ("user-agent", "${jndi:ldap://127.0.0.1/a}\u{202e}"),
            ("te", "trailers"),
        ] {
            let bytes = plain.clone().header(name, value).bytes();
            cases.push(Case::new(format!("{name}: {value}"), route, bytes, Expect::Harmless(usual)));
        }
        // A body where there is none to be: it is not read, and no request of its own.
        let body = "GET /api/v1/users HTTP/1.1\r\nhost: x\r\n\r\n";
        cases.push(Case::new(
            "with a body",
            route,
            plain.clone().body(body).bytes(),
            Expect::Harmless(usual),
        ));
        let large = plain.body("x".repeat(3 * 1024 * 1024));
        cases.push(Case::new("with a body of 3 MiB", route, large.bytes(), Expect::Harmless(usual)));
    }
    cases
}
