"""What free text speaks of: an exercise by any of its names, or muscles."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from services.coach.facts.log import TrainingLog
from services.coach.rules.questions import word_set
from shared.domains.exercises.catalogue import find
from shared.domains.exercises.names import name_key
from shared.domains.exercises.vocabulary import Muscle

M = Muscle
Subject = UUID | tuple[Muscle, ...]
# Longer questions are read so far, and no name has more words.
MOST_WORDS, LONGEST_NAME = 100, 8
NAMELESS = frozenset({M.FULL_BODY, M.CARDIO, M.OTHER})
MUSCLES: Mapping[str, tuple[Muscle, ...]] = {
    name_key(name): muscles
    for name, muscles in {
        **{muscle.value.replace("_", " "): (muscle,) for muscle in Muscle if muscle not in NAMELESS},
        "pecs": (M.CHEST,),
        "delts": (M.SHOULDERS,),
        "quads": (M.QUADRICEPS,),
        "hams": (M.HAMSTRINGS,),
        "abs": (M.ABDOMINALS,),
        "core": (M.ABDOMINALS,),
        "legs": (M.QUADRICEPS, M.HAMSTRINGS, M.GLUTES, M.CALVES),
        "arms": (M.BICEPS, M.TRICEPS, M.FOREARMS),
    }.items()
}

# What everyday words have to come after to name something: "my back" is a muscle, in "I am back" it is none.
EVERYDAY: Mapping[str, frozenset[str]] = {
    "back": word_set("my the for of and or on do did done hit train trained training"),
    "run": word_set("i my a the to and or last longest farthest fastest best"),
}


def subject(text: str, log: TrainingLog) -> Subject | None:
    """What the most words in a row name, an exercise before muscles; None where nothing is named."""
    own, words = _own_names(log), text.split()[:MOST_WORDS]
    found: dict[str, Subject] = {}
    for start in range(len(words)):
        for end in range(start + 1, min(start + LONGEST_NAME, len(words)) + 1):
            name = " ".join(words[start:end])
            if _in_passing(words, start, end):
                continue
            if named := _exercise(name, own, log) or MUSCLES.get(name_key(name)):
                found.setdefault(name_key(name), named)
    longest = max(found, key=lambda key: (len(key.split()), isinstance(found[key], UUID)), default=None)
    return None if longest is None else found[longest]


def _in_passing(words: Sequence[str], start: int, end: int) -> bool:
    """Whether an everyday word stands there for itself. In a question of one or two words nothing else is meant."""
    introduced = EVERYDAY.get(name_key(" ".join(words[start:end])))
    if introduced is None or len(words) <= 2:
        return False
    return end > start + 1 or start == 0 or words[start - 1].casefold() not in introduced


def _own_names(log: TrainingLog) -> Mapping[str, UUID]:
    """The exercises in the user's list by name: of equal names the one done most."""
    listed = [row for row in log.exercises.values() if row.listed]
    listed.sort(key=lambda row: (len(log.working_by_exercise.get(row.exercise_id, ())), row.exercise_id))
    return {key: row.exercise_id for row in listed if (key := name_key(row.name or ""))}


def _exercise(name: str, own: Mapping[str, UUID], log: TrainingLog) -> UUID | None:
    """The exercise with this name; where it was never done, the one done most that differs only in what stands in
    parentheses, unless the name says that, too."""
    built_in = find(name)
    standing = log.exercises.standing_for(built_in.exercise_id) if built_in else None
    meant = own.get(name_key(name), standing)
    if meant is None or meant in log.working_by_exercise:
        return meant
    shared = _shared_name(log.name(meant))
    if not set(name_key(name).split()) <= set(shared.split()):
        return meant
    others = [found for found in log.working_by_exercise if _shared_name(log.name(found)) == shared]
    return max(others, key=lambda found: (len(log.working_by_exercise[found]), found), default=meant)


def _shared_name(name: str) -> str:
    """What stands before the parenthesis: `Bench Press (Barbell)` shares it with `Bench Press (Dumbbell)`."""
    return name_key(name.partition("(")[0])
