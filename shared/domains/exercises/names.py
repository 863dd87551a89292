"""When two names mean the same exercise: apps and people write them in many ways."""

import re
import unicodedata
from functools import lru_cache

# Accents of Latin, Greek and Cyrillic; marks of other scripts make other letters.
_ACCENTS = re.compile(r"[\u0300-\u036f]")
_APOSTROPHES = str.maketrans("", "", "'’`´")
_DROPPED = frozenset({"a", "and", "on", "the", "using", "with"})
_PHRASES = tuple(
    (re.compile(rf"\b(?:{pattern})\b"), phrase)
    for pattern, phrase in (
        (r"(pull|push|press|chin|sit|step|muscle|warm|tuck) ?ups?", r"\1 up"),
        (r"(pull|push|press) downs?", r"\1down"),
        (r"(pull|cross) overs?", r"\1over"),
        (r"skull crushers?", "skullcrusher"),
        (r"kick backs?", "kickback"),
        (r"roll outs?", "rollout"),
        (r"smith machine", "smith"),
        (r"ez bar|ezbar|e z bar|curl bar", "ez"),
        (r"hex bar", "trap bar"),
        (r"(?:1|one) (arm|leg)(?:ed|ged)?", r"single \1"),
        (r"(stiff|straight|single) legged", r"\1 leg"),
        (r"body weight", "bodyweight"),
    )
)
_WORDS = {
    "bb": "barbell",
    "calves": "calf",
    "db": "dumbbell",
    "flies": "fly",
    "flye": "fly",
    "flyes": "fly",
    "kb": "kettlebell",
    "raises": "raise",
    "presses": "press",
    "crunches": "crunch",
}


def spelling(name: str) -> str:
    """Equal for names that differ in case and spaces alone."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


@lru_cache(maxsize=4096)
def name_key(name: str) -> str:
    """Equal for names that differ in case, accents, punctuation, plurals or the order of their words.

    So `Bench Press (Barbell)`, `barbell bench-press` and `BB Bench Press` have one key. The key of a name without any
    letter is its spelling.
    """
    plain = _ACCENTS.sub("", unicodedata.normalize("NFKD", name.casefold())).translate(_APOSTROPHES)
    letters = "".join(c if _in_word(c) else " " for c in unicodedata.normalize("NFKC", plain))
    text = " ".join(letters.split())
    if not text:
        return spelling(name)
    for pattern, phrase in _PHRASES:
        text = pattern.sub(phrase, text)
    return " ".join(sorted(_word(word) for word in text.split() if word not in _DROPPED))


def _in_word(character: str) -> bool:
    """Letters and digits, and the marks that belong to letters of many scripts; not what picks the look of a sign."""
    return character.isalnum() or (unicodedata.category(character)[0] == "M" and not "\ufe00" <= character <= "\ufe0f")


def _word(word: str) -> str:
    if word in _WORDS:
        return _WORDS[word]
    plural = len(word) > 3 and word.endswith("s") and not word.endswith("ss")
    return _WORDS.get(word[:-1], word[:-1]) if plural else word
