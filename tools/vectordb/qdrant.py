"""Serves Qdrant's REST API over the engine that Qdrant's own Python client has in memory.

No registry has Qdrant's server. What is foreign here is what its makers wrote: the models of requests and answers, which are
made of Qdrant's OpenAPI description and refuse what it does not have, and the engine. What is ours is which path means which
method.
"""

import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from pydantic import TypeAdapter, ValidationError
from qdrant_client import QdrantClient, models
from qdrant_client.local import distances

# The engine in memory normalises what it holds anew with each search, so that the last digits of a vector drift.
of_engine = distances.cosine_similarity
distances.cosine_similarity = lambda query, vectors: of_engine(query, vectors.copy())

ENGINE = QdrantClient(":memory:")
LOCK = threading.Lock()


class Refused(Exception):
    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


def read(model, body):
    return TypeAdapter(model).validate_json(body, strict=False)


def create(name, body):
    if ENGINE.collection_exists(name):
        raise Refused(409, f"Wrong input: Collection `{name}` already exists!")
    wanted = read(models.CreateCollection, body)
    return ENGINE.create_collection(name, vectors_config=wanted.vectors)


def query(name, body):
    asked = read(models.QueryRequest, body)
    if asked.params is None or asked.params.exact is not True:
        raise Refused(400, "a search that is not exact")
    return ENGINE.query_points(
        name,
        query=asked.query,
        limit=asked.limit,
        search_params=asked.params,
        with_payload=asked.with_payload,
        with_vectors=asked.with_vector,
    )


def retrieve(name, body):
    asked = read(models.PointRequest, body)
    return ENGINE.retrieve(name, asked.ids, with_payload=asked.with_payload, with_vectors=asked.with_vector)


def answer(method, path, parameters, body):
    parts = path.strip("/").split("/")
    if parts[0] != "collections":
        raise Refused(404, "no such path")
    if method == "GET" and len(parts) == 1:
        return ENGINE.get_collections()
    name, what = parts[1], "/".join(parts[2:])
    if (method, what) == ("PUT", ""):
        return create(name, body)
    if (method, what) == ("DELETE", ""):
        return ENGINE.delete_collection(name)
    if not ENGINE.collection_exists(name):
        raise Refused(404, f"Not found: Collection `{name}` doesn't exist!")
    if (method, what) == ("GET", ""):
        return ENGINE.get_collection(name)
    if method in ("PUT", "POST") and what in ("points", "points/delete") and method + what != "POSTpoints":
        if parameters != {"wait": ["true"]}:
            raise Refused(400, "a change that is not waited for")
        if what == "points":
            return ENGINE.upsert(name, points=read(models.PointsList, body).points)
        return ENGINE.delete(name, points_selector=read(models.PointIdsList, body))
    routes = {"points": retrieve, "points/query": query}
    if method == "POST" and what in routes:
        return routes[what](name, body)
    if (method, what) == ("POST", "points/count"):
        return ENGINE.count(name, exact=read(models.CountRequest, body).exact)
    raise Refused(404, "no such path")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def serve(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        url = urlsplit(self.path)
        try:
            if self.headers.get("api-key") != "a-credential":
                raise Refused(401, "Must provide an API key")
            with LOCK:
                result = answer(self.command, url.path, parse_qs(url.query), body)
            status, told = 200, {"result": result, "status": "ok", "time": 0.001}
        except Refused as refused:
            status, told = refused.status, {"status": {"error": str(refused)}, "time": 0.001}
        except ValidationError as error:
            print(error, file=sys.stderr)
            status, told = 400, {"status": {"error": f"Format error in JSON body: {error}"}, "time": 0.001}
        text = TypeAdapter(object).dump_json(told)
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_PUT = do_POST = do_DELETE = serve

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    ThreadingHTTPServer.allow_reuse_address = True
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
