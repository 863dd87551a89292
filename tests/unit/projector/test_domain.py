"""What an event says of entities, and what becomes of one that cannot be read."""

from uuid import UUID, uuid4

from services.projector.domain import entity_meant, read, stream_of
from shared.registry import registry
from tests.histories import history

EVENTS = history(3, events=80).received
USER = EVENTS[0].user_id


def test_every_event_belongs_to_a_stream() -> None:
    many = [event for seed in range(5) for event in history(seed, events=200).received]

    assert {event.event_type for event in many} == set(registry().events)
    assert all(stream_of(event) for event in many)


def test_events_of_erased_users_say_nothing() -> None:
    entries, parked = read(EVENTS, {})

    assert (entries, parked) == ([], [])


def test_events_of_merged_users_speak_of_the_root() -> None:
    root = uuid4()

    entries, _ = read(EVENTS, {USER: root})

    assert {entry.key.user_id for entry in entries} == {root}


def test_one_unreadable_event_leaves_the_others() -> None:
    broken = EVENTS[5].model_copy(update={"event_type": "SpellCast"})

    entries, parked = read([*EVENTS[:5], broken, *EVENTS[6:]], {USER: USER})

    assert [one.event for one in parked] == [broken]
    assert len(entries) == len(EVENTS) - 1


def test_an_unreadable_payload_still_tells_what_it_is_about() -> None:
    set_id = uuid4()
    event = EVENTS[0].model_copy(update={"event_type": "SetCorrected", "payload": {"set_id": str(set_id), "reps": "x"}})

    assert entity_meant(event) == ("set", set_id)
    assert entity_meant(event.model_copy(update={"payload": {"set_id": 3}})) is None
    assert isinstance(set_id, UUID)
