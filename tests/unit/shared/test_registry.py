"""Domains teach the system their events: those of the tree, and one that lives outside of it."""

import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from shared.fold import Recorded, fold
from shared.registry import Registry, UnknownEventType, registry
from shared.views.whole import rows_of
from tests.stories import NOON, PHONE

LEDGER = """
from typing import ClassVar
from uuid import UUID

from shared.registry import Change, Domain, DomainEvent, Stream
from shared.values import Name


class ContactAdded(DomainEvent):
    event_type: ClassVar[str] = "ContactAdded"
    contact_id: UUID
    name: Name


def changes(event: ContactAdded) -> tuple[Change, ...]:
    return (Change("contact", event.contact_id, event.changed("contact_id")),)


DOMAIN = Domain("ledger", (ContactAdded,), (Stream("contact", "contact_id", creates="ContactAdded"),), changes)
"""
CONTACT = UUID(int=0xC0)


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    (tmp_path / "a_ledger.py").write_text(LEDGER)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("HYPERTROPHY_DOMAINS", "a_ledger")
    registry.cache_clear()
    yield registry()
    registry.cache_clear()
    sys.modules.pop("a_ledger")


def test_a_domain_from_outside_is_validated_and_folded(outside: Registry) -> None:
    event = outside.parse("ContactAdded", 1, {"contact_id": str(CONTACT), "name": "Landlord"})

    state = fold([Recorded(event, UUID(int=1), PHONE, 1, NOON, {})])

    assert state["contact", CONTACT].value("name") == "Landlord"
    assert outside.streams["contact"].creates == "ContactAdded"
    assert not any(rows_of(state).values())


def test_conflicts_know_entities_of_any_domain(outside: Registry) -> None:
    said = [outside.parse("ContactAdded", 1, {"contact_id": CONTACT, "name": name}) for name in ("A", "B")]
    state = fold(Recorded(event, UUID(int=n), UUID(int=n), 1, NOON, {}) for n, event in enumerate(said, 1))

    (conflict,) = rows_of(state)["conflicts"]

    assert conflict.key == ("contact", CONTACT, "name")


def test_what_no_domain_knows_is_unknown() -> None:
    with pytest.raises(UnknownEventType):
        registry().parse("ContactAdded", 1, {})
    with pytest.raises(UnknownEventType):
        registry().parse("WorkoutStarted", 0, {})


def test_every_event_and_stream_belongs_to_one_domain() -> None:
    domains = registry().domains

    assert len(registry().events) == sum(len(domain.events) for domain in domains)
    assert len(registry().streams) == sum(len(domain.streams) for domain in domains)


def test_streams_name_events_of_their_domain() -> None:
    for domain in registry().domains:
        names = {event.event_type for event in domain.events}
        for stream in domain.streams:
            said = (stream.creates, stream.updates, stream.removes, stream.restores, stream.merges, stream.splits)
            assert {name for name in said if name} <= names
