"""An entity of one device is folded the short way: it must be what the plain join makes of the same edits."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from shared.fold import NOTHING, Chain, Entity, entity_of
from shared.registers import Seen, Stamp

DEVICES = [UUID(int=number) for number in range(1, 4)]
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Telling(NamedTuple):
    stamp: Stamp
    seen: Seen
    fields: dict[str, Any]


def telling(place: tuple[UUID, int], seen: Seen, fields: dict[str, Any], hours: int) -> Telling:
    return Telling(Stamp(NOON + timedelta(hours=hours), *place), seen, fields)


def tellings(devices: list[UUID]) -> st.SearchStrategy[list[Telling]]:
    """Clocks go wrong, numbers are missing, and what was seen may be anything."""
    places = st.tuples(st.sampled_from(devices), st.integers(1, 12))
    seen = st.dictionaries(st.sampled_from(DEVICES), st.integers(0, 12), max_size=3)
    fields = st.dictionaries(st.sampled_from("abcd"), st.none() | st.integers(0, 2), max_size=4)
    one = st.builds(telling, places, seen, fields, st.integers(-3, 3))
    return st.lists(one, max_size=8, unique_by=lambda told: told.stamp[1:])


def plainly(edits: list[Telling]) -> Entity:
    entity = NOTHING
    for edit in edits:
        entity = entity.edited(edit.fields, edit.stamp, edit.seen)
    return entity


def assert_equal(found: Entity, expected: Entity) -> None:
    assert found == expected
    assert dict(found.values()) == dict(expected.values())
    assert {name: found.value(name) for name in "abcde"} == {name: expected.value(name) for name in "abcde"}
    assert {name: found.decided_by(name) for name in "abcde"} == {name: expected.decided_by(name) for name in "abcde"}
    assert dict(found.contested()) == dict(expected.contested())
    assert found.joined(expected) == expected


@given(tellings(DEVICES[:1]), st.randoms(use_true_random=False))
def test_what_one_device_wrote_in_any_order(edits: list[Telling], random: Random) -> None:
    shuffled = random.sample(edits, len(edits))

    assert_equal(entity_of(shuffled), plainly(edits))
    assert isinstance(entity_of(shuffled), Chain) == bool(edits)


@given(tellings(DEVICES), st.randoms(use_true_random=False))
def test_what_several_devices_wrote_in_any_order(edits: list[Telling], random: Random) -> None:
    assert_equal(entity_of(random.sample(edits, len(edits))), plainly(edits))


@given(tellings(DEVICES[:1]), tellings(DEVICES[1:]))
def test_a_chain_goes_on_as_any_entity(mine: list[Telling], others: list[Telling]) -> None:
    entity = entity_of(mine)
    for edit in others:
        entity = entity.edited(edit.fields, edit.stamp, edit.seen)

    assert entity == plainly([*mine, *others])
    assert entity_of(mine).joined(entity_of(others)) == plainly([*mine, *others])


def test_two_edits_of_one_place_are_both_heads() -> None:
    edits = [telling((DEVICES[0], 3), {}, {"a": value}, value) for value in (1, 2)]

    assert_equal(entity_of(edits), plainly(edits))
    assert [name for name, _ in entity_of(edits).contested()] == ["a"]
