//! Every body × every way to be no body: broken JSON, JSON of another shape, other media types, codings and charsets.

use syft_space::http::reason::Reason;
use syft_space::http::route_table::{ROUTES, Route};

use crate::hostile::case::{Case, Expect, SECRET};
use crate::hostile::world::World;

pub fn cases(world: &World) -> Vec<Case> {
    let mut cases = Vec::new();
    for route in ROUTES.iter().filter(|route| world.body(route).is_some()) {
        for (what, body) in unreadable(&good(world, route)) {
            let bytes = world.request(route).body(body).bytes();
            cases.push(Case::new(what, route, bytes, Expect::Refused(Reason::Malformed)));
        }
        for (what, body) in
            ["null", "true", "7", "[]", "[{}]", "\"x\"", "-0", "1e300"].map(|body| ("is", body))
        {
            let bytes = world.request(route).body(body).bytes();
            cases.push(Case::new(
                format!("{what} {body}"),
                route,
                bytes,
                Expect::At(Reason::Invalid, String::new()),
            ));
        }
        cases.extend(media_types(world, route));
        cases.extend(sizes(world, route));
    }
    cases
}

fn good(world: &World, route: &Route) -> String {
    world.body(route).unwrap().to_string()
}

/// Bodies that are no JSON, or ambiguous.
fn unreadable(good: &str) -> Vec<(String, Vec<u8>)> {
    let open = good.strip_suffix('}').unwrap();
    let first_key = good.split('"').nth(1).unwrap();
    let nested = |depth: usize| format!("{open},\"x\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    let objects = format!("{open},\"x\":{}1{}}}", "{\"x\":".repeat(10_000), "}".repeat(10_000));
    let escaped: String = first_key.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect();
    let with = |value: &str| format!("{open},\"x\":{value}}}");
    let mut bodies: Vec<(&str, String)> = vec![
        ("empty", String::new()),
        ("spaces", "  \r\n\t ".to_owned()),
        ("cut off", open.to_owned()),
        ("two values", format!("{good}{good}")),
        ("text behind it", format!("{good} // done")),
        ("NUL behind it", format!("{good}\0")),
        ("byte order mark", format!("\u{feff}{good}")),
        ("comment", format!("/* hello */{good}")),
        ("a key twice", format!("{open},\"{first_key}\":\"{SECRET}\"}}")),
        ("a key twice, once escaped", format!("{open},\"{escaped}\":\"{SECRET}\"}}")),
        ("a key twice far below", with("[[{\"a\":[{\"b\":1,\"b\":2}]}]]")),
        ("nesting 33", nested(33)),
        ("nesting 10,000", nested(10_000)),
        ("nesting 400,000, never closed", "[".repeat(400_000)),
        ("objects 10,000 deep", objects),
        ("comma at the end", format!("{open},}}")),
        ("single quotes", good.replace('"', "'")),
        ("no quotes", "{name: 1}".to_owned()),
        ("NaN", with("NaN")),
        ("Infinity", with("-Infinity")),
        ("1e400", with("1e400")),
        ("-1e400", with("-1e400")),
        ("a number of 10,000 digits", with(&"9".repeat(10_000))),
        ("hexadecimal", with("0x10")),
        ("leading zero", with("01")),
        ("leading plus", with("+1")),
        ("no digit behind the point", with("1.")),
        ("undefined", with("undefined")),
        ("a lone surrogate", with("\"\\ud800\"")),
        ("surrogates in the wrong order", with("\"\\udc00\\ud800\"")),
        ("bad escape", with("\"\\x41\"")),
        ("a control character in a text", with("\"a\u{1}b\"")),
        ("a line in a text", with("\"a\nb\"")),
        (
            "xml",
            "<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><x>&e;</x>"
                .to_owned(),
        ),
        ("form", "name=x&dtype=embedded".to_owned()),
        ("yaml", "name: !!python/object/apply:os.system ['id']".to_owned()),
    ];
    let mut cases: Vec<(String, Vec<u8>)> =
        bodies.drain(..).map(|(what, body)| (what.to_owned(), body.into_bytes())).collect();
    for (what, bytes) in [
        ("not UTF-8", b"\xff\xfe".as_slice()),
        ("Latin-1", b"caf\xe9"),
        ("overlong", b"\xc0\xaf\xc0\xae"),
        ("encoded surrogate", b"\xed\xa0\x80"),
        ("beyond Unicode", b"\xf4\x90\x80\x80"),
    ] {
        let body = [open.as_bytes(), b",\"x\":\"", bytes, b"\"}"].concat();
        cases.push((format!("{what} in a text"), body));
    }
    let utf16: Vec<u8> = good.encode_utf16().flat_map(u16::to_le_bytes).collect();
    cases.push(("UTF-16".to_owned(), utf16));
    cases
}

fn media_types(world: &World, route: &'static Route) -> Vec<Case> {
    let request = world.request(route).without("content-type");
    let mut cases = Vec::new();
    let mut add = |what: String, bytes: Vec<u8>| {
        cases.push(Case::new(what, route, bytes, Expect::Refused(Reason::UnsupportedMediaType)));
    };
    add("without a media type".to_owned(), request.bytes());
    for media in [
        "",
        "text/plain",
        "text/html",
        "application/xml",
        "application/x-www-form-urlencoded",
        "application/jsonp",
        "application/json+x",
        "application/octet-stream",
        "application/json, text/plain",
        "application/json;charset=latin1",
        "application/json; charset=utf-16",
        "application/json; charset=utf-8; charset=utf-7",
        "application/json; boundary=x",
        "json",
        "*/*",
        "\u{1f600}",
    ] {
        add(format!("as {media:?}"), request.clone().header("content-type", media).bytes());
    }
    add(
        "as bytes that are no text".to_owned(),
        request.clone().header("content-type", b"\xff\xfe".to_vec()).bytes(),
    );
    for coding in ["gzip", "br", "deflate", "identity, gzip", "x"] {
        let request = world.request(route).header("content-encoding", coding);
        add(format!("coded as {coding}"), request.bytes());
    }
    cases
}

fn sizes(world: &World, route: &'static Route) -> Vec<Case> {
    let documents = route.path.ends_with("/documents");
    let max = if documents { 32 * 1024 * 1024 } else { 1024 * 1024 };
    let mut cases = Vec::new();
    // Spaces: it is the size alone that is wrong. The documents' limit is tried with an announced length only.
    let request = world.request(route);
    if !documents {
        let body = format!("{}{}", good(world, route), " ".repeat(max));
        cases.push(Case::new("1 MiB and more", route, request.clone().body(body).bytes(), too_large()));
    }
    for length in [(max + 1).to_string(), "999999999999".to_owned(), u64::MAX.to_string()] {
        let mut bytes = request.head("HTTP/1.1");
        bytes
            .extend_from_slice(format!("connection: close\r\ncontent-length: {length}\r\n\r\n{{").as_bytes());
        cases.push(Case::new(format!("announcing {length} bytes"), route, bytes, too_large()));
    }
    cases
}

fn too_large() -> Expect {
    Expect::Refused(Reason::TooLarge)
}
