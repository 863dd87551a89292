"""What an export holds once it is understood."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from shared.domains.workouts.events import SetType, WeightUnit


class Source(StrEnum):
    """The app that wrote a file. The words go into the ids of what is imported, so they never change."""

    STRONG = "strong"
    HEVY = "hevy"
    HEVY_MEASUREMENTS = "hevy_measurements"
    FITNOTES = "fitnotes"


@dataclass(frozen=True, slots=True)
class Skipped:
    """A row that was not imported. `line` counts from 1, the header included, where the row starts in the file."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Remark:
    """A row that was imported although a part of it, named here, was not understood."""

    line: int
    note: str


@dataclass(frozen=True, slots=True)
class UnitGuess:
    """The unit that was assumed because neither the file nor the caller named one."""

    unit: WeightUnit
    reason: str


@dataclass(frozen=True, slots=True)
class ImportedSet:
    """One set. With the session's key, `exercise_name`, `ordinal` and `occurrence` make its identity.

    `exercise_name` and `ordinal` are as the file has them; `occurrence` counts sets that are equal in both.
    `weight` is in `weight_unit` as it was entered, None for the body alone; where `assisted`, it is help and not load.
    `completed_at` is spread over the session, for no file has it; its order is that of the sets.
    """

    line: int
    exercise_name: str
    ordinal: str
    occurrence: int
    set_type: SetType
    reps: int | None
    weight: Decimal | None
    weight_unit: WeightUnit
    distance_m: Decimal | None
    duration_s: Decimal | None
    rpe: Decimal | None
    superset_id: int | str | None
    notes: str | None
    completed_at: datetime
    assisted: bool = False


@dataclass(frozen=True, slots=True)
class Session:
    """One workout, in UTC. Without `has_time` the file knew only the day, and `started_at` is its noon.

    `key` is the same in every export that has the session: the local start as written, and the name.
    """

    key: str
    name: str | None
    started_at: datetime
    ended_at: datetime | None
    duration_s: int | None
    notes: str | None
    sets: tuple[ImportedSet, ...]
    has_time: bool = True


@dataclass(frozen=True, slots=True)
class Measurement:
    """What tape and scale said. `values` are named and united as in `BodyMeasurementRecorded`.

    `units` is `metric` (kg, cm) or `imperial` (lb, in); `fat_percent` is a percentage in both.
    """

    line: int
    key: str
    occurrence: int
    measured_at: datetime
    units: str
    values: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Export:
    """A whole file. Every one of its `rows` is either imported or skipped."""

    source: Source
    variant: str | None
    time_zone: str
    rows: int
    sessions: tuple[Session, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    remarks: tuple[Remark, ...] = ()
    unit_guess: UnitGuess | None = None

    @property
    def imported_rows(self) -> int:
        """The rows that became sets or measurements."""
        return sum(len(session.sets) for session in self.sessions) + len(self.measurements)
