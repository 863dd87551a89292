"""Records that a service could not take: which they are, and how they lie on the dead letter topic (law 6)."""

from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from pydantic import ValidationError

from shared.identity import ServiceName
from shared.kafka import Headers, Outgoing, Record
from shared.values import Strict

Value = TypeVar("Value")
Refused = Sequence[tuple[Record, str]]

# A broker takes 1,048,588 bytes at once unless told otherwise. Of a record with so much its letter is no larger, though
# base64 makes four bytes of three; and every event that ingest accepts is shorter.
LONGEST_VALUE, LONGEST_KEY, LONGEST_HEADERS = 700_000, 10_000, 10_000  # bytes
LONGEST_REASON = 2_000  # characters


class DeadLetter(Strict):
    """A record that a service could not take, as it lay on its topic; `key` and `value` in base64, and null where they
    are too long for a letter: topic, partition and offset name the record."""

    service: ServiceName
    topic: str
    partition: int
    offset: int
    key: str | None
    value: str | None
    reason: str


def dead_letter(service: ServiceName, record: Record, reason: str) -> Outgoing:
    """The record for the dead letter topic, under the key and with the headers that it had, where those are short."""
    letter = DeadLetter(
        service=service,
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=_told(record.key, LONGEST_KEY),
        value=_told(record.value, LONGEST_VALUE),
        reason=reason[:LONGEST_REASON],
    )
    key = b"" if letter.key is None else record.key
    headers = record.headers if _size(record.headers) <= LONGEST_HEADERS else ()
    return Outgoing(key, letter.model_dump_json().encode(), headers)


def _told(part: bytes, longest: int) -> str | None:
    return b64encode(part).decode() if len(part) <= longest else None


def _size(headers: Headers) -> int:
    return sum(len(name.encode()) + len(value or b"") + 2 for name, value in headers)


def decoded(records: Iterable[Record], parse: Callable[[bytes], Value]) -> tuple[list[Value], Refused]:
    """The values of the records that can be read, and the others with the reason, which any store takes: of bounded
    length, and without NUL."""
    values: list[Value] = []
    refused: list[tuple[Record, str]] = []
    for record in records:
        try:
            values.append(parse(record.value))
        except ValidationError as error:
            refused.append((record, str(error)[:LONGEST_REASON].replace("\0", "")))
    return values, refused
