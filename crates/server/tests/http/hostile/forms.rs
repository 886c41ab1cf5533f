//! Forms with files: boundaries, headers of parts, names and ends that are wrong, odd or cut off.

use serde_json::Value;
use syft_space::http::reason::Reason;
use syft_space::http::route_table::{Method, ROUTES, Route};

use crate::hostile::case::{Answer, Case, Expect, exchange};
use crate::hostile::world::{Request, World};
use crate::space::dataset_of;
use crate::space::form::{BOUNDARY, body, content_type, part, part_with};

fn route() -> &'static Route {
    ROUTES.iter().find(|route| route.method == Method::Post && route.path.ends_with("/documents")).unwrap()
}

/// A request that brings this form.
fn form(world: &World, content_type: impl Into<Vec<u8>>, body: Vec<u8>) -> Request {
    world.request(route()).without("content-type").header("content-type", content_type).body(body)
}

/// A part with exactly these headers.
fn raw(head: &[u8]) -> Vec<u8> {
    [b"--", BOUNDARY.as_bytes(), b"\r\n", head, b"\r\n\r\nx\r\n"].concat()
}

/// What stands in a filename.
fn named(name: &[u8]) -> Vec<u8> {
    raw(&[b"content-disposition: form-data; name=\"f\"; filename=\"", name, b"\""].concat())
}

pub fn cases(world: &World) -> Vec<Case> {
    let mut cases = boundaries(world);
    cases.extend(parts(world));
    cases.extend(ends(world));
    // Routes that take JSON take no form, whatever is in it.
    for other in ROUTES.iter().filter(|other| world.body(other).is_some() && other.path != route().path) {
        let request = world.request(other).without("content-type").header("content-type", content_type());
        let bytes = request.body(body(&[part("a.txt", b"x")])).bytes();
        cases.push(Case::new("a form", other, bytes, Expect::Refused(Reason::UnsupportedMediaType)));
    }
    cases
}

fn boundaries(world: &World) -> Vec<Case> {
    let good = body(&[part("a.txt", b"x")]);
    let mut cases = Vec::new();
    let mut add = |what: &str, content_type: &str, body: Vec<u8>, reason: Reason| {
        let bytes = form(world, content_type, body).bytes();
        cases.push(Case::new(format!("a form: {what}"), route(), bytes, Expect::Refused(reason)));
    };
    let with = |boundary: &str| format!("multipart/form-data; boundary={boundary}");
    add("no boundary", "multipart/form-data", good.clone(), Reason::Malformed);
    add(
        "no boundary, and a parameter",
        "multipart/form-data; charset=utf-8",
        good.clone(),
        Reason::Malformed,
    );
    add("an empty boundary", &with(""), good.clone(), Reason::Malformed);
    add("an empty boundary in quotes", &with("\"\""), good.clone(), Reason::Malformed);
    add("an open quote", &with("\"x"), good.clone(), Reason::Malformed);
    add("another boundary", &with("another"), good.clone(), Reason::Malformed);
    add("the boundary's beginning", &with(&BOUNDARY[..10]), good.clone(), Reason::Malformed);
    add("the boundary and more", &with(&format!("{BOUNDARY}x")), good.clone(), Reason::Malformed);
    add("the boundary in capitals", &with(&BOUNDARY.to_uppercase()), good.clone(), Reason::Malformed);
    add("a boundary of 1 kB that is not there", &with(&"b".repeat(1_000)), good.clone(), Reason::Malformed);
    add("two boundaries", &format!("{}; boundary=other", with(BOUNDARY)), good.clone(), Reason::Ambiguous);
    add(
        "two boundaries, the other first",
        &format!("{}; boundary={BOUNDARY}", with("other")),
        good.clone(),
        Reason::Ambiguous,
    );
    add(
        "JSON under a form's name",
        &content_type(),
        br#"{"documents":[{"content":"x"}]}"#.to_vec(),
        Reason::Malformed,
    );
    add("bytes of no kind", &content_type(), vec![0xff; 100_000], Reason::Malformed);
    add(
        "boundaries and nothing else",
        &content_type(),
        format!("--{BOUNDARY}\r\n").repeat(1_000).into_bytes(),
        Reason::Malformed,
    );
    add(
        "bare line feeds",
        &content_type(),
        String::from_utf8(good).unwrap().replace("\r\n", "\n").into_bytes(),
        Reason::Malformed,
    );
    add("another media type", "multipart/mixed; boundary=x", body(&[]), Reason::UnsupportedMediaType);
    add(
        "another media type of its name",
        "multipart/form-data-x; boundary=x",
        body(&[]),
        Reason::UnsupportedMediaType,
    );
    for coding in ["gzip", "identity, gzip", "x"] {
        let request = form(world, content_type(), body(&[part("a.txt", b"x")]));
        let bytes = request.header("content-encoding", coding).bytes();
        cases.push(Case::new(
            format!("a form: coded as {coding}"),
            route(),
            bytes,
            Expect::Refused(Reason::UnsupportedMediaType),
        ));
    }
    cases
}

fn parts(world: &World) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |what: &str, bad: Vec<u8>, reason: Reason| {
        // Behind a file that is good: of that, nothing is taken in either.
        let bytes = form(world, content_type(), body(&[part("good.txt", b"Penguins."), bad])).bytes();
        cases.push(Case::new(format!("a part: {what}"), route(), bytes, Expect::Refused(reason)));
    };
    let headers = |count: usize| (0..count).map(|n| format!("x-{n}: y\r\n")).collect::<String>();
    let file = "content-disposition: form-data; name=\"f\"; filename=\"a.txt\"";
    add("no headers", raw(b""), Reason::Malformed);
    add("no Content-Disposition", raw(b"content-type: text/plain"), Reason::Malformed);
    add("no name", part_with("form-data; filename=\"a.txt\"", b"x"), Reason::Malformed);
    add("an attachment", part_with("attachment; name=\"f\"; filename=\"a.txt\"", b"x"), Reason::Malformed);
    add("an open quote", part_with("form-data; name=\"f\"; filename=\"a.txt", b"x"), Reason::Malformed);
    add(
        "a header of 100 kB",
        raw(format!("x: {}\r\n{file}", "y".repeat(100_000)).as_bytes()),
        Reason::Malformed,
    );
    add(
        "a header without an end",
        raw(format!("{file}\r\nx: {}", "y".repeat(3_000_000)).as_bytes()),
        Reason::Malformed,
    );
    add("100 headers", raw(format!("{}{file}", headers(100)).as_bytes()), Reason::Malformed);
    add("10,000 headers", raw(format!("{}{file}", headers(10_000)).as_bytes()), Reason::Malformed);
    add("a header that is none", raw(format!("{file}\r\nnonsense").as_bytes()), Reason::Malformed);
    add("a header behind a space", raw(format!("{file}\r\nx : y").as_bytes()), Reason::Malformed);
    add("a header that is no text", raw(&[file.as_bytes(), b"\r\n\xff: y"].concat()), Reason::Malformed);
    add("Content-Disposition twice", raw(format!("{file}\r\n{file}").as_bytes()), Reason::Ambiguous);
    add(
        "a form in it",
        raw(format!("{file}\r\ncontent-type: multipart/mixed; boundary=y").as_bytes()),
        Reason::Malformed,
    );
    for coding in ["base64", "BASE64", "quoted-printable", "gzip", "x", "", "binary, base64"] {
        let head = format!("{file}\r\ncontent-transfer-encoding: {coding}");
        add(&format!("coded as {coding:?}"), raw(head.as_bytes()), Reason::Invalid);
    }
    let head = format!("{file}\r\ncontent-transfer-encoding: binary\r\ncontent-transfer-encoding: base64");
    add("coded in two ways", raw(head.as_bytes()), Reason::Ambiguous);
    // RFC 7578, section 4.8: a boundary says where a file ends. Who says more has to be right.
    for (length, reason) in [
        ("0", Reason::Invalid),
        ("2", Reason::Invalid),
        ("1000000", Reason::Invalid),
        ("-1", Reason::Malformed),
        ("+1", Reason::Malformed),
        ("x", Reason::Malformed),
        ("", Reason::Malformed),
        ("99999999999999999999", Reason::Malformed),
        ("1\r\ncontent-length: 1", Reason::Ambiguous),
    ] {
        let head = format!("{file}\r\ncontent-length: {length}");
        add(&format!("{length} bytes, as it says"), raw(head.as_bytes()), reason);
    }
    add("a long text", part_with("form-data; name=\"title\"", &[b'x'; 65_537]), Reason::Invalid);
    add(
        "a text of another length",
        part_with("form-data; name=\"title\"\r\ncontent-length: 3", b"A title"),
        Reason::Invalid,
    );
    add("an empty filename", named(b""), Reason::Invalid);
    add(
        "two filenames",
        part_with("form-data; name=\"f\"; filename=\"a.txt\"; filename=\"b.txt\"", b"x"),
        Reason::Ambiguous,
    );
    add("a file that is there already", part("good.txt", b"x"), Reason::Invalid);
    add("NUL in a filename", named(b"a\0.txt"), Reason::Malformed);
    add("a line in a filename", named(b"a\r\nb.txt"), Reason::Malformed);
    add("a header in a filename", named(b"a\r\ncontent-type: text/html\r\nx: b.txt"), Reason::Malformed);
    add("a bare carriage return in a filename", named(b"a\rb.txt"), Reason::Malformed);
    add("a filename that is no text", named(b"a\xff.txt"), Reason::Malformed);
    add(
        "an encoded filename that is no text",
        part_with("form-data; name=\"f\"; filename*=UTF-8''a%ff.txt", b"x"),
        Reason::Invalid,
    );
    add(
        "empty parts, 10,000 of them",
        part_with("form-data; name=\"f\"", b"").repeat(10_000),
        Reason::Invalid,
    );
    let many = (0..10_000).flat_map(|n| part(&format!("{n}.txt"), b"")).collect();
    add("empty files, 10,000 of them", many, Reason::Invalid);
    let bytes = form(world, content_type(), body(&[])).bytes();
    cases.push(Case::new("a form: no part", route(), bytes, Expect::Refused(Reason::Invalid)));
    cases
}

/// A form that is cut off anywhere is none; only the line's end behind its last boundary may be left out.
fn ends(world: &World) -> Vec<Case> {
    let good = body(&[part("a.txt", b"x"), part("b.txt", b"")]);
    let whole = good.len() - "\r\n".len();
    let cut = |length: usize| {
        let bytes = form(world, content_type(), good[..length].to_vec()).bytes();
        Case::new(
            format!("a form: cut behind {length} bytes"),
            route(),
            bytes,
            Expect::Refused(Reason::Malformed),
        )
    };
    (0..whole).map(cut).collect()
}

/// What stands in the place of a file's name and its content, and how many documents come of it.
fn odd() -> Vec<(&'static str, Vec<u8>, usize)> {
    let file = "content-disposition: form-data; name=\"f\"; filename=\"a.txt\"";
    let with = |more: &str| body(&[raw(format!("{file}\r\n{more}").as_bytes())]);
    let form_with = |name: &[u8]| body(&[named(name)]);
    let encoded = |name: &str| {
        let disposition = format!("form-data; name=\"f\"; filename=\"a.txt\"; filename*=UTF-8''{name}");
        body(&[part_with(&disposition, b"x")])
    };
    let good = body(&[part("a.txt", b"x")]);
    vec![
        ("text before the first boundary", [b"preamble\r\n", &*good].concat(), 1),
        ("text behind the last boundary", [&*good, b"epilogue"].concat(), 1),
        ("no line's end at its end", good[..good.len() - 2].to_vec(), 1),
        ("an unknown header", with("x-unknown: y"), 1),
        ("a media type that is none", with("content-type: nonsense"), 1),
        ("a media type that is another's", with("content-type: text/html"), 1),
        ("as it is", with("content-transfer-encoding: binary"), 1),
        ("its length", with("content-length: 1"), 1),
        (
            "fields beside it",
            body(&[
                part_with("form-data; name=\"title\"", b"A title"),
                part_with("form-data; name=\"documents\"\r\ncontent-length: 17", b"[{\"content\":\"x\"}]"),
                part("a.txt", b"x"),
                part_with("form-data; name=\"_charset_\"", b"utf-7"),
            ]),
            1,
        ),
        ("two parts of one name", body(&[named(b"a.txt"), named(b"b.txt")]), 1),
        (
            "a long name of a field",
            body(&[part_with(
                &format!("form-data; name=\"{}\"; filename=\"a.txt\"", "f".repeat(10_000)),
                b"x",
            )]),
            1,
        ),
        ("an empty file", body(&[part("empty.txt", b"")]), 0),
        (
            "a boundary's beginning in a file",
            body(&[part("a.txt", format!("\r\n--{}", &BOUNDARY[..20]).as_bytes())]),
            1,
        ),
        ("a way out", form_with(b"../../etc/passwd.txt"), 0),
        ("a root", form_with(b"/etc/passwd.txt"), 0),
        ("a drive", form_with(b"C:\\\\windows\\\\a.txt"), 0),
        ("an encoded way out, which is none", form_with(b"..%2f..%2fa.txt"), 1),
        ("an encoded line, which is none", form_with(b"a%0d%0ab.txt"), 1),
        ("dots", form_with(b".."), 0),
        ("bidirectional marks", form_with("a\u{202e}txt.exe".as_bytes()), 0),
        ("hidden marks", form_with("a\u{200b}.txt".as_bytes()), 1),
        ("an encoded NUL", encoded("a%00.txt"), 0),
        ("an encoded line", encoded("a%0d%0ab.txt"), 0),
        ("an encoded way out that is one", encoded("..%2fa.txt"), 0),
        ("a name of 10 kB", form_with(&b"a".repeat(10_000)), 0),
    ]
}

#[tokio::test]
async fn i1_a_form_that_is_odd_is_taken_as_if_it_were_not_or_told_of_in_its_job() {
    let world = World::make().await;
    let boundary = "b".repeat(1_000);
    let long = String::from_utf8(body(&[part("a.txt", b"x")])).unwrap().replace(BOUNDARY, &boundary);
    let mut forms: Vec<_> =
        odd().into_iter().map(|(what, form, documents)| (what, content_type(), form, documents)).collect();
    for (what, boundary) in
        [("a boundary of 1 kB", boundary.clone()), ("the same in quotes", format!("\"{boundary}\""))]
    {
        forms.push((what, format!("multipart/form-data; boundary={boundary}"), long.clone().into_bytes(), 1));
    }
    forms.push((
        "a media type in capitals",
        content_type().replace("multipart/form-data", "MultiPart/Form-Data"),
        body(&[part("a.txt", b"x")]),
        1,
    ));
    for (what, content_type, body, documents) in forms {
        let dataset = dataset_of(&world.owner, what, &[]).await;
        let target = format!("/api/v1/datasets/{dataset}/documents?wait=true");
        let bytes = form(&world, content_type, body).target(target).bytes();
        let raw = exchange(world.address(), &bytes).await;
        let answer = Answer::read(&raw).unwrap();
        assert_eq!(answer.status, 200, "{what}: {}", String::from_utf8_lossy(&raw));
        let job = serde_json::from_slice::<Value>(&answer.body).unwrap()["job"].clone();
        let errors = job["errors"].as_array().unwrap();
        // Two files of one content are one document.
        let listed = world.owner.get(&format!("/datasets/{dataset}/documents")).await.expect(200);
        assert_eq!(listed.body["items"].as_array().unwrap().len(), documents, "{what}: {job}");
        assert_eq!(errors.is_empty(), documents > 0, "{what}: {job}");
        let told = |error: &Value| error["message"].as_str().is_some_and(|message| message.len() > 10);
        assert!(errors.iter().all(told), "{what}: {job}");
        world.owner.delete(&format!("/datasets/{dataset}")).await.expect(204);
    }
    world.still_serves().await;
}
