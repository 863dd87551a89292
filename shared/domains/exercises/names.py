"""When two names mean the same exercise: apps and people write them in many ways."""

import re
import unicodedata
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+")
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


@lru_cache(maxsize=4096)
def name_key(name: str) -> str:
    """Equal for names that differ in case, accents, punctuation, plurals or the order of their words.

    So `Bench Press (Barbell)`, `barbell bench-press` and `BB Bench Press` have one key.
    """
    plain = "".join(c for c in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(c))
    text = " ".join(_WORD.findall(plain.translate(_APOSTROPHES)))
    for pattern, phrase in _PHRASES:
        text = pattern.sub(phrase, text)
    return " ".join(sorted(_word(word) for word in text.split() if word not in _DROPPED))


def _word(word: str) -> str:
    if word in _WORDS:
        return _WORDS[word]
    plural = len(word) > 3 and word.endswith("s") and not word.endswith("ss")
    return _WORDS.get(word[:-1], word[:-1]) if plural else word
