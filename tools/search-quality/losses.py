"""What is lost on the way: losses.py losses|variants|partly|names FOLDER ...: see main() at the end, and README.md."""

import os
import pathlib
import re
import sys

import numpy

from fusion import COLLECTIONS, HERE, JUDGED, M, Collection, Run, best, by_words, closeness, differences, measures, rule, score
from names import comparable, identifiers, named_exactly


def as_f16(vectors):
    return vectors.astype(numpy.float16).astype(numpy.float32)


def as_int8(vectors):
    """A byte for each component, and a scale for each vector."""
    scale = numpy.abs(vectors).max(axis=1, keepdims=True) / 127
    return numpy.round(vectors / scale) * scale


def quantised(collection):
    """What f16 and int8 lose against f32: nDCG@10, the first ten chunks, the largest error of a cosine."""
    ids = [id for kind in JUDGED for id in collection.kinds[kind]]
    exact = {id: set(best(collection.cosines[id], 10)) for id in ids}
    for name, make in (("f32", lambda rows: rows), ("f16", as_f16), ("int8", as_int8), ("int8, question too", as_int8)):
        rows = make(collection.vectors)
        asked = {id: collection.questions[id] for id in ids}
        if name.endswith("too"):
            asked = {id: make(vector[None])[0] for id, vector in asked.items()}
        cosines = {id: rows @ asked[id] for id in ids}
        ndcg = numpy.mean([measures(collection.grades[id], collection.ranked(cosines[id]))[0] for id in ids])
        recall = numpy.mean([len(exact[id] & set(best(cosines[id], 10))) / 10 for id in ids])
        error = max(numpy.abs(cosines[id] - collection.cosines[id]).max() for id in ids)
        print(f"| {collection.name} | {name} | {ndcg:.4f} | {recall:.4f} | {error:.5f} |")


def crowded(collection):
    """How many of the first ten chunks have nine tenths of an earlier one's different words, and what is found without."""
    ids = collection.kinds["everyday"]
    words = [frozenset(re.findall(r"\w+", text.lower())) for _, text, _ in collection.chunks]
    alike = lambda one, other: len(words[one] & words[other]) >= 0.9 * len(words[one] | words[other])
    for name, scores in (("words", collection.words), ("meaning", collection.cosines)):
        repeats, before, after = [], [], []
        for id in ids:
            places = [at for at in best(scores[id]) if scores[id][at] > 0]
            kept, count = [], 0
            for order, at in enumerate(places):
                if any(alike(at, one) for one in kept):
                    count += order < 10
                else:
                    kept.append(at)
            repeats.append(count)
            for list_, chunks in ((before, places), (after, kept)):
                found = list(dict.fromkeys(collection.pages[at] for at in chunks))
                list_.append(measures(collection.grades[id], found)[0])
        some = numpy.mean([count > 0 for count in repeats])
        print(f"| {collection.name} | {name} | {numpy.mean(repeats):.2f} | {some:.2f} | {max(repeats)} | {numpy.mean(before):.3f} | {numpy.mean(after):.3f} |")


def long_ones(collection, longest=256):
    """How many chunks are longer than what the encoder reads, with what they stand under and without it."""
    sys.path.insert(0, str(HERE.parent / "encoder"))
    from reference import Tokenizer

    tokenizer = Tokenizer(pathlib.Path(os.environ["MODEL"]), 1_000_000)
    lengths = numpy.array([
        (len(tokenizer.tokens(text)), len(tokenizer.tokens("\n".join([*context, text]))))
        for _, text, context in collection.chunks
    ])
    over = (lengths > longest).mean(axis=0)
    lost = numpy.clip(lengths - longest, 0, None).sum(axis=0) / lengths.sum(axis=0)
    middle = numpy.median(lengths, axis=0)
    print(f"| {collection.name} | {middle[0]:.0f}, {middle[1]:.0f} | {lengths.max()} | {over[0]:.3f}, {over[1]:.3f} | {lost[0]:.4f}, {lost[1]:.4f} |")


def repeats(collection):
    """What it costs, and spares, that an equal text is shown once: by the rule, at the default threshold."""
    for kind in JUDGED:
        before, after, left_out = [], [], []
        for id in collection.kinds[kind]:
            scores = rule(collection, id)
            places = [at for at in best(scores) if scores[at] >= 0.35]
            texts = [comparable(collection.chunks[at][1]) for at in places]
            once = [at for order, at in enumerate(places) if texts[order] not in texts[:order]]
            left_out.append(len([at for at in places[:10] if at not in once]))
            for list_, chunks in ((before, places), (after, once)):
                found = list(dict.fromkeys(collection.pages[at] for at in chunks))
                list_.append(measures(collection.grades[id], found)[0])
        if before:
            cells = f"{numpy.mean(left_out):.2f} | {numpy.mean(before):.3f} | {numpy.mean(after):.3f}"
            print(f"| {collection.name}, {kind} | {cells} |")


def losses(out, names):
    collections = [Collection(out, name) for name in names]
    print("| collection | vectors | nDCG@10 of the cosine | first ten as exact | largest error of a cosine |\n|---|---|---|---|---|")
    for collection in collections:
        quantised(collection)
    print("\n| collection | side | repeats among the first ten chunks | questions with one | most | nDCG@10 | without repeats |\n|---|---|---|---|---|---|---|")
    for collection in collections:
        crowded(collection)
    print("\n| collection | equal texts among the first ten chunks | nDCG@10 at 0.5 | each text once |\n|---|---|---|---|")
    for collection in collections:
        repeats(collection)
    print("\nTokens: chunk alone, with what it stands under\n\n| collection | median | longest | over 256 | tokens not read |\n|---|---|---|---|---|")
    for collection in collections:
        if COLLECTIONS[collection.name][2] == "minilm":
            long_ones(collection)


def variants(out, names):
    """What the cosine finds with and without the title and headings before a chunk."""
    print("| collection | chunk alone | under title and headings | difference |\n|---|---|---|---|")
    for name in names:
        runs = [Run(Collection(out, name, variant), lambda c, id, _: M(c, id), None) for variant in ("alone", "under")]
        for kind in JUDGED:
            if runs[0].kinds[kind]:
                cells = ["{:.3f} {:.2f} {:.2f}".format(*run.mean(kind)) for run in runs]
                gap = differences(runs[1], runs[0], kind, numpy.random.default_rng(13))
                print(f"| {name}, {kind} | {cells[0]} | {cells[1]} | {'{:+.3f} ({:+.3f} {:+.3f})'.format(*gap)} |")


def partly(out, names):
    """What is found while vectors follow: a share of the documents has them, drawn five times."""
    collections = [Collection(out, name) for name in names]
    # Of those at 1 the closest comes first.
    ordered = lambda s: score(s.astype(float)) + 1e-6 * s
    ways = {
        "words alone until all are there": lambda c, id, has: ordered(rule(c, id)) if has.all() else c.words[id],
        "its score by words": lambda c, id, has: numpy.where(has, ordered(rule(c, id)), c.words[id]),
        "its score by words, and what names add": lambda c, id, has: ordered(numpy.where(has, rule(c, id), by_words(c.words[id]) + 0.3 * c.named(id) * (c.words[id] > 0))),
        "the rule without meaning": lambda c, id, has: ordered(closeness(numpy.where(has, M(c, id), 0), c.unrelated, c.words[id], c.named(id))),
    }
    print("nDCG@10, everyday / identifiers; at 0.5: questions with an answer, everyday / identifiers; off topic without one\n")
    print(f"| encoded | a chunk without a vector has | {' | '.join(names)} |\n|---|---|{'---|' * len(names)}")
    for share in (0, 0.25, 0.5, 0.75, 1):
        for way, scores in ways.items():
            cells = []
            for c in collections:
                rows = []
                for seed in range(5 if 0 < share < 1 else 1):
                    pages = sorted(set(c.pages))
                    drawn = numpy.random.default_rng(seed).random(len(pages)) < share
                    encoded = {page for page, is_drawn in zip(pages, drawn) if is_drawn}
                    has = numpy.array([page in encoded for page in c.pages])
                    run = Run(c, lambda c, id, _: scores(c, id, has), None)
                    ndcg = [run.mean(kind)[0] if c.kinds[kind] else numpy.nan for kind in JUDGED]
                    kept = [numpy.mean([run.top[id] >= 0.5 for id in c.kinds[kind]] or [numpy.nan]) for kind in c.kinds]
                    rows.append([*ndcg, *kept[:2], 1 - kept[2]])
                cells.append("{:.3f} / {:.3f}; {:.2f} / {:.2f}; {:.2f}".format(*numpy.mean(rows, axis=0)))
            print(f"| {share:.0%} | {way} | {' | '.join(cells)} |", flush=True)


def named(out, names):
    """How a name is to be looked for, and which are too common: nDCG@10 by several ways."""
    collections = [Collection(out, name) for name in names]

    def texts(c, nearest):
        context = lambda text, above: [*above[:1], *(re.findall(r"^#{1,6} +(.*)", text)[:1] or above[1:][-1:])] if nearest else above
        join = lambda text, above: "\n".join(map(comparable, [*context(text, above), text]))
        return c.once(("texts", nearest), lambda: [join(text, above) for _, text, above in c.chunks])

    def having(c, term, nearest, within):
        pattern = re.compile(re.escape(term)) if within else named_exactly(term)
        has = lambda: numpy.array([term in text and bool(pattern.search(text)) for text in texts(c, nearest)])
        return c.once((term, nearest, within), has)

    def share(c, term, way):
        if way == "name":
            return having(c, term, False, False).mean()
        words = re.findall(r"[^\W_]+", term)
        if way == "plain" and words != [term]:
            return 0
        return min((having(c, word, False, False).mean() for word in words), default=0)

    def scores(c, id, way):
        rare, nearest, within = way
        terms = [term for term in identifiers(c.text[id]) if rare is None or share(c, term, rare) <= 0.05]
        part = sum((having(c, term, nearest, within) / len(terms) for term in terms), numpy.zeros(len(c.chunks)))
        return closeness(M(c, id), c.unrelated, c.words[id], part)

    print(f"| a name is looked for | too common is | {' | '.join(names)} |\n|---|---|{'---|' * len(names)}")
    for text, nearest, within in (
        ("anywhere, in all headings", False, True),
        ("as a whole, in all headings", False, False),
        ("as a whole, in the nearest heading", True, False),
    ):
        for title, rare in (("none", None), ("the name", "name"), ("its rarest word", "words"), ("a name that is a word", "plain")):
            cells = []
            for c in collections:
                run = Run(c, scores, (rare, nearest, within))
                cells.append(" / ".join(f"{run.mean(kind)[0]:.4f}" for kind in JUDGED if c.kinds[kind]))
            print(f"| {text} | {title} | {' | '.join(cells)} |", flush=True)


def main():
    step, out, names_ = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3:]
    steps = {"losses": losses, "variants": variants, "partly": partly, "names": named}
    steps[step](out, names_ or list(COLLECTIONS))


if __name__ == "__main__":
    main()
