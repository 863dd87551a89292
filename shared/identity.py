"""What auth says about users and devices, and what the other services answer.

Identity events carry auth's gapless `number`; they are idempotent and independent of order (law 2).
"""

from typing import Annotated, Literal
from uuid import UUID, uuid5

from pydantic import ConfigDict, Field, TypeAdapter

from shared.values import Moment, Strict

ServiceName = Literal["ingest", "projector", "coach", "auth"]


def server_device(user_id: UUID, server_epoch: UUID) -> UUID:
    """The device under which the server itself writes for a user (law 7)."""
    return uuid5(user_id, f"server:{server_epoch}")


class _Said(Strict):
    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class _IdentityEvent(_Said):
    number: Annotated[int, Field(ge=1)]
    occurred_at: Moment
    user_id: UUID


class UserRegistered(_IdentityEvent):
    """A user exists: anonymous at first, and said again when it becomes an account."""

    event_type: Literal["UserRegistered"] = "UserRegistered"
    is_anonymous: bool


class DeviceLinked(_IdentityEvent):
    event_type: Literal["DeviceLinked"] = "DeviceLinked"
    device_id: UUID


class DeviceRevoked(_IdentityEvent):
    event_type: Literal["DeviceRevoked"] = "DeviceRevoked"
    device_id: UUID


class UserMerged(_IdentityEvent):
    """`from_user_id` is from now on `user_id`. The merge of a merged user goes to its root."""

    event_type: Literal["UserMerged"] = "UserMerged"
    merge_id: UUID
    from_user_id: UUID


class UserErased(_IdentityEvent):
    """`user_id` and everyone merged into it are to be forgotten, whenever their events come."""

    event_type: Literal["UserErased"] = "UserErased"
    erasure_id: UUID
    merged_user_ids: Annotated[list[UUID], Field(default_factory=list)]


IdentityEvent = UserRegistered | DeviceLinked | DeviceRevoked | UserMerged | UserErased
IDENTITY_EVENT: TypeAdapter[IdentityEvent] = TypeAdapter(Annotated[IdentityEvent, Field(discriminator="event_type")])


class _Effect(_Said):
    service: ServiceName
    user_id: UUID


class MergeApplied(_Effect):
    event_type: Literal["MergeApplied"] = "MergeApplied"
    merge_id: UUID


class ErasureApplied(_Effect):
    """`counts` is the number of rows erased by store."""

    event_type: Literal["ErasureApplied"] = "ErasureApplied"
    erasure_id: UUID
    counts: dict[str, int]


class ConflictFound(_Effect):
    event_type: Literal["ConflictFound"] = "ConflictFound"
    entity: str
    entity_id: UUID
    fields: list[str]


Effect = MergeApplied | ErasureApplied | ConflictFound
EFFECT: TypeAdapter[Effect] = TypeAdapter(Annotated[Effect, Field(discriminator="event_type")])


class WeeklyReportReady(_Said):
    """What coach says on its topic."""

    event_type: Literal["WeeklyReportReady"] = "WeeklyReportReady"
    user_id: UUID
    week: str
