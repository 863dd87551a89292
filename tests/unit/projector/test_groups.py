"""A rebuild folds users whole: all devices of one, whoever it was before a merge, in one group."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.projector.rebuild.groups import DEVICES, EVENTS, Group, groups
from services.projector.rebuild.read import Told
from shared.digests import EMPTY, digest_of_events
from shared.feeds import Head
from tests.histories import history

USERS = [UUID(int=number) for number in range(1, 9)]
heads = st.builds(
    lambda device, user, count: Head(
        device_id=device, user_id=user, last_accepted_sequence=count, count=count, hash=EMPTY.hash
    ),
    st.uuids(),
    st.sampled_from(USERS),
    st.integers(1, EVENTS),
)
merges = st.dictionaries(st.sampled_from(USERS[:4]), st.sampled_from(USERS[4:]))


@given(st.lists(heads, unique_by=lambda head: head.device_id), merges)
def test_every_device_is_in_the_one_group_of_its_user(given_heads: list[Head], roots: dict[UUID, UUID]) -> None:
    found = list(groups(given_heads, roots))

    assert sorted(device for group in found for device in group.devices) == sorted(h.device_id for h in given_heads)
    owned = [owner for group in found for owner in set(group.owners.values())]
    assert len(owned) == len(set(owned))
    for head in given_heads:
        group = next(group for group in found if head.device_id in group.devices)
        root = roots.get(head.user_id, head.user_id)
        family = {root, *(alias for alias, into in roots.items() if into == root)}
        assert {one for one, owner in group.owners.items() if owner == root} == family


@given(st.lists(heads, unique_by=lambda head: head.device_id))
def test_a_group_is_closed_once_it_is_full(given_heads: list[Head]) -> None:
    count_of = {head.device_id: head.count for head in given_heads}
    found = list(groups(given_heads, {}))

    for group in found[:-1]:
        assert sum(count_of[device] for device in group.devices) >= EVENTS or len(group.devices) >= DEVICES


def test_events_of_a_user_from_elsewhere_are_left_to_catching_up() -> None:
    lived = history(5, events=60, devices=2)
    device, other = lived.devices
    chain = list(lived.devices[device])
    stranger = chain[3].model_copy(update={"user_id": USERS[0]})
    told = Told(Group((device, other), {lived.user_id: lived.user_id}))

    told.take([*chain[:3], stranger, *chain[4:]])
    told.take(list(lived.devices[other]))

    applied, user = told.applied()[device]
    assert (applied.sequence, user) == (chain[2].sequence_number, lived.user_id)
    assert applied.digest == digest_of_events((event.event_id, event.sequence_number) for event in chain[:3])
    assert told.events == len(told.of_user[lived.user_id]) == 3 + len(lived.devices[other])
