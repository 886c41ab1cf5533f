//! A part of the hostile requests: what each is refused with, word for word.

use std::collections::BTreeMap;

use super::recorder::Recorder;
use crate::hostile::case::Case;
use crate::hostile::world::World;
use crate::hostile::{bodies as unreadable, fields, forms, headers, targets, wire};

/// What is larger is sent by the test of all hostile requests alone.
const BYTES_MAX: usize = 20_000;
/// How many wrong values of a field are recorded.
const OF_A_FIELD: usize = 3;

/// Bodies of the wrong shape or with wrong values, and forms.
pub async fn bodies() -> Recorder {
    let world = World::make().await;
    let mut r = recorder("hostile-bodies", &world).await;
    let mut of_fields: BTreeMap<String, Vec<Case>> = BTreeMap::new();
    for case in fields::cases(&world) {
        // The name begins with the method, the path and where the field is.
        let field = case.name.splitn(4, ' ').take(3).collect::<Vec<_>>().join(" ");
        of_fields.entry(field).or_default().push(case);
    }
    for (_, cases) in of_fields {
        some(&mut r, &cases.iter().collect::<Vec<_>>(), OF_A_FIELD).await;
    }
    let cases = unreadable::cases(&world);
    for (begin, count) in [
        ("POST /api/v1/datasets ", usize::MAX),
        ("PATCH /api/v1/policies/{id} ", 20),
        ("POST /api/v1/auth/login ", 20),
    ] {
        some(&mut r, &of(&cases, begin), count).await;
    }
    let forms = forms::cases(&world);
    let whole = forms.iter().filter(|case| !case.name.contains("a form: cut behind"));
    some(&mut r, &whole.collect::<Vec<_>>(), usize::MAX).await;
    r
}

/// Heads, headers, targets and bytes that are hardly HTTP.
pub async fn requests() -> Recorder {
    let world = World::make().await;
    let mut r = recorder("hostile-requests", &world).await;
    let mut cases = headers::cases(&world);
    // Tokens of the adapters in memory do not look like one, so that two of them are none.
    cases.retain(|case| !case.name.ends_with("token: two tokens"));
    for begin in
        ["GET /api/v1/users ", "PATCH /api/v1/datasets/{id} ", "POST /api/v1/endpoints/{slug}/query "]
    {
        some(&mut r, &of(&cases, begin), 60).await;
    }
    let cases = targets::cases(&world);
    some(&mut r, &of(&cases, "GET /api/v1/audit "), 70).await;
    some(&mut r, &of(&cases, "GET /api/v1/datasets/{id}/documents/{doc} "), usize::MAX).await;
    let cases = wire::cases(&world);
    some(&mut r, &of(&cases, ""), usize::MAX).await;
    r
}

async fn recorder(chapter: &'static str, world: &World) -> Recorder {
    let mut r = Recorder::at(chapter, world.address(), std::path::PathBuf::new());
    r.bear("owner", world.owner.token());
    for (name, id) in [
        ("dataset", &world.things.dataset),
        ("policy", &world.things.policy),
        ("marketplace", &world.things.marketplace),
        ("member", &world.things.member),
    ] {
        r.keep(name, id);
    }
    r.get("nobody", "//health/live").await;
    r
}

/// Those whose names begin so.
fn of<'a>(cases: &'a [Case], begin: &str) -> Vec<&'a Case> {
    cases.iter().filter(|case| case.name.starts_with(begin)).collect()
}

/// Sends as many of these as are wanted, taken evenly.
async fn some(r: &mut Recorder, cases: &[&Case], count: usize) {
    let cases: Vec<_> = cases.iter().filter(|case| case.bytes.len() < BYTES_MAX).collect();
    let step = cases.len().div_ceil(count).max(1);
    for case in cases.into_iter().step_by(step) {
        r.raw(&case.name, &case.bytes).await;
    }
}
