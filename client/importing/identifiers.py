"""Ids that follow from the file alone: the same set imported twice, on any phone and by anybody, is one set."""

from uuid import UUID, uuid5

from client.importing.export import Source
from shared.domains.exercises.names import spelling

NAMESPACE = UUID("a9d3f0c2-61b7-5f4e-b2d8-04e7c51a3f96")
_BETWEEN = "\x1f"


def workout_id(source: Source, key: str) -> UUID:
    """The workout of a session."""
    return _identify("workout", source, key)


def set_id(source: Source, key: str, exercise_name: str, ordinal: str, occurrence: int) -> UUID:
    """A set of a session, by what the file says of it."""
    return _identify("set", source, key, exercise_name, ordinal, str(occurrence))


def measurement_id(source: Source, key: str, occurrence: int) -> UUID:
    """A body measurement, by its time."""
    return _identify("measurement", source, key, str(occurrence))


def custom_exercise_id(name: str) -> UUID:
    """An exercise that the catalogue lacks: one for all apps that spell it alike, but for case and spaces."""
    return _identify("exercise", spelling(name))


def _identify(*parts: str) -> UUID:
    return uuid5(NAMESPACE, _BETWEEN.join(parts))
