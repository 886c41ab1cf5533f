"""What the tests of crates/domain hold themselves against: fixtures.py FOLDER."""

import json
import pathlib
import random
import sys

from fusion import COLLECTIONS, by_words, closeness, questions_of, score
from names import identifiers, plain_words

PIECES = ["shared_buffers", "pg_hba.conf", "--force", "40P01", "23505", "1999", "and/or", "e.g.", "U.S.", "camelCase", "Größe", "GRÖSSE",
    "ÄB", "__", "a", "I", "é", "7", "是", "エラー", " ", "  ", "\n", *".,;:!?()[]{}<>#'’\"`“”„«»「」/$@\\_-"]


def found(cosine, unrelated, words, named):
    s = by_words(words) + 0.3 * named if cosine is None else closeness(cosine, unrelated, words, named)
    return float(score(s))


def main(folder):
    generator = random.Random(24)
    asked = [text for name in COLLECTIONS for rows in questions_of(name).values() for _, text in rows]
    asked += ["".join(generator.choices(PIECES, k=generator.randint(1, 12))) for _ in range(800)]
    rows = [[text, identifiers(text)] for text in dict.fromkeys(asked)]
    (folder / "identifiers.json").write_text(lines(rows))
    rows = [[text, list(plain_words(text).items())] for text in dict.fromkeys(asked)]
    (folder / "plain-words.json").write_text(lines(rows))
    rows = []
    for at in range(200):
        cosine = None if at % 10 == 9 else round(generator.uniform(-0.3, 1), 4)
        unrelated, words = generator.choice([0, 0.02, 0.3, 0.76, 0.95]), round(max(0, generator.uniform(-0.3, 1)), 4)
        had, all_ = generator.choice([(0, 0), (0, 1), (1, 1), (1, 2), (2, 3), (32, 32)])
        rows.append([cosine, unrelated, words, had, all_, found(cosine, unrelated, words, had / max(all_, 1))])
    (folder / "scores.json").write_text(lines(rows))


def lines(rows):
    return "[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]\n"


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
