"""What the phones of the benchmark log: one lifelike history, encoded once, lived by every device.

Devices belong to users of their own, so that equal ids in their histories never meet.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice
from uuid import UUID

from pydantic_core import to_json

from client.ids import new_id
from deploy.local.lifelike import Diary, Fact
from shared.envelope import EventEnvelope
from shared.values import format_moment

WEEKS = 800
Batch = tuple[int, bytes]


@lru_cache(maxsize=1)
def facts() -> Iterator[Fact]:
    """The history, about 64,000 events, written on as it is read. Its last week ends before now."""
    now = datetime.now(UTC)
    monday = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=now.weekday(), weeks=WEEKS)
    return Diary(11, 1).weeks(monday, WEEKS, "UTC")


@lru_cache(maxsize=1)
def written() -> list[bytes]:
    """What `life` has encoded so far."""
    return []


def life(events: int) -> Sequence[bytes]:
    """The first events of a device as JSON, in sequence order, numbered from 1."""
    done = written()
    for fact in islice(facts(), max(0, events - len(done))):
        done.append(encoded(fact, len(done) + 1))
    return done[:events]


def encoded(fact: Fact, number: int) -> bytes:
    """A fact as the event that a device sends."""
    return to_json(
        {
            "event_id": str(new_id()),
            "event_type": fact.event_type,
            "payload": fact.payload,
            "sequence_number": number,
            "occurred_at": format_moment(fact.occurred_at),
        }
    )


def batches(device_id: UUID, events: Sequence[bytes], size: int) -> Iterator[Batch]:
    """The last sequence and the body of each request, in order."""
    opening = b'{"device_id":"%s","events":[' % str(device_id).encode()
    for start in range(0, len(events), size):
        part = events[start : start + size]
        yield start + len(part), opening + b",".join(part) + b"]}"


def envelopes(events: Sequence[bytes]) -> list[EventEnvelope]:
    """The same events, read."""
    return [EventEnvelope.model_validate_json(event) for event in events]
