"""What a message says that stays true: injuries, equipment, goals, preferences. Found by rules, shown to the user."""

import re
from dataclasses import dataclass

from services.coach.safety import cleaned

_SENTENCES = re.compile(r"[.!?;\n]+")
_PARTS = (
    r"(knees?|shoulders?|backs?|elbows?|wrists?|hips?|ankles?|necks?|hamstrings?|groins?|calf|calves|dis[ck]s?|"
    r"rotator cuffs?|achilles|acl|meniscus)"
)
_PATTERNS = (
    (
        "injury",
        r"\b(my|a|an|have|had) [\w ]{0,40}\b(injur\w*|surger\w*|operation|reconstruction|replacement|hernia\w*|"
        r"tend[io]nitis|arthritis|impingement|sciatica|scoliosis|slipped disc)\b"
        rf"|\b(bad|weak|injured|torn|broken|operated|herniated|bulging|slipped) (\w+ )?{_PARTS}\b"
        rf"|\b{_PARTS} (problems?|issues?|trouble)\b",
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
    """What to remember of a message, sentence by sentence, five at most, injuries first; questions are no facts."""
    plain = message.replace("’", "'")
    found = []
    for sentence in _SENTENCES.split(plain):
        end = plain.find(sentence) + len(sentence)
        asked = plain[end : end + 1] == "?"
        kind = next((kind for kind, pattern in _COMPILED if pattern.search(sentence)), None)
        if kind and not asked:
            found.append(Lasting(kind, cleaned(sentence, 300)))
    return sorted(found, key=lambda fact: fact.kind != "injury")[:5]
