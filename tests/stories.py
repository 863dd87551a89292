"""Short stories of one phone, told event by event, and what the views make of them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from shared.domains.exercises.catalogue import catalogue_id
from shared.fold import Recorded, State, fold
from shared.registry import registry
from shared.views.whole import Views, rows_of

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
PHONE, TABLET = UUID(int=0xA), UUID(int=0xB)
BENCH, SQUAT, PULL_UP = (catalogue_id(slug) for slug in ("bench-press-barbell", "squat-barbell", "pull-up"))
WORKOUT = UUID(int=0x100)


def moment(hours: float = 0) -> str:
    """So many hours after noon of Saturday, 21 November 2026, in UTC."""
    return (NOON + timedelta(hours=hours)).isoformat()


class Story:
    """Tells events as the given devices and folds them."""

    def __init__(self) -> None:
        self.events: list[Recorded] = []

    def tell(
        self, event_type: str, device: UUID = PHONE, seen: dict[UUID, int] | None = None, **payload: Any
    ) -> "Story":
        """One more event; payloads may name ids as UUIDs."""
        number = 1 + sum(event.device_id == device for event in self.events)
        event = registry().parse(event_type, registry().events[event_type].schema_version, payload)
        at = NOON + timedelta(minutes=len(self.events))
        self.events.append(Recorded(event, UUID(int=len(self.events)), device, number, at, seen or {}))
        return self

    def workout(self, hours: float = 0, workout_id: UUID = WORKOUT, **payload: Any) -> "Story":
        """A workout begins."""
        return self.tell("WorkoutStarted", workout_id=workout_id, **{"started_at": moment(hours), **payload})

    def set(self, number: int, exercise: UUID = BENCH, hours: float = 0.1, **payload: Any) -> "Story":
        """A set with this id is completed, in the workout of the story unless it says otherwise."""
        where = {"workout_id": WORKOUT, "exercise_id": exercise, "completed_at": moment(hours + number / 60)}
        return self.tell("SetCompleted", set_id=UUID(int=number), **{**where, **payload})

    @property
    def state(self) -> State:
        """All entities after the last event."""
        return fold(self.events)

    @property
    def views(self) -> Views:
        """All rows after the last event."""
        return rows_of(self.state)

    def contents(self, view: str) -> list[dict[str, Any]]:
        """The rows of a view in JSON form, in order of their keys."""
        return [row.content() for row in sorted(self.views[view], key=lambda row: [str(part) for part in row.key])]

    def only(self, view: str) -> dict[str, Any]:
        """The one row of the view."""
        (row,) = self.contents(view)
        return row
