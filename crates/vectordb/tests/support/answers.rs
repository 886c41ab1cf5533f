//! What the server answers, in Chroma's words and in Qdrant's.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::server::{Came, Held, State};

const CHROMA: &str = "/api/v2/tenants/default_tenant/databases/default_database/collections";

/// The status and the body.
pub(crate) fn answer(state: &State, came: &Came) -> (u16, String) {
    let (path, query) = came.path.split_once('?').unwrap_or((&came.path, ""));
    let body = serde_json::from_slice(&came.body).unwrap_or(Value::Null);
    let mut collections = state.collections.lock().unwrap();
    let instead = state.instead.lock().unwrap().clone();
    let (status, body) = match path.strip_prefix(CHROMA) {
        Some(rest) => chroma(&mut collections, &instead, (&came.method, rest, query), &body),
        None => qdrant(&mut collections, &instead, (&came.method, path), &body),
    };
    (status, body.to_string())
}

fn chroma(
    collections: &mut BTreeMap<String, Held>,
    instead: &BTreeMap<String, String>,
    (method, rest, query): (&str, &str, &str),
    body: &Value,
) -> (u16, Value) {
    let parts: Vec<&str> = rest.split('/').skip(1).collect();
    let gone = || (404, json!({"error": "NotFoundError", "message": "Collection does not exist"}));
    match (method, parts.as_slice()) {
        ("GET", []) => {
            let number = |name: &str| -> usize {
                let value = query.split('&').find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
                value.unwrap().parse().unwrap()
            };
            let names = collections.keys().skip(number("offset")).take(number("limit"));
            (200, names.map(|name| json!({"name": name})).collect())
        }
        ("POST", []) => {
            let name = body["name"].as_str().unwrap();
            assert_eq!(body["get_or_create"], true);
            let id = format!("00000000-0000-0000-0000-{:012}", collections.len() + 1);
            let held = collections.entry(name.to_owned()).or_insert_with(|| Held { id, ..Held::default() });
            let dimension = (held.dimension > 0).then_some(held.dimension);
            let configuration = json!({"hnsw": body["configuration"]["hnsw"], "spann": null});
            (
                200,
                json!({"id": held.id, "name": name, "dimension": dimension, "configuration_json": configuration}),
            )
        }
        ("DELETE", [name]) => match collections.remove(*name) {
            Some(_) => (200, json!({})),
            None => gone(),
        },
        (_, [id, what]) => {
            let id = instead.get(*id).map_or(*id, String::as_str);
            let Some(held) = collections.values_mut().find(|held| held.id == id) else { return gone() };
            chroma_points(held, what, body)
        }
        _ => (405, Value::Null),
    }
}

fn chroma_points(held: &mut Held, what: &str, body: &Value) -> (u16, Value) {
    let ids = texts(&body["ids"]);
    match what {
        "count" => (200, json!(held.points.len())),
        "upsert" => {
            for (id, vector) in ids.into_iter().zip(body["embeddings"].as_array().unwrap()) {
                let vector = numbers(vector);
                held.dimension = vector.len();
                held.points.insert(id, vector);
            }
            (200, json!({}))
        }
        "delete" => {
            let deleted = ids.iter().filter(|id| held.points.remove(*id).is_some()).count();
            (200, json!({"deleted": deleted}))
        }
        "get" => {
            let found: Vec<_> = ids.iter().filter_map(|id| Some((id, held.points.get(id)?))).collect();
            let embeddings = body["include"] == json!(["embeddings"]);
            let embeddings = embeddings.then(|| found.iter().map(|(_, vector)| *vector).collect::<Vec<_>>());
            let ids: Vec<_> = found.iter().map(|(id, _)| *id).collect();
            (200, json!({"ids": ids, "embeddings": embeddings, "include": []}))
        }
        "query" => {
            let question = numbers(&body["query_embeddings"][0]);
            let limit = usize::try_from(body["n_results"].as_u64().unwrap()).unwrap();
            let ids = nearest(held, &question, limit);
            (200, json!({"ids": [ids], "embeddings": null, "include": []}))
        }
        _ => (405, Value::Null),
    }
}

fn qdrant(
    collections: &mut BTreeMap<String, Held>,
    instead: &BTreeMap<String, String>,
    (method, path): (&str, &str),
    body: &Value,
) -> (u16, Value) {
    let parts: Vec<&str> = path.split('/').skip(2).collect();
    let ok = |result: Value| (200, json!({"result": result, "status": "ok", "time": 0.1}));
    let gone = |name: &str| {
        (
            404,
            json!({"status": {"error": format!("Not found: Collection `{name}` doesn't exist!")}, "time": 0.1}),
        )
    };
    let point = |id: &str, vector: Option<&Vec<f32>>| {
        // A number where it is one, as Qdrant has both.
        let id = id.parse::<u64>().map_or_else(|_| json!(id), |number| json!(number));
        json!({"id": id, "version": 1, "score": 0.5, "payload": null, "vector": vector})
    };
    match (method, parts.as_slice()) {
        ("GET", []) => {
            let names: Vec<Value> = collections.keys().map(|name| json!({"name": name})).collect();
            ok(json!({"collections": names}))
        }
        ("PUT", [name]) if collections.contains_key(*name) => {
            (409, json!({"status": {"error": "Wrong input: Collection already exists!"}, "time": 0.1}))
        }
        ("PUT", [name]) => {
            assert_eq!(body["vectors"]["distance"], "Cosine");
            let dimension = usize::try_from(body["vectors"]["size"].as_u64().unwrap()).unwrap();
            let held = Held { id: (*name).to_owned(), dimension, points: BTreeMap::new() };
            collections.insert((*name).to_owned(), held);
            ok(json!(true))
        }
        ("DELETE", [name]) => ok(json!(collections.remove(*name).is_some())),
        ("GET", [name]) => match collections.get(*name) {
            Some(held) => {
                let vectors = json!({"size": held.dimension, "distance": "Cosine"});
                ok(json!({"config": {"params": {"vectors": vectors}}}))
            }
            None => gone(name),
        },
        (_, [name, "points", rest @ ..]) => {
            let name = instead.get(*name).map_or(*name, String::as_str);
            let Some(held) = collections.get_mut(name) else { return gone(name) };
            match (method, rest) {
                ("PUT", []) => {
                    for point in body["points"].as_array().unwrap() {
                        let id = point["id"].as_str().unwrap().to_owned();
                        held.points.insert(id, numbers(&point["vector"]));
                    }
                    ok(json!({"operation_id": 1, "status": "completed"}))
                }
                ("POST", ["delete"]) => {
                    for id in texts(&body["points"]) {
                        held.points.remove(&id);
                    }
                    ok(json!({"operation_id": 1, "status": "completed"}))
                }
                ("POST", ["count"]) => ok(json!({"count": held.points.len()})),
                ("POST", []) => {
                    let with_vector = body["with_vector"] == true;
                    let found = texts(&body["ids"]).into_iter().filter_map(|id| {
                        let vector = held.points.get(&id)?;
                        Some(point(&id, with_vector.then_some(vector)))
                    });
                    ok(found.collect())
                }
                ("POST", ["query"]) => {
                    assert_eq!(body["params"]["exact"], true);
                    let limit = usize::try_from(body["limit"].as_u64().unwrap()).unwrap();
                    let found = nearest(held, &numbers(&body["query"]), limit);
                    assert_eq!(body["with_vector"], false);
                    let points: Vec<Value> = found.iter().map(|id| point(id, None)).collect();
                    ok(json!({"points": points}))
                }
                _ => (405, Value::Null),
            }
        }
        _ => (405, Value::Null),
    }
}

fn nearest(held: &Held, question: &[f32], limit: usize) -> Vec<String> {
    let product =
        |vector: &[f32]| -> f32 { vector.iter().zip(question).map(|(one, other)| one * other).sum() };
    let mut found: Vec<(f32, &String)> =
        held.points.iter().map(|(id, vector)| (product(vector), id)).collect();
    found.sort_by(|one, other| other.0.total_cmp(&one.0));
    found.truncate(limit);
    found.into_iter().map(|(_, id)| id.clone()).collect()
}

fn texts(ids: &Value) -> Vec<String> {
    ids.as_array().map_or_else(Vec::new, |ids| ids.iter().map(|id| id.as_str().unwrap().to_owned()).collect())
}

fn numbers(vector: &Value) -> Vec<f32> {
    let number = |number: &Value| number.as_f64().unwrap().to_string().parse().unwrap();
    vector.as_array().unwrap().iter().map(number).collect()
}
