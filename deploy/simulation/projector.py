"""The projector's worker: the real follower on each partition, comparing of heads, and rebuilds."""

from collections.abc import AsyncIterator, Callable, Mapping
from uuid import UUID

from deploy.simulation.chance import Chance
from deploy.simulation.event_store import EventStore
from deploy.simulation.identities import Identities
from deploy.simulation.read_store import Generation
from deploy.simulation.relay import Topic
from deploy.simulation.running import Running, pause
from shared.envelope import AcceptedEvent, decode_accepted
from shared.feeds import Head, IngestFeed
from shared.following import NOTHING_APPLIED, Applied, Follower, decode_batch, pages

BATCH = 6


class Feed(IngestFeed):
    """ingest's feeds. Between any two pages others may come first."""

    def __init__(self, store: Callable[[], EventStore]) -> None:
        self._store = store

    async def heads(self) -> tuple[UUID, Mapping[UUID, Head]]:
        await pause()
        store = self._store()
        return store.epoch, {device_id: head for device_id in sorted(store.rows) if (head := _head(store, device_id))}

    async def head(self, device_id: UUID) -> tuple[UUID, Head | None]:
        await pause()
        return self._store().epoch, _head(self._store(), device_id)

    async def events(self, device_id: UUID, first: int, last: int) -> AsyncIterator[AcceptedEvent]:
        await pause()
        for value in self._store().lines(device_id, first, last):
            yield decode_accepted(value)


def _head(store: EventStore, device_id: UUID) -> Head | None:
    row = store.rows.get(device_id)
    if row is None or not row.events:
        return None
    digest = row.device.digest
    return Head(
        device_id=device_id,
        user_id=row.user_id,
        last_accepted_sequence=row.device.last_accepted,
        count=digest.count,
        hash=digest.hash,
    )


class Projector:
    """`offsets` are the committed ones."""

    def __init__(self, chance: Chance, topic: Topic, store: Callable[[], EventStore]) -> None:
        self._chance, self._topic = chance, topic
        self._feed = Feed(store)
        self.live, self.identities = Generation(), Identities()
        self.offsets = [0] * len(topic.partitions)
        self._taking: dict[int, tuple[Running[int], int]] = {}
        self._comparing: Running[list[UUID]] | None = None
        self._rebuilding: Running[Generation] | None = None
        self.start()

    def start(self) -> None:
        """A new process: nothing is left of the old one but what was committed."""
        self._drop_batches()
        if self._comparing:
            self._comparing.end()
            self._comparing = None
        if self._rebuilding:
            self._begin_rebuild()
        self._follower = Follower(self.live, self._feed, rest=pause)

    def _drop_batches(self) -> None:
        for taking, _ in self._taking.values():
            taking.end()
        self._taking.clear()

    def _begin_rebuild(self) -> None:
        if self._rebuilding:
            self._rebuilding.end()
        self._rebuilding = Running.begun(self._rebuilt())

    def restore(self, generation: Generation, identities: Identities) -> None:
        """Positions and rows from elsewhere; a new generation is made at once."""
        self.live, self.identities = generation.copied(), identities.copied()
        self.start()
        self._begin_rebuild()

    def rewind(self) -> None:
        """Offsets go back: an old commit, or a group that was reset."""
        self.offsets = [self._chance.between(0, offset) for offset in self.offsets]
        self._drop_batches()

    def lose_offsets(self) -> None:
        self.offsets = [0] * len(self.offsets)
        self._drop_batches()

    def compare(self) -> None:
        """Begins to compare heads, unless that is going on."""
        self._comparing = self._comparing or Running.begun(self._follower.compare())

    def step(self) -> None:
        """One of the things that are going on goes on by one step."""
        number = self._chance.between(0, len(self.offsets) + 1)
        if number < len(self.offsets):
            self._take(number)
        elif number == len(self.offsets):
            self._compare()
        else:
            self._rebuild()

    def drain(self) -> int:
        """Reads the topic to its end and lets what is going on end; returns the number of records."""
        taken = 0
        for number, partition in enumerate(self._topic.partitions):
            taken += len(partition) - self.offsets[number]
            while self.offsets[number] < len(partition):
                self._take(number)
        while self._rebuilding:
            self._rebuild()
        self.compare()
        while self._comparing:
            self._compare()
        return taken

    def _take(self, number: int) -> None:
        if number in self._taking:
            taking, offset = self._taking[number]
            if taking.done:
                # The commit of the offset is a step of its own: a crash before it brings the records again.
                self.offsets[number] = offset
                del self._taking[number]
            else:
                taking.move()
            return
        first = self.offsets[number]
        records = self._topic.partitions[number][first : first + self._chance.between(1, BATCH)]
        if records:
            events, refused = decode_batch(records)
            assert not refused, refused
            self._taking[number] = (Running.begun(self._follower.take(events)), first + len(records))

    def _compare(self) -> None:
        if self._comparing:
            self._comparing.move()
            if self._comparing.done:
                self._comparing = None

    def _rebuild(self) -> None:
        if self._rebuilding:
            self._rebuilding.move()
            if self._rebuilding.done:
                assert self._rebuilding.result
                self.live = self._rebuilding.result
                self._follower.store = self.live
                self._rebuilding = None

    async def _rebuilt(self) -> Generation:
        """Fills a new generation and follows until it stands where ingest does; it is switched in at that moment."""
        fresh = Generation()
        follower = Follower(fresh, self._feed)
        while True:
            follower.epoch, heads = await self._feed.heads()
            behind = [head for head in heads.values() if fresh.applied.get(head.device_id) != _applied(head)]
            if not behind:
                return fresh
            for head in behind:
                at = fresh.applied.get(head.device_id, NOTHING_APPLIED).sequence
                async for page in pages(self._feed.events(head.device_id, at + 1, head.last_accepted_sequence)):
                    await follower.take(page)


def _applied(head: Head) -> Applied:
    return Applied(head.last_accepted_sequence, head.digest)
