"""BERT's tokenizer and BERT itself, written down plainly over numpy, for all-MiniLM-L6-v2 and its like."""

import json
import pathlib
import struct
import unicodedata

import numpy


def tensors(path):
    """The tensors of a safetensors file, in double precision."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    found = {}
    for name, about in header.items():
        if about["dtype"] == "F32":
            start, end = (8 + length + offset for offset in about["data_offsets"])
            numbers = numpy.frombuffer(data[start:end], dtype="<f4").astype(numpy.float64)
            found[name] = numbers.reshape(about["shape"])
    return found


def erf(x):
    """The error function: Abramowitz and Stegun, 7.1.26, is not exact enough, so a table of its integral is used."""
    grid = numpy.linspace(-6, 6, 1_200_001)
    if not hasattr(erf, "table"):
        slope = 2 / numpy.sqrt(numpy.pi) * numpy.exp(-(grid**2))
        steps = (slope[1:] + slope[:-1]) / 2 * (grid[1] - grid[0])
        erf.table = numpy.concatenate([[0.0], numpy.cumsum(steps)]) - 1
    return numpy.interp(x, grid, erf.table)


class Tokenizer:
    """The tokenizer that came with BERT, for models without capitals."""

    SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")

    def __init__(self, folder, longest):
        lines = (folder / "vocab.txt").read_text(encoding="utf-8").split("\n")
        self.numbers = {word: number for number, word in enumerate(lines) if word}
        self.longest = longest
        self.unknown = self.numbers["[UNK]"]

    @staticmethod
    def is_space(letter):
        return letter in " \t\n\r" or unicodedata.category(letter) == "Zs"

    @classmethod
    def is_dropped(cls, letter):
        control = unicodedata.category(letter).startswith("C")
        return letter in "\0\ufffd" or (control and letter not in "\t\n\r")

    @staticmethod
    def is_chinese(letter):
        return any(
            first <= ord(letter) <= last
            for first, last in (
                (0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F),
                (0x2B740, 0x2B81F), (0x2B820, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F),
            )
        )

    @staticmethod
    def is_sign(letter):
        ascii_sign = ord(letter) < 128 and letter.isprintable() and not letter.isalnum() and letter != " "
        return ascii_sign or unicodedata.category(letter).startswith("P")

    def words(self, text):
        clean = []
        for letter in text:
            if self.is_dropped(letter):
                continue
            if self.is_space(letter):
                clean.append(" ")
            elif self.is_chinese(letter):
                clean.append(f" {letter} ")
            else:
                clean.append(letter)
        bare = [c for c in unicodedata.normalize("NFD", "".join(clean)) if unicodedata.category(c) != "Mn"]
        # Letter by letter: a sigma at a word's end is one like any other.
        lower = "".join(letter.lower() for letter in bare)
        return "".join(f" {letter} " if self.is_sign(letter) else letter for letter in lower).split()

    def pieces(self, word):
        if len(word) > 100:
            return ["[UNK]"]
        found, start = [], 0
        while start < len(word):
            for end in range(len(word), start, -1):
                piece = ("##" if start else "") + word[start:end]
                if piece in self.numbers:
                    found.append(piece)
                    start = end
                    break
            else:
                return ["[UNK]"]
        return found

    def parts(self, text):
        """The text, divided at names of special tokens."""
        places = [(text.find(name), name) for name in self.SPECIAL if name in text]
        if not places:
            return [text]
        place, name = min(places)
        return [text[:place], name, *self.parts(text[place + len(name) :])]

    def tokens(self, text):
        found = []
        for part in self.parts(text):
            if part in self.SPECIAL:
                found.append(part)
            else:
                found += [piece for word in self.words(part) for piece in self.pieces(word)]
        found = ["[CLS]", *found[: self.longest - 2], "[SEP]"]
        return [self.numbers[piece] for piece in found]


class Reference:
    """A model in a folder."""

    def __init__(self, folder):
        folder = pathlib.Path(folder)
        config = json.loads((folder / "config.json").read_text())
        sentence = json.loads((folder / "sentence_bert_config.json").read_text())
        self.layers = config["num_hidden_layers"]
        self.heads = config["num_attention_heads"]
        self.epsilon = config["layer_norm_eps"]
        self.tokenizer = Tokenizer(folder, sentence["max_seq_length"])
        self.tensors = tensors(folder / "model.safetensors")

    def linear(self, rows, name):
        return rows @ self.tensors[f"{name}.weight"].T + self.tensors[f"{name}.bias"]

    def norm(self, rows, name):
        mean = rows.mean(axis=1, keepdims=True)
        deviation = numpy.sqrt(rows.var(axis=1, keepdims=True) + self.epsilon)
        return (rows - mean) / deviation * self.tensors[f"{name}.weight"] + self.tensors[f"{name}.bias"]

    def attention(self, rows, name):
        width = rows.shape[1] // self.heads
        query, key, value = (self.linear(rows, f"{name}.self.{part}") for part in ("query", "key", "value"))
        found = numpy.empty_like(rows)
        for head in range(self.heads):
            columns = slice(head * width, (head + 1) * width)
            scores = query[:, columns] @ key[:, columns].T / numpy.sqrt(width)
            scores = numpy.exp(scores - scores.max(axis=1, keepdims=True))
            found[:, columns] = scores / scores.sum(axis=1, keepdims=True) @ value[:, columns]
        return self.norm(self.linear(found, f"{name}.output.dense") + rows, f"{name}.output.LayerNorm")

    def is_unknown(self, text):
        """Whether most of a text's words are none of the vocabulary's."""
        tokens = self.tokenizer.tokens(text)
        return 2 * sum(token == self.tokenizer.unknown for token in tokens) > len(tokens) - 2

    def vector(self, text):
        tokens = self.tokenizer.tokens(text)
        rows = self.tensors["embeddings.word_embeddings.weight"][tokens]
        rows = rows + self.tensors["embeddings.position_embeddings.weight"][: len(tokens)]
        rows = self.norm(rows + self.tensors["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
        for layer in range(self.layers):
            name = f"encoder.layer.{layer}"
            rows = self.attention(rows, f"{name}.attention")
            inner = self.linear(rows, f"{name}.intermediate.dense")
            inner = inner * (1 + erf(inner / numpy.sqrt(2))) / 2
            rows = self.norm(self.linear(inner, f"{name}.output.dense") + rows, f"{name}.output.LayerNorm")
        mean = rows.mean(axis=0)
        return mean / numpy.linalg.norm(mean)
