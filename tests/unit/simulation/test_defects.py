"""The oracle can fail: each defect that is put in on purpose is found within a few worlds."""

from collections.abc import Callable, Iterable, Sequence
from itertools import count
from typing import Any
from uuid import UUID

import pytest

import client.queue
import shared.fold
from client.decide import Fork, Judged, restamp
from client.pulled import PulledLog
from client.queue import Batch, EventQueue
from client.recovery import Recovery
from client.schema import transaction
from deploy.simulation.event_store import EventStore
from deploy.simulation.read_store import Transaction
from deploy.simulation.relay import Relay
from deploy.simulation.running import pause
from deploy.simulation.runs import STEPS, simulate
from deploy.simulation.world import World
from services.ingest.domain import Reception
from shared.following import Follower
from shared.registers import Register

WORLDS = 60

honest_settle, honest_begin = EventQueue.settle, Recovery.begin
honest_page, honest_receive, honest_row = PulledLog.store, EventStore.receive, EventStore._store
honest_partitions = Relay._by_partition
requests = count()


# the client


def forgetful_restamp(unsent: Sequence[Any], fork: Fork, *rest: Any, **named: Any) -> Any:
    """Loses the first event of a fork."""
    return restamp(unsent[1:], fork, *rest, **named)


def settle_unheard(queue: EventQueue, batch: Batch, judged: Judged) -> None:
    """Takes what was sent for acknowledged."""
    sent = tuple(event.sequence_number for event in batch.events)
    honest_settle(queue, batch, Judged(sent, judged.failed, judged.step))


def begin_anew(recovery: Recovery, server_epoch: UUID) -> None:
    """Takes a restored server as a reason to begin with an empty queue."""
    honest_begin(recovery, server_epoch)
    with transaction(recovery._connection) as connection:
        connection.execute("UPDATE events SET status = 'synced' WHERE status <> 'failed'")


def begin_deaf(recovery: Recovery, server_epoch: UUID) -> None:
    """Takes a restored server for the one that it was."""
    with transaction(recovery._connection) as connection:
        connection.execute("UPDATE identity SET server_epoch = ?", [str(server_epoch)])


def nothing_missing(recovery: Recovery, device_id: UUID) -> tuple[()]:
    """Leaves to others what only this phone still has."""
    return ()


def skip_page(log: PulledLog, events: Iterable[Any], cursor: str, after: str | None, *, more: bool) -> bool:
    """Moves the cursor over a page that is not kept."""
    return honest_page(log, (), cursor, after, more=more)


# the fold


def seen_nothing(stamp: Any, seen: Any) -> Any:
    """Forgets what an edit had seen of other devices."""
    number = stamp.sequence_number - 1
    return {stamp.device_id: number} if number else {}


def last_stamp_wins(register: Register, other: Register) -> Register:
    """Trusts the clocks."""
    heads = sorted({*register.heads, *other.heads}, key=lambda head: head.stamp, reverse=True)
    return Register(tuple(heads[:1]), {})


# ingest


def acknowledge_first(store: EventStore, request: Any, user_id: UUID, now: Any) -> Any:
    """Answers before the commit, which now and then does not happen."""
    kept = store.copied()
    judgement = honest_receive(store, request, user_id, now)
    if next(requests) % 9 == 0:
        store.rows, store.outbox = kept.rows, kept.outbox
    return judgement


def forget_refused(store: EventStore, *rest: Any) -> Any:
    """Drops what is refused for good."""
    judgement = honest_receive(store, *rest)
    for row in store.rows.values():
        row.refused = {number: one for number, one in row.refused.items() if one.refusal.code != "invalid_payload"}
    return judgement


def uncut(reception: Reception, seen: Any, *rest: Any) -> Any:
    """Stores what an edit says it has seen as it is said."""
    return dict(seen)


def never_announce(store: EventStore, device_id: UUID, numbers: Sequence[int]) -> None:
    """Leaves no row for the relay."""


# relay and consumers


def reorder(relay: Relay, records: Any) -> Any:
    """Sends each batch from its end."""
    return [partition[::-1] for partition in honest_partitions(relay, records)]


async def never_compare(follower: Follower) -> list[UUID]:
    """Trusts the topic alone."""
    await pause()
    return []


async def save_first(transaction: Transaction, events: Any) -> None:
    """Moves on without the events."""


@pytest.mark.parametrize(
    ("place", "name", "defect"),
    [
        (client.queue, "restamp", forgetful_restamp),
        (EventQueue, "settle", settle_unheard),
        (Recovery, "begin", begin_anew),
        (Recovery, "begin", begin_deaf),
        (Recovery, "missing", nothing_missing),
        (PulledLog, "store", skip_page),
        (shared.fold, "seen_by", seen_nothing),
        (Register, "joined", last_stamp_wins),
        (EventStore, "receive", acknowledge_first),
        (EventStore, "receive", forget_refused),
        (Reception, "_cut", uncut),
        (EventStore, "_announce", never_announce),
        (Relay, "_by_partition", reorder),
        (Follower, "compare", never_compare),
        (Transaction, "fold", save_first),
    ],
    ids=lambda value: value.__name__ if callable(value) and not isinstance(value, type) else "",
)
def test_a_defect_is_found(monkeypatch: pytest.MonkeyPatch, place: Any, name: str, defect: Callable[..., Any]) -> None:
    monkeypatch.setattr(place, name, defect)

    assert any(simulate(seed).finding for seed in range(WORLDS))


def test_a_finding_names_its_step_and_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(world: World) -> str:
        raise LookupError("no such thing")

    monkeypatch.setattr(World, "_join", broken)

    finding = next(found for seed in range(WORLDS) if (found := simulate(seed).finding))

    assert finding.step < STEPS
    assert "no such thing" in finding.difference
    assert simulate(finding.seed).finding == finding
