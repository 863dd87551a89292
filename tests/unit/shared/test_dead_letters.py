"""What is kept of a record that a service could not take."""

from base64 import b64encode

import pytest
from pydantic_core import to_json

from shared.dead_letters import LONGEST_VALUE, DeadLetter, dead_letter, decoded
from shared.following import decode_batch
from shared.identity import IDENTITY_EVENT
from shared.kafka import CORRELATION, Headers, Record
from shared.topics import EVENTS


def record(value: bytes, headers: Headers = ()) -> Record:
    return Record(EVENTS, 3, 14, b"key", value, headers)


def test_every_event_that_is_accepted_has_room_in_a_letter() -> None:
    value = b"x" * LONGEST_VALUE

    letter = dead_letter("coach", record(value, (("said", b"by"),)), "is no event")

    read = DeadLetter.model_validate_json(letter.value)
    assert (read.key, read.value, read.reason) == (b64encode(b"key").decode(), b64encode(value).decode(), "is no event")
    assert (letter.key, letter.headers) == (b"key", (("said", b"by"),))


def test_what_is_longer_is_named_by_its_place() -> None:
    letter = dead_letter("coach", record(b"x" * (LONGEST_VALUE + 1)), "is no event")

    read = DeadLetter.model_validate_json(letter.value)
    assert (read.topic, read.partition, read.offset, read.value) == (EVENTS, 3, 14, None)
    assert (letter.key, read.key) == (b"key", b64encode(b"key").decode())


@pytest.mark.parametrize(
    "value", [b'{"event_type": "\\u0000"}', to_json({"event_type": "x" * 500_000}), b'{"event_type": "\xff"}']
)
def test_a_reason_is_one_that_any_store_takes(value: bytes) -> None:
    _, ((_, reason),) = decoded([record(value)], IDENTITY_EVENT.validate_json)

    assert reason
    assert "\0" not in reason
    assert len(reason) < 10_000


def test_a_record_with_many_faults_has_a_short_reason_too() -> None:
    _, ((_, reason),) = decode_batch([record(to_json({"seen": {str(n): "x" for n in range(50_000)}}))])

    assert len(reason) < 10_000


@pytest.mark.parametrize("said", [b"\0", b"x" * 900_000, b"\xff"])
def test_a_correlation_id_is_one_that_any_store_takes(said: bytes) -> None:
    found = record(b"", ((CORRELATION, said),)).header(CORRELATION)

    assert "\0" not in found
    assert len(found) < 10_000
