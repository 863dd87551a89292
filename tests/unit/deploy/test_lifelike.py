"""Made-up training is such as a phone could send, however long it goes on."""

from datetime import UTC, datetime
from uuid import UUID

from deploy.local.lifelike import Diary
from shared.registry import registry


def test_every_fact_of_many_years_is_a_valid_event() -> None:
    diary = Diary(11, 1).weeks(datetime(2015, 1, 5, tzinfo=UTC), 500, "UTC")

    for fact in diary:
        assert registry().parse(fact.event_type, 1, fact.payload)


def test_the_same_seed_tells_the_same_life() -> None:
    lives = [list(Diary(3, 2).weeks(datetime(2026, 1, 5, tzinfo=UTC), 4, "UTC")) for _ in range(2)]

    assert lives[0] == lives[1]
    assert {fact.phone for fact in lives[0]} == {0, 1}
    moments = [fact.occurred_at for fact in lives[0]]
    assert moments == sorted(moments)


def test_ids_are_such_as_phones_make() -> None:
    diary = Diary(3, 1).weeks(datetime(2026, 1, 5, tzinfo=UTC), 2, "UTC")
    sets = [(fact, UUID(fact.payload["set_id"])) for fact in diary if fact.event_type == "SetCompleted"]

    assert {set_id.version for _, set_id in sets} == {7}
    assert all(set_id.int >> 80 == fact.occurred_at.timestamp() * 1000 for fact, set_id in sets)
