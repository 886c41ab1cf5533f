"""What a space finds by words, by meaning and by both, asked over HTTP as a client asks it.

modes.py BINARY FOLDER ROOT MODEL NAME ...: FOLDER and ROOT as for fusion.py, MODEL is an encoder's folder, and each NAME a manual."""

import json
import pathlib
import subprocess
import sys

import numpy

from fusion import COLLECTIONS, FILES_AT_ONCE, JUDGED, LIMIT, measures, pages_of, questions_of, table
from space import Served

# How it is searched, and whether of equal texts only the first is counted: by meaning no others are found.
MODES = {"words": ("words", False), "words, equal texts once": ("words", True), "meaning": ("meaning", False), "both": ("both", False)}


class Space(Served):
    """A server on a home that stays, with an encoder and a dataset that is searched by one mode after the other."""

    def __init__(self, binary, home, model):
        self.kept = home.with_suffix(".modes.json")
        if self.kept.exists():
            state = json.loads(self.kept.read_text())
        else:
            home.mkdir(parents=True)
            super().__init__([binary], home)
            state = {"account": self.register(home)}
            self.stop()
            subprocess.run([binary, "encoder", "add", "measured", model, "--home", home], check=True)
            self.kept.write_text(json.dumps(state))
        super().__init__(["nice", "-n", "15", binary], home)
        self.log_in(state["account"])
        self.state = state

    def use(self, mode, settings, files):
        """Searches by a mode, and waits until the dataset is whole. It is made once, and its vectors too: by words comes first."""
        self.dataset = self.state.get("dataset")
        if self.dataset is None:
            body = {"name": "manual", "dtype": "embedded", "configuration": settings}
            self.dataset = self.post("/datasets", body)["id"]
            for at in range(0, len(files), FILES_AT_ONCE):
                self.put(files[at : at + FILES_AT_ONCE])
            self.state["dataset"] = self.dataset
            self.kept.write_text(json.dumps(self.state))
        self.send(f"/datasets/{self.dataset}", json.dumps({"search": mode}).encode(), "application/merge-patch+json", "PATCH")
        if mode != "words":
            self.wait_for_vectors()

    def search(self, question, once=False, **how):
        """The pages found, the best first, and the best score. With `once` only the first of equal texts counts, as by meaning."""
        found = self.post(f"/datasets/{self.dataset}/search", {"query": question, "limit": LIMIT, **how})["documents"]
        if once:
            found = list({" ".join(hit["content"].split()): hit for hit in reversed(found)}.values())[::-1]
        pages = [hit["document_id"].removesuffix(".html") for hit in found]
        return list(dict.fromkeys(pages)), max((hit["similarity_score"] for hit in found), default=0)


def grades_of(name):
    grades = {}
    for file in ("judgments.tsv", "meaning-judgments.tsv", "identifier-judgments.tsv"):
        for id, page, grade in table(COLLECTIONS[name][3] / file)[1:]:
            grades.setdefault(id, {})[page] = int(grade)
    return grades


def main(binary, out, root, model, names):
    print("nDCG@10, recall@5 and first page relevant at threshold 0; at the default: questions with an answer\n")
    print("| manual | mode | everyday | identifiers | everyday, with an answer | identifiers | off topic, without one |")
    print("|---|---|---|---|---|---|---|")
    for name in names:
        asked, grades = questions_of(name), grades_of(name)
        space = Space(binary, out / f"{name}.modes.home", model)
        try:
            for row, (mode, once) in MODES.items():
                space.use(mode, COLLECTIONS[name][1], pages_of(name, root))
                quality, kept = [], []
                for kind, rows in asked.items():
                    if kind in JUDGED:
                        found = [measures(grades[id], space.search(text, once, similarity_threshold=0)[0]) for id, text in rows]
                        quality.append("{:.3f} {:.2f} {:.2f}".format(*numpy.mean(found, axis=0)) if rows else "-")
                    answered = [bool(space.search(text)[0]) for _, text in rows]
                    kept.append(f"{sum(answered)} of {len(rows)}" if kind in JUDGED else f"{len(rows) - sum(answered)} of {len(rows)}")
                print(f"| {name} | {row} | {' | '.join([*quality, *kept])} |", flush=True)
        finally:
            space.stop()


if __name__ == "__main__":
    main(sys.argv[1], *map(pathlib.Path, sys.argv[2:4]), sys.argv[4], sys.argv[5:])
