"""Readers who need little of an accepted event take and refuse the same records, and read the same in them."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from pydantic import TypeAdapter, ValidationError

from shared.envelope import AcceptedEvent, Link, decode_accepted, decode_link
from shared.registry import UnknownEventType
from shared.values import Moment
from tests.histories import history

RECEIVED = history(7, events=200).received
EVENT = next(event for event in RECEIVED if event.event_type == "SetCompleted" and event.seen)
RECORD: dict[str, Any] = json.loads(EVENT.model_dump_json())
ORIGIN = {"device_id": str(EVENT.device_id), "sequence_number": 3}
SURPRISES: tuple[Any, ...] = (
    *(None, True, -1, 0, 3, 1.5, 3.0, 2**70, "", "7", "x", [], {}, {"a": None}),
    *(
        "2026-11-21T10:00:00.000Z",
        "2026-11-21T10:00:00Z",
        "2026-11-21T10:00:00.1234567+02:00",
        "2026-11-21T10:00:00.000",
    ),
    *("2026-11-21T25:00:00.000Z", "2026-W47-6T10:00:00.000Z", "0001-01-01T00:00:00+05:00", "1700000000", "2026-11-21"),
    *(str(EVENT.user_id), EVENT.user_id.hex, f"{{{EVENT.user_id}}}", f"{EVENT.user_id}-", f"urn:uuid:{EVENT.user_id}"),
    *({str(EVENT.user_id): 3}, {str(EVENT.user_id): "3"}, {EVENT.user_id.hex: 3}, {"x": 3}),
    *(
        ORIGIN,
        {**ORIGIN, "more": 1},
        {**ORIGIN, "sequence_number": "3"},
        float("nan"),
        {"a": float("inf")},
        "\ud800",
        "\0",
    ),
)


def link(event: AcceptedEvent) -> Link:
    return decode_link(event.model_dump_json(exclude_none=True).encode())


def told(found: AcceptedEvent | Link) -> list[Any]:
    return [getattr(found, name) for name in Link._fields if name != "value"]


def test_a_link_says_of_every_event_what_the_event_says() -> None:
    for event in RECEIVED:
        assert told(link(event)) == told(event)
        assert link(event).typed() == event.typed()


@pytest.mark.parametrize("field", [*RECORD, "unheard_of"])
def test_what_is_no_accepted_event_is_no_link_and_the_other_way_round(field: str) -> None:
    # given records with other values than ingest writes, and one without the field
    records = [RECORD | {field: surprise} for surprise in SURPRISES]
    records.append({name: value for name, value in RECORD.items() if name != field})
    for record in records:
        value = json.dumps(record).encode()
        # when both read it
        try:
            event = decode_accepted(value)
        except ValidationError:
            # then both refuse it
            with pytest.raises(ValidationError):
                decode_link(value)
        else:
            # or both take it
            assert told(decode_link(value)) == told(event), record


@pytest.mark.parametrize("value", [b"", b"\xff", b"[]", b"null", b"{", json.dumps(RECORD).encode() + b"}"])
def test_what_is_no_object_is_refused(value: bytes) -> None:
    with pytest.raises(ValidationError):
        decode_link(value)


@pytest.mark.parametrize("field", ["payload", "event_type", "unheard_of"])
def test_bytes_that_are_no_text_are_refused_wherever_they_are(field: str) -> None:
    value = json.dumps(RECORD | {field: {"notes": "here"}}).encode().replace(b"here", b"h\xffre")
    for decode in (decode_accepted, decode_link):
        with pytest.raises(ValidationError):
            decode(value)


@pytest.mark.parametrize(("field", "plain"), [("device_id", UUID), ("received_at", Moment)])
def test_ids_and_times_of_records_are_read_as_everywhere(field: str, plain: Any) -> None:
    # given the type of the field, and the plain one that it stands for
    stored, everywhere = TypeAdapter(AcceptedEvent.model_fields[field].rebuild_annotation()), TypeAdapter(plain)
    for surprise in SURPRISES:
        text = json.dumps(surprise)
        # when both read the same JSON
        try:
            expected = everywhere.validate_json(text)
        except ValidationError:
            # then both refuse it
            with pytest.raises(ValidationError):
                stored.validate_json(text)
        else:
            # or both take it and write it alike
            assert stored.validate_json(text) == expected
            assert stored.dump_json(expected) == everywhere.dump_json(expected)
            assert stored.dump_python(expected) == everywhere.dump_python(expected)


def test_times_are_cut_to_milliseconds_of_utc() -> None:
    value = json.dumps(RECORD | {"received_at": "2026-11-21T12:00:00.1239+02:00"}).encode()
    received_at = decode_link(value).received_at
    assert (received_at, received_at.tzinfo) == (datetime(2026, 11, 21, 10, 0, 0, 123_000, UTC), UTC)


def test_what_a_link_cannot_read_is_told_as_ever() -> None:
    unfit = EVENT.model_copy(update={"payload": {**EVENT.payload, "surprise": 1}})
    with pytest.raises(ValidationError, match="surprise"):
        link(unfit).typed()
    for unknown in ({"event_type": "Levitated"}, {"schema_version": 9}):
        with pytest.raises(UnknownEventType):
            link(EVENT.model_copy(update=unknown)).typed()


def test_ids_of_a_batch_are_the_same_objects() -> None:
    first, second = (link(EVENT.model_copy(update={"event_id": UUID(int=number)})) for number in (1, 2))
    assert first.device_id is second.device_id
