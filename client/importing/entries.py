"""What one row says, before rows become sessions."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from client.importing.loads import Load
from shared.domains.workouts.events import SetType


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """What a row says of the whole workout. Times are wall-clock times."""

    start: datetime
    name: str | None
    end: datetime | None = None
    duration_s: int | None = None
    notes: str | None = None


@dataclass(frozen=True, slots=True)
class Performance:
    """What was done in a set. 0 reps beside a duration or a distance, or beside nothing, are no reps at all."""

    load: Load
    reps: int | None
    distance_m: Decimal | None
    duration_s: Decimal | None

    @property
    def counted_reps(self) -> int | None:
        if self.reps == 0 and (self.duration_s or self.distance_m or self.load.weight is None):
            return None
        return self.reps

    @property
    def is_done(self) -> bool:
        """Whether anything was done: apps also export what was only planned."""
        return any((self.load.weight, self.counted_reps, self.distance_m, self.duration_s))


@dataclass(frozen=True, slots=True)
class SetEntry:
    """A row about a set."""

    line: int
    session: SessionFacts
    exercise: str
    ordinal: str
    performance: Performance
    set_type: SetType = SetType.NORMAL
    rpe: Decimal | None = None
    superset_id: int | str | None = None
    notes: str | None = None
    remarks: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class NoteEntry:
    """A row that holds nothing but a note about an exercise of a session."""

    line: int
    session: SessionFacts
    exercise: str
    text: str


Entry = SetEntry | NoteEntry
