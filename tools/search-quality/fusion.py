"""How should a search by words and one by meaning become one? See the section "Words and meaning" of README.md.

fusion.py chunks|encode|ask|pool|measure FOLDER ...: see main() at the end."""

import json
import pathlib
import re
import secrets
import sqlite3
import subprocess
import sys
import threading
import urllib.request

import numpy

HERE = pathlib.Path(__file__).parent
FILES_AT_ONCE = 50
LIMIT = 100

# Where Debian puts the manuals, what the words' settings are, and which encoder reads them.
COLLECTIONS = {
    "postgresql": ("postgresql-doc-15/html", {}, "minilm", HERE),
    "git": ("git-doc", {}, "minilm", HERE / "git"),
    "gimp-de": ("gimp/2.0/help/de", {"stemming": "german", "stop_words": "german"}, "e5", HERE / "gimp-de"),
}


def pages_of(name, root):
    """The manual's pages: files by their names."""
    place = COLLECTIONS[name][0]
    folder = next(
        one for one in (root / "usr/share/doc" / place, root / "usr/share" / place) if one.is_dir()
    )
    files = sorted(file for file in folder.rglob("*.html") if file.stat().st_size)
    return list({file.name: file for file in files}.values())


class Space:
    """A server on a home that stays, with one dataset."""

    def __init__(self, binary, home):
        self.home = home
        fresh = not home.exists()
        home.mkdir(parents=True, exist_ok=True)
        self.server = subprocess.Popen(
            ["nice", "-n", "15", binary, "serve", "--listen", "127.0.0.1:0", "--home", home],
            stdout=subprocess.PIPE,
            text=True,
        )
        self.token = None
        for line in self.server.stdout:
            if line.startswith("Listening on "):
                self.root = line.removeprefix("Listening on ").strip() + "/api/v1"
                break
        threading.Thread(target=lambda: [None for _ in self.server.stdout], daemon=True).start()
        kept = home.with_suffix(".account.json")
        if fresh:
            account = {"email": "quality@acme.example", "password": secrets.token_urlsafe(24)}
            kept.write_text(json.dumps(account))
            setup = (home / "setup-token").read_text().strip()
            self.post("/auth/register", {**account, "tenant_name": "acme", "setup_token": setup})
        account = json.loads(kept.read_text())
        self.token = self.post("/auth/login", account)["access_token"]

    def send(self, path, body, kind):
        request = urllib.request.Request(self.root + path, data=body, headers={"content-type": kind})
        if self.token:
            request.add_header("authorization", "Bearer " + self.token)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def post(self, path, body):
        return self.send(path, json.dumps(body).encode(), "application/json")

    def make(self, settings):
        made = self.post("/datasets", {"name": "manual", "dtype": "embedded", "configuration": settings})
        self.home.with_suffix(".dataset").write_text(made["id"])

    def dataset(self):
        return self.home.with_suffix(".dataset").read_text()

    def put(self, files):
        border = secrets.token_hex(16)
        parts = []
        for file in files:
            head = f'--{border}\r\ncontent-disposition: form-data; name="file"; filename="{file.name}"\r\n\r\n'
            parts += [head.encode(), file.read_bytes(), b"\r\n"]
        parts.append(f"--{border}--\r\n".encode())
        path = f"/datasets/{self.dataset()}/documents?wait=true"
        job = self.send(path, b"".join(parts), f"multipart/form-data; boundary={border}")["job"]
        if job["status"] != "succeeded":
            sys.exit(f"not taken in: {job['errors'][:1]}")

    def search(self, question):
        asked = {"query": question, "limit": LIMIT, "similarity_threshold": 0}
        found = self.post(f"/datasets/{self.dataset()}/search", asked)["documents"]
        return [(hit["document_id"], hit["content"], hit["similarity_score"]) for hit in found]

    def stop(self):
        self.server.terminate()
        self.server.wait()


HEADING = re.compile(r"^(#{1,6})\s+(.*)$", re.MULTILINE)


def chunks_of(home):
    """All chunks as the space cut them: page, text, and the title and headings above it, as its index has them."""
    (file,) = home.glob("tenants/*/datasets/*/documents.db")
    chunks = []
    with sqlite3.connect(file) as database:
        pages = database.execute("SELECT id, metadata, content FROM documents ORDER BY id").fetchall()
        for page, metadata, content in pages:
            title = (json.loads(metadata).get("title") or "")[:200]
            headings = [(one.start(), len(one[1]), one[2].strip()) for one in HEADING.finditer(content)]
            above, at = [], 0
            texts = database.execute(
                "SELECT text FROM chunks WHERE document_id = ? ORDER BY position", (page,)
            )
            for (text,) in texts:
                start = content.find(text, at)
                while headings and headings[0][0] < start + len(text):
                    heading = headings.pop(0)
                    above = [one for one in above if one[1] < heading[1]] + [heading]
                context = [title] + [one[2] for one in above if one[0] < start]
                chunks.append((page.removesuffix(".html"), text, [line for line in context if line]))
                at = start + 1
    return chunks


def chunks(binary, out, root):
    for name, (_, settings, _, _) in COLLECTIONS.items():
        if (out / f"{name}.chunks.json").exists():
            continue
        space = Space(binary, out / f"{name}.home")
        try:
            space.make(settings)
            files = pages_of(name, root)
            for at in range(0, len(files), FILES_AT_ONCE):
                space.put(files[at : at + FILES_AT_ONCE])
        finally:
            space.stop()
        found = chunks_of(out / f"{name}.home")
        (out / f"{name}.chunks.json").write_text(json.dumps(found))
        print(name, len(files), "pages", len(found), "chunks")


def minilm(program, folder, texts):
    lines = "".join(json.dumps(text) + "\n" for text in texts)
    done = subprocess.run(
        ["nice", "-n", "15", program, folder, "2"], input=lines, capture_output=True, text=True, check=True
    )
    return numpy.array([json.loads(line) for line in done.stdout.splitlines()], numpy.float32)


def encode(out, name, variant, vectors_of):
    """Encodes a collection's chunks once: `alone`, or `under` their title and headings. Goes on where it was stopped."""
    kept = out / f"{name}.{variant}.npy"
    if kept.exists():
        return
    found = json.loads((out / f"{name}.chunks.json").read_text())
    texts = [text if variant == "alone" else "\n".join([*context, text]) for _, text, context in found]
    parts = []
    for at in range(0, len(texts), 1024):
        part = out / f"{name}.{variant}.{at}.part.npy"
        if not part.exists():
            numpy.save(part, vectors_of(texts[at : at + 1024]))
        parts.append(part)
        print(name, variant, at, flush=True)
    numpy.save(kept, numpy.concatenate([numpy.load(part) for part in parts]))
    for part in parts:
        part.unlink()


def table(path):
    return [line.split("\t") for line in path.read_text().splitlines()] if path.exists() else []


def questions_of(name):
    """A collection's questions by kind: what id, what text."""
    folder = COLLECTIONS[name][3]
    return {
        "everyday": table(folder / "questions.tsv"),
        "identifier": table(folder / "identifiers.tsv"),
        "off-topic": [(f"o{at:03}", text) for at, (text,) in enumerate(table(folder / "off-topic.tsv"), 1)],
    }


def ask(binary, out, name):
    """What the search by words finds for each question: chunks by number, with their scores."""
    found = json.loads((out / f"{name}.chunks.json").read_text())
    number = {}
    for at, (page, text, _) in enumerate(found):
        number.setdefault((page, text), at)
    space = Space(binary, out / f"{name}.home")
    try:
        answers = {}
        for asked in questions_of(name).values():
            for id, text in asked:
                hits = space.search(text)
                answers[id] = [(number[page.removesuffix(".html"), chunk], score) for page, chunk, score in hits]
    finally:
        space.stop()
    (out / f"{name}.words.json").write_text(json.dumps(answers))


def main():
    step, out = sys.argv[1], pathlib.Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    if step == "chunks":
        chunks(sys.argv[3], out, pathlib.Path(sys.argv[4]))
    if step == "ask":
        for name in COLLECTIONS:
            ask(sys.argv[3], out, name)
    if step == "encode":
        for name, variant in (one.split(".") for one in sys.argv[5:]):
            encode(out, name, variant, lambda texts: minilm(sys.argv[3], sys.argv[4], texts))


if __name__ == "__main__":
    main()
