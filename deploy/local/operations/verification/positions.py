"""The read stores' positions against the heads: last sequence, count and digest of everything applied."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from deploy.local.operations.running import Operator
from deploy.local.operations.verification.findings import Check
from deploy.local.operations.verification.store import described
from shared.digests import EMPTY, Digest
from shared.feeds import Head

READ_STORES = ("projector", "coach", "auth")
# A difference counts when the stack was ready and neither side has moved for so long: the partitions of a consumer that
# died stand still until its group has let go of it, after 10 s, and a store whose worker only just starts does so too.
AT_REST_SECONDS = 15.0


@dataclass(frozen=True)
class Position:
    """How far a read store is with one device."""

    sequence: int = 0
    digest: Digest = EMPTY


Positions = Mapping[UUID, Position]
Sides = tuple[int, Digest, Position]


async def read_positions(operator: Operator, service: str) -> Positions:
    """The applied vector of a service, by device."""
    items = await operator.all_items(f"/internal/{service}/positions", limit=10_000)
    return {UUID(item["device_id"]): parsed(item) for item in items}


def parsed(item: Mapping[str, Any]) -> Position:
    return Position(item["sequence"], Digest.parse(item["count"], item["hash"]))


async def check_positions(operator: Operator, service: str, *, patience: float) -> Check:
    """Waits at most `patience` seconds for a store that is still catching up; where it stands still and differs, that
    is the finding."""
    deadline, since = time.monotonic() + patience, time.monotonic()
    before: Mapping[UUID, Sides] | None = None
    while True:
        _, heads = await operator.ingest.heads()
        differing = differences(heads, await read_positions(operator, service))
        if not differing:
            return Check(f"read store of {service}", len(heads), "devices")
        if differing != before or not await operator.ready():
            before, since = differing, time.monotonic()
        if time.monotonic() - since > AT_REST_SECONDS or time.monotonic() > deadline:
            return Check(f"read store of {service}", len(heads), "devices", first(differing))
        await asyncio.sleep(0.3)


def differences(heads: Mapping[UUID, Head], positions: Positions) -> dict[UUID, Sides]:
    """Both sides of every device on which they differ."""
    found: dict[UUID, Sides] = {}
    for device_id in heads.keys() | positions.keys():
        head, position = heads.get(device_id), positions.get(device_id, Position())
        last, digest = (head.last_accepted_sequence, head.digest) if head else (0, EMPTY)
        if (last, digest) != (position.sequence, position.digest):
            found[device_id] = (last, digest, position)
    return found


def first(differing: Mapping[UUID, Sides]) -> str:
    device_id = min(differing)
    last, digest, position = differing[device_id]
    others = f", and {len(differing) - 1} more devices" if len(differing) > 1 else ""
    return (
        f"device {device_id}: the event store is at {last} ({described(digest)}), "
        f"the read store at {position.sequence} ({described(position.digest)}){others}"
    )
