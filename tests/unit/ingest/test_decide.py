"""The verdicts of the sync protocol, and the laws that they obey."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.ingest.domain import (
    Accepted,
    Decided,
    Device,
    Duplicate,
    Forked,
    Gap,
    Judgement,
    OutOfOrder,
    Reading,
    Refusal,
    Rejected,
    RejectedBefore,
    SentEvent,
    decide,
)
from shared.digests import digest_of_events

REFUSAL = Refusal("invalid_payload", "payload.reps", "must be a number")


def event(number: int, *, identity: int | None = None, content: bytes = b"", good: bool = True) -> SentEvent:
    """An event whose id follows from its number unless told otherwise."""
    event_id = UUID(int=identity if identity is not None else number)
    reading = Reading("SetRemoved", 1, {}) if good else REFUSAL
    return SentEvent(event_id, number, content or event_id.bytes, reading)


@dataclass
class Shelf:
    """A store in memory that keeps what a judgement says, as the real one does in one transaction."""

    device: Device = field(default_factory=Device)
    decided: dict[int, Decided] = field(default_factory=dict)
    chain: list[tuple[int, int]] = field(default_factory=list)

    def receive(self, events: Sequence[SentEvent], gaps: Sequence[Gap] = ()) -> Judgement:
        numbers, ids = {one.sequence_number for one in events}, {one.event_id for one in events}
        known = [one for one in self.decided.values() if one.sequence_number in numbers or one.event_id in ids]
        judgement = decide(self.device, events, gaps, known)
        for one, verdict in judgement.accepted:
            self.decided[one.sequence_number] = Decided(one.event_id, one.sequence_number, one.content)
            self.chain.append((verdict.previous_sequence, one.sequence_number))
        for one, refusal in judgement.rejected:
            self.decided[one.sequence_number] = Decided(one.event_id, one.sequence_number, one.content, refusal)
        self.device = judgement.device
        return judgement


def verdicts(judgement: Judgement) -> list[object]:
    return [verdict for _, verdict in judgement.verdicts]


def test_events_are_judged_in_sequence_order() -> None:
    judgement = decide(Device(), [event(3), event(1), event(2)])

    assert [one.sequence_number for one, _ in judgement.verdicts] == [1, 2, 3]
    assert verdicts(judgement) == [Accepted(0), Accepted(1), Accepted(2)]
    assert (judgement.device.last_acked, judgement.device.last_accepted) == (3, 3)


def test_a_refused_event_moves_the_cursor_and_leaves_the_chain() -> None:
    judgement = decide(Device(), [event(1), event(2, good=False), event(3)])

    assert verdicts(judgement) == [Accepted(0), Rejected(REFUSAL), Accepted(1)]
    assert judgement.device.last_acked == 3
    assert judgement.device.digest == digest_of_events([(UUID(int=1), 1), (UUID(int=3), 3)])


def test_after_a_missing_number_everything_is_out_of_order() -> None:
    judgement = decide(Device(last_acked=4, last_accepted=4), [event(6), event(7, good=False)])

    assert verdicts(judgement) == [OutOfOrder(5), OutOfOrder(5)]
    assert judgement.device == Device(last_acked=4, last_accepted=4)


def test_resent_events_keep_their_verdicts() -> None:
    shelf = Shelf()
    batch = [event(1), event(2, good=False)]
    shelf.receive(batch)

    assert verdicts(shelf.receive(batch)) == [Duplicate(), RejectedBefore(REFUSAL)]


def test_one_event_twice_in_a_request() -> None:
    judgement = decide(Device(), [event(1), event(1), event(2, good=False), event(2, good=False)])

    assert verdicts(judgement) == [Accepted(0), Duplicate(), Rejected(REFUSAL), RejectedBefore(REFUSAL)]


def test_a_fork_refuses_what_follows_but_not_duplicates() -> None:
    shelf = Shelf()
    shelf.receive([event(1), event(2), event(3)])

    judgement = shelf.receive([event(1), event(2, content=b"other"), event(3), event(4), event(9)])

    first, second, third, fourth, fifth = verdicts(judgement)
    assert (first, third) == (Duplicate(), Duplicate())
    assert isinstance(second, Forked)
    assert second == fourth == fifth
    assert shelf.device.last_acked == 3


def test_what_comes_before_the_fork_is_taken() -> None:
    shelf = Shelf()
    shelf.receive([event(1)])

    judgement = shelf.receive([event(2), event(3, identity=1, content=UUID(int=1).bytes)])

    assert verdicts(judgement)[0] == Accepted(1)
    assert isinstance(verdicts(judgement)[1], Forked)
    assert judgement.device.last_acked == 2


def test_a_number_in_quarantine_is_taken_too() -> None:
    shelf = Shelf()
    shelf.receive([event(1, good=False)])

    assert isinstance(verdicts(shelf.receive([event(1, identity=77)]))[0], Forked)
    assert isinstance(verdicts(shelf.receive([event(2, identity=1)]))[0], Forked)


def test_gaps_and_events_interleave_in_order() -> None:
    judgement = decide(Device(), [event(1), event(10)], [Gap(2, 9), Gap(30, 40), Gap(11, 12)])

    assert verdicts(judgement) == [Accepted(0), Accepted(1)]
    assert judgement.closed == [Gap(2, 9), Gap(11, 12)]
    assert judgement.device.last_acked == 12
    assert judgement.device.last_accepted == 10


def test_a_gap_closes_only_what_is_open() -> None:
    device = Device(last_acked=5, last_accepted=5)
    assert decide(device, [], [Gap(3, 5)]).device == device
    assert decide(device, [], [Gap(7, 9)]).device == device
    assert decide(device, [], [Gap(3, 9)]).closed == [Gap(6, 9)]


def test_an_event_of_a_declared_gap_is_a_fork() -> None:
    assert isinstance(verdicts(decide(Device(last_acked=9, last_accepted=2), [event(5)]))[0], Forked)


HISTORY = st.integers(1, 25).flatmap(
    lambda length: st.lists(st.booleans(), min_size=length, max_size=length).map(
        lambda goods: [event(number, good=good) for number, good in enumerate(goods, start=1)]
    )
)


@given(HISTORY, st.data())
def test_any_batching_reordering_and_duplication_gives_the_same_store(
    history: list[SentEvent], data: st.DataObject
) -> None:
    once = Shelf()
    once.receive(history)

    shelf = Shelf()
    for batch in data.draw(st.lists(st.lists(st.sampled_from(history), max_size=10), max_size=12)):
        shelf.receive(batch)
    while shelf.device.last_acked < len(history):
        size = data.draw(st.integers(1, len(history)))
        start = shelf.device.last_acked
        shelf.receive(data.draw(st.permutations(history[start : start + size])))

    assert (shelf.device, shelf.decided, shelf.chain) == (once.device, once.decided, once.chain)


@given(HISTORY, st.data())
def test_a_verdict_never_changes(history: list[SentEvent], data: st.DataObject) -> None:
    shelf = Shelf()
    final: dict[int, str] = {}
    names = {"RejectedBefore": "Rejected", "Duplicate": "Accepted"}
    for batch in data.draw(st.lists(st.lists(st.sampled_from(history), max_size=10), max_size=20)):
        for one, verdict in shelf.receive(batch).verdicts:
            name = names.get(type(verdict).__name__, type(verdict).__name__)
            assert name != "Forked"
            if name != "OutOfOrder":
                assert final.setdefault(one.sequence_number, name) == name


@given(HISTORY, st.data())
def test_twins_never_mix(history: list[SentEvent], data: st.DataObject) -> None:
    """Whatever a clone sends that differs, the store holds one history, without a hole."""
    at = data.draw(st.integers(0, len(history)))
    clone = [event(number, identity=1000 + number) for number in range(at + 1, len(history) + 3)]
    shelf = Shelf()
    for batch in data.draw(st.lists(st.sampled_from([history, history[:at] + clone, clone, history[at:]]), max_size=8)):
        shelf.receive(batch)

    kept = [shelf.decided[number] for number in sorted(shelf.decided)]
    ids = [one.event_id.int for one in kept]
    first_of_clone = next((place for place, one in enumerate(ids) if one > 1000), len(ids))
    assert [one.sequence_number for one in kept] == list(range(1, len(kept) + 1))
    assert (
        ids
        == [one.event_id.int for one in history[:first_of_clone]]
        + [one.event_id.int for one in clone if one.sequence_number > first_of_clone][: len(ids) - first_of_clone]
    )


@given(st.data())
def test_the_chain_has_no_hole_whatever_comes(data: st.DataObject) -> None:
    events = st.builds(
        event, st.integers(1, 12), identity=st.none() | st.integers(1, 12), good=st.booleans(), content=st.just(b"")
    )
    gaps = st.tuples(st.integers(1, 12), st.integers(0, 4)).map(lambda pair: Gap(pair[0], sum(pair)))
    shelf = Shelf()
    for batch, declared in data.draw(
        st.lists(st.tuples(st.lists(events, max_size=8), st.lists(gaps, max_size=2)), max_size=8)
    ):
        before = shelf.device
        shelf.receive(batch, declared)
        assert shelf.device.last_acked >= before.last_acked

    accepted = [number for number, one in sorted(shelf.decided.items()) if one.refusal is None]
    assert shelf.chain == list(zip([0, *accepted], accepted, strict=False))
    assert shelf.device.last_accepted == (accepted[-1] if accepted else 0)
    assert shelf.device.digest == digest_of_events((shelf.decided[n].event_id, n) for n in accepted)
    assert all(number <= shelf.device.last_acked for number in shelf.decided)
    assert len({one.event_id for one in shelf.decided.values()}) == len(shelf.decided)
