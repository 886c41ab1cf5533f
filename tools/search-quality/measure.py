"""How well does a space find what answers a question? Run it by `run` beside this file."""

import json
import math
import pathlib
import re
import shutil
import sqlite3
import sys
import tempfile

import bm25s
import numpy
import rank_bm25
import Stemmer

from space import Served

HERE = pathlib.Path(__file__).parent
MANUAL = pathlib.Path("/usr/share/doc/postgresql-doc-15/html")
FILES_AT_ONCE = 50
CHUNKS = 100


def table(name):
    return [line.split("\t") for line in (HERE / name).read_text().splitlines()]


QUESTIONS = table("questions.tsv")
OFF_TOPIC = [question for (question,) in table("off-topic.tsv")]
MISSPELT = table("misspelt.tsv")
THRESHOLDS = (0, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65)
GRADES = {question: {} for question, _ in QUESTIONS}
for question, page, grade in table("judgments.tsv")[1:]:
    GRADES[question][page] = int(grade)


class Space(Served):
    """A server with a home of its own, and a dataset that holds the manual."""

    def __init__(self, binary):
        self.home = tempfile.mkdtemp(prefix="syft-space-quality-")
        super().__init__([binary], self.home)
        self.log_in(self.register(pathlib.Path(self.home)))
        self.dataset = self.post("/datasets", {"name": "manual", "dtype": "embedded"})["id"]

    def chunks(self):
        """The pages' names and texts of all chunks, as the space cut them."""
        (file,) = pathlib.Path(self.home).glob("tenants/*/datasets/*/documents.db")
        with sqlite3.connect(file) as database:
            rows = database.execute("SELECT document_id, text FROM chunks ORDER BY document_id, position")
            return [(page.removesuffix(".html"), text) for page, text in rows]

    def search(self, question, **how):
        found = self.post(f"/datasets/{self.dataset}/search", {"query": question, "limit": CHUNKS, **how})
        return [
            (one["document_id"].removesuffix(".html"), one["similarity_score"]) for one in found["documents"]
        ]

    def stop(self):
        super().stop()
        shutil.rmtree(self.home)


def pages(hits):
    """Pages in the order of their best chunk, each with its score."""
    best = {}
    for page, score in hits:
        best.setdefault(page, score)
    return list(best.items())


def ndcg(question, found):
    gain = lambda grades: sum((2**grade - 1) / math.log2(at + 2) for at, grade in enumerate(grades[:10]))
    grades = GRADES[question]
    return gain([grades.get(page, 0) for page, _ in found]) / gain(sorted(grades.values(), reverse=True))


def recall(question, found):
    return sum(page in GRADES[question] for page, _ in found[:10]) / len(GRADES[question])


def silence(space, run):
    """The trade-off: what a threshold keeps of the good hits, and how often it keeps silent where it should."""
    good = [score for id, found in run.items() for page, score in found[:10] if page in GRADES[id]]
    best = lambda found: found[0][1] if found else 0
    ask = lambda text: pages(space.search(text, similarity_threshold=0))
    off_topic = {text: best(ask(text)) for text in OFF_TOPIC}
    misspelt = [(ask(wrong), [page for page, _ in ask(right)[:3]]) for wrong, right in MISSPELT]
    share = lambda part, whole: f"{100 * sum(part) / len(whole):.0f} %"
    print("\n| threshold | good hits kept | off topic: nothing found | misspelt: nothing found | misspelt: right page first | other page first |\n|---|---|---|---|---|---|")
    for threshold in THRESHOLDS:
        firsts = [(found[0][0] in right) if best(found) >= threshold and found else None for found, right in misspelt]
        cells = [
            share([score >= threshold for score in good], good),
            share([score < threshold or score == 0 for score in off_topic.values()], off_topic),
            *(share([first is what for first in firsts], firsts) for what in (None, True, False)),
        ]
        print(f"| {threshold} | {' | '.join(cells)} |")
    print(f"\n{len(good)} good hits, {len(off_topic)} questions off topic, {len(misspelt)} misspelt. Off topic and yet found at 0.5:\n")
    for text, score in sorted(off_topic.items(), key=lambda one: -one[1]):
        if score >= 0.5:
            print(f"* {score:.2f} {text}")


def baselines(chunks):
    """Two common libraries with their usual settings, over the same chunks."""
    owners = [page for page, _ in chunks]
    texts = [text for _, text in chunks]
    split = lambda text: re.findall(r"[^\W_]+", text.lower())
    plain = rank_bm25.BM25Okapi([split(text) for text in texts])
    stemmer = Stemmer.Stemmer("english")
    tokens = lambda texts: bm25s.tokenize(texts, stopwords="en", stemmer=stemmer, show_progress=False)
    stemmed = bm25s.BM25()
    stemmed.index(tokens(texts), show_progress=False)

    def ask_plain(question):
        scores = plain.get_scores(split(question))
        return pages((owners[at], scores[at]) for at in numpy.argsort(-scores, kind="stable")[:CHUNKS])

    def ask_stemmed(question):
        found, scores = stemmed.retrieve(tokens([question]), k=CHUNKS, show_progress=False)
        return pages((owners[at], score) for at, score in zip(found[0], scores[0]))

    return {"rank_bm25 (BM25Okapi)": ask_plain, "bm25s, stop words and stems": ask_stemmed}


def main(binary, keep):
    files = sorted(file for file in MANUAL.glob("*.html") if file.stat().st_size)
    if not files:
        sys.exit(f"{MANUAL} is not there: install Debian's postgresql-doc-15")
    space = Space(binary)
    try:
        refused = []
        for at in range(0, len(files), FILES_AT_ONCE):
            refused += space.put(files[at : at + FILES_AT_ONCE])["errors"]
        chunks = space.chunks()
        keep.write_text(json.dumps([text for _, text in chunks]))
        print(f"{len(set(page for page, _ in chunks))} pages, {len(chunks)} chunks, {len(refused)} refused\n")
        systems = {
            "this space, threshold 0": lambda text: pages(space.search(text, similarity_threshold=0)),
            "this space, threshold 0.5 (the default)": lambda text: pages(space.search(text)),
            **baselines(chunks),
        }
        runs = {name: {id: ask(text) for id, text in QUESTIONS} for name, ask in systems.items()}
        silence(space, next(iter(runs.values())))
    finally:
        space.stop()

    print("| system | nDCG@10 | recall@10 | questions without an answer |\n|---|---|---|---|")
    mean = lambda measure, run: sum(measure(id, found) for id, found in run.items()) / len(run)
    for name, run in runs.items():
        empty = sum(not found for found in run.values())
        print(f"| {name} | {mean(ndcg, run):.3f} | {mean(recall, run):.3f} | {empty} |")

    every, default = list(runs.values())[:2]
    print("\n| threshold | nDCG@10 | recall@10 | pages a question | questions without an answer |\n|---|---|---|---|---|")
    for threshold in THRESHOLDS:
        run = {id: [one for one in found if one[1] >= threshold] for id, found in every.items()}
        size = sum(map(len, run.values())) / len(run)
        empty = sum(not found for found in run.values())
        print(f"| {threshold} | {mean(ndcg, run):.3f} | {mean(recall, run):.3f} | {size:.1f} | {empty} |")

    print("\nOf the first ten pages at threshold 0, what the default keeps and drops:\n")
    print("| question | nDCG@10 at 0 | at 0.5 | relevant kept | relevant dropped | others kept | others dropped |")
    print("|---|---|---|---|---|---|---|")
    for id, text in QUESTIONS:
        kept = {page for page, _ in default[id]}
        count = lambda relevant, stays: sum(
            (page in GRADES[id]) == relevant and (page in kept) == stays for page, _ in every[id][:10]
        )
        cells = [count(True, True), count(True, False), count(False, True), count(False, False)]
        scores = f"{ndcg(id, every[id]):.2f} | {ndcg(id, default[id]):.2f}"
        print(f"| {id} {text} | {scores} | {' | '.join(map(str, cells))} |")


if __name__ == "__main__":
    main(sys.argv[1], pathlib.Path(sys.argv[2]))
