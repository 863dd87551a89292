"""What a message says that stays true: injuries, equipment, goals, preferences. Found by rules, shown to the user."""

import re
from dataclasses import dataclass

from services.coach.safety import cleaned

_SENTENCES = re.compile(r"[.!?;\n]+")
_PATTERNS = (
    (
        "injury",
        r"\b(my|a|have|had) [\w ]{0,40}\b(injur\w*|surgery|hernia\w*|tendonitis|arthritis|impingement|slipped disc)\b"
        r"|\b(bad|injured|torn|broken|operated) (\w+ )?"
        r"(knees?|shoulders?|backs?|elbows?|wrists?|hips?|ankles?|necks?)\b",
    ),
    (
        "equipment",
        r"\b(i (only |just )?(have|own|use|train with)|i don'?t have|no access to|my (home )?gym has)\b[^,]{0,60}"
        r"\b(dumbbells?|barbells?|kettlebells?|bands?|machines?|cables?|rack|bench|pull.?up bar|gym|equipment)\b",
    ),
    (
        "goal",
        r"\b(my goal is|i want to|i('?m| am) (training|preparing|working) (for|towards?)|i aim to)\b"
        r"[^?]*\b(squat|bench|deadlift|press|pull.?ups?|lose|gain|build|stronger|strength|muscle|marathon|meet|"
        r"competition|kg|lbs?|fit)\b",
    ),
    (
        "preference",
        r"\b(i (really )?(hate|dislike|love|prefer|can'?t do|cannot do|never do)|i (can )?(only )?train (on|in|at)|"
        r"i (only )?have \d+ minutes|i('?m| am) (a )?(vegan|vegetarian|beginner))\b",
    ),
)
_COMPILED = tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _PATTERNS)


@dataclass(frozen=True, slots=True)
class Lasting:
    """One fact in the user's own words. `kind` is injury, equipment, goal or preference."""

    kind: str
    text: str


def lasting_facts(message: str) -> list[Lasting]:
    """What to remember of a message, sentence by sentence; questions are no facts."""
    plain = message.replace("’", "'")
    found = []
    for sentence in _SENTENCES.split(plain):
        end = plain.find(sentence) + len(sentence)
        asked = plain[end : end + 1] == "?"
        kind = next((kind for kind, pattern in _COMPILED if pattern.search(sentence)), None)
        if kind and not asked:
            found.append(Lasting(kind, cleaned(sentence, 300)))
    return found[:5]
