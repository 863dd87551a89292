"""The rows that coach keeps equal the shared views of the same events, however the events came."""

from random import Random

import pytest

from services.coach.facts.rows import Rows
from shared.digests import canonical_json
from shared.fold import State, fold
from shared.views.rows import Row
from shared.views.whole import rows_of
from tests.histories import history


def contents(rows: list[Row]) -> list[str]:
    return sorted(canonical_json(row.content()) for row in rows)


@pytest.mark.parametrize("seed", range(12))
def test_rows_that_grow_with_the_events_equal_the_views_of_them_all(seed: int) -> None:
    random = Random(seed)
    waiting = [event.recorded() for event in history(seed, events=400).received]
    state: State = {}
    rows = Rows()
    while waiting:
        size = random.choice((1, 1, 2, 10, 60))
        state = fold(waiting[:size], state)
        rows, waiting = rows.after(state), waiting[size:]
        if waiting and random.random() < 0.8:
            continue
        views = rows_of(state)
        assert contents([*rows.sets.made]) == contents(views["sets"])
        assert contents([*rows.workouts.made]) == contents(views["workouts"])
        assert contents([*rows.measurements.made]) == contents(views["measurements"])
        assert contents([*rows.goals.made]) == contents(views["goals"])
        assert contents([*rows.weeks()]) == contents(views["weekly"])
        assert contents([found for of in rows.records.made for found in of]) == contents(views["records"])
        assert [rows.profile] == views["profile"] or not views["profile"]


def test_what_has_not_changed_is_not_made_again() -> None:
    events = [event.recorded() for event in history(5, events=300).received]
    state = fold(events[:-1])
    before = Rows().after(state)
    after = before.after(state)
    assert all(row is had for row, had in zip(after.sets.made, before.sets.made, strict=True))
    assert all(row is had for row, had in zip(after.weekly.made, before.weekly.made, strict=True))
