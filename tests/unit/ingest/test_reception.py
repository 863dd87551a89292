"""What is stored of an accepted event."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import to_json

from services.ingest.domain import Accepted, Reading, Reception, SentEvent
from services.ingest.store.feeds import line
from shared.envelope import Origin, decode_accepted

RECEIVED = datetime(2026, 11, 21, 10, 0, 0, 123000, tzinfo=UTC)
DEVICE, OTHER, USER = uuid4(), uuid4(), uuid4()


def stored(number: int = 5, origin: Origin | None = None, heads: dict[UUID, int] | None = None, **changes: Any) -> Any:
    reading = Reading("SetRemoved", 1, {"set_id": str(uuid4())}, **changes)
    sent = SentEvent(uuid4(), number, b"", reading, origin)
    (record,) = Reception(DEVICE, USER, RECEIVED, heads or {}).records([(sent, Accepted(number - 1))])
    return decode_accepted(line(uuid4(), to_json(record).decode()))


def test_a_missing_time_is_the_receive_time() -> None:
    assert stored().occurred_at == RECEIVED
    early = datetime(2020, 1, 1, tzinfo=timezone(timedelta(hours=5)))
    assert stored(occurred_at=early).occurred_at == early


def test_what_was_seen_points_only_at_what_was_there() -> None:
    seen = {OTHER: 9, DEVICE: 99, uuid4(): 3}
    assert stored(seen=seen, heads={OTHER: 4}).seen == {OTHER: 4, DEVICE: 4}
    assert stored(seen={OTHER: 2}, heads={OTHER: 4}).seen == {OTHER: 2}


def test_a_released_event_has_not_seen_itself() -> None:
    origin = Origin(device_id=OTHER, sequence_number=7)
    assert stored(origin=origin, seen={OTHER: 20}, heads={OTHER: 30}).seen == {OTHER: 6}


@given(st.dictionaries(st.sampled_from([DEVICE, OTHER, USER]), st.integers(0, 50)), st.integers(1, 40))
def test_the_last_edit_received_is_always_a_head(seen: dict[UUID, int], number: int) -> None:
    kept = stored(number, seen=seen, heads={OTHER: 10}).seen or {}
    assert kept.get(DEVICE, 0) < number
    assert kept.get(OTHER, 0) <= 10
    assert USER not in kept
