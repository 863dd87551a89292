"""Law 5: any interleaving, duplication, split and merge of users gives the same state and the same rows."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.envelope import AcceptedEvent
from shared.fold import State, evolve, fold, join
from shared.views.whole import content_digest_of
from tests.histories import History, history, interleaved, repeated

histories = st.builds(history, st.integers(0, 10_000), st.integers(1, 150), st.integers(1, 4))
randoms = st.integers(0, 2**32).map(Random)


def folded(events: list[AcceptedEvent] | tuple[AcceptedEvent, ...], state: State | None = None) -> State:
    return fold((event.recorded() for event in events), state)


def assert_same(left: State, right: State) -> None:
    assert left == right
    assert content_digest_of(left) == content_digest_of(right)


@settings(deadline=None, max_examples=40)
@given(histories, randoms)
def test_any_interleaving_with_duplicates_gives_the_same_state(lived: History, random: Random) -> None:
    mixed = repeated(interleaved(lived.devices.values(), random), random)

    assert_same(folded(mixed), folded(lived.received))


@settings(deadline=None, max_examples=20)
@given(histories, randoms)
def test_any_split_into_batches_gives_the_same_state(lived: History, random: Random) -> None:
    state: State = {}
    rest = list(lived.received)
    while rest:
        size = random.randint(1, 20)
        state, rest = folded(rest[:size], state), rest[size:]

    assert_same(state, folded(lived.received))


@settings(deadline=None, max_examples=40)
@given(histories, randoms)
def test_a_merge_of_users_at_any_point_gives_the_same_state(lived: History, random: Random) -> None:
    mixed = interleaved(lived.devices.values(), random)
    merged_in = set(random.sample(sorted(lived.devices), len(lived.devices) // 2))
    point = random.randint(0, len(mixed))
    kept = folded([event for event in mixed[:point] if event.device_id not in merged_in])
    merged = folded([event for event in mixed[:point] if event.device_id in merged_in])

    sides = [kept, merged]
    random.shuffle(sides)

    assert_same(folded(mixed[point:], join(*sides)), folded(lived.received))


@settings(deadline=None, max_examples=10)
@given(histories)
def test_evolving_one_by_one_never_touches_the_state_before(lived: History) -> None:
    before: State = {}
    for event in lived.received:
        copy = dict(before)
        after = evolve(before, event.recorded())
        assert before == copy
        before = after

    assert before == folded(lived.received)


def test_one_seed_is_one_history() -> None:
    assert history(7) == history(7)
    assert history(7) != history(8)
    assert len(history(7, events=321).received) == 321
