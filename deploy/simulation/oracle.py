"""What must hold once nothing moves any more. Each check gives the first difference that it finds, or none."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from uuid import UUID

from pydantic_core import from_json

from client.projections import Projection
from deploy.simulation.model import Fact, plainly
from deploy.simulation.world import World
from shared.digests import canonical_json
from shared.envelope import AcceptedEvent, decode_accepted
from shared.fold import State, fold
from shared.following import Applied
from shared.views.whole import content_digest_of, rows_of


def differences(world: World) -> list[str]:
    """What differs; empty when the world is sound."""
    stored = _stored(world)
    checks: list[Callable[[], Iterator[str]]] = [
        lambda: _every_fact_is_stored(world, stored),
        lambda: _chains_are_whole(world, stored),
        lambda: _relay_sent_all_in_order(world),
        lambda: _quarantine_holds_what_was_invalid(world),
        lambda: _nothing_is_stuck(world),
        lambda: _read_store_follows(world, stored),
        lambda: _contents_agree(world, stored),
    ]
    return [found for check in checks if (found := next(check(), None))]


def _stored(world: World) -> dict[UUID, list[AcceptedEvent]]:
    store = world.server.store
    return {
        device_id: [decode_accepted(value) for value in store.lines(device_id, 1, row.device.last_acked)]
        for device_id, row in sorted(store.rows.items())
    }


def _every_fact_is_stored(world: World, stored: Mapping[UUID, list[AcceptedEvent]]) -> Iterator[str]:
    facts, owed = world.model.facts, world.model.owed
    counts: Counter[str] = Counter()
    for event in (event for events in stored.values() for event in events):
        moment = _moment(event)
        counts[moment] += 1
        if moment not in facts or facts[moment].content != (event.event_type, event.payload):
            yield f"the store has what nobody logged: {event.event_type} {moment} {event.payload}"
    for moment in sorted(owed):
        if facts[moment].valid and not counts[moment]:
            yield f"lost: {_told(facts[moment])}"
    if not (world.cloned or world.restored):
        yield from (f"stored {n} times: {_told(facts[moment])}" for moment, n in counts.items() if n > 1)
    for device_id, events in stored.items():
        # The server releases every copy that was refused.
        own = [_moment(event) for event in events if event.origin is None]
        twice = [moment for moment, n in Counter(own).items() if n > 1]
        yield from (f"device {device_id} has it twice: {_told(facts[moment])}" for moment in twice)


def _chains_are_whole(world: World, stored: Mapping[UUID, list[AcceptedEvent]]) -> Iterator[str]:
    for device_id, events in stored.items():
        chain = [0, *(event.sequence_number for event in events)]
        linked = [event.previous_sequence for event in events]
        if linked != chain[:-1]:
            yield f"the chain of device {device_id} is broken: {linked} does not link {chain}"
    times = {(e.device_id, e.sequence_number): e.received_at for events in stored.values() for e in events}
    for event in (event for events in stored.values() for event in events):
        for device_id, number in (event.seen or {}).items():
            last = max((n for device, n in times if device == device_id and n <= number), default=0)
            if last and times[device_id, last] > event.received_at:
                yield f"{event.device_id} {event.sequence_number} has seen what came later: {event.seen}"


def _relay_sent_all_in_order(world: World) -> Iterator[str]:
    """Repeats are fine, but nothing comes before what precedes it. A restored outbox goes out before the rest does."""
    reached: dict[UUID, int] = {}
    for event in map(decode_accepted, world.topic.sent):
        if event.server_epoch == world.server.store.epoch:
            before = reached.get(event.device_id, 0)
            if event.previous_sequence > before and not world.restored:
                yield f"published too early: {event.device_id} {event.sequence_number} after {before}"
            reached[event.device_id] = max(event.sequence_number, before)
    heads = {device_id: row.device.last_accepted for device_id, row in world.server.store.rows.items() if row.events}
    if reached != heads:
        yield f"not published: {sorted(heads.items() ^ reached.items())[0]}"


def _quarantine_holds_what_was_invalid(world: World) -> Iterator[str]:
    facts = world.model.facts
    refused = {
        from_json(one.raw)["occurred_at"]
        for row in world.server.store.rows.values()
        for one in row.refused.values()
        if not one.released
    }
    yield from (f"refused without reason: {_told(facts[moment])}" for moment in sorted(refused) if facts[moment].valid)
    missing = {moment for moment in world.model.owed if not facts[moment].valid} - refused
    yield from (f"not in quarantine: {_told(facts[moment])}" for moment in sorted(missing))


def _nothing_is_stuck(world: World) -> Iterator[str]:
    for phone in world.phones:
        identity, standing = phone.queue.identity, phone.queue.standing
        row = world.server.store.rows.get(identity.device_id)
        acked = row.device.last_acked if row else 0
        if standing.pending or identity.recovering or acked != identity.last_sequence:
            yield f"{phone.name} is stuck: {standing}, recovering {identity.recovering}, {acked=}, {identity}"


def _read_store_follows(world: World, stored: Mapping[UUID, list[AcceptedEvent]]) -> Iterator[str]:
    live = world.projector.live
    places = {
        (event.device_id, event.sequence_number): event.event_id for events in stored.values() for event in events
    }
    read = {place: event.event_id for place, event in live.history.items()}
    if places != read:
        yield f"the read store has other events: {sorted(places.items() ^ read.items())[0]}"
    rows = world.server.store.rows.items()
    heads = {d: Applied(row.device.last_accepted, row.device.digest) for d, row in rows if row.events}
    if heads != live.applied:
        yield f"the read store stands elsewhere: {live.applied} is not {heads}"


def _contents_agree(world: World, stored: Mapping[UUID, list[AcceptedEvent]]) -> Iterator[str]:
    for owner in world.owners:
        account = world.server.accounts.book.accounts.get(owner.email)
        if account is None:
            continue
        everyone = world.server.store.identities.everyone([account])
        events = [event for found in stored.values() for event in found if event.user_id in everyone]
        state = fold(event.recorded() for event in events)
        live = world.projector.live.state(sorted(world.projector.identities.everyone([account])))
        if not _same_content(live, state):
            yield f"the read store's content of {owner.email} is not that of the event store"
        for phone in world.phones:
            if phone.email == owner.email and not _same_content((shown := phone.projection).state, state):
                yield f"{phone.name} shows something else than the event store: {_other_rows(shown, state)}"
        moments = [_moment(event) for event in events]
        if world.restored or len(set(moments)) < len(moments):
            # What an edit had seen was cut to what was there, or one of its copies was not seen.
            continue
        if other := _first(plainly(world.model.state(moments)), plainly(state)):
            yield f"what {owner.email} logged comes to something else: {other}"


def _same_content(one: State, other: State) -> bool:
    """Rows are made from the state alone, so only states that differ need to be compared by their rows."""
    return one == other or content_digest_of(one) == content_digest_of(other)


def _first(expected: Mapping[str, Any], found: Mapping[str, Any]) -> str | None:
    for key in sorted({*expected, *found}):
        if expected.get(key) != found.get(key):
            return f"{key}: {expected.get(key)} is not {found.get(key)}"
    return None


def _other_rows(projection: Projection, state: State) -> str:
    """The first rows, by view and key, that only one side has."""
    for view, rows in rows_of(state).items():
        expected = {(str(row.key), canonical_json(row.content())) for row in rows}
        found = {(str(row.key), canonical_json(row.content())) for row in projection.views[view]}
        if expected != found:
            return f"{view}: here {sorted(found - expected)[:1]}, there {sorted(expected - found)[:1]}"
    return "only in views that are not compared"


def _moment(event: AcceptedEvent) -> str:
    return str(json.loads(event.model_dump_json(include={"occurred_at"}))["occurred_at"])


def _told(fact: Fact) -> str:
    return f"{fact.event.event_type} {fact.moment} {fact.payload} of {fact.phone}"
