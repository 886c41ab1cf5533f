"""A space beside a Chroma server, both on this machine: `beside.py PROGRAM [CHUNKS]`.

Both are given the same texts and, by the same server, the same vectors: one that computes them from the words, so that what is measured is
not a model. Then both are asked the same, in turns, over one connection each. Whatever Chroma's own client adds is left out. What a
question means is computed before it is asked of either: Chroma is sent the vector, and the space knows it from being asked once."""

import http.client
import http.server
import json
import math
import os
import pathlib
import random
import socket
import socketserver
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import numpy

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "search-quality"))

from space import Served  # noqa: E402

DIMENSION = 384
AT_ONCE = 500
# As many as the space remembers the vectors of, for one tenant; and how often each is asked.
QUESTIONS = 80
ROUNDS = 12
BEST = 5
# How many candidates Chroma looks at for a question (it calls them ef_search): its own number, then more until it finds as much as the space.
CANDIDATES = (None, 200, 400, 800, 1600, 3200)


class Encoder:
    """The server of a model: a text is the sum of its words, each of which points somewhere by chance."""

    def __init__(self):
        generator, self.words = numpy.random.default_rng(7), {}
        self.random = lambda: generator.standard_normal(DIMENSION)
        self.lock = threading.Lock()
        encoder = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Head and body go out together: else each answer waits for the other side's word on the head.
            wbufsize = 1 << 20
            disable_nagle_algorithm = True

            def do_POST(self):
                asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
                vectors = encoder.vectors(asked["input"])
                data = [{"object": "embedding", "index": at, "embedding": vector} for at, vector in enumerate(vectors)]
                body = json.dumps({"object": "list", "model": "sum", "data": data, "usage": {"prompt_tokens": 1, "total_tokens": 1}}).encode()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
            daemon_threads = True

        self.server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.address = f"127.0.0.1:{self.server.server_port}"

    def vectors(self, texts):
        with self.lock:
            for word in {word for text in texts for word in text.split()} - self.words.keys():
                self.words[word] = self.random()
            all_ = numpy.array([numpy.sum([self.words[word] for word in text.split()], axis=0) for text in texts])
        return [[round(part, 6) for part in vector] for vector in (all_ / numpy.linalg.norm(all_, axis=1, keepdims=True)).tolist()]


class Connection:
    """One connection that is kept."""

    def __init__(self, address):
        self.http = http.client.HTTPConnection(address, timeout=600)
        self.http.connect()
        self.http.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def post(self, path, body, headers=(), method="POST"):
        self.http.request(method, path, json.dumps(body), {"content-type": "application/json", **dict(headers)})
        answer = self.http.getresponse()
        read = answer.read()
        if answer.status >= 300:
            sys.exit(f"{path}: {answer.status} {read[:300]}")
        return json.loads(read)


class Space(Served):
    def __init__(self, program, home, encoder):
        os.environ["SYFT_SPACE_OUTBOUND_ALLOW"] = encoder.address
        super().__init__([program], home)
        account = self.register(home)
        self.stop()
        url = f"http://{encoder.address}/v1"
        add = [program, "encoder", "add", "sum", "--url", url, "--model", "sum", "--dimension", str(DIMENSION), "--home", str(home)]
        subprocess.run(add, check=True, stdout=subprocess.DEVNULL)
        super().__init__([program], home)
        self.log_in(account)
        self.kept = Connection(self.root.split("/")[2])

    def take_in(self, texts):
        """Seconds until all texts are found by their words, and until they are found by what they mean."""
        made = self.post("/datasets", {"name": "both", "dtype": "embedded", "search": "both"})
        self.dataset = made["id"]
        begun = time.perf_counter()
        for at in range(0, len(texts), AT_ONCE):
            part = [{"document_id": f"d{at + place}", "content": text} for place, text in enumerate(texts[at : at + AT_ONCE])]
            self.kept.post(f"/api/v1/datasets/{self.dataset}/documents?wait=true", {"documents": part}, self.bearer())
        by_words = time.perf_counter() - begun
        while (usage := self.get(f"/datasets/{self.dataset}/usage")).get("vectors", {}).get("chunks", 0) < len(texts):
            if usage["chunks"] != len(texts):
                sys.exit(f"{usage['chunks']} chunks of {len(texts)} texts")
            time.sleep(0.05)
        return by_words, time.perf_counter() - begun

    def bearer(self):
        return {"authorization": f"Bearer {self.token}"}

    def switch(self, mode):
        """Has it searched so, over a connection that nobody has closed meanwhile and with a token that is new."""
        self.kept = Connection(self.root.split("/")[2])
        self.log_in(self.account)
        self.send(f"/datasets/{self.dataset}", json.dumps({"search": mode}).encode(), "application/merge-patch+json", "PATCH")

    def ask(self, question):
        body = {"query": question, "limit": BEST, "similarity_threshold": 0.0}
        return [hit["document_id"] for hit in self.kept.post(f"/api/v1/datasets/{self.dataset}/search", body, self.bearer())["documents"]]


class Chroma:
    BASE = "/api/v2/tenants/default_tenant/databases/default_database/collections"

    def __init__(self, folder, encoder):
        self.folder = folder
        self.start()
        self.encoder = Connection(encoder.address)
        made = self.kept.post(self.BASE, {"name": "both", "configuration": {"hnsw": {"space": "cosine"}}})
        self.path = f"{self.BASE}/{made['id']}"

    def start(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [str(pathlib.Path(sys.executable).parent / "chroma"), "run", "--host", "127.0.0.1", "--port", str(port), "--path", str(self.folder)]
        self.server = subprocess.Popen(command, stdout=subprocess.DEVNULL, env={**os.environ, "ANONYMIZED_TELEMETRY": "False"})
        for _ in range(600):
            try:
                self.kept = Connection(f"127.0.0.1:{port}")
                break
            except OSError:
                time.sleep(0.1)

    def search_wider(self, candidates):
        """Looks at so many candidates for each question. A server that runs goes on as it was, so it is started again."""
        self.kept.post(self.path, {"new_configuration": {"hnsw": {"ef_search": candidates}}}, method="PUT")
        self.stop()
        self.start()

    def take_in(self, texts):
        begun = time.perf_counter()
        for at in range(0, len(texts), AT_ONCE):
            part = texts[at : at + AT_ONCE]
            vectors = [one["embedding"] for one in self.encoder.post("/v1/embeddings", {"model": "sum", "input": part})["data"]]
            body = {"ids": [f"d{at + place}" for place in range(len(part))], "documents": part, "embeddings": vectors}
            self.kept.post(f"{self.path}/add", body)
        return time.perf_counter() - begun

    def ask(self, vector):
        body = {"query_embeddings": [vector], "n_results": BEST, "include": ["documents", "metadatas", "distances"]}
        return self.kept.post(f"{self.path}/query", body)["ids"][0]

    def with_word(self, word):
        return self.kept.post(f"{self.path}/get", {"where_document": {"$contains": word}, "limit": BEST, "include": ["documents"]})["ids"]

    def stop(self):
        self.server.terminate()
        self.server.wait()


def hundredth(times, part):
    """The nearest rank, in milliseconds."""
    return sorted(times)[max(math.ceil(len(times) * part), 1) - 1] * 1e3


def took(work):
    begun = time.perf_counter()
    answer = work()
    return time.perf_counter() - begun, answer


def row(name, space, mode, questions, of_chroma, best=None):
    """Asks both in turns and prints how long they took. Answers what part of `best` each found, if that is given."""
    space.switch(mode)
    for question, other in zip(questions, of_chroma):
        space.ask(question)
        other()
    mine, theirs, hits = [], [], [0, 0]
    for _ in range(ROUNDS):
        for at, (question, other) in enumerate(zip(questions, of_chroma)):
            taken, found = took(lambda: space.ask(question))
            mine.append(taken)
            taken, also = took(other)
            theirs.append(taken)
            if best:
                hits = [hits[0] + len(best[at] & set(found)), hits[1] + len(best[at] & set(also))]
    shares = [count / len(questions) / ROUNDS / BEST for count in hits]
    cells = [f"{hundredth(times, part):.2f} ms" for part in (0.5, 0.99) for times in (mine, theirs)]
    ratio = f"{statistics.median(theirs) / statistics.median(mine):.1f}"
    print("|", " | ".join([name, *cells, ratio, *(f"{share:.1%}" if best else "" for share in shares)]), "|", flush=True)
    return shares


def main(program, chunks=100_000):
    draw = random.Random(7)
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = list({"".join(draw.choices(letters, k=draw.randint(4, 10))) for _ in range(20_000)})
    # As in a language, the word at place n comes about 1/n as often as the first.
    often = [1 / (at + 10) for at in range(len(words))]
    texts = [" ".join(draw.choices(words, often, k=60)) for _ in range(chunks)]
    questions = [" ".join(draw.sample(text.split(), 6)) for text in draw.sample(texts, QUESTIONS)]
    encoder = Encoder()
    exact = numpy.array(encoder.vectors(texts), dtype=numpy.float32)
    vectors = encoder.vectors(questions)
    place = {word: at for at, word in enumerate(words)}
    with tempfile.TemporaryDirectory() as folder:
        space, chroma = Space(program, pathlib.Path(folder) / "home", encoder), Chroma(pathlib.Path(folder) / "chroma", encoder)
        try:
            by_words, by_meaning = space.take_in(texts)
            of_chroma = chroma.take_in(texts)
            rate = lambda seconds: f"{chunks / seconds:,.0f}/s"
            print(f"taken in: space {rate(by_words)} found by words, {rate(by_meaning)} by meaning too; Chroma {rate(of_chroma)}", flush=True)
            print(f"space beside Chroma: {of_chroma / by_meaning:.2f} times as fast", flush=True)
            print(f"\n| {chunks:,} chunks, {QUESTIONS} questions, {ROUNDS} times | space p50 | Chroma p50 | space p99 | Chroma p99 | Chroma / space, p50 | of the {BEST} nearest: space | Chroma |")
            print("|---|---|---|---|---|---|---|---|")
            best = [{f"d{at}" for at in numpy.argsort(-(exact @ numpy.array(vector, dtype=numpy.float32)))[:BEST]} for vector in vectors]
            by_vector = [lambda vector=vector: chroma.ask(vector) for vector in vectors]
            for candidates in CANDIDATES:
                if candidates:
                    chroma.search_wider(candidates)
                name = f"by meaning, Chroma with {f'ef_search {candidates}' if candidates else 'its own settings'}"
                found, also = row(name, space, "meaning", questions, by_vector, best)
                if also >= found:
                    break
            rarest = [max(question.split(), key=lambda word: place[word]) for question in questions]
            # A dataset that is searched by words alone gives its vectors up.
            row("by words", space, "words", questions, [lambda word=word: chroma.with_word(word) for word in rarest])
        finally:
            space.stop()
            chroma.stop()


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:3]))
