"""What a restored server lost comes back in an order that keeps what was seen, and once."""

from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from client.events import LoggedEvent
from client.lost import Lost, copies, each_once, in_causal_order

NEW = UUID(int=9)


def logged_at(device: int, number: int, seen: dict[UUID, int] | None, at: str, workout: int) -> LoggedEvent:
    payload = f'{{"workout_id": "{UUID(int=workout)}"}}'
    occurred_at = f"2026-11-21T{at}:00:00.000Z"
    return LoggedEvent(uuid4(), "WorkoutDiscarded", 1, payload, UUID(int=device), number, occurred_at, seen=seen or {})


def lost_at(device: int, number: int, seen: dict[UUID, int] | None = None, at: str = "10", workout: int = 1) -> Lost:
    one = logged_at(device, number, seen, at, workout)
    return Lost(one, ((one.device_id, number),), one.seen)


def test_copies_follow_what_they_had_seen_even_when_the_clock_disagrees() -> None:
    early = lost_at(1, 1, at="12")
    late = lost_at(2, 1, seen={UUID(int=1): 1}, at="09")

    made = [copy for _, copy in copies([late, early], NEW, 1, uuid4)]

    assert [one.occurred_at for one in made] == [early.event.occurred_at, late.event.occurred_at]


def test_copies_have_seen_only_what_the_server_kept() -> None:
    made = [
        copy for _, copy in copies([lost_at(1, 5), lost_at(1, 6), lost_at(2, 3, seen={UUID(int=1): 6})], NEW, 4, uuid4)
    ]

    assert [one.sequence_number for one in made] == [4, 5, 6]
    assert made[0].seen == {UUID(int=1): 4}
    assert made[1].seen == {UUID(int=1): 4}
    assert made[2].seen == {UUID(int=1): 4, UUID(int=2): 2}


@given(st.data())
def test_any_history_is_put_in_causal_order(data: st.DataObject) -> None:
    history: list[Lost] = []
    last: dict[UUID, int] = {}
    for _ in range(data.draw(st.integers(1, 25))):
        device = data.draw(st.integers(1, 3))
        known = {other: data.draw(st.integers(0, number)) for other, number in last.items() if other.int != device}
        last[UUID(int=device)] = last.get(UUID(int=device), 0) + 1
        seen = {other: number for other, number in known.items() if number}
        history.append(lost_at(device, last[UUID(int=device)], seen, at=f"{data.draw(st.integers(10, 23))}"))

    ordered = in_causal_order(data.draw(st.permutations(history)))

    assert {item.place for item in ordered} == {item.place for item in history}
    done: dict[UUID, int] = {}
    for item in ordered:
        assert item.place[1] == done.get(item.place[0], 0) + 1
        assert all(done.get(device, 0) >= number for device, number in item.seen.items())
        done[item.place[0]] = item.place[1]


def test_what_two_twins_brought_is_copied_once_with_all_that_either_had_seen() -> None:
    fork, other = lost_at(1, 4, seen={UUID(int=7): 2}), lost_at(2, 1, seen={UUID(int=7): 5, UUID(int=8): 1})

    made = [copy for _, copy in copies(each_once([fork, other]), NEW, 1, uuid4)]

    assert [one.seen for one in made] == [{UUID(int=1): 3, UUID(int=7): 5, UUID(int=8): 1}]


def test_what_two_twins_brought_stays_between_what_came_before_and_after_it() -> None:
    shared = [lost_at(1, 2, at="12", workout=2), lost_at(2, 3, at="12", workout=2)]
    before = lost_at(2, 2, at="15", workout=3)
    after = lost_at(3, 1, seen={UUID(int=1): 2}, at="09", workout=4)

    ordered = in_causal_order(each_once([after, *shared, before]))

    assert [item.places[0] for item in ordered] == [before.place, shared[0].place, after.place]


def test_what_one_device_did_twice_is_copied_twice() -> None:
    again = [lost_at(1, 1), lost_at(1, 3), lost_at(2, 1)]

    assert len(each_once(again)) == 3


def test_vectors_that_contradict_each_other_lose_nothing() -> None:
    one, other = lost_at(1, 1, seen={UUID(int=2): 1}), lost_at(2, 1, seen={UUID(int=1): 1})

    assert {item.place for item in in_causal_order([one, other])} == {one.place, other.place}
