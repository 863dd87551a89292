"""An event at each stage of its way: drafted, logged on this device, pulled from others. Pure values."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any
from uuid import UUID, uuid5

from shared.fold import Recorded
from shared.registry import DomainEvent, registry

Seen = Mapping[UUID, int]
_UNDOING = UUID("2c1d7d0e-6f3b-5a4c-9e57-51b0a3c1f2d8")


def mark(event_id: UUID) -> UUID:
    """The correlation id of the events that undo this one: so the log itself tells what was undone."""
    return uuid5(_UNDOING, str(event_id))


class Status(StrEnum):
    """How far a logged event has come. `syncing` was sent, and its verdict is not known yet."""

    PENDING = "pending"
    SYNCING = "syncing"
    SYNCED = "synced"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Draft:
    """What happened, before it has an id and a number."""

    event: DomainEvent
    occurred_at: datetime
    correlation_id: UUID | None = None

    @property
    def payload(self) -> str:
        """JSON of just the fields that the event speaks of: null clears a field, absence leaves it."""
        return self.event.model_dump_json(exclude_unset=True)

    @property
    def is_edit(self) -> bool:
        """Whether it changes what may be there already, so that it matters what its device had seen."""
        return self.event.event_type not in _creations()


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """An event of this device's log. `payload` is JSON, `occurred_at` RFC 3339: sent again, they are the same bytes."""

    event_id: UUID
    event_type: str
    schema_version: int
    payload: str
    device_id: UUID
    sequence_number: int
    occurred_at: str
    correlation_id: UUID | None = None
    seen: Seen = field(default_factory=dict)
    status: Status = Status.PENDING
    reason: str | None = None
    created_at: str = ""

    def as_sent(self) -> dict[str, Any]:
        """The event as a member of `events` in a sync request."""
        sent: dict[str, Any] = {
            "event_id": str(self.event_id),
            "event_type": self.event_type,
            "schema_version": self.schema_version,
            "payload": json.loads(self.payload),
            "sequence_number": self.sequence_number,
            "occurred_at": self.occurred_at,
        }
        if self.correlation_id:
            sent["correlation_id"] = str(self.correlation_id)
        if self.seen:
            sent["seen"] = {str(device_id): number for device_id, number in self.seen.items()}
        return sent

    def recorded(self, seen: Seen) -> Recorded:
        """What the fold takes; `seen` is the one that the server stored, where it is known."""
        return Recorded(
            registry().parse(self.event_type, self.schema_version, json.loads(self.payload)),
            self.event_id,
            self.device_id,
            self.sequence_number,
            datetime.fromisoformat(self.occurred_at),
            seen,
        )


@dataclass(frozen=True, slots=True)
class Origin:
    """The place of the event that a released one stands for (law 7)."""

    device_id: UUID
    sequence_number: int


@dataclass(frozen=True, slots=True)
class PulledEvent:
    """An event as `GET /events` gives it."""

    event_id: UUID
    event_type: str
    schema_version: int
    payload: Mapping[str, Any]
    device_id: UUID
    sequence_number: int
    occurred_at: str
    correlation_id: UUID | None = None
    seen: Seen = field(default_factory=dict)
    origin: Origin | None = None

    @classmethod
    def parse(cls, value: Mapping[str, Any]) -> "PulledEvent":
        """One item of the feed. Raises KeyError, ValueError or TypeError for what is none."""
        origin = value.get("origin")
        return cls(
            event_id=UUID(value["event_id"]),
            event_type=str(value["event_type"]),
            schema_version=int(value.get("schema_version", 1)),
            payload=dict(value["payload"]),
            device_id=UUID(value["device_id"]),
            sequence_number=int(value["sequence_number"]),
            occurred_at=str(value["occurred_at"]),
            correlation_id=UUID(value["correlation_id"]) if value.get("correlation_id") else None,
            seen=parse_seen(value.get("seen")),
            origin=Origin(UUID(origin["device_id"]), int(origin["sequence_number"])) if origin else None,
        )

    def as_stored(self) -> str:
        """JSON that `parse` reads back."""
        value: dict[str, Any] = {
            "event_id": str(self.event_id),
            "event_type": self.event_type,
            "schema_version": self.schema_version,
            "payload": self.payload,
            "device_id": str(self.device_id),
            "sequence_number": self.sequence_number,
            "occurred_at": self.occurred_at,
            "correlation_id": str(self.correlation_id) if self.correlation_id else None,
            "seen": {str(device_id): number for device_id, number in self.seen.items()},
        }
        if self.origin:
            place = {"device_id": str(self.origin.device_id), "sequence_number": self.origin.sequence_number}
            value["origin"] = place
        return json.dumps(value, separators=(",", ":"))

    def recorded(self) -> Recorded:
        """What the fold takes. A released event is its origin there."""
        place = self.origin or self
        return Recorded(
            registry().parse(self.event_type, self.schema_version, self.payload),
            self.event_id,
            place.device_id,
            place.sequence_number,
            datetime.fromisoformat(self.occurred_at),
            self.seen,
        )


def parse_seen(value: Mapping[str, Any] | None) -> Seen:
    return {UUID(device_id): int(number) for device_id, number in (value or {}).items()}


@cache
def _creations() -> frozenset[str]:
    streams = registry().streams.values()
    return frozenset(s.creates for s in streams if s.creates and s.creates != s.updates)
