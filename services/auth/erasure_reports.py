"""What an erasure has done so far."""

from uuid import UUID

from pydantic import BaseModel

from services.auth.desk import Desk
from services.auth.domain import SERVICES, status, statuses
from services.auth.store import erasures
from shared.errors import NotFound
from shared.tokens import Principal
from shared.values import Moment


class ErasedStore(BaseModel):
    """`count` rows of a store, gone since `erased_at`."""

    service: str
    store: str
    count: int
    erased_at: Moment


class ErasureReport(BaseModel):
    """`status` and each of `services` are `pending` or `applied`."""

    erasure_id: UUID
    status: str
    requested_at: Moment
    applied_at: Moment | None
    services: dict[str, str]
    stores: list[ErasedStore]


async def erasure_report(desk: Desk, erasure_id: UUID, caller: Principal | None) -> ErasureReport:
    """Raises NotFound; also for the erasure of another user than the caller."""
    async with desk.transaction() as connection:
        erasure = await erasures.find(connection, erasure_id)
        own = caller is None or await erasures.of_user(connection, caller.user_id) == erasure_id
    if erasure is None or not own:
        raise NotFound("no such erasure")
    answered = frozenset(answer.service for answer in erasure.answers)
    return ErasureReport(
        erasure_id=erasure_id,
        status=status(answered),
        requested_at=erasure.requested_at,
        applied_at=erasure.applied_at,
        services=statuses(answered, ("auth", *SERVICES)),
        stores=[
            ErasedStore(service=answer.service, store=store, count=count, erased_at=answer.answered_at)
            for answer in erasure.answers
            for store, count in answer.counts.items()
        ],
    )
