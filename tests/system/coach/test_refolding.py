"""A device whose memory is another than the event store's is taken anew, whatever else goes on meanwhile."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import httpx2
import pytest

from services.coach.store.memory import Memory
from shared.envelope import AcceptedEvent, Link, decode_link
from shared.feeds import Head, IngestFeed
from shared.following import Follower
from shared.postgres import create_pool
from tests.histories import EPOCH, head_of, history
from tests.system.conftest import Database

EVENTS = 1_500


@dataclass
class Feed(IngestFeed[Link]):
    """ingest with one device; before it gives the event with a number, something else happens, once."""

    chain: Sequence[AcceptedEvent]
    happens: dict[int, Callable[[], Awaitable[None]]] = field(default_factory=dict)

    @property
    def links(self) -> list[Link]:
        return [decode_link(event.model_dump_json().encode()) for event in self.chain]

    async def heads(self) -> tuple[UUID, Mapping[UUID, Head]]:
        head = head_of(self.chain)
        return EPOCH, {head.device_id: head}

    async def events(self, device_id: UUID, first: int, last: int) -> AsyncIterator[Link]:
        for link in self.links:
            if first <= link.sequence_number <= last:
                if happening := self.happens.pop(link.sequence_number, None):
                    await happening()
                yield link


async def at_once() -> None:
    """The rest before a difference counts."""


@pytest.fixture
async def memory(database: Database) -> AsyncIterator[Memory]:
    pool = await create_pool(await database("coach"), role="coach_worker")
    yield Memory(pool)
    await pool.close()


@pytest.fixture
async def feed(memory: Memory) -> Feed:
    """Of a device of which the memory holds 300 events that the event store never had."""
    person = history(5, events=EVENTS, devices=1)
    lost = [event.model_copy(update={"event_id": uuid4()}) for event in person.received[:300]]
    await Follower(memory, Feed(lost), EPOCH, at_once).take(Feed(lost).links)
    return Feed(person.received)


async def assert_whole(memory: Memory, feed: Feed) -> None:
    remembered = await memory.since(feed.chain[0].user_id, 0)
    assert sorted(event.event_id for event in remembered.events()) == sorted(one.event_id for one in feed.chain)
    assert await Follower(memory, feed, EPOCH, at_once).compare() == []


async def test_a_consumer_that_takes_the_same_device_meanwhile_loses_nothing(memory: Memory, feed: Feed) -> None:
    # given a follower that has taken two pages when the topic brings the first records again
    async def topic_brings_the_beginning() -> None:
        await Follower(memory, feed, EPOCH, at_once).take(feed.links[:200])

    feed.happens[1_001] = topic_brings_the_beginning
    # when it takes the device anew
    await Follower(memory, feed, EPOCH, at_once).compare()
    # then everything is there
    await assert_whole(memory, feed)


async def test_what_is_forgotten_meanwhile_is_found_by_the_next_look(memory: Memory, feed: Feed) -> None:
    feed.happens[1_001] = memory.forget_everything

    await Follower(memory, feed, EPOCH, at_once).compare()
    await Follower(memory, feed, EPOCH, at_once).compare()

    await assert_whole(memory, feed)


async def test_a_feed_that_breaks_off_is_read_on_later(memory: Memory, feed: Feed) -> None:
    async def breaks_off() -> None:
        raise httpx2.ReadTimeout("away")

    feed.happens[1_001] = breaks_off
    with pytest.raises(httpx2.ReadTimeout):
        await Follower(memory, feed, EPOCH, at_once).compare()

    await Follower(memory, feed, EPOCH, at_once).compare()

    await assert_whole(memory, feed)
