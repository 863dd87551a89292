"""How a consumer judges what Kafka hands it (law 2)."""

from datetime import UTC, datetime
from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from shared.digests import digest_of_events
from shared.envelope import AcceptedEvent
from shared.following import NOTHING_APPLIED, Applied, decode_batch, plan
from shared.kafka import Record

NOW = datetime(2026, 11, 21, tzinfo=UTC)
EPOCH, USER = UUID(int=1), UUID(int=2)
DEVICES = [UUID(int=10), UUID(int=11)]


def chain(device: UUID, numbers: list[int]) -> list[AcceptedEvent]:
    """A device's accepted events with these sequence numbers."""
    previous = [0, *numbers[:-1]]
    return [
        AcceptedEvent(
            event_id=uuid5(device, str(number)),
            event_type="SetRemoved",
            schema_version=1,
            payload={"set_id": str(USER)},
            device_id=device,
            sequence_number=number,
            occurred_at=NOW,
            user_id=USER,
            previous_sequence=before,
            received_at=NOW,
            server_epoch=EPOCH,
        )
        for before, number in zip(previous, numbers, strict=True)
    ]


numbers = st.lists(st.integers(1, 40), unique=True, min_size=1, max_size=15).map(sorted)


@given(numbers, st.data())
def test_whatever_arrives_only_the_chain_is_applied_and_the_rest_is_a_duplicate_or_a_hole(
    sequence: list[int], data: st.DataObject
) -> None:
    # given a device's chain, of which any events arrive in any order, some twice
    events = chain(DEVICES[0], sequence)
    arriving = data.draw(st.lists(st.sampled_from(events), max_size=30))
    # when a consumer that has nothing judges them
    planned = plan({}, arriving)
    # then what it applies is a prefix of the chain, and its position and digest say so
    assert list(planned.fresh) == events[: len(planned.fresh)]
    expected = digest_of_events((event.event_id, event.sequence_number) for event in planned.fresh)
    at = planned.applied.get(DEVICES[0], NOTHING_APPLIED)
    assert at == Applied(planned.fresh[-1].sequence_number if planned.fresh else 0, expected)
    # and what it does not apply lies in the hole that is to be read from the feed, or was applied before
    for event in arriving:
        in_hole = DEVICES[0] in planned.holes and (
            planned.holes[DEVICES[0]][0] <= event.sequence_number <= planned.holes[DEVICES[0]][1]
        )
        assert in_hole or event in planned.fresh


@given(numbers, numbers)
def test_devices_do_not_hold_each_other_up(first: list[int], second: list[int]) -> None:
    # given one device with a hole and one without
    broken, whole = chain(DEVICES[0], first)[1:], chain(DEVICES[1], second)
    # when their events arrive together
    planned = plan({}, [*broken, *whole])
    # then the whole one is applied entirely
    assert [event for event in planned.fresh if event.device_id == DEVICES[1]] == whole
    assert planned.holes.keys() == ({DEVICES[0]} if broken else set())


@given(numbers, st.data())
def test_what_the_feed_no_longer_has_is_skipped_and_counted(sequence: list[int], data: st.DataObject) -> None:
    # given a device's chain, of which some was applied, and a feed that has lost some of it
    events = chain(DEVICES[0], sequence)
    done = data.draw(st.integers(0, len(events)))
    left = [event for event in events if data.draw(st.booleans())]
    # when a consumer judges what the feed still has
    before = plan({}, events[:done]).applied
    last = before.get(DEVICES[0], NOTHING_APPLIED)
    planned = plan(before, left, from_feed=True)
    # then it takes all that is new, and counts each place where the chain goes on without something
    assert list(planned.fresh) == [
        event for event in left if event.sequence_number > (sequence[done - 1] if done else 0)
    ]
    assert (planned.holes, planned.duplicates) == ({}, len(left) - len(planned.fresh))
    follows = [last.sequence, *(event.sequence_number for event in planned.fresh)]
    expected = sum(at != event.previous_sequence for at, event in zip(follows, planned.fresh, strict=False))
    assert planned.missing == expected
    assert planned.applied.get(DEVICES[0], NOTHING_APPLIED) == last.plus(planned.fresh)


def test_a_redelivered_batch_is_all_duplicates() -> None:
    events = chain(DEVICES[0], [1, 2, 5])
    again = plan(plan({}, events).applied, events)
    assert (again.fresh, again.duplicates, again.holes) == ((), 3, {})


def test_a_record_that_is_no_event_is_told_apart_from_its_neighbours() -> None:
    good = chain(DEVICES[0], [1])[0]
    records = [
        Record("t", 0, 0, b"", b"\xff not json"),
        Record("t", 0, 1, b"", good.model_dump_json().encode()),
        Record("t", 0, 2, b"", b"{}"),
    ]
    events, refused = decode_batch(records)
    assert events == [good]
    assert [record.offset for record, _ in refused] == [0, 2]
