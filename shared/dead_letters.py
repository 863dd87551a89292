"""Records that a service could not take: which they are, and how they lie on the dead letter topic (law 6)."""

from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from pydantic import ValidationError

from shared.identity import ServiceName
from shared.kafka import Outgoing, Record
from shared.values import Strict

Value = TypeVar("Value")
Refused = Sequence[tuple[Record, str]]


class DeadLetter(Strict):
    """A record that a service could not take, as it lay on its topic; `key` and `value` in base64."""

    service: ServiceName
    topic: str
    partition: int
    offset: int
    key: str
    value: str
    reason: str


def dead_letter(service: ServiceName, record: Record, reason: str) -> Outgoing:
    """The record for the dead letter topic, under the key and with the headers that it had."""
    letter = DeadLetter(
        service=service,
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=b64encode(record.key).decode(),
        value=b64encode(record.value).decode(),
        reason=reason,
    )
    return Outgoing(record.key, letter.model_dump_json().encode(), record.headers)


def decoded(records: Iterable[Record], parse: Callable[[bytes], Value]) -> tuple[list[Value], Refused]:
    """The values of the records that can be read, and the others with the reason."""
    values: list[Value] = []
    refused: list[tuple[Record, str]] = []
    for record in records:
        try:
            values.append(parse(record.value))
        except ValidationError as error:
            refused.append((record, str(error)))
    return values, refused
