"""Texts to encode: short and long, of many scripts, empty, over the limit. The same each time."""

import random

SENTENCES = [
    "Who may query when no access policy is attached?",
    "The reading room opens at nine and closes at six.",
    "error[E0308]: mismatched types, expected `&str`, found `String`",
    "SELECT name, count(*) FROM people GROUP BY name HAVING count(*) > 1;",
    "https://example.org/a/b?c=d&e=%20f#g",
    "shared_buffers = 128MB  # min 128kB (change requires restart)",
    "Größe, Straße und ÄPFEL: die Übung überzeugt nicht jeden.",
    "L’été dernier, l'œuvre a été achevée à Nîmes.",
    "El niño comió piñas en la montaña mañana.",
    "İstanbul'da ışık IŞIK ve çiğ köfte",
    "ΟΔΟΣ ΟΔΥΣΣΕΩΣ, ὁδός, ς σ Σ",
    "Съешь же ещё этих мягких французских булок.",
    "שלום עולם, איך הולך היום?",
    "مرحبا بالعالم، كيف حالك اليوم؟",
    "नमस्ते दुनिया, आप कैसे हैं?",
    "สวัสดีชาวโลก วันนี้เป็นอย่างไรบ้าง",
    "안녕하세요 세계, 오늘 어때요?",
    "港の船は朝早く出て行った。カタカナとひらがな。",
    "你好，世界！今天天气怎么样？",
    "Tiếng Việt có nhiều dấu thanh.",
    "👩‍👩‍👧 and 🚢 sail, 1️⃣2️⃣, flags 🇩🇪🇯🇵",
    "ﬁne ﬀ ligatures, Ⅷ, ½, ℃, ﷺ, ①",
    "e\u0301 is é, and e\u0301\u0301\u0301\u0301 is more than that",
    "zero\u200bwidth\u200djoin\u00adsoft\ufeffmark",
    "tab\tnew\nline\r\nreturn\u2028separator\u2029paragraph\u00a0space\u3000wide",
    "a\0b\u0001c\u007fd\u0085e\ufffdf",
    "[CLS] is not [SEP] nor [MASK], [PAD] or [UNK]; [cls] is none",
    "##ing ## # ##s un##believable",
    "x" * 100 + " " + "y" * 101,
    "3.14159 1,000,000 0x7fff 1e-10 -42 +7 50% $9.99 №5",
    "don't can't won't it's 'quoted' \"double\" «French» „German“ —dash– ‐hyphen‐",
    "^caret_underscore`backtick|pipe~tilde{brace}",
]

EDGES = ["", " ", "\n\t ", "a", "A", "é", "港", "🚢", ".", "\u0301", "\u200b", "[SEP]", "the " * 400, "x" * 5_000]
EDGES += ["!?" * 300, "港" * 600, "supercalifragilisticexpialidocious " * 60, "a " * 254, "a " * 253, "a " * 255]

WORDS = (
    "owner query policy index the of and harbor stone reading moon commit snapshot tokenization unhappiness Zürich "
    "PostgreSQL vacuum 2026 v1.2.3 don't re-use naïve 検索 поиск"
).split()


def varied(count=200):
    """So many texts."""
    draw = random.Random(13)
    texts = EDGES + SENTENCES
    while len(texts) < count:
        kind = len(texts) % 3
        if kind == 0:
            texts.append(" ".join(draw.choices(WORDS, k=draw.randint(1, 40))))
        elif kind == 1:
            texts.append(" ".join(draw.sample(SENTENCES, k=draw.randint(2, 12))))
        else:
            texts.append("".join(draw.choices("".join(SENTENCES), k=draw.randint(1, 300))))
    return texts[:count]
