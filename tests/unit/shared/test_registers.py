"""Registers: the join that makes the order of events irrelevant."""

from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from shared.registers import Edit, Register, Seen, Stamp, seen_by

DEVICES = [UUID(int=number) for number in range(1, 4)]
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

seen_maps = st.dictionaries(st.sampled_from(DEVICES), st.integers(0, 6), max_size=3)


@st.composite
def written(draw: st.DrawFn) -> tuple[Edit, Seen]:
    """An edit and what its event says it saw. Its time and value follow from who wrote it: an event never changes."""
    device, number = draw(st.sampled_from(DEVICES)), draw(st.integers(1, 6))
    stamp = Stamp(NOON + timedelta(hours=(number * device.int * 7) % 5), device, number)
    return Edit(stamp, (number + device.int) % 3), draw(seen_maps)


def register_of(edits: list[tuple[Edit, Seen]]) -> Register:
    register = Register()
    for edit, seen in edits:
        register = register.edited(edit, seen)
    return register


registers = st.lists(written(), max_size=6).map(register_of)


@given(registers, registers)
def test_the_join_is_commutative(left: Register, right: Register) -> None:
    assert left.joined(right) == right.joined(left)


@given(registers, registers, registers)
def test_the_join_is_associative(a: Register, b: Register, c: Register) -> None:
    assert a.joined(b).joined(c) == a.joined(b.joined(c))


@given(registers)
def test_the_join_is_idempotent(register: Register) -> None:
    assert register.joined(register) == register


@given(st.lists(written(), max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_edits_does_not_matter(edits: list[tuple[Edit, Seen]], random: Random) -> None:
    shuffled = [*edits, *edits]
    random.shuffle(shuffled)

    assert register_of(shuffled) == register_of(edits)


def edit(device: int, number: int, value: object, hours: int = 0) -> Edit:
    return Edit(Stamp(NOON + timedelta(hours=hours), DEVICES[device], number), value)


def test_the_latest_stamp_decides_between_edits_that_have_not_seen_each_other() -> None:
    register = register_of([(edit(0, 1, "early", hours=1), {}), (edit(1, 1, "late", hours=2), {})])

    assert register.value == "late"
    assert [head.value for head in register.conflicts] == ["early"]


def test_an_edit_that_saw_another_beats_it_however_wrong_its_clock_is() -> None:
    register = register_of([(edit(0, 4, "seen", hours=500), {}), (edit(1, 1, "after"), {DEVICES[0]: 4})])

    assert register.value == "after"
    assert register.conflicts == ()


def test_equal_values_are_no_conflict() -> None:
    register = register_of([(edit(0, 1, 5), {}), (edit(1, 1, 5), {})])

    assert len(register.heads) == 2
    assert register.conflicts == ()


def test_a_device_has_seen_its_own_earlier_events_and_none_of_its_later_ones() -> None:
    stamp = edit(0, 3, None).stamp

    assert seen_by(stamp, {DEVICES[0]: 9, DEVICES[1]: 2, DEVICES[2]: 0}) == {DEVICES[0]: 2, DEVICES[1]: 2}
    assert seen_by(edit(0, 1, None).stamp, {}) == {}
