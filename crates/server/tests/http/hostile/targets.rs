//! Every part of every path, and every parameter: path tricks, encodings, lengths, parameters twice and unknown ones.

use syft_space::http::reason::Reason;
use syft_space::http::route_table::{ROUTES, Route};

use crate::hostile::case::{Case, Expect};
use crate::hostile::world::World;

pub fn cases(world: &World) -> Vec<Case> {
    ROUTES.iter().flat_map(|route| [paths(world, route), queries(world, route)]).flatten().collect()
}

/// What no part of a path is, and names nothing.
const UNKNOWN_SEGMENTS: [(&str, &str); 28] = [
    ("dot", "."),
    ("two dots", ".."),
    ("encoded dots", "%2e%2e"),
    ("encoded path", "..%2f..%2fetc%2fpasswd"),
    ("encoded backslashes", "..%5c..%5cetc"),
    ("doubly encoded path", "%252e%252e%252fetc"),
    ("overlong dots", "%c0%ae%c0%ae%c0%af"),
    ("NUL", "%00"),
    ("NUL and a suffix", "doc%00.txt"),
    ("line and a header", "x%0d%0aSet-Cookie:%20a=b"),
    ("not UTF-8", "%ff%fe"),
    ("bad escape", "%zz"),
    ("cut escape", "%2"),
    ("lone percent", "%"),
    ("SQL", "'%20OR%20'1'='1"),
    ("SQL in a comment", "1;--"),
    ("UNION", "%27%20UNION%20SELECT%20*%20FROM%20account--"),
    ("HTML", "%3Cscript%3Ealert(1)%3C%2Fscript%3E"),
    ("composed é", "caf%c3%a9"),
    ("decomposed é", "cafe%cc%81"),
    ("right-to-left override", "%e2%80%aedoc"),
    ("full width", "%ef%bd%84oc"),
    ("matrix parameter", "doc;v=1"),
    ("glob", "*"),
    ("number", "-1"),
    ("two to the 64", "18446744073709551616"),
    ("nil id", "00000000-0000-0000-0000-000000000000"),
    ("id in braces", "%7B0190d3a1-7c1e-7b7a-9c3e-2f6f3f1f0a11%7D"),
];

fn paths(world: &World, route: &'static Route) -> Vec<Case> {
    let mut cases = Vec::new();
    let parts: Vec<&str> = route.path.split('/').collect();
    let real: Vec<String> = world.things.path(route).split('/').map(str::to_owned).collect();
    for (at, _) in parts.iter().enumerate().filter(|(_, part)| part.starts_with('{')) {
        let mut add = |what: &str, text: &str, expect: Expect| {
            let mut path = real.clone();
            path[at] = text.to_owned();
            let request = world.request(route).target(path.join("/"));
            cases.push(Case::new(format!("{} is {what}", parts[at]), route, request.bytes(), expect));
        };
        for (what, text) in UNKNOWN_SEGMENTS {
            // `doc` in other clothes is a document's own name; none of these is. What could be a name is looked up behind the body.
            let is_behind_a_form = route.path.ends_with("/backchannel-logout") && what == "two to the 64";
            let reason = if is_behind_a_form { Reason::UnsupportedMediaType } else { Reason::NotFound };
            add(what, text, Expect::Refused(reason));
        }
        add("10 kB", &"a".repeat(10_000), Expect::Refused(Reason::NotFound));
        add("60 kB of %00", &"%00".repeat(20_000), Expect::Refused(Reason::NotFound));
        let (above, last) = (parts[..at].join("/"), at + 1 == parts.len());
        // With a slash at its end the path of a collection is as good as without.
        if !(last && ROUTES.iter().any(|candidate| candidate.path == above)) {
            add("nothing", "", Expect::Refused(Reason::NoRoute));
        }
        add("a way out", "../../../etc/passwd", Expect::Refused(Reason::NoRoute));
    }
    // Of the paths without a part that varies too: nothing near them is taken for them.
    if !route.path.contains('{') {
        for (what, path) in [
            ("with two slashes", route.path.replacen('/', "//", 1)),
            ("with a dot", format!("/.{}", route.path)),
            ("with a way out and back", format!("/x/..{}", route.path)),
            ("in capitals", route.path.to_uppercase()),
            ("with an encoded slash", format!("/{}", route.path.trim_start_matches('/').replace('/', "%2f"))),
            ("with NUL behind it", format!("{}%00", route.path)),
            ("with a space behind it", format!("{}%20", route.path)),
            ("with a suffix", format!("{}.json", route.path)),
            ("with a matrix parameter", format!("{};a=b", route.path)),
        ] {
            // A path of one part has no slash within.
            if path == route.path {
                continue;
            }
            let request = world.request(route).target(path);
            // It may fit the path of a thing; then it is none, or the method is another's.
            let expect = Expect::Refused(near(route, &request.target));
            cases.push(Case::new(what, route, request.bytes(), expect));
        }
    }
    cases
}

/// What stands at a path near a literal one.
fn near(route: &Route, path: &str) -> Reason {
    let fits = |candidate: &Route| {
        let (ours, theirs): (Vec<_>, Vec<_>) =
            (candidate.path.split('/').collect(), path.split('/').collect());
        ours.len() == theirs.len()
            && ours
                .iter()
                .zip(&theirs)
                .all(|(ours, theirs)| ours == theirs || ours.starts_with('{') && !theirs.is_empty())
    };
    let fitting: Vec<_> = ROUTES.iter().filter(|candidate| fits(candidate)).collect();
    match fitting.iter().any(|candidate| candidate.method == route.method) {
        true => Reason::NotFound,
        false if fitting.is_empty() => Reason::NoRoute,
        false => Reason::MethodNotAllowed,
    }
}

/// Which parameters a route takes.
fn parameters(route: &Route) -> Vec<&'static str> {
    route.docs.query.iter().map(|parameter| parameter.name).collect()
}

/// What no value of a parameter is.
fn not_a(parameter: &str) -> Vec<String> {
    let mut values: Vec<&str> = vec![
        "",
        "%20",
        "%00",
        "x%00",
        "%ff",
        "%zz",
        "'%20OR%201=1--",
        "%3Cb%3E",
        "%e2%80%ae",
        "%f0%9f%98%80",
    ];
    values.extend_from_slice(match parameter {
        "limit" => &[
            "0",
            "101",
            "-1",
            "1.5",
            "1e2",
            "NaN",
            "1e400",
            "18446744073709551616",
            "%2b1",
            "0x10",
            "+",
            "%d9%a1",
        ],
        "cursor" => &["0", "zz", "null", "00", "27", "ffffffff"],
        "since" | "until" => &[
            "0",
            "yesterday",
            "2026-13-01T00:00:00Z",
            "2026-02-30T00:00:00Z",
            "99999-01-01T00:00:00Z",
            "-1",
            "2026-01-01",
        ],
        "seq" | "size" | "from" | "to" => &["0", "-1", "1.5", "1e2", "%2b1", "0x10", "9223372036854775808"],
        "after" => &["-1", "1.5", "1e2", "%2b1", "0x10", "9223372036854775808"],
        "actor" => &["1", "owner@acme.example", "00000000"],
        "wait" => &["1", "TRUE", "yes", "truefalse"],
        "purpose" => &["for%20fun", ":a", "teaching,research"],
        "reason" => &["SUCCESS", "access%20denied"],
        "endpoint" => &["SUCCESS", "success,failure"],
        "key_name" => &["%0a", "%20%20", "a%00b"],
        _ => &["SUCCESS", "nothing", "success,failure"],
    });
    if parameter == "key_name" {
        // A key is called whatever can be printed.
        values.retain(|value| !["%ff", "%zz", "'%20OR%201=1--", "%3Cb%3E", "%f0%9f%98%80"].contains(value));
    }
    let mut values: Vec<String> = values.into_iter().map(str::to_owned).collect();
    values.push("1".repeat(10_000));
    values
}

fn queries(world: &World, route: &'static Route) -> Vec<Case> {
    let mut cases = Vec::new();
    let path = world.things.path(route);
    let mut add = |query: String, expect: Expect| {
        let shown: String = query.chars().take(60).collect();
        let request = world.request(route).target(format!("{path}?{query}"));
        cases.push(Case::new(format!("?{shown}"), route, request.bytes(), expect));
    };
    // What an identity provider adds is not judged: there is no such provider.
    let takes_any = route.docs.ignores_unknown_parameters;
    let invalid = |parameter: &str| match takes_any {
        true => Expect::Refused(Reason::NotFound),
        false => Expect::At(Reason::Invalid, format!("/{parameter}")),
    };
    // A token in the URL is refused everywhere, however its name is written.
    for name in ["access_token", "ACCESS_TOKEN", "access%5ftoken", "%61ccess_token", "a=b&access_token"] {
        add(format!("{name}=8317265940"), Expect::Refused(Reason::Ambiguous));
    }
    for parameter in parameters(route) {
        for value in not_a(parameter) {
            add(format!("{parameter}={value}"), invalid(parameter));
        }
        add(format!("{parameter}=1&{parameter}=1"), Expect::Refused(Reason::Ambiguous));
        add(
            format!("{parameter}=1&%{:02x}{}=2", parameter.as_bytes()[0], &parameter[1..]),
            Expect::Refused(Reason::Ambiguous),
        );
    }
    for unknown in ["x=1", "Limit=1", "limit%00=1", "limit[]=1", "tenant=other", "=1", "%ff=1"] {
        let name = match unknown.split_once('=').unwrap().0 {
            "limit%00" => "limit\0".to_owned(),
            "%ff" => "\u{fffd}".to_owned(),
            name => name.to_owned(),
        };
        add(unknown.to_owned(), invalid(&name));
    }
    let unknown = if takes_any { Reason::NotFound } else { Reason::Invalid };
    add(format!("{}=1", "x".repeat(50_000)), Expect::Refused(unknown));
    add("x=1&".repeat(10_000), Expect::Refused(unknown));
    // Longer than any target may be: refused before it is a request.
    add("x".repeat(70_000), Expect::Unread(400));
    cases
}
