"""Which exercise a name means: the user's own first, then the catalogue; else what it may have meant. Pure."""

from collections.abc import Iterable
from difflib import SequenceMatcher
from uuid import UUID

from shared.domains.exercises.catalogue import CATALOGUE, find
from shared.domains.exercises.names import name_key
from shared.views.exercises import ExerciseRow, Exercises

_NEAR = 0.6


class UnknownExercise(Exception):
    """A name that nobody has defined; the message offers near ones."""

    def __init__(self, name: str, near: Iterable[str]) -> None:
        self.near = tuple(near)
        offer = (
            f"did you mean {' or '.join(f'{name!r}' for name in self.near)}?" if self.near else "nothing is like it."
        )
        super().__init__(
            f'no exercise is called "{name}"; {offer} `hypertrophy exercises --add "{name}" --muscle chest` defines it'
        )


class AmbiguousExercise(Exception):
    """A part of a name that several exercises have."""

    def __init__(self, name: str, found: Iterable[str]) -> None:
        self.found = tuple(found)
        super().__init__(f'"{name}" may be {", ".join(self.found[:6])}{" …" if len(self.found) > 6 else ""}: say more')


def resolve(name: str, exercises: Exercises, used: Iterable[UUID] = ()) -> ExerciseRow:
    """The exercise of that name, alias or id, however it is spelled, else the one that it is a part of.

    `used` are the exercises of earlier sets: where several fit, the only one of them that was done before is meant.

    Raises:
        UnknownExercise, AmbiguousExercise
    """
    if found := known(name, exercises):
        return found
    listed = [row for row in exercises.values() if row.listed]
    by_id = next((row for row in listed if str(row.exercise_id) == name), None)
    return by_id or _by_part(name, listed, set(used))


def known(name: str, exercises: Exercises) -> ExerciseRow | None:
    """The exercise that has just this name or alias, however it is spelled; the user's own come first."""
    key = name_key(name)
    own = (row for row in exercises.values() if row.custom and row.name and not row.archived)
    found = next((row.exercise_id for row in own if name_key(row.name or "") == key), None)
    if found is None and (built_in := find(name)):
        found = built_in.exercise_id
    return None if found is None else exercises[exercises.standing_for(found)]


def _by_part(name: str, listed: list[ExerciseRow], used: set[UUID]) -> ExerciseRow:
    words = set(name_key(name).split())
    fitting = [row for row in listed if words and words <= set(name_key(row.name or "").split())]
    done = [row for row in fitting if row.exercise_id in used]
    chosen = done if len(done) == 1 else fitting
    match chosen:
        case [row]:
            return row
        case []:
            raise UnknownExercise(name, near(name, listed))
        case _:
            raise AmbiguousExercise(name, sorted(row.name or "" for row in chosen))


def near(name: str, listed: Iterable[ExerciseRow]) -> list[str]:
    """Up to three names that are spelled alike, the nearest first."""
    key = name_key(name)
    scored = sorted(((_likeness(key, row), row.name or "") for row in listed), reverse=True)
    return [found for score, found in scored[:3] if score >= _NEAR]


def _likeness(key: str, row: ExerciseRow) -> float:
    built_in = CATALOGUE.get(row.exercise_id)
    names = (row.name or "", *(built_in.aliases if built_in else ()))
    matcher = SequenceMatcher(b=key)
    best = 0.0
    for name in names:
        matcher.set_seq1(name_key(name))
        if matcher.real_quick_ratio() > best and matcher.quick_ratio() > best:
            best = max(best, matcher.ratio())
    return best
