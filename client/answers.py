"""What a server says, as values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from client.events import PulledEvent
from shared.digests import Digest


@dataclass(frozen=True, slots=True)
class Unreachable:
    """No answer, or none that can be read: whether the request was heard is not known."""

    reason: str

    def __str__(self) -> str:
        return f"no answer from the server: {self.reason}"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A problem document. `retry_after_s` is the server's wish in seconds."""

    status: int
    code: str
    detail: str
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why one event was refused."""

    event_id: UUID
    sequence_number: int
    code: str
    field: str | None
    message: str
    retryable: bool

    @classmethod
    def parse(cls, value: Mapping[str, Any]) -> "Verdict":
        return cls(
            UUID(value["event_id"]),
            int(value["sequence_number"]),
            str(value["code"]),
            value.get("field"),
            str(value.get("message", "")),
            bool(value.get("retryable", False)),
        )


@dataclass(frozen=True, slots=True)
class SyncAnswer:
    """The verdicts on a batch and the device's cursor."""

    last_acked_sequence: int
    last_accepted_sequence: int
    errors: tuple[Verdict, ...]
    server_epoch: UUID

    @classmethod
    def parse(cls, value: Mapping[str, Any]) -> "SyncAnswer":
        cursor = value["ack_cursor"]
        return cls(
            int(cursor["last_acked_sequence"]),
            int(cursor["last_accepted_sequence"]),
            tuple(map(Verdict.parse, value["errors"])),
            UUID(value["server_epoch"]),
        )


@dataclass(frozen=True, slots=True)
class Tokens:
    """A token family of one device. `expires_in` is in seconds from when the answer was made."""

    user_id: UUID
    device_id: UUID
    is_anonymous: bool
    access_token: str
    refresh_token: str
    expires_in: float
    is_new: bool = False

    @classmethod
    def parse(cls, value: Mapping[str, Any], status: int) -> "Tokens":
        return cls(
            UUID(value["user_id"]),
            UUID(value["device_id"]),
            bool(value.get("is_anonymous", False)),
            str(value["access_token"]),
            str(value["refresh_token"]),
            float(value["expires_in"]),
            is_new=status == 201,
        )


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the user's events."""

    events: tuple[PulledEvent, ...]
    next_cursor: str
    has_more: bool

    @classmethod
    def parse(cls, value: Mapping[str, Any]) -> "Page":
        events = tuple(map(PulledEvent.parse, value["events"]))
        return cls(events, str(value["next_cursor"]), bool(value["has_more"]))


@dataclass(frozen=True, slots=True)
class DeviceDigest:
    """What the server has of one device."""

    device_id: UUID
    last_sequence: int
    digest: Digest


@dataclass(frozen=True, slots=True)
class UserDigest:
    """What the server has of the user."""

    digest: Digest
    server_epoch: UUID
    devices: Sequence[DeviceDigest]

    @classmethod
    def parse(cls, value: Mapping[str, Any]) -> "UserDigest":
        devices = tuple(
            DeviceDigest(
                UUID(item["device_id"]), int(item["last_sequence"]), Digest.parse(int(item["count"]), item["hash"])
            )
            for item in value["devices"]
        )
        return cls(Digest.parse(int(value["count"]), value["hash"]), UUID(value["server_epoch"]), devices)


@dataclass(frozen=True, slots=True)
class Hint:
    """A frame of the stream: its type, and its data as the server sent it."""

    type: str
    data: Mapping[str, Any]
