"""Serves all-MiniLM-L6-v2 with LitServe: `litserve_minilm.py FOLDER PORT`. Its embeddings API is LitServe's; onnxruntime encodes."""

import pathlib
import sys

import litserve
from others import by_onnxruntime

THREADS = 2


class MiniLm(litserve.LitAPI):
    def setup(self, device):
        self.encode = by_onnxruntime(pathlib.Path(sys.argv[1]), THREADS)

    def predict(self, inputs):
        texts = [inputs] if isinstance(inputs, str) else inputs
        return [vector.tolist() for vector in self.encode(texts)]


if __name__ == "__main__":
    server = litserve.LitServer(MiniLm(spec=litserve.OpenAIEmbeddingSpec()), accelerator="cpu")
    server.run(host="127.0.0.1", port=int(sys.argv[2]), generate_client_file=False, log_level="warning")
