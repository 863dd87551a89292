"""The envelope of an event: as a client sends it, and as the event store, Kafka and the feeds carry it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from typing import Annotated, Any, NamedTuple, Protocol
from uuid import UUID

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StringConstraints,
    TypeAdapter,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreConfig, CoreSchema, SchemaValidator, core_schema

from shared.fold import Recorded
from shared.registers import Stamp
from shared.registry import DomainEvent, registry
from shared.values import LastSequence, Moment, SequenceNumber, Strict, Whole

EventTypeName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,99}$")]


def _first_unless_said(version: Any) -> Any:
    """It is optional, and so as good as absent where it is null."""
    return 1 if version is None else version


SchemaVersion = Annotated[int, Field(ge=1, le=10_000), Whole, BeforeValidator(_first_unless_said)]
SeenByClient = Annotated[dict[UUID, LastSequence], Field(max_length=1_000)]

_ANY_ID = TypeAdapter[UUID](UUID)


@lru_cache(maxsize=10_000)
def _id(text: str) -> UUID:
    """An id that stands in many records."""
    return _ANY_ID.validate_strings(text)


class _RememberedInJson:
    """Has the text of an id that comes in JSON looked up; all else is as the type has it."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        in_python = handler(source)
        in_json = core_schema.no_info_after_validator_function(_id, core_schema.str_schema())
        written = core_schema.simple_ser_schema("uuid")
        return core_schema.json_or_python_schema(in_json, in_python, serialization=written)

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(schema["python_schema"])


_Id = Annotated[UUID, _RememberedInJson()]


class EventEnvelope(Strict):
    """What the client says of one event. `payload` is checked by its domain, not here."""

    event_id: UUID
    event_type: EventTypeName
    schema_version: SchemaVersion = 1
    payload: dict[str, Any]
    sequence_number: SequenceNumber
    correlation_id: UUID | None = None
    occurred_at: Moment | None = None
    seen: SeenByClient | None = None


class Origin(Strict):
    """The event that a released one stands for (law 7)."""

    device_id: UUID
    sequence_number: SequenceNumber


class AcceptedEvent(Strict):
    """An event of the event store: its value on `hypertrophy.events.v1` and in every feed.

    `previous_sequence` is the accepted number of the device before this one, 0 for the first (law 2).
    """

    # Readers accept what a newer writer adds.
    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    event_id: UUID
    event_type: str
    schema_version: int
    payload: dict[str, Any]
    device_id: _Id
    sequence_number: int
    correlation_id: UUID | None = None
    occurred_at: Moment
    seen: dict[UUID, int] | None = None
    user_id: _Id
    previous_sequence: int
    received_at: Moment
    server_epoch: _Id
    origin: Origin | None = None

    def typed(self) -> DomainEvent:
        """The payload as today's typed event.

        Raises:
            UnknownEventType, pydantic.ValidationError: where this version of the software cannot read it.
        """
        return registry().parse(self.event_type, self.schema_version, self.payload)

    @property
    def stamp(self) -> Stamp:
        """Its place in the fold. A released event is its origin there: with the origin's device and sequence."""
        place = self.origin or self
        return Stamp(self.occurred_at, place.device_id, place.sequence_number)

    def recorded(self) -> Recorded:
        """What the fold takes."""
        _, device_id, sequence_number = self.stamp
        return Recorded(
            event=self.typed(),
            event_id=self.event_id,
            device_id=device_id,
            sequence_number=sequence_number,
            occurred_at=self.occurred_at,
            seen=self.seen or {},
        )


def decode_accepted(value: bytes) -> AcceptedEvent:
    """One record of `hypertrophy.events.v1`.

    Raises:
        pydantic.ValidationError: for bytes that are no accepted event.
    """
    return _read_accepted(value)


_read_accepted: Callable[[bytes], AcceptedEvent] = AcceptedEvent.__pydantic_validator__.validate_json


class Chained(Protocol):
    """The place of an accepted event in its device's chain: all that following the chain takes (law 2)."""

    @property
    def event_id(self) -> UUID: ...
    @property
    def device_id(self) -> UUID: ...
    @property
    def sequence_number(self) -> int: ...
    @property
    def previous_sequence(self) -> int: ...
    @property
    def server_epoch(self) -> UUID: ...


class Link(NamedTuple):
    """An accepted event for readers who need little of it. It is checked like an `AcceptedEvent`; what it says stays in
    the JSON `value` that it came as."""

    value: bytes
    event_id: UUID
    event_type: str
    schema_version: int
    device_id: UUID
    sequence_number: int
    user_id: UUID
    previous_sequence: int
    received_at: datetime
    server_epoch: UUID

    def typed(self) -> DomainEvent:
        """What `AcceptedEvent.typed` gives, read from the text at once.

        Raises:
            UnknownEventType, pydantic.ValidationError: where this version of the software cannot read it.
        """
        return registry().parse_record(self.event_type, self.schema_version, self.value)


def decode_link(value: bytes) -> Link:
    """One record of `hypertrophy.events.v1`: takes and refuses what `decode_accepted` does.

    Raises:
        pydantic.ValidationError: for bytes that are no accepted event.
    """
    return Link(value, *_of_link(_read_fields(value)))


def _read_link_fields() -> Callable[[bytes], Mapping[str, Any]]:
    """The fields of an `AcceptedEvent`, of which the payload is not kept."""
    fields = {
        name: core_schema.typed_dict_field(
            TypeAdapter(field.rebuild_annotation()).core_schema, required=field.is_required()
        )
        for name, field in AcceptedEvent.model_fields.items()
    }
    fields["payload"] = core_schema.typed_dict_field(core_schema.typed_dict_schema({}))
    return SchemaValidator(core_schema.typed_dict_schema(fields, config=CoreConfig(strict=True))).validate_json


_read_fields = _read_link_fields()
_of_link = itemgetter(*Link._fields[1:])
