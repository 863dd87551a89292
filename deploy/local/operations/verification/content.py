"""The read models against the event store: every user's views, computed here from the events alone."""

import asyncio
import time
from collections.abc import Iterable, Mapping
from uuid import UUID

from pydantic import ValidationError

from deploy.local.operations.running import Operator
from deploy.local.operations.verification.findings import Check
from deploy.local.operations.verification.store import Collector
from shared.digests import EMPTY, Digest
from shared.envelope import AcceptedEvent, decode_accepted
from shared.fold import Recorded, fold
from shared.identity import DeviceLinked, DeviceRevoked, IdentityEvent, UserErased, UserMerged, UserRegistered
from shared.registry import UnknownEventType
from shared.views.whole import FOLD_VERSION, content_digest_of

_PAUSE_SECONDS = 0.3


class Users(Collector):
    """The events of each user, with merged users' under the root. What nobody can read is parked everywhere."""

    def __init__(self, identity: Iterable[IdentityEvent]) -> None:
        self.roots: dict[UUID, UUID] = {}
        self.erased: set[UUID] = set()
        self.events: dict[UUID, list[Recorded]] = {}
        for event in identity:
            match event:
                case UserMerged():
                    self.roots[event.from_user_id] = event.user_id
                case UserErased():
                    self.erased |= {event.user_id, *event.merged_user_ids}
                case UserRegistered() | DeviceLinked() | DeviceRevoked():
                    pass

    def of_nobody(self) -> "Users":
        """The same people, without their events."""
        found = Users(())
        found.roots, found.erased = self.roots, self.erased
        return found

    def root(self, user_id: UUID) -> UUID:
        """The user that this one is now."""
        while user_id in self.roots:
            user_id = self.roots[user_id]
        return user_id

    def take(self, event: AcceptedEvent) -> None:
        recorded = readable(event)
        user_id = self.root(event.user_id)
        if recorded is not None and user_id not in self.erased:
            self.events.setdefault(user_id, []).append(recorded)


def readable(event: AcceptedEvent) -> Recorded | None:
    try:
        return event.recorded()
    except (UnknownEventType, ValidationError):
        return None


async def check_content(operator: Operator, users: Users, *, patience: float) -> Check:
    """Content digests of every user, at the same fold version. One that differs is looked at again, for at most
    `patience` seconds, until it is compared at equal applied vectors (law 8)."""
    difference = None
    for user_id, events in sorted(users.events.items()):
        answer = await operator.get("/internal/projector/content-digest", user_id=str(user_id))
        difference = content_difference(user_id, content_digest_of(fold(events)), answer)
        if difference and (difference := await _at_rest(operator, users, user_id, patience)):
            break
    return Check("content of the read models", len(users.events), "users", difference)


async def _at_rest(operator: Operator, users: Users, user_id: UUID, patience: float) -> str | None:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        heads = await operator.ingest.heads_of([user_id])
        now = users.of_nobody()
        async for lines in operator.ingest.of_devices(heads):
            for line in lines.splitlines():
                now.take(decode_accepted(line))
        before = await _applied(operator, user_id)
        answer = await operator.get("/internal/projector/content-digest", user_id=str(user_id))
        after = await _applied(operator, user_id)
        stored = sum((head.digest for head in heads.values()), start=EMPTY)
        if before == after == stored and heads == await operator.ingest.heads_of([user_id]):
            return content_difference(user_id, content_digest_of(fold(now.events.get(user_id, ()))), answer)
        await asyncio.sleep(_PAUSE_SECONDS)
    return f"user {user_id}: the read models did not come to where the event store is within {patience:.0f} s"


async def _applied(operator: Operator, user_id: UUID) -> Digest:
    digest = await operator.get("/internal/projector/digest", user_id=str(user_id))
    return Digest.parse(digest["count"], digest["hash"])


def content_difference(user_id: UUID, expected: Digest, answer: Mapping[str, object]) -> str | None:
    """What differs in the views of one user, if anything does."""
    if answer.get("fold_version", FOLD_VERSION) != FOLD_VERSION:
        return f"the live generation was folded by version {answer['fold_version']}, this is {FOLD_VERSION}: rebuild it"
    count, hash_ = answer["count"], answer["hash"]
    if (count, hash_) == (expected.count, expected.hash):
        return None
    return (
        f"user {user_id}: the events give {expected.count} rows ({expected.hash[:12]}), "
        f"the read models hold {count} ({str(hash_)[:12]})"
    )
