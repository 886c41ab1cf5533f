"""What a question names exactly, and its plain words: as identifiers.rs and rare_words.rs in crates/domain/src/dataset have them,
whose tests hold them against this."""

import re

UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
QUOTED = re.compile(
    r'"([^"]{2,200})"|`([^`]{2,200})`|“([^“”]{2,200})”|„([^„“”]{2,200})[“”]|«([^«»]{2,200})»|「([^「」]{2,200})」'
)
IDENTIFIER = re.compile(
    r"\w_\w"  # shared_buffers
    r"|^(--?|[.$/@])\w"  # --force, .gitattributes, $GIT_DIR
    r"|^(?!(19|20)\d\d$)\d{3,}$"  # 23505, and no year
    r"|\d.*[^\W\d]|[^\W\d].*\d"  # 40P01, md5
)
MARK_WITHIN = re.compile(r"\w[./:$@\\]\w")  # pg_hba.conf, core.autocrlf, refs/replace
SHORT = re.compile(r"[^\W\d_](\.[^\W\d_])*")  # e.g
AROUND = ",;:!?()[]{}<>#'’\"`“”„«»"


def is_alternative(word):
    """Whether it is as and/or, or his/her."""
    parts = word.split("/", 1)
    return len(parts) == 2 and all(len(part) <= 4 and all(c.islower() for c in part) for part in parts)


def is_identifier(word):
    if len(word) < 2 or not any(c.isalnum() for c in word):
        return False
    is_of_a_sentence = SHORT.fullmatch(word) or is_alternative(word)
    has_capital = any(one.islower() and next_.isupper() for one, next_ in zip(word, word[1:]))
    return bool(has_capital or IDENTIFIER.search(word) or (MARK_WITHIN.search(word) and not is_of_a_sentence))


def comparable(text):
    return " ".join(text.split()).lower()


def identifiers(question):
    """What a question names exactly: quoted texts, and words that no sentence has."""
    found = ["".join(groups) for groups in QUOTED.findall(question)]
    for word in re.split(rf"[\s{UNSPACED}]", QUOTED.sub(" ", question)):
        word = word.lstrip(AROUND).rstrip(AROUND + ".")
        if is_identifier(word):
            found.append(word)
    found = [comparable(one) for one in found]
    return list(dict.fromkeys(one for one in found if 0 < len(one) <= 200))[:32]


def plain_words(question):
    """The other words, and whether each has a capital somewhere in the question."""
    found = {}
    for text in re.split(rf"[\s{UNSPACED}]", QUOTED.sub(" ", question)):
        text = text.lstrip(AROUND).rstrip(AROUND + ".")
        for word in [] if is_identifier(text) else re.findall(r"[^\W_]+", text):
            lower = comparable(word)
            if len(word) >= 2 and not word.isnumeric() and (lower in found or len(found) < 32):
                found[lower] = found.get(lower, False) or any(c.isupper() for c in word)
    return found


def named_exactly(term):
    """A pattern of an identifier in a text: as it is written, and as no part of a longer word."""
    begins = rf"(?<![^\W{UNSPACED}])" if re.match(r"\w", term) else ""
    ends = rf"(?![^\W{UNSPACED}])" if re.search(r"\w$", term) else ""
    return re.compile(begins + re.escape(term) + ends)
