"""Encodes texts as people do in Python: `others.py onnxruntime|sentence-transformers FOLDER THREADS`. Reads and writes as
the encoder's example does."""

import json
import pathlib
import sys
import time

import numpy

BATCH = 8


def by_onnxruntime(folder, threads):
    import onnxruntime
    from tokenizers import Tokenizer

    from graph import Graph

    path = folder.parent / "graph.onnx"
    if not path.exists():
        Graph(folder).build(path)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(path, options)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    longest = json.loads((folder / "sentence_bert_config.json").read_text())["max_seq_length"]
    tokenizer.enable_truncation(longest)
    tokenizer.enable_padding()

    def encode(texts):
        vectors = [None] * len(texts)
        order = sorted(range(len(texts)), key=lambda place: -len(texts[place]))
        for start in range(0, len(texts), BATCH):
            places = order[start : start + BATCH]
            batch = tokenizer.encode_batch([texts[place] for place in places])
            tokens = numpy.array([text.ids for text in batch], numpy.int64)
            mask = numpy.array([text.attention_mask for text in batch], numpy.float32)
            (states,) = session.run(None, {"tokens": tokens, "mask": mask})
            sums = (states * mask[:, :, None]).sum(axis=1)
            for place, vector in zip(places, sums / numpy.linalg.norm(sums, axis=1, keepdims=True), strict=True):
                vectors[place] = vector
        return vectors

    return encode


def by_sentence_transformers(folder, threads):
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(threads)
    model = SentenceTransformer(str(folder), device="cpu")
    return lambda texts: model.encode(texts, batch_size=BATCH, normalize_embeddings=True, show_progress_bar=False)


def main():
    kind, folder, threads = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3])
    encode = (by_onnxruntime if kind == "onnxruntime" else by_sentence_transformers)(folder, threads)
    encode(["warm"])
    texts = [json.loads(line) for line in sys.stdin]
    begun = time.perf_counter()
    vectors = encode(texts)
    print("seconds", time.perf_counter() - begun, file=sys.stderr)
    for vector in vectors:
        print(json.dumps([float(component) for component in vector]))


if __name__ == "__main__":
    main()
