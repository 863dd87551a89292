"""What a restored server lacks, as events of a new device: each once, and after all that it had seen. Pure."""

import json
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from operator import itemgetter
from uuid import UUID

from client.decide import having_seen
from client.events import LoggedEvent, PulledEvent, Seen
from shared.digests import canonical_json

Place = tuple[UUID, int]
# What an event says and when that was, without the name under which it is known.
Content = tuple[str, int, str, str]


@dataclass(frozen=True, slots=True)
class Lost:
    """An event that a restored server lacks and that its own device cannot be counted on to send again.

    `places` are those that the fold knows it by: several where twins have each restamped it.
    """

    event: LoggedEvent | PulledEvent
    places: tuple[Place, ...]
    seen: Seen

    @property
    def place(self) -> Place:
        return self.places[0]

    @property
    def payload(self) -> Mapping[str, object]:
        event = self.event
        given: Mapping[str, object] = json.loads(event.payload) if isinstance(event, LoggedEvent) else event.payload
        return given

    @property
    def content(self) -> Content:
        event = self.event
        return event.event_type, event.schema_version, event.occurred_at, canonical_json(self.payload)


def lost(event: LoggedEvent | PulledEvent) -> Lost:
    """The event under the place that the fold knows it by."""
    origin = event.origin if isinstance(event, PulledEvent) else None
    place = origin or event
    return Lost(event, ((place.device_id, place.sequence_number),), event.seen)


def each_once(missing: Iterable[Lost]) -> tuple[Lost, ...]:
    """Without what is there twice: as refused and as released, or under the names of several twins."""
    alike: dict[Content, list[Lost]] = {}
    for item in {item.place: item for item in missing}.values():
        alike.setdefault(item.content, []).append(item)
    return tuple(one for items in alike.values() for one in _without_twins(items))


def _without_twins(alike: Sequence[Lost]) -> Sequence[Lost]:
    """One event that has seen what any of them had; but what one device logged twice, it did twice."""
    if len({item.place[0] for item in alike}) < len(alike):
        return alike
    seen: dict[UUID, int] = {}
    for device_id, number in (entry for item in alike for entry in item.seen.items()):
        seen[device_id] = max(number, seen.get(device_id, 0))
    places = sorted(place for item in alike for place in item.places)
    return [Lost(alike[0].event, tuple(places), seen)]


def copies(
    missing: Iterable[Lost], new_device: UUID, first_number: int, ids: Callable[[], UUID]
) -> tuple[tuple[Lost, LoggedEvent], ...]:
    """What the server lost, each with its copy: events of a new device, each after those that it had seen."""
    ordered = in_causal_order(missing)
    shared: dict[UUID, int] = {}
    for device_id, number in (place for item in ordered for place in item.places):
        shared[device_id] = min(number - 1, shared.get(device_id, number))
    return tuple(
        (item, _copy(item, new_device, number, shared, ids()))
        for number, item in enumerate(ordered, start=first_number)
    )


def _copy(item: Lost, new_device: UUID, number: int, shared: Seen, event_id: UUID) -> LoggedEvent:
    event = item.event
    cut = {device: min(seen, shared.get(device, seen)) for device, seen in item.seen.items()}
    return LoggedEvent(
        event_id=event_id,
        event_type=event.event_type,
        schema_version=event.schema_version,
        payload=event.payload if isinstance(event, LoggedEvent) else json.dumps(event.payload, separators=(",", ":")),
        device_id=new_device,
        sequence_number=number,
        occurred_at=event.occurred_at,
        correlation_id=event.correlation_id,
        seen=having_seen(cut, {device_id: shared[device_id] for device_id, _ in item.places}),
    )


def in_causal_order(missing: Iterable[Lost]) -> tuple[Lost, ...]:
    """Each device's events in their order, none before one that it has seen, and else by their time."""
    items = sorted(missing, key=lambda item: (item.event.occurred_at, item.place))
    before = _before(items)
    after: list[list[int]] = [[] for _ in items]
    for at, earlier in enumerate(before):
        for one in earlier:
            after[one].append(at)
    ready = [at for at, earlier in enumerate(before) if not earlier]
    ordered: dict[int, Lost] = {}
    while len(ordered) < len(items):
        # Vectors that contradict each other cannot come from a real history: then as few as possible are passed over.
        at = heappop(ready) if ready else min((len(before[at]), at) for at in range(len(items)) if at not in ordered)[1]
        ordered[at] = items[at]
        for one in after[at]:
            before[one].discard(at)
            if not before[one] and one not in ordered:
                heappush(ready, one)
    return tuple(ordered.values())


def _before(items: Sequence[Lost]) -> list[set[int]]:
    """For each item the last ones of every device that it has seen, its own devices included, by their positions."""
    lines: dict[UUID, list[tuple[int, int]]] = {}
    for at, item in enumerate(items):
        for device_id, number in item.places:
            lines.setdefault(device_id, []).append((number, at))
    for line in lines.values():
        line.sort()
    before: list[set[int]] = []
    for at, item in enumerate(items):
        seen = {**item.seen, **{device_id: number - 1 for device_id, number in item.places}}
        known = [(lines[device_id], number) for device_id, number in seen.items() if device_id in lines]
        ends = [(line, bisect_right(line, number, key=itemgetter(0))) for line, number in known]
        before.append({line[end - 1][1] for line, end in ends if end} - {at})
    return before
