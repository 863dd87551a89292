"""Which exercise a name means: the user's own first, then the catalogue; else what it may have meant. Pure."""

from collections.abc import Iterable
from difflib import SequenceMatcher
from uuid import UUID

from client.errors import NotFound
from client.ids import ends
from shared.domains.exercises.catalogue import CATALOGUE, find
from shared.domains.exercises.names import name_key, spelling
from shared.views.exercises import ExerciseRow, Exercises

_NEAR = 0.6


class UnknownExercise(Exception):
    """A name that nobody has defined; the message offers near ones."""

    def __init__(self, name: str, near: Iterable[str]) -> None:
        self.near = tuple(near)
        offer = f"did you mean {alternatives(self.near)}?" if self.near else "nothing is like it."
        super().__init__(
            f'no exercise is called "{name}"; {offer} `hypertrophy exercises --add "{name}" --muscle chest` defines it'
        )


class ArchivedExercise(Exception):
    """A name that only an archived exercise has."""

    def __init__(self, name: str) -> None:
        super().__init__(f'"{name}" is archived; `hypertrophy exercises "{name}" --restore` puts it back')


class AmbiguousExercise(Exception):
    """A part of a name that several exercises have."""

    def __init__(self, name: str, found: Iterable[str]) -> None:
        self.found = tuple(found)
        super().__init__(f'"{name}" may be {", ".join(self.found[:6])}{" …" if len(self.found) > 6 else ""}: say more')


def resolve(name: str, exercises: Exercises, used: Iterable[UUID] = ()) -> ExerciseRow:
    """The exercise of that name, alias or id, however it is spelled, else the one that it is a part of.

    `used` are the exercises of earlier sets: where several fit, the only one of them that was done before is meant.

    Raises:
        NotFound: for a name that says nothing.
        UnknownExercise, ArchivedExercise, AmbiguousExercise
    """
    if found := known(name, exercises):
        return found
    if not name_key(name):
        raise NotFound(f'"{name}" names no exercise; `hypertrophy exercises` lists them')
    archived = [row for row in exercises.values() if row.archived]
    if same := named(name, archived):
        raise ArchivedExercise(same.name or "")
    listed = [row for row in exercises.values() if row.listed]
    by_id = next((row for row in listed if str(row.exercise_id) == name), None)
    try:
        return by_id or _by_part(name, listed, set(used))
    except UnknownExercise:
        if parts := _having(name, archived):
            raise ArchivedExercise(parts[0].name or "") from None
        raise


def resolve_archived(name: str, exercises: Exercises) -> ExerciseRow:
    """The archived exercise of that name, however it is spelled, or that it is a part of, or by the end of its id.

    Raises:
        NotFound, AmbiguousExercise
    """
    archived = [row for row in exercises.values() if row.archived]
    if same := named(name, archived):
        return same
    by_id = [row for row in archived if ends(row.exercise_id, name)]
    match by_id or _having(name, archived):
        case [row]:
            return row
        case []:
            names = ", ".join(sorted(f'"{row.name}"' for row in archived)) or "none"
            raise NotFound(f'no archived exercise is called "{name}"; archived are: {names}')
        case several:
            raise AmbiguousExercise(name, sorted(row.name or "" for row in several))


def known(name: str, exercises: Exercises) -> ExerciseRow | None:
    """The exercise that has just this name or alias, however it is spelled; the user's own come first."""
    own = named(name, (row for row in exercises.values() if row.custom and not row.archived))
    found = own or find(name)
    return exercises[exercises.standing_for(found.exercise_id)] if found else None


def name_of(exercise_id: UUID | None, exercises: Exercises) -> str:
    """What people call the exercise; `?` where nobody has said."""
    row = exercises.get(exercise_id) if exercise_id else None
    return (row.name if row else None) or "?"


def named(name: str, rows: Iterable[ExerciseRow]) -> ExerciseRow | None:
    """The one of them that is called so, however it is spelled; just so before others."""
    key, spelled = name_key(name), spelling(name)
    found = [row for row in rows if row.name and key and name_key(row.name) == key]
    return min(found, key=lambda row: spelling(row.name or "") != spelled, default=None)


def _having(name: str, rows: Iterable[ExerciseRow]) -> list[ExerciseRow]:
    """Those of whose name this is a part."""
    words = set(name_key(name).split())
    return [row for row in rows if words and words <= set(name_key(row.name or "").split())]


def _by_part(name: str, listed: list[ExerciseRow], used: set[UUID]) -> ExerciseRow:
    fitting = _having(name, listed)
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


def alternatives(names: Iterable[str]) -> str:
    """`"Plank" or "Side Plank"`."""
    return " or ".join(f'"{name}"' for name in names)


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
