"""Who is folded together: all devices of a user at once, and as many users as make a page."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from shared.feeds import Head

EVENTS = 10_000
DEVICES = 5_000
"""A group is closed as soon as it holds so many events or devices: it is asked for, folded and committed as one."""


@dataclass(frozen=True, slots=True)
class Group:
    """`devices` say everything that the users did; `owners` maps each id of a user to the one whose rows it makes."""

    devices: tuple[UUID, ...]
    owners: Mapping[UUID, UUID]


def groups(heads: Iterable[Head], roots: Mapping[UUID, UUID]) -> Iterable[Group]:
    """Groups of users whose devices have these heads. `roots` are the aliases: whom a user was merged into."""
    aliases: defaultdict[UUID, list[UUID]] = defaultdict(list)
    for alias, root in roots.items():
        aliases[root].append(alias)
    of_user: defaultdict[UUID, list[Head]] = defaultdict(list)
    for head in heads:
        of_user[roots.get(head.user_id, head.user_id)].append(head)
    for users in _pages(of_user):
        devices = tuple(head.device_id for user in users for head in of_user[user])
        yield Group(devices, {one: user for user in users for one in (user, *aliases[user])})


def _pages(of_user: Mapping[UUID, list[Head]]) -> Iterable[list[UUID]]:
    page: list[UUID] = []
    events = devices = 0
    for user, heads in of_user.items():
        page.append(user)
        events += sum(head.count for head in heads)
        devices += len(heads)
        if events >= EVENTS or devices >= DEVICES:
            yield page
            page, events, devices = [], 0, 0
    if page:
        yield page
