"""What free text speaks of: an exercise by any of its names, or muscles."""

from collections.abc import Mapping
from uuid import UUID

from services.coach.facts.log import TrainingLog
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


def subject(text: str, log: TrainingLog) -> Subject | None:
    """What the most words in a row name, an exercise before muscles; None where nothing is named."""
    own, words = _own_names(log), text.split()[:MOST_WORDS]
    found: dict[str, Subject] = {}
    for start in range(len(words)):
        for end in range(start + 1, min(start + LONGEST_NAME, len(words)) + 1):
            name = " ".join(words[start:end])
            if named := _exercise(name, own, log) or MUSCLES.get(name_key(name)):
                found.setdefault(name_key(name), named)
    longest = max(found, key=lambda key: (len(key.split()), isinstance(found[key], UUID)), default=None)
    return None if longest is None else found[longest]


def _own_names(log: TrainingLog) -> Mapping[str, UUID]:
    """The exercises in the user's list by name: of equal names the one done most."""
    listed = [row for row in log.exercises.values() if row.listed]
    listed.sort(key=lambda row: (len(log.working_by_exercise.get(row.exercise_id, ())), row.exercise_id))
    return {key: row.exercise_id for row in listed if (key := name_key(row.name or ""))}


def _exercise(name: str, own: Mapping[str, UUID], log: TrainingLog) -> UUID | None:
    if mine := own.get(name_key(name)):
        return mine
    built_in = find(name)
    return log.exercises.standing_for(built_in.exercise_id) if built_in else None
