//! Bytes that are hardly HTTP, or two messages in one: written by hand.

use syft_space::http::reason::Reason;
use syft_space::http::route_table::{Method, ROUTES, Route};

use crate::hostile::case::{Case, Expect};
use crate::hostile::world::World;

pub fn cases(world: &World) -> Vec<Case> {
    let mut cases = vec![];
    cases.extend(smuggled(world));
    cases.extend(targets(world));
    cases.extend(versions(world));
    cases.extend(chunks(world));
    cases
}

fn route(method: Method, path: &str) -> &'static Route {
    ROUTES.iter().find(|route| route.method == method && route.path == path).unwrap()
}

/// Where one server might see one request, and another two.
fn smuggled(world: &World) -> Vec<Case> {
    let second = "GET /api/v1/users HTTP/1.1\r\nhost: x\r\n\r\n";
    let chunked = format!("0\r\n\r\n{second}");
    let whole = format!("{:x}\r\n{second}\r\n0\r\n\r\n", second.len());
    let mut cases = Vec::new();
    for at in [route(Method::Post, "/api/v1/auth/login"), route(Method::Post, "/api/v1/datasets")] {
        let mut add = |what: &str, headers: &str, body: &str, expect: Expect| {
            let mut bytes = world.request(at).head("HTTP/1.1");
            bytes.extend_from_slice(format!("{headers}\r\n{body}").as_bytes());
            cases.push(Case::new(what, at, bytes, expect));
        };
        let refused = || Expect::Unread(400);
        add(
            "CL.TE",
            &format!("content-length: {}\r\ntransfer-encoding: chunked\r\n", chunked.len()),
            &chunked,
            refused(),
        );
        add("TE.CL", "transfer-encoding: chunked\r\ncontent-length: 4\r\n", &whole, refused());
        add("TE and CL 0", "transfer-encoding: chunked\r\ncontent-length: 0\r\n", &chunked, refused());
        for coding in [
            "xchunked",
            "chunked, identity",
            "identity, chunked",
            "chunked, chunked",
            "gzip, chunked",
            "gzip",
            "identity",
            "chunked;q=1",
            "\"chunked\"",
            "chun ked",
            "\u{b}chunked",
            "",
            ",chunked",
        ] {
            add(&format!("TE {coding:?}"), &format!("transfer-encoding: {coding}\r\n"), &chunked, refused());
        }
        add("TE twice", "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n", &chunked, refused());
        add(
            "TE twice, once another",
            "transfer-encoding: chunked\r\ntransfer-encoding: x\r\n",
            &chunked,
            refused(),
        );
        add("TE behind a space", "transfer-encoding : chunked\r\n", &chunked, refused());
        add("TE folded", "transfer-encoding:\r\n chunked\r\n", &chunked, refused());
        add(
            "TE behind a bare line feed in a value",
            "x: a\ntransfer-encoding: chunked\ncontent-length: 4\r\n",
            &chunked,
            refused(),
        );
        add("two CL", "content-length: 0\r\ncontent-length: 44\r\n", second, refused());
        for length in ["+4", "-1", "0x4", "4,4", "4, 5", "4 5", "1e1", "", "18446744073709551616", "４", "4;"]
        {
            add(&format!("CL {length:?}"), &format!("content-length: {length}\r\n"), "{}  ", refused());
        }
    }
    cases
}

/// Targets that are no path of this server's own.
fn targets(world: &World) -> Vec<Case> {
    let health = route(Method::Get, "/health/live");
    let mut cases = Vec::new();
    let mut add = |method: &str, target: &str, expect: Expect| {
        let bytes = world.request(health).method(method).target(target).bytes();
        cases.push(Case::new(format!("{method} {target}"), health, bytes, expect));
    };
    // RFC 9112, section 3.2.2: a server takes the absolute form, too. What it names besides the path is not followed.
    add("GET", "http://evil.example/health/live", Expect::Harmless(200));
    add("GET", "http://evil.example/api/v1/nothing", Expect::Refused(Reason::NoRoute));
    add("GET", "file:///etc/passwd", Expect::Unread(400));
    add("GET", "gopher://127.0.0.1:25/_HELO", Expect::Refused(Reason::NoRoute));
    add("GET", "http://user:password@evil.example@space.example/", Expect::Harmless(200));
    add("CONNECT", "evil.example:443", Expect::Refused(Reason::NoRoute));
    add("CONNECT", "127.0.0.1:22", Expect::Refused(Reason::NoRoute));
    add("OPTIONS", "*", Expect::Refused(Reason::NoRoute));
    add("GET", "*", Expect::Refused(Reason::NoRoute));
    add("TRACE", "/", Expect::Refused(Reason::MethodNotAllowed));
    add("TRACE", "/health/live", Expect::Refused(Reason::MethodNotAllowed));
    add("GET", "", Expect::Unread(400));
    add("GET", "health/live", Expect::Unread(400));
    add("GET", "\\health\\live", Expect::Unread(400));
    add("GET", "/health/\0live", Expect::Unread(400));
    add("GET", "/health/live#fragment", Expect::Harmless(200));
    add("GET", "/health /live", Expect::Unread(400));
    add("GET", "/../../../etc/passwd", Expect::Refused(Reason::NoRoute));
    add("GET", "/..%2f..%2f..%2fetc/passwd", Expect::Refused(Reason::NoRoute));
    add("GET", "/%2e%2e/%2e%2e/etc/passwd", Expect::Refused(Reason::NoRoute));
    add("GET", "/.git/config", Expect::Refused(Reason::NoRoute));
    add("GET", "/app.db", Expect::Refused(Reason::NoRoute));
    add("GET", "/%00", Expect::Refused(Reason::NoRoute));
    add("GET", "/api/v1/../../health/live", Expect::Refused(Reason::NoRoute));
    cases
}

/// Versions of HTTP, and what is none.
fn versions(world: &World) -> Vec<Case> {
    let health = route(Method::Get, "/health/live");
    let login = route(Method::Post, "/api/v1/auth/login");
    let mut cases = Vec::new();
    let mut add = |at: &'static Route, what: &str, bytes: Vec<u8>, expect: Expect| {
        cases.push(Case::new(what, at, bytes, expect));
    };
    for version in [
        "HTTP/0.9",
        "HTTP/1.2",
        "HTTP/2.0",
        "HTTP/3",
        "HTTP/11",
        "http/1.1",
        "HTTP/1.1 ",
        "HTTPS/1.1",
        "",
        "ICY",
    ] {
        let bytes = [world.request(health).head(version), b"connection: close\r\n\r\n".to_vec()].concat();
        add(health, &format!("as {version:?}"), bytes, Expect::Unread(400));
    }
    let old = [world.request(health).head("HTTP/1.0"), b"\r\n".to_vec()].concat();
    add(health, "as HTTP/1.0", old, Expect::Harmless(200));
    let old = [world.request(health).without("host").head("HTTP/1.0"), b"\r\n".to_vec()].concat();
    add(health, "as HTTP/1.0 without a host", old, Expect::Harmless(200));
    let head = world.request(login).head("HTTP/1.0");
    let no_length = [head.clone(), b"\r\n{}".to_vec()].concat();
    add(login, "as HTTP/1.0 without a length", no_length, Expect::Unread(400));
    let second = b"transfer-encoding: chunked\r\nconnection: keep-alive\r\n\r\n0\r\n\r\nGET /api/v1/users HTTP/1.0\r\n\r\n";
    add(login, "as HTTP/1.0 in chunks", [head, second.to_vec()].concat(), Expect::Unread(400));
    add(health, "the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), Expect::Unread(400));
    add(health, "a TLS hello", b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03".to_vec(), Expect::Unread(400));
    add(
        health,
        "a PROXY line",
        b"PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\nGET / HTTP/1.1\r\nhost: x\r\n\r\n".to_vec(),
        Expect::Unread(400),
    );
    add(health, "an SSH hello", b"SSH-2.0-OpenSSH_9.0\r\n\r\n".to_vec(), Expect::Unread(400));
    add(health, "NUL bytes", vec![0; 64], Expect::Unread(400));
    add(
        health,
        "bare line feeds",
        b"GET /health/live HTTP/1.1\nhost: x\nconnection: close\n\n".to_vec(),
        Expect::Harmless(200),
    );
    add(
        health,
        "empty lines first",
        b"\r\n\r\nGET /health/live HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".to_vec(),
        Expect::Harmless(200),
    );
    cases
}

/// Chunked bodies that are malformed: the request has begun, and its body cannot be read.
fn chunks(world: &World) -> Vec<Case> {
    let datasets = route(Method::Post, "/api/v1/datasets");
    let mut cases = Vec::new();
    let mut add = |what: &str, body: &str| {
        let mut bytes = world.request(datasets).head("HTTP/1.1");
        bytes.extend_from_slice(
            format!("transfer-encoding: chunked\r\nconnection: close\r\n\r\n{body}").as_bytes(),
        );
        cases.push(Case::new(format!("chunks: {what}"), datasets, bytes, Expect::Refused(Reason::Malformed)));
    };
    add("no length", "\r\n{}\r\n0\r\n\r\n");
    add("no number", "zz\r\n{}\r\n0\r\n\r\n");
    add("negative", "-2\r\n{}\r\n0\r\n\r\n");
    add("prefixed", "0x2\r\n{}\r\n0\r\n\r\n");
    add("beyond 64 bits", "fffffffffffffffff\r\n{}\r\n0\r\n\r\n");
    add("no line behind the data", "2\r\n{}0\r\n\r\n");
    add("shorter than said", "1\r\n{}\r\n0\r\n\r\n");
    add("bare line feeds", "2\n{}\n0\n\n");
    add("an extension with a control character", "2;a=\u{1}b\r\n{}\r\n0\r\n\r\n");
    cases
}
